"""E-mail an issued invoice to its customer through the billing system, once."""

from typing import Any

from reconcile.action import Action, Answer, Change, Need, Plan, Sentence, Subject
from reconcile.actions.issue_invoice import told
from reconcile.facts import Record
from reconcile.mail import is_address


class SendInvoice(Action):
    """The first sending; later ones are reminders and have keys of their own."""

    title = "Send the invoice"

    def plan(self, invoice: Record) -> Plan:
        """Return the plan for an issued invoice; a missing or impossible address is asked for."""
        to, key = invoice["customer_email"] or "", f"send_invoice:{invoice['vendor']}:{invoice['id']}"
        asked = () if is_address(to) else (no_address(invoice["customer_name"] or "", to),)
        says = Sentence(text="Send the invoice {number} to {to}.", values={"number": invoice["number"] or "", "to": to})
        return Plan(
            key=key, chain=key, action="send_invoice", vendor=invoice["vendor"], says=says, needs=asked,
            subject=Subject(table="invoices", vendor=invoice["vendor"], id=invoice["id"]),
            data={"invoice_id": invoice["id"]}, preview=(Change(field="to", after=to),),
        )  # fmt: skip

    def following(self, created: Plan, to: str, customer: str) -> Plan:
        """Return the plan for the invoice that `created` makes; it goes to the customer's address `to`."""
        return Plan(
            key=f"send_invoice:({created.key})", chain=created.chain, action="send_invoice", vendor=created.vendor,
            subject=created.subject, says=Sentence(text="Send it to {to}.", values={"to": to}),
            takes={"invoice_id": (created.key, "id")}, preview=(Change(field="to", after=to),),
            needs=() if is_address(to) else (no_address(customer, to),),
        )  # fmt: skip

    def key(self, plan: Plan) -> str:
        """Return the key of the invoice itself, whichever chain it came from."""
        return f"send_invoice:{plan.vendor}:{plan.data['invoice_id']}"

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the invoice if it was sent, or paid without."""
        now = vendor.invoice(plan.data["invoice_id"])
        return Answer(data=told(now)) if was_sent(now) else None

    def complete(self, plan: Plan, vendor: Any) -> None:
        """Note on the invoice that it was sent, where a vendor needs that."""
        if note := getattr(vendor, "note_sent", None):
            note(plan.data["invoice_id"], plan.key)

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Send it."""
        made = vendor.send_invoice(plan.data["invoice_id"], plan.key).model_dump(mode="json", exclude_none=True)
        return Answer(
            data=made, before={"status": "issued"}, after={"status": "sent", "recipient": made.get("recipient")}
        )


def was_sent(now: Record) -> bool:
    """Return whether an invoice read afresh was sent, or paid without."""
    return now.get("sent_at") is not None or now["status"] in ("sent", "partly_paid", "paid")


def no_address(customer: str, value: str) -> Need:
    """Return what to say where an invoice cannot be sent."""
    says = Sentence(text="{customer} has no e-mail address to send the invoice to.", values={"customer": customer})
    return Need(name="email", says=says, value=value or None)
