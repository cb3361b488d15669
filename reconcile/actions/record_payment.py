"""Tell billing that an invoice was paid elsewhere, when the money is known to have arrived in full."""

from typing import Any

from reconcile.action import Action, Answer, Caution, Change, Plan, Sentence, Subject
from reconcile.actions.issue_invoice import told
from reconcile.facts import Facts, Record
from reconcile.fields import text

_PAYABLE = ("issued", "sent", "partly_paid", "uncollectible")


class RecordPayment(Action):
    """Billing closes the invoice; one that is closed already is found so."""

    title = "Record the payment in billing"

    def plan(self, invoice: Record, facts: Facts) -> Plan | None:
        """Return the plan for an invoice that known money pays in full; None where it does not, or billing knows."""
        if invoice["state"] != "paid" or invoice["status"] not in _PAYABLE:
            return None
        money = facts.money_for(invoice["vendor"], invoice["id"])
        if not money:
            return None
        key = f"record_payment:{invoice['vendor']}:{invoice['id']}"
        arrived = tuple(
            Change(
                field=f"payment {at}",
                after=f"{m['paid_on']}: {text(m['amount'])} {m['currency']} {m['payer_name'] or ''}",
            )
            for at, m in enumerate(money, 1)
        )
        return Plan(
            key=key, chain=key, action="record_payment", vendor=invoice["vendor"],
            subject=Subject(table="invoices", vendor=invoice["vendor"], id=invoice["id"]),
            data={"invoice_id": invoice["id"]}, cautions=tuple(_cautions(invoice, money)),
            says=Sentence(text="Close the invoice {number} of {customer}: it was paid elsewhere.",
                          values={"number": invoice["number"] or "", "customer": invoice["customer_name"] or ""}),
            preview=(Change(field="status", before=invoice["status"], after="paid"), *arrived),
        )  # fmt: skip

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the invoice if billing has it as paid."""
        now = vendor.invoice(plan.data["invoice_id"])
        return Answer(data=told(now)) if now["status"] == "paid" else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Record it."""
        made = vendor.record_payment(plan.data["invoice_id"]).model_dump(mode="json", exclude_none=True)
        return Answer(data=made, before={"status": plan.preview[0].before}, after={"status": "paid"})


def _cautions(invoice: Record, money: list[Record]) -> list[Caution]:
    """Return a word on what lacks: billing closes the whole invoice whatever arrived."""
    missing = invoice["gross"] - sum(m["applied"] for m in money)
    if missing <= 0:
        return []
    values = {"missing": text(missing), "currency": invoice["currency"] or ""}
    return [
        Caution(code="short", says=Sentence(text="{missing} {currency} less arrived: a fee, perhaps.", values=values))
    ]
