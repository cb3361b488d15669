"""Questions about reminders: which invoices are late, and what stands in the way of reminding of them.

What was sent is in the state store; here is what the warehouse knows of the invoices.
"""

from dashboard.read.warehouse import Db, Row, question

PAGE = 50

_LATE = """
WITH standing AS (
    SELECT f.subject_vendor AS vendor, f.subject_id AS id, MAX(f.state) AS state, MAX(f.reason) AS reason,
        MAX(f.id) AS finding_id
    FROM findings AS f
    WHERE f.subject_table = 'invoices' AND f."check" IN ('overdue', 'partly_paid') AND f.state IN ('agreed', 'snoozed')
    GROUP BY f.subject_vendor, f.subject_id
),
late AS (
    SELECT
        i.*,
        COALESCE(c.email, '') AS known_email,
        h.head_vendor,
        h.head_id,
        s.state AS agreed,
        s.reason AS agreed_why,
        s.finding_id
    FROM invoice_summary AS i
    LEFT JOIN standing AS s ON s.vendor = i.vendor AND s.id = i.id
    LEFT JOIN customers AS c ON c.vendor = i.vendor AND c.id = i.customer_id
    LEFT JOIN customer_heads AS h ON h.vendor = i.vendor AND h.id = i.customer_id
    WHERE i.open_amount > 0 AND i.days_overdue > 0
    AND $currency IN ('', i.currency)
    AND ($head_id = '' OR (h.head_vendor = $head_vendor AND h.head_id = $head_id))
)
"""


@question
def late(
    db: Db, currency: str = "", head_vendor: str = "", head_id: str = "", number: int = 1
) -> tuple[int, list[Row]]:  # fmt: skip
    """Return how many invoices are late (of a currency; of a customer), and one page (from 1), the latest first.

    agreed is agreed or snoozed where people said why the invoice is left alone (a dispute, a promise to pay), with the
    finding's id. head_* name the record that stands for the customer.
    """
    asked = {"currency": currency, "head_vendor": head_vendor, "head_id": head_id}
    found = db.one(_LATE + "SELECT COUNT(*) FROM late", **asked)
    rows = db.rows(
        _LATE + f"SELECT * FROM late ORDER BY days_overdue DESC, vendor, id LIMIT {PAGE} OFFSET $offset",
        **asked, offset=(number - 1) * PAGE,
    )  # fmt: skip
    return int(found or 0), rows


@question
def invoices_of(db: Db, head_vendor: str, head_id: str) -> dict[tuple[str, str], str]:
    """Return the numbers of all invoices of a customer, by vendor and id."""
    rows = db.rows(
        """
        SELECT i.vendor, i.id, COALESCE(i.number, i.id) AS number
        FROM invoice_summary AS i
        JOIN customer_heads AS h ON h.vendor = i.vendor AND h.id = i.customer_id
        WHERE h.head_vendor = $head_vendor AND h.head_id = $head_id
        """,
        head_vendor=head_vendor,
        head_id=head_id,
    )
    return {(r["vendor"], r["id"]): r["number"] for r in rows}


@question
def findings_of(db: Db, head_vendor: str, head_id: str) -> dict[str, tuple[str, str]]:
    """Return vendor and id of the late invoices of a customer, by the id of the finding that says so."""
    rows = db.rows(
        """
        SELECT f.id, f.subject_vendor, f.subject_id
        FROM findings AS f
        JOIN invoices AS i ON i.vendor = f.subject_vendor AND i.id = f.subject_id
        JOIN customer_heads AS h ON h.vendor = i.vendor AND h.id = i.customer_id
        WHERE f.subject_table = 'invoices' AND f."check" IN ('overdue', 'partly_paid')
        AND h.head_vendor = $head_vendor AND h.head_id = $head_id
        """,
        head_vendor=head_vendor,
        head_id=head_id,
    )
    return {r["id"]: (r["subject_vendor"], r["subject_id"]) for r in rows}
