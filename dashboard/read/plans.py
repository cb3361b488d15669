"""Questions about billing plans and quotes: the parts of a deal and what became of each, and quotes to use."""

from dashboard.read.warehouse import Db, Row, matches, pattern, question

PAGE = 50


@question
def parts(db: Db, vendor: str, key: str) -> list[Row]:
    """Return the parts of a deal's plan in order: state, what each should come to, and the invoice it became."""
    if not db.has("plan_state"):  # compared by an older version
        return []
    return db.rows(
        """
        SELECT p.*, i.number, i.net, i.gross, i.currency, i.state AS invoice_state
        FROM plan_state AS p
        LEFT JOIN invoice_summary AS i
            ON i.vendor = p.invoice_vendor
            AND i.id = p.invoice_id
        WHERE p.vendor = $vendor
        AND p.id = $key
        ORDER BY p.position
        """,
        vendor=vendor,
        key=key,
    )


@question
def periods(db: Db, vendor: str, key: str) -> list[Row]:
    """Return the periods of what a customer is invoiced without a deal, in order: state, amount, and the invoice."""
    if not db.has("rule_state"):  # compared by an older version
        return []
    return db.rows(
        """
        SELECT r.*, i.number
        FROM rule_state AS r
        LEFT JOIN invoice_summary AS i
            ON i.vendor = r.invoice_vendor
            AND i.id = r.invoice_id
        WHERE r.vendor = $vendor
        AND r.id = $key
        ORDER BY r.position
        """,
        vendor=vendor,
        key=key,
    )


@question
def is_of_crm(db: Db, vendor: str) -> bool:
    """Return whether a connection is a CRM: one that has deals."""
    return bool(db.one("SELECT COUNT(*) FROM deals WHERE vendor = $vendor", vendor=vendor))


@question
def pipeline(db: Db, vendor: str, key: str) -> list[Row]:
    """Return the stages of a deal's own pipeline in order: id, name."""
    return db.rows(
        """
        SELECT t.id, t.name
        FROM stages AS t
        JOIN deals AS d
            ON d.vendor = t.vendor
            AND d.pipeline = t.pipeline
        WHERE d.vendor = $vendor
        AND d.id = $key
        ORDER BY t.position, t.id
        """,
        vendor=vendor,
        key=key,
    )


_FOUND = f"""
FROM quotes AS q
LEFT JOIN deals AS d
    ON d.vendor = q.vendor
    AND d.id = q.deal_id
LEFT JOIN customers AS c
    ON c.vendor = q.vendor
    AND c.id = COALESCE(q.customer_id, d.customer_id)
WHERE $status IN ('', q.status)
AND {matches("concat_ws(' ', q.number, q.title, d.title, c.name, q.id)")}
"""


@question
def quotes(db: Db, text: str = "", status: str = "", number: int = 1) -> list[Row]:
    """Return one page (from 1) of the quotes that a text matches, latest first."""
    asked = f"""
        SELECT q.*, d.title AS deal_title, c.name AS customer {_FOUND}
        ORDER BY q.updated_at DESC NULLS LAST, q.vendor, q.id
        LIMIT $limit OFFSET $offset
    """
    return db.rows(asked, text=pattern(text), status=status, limit=PAGE, offset=(number - 1) * PAGE)


@question
def count_quotes(db: Db, text: str = "", status: str = "") -> int:
    """Return how many quotes a text matches."""
    return int(db.one(f"SELECT COUNT(*) {_FOUND}", text=pattern(text), status=status))


@question
def quote(db: Db, vendor: str, key: str) -> Row | None:
    """Return a quote with its deal's title, its customer's name, and the same quote in the other system."""
    return db.row(
        """
        SELECT q.*, d.title AS deal_title, c.name AS customer,
            o.vendor AS other_vendor, o.id AS other_id, COALESCE(o.number, o.title, o.id) AS other_number
        FROM quotes AS q
        LEFT JOIN quotes AS o
            ON o.vendor <> q.vendor
            AND (o.id = q.other_quote_id OR o.other_quote_id = q.id)
        LEFT JOIN deals AS d
            ON d.vendor = q.vendor
            AND d.id = q.deal_id
        LEFT JOIN customers AS c
            ON c.vendor = q.vendor
            AND c.id = COALESCE(q.customer_id, d.customer_id)
        WHERE q.vendor = $vendor
        AND q.id = $key
        """,
        vendor=vendor,
        key=key,
    )
