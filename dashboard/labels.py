"""What the words of the warehouse mean to people: fixes, kinds of records, evidence codes, fields.

The warehouse keeps stable English codes; a code that is not listed here is shown with its underscores as blanks.
"""

from dashboard.words import _


def fix(action: str | None) -> str:
    """Return what a fix does, as a button says it; empty where only a person can mend it."""
    return {
        "create_customer": _("Create the customer"),
        "create_invoice": _("Create the invoice"),
        "issue_invoice": _("Issue the invoice"),
        "send_invoice": _("Send the invoice"),
        "update_deal": _("Update the CRM"),
        "send_reminder": _("Send a reminder"),
        "create_task": _("Create a task"),
    }.get(action or "", spelt(action))


def table(name: str | None) -> str:
    """Return what a record of a canonical table is called."""
    return {
        "deals": _("Deal"),
        "invoices": _("Invoice"),
        "payments": _("Payment"),
        "customers": _("Customer"),
        "quotes": _("Quote"),
        "payouts": _("Payout"),
        "products": _("Product"),
        "owners": _("Salesperson"),
        "lines": _("Line"),
    }.get(name or "", spelt(name))


def state(value: str | None) -> str:
    """Return what the state of a finding is called."""
    return {
        "open": _("Open"),
        "agreed": _("Agreed as it is"),
        "snoozed": _("Put off"),
        "unchecked": _("Not checked"),
        "fixed": _("Fixed"),
    }.get(value or "", spelt(value))


def deal_status(value: str | None) -> str:
    """Return what the state of a deal is called."""
    return {"open": _("Open"), "won": _("Won"), "lost": _("Lost")}.get(value or "", spelt(value))


def evidence(code: str) -> str:
    """Return what was compared, for a code of a link's or finding's evidence."""
    return {
        "stored_id": _("Id stored by billing"),
        "deal_id": _("Id stored by billing"),
        "number": _("Invoice number"),
        "number_on_deal": _("Invoice number on the deal"),
        "number_in_text": _("Invoice number in the text"),
        "reference": _("Reference"),
        "deal_reference": _("Order or project number"),
        "structured_reference": _("Structured reference"),
        "tax_id": _("Tax id"),
        "amount": _("Amount"),
        "net": _("Amount without tax"),
        "gross": _("Amount with tax"),
        "tax": _("Tax"),
        "currency": _("Currency"),
        "date": _("Date"),
        "customer": _("Customer"),
        "name": _("Name"),
        "email": _("E-mail"),
        "iban": _("Bank account"),
        "address": _("Address"),
        "allocation": _("Allocated by billing"),
    }.get(code, spelt(code))


def spelt(code: str | None) -> str:
    """Return a code as words."""
    return (code or "").replace("_", " ").strip().capitalize()
