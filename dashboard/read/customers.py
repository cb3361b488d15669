"""Questions about one customer: its records in every system, its money, how it pays, and all that happened, by date."""

from dashboard.read.warehouse import Db, Row, plain, question

PAGE = 50

_FOUND = """
WITH heads AS (SELECT DISTINCT h.head_vendor AS vendor, h.head_id AS id FROM customer_heads AS h),
money AS (
    SELECT
        m.vendor, m.id, MAX(m.last_on) AS last_on, SUM(m.deals) AS deals, SUM(m.invoices) AS invoices,
        list({'currency': m.currency, 'invoiced': m.invoiced, 'open': m.open_amount, 'overdue': m.overdue}
            ORDER BY m.invoiced DESC) AS money
    FROM customer_summary AS m
    GROUP BY m.vendor, m.id
),
found AS (
    SELECT h.vendor, h.id, c.name, c.tax_id, c.email, c.country, m.* EXCLUDE (vendor, id)
    FROM heads AS h
    JOIN customers AS c ON c.vendor = h.vendor AND c.id = h.id
    LEFT JOIN money AS m ON m.vendor = h.vendor AND m.id = h.id
    WHERE $text = ''
    OR contains(
        translate(lower(strip_accents(concat_ws(' ', c.name, c.legal_name, c.tax_id, c.email, c.id))), 'łøđ', 'lod'),
        $text
    )
)
"""


@question
def page(db: Db, text: str = "", number: int = 1) -> tuple[int, list[Row]]:
    """Return how many customers a text matches, and one page (from 1) of them, latest business first.

    `money` lists by currency what was invoiced, is open and overdue.
    """
    found = db.one(_FOUND + "SELECT COUNT(*) FROM found", text=plain(text))
    order = f"SELECT * FROM found ORDER BY last_on DESC NULLS LAST, name, vendor, id LIMIT {PAGE} OFFSET $offset"
    return int(found or 0), db.rows(_FOUND + order, text=plain(text), offset=(number - 1) * PAGE)


@question
def head(db: Db, vendor: str, key: str) -> tuple[str, str] | None:
    """Return the record (vendor, id) that stands for a customer that any system knows; None where there is none."""
    row = db.row(
        "SELECT head_vendor, head_id FROM customer_heads WHERE vendor = $vendor AND id = $key", vendor=vendor, key=key
    )
    return (row["head_vendor"], row["head_id"]) if row else None


@question
def sides(db: Db, vendor: str, key: str) -> list[Row]:
    """Return the records of a customer in every system, the one that stands for it first."""
    return db.rows(
        """
        SELECT c.*
        FROM customer_heads AS h
        JOIN customers AS c ON c.vendor = h.vendor AND c.id = h.id
        WHERE h.head_vendor = $vendor AND h.head_id = $key
        ORDER BY (c.vendor, c.id) <> ($vendor, $key), c.vendor, c.id
        """,
        vendor=vendor,
        key=key,
    )


@question
def money(db: Db, vendor: str, key: str) -> list[Row]:
    """Return what a customer bought, was invoiced, paid and owes, a currency a row, the most invoiced first."""
    return db.rows(
        "SELECT * FROM customer_summary WHERE vendor = $vendor AND id = $key ORDER BY invoiced DESC, currency",
        vendor=vendor,
        key=key,
    )


@question
def behaviour(db: Db, vendor: str, key: str) -> Row | None:
    """Return how a customer pays, None where it has paid nothing in two years."""
    return db.row(
        """
        SELECT b.* FROM payment_behaviour AS b JOIN settings AS s ON s.today = b.as_of
        WHERE b.vendor = $vendor AND b.id = $key
        """,
        vendor=vendor,
        key=key,
    )


# The records of the customer $vendor, $key; the deals, documents and money that are theirs in any system.
OURS = """
ours AS (
    SELECT h.vendor, h.id FROM customer_heads AS h WHERE h.head_vendor = $vendor AND h.head_id = $key
),
sold AS (
    SELECT d.* FROM deals AS d JOIN ours AS o ON o.vendor = d.vendor AND o.id = d.customer_id
),
billed AS (
    SELECT i.vendor, i.id FROM invoices AS i JOIN ours AS o ON o.vendor = i.vendor AND o.id = i.customer_id
    UNION
    SELECT b.invoice_vendor, b.invoice_id
    FROM deal_invoices AS b
    JOIN sold AS d ON d.vendor = b.deal_vendor AND d.id = b.deal_id
    JOIN invoices AS i ON i.vendor = b.invoice_vendor AND i.id = b.invoice_id
    WHERE i.customer_id IS NULL
    UNION
    SELECT i.vendor, i.id
    FROM decisions AS b
    JOIN ours AS o ON o.vendor = b.left_vendor AND o.id = b.left_id
    JOIN invoices AS i ON i.vendor = b.right_vendor AND i.id = b.right_id
    WHERE b.left_table = 'customers' AND b.right_table = 'invoices' AND b.verdict = 'confirmed'
),
cashed AS (
    SELECT p.vendor, p.id FROM payments AS p JOIN ours AS o ON o.vendor = p.vendor AND o.id = p.customer_id
    UNION
    SELECT a.payment_vendor, a.payment_id
    FROM allocated_money AS a JOIN billed AS i ON i.vendor = a.invoice_vendor AND i.id = a.invoice_id
)
"""


@question
def timeline(db: Db, vendor: str, key: str) -> list[Row]:
    """Return every deal, quote, invoice, credit note and payment of a customer by date, oldest first.

    Money that shows in several places is one line. on_day is empty where no system gives a date; those come last.
    """
    return db.rows(
        f"""
        WITH {OURS}
        SELECT
            'deals' AS subject, d.vendor, d.id, 'deal' AS kind, d.title AS name, d.amount, d.currency,
            d.status AS state,
            COALESCE(
                CASE WHEN d.status = 'won' THEN d.won_on END, CAST(d.created_at AS DATE), d.expected_close_on
            ) AS on_day,
            2 AS place
        FROM sold AS d
        UNION ALL
        SELECT 'quotes', q.vendor, q.id, 'quote', COALESCE(q.number, q.title), COALESCE(q.gross, q.net), q.currency,
            q.status, COALESCE(q.accepted_on, CAST(q.updated_at AS DATE), q.valid_until_on), 1
        FROM quotes AS q
        WHERE (q.vendor, q.customer_id) IN (SELECT (o.vendor, o.id) FROM ours AS o)
        OR (q.vendor, q.deal_id) IN (SELECT (d.vendor, d.id) FROM sold AS d)
        UNION ALL
        SELECT 'invoices', i.vendor, i.id,
            CASE WHEN i.kind = 'credit_note' THEN 'credit_note' ELSE 'invoice' END,
            i.number, i.gross, i.currency, s.state, i.issued_on, 3
        FROM billed AS b
        JOIN invoices AS i ON i.vendor = b.vendor AND i.id = b.id
        JOIN invoice_summary AS s ON s.vendor = b.vendor AND s.id = b.id
        UNION ALL
        SELECT 'payments', p.vendor, p.id, CASE WHEN p.amount < 0 THEN 'refund' ELSE 'payment' END,
            COALESCE(p.reference, p.payer_name), p.amount, p.currency, p.method, p.paid_on, 4
        FROM cashed AS c
        JOIN payments AS p ON p.vendor = c.vendor AND p.id = c.id
        JOIN payment_summary AS m ON m.vendor = c.vendor AND m.id = c.id AND m.role IN ('money', 'refund')
        ORDER BY on_day NULLS LAST, place, subject, vendor, id
        """,
        vendor=vendor,
        key=key,
    )
