"""The plans that send an invoice, by whichever way is set: billing's own e-mail, or ours and a note in billing."""

from reconcile.action import Plan, registry
from reconcile.facts import Facts, Record


def following(created: Plan, to: str, customer: Record, facts: Facts) -> list[Plan]:
    """Return the plans for the invoice that `created` makes; it goes to the customer's address `to`."""
    if facts.settings.invoicing.send_by == "mail":
        mailed: Plan = registry()["mail_invoice"].following(created, to, customer, facts)
        return [mailed, registry()["note_sent"].following(mailed)]
    return [registry()["send_invoice"].following(created, to, customer.get("name") or "")]


def of(invoice: Record, facts: Facts) -> list[Plan]:
    """Return the plans for an invoice that is there, or will be issued before."""
    if facts.settings.invoicing.send_by == "mail":
        customer = facts.customer(invoice["vendor"], invoice["customer_id"]) or {}
        mailed: Plan = registry()["mail_invoice"].plan(invoice, customer, facts)
        return [mailed, registry()["note_sent"].following(mailed)]
    return [registry()["send_invoice"].plan(invoice)]
