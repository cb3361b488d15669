"""Products with their prices: looked for, made, changed and retired."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from extract.model import ProductDraft, Written
from extract.values import form, major, minor, plain
from extract.vendor import Item, Refused
from extract.vendors.stripe.objects import Objects, price_of


class Products(Objects):
    """What is written of products. A price never changes: a new one replaces it."""

    def product(self, id: str) -> dict[str, Any]:
        """Return one product as it is there now, with the price it is sold at, as a typed row."""
        item = self._one("products", id)
        return self.mapped("products", "products", item | {"_": {"price": price_of(item, self._prices(id))}})

    def update_product(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change canonical fields of a product. A price cannot be changed: a new one replaces it, the old is archived.

        Called again after a failure it completes what was begun. Invoices that are issued keep their price.
        """
        item = self._one("products", id)
        values: dict[str, Any] = {"name": changes["name"]} if "name" in changes else {}
        if "sku" in changes:
            values["metadata"] = {"sku": changes["sku"] or ""}
        old = new = None
        if changes.get("unit_price") is not None:
            held = self._prices(id)
            old = price_of(item, held)
            new = self._price(id, Decimal(changes["unit_price"]), changes["currency"], held.get(id, []), old)
            values["default_price"] = new["id"]
        reply = self.write("POST", f"/v1/products/{id}", data=form(values))
        if old and new and old["id"] != new["id"] and old["currency"] == new["currency"]:
            self.write("POST", f"/v1/prices/{old['id']}", data=form({"active": False}))
        return Written(id=id, url=self._screen(reply, "products"))

    def _price(self, product: str, amount: Decimal, currency: str, held: list[Item], old: Item | None) -> Item:
        """Return a price of this amount: the one that is there, else a new one like the old."""
        wanted = {"currency": currency.lower(), "unit_amount_decimal": plain(minor(amount, currency))}
        for price in held:
            once = price.get("type", "one_time") == "one_time" and price["currency"] == wanted["currency"]
            if once and major(price.get("unit_amount_decimal") or price.get("unit_amount"), currency) == amount:
                return price
        behaves = (old or {}).get("tax_behavior")
        values = wanted | {"product": product, "tax_behavior": behaves if behaves != "unspecified" else None}
        mark = f"{product}:price:{(old or {}).get('id', '')}:{wanted['unit_amount_decimal']}{wanted['currency']}"
        made: Item = self._post("/v1/prices", values, mark)
        return made

    def find_product(self, draft: ProductDraft) -> Written | None:
        """Return the product of our key, else of the same SKU."""
        same = None
        for _, item in self._all("products"):
            meta = item.get("metadata") or {}
            if meta.get("cuadra_key") == draft.key:
                return Written(id=item["id"], url=self._screen(item, "products"))
            if (meta.get("sku") or "").strip().upper() == draft.sku.strip().upper():
                same = same or Written(id=item["id"], url=self._screen(item, "products"))
        return same

    def create_product(self, draft: ProductDraft) -> Written:
        """Make a product with its price."""
        price = {"currency": draft.currency.lower(), "tax_behavior": "exclusive",
                 "unit_amount_decimal": plain(minor(draft.unit_price, draft.currency))}  # fmt: skip
        values = {"name": draft.name, "metadata": {"sku": draft.sku, "cuadra_key": draft.key},
                  "default_price_data": price}  # fmt: skip
        item = self._post("/v1/products", values, f"{draft.key}:product")
        return Written(id=item["id"], url=self._screen(item, "products"))

    def retire_product(self, id: str, how: str) -> None:
        """Archive a product: it is sold no more. Stripe deletes none that has prices."""
        if how == "delete":
            raise Refused(self.name, "products that have prices are not deleted; choose “mark inactive”.", 400)
        self.write("POST", f"/v1/products/{id}", data=form({"active": False}))

    def is_retired_product(self, id: str, how: str) -> bool:
        """Return whether that was done."""
        item = self._again("products", id)
        return bool(item.get("deleted")) or (how != "delete" and not item.get("active"))
