"""What the words of the warehouse mean to people: fixes, kinds of records, evidence codes, fields.

The warehouse keeps stable English codes; a code that is not listed here is shown with its underscores as blanks.
"""

from collections.abc import Mapping
from typing import Any

from dashboard.words import _
from extract.vendor import registry


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


def record(finding: Mapping[str, Any]) -> str:
    """Return what people call the record that a finding is about."""
    if finding["record"]:
        return str(finding["record"])
    return _("Draft") if finding["subject_table"] == "invoices" else str(finding["subject_id"])


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


def quote_status(value: str | None) -> str:
    """Return what the state of a quote is called."""
    return {
        "draft": _("Draft"),
        "published": _("Sent"),
        "accepted": _("Accepted"),
        "rejected": _("Declined"),
        "expired": _("Expired"),
    }.get(value or "", spelt(value))


def invoice_kind(value: str | None) -> str:
    """Return what a sort of document is called."""
    return {
        "invoice": _("Invoice"),
        "deposit": _("Deposit invoice"),
        "final": _("Final invoice"),
        "recurring": _("Recurring invoice"),
        "proforma": _("Pro-forma"),
        "credit_note": _("Credit note"),
    }.get(value or "invoice", spelt(value))


def method(value: str | None) -> str:
    """Return how something was paid."""
    return {
        "transfer": _("Bank transfer"),
        "card": _("Card"),
        "direct_debit": _("Direct debit"),
        "cash": _("Cash"),
        "cheque": _("Cheque"),
        "gateway": _("Payment gateway"),
        "recorded": _("Recorded in billing"),
        "refund": _("Refund"),
    }.get(value or "", _("Other"))


def rule(name: str | None) -> str:
    """Return what a link rule goes by."""
    return {
        "corrects": _("Corrects an invoice of this deal"),
        "decided": _("A person said so"),
        "confirmed": _("A person said so"),
    }.get(name or "", spelt(name))


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


def vendor(name: str | None) -> str:
    """Return the name people know a connection by."""
    found = registry().get(name or "")
    return found.title if found and found.title else {"bank": _("Bank")}.get(name or "", name or "")


def spelt(code: str | None) -> str:
    """Return a code as words."""
    return (code or "").replace("_", " ").strip().capitalize()
