"""Questions about deals and what hangs on them: the list, one deal's chain, one invoice, both sides of a customer."""

from dashboard.read.reasons import KEY, NO_KEY, spelt
from dashboard.read.warehouse import Db, Row, matches, pattern, question

PAGE = 50

# Which deals a text matches, in as few columns as it takes: the page's own are looked up afterwards.
_ALL = "WITH found AS (SELECT d.vendor, d.id, d.won_on FROM deals AS d WHERE $status IN ('', d.status) AND $text = '')"
_MATCHED = f"""
WITH billed AS (
    SELECT DISTINCT n.deal_vendor AS vendor, n.deal_id AS id
    FROM invoices AS i
    JOIN deal_invoices AS n ON n.invoice_vendor = i.vendor AND n.invoice_id = i.id
    WHERE regexp_matches(i.number, $text)
),
found AS (
    SELECT d.vendor, d.id, d.won_on
    FROM deals AS d
    LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
    LEFT JOIN billed AS b ON b.vendor = d.vendor AND b.id = d.id
    WHERE $status IN ('', d.status)
    AND (b.id IS NOT NULL OR {matches("concat_ws(' ', d.title, c.name, d.customer_name, d.reference, d.id)")})
)
"""
_PAGE = """,
page AS (SELECT * FROM found ORDER BY won_on DESC NULLS LAST, vendor, id LIMIT $limit OFFSET $offset)
SELECT
    d.vendor, d.id, d.title, d.status, d.amount, d.currency, d.won_on, d.owner_id, d.url,
    COALESCE(c.name, d.customer_name) AS customer,
    b.invoices, b.invoiced, b.paid, b.remaining, b.invoice_number, b.invoice_status, b.currency_differs
FROM page AS p
JOIN deals AS d
    ON d.vendor = p.vendor
    AND d.id = p.id
LEFT JOIN customers AS c
    ON c.vendor = d.vendor
    AND c.id = d.customer_id
LEFT JOIN deal_summary AS b
    ON b.vendor = d.vendor
    AND b.id = d.id
ORDER BY d.won_on DESC NULLS LAST, d.vendor, d.id
"""


@question
def page(db: Db, text: str = "", status: str = "", number: int = 1, size: int = PAGE) -> list[Row]:
    """Return one page (from 1) of the deals that a text matches, latest won first."""
    asked = (_MATCHED if text.strip() else _ALL) + _PAGE
    return db.rows(asked, text=pattern(text), status=status, limit=size, offset=(number - 1) * size)


@question
def count(db: Db, text: str = "", status: str = "") -> int:
    """Return how many deals a text matches."""
    asked = (_MATCHED if text.strip() else _ALL) + " SELECT COUNT(*) FROM found"
    return int(db.one(asked, text=pattern(text), status=status))


@question
def deal(db: Db, vendor: str, key: str) -> Row | None:
    """Return a deal with its summary, customer, salesperson and stage."""
    return db.row(
        """
        SELECT
            d.*,
            COALESCE(c.name, d.customer_name) AS customer,
            o.name AS owner,
            t.name AS stage_name,
            b.invoices, b.basis, b.invoiced, b.paid, b.open_amount, b.remaining, b.verdict, b.currency_differs,
            b.is_paid, b.invoice_currency
        FROM deals AS d
        LEFT JOIN deal_summary AS b
            ON b.vendor = d.vendor
            AND b.id = d.id
        LEFT JOIN customers AS c
            ON c.vendor = d.vendor
            AND c.id = d.customer_id
        LEFT JOIN owners AS o
            ON o.vendor = d.vendor
            AND o.id = d.owner_id
        LEFT JOIN stages AS t
            ON t.vendor = d.vendor
            AND t.id = d.stage
        WHERE d.vendor = $vendor
        AND d.id = $key
        """,
        vendor=vendor,
        key=key,
    )


@question
def quotes(db: Db, vendor: str, key: str) -> list[Row]:
    """Return a deal's quotes."""
    return db.rows(
        "SELECT * FROM quotes WHERE vendor = $vendor AND deal_id = $key ORDER BY updated_at, id", vendor=vendor, key=key
    )


@question
def invoices(db: Db, vendor: str, key: str) -> list[Row]:
    """Return a deal's invoices in order of issue: state, amounts, share, and the link with its evidence.

    Credit notes that came with the invoice they correct have no link of their own. Suggested links come last.
    """
    rows = db.rows(
        f"""
        WITH linked AS (
            SELECT l.right_vendor AS vendor, l.right_id AS id, l.rule, l.evidence, l.confidence,
                l.status AS link_status, {KEY}
            FROM links AS l
            WHERE l.left_table = 'deals' AND l.right_table = 'invoices'
            AND l.left_vendor = $vendor AND l.left_id = $key
            AND l.status <> 'rejected'
            UNION ALL
            SELECT n.invoice_vendor, n.invoice_id, 'corrects', '[]', 1, 'automatic', {NO_KEY}
            FROM deal_invoices AS n
            WHERE n.deal_vendor = $vendor AND n.deal_id = $key
            AND n.kind = 'credit_note'
            AND (n.invoice_vendor, n.invoice_id) NOT IN (
                SELECT (l.right_vendor, l.right_id) FROM links AS l
                WHERE l.left_table = 'deals' AND l.left_vendor = $vendor AND l.left_id = $key
            )
        )
        SELECT
            k.*, i.number, i.kind, i.currency, i.net, i.tax, i.gross, i.issued_on, i.due_on, i.url, i.pdf_url,
            i.customer_name, i.customer_email, s.state, s.paid, s.open_amount, s.paid_on, s.deal_count, n.share
        FROM linked AS k
        JOIN invoices AS i
            ON i.vendor = k.vendor
            AND i.id = k.id
        LEFT JOIN invoice_summary AS s
            ON s.vendor = k.vendor
            AND s.id = k.id
        LEFT JOIN deal_invoices AS n
            ON n.deal_vendor = $vendor AND n.deal_id = $key
            AND n.invoice_vendor = k.vendor AND n.invoice_id = k.id
        ORDER BY k.link_status = 'suggested', i.issued_on NULLS LAST, i.number
        """,
        vendor=vendor,
        key=key,
    )
    return spelt(db, rows)


@question
def payments(db: Db, vendor: str, key: str) -> list[Row]:
    """Return the payments of an invoice by value date, each with how much of it is for the invoice and why."""
    rows = db.rows(
        f"""
        SELECT
            p.vendor, p.id, p.paid_on, p.amount, p.currency, p.fee, p.method, p.payer_name, p.reference, p.status,
            l.amount AS allocated, l.currency AS allocated_currency, l.rule, l.evidence, l.confidence,
            l.status AS link_status, {KEY}
        FROM links AS l
        JOIN payments AS p
            ON p.vendor = l.left_vendor
            AND p.id = l.left_id
        WHERE l.left_table = 'payments'
        AND l.right_table = 'invoices'
        AND l.right_vendor = $vendor
        AND l.right_id = $key
        AND l.status <> 'rejected'
        ORDER BY l.status = 'suggested', p.paid_on, p.id
        """,
        vendor=vendor,
        key=key,
    )
    return spelt(db, rows)


@question
def money_ahead(db: Db, vendor: str, key: str) -> list[Row]:
    """Return the payments that are for a deal and for no invoice yet, like `payments`; suggested ones last."""
    rows = db.rows(
        f"""
        SELECT
            p.vendor, p.id, p.paid_on, p.amount, p.currency, p.fee, p.method, p.payer_name, p.reference, p.status,
            l.amount AS allocated, p.currency AS allocated_currency, l.rule, l.evidence, l.confidence,
            l.status AS link_status, {KEY}
        FROM links AS l
        JOIN payments AS p
            ON p.vendor = l.left_vendor
            AND p.id = l.left_id
        WHERE l.left_table = 'payments'
        AND l.right_table = 'deals'
        AND l.right_vendor = $vendor
        AND l.right_id = $key
        AND l.status <> 'rejected'
        ORDER BY l.status = 'suggested', p.paid_on, p.id
        """,
        vendor=vendor,
        key=key,
    )
    return spelt(db, rows)


@question
def invoice(db: Db, vendor: str, key: str) -> Row | None:
    """Return an invoice with its state and what is paid and open."""
    return db.row(
        """
        SELECT
            i.* REPLACE (COALESCE(NULLIF(i.customer_name, ''), c.name) AS customer_name),
            s.state,
            s.paid AS settled,
            s.open_amount,
            s.days_overdue,
            s.paid_on AS settled_on,
            s.deal_count
        FROM invoices AS i
        LEFT JOIN invoice_summary AS s
            ON s.vendor = i.vendor
            AND s.id = i.id
        LEFT JOIN customers AS c
            ON c.vendor = i.vendor
            AND c.id = i.customer_id
        WHERE i.vendor = $vendor
        AND i.id = $key
        """,
        vendor=vendor,
        key=key,
    )


@question
def deals_of(db: Db, vendor: str, key: str) -> list[Row]:
    """Return the deals that an invoice is linked to."""
    rows = db.rows(
        f"""
        SELECT d.vendor, d.id, d.title, d.amount, d.currency, l.status AS link_status, l.rule, l.evidence, {KEY}
        FROM links AS l
        JOIN deals AS d
            ON d.vendor = l.left_vendor
            AND d.id = l.left_id
        WHERE l.left_table = 'deals'
        AND l.right_table = 'invoices'
        AND l.right_vendor = $vendor
        AND l.right_id = $key
        AND l.status <> 'rejected'
        ORDER BY d.title
        """,
        vendor=vendor,
        key=key,
    )
    return spelt(db, rows)


@question
def lines(db: Db, document: str, vendor: str, key: str) -> list[Row]:
    """Return the lines of a deal, quote or invoice in order, with what is in `stock` of their article where counted."""
    return db.rows(
        """
        SELECT l.*, s.stock FROM lines AS l
        LEFT JOIN products AS p ON p.vendor = l.vendor AND p.id = l.product_id
        LEFT JOIN stock_on_hand AS s ON s.sku = UPPER(TRIM(COALESCE(l.sku, p.sku)))
        WHERE l.document = $document AND l.vendor = $vendor AND l.document_id = $key
        ORDER BY l.position, l.id
        """,
        document=document,
        vendor=vendor,
        key=key,
    )


@question
def customers(db: Db, vendor: str, key: str) -> list[Row]:
    """Return the customer of a deal as the CRM has it, then as billing has it, where known: at most one of each."""
    return db.rows(
        """
        WITH ours AS (
            SELECT c.vendor, c.id FROM deals AS d
            JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
            WHERE d.vendor = $vendor AND d.id = $key
        ),
        theirs AS (
            SELECT l.right_vendor AS vendor, l.right_id AS id, 1 AS place
            FROM links AS l JOIN ours AS o ON l.left_vendor = o.vendor AND l.left_id = o.id
            WHERE l.left_table = 'customers' AND l.right_table = 'customers' AND l.status IN ('automatic', 'confirmed')
            UNION ALL
            SELECT i.vendor, i.customer_id, 2
            FROM deal_invoices AS n
            JOIN invoices AS i ON i.vendor = n.invoice_vendor AND i.id = n.invoice_id
            WHERE n.deal_vendor = $vendor AND n.deal_id = $key AND i.vendor <> $vendor
        ),
        sides AS (
            SELECT 0 AS place, vendor, id FROM ours
            UNION ALL
            (SELECT place, vendor, id FROM theirs WHERE id IS NOT NULL ORDER BY place, id LIMIT 1)
        )
        SELECT c.*
        FROM sides AS s
        JOIN customers AS c
            ON c.vendor = s.vendor
            AND c.id = s.id
        ORDER BY s.place
        """,
        vendor=vendor,
        key=key,
    )
