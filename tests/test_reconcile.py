"""A run of the reconciliation: the new warehouse is swapped in whole, or the last good one stays."""

import datetime as dt
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from extract import model
from reconcile import checks, links, run, unchanged, warehouse
from reconcile.settings import SettingsError

ROOT = Path(__file__).parents[1]
DEAL = {"vendor": "crm", "id": "1", "title": "Website", "status": "won", "amount": "1000", "currency": "EUR",
        "won_on": "2026-10-01", "customer_id": "k"}  # fmt: skip
READ = [{"vendor": v, "kind": k, "mode": "full", "completed_at": "2026-11-20 07:05", "error": ""}
        for v, k in (("crm", "deals"), ("billing", "invoices"))]  # fmt: skip


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with one won deal that nobody invoiced."""
    monkeypatch.setenv("CUADRA_TODAY", "2026-11-20")
    keep(tmp_path, deals=[DEAL], freshness=READ)
    return tmp_path


def keep(data: Path, **rows: list[dict[str, Any]]) -> None:
    """Write rows.duckdb anew."""
    (data / "rows.duckdb").unlink(missing_ok=True)
    with duckdb.connect(str(data / "rows.duckdb")) as db:
        db.execute("BEGIN")
        for table in model.TABLES:
            db.execute(next(model.ddl(table)))
            described = {c.name: (c.sql, "") for c in model.columns(table)}
            warehouse.fill(db, table, described, rows.get(table, []))
        warehouse.create(db, "freshness", "", warehouse.FRESHNESS)
        warehouse.fill(db, "freshness", warehouse.FRESHNESS, rows.get("freshness", []))
        db.execute("COMMIT")


def asked(data: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as db:
        return db.execute(sql).fetchall()


def dumped(data: Path, *tables: str) -> dict[str, list[Any]]:
    """Return what is in tables, but for the moments at which they were made."""
    passing = "COLUMNS(lambda c: c NOT IN ('now_at', 'seconds', 'first_seen_at', 'examined_at'))"
    return {name: sorted(map(repr, asked(data, f"SELECT {passing} FROM {name}"))) for name in tables}


COMMENTS = "SELECT table_name, column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
FOUND = 'SELECT id, "check", state, first_seen_at FROM findings ORDER BY id'


@pytest.mark.described
def test_a_run_makes_every_table_with_its_comments(data: Path) -> None:
    """The warehouse is a public interface: canonical and computed tables are there, and say what they are."""
    summary = run.reconcile(data)
    assert summary.findings == {"open": 1}
    tables = dict(asked(data, "SELECT table_name, comment FROM duckdb_tables()"))
    computed = {"settings", "decisions", "links", "findings", "figures", "freshness", "rejects", "checks",
                "deal_summary", "invoice_summary", "payment_summary", "customer_summary", "sources"}  # fmt: skip
    assert set(model.TABLES) | computed <= set(tables)
    assert not [name for name, comment in tables.items() if not comment]
    silent = "SELECT table_name, column_name FROM duckdb_columns() WHERE comment IS NULL AND NOT internal"
    assert asked(data, silent) == []
    assert asked(data, "SELECT today, reporting_currency FROM settings") == [(dt.date(2026, 11, 20), "EUR")]


INVOICE = {"vendor": "billing", "id": "i", "number": "FN-10421", "kind": "invoice", "status": "issued",
           "currency": "EUR", "net": "1000", "gross": "1210", "tax": "210", "issued_on": "2026-10-02",
           "due_on": "2026-11-02", "deal_id": "1"}  # fmt: skip
PAYMENT = {"vendor": "bank", "id": "p", "amount": "1210", "currency": "EUR", "paid_on": "2026-10-20",
           "method": "transfer", "reference": "FN-10421", "status": "succeeded"}  # fmt: skip
LINKED = "SELECT * EXCLUDE (facts) FROM links ORDER BY ALL"


def test_what_is_linked_is_linked_anew_only_where_it_changed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change of any row, rule or decision counts; when a record was touched, or another day, does not."""
    linked = list[int]()
    link = links.link
    monkeypatch.setattr(links, "link", lambda db: linked.append(1) or link(db))
    rows = {"deals": [DEAL], "invoices": [INVOICE], "payments": [PAYMENT], "freshness": READ}

    def again(decisions: Any = (), **changed: Any) -> int:
        linked.clear()
        rows.update(changed)
        keep(data, **rows)
        run.reconcile(data, decisions)
        return len(linked)

    assert again() == 1
    whole = asked(data, LINKED)
    assert len(whole) == 2 and all(row[-1] != "[]" for row in whole)
    monkeypatch.setenv("CUADRA_TODAY", "2026-11-21")
    assert again(deals=[DEAL | {"updated_at": "2026-11-21 10:00", "url": "https://crm.example/1"}]) == 0
    written = {"stage": "invoiced", "invoice_status": "sent", "invoiced_amount": "1210", "title": "Website, relaunched"}
    assert again(deals=[DEAL | written]) == 0
    paid = {"status": "paid", "paid": "1210", "paid_on": "2026-10-20"}
    assert again(invoices=[INVOICE | paid]) == 0 and again(invoices=[INVOICE | {"status": "void"}]) == 1
    assert again(invoices=[INVOICE]) == 1 and asked(data, LINKED) == whole
    agreed = {"kind": "finding", "finding_id": "x", "verdict": "agreed", "decided_at": "2026-11-21 10:00", "who": "Ana"}
    assert again([agreed]) == 0 and asked(data, LINKED) == whole
    assert again(payments=[PAYMENT | {"amount": "1200"}]) == 1 and asked(data, LINKED) != whole
    assert again(payments=[PAYMENT]) == 1 and asked(data, LINKED) == whole
    refused = {"kind": "link", "verdict": "rejected", "left_table": "payments", "left_vendor": "bank", "left_id": "p",
               "right_table": "invoices", "right_vendor": "billing", "right_id": "i", "who": "Ana",
               "decided_at": "2026-11-21 10:00"}  # fmt: skip
    assert again([refused]) == 1 and asked(data, LINKED) != whole
    (data / "settings.toml").write_text('[choices]\nrules_off = ["number_in_text"]\n')
    assert again() == 1 and again() == 0
    monkeypatch.setattr(unchanged, "_program", lambda: "another version")
    assert again() == 1
    (data / "warehouse.duckdb").unlink()
    assert again() == 1


@pytest.mark.capability("LINK-7")
def test_customers_of_a_billing_account_without_an_invoice_are_known(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked of a new system says which side it is; when it was asked does not, and links nothing anew."""
    customers = [
        {"vendor": "crm", "id": "k", "name": "Taller Soto", "tax_id": "B12345674"},
        {"vendor": "billing", "id": "c", "name": "Taller Soto SL", "tax_id": "B12345674"},
    ]
    of_customers = "SELECT left_id, right_id, rule FROM links WHERE left_table = 'customers'"
    keep(data, deals=[DEAL], customers=customers, freshness=[r for r in READ if r["vendor"] != "billing"])
    run.reconcile(data)
    assert asked(data, of_customers) == []
    linked, link = list[int](), links.link
    monkeypatch.setattr(links, "link", lambda db: linked.append(1) or link(db))
    for at in ("2026-11-20 08:00", "2026-11-21 08:00"):
        read = {**READ[0], "vendor": "billing", "kind": "invoices", "completed_at": at}
        keep(data, deals=[DEAL], customers=customers, freshness=[*(r for r in READ if r["vendor"] != "billing"), read])
        run.reconcile(data)
        assert asked(data, of_customers) == [("k", "c", "tax_id")]
    assert len(linked) == 1


def test_a_run_over_the_same_rows_finds_the_same(data: Path) -> None:
    """Ids and the day a finding was seen first do not move; nothing is fixed or new."""
    run.reconcile(data)
    before = asked(data, FOUND)
    assert run.reconcile(data).findings == {"open": 1}
    assert asked(data, FOUND) == before


@pytest.mark.described
def test_a_brief_run_is_finished_to_what_a_whole_one_makes(data: Path) -> None:
    """It finds the same, with the last figures; finished, no table and no word differs from a whole run."""
    run.reconcile(data)
    figures = dumped(data, "figures", "sales")
    keep(data, deals=[DEAL, DEAL | {"id": "2", "amount": "500"}], freshness=READ)
    assert run.reconcile(data, brief=True).findings == {"open": 2}
    assert dumped(data, "figures", "sales") == figures
    run.finish(data)
    tables = [name for (name,) in asked(data, "SELECT table_name FROM duckdb_tables()")]
    finished, told = dumped(data, *tables), asked(data, COMMENTS)
    run.reconcile(data)
    assert dumped(data, *tables) == finished and asked(data, COMMENTS) == told
    assert dumped(data, "figures", "sales") != figures


def test_what_is_mended_is_kept_as_fixed_and_comes_back_by_its_name(data: Path) -> None:
    """The deal was lost after all: fixed. It is won again: open, the same finding, seen first when it was."""
    run.reconcile(data)
    before = asked(data, FOUND)
    keep(data, deals=[DEAL | {"status": "lost"}], freshness=READ)
    assert run.reconcile(data).findings == {"fixed": 1}
    keep(data, deals=[DEAL], freshness=READ)
    assert run.reconcile(data).findings == {"open": 1}
    assert asked(data, FOUND) == before


def test_decisions_and_first_sightings_come_from_the_state_store(data: Path) -> None:
    """What is passed in wins over what the last warehouse knew."""
    run.reconcile(data)
    finding = asked(data, FOUND)[0][0]
    said = {"kind": "finding", "finding_id": finding, "verdict": "agreed", "decided_at": dt.datetime(2026, 11, 1)}
    seen = dt.datetime(2026, 10, 5, 9, tzinfo=dt.UTC)
    assert run.reconcile(data, [said], {finding: seen}).findings == {"agreed": 1}
    assert asked(data, FOUND)[0][3] == dt.datetime(2026, 10, 5, 9)


def test_an_error_leaves_the_last_good_warehouse(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that fails half-way: the warehouse is the one from before, and nothing half-made lies about."""
    run.reconcile(data)
    good = (data / "warehouse.duckdb").read_bytes()
    broken = tmp_path / "checks"
    broken.mkdir()
    (broken / "bad.sql").write_text("-- title: Bad\nSELECT nothing FROM nowhere")
    monkeypatch.setattr(checks.check, "__defaults__", (None, None, broken, None))
    with pytest.raises(duckdb.Error, match="nowhere"):
        run.reconcile(data)
    assert (data / "warehouse.duckdb").read_bytes() == good
    assert not list(data.glob("*.part*"))


@pytest.mark.parametrize("stage", run.STAGES)
def test_a_killed_run_leaves_the_last_good_warehouse(data: Path, stage: str) -> None:
    """The process dies in any stage: the last warehouse is untouched, and the next run works."""
    run.reconcile(data)
    good = (data / "warehouse.duckdb").read_bytes()
    kill = (
        "import os, pathlib, sys\nfrom reconcile import run\n"
        "def tell(stage, what):\n    if stage == sys.argv[2]: os.kill(os.getpid(), 9)\n"
        "run.reconcile(pathlib.Path(sys.argv[1]), progress=tell)"
    )
    died = subprocess.run([sys.executable, "-c", kill, str(data), stage], cwd=ROOT, capture_output=True)
    assert died.returncode == -9, died.stderr
    assert (data / "warehouse.duckdb").read_bytes() == good
    assert run.reconcile(data).findings == {"open": 1}
    assert not list(data.glob("*.part*"))


def test_an_unreadable_last_warehouse_is_replaced_and_said(data: Path) -> None:
    """It can be deleted, so it can be broken: a new one is made, and the run says what it could not compare with."""
    (data / "warehouse.duckdb").write_bytes(b"no database at all" * 1000)
    summary = run.reconcile(data)
    assert summary.findings == {"open": 1}
    assert "could not be read" in summary.notes[0]


def test_wrong_settings_change_nothing(data: Path) -> None:
    """The key and the value are named; there is no new warehouse."""
    (data / "settings.toml").write_text('[choices]\ngrace_days = "soon"\n')
    with pytest.raises(SettingsError, match=r'choices.grace_days: "soon"'):
        run.reconcile(data)
    assert not (data / "warehouse.duckdb").exists()


def test_without_any_rows_the_warehouse_is_empty_and_whole(tmp_path: Path) -> None:
    """A fresh installation: every table, no finding."""
    assert run.reconcile(tmp_path).findings == {}
    assert asked(tmp_path, "SELECT COUNT(*) FROM deal_summary") == [(0,)]


def test_progress_tells_each_stage_in_order(data: Path) -> None:
    """Who watches sees rows, links, summaries, checks, figures, and the swap."""
    told: list[str] = []
    summary = run.reconcile(data, progress=lambda stage, what: told.append(stage))
    assert list(dict.fromkeys(told)) == list(run.STAGES)
    assert set(summary.seconds) == set(run.STAGES)


def test_whoever_reads_the_old_file_is_not_disturbed(data: Path) -> None:
    """A page that asks while the swap happens finishes on the file it opened."""
    run.reconcile(data)
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as db:
        copy = data / "elsewhere"
        copy.mkdir()
        keep(copy, deals=[], freshness=READ)
        run.reconcile(copy)
        (copy / "warehouse.duckdb").replace(data / "warehouse.duckdb")
        assert db.execute("SELECT COUNT(*) FROM deals").fetchall() == [(1,)]
