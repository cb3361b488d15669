"""Mapping of the lines of invoices, credit notes and quotes to rows of `lines`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from extract.values import major
from extract.vendor import Item
from extract.vendors.stripe.documents import rate_id
from extract.vendors.stripe.objects import id_of


def invoice_line(line: Item, at: int, invoice: str, currency: str, rates: Mapping[str, Any]) -> Item:
    """Return the row of an invoice's line; `rates` are the percentages of its tax rates by id."""
    amount, quantity, taxes = line["amount"], line.get("quantity_decimal") or line.get("quantity"), line.get("taxes")
    off = sum(d["amount"] for d in line.get("discount_amounts") or [])
    inside = sum(t["amount"] for t in taxes or [] if t.get("tax_behavior") == "inclusive")
    pricing = line.get("pricing") or {}
    unit = pricing.get("unit_amount_decimal")
    if unit is None and quantity and Decimal(quantity):
        unit = Decimal(amount) / Decimal(quantity)
    known = [Decimal(rates[i]) for t in taxes or [] if (i := rate_id(t) or "") in rates]
    return {
        "id": line["id"],
        "document": "invoice",
        "document_id": invoice,
        "position": at,
        "sku": (line.get("metadata") or {}).get("sku"),
        "product_id": id_of((pricing.get("price_details") or {}).get("product")),
        "description": line.get("description"),
        "quantity": quantity,
        "unit_price": _rounded(major(unit, currency)),
        "discount_rate": _percent(off, amount) if off else None,
        "tax_rate": sum(known) if known else (Decimal(0) if taxes == [] else None),
        "net": major(amount - off - inside, currency),
        "currency": currency.upper(),
    }


def credit_line(line: Item, at: int, note: str, currency: str) -> Item:
    """Return the row of a credit note's line, negative."""
    inside = sum(t["amount"] for t in line.get("taxes") or [] if t.get("tax_behavior") == "inclusive")
    rates = [Decimal(r["percentage"]) for r in line.get("tax_rates") or []]
    unit = line.get("unit_amount_decimal") or line.get("unit_amount")
    return {
        "id": line["id"],
        "document": "invoice",
        "document_id": note,
        "position": at,
        "description": line.get("description"),
        "quantity": line.get("quantity"),
        "unit_price": _rounded(major(unit and -Decimal(unit), currency)),
        "tax_rate": sum(rates) if rates else None,
        "net": major(-(line["amount"] - (line.get("discount_amount") or 0) - inside), currency),
        "currency": currency.upper(),
    }


def quote_line(line: Item, at: int, quote: str) -> Item:
    """Return the row of a quote's line."""
    price, currency = line.get("price") or {}, line["currency"]
    off = line.get("amount_discount") or 0
    unit = price.get("unit_amount_decimal") or price.get("unit_amount")
    taxes = line.get("taxes")  # none: not told
    rates = [Decimal(str(tax["rate"]["percentage"])) for tax in taxes or [] if not tax["rate"].get("inclusive")]
    return {
        "id": line["id"],
        "document": "quote",
        "document_id": quote,
        "position": at,
        "product_id": id_of(price.get("product")),
        "description": line.get("description"),
        "quantity": line.get("quantity"),
        "unit_price": _rounded(major(unit, currency)),
        "discount_rate": _percent(off, line["amount_subtotal"]) if off else None,
        "tax_rate": None if taxes is None else sum(rates, Decimal(0)),
        "net": major(line["amount_subtotal"] - off, currency),
        "currency": currency.upper(),
    }


def _percent(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / Decimal(whole) * 100).quantize(Decimal("0.0001")) if whole else None


def _rounded(amount: Decimal | None) -> Decimal | None:
    """Return a unit price with the four decimals that money has here; Stripe keeps up to twelve."""
    return amount if amount is None else amount.quantize(Decimal("0.0001"))
