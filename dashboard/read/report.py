"""Questions that only a report asks: the books as they were on a day, and the records behind a period.

A day in the past is computed from what has a date: issue, payment, winning. Names and salespeople are today's.
"""

import datetime as dt

from dashboard.read.warehouse import Db, Row, question

_OWNERS = "(SELECT id, any_value(name) AS name FROM owners GROUP BY id)"
_OWNER_OF_INVOICE = """
(
    SELECT b.invoice_vendor, b.invoice_id, MIN(d.owner_id) AS owner_id
    FROM deal_invoices AS b
    JOIN deals AS d ON d.vendor = b.deal_vendor AND d.id = b.deal_id
    GROUP BY b.invoice_vendor, b.invoice_id
)"""


@question
def span(db: Db) -> Row:
    """Return the first day that anything was won, issued or paid (empty where nothing was) and the day of the books."""
    return (
        db.row(
            """
            SELECT (
                SELECT MIN(day) FROM (
                    SELECT MIN(won_on) AS day FROM deals WHERE status = 'won'
                    UNION ALL SELECT MIN(issued_on) FROM invoices
                    UNION ALL SELECT MIN(paid_on) FROM payments
                )
            ) AS first_day, s.today, s.time_zone, s.reporting_currency
            FROM settings AS s
            """
        )
        or {}
    )


@question
def receivables(db: Db, as_of: dt.date) -> list[Row]:
    """Return what each invoice owed on a day, with days overdue (0 or less: not due), most money first.

    Summed by currency it is the figure `receivables` of that day; of the rows that are overdue, `overdue`.
    """
    return db.rows(
        f"""
        SELECT
            i.vendor, i.id, i.number AS record, COALESCE(c.name, i.customer_name) AS customer, o.name AS owner,
            i.due_on, COALESCE(date_diff('day', i.due_on, CAST($day AS DATE)), 0) AS days, e.currency, e.amount
        FROM (
            SELECT vendor, id, currency, SUM(amount) AS amount
            FROM receivable_events WHERE on_day <= $day GROUP BY vendor, id, currency HAVING SUM(amount) <> 0
        ) AS e
        JOIN invoice_summary AS i ON i.vendor = e.vendor AND i.id = e.id
        LEFT JOIN customers AS c ON c.vendor = i.vendor AND c.id = i.customer_id
        LEFT JOIN {_OWNER_OF_INVOICE} AS w ON w.invoice_vendor = i.vendor AND w.invoice_id = i.id
        LEFT JOIN {_OWNERS} AS o ON o.id = w.owner_id
        ORDER BY e.amount DESC, i.vendor, i.id
        """,
        day=as_of,
    )


@question
def not_invoiced(db: Db, as_of: dt.date) -> list[Row]:
    """Return the won deals past their days of grace with something left to invoice on a day, most money first.

    On the day of the books, summed by currency, it is the figure `remaining_to_invoice`.
    """
    return db.rows(
        f"""
        WITH later AS (
            SELECT b.deal_vendor, b.deal_id, s.basis,
                SUM(CASE WHEN s.basis = 'gross' THEN b.gross ELSE b.net END) AS amount
            FROM deal_invoices AS b
            JOIN deal_summary AS s ON s.vendor = b.deal_vendor AND s.id = b.deal_id
            WHERE b.is_counted AND b.issued_on > $day
            GROUP BY b.deal_vendor, b.deal_id, s.basis
        ),
        rest AS (
            SELECT d.*, b.remaining + COALESCE(l.amount, 0) AS rest,
                b.verdict IN ('none', 'part') OR (
                    l.amount > s.amount_tolerance AND b.remaining + l.amount > s.amount_tolerance
                    AND b.verdict NOT IN ('currency', 'unknown')
                ) AS is_waiting
            FROM deals AS d
            CROSS JOIN settings AS s
            JOIN deal_summary AS b ON b.vendor = d.vendor AND b.id = d.id
            LEFT JOIN later AS l ON l.deal_vendor = d.vendor AND l.deal_id = d.id
            WHERE d.status = 'won' AND d.won_on < CAST($day AS DATE) - s.grace_days
        )
        SELECT
            r.vendor, r.id, r.title AS record, COALESCE(c.name, r.customer_name) AS customer, o.name AS owner,
            r.won_on, date_diff('day', r.won_on, CAST($day AS DATE)) AS days, r.currency, r.rest AS amount
        FROM rest AS r
        LEFT JOIN customers AS c ON c.vendor = r.vendor AND c.id = r.customer_id
        LEFT JOIN {_OWNERS} AS o ON o.id = r.owner_id
        WHERE r.is_waiting AND r.rest > 0
        ORDER BY r.rest DESC, r.vendor, r.id
        """,
        day=as_of,
    )


@question
def deals_won(db: Db, start: dt.date, until: dt.date) -> list[Row]:
    """Return the deals won in a period, in order: they sum up to the figure `won`."""
    return db.rows(
        f"""
        SELECT d.vendor, d.id, d.won_on AS on_day, d.title AS record, COALESCE(c.name, d.customer_name) AS customer,
            o.name AS owner, b.invoice_number AS invoice, d.currency, COALESCE(d.amount, 0) AS amount
        FROM deals AS d
        LEFT JOIN deal_summary AS b ON b.vendor = d.vendor AND b.id = d.id
        LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
        LEFT JOIN {_OWNERS} AS o ON o.id = d.owner_id
        WHERE d.status = 'won' AND d.won_on BETWEEN $start AND $until
        ORDER BY d.won_on, d.vendor, d.id
        """,
        start=start,
        until=until,
    )


@question
def invoices_issued(db: Db, start: dt.date, until: dt.date) -> list[Row]:
    """Return the invoices and credit notes that were issued in a period and stand: they sum up to `invoiced`.

    With payment state and whether they were sent, as of now.
    """
    return db.rows(
        f"""
        SELECT i.vendor, i.id, i.issued_on AS on_day, i.number AS record, COALESCE(c.name, i.customer_name) AS customer,
            o.name AS owner, i.state, v.sent_at, i.due_on, i.paid_on, i.currency, i.net, i.gross AS amount,
            i.open_amount AS open
        FROM invoice_summary AS i
        JOIN invoices AS v ON v.vendor = i.vendor AND v.id = i.id
        LEFT JOIN customers AS c ON c.vendor = i.vendor AND c.id = i.customer_id
        LEFT JOIN {_OWNER_OF_INVOICE} AS w ON w.invoice_vendor = i.vendor AND w.invoice_id = i.id
        LEFT JOIN {_OWNERS} AS o ON o.id = w.owner_id
        WHERE i.is_counted AND i.issued_on BETWEEN $start AND $until
        ORDER BY i.issued_on, i.vendor, i.id
        """,
        start=start,
        until=until,
    )


@question
def payments_received(db: Db, start: dt.date, until: dt.date) -> list[Row]:
    """Return the money that came in a period, refunds negative, each piece once: it sums up to `collected`.

    Each with customer, the numbers of the invoices it settles and the way it was paid.
    """
    return db.rows(
        """
        WITH settled AS (
            SELECT m.payment_vendor, m.payment_id,
                string_agg(i.number, ', ' ORDER BY i.number) AS numbers,
                any_value(COALESCE(c.name, i.customer_name)) AS customer
            FROM allocated_money AS m
            JOIN invoice_summary AS i ON i.vendor = m.invoice_vendor AND i.id = m.invoice_id
            LEFT JOIN customers AS c ON c.vendor = i.vendor AND c.id = i.customer_id
            GROUP BY m.payment_vendor, m.payment_id
        )
        SELECT p.vendor, p.id, p.paid_on AS on_day, v.reference AS record,
            COALESCE(t.customer, v.payer_name) AS customer, t.numbers AS invoice, v.method, p.currency,
            p.collected AS amount
        FROM payment_summary AS p
        JOIN payments AS v ON v.vendor = p.vendor AND v.id = p.id
        LEFT JOIN settled AS t ON t.payment_vendor = p.vendor AND t.payment_id = p.id
        WHERE p.collected <> 0 AND p.paid_on BETWEEN $start AND $until
        ORDER BY p.paid_on, p.vendor, p.id
        """,
        start=start,
        until=until,
    )


_FINDINGS = f"""
    SELECT f.id, f."check", f.title AS problem, f.severity, f.state, f.subject_table, f.subject_vendor AS vendor,
        f.subject_id, f.since_on, f.first_seen_at, f.fixed_at,
        COALESCE(d.title, i.number, p.reference, k.name, f.detail) AS record,
        COALESCE(c.name, d.customer_name, i.customer_name, p.payer_name, k.name) AS customer,
        COALESCE(o.name, f.owner_id) AS owner, f.currency, f.amount_at_stake AS amount
    FROM findings AS f
    LEFT JOIN deals AS d ON f.subject_table = 'deals' AND d.vendor = f.subject_vendor AND d.id = f.subject_id
    LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
    LEFT JOIN invoices AS i ON f.subject_table = 'invoices' AND i.vendor = f.subject_vendor AND i.id = f.subject_id
    LEFT JOIN payments AS p ON f.subject_table = 'payments' AND p.vendor = f.subject_vendor AND p.id = f.subject_id
    LEFT JOIN customers AS k ON f.subject_table = 'customers' AND k.vendor = f.subject_vendor AND k.id = f.subject_id
    LEFT JOIN {_OWNERS} AS o ON o.id = f.owner_id
"""
_GRAVEST = "CASE severity WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, abs(amount) DESC NULLS LAST, id"


@question
def opened(db: Db, since: dt.datetime, before: dt.datetime) -> list[Row]:
    """Return the findings first seen between two instants (UTC), gravest first, whatever became of them."""
    return db.rows(
        f"SELECT * FROM ({_FINDINGS}) WHERE first_seen_at >= $since AND first_seen_at < $before ORDER BY {_GRAVEST}",
        since=since.replace(tzinfo=None), before=before.replace(tzinfo=None),
    )  # fmt: skip


@question
def fixed(db: Db, since: dt.datetime, before: dt.datetime) -> list[Row]:
    """Return the findings gone between two instants (UTC), gravest first."""
    return db.rows(
        f"""SELECT * FROM ({_FINDINGS})
        WHERE state = 'fixed' AND fixed_at >= $since AND fixed_at < $before ORDER BY {_GRAVEST}""",
        since=since.replace(tzinfo=None), before=before.replace(tzinfo=None),
    )  # fmt: skip


@question
def customers_billed(db: Db, start: dt.date, until: dt.date) -> list[Row]:
    """Return by customer and currency what was invoiced in a period, credit notes taken off, most net first."""
    return db.rows(
        """
        SELECT COALESCE(k.name, c.name, i.customer_name) AS customer, i.currency,
            COUNT(*) FILTER (WHERE i.kind <> 'credit_note') AS invoices, SUM(i.net) AS net, SUM(i.gross) AS gross,
            SUM(i.open_amount) AS open
        FROM invoice_summary AS i
        LEFT JOIN customer_heads AS h ON h.vendor = i.vendor AND h.id = i.customer_id
        LEFT JOIN customers AS k ON k.vendor = h.head_vendor AND k.id = h.head_id
        LEFT JOIN customers AS c ON c.vendor = i.vendor AND c.id = i.customer_id
        WHERE i.is_counted AND i.issued_on BETWEEN $start AND $until
        GROUP BY 1, 2
        ORDER BY net DESC, customer, i.currency
        """,
        start=start, until=until,
    )  # fmt: skip
