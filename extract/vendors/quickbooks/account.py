"""The company at QuickBooks: how requests are signed, what errors mean, how it is set."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from extract.auth import RenewedAuth
from extract.vendor import Connected, Item, Params, Refused, Vendor, VendorError

VERSION = 75  # lower ones were retired in August 2025
HOST = "https://quickbooks.api.intuit.com"
PAGE_TO_SIGN_IN = "https://appcenter.intuit.com/connect/oauth2"
TOKENS = "/oauth2/v1/tokens/bearer"
_TOKENS_HOST = "https://oauth.platform.intuit.com"
_STATUS = {"610": 404, "5010": 409, "3001": 429, "003001": 429}  # what a code means that comes with 400
_HINTS = {
    "6240": "names are unique over customers, suppliers and employees there: pick that customer in the preview, or "
    "rename one of the two",
    "6140": "that number is taken there",
    "6210": "that period is closed in the books there",
    "5010": "somebody changed it there meanwhile; it is read again at the next try",
}


class Account(Vendor):
    """A connection to one company."""

    def auth(self) -> httpx.Auth:
        """Sign by an access token, which ends after an hour."""
        return RenewedAuth(self.renewed, f"{self.url} {self.realm} {self.credentials['QUICKBOOKS_CLIENT_ID']}")

    def headers(self) -> dict[str, str]:
        """Ask for JSON: without this some answers are XML."""
        return {"Accept": "application/json"}

    @property
    def is_test(self) -> bool:
        """Whether the company is one of Intuit's sandbox."""
        return (urlsplit(self.url).hostname or "").startswith("sandbox-")

    def token_request(self, form: Mapping[str, str], client: str, secret: str) -> Params:
        """Return the request for tokens: Intuit has a host for them, and takes the app's id and secret as Basic."""
        host = _TOKENS_HOST if (urlsplit(self.url).hostname or "").endswith(".intuit.com") else self.url
        accept = {"Accept": "application/json"}
        return {"url": host + TOKENS, "data": dict(form), "auth": (client, secret), "headers": accept}

    def explain(self, reply: httpx.Response) -> str:
        """Return QuickBooks' message with its code and field, what to do where we know it, and Intuit's trace id."""
        errors = _errors(reply)
        said = [" · ".join(str(e[k]) for k in ("Message", "Detail", "code", "element") if e.get(k)) for e in errors]
        said += [_HINTS[e["code"]] for e in errors if e.get("code") in _HINTS]
        trace = reply.headers.get("intuit_tid")
        return "; ".join(dict.fromkeys(said or [reply.text[:200]])) + (f" (intuit_tid {trace})" if trace else "")

    def failure(self, reply: httpx.Response, otherwise: type[VendorError]) -> VendorError:
        """Return the error that a reply means: what is not found, stale or too much at once comes as 400 too."""
        error = super().failure(reply, otherwise)
        code = next((e["code"] for e in _errors(reply) if e.get("code") in _STATUS), None)
        if reply.status_code == 400 and code:
            return Refused(self.name, str(error).removeprefix(f"{self.name}: "), _STATUS[code])
        return error

    def is_answer(self, said: Any) -> bool:
        """Return whether it is an object of the company, and no fault."""
        return isinstance(said, dict) and not said.keys() & {"Fault", "fault"}

    def check(self) -> Connected:
        """Return the company, its currency, and what of its settings stands in our way."""
        company = self.get(self._at(f"companyinfo/{self.realm}"), minorversion=VERSION)["CompanyInfo"]
        preferences = self._preferences()
        numbers = "“Custom transaction numbers” is on: no invoice can be made until it is switched off there"
        return Connected(
            account=self.realm,
            is_test=self.is_test,
            currency=home_currency(preferences),
            rights=("accounting",),
            note=numbers if custom_numbers(preferences) else "",
            company=company.get("CompanyName") or company.get("LegalName") or "",
        )

    @property
    def realm(self) -> str:
        """The id of the company."""
        return self.credentials["QUICKBOOKS_REALM_ID"].strip()

    def _at(self, path: str, **query: Any) -> str:
        """Return a path of the company, for a write with what goes into its address."""
        return f"/v3/company/{self.realm}/{path}" + (f"?{urlencode(query)}" if query else "")

    def _preferences(self) -> Item:
        found: Item = self.get(self._at("preferences"), minorversion=VERSION)["Preferences"]
        return found

    def _screen(self, path: str, item: Item) -> str:
        return f"https://{'app.sandbox' if self.is_test else 'app'}.qbo.intuit.com/app/{path}={item['Id']}"


def custom_numbers(preferences: Item) -> bool:
    """Return whether whoever makes an invoice has to give its number."""
    return bool((preferences.get("SalesFormsPrefs") or {}).get("CustomTxnNumbers"))


def home_currency(preferences: Item) -> str | None:
    """Return the company's own currency."""
    return ((preferences.get("CurrencyPrefs") or {}).get("HomeCurrency") or {}).get("value")


def _errors(reply: httpx.Response) -> list[Item]:
    try:
        said = reply.json()
        if "fault" in said:  # what is refused before it reaches the company's data is spelt in small letters
            names = {"message": "Message", "detail": "Detail"}
            return [{names.get(k, k): v for k, v in e.items()} for e in said["fault"]["error"]]
        return list((said.get("Fault") or {}).get("Error") or [])
    except (ValueError, AttributeError, KeyError, TypeError):
        return []
