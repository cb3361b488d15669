"""Questions for the sums of a report: what was won, invoiced, collected, owed and left to invoice, by currency.

Each is the sum of the records that a list of `dashboard/read/report.py` returns, added up where they are: a big company
has hundreds of thousands.
"""

import datetime as dt
from decimal import Decimal

from dashboard.read.warehouse import Db, Row, question

Amounts = dict[str, Decimal]

BUCKETS = ("not_due", "1_30", "31_60", "61_90", "90_plus")

# Won deals past their days of grace with something left to invoice on each of $days. Most are what is so today; the
# rest were invoiced later than the earliest of these days.
WAITING = """
days AS (SELECT unnest(CAST($days AS DATE[])) AS day),
later AS (
    SELECT g.day, b.deal_vendor AS vendor, b.deal_id AS id, SUM(b.net) AS net, SUM(b.gross) AS gross
    FROM deal_invoices AS b
    JOIN days AS g ON b.issued_on > g.day
    WHERE b.is_counted AND b.issued_on > (SELECT MIN(day) FROM days)
    GROUP BY g.day, b.deal_vendor, b.deal_id
),
candidates AS (
    SELECT s.vendor, s.id, s.basis, s.remaining, TRUE AS is_waiting
    FROM deal_summary AS s
    WHERE s.status = 'won' AND s.verdict IN ('none', 'part')
    UNION ALL
    SELECT s.vendor, s.id, s.basis, s.remaining, FALSE
    FROM deal_summary AS s
    SEMI JOIN later AS l ON l.vendor = s.vendor AND l.id = s.id
    WHERE s.status = 'won' AND s.verdict NOT IN ('none', 'part', 'currency', 'unknown')
),
rest AS (
    SELECT g.day, k.vendor, k.id, d.currency, k.remaining, k.is_waiting, s.amount_tolerance,
        CASE WHEN k.basis = 'gross' THEN l.gross ELSE l.net END AS later
    FROM candidates AS k
    CROSS JOIN settings AS s
    CROSS JOIN days AS g
    JOIN deals AS d ON d.vendor = k.vendor AND d.id = k.id
    LEFT JOIN later AS l ON l.day = g.day AND l.vendor = k.vendor AND l.id = k.id
    WHERE d.won_on < g.day - s.grace_days
),
waiting AS (
    SELECT r.day, r.vendor, r.id, r.currency, r.remaining + COALESCE(r.later, 0) AS amount
    FROM rest AS r
    WHERE r.remaining + COALESCE(r.later, 0) > 0
    AND (r.is_waiting OR (r.later > r.amount_tolerance AND r.remaining + r.later > r.amount_tolerance))
)"""


def owed() -> str:
    """Return the query for what each invoice owed on $day: vendor, id, currency, amount and days overdue."""
    return """
        SELECT e.vendor, e.id, e.currency, SUM(e.amount) AS amount,
            COALESCE(date_diff('day', ANY_VALUE(e.due_on), CAST($day AS DATE)), 0) AS days
        FROM receivable_events AS e
        WHERE e.on_day <= $day
        GROUP BY e.vendor, e.id, e.currency
        HAVING SUM(e.amount) <> 0
    """


@question
def done(db: Db, start: dt.date, until: dt.date) -> dict[str, Amounts]:
    """Return what was won, invoiced and collected in a period: figure → currency → amount."""
    rows = db.rows(
        """
        SELECT 'won' AS figure, d.currency, SUM(d.amount) AS amount
        FROM deals AS d WHERE d.status = 'won' AND d.won_on BETWEEN $start AND $until GROUP BY d.currency
        UNION ALL
        SELECT 'invoiced', i.currency, SUM(i.gross)
        FROM invoice_summary AS i WHERE i.is_counted AND i.issued_on BETWEEN $start AND $until GROUP BY i.currency
        UNION ALL
        SELECT 'collected', p.currency, SUM(p.collected)
        FROM payment_summary AS p WHERE p.paid_on BETWEEN $start AND $until AND p.collected <> 0 GROUP BY p.currency
        """,
        start=start,
        until=until,
    )
    return _by_figure(rows)


@question
def stood(db: Db, as_of: dt.date) -> dict[str, Amounts]:
    """Return what was owed and overdue on a day: figure (receivables, overdue) → currency → amount."""
    rows = db.rows(
        """
        WITH owed AS (
            SELECT e.currency, SUM(e.amount) AS receivables,
                SUM(e.amount) FILTER (WHERE e.due_on < CAST($day AS DATE)) AS overdue
            FROM receivable_events AS e WHERE e.on_day <= $day GROUP BY e.currency
        )
        SELECT 'receivables' AS figure, currency, receivables AS amount FROM owed
        UNION ALL
        SELECT 'overdue', currency, overdue FROM owed WHERE overdue IS NOT NULL
        """,
        day=as_of,
    )
    return _by_figure(rows)


def _by_figure(rows: list[Row]) -> dict[str, Amounts]:
    found: dict[str, Amounts] = {}
    for row in rows:
        found.setdefault(row["figure"], {})[row["currency"]] = row["amount"] or Decimal(0)
    return found


@question
def waited(db: Db, days: tuple[dt.date, ...]) -> dict[dt.date, dict[str, Row]]:
    """Return what won deals had left to invoice on each day: day → currency → amount and number of deals."""
    rows = db.rows(
        f"WITH {WAITING} SELECT day, currency, COUNT(*) AS deals, SUM(amount) AS amount FROM waiting GROUP BY ALL",
        days=list(days),
    )
    found: dict[dt.date, dict[str, Row]] = {day: {} for day in days}
    for row in rows:
        found[row["day"]][row["currency"]] = row
    return found


@question
def aged(db: Db, as_of: dt.date) -> list[Row]:
    """Return what was owed on a day by bucket of days overdue and currency, with the number of invoices."""
    return db.rows(
        f"""
        WITH owed AS ({owed()})
        SELECT
            CASE WHEN days <= 0 THEN 'not_due' WHEN days <= 30 THEN '1_30' WHEN days <= 60 THEN '31_60'
                WHEN days <= 90 THEN '61_90' ELSE '90_plus' END AS bucket,
            currency, COUNT(*) AS invoices, SUM(amount) AS amount
        FROM owed
        GROUP BY bucket, currency
        """,
        day=as_of,
    )


@question
def counted(db: Db, start: dt.date, until: dt.date) -> Row:
    """Return how many deals were won, invoices (not credit notes) issued and payments received in a period."""
    return (
        db.row(
            """
            SELECT
                (SELECT COUNT(*) FROM deals AS d
                 WHERE d.status = 'won' AND d.won_on BETWEEN $start AND $until) AS deals_won,
                (SELECT COUNT(*) FROM invoice_summary AS i
                 WHERE i.is_counted AND i.gross > 0 AND i.issued_on BETWEEN $start AND $until) AS invoices,
                (SELECT COUNT(*) FROM payment_summary AS p
                 WHERE p.collected <> 0 AND p.paid_on BETWEEN $start AND $until) AS payments
            """,
            start=start,
            until=until,
        )
        or {}
    )


@question
def turned(db: Db, since: dt.datetime, before: dt.datetime) -> Row:
    """Return how many findings were first seen (`opened`), and gone (`fixed`), between two instants (UTC)."""
    return (
        db.row(
            """
            SELECT COUNT(*) FILTER (WHERE first_seen_at >= $since AND first_seen_at < $before) AS opened,
                COUNT(*) FILTER (WHERE state = 'fixed' AND fixed_at >= $since AND fixed_at < $before) AS fixed
            FROM findings
            """,
            since=since.replace(tzinfo=None),
            before=before.replace(tzinfo=None),
        )
        or {}
    )
