"""Products: looked for, made, changed and retired."""

from collections.abc import Mapping
from typing import Any

from extract.model import ProductDraft, Written
from extract.vendor import Refused
from extract.vendors.hubspot.account import V
from extract.vendors.hubspot.objects import where
from extract.vendors.hubspot.properties import Properties, written


class Products(Properties):
    """What is written of products."""

    def product(self, id: str) -> dict[str, Any]:
        """Return one product as it is there now, as a typed row. Refused (404) where it does not exist."""
        self._look_around()
        _, item = next(self._framed([("products", self._one("products", id))]))
        return self.mapped("products", "products", item)

    def update_product(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change canonical fields of a product; its price only in the account's currency, which products are in."""
        said = dict(changes)
        if "unit_price" in said and (currency := said.pop("currency", None)):
            self._look_around()
            if currency != self._home:
                raise Refused(self.name, f"products are in {self._home}, the price is in {currency}; nothing was sent.")
        return written("products", self._update("products", id, said))

    def find_product(self, draft: ProductDraft) -> Written | None:
        """Return the product of our key, else of the same SKU."""
        names, known = self.fields["products"], self._properties("products")
        if (name := names.get("key")) in known:  # by a unique property: seen at once, which a search is not
            try:
                return written("products", self.get(f"/crm/objects/{V}/products/{draft.key}", idProperty=name))
            except Refused as error:
                if error.status not in (400, 404):
                    raise
        found = self._search_once("products", [where(names["sku"], "EQ", draft.sku)])["results"]
        return written("products", found[0]) if found else None

    def create_product(self, draft: ProductDraft) -> Written:
        """Make a product that carries our key."""
        self._look_around()
        if draft.currency != self._home:
            raise Refused(self.name, f"products are in {self._home}, this is in {draft.currency}; nothing was sent.")
        said = draft.model_dump(include={"sku", "name", "unit_price"})
        said |= {"key": draft.key} if "key" in self.fields["products"] else {}
        properties = self._worded("products", said)
        return written("products", self.write("POST", f"/crm/objects/{V}/products", json={"properties": properties}))

    def retire_product(self, id: str, how: str) -> None:
        """Mark a product as deleted in billing, or archive it: HubSpot restores it within 90 days."""
        self._retire("products", id, how)

    def is_retired_product(self, id: str, how: str) -> bool:
        """Return whether that was done."""
        return self._is_retired("products", id, how)
