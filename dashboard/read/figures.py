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
    """Return whether there are several currencies and a rate, so that there is a total in the reporting currency."""
    told = "SELECT COUNT(DISTINCT f.currency) FROM figures AS f WHERE f.unit = 'money' AND f.currency <> ''"
    return db.one(told) > 1 and bool(db.one("SELECT COUNT(*) FROM day_rates"))


@question
def rates(db: Db) -> list[Row]:
    """Return for each currency the last rate that totals are made with: currency, rate (ours for one), day, source.

    rate is empty where none is known on the last day.
    """
    return db.rows(
        """
        WITH used AS (SELECT DISTINCT f.currency FROM figures AS f WHERE f.unit = 'money' AND f.currency <> '')
        SELECT u.currency, r.rate, r.published_on, r.source, s.reporting_currency
        FROM used AS u
        CROSS JOIN settings AS s
        LEFT JOIN day_rates AS r ON r.currency = u.currency AND r.on_day = s.today
        WHERE u.currency <> s.reporting_currency
        ORDER BY u.currency
        """
    )


@question
def left_out(db: Db, name: str) -> tuple[tuple[str, Decimal], ...]:
    """Return what the last converted total of a figure does not hold, for want of a rate, by currency."""
    rows = db.rows(
        """
        SELECT f.currency, SUM(f.value) AS value
        FROM figures AS f
        WHERE f.name = $name AND f.unit = 'left_out'
        AND f.period_end = (SELECT MAX(g.period_end) FROM figures AS g WHERE g.name = $name)
        AND f.dimension = (SELECT MIN(g.dimension) FROM figures AS g WHERE g.name = $name AND g.unit = 'left_out')
        GROUP BY f.currency
        ORDER BY f.currency
        """,
        name=name,
    )
    return tuple((row["currency"], row["value"]) for row in rows)


@question
def never_converted(db: Db, name: str, key: str) -> tuple[tuple[str, Decimal], ...]:
    """Return what no converted total of a figure's key holds, for want of a rate, over all periods by currency."""
    rows = db.rows(
        """
        SELECT f.currency, SUM(f.value) AS value
        FROM figures AS f
        WHERE f.name = $name AND f.unit = 'left_out' AND f.key = $key
        GROUP BY f.currency
        ORDER BY f.currency
        """,
        name=name,
        key=key,
    )
    return tuple((row["currency"], row["value"]) for row in rows)


@question
def months(db: Db, name: str, currency: str, unit: str = "days") -> list[Point]:
    """Return a figure at the end of each month, this month so far last."""
    rows = db.rows(
        """
        SELECT period_start, period_end, value
        FROM figures
        WHERE name = $name AND dimension = 'month' AND unit = $unit AND COALESCE(currency, '') = $currency
        ORDER BY period_end
        """,
        name=name,
        unit=unit,
        currency=currency,
    )
    return [Point(r["period_start"], r["period_end"], r["value"]) for r in rows]


@question
def series(db: Db, name: str, currency: str, unit: str = MONEY) -> list[Row]:
    """Return all of a figure in a currency: period_start, period_end, dimension, key, value, in order."""
    return db.rows(
        """
        SELECT period_start, period_end, dimension, key, value
        FROM figures
        WHERE name = $name AND unit = $unit AND COALESCE(currency, '') = $currency
        ORDER BY dimension, period_start, key
        """,
        name=name,
        currency=currency,
        unit=unit,
    )


@question
def grounds(db: Db) -> dict[str, list[Row]]:
    """Return on which sources each figure rests: vendor, completed_at (UTC, empty if never) and error, by figure."""
    rows = db.rows(
        """
        SELECT DISTINCT d.name, s.vendor, s.completed_at, s.error
        FROM figure_definitions AS d
        JOIN sources AS s ON list_contains(string_split(d.rests_on, ', '), s.table_name)
        ORDER BY d.name, s.vendor
        """
    )
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["name"], []).append(row)
    return found
