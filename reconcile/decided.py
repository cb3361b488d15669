"""What persons decided about links: confirmed pairs stand and use up their amounts, rejected ones never come back."""

from duckdb import DuckDBPyConnection

from reconcile import linkable

PAIRS = (
    "deals invoices", "payments payouts", "payments invoices", "payments payments", "customers customers",
    "payments deals",
)  # fmt: skip

_MADE = """
CREATE OR REPLACE TABLE work.made (
  pair VARCHAR, left_n BIGINT, right_n BIGINT, rule VARCHAR, status VARCHAR, confidence DOUBLE,
  amount BIGINT, kept BIGINT
)"""
_REFUSED = "CREATE OR REPLACE TABLE work.refused (pair VARCHAR, left_n BIGINT, right_n BIGINT)"
_LATEST = """
SELECT l.n AS left_n, r.n AS right_n, d.verdict, {amount} AS amount
FROM decisions AS d
JOIN link_{left} AS l ON l.vendor = d.left_vendor AND l.id = d.left_id
JOIN link_{right} AS r ON r.vendor = d.right_vendor AND r.id = d.right_id
WHERE d.kind = 'link' AND d.left_table = '{left}' AND d.right_table = '{right}'
QUALIFY row_number() OVER (PARTITION BY l.n, r.n ORDER BY d.decided_at DESC, d.verdict) = 1
"""


def begin(db: DuckDBPyConnection) -> None:
    """Make the working tables made (links so far) and refused, with what persons decided in them.

    The latest decision about a pair counts; one that is neither confirmed nor rejected takes the earlier one back.
    """
    db.execute(_MADE)
    db.execute(_REFUSED)
    if not linkable.has(db, "decisions", "verdict"):
        return
    asked = "SELECT DISTINCT left_table, right_table FROM decisions WHERE kind = 'link'"
    about = set(db.execute(asked).fetchall())
    for pair in PAIRS:
        left, right = pair.split()
        if (left, right) not in about:
            continue
        latest = _LATEST.format(left=left, right=right, amount=linkable.units("d.amount"))
        db.execute(f"CREATE OR REPLACE TABLE work.latest AS {latest}")
        db.execute(
            "INSERT INTO made SELECT $pair, left_n, right_n, 'decision', 'confirmed', 1, amount, 0"
            " FROM latest WHERE verdict = 'confirmed'",
            {"pair": pair},
        )
        db.execute(
            "INSERT INTO refused SELECT $pair, left_n, right_n FROM latest WHERE verdict = 'rejected'", {"pair": pair}
        )
