"""Questions about what a person should decide: suggested links, invoices without a deal, money without an invoice."""

from dashboard.read.warehouse import Db, Row, plain, question

PAGE = 20

# Any record in the same few columns, to show both sides of a pair alike.
_RECORDS = """
WITH records AS (
    SELECT 'deals' AS of_table, d.vendor, d.id, d.title, COALESCE(c.name, d.customer_name) AS customer, d.amount,
        d.currency, d.won_on AS on_day, d.reference AS says, d.url
    FROM deals AS d
    LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
    UNION ALL
    SELECT 'invoices', i.vendor, i.id, i.number, i.customer_name, i.gross, i.currency, i.issued_on, i.deal_reference,
        i.url
    FROM invoices AS i
    UNION ALL
    SELECT 'payments', p.vendor, p.id, COALESCE(p.reference, p.invoice_reference), p.payer_name, p.amount, p.currency,
        p.paid_on, p.payer_iban, NULL
    FROM payments AS p
    UNION ALL
    SELECT 'customers', c.vendor, c.id, c.name, c.tax_id, NULL, NULL, NULL, c.email, c.url
    FROM customers AS c
    UNION ALL
    SELECT 'payouts', y.vendor, y.id, y.reference, NULL, y.amount, y.currency, y.arrives_on, NULL, NULL
    FROM payouts AS y
)
"""


@question
def waiting(db: Db) -> dict[tuple[str, str], int]:
    """Return how many records wait for a person to decide, by (left table, right table)."""
    rows = db.rows(
        """
        SELECT left_table, right_table, COUNT(DISTINCT left_vendor || '|' || left_id) AS found
        FROM links WHERE status = 'suggested'
        GROUP BY left_table, right_table
        """
    )
    return {(r["left_table"], r["right_table"]): r["found"] for r in rows}


@question
def suggested(db: Db, left: str, right: str, number: int = 1, size: int = PAGE) -> list[list[Row]]:
    """Return one page of records that wait, each as the list of its candidates, best first, most money first."""
    rows = db.rows(
        _RECORDS
        + """,
        asked AS (
            SELECT left_vendor, left_id, MAX(ABS(amount)) AS worth
            FROM links
            WHERE status = 'suggested' AND left_table = $left AND right_table = $right
            GROUP BY left_vendor, left_id
            ORDER BY worth DESC NULLS LAST, left_vendor, left_id
            LIMIT $limit OFFSET $offset
        )
        SELECT
            l.*, a.worth,
            x.title AS left_title, x.customer AS left_customer, x.amount AS left_amount, x.currency AS left_currency,
            x.on_day AS left_on, x.says AS left_says, x.url AS left_url,
            y.title AS right_title, y.customer AS right_customer, y.amount AS right_amount,
            y.currency AS right_currency, y.on_day AS right_on, y.says AS right_says, y.url AS right_url
        FROM asked AS a
        JOIN links AS l
            ON l.left_vendor = a.left_vendor AND l.left_id = a.left_id
            AND l.left_table = $left AND l.right_table = $right AND l.status = 'suggested'
        LEFT JOIN records AS x
            ON x.of_table = l.left_table AND x.vendor = l.left_vendor AND x.id = l.left_id
        LEFT JOIN records AS y
            ON y.of_table = l.right_table AND y.vendor = l.right_vendor AND y.id = l.right_id
        ORDER BY a.worth DESC NULLS LAST, l.left_vendor, l.left_id, l.confidence DESC, l.right_id
        """,
        left=left,
        right=right,
        limit=size,
        offset=(number - 1) * size,
    )
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["left_vendor"], row["left_id"]), []).append(row)
    return list(groups.values())


_UNLINKED = """
FROM invoice_summary AS s
JOIN invoices AS i ON i.vendor = s.vendor AND i.id = s.id
WHERE s.is_counted
AND s.deal_count = 0
AND s.kind <> 'credit_note'
AND ($text = '' OR contains(
    translate(lower(strip_accents(concat_ws(' ', i.number, i.customer_name, i.customer_tax_id, CAST(i.gross AS VARCHAR),
        i.deal_reference))), 'łøđ', 'lod'), $text))
"""


@question
def unlinked(db: Db, text: str = "", number: int = 1, size: int = PAGE) -> list[Row]:
    """Return invoices that belong to no deal, newest first, with how many deals are suggested for each."""
    return db.rows(
        """
        SELECT i.vendor, i.id, i.number, i.customer_name AS customer, i.gross AS amount, i.currency, i.issued_on,
            s.state, s.open_amount, i.url,
            (SELECT COUNT(*) FROM links AS l WHERE l.status = 'suggested' AND l.left_table = 'deals'
                AND l.right_table = 'invoices' AND l.right_vendor = i.vendor AND l.right_id = i.id) AS candidates
        """
        + _UNLINKED
        + "ORDER BY i.issued_on DESC NULLS LAST, i.id LIMIT $limit OFFSET $offset",
        text=plain(text),
        limit=size,
        offset=(number - 1) * size,
    )


@question
def count_unlinked(db: Db, text: str = "") -> int:
    """Return how many invoices belong to no deal."""
    return int(db.one("SELECT COUNT(*) " + _UNLINKED, text=plain(text)))


@question
def loose_money(db: Db, number: int = 1, size: int = PAGE) -> list[Row]:
    """Return money that came and is not, or not wholly, for an invoice; most first."""
    return db.rows(
        """
        SELECT p.vendor, p.id, p.paid_on, p.amount, p.currency, p.payer_name, p.reference, s.unallocated, s.candidates
        FROM payment_summary AS s
        JOIN payments AS p ON p.vendor = s.vendor AND p.id = s.id
        WHERE s.role = 'money'
        AND s.unallocated > 0
        AND p.amount > 0
        ORDER BY s.candidates > 0 DESC, s.unallocated DESC, p.vendor, p.id
        LIMIT $limit OFFSET $offset
        """,
        limit=size,
        offset=(number - 1) * size,
    )


@question
def count_loose(db: Db) -> int:
    """Return how much money waits, in payments."""
    return int(db.one("SELECT COUNT(*) FROM payment_summary WHERE role = 'money' AND unallocated > 0 AND amount > 0"))


@question
def candidates(db: Db, vendor: str, key: str) -> list[Row]:
    """Return the open invoices that are suggested for a payment, with what each would get."""
    return db.rows(
        """
        SELECT l.*, i.number AS right_title, i.customer_name AS right_customer, i.gross AS right_amount,
            i.currency AS right_currency, i.due_on AS right_on, s.open_amount
        FROM links AS l
        JOIN invoices AS i ON i.vendor = l.right_vendor AND i.id = l.right_id
        JOIN invoice_summary AS s ON s.vendor = i.vendor AND s.id = i.id
        WHERE l.status = 'suggested' AND l.left_table = 'payments' AND l.right_table = 'invoices'
        AND l.left_vendor = $vendor AND l.left_id = $key
        ORDER BY l.confidence DESC, i.due_on, i.id
        """,
        vendor=vendor,
        key=key,
    )


@question
def open_invoices(db: Db, text: str, currency: str = "", most: int = 25) -> list[Row]:
    """Return invoices by number, customer or amount, open ones first; where `currency` is given, only in it."""
    return db.rows(
        """
        SELECT i.vendor, i.id, i.number, i.customer_name AS customer, i.gross AS amount, i.currency, i.issued_on,
            i.due_on, s.state, s.open_amount, s.deal_count
        FROM invoices AS i
        JOIN invoice_summary AS s ON s.vendor = i.vendor AND s.id = i.id
        WHERE s.is_counted AND s.kind <> 'credit_note'
        AND $currency IN ('', i.currency)
        AND contains(
            translate(lower(strip_accents(concat_ws(' ', i.number, i.customer_name, i.customer_tax_id,
                CAST(CAST(i.gross AS DECIMAL(18, 2)) AS VARCHAR), i.deal_reference))), 'łøđ', 'lod'), $text)
        ORDER BY s.open_amount = 0, i.issued_on DESC NULLS LAST, i.id
        LIMIT $most
        """,
        text=plain(text),
        currency=currency,
        most=most,
    )
