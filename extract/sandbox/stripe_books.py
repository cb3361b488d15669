"""The company's books in Stripe's shapes: customers, catalogue, invoices with lines and taxes, and the money around them."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from extract.sandbox import identifiers
from extract.sandbox.books import Company, CreditNote, Customer, Invoice, Line, Payment, Payout, decimal, instant
from extract.sandbox.stripe_shapes import ACCOUNT, blank_customer, blank_invoice, blank_line, listed, totals
from extract.sandbox.world import COUNTRIES, CURRENCIES, PRICE_FACTOR, PRODUCTS, SELLER

KINDS = ("customers", "tax_ids", "products", "prices", "tax_rates", "quotes", "invoiceitems", "invoices",
         "invoice_payments",
         "payment_intents", "charges", "balance_transactions", "refunds", "payouts", "credit_notes",
         "events")  # fmt: skip
EVENT_DAYS = 30
LOCALES = {"ES": "es", "MX": "es", "FR": "fr", "PL": "pl", "DE": "de", "GB": "en", "US": "en"}


@dataclass
class StripeBooks:
    """What Stripe holds: `objects[kind][id]`, each as answered; invoices carry all their lines."""

    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    tax_ids: dict[str, list[str]] = field(default_factory=dict)  # customer -> its tax ids
    allocations: dict[str, list[str]] = field(default_factory=dict)  # invoice -> its invoice payments
    terms: dict[str, dict[str, Any]] = field(default_factory=dict)  # line -> tax rates and discounts asked for
    coupons: dict[str, dict[str, Any]] = field(default_factory=dict)
    discounts: dict[str, str] = field(default_factory=dict)  # discount -> coupon
    replies: dict[str, dict[str, Any]] = field(default_factory=dict)  # idempotency key -> first result
    changes: int = 0  # how often something was added or taken away
    next_number: int = 1
    next_credit_note: int = 1
    serial: int = 0
    deleted: list[str] = field(default_factory=list)  # customers that are gone

    def tax_ids_of(self, customer_id: str) -> list[dict[str, Any]]:
        """Return the tax ids of a customer."""
        return [self.objects["tax_ids"][i] for i in self.tax_ids.get(customer_id, ())]

    def payments_of(self, invoice_id: str) -> list[dict[str, Any]]:
        """Return what was allocated to an invoice."""
        return [self.objects["invoice_payments"][i] for i in self.allocations.get(invoice_id, ())]

    def drop(self, kind: str, object_id: str) -> None:
        """Take an object away."""
        del self.objects[kind][object_id]
        self.changes += 1

    def add(self, kind: str, row: dict[str, Any]) -> dict[str, Any]:
        """Keep an object and return it."""
        self.objects[kind][row["id"]] = row
        self.changes += 1
        if kind == "tax_ids":
            self.tax_ids.setdefault(row["customer"], []).append(row["id"])
        elif kind == "invoice_payments":
            self.allocations.setdefault(row["invoice"], []).append(row["id"])
        return row


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
            _card_payment(books, payment, payouts.get(payment.id), invoices)
    for payout in company.payouts:
        _payout(books, payout)
    for note in company.credit_notes:
        _credit_note(books, note)
    _failures(books)
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
    _money(books, invoice, row)


def snapshot(books: StripeBooks, row: dict[str, Any], customer: dict[str, Any]) -> None:
    """Copy onto an invoice who the customer is at this moment."""
    ids = books.tax_ids_of(customer["id"])
    row |= {"customer_name": customer["name"], "customer_email": customer["email"], "customer_phone": customer["phone"],
            "customer_address": dict(customer["address"]) if customer["address"] else None,
            "customer_tax_exempt": customer["tax_exempt"],
            "customer_tax_ids": [{"type": t["type"], "value": t["value"]} for t in ids]}  # fmt: skip


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


def as_item(line: dict[str, Any], invoice: dict[str, Any]) -> dict[str, Any]:
    """Return the invoice item behind a line."""
    return {
        "id": line["parent"]["invoice_item_details"]["invoice_item"], "object": "invoiceitem", "amount": line["amount"],
        "currency": line["currency"], "customer": invoice["customer"], "customer_account": None,
        "date": invoice["created"],
        "description": line["description"], "discountable": True, "discounts": [], "invoice": invoice["id"],
        "livemode": False,
        "metadata": dict(line["metadata"]), "net_amount": line["amount"], "parent": None,
        "period": dict(line["period"]),
        "pricing": line["pricing"], "proration": False, "proration_details": None, "quantity": line["quantity"],
        "quantity_decimal": line["quantity_decimal"], "tax_rates": [], "test_clock": None,
    }  # fmt: skip


def _money(books: StripeBooks, invoice: Invoice, row: dict[str, Any]) -> None:
    """Enter what Stripe knows of an invoice's payments: its own, and transfers it was told of."""
    paid = outside = 0
    latest = None
    for number, payment in enumerate(invoice.payments):
        if payment.method == "bank" and not payment.told:
            continue
        part = payment.parts[invoice.id]
        if invoice.status == "paid" and payment is invoice.payments[-1]:
            part = invoice.gross - invoice.credited - paid  # paid out of band means the whole remainder
        day = payment.on if payment.method == "stripe" else payment.told
        moment = int(instant(day or payment.on, payment.id, 60).timestamp())
        latest = max(latest or 0, moment)
        paid += part
        outside += part if payment.method == "bank" else 0
        books.add("invoice_payments", invoice_payment(
            f"inpay_1R{invoice.id[5:19]}{number:02d}", row, part, moment,
            {"type": "payment_intent", "payment_intent": payment.id} if payment.method == "stripe"
            else {"type": "payment_record", "payment_record": f"payrec_1R{invoice.id[5:17]}{number:02d}"}, number == 0,
        ))  # fmt: skip
    settle(row, paid, outside)
    if invoice.status == "paid":
        row["status_transitions"]["paid_at"] = latest or row["created"] + 259_200
        row["attempted"] = True
    if invoice.status == "open" and invoice.customer.payer == "stripe" and not invoice.payments:
        intent = payment_intent(f"pi_1R{invoice.id[5:25]}", row, row["amount_remaining"], row["created"])
        books.add("payment_intents", intent | {"status": "requires_payment_method", "amount_received": 0})
        due = invoice_payment(f"inpay_1R{invoice.id[5:19]}00", row, row["amount_remaining"], None,
                              {"type": "payment_intent", "payment_intent": intent["id"]}, True)  # fmt: skip
        books.add("invoice_payments", due)


def settle(row: dict[str, Any], paid: int, outside: int) -> None:
    """Set what is paid and what remains on an invoice, in minor units."""
    row |= {"amount_paid": paid, "amount_remaining": max(0, row["amount_due"] - paid),
            "amount_paid_off_stripe": outside,
            "amount_overpaid": max(0, paid - row["amount_due"])}  # fmt: skip


def invoice_payment(
    payment_id: str,
    invoice: dict[str, Any],
    amount: int,
    paid_at: int | None,
    payment: dict[str, str],
    is_default: bool,
) -> dict[str, Any]:
    """Return an allocation of money to an invoice; open until `paid_at`."""
    return {
        "id": payment_id, "object": "invoice_payment", "amount_paid": amount if paid_at else None,
        "amount_requested": amount,
        "created": paid_at or invoice["created"], "currency": invoice["currency"], "invoice": invoice["id"],
        "is_default": is_default, "livemode": False, "payment": payment, "status": "paid" if paid_at else "open",
        "status_transitions": {"canceled_at": None, "paid_at": paid_at},
    }  # fmt: skip


def payment_intent(intent_id: str, invoice: dict[str, Any], amount: int, created: int) -> dict[str, Any]:
    """Return a payment intent of an invoice, succeeded."""
    return {
        "id": intent_id, "object": "payment_intent", "amount": amount, "amount_capturable": 0,
        "amount_received": amount,
        "application": None, "application_fee_amount": None, "automatic_payment_methods": None, "canceled_at": None,
        "cancellation_reason": None, "capture_method": "automatic", "client_secret": f"{intent_id}_secret_test",
        "confirmation_method": "automatic", "created": created, "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "description": f"Payment for Invoice {invoice['number']}" if invoice.get("number") else None,
        "last_payment_error": None, "latest_charge": None, "livemode": False, "metadata": {}, "next_action": None,
        "on_behalf_of": None, "payment_method": None, "payment_method_types": ["card"], "processing": None,
        "receipt_email": None, "review": None, "setup_future_usage": None, "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None, "status": "succeeded", "transfer_data": None, "transfer_group": None,
    }  # fmt: skip


def _card_payment(books: StripeBooks, payment: Payment, payout: Payout | None, invoices: dict[str, Invoice]) -> None:
    moment = int(instant(payment.on, payment.id, 60).timestamp())
    invoice = invoices[next(iter(payment.parts))] if payment.parts else None
    customer_id = payment.customer.stripe_id if payment.customer else None
    if invoice:
        customer_id = invoice.stripe.get("customer", customer_id)
    stub = {
        "currency": payment.currency.lower(),
        "customer": customer_id,
        "number": invoice.number if invoice else None,
    }
    intent = books.add("payment_intents", payment_intent(payment.id, stub, payment.amount, moment))
    intent |= {"latest_charge": payment.charge_id, "payment_method": f"pm_1R{payment.id[5:25]}"}
    if not invoice:
        intent["description"] = "Payment link"
    charge = books.add("charges", charge_of(intent, str(payment.charge_id), moment))
    charge["billing_details"]["name"] = payment.customer.name if payment.customer else None
    charge |= {"amount_refunded": payment.refunded, "refunded": payment.refunded == payment.amount}
    transaction = balance_transaction(
        charge["balance_transaction"],
        "charge",
        payment.amount,
        payment.fee,
        charge["id"],
        stub["currency"] or "",
        moment,
    )
    transaction |= {"status": "available" if payout else "pending"}
    books.add("balance_transactions", transaction | {"payout": payment.payout_id})


def charge_of(intent: dict[str, Any], charge_id: str, moment: int) -> dict[str, Any]:
    """Return the succeeded charge of a payment intent."""
    return {
        "id": charge_id, "object": "charge", "amount": intent["amount"], "amount_captured": intent["amount"],
        "amount_refunded": 0,
        "application": None, "application_fee": None, "application_fee_amount": None,
        "balance_transaction": f"txn_{charge_id[3:]}",
        "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        "calculated_statement_descriptor": "FARO NORTE", "captured": True, "created": moment,
        "currency": intent["currency"],
        "customer": intent["customer"], "description": intent["description"], "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None, "failure_message": None, "fraud_details": {}, "livemode": False, "metadata": {},
        "outcome": {"network_status": "approved_by_network", "reason": None, "risk_level": "normal", "seller_message":
                    "Payment complete.", "type": "authorized"},
        "paid": True, "payment_intent": intent["id"], "payment_method": intent["payment_method"],
        "payment_method_details": {"type": "card"}, "receipt_email": None, "receipt_number": None, "receipt_url": None,
        "refunded": False, "status": "succeeded", "transfer_data": None, "transfer_group": None,
    }  # fmt: skip


def balance_transaction(
    transaction_id: str, kind: str, amount: int, fee: int, source: str, currency: str, moment: int
) -> dict[str, Any]:
    """Return a movement of the Stripe balance: net = amount - fee."""
    details = [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]
    return {
        "id": transaction_id, "object": "balance_transaction", "amount": amount, "available_on": moment + 172_800,
        "created": moment,
        "currency": currency, "description": None, "exchange_rate": None, "fee": fee,
        "fee_details": details if fee else [],
        "net": amount - fee, "reporting_category": kind, "source": source, "status": "available", "type": kind,
    }  # fmt: skip


def _payout(books: StripeBooks, payout: Payout) -> None:
    arrives = int(instant(payout.arrives, "payout").timestamp())
    transaction = balance_transaction(
        f"txn_{payout.id[3:]}", "payout", -payout.amount, 0, payout.id, payout.currency.lower(), arrives
    )
    books.add("balance_transactions", transaction | {"payout": payout.id})
    books.add("payouts", {
        "id": payout.id, "object": "payout", "amount": payout.amount, "arrival_date": arrives, "automatic": True,
        "balance_transaction": transaction["id"], "created": arrives - 172_800, "currency": payout.currency.lower(),
        "description": "STRIPE PAYOUT", "destination": f"ba_1R{payout.currency}faronorte",
        "failure_balance_transaction": None,
        "failure_code": None, "failure_message": None, "livemode": False, "metadata": {}, "method": "standard",
        "original_payout": None, "reconciliation_status": "completed", "reversed_by": None, "source_type": "card",
        "statement_descriptor": payout.trace, "status": "paid", "trace_id": {"status": "supported",
            "value": payout.trace},
        "type": "bank_account",
    })  # fmt: skip


def _credit_note(books: StripeBooks, note: CreditNote) -> None:
    invoice = books.objects["invoices"][note.invoice.id]
    moment = int(instant(note.on, note.id).timestamp())
    row = books.add("credit_notes", credit_note(note.id, note.number, invoice, note.net, note.tax, note.kind, moment))
    row |= {"reason": note.reason, "memo": note.memo}
    if note.kind == "pre_payment":
        invoice["pre_payment_credit_notes_amount"] += note.net + note.tax
        return
    invoice["post_payment_credit_notes_amount"] += note.net + note.tax
    payment = note.invoice.payments[-1]
    row["refunds"] = [
        {
            "amount_refunded": note.net + note.tax,
            "payment_record_refund": None,
            "refund": note.refund_id,
            "type": "refund",
        }
    ]
    refund_id = str(note.refund_id)
    transaction = balance_transaction(
        f"txn_{refund_id[3:]}", "refund", -payment.refunded, 0, refund_id, invoice["currency"], moment
    )
    books.add("balance_transactions", transaction | {"payout": payment.payout_id})
    books.add("refunds", {
        "id": refund_id, "object": "refund", "amount": payment.refunded, "balance_transaction": transaction["id"],
        "charge": payment.charge_id, "created": moment, "currency": invoice["currency"], "description": None,
        "destination_details": None, "metadata": {}, "payment_intent": payment.id, "reason": "requested_by_customer",
        "receipt_number": None, "source_transfer_reversal": None, "status": "succeeded", "transfer_reversal": None,
    })  # fmt: skip


def credit_note(
    note_id: str, number: str, invoice: dict[str, Any], net: int, tax: int, kind: str, moment: int
) -> dict[str, Any]:
    """Return an issued credit note of one line over `net` and `tax`."""
    amount = net + tax
    rates = invoice["total_taxes"] or []
    taxes = [rates[0] | {"amount": tax, "taxable_amount": net}] if tax and rates else []
    line = {
        "id": f"cnli_{note_id[3:]}", "object": "credit_note_line_item", "amount": net,
        "description": f"Credit on {invoice['number']}",
        "discount_amount": 0, "discount_amounts": [], "invoice_line_item": None, "livemode": False, "metadata": {},
        "pretax_credit_amounts": [], "quantity": 1, "tax_rates": [], "taxes": taxes, "type": "custom_line_item",
        "unit_amount": net,
        "unit_amount_decimal": str(net),
    }  # fmt: skip
    return {
        "id": note_id, "object": "credit_note", "amount": amount, "amount_shipping": 0, "created": moment,
        "currency": invoice["currency"],
        "customer": invoice["customer"], "customer_account": None, "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [], "effective_at": moment, "invoice": invoice["id"],
        "lines": listed([line], f"/v1/credit_notes/{note_id}/lines"), "livemode": False, "memo": None, "metadata": {},
        "number": number, "out_of_band_amount": None,
        "pdf": f"https://pay.stripe.com/credit_notes/{ACCOUNT}/{note_id}/pdf",
        "post_payment_amount": amount if kind == "post_payment" else 0,
        "pre_payment_amount": amount if kind == "pre_payment" else 0,
        "pretax_credit_amounts": [], "reason": None, "refunds": [], "shipping_cost": None, "status": "issued",
        "subtotal": net,
        "subtotal_excluding_tax": net, "total": amount, "total_excluding_tax": net, "total_taxes": taxes, "type": kind,
        "voided_at": None,
    }  # fmt: skip


def _failures(books: StripeBooks) -> None:
    """Add card attempts that failed before one succeeded: no money came."""
    for charge in list(books.objects["charges"].values())[20::75]:
        moment = charge["created"] - 86_400
        books.add("charges", charge | {
            "id": f"{charge['id'][:-4]}fail", "amount_captured": 0, "balance_transaction": None, "created": moment,
            "paid": False,
            "captured": False, "status": "failed", "failure_code": "card_declined",
            "failure_message": "Your card was declined.",
            "outcome": {"network_status": "declined_by_network", "reason": "generic_decline", "risk_level": "normal",
                        "seller_message": "The bank did not return any further details with this decline.",
                        "type": "issuer_declined"},
            "amount_refunded": 0, "refunded": False,
        })  # fmt: skip


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
        books.add("quotes", {
            "id": quote_id, "object": "quote", "amount_subtotal": row["subtotal"], "amount_total": row["total"],
            "application": None,
            "application_fee_amount": None, "application_fee_percent": None, "collection_method": "send_invoice",
            "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
            "computed": {"recurring": None, "upfront": {"amount_subtotal": row["subtotal"],
                                                        "amount_total": row["total"], "total_details": details}},
            "created": made, "currency": row["currency"], "customer": row["customer"], "customer_account": None,
            "default_tax_rates": [],
            "description": None, "discounts": [], "expires_at": made + 2_592_000, "footer": None, "from_quote": None,
            "header": None,
            "invoice": invoice.id, "invoice_settings": {"days_until_due": invoice.customer.terms,
                                                        "issuer": {"type": "self"}},
            "livemode": False, "metadata": dict(row["metadata"]), "number": f"QT-{number:04d}-1", "on_behalf_of": None,
            "status": "accepted", "status_transitions": {"accepted_at": row["created"], "canceled_at": None,
                                                         "finalized_at": made},
            "subscription": None, "subscription_data": {"billing_mode": {"type": "classic"}, "description": None,
                                                        "effective_date": None,
                                                        "metadata": {}, "trial_period_days": None},
            "subscription_schedule": None, "test_clock": None, "total_details": details, "transfer_data": None,
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


def record_event(
    books: StripeBooks, kind: str, row: dict[str, Any], moment: int, changed: dict[str, Any] | None = None
) -> None:
    """Keep an event with a copy of the object as it is now."""
    books.serial += 1
    copied = dict(row)
    books.add("events", {
        "id": f"evt_1R{books.serial:018d}", "object": "event", "account": None, "api_version": "2026-06-24.dahlia",
        "context": None,
        "created": moment, "data": {"object": copied} | ({"previous_attributes": changed} if changed else {}),
        "livemode": False,
        "pending_webhooks": 0, "request": {"id": None, "idempotency_key": None}, "type": kind,
    })  # fmt: skip
