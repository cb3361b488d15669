"""Questions about what customers owe: open invoices by age, how each customer pays, what is expected to come."""

from typing import Any

from dashboard.read.billed import ANY, Billed, values, within
from dashboard.read.few import look_up
from dashboard.read.warehouse import Db, Row, question

PAGE = 50
BUCKETS = ("not_due", "1_30", "31_60", "61_90", "90_plus")

_OPEN = """
WITH shown AS (
    SELECT
        i.*, i.rowid AS row,
        CASE
            WHEN i.days_overdue <= 0 THEN 'not_due'
            WHEN i.days_overdue <= 30 THEN '1_30'
            WHEN i.days_overdue <= 60 THEN '31_60'
            WHEN i.days_overdue <= 90 THEN '61_90'
            ELSE '90_plus'
        END AS bucket
    FROM invoice_summary AS i
    WHERE i.open_amount <> 0
    AND $currency IN ('', i.currency)
    AND {billed}
),
asked AS (SELECT * FROM shown WHERE $bucket IN ('', bucket))
"""


_LATEST = "a.days_overdue DESC, a.due_on NULLS LAST, a.open_amount DESC, a.vendor, a.id"


def _open(billed: Billed) -> str:
    return _OPEN.replace("{billed}", within(billed, "'invoices'", "i.vendor", "i.id"))


def relation(currency: str, bucket: str, billed: Billed) -> tuple[str, dict[str, Any]]:
    """Return a query for the open invoices of a currency (empty: any) and bucket, and its values."""
    query = """
    SELECT 'invoices' AS of_table, a.vendor, a.id, a.number AS title, a.customer_name AS customer,
        CAST(NULL AS VARCHAR) AS owner, a.issued_on AS on_day, a.currency, a.open_amount AS amount,
        CAST(NULL AS VARCHAR) AS note
    FROM asked AS a
    """
    return _open(billed) + query, {"currency": currency, "bucket": bucket} | values(billed)


@question
def open_invoices(
    db: Db, currency: str, bucket: str = "", number: int = 1, billed: Billed = ANY
) -> tuple[int, list[Row]]:  # fmt: skip
    """Return how many invoices are open in a currency (empty: any) and bucket, and one page (from 1)."""
    asked = {"currency": currency, "bucket": bucket} | values(billed)
    found = db.one(_open(billed) + "SELECT COUNT(*) FROM asked", **asked)
    rows = [
        row["row"]
        for row in db.rows(
            _open(billed) + f"SELECT a.row FROM asked AS a ORDER BY {_LATEST} LIMIT {PAGE} OFFSET $offset",
            **asked,
            offset=(number - 1) * PAGE,
        )
    ]
    shown = db.rows(
        f"""
        SELECT a.* FROM invoice_summary AS a
        SEMI JOIN (SELECT unnest(CAST($rows AS BIGINT[])) AS row) AS p ON p.row = a.rowid
        ORDER BY {_LATEST}
        """,
        rows=rows,
    )
    keys = [(row["vendor"], row["id"]) for row in shown]
    today = db.one("SELECT today FROM settings")
    due = look_up(db, "forecast", "t.expected_on", keys, "u.subject = 'invoices' AND u.as_of = $today", today=today)
    return int(found or 0), [
        row | {"expected_on": due.get(key, {}).get("expected_on")} for key, row in zip(keys, shown, strict=True)
    ]


@question
def behaviour(db: Db, number: int = 1) -> tuple[int, list[Row]]:
    """Return how many customers have paid something, and one page (from 1) of how they pay, the latest first."""
    asked = "FROM payment_behaviour AS b JOIN settings AS s ON s.today = b.as_of WHERE b.id <> ''"
    rows = db.rows(
        f"""
        SELECT b.*, COALESCE(c.name, b.id) AS name, c.id IS NOT NULL AS is_known
        FROM payment_behaviour AS b
        JOIN settings AS s ON s.today = b.as_of
        LEFT JOIN customers AS c ON c.vendor = b.vendor AND c.id = b.id
        WHERE b.id <> ''
        ORDER BY b.days_late DESC NULLS LAST, b.invoices DESC, name
        LIMIT {PAGE} OFFSET $offset
        """,
        offset=(number - 1) * PAGE,
    )
    return int(db.one(f"SELECT COUNT(*) {asked}") or 0), rows


LATE = ("0", "1_7", "8_14", "15_30", "30_plus")  # days late, in classes; the first is in time or early


@question
def how_late(db: Db) -> dict[str, int]:
    """Return how many customers usually pay so many days late, by class of LATE."""
    found = db.rows(
        """
        SELECT
            CASE
                WHEN b.days_late <= 0 THEN '0'
                WHEN b.days_late <= 7 THEN '1_7'
                WHEN b.days_late <= 14 THEN '8_14'
                WHEN b.days_late <= 30 THEN '15_30'
                ELSE '30_plus'
            END AS how_late,
            COUNT(*) AS customers
        FROM payment_behaviour AS b
        JOIN settings AS s ON s.today = b.as_of
        WHERE b.id <> ''
        AND b.days_late IS NOT NULL
        GROUP BY how_late
        """
    )
    known = {r["how_late"]: r["customers"] for r in found}
    return {late: known.get(late, 0) for late in LATE}


@question
def everybody(db: Db) -> Row | None:
    """Return how all customers together pay, None where nothing was paid yet."""
    return db.row("SELECT b.* FROM payment_behaviour AS b JOIN settings AS s ON s.today = b.as_of WHERE b.id = ''")


@question
def expected(db: Db, currency: str, when: str, number: int = 1) -> tuple[int, list[Row]]:
    """Return how many documents are expected at a time, and one page (from 1) of them, the largest first.

    `when` is a day, a week (its Monday, then /7), later (than 13 weeks), or undated.
    """
    asked = """
    WITH asked AS (
        SELECT f.*
        FROM forecast AS f
        JOIN settings AS s ON s.today = f.as_of
        WHERE $currency IN ('', f.currency)
        AND CASE
            WHEN $when = 'undated' THEN f.expected_on IS NULL
            WHEN $when = 'later' THEN f.expected_on >= CAST(date_trunc('week', s.today) AS DATE) + 91
            WHEN ends_with($when, '/7')
                THEN CAST(date_trunc('week', f.expected_on) AS DATE) = TRY_CAST(left($when, 10) AS DATE)
            ELSE f.expected_on = TRY_CAST($when AS DATE)
        END
    )
    """
    found = db.one(asked + "SELECT COUNT(*) FROM asked", currency=currency, when=when)
    rows = db.rows(
        asked
        + f"""
        SELECT
            a.*,
            COALESCE(d.title, i.number, a.id) AS record,
            COALESCE(c.name, i.customer_name, d.customer_name) AS customer
        FROM asked AS a
        LEFT JOIN deals AS d ON a.subject = 'deals' AND d.vendor = a.vendor AND d.id = a.id
        LEFT JOIN invoices AS i ON a.subject = 'invoices' AND i.vendor = a.vendor AND i.id = a.id
        LEFT JOIN customers AS c ON c.vendor = a.customer_vendor AND c.id = a.customer_id
        ORDER BY a.amount DESC, a.vendor, a.id
        LIMIT {PAGE} OFFSET $offset
        """,
        currency=currency, when=when, offset=(number - 1) * PAGE,
    )  # fmt: skip
    return int(found or 0), rows
