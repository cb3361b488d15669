"""Raw in, rows out: all or nothing, one bad record never stops the rest, what is read again replaces itself."""

import datetime as dt
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from extract import raw, store
from extract.vendor import Unauthorised, VendorError


class Books:
    """A vendor whose items are given."""

    reads = ("invoices", "lines")

    def __init__(self, items: list[dict[str, Any]], error: Exception | None = None, name: str = "books") -> None:
        self.items, self.error, self.name, self.asked = items, error, name, []

    def fetch(self, since: dt.datetime | None) -> Iterator[tuple[str, dict[str, Any]]]:
        self.asked.append(since)
        for item in self.items:
            yield "invoices", item
        if self.error:
            raise self.error

    def fetch_one(self, kind: str, key: str) -> Iterator[tuple[str, dict[str, Any]]]:
        return ((kind, i) for i in self.items if i["id"] == key)

    def key(self, kind: str, item: dict[str, Any]) -> str:
        return item["id"]

    def rows(self, kind: str, item: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        if item.get("deleted"):
            return
        yield "invoices", {"id": item["id"], "gross": item["gross"], "currency": "EUR", "issued_on": item.get("on")}
        for n, net in enumerate(item.get("lines", []), 1):
            line = {"id": f"{item['id']}:{n}", "document": "invoice", "document_id": item["id"], "net": net}
            yield "lines", line | {"currency": "EUR"}


def ask(data: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(data / "rows.duckdb", read_only=True) as db:
        return db.execute(query).fetchall()


def test_money_is_exact_and_an_instant_becomes_the_companys_day(tmp_path: Path) -> None:
    """Decimals arrive as sent; 23:30 UTC is already tomorrow in Madrid."""
    items = [{"id": "1", "gross": Decimal("0.10"), "on": "2026-09-01T23:30:00Z"}, {"id": "2", "gross": "1200.555"}]
    store.sync(Books(items), tmp_path, zone="Europe/Madrid")
    assert ask(tmp_path, "SELECT gross, issued_on FROM invoices ORDER BY id") == [
        (Decimal("0.1000"), dt.date(2026, 9, 2)),
        (Decimal("1200.5550"), None),
    ]


def test_a_float_is_our_mistake(tmp_path: Path) -> None:
    """A vendor that hands over a float has lost cents already: it crashes, it is not stored."""
    with pytest.raises(TypeError, match="float"):
        store.sync(Books([{"id": "1", "gross": 0.1}]), tmp_path)


def test_a_date_may_be_given_in_many_ways(tmp_path: Path) -> None:
    """ISO text, a date, an instant, Unix seconds: one day in the company's zone; anything else is named."""
    instant = dt.datetime(2026, 9, 1, 23, 30, tzinfo=dt.UTC)
    given = ["2026-09-02", dt.date(2026, 9, 2), instant, int(instant.timestamp()), "2026-09-01T23:30:00Z", "soon"]
    items = [{"id": str(n), "gross": "1", "on": on} for n, on in enumerate(given)]
    assert store.sync(Books(items), tmp_path, zone="Europe/Madrid").rejected == 1
    assert ask(tmp_path, "SELECT DISTINCT issued_on FROM invoices") == [(dt.date(2026, 9, 2),)]
    assert ask(tmp_path, "SELECT value FROM rejects") == [("soon",)]


@pytest.mark.capability("ERR-4")
def test_one_bad_record_in_250_is_named_and_the_rest_done_then_retried(tmp_path: Path) -> None:
    """249 rows, one reject with record, field, value and reason; mended at the vendor, `retry` takes it in."""
    items = [{"id": str(n), "gross": "10.00"} for n in range(250)]
    items[7]["gross"] = "12,50"
    books = Books(items)
    reading = store.sync(books, tmp_path)
    assert (reading.items, reading.rejected, reading.error) == (250, 1, "")
    assert ask(tmp_path, "SELECT count(*) FROM invoices") == [(249,)]
    assert ask(tmp_path, "SELECT vendor, kind, id, field, value FROM rejects") == [
        ("books", "invoices", "7", "invoices.gross", "12,50")
    ]
    items[7]["gross"] = "12.50"
    assert store.retry(books, tmp_path).rejected == 0
    assert ask(tmp_path, "SELECT gross FROM invoices WHERE id = '7'") == [(Decimal("12.5000"),)]
    assert ask(tmp_path, "SELECT count(*) FROM rejects") == [(0,)]


def test_a_bad_record_keeps_its_last_good_reading(tmp_path: Path) -> None:
    """What was good yesterday is not lost because today's copy is broken."""
    store.sync(Books([{"id": "1", "gross": "10.00"}]), tmp_path)
    store.sync(Books([{"id": "1", "gross": "ten"}]), tmp_path, full=True)
    assert ask(tmp_path, "SELECT gross FROM invoices") == [(Decimal("10.0000"),)]


def test_an_item_read_again_replaces_its_lines(tmp_path: Path) -> None:
    """A line taken off the invoice is gone, and an item that says nothing any more removes its rows."""
    store.sync(Books([{"id": "1", "gross": "3", "lines": ["1", "2"]}, {"id": "2", "gross": "5"}]), tmp_path)
    store.sync(Books([{"id": "1", "gross": "1", "lines": ["1"]}, {"id": "2", "gross": "5", "deleted": True}]), tmp_path)
    assert ask(tmp_path, "SELECT id FROM lines") == [("1:1",)]
    assert ask(tmp_path, "SELECT id FROM invoices") == [("1",)]


@pytest.mark.capability("SYNC-8", "SYNC-9")
def test_a_modified_run_reads_from_the_last_start_and_touches_only_what_it_brings(tmp_path: Path) -> None:
    """Full loads everything; then only the three changed are read and written, the rest stay."""
    store.sync(Books([{"id": str(n), "gross": "1"} for n in range(50)]), tmp_path)
    books = Books([{"id": str(n), "gross": "2"} for n in range(3)])
    reading = store.sync(books, tmp_path)
    assert reading.mode == "modified" and reading.items == 3 and books.asked[0] is not None
    assert ask(tmp_path, "SELECT gross, count(*) FROM invoices GROUP BY gross ORDER BY gross") == [
        (Decimal("1.0000"), 47),
        (Decimal("2.0000"), 3),
    ]


def test_a_full_run_removes_what_it_no_longer_contains(tmp_path: Path) -> None:
    """Deleted at the vendor is deleted here, but another vendor's rows stay."""
    store.sync(Books([{"id": "1", "gross": "1"}, {"id": "2", "gross": "1"}]), tmp_path)
    store.sync(Books([{"id": "1", "gross": "1"}], name="others"), tmp_path)
    store.sync(Books([{"id": "2", "gross": "1"}]), tmp_path, full=True)
    assert ask(tmp_path, "SELECT vendor, id FROM invoices ORDER BY vendor") == [("books", "2"), ("others", "1")]


@pytest.mark.capability("ERR-3")
@pytest.mark.parametrize("error", [Unauthorised("books", "401"), VendorError("books", "gone")])
def test_a_reading_that_breaks_leaves_the_last_good_one(tmp_path: Path, error: Exception) -> None:
    """Half a reading is no reading: rows stay, the raw part is gone, the error is kept with the source."""
    store.sync(Books([{"id": "1", "gross": "1"}]), tmp_path)
    reading = store.sync(Books([{"id": "9", "gross": "9"}], error), tmp_path, full=True)
    assert reading.error and ask(tmp_path, "SELECT id FROM invoices") == [("1",)]
    assert ask(tmp_path, "SELECT DISTINCT error FROM freshness") == [(str(error),)]
    assert not list((tmp_path / "raw").rglob("*.part"))
    store.sync(Books([{"id": "2", "gross": "1"}]), tmp_path, full=True)
    assert ask(tmp_path, "SELECT DISTINCT error FROM freshness") == [("",)]


def test_rebuilding_from_raw_gives_the_same_rows(tmp_path: Path) -> None:
    """rows.duckdb can be deleted; runs are replayed in order."""
    books = Books([{"id": str(n), "gross": "1", "lines": ["1"]} for n in range(20)])
    store.sync(books, tmp_path)
    store.sync(Books([{"id": "3", "gross": "7"}]), tmp_path)
    before = ask(tmp_path, "SELECT * FROM invoices ORDER BY id"), ask(tmp_path, "SELECT * FROM lines ORDER BY id")
    store.rebuild([books], tmp_path)
    assert before == (
        ask(tmp_path, "SELECT * FROM invoices ORDER BY id"),
        ask(tmp_path, "SELECT * FROM lines ORDER BY id"),
    )


def test_raw_files_are_bounded_but_a_rebuild_stays_possible(tmp_path: Path) -> None:
    """Old runs go, the latest full one and what followed stay."""
    books = Books([{"id": "1", "gross": "1"}])
    for full in (True, False, True, False):
        store.sync(books, tmp_path, full=full)
    gone = raw.prune(tmp_path, "books", 0, dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    assert len(gone) == 2 and len(raw.runs(tmp_path, "books")) == 2


def test_an_amount_needs_its_currency(tmp_path: Path) -> None:
    """Money without a currency is not money."""

    class Bare(Books):
        def rows(self, kind: str, item: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
            yield "invoices", {"id": item["id"], "gross": item["gross"]}

    reading = store.sync(Bare([{"id": "1", "gross": "5"}]), tmp_path)
    assert reading.rejected == 1
    assert ask(tmp_path, "SELECT field FROM rejects") == [("invoices.currency",)]


@pytest.mark.parametrize("moment", ["complete", "settle"])
def test_a_killed_process_loses_nothing(tmp_path: Path, moment: str) -> None:
    """SIGKILL before the raw file counts: the old rows stay. After it: the next run maps what was read."""
    store.sync(Books([{"id": "1", "gross": "1"}]), tmp_path)
    script = f"""
        import os, signal, pathlib, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from test_store import Books
        from extract import raw, store
        die = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
        {"raw.Raw.complete = die" if moment == "complete" else "store.Batches.settle = die"}
        store.sync(Books([dict(id="2", gross="2")]), pathlib.Path({str(tmp_path)!r}), full=True)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=os.getcwd(), check=False)
    assert done.returncode == -signal.SIGKILL
    assert ask(tmp_path, "SELECT id FROM invoices") == [("1",)]
    store.sync(Books([]), tmp_path)
    assert ask(tmp_path, "SELECT id FROM invoices") == [("1",) if moment == "complete" else ("2",)]
