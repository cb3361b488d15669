"""Every check finds what it is for and leaves the nearest innocent case alone: cases in <check>.json."""

import inspect
import json
import re
from pathlib import Path

import duckdb
import pytest
from ledger_books import books

from dashboard import labels
from dashboard.views import evidence
from reconcile import checks
from reconcile.sqlfile import queries

HERE = Path(__file__).parent
QUERIES = {q.name: q for q in queries(checks.FOLDER)}
TAKEN_FROM = {  # what every finding is completed from, whatever its check reads
    "deal_invoices": "deal_vendor VARCHAR, deal_id VARCHAR, invoice_vendor VARCHAR, invoice_id VARCHAR",
    "payment_excess": "vendor VARCHAR, id VARCHAR, invoice_vendor VARCHAR, invoice_id VARCHAR",
}
CASES = [
    pytest.param(path.stem, case, id=f"{path.stem}: {case['case']}")
    for path in sorted(HERE.glob("*.json"))
    for case in json.loads(path.read_text("utf-8"))["cases"]
]


@pytest.mark.capability("CHECK-1", "PLUS-2")
@pytest.mark.parametrize(("check", "case"), CASES)
def test_finds_what_is_wrong_and_nothing_else(check: str, case: dict) -> None:
    """The ids that a check returns as open are the ones the case names; `id/part` where a record can have several."""
    with books(case["rows"], f"{QUERIES[check].header['reads']}, sources") as db:
        for table, columns in TAKEN_FROM.items():
            db.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
        ask_only(db, check)
        found = db.execute(
            "SELECT subject_id || CASE WHEN part = '' THEN '' ELSE '/' || part END, amount_at_stake, currency, severity"
            " FROM findings WHERE state = 'open' ORDER BY 1"
        ).fetchall()
        assert [row[0] for row in found] == case["found"]
        if "amount" in case:
            assert f"{found[0][1]:.2f} {found[0][2]}" == case["amount"]
        if "severity" in case:
            assert found[0][3] == case["severity"]


def ask_only(db: duckdb.DuckDBPyConnection, check: str) -> None:
    """Ask one check only."""
    checks.prepare(db)
    checks.take(db, [(QUERIES[check], checks.ask(db, QUERIES[check]))])


@pytest.mark.parametrize("check", sorted(QUERIES))
def test_every_check_has_a_case_that_fires_and_one_that_does_not(check: str) -> None:
    """A check that never fires in a test, or never stays silent, is not tested."""
    cases = json.loads((HERE / f"{check}.json").read_text("utf-8"))["cases"]
    assert any(case["found"] for case in cases)
    assert any(not case["found"] for case in cases)


@pytest.mark.parametrize("check", sorted(QUERIES))
def test_every_check_says_what_it_is(check: str) -> None:
    """Title, severity, tables and reason stand in the header: pages and reports show them."""
    header = QUERIES[check].header
    assert {"title", "severity", "reads", "action", "why"} <= set(header)
    assert header["severity"] in ("high", "medium", "low")
    assert header.get("absent_from", "deals") in ("deals", "invoices", "payments", "customers", "products", "quotes")


CODES = sorted({code for query in QUERIES.values() for code in re.findall(r"'code': '([a-z_]+)'", query.sql)})


@pytest.mark.parametrize("code", [code for code in CODES if not code.endswith("_")])
def test_evidence_has_words(code: str) -> None:
    """What a check compared is told in words that people use, as a sentence or beside both values."""
    told = evidence.fact({"code": code, "agrees": False, "left": "a", "right": None})
    assert told or f'"{code}": _(' in inspect.getsource(labels.evidence)
