"""Make a product on the side that lacks it, found again by its SKU."""

from typing import Any

from extract.model import ProductDraft
from reconcile.action import Action, Answer, Change, Need, Plan, Sentence, Subject
from reconcile.facts import Record


class CreateProduct(Action):
    """The other system is asked by our key and by SKU before every creation: one made by hand is found."""

    title = "Create the product"

    def plan(self, product: Record, vendor: str) -> Plan:
        """Return the plan that makes a product of one system in another, `vendor`."""
        key = f"create_product:{vendor}:{product['vendor']}:{product['id']}"
        lacking = [name for name in ("sku", "name", "unit_price", "currency") if not product.get(name)]
        draft = None
        if not lacking:
            said = {name: product[name] for name in ("sku", "name", "unit_price", "currency")}
            draft = ProductDraft.model_validate(said | {"key": key})
        shown = {"sku": product["sku"] or "", "name": product["name"] or ""}
        if draft:
            shown["unit_price"] = f"{draft.unit_price:.2f} {draft.currency}"
        return Plan(
            key=key, chain="", action="create_product", vendor=vendor, draft=draft,
            subject=Subject(table="products", vendor=product["vendor"], id=product["id"]),
            says=Sentence(text="Create the product {name} in {vendor}.",
                          values={"name": product["name"] or product["sku"] or "", "vendor": vendor}),
            preview=tuple(Change(field=name, after=value) for name, value in shown.items()),
            needs=tuple(Need(name=name, says=_ASKED) for name in lacking),
        )  # fmt: skip

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the product of our key or of the same SKU."""
        found = vendor.find_product(plan.draft)
        return Answer(data=found.model_dump(mode="json", exclude_none=True)) if found else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Create it."""
        made = vendor.create_product(plan.draft).model_dump(mode="json", exclude_none=True)
        return Answer(data=made, after={c.field: c.after for c in plan.preview})


_ASKED = Sentence(text="The product has no name, SKU or price: add it in the system that has it, then read again.")
