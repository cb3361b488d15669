"""Links: rows of different tables that are the same business fact, each with the rule that says so and its evidence.

Order: what persons decided, then the rules of `links/*.sql` in file order over what is still free, then `match.py` for
what SQL cannot say. Every rule can be switched off by name (settings column `rules_off`).
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import polars as pl
import structlog
from duckdb import DuckDBPyConnection

from reconcile import deal_match, linkable, parties, payment_match
from reconcile.sqlfile import Query, queries

RULES = Path(__file__).parent / "links"
log = structlog.get_logger()

_MADE = """
CREATE OR REPLACE TEMP TABLE made (
  pair VARCHAR, left_n BIGINT, right_n BIGINT, rule VARCHAR, status VARCHAR, confidence DOUBLE, amount BIGINT, kept BIGINT
)"""
_FREE = {
    "free_deals": "SELECT n FROM link_deals WHERE n NOT IN (SELECT left_n FROM made WHERE pair = 'deals invoices')",
    "free_invoices": "SELECT n FROM link_invoices WHERE n NOT IN (SELECT right_n FROM made WHERE pair = 'deals invoices')",
    "free_payments": "SELECT n FROM link_payments WHERE n NOT IN (SELECT left_n FROM made WHERE pair LIKE 'payments %')",
}
_TARGET = """
CREATE OR REPLACE TABLE links (
  left_table VARCHAR, left_vendor VARCHAR, left_id VARCHAR, right_table VARCHAR, right_vendor VARCHAR, right_id VARCHAR,
  amount DECIMAL(18, 4), currency VARCHAR, rule VARCHAR, evidence VARCHAR, confidence DECIMAL(5, 4), status VARCHAR
)"""
_WRITE = """
INSERT INTO links
SELECT
  '{left}', l.vendor, l.id, '{right}', r.vendor, r.id,
  CAST(m.amount AS DECIMAL(18, 4)) / 10000, r.currency, m.rule, '[]', CAST(m.confidence AS DECIMAL(5, 4)), m.status
FROM made AS m
JOIN link_{left} AS l ON l.n = m.left_n
JOIN link_{right} AS r ON r.n = m.right_n
WHERE m.pair = '{left} {right}'
ORDER BY l.vendor, l.id, r.vendor, r.id
"""


class Linked(NamedTuple):
    """What a run of the rules gave: links per rule, and what was given up and why."""

    by_rule: dict[str, int]
    notes: list[str]
    seconds: dict[str, float]


def link(db: DuckDBPyConnection) -> Linked:
    """Create the table `links` on `db` from its canonical tables, its settings and its decisions."""
    clock = _Clock()
    off = _switched_off(db)
    linkable.number_rows(db)
    clock("keys")
    db.execute(_MADE)
    pairs = parties.same_customers(*(db.sql(f"FROM {t}").pl() for t in ("link_deals", "link_invoices", "parties")))
    parties.keep(db, pairs)
    clock("customers")
    rules = [rule for rule in queries(RULES) if rule.name not in off]
    for rule in (r for r in rules if r.header["pairs"] == "deals invoices"):
        _apply(db, rule)
    clock("deal rules")
    notes = deal_match.run(db, off)
    clock("deal match")
    for rule in (r for r in rules if r.header["pairs"] == "payments invoices"):
        _apply(db, rule)
    clock("payment rules")
    notes += payment_match.run(db, off)
    clock("payment match")
    _write(db)
    clock("write")
    by_rule = dict(db.execute("SELECT rule, count(*) FROM links GROUP BY rule ORDER BY rule").fetchall())
    log.info("linked", **by_rule)
    return Linked(by_rule, notes, clock.seconds)


class _Clock:
    """Notes how long each step of a run took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def __call__(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step], self._last = now - self._last, now


def _switched_off(db: DuckDBPyConnection) -> frozenset[str]:
    """Return the names of rules that the settings switch off; none where there are no settings."""
    if not _has(db, "settings", "rules_off"):
        return frozenset()
    rows = db.execute("SELECT rules_off FROM settings").fetchall()
    return frozenset(name for (names,) in rows for name in names or ())


def _has(db: DuckDBPyConnection, table: str, column: str) -> bool:
    found = "SELECT count(*) FROM information_schema.columns WHERE table_name = $t AND column_name = $c"
    return bool(db.execute(found, {"t": table, "c": column}).fetchall()[0][0])


def _apply(db: DuckDBPyConnection, rule: Query) -> None:
    """Run one rule over what is still free and keep its pairs."""
    for table, sql in _FREE.items():
        db.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {sql}")
    db.execute(f"CREATE OR REPLACE TEMP TABLE found AS {rule.sql}")
    amount = "amount" if "amount" in [c[0] for c in db.execute("DESCRIBE found").fetchall()] else "NULL"
    db.execute(
        f"INSERT INTO made SELECT DISTINCT $pair, left_n, right_n, $rule, 'automatic', $confidence, {amount}, 0 FROM found"
        " WHERE (left_n, right_n) NOT IN (SELECT (left_n, right_n) FROM made WHERE pair = $pair)",
        {"pair": rule.header["pairs"], "rule": rule.name, "confidence": float(rule.header["confidence"])},
    )


def _write(db: DuckDBPyConnection) -> None:
    db.execute(_TARGET)
    for left, right in (("deals", "invoices"), ("payments", "invoices")):
        db.execute(_WRITE.format(left=left, right=right))
