"""What a header says a query needs: without rows there, the planner itself sees that nothing can come."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from ledger_books import books
from link_books import books as link_books

from reconcile import build, checks, links, run
from reconcile.sqlfile import Query, queries, query


def finds_nothing(db: duckdb.DuckDBPyConnection, query: Query) -> bool:
    """Return whether the planner proves that a query has no rows, whatever stands in the tables."""
    db.execute("PRAGMA enable_optimizer; SET disabled_optimizers = 'statistics_propagation'")
    plan = str(db.execute(f"EXPLAIN {query.sql}").fetchall()[0][1])
    db.execute("RESET disabled_optimizers")
    return plan.splitlines()[0].strip("╭╮─ ") == "Empty Result"


@contextmanager
def emptied(db: duckdb.DuckDBPyConnection, table: str) -> Iterator[None]:
    """Let a table look empty, whatever is in it."""
    db.execute(f"CREATE TABLE hidden AS FROM {table} LIMIT 0; CREATE TEMP VIEW {table} AS FROM hidden WHERE FALSE")
    yield
    db.execute(f"DROP VIEW {table}; DROP TABLE hidden")


def unproven(db: duckdb.DuckDBPyConnection, query: Query) -> list[str]:
    """Return the tables that a query is said to need and could do without."""
    assert not finds_nothing(db, query), f"{query.name} finds nothing here anyway: the case proves nothing"
    found = []
    for table in query.needs:
        with emptied(db, table):
            found += [] if finds_nothing(db, query) else [table]
    return found


def test_checks_and_summaries_need_what_they_say() -> None:
    """None is left out that could find something."""
    with books({}) as db:
        for each in [*queries(run.SUMMARIES), *queries(checks.FOLDER)]:
            assert not each.needs or unproven(db, each) == [], each.name


def test_link_rules_need_what_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is left out that could pair something."""
    seen, alone = set(), threading.Lock()

    def prove(db: duckdb.DuckDBPyConnection, rules: list[Query], found: str = "") -> None:
        with alone:  # what the planner may do is said to all connections at once
            for table, sql in links._FREE.items():
                db.execute(f"CREATE OR REPLACE TABLE work.{table} AS {sql}")
            for rule in rules:
                seen.add(rule.name)
                assert not rule.needs or unproven(db, rule) == [], rule.name

    monkeypatch.setattr(links, "_apply", prove)
    with link_books({}) as db:
        links.link(db)
    assert seen == {rule.name for rule in queries(links.RULES)}


def test_a_query_is_left_out_only_while_a_table_it_needs_is_empty(tmp_path: Path) -> None:
    """What it makes has the same columns either way."""
    (tmp_path / "big.sql").write_text("-- title: Big\n-- needs: bills, payers\nSELECT n FROM bills WHERE n > 1")
    big = query(tmp_path / "big.sql")
    for rows, left_out in ((3, False), (0, True), (3, False)):
        with duckdb.connect() as db:
            db.execute(f"CREATE TABLE bills AS SELECT range AS n FROM range({rows}); CREATE TABLE payers AS SELECT 1")
            build.make(db, big)
            assert build.is_idle(db, big) is left_out
            assert db.execute("DESCRIBE big").fetchall()[0][:2] == ("n", "BIGINT")
            assert len(db.execute("FROM big").fetchall()) == max(0, rows - 2)
