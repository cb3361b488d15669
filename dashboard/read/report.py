"""Questions that only a report asks: the books as they were on a day, and the records behind a period.

A day in the past is computed from what has a date: issue, payment, winning. Names and salespeople are today's.
"""

import datetime as dt

from dashboard.read.report_sums import WAITING, owed
from dashboard.read.warehouse import Db, Row, question

Currencies = tuple[str, ...]

ALL = 10**12  # rows of a list that is wanted whole
_OWNERS = "(SELECT id, any_value(name) AS name FROM owners GROUP BY id)"
# The salesperson of each invoice of CTE `asked`: of its deals the first by id.
_OWNERS_OF = """owners_of AS (
    SELECT b.invoice_vendor, b.invoice_id, MIN(d.owner_id) AS owner_id
    FROM deal_invoices AS b
    SEMI JOIN asked AS a ON a.vendor = b.invoice_vendor AND a.id = b.invoice_id
    JOIN deals AS d ON d.vendor = b.deal_vendor AND d.id = b.deal_id
    GROUP BY b.invoice_vendor, b.invoice_id
)"""
# Where a currency stands in the list of those that come first.
_RANK = "COALESCE(NULLIF(list_position(CAST($first AS VARCHAR[]), o.currency), 0), 1000)"


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
def receivables(db: Db, as_of: dt.date, late: bool = False, first: Currencies = (), most: int = ALL) -> list[Row]:
    """Return what each invoice owed on a day, with days overdue (0 or less: not due), most money first.

    The currencies `first` come before others, in their order. With `late` only what was overdue. Summed by currency it
    is the figure `receivables` of that day; of the rows that are overdue, `overdue`.
    """
    return db.rows(
        f"""
        WITH owed AS ({owed()}),
        asked AS (
            SELECT o.* FROM owed AS o
            WHERE NOT $late OR o.days > 0
            ORDER BY {_RANK}, o.amount DESC, o.vendor, o.id LIMIT $most
        ),
        {_OWNERS_OF}
        SELECT
            o.vendor, o.id, i.number AS record, COALESCE(c.name, i.customer_name) AS customer, w.name AS owner,
            i.due_on, o.days, o.currency, o.amount
        FROM asked AS o
        JOIN invoice_summary AS i ON i.vendor = o.vendor AND i.id = o.id
        LEFT JOIN customers AS c ON c.vendor = i.vendor AND c.id = i.customer_id
        LEFT JOIN owners_of AS n ON n.invoice_vendor = o.vendor AND n.invoice_id = o.id
        LEFT JOIN {_OWNERS} AS w ON w.id = n.owner_id
        ORDER BY {_RANK}, o.amount DESC, o.vendor, o.id
        """,
        day=as_of, late=late, first=list(first), most=most,
    )  # fmt: skip


@question
def not_invoiced(db: Db, as_of: dt.date, first: Currencies = (), most: int = ALL) -> list[Row]:
    """Return the won deals past their days of grace with something left to invoice on a day, most money first.

    The currencies `first` come before others, in their order. On the day of the books, summed by currency, it is the
    figure `remaining_to_invoice`.
    """
    return db.rows(
        f"""
        WITH {WAITING},
        asked AS (
            SELECT o.* FROM waiting AS o ORDER BY {_RANK}, o.amount DESC, o.vendor, o.id LIMIT $most
        )
        SELECT
            o.vendor, o.id, d.title AS record, COALESCE(c.name, d.customer_name) AS customer, w.name AS owner,
            d.won_on, date_diff('day', d.won_on, o.day) AS days, o.currency, o.amount
        FROM asked AS o
        JOIN deals AS d ON d.vendor = o.vendor AND d.id = o.id
        LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
        LEFT JOIN {_OWNERS} AS w ON w.id = d.owner_id
        ORDER BY {_RANK}, o.amount DESC, o.vendor, o.id
        """,
        days=[as_of], first=list(first), most=most,
    )  # fmt: skip


@question
def deals_won(db: Db, start: dt.date, until: dt.date, most: int = ALL) -> list[Row]:
    """Return the deals won in a period, in order: they sum up to the figure `won`."""
    return db.rows(
        f"""
        WITH asked AS (
            SELECT * FROM deals WHERE status = 'won' AND won_on BETWEEN $start AND $until
            ORDER BY won_on, vendor, id LIMIT $most
        )
        SELECT d.vendor, d.id, d.won_on AS on_day, d.title AS record, COALESCE(c.name, d.customer_name) AS customer,
            o.name AS owner, b.invoice_number AS invoice, d.currency, COALESCE(d.amount, 0) AS amount
        FROM asked AS d
        LEFT JOIN deal_summary AS b ON b.vendor = d.vendor AND b.id = d.id
        LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
        LEFT JOIN {_OWNERS} AS o ON o.id = d.owner_id
        ORDER BY d.won_on, d.vendor, d.id
        """,
        start=start, until=until, most=most,
    )  # fmt: skip


@question
def invoices_issued(db: Db, start: dt.date, until: dt.date, most: int = ALL) -> list[Row]:
    """Return the invoices and credit notes that were issued in a period and stand: they sum up to `invoiced`.

    With payment state and whether they were sent, as of now.
    """
    return db.rows(
        f"""
        WITH asked AS (
            SELECT * FROM invoice_summary WHERE is_counted AND issued_on BETWEEN $start AND $until
            ORDER BY issued_on, vendor, id LIMIT $most
        ),
        {_OWNERS_OF}
        SELECT i.vendor, i.id, i.issued_on AS on_day, i.number AS record, COALESCE(c.name, i.customer_name) AS customer,
            o.name AS owner, i.state, v.sent_at, i.due_on, i.paid_on, i.currency, i.net, i.gross AS amount,
            i.open_amount AS open
        FROM asked AS i
        JOIN invoices AS v ON v.vendor = i.vendor AND v.id = i.id
        LEFT JOIN customers AS c ON c.vendor = i.vendor AND c.id = i.customer_id
        LEFT JOIN owners_of AS w ON w.invoice_vendor = i.vendor AND w.invoice_id = i.id
        LEFT JOIN {_OWNERS} AS o ON o.id = w.owner_id
        ORDER BY i.issued_on, i.vendor, i.id
        """,
        start=start, until=until, most=most,
    )  # fmt: skip


@question
def payments_received(db: Db, start: dt.date, until: dt.date, most: int = ALL) -> list[Row]:
    """Return the money that came in a period, refunds negative, each piece once: it sums up to `collected`.

    Each with customer, the numbers of the invoices it settles and the way it was paid.
    """
    return db.rows(
        """
        WITH asked AS (
            SELECT * FROM payment_summary WHERE collected <> 0 AND paid_on BETWEEN $start AND $until
            ORDER BY paid_on, vendor, id LIMIT $most
        ),
        settled AS (
            SELECT m.payment_vendor, m.payment_id,
                string_agg(i.number, ', ' ORDER BY i.number) AS numbers,
                any_value(COALESCE(c.name, i.customer_name)) AS customer
            FROM allocated_money AS m
            SEMI JOIN asked AS a ON a.vendor = m.payment_vendor AND a.id = m.payment_id
            JOIN invoice_summary AS i ON i.vendor = m.invoice_vendor AND i.id = m.invoice_id
            LEFT JOIN customers AS c ON c.vendor = i.vendor AND c.id = i.customer_id
            GROUP BY m.payment_vendor, m.payment_id
        )
        SELECT p.vendor, p.id, p.paid_on AS on_day, v.reference AS record,
            COALESCE(t.customer, v.payer_name) AS customer, t.numbers AS invoice, v.method, p.currency,
            p.collected AS amount
        FROM asked AS p
        JOIN payments AS v ON v.vendor = p.vendor AND v.id = p.id
        LEFT JOIN settled AS t ON t.payment_vendor = p.vendor AND t.payment_id = p.id
        ORDER BY p.paid_on, p.vendor, p.id
        """,
        start=start,
        until=until,
        most=most,
    )


_GRAVEST = """CASE f.severity WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END,
    abs(f.amount_at_stake) DESC NULLS LAST, f.id"""
# Names are looked up for the findings that are wanted only.
_FINDINGS = f"""
    WITH asked AS (SELECT f.* FROM findings AS f WHERE {{fits}} ORDER BY {_GRAVEST} LIMIT $most)
    SELECT f.id, f."check", f.title AS problem, f.severity, f.state, f.subject_table, f.subject_vendor AS vendor,
        f.subject_id, f.since_on, f.first_seen_at, f.fixed_at,
        COALESCE(d.title, i.number, p.reference, k.name, f.detail) AS record,
        COALESCE(c.name, d.customer_name, i.customer_name, p.payer_name, k.name) AS customer,
        COALESCE(o.name, f.owner_id) AS owner, f.currency, f.amount_at_stake AS amount
    FROM asked AS f
    LEFT JOIN deals AS d ON f.subject_table = 'deals' AND d.vendor = f.subject_vendor AND d.id = f.subject_id
    LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
    LEFT JOIN invoices AS i ON f.subject_table = 'invoices' AND i.vendor = f.subject_vendor AND i.id = f.subject_id
    LEFT JOIN payments AS p ON f.subject_table = 'payments' AND p.vendor = f.subject_vendor AND p.id = f.subject_id
    LEFT JOIN customers AS k ON f.subject_table = 'customers' AND k.vendor = f.subject_vendor AND k.id = f.subject_id
    LEFT JOIN {_OWNERS} AS o ON o.id = f.owner_id
    ORDER BY {_GRAVEST}
"""


@question
def opened(db: Db, since: dt.datetime, before: dt.datetime, most: int = ALL) -> list[Row]:
    """Return the findings first seen between two instants (UTC), gravest first, whatever became of them."""
    return db.rows(
        _FINDINGS.replace("{fits}", "first_seen_at >= $since AND first_seen_at < $before"),
        since=since.replace(tzinfo=None), before=before.replace(tzinfo=None), most=most,
    )  # fmt: skip


@question
def fixed(db: Db, since: dt.datetime, before: dt.datetime, most: int = ALL) -> list[Row]:
    """Return the findings gone between two instants (UTC), gravest first."""
    return db.rows(
        _FINDINGS.replace("{fits}", "state = 'fixed' AND fixed_at >= $since AND fixed_at < $before"),
        since=since.replace(tzinfo=None), before=before.replace(tzinfo=None), most=most,
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
