"""Questions about sales for any period: what became of the deals, by salesperson, stage or month; who buys most.

`currency` is one currency, or empty for all converted into the reporting one at the day's rate.
"""

import datetime as dt
from typing import Any

from dashboard.read.billed import ANY, Billed, values, within
from dashboard.read.measured import Amount, measured, total
from dashboard.read.warehouse import Db, Row, question

PAGE = 50
BY = ("owner", "stage", "month")
WHAT = ("open", "closed", "won", "invoiced", "paid", "waiting")

_PERIOD = f"""
WITH measured AS ({measured("sales", "on_day")}),
asked AS (
    SELECT
        m.*,
        CASE $by
            WHEN 'owner' THEN m.owner_id
            WHEN 'stage' THEN m.stage
            ELSE strftime(m.on_day, '%Y-%m')
        END AS key,
        m.status = 'won' AS is_won,
        m.status = 'won' AND NOT m.is_invoiced AS is_waiting
    FROM measured AS m
    WHERE m.on_day BETWEEN $start AND $until
    AND {{billed}}
)
"""


def _period(billed: Billed) -> str:
    return _PERIOD.replace("{billed}", within(billed, "'deals'", "m.vendor", "m.id"))


def _sold(billed: Billed) -> str:
    return _BOUGHT.replace("{billed}", within(billed, "'invoices'", "m.vendor", "m.id"))


def relation(start: dt.date, until: dt.date, currency: str, by: str, billed: Billed) -> tuple[str, dict[str, Any]]:
    """Return a query for the deals won in a period, by customer for its invoices, and its values: a row a record."""
    told: dict[str, Any] = {"start": start, "until": until, "currency": currency} | values(billed)
    if by == "customer":
        query = """
        SELECT 'invoices' AS of_table, b.invoice_vendor AS vendor, b.invoice_id AS id, i.number AS title,
            COALESCE(c.name, i.customer_name) AS customer, CAST(NULL AS VARCHAR) AS owner, i.issued_on AS on_day,
            i.currency, i.net AS amount, CAST(NULL AS VARCHAR) AS note
        FROM bought AS b
        JOIN invoice_summary AS i ON i.vendor = b.invoice_vendor AND i.id = b.invoice_id
        LEFT JOIN customers AS c ON c.vendor = b.vendor AND c.id = b.id
        """
        return _sold(billed) + query, told
    query = """
    SELECT 'deals' AS of_table, a.vendor, a.id, d.title, COALESCE(c.name, d.customer_name) AS customer,
        o.name AS owner, a.on_day, a.currency, a.amount, CAST(NULL AS VARCHAR) AS note
    FROM asked AS a
    JOIN deals AS d ON d.vendor = a.vendor AND d.id = a.id
    LEFT JOIN customers AS c ON c.vendor = a.customer_vendor AND c.id = a.customer_id
    LEFT JOIN (SELECT id, any_value(name) AS name FROM owners GROUP BY id) AS o ON o.id = a.owner_id
    WHERE a.is_won
    """
    return _period(billed) + query, told | {"by": by}


@question
def conversion(
    db: Db, start: dt.date, until: dt.date, currency: str, by: str, billed: Billed = ANY
) -> list[Row]:  # fmt: skip
    """Return by salesperson, stage or month what became of the deals of a period, most money first.

    closed counts won and lost ones, open those not decided yet, a lost or open one in the period it was created in;
    open, won, invoiced, paid and waiting (won, no invoice) are counts, each beside its amount; days are means, a deal
    without invoice counting until today. Months are in order.
    """
    order = "key" if by == "month" else "won_amount DESC, won DESC, key"
    return db.rows(
        f"""{_period(billed)}
        SELECT
            a.key,
            COALESCE(any_value(CASE $by WHEN 'owner' THEN o.name WHEN 'stage' THEN g.name END), a.key) AS name,
            COUNT(*) FILTER (WHERE a.status = 'open') AS open,
            {total("CASE WHEN a.status = 'open' THEN a.amount ELSE 0 END")} AS open_amount,
            COUNT(*) FILTER (WHERE a.status IN ('won', 'lost')) AS closed,
            COUNT(*) FILTER (WHERE a.is_won) AS won,
            {total("CASE WHEN a.is_won THEN a.amount ELSE 0 END")} AS won_amount,
            COUNT(*) FILTER (WHERE a.is_won AND a.is_invoiced) AS invoiced,
            {total("CASE WHEN a.is_won THEN a.invoiced ELSE 0 END")} AS invoiced_amount,
            COUNT(*) FILTER (WHERE a.is_won AND a.is_paid) AS paid,
            {total("CASE WHEN a.is_won THEN a.paid ELSE 0 END")} AS paid_amount,
            COUNT(*) FILTER (WHERE a.is_waiting) AS waiting,
            {total("CASE WHEN a.is_waiting THEN a.amount ELSE 0 END")} AS waiting_amount,
            CAST(AVG(a.days_to_invoice) AS DECIMAL(18, 1)) AS days_to_invoice,
            CAST(AVG(a.days_to_pay) AS DECIMAL(18, 1)) AS days_to_pay
        FROM asked AS a
        LEFT JOIN (SELECT id, any_value(name) AS name FROM owners GROUP BY id) AS o ON o.id = a.owner_id
        LEFT JOIN (SELECT id, any_value(name) AS name FROM stages GROUP BY id) AS g ON g.id = a.stage
        GROUP BY a.key
        ORDER BY {order}
        """,
        start=start, until=until, currency=currency, by=by, **values(billed),
    )  # fmt: skip


_CELL = """
    a.key = $key
    AND CASE $what
        WHEN 'open' THEN a.status = 'open'
        WHEN 'closed' THEN a.status IN ('won', 'lost')
        WHEN 'won' THEN a.is_won
        WHEN 'invoiced' THEN a.is_won AND a.is_invoiced
        WHEN 'paid' THEN a.is_won AND a.is_paid
        WHEN 'waiting' THEN a.is_waiting
    END
"""


@question
def of_cell(
    db: Db, start: dt.date, until: dt.date, currency: str, by: str, key: str, what: str, number: int = 1,
    billed: Billed = ANY,
) -> tuple[int, list[Row]]:  # fmt: skip
    """Return how many deals a cell of the conversion table counts, and one page (from 1) of them, slowest first."""
    asked = {"start": start, "until": until, "currency": currency, "by": by, "key": key, "what": what} | values(billed)
    found = db.one(f"{_period(billed)} SELECT COUNT(*) FROM asked AS a WHERE {_CELL}", **asked)
    rows = db.rows(
        f"""{_period(billed)}
        SELECT a.*, d.title, COALESCE(c.name, d.customer_name) AS customer, b.invoice_number
        FROM asked AS a
        JOIN deals AS d ON d.vendor = a.vendor AND d.id = a.id
        JOIN deal_summary AS b ON b.vendor = a.vendor AND b.id = a.id
        LEFT JOIN customers AS c ON c.vendor = a.customer_vendor AND c.id = a.customer_id
        WHERE {_CELL}
        ORDER BY a.days_to_invoice DESC NULLS LAST, a.amount DESC, a.vendor, a.id
        LIMIT {PAGE} OFFSET $offset
        """,
        **asked,
        offset=(number - 1) * PAGE,
    )
    return int(found or 0), rows


_BOUGHT = f"""
WITH measured AS ({measured("invoice_summary", "issued_on")}),
bought AS (
    SELECT
        COALESCE(h.head_vendor, m.vendor) AS vendor,
        COALESCE(h.head_id, m.customer_id, '') AS id,
        CASE WHEN m.customer_id IS NULL THEN COALESCE(m.customer_name, '') ELSE '' END AS printed,
        m.kind, m.net, m.gross, m.rate, m.vendor AS invoice_vendor, m.id AS invoice_id
    FROM measured AS m
    LEFT JOIN customer_heads AS h ON h.vendor = m.vendor AND h.id = m.customer_id
    WHERE m.is_counted
    AND m.issued_on BETWEEN $start AND $until
    AND {{billed}}
)
"""


@question
def ranking(
    db: Db, start: dt.date, until: dt.date, currency: str, number: int = 1, billed: Billed = ANY
) -> tuple[int, list[Row]]:  # fmt: skip
    """Return how many customers were invoiced in a period, and one page (from 1) of them, most invoiced first.

    `share` is of all customers' net. Credit notes are taken off. Who only stands on invoices has an empty id.
    """
    found = db.one(
        f"{_sold(billed)} SELECT COUNT(*) FROM (SELECT DISTINCT vendor, id, printed FROM bought)",
        start=start, until=until, currency=currency, **values(billed),
    )  # fmt: skip
    rows = db.rows(
        f"""{_sold(billed)},
        summed AS (
            SELECT
                vendor, id, printed,
                COUNT(*) FILTER (WHERE kind <> 'credit_note') AS invoices,
                {total("net")} AS net,
                {total("gross")} AS gross
            FROM bought
            GROUP BY vendor, id, printed
        )
        SELECT u.*, COALESCE(c.name, c.legal_name, u.printed) AS name,
            CAST(u.net / NULLIF(SUM(u.net) OVER (), 0) AS DECIMAL(18, 4)) AS share
        FROM summed AS u
        LEFT JOIN customers AS c ON c.vendor = u.vendor AND c.id = u.id
        ORDER BY u.net DESC, name, u.vendor, u.id
        LIMIT {PAGE} OFFSET $offset
        """,
        start=start, until=until, currency=currency, offset=(number - 1) * PAGE, **values(billed),
    )  # fmt: skip
    return int(found or 0), rows


@question
def left_out(db: Db, start: dt.date, until: dt.date) -> tuple[Amount, ...]:
    """Return what was won or invoiced in a period and is not in converted totals, for want of a rate on its day."""
    rows = db.rows(
        f"""
        WITH won AS ({measured("sales", "on_day")}), billed AS ({measured("invoice_summary", "issued_on")}),
        without AS (
            SELECT currency, amount FROM won
            WHERE rate IS NULL AND status = 'won' AND on_day BETWEEN $start AND $until
            UNION ALL
            SELECT currency, net FROM billed
            WHERE rate IS NULL AND is_counted AND issued_on BETWEEN $start AND $until
        )
        SELECT currency, SUM(amount) AS amount FROM without WHERE currency IS NOT NULL
        GROUP BY currency HAVING SUM(amount) <> 0 ORDER BY currency
        """,
        start=start, until=until, currency="",
    )  # fmt: skip
    return tuple(Amount(r["currency"], r["amount"]) for r in rows)
