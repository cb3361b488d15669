"""The account at Facturama: how requests are signed and paced, what errors mean, who issues, and its lists."""

import base64
from collections.abc import Iterator
from typing import Any, ClassVar

import httpx

from extract.vendor import Connected, Item, Params, Refused, Vendor

VERSION = "3"  # of the path that stamps CFDI 4.0
SANDBOX = "https://apisandbox.facturama.mx"
PAGE = 100
MOST_PAGES = 5000  # of documents; they come 10 or 100 a page
PESO = "MXN"  # who issues CFDI keeps books in pesos; prices of the catalogue name no currency


class Account(Vendor):
    """A connection to one account of the API Web: one issuer with its catalogues."""

    sandbox: ClassVar[str] = SANDBOX

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._issuer: Item | None = None

    def auth(self) -> httpx.Auth:
        """Sign by user and password."""
        return httpx.BasicAuth(self.credentials["FACTURAMA_USER"], self.credentials["FACTURAMA_PASSWORD"])

    def headers(self) -> dict[str, str]:
        """Say who asks: Facturama's own clients send the user's name."""
        return {"User-Agent": self.credentials["FACTURAMA_USER"]}

    @property
    def is_test(self) -> bool:
        """Whether this is the sandbox, where nothing reaches the tax office."""
        return self.url.startswith(self.sandbox)

    def allowance(self) -> tuple[int, float]:
        """Return the pace of the account; Facturama publishes none."""
        return int(self.chosen["requests_per_second"] or self.rate[0]), 1.0

    def explain(self, reply: httpx.Response) -> str:
        """Return Facturama's message with each field it speaks of, and what it says of it."""
        said = _body(reply)
        named = [
            f"{field}: {', '.join(map(str, told)) if isinstance(told, list) else told}"
            for field, told in (said.get("ModelState") or {}).items()
        ]
        found = [str(said[name]) for name in ("Message", "Details") if said.get(name)]
        return " · ".join(dict.fromkeys([*found, *named])) or reply.text[:200] or "no reason given"

    def check(self) -> Connected:
        """Return who issues here; the tax office's own passwords, which the answer holds too, are not looked at."""
        issuer = self.issuer()
        return Connected(account=str(issuer["Rfc"]), is_test=self.is_test, currency=PESO,
                         company=str(issuer.get("TaxName") or ""))  # fmt: skip

    def issuer(self) -> Item:
        """Return name, tax id and places of whoever issues, as the account has them."""
        if self._issuer is None:
            told = self.get("/TaxEntity")
            self._issuer = {
                name: told.get(name) for name in ("Rfc", "TaxName", "FiscalRegime", "TaxAddress", "IssuedIn")
            }
        return self._issuer

    def _catalogue(self, name: str) -> Iterator[Item]:
        """Yield all clients or products, 100 a page. The answer is a list, or a table of which `data` is the list."""
        for page in self.pages(f"/api/{name}", {"start": 0, "length": PAGE, "search": ""}, _further):
            yield from _rows(page)

    def _documents(self, **filters: str | None) -> Iterator[Item]:
        """Yield what the list says of issued documents, the latest first, cancelled ones too.

        Pages hold 10 or 100: only an empty one, or one that says nothing new, is behind the last.
        """
        seen: set[str] = set()
        for page in range(MOST_PAGES):
            asked: Params = {"type": "issued", "status": "all", "page": page} | filters
            fresh = [row for row in self.get("/cfdi", **asked) or () if row["Id"] not in seen]
            if not fresh:
                return
            seen |= {row["Id"] for row in fresh}
            yield from fresh
        raise Refused(
            self.name, f"the list of documents does not end after {MOST_PAGES} pages; nothing was taken over."
        )

    def _document(self, uuid: str) -> Item:
        """Return what the list says of the document of this UUID. Refused (404) where there is none."""
        for row in self._documents(uuid=uuid):
            if uuid_of(row) == uuid:
                return row
        raise Refused(self.name, f"there is no document {uuid}.", 404)

    def _file(self, form: str, id: str) -> bytes:
        """Return the PDF or XML of a document, by Facturama's own id."""
        told = self.get(f"/Cfdi/{form}/issued/{id}")
        return base64.b64decode(told["Content"])


def uuid_of(row: Item) -> str:
    """Return the UUID that the tax office knows a document by, in lower case: vendors write it in either."""
    return str(row["Uuid"]).lower()


def _body(reply: httpx.Response) -> dict[str, Any]:
    try:
        said = reply.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _rows(reply: Any) -> list[Item]:
    found: list[Item] = reply["data"] if isinstance(reply, dict) else reply
    return found


def _further(reply: Any, params: Params) -> Params | None:
    return {"start": params["start"] + PAGE} if len(_rows(reply)) == PAGE else None
