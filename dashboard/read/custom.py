"""Custom reports: the records of a page, narrowed as there, each with its invoices; and their sums by a property.

Several deals may share an invoice, and a payment may settle many: in sums each invoice counts once.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from dashboard.read import everything, findings, receivables, sales
from dashboard.read.billed import ANY, PAIRS, Billed, fits, values
from dashboard.read.warehouse import Db, Row, question

MOST = 50_000  # rows of one custom report


@dataclass(frozen=True)
class ToFix:
    """Findings, as on the page To fix."""

    wanted: findings.Wanted

    @property
    def billed(self) -> Billed:
        """Which invoices."""
        return self.wanted.billed

    def relation(self) -> tuple[str, dict[str, Any]]:
        """Return the query for their records, and its values."""
        return findings.relation(self.wanted)


@dataclass(frozen=True)
class Records:
    """All records, as on Reconciliation → Everything."""

    text: str = ""
    stage: str = ""
    billed: Billed = ANY

    def relation(self) -> tuple[str, dict[str, Any]]:
        """Return the query for them, and its values."""
        return everything.relation(self.text, self.stage, self.billed)


@dataclass(frozen=True)
class Sold:
    """Deals won in a period, or (by customer) its invoices, as on the page Sales."""

    start: dt.date
    until: dt.date
    currency: str
    by: str = "owner"
    billed: Billed = ANY

    def relation(self) -> tuple[str, dict[str, Any]]:
        """Return the query for them, and its values."""
        return sales.relation(self.start, self.until, self.currency, self.by, self.billed)


@dataclass(frozen=True)
class Owed:
    """Open invoices, as on the page Receivables."""

    currency: str
    bucket: str = ""
    billed: Billed = ANY

    def relation(self) -> tuple[str, dict[str, Any]]:
        """Return the query for them, and its values."""
        return receivables.relation(self.currency, self.bucket, self.billed)


Asked = ToFix | Records | Sold | Owed

_ASKED = f"""
WITH records AS ({{records}}),
joined AS (
    SELECT r.*, p.* EXCLUDE (of_table, vendor, id)
    FROM records AS r
    LEFT JOIN ({PAIRS}) AS p ON p.of_table = r.of_table AND p.vendor = r.vendor AND p.id = r.id
),
asked AS (SELECT * FROM joined WHERE {{fits}})
"""
_ROWS = """
SELECT * FROM asked
ORDER BY on_day DESC NULLS LAST, of_table, vendor, id, note, due_on, number, invoice_vendor, invoice_id
LIMIT $limit
"""
# $property is a property, or empty for all together. Amounts fall into bands of the invoice's own currency.
_SUMS = """,
keyed AS (
    SELECT
        *,
        invoice_id IS NULL AS is_without,
        COALESCE(invoice_currency, currency) AS in_currency,
        CASE
            WHEN invoice_id IS NULL THEN NULL
            WHEN $property = 'recipient' THEN recipient
            WHEN $property = 'number' THEN number
            WHEN $property = 'state' THEN invoice_state
            WHEN $property = 'due' THEN strftime(due_on, '%Y-%m')
            WHEN $property = 'amount' THEN CASE
                WHEN billed < 0 THEN '0'
                WHEN billed < 100 THEN '1'
                WHEN billed < 1000 THEN '2'
                WHEN billed < 10000 THEN '3'
                WHEN billed < 100000 THEN '4'
                ELSE '5'
            END
        END AS key
    FROM asked
),
counted AS (
    SELECT key, is_without, in_currency, COUNT(DISTINCT (of_table, vendor, id)) AS records
    FROM keyed
    GROUP BY key, is_without, in_currency
),
once AS (
    SELECT DISTINCT key, is_without, in_currency, invoice_vendor, invoice_id, billed, still_open
    FROM keyed
    WHERE is_counted
),
summed AS (
    SELECT key, is_without, in_currency, COUNT(*) AS invoices, SUM(billed) AS billed, SUM(still_open) AS still_open
    FROM once
    GROUP BY key, is_without, in_currency
)
SELECT
    c.key, c.is_without, c.in_currency AS currency, c.records, COALESCE(u.invoices, 0) AS invoices,
    COALESCE(u.billed, 0) AS billed, COALESCE(u.still_open, 0) AS still_open
FROM counted AS c
CROSS JOIN settings AS s
LEFT JOIN summed AS u
    ON u.key IS NOT DISTINCT FROM c.key
    AND u.is_without = c.is_without
    AND u.in_currency IS NOT DISTINCT FROM c.in_currency
ORDER BY
    c.is_without,
    CASE WHEN $property IN ('amount', 'due') THEN c.key END NULLS LAST,
    CASE WHEN c.in_currency = s.reporting_currency THEN 0 ELSE 1 END,
    c.in_currency NULLS LAST,
    u.billed DESC NULLS LAST,
    c.key
"""


def _query(asked: Asked) -> tuple[str, dict[str, Any]]:
    records, said = asked.relation()
    return _ASKED.replace("{records}", records).replace("{fits}", fits(asked.billed)), said | values(asked.billed)


@question
def rows(db: Db, asked: Asked, most: int = MOST) -> list[Row]:
    """Return the records, latest first, a row for each of their invoices that is asked for; amounts as they are.

    `amount` is the record's own in `currency`; `billed` and `still_open` are the invoice's in `invoice_currency`.
    """
    query, said = _query(asked)
    return db.rows(query + _ROWS, **said, limit=most)


@question
def sums(db: Db, asked: Asked, by: str = "") -> list[Row]:
    """Return by property and currency how many records and invoices that stand, what they bill and what is open.

    `key` is a name, number, state, month (2026-11) or band (0 to 5: below 0, 100, 1,000, 10,000, 100,000, more);
    `is_without` marks records without an invoice.
    """
    query, said = _query(asked)
    return db.rows(query + _SUMS, **said, property=by)
