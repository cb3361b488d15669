"""Questions about figures. They are defined in reconcile/figures and only looked up here."""

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from dashboard.read.warehouse import Db, Row, question

MONEY, CONVERTED = "money", "reporting_money"


class Point(NamedTuple):
    """A figure of one week; `start` is empty for a figure as of `end`."""

    start: dt.date | None
    end: dt.date
    value: Decimal


@question
def currencies(db: Db) -> list[str]:
    """Return the currencies that figures are in, the reporting currency first, then by how much is won in them."""
    rows = db.rows(
        """
        SELECT f.currency, MAX(f.currency = s.reporting_currency) AS is_ours, SUM(f.name = 'won') AS told,
            COUNT(*) FILTER (WHERE f.value <> 0) AS found
        FROM figures AS f CROSS JOIN settings AS s
        WHERE f.unit = 'money' AND f.currency <> ''
        GROUP BY f.currency
        ORDER BY is_ours DESC, found DESC, f.currency
        """
    )
    return [row["currency"] for row in rows]


@question
def weeks(db: Db, name: str, currency: str, unit: str = MONEY, most: int = 53) -> list[Point]:
    """Return a figure week by week, the current week last."""
    rows = db.rows(
        """
        SELECT period_start, period_end, value
        FROM figures
        WHERE name = $name AND dimension = 'week' AND unit = $unit AND COALESCE(currency, '') = $currency
        ORDER BY period_end DESC
        LIMIT $most
        """,
        name=name,
        unit=unit,
        currency=currency,
        most=most,
    )
    return [Point(r["period_start"], r["period_end"], r["value"]) for r in reversed(rows)]


@question
def parts(db: Db, name: str, dimension: str, currency: str, unit: str = MONEY) -> dict[str, Decimal]:
    """Return what a figure is divided into, by key."""
    rows = db.rows(
        """
        SELECT key, value
        FROM figures
        WHERE name = $name AND dimension = $dimension AND unit = $unit AND COALESCE(currency, '') = $currency
        """,
        name=name,
        dimension=dimension,
        currency=currency,
        unit=unit,
    )
    return {row["key"]: row["value"] for row in rows}


@question
def now(db: Db, name: str) -> tuple[tuple[str, Decimal], ...]:
    """Return the latest value of a sum of money in each currency that has some, the reporting currency first."""
    rows = db.rows(
        """
        SELECT f.currency, f.value
        FROM figures AS f CROSS JOIN settings AS s
        WHERE f.name = $name AND f.unit = 'money' AND f.dimension IN ('week', 'total') AND f.value <> 0
        QUALIFY f.period_end = MAX(f.period_end) OVER ()
        ORDER BY f.currency <> s.reporting_currency, f.currency
        """,
        name=name,
    )
    return tuple((row["currency"], row["value"]) for row in rows)


@question
def definitions(db: Db) -> dict[str, Row]:
    """Return title, formula and why of each figure, by name."""
    return {row["name"]: row for row in db.rows("SELECT * FROM figure_definitions")}


@question
def has_total(db: Db) -> bool:
    """Return whether every currency has a rate, so that totals in the reporting currency exist."""
    told = "SELECT COUNT(*) FROM figures WHERE unit = 'reporting_money' AND name = 'receivables'"
    return bool(db.one(told)) and bool(db.one("SELECT COUNT(*) FROM rates"))
