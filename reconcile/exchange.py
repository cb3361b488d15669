"""What a foreign invoice's currency is worth in the company's own on the day of issue; printed on it, kept with it."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from reconcile.action import Caution, Need, Sentence
from reconcile.facts import Facts
from reconcile.rates import OLDEST

_DIGITS = Decimal("0.000001")  # of a rate; the European Central Bank publishes four or five
_PUBLISHED = (
    "SELECT rate, on_date FROM rates WHERE currency = ? AND on_date <= ? "
    "AND on_date >= CAST(? AS DATE) - CAST(? AS INTEGER) ORDER BY on_date DESC LIMIT 1"
)


class Exchange(NamedTuple):
    """Units of `into` for one of the invoice's currency, and who says so."""

    rate: Decimal
    into: str
    source: str


def exchange(
    currency: str | None, facts: Facts, given: Mapping[str, str], needs: list[Need], cautions: list[Caution]
) -> Exchange | None:
    """Return the rate of an invoice: as typed in, else as published for the day; None at home, or where none is known.

    Where rates are kept and none is of this currency or of these days, it is asked for; where nobody keeps rates, said.
    """
    into = facts.settings.company.reporting_currency
    if not currency or currency == into:
        return None
    if typed_in := given.get("fx_rate"):
        try:
            rate = Decimal(typed_in.replace(",", "."))
            if rate > 0:
                return Exchange(rate, into, "")
        except InvalidOperation:
            pass
        needs.append(_need("{value} is no exchange rate: say how many {into} one {currency} is worth.", currency, into,
                           typed_in))  # fmt: skip
        return None
    of_euro, into_euro = (_per_euro(c, facts) for c in (currency, into))
    if of_euro and into_euro:
        day = min(d for _, d in (of_euro, into_euro) if d) if of_euro[1] or into_euro[1] else str(facts.today)
        return Exchange((into_euro[0] / of_euro[0]).quantize(_DIGITS).normalize(), into, f"ECB {day}")
    if facts.one("SELECT 1 AS kept FROM rates LIMIT 1"):
        needs.append(_need("No exchange rate of these days is known: say how many {into} one {currency} is worth.",
                           currency, into))  # fmt: skip
        return None
    cautions.append(Caution(code="no_exchange_rate", says=Sentence(
        text="No exchange rates are kept: the invoice in {currency} goes out without its worth in {into}.",
        values={"currency": currency, "into": into})))  # fmt: skip
    return None


def _need(text: str, currency: str, into: str, value: str = "") -> Need:
    says = Sentence(text=text, values={"currency": currency, "into": into, "value": value})
    return Need(name="fx_rate", says=says, value=value or None)


def _per_euro(currency: str, facts: Facts) -> tuple[Decimal, str] | None:
    """Return units for one euro and of which day, empty for the euro itself."""
    if currency == "EUR":
        return Decimal(1), ""
    found = facts.one(_PUBLISHED, currency, facts.today, facts.today, OLDEST)
    return (found["rate"], str(found["on_date"])) if found and found["rate"] > 0 else None
