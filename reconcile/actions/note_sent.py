"""Tell billing that an invoice was sent by our own mail: there too it is sent from that day on, once."""

from typing import Any

from reconcile.action import Action, Answer, Change, Plan, Sentence
from reconcile.actions.issue_invoice import told
from reconcile.actions.send_invoice import was_sent


class NoteSent(Action):
    """Follows the mail; where billing knows it already nothing is written."""

    title = "Note in billing that the invoice was sent"

    def following(self, mailed: Plan) -> Plan:
        """Return the plan for the invoice that `mailed` sends."""
        billing, id = mailed.data["billing"], mailed.data.get("invoice_id", "")
        return Plan(
            key=f"note_sent:({mailed.key})", chain=mailed.chain, action="note_sent", vendor=billing,
            subject=mailed.subject, says=Sentence(text="Note there that it was sent."),
            data={"invoice_id": id} if id else {}, takes={"invoice_id": (mailed.key, "id")},
            preview=(Change(field="status", before="issued", after="sent"),),
        )  # fmt: skip

    def key(self, plan: Plan) -> str:
        """Return the key of the invoice itself."""
        return f"note_sent:{plan.vendor}:{plan.data['invoice_id']}"

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the invoice if billing knows that it was sent."""
        now = vendor.invoice(plan.data["invoice_id"])
        return Answer(data=told(now)) if was_sent(now) else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Note it."""
        made = vendor.note_sent(plan.data["invoice_id"], plan.key).model_dump(mode="json", exclude_none=True)
        return Answer(data=made, before={"status": "issued"}, after={"status": made.get("status")})
