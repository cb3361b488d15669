"""The sample company: every planted problem found, no planted exception accused, and nothing else said."""

import inspect
import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

from dashboard.read import findings
from reconcile import links, unchanged
from reconcile.sqlfile import queries

PLANTED = json.loads((Path(__file__).parents[2] / "data" / "sample" / "planted.json").read_text())
FOUND = """
    SELECT f."check", f.subject_table, f.subject_vendor, coalesce(p.bank_reference, f.subject_id)
    FROM findings AS f
    LEFT JOIN payments AS p ON f.subject_table = 'payments' AND p.vendor = f.subject_vendor AND p.id = f.subject_id
    WHERE f.state = 'open'
"""


@pytest.fixture(scope="module")
def found(read_once: Path) -> dict[str, set[tuple[str, str, str]]]:
    """Findings by check, as (table, vendor, id); a bank line by the bank's own reference."""
    by_check = defaultdict(set)
    with duckdb.connect(read_once / "warehouse.duckdb", read_only=True) as db:
        for check, *subject in db.execute(FOUND).fetchall():
            by_check[check].add(tuple(subject))
    return by_check


@pytest.mark.capability("CHECK-1", "PLUS-2", "LINK-1")
@pytest.mark.parametrize("check", sorted({p["check"] for p in PLANTED["problems"]}))
def test_every_planted_problem_is_found_and_nothing_else(check: str, found: dict) -> None:
    """Per check: the findings are the planted problems, no fewer and no more."""
    planted = {(p["subject"], p["vendor"], p["id"]) for p in PLANTED["problems"] if p["check"] == check}
    assert len(planted) >= 2
    assert found[check] == planted


@pytest.mark.parametrize("kind", sorted({p["kind"] for p in PLANTED["exceptions"]}))
def test_no_planted_exception_is_accused(kind: str, found: dict) -> None:
    """A deposit and its final invoice, a free deal, a credit note and re-issue … stay silent."""
    planted = [p for p in PLANTED["exceptions"] if p["kind"] == kind]
    assert len(planted) >= 2
    for exception in planted:
        subject = (exception["subject"], exception["vendor"], exception["id"])
        accused = [check for check in exception["must_not"] if subject in found[check]]
        assert not accused, (exception, accused)


def test_no_check_speaks_that_nothing_was_planted_for(found: dict) -> None:
    """A check outside the list would be noise on books that are otherwise clean."""
    assert set(found) == {p["check"] for p in PLANTED["problems"]}


def test_counts_are_the_companys(read_once: Path, company: object) -> None:
    """Nothing is lost on the way from the vendors to the warehouse."""
    with duckdb.connect(read_once / "warehouse.duckdb", read_only=True) as db:
        counts = {t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("deals", "invoices", "payments")}
    assert 1_450 <= counts["deals"] <= 1_550
    assert 1_800 <= counts["invoices"] <= 2_100
    assert counts["payments"] >= 2_200


@pytest.mark.parametrize("sort", findings.SORTS)
def test_a_finding_is_named_alike_alone_and_among_all(sort: str, read_once: Path) -> None:
    """Page by page each record is found by id, all together they are joined: the same rows, names and order."""
    wanted = findings.Wanted(states=("open", "agreed", "snoozed", "unchecked", "fixed"), sort=sort)
    every = [row for row in findings.page(read_once, wanted, 1, 10_000)]
    assert len({row["subject_table"] for row in every}) > 3 and len(every) > 3 * findings.PAGE
    pages = range(1, -(-len(every) // findings.PAGE) + 1)
    paged = [row for number in pages for row in findings.page(read_once, wanted, number)]
    assert [_told(row) for row in paged] == [_told(row) for row in every]
    for some in ((), ("high",), ("low",), ("high", "low"), ("medium", "low"), findings.SEVERITIES):
        asked, theirs = wanted._replace(severities=some), [r for r in every if not some or r["severity"] in some]
        count, amounts, shown = findings.first(read_once, asked)
        assert [_told(row) for row in shown] == [_told(row) for row in theirs[: findings.PAGE]]
        assert (count, amounts) == (len(theirs), findings.total(read_once, asked)[1]) and amounts
        assert dict(amounts)["EUR"] == sum(abs(r["amount_at_stake"] or 0) for r in theirs if r["currency"] == "EUR")
    ids = tuple(row["id"] for row in every[::40])
    assert {row["id"]: _told(row) for row in findings.by_ids(read_once, ids)} == {
        r["id"]: _told(r) for r in every[::40]
    }


def _told(row: dict) -> tuple:
    return tuple(row[name] for name in ("id", "record", "customer", "owner", "url", "evidence", "amount_at_stake"))


def test_no_rule_reads_what_may_change_without_anything_being_linked_anew(read_once: Path) -> None:
    """Without all other tables, and the columns that change with everything, the links are the same."""
    linked = "SELECT * EXCLUDE (facts) FROM {} ORDER BY ALL"
    with duckdb.connect() as db:
        db.execute(
            f"ATTACH '{read_once / 'warehouse.duckdb'}' AS made (READ_ONLY); ATTACH ':memory:' AS less; USE less"
        )
        db.execute("CREATE TABLE settings AS SELECT rules_off FROM made.settings")
        for table in unchanged.READ:
            columns = [name for name, *_ in db.execute(f"DESCRIBE made.{table}").fetchall()]
            read = [name for name in columns if f"{table}.{name}" not in unchanged.UNREAD]
            left = ", ".join(f'{sql} AS "{name}"' for name, sql in zip(read, unchanged.seen(table, read), strict=True))
            only = unchanged.ONLY.get(table, "TRUE")
            db.execute(f"CREATE TABLE {table} AS SELECT {left} FROM made.{table} WHERE {only}")
        links.link(db)
        made = db.execute(linked.format("links")).fetchall()
        assert len(made) > 5_000 and made == db.execute(linked.format("made.links")).fetchall()


def test_no_rule_names_another_table(read_once: Path) -> None:
    """Also a table that is empty in the sample is looked at, where a rule would read it."""
    said = " ".join(_sources(links, {})) + " ".join(rule.sql for rule in queries(links.RULES))
    with duckdb.connect(read_once / "warehouse.duckdb", read_only=True) as db:
        tables = {name for (name,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    named = {name for name in tables if re.search(rf"\b(FROM|JOIN) {name}\b", said)}
    assert named - {"settings", "links", "linked"} <= set(unchanged.READ) and len(named) > 7


def _sources(module: ModuleType, seen: dict[str, str]) -> list[str]:
    """Return the texts of a module of ours and of all that it imports."""
    if module.__name__ not in seen:
        seen[module.__name__] = inspect.getsource(module)
        for each in vars(module).values():
            theirs = each if isinstance(each, ModuleType) else sys.modules.get(getattr(each, "__module__", None) or "")
            if theirs and theirs.__name__.startswith("reconcile."):
                _sources(theirs, seen)
    return list(seen.values())
