"""Give a deal's line in the CRM the article number of a product that billing has."""

from typing import Any

from reconcile.action import Action, Answer, Change, Need, Plan, Sentence, Subject
from reconcile.facts import Record


class UpdateLine(Action):
    """Writing the same number twice changes nothing."""

    title = "Name the product of a line"
    looks_first = False
    repeats = True

    def plan(self, line: Record, sku: str, needs: tuple[Need, ...] = ()) -> Plan:
        """Return the plan that gives a line the SKU of a product; `needs` where it is not known yet which."""
        key = f"update_line:{line['vendor']}:{line['id']}:{sku}"
        name = line["description"] or line["sku"] or line["id"]
        return Plan(
            key=key, chain=key, action="update_line", vendor=line["vendor"], needs=needs,
            subject=Subject(table="deals", vendor=line["vendor"], id=line["document_id"]),
            data={"line_id": line["id"], "sku": sku},
            says=Sentence(text="Name the product of the line {line} in {vendor}.",
                          values={"line": name, "vendor": line["vendor"]}),
            preview=(Change(field="sku", before=line["sku"] or "", after=sku or "…"),),
        )  # fmt: skip

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the line if it has that number already."""
        now = vendor.line_sku(plan.data["line_id"])
        return Answer(data={"id": plan.data["line_id"]}) if now == plan.data["sku"] else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Write it, unless it is there at this moment."""
        id, sku = plan.data["line_id"], plan.data["sku"]
        before = vendor.line_sku(id)
        if before == sku:
            return Answer(data={"id": id}, nothing=True)
        vendor.update_line(id, {"sku": sku})
        return Answer(data={"id": id}, before={"sku": before or ""}, after={"sku": sku})
