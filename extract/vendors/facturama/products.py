"""Products: looked for, made and changed; each needs the tax office's codes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from extract.model import ProductDraft, Written
from extract.vendor import Hindrance, Item, Refused
from extract.vendors.facturama.account import PESO
from extract.vendors.facturama.rows import DocumentRows


class Products(DocumentRows):
    """What is written of products. Prices of the catalogue are in pesos."""

    def product(self, id: str) -> dict[str, Any]:
        """Return one product as it is there now, as a typed row. Refused (404) where it does not exist."""
        return self.mapped("products", "products", self.get(f"/Product/{id}"))

    def find_product(self, draft: ProductDraft) -> Written | None:
        """Return the product of the same SKU."""
        item = self._by_sku().get(draft.sku.strip().upper())
        return Written(id=str(item["Id"])) if item else None

    def create_product(self, draft: ProductDraft) -> Written:
        """Make a product with the codes that the connection's options say of what is not in the catalogue."""
        self._in_pesos(draft.currency)
        body = {"IdentificationNumber": draft.sku, "Name": draft.name, "Description": draft.name,
                "Price": draft.unit_price, **self._codes(), "ObjetoImp": "02",
                "Taxes": [{"Name": "IVA", "Rate": Decimal(self.chosen["tax_rate"]) / 100, "IsRetention": False,
                           "IsFederalTax": True}]}  # fmt: skip
        return Written(id=str(self.write("POST", "/Product", json=body)["Id"]))

    def update_product(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change canonical fields of a product. The whole product is sent back: Facturama takes no part."""
        item = self.get(f"/Product/{id}")
        if changes.get("unit_price") is not None:
            self._in_pesos(changes.get("currency") or PESO)
        names = {"sku": "IdentificationNumber", "name": "Name", "unit_price": "Price"}
        self.write("PUT", f"/Product/{id}", json=item | {n: changes[f] for f, n in names.items() if f in changes})
        return Written(id=id)

    def product_hindrances(self, draft: ProductDraft) -> tuple[Hindrance, ...]:
        """Return what stands in the way of a product: a code of the tax office that nobody chose."""
        values = {"lines": f"{draft.name} ({draft.sku})"}
        return () if self.chosen["product_code"] else (Hindrance("no_product_code", values),)

    def _by_sku(self) -> dict[str, Item]:
        """Return the catalogue by SKU, in capitals; of two with one the first stands."""
        found: dict[str, Item] = {}
        for item in self._catalogue("Products"):
            if sku := (item.get("IdentificationNumber") or "").strip().upper():
                found.setdefault(sku, item)
        return found

    def _codes(self) -> dict[str, str]:
        """Return the tax office's codes of what the catalogue does not have. Refused where nobody chose them."""
        if not self.chosen["product_code"]:
            raise Refused(
                self.name, "it has no code of the tax office: choose product_code in the connection's options."
            )
        return {"CodeProdServ": self.chosen["product_code"], "UnitCode": self.chosen["unit_code"],
                "Unit": self.chosen["unit"]}  # fmt: skip

    def _in_pesos(self, currency: str) -> None:
        if currency != (self.account_currency or PESO):
            raise Refused(self.name, f"prices of the catalogue are in {PESO}, this is in {currency}; nothing was sent.")
