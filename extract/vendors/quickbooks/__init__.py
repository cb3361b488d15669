"""QuickBooks Online (US, UK, CA, AU accounting): customers, products, invoices, sales receipts, payments; can invoice.

Source: developer.intuit.com, Accounting API v3, pages of the entities, "Change data capture" and "OAuth 2.0"; the
        entity schema of intuit/QuickBooks-V3-PHP-SDK 5bb480b; read 2026-11-22.
Auth:   OAuth 2: access tokens live an hour; the refresh token lives 100 days and changes about every day, and then the
        one before it is void, so the newest is always kept. The company ("realm") comes back with the code.
Limits: 500 requests a minute for each company; queries of 1,000; changes of 30 days, and 1,000 at a time.
Quirks: there are no drafts: an invoice counts from the moment it is made. Our key, and the CRM's ids, stand as lines in
        the private note of documents and the notes of customers, which cannot be searched for. The tax id of a customer
        comes back masked but for its last five letters, so a copy of it stands in the notes. A line without a product
        counts as text, its amount is ignored. Inactive records come only when asked for; a currency only where several
        are switched on. Numbers are QuickBooks' own while "custom transaction numbers" is off; while it is on whoever
        sends none makes an invoice without a number. A payment need not touch the time of change of its invoice.
        Under the key "_" an item carries what `rows` needs of others: `currency` of the company, percent of
        `tax_rates` by tax code, `terms` in days, and `rate` of a tax code.
"""

from collections.abc import Mapping
from typing import ClassVar

from extract.vendor import Login, Option
from extract.vendors.quickbooks.account import HOST, PAGE_TO_SIGN_IN, TOKENS, VERSION
from extract.vendors.quickbooks.credit_memos import CreditMemos
from extract.vendors.quickbooks.reading import Reading


class QuickBooks(Reading, CreditMemos):
    """The books: what was billed, and what billing was told of payments."""

    title = "QuickBooks Online"
    kind = "billing"
    api_version = f"v3, minor version {VERSION}"
    base_url = HOST
    auth_kind = "oauth"
    drafts = False
    needs = ("QUICKBOOKS_CLIENT_ID", "QUICKBOOKS_CLIENT_SECRET", "QUICKBOOKS_REFRESH_TOKEN", "QUICKBOOKS_REALM_ID")
    login = Login(
        PAGE_TO_SIGN_IN, TOKENS, ("com.intuit.quickbooks.accounting",), needs,
        asks=(("response_type", "code"),), brings=(("realmId", "QUICKBOOKS_REALM_ID"),),
    )  # fmt: skip
    steps = (
        "At developer.intuit.com make an app for QuickBooks Online and Payments with the scope "
        "com.intuit.quickbooks.accounting.",
        "Under Keys & credentials copy client id and client secret. Begin with the development keys and a sandbox "
        "company: its address is https://sandbox-quickbooks.api.intuit.com.",
        "Sign in with its own login below; or make a refresh token in Intuit's OAuth 2.0 Playground and enter it here "
        "with the realm id of the company.",
        "In QuickBooks, under Account and settings → Sales → Sales form content, switch “Custom transaction numbers” "
        "off.",
    )
    options = (
        Option("default_item", "name of the product that stands on invoice lines without one of their own"),
        Option("deal_note", "name under which the CRM's deal id stands in the private note", "crm_deal_id"),
        Option("customer_note", "name under which the CRM's company id stands in the customer's notes",
               "crm_company_id"),
        Option("reference_label", "word before the order number in the message to the customer", "Order"),
    )  # fmt: skip
    obstacles: ClassVar[Mapping[str, str]] = {
        "custom_numbers": "In {vendor} “Custom transaction numbers” is switched on: an invoice made from here would "
        "have no number. Switch it off there under Account and settings → Sales → Sales form content → Custom "
        "transaction numbers, then look again.",
        "series": "{vendor} numbers invoices by itself and takes no number of ours: take the series {series} away in "
        "the settings.",
        "pro_forma": "{vendor} has no pro-forma: what is made there counts as an invoice. Send a quote instead.",
        "product": "{vendor} needs a product on each line, and has none for {lines}: make one there with this SKU, or "
        "name one for all in the options of the connection (default_item).",
        "tax_code": "{vendor} has no active tax code of {rate} % for {lines}: make one there, or pick another tax.",
        "tax_codes": "{vendor} has several tax codes of {rate} % for {lines} ({codes}): pick one.",
        "sales_tax": "{vendor} works sales tax out by itself, from the customer's address: what is due may be another "
        "amount than here.",
        "name_taken": "{vendor} has a customer, supplier or employee called {name} already, and a name stands for one "
        "of them only: pick that customer if it is this one, or change one of the two names.",
        "no_terms": "{vendor} has no terms of {days} days: the customer is made without any, and each invoice says its "
        "due date. Make them there under All lists → Terms to have them on the customer.",
        "currency": "{vendor} has {home} as its only currency, and this is in {currency}: switch several currencies on "
        "there.",
        "fx": "{vendor} would take one {currency} for one {home}: get the day's exchange rates, and set the company's "
        "currency to {home}.",
        "customer_currency": "{vendor} has the customer in {theirs}, and this is in {currency}: a customer has one "
        "currency there for good, so make another for this one.",
    }
    reads = ("customers", "products", "tax_codes", "invoices", "quotes", "lines", "payments", "allocations")
    writes = ("create_customer", "update_customer", "retire_customer", "create_invoice",
              "send_invoice", "void_invoice", "record_payment", "create_credit_note")  # fmt: skip
    rate = (450, 60.0)
    evidence = "tried against the documented protocol over HTTP; never with a real account"
