"""Reading: everything, or what changed since an instant, and one object again."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from extract.vendor import Item, Unreachable
from extract.vendors.quickbooks.account import VERSION, home_currency
from extract.vendors.quickbooks.objects import ENTITIES, INACTIVE_TOO, Objects, is_gone, quoted, ref

CHANGES_KEPT = dt.timedelta(days=29)  # QuickBooks tells 30 days; one in hand for the run itself
MOST_CHANGES = 1000  # that it tells in one answer, without a word on the rest
_HAVE_INACTIVE = ("customers", "items")
_MOVE_BALANCES = ("payments", "credit_memos")


class Reading(Objects):
    """Fetches what there is; changes nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._changes: tuple[dt.datetime, dict[str, list[Item]]] | None = None
        self._context: Item = {}

    def can_modify(self, since: dt.datetime) -> bool:
        """Return whether QuickBooks can still tell all changes since then: so far back, and so many."""
        if since <= self.now() - CHANGES_KEPT:
            return False
        found = self._told(since, *ENTITIES)
        if sum(map(len, found.values())) >= MOST_CHANGES:
            for kind in ENTITIES:
                found |= self._told(since, kind)
        self._changes = (since, found)
        return all(len(items) < MOST_CHANGES for items in found.values())

    def streams(self, since: dt.datetime | None) -> list[Iterable[tuple[str, Item]]]:
        """Return everything, or what changed since then; deleted objects come as such, to be removed."""
        if since is not None and (self._just_told(since) or self.can_modify(since)):
            return [self._modified(since)]
        codes = self._look_around()
        return [[("tax_codes", code) for code in codes], *(self._listed(kind) for kind in ENTITIES)]

    def fetch_one(self, kind: str, key: str) -> Iterator[tuple[str, Item]]:
        """Yield one object again; a deleted one as such."""
        codes = self._look_around()
        if kind == "tax_codes":
            yield from ((kind, code) for code in codes if code["Id"] == key)
        elif kind in ENTITIES:
            yield kind, self._framed(self._again(ENTITIES[kind], key))

    def _listed(self, kind: str) -> Iterator[tuple[str, Item]]:
        for item in self._all(ENTITIES[kind], INACTIVE_TOO if kind in _HAVE_INACTIVE else ""):
            yield kind, self._framed(item)

    def key(self, kind: str, item: Item) -> str:
        """Return the object's id."""
        return str(item["Id"])

    def _just_told(self, since: dt.datetime) -> bool:
        """Return whether the changes since then have just been asked for, and are all there."""
        return self._changes is not None and self._changes[0] == since

    def _told(self, since: dt.datetime, *kinds: str) -> dict[str, list[Item]]:
        """Return what changed, by kind, each list of at most 1,000."""
        entities = ",".join(ENTITIES[kind] for kind in kinds)
        asked = {"entities": entities, "changedSince": since.isoformat(timespec="seconds"), "minorversion": VERSION}
        found: dict[str, list[Item]] = {kind: [] for kind in kinds}
        for part in self.get(self._at("cdc"), **asked)["CDCResponse"]:
            if "Fault" in part:  # which comes as a success
                raise Unreachable(self.name, f"the changes since {since:%Y-%m-%d %H:%M} were not told: {part['Fault']}")
            for answer in part.get("QueryResponse") or []:
                for kind in kinds:
                    found[kind] += answer.get(ENTITIES[kind]) or []
        return found

    def _modified(self, since: dt.datetime) -> Iterator[tuple[str, Item]]:
        assert self._changes is not None
        changes, self._changes = self._changes[1], None
        codes = self._look_around()
        yield from (("tax_codes", code) for code in codes if _is_new(code, since))
        for kind, items in changes.items():
            yield from ((kind, self._framed(item)) for item in items)
        seen = {str(item["Id"]) for item in changes["invoices"]}
        moved = [i for kind in _MOVE_BALANCES for item in changes[kind] for i in _invoices_of(item)]
        left = [i for i in dict.fromkeys(moved) if i not in seen]
        for at in range(0, len(left), 100):
            ids = ", ".join(quoted(id) for id in left[at : at + 100])
            yield from (("invoices", self._framed(item)) for item in self._all("Invoice", f"Id in ({ids})"))

    def _look_around(self) -> list[Item]:
        """Read what other objects are understood by, and return the tax codes with their rates."""
        rates = {str(rate["Id"]): rate for rate in self._all("TaxRate", INACTIVE_TOO)}
        codes = []
        for code in self._all("TaxCode", INACTIVE_TOO):
            rate = rate_of(code, rates)
            codes.append(code | {"_": {"rate": None if rate is None else str(rate)}})
        terms = {str(t["Id"]): t["DueDays"] for t in self._all("Term", INACTIVE_TOO) if t.get("DueDays") is not None}
        known = {str(code["Id"]): str(rate) for code in codes if (rate := code["_"]["rate"]) is not None}
        self._context = {"currency": home_currency(self._preferences()) or self.account_currency, "tax_rates": known,
                         "terms": terms}  # fmt: skip
        return codes

    def _framed(self, item: Item) -> Item:
        """Return an item with what its mapping needs of others."""
        if is_gone(item):
            return item
        used = {code for line in _flat(item.get("Line")) if (code := _code(line))}
        if code := ref(item, "SalesTaxCodeRef"):
            used.add(code)
        rates = {code: rate for code, rate in self._context["tax_rates"].items() if code in used}
        days = self._context["terms"].get(ref(item, "SalesTermRef"))
        said = {"currency": self._context["currency"], "tax_rates": rates or None, "terms": days}
        return item | {"_": {name: value for name, value in said.items() if value is not None}}


def rate_of(code: Item, rates: Mapping[str, Item]) -> Decimal | None:
    """Return the percent of a tax code on sales, the sum of its rates; None where one is not known, or a tax on tax."""
    details = (code.get("SalesTaxRateList") or {}).get("TaxRateDetail") or []
    if any(detail.get("TaxTypeApplicable", "TaxOnAmount") != "TaxOnAmount" for detail in details):
        return None
    parts = [rates.get(ref(detail, "TaxRateRef") or "", {}).get("RateValue") for detail in details]
    known = [Decimal(part) for part in parts if part is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(parts) else None


def _is_new(item: Item, since: dt.datetime) -> bool:
    at = (item.get("MetaData") or {}).get("LastUpdatedTime")
    return at is None or dt.datetime.fromisoformat(at) >= since


def _invoices_of(item: Item) -> list[str]:
    """Return the invoices that a payment or credit memo is linked with."""
    parts = [*(item.get("Line") or []), item]
    linked = [link for part in parts for link in part.get("LinkedTxn") or []]
    return [str(link["TxnId"]) for link in linked if link.get("TxnType") == "Invoice"]


def _flat(lines: list[Item] | None) -> Iterator[Item]:
    for line in lines or []:
        yield line
        yield from _flat((line.get("GroupLineDetail") or {}).get("Line"))


def _code(line: Item) -> str | None:
    return ref(line.get("SalesItemLineDetail") or {}, "TaxCodeRef")
