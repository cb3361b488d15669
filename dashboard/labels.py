"""What the words of the warehouse mean to people: fixes, kinds of records, evidence codes, fields.

The warehouse keeps stable English codes; a code that is not listed here is shown with its underscores as blanks.
"""

from collections.abc import Mapping
from typing import Any

from dashboard.read import Row
from dashboard.theme import Mark, invoice_state
from dashboard.words import DASH, _, country, said_of, several
from extract.model import TABLES
from extract.vendor import registry


def fix(action: str | None) -> str:
    """Return what a fix does, as a button says it; empty where only a person can mend it."""
    return {
        "create_customer": _("Create the customer"),
        "create_invoice": _("Create the invoice"),
        "create_proforma": _("Create a pro-forma"),
        "create_credit_note": _("Create a credit note"),
        "create_order": _("Create an order"),
        "issue_invoice": _("Issue the invoice"),
        "send_invoice": _("Send the invoice"),
        "void_invoice": _("Void the invoice"),
        "update_deal": _("Update the CRM"),
        "update_customer": _("Update the customer"),
        "send_reminder": _("Send a reminder"),
        "create_task": _("Create a task"),
        "record_payment": _("Close the invoice"),
        "report": _("Bring the report"),
        "events": _("Tell what happened"),
        "pick_product": _("Pick or create the product"),
        "create_quote": _("Create the quote"),
        "update_quote": _("Note the quote's id"),
        "update_line": _("Name the product of a line"),
        "sync_customer": _("Bring both to the same"),
        "sync_product": _("Bring both to the same"),
        "sync_quote": _("Bring both to the same"),
        "create_product": _("Create the product"),
        "update_product": _("Update the product"),
        "retire_customer": _("Retire the customer"),
        "retire_product": _("Retire the product"),
        "create_note": _("Write a note"),
        "archive_file": _("Keep the PDF in the archive"),
        "archive_note": _("Put the PDF into the CRM"),
        "archive_mail": _("Send the PDF to accounting"),
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
        "sources": _("Source"),
    }.get(name or "", spelt(name))


def tables(name: str | None) -> str:
    """Return what the records of a canonical table are called."""
    return {
        "deals": _("Deals"),
        "invoices": _("Invoices"),
        "payments": _("Payments"),
        "customers": _("Customers"),
        "quotes": _("Quotes"),
        "payouts": _("Payouts"),
        "products": _("Products"),
        "tax_codes": _("Tax codes"),
        "owners": _("Salespeople"),
        "lines": _("Lines"),
        "stages": _("Stages"),
        "bills": _("Bills to pay"),
        "allocations": _("Allocations"),
        "merged": _("Merged records"),
    }.get(name or "", spelt(name))


def kind(value: str) -> str:
    """Return what a sort of system is called."""
    return {
        "crm": _("CRM"),
        "billing": _("Billing"),
        "bank": _("Bank"),
        "shop": _("Shop"),
        "file": _("File"),
        "channel": _("Channel"),
    }.get(value, spelt(value))


def auth(value: str) -> str:
    """Return how one signs in at a system."""
    return {
        "key": _("API key"),
        "token": _("Token"),
        "url": _("Service address"),
        "oauth": _("Its own login (OAuth)"),
        "password": _("User and password"),
        "none": _("Not needed"),
    }.get(value, spelt(value))


def secret(vendor_name: str, need: str) -> str:
    """Return what a credential is called: STRIPE_KEY of stripe is "Key"."""
    return {
        "key": _("Key"),
        "token": _("Token"),
        "login": _("Login"),
        "user": _("User"),
        "password": _("Password"),
        "url": _("Address"),
        "client_id": _("Client id"),
        "client_secret": _("Client secret"),
        "refresh_token": _("Refresh token"),
        "realm_id": _("Company id (realm)"),
    }.get(need.lower().removeprefix(f"{vendor_name.replace('-', '_')}_"), spelt(need.lower()))


def file_kind(value: str) -> str:
    """Return what a file format is called."""
    return {
        "csv": "CSV",
        "xlsx": "Excel",
        "parquet": "Parquet",
        "camt053": _("Bank statement CAMT.053"),
        "mt940": _("Bank statement MT940"),
        "ofx": _("Bank statement OFX"),
        "norma43": _("Bank statement Norma 43"),
    }.get(value, value)


def action(name: str | None) -> str:
    """Return what was done, for a line of the activity log."""
    return {
        "decide": _("Decision"),
        "undecide": _("Decision taken back"),
        "assign": _("Given to somebody"),
        "comment": _("Comment"),
        "switch_rules": _("Rules switched"),
        "switch_automation": _("Automation switched"),
        "change_billing_plan": _("Billing plan changed"),
        "change_reminders": _("Reminders changed"),
        "change_letter": _("Letter changed"),
        "change_assumptions": _("Assumptions changed"),
        "tell_finance": _("Finance told"),
        "tell_bills": _("Finance told of bills to pay"),
        "reminder_bounced": _("Mail came back"),
        "forget_bounce": _("Address allowed again"),
        "tell": _("Told"),
        "tell_test": _("Test message"),
        "tell_again": _("Sent again by hand"),
        "change_listener": _("Web hook or channel changed"),
        "stop_schedule": _("Reading by itself stopped"),
        "start_schedule": _("Reading by itself started"),
        "mail_invoice": _("Send the invoice"),
        "note_sent": _("Noted as sent"),
        "ask_approval": _("Asked for approval"),
        "approve_invoice": _("Approved"),
        "reject_invoice": _("Sent back"),
        "change_invoicing": _("Invoicing changed"),
        "connect": _("Connected"),
        "sign_in": _("Signed in"),
        "change_access": _("Access changed"),
        "keep_credentials": _("Keys kept"),
        "forget_credentials": _("Keys deleted"),
        "change_settings": _("Settings changed"),
        "stop_all_writing": _("All writing stopped"),
        "allow_writing": _("Writing allowed again"),
        "setup_step": _("Set-up"),
        "sample_data": _("Sample data"),
        "save_view": _("View saved"),
        "delete_view": _("View deleted"),
    }.get(name or "", fix(name))


def outcome(value: str | None) -> Mark:
    """Return the mark of how something ended."""
    return {
        "done": Mark("green", ":material/check_circle:", "✓", _("Done")),
        "found": Mark("green", ":material/check_circle:", "✓", _("Was there already")),
        "nothing": Mark("gray", ":material/check:", "✓", _("Nothing to change")),
        "decided": Mark("blue", ":material/gavel:", "●", _("Decided")),
        "refused": Mark("red", ":material/block:", "▲", _("Refused")),
        "later": Mark("orange", ":material/schedule:", "◆", _("Not sent; try later")),
        "doubt": Mark("orange", ":material/help:", "◆", _("Not certain; will look")),
        "busy": Mark("orange", ":material/hourglass:", "◆", _("Somebody else is at it")),
        "mistake": Mark("red", ":material/bug_report:", "▲", _("Our mistake")),
        "running": Mark("blue", ":material/sync:", "…", _("Running")),
        "waiting": Mark("gray", ":material/more_horiz:", "○", _("Waiting")),
    }.get(value or "", Mark("gray", ":material/help:", "○", spelt(value)))


def field(name: str) -> str:
    """Return what a field of a record is called."""
    return {
        "name": _("Name"),
        "legal_name": _("Registered name"),
        "tax_id": _("Tax id"),
        "email": _("E-mail"),
        "phone": _("Phone"),
        "street": _("Street"),
        "postcode": _("Postcode"),
        "city": _("City"),
        "region": _("Region"),
        "country": _("Country"),
        "language": _("Language"),
        "number": _("Number"),
        "status": _("State"),
        "amount": _("Amount"),
        "currency": _("Currency"),
        "issued_on": _("Issued"),
        "due_on": _("Due"),
        "customer": _("Customer"),
        "reference": _("Reference"),
        "message": _("Message"),
        "attachment": _("Attachment"),
        "document": _("Document"),
        "source": _("Made from"),
        "deposit": _("Deposit in percent"),
        "subject": _("Subject"),
        "to": _("To"),
        "body": _("Text"),
        "net": _("Without tax"),
        "tax": _("Tax"),
        "gross": _("Total"),
        "invoice_number": _("Invoice number"),
        "invoice_status": _("Invoice state"),
        "invoice_status_on": _("Invoice state since"),
        "reminders_sent": _("Reminders sent"),
        "reminded_on": _("Last reminder"),
        "stage": _("Stage"),
        "invoiced_amount": _("Amount invoiced"),
        "invoice_due_on": _("Invoice due"),
        "invoice_recipient": _("Invoice recipient"),
        "paid_on": _("Paid on"),
        "payment_terms_days": _("Days to pay"),
        "other_id": _("Id in the other system"),
        "other_quote_id": _("Id in the other system"),
        "valid_until_on": _("Valid until"),
        "lines": _("Lines"),
        "deal": _("Deal"),
        "owner_id": _("Salesperson"),
        "won_on": _("Won"),
        "payer_name": _("Payer"),
        "due_date": _("Due"),
        "path": _("Path"),
        "attached": _("Attached"),
        "text": _("Text"),
        "tax_rate": _("Tax in percent"),
        "product": _("Product"),
        "sku": _("SKU"),
        "unit_price": _("Unit price"),
        "quantity": _("Quantity"),
        "description": _("Description"),
        "discount_rate": _("Discount in percent"),
        "stands": _("Which value stands"),
        "kind": _("Person or company"),
        "series": _("Numbering series"),
        "discount": _("Customer's discount in percent"),
        "fx_rate": _("Exchange rate"),
        "exchange_rate": _("Exchange rate"),
    }.get(name, _line(name))


def held(name: str, value: Any) -> str:
    """Return what a record has in a field, as people read it: a country by its name, a dash for nothing."""
    if value is None or value == "":
        return DASH
    return country(str(value)) if name == "country" else str(value)


def _line(name: str) -> str:
    """Return "Line 2" for line 2, likewise for payments, else the name as words."""
    head, _blank, number = name.partition(" ")
    known = {"line": _("Line {number}"), "payment": _("Payment {number}"), "tax": _("Tax of line {number}")}.get(head)
    return known.format(number=number) if known and number.isdigit() else spelt(name)


def record(finding: Mapping[str, Any]) -> str:
    """Return what people call the record that a finding is about."""
    if finding["subject_table"] == "sources":
        return vendor(finding["subject_vendor"])
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


def reason(finding: Row) -> str:
    """Return why a finding is not open: a person's words, or what it waits for."""
    said = str(finding["reason"] or "")
    if finding["state"] != "unchecked":
        return said
    what, _colon, which = said.partition(": ")
    if what == "suggested":
        return several("{count} suggestion waits for a yes or a no: then this is certain.",
                       "{count} suggestions wait for a yes or a no: then this is certain.", int(which))  # fmt: skip
    if what == "not read since":
        return _("Not read since: {systems}").format(systems=", ".join(vendor(one) for one in which.split(", ")))
    return _("No system is connected that has {records}.").format(records=table(said.rpartition(" ")[2]))


def deal_status(value: str | None) -> str:
    """Return what the state of a deal is called."""
    return {"open": _("Open"), "won": _("Won"), "lost": _("Lost")}.get(value or "", spelt(value))


def trigger(value: str | None) -> str:
    """Return what makes a deal due to be invoiced."""
    return {
        "won": _("The deal is won"),
        "stage": _("The deal comes to a stage"),
        "quote": _("Its quote is accepted"),
        "service": _("The service is completed"),
        "paid": _("The customer paid"),
        "order": _("The order is confirmed"),
    }.get(value or "", spelt(value))


def state_word(value: str) -> str:
    """Return a state of an invoice in words; anything else as it is."""
    return {
        "deposit": invoice_kind("deposit"),
        "final": invoice_kind("final"),
        "recurring": invoice_kind("recurring"),
        "proforma": invoice_kind("proforma"),
        "credit_note": invoice_kind("credit_note"),
        "issued": said_of("invoice", "Issued"),
    }.get(value) or invoice_state(value).word


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
    """Return what a link rule goes by; of a tie, what the candidates have in common."""
    return {
        "corrects": _("Corrects an invoice of this deal"),
        "decided": _("A person said so"),
        "decision": _("A person said so"),
        "stored_deal_id": _("Billing stores the deal's id"),
        "number_on_deal": _("Invoice number typed on the deal"),
        "deal_reference": _("Deal reference printed on the invoice"),
        "deal_reference_in_text": _("Deal reference in the invoice's text"),
        "deal_amount": _("Same customer, and the amount fits"),
        "deposit": _("Same customer, and it fits a deposit"),
        "instalment": _("Same customer, and it fits an instalment"),
        "rest_of_deal": _("Same customer, and it fits what was left"),
        "consolidated": _("One invoice for several deals of this customer"),
        "nearly": _("Same customer, and the amount nearly fits"),
        "only_one": _("The only one of this customer at that time"),
        "payout": _("The gateway's payout"),
        "vendor_allocation": _("Allocated by billing"),
        "vendor_invoice_id": _("Billing names the invoice"),
        "number_in_text": _("Invoice number in the payment's text"),
        "short_number_in_text": _("Short invoice number in the payment's text"),
        "order_in_text": _("Deal reference in the payment's text"),
        "recorded_payment": _("The bank line of a payment that billing recorded"),
        "recorded_payment_invoice": _("The invoice of a payment that billing recorded"),
        "payment_amount": _("Same customer, and the amount fits"),
        "part_payment": _("Same customer, and it pays a part"),
        "gateway_fee": _("The amount less the gateway's fee"),
        "several_invoices": _("Adds up to several invoices of this customer"),
        "only_open_invoice": _("The only open invoice of this customer"),
        "number_of_another": _("Number of another customer's invoice"),
        "amount_alone": _("The same amount, and nothing else"),
        "withheld": _("The amount less tax that the customer withholds"),
        "discount": _("The amount less a cash discount"),
        "bank_fee": _("The amount less a bank's fee"),
        "same_customer": _("A deal of the same customer at that time"),
        "recorded_payment_alone": _("The one bank line that can be a recorded payment"),
        "customer_deal": _("A deal of the customer who paid"),
        "payer_deal": _("A deal of a customer who is called like the payer"),
        "tax_id_nearly": _("Tax ids one character apart: perhaps a slip, perhaps somebody else"),
        "other_currency": _("The amount in another currency"),
        "stored_customer_id": _("One system stores the other's id"),
        "tax_id": _("Same tax id"),
        "customer_like": _("Same e-mail or name"),
    }.get((name or "").removesuffix("_tie"), spelt(name))


def evidence(code: str) -> str:
    """Return what was compared, for a code of a link's or finding's evidence."""
    if code.startswith("field_"):
        return field(code.removeprefix("field_"))
    return {
        "stored_id": _("Id stored by billing"),
        "deal_id": _("Id stored by billing"),
        "number": _("Invoice number"),
        "invoice_number": _("Invoice number"),
        "invoice_status": _("Invoice state"),
        "amount_net": _("Amount without tax"),
        "amount_gross": _("Amount with tax"),
        "paid_on": _("Paid on"),
        "issued_on": _("Issued"),
        "same_amount": _("Same amount"),
        "same_tax_id": _("Same tax id"),
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
        "learnt_account": _("A person confirmed this account for this customer"),
        "learnt_name": _("A person confirmed this payer for this customer"),
        "text": _("Text"),
        "address": _("Address"),
        "allocation": _("Allocated by billing"),
        "accepted_on": _("Accepted on"),
        "allocated": _("Received, and given to invoices"),
        "bank_read_until": _("Bank statement read until"),
        "country": _("Country"),
        "credit": _("Credit"),
        "deal_status": _("State of the deal"),
        "deposit_paid_on": _("Deposit paid on"),
        "due_date": _("Due"),
        "due_on": _("Due"),
        "seller_name": _("Our own name"),
        "seller_tax_id": _("Our own tax id"),
        "seller_address": _("Our own address"),
        "last_invoice": _("Last invoice"),
        "last_read": _("Last read completely (UTC)"),
        "line": _("Line"),
        "lines": _("Lines"),
        "numbers_missing": _("Missing numbers, first and last"),
        "open_invoices": _("Other invoices open"),
        "payment_terms_days": _("Days to pay, agreed and given"),
        "period": _("Period"),
        "product": _("Product"),
        "read_error": _("What went wrong"),
        "received_on": _("Received on"),
        "sku": _("SKU"),
        "tax_rate": _("Tax in percent"),
        "unit_price": _("Price, in the catalogue and on the line"),
        "valid_until_on": _("Valid until"),
    }.get(code, spelt(code))


def step(what: str) -> str:
    """Return what a long job is at, of what it says: "stripe: invoices", "figures receivables", or a name as it is."""
    source, colon, kind_ = what.partition(": ")
    if colon:
        return f"{vendor(source)} · {tables(kind_)}"
    return {
        "rows": _("What was read"),
        "links": _("Links"),
        "summaries": _("Sums"),
        "checks": _("Checks"),
        "figures": _("Figures"),
        "swap": _("Putting in place"),
        "automations": _("Automations"),
    }.get(what.partition(" ")[0], what)


def subject(said: str) -> str:
    """Return the record that a line of the activity log is about: "invoices:stripe:in_1" is an invoice of Stripe."""
    kept, _colon, rest = said.partition(":")
    source, colon, id = rest.partition(":")
    return f"{table(kept)} · {vendor(source)} · {id}" if colon and kept in TABLES else said


def vendor(name: str | None) -> str:
    """Return the name people know a connection by."""
    found = registry().get(name or "")
    return (
        found.title
        if found and found.title
        else {"bank": _("Bank"), "archive": _("Archive"), "mail": _("E-mail")}.get(name or "", name or "")
    )


def spelt(code: str | None) -> str:
    """Return a code as words."""
    return (code or "").replace("_", " ").strip().capitalize()
