"""The plans that send an invoice, by whichever way is set: billing's own e-mail, or ours and a note in billing."""

from reconcile.action import Need, Plan, Sentence, registry
from reconcile.facts import Facts, Record


def following(created: Plan, to: str, customer: Record, facts: Facts) -> list[Plan]:
    """Return the plans for the invoice that `created` makes; it goes to the customer's address `to`."""
    if facts.settings.invoicing.send_by == "mail":
        mailed: Plan = registry()["mail_invoice"].following(created, to, customer, facts)
        return _noted(mailed, created.vendor, facts)
    return [registry()["send_invoice"].following(created, to, customer.get("name") or "")]


def of(invoice: Record, facts: Facts) -> list[Plan]:
    """Return the plans for an invoice that is there, or will be issued before."""
    if facts.settings.invoicing.send_by == "mail":
        customer = facts.customer(invoice["vendor"], invoice["customer_id"]) or {}
        mailed: Plan = registry()["mail_invoice"].plan(invoice, customer, facts)
        return _noted(mailed, invoice["vendor"], facts)
    return [registry()["send_invoice"].plan(invoice)]


def _noted(mailed: Plan, billing: str, facts: Facts) -> list[Plan]:
    """Return a mail and the note of it in billing; where billing takes none the mail is not sent: nobody would know."""
    if facts.takes_note(billing):
        return [mailed, registry()["note_sent"].following(mailed)]
    says = Sentence(
        text="{vendor} cannot be told that we mailed an invoice: on Automations choose that billing sends invoices.",
        values={"vendor": billing},
    )
    return [mailed.model_copy(update={"needs": (*mailed.needs, Need(name="mail.sender", says=says))})]
