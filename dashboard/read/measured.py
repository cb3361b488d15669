"""Amounts of rows in one currency, or all converted at the rate of the row's day: SQL that several questions share."""

from decimal import Decimal
from typing import NamedTuple

TOTAL = ""  # as currency: all currencies, in the reporting one


class Amount(NamedTuple):
    """A sum of money in its currency."""

    currency: str
    amount: Decimal


def measured(table: str, day: str) -> str:
    """Return a query for the rows of `table` in $currency, each with `rate` into it; none where no rate is known.

    $currency is empty for all currencies in the reporting one, at the rate of column `day`.
    """
    return f"""
    SELECT
        t.*,
        CASE
            WHEN $currency <> '' OR t.currency = s.reporting_currency THEN CAST(1 AS DECIMAL(18, 8))
            ELSE r.rate
        END AS rate
    FROM {table} AS t
    CROSS JOIN settings AS s
    LEFT JOIN day_rates AS r
        ON $currency = ''
        AND r.currency = t.currency
        AND r.on_day = LEAST(t.{day}, s.today)
    WHERE $currency IN ('', t.currency)
    """


def total(amount: str) -> str:
    """Return an expression for the sum of a column of measured rows, to the cent."""
    return f"COALESCE(CAST(SUM(CAST({amount} AS DECIMAL(20, 4)) * rate) AS DECIMAL(18, 2)), 0)"
