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
