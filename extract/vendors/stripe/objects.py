"""Stripe's objects: one, whole lists, prices. A write carries a key made of the draft's: a wish is done once."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from extract.values import form
from extract.vendor import Item, Params, Refused
from extract.vendors.stripe.account import Account, Spent

PAGE = 100
MAX_KEY = 255  # characters of an idempotency key
EXPANDED = {  # what comes inside an item, besides what always does
    "customers": ("tax_ids",),
    "invoices": ("payments",),
    "charges": ("balance_transaction",),
    "refunds": ("balance_transaction", "charge"),
    "quotes": ("line_items.data.taxes",),
}


class Objects(Account):
    """Objects and lists, complete where Stripe sends a beginning only."""

    def _one(self, kind: str, key: str) -> Item:
        item = self.get(f"/v1/{kind}/{key}", **form({"expand": EXPANDED.get(kind, ())}))
        return self._filled(item)

    def _again(self, kind: str, key: str) -> Item:
        try:
            return self._one(kind, key)
        except Refused as error:
            if error.status != 404:
                raise
            return {"id": key, "deleted": True}

    def _all(self, kind: str, **params: Any) -> Iterator[tuple[str, Item]]:
        expand = [f"data.{name}" for name in EXPANDED.get(kind, ())]
        for item in self._list(kind, **params, **form({"expand": expand})):
            yield kind, self._filled(item)

    def _filled(self, item: Item) -> Item:
        for name in ("lines", "line_items", "tax_ids"):
            if item.get("object") != "invoice":
                self._whole(item.get(name))
        return item

    def _whole(self, part: Item | None) -> None:
        """Complete a list inside an item: it comes with its first 10 entries."""
        if not part or not part.get("has_more"):
            return
        path, _, query = part["url"].partition("?")
        extra = dict(p.split("=", 1) for p in query.split("&") if "=" in p)
        last = part["data"][-1]["id"]
        for page in self.pages(path, {"limit": PAGE, "starting_after": last} | extra, _after):
            part["data"] += page["data"]
        part["has_more"] = False

    def _list(self, kind: str, **params: Any) -> Iterator[Item]:
        for page in self.pages(f"/v1/{kind}", {"limit": PAGE} | params, _after):
            yield from page["data"]

    def _prices(self, product: str | None = None) -> dict[str, list[Item]]:
        """Return the prices of each product, those paid once last: products themselves have none."""
        found: dict[str, list[Item]] = {}
        for price in self._list("prices", active="true", product=product):
            held = found.setdefault(price["product"], [])
            held.insert(len(held) if price.get("type", "one_time") == "one_time" else 0, price)
        return found

    def _post(self, path: str, values: Mapping[str, Any], key: str) -> Any:
        """Write once under an idempotency key; where that is spent, nothing was done: ask anew under another."""
        key = quote(key, safe=":/()+,;=@ ")  # an id from a file may hold any letter, a header may not
        try:
            return self.write("POST", path, data=form(values), headers={"Idempotency-Key": key[-MAX_KEY:]})
        except Spent:
            again = {"Idempotency-Key": f"{key}:{self.now():%Y%m%dT%H%M%S}"[-MAX_KEY:]}
            return self.write("POST", path, data=form(values), headers=again)


def price_of(product: Item, prices: Mapping[str, list[Item]]) -> Item | None:
    """Return the price a product is sold at: its default one, else the oldest that is paid once."""
    held = prices.get(product["id"], [])
    return next((p for p in held if p["id"] == id_of(product.get("default_price"))), held[-1] if held else None)


def _after(reply: Any, params: Params) -> Params | None:
    """Return where the next page starts: after the last object of this one."""
    return {"starting_after": reply["data"][-1]["id"]} if reply.get("has_more") and reply["data"] else None


def id_of(value: Any) -> str | None:
    """Return the id of an object that may have come expanded."""
    return value["id"] if isinstance(value, dict) else value
