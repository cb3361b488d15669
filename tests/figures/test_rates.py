"""The rates of the European Central Bank: by file and over HTTP, as the ECB writes them; what is wrong is said."""

import datetime as dt
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner, Result

from dashboard import jobs
from dashboard.cli import app
from extract import model
from extract.store import opened
from reconcile import ecb
from reconcile.state import state

D = Decimal
HISTORY = b"Date,USD,PLN,ISK,\n2026-11-20,1.1523,4.3,N/A,\n2026-11-19,1.16,4.2985,N/A,\n"
DAILY_CSV = b"Date, USD, PLN, \n20 November 2026, 1.1523, 4.3, \n"
DAILY_XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"
  xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
  <gesmes:subject>Reference rates</gesmes:subject>
  <Cube><Cube time='2026-11-20'><Cube currency='USD' rate='1.1523'/><Cube currency='PLN' rate='4.3'/></Cube></Cube>
</gesmes:Envelope>"""


def packed(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("eurofxref-hist.csv", content)
    return out.getvalue()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A company that sold 430 PLN and 100 EUR this week."""
    monkeypatch.setenv("CUADRA_TODAY", "2026-11-20")
    kept = ", ".join(c.name for c in model.columns("deals"))
    with opened(tmp_path) as db:
        for id, amount, currency in (("1", "430", "PLN"), ("2", "100", "EUR")):
            told = {"vendor": "crm", "id": id, "status": "won", "won_on": "2026-11-18", "amount": amount,
                    "currency": currency}  # fmt: skip
            values = [told.get(name.strip()) for name in kept.split(",")]
            db.execute(f"INSERT INTO deals ({kept}) VALUES ({', '.join('?' * len(values))})", values)
    return tmp_path


def cuadra(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--data", str(data), *words])


def asked(data: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as db:
        return db.execute(sql).fetchall()


USED = "SELECT currency, CAST(on_date AS VARCHAR), rate, source FROM rates ORDER BY on_date DESC, currency LIMIT 2"
NEWEST = [("PLN", "2026-11-20", D("4.3"), "European Central Bank"),
          ("USD", "2026-11-20", D("1.1523"), "European Central Bank")]  # fmt: skip
TOTAL = "SELECT value FROM figures WHERE name = 'won' AND unit = 'reporting_money' AND period_end = '2026-11-20'"


@pytest.mark.parametrize(
    "content", [HISTORY, DAILY_CSV, DAILY_XML, packed(HISTORY)], ids=["csv", "daily csv", "xml", "zip"]
)
def test_a_file_of_the_ecb_gives_rates_and_totals(data: Path, content: bytes) -> None:
    """Each form the ECB publishes: the rate with its day and source, and 430 PLN at 4.30 are 100 EUR of 200."""
    file = data / "eurofxref"
    file.write_bytes(content)
    told = cuadra(data, "rates", str(file), "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["last_on"] == "2026-11-20"
    assert asked(data, USED) == NEWEST
    assert asked(data, TOTAL) == [(D(200),)]


def test_the_same_file_twice_changes_nothing_and_a_rebuild_has_it_again(data: Path) -> None:
    """A day's rate is there once; rows.duckdb can be deleted."""
    file = data / "hist.csv"
    file.write_bytes(HISTORY)
    first, second = (json.loads(cuadra(data, "rates", str(file), "--json").stdout) for _ in range(2))
    assert (first["new"], second["new"], second["rates"]) == (4, 0, 4)
    jobs.rebuild(data)
    assert asked(data, "SELECT COUNT(*) FROM rates") == [(4,)]


def test_a_longer_history_takes_the_place_of_a_shorter_and_days_stay_beside_each_other(data: Path) -> None:
    """The history is fetched every day: one file is kept. A daily file has its own day, and a rebuild needs both."""
    file, daily = data / "eurofxref-hist.csv", data / "daily.xml"
    for content in (HISTORY, HISTORY + b"2026-11-18,1.17,4.2,N/A,\n"):
        file.write_bytes(content)
        cuadra(data, "rates", str(file))
    for content in (DAILY_XML, DAILY_XML.replace(b"2026-11-20", b"2026-11-13")):
        daily.write_bytes(content)
        cuadra(data, "rates", str(daily))
    kept = sorted(path.name for path in (data / "rates").iterdir())
    assert kept == ["2026-11-13_2026-11-13_daily.xml", "2026-11-18_2026-11-20_eurofxref-hist.csv",
                    "2026-11-20_2026-11-20_daily.xml"]  # fmt: skip
    jobs.rebuild(data)
    assert asked(data, "SELECT COUNT(*) FROM rates") == [(8,)]  # two currencies on four days


@pytest.fixture
def bank() -> Iterator[tuple[str, dict[str, bytes]]]:
    """A server that answers like the ECB's: address, and what it has by path."""
    pages: dict[str, bytes] = {}

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = pages.get(self.path)
            self.send_response(200 if found else 503)
            self.end_headers()
            self.wfile.write(found or b"")

        def log_message(self, *said: object) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", pages
    server.shutdown()


def test_rates_come_over_http(data: Path, bank: tuple[str, dict[str, bytes]]) -> None:
    """The historical ZIP, from an address."""
    address, pages = bank
    pages["/eurofxref-hist.zip"] = packed(HISTORY)
    told = cuadra(data, "rates", "--fetch", "--url", f"{address}/eurofxref-hist.zip")
    assert told.exit_code == 0, told.output
    assert asked(data, USED) == NEWEST


def test_a_bank_that_does_not_answer_is_said_and_changes_nothing(
    data: Path, bank: tuple[str, dict[str, bytes]]
) -> None:
    """The message says what to do instead; the exit code is that of a refusal."""
    told = cuadra(data, "rates", "--fetch", "--url", f"{bank[0]}/eurofxref-hist.zip")
    assert told.exit_code == 3
    assert "503" in told.output and "cuadra rates FILE" in told.output
    assert not (data / "rates").exists()


def test_rates_come_with_the_first_reading_of_a_day_where_that_is_chosen(
    data: Path, bank: tuple[str, dict[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A silent bank stops no reading, is told, and is asked again after an hour; one that answered, the day after."""
    (data / "settings.toml").write_text(f'[rates]\ndaily = true\nurl = "{bank[0]}/eurofxref-hist.zip"\n')
    clock = [dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)]
    monkeypatch.setattr(ecb, "now", lambda: clock[0])
    jobs.sync(data)
    assert "503" in state(data).value(ecb.ASKED)["error"] and not (data / "rates").exists()
    bank[1]["/eurofxref-hist.zip"] = packed(HISTORY)
    for minutes, come in ((30, False), (31, True), (60, True)):
        clock[0] += dt.timedelta(minutes=minutes)
        jobs.sync(data)
        assert (data / "rates").exists() is come
    assert state(data).value(ecb.ASKED) == {"at": "2026-11-21T09:01:00+00:00"}  # not asked again an hour later


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Name,Amount\nAcme,5\n", 'first line is not "Date'),
        (b"Date,USD,\n2026-11-20,much,\n", '"much" is not a rate'),
        (b"Date,USD,\n2026-11-20,-1.2,\n", '"-1.2" is not a rate'),
        (b"Date,USD,\nyesterday,1.2,\n", '"yesterday" is not a date'),
        (b"<html><p>maintenance", "not the ECB's XML"),
        (b"<html></html>", "holds no rate"),
        (b"PK\x03\x04 broken", "ZIP is damaged"),
        (b"", "first line is not"),
    ],
    ids=["another file", "no number", "negative", "no date", "a web page", "no rates in it", "broken zip", "empty"],
)
def test_a_file_that_is_none_is_refused_whole(data: Path, content: bytes, said: str) -> None:
    """Nothing of it is kept, and the message names what is wrong."""
    file = data / "rates.file"
    file.write_bytes(content)
    told = cuadra(data, "rates", str(file))
    assert told.exit_code == 2
    assert said in told.output
    assert not (data / "rates").exists()


def test_neither_or_both_is_wrong_use(data: Path) -> None:
    """A file or the web, not nothing and not both."""
    assert cuadra(data, "rates").exit_code == 2
    assert cuadra(data, "rates", "x.csv", "--fetch").exit_code == 2
    assert "downloaded" in cuadra(data, "rates", str(data / "none.csv")).output
