"""Search over everything: deals, invoices, payments and customers, by stage from offer to money, a page at a time."""

from decimal import Decimal
from typing import Any

from dashboard.read.billed import ANY, Billed, values, within
from dashboard.read.warehouse import Db, Row, matches, pattern, question

PAGE = 50
MOST = 10_000  # rows that are counted and paged through; whoever has more narrows the search

# From offer to money: what is stuck where. `amount` is what is stuck.
_STAGES = {
    "to_invoice": """
        SELECT 'deals' AS of_table, d.vendor, d.id, d.title, COALESCE(c.name, d.customer_name) AS customer,
            s.remaining AS amount, d.currency, d.won_on AS on_day, d.status AS state,
            concat_ws(' ', d.title, c.name, d.customer_name, d.reference, d.id) AS words
        FROM deal_summary AS s
        JOIN deals AS d ON d.vendor = s.vendor AND d.id = s.id
        LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
        WHERE d.status = 'won' AND s.remaining > 0
    """,
    "to_pay": """
        SELECT 'invoices' AS of_table, i.vendor, i.id, i.number AS title, i.customer_name AS customer,
            s.open_amount AS amount, i.currency, i.issued_on AS on_day, s.state,
            concat_ws(' ', i.number, i.customer_name, i.customer_tax_id, i.deal_reference, i.id) AS words
        FROM invoice_summary AS s
        JOIN invoices AS i ON i.vendor = s.vendor AND i.id = s.id
        WHERE s.is_counted AND s.open_amount > 0
    """,
    "paid": """
        SELECT 'invoices' AS of_table, i.vendor, i.id, i.number AS title, i.customer_name AS customer,
            i.gross AS amount, i.currency, i.issued_on AS on_day, s.state,
            concat_ws(' ', i.number, i.customer_name, i.customer_tax_id, i.deal_reference, i.id) AS words
        FROM invoice_summary AS s
        JOIN invoices AS i ON i.vendor = s.vendor AND i.id = s.id
        WHERE s.is_counted AND s.state = 'paid'
    """,
    "no_deal": """
        SELECT 'invoices' AS of_table, i.vendor, i.id, i.number AS title, i.customer_name AS customer,
            i.gross AS amount, i.currency, i.issued_on AS on_day, s.state,
            concat_ws(' ', i.number, i.customer_name, i.customer_tax_id, i.deal_reference, i.id) AS words
        FROM invoice_summary AS s
        JOIN invoices AS i ON i.vendor = s.vendor AND i.id = s.id
        WHERE s.is_counted AND s.deal_count = 0 AND s.kind <> 'credit_note'
    """,
    "no_invoice": """
        SELECT 'payments' AS of_table, p.vendor, p.id, COALESCE(p.reference, p.invoice_reference) AS title,
            p.payer_name AS customer, s.unallocated AS amount, p.currency, p.paid_on AS on_day, s.role AS state,
            concat_ws(' ', p.payer_name, p.reference, p.invoice_reference, p.payer_iban, p.id) AS words
        FROM payment_summary AS s
        JOIN payments AS p ON p.vendor = s.vendor AND p.id = s.id
        WHERE s.role = 'money' AND s.unallocated > 0 AND p.amount > 0
    """,
}
STAGES = tuple(_STAGES)
_ALL = """
    SELECT 'deals' AS of_table, d.vendor, d.id, d.title, COALESCE(c.name, d.customer_name) AS customer, d.amount,
        d.currency, COALESCE(d.won_on, d.expected_close_on) AS on_day, d.status AS state,
        concat_ws(' ', d.title, c.name, d.customer_name, d.reference, d.id) AS words
    FROM deals AS d
    LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
    UNION ALL
    SELECT 'invoices', i.vendor, i.id, i.number, i.customer_name, i.gross, i.currency, i.issued_on, s.state,
        concat_ws(' ', i.number, i.customer_name, i.customer_tax_id, i.deal_reference, i.id)
    FROM invoices AS i
    LEFT JOIN invoice_summary AS s ON s.vendor = i.vendor AND s.id = i.id
    UNION ALL
    SELECT 'payments', p.vendor, p.id, COALESCE(p.reference, p.invoice_reference), p.payer_name, p.amount, p.currency,
        p.paid_on, p.status, concat_ws(' ', p.payer_name, p.reference, p.invoice_reference, p.payer_iban, p.id)
    FROM payments AS p
    UNION ALL
    SELECT 'customers', c.vendor, c.id, c.name, c.tax_id, NULL, NULL, NULL, NULL,
        concat_ws(' ', c.name, c.legal_name, c.tax_id, c.email, c.id)
    FROM customers AS c
"""
_WORDS = "concat_ws(' ', words, CAST(CAST(amount AS DECIMAL(18, 2)) AS VARCHAR))"
_FOUND = f"""
WITH everything AS ({{rows}}),
found AS (SELECT * EXCLUDE (words) FROM everything WHERE {matches(_WORDS)} AND {{billed}})
"""


def _found(stage: str, billed: Billed) -> str:
    return _FOUND.format(rows=_STAGES.get(stage, _ALL), billed=within(billed, "of_table", "vendor", "id"))


def relation(text: str, stage: str, billed: Billed) -> tuple[str, dict[str, Any]]:
    """Return a query for the records of a stage that a text matches, and its values: a row a record."""
    query = """
    SELECT f.of_table, f.vendor, f.id, f.title, f.customer, o.name AS owner, f.on_day, f.currency, f.amount,
        CAST(NULL AS VARCHAR) AS note
    FROM found AS f
    LEFT JOIN deals AS d ON f.of_table = 'deals' AND d.vendor = f.vendor AND d.id = f.id
    LEFT JOIN (SELECT id, any_value(name) AS name FROM owners GROUP BY id) AS o ON o.id = d.owner_id
    """
    return _found(stage, billed) + query, {"text": pattern(text)} | values(billed)


@question
def page(
    db: Db, text: str = "", stage: str = "", number: int = 1, size: int = PAGE, billed: Billed = ANY
) -> list[Row]:  # fmt: skip
    """Return one page (from 1) of the records of a stage (empty: of all) that a text matches, latest first."""
    return db.rows(
        _found(stage, billed) + "SELECT * FROM found ORDER BY on_day DESC NULLS LAST, of_table, vendor, id "
        "LIMIT $limit OFFSET $offset",
        text=pattern(text),
        limit=size,
        offset=(number - 1) * size,
        **values(billed),
    )


@question
def count(db: Db, text: str = "", stage: str = "", billed: Billed = ANY) -> int:
    """Return how many records match, counted no further than one past `MOST`."""
    asked = f"SELECT COUNT(*) FROM (SELECT 1 FROM found LIMIT {MOST + 1})"
    return int(db.one(_found(stage, billed) + asked, text=pattern(text), **values(billed)))


@question
def figures(db: Db) -> dict[str, tuple[int, tuple[tuple[str, Decimal], ...]]]:
    """Return by stage how many records there are and the money per currency, most records first."""
    out = {}
    for stage, rows in _STAGES.items():
        sums = db.rows(
            f"SELECT currency, COUNT(*) AS found, COALESCE(SUM(amount), 0) AS amount FROM ({rows}) "
            "GROUP BY currency ORDER BY found DESC, currency"
        )
        money = tuple((r["currency"], r["amount"]) for r in sums if r["currency"])
        out[stage] = (sum(r["found"] for r in sums), money)
    return out
