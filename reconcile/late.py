"""What a late payer owes beside the invoice: statutory interest and the fixed sum of Directive 2011/7/EU.

The rates stand by country and half-year, with their source, in `late_rates.csv`. Days of which no rate is known are not
charged: the sum is then a part of what is owed, never more. A rate that nobody has compared with what was published
(`read_on` is empty) is not charged either.
"""

import csv
import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import NamedTuple

_YEAR = 365  # days over which a yearly rate is spread, leap years included: the smaller claim


class LateRate(NamedTuple):
    """What a country's law allows in a half-year; `rate` in percent a year."""

    country: str
    from_on: dt.date
    to_on: dt.date
    rate: Decimal
    fixed: Decimal
    fixed_currency: str
    source: str
    read_on: dt.date | None


class Claim(NamedTuple):
    """Interest in the invoice's currency, the fixed sum in its own, and the last day that is counted."""

    interest: Decimal
    fixed: Decimal
    fixed_currency: str
    counted_to: dt.date


@cache
def late_rates() -> tuple[LateRate, ...]:
    """Return the table, as it stands in the file."""
    day = dt.date.fromisoformat
    with (files("reconcile") / "late_rates.csv").open(encoding="utf-8") as file:
        return tuple(
            LateRate(r["country"], day(r["from_on"]), day(r["to_on"]), Decimal(r["rate"]), Decimal(r["fixed"]),
                     r["fixed_currency"], r["source"], day(r["read_on"]) if r["read_on"] else None)
            for r in csv.DictReader(file)
        )  # fmt: skip


class Weight(NamedTuple):
    """How much is owed for a due date: percent times days, what the fixed sum is, and the last day that is counted."""

    percent_days: Decimal
    fixed: Decimal
    fixed_currency: str
    counted_to: dt.date


PER_PERCENT_DAYS = 100 * _YEAR  # an amount times its percent_days, divided by this, is the interest


def weight(country: str, due_on: dt.date, today: dt.date) -> Weight | None:
    """Return what a country's law says of a due date, whatever the amount; None where nothing is known.

    Simple interest from the day after the due date to `today`, by half-year.
    """
    percent_days, last, fixed = Decimal(0), None, None
    for rate in late_rates():
        if rate.country != country or rate.read_on is None:
            continue
        first, end = max(due_on + dt.timedelta(days=1), rate.from_on), min(today, rate.to_on)
        if first > end:
            continue
        percent_days += rate.rate * ((end - first).days + 1)
        last, fixed = max(last or end, end), rate
    if last is None or fixed is None:
        return None
    return Weight(percent_days, fixed.fixed, fixed.fixed_currency, last)


def claim(country: str, amount: Decimal, due_on: dt.date, today: dt.date) -> Claim | None:
    """Return what may be claimed in a country for an amount that is open since a due date; None where nothing is known.

    Rounded to cents once, at the end.
    """
    found = weight(country, due_on, today)
    if found is None:
        return None
    interest = (amount * found.percent_days / PER_PERCENT_DAYS).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return Claim(interest, found.fixed, found.fixed_currency, found.counted_to)
