"""Links: rows of different tables that are the same business fact, each with the rule that says so and its evidence.

Order: what persons decided, then the rules of `links/*.sql` in file order over what is still free, then what SQL cannot
say (`deal_match.py`, `payment_match.py`). Every rule can be switched off by name (settings column `rules_off`).
"""

import contextlib
import gc
import time
from collections.abc import Iterator
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import structlog
from duckdb import DuckDBPyConnection

from reconcile import books, deal_match, decided, evidence, linkable, parties, payers, payment_match, shortfalls
from reconcile.build import is_idle
from reconcile.sqlfile import Query, queries
from reconcile.workbench import bench

RULES = Path(__file__).parent / "links"
_NAMES = ", ".join(f"'{name}'" for name, _, _ in payment_match.RULES)
_MATCHED = f"(m.status <> 'rejected' AND regexp_replace(m.rule, '_tie$', '') IN ({_NAMES}))"
log = structlog.get_logger()

_PAID = ("payments payouts", "payments invoices", "payments payments")
_FREE = {
    "free_deals": """
SELECT n FROM link_deals WHERE n NOT IN (SELECT left_n FROM made WHERE pair = 'deals invoices')""",
    "free_invoices": """
SELECT n FROM link_invoices WHERE n NOT IN (SELECT right_n FROM made WHERE pair = 'deals invoices')""",
    "free_customers": """
SELECT n FROM link_customers WHERE n NOT IN (
  SELECT left_n FROM made WHERE pair = 'customers customers'
  UNION ALL SELECT right_n FROM made WHERE pair = 'customers customers'
)""",
    # A payment is free while the invoices it is for do not add up to it.
    "free_payments": """
SELECT p.n FROM link_payments AS p
LEFT JOIN (
  SELECT m.left_n, sum(CASE WHEN m.pair = 'payments invoices' THEN i.gross END) AS named
  FROM made AS m LEFT JOIN link_invoices AS i ON i.n = m.right_n
  WHERE m.pair IN ('payments invoices', 'payments payouts') GROUP BY m.left_n
) AS m ON m.left_n = p.n
WHERE m.left_n IS NULL OR m.named < p.amount * 0.98""",
    # Money for no known invoice.
    "loose_payments": """
SELECT p.n, p.vendor, p.customer_id, p.tax_key, p.name_key, p.amount, p.currency, p.paid_on FROM link_payments AS p
WHERE p.amount > 0 AND coalesce(p.status, '') <> 'failed' AND coalesce(p.method, '') <> 'recorded'
  AND p.n NOT IN (
    SELECT left_n FROM made WHERE pair IN ('payments invoices', 'payments payouts', 'payments deals')
      AND status <> 'suggested'
  )""",
}


class Linked(NamedTuple):
    """What a run of the rules gave: links per rule, what was given up and why, seconds per step."""

    by_rule: dict[str, int]
    notes: list[str]
    seconds: dict[str, float]


def link(db: DuckDBPyConnection) -> Linked:
    """Create the table `links` from the tables, settings and decisions of `db`, which is in no transaction."""
    with _uncollected():
        return _linked(db)


def _linked(db: DuckDBPyConnection) -> Linked:
    clock = _Clock()
    off = _switched_off(db)
    rules = [rule for rule in queries(RULES) if rule.name not in off]
    out = linkable.left_out(db)
    with bench(db) as (_, beside):
        told = linkable.number_rows(db, beside)
        linkable.leave_out(db, out)
        clock("keys")
        decided.begin(db)
        paid = [rule for rule in rules if rule.header["pairs"] in _PAID]
        early = list(takewhile(lambda rule: "after" not in rule.header, paid))  # before what deals are billed by
        named = beside(partial(_apply, found="found_beside"), early)
        begun, read = beside(evidence.begin), beside(books.read)
        parties.find(db)
        clock("customers")
        _apply(db, [rule for rule in rules if rule.header["pairs"] == "deals invoices"])
        clock("deal rules")
        notes = deal_match.run(db, off)
        clock("deal match")
        for each in (told, named, begun):
            each.result()
        written = [beside(evidence.write, "deals invoices")]  # these links are as they stay
        _apply(db, paid[len(early) :])
        _apply(db, [rule for rule in rules if rule.header["pairs"] == "customers customers"])  # whose parent pays
        clock("payment rules")
        stored = beside(payers.stored)
        state = books.Books(db, off, read.result())
        state.give_named()  # those links are as they stay
        written += [beside(partial(evidence.write, only=f"NOT {_MATCHED}"), "payments invoices")]
        rest = payment_match.run(db, state, stored)
        written += [beside(partial(evidence.write, only=f"{_MATCHED} AND m.status = 'automatic'"), "payments invoices")]
        notes += payment_match.suggest(state, rest)
        clock("payment match")
        _apply(db, [rule for rule in rules if rule.header["pairs"] == "payments deals"])
        written += [beside(evidence.write, *evidence.OTHERS)]
        evidence.write(db, "payments invoices", only=f"{_MATCHED} AND m.status <> 'automatic'")
        for each in written:
            each.result()
        shortfalls.note(db, state.kept_of_parts)
        clock("write")
    by_rule = dict(db.execute("SELECT rule, count(*) FROM links GROUP BY rule ORDER BY rule").fetchall())
    log.info("linked", rules=by_rule, notes=notes)
    return Linked(by_rule, notes, clock.seconds)


def rules_in_order() -> list[tuple[str, str, str]]:
    """Return name, title and why of every rule in the order they run, those outside SQL last of their pair."""
    told = [(rule.header["pairs"], rule.name, rule.header["title"], rule.header["why"]) for rule in queries(RULES)]
    found = []
    for pair, further in (("deals", deal_match.RULES), ("payments", payment_match.RULES), ("customers", ())):
        found += [(name, title, why) for pairs, name, title, why in told if pairs.startswith(pair)]
        found += list(further)
    return found


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Keep Python from looking for cycles meanwhile: rows are tuples of numbers, and millions of them have none."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


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
    if not linkable.has(db, "settings", "rules_off"):
        return frozenset()
    rows = db.execute("SELECT rules_off FROM settings").fetchall()
    return frozenset(name for (names,) in rows for name in names or ())


def _apply(db: DuckDBPyConnection, rules: list[Query], found: str = "found") -> None:
    """Run the rules in order, each over what is still free, and keep what they find; `found` is theirs meanwhile."""
    known: set[str] = set()  # what is free, as long as no rule found more
    for rule in rules:
        if is_idle(db, rule):
            continue
        for table in (set(_FREE) & _read(rule)) - known:
            db.execute(f"CREATE OR REPLACE TABLE work.{table} AS {_FREE[table]}")
            known.add(table)
        if _rows(db, f"CREATE OR REPLACE TABLE work.{found} AS {rule.sql}"):
            _keep(db, rule, found)
            known.clear()


def _read(rule: Query) -> set[str]:
    """Return the tables that a rule reads."""
    return {name.strip() for name in rule.header["reads"].split(",")}


def _rows(db: DuckDBPyConnection, statement: str) -> int:
    """Return how many rows a statement wrote."""
    ((count,),) = db.execute(statement).fetchall()
    return int(count)


def _keep(db: DuckDBPyConnection, rule: Query, found: str) -> None:
    """Keep the pairs that a rule found. Rivals of a rule that allows one partner only are suggested as a tie."""
    told = any(column == "amount" for column, *_ in db.execute(f"DESCRIBE {found}").fetchall())
    rivals = {"left": ("left_n",), "right": ("right_n",), "both": ("left_n", "right_n")}.get(
        rule.header.get("single", ""), ()
    )
    tied = " OR ".join(f"count(*) OVER (PARTITION BY {column}) > 1" for column in rivals) or "FALSE"
    db.execute(
        f"""
INSERT INTO made
SELECT $pair, left_n, right_n, CASE WHEN tied THEN $rule || '_tie' ELSE $rule END,
  CASE WHEN tied THEN 'suggested' ELSE $status END, $confidence, amount, 0
FROM (
  SELECT left_n, right_n, amount, {tied} AS tied
  FROM (SELECT DISTINCT left_n, right_n, {"amount" if told else "CAST(NULL AS BIGINT) AS amount"} FROM {found}) AS f
  WHERE NOT EXISTS (SELECT 1 FROM made AS m WHERE m.pair = $pair AND m.left_n = f.left_n AND m.right_n = f.right_n)
    AND NOT EXISTS (SELECT 1 FROM refused AS r WHERE r.pair = $pair AND r.left_n = f.left_n AND r.right_n = f.right_n)
)""",
        {
            "pair": rule.header["pairs"],
            "rule": rule.name,
            "status": rule.header.get("status", "automatic"),
            "confidence": float(rule.header["confidence"]),
        },
    )
