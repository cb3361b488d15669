"""Reading: everything, or what changed since an instant, and one object again."""

import datetime as dt
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from itertools import islice
from math import inf
from types import MappingProxyType
from typing import Any

from extract.values import form
from extract.vendor import Item
from extract.vendors.stripe.account import KINDS
from extract.vendors.stripe.documents import needs_events, rate_id, when_issued
from extract.vendors.stripe.events import EVENT_TYPES, EVENTS_KEPT, brief, changed_ids, news_of
from extract.vendors.stripe.objects import Objects, price_of

PAYOUT_DELAY = 32 * 86400  # seconds from available balance to the payout of a monthly schedule
CHARGE_IDS = ("ch_", "py_")
HELD = 100  # invoices looked at together


class Reading(Objects):
    """Fetches what there is; changes nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tax_rates: dict[str, Item] = {}

    def can_modify(self, since: dt.datetime) -> bool:
        """Return whether the events since then are still kept."""
        return since > self.now() - EVENTS_KEPT

    def streams(self, since: dt.datetime | None) -> list[Iterable[tuple[str, Item]]]:
        """Return everything, or what events say changed since then; deleted objects come as such, to be removed."""
        if since is not None and self.can_modify(since):
            return [self._modified(since)]
        oldest = self._oldest_event()
        news = news_of(self._events(oldest, [t for t in EVENT_TYPES if t.startswith("invoice.")]))
        self._read_tax_rates()
        prices = self._prices()
        return [
            self._all("customers"),
            (("tax_rates", rate) for rate in self._tax_rates.values()),
            (("products", p | {"_": {"price": price_of(p, prices)}}) for _, p in self._all("products")),
            self._invoices(self._all("invoices"), news, oldest),
            self._all("credit_notes"),
            self._all("quotes"),
            self._all("refunds"),
            self._money(),
        ]

    def fetch_one(self, kind: str, key: str) -> Iterator[tuple[str, Item]]:
        """Yield one object again; a deleted one as such."""
        if kind in KINDS:
            self._read_tax_rates()
            yield from self._enriched(kind, [self._again(kind, key)])

    def _oldest_event(self) -> int:
        return int((self.now() - EVENTS_KEPT).timestamp())

    def _money(self) -> Iterator[tuple[str, Item]]:
        """Yield payouts, then charges that say which payout carried them."""
        carried: dict[str, str] = {}
        for kind, payout in self._all("payouts"):
            carried.update(dict.fromkeys(self._carried(payout), str(payout["id"])))
            yield kind, payout
        for kind, charge in self._all("charges"):
            yield kind, charge | {"_": {"payout": carried.get(charge["id"])}}

    def _carried(self, payout: Item) -> list[str]:
        """Return ids of the charges in a payout; one made by hand does not tell."""
        if not payout.get("automatic"):
            return []
        return [t["source"] for t in self._list("balance_transactions", payout=payout["id"]) if t.get("source")]

    def _payout_of(self, charge: Item) -> str | None:
        """Return the payout that carried a charge, looked for among those made after it, the first first."""
        balance = charge.get("balance_transaction") or {}
        if not balance:
            return None
        until = balance["available_on"] + PAYOUT_DELAY
        after = self._list("payouts", **{"created[gte]": charge["created"], "created[lte]": until})
        for payout in sorted(after, key=lambda p: p["created"]):
            if charge["id"] in self._carried(payout):
                return str(payout["id"])
        return None

    def _modified(self, since: dt.datetime) -> Iterator[tuple[str, Item]]:
        start = int(since.timestamp())
        events = list(self._events(start, EVENT_TYPES))
        changed, gone = changed_ids(events)
        self._read_tax_rates()
        told = changed.pop("tax_rates")
        yield from (("tax_rates", r) for i, r in self._tax_rates.items() if i in told or r["created"] >= start)
        yield from ((kind, {"id": key, "deleted": True}) for kind, key in gone)
        payouts = list(self._new("payouts", changed["payouts"], start, gone))
        carried = {key: payout["id"] for payout in payouts for key in self._carried(payout)}
        changed["charges"] |= dict.fromkeys(i for i in carried if i.startswith(CHARGE_IDS))
        for kind, keys in changed.items():
            items = payouts if kind == "payouts" else self._new(kind, keys, start, gone)
            yield from self._enriched(kind, items, events, start, carried)

    def _new(self, kind: str, keys: Iterable[str], start: int, gone: Container[tuple[str, str]]) -> Iterator[Item]:
        """Yield what was made since, then what else of these changed and is not gone.

        What is new is certain even where an event is late, and need not be asked for one by one: it is listed whole,
        after the events. No event tells that a draft of a quote was changed.
        """
        asked = {"status": "draft"} if kind == "quotes" else {"created[gte]": start}
        listed = set()
        for _, item in self._all(kind, **asked):
            listed.add(item["id"])
            if (kind, item["id"]) not in gone:
                yield item
        yield from (self._again(kind, key) for key in keys if key not in listed and (kind, key) not in gone)

    def _enriched(
        self,
        kind: str,
        items: Iterable[Item],
        events: Collection[Item] = (),
        start: float = inf,
        carried: Mapping[str, str] = MappingProxyType({}),
    ) -> Iterator[tuple[str, Item]]:
        """Yield items with what their mapping needs beside them; `events` are all since `start`."""
        rest = iter(items)
        while kind == "invoices" and (held := list(islice(rest, HELD))):
            oldest = self._oldest_event()
            issued = [when_issued(i) for i in held if not i.get("deleted") and needs_events(i, oldest)]
            untold = [at for at in issued if at < start]
            sent = self._events(min(untold), ["invoice.sent"]) if untold else iter(())
            yield from self._invoices([(kind, i) for i in held], news_of([*sent, *events]), oldest)
        for item in rest:
            if kind == "products" and not item.get("deleted"):
                item["_"] = {"price": price_of(item, self._prices(item["id"]))}
            if kind == "charges" and not item.get("deleted"):
                item["_"] = {"payout": carried.get(item["id"]) or self._payout_of(item)}
            yield kind, item

    def _invoices(
        self, items: Iterable[tuple[str, Item]], news: Mapping[str, Item], oldest: int
    ) -> Iterator[tuple[str, Item]]:
        """Yield invoices with all their lines and payments, and what their mapping needs."""
        for kind, item in items:
            if not item.get("deleted"):
                self._whole(item.get("lines"))
                self._whole(item.get("payments"))
                used = {rate_id(t) for line in item["lines"]["data"] for t in line.get("taxes") or []}
                rates = {i: self._tax_rates[i]["percentage"] for i in used if i in self._tax_rates}
                item["_"] = {"tax_rates": rates, "told_since": oldest} | news.get(item["id"], {})
            yield kind, item

    def _events(self, start: int, types: list[str]) -> Iterator[Item]:
        rest = iter(types)
        while chunk := list(islice(rest, 20)):  # Stripe takes 20 types at a time
            yield from map(brief, self._list("events", **{"created[gte]": start}, **form({"types": chunk})))

    def _read_tax_rates(self) -> None:
        self._tax_rates = {rate["id"]: rate for rate in self._list("tax_rates")}
