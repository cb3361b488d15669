"""Computes the figures: every file of figures/ defines one, and nothing else does.

A figure returns period_start, period_end, dimension, key, currency, value, unit. Money is given in each currency;
totals in the reporting currency are made here, where the rate of every part is known, with unit `reporting_money`.
"""

from collections.abc import Callable
from pathlib import Path

import duckdb

from reconcile.sqlfile import queries
from reconcile.warehouse import create

FOLDER = Path(__file__).parent / "figures"

FIGURES = {
    "name": ("VARCHAR", "figure"),
    "period_start": ("DATE", "first day; empty for a figure as of period_end"),
    "period_end": ("DATE", "last day, today at the latest"),
    "dimension": ("VARCHAR", "what it is divided by: total, week, month, bucket, owner"),
    "key": ("VARCHAR", "which bucket, owner or month; empty for a total or a week"),
    "currency": ("VARCHAR", "ISO 4217 currency of a sum of money, empty otherwise"),
    "value": ("DECIMAL(18,4)", "the figure"),
    "unit": ("VARCHAR", "money (in currency), reporting_money (all currencies converted), days or count"),
}

# A sum is converted at the rate of its period's last day. If one of the figure's currencies has no rate that day there
# is no total at all: a sum that silently leaves money out would be wrong.
_CONVERT = """
INSERT INTO figures BY NAME
WITH parts AS (
    SELECT
        f.*,
        r.rate,
        COUNT(CASE WHEN r.rate IS NULL THEN 1 END) OVER (PARTITION BY f.dimension, f.period_end) AS without_rate
    FROM figures AS f
    LEFT JOIN period_rates AS r ON r.currency = f.currency AND r.on_day = f.period_end
    WHERE f.name = ? AND f.unit = 'money'
)
SELECT
    p.name,
    p.period_start,
    p.period_end,
    p.dimension,
    p.key,
    MAX(s.reporting_currency) AS currency,
    CAST(SUM(CAST(p.value AS DECIMAL(20, 4)) * p.rate) AS DECIMAL(18, 4)) AS value,
    'reporting_money' AS unit
FROM parts AS p
CROSS JOIN settings AS s
WHERE p.without_rate = 0
GROUP BY p.name, p.period_start, p.period_end, p.dimension, p.key
"""


def compute(
    db: duckdb.DuckDBPyConnection, progress: Callable[[str], None] | None = None, folder: Path = FOLDER
) -> None:
    """Create table `figures` (and `figure_definitions`, the words of their headers) from the summaries."""
    create(db, "figures", "Every business figure, computed in one place.", FIGURES)
    words = {key: ("VARCHAR", key) for key in ("name", "title", "formula", "why")}
    create(db, "figure_definitions", "What each figure means.", words)
    for query in queries(folder):
        if progress:
            progress(query.name)
        db.execute(
            f"""INSERT INTO figures BY NAME SELECT ? AS name, f.* REPLACE (CAST(f.value AS DECIMAL(18,4)) AS value)
            FROM ({query.sql}) AS f""",
            [query.name],
        )
        db.execute(_CONVERT, [query.name])
        said = [query.header.get(key, "") for key in ("title", "formula", "why")]
        db.execute("INSERT INTO figure_definitions VALUES (?, ?, ?, ?)", [query.name, *said])
