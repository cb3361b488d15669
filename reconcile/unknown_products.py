"""A deal's line that billing has no product for: a person picks one of billing's, or has it made there."""

from collections.abc import Mapping

from reconcile.action import Need, Plan, Sentence, registry
from reconcile.catalogue import products
from reconcile.facts import Facts, Record

NEW = "new"


def named(finding: Record, facts: Facts, given: Mapping[str, str]) -> list[Plan]:
    """Return the plans: the CRM's line gets the SKU of the product picked, or billing a product of the line's SKU.

    `given` holds product (an id of billing's, or `new`) and, where the line has none, sku.
    """
    line = facts.one("SELECT * FROM lines WHERE document = 'deal' AND vendor = ? AND id = ?",
                     finding["subject_vendor"], finding["part"])  # fmt: skip
    if line is None:
        return []
    known = {row["id"]: row for row in products(facts)}
    picked, can_name = given.get("product") or "", facts.can(line["vendor"], "update_line")
    if picked in known and can_name:
        sku = known[picked]["sku"] or ""
        lacking = () if sku else (_asked(line, known, "The product picked has no SKU in billing: pick another."),)
        return [registry()["update_line"].plan(line, sku, lacking)]
    if picked == NEW and facts.can(facts.billing, "create_product"):
        return _made(line, facts, given)
    return [registry()["update_line"].plan(line, "", (_asked(line, known if can_name else {}, _WHICH),))]


_WHICH = "Billing has no product for {line}: pick one, or have it made."


def _asked(line: Record, known: Mapping[str, Record], text: str) -> Need:
    name = line["description"] or line["sku"] or line["id"]
    called = {id: " · ".join(p for p in (row["name"], row["sku"]) if p) for id, row in known.items() if row["sku"]}
    new = {NEW: f"+ {name}" + (f" · {line['sku']}" if line["sku"] else "")}
    return Need(name="product", says=Sentence(text=text, values={"line": name}), options=new | called)


def _made(line: Record, facts: Facts, given: Mapping[str, str]) -> list[Plan]:
    """Return the plans that make a product of a line in billing, and name it on the line where it has no SKU."""
    sku = (line["sku"] or given.get("sku") or "").strip()
    product = {"vendor": line["vendor"], "id": f"line:{line['id']}", "sku": sku, "name": line["description"] or sku,
               "unit_price": line["unit_price"], "currency": line["currency"]}  # fmt: skip
    plans: list[Plan] = [registry()["create_product"].plan(product, facts.billing)]
    if not line["sku"] and facts.can(line["vendor"], "update_line"):
        plans.append(registry()["update_line"].plan(line, sku))
    return plans
