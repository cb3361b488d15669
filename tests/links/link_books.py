"""Small books of a case's rows, linked: what the tests of link rules stand on."""

from typing import Any

import duckdb
from lean import database

from extract.model import TABLES, columns, ddl

DEFAULTS: dict[str, dict[str, Any]] = {
    "customers": {"vendor": "crm"},
    "deals": {"vendor": "crm", "status": "won", "currency": "EUR", "won_on": "2026-03-01"},
    "invoices": {
        "vendor": "billing", "kind": "invoice", "status": "sent", "currency": "EUR", 
        "issued_on": "2026-03-05", "due_on": "2026-04-04",
    },
    "payments": {"vendor": "bank", "method": "transfer", "status": "booked", "currency": "EUR",
                 "paid_on": "2026-04-04"},
    "payouts": {"vendor": "billing", "currency": "EUR", "arrives_on": "2026-04-04"},
    "allocations": {"vendor": "billing", "currency": "EUR"},
}  # fmt: skip
DECISIONS = """
CREATE TABLE decisions (
  kind VARCHAR, verdict VARCHAR, left_table VARCHAR, left_vendor VARCHAR, left_id VARCHAR, right_table VARCHAR,
  right_vendor VARCHAR, right_id VARCHAR, amount DECIMAL(18,4), currency VARCHAR, decided_at TIMESTAMP
)"""
RATES = "CREATE TABLE rates (currency VARCHAR, on_date DATE, rate DECIMAL(18,8))"


def books(rows: dict[str, list[dict[str, Any]]], off: tuple[str, ...] = ()) -> duckdb.DuckDBPyConnection:
    """Return a database with the canonical tables filled, and decisions, rates and settings beside them."""
    db = database()
    for table in TABLES:
        for statement in ddl(table):
            db.execute(statement)
    db.execute(DECISIONS)
    db.execute(RATES)
    db.execute("CREATE TABLE settings (rules_off VARCHAR[])")
    db.execute("INSERT INTO settings VALUES (?)", [list(off)])
    for table, listed in rows.items():
        for row in listed:
            _insert(db, table, DEFAULTS.get(table, {}) | row)
    return db


def _insert(db: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any]) -> None:
    if table in TABLES:
        unknown = set(row) - {c.name for c in columns(table)}
        assert not unknown, f"{table} has no {sorted(unknown)}"
    names, marks = ", ".join(row), ", ".join("?" for _ in row)
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))


def said(db: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the links as sentences: "deals:1 > invoices:9 deal_amount automatic 121.00"."""
    found = db.execute(
        "SELECT left_table, left_id, right_table, right_id, rule, status, CAST(amount AS DECIMAL(18, 2))"
        " FROM links ORDER BY ALL"
    ).fetchall()
    return [
        f"{lt}:{li} > {rt}:{ri} {rule} {status}" + (f" {a}" if a is not None else "")
        for lt, li, rt, ri, rule, status, a in found
    ]
