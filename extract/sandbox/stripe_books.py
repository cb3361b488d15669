"""The company's books in Stripe's shapes: customers, catalogue, invoices with lines and taxes, quotes, events."""

from datetime import timedelta
from typing import Any

from extract.sandbox import identifiers
from extract.sandbox.books import Company, Customer, Invoice, Line, decimal, instant
from extract.sandbox.stripe_money import allocations, card_payment, enter_credit_note, enter_payout, failures
from extract.sandbox.stripe_shapes import (
    ACCOUNT,
    as_item,
    blank_customer,
    blank_invoice,
    blank_line,
    blank_quote,
    listed,
    totals,
)
from extract.sandbox.stripe_store import StripeBooks, record_event, snapshot
from extract.sandbox.world import COUNTRIES, CURRENCIES, PRICE_FACTOR, PRODUCTS, SELLER

EVENT_DAYS = 30
LOCALES = {"ES": "es", "MX": "es", "FR": "fr", "PL": "pl", "DE": "de", "GB": "en", "US": "en"}


def stripe_books(company: Company) -> StripeBooks:
    """Return the billing system's books of the company."""
    books = StripeBooks()
    _catalogue(books, company)
    twins = {t["id"]: t for t in company.twins if t["vendor"] == "stripe"}
    for customer in company.customers:
        if customer.in_stripe:
            _customer(books, company, customer)
    for twin in twins.values():
        _customer(books, company, twin["of"], twin["id"], twin["changes"])
    for invoice in sorted(company.invoices, key=lambda i: i.offset):
        _invoice(books, company, invoice)
    payouts = {payment.id: payout for payout in company.payouts for payment in payout.payments}
    invoices = {i.id: i for i in company.invoices}
    for payment in sorted(company.payments, key=lambda p: p.offset):
        if payment.method == "stripe":
            card_payment(books, payment, payouts.get(payment.id), invoices)
    for payout in company.payouts:
        enter_payout(books, payout)
    for note in company.credit_notes:
        enter_credit_note(books, note)
    failures(books)
    _quotes(books, company)
    _events(books, company)
    books.next_number = 1 + max(int(i.number[3:]) for i in company.invoices if i.number)
    books.next_credit_note = 1 + len(company.credit_notes)
    return books


def _catalogue(books: StripeBooks, company: Company) -> None:
    made = int(instant(company.day(-1150), "catalogue").timestamp())
    for country in COUNTRIES:
        if country.tax:
            books.add("tax_rates", {
                "id": tax_rate_id(country.code), "object": "tax_rate", "active": True, "country": country.code,
                "created": made,
                "description": None, "display_name": country.tax_name, "effective_percentage": float(country.tax),
                "flat_amount": None,
                "inclusive": False, "jurisdiction": country.code, "jurisdiction_level": "country", "livemode": False,
                "metadata": {},
                "percentage": float(country.tax), "rate_type": "percentage", "state": None, "tax_type": "vat",
            })  # fmt: skip
    for sku, name, euro, kind in PRODUCTS:
        product_id = product_of(sku)
        books.add("products", {
            "id": product_id, "object": "product", "active": True, "created": made, "default_price": price_of(sku,
                "EUR"),
            "description": None, "images": [], "livemode": False, "marketing_features": [], "metadata": {"sku": sku},
            "name": name,
            "package_dimensions": None, "shippable": None, "statement_descriptor": None, "tax_code": None,
            "type": "service",
            "unit_label": kind if kind in ("hours", "seats") else None, "updated": made, "url": None,
        })  # fmt: skip
        for currency in CURRENCIES:
            unit = euro * PRICE_FACTOR[currency]
            books.add("prices", {
                "id": price_of(sku, currency), "object": "price", "active": True, "billing_scheme": "per_unit",
                "created": made,
                "currency": currency.lower(), "custom_unit_amount": None, "livemode": False, "lookup_key": None,
                "metadata": {},
                "nickname": None, "product": product_id, "recurring": None, "tax_behavior": "exclusive",
                
                "transform_quantity": None, "type": "one_time", "unit_amount": unit, "unit_amount_decimal": str(unit),
            })  # fmt: skip


def tax_rate_id(country: str) -> str:
    """Return the id of the tax rate of a country."""
    return f"txr_1R{country}standard000000"


def product_of(sku: str) -> str:
    """Return the id of the product of an article number."""
    return f"prod_{sku.replace('-', '')}faronorte"


def price_of(sku: str, currency: str) -> str:
    """Return the id of an article's price in a currency."""
    return f"price_1R{sku.replace('-', '')}{currency}000"


def _customer(
    books: StripeBooks, company: Company, customer: Customer, twin_id: str = "", changes: dict[str, Any] | None = None
) -> None:
    facts = {"name": customer.name, "email": customer.email, "street": customer.street, "city": customer.city,
             "region": customer.region, "postcode": customer.postcode, "tax_id": customer.tax_id}  # fmt: skip
    facts |= (changes or {}) | customer.stripe
    customer_id = twin_id or customer.stripe_id
    created = int(instant(company.day(customer.offset + (130 if twin_id else 100)), customer_id).timestamp())
    address = {"city": facts["city"], "country": customer.country.code, "line1": facts["street"], "line2": None,
               "postal_code": facts["postcode"], "state": facts["region"]}  # fmt: skip
    row = blank_customer(customer_id, created) | {
        "name": facts["name"], "email": facts["email"], "phone": customer.phone, "address": address,
        "currency": customer.currency.lower(), "preferred_locales": [LOCALES[customer.country.code]],
        "metadata": {"crm_company_id": customer.id},
    }  # fmt: skip
    books.add("customers", row)
    if facts["tax_id"]:
        kind, value = identifiers.as_stripe(customer.country.code, facts["tax_id"])
        books.add("tax_ids", {
            "id": f"txi_1R{customer_id[4:]}", "object": "tax_id", "country": customer.country.code, "created": created,
            "customer": customer_id, "customer_account": None, "livemode": False,
            "owner": {"type": "customer", "customer": customer_id}, "type": kind, "value": value,
            "verification": {"status": "pending" if kind in ("eu_vat", "gb_vat") else "unavailable",
                             "verified_address": None,
                             "verified_name": None},
        })  # fmt: skip


def _invoice(books: StripeBooks, company: Company, invoice: Invoice) -> None:
    customer_id = invoice.stripe.get("customer", invoice.customer.stripe_id)
    customer = books.objects["customers"][customer_id]
    created = int(instant(invoice.issued, invoice.id).timestamp())
    row = blank_invoice(invoice.id, created) | {
        "currency": invoice.currency.lower(), "customer": customer_id, "collection_method": "send_invoice",
        "due_date": None if invoice.status == "draft" else created + 86_400 * (invoice.due - invoice.issued).days,
        "custom_fields": [{"name": k, "value": v} for k, v in invoice.custom_fields.items()] or None,
        "description": invoice.description, "metadata": dict(invoice.metadata), "number": invoice.number,
        "status": invoice.status,
        "footer": f"{SELLER['name']} · {SELLER['tax_id']}",
    }  # fmt: skip
    snapshot(books, row, customer)
    if "tax_id" in invoice.stripe:
        kind, value = identifiers.as_stripe(invoice.customer.country.code, invoice.stripe["tax_id"])
        row["customer_tax_ids"] = [{"type": kind, "value": value}]
    rate = tax_rate_id(invoice.customer.country.code)
    lines = [_line(invoice, line, n, created, rate) for n, line in enumerate(invoice.lines)]
    row["lines"] = listed(lines, f"/v1/invoices/{invoice.id}/lines")
    totals(row, invoice.credited)
    books.add("invoices", row)
    if invoice.status == "draft":
        row["effective_at"] = None
        for line in lines:
            books.add("invoiceitems", as_item(line, row))
        return
    row |= {"hosted_invoice_url": f"https://invoice.stripe.com/i/{ACCOUNT}/test_{invoice.id}",
            "invoice_pdf": f"https://pay.stripe.com/invoice/{ACCOUNT}/{invoice.id}/pdf"}  # fmt: skip
    moments = row["status_transitions"]
    moments["finalized_at"] = row["effective_at"] = created
    if invoice.status == "void":
        moments["voided_at"] = created + 86_400
    if invoice.status == "uncollectible":
        moments["marked_uncollectible_at"] = created + 86_400 * 150
    allocations(books, invoice, row)


def _line(invoice: Invoice, line: Line, position: int, created: int, rate: str) -> dict[str, Any]:
    row = blank_line(f"il_1R{invoice.id[5:19]}{position:02d}", invoice.id, invoice.currency.lower(), created)
    unit = decimal(line.net * 100) / line.quantity
    row |= {
        "amount": line.net, "subtotal": line.net, "description": line.text, "quantity": line.quantity,
        "quantity_decimal": str(line.quantity),
        "pricing": {"type": "price_details", "unit_amount_decimal": f"{unit.normalize():f}",
                    "price_details": {"price": price_of(line.sku or "ADHOC", invoice.currency),
                                      "product": product_of(line.sku or "ADHOC")}},
        "parent": {"type": "invoice_item_details", "subscription_item_details": None, "invoice_item_details": {
            "invoice_item": f"ii_1R{invoice.id[5:19]}{position:02d}", "proration": False, "proration_details": None,
            "subscription": None}},
    }  # fmt: skip
    if line.rate:
        row["taxes"] = [{"amount": line.tax, "tax_behavior": "exclusive", "tax_rate_details": {"tax_rate": rate},
                         "taxability_reason": "standard_rated", "taxable_amount": line.net,
                         "type": "tax_rate_details"}]  # fmt: skip
    return row


def _quotes(books: StripeBooks, company: Company) -> None:
    wanted = [
        i
        for i in company.invoices
        if i.kind == "once" and i.deals and i.deals[0].status == "won" and i.status == "paid"
    ]
    for number, invoice in enumerate(wanted[::40], 1):
        made = int(instant(invoice.deals[0].created + timedelta(days=5), invoice.id).timestamp())
        quote_id = f"qt_1R{invoice.id[5:21]}"
        row = books.objects["invoices"][invoice.id]
        details = {"amount_discount": 0, "amount_shipping": 0, "amount_tax": row["total"] - row["subtotal"]}
        books.add("quotes", blank_quote(quote_id, made) | {
            "amount_subtotal": row["subtotal"], "amount_total": row["total"], "collection_method": "send_invoice",
            "computed": {"recurring": None, "upfront": {"amount_subtotal": row["subtotal"],
                                                        "amount_total": row["total"], "total_details": details}},
            "currency": row["currency"], "customer": row["customer"], "invoice": invoice.id,
            "invoice_settings": {"days_until_due": invoice.customer.terms, "issuer": {"type": "self"}},
            "metadata": dict(row["metadata"]), "number": f"QT-{number:04d}-1", "status": "accepted",
            "status_transitions": {"accepted_at": row["created"], "canceled_at": None, "finalized_at": made},
            "total_details": details,
        })  # fmt: skip


def _events(books: StripeBooks, company: Company) -> None:
    """Write the events of the last thirty days; a sent invoice has its `invoice.sent`, one that never left has none."""
    oldest = int(instant(company.day(-EVENT_DAYS), "").timestamp())
    sent = {i.id for i in company.invoices if i.is_sent}
    happened = []
    for row in books.objects["invoices"].values():
        moments = row["status_transitions"]
        happened.append((row["created"], "invoice.created", row))
        if moments["finalized_at"]:
            happened.append((moments["finalized_at"], "invoice.finalized", row))
            if row["id"] in sent:
                happened.append((moments["finalized_at"] + 5, "invoice.sent", row))
        for name, kind in (("paid_at", "invoice.paid"), ("voided_at", "invoice.voided")):
            if moments[name]:
                happened.append((moments[name], kind, row))
    happened += [(c["created"], "charge.succeeded", c) for c in books.objects["charges"].values() if c["paid"]]
    for moment, kind, row in sorted((e for e in happened if e[0] >= oldest), key=lambda e: (e[0], e[1], e[2]["id"])):
        record_event(books, kind, row, moment)
