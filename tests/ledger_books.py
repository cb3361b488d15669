"""Makes a small warehouse from the rows of a test case: only what the case is about has to be said.

A row without `vendor` is of the CRM, of billing or of the bank, as its table goes; every source was read on the morning
of `today` unless the case says otherwise. Links are given, so that checks and figures are tested apart from link rules.
"""

import datetime as dt
import functools
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from lean import database

from extract import model
from reconcile import build, plan_tables, reference, tax_ids, warehouse
from reconcile.baselines import Memory
from reconcile.fieldmap import ENTITIES, Syncs
from reconcile.run import SUMMARIES
from reconcile.settings import Choices, Tolerance
from reconcile.sqlfile import queries

TODAY = dt.date(2026, 11, 20)
FIRST_LOOK = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)  # when customers and products were compared first
VENDORS = {
    "deals": "crm", "owners": "crm", "stages": "crm", "quotes": "crm", "customers": "crm", "lines": "crm",
    "invoices": "billing", "allocations": "billing", "payouts": "billing", "payments": "bank", "merged": "crm",
}  # fmt: skip
PLANNED = {"triggers": plan_tables.TRIGGERS, "billing_plans": plan_tables.PLANS, "plan_parts": plan_tables.PARTS,
           "billed_parts": plan_tables.BILLED}  # fmt: skip
USUAL: dict[str, dict[str, Any]] = {
    "deals": {"status": "won", "currency": "EUR", "title": "Website"},
    "invoices": {"status": "sent", "currency": "EUR", "kind": "invoice"},
    "payments": {"currency": "EUR", "method": "transfer", "status": "booked"},
    "lines": {"document": "deal", "currency": "EUR"},
    "payouts": {"currency": "EUR"},
}


def books(rows: dict[str, list[dict[str, Any]]], reads: str | None = None) -> duckdb.DuckDBPyConnection:
    """Return a database with the canonical tables, links and summaries of a case; `rows` is table -> rows.

    `reads` names the tables that a query reads, as its header does: only the summaries that it needs are made.

    `links` may be written "deals:1>invoices:9" or "payments:1>invoices:9=100.00", with "?" at the end if suggested
    ("?0.5": as surely as that).
    `kept` may follow the amount: "payments:1>invoices:9=97.00+3.00". `settings` is one row of choices; `tolerances` are
    rows of customer, amount, rate, days. `sync` is a table as in settings.toml, `baselines` what both said before.
    """
    db = database()
    known = Memory(rows.get("baselines", []), {e: FIRST_LOOK for e in ENTITIES})
    chosen = {"today": TODAY, "now_at": dt.datetime(2026, 11, 20, 8)} | (rows.get("settings") or [{}])[0]
    warehouse.lay(db, Path("none"), Choices.model_validate(chosen), rows.get("decisions", []))
    said = {row["customer"]: {k: v for k, v in row.items() if k != "customer"} for row in rows.get("tolerances", [])}
    back = {row["address"]: row for row in rows.get("bounces", [])}
    reference.lay(db, {name: Tolerance.model_validate(one) for name, one in said.items()}, back)
    plan_tables.lay(db)
    for table, columns in PLANNED.items():
        warehouse.fill(db, table, columns, [{"vendor": "crm"} | row for row in rows.get(table, [])])
    reference.lay_sync(db, Syncs.model_validate((rows.get("sync") or [{}])[0]), known)
    for table in model.TABLES:
        described = {c.name: (c.sql, "") for c in model.columns(table)}
        made = [{"vendor": VENDORS.get(table, "billing")} | USUAL.get(table, {}) | row for row in rows.get(table, [])]
        warehouse.fill(db, table, described, made)
    warehouse.fill(db, "rates", warehouse.RATES, rows.get("rates", []))
    warehouse.fill(db, "freshness", warehouse.FRESHNESS, rows.get("freshness", _read_this_morning(chosen["today"])))
    warehouse.resolve_merged(db)
    warehouse.create(db, "links", "", warehouse.LINKS)
    warehouse.fill(db, "links", warehouse.LINKS, [_link(db, said) for said in rows.get("links", [])])
    tax_ids.examine(db)
    needed = _grounds(reads) if reads is not None else None
    for query in queries(SUMMARIES):
        if needed is None or query.name in needed:
            build.make(db, query)
    return db


@functools.cache
def _grounds(reads: str) -> frozenset[str]:
    """Return the tables that stand behind those of a header's `reads`, themselves among them."""
    made = {query.name: query.header["reads"] for query in queries(SUMMARIES)}
    names = {name.strip() for name in reads.split(",")}
    return frozenset(names).union(*(_grounds(made[name]) for name in names if name in made))


def _read_this_morning(today: dt.date | str) -> list[dict[str, Any]]:
    at = {"mode": "full", "started_at": f"{today} 07:00", "completed_at": f"{today} 07:05", "error": ""}
    tables = (
        ("crm", "deals"),
        ("crm", "customers"),
        ("billing", "invoices"),
        ("billing", "customers"),
        ("crm", "products"),
        ("billing", "products"),
        ("crm", "quotes"),
        ("billing", "quotes"),
        ("bank", "payments"),
    )
    return [{"vendor": vendor, "kind": table} | at for vendor, table in tables]


def _link(db: duckdb.DuckDBPyConnection, said: str | dict[str, Any]) -> dict[str, Any]:
    if isinstance(said, dict):
        return said
    said, asked, sure = said.partition("?")
    pair, _, amount = said.partition("=")
    amount, _, kept = amount.partition("+")
    row: dict[str, Any] = {"status": "suggested" if asked else "automatic", "rule": "test", "kept": Decimal(kept or 0)}
    row |= {"amount": Decimal(amount) if amount else None, "confidence": Decimal(sure) if sure else None}
    for side, key in zip(("left", "right"), pair.split(">"), strict=True):
        table, record = key.split(":")
        vendors = db.execute(f"SELECT vendor FROM {table} WHERE id = ?", [record]).fetchall()
        assert len(vendors) == 1, f"{key} is not one row"
        row |= {f"{side}_table": table, f"{side}_vendor": vendors[0][0], f"{side}_id": record}
    return row
