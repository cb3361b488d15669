"""The account at HubSpot: how requests are signed and paced, what errors mean, what the token may do."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import httpx

from extract.auth import HeaderAuth, RenewedAuth
from extract.vendor import Connected, MissingRight, Refused, Vendor

V = "2026-03"
LINKS = {  # what we read of each object's associations
    "deals": ("companies", "contacts"),
    "companies": (),
    "contacts": ("companies",),
    "line_items": ("deals", "quotes"),
    "products": (),
    "quotes": ("deals", "companies", "contacts"),
}


class Account(Vendor):
    """A connection to one account."""

    def auth(self) -> httpx.Auth:
        """Sign by bearer token: the pasted one, else one of HubSpot's own login, which ends after half an hour."""
        if self.credentials.get("HUBSPOT_TOKEN"):
            return HeaderAuth(self.credentials["HUBSPOT_TOKEN"])
        return RenewedAuth(self.renewed)

    def allowance(self) -> tuple[int, float]:
        """Return the pace of the account's plan."""
        return int(self.chosen["requests_per_10_seconds"] or self.rate[0]), 10.0

    @contextmanager
    def pace(self, path: str) -> Iterator[None]:
        """Hold searches to their own five a second besides the common limit."""
        # The narrower comes last: what waits longer after it comes in bunches.
        further = self.limit(f"{self.name} search", 5, 1.0) if path.endswith("/search") else nullcontext()
        with super().pace(path), further:
            yield

    def explain(self, reply: httpx.Response) -> str:
        """Return HubSpot's message, the properties it speaks of, and the scopes that are missing."""
        said = _body(reply)
        named = [
            f"{key}: {', '.join(map(str, values))}"
            for error in [said, *said.get("errors", [])]
            for key, values in (error.get("context") or {}).items()
            if isinstance(values, list)
        ]
        codes = [error["code"] for error in said.get("errors", []) if error.get("code")]
        return " · ".join(dict.fromkeys([said.get("message") or reply.text[:200], *codes, *named]))

    def is_answer(self, said: Any) -> bool:
        """Return whether it is a record or a list of them; a deletion answers nothing."""
        return said is None or (isinstance(said, dict) and said.get("status") != "error")

    def hopeless(self, reply: httpx.Response) -> bool:
        """Stop when the day's allowance is spent."""
        return reply.status_code == 429 and _body(reply).get("policyName") == "DAILY"

    def wait(self, reply: httpx.Response) -> float | None:
        """Wait as long as the limit's window where HubSpot does not say: it mostly does not."""
        asked = super().wait(reply)
        if asked is None and reply.status_code == 429:
            return 1.0 if _body(reply).get("policyName") == "SECONDLY" else 10.0
        return 2.0 if asked is None and reply.status_code == 423 else asked

    def check(self) -> Connected:
        """Return the account, trying each object so that a missing right is named."""
        try:
            account = self.get(f"/account-info/{V}/details")
        except Refused as error:
            if error.status in (404, 410):
                raise Refused(self.name, f"does not know version {V} of its interface any more.", 404) from error
            raise
        rights: dict[str, bool] = {}
        for kind in LINKS:
            try:
                self.get(f"/crm/objects/{V}/{kind}", limit=1)
                rights[f"crm.objects.{kind}.read"] = True
            except MissingRight:
                rights[f"crm.objects.{kind}.read"] = False
        return Connected(
            account=str(account["portalId"]),
            is_test=account.get("accountType") in ("SANDBOX", "DEVELOPER_TEST"),
            currency=account.get("companyCurrency"),
            time_zone=account.get("timeZone"),
            rights=tuple(name for name, given in rights.items() if given),
            missing=tuple(name for name, given in rights.items() if not given),
        )

    def unwritable(self) -> tuple[str, ...]:
        """Return the scopes to write that the token lacks."""
        kinds = ("deals", "companies", "contacts")
        asked = {k: self.refuses_write("PATCH", f"/crm/objects/{V}/{k}/0", json={"properties": {}}) for k in kinds}
        return tuple(f"crm.objects.{kind}.write" for kind, refused in asked.items() if refused)


def _body(reply: httpx.Response) -> dict[str, Any]:
    try:
        said = reply.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
