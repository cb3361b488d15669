"""`cuadra report`: files, trial runs, channels that fail alone, and words that say what to do."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from dashboard import cli
from dashboard.report import mail as letters
from extract.sandbox import server
from reconcile import settings as choices
from reconcile.settings import Company, Mail, Reports, Schedule, Settings


@pytest.fixture(scope="module")
def office() -> Iterator[Any]:
    """The invented company, for its mail server."""
    running = server.serve()
    yield running
    running.stop()


@pytest.fixture
def told(small: Path, office: Any) -> Path:
    """The small company, with a mail server and two readers of the weekly report, one of whom reads Spanish."""
    httpx.post(f"{office.url}/sandbox/reset", timeout=30)
    choices.save(
        Settings(
            company=Company(name="Small SL"),
            mail=Mail(host="127.0.0.1", port=office.smtp_port, security="none", sender="cuadra@small.example",
                      outbox=f"{office.url}/sandbox/mails"),
            schedules={"week": Schedule(cron="0 9 * * 1", to=["ana@small.example", "boss@small.example"])},
            reports=Reports(channels=["email"], languages={"boss@small.example": "es"}),
        ),
        small,
    )  # fmt: skip
    return small


def run(data: Path, *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli.app, ["--data", str(data), "report", *words], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 or "--json" in words else done.output


def mails(office: Any) -> list[dict[str, Any]]:
    return httpx.get(f"{office.url}/sandbox/mails", timeout=30).json()


@pytest.mark.capability("REPORT-7")
def test_files_are_written_where_asked_and_hold_the_report(told: Path, tmp_path: Path) -> None:
    done = json.loads(run(told, "week", "--to", "pdf,xlsx,csv", "--out", str(tmp_path / "out"), "--json"))
    assert [d["state"] for d in done] == ["written"] * 3
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["week-2026-11-16.pdf", "week-2026-11-16.xlsx", "week-2026-11-16.zip"]
    assert (tmp_path / "out" / names[0]).read_bytes().startswith(b"%PDF-")


@pytest.mark.capability("REPORT-3")
def test_each_reader_gets_one_mail_however_often_it_is_asked(told: Path, office: Any) -> None:
    """Two readers, two mails with PDF, in their languages; a second run sends nothing."""
    done = json.loads(run(told, "week", "--to", "email", "--json"))
    assert [(d["recipient"], d["state"]) for d in done] == [
        ("ana@small.example", "done"), ("boss@small.example", "done")
    ]  # fmt: skip
    sent = mails(office)
    assert [m["to"] for m in sent] == [["ana@small.example"], ["boss@small.example"]]
    assert [m["language"] for m in sent] == ["en", "es"]
    assert all("week-2026-11-16.pdf" in m["attachments"] for m in sent)
    assert "€1,500" in sent[0]["html"] and "€1,500" in sent[0]["text"]
    again = json.loads(run(told, "week", "--to", "email", "--json"))
    assert [d["state"] for d in again] == ["found", "found"]
    assert len(mails(office)) == 2


def test_a_trial_run_makes_everything_and_sends_nothing(told: Path, office: Any, tmp_path: Path) -> None:
    done = json.loads(run(told, "week", "--to", "email,pdf,slack", "--dry-run", "--out", str(tmp_path / "x"), "--json"))
    assert {d["state"] for d in done} == {"shown"}
    assert mails(office) == []
    assert [path.suffix for path in (tmp_path / "x").iterdir()] == [".html"]
    assert json.loads(run(told, "week", "--to", "email", "--json"))[0]["state"] == "done"


@pytest.mark.capability("REPORT-3")
def test_a_channel_that_fails_says_so_and_stops_no_other(told: Path, office: Any, tmp_path: Path) -> None:
    """One address is refused, Slack and Sheets have no key: the other reader gets the mail, the file is written."""
    httpx.post(f"{office.url}/sandbox/faults", json=[{"kind": "refuse_mail", "match": "boss@"}], timeout=30)
    told_of = run(told, "week", "--to", "slack,sheets,email,pdf", "--out", str(tmp_path), "--json", code=3)
    states = {(d["channel"], Path(d["recipient"]).name): d for d in json.loads(told_of)}
    assert states["email", "ana@small.example"]["state"] == "done"
    assert states["email", "boss@small.example"]["state"] == "refused"
    assert "refused the recipient" in states["email", "boss@small.example"]["says"]
    assert "SLACK_WEBHOOK" in states["slack", "slack"]["says"]
    assert "copy its address" in states["sheets", "sheets"]["says"]
    assert states["pdf", "week-2026-11-16.pdf"]["state"] == "written"
    httpx.delete(f"{office.url}/sandbox/faults", timeout=30)
    again = json.loads(run(told, "week", "--to", "email", "--json"))
    assert [d["state"] for d in again] == ["found", "done"], "only the one that failed goes out again"


def test_a_mail_whose_answer_was_lost_is_looked_for_before_it_is_sent_again(
    told: Path, office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server took it, then the line broke: the next run finds it and sends nothing."""
    from extract.vendor import Unsure
    from reconcile.mail import Mailer

    real = Mailer.send

    def cut(self: Mailer, draft: letters.ReportMail) -> dict[str, Any]:
        real(self, draft)
        raise Unsure("mail", "gave no answer")

    monkeypatch.setattr(Mailer, "send", cut)
    states = [d["state"] for d in json.loads(run(told, "week", "--to", "email", "--json", code=3))]
    assert states == ["doubt", "doubt"]
    monkeypatch.setattr(Mailer, "send", real)
    assert [d["state"] for d in json.loads(run(told, "week", "--to", "email", "--json"))] == ["found", "found"]
    assert len(mails(office)) == 2


def test_the_report_is_shown_and_read_by_programs(told: Path) -> None:
    assert "Week of 16 Nov 2026 to 22 Nov 2026" in run(told, "week")
    document = json.loads(run(told, "month", "--date", "2026-10-31", "--json"))
    assert document["period"] == ["month", "2026-10-01", "2026-10-31"]
    totals = next(t for t in document["tables"] if t["name"] == "totals")
    assert ["won", "PLN", "2000.00", "0.00", "2000.00", None] in totals["rows"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("day",), "say week or month"),
        (("week", "--date", "16.11."), "write it like 2026-11-16"),
        (("week", "--to", "fax"), "no channel"),
        (("week", "--date", "2020-01-01"), "The first record is of 2026-10-01"),
    ],
    ids=["kind", "date", "channel", "too early"],
)
def test_what_cannot_be_asked_says_what_can(told: Path, words: tuple[str, ...], says: str) -> None:
    assert says in run(told, *words, code=2)


def test_without_any_data_it_says_what_to_do(tmp_path: Path) -> None:
    told_of = run(tmp_path / "new", "week", "--to", "pdf,email", code=2)
    assert "Nothing was read yet. Connect a system or import a file" in " ".join(told_of.split())
