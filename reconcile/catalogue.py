"""Products of billing that a person adds to an invoice; their price and tax come with them and may be changed."""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from extract.model import LineDraft
from reconcile.action import Need, Sentence
from reconcile.facts import Facts, Record

ADDED = "products"  # the keyword under which they are given: a JSON list of `Added`


class Added(BaseModel):
    """A product to add. What is left out is as the catalogue says."""

    model_config = ConfigDict(extra="forbid")

    id: str
    quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = None  # in the invoice's currency
    tax_rate: Decimal | None = None  # in percent


def products(facts: Facts) -> list[Record]:
    """Return what billing sells, by name."""
    return facts.all(
        "SELECT * FROM products WHERE vendor = ? AND COALESCE(is_active, TRUE) ORDER BY LOWER(name), sku, id",
        facts.billing,
    )


def added(
    currency: str | None, rate: Decimal | None, facts: Facts, given: Mapping[str, str], needs: list[Need]
) -> list[LineDraft]:
    """Return the lines of the products that a person added; `rate` is the tax where neither they nor billing say one.

    A price of another currency is never taken for one of the invoice's: it is asked for.
    """
    made = []
    for wish in _wishes(given, needs):
        found = facts.one("SELECT * FROM products WHERE vendor = ? AND id = ?", facts.billing, wish.id)
        if found is None:
            says = Sentence(text="Billing has no such product any more: take it away or pick another.")
            needs.append(Need(name=ADDED, value=wish.id, says=says))
            continue
        price = wish.unit_price
        if price is None and found["currency"] == currency:
            price = found["unit_price"]
        if price is None or wish.quantity <= 0:
            says = Sentence(text="{product}: say how many, and the price of one in {currency}.",
                            values={"product": found["name"] or wish.id, "currency": currency or "—"})  # fmt: skip
            needs.append(Need(name=ADDED, value=found["name"], says=says))
            continue
        tax = next((t for t in (wish.tax_rate, found["tax_rate"], rate) if t is not None), None)
        made.append(LineDraft(description=found["name"] or found["sku"] or wish.id, quantity=wish.quantity,
                              unit_price=price, tax_rate=tax, sku=found["sku"]))  # fmt: skip
    return made


def _wishes(given: Mapping[str, str], needs: list[Need]) -> list[Added]:
    try:
        listed: Any = json.loads(given.get(ADDED) or "[]", parse_float=Decimal)
        return [Added.model_validate(one) for one in listed]
    except (ValueError, ValidationError, InvalidOperation, TypeError):
        needs.append(Need(name=ADDED, says=Sentence(text="The added products cannot be read: add them again.")))
        return []
