"""The warehouse of a salesperson: a copy that holds nothing but their own deals and what hangs on them.

Every question is asked of it as it is asked of the whole one, so none of them can show more. It is made when it is
first asked for after a comparison. Figures are computed in it by their own definitions. A table that is not named here
stays empty.
"""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import duckdb
from filelock import FileLock

from reconcile import figures
from reconcile.run import SUMMARIES, WAREHOUSE
from reconcile.sqlfile import queries

FOLDER = "own"
MEMORY = "1GB"
_MADE_OF = "made_of"  # which warehouse a copy was made of

# What is theirs, each from the ones before. Billing's record of a customer is theirs with the CRM's.
_THEIRS = {
    "deals": """
        SELECT d.vendor, d.id FROM whole.deals AS d
        JOIN whole.owners AS o ON o.vendor = d.vendor AND o.id = d.owner_id
        WHERE list_contains(CAST($emails AS VARCHAR[]), lower(trim(o.email)))""",
    "invoices": """
        WITH tied AS (
            SELECT n.invoice_vendor AS vendor, n.invoice_id AS id FROM whole.deal_invoices AS n
            JOIN their_deals AS d ON d.vendor = n.deal_vendor AND d.id = n.deal_id
        )
        SELECT vendor, id FROM tied
        UNION SELECT c.vendor, c.id FROM whole.invoices AS c
        JOIN tied AS t ON t.vendor = c.vendor AND t.id = c.corrects_id""",
    "quotes": """
        SELECT q.vendor, q.id FROM whole.quotes AS q
        JOIN their_deals AS d ON d.vendor = q.vendor AND d.id = q.deal_id""",
    "payments": """
        SELECT DISTINCT a.payment_vendor AS vendor, a.payment_id AS id FROM whole.allocated_money AS a
        JOIN their_invoices AS i ON i.vendor = a.invoice_vendor AND i.id = a.invoice_id""",
    "customers": """
        WITH met AS (
            SELECT d.vendor, unnest([d.customer_id, d.contact_id]) AS id FROM whole.deals AS d
            JOIN their_deals AS t ON t.vendor = d.vendor AND t.id = d.id
        ),
        heads AS (
            SELECT DISTINCT h.head_vendor, h.head_id FROM whole.customer_heads AS h
            JOIN met AS m ON m.vendor = h.vendor AND m.id = h.id
        )
        SELECT h.vendor, h.id FROM whole.customer_heads AS h
        JOIN heads AS k ON k.head_vendor = h.head_vendor AND k.head_id = h.head_id""",
}


def _of(table: str, vendor: str = "vendor", id: str = "id") -> str:
    return f"(t.{vendor}, t.{id}) IN (SELECT (k.vendor, k.id) FROM their_{table} AS k)"


def _subject(table: str, vendor: str, id: str) -> str:
    """Return the condition that the record a row is about is theirs, whichever table it is of."""
    known = " OR ".join(f"(t.{table} = '{name}' AND {_of(name, vendor, id)})" for name in _THEIRS)
    return f"({known})"


_ALL = "TRUE"
_KEPT = {
    **{name: _of(name) for name in _THEIRS},
    "lines": " OR ".join(f"(t.document = '{n[:-1]}' AND {_of(n, 'vendor', 'document_id')})"
                         for n in ("deals", "invoices", "quotes")),
    "owners": "list_contains(CAST($emails AS VARCHAR[]), lower(trim(t.email)))",
    "stages": _ALL, "products": _ALL, "stock_on_hand": _ALL, "rates": _ALL, "tax_rates": _ALL, "settings": _ALL,
    "checks": _ALL, "sources": _ALL, "freshness": _ALL, "weeks": _ALL, "as_of_days": _ALL, "day_rates": _ALL,
    "period_rates": _ALL,
    "allocations": _of("invoices", "vendor", "invoice_id"),
    "links": f"{_subject('left_table', 'left_vendor', 'left_id')} AND "
             f"{_subject('right_table', 'right_vendor', 'right_id')}",
    "deal_links": f"{_of('deals', 'deal_vendor', 'deal_id')}",
    "deal_invoices": f"{_of('deals', 'deal_vendor', 'deal_id')}",
    "allocated_money": _of("invoices", "invoice_vendor", "invoice_id"),
    "deal_summary": _of("deals"), "invoice_summary": _of("invoices"), "payment_summary": _of("payments"),
    "plan_state": _of("deals"), "deal_triggers": _of("deals"), "rule_state": _of("customers"),
    "accepted_quotes": _of("quotes"),
    "receivable_events": _of("invoices"), "customer_heads": _of("customers"),
    "customer_pairs": _of("customers", "crm_vendor", "crm_id"),
    "findings": _subject("subject_table", "subject_vendor", "subject_id"),
}  # fmt: skip
_ANEW = ("askers", "customer_summary")  # sums over what may be others' too are made again of what is theirs


def place(data: Path, emails: Sequence[str]) -> Path:
    """Return the folder of the warehouse that holds what is theirs, made if it is not there or is an old one.

    `emails` are those the CRM may know the salesperson by. FileNotFoundError where there is no warehouse at all.
    """
    seen = (data / WAREHOUSE).stat()
    made_of = f"{seen.st_ino} {seen.st_mtime_ns} {seen.st_size}"
    told = sorted({email.strip().lower() for email in emails if email.strip()})
    folder = data / FOLDER / hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]
    if _is_of(folder, made_of):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        if not _is_of(folder, made_of):
            part = folder / f"{WAREHOUSE}.part"
            part.unlink(missing_ok=True)
            _make(part, data / WAREHOUSE, told)
            (folder / _MADE_OF).unlink(missing_ok=True)
            os.replace(part, folder / WAREHOUSE)
            (folder / _MADE_OF).write_text(made_of, "utf-8")
    return folder


def forget(data: Path) -> None:
    """Remove all copies; they are made again when they are asked for."""
    shutil.rmtree(data / FOLDER, ignore_errors=True)


def _is_of(folder: Path, made_of: str) -> bool:
    try:
        return (folder / _MADE_OF).read_text("utf-8") == made_of and (folder / WAREHOUSE).exists()
    except FileNotFoundError:
        return False


def _make(part: Path, whole: Path, emails: Sequence[str]) -> None:
    with duckdb.connect(str(part)) as db:
        db.execute(f"SET TimeZone = 'UTC'; SET memory_limit = '{MEMORY}'")
        quoted = str(whole).replace("'", "''")
        db.execute(f"ATTACH '{quoted}' AS whole (READ_ONLY)")
        said = {"emails": list(emails)}
        for name, sql in _THEIRS.items():
            db.execute(f"CREATE TEMP TABLE their_{name} AS {sql}", said if "$emails" in sql else {})
        computed = {"figures", "figure_definitions", *_ANEW, *(query.name for query in queries(figures.ROWS))}
        asked = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'whole' ORDER BY table_name"
        for (name,) in db.execute(asked).fetchall():
            if name not in computed:
                only = _KEPT.get(name, "FALSE")
                db.execute(f'CREATE TABLE "{name}" AS SELECT t.* FROM whole."{name}" AS t WHERE {only}',
                           said if "$emails" in only else {})  # fmt: skip
        for query in queries(SUMMARIES):
            if query.name in _ANEW:
                db.execute(f"CREATE TABLE {query.name} AS {query.sql}")
        figures.compute(db)
        db.execute("DETACH whole; CHECKPOINT")
