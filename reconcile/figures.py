"""Computes the figures: every file of figures/ defines one, and nothing else does.

A figure returns period_start, period_end, dimension, key, currency, value, unit. Money is given in each currency;
totals in the reporting currency are made here at the day's rate, with unit `reporting_money`; what has no rate is not
in them and has unit `left_out`. Figures for any period are sums over the tables of figures/rows/, which say of each
deal, invoice and payment what it adds to which step on which day.
"""

from collections.abc import Callable
from pathlib import Path

import duckdb

from extract.model import TABLES
from reconcile.sqlfile import Query, queries
from reconcile.warehouse import comment, create, fill

FOLDER = Path(__file__).parent / "figures"
ROWS = FOLDER / "rows"
SUMMARIES = Path(__file__).parent / "summaries"

FIGURES = {
    "name": ("VARCHAR", "figure"),
    "period_start": ("DATE", "first day; empty for a figure as of period_end"),
    "period_end": ("DATE", "last day, today at the latest"),
    "dimension": ("VARCHAR", "what it is divided by: total, day, week, month, bucket, owner, part, back_test"),
    "key": ("VARCHAR", "which bucket, owner or month; empty for a total or a week"),
    "currency": ("VARCHAR", "ISO 4217 currency of a sum of money, empty otherwise"),
    "value": ("DECIMAL(18,4)", "the figure"),
    "unit": (
        "VARCHAR",
        "money (in currency), reporting_money (all converted), left_out (of it, no rate), days, count or share",
    ),
}

_RESTS_ON = {"rests_on": ("VARCHAR", "canonical tables it is made from, apart by commas")}

# A sum is converted at the rate of its period's last day, a forecast at today's. What has no rate that day is left out
# of the total and stands beside it, in its own currency: never a guess, never silently.
_CONVERT = """
INSERT INTO figures BY NAME
WITH parts AS (
    SELECT
        f.*,
        CASE WHEN f.currency = s.reporting_currency THEN CAST(1 AS DECIMAL(18, 8)) ELSE r.rate END AS rate,
        s.reporting_currency
    FROM figures AS f
    CROSS JOIN settings AS s
    LEFT JOIN day_rates AS r ON r.currency = f.currency AND r.on_day = LEAST(f.period_end, s.today)
    WHERE f.unit = 'money'
)
SELECT
    p.name,
    p.period_start,
    p.period_end,
    p.dimension,
    p.key,
    MAX(p.reporting_currency) AS currency,
    CAST(SUM(CAST(p.value AS DECIMAL(20, 4)) * p.rate) AS DECIMAL(18, 4)) AS value,
    'reporting_money' AS unit
FROM parts AS p
WHERE p.rate IS NOT NULL
GROUP BY p.name, p.period_start, p.period_end, p.dimension, p.key
UNION ALL BY NAME
SELECT p.name, p.period_start, p.period_end, p.dimension, p.key, p.currency, p.value, 'left_out' AS unit
FROM parts AS p
WHERE p.rate IS NULL AND p.value <> 0
"""


def compute(
    db: duckdb.DuckDBPyConnection, progress: Callable[[str], None] | None = None, folder: Path = FOLDER
) -> None:
    """Create table `figures` (and `figure_definitions`, the words of their headers) from the summaries."""
    for query in queries(ROWS):
        if progress:
            progress(query.name)
        db.execute(f"CREATE TABLE {query.name} AS {query.sql}")
        describe(db, query)
    create(db, "figures", "Every business figure, computed in one place.", FIGURES)
    words = {key: ("VARCHAR", key) for key in ("name", "title", "formula", "why")}
    create(db, "figure_definitions", "What each figure means.", words | _RESTS_ON)
    rests_on, defined = _rests_on(), []
    for query in queries(folder):
        if progress:
            progress(query.name)
        db.execute(
            f"""INSERT INTO figures BY NAME SELECT ? AS name, f.* REPLACE (CAST(f.value AS DECIMAL(18,4)) AS value)
            FROM ({query.sql}) AS f""",
            [query.name],
        )
        said = {key: query.header.get(key, "") for key in ("title", "formula", "why")}
        grounds = ", ".join(sorted(rests_on(query.header["reads"])))
        defined.append({"name": query.name, **said, **dict.fromkeys(_RESTS_ON, grounds)})
    fill(db, "figure_definitions", words | _RESTS_ON, defined)
    db.execute(_CONVERT)


def _tables() -> list[str]:
    return [*(query.name for query in queries(ROWS)), "figures", "figure_definitions"]


def there(db: duckdb.DuckDBPyConnection, database: str) -> bool:
    """Return whether an attached database holds all tables of the figures."""
    asked = "SELECT table_name FROM duckdb_tables() WHERE database_name = ?"
    return set(_tables()) <= {name for (name,) in db.execute(asked, [database]).fetchall()}


def take_over(db: duckdb.DuckDBPyConnection, database: str) -> None:
    """Create the tables of the figures as an attached database has them."""
    for name in _tables():
        db.execute(f"CREATE TABLE {name} AS FROM {database}.{name}")


def drop(db: duckdb.DuckDBPyConnection) -> None:
    """Remove the tables of the figures."""
    for name in _tables():
        db.execute(f"DROP TABLE {name}")


def describe(db: duckdb.DuckDBPyConnection, query: Query) -> None:
    """Put the title of a table on it and, from the lines under `columns` of its header, a word on each column."""
    described = db.execute(f"DESCRIBE {query.name}").fetchall()
    comment(db, query.name, query.header["title"], {name: (kind, query.header[name]) for name, kind, *_ in described})


def _rests_on() -> Callable[[str], set[str]]:
    """Return a function that says which canonical tables a header's `reads` comes down to."""
    made = {q.name: q.header["reads"] for q in [*queries(SUMMARIES), *queries(ROWS)]}

    def grounds(reads: str) -> set[str]:
        found: set[str] = set()
        for name in (part.strip() for part in reads.split(",")):
            found |= grounds(made[name]) if name in made else {name} & set(TABLES)
        return found

    return grounds
