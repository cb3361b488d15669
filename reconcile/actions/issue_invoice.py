"""Issue a draft invoice: it gets its number, and nothing takes that back."""

from typing import Any

from reconcile.action import Action, Answer, Change, Need, Plan, Sentence, Subject
from reconcile.facts import Record


class IssueInvoice(Action):
    """A draft becomes an invoice; one that is issued already is found as such."""

    title = "Issue the invoice"

    def plan(self, invoice: Record) -> Plan:
        """Return the plan for a draft that is there."""
        key = f"issue_invoice:{invoice['vendor']}:{invoice['id']}"
        says = Sentence(text="Issue the invoice of {gross} {currency} to {customer}: it gets its number.",
                        values={"gross": f"{invoice['gross']:.2f}", "currency": invoice["currency"] or "",
                                "customer": invoice["customer_name"] or ""})  # fmt: skip
        empty = () if invoice["gross"] else (Need(name="lines", says=Sentence(text="The draft has no amount.")),)
        return Plan(
            key=key, chain=key, action="issue_invoice", vendor=invoice["vendor"], says=says, needs=empty,
            subject=Subject(table="invoices", vendor=invoice["vendor"], id=invoice["id"]),
            data={"invoice_id": invoice["id"]}, preview=(Change(field="status", before="draft", after="issued"),),
        )  # fmt: skip

    def following(self, created: Plan) -> Plan:
        """Return the plan for the draft that `created` makes."""
        return Plan(
            key=f"issue_invoice:({created.key})", chain=created.chain, action="issue_invoice", vendor=created.vendor,
            subject=created.subject, says=Sentence(text="Issue it: it gets its number."),
            takes={"invoice_id": (created.key, "id")},
            preview=(Change(field="status", before="draft", after="issued"),),
        )  # fmt: skip

    def key(self, plan: Plan) -> str:
        """Return the key of the invoice itself, whichever chain it came from."""
        return f"issue_invoice:{plan.vendor}:{plan.data['invoice_id']}"

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the invoice if it is no draft any more."""
        now = vendor.invoice(plan.data["invoice_id"])
        return None if now["status"] == "draft" else Answer(data=told(now))

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Issue it."""
        made = vendor.issue_invoice(plan.data["invoice_id"]).model_dump(mode="json", exclude_none=True)
        return Answer(
            data=made, before={"status": "draft"}, after={"status": made.get("status"), "number": made.get("number")}
        )


def told(now: Record) -> dict[str, Any]:
    """Return what an invoice read afresh says, in the words of an answer."""
    asked = {"id": "id", "number": "number", "status": "status", "amount": "gross", "currency": "currency",
             "due_on": "due_on", "recipient": "customer_email"}  # fmt: skip
    said = {name: now.get(field) for name, field in asked.items()}
    return {name: str(value) for name, value in said.items() if value is not None}
