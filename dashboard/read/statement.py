"""The account of one customer: every invoice, credit note and payment by currency, with the balance after each.

A payment is one line, whatever it settles; what is for no invoice yet, or was paid too much, is the customer's and
lowers the balance. What settled an invoice without money that we saw (fees, discounts, withheld tax, written off, or
billing's word) is a line of its own, so that the balance is what is still to come less what we hold.
"""

from dashboard.read.customers import OURS
from dashboard.read.warehouse import Db, Row, question

_LINES = f"""
WITH {OURS},
counted AS (
    SELECT i.* FROM invoice_summary AS i JOIN billed AS b ON b.vendor = i.vendor AND b.id = i.id WHERE i.is_counted
),
bills AS (
    SELECT
        i.*,
        COALESCE(i.number, i.id) AS called,
        LEAST(COALESCE(i.issued_on, i.due_on, s.today), s.today) AS from_on,
        GREATEST(0, i.arrived - GREATEST(i.owed, 0)) AS too_much
    FROM counted AS i
    CROSS JOIN settings AS s
    WHERE i.kind <> 'credit_note'
),
notes AS (
    SELECT n.vendor, n.id, COALESCE(n.number, n.id) AS called, n.issued_on, n.gross, n.currency, n.status,
        c.corrects_id, o.called AS corrects
    FROM invoice_summary AS n
    JOIN invoices AS c ON c.vendor = n.vendor AND c.id = n.id
    LEFT JOIN bills AS o ON o.vendor = n.vendor AND o.id = c.corrects_id
    WHERE n.is_counted AND n.kind = 'credit_note'
    AND (o.id IS NOT NULL OR (c.corrects_id IS NULL AND (n.vendor, n.id) IN (SELECT (b.vendor, b.id) FROM billed AS b)))
),
settling AS (
    SELECT a.payment_vendor AS vendor, a.payment_id AS id, i.currency, -SUM(a.amount) AS amount,
        string_agg(i.called, ', ' ORDER BY i.due_on, i.called) AS about, FALSE AS is_loose
    FROM allocated_money AS a
    JOIN bills AS i ON i.vendor = a.invoice_vendor AND i.id = a.invoice_id
    WHERE a.amount <> 0
    GROUP BY a.payment_vendor, a.payment_id, i.currency
    UNION ALL
    -- for no invoice yet; and money given back that belongs to none
    SELECT m.vendor, m.id, m.currency,
        CASE WHEN m.role = 'money' THEN -m.unallocated ELSE -(m.amount - m.allocated) END, NULL, TRUE
    FROM payment_summary AS m
    JOIN cashed AS c ON c.vendor = m.vendor AND c.id = m.id
    JOIN payments AS p ON p.vendor = m.vendor AND p.id = m.id
    WHERE (
        m.role = 'money' AND m.unallocated > 0
        AND ((p.vendor, p.customer_id) IN (SELECT (o.vendor, o.id) FROM ours AS o) OR NOT EXISTS (
            SELECT 1 FROM allocated_money AS a
            WHERE a.payment_vendor = m.vendor AND a.payment_id = m.id
            AND (a.invoice_vendor, a.invoice_id) NOT IN (SELECT (b.vendor, b.id) FROM billed AS b)
        ))
    )
    OR (m.role = 'refund' AND m.allocated = 0 AND (p.vendor, p.customer_id) IN (SELECT (o.vendor, o.id) FROM ours AS o))
),
paid AS (
    SELECT t.vendor, t.id, t.currency, SUM(t.amount) AS amount, MAX(t.about) AS about, BOOL_OR(t.is_loose) AS is_loose
    FROM settling AS t
    GROUP BY t.vendor, t.id, t.currency
),
otherwise AS (
    SELECT e.vendor, e.id, e.currency, MAX(e.on_day) AS on_day, SUM(e.amount) AS amount
    FROM receivable_events AS e
    WHERE e.what = 'settled'
    GROUP BY e.vendor, e.id, e.currency
),
lines AS (
    SELECT i.from_on AS on_day, 1 AS place, 'invoice' AS kind, i.vendor, i.id, i.called AS record, '' AS about,
        i.due_on, i.owed - i.credited AS amount, i.currency
    FROM bills AS i
    UNION ALL
    SELECT COALESCE(n.issued_on, s.today), 2, 'credit_note', n.vendor, n.id, n.called, COALESCE(n.corrects, ''), NULL,
        n.gross, n.currency
    FROM notes AS n
    CROSS JOIN settings AS s
    UNION ALL
    -- set off or paid out, and we saw no money: else it would stand as the customer's for good
    SELECT COALESCE(n.issued_on, s.today), 4, 'settled', n.vendor, n.id, n.called, '', NULL, -n.gross, n.currency
    FROM notes AS n
    CROSS JOIN settings AS s
    WHERE n.corrects_id IS NULL AND n.status = 'paid'
    AND NOT EXISTS (SELECT 1 FROM paid AS r WHERE r.currency = n.currency AND r.is_loose AND r.amount = -n.gross)
    UNION ALL
    SELECT LEAST(COALESCE(p.paid_on, s.today), s.today), 3, CASE WHEN t.amount > 0 THEN 'refund' ELSE 'payment' END,
        t.vendor, t.id, COALESCE(p.reference, p.payer_name, t.id), COALESCE(t.about, ''), NULL, t.amount, t.currency
    FROM paid AS t
    JOIN payments AS p ON p.vendor = t.vendor AND p.id = t.id
    CROSS JOIN settings AS s
    UNION ALL
    SELECT COALESCE(o.on_day, i.from_on), 4, 'settled', i.vendor, i.id, i.called, '', NULL,
        COALESCE(o.amount, 0) - i.too_much, i.currency
    FROM bills AS i
    LEFT JOIN otherwise AS o ON o.vendor = i.vendor AND o.id = i.id
    WHERE COALESCE(o.amount, 0) - i.too_much <> 0
)
"""


@question
def lines(db: Db, vendor: str, key: str) -> list[Row]:
    """Return a customer's account by currency and date: kind, record, about (numbers), due_on, amount, balance.

    kind is invoice, credit_note, payment, refund or settled; amount is positive where more is owed. `vendor` and `key`
    are of the record that stands for the customer.
    """
    return db.rows(
        _LINES
        + """
        SELECT l.*, SUM(l.amount) OVER (
            PARTITION BY l.currency ORDER BY l.on_day, l.place, l.vendor, l.id, l.kind
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS balance
        FROM lines AS l
        ORDER BY l.currency, l.on_day, l.place, l.vendor, l.id, l.kind
        """,
        vendor=vendor,
        key=key,
    )
