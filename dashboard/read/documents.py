"""Questions about issued documents, as the archive lists them: how many there are, and a page of them."""

from dashboard.read.warehouse import Db, Row, matches, pattern, question

PAGE = 50  # documents shown at a time
_ISSUED = """
    i.status <> 'draft'
    AND COALESCE(i.kind, 'invoice') <> 'proforma'
    AND i.number IS NOT NULL
    AND i.issued_on IS NOT NULL
"""
_FOUND = f"""
WITH found AS (
    SELECT i.*
    FROM invoices AS i
    LEFT JOIN customers AS c ON c.vendor = i.vendor AND c.id = i.customer_id
    WHERE {_ISSUED}
    AND (
        {matches("concat_ws(' ', i.number, COALESCE(i.customer_name, c.name, i.customer_id))")}
        OR i.vendor || ':' || i.id IN (SELECT unnest(CAST($others AS VARCHAR[])))
    )
)
"""


@question
def issued(db: Db) -> dict[str, int]:
    """Return how many issued documents there are, by the system they are from."""
    rows = db.rows(f"SELECT i.vendor, COUNT(*) AS found FROM invoices AS i WHERE {_ISSUED} GROUP BY i.vendor")
    return {row["vendor"]: row["found"] for row in rows}


@question
def found(db: Db, text: str = "", others: tuple[str, ...] = ()) -> int:
    """Return how many documents have a text in number or customer, or are one of `others` ("vendor:id")."""
    count: int = db.one(_FOUND + "SELECT COUNT(*) FROM found", text=pattern(text), others=list(others))
    return count


@question
def page(db: Db, text: str = "", others: tuple[str, ...] = (), number: int = 1) -> list[Row]:
    """Return a page (from 1) of the documents that `found` counts, newest first, with customer and state."""
    return db.rows(
        _FOUND
        + """,
        shown AS (
            SELECT * FROM found ORDER BY issued_on DESC, vendor DESC, id DESC LIMIT $limit OFFSET $offset
        )
        SELECT i.vendor, i.id, i.number, COALESCE(i.customer_name, c.name, i.customer_id) AS customer, i.issued_on,
            i.sent_at, s.state
        FROM shown AS i
        LEFT JOIN invoice_summary AS s ON s.vendor = i.vendor AND s.id = i.id
        LEFT JOIN customers AS c ON c.vendor = i.vendor AND c.id = i.customer_id
        ORDER BY i.issued_on DESC, i.vendor DESC, i.id DESC
        """,
        text=pattern(text),
        others=list(others),
        limit=PAGE,
        offset=(number - 1) * PAGE,
    )
