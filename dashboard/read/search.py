"""The question behind the search field: which deals, customers, invoices and payments hold these words."""

from dashboard.read.warehouse import Db, Row, matches, pattern, question

MOST = 8  # of each kind; the kind's own page has all

_FOUND = {
    "deals": f"""
        SELECT d.vendor, d.id, COALESCE(d.title, d.id) AS name, COALESCE(c.name, d.customer_name) AS who, d.amount,
            d.currency, d.won_on AS on_day, d.status AS state, d.url
        FROM deals AS d
        LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
        WHERE {matches("concat_ws(' ', d.title, c.name, d.customer_name, d.reference, d.id)")}
        ORDER BY d.won_on DESC NULLS LAST, d.vendor, d.id
        LIMIT $most
    """,
    "customers": f"""
        SELECT vendor, id, COALESCE(name, id) AS name, tax_id AS who, CAST(NULL AS DECIMAL(18, 4)) AS amount,
            CAST(NULL AS VARCHAR) AS currency, CAST(NULL AS DATE) AS on_day, country AS state, url
        FROM customers
        WHERE {matches("concat_ws(' ', name, legal_name, tax_id, email, id)")}
        ORDER BY name, vendor, id
        LIMIT $most
    """,
    "invoices": f"""
        SELECT i.vendor, i.id, COALESCE(i.number, i.id) AS name, i.customer_name AS who, i.gross AS amount, i.currency,
            i.issued_on AS on_day, s.state, i.url
        FROM invoices AS i
        LEFT JOIN invoice_summary AS s ON s.vendor = i.vendor AND s.id = i.id
        WHERE {matches("concat_ws(' ', i.number, i.customer_name, i.customer_tax_id, i.deal_reference, i.id)")}
        ORDER BY i.issued_on DESC NULLS LAST, i.vendor, i.id
        LIMIT $most
    """,
    "payments": f"""
        SELECT vendor, id, COALESCE(payer_name, reference, id) AS name, reference AS who, amount, currency,
            paid_on AS on_day, method AS state, CAST(NULL AS VARCHAR) AS url
        FROM payments
        WHERE {matches("concat_ws(' ', payer_name, reference, id, CAST(amount AS VARCHAR))")}
        ORDER BY paid_on DESC NULLS LAST, vendor, id
        LIMIT $most
    """,
}


@question
def everywhere(db: Db, text: str) -> dict[str, list[Row]]:
    """Return, by kind, the records that hold a text, the newest first, at most MOST of each; none for an empty text."""
    if not text.strip():
        return {kind: [] for kind in _FOUND}
    return {kind: db.rows(sql, text=pattern(text), most=MOST) for kind, sql in _FOUND.items()}


@question
def invoice_of(db: Db, vendor: str, key: str) -> Row | None:
    """Return an invoice that a payment is for (vendor, id), the largest part first; None where it is for none."""
    return db.row(
        """
        SELECT right_vendor AS vendor, right_id AS id
        FROM links
        WHERE left_table = 'payments' AND right_table = 'invoices' AND status IN ('automatic', 'confirmed')
        AND left_vendor = $vendor AND left_id = $key
        ORDER BY amount DESC, right_vendor, right_id
        LIMIT 1
        """,
        vendor=vendor,
        key=key,
    )
