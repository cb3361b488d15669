"""Reports go out by themselves: at the company's hour, once, made up for once, a failed channel again alone."""

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from dbos import DBOS

from dashboard.report import deliver, schedule, week
from dashboard.report.period import Period, around
from extract.sandbox import server
from reconcile import settings as choices
from reconcile import workflows
from reconcile.settings import Company, Mail, Reports, Schedule, Settings
from reconcile.state import state

MADRID = "Europe/Madrid"


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        ("2026-10-19T07:00:00", "2026-10-19T07:00:00"),  # nine in summer
        ("2026-10-19T06:59:59", "2026-10-12T07:00:00"),
        ("2026-10-26T08:00:00", "2026-10-26T08:00:00"),  # nine in winter
        ("2026-10-26T07:59:59", "2026-10-19T07:00:00"),
    ],
)
def test_nine_is_nine_in_summer_and_in_winter(at: str, wanted: str) -> None:
    assert schedule.fired("0 9 * * 1", MADRID, utc(at)) == utc(wanted)


def test_an_hour_that_the_clocks_skip_or_repeat_comes_once() -> None:
    """29 March 2026 has no 02:30 in Madrid; 25 October has two."""
    spring = schedule.following("30 2 * * *", MADRID, utc("2026-03-28T12:00:00"))
    assert spring.astimezone(dt.UTC).date() == dt.date(2026, 3, 29)
    assert schedule.following("30 2 * * *", MADRID, spring) == utc("2026-03-30T00:30:00")
    autumn = schedule.following("30 2 * * *", MADRID, utc("2026-10-24T12:00:00"))
    assert autumn == utc("2026-10-25T00:30:00")
    assert schedule.fired("30 2 * * *", MADRID, utc("2026-10-25T02:00:00")) == autumn


@pytest.mark.parametrize(
    ("at", "day", "comes"),
    [
        ("2026-10-12T12:00:00", "2026-10-05", "2026-10-05T07:00:00"),  # a Monday, and Spain's national day
        ("2026-10-13T06:59:00", "2026-10-05", "2026-10-05T07:00:00"),
        ("2026-10-13T07:00:00", "2026-10-12", "2026-10-13T07:00:00"),
        ("2026-10-19T07:00:00", "2026-10-19", "2026-10-19T07:00:00"),
    ],
)
def test_a_monday_that_is_a_holiday_is_made_up_for_on_the_next_business_day(at: str, day: str, comes: str) -> None:
    """At the same hour, and still of the week that was over that Monday; a country without that day sends at once."""
    cron = "0 9 * * 1"
    assert schedule.ticked(cron, MADRID, utc(at), "ES") == (dt.date.fromisoformat(day), utc(comes))
    after = schedule.following(cron, MADRID, utc("2026-10-12T12:00:00"), "ES")
    assert after == utc("2026-10-13T07:00:00") == schedule.following(cron, MADRID, utc("2026-10-09T12:00:00"), "ES")
    assert schedule.fired(cron, MADRID, utc("2026-10-12T12:00:00"), "PL") == utc("2026-10-12T07:00:00")


@pytest.mark.capability("REPORT-1")
def test_of_days_that_fall_together_on_a_business_day_one_report_goes_out(small: Path) -> None:
    """Daily at eight over a weekend before a holiday: on Tuesday one, asked for by `business_days`; not without it."""
    store = state(small)
    shifted = Settings(schedules={"week": Schedule(cron="0 8 * * *", business_days=True)})
    plain = Settings(schedules={"week": Schedule(cron="0 8 * * *")})
    store.ran("report:week", utc("2026-10-09T06:00:00"))  # Friday's
    assert schedule.due(shifted, store, utc("2026-10-12T22:00:00")) == []
    assert len(schedule.due(plain, store, utc("2026-10-10T22:00:00"))) == 1
    ((period, at),) = schedule.due(shifted, store, utc("2026-10-13T06:00:00"))
    assert (period.start, at) == (dt.date(2026, 10, 5), utc("2026-10-13T06:00:00"))
    store.ran("report:week", at)
    assert schedule.due(shifted, store, utc("2026-10-13T20:00:00")) == []


@pytest.mark.parametrize("cron", ["", "nine", "0 9 * *", "61 9 * * 1", "0 9 31 2 *", "0 9 * * 1 2"])
def test_a_line_that_is_no_schedule_says_how_to_write_one(cron: str) -> None:
    with pytest.raises(schedule.BadCron, match=r"like 0 9 \* \* 1"):
        schedule.following(cron, MADRID, utc("2026-10-19T07:00:00"))


SETTINGS = Settings(schedules={"week": Schedule(cron="0 9 * * 1"), "month": Schedule(cron="0 9 1 * *")})


@pytest.mark.capability("REPORT-1")
def test_what_was_missed_is_made_up_for_once(small: Path) -> None:
    """Off for three Mondays and a first of the month: one weekly report, of the last week, and one monthly."""
    store = state(small)
    assert schedule.due(SETTINGS, store, utc("2026-11-06T10:00:00")) == [], "what was before the first look is past"
    assert schedule.due(SETTINGS, store, utc("2026-11-08T10:00:00")) == []
    late = utc("2026-12-02T10:00:00")
    found = schedule.due(SETTINGS, store, late)
    assert [(p.kind, str(p.start)) for p, _at in found] == [("week", "2026-11-23"), ("month", "2026-11-01")]
    for period, at in found:
        store.ran(f"report:{period.kind}", at)
    assert schedule.due(SETTINGS, store, late) == []


@pytest.fixture(scope="module")
def office() -> Iterator[Any]:
    running = server.serve()
    yield running
    running.stop()


@pytest.fixture
def live(small: Path, office: Any) -> Iterator[Path]:
    """The small company with two readers and the workflows running."""
    httpx.post(f"{office.url}/sandbox/reset", timeout=30)
    mail = Mail(host="127.0.0.1", port=office.smtp_port, security="none", sender="cuadra@small.example",
                outbox=f"{office.url}/sandbox/mails")  # fmt: skip
    people = Schedule(cron="0 9 * * 1", to=["ana@small.example", "boss@small.example"])
    choices.save(
        Settings(company=Company(name="Small SL"), mail=mail, schedules={"week": people},
                 reports=Reports(channels=["email", "pdf", "slack"])),
        small,
    )  # fmt: skip
    workflows.launch(small)
    yield small
    workflows.shutdown()


def ended(period: Period, seconds: float = 60) -> dict[tuple[str, str], str]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = DBOS.get_workflow_status(f"report:{period.key}")
        if found is not None and found.status == "SUCCESS":
            return {(c, Path(to).name): said for c, to, said, _says in found.output}
        time.sleep(0.05)
    raise TimeoutError(period.key)


def mails(office: Any) -> list[str]:
    return [m["to"][0] for m in httpx.get(f"{office.url}/sandbox/mails", timeout=30).json()]


@pytest.mark.capability("REPORT-1", "REPORT-3")
def test_monday_at_nine_it_goes_out_once_and_a_failed_one_alone_again(
    live: Path, office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before nine nothing; at nine each channel; one address is refused and shown; a second look sends nothing more."""
    monkeypatch.setattr(schedule, "PAUSES", (0.0,))
    httpx.post(f"{office.url}/sandbox/faults", json=[{"kind": "refuse_mail", "match": "boss@"}], timeout=30)
    assert schedule.tick(live, utc("2026-11-23T07:00:00")) == []
    assert schedule.tick(live, utc("2026-11-23T07:59:00")) == []
    last_week = around("week", dt.date(2026, 11, 16))
    assert schedule.tick(live, utc("2026-11-23T08:00:30")) == [last_week]
    assert ended(last_week) == {
        ("email", "ana@small.example"): "done", ("email", "boss@small.example"): "refused",
        ("pdf", "week-2026-11-16.pdf"): "written", ("slack", "slack"): "refused",
    }  # fmt: skip
    assert mails(office) == ["ana@small.example"]
    assert week.known(live) == [last_week]
    schedule.start(live, last_week)
    assert schedule.tick(live, utc("2026-11-23T08:01:00")) == []
    failed = next(r for r in deliver.history(live) if r["recipient"] == "boss@small.example")
    assert failed["state"] == "refused" and "refused the recipient" in failed["error"]
    httpx.delete(f"{office.url}/sandbox/faults", timeout=30)
    assert schedule.again(live, failed, "ana").state == "done"
    assert schedule.again(live, failed, "ana").state == "found"
    assert mails(office) == ["ana@small.example", "boss@small.example"]


def test_what_may_pass_by_itself_is_tried_again(live: Path, office: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail server is away for one look: the next try sends, to each once."""
    from extract.vendor import Refused
    from reconcile.mail import Mailer

    real, calls = Mailer.send, []

    def away(self: Mailer, draft: Any) -> dict[str, Any]:
        calls.append(draft.to)
        if len(calls) <= 2:
            raise Refused("mail", "cannot be reached; nothing was sent")
        return real(self, draft)

    monkeypatch.setattr(Mailer, "send", away)
    monkeypatch.setattr(schedule, "PAUSES", (0.1, 0.1))
    period = around("week", dt.date(2026, 11, 9))
    schedule.start(live, period)
    assert {said for (channel, _to), said in ended(period).items() if channel == "email"} == {"done"}
    assert mails(office) == ["ana@small.example", "boss@small.example"] and len(calls) == 4


def test_a_week_without_data_is_noted_and_nobody_is_written_to(live: Path, office: Any) -> None:
    period = around("week", dt.date(2020, 1, 6))
    schedule.start(live, period)
    assert ended(period) == {}
    assert mails(office) == []
    said = state(live).entries(action="report")
    assert "first record is of 2026-10-01" in said[0]["says"]
