"""HubSpot (CRM): deals with their lines, companies and contacts, quotes; writes invoices' facts back, tasks and notes.

Source: HubSpot API 2026-03: objects, search, associations, properties, files; read 2026-11-21.
Auth:   bearer token of a private app or a service key, or OAuth 2: access tokens live 30 minutes, the refresh token
        stays the same; one host for all regions.
Limits: 100 requests in 10 s; search 5 a second and never past 10,000 results: we page it by the modified date instead.
Quirks: every value is text or null, and only properties asked for by name come; search gives no associations; line
        items hang under "line items" with a space; the primary company comes twice; `closedate` is the expected date
        until a deal is won. Under the key "_" an item carries what `rows` needs of other items: `outcome` of the
        deal's stage, the account's `currency` where the deal has none, `url`, and `merged_into` on a merged record.
"""

from extract.vendor import Login, Option
from extract.vendors.hubspot.account import LINKS, V
from extract.vendors.hubspot.customers import Customers
from extract.vendors.hubspot.deals import Deals
from extract.vendors.hubspot.engagements import Engagements
from extract.vendors.hubspot.objects import FOUND
from extract.vendors.hubspot.orders import Orders
from extract.vendors.hubspot.products import Products
from extract.vendors.hubspot.reading import Reading
from extract.vendors.hubspot.rows import Rows

__all__ = ["FOUND", "HubSpot"]


class HubSpot(Reading, Rows, Deals, Customers, Products, Orders, Engagements):
    """The CRM: what was sold, to whom, by whom."""

    title = "HubSpot"
    kind = "crm"
    api_version = V
    base_url = "https://api.hubapi.com"
    auth_kind = "token"
    needs = ("HUBSPOT_TOKEN",)
    login = Login(
        "https://app.hubspot.com/oauth/authorize", f"/oauth/{V}/token",
        (*(f"crm.objects.{kind}.read" for kind in (*LINKS, "owners")), "crm.schemas.deals.read",
         *(f"crm.objects.{kind}.write" for kind in LINKS),  # quotes and orders are made with their line items
         *(f"crm.schemas.{kind}.write" for kind in ("deals", "companies", "contacts", "quotes"))),
        ("HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET", "HUBSPOT_REFRESH_TOKEN"),
        # Not every account has these: asked for as needed, HubSpot would refuse the whole sign-in there.
        asks=(("optional_scope", "crm.objects.orders.read crm.objects.orders.write crm.schemas.orders.write files"),),
    )  # fmt: skip
    steps = (
        "In HubSpot open Settings → Integrations → Service Keys (or an existing private app) and create a key.",
        "Tick crm.objects.deals, companies, contacts, line_items, products, quotes and owners: read; and "
        "crm.schemas.deals: read.",
        "To write invoice numbers and payments back, tick crm.objects.deals and companies: write, and "
        "crm.schemas.deals: write.",
        "To bring quotes of billing into HubSpot, tick crm.objects.quotes and line_items: write too; to make orders, "
        "crm.objects.orders: read and write, and crm.schemas.orders: write.",
        "Copy the token and paste it here.",
    )
    options = (
        Option("tax_id_property", "company property with the tax id", "nif"),
        Option("other_id_property", "company property with the customer's id in billing", "cuadra_billing_id"),
        Option("email_property", "company property with the address for invoices", "email"),
        Option("legal_name_property", "company property with the registered name", "legal_name"),
        Option("payment_terms_property", "company and deal property with days until due", "payment_terms_days"),
        Option("discount_property", "company property with the customer's discount in percent", "customer_discount"),
        Option("reference_property", "deal property with the order number both sides know", "deal_reference"),
        Option("billing_property", "deal property: once, deposit, stages or recurring", "billing_plan"),
        Option("service_done_property", "deal property with the day the service was completed", "service_completed_on"),
        Option("amount_is", "whether deal amounts are net or gross", "net"),
        Option("tax_rate_property", "line item property with the tax in percent", "hs_tax_rate"),
        Option("invoice_number_property", "deal property for the invoice number", "cuadra_invoice_number"),
        Option("invoice_status_property", "deal property for the invoice state", "cuadra_invoice_status"),
        Option("invoice_status_on_property", "deal property for the day of that state", "cuadra_invoice_status_on"),
        Option("reminders_sent_property", "deal property for the number of reminders", "cuadra_reminders_sent"),
        Option("reminded_on_property", "deal property for the day of the last reminder", "cuadra_reminded_on"),
        Option("invoiced_amount_property", "deal property for the amount invoiced", "cuadra_invoiced_amount"),
        Option("invoice_due_on_property", "deal property for the due date", "cuadra_invoice_due_on"),
        Option("invoice_recipient_property", "deal property for who got the invoice", "cuadra_invoice_recipient"),
        Option("paid_on_property", "deal property for the day of payment", "cuadra_paid_on"),
        Option("quote_id_property", "quote property with the quote's id in billing", "cuadra_billing_quote_id"),
        Option("quote_status_property", "quote property with its state in billing", "cuadra_quote_status"),
        Option("key_property", "company, contact, product and quote property for our own key", "cuadra_key"),
        Option("requests_per_10_seconds", "pace that HubSpot allows this account: 100, 190 or 250", "100"),
        Option("reread_won_days", "days after winning in which a deal's lines are read again, once a day", "3"),
    )
    reads = ("customers", "products", "owners", "stages", "deals", "quotes", "lines", "merged")
    writes = ("update_deal", "update_line", "update_customer", "create_customer", "retire_customer", "update_product",
              "create_product", "retire_product", "create_quote", "update_quote", "create_order", "create_task",
              "create_note")  # fmt: skip
    rate = (100, 10.0)
    evidence = "replayed exchanges checked against the vendor's API description; sandbox over HTTP"
