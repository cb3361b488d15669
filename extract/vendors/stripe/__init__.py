"""Stripe (invoicing and payments): invoices, what was paid on them and how it reached the bank; can issue invoices.

Source: Stripe API 2026-06-24.dahlia: SDK types and guides; read 2026-11-21.
Auth:   bearer secret or restricted key; `sk_test_` and `rk_test_` keys act on a test account.
Limits: about 100 requests a second live, 25 in test; lists of 100, newest first.
Quirks: amounts are integers of the minor unit (none in JPY, three decimals in KWD; ISK and UGX count two although they
        have none); no object says when it changed, so modified runs ask the events, kept 30 days; an invoice holds its
        first 10 lines and payments only; forms are nested by brackets; a search index lags, so nothing is looked up
        by it alone. Stripe does not say on the invoice whether it was e-mailed: it counts as sent when we noted it
        (metadata `cuadra_sent_at`), when an `invoice.sent` event says so, when Stripe sends or charges by itself
        (`auto_advance`, `charge_automatically`), and when it is older than the events, so that nobody can tell.
        Under the key "_" an item carries what `rows` needs of other objects: of an invoice `sent_at`, `changed_at` and
        `told_since` from the events and the percent of its `tax_rates`; a product's `price`; a charge's `payout`.
"""

from collections.abc import Mapping
from typing import ClassVar

from extract.vendor import Option
from extract.vendors.stripe.account import VERSION
from extract.vendors.stripe.credit_notes import CreditNotes
from extract.vendors.stripe.customers import Customers
from extract.vendors.stripe.invoices import Invoices
from extract.vendors.stripe.products import Products
from extract.vendors.stripe.quotes import Quotes
from extract.vendors.stripe.rows import DocumentRows


class Stripe(DocumentRows, Customers, Products, Invoices, Quotes, CreditNotes):
    """The books, and the gateway: what was billed, and what came of it."""

    title = "Stripe"
    kind = "billing"
    api_version = VERSION
    base_url = "https://api.stripe.com"
    auth_kind = "key"
    needs = ("STRIPE_KEY",)
    steps = (
        "In Stripe open Developers → API keys. Begin with a test key: switch “Test mode” on.",
        "Create a restricted key with read on Customers, Invoices, Products, Prices, PaymentIntents, Charges, Payouts, "
        "Balance, Credit notes and Events.",
        "To make invoices, add write on Customers, Invoices and Tax rates; to make quotes, on Quotes too.",
        "Copy the key and paste it here.",
    )
    options = (
        Option("deal_metadata_key", "metadata key with the CRM's deal id", "crm_deal_id"),
        Option("customer_metadata_key", "metadata key with the CRM's company id", "crm_company_id"),
        Option("quote_metadata_key", "metadata key with the CRM's quote id", "crm_quote_id"),
        Option("kind_metadata_key", "metadata key that tells deposits, finals and renewals", "kind"),
        Option(
            "reference_names",
            "names of invoice fields with the order number",
            "PO, PO number, Order, Order number, Reference, Pedido, Referencia, Commande, Référence, Bestellung, "
            "Zamówienie",
        ),
        Option("reference_label", "name of the field we write the order number into", "Order"),
        Option("fx_label", "name of the field we write the exchange rate into", "Exchange rate"),
        Option("tax_name", "name of the tax on invoices", "VAT"),
        Option("requests_per_second", "pace that Stripe allows this account; blank: 80 live, 25 in test"),
    )
    obstacles: ClassVar[Mapping[str, str]] = {
        "fraction": "Stripe takes whole quantities only on a quote: {lines}. Sell it in a smaller unit, such as "
        "minutes, or as one of the whole price.",
    }
    reads = ("customers", "products", "tax_codes", "invoices", "quotes", "lines", "payments", "allocations", "payouts")
    writes = ("create_customer", "update_customer", "retire_customer", "create_product", "update_product",
              "retire_product", "create_invoice", "issue_invoice", "send_invoice", "void_invoice",
              "record_payment", "create_credit_note", "create_quote", "update_quote")  # fmt: skip
    adds = ("reports", "sigma")
    rate = (80, 1.0)
    evidence = "replayed exchanges checked against the vendor's API description; sandbox over HTTP"
