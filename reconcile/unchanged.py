"""Links of the last run, taken over where nothing that is linked has changed: after a quiet hour none is made anew.

What is linked are all rows of `READ`, but for what no rule looks at. Their fingerprint, and that of the program which
linked them, stand in table `linked` beside the notes of that run.
"""

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path

import duckdb
import polars as pl

from reconcile import evidence, links, warehouse

READ = (
    "allocations", "customers", "deals", "decisions", "field_map", "freshness", "invoices", "payments", "payouts",
    "rates",
)  # fmt: skip
# Columns that no rule reads: what changes with everything else about a record or with each reading of its system, what
# flows write back to it, and what salespeople go on working at.
_OF_ANY = ("updated_at", "url")
_OF = {
    "allocations": ("allocated_on",),
    "customers": (
        "tax_id_country", "phone", "street", "city", "region", "postcode", "country", "language", "owner_id",
        "payment_terms_days", "discount_rate", "created_at",
    ),
    "deals": (
        "title", "owner_id", "pipeline", "stage", "billing", "invoice_status", "invoice_status_on", "invoiced_amount",
        "invoice_due_on", "invoice_recipient", "paid_on", "reminders_sent", "reminded_on", "payment_terms_days",
        "service_done_on",
    ),
    "freshness": ("mode", "started_at", "completed_at", "items", "rejected", "error"),
    "invoices": (
        "seller_name", "seller_tax_id", "seller_address", "sent_at", "fx_rate", "pdf_url", "paid", "paid_on",
        "withheld", "series", "created_at",
    ),
    "payments": ("bank_reference", "payout_id", "fee", "account"),
    "payouts": ("status",),
}  # fmt: skip
# Of a status rules ask only whether the document stands: that an invoice was sent or paid links nothing anew.
COARSE = {
    ("invoices", "status"): "CASE WHEN status IN ('void', 'draft') THEN status END",
    ("payments", "status"): "CASE WHEN status = 'failed' THEN status END",
}
UNREAD = frozenset(f"{table}.{column}" for table in READ for column in (*_OF_ANY, *_OF.get(table, ())))
ONLY = {"decisions": "kind = 'link'"}  # what persons said of findings links nothing

LINKED = {
    "fingerprint": ("VARCHAR", "of the rows that were linked, the rules that are off, and the program"),
    "notes": ("VARCHAR[]", "what was given up, and why"),
}
_FIELDS = """
SELECT table_name, list(column_name ORDER BY column_index)
FROM duckdb_columns()
WHERE database_name = current_database() AND list_contains($read, table_name)
  AND NOT list_contains($unread, table_name || '.' || column_name)
GROUP BY table_name ORDER BY table_name"""


def link(db: duckdb.DuckDBPyConnection, before: str | None = None) -> list[str]:
    """Create the table `links` as `links.link` does, from the attached database `before` where it is the same there.

    Returns what was given up and why.
    """
    mark = _fingerprint(db)
    notes = _taken_over(db, before, mark) if before else None
    if notes is None:
        notes = links.link(db).notes
    warehouse.create(db, "linked", "What the links rest on.", LINKED)
    db.execute("INSERT INTO linked VALUES ($mark, $notes)", {"mark": mark, "notes": notes})
    return notes


def _taken_over(db: duckdb.DuckDBPyConnection, before: str, mark: str) -> list[str] | None:
    """Take the links of the last run over and return its notes; None where they rest on something else."""
    try:
        found = db.execute(f"SELECT notes FROM {before}.linked WHERE fingerprint = $mark", {"mark": mark}).fetchone()
    except duckdb.CatalogException:  # made by a version that did not say
        return None
    if found is None:
        return None
    evidence.target(db)
    db.execute(f"INSERT INTO links BY NAME SELECT * EXCLUDE (evidence) FROM {before}.links")
    return list(found[0])


def _fingerprint(db: duckdb.DuckDBPyConnection) -> str:
    """Return a text that changes with whatever `links.link` reads, and with nothing else of the books."""
    fields = db.execute(_FIELDS, {"read": list(READ), "unread": sorted(UNREAD)}).fetchall()
    read = {table: ", ".join(seen(table, names)) for table, names in fields}
    parts = [
        f"SELECT '{table}' AS of, COUNT(*) AS rows, SUM(CAST(hash({columns}) AS HUGEINT)) AS hashed FROM {table} "
        f"WHERE {ONLY.get(table, 'TRUE')}"
        for table, columns in read.items()
    ]
    told = db.execute(" UNION ALL ".join(parts) + " ORDER BY of").fetchall()
    off = db.execute("SELECT list_sort(rules_off) FROM settings").fetchall()
    return hashlib.sha256(repr((told, fields, off, _program())).encode()).hexdigest()


def seen(table: str, columns: Iterable[str]) -> list[str]:
    """Return the SQL of what rules see of these columns."""
    return [COARSE.get((table, name), f'"{name}"') for name in columns]


@functools.cache
def _program() -> str:
    """Return a text that changes with the rules, and with the libraries that read and compare."""
    here = Path(__file__).parent
    said = hashlib.sha256(f"{duckdb.__version__} {pl.__version__}".encode())
    for path in sorted([*here.glob("*.py"), *links.RULES.glob("*.sql")]):
        said.update(path.read_bytes())
    return said.hexdigest()
