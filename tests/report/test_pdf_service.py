"""A service that sets the PDF: it gets the report as JSON, its file goes out; where it fails ours does, and says so."""

import datetime as dt
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboard.report import deliver, period, week
from extract.sandbox import server
from reconcile import settings as choices
from reconcile.settings import Company, Mail, PdfService, Reports, Schedule, Settings

LAST_WEEK = period.around("week", dt.date(2026, 11, 16))
THEIRS = b"%PDF-1.7\n% theirs\n" + b"x" * 4_321 + b"\n%%EOF\n"


class Press:
    """Answers as it is told and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict[str, str], Any]] = []
        self.code, self.file, self.pause = 200, THEIRS, 0.0
        press = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                press.asked.append(({k.lower(): v for k, v in self.headers.items()}, body))
                time.sleep(press.pause)
                self.send_response(press.code)
                self.send_header("content-length", str(len(press.file)))
                self.end_headers()
                self.wfile.write(press.file)

            def log_message(self, *_said: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/set"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def press() -> Iterator[Press]:
    made = Press()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def office() -> Iterator[Any]:
    running = server.serve()
    yield running
    running.stop()


@pytest.fixture
def told(small: Path, office: Any, press: Press) -> Path:
    httpx.post(f"{office.url}/sandbox/reset", timeout=30)
    mail = Mail(host="127.0.0.1", port=office.smtp_port, security="none", sender="cuadra@small.example",
                outbox=f"{office.url}/sandbox/mails")  # fmt: skip
    people = {"week": Schedule(to=["ana@small.example", "ola@small.example"])}
    reports = Reports(languages={"ola@small.example": "pl"}, pdf_service=PdfService(url=press.url, seconds=5))
    choices.save(Settings(company=Company(name="Small SL"), mail=mail, schedules=people, reports=reports), small)
    return small


def test_their_pdf_goes_out_in_place_of_ours(
    told: Path, press: Press, office: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To each reader and as a file, asked for in the reader's language with our token; a trial run asks nobody."""
    monkeypatch.setenv("PDF_SERVICE_TOKEN", "t0ken")
    deliver.deliver(told, LAST_WEEK, ["email", "pdf"], "test", dry_run=True)
    assert press.asked == []
    done = deliver.deliver(told, LAST_WEEK, ["email", "pdf"], "test", out=tmp_path)
    assert [d.state for d in done] == ["done", "done", "written"] and not any("PDF service" in d.says for d in done)
    assert (tmp_path / "week-2026-11-16.pdf").read_bytes() == THEIRS
    mails = httpx.get(f"{office.url}/sandbox/mails", timeout=30).json()
    assert [m["sizes"] for m in mails] == [[len(THEIRS)]] * 2
    assert [headers["content-language"] for headers, _body in press.asked] == ["en", "pl", "en"]
    assert {headers["authorization"] for headers, _body in press.asked} == {"Bearer t0ken"}
    settings = choices.load(told)
    wanted = json.loads(json.dumps(week.as_json(week.report(told, LAST_WEEK, settings)))) | {"made_at": ""}
    assert all(body | {"made_at": ""} == wanted for _headers, body in press.asked)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"code": 503}, "it answered 503"),
        ({"file": b"<html>sign in</html>"}, "what it sent is no PDF"),
        ({"file": THEIRS[:-8]}, "what it sent is no PDF"),
        ({"pause": 1.0}, "it gave no answer"),
        ({"url": "http://127.0.0.1:1/set"}, "it gave no answer"),
        ({"url": "http://press.example/set"}, "must begin with https://"),
    ],
    ids=["refuses", "other file", "cut off", "slow", "gone", "open line"],
)  # fmt: skip
def test_where_it_fails_ours_goes_out_and_says_so(
    told: Path, press: Press, office: Any, change: dict[str, Any], says: str
) -> None:
    """The mail arrives with our PDF, once; its line in the history names the reason."""
    settings = choices.load(told)
    if "url" in change:
        settings.reports.pdf_service = PdfService(url=change["url"])
    else:
        settings.reports.pdf_service = PdfService(url=press.url, seconds=0.3 if "pause" in change else 5)
        for name, value in change.items():
            setattr(press, name, value)
    settings.schedules["week"] = Schedule(to=["ana@small.example"])
    choices.save(settings, told)
    (done,) = deliver.deliver(told, LAST_WEEK, ["email"], "test")
    assert done.state == "done" and says in done.says and "our own PDF went out instead" in done.says
    (sent,) = httpx.get(f"{office.url}/sandbox/mails", timeout=30).json()
    assert sent["attachments"] == ["week-2026-11-16.pdf"] and sent["sizes"][0] > 20_000
    (row,) = deliver.history(told)
    assert row["state"] == "done" and says in row["note"]
