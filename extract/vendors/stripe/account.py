"""The account at Stripe: how requests are signed, what errors mean, what the key may do."""

from typing import Any

import httpx

from extract.auth import HeaderAuth
from extract.vendor import Connected, Extra, Item, MissingRight, Refused, Unauthorised, Vendor, VendorError

VERSION = "2026-06-24.dahlia"
KINDS = ("customers", "products", "invoices", "credit_notes", "quotes", "charges", "refunds", "payouts")


class Spent(VendorError):
    """The idempotency key holds an older answer (a failure, or one to other values): nothing was done this time."""


class Account(Vendor):
    """A connection to one account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._answered_as = VERSION
        self.client.event_hooks["response"].append(self._hear)

    def auth(self) -> httpx.Auth:
        """Sign by bearer key."""
        return HeaderAuth(self.credentials["STRIPE_KEY"])

    def _hear(self, reply: httpx.Response) -> None:
        self._answered_as = reply.headers.get("stripe-version") or self._answered_as

    def headers(self) -> dict[str, str]:
        """Pin the version: without it the account's default decides the shapes."""
        return {"Stripe-Version": VERSION}

    @property
    def is_test(self) -> bool:
        """Whether the key acts on a test account."""
        return self.credentials.get("STRIPE_KEY", "").split("_")[1:2] == ["test"]

    def allowance(self) -> tuple[int, float]:
        """Return the pace of a live or a test account."""
        return int(self.chosen["requests_per_second"] or (25 if self.is_test else self.rate[0])), 1.0

    def explain(self, reply: httpx.Response) -> str:
        """Return Stripe's message with its code and the field it speaks of."""
        error = _error(reply)
        return " · ".join(str(error[k]) for k in ("message", "code", "param") if error.get(k)) or reply.text[:200]

    def failure(self, reply: httpx.Response, otherwise: type[VendorError]) -> VendorError:
        """Tell an answer that is only repeated from one given now."""
        repeated = reply.status_code >= 500 and reply.headers.get("idempotent-replayed") == "true"
        if repeated or _error(reply).get("type") == "idempotency_error":
            return Spent(self.name, f"{reply.status_code} {self.explain(reply)}", reply.status_code)
        return super().failure(reply, otherwise)

    def is_answer(self, said: Any) -> bool:
        """Return whether it is an object or a list of them."""
        return isinstance(said, dict) and "error" not in said and bool(said.keys() & {"id", "data"})

    def hopeless(self, reply: httpx.Response) -> bool:
        """Believe Stripe when it says that a retry will not help."""
        return reply.headers.get("stripe-should-retry") == "false"

    def check(self) -> Connected:
        """Return the account, trying each list so that a missing right is named."""
        rights: dict[str, bool] = {}
        for kind in (*KINDS, "events", "tax_rates"):
            try:
                self.get(f"/v1/{kind}", limit=1)
                rights[f"read {kind}"] = True
            except MissingRight:
                rights[f"read {kind}"] = False
        try:
            account = self.get("/v1/account")
        except Refused:  # a restricted key need not see the account: its currency comes from the settings then
            account = {}
        said = (account.get("settings") or {}).get("dashboard") or {}
        other = f"answers as version {self._answered_as}, which this connector does not know: it was made for {VERSION}"
        return Connected(
            account=str(account.get("id", "")),
            is_test=self.is_test,
            currency=(account.get("default_currency") or "").upper() or None,
            time_zone=said.get("timezone"),
            rights=tuple(name for name, given in rights.items() if given),
            missing=tuple(name for name, given in rights.items() if not given),
            note=other if self._answered_as != VERSION else "",
            company=said.get("display_name") or (account.get("business_profile") or {}).get("name") or "",
        )

    def unwritable(self) -> tuple[str, ...]:
        """Return what the key may not write, by the names of Stripe's permissions."""
        asked = {"customers": "cus_none", "invoices": "in_none", "tax_rates": "txr_none"}
        return tuple(
            f"write {kind}" for kind, id in asked.items() if self.refuses_write("POST", f"/v1/{kind}/{id}", data={})
        )

    def extras(self) -> tuple[Extra, ...]:
        """Return the account's report types, and the latest of its own queries where it has Sigma.

        Source: docs.stripe.com "Run a report from the Reports v1 API" and "Sigma: the Scheduled Query object", read
        2026-11-21: a key needs the right to report types; without Sigma its list is refused.
        """
        return (
            self._extra("reports", "/v1/reporting/report_types", "name"),
            self._extra("sigma", "/v1/sigma/scheduled_query_runs", "title"),
        )

    def _extra(self, name: str, path: str, called: str) -> Extra:
        try:
            found = self.get(path)["data"]
        except Unauthorised:
            raise
        except Refused as error:
            return Extra(name, False, str(error))
        return Extra(name, True, items=tuple(dict.fromkeys(str(item.get(called) or item["id"]) for item in found)))

    def _screen(self, item: Item, path: str) -> str:
        return f"https://dashboard.stripe.com/{'' if item.get('livemode') else 'test/'}{path}/{item['id']}"


def _error(reply: httpx.Response) -> Item:
    try:
        return reply.json()["error"]
    except (ValueError, KeyError, TypeError):
        return {}
