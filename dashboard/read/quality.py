"""Questions about the quality of what was read: what is missing, wrong or there twice, before anything is written."""

from dashboard.read.warehouse import Db, Row, question

# In the order in which a person should mend them: what blocks an invoice first.
PROBLEMS = (
    "duplicate_customer", "no_tax_id", "wrong_tax_id", "no_email", "no_address", "deal_no_amount", "deal_no_customer",
    "deal_no_owner", "rejected",
)  # fmt: skip
PAGE = 50

_ALL = """
WITH traded AS (
    SELECT DISTINCT c.vendor, c.id
    FROM deals AS d
    JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
    WHERE d.status IN ('open', 'won')
    UNION
    SELECT DISTINCT c.vendor, c.id
    FROM invoices AS i
    JOIN customers AS c ON c.vendor = i.vendor AND c.id = i.customer_id
),
kept AS (
    SELECT
        vendor,
        COUNT(tax_id) > 0 AS tax_ids,
        COUNT(email) > 0 AS emails,
        COUNT(COALESCE(street, city, postcode)) > 0 AS addresses
    FROM customers
    GROUP BY vendor
),
asked AS (
    SELECT c.*, k.tax_ids, k.emails, k.addresses, t.problem
    FROM traded AS u
    JOIN customers AS c ON c.vendor = u.vendor AND c.id = u.id
    JOIN kept AS k ON k.vendor = c.vendor
    LEFT JOIN tax_ids AS t ON t.tax_id = c.tax_id AND t.country = COALESCE(c.tax_id_country, c.country, '')
),
problems AS (
    SELECT 'no_tax_id' AS problem, 'customers' AS record, vendor, id, name, CAST(NULL AS VARCHAR) AS value, url
    FROM asked WHERE tax_id IS NULL AND tax_ids AND COALESCE(kind, 'company') = 'company'
    UNION ALL
    SELECT 'wrong_tax_id', 'customers', vendor, id, name, tax_id, url FROM asked WHERE problem IS NOT NULL
    UNION ALL
    SELECT 'no_email', 'customers', vendor, id, name, NULL, url FROM asked WHERE email IS NULL AND emails
    UNION ALL
    SELECT 'no_address', 'customers', vendor, id, name, NULL, url
    FROM asked WHERE addresses AND COALESCE(street, city, postcode) IS NULL
    UNION ALL
    SELECT 'duplicate_customer', f.subject_table, f.subject_vendor, f.subject_id, f.detail, c.tax_id, c.url
    FROM findings AS f
    LEFT JOIN customers AS c ON c.vendor = f.subject_vendor AND c.id = f.subject_id
    WHERE f."check" = 'duplicate_customers' AND f.state = 'open'
    UNION ALL
    SELECT 'deal_no_amount', 'deals', vendor, id, title, NULL, url FROM deals WHERE status = 'won' AND amount IS NULL
    UNION ALL
    SELECT 'deal_no_customer', 'deals', vendor, id, title, NULL, url
    FROM deals WHERE status = 'won' AND customer_id IS NULL AND customer_name IS NULL
    UNION ALL
    SELECT 'deal_no_owner', 'deals', vendor, id, title, NULL, url FROM deals WHERE status = 'won' AND owner_id IS NULL
    UNION ALL
    SELECT 'rejected', kind, vendor, id, reason, value, NULL FROM rejects
)
"""


@question
def counts(db: Db) -> dict[str, int]:
    """Return how many records have each problem, in the order to mend them; those without any are 0."""
    rows = db.rows(_ALL + "SELECT problem, COUNT(*) AS found FROM problems GROUP BY problem")
    found = {row["problem"]: int(row["found"]) for row in rows}
    return {problem: found.get(problem, 0) for problem in PROBLEMS}


@question
def page(db: Db, problem: str, number: int = 1, size: int = PAGE) -> list[Row]:
    """Return one page (from 1) of the records with a problem; all problems where it is empty."""
    return db.rows(
        _ALL + "SELECT * FROM problems WHERE $problem IN ('', problem) ORDER BY problem, vendor, name, id "
        "LIMIT $limit OFFSET $offset",
        problem=problem,
        limit=size,
        offset=(number - 1) * size,
    )


@question
def records(db: Db) -> dict[str, int]:
    """Return how many customers that we trade with and won deals there are: what the counts are a part of."""
    row = db.row(
        _ALL + "SELECT (SELECT COUNT(*) FROM asked) AS customers, "
        "(SELECT COUNT(*) FROM deals WHERE status = 'won') AS deals"
    )
    return {name: int(value) for name, value in (row or {}).items()}
