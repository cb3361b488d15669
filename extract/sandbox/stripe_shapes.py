"""Stripe's objects with nothing in them yet, and the sums on an invoice, exact in integers."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

ACCOUNT = "acct_1RFaroNorteSandbox"


def listed(rows: list[Any], url: str, has_more: bool = False) -> dict[str, Any]:
    """Return Stripe's list object."""
    return {"object": "list", "data": rows, "has_more": has_more, "url": url}


def blank_customer(customer_id: str, created: int) -> dict[str, Any]:
    """Return a customer without any data."""
    return {
        "id": customer_id, "object": "customer", "address": None, "balance": 0, "business_name": None,
        "created": created,
        "currency": None, "customer_account": None, "default_source": None, "delinquent": False, "description": None,
        "discount": None,
        "email": None, "individual_name": None, "invoice_prefix": customer_id[-8:].upper(),
        "invoice_settings": {"custom_fields": None, "default_payment_method": None, "footer": None,
                             "rendering_options": None},
        "livemode": False, "metadata": {}, "name": None, "next_invoice_sequence": 1, "phone": None,
        "preferred_locales": [],
        "shipping": None, "tax_exempt": "none", "test_clock": None,
    }  # fmt: skip


def blank_invoice(invoice_id: str, created: int) -> dict[str, Any]:
    """Return a draft invoice of no amount."""
    return {
        "id": invoice_id, "object": "invoice", "account_country": "ES", "account_name": "Faro Norte Sistemas",
        "account_tax_ids": None,
        "amount_due": 0, "amount_overpaid": 0, "amount_paid": 0, "amount_paid_off_stripe": 0, "amount_remaining": 0,
        "amount_shipping": 0, "application": None, "attempt_count": 0, "attempted": False, "auto_advance": False,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None, "provider": None,
                          "status": None},
        "automatically_finalizes_at": None, "billing_reason": "manual", "collection_method": "charge_automatically",
        "created": created,
        "currency": "eur", "custom_fields": None, "customer": None, "customer_account": None, "customer_address": None,
        "customer_email": None, "customer_name": None, "customer_phone": None, "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [], "default_payment_method": None, "default_source": None, "default_tax_rates": [],
        "description": None,
        "discounts": [], "due_date": None, "effective_at": None, "ending_balance": None, "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None, "invoice_pdf": None, "issuer": {"type": "self"}, "last_finalization_error": None,
        "latest_revision": None, "lines": listed([], f"/v1/invoices/{invoice_id}/lines"), "livemode": False,
        "metadata": {},
        "next_payment_attempt": None, "number": None, "on_behalf_of": None, "parent": None,
        "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        "period_end": created, "period_start": created, "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None, "rendering": None, "shipping_cost": None, "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None, "status": "draft",
        "status_transitions": {"finalized_at": None, "marked_uncollectible_at": None, "paid_at": None,
                               "voided_at": None},
        "subtotal": 0, "subtotal_excluding_tax": 0, "test_clock": None, "total": 0, "total_discount_amounts": [],
        "total_excluding_tax": 0, "total_pretax_credit_amounts": [], "total_taxes": [],
        "webhooks_delivered_at": created,
    }  # fmt: skip


def blank_quote(quote_id: str, created: int) -> dict[str, Any]:
    """Return a draft quote of no amount, which can be accepted for thirty days."""
    details = {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}
    return {
        "id": quote_id, "object": "quote", "amount_subtotal": 0, "amount_total": 0, "application": None,
        "application_fee_amount": None, "application_fee_percent": None, "collection_method": "charge_automatically",
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "computed": {"recurring": None,
                     "upfront": {"amount_subtotal": 0, "amount_total": 0, "total_details": details}},
        "created": created, "currency": None, "customer": None, "customer_account": None, "default_tax_rates": [],
        "description": None, "discounts": [], "expires_at": created + 2_592_000, "footer": None, "from_quote": None,
        "header": None, "invoice": None,
        "invoice_settings": {"days_until_due": None, "issuer": {"type": "self"}},
        "livemode": False, "metadata": {}, "number": None, "on_behalf_of": None, "status": "draft",
        "status_transitions": {"accepted_at": None, "canceled_at": None, "finalized_at": None},
        "subscription": None,
        "subscription_data": {"billing_mode": {"type": "classic"}, "description": None, "effective_date": None,
                              "metadata": {}, "trial_period_days": None},
        "subscription_schedule": None, "test_clock": None, "total_details": details, "transfer_data": None,
    }  # fmt: skip


def blank_line(line_id: str, invoice_id: str, currency: str, created: int) -> dict[str, Any]:
    """Return an invoice line of no amount."""
    return {
        "id": line_id, "object": "line_item", "amount": 0, "currency": currency, "description": None,
        "discount_amounts": [],
        "discountable": True, "discounts": [], "invoice": invoice_id, "livemode": False, "metadata": {}, "parent": None,
        "period": {"end": created, "start": created}, "pretax_credit_amounts": [], "pricing": None, "quantity": 1,
        "quantity_decimal": "1", "subscription": None, "subtotal": 0, "taxes": [],
    }  # fmt: skip


def totals(invoice: dict[str, Any], credited: int = 0) -> None:
    """Add up the lines: subtotal, discounts, one entry per tax rate, total, and what is due.

    Inclusive taxes are already in a line's amount; exclusive ones come on top.
    """
    lines = invoice["lines"]["data"]
    subtotal = sum(line["amount"] for line in lines)
    discounts: dict[str, int] = {}
    taxes: dict[tuple[str, str], dict[str, Any]] = {}
    for line in lines:
        for entry in line["discount_amounts"]:
            discounts[entry["discount"]] = discounts.get(entry["discount"], 0) + entry["amount"]
        for tax in line["taxes"]:
            key = tax["tax_rate_details"]["tax_rate"], tax["tax_behavior"]
            known = taxes.setdefault(key, tax | {"amount": 0, "taxable_amount": 0})
            known["amount"] += tax["amount"]
            known["taxable_amount"] += tax["taxable_amount"] or 0
    inside = sum(t["amount"] for t in taxes.values() if t["tax_behavior"] == "inclusive")
    on_top = sum(t["amount"] for t in taxes.values() if t["tax_behavior"] == "exclusive")
    less = sum(discounts.values())
    total = subtotal - less + on_top
    invoice |= {
        "subtotal": subtotal, "subtotal_excluding_tax": subtotal - inside, "total": total,
        "total_excluding_tax": total - on_top - inside, "total_taxes": list(taxes.values()),
        "total_discount_amounts": [{"amount": a, "discount": d} for d, a in discounts.items()],
        "amount_due": max(0, total - credited), "amount_remaining": max(0, total - credited),
    }  # fmt: skip


def tax_on(amount: int, percentage: Decimal, inclusive: bool) -> tuple[int, int]:
    """Return (tax, taxable amount) of a line of `amount` minor units; half a cent goes up."""
    if inclusive:
        taxable = Decimal(amount) * 100 / (100 + percentage)
        whole = int(taxable.quantize(Decimal(1), ROUND_HALF_UP))
        return amount - whole, whole
    return int((Decimal(amount) * percentage / 100).quantize(Decimal(1), ROUND_HALF_UP)), amount


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
