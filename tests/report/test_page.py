"""The Reports page: what it shows is the report; schedule, people and keys are kept; what went out is listed."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from small_company import words
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboard.report import deliver, keys, period, spoken, week
from dashboard.report.deliver import Delivery
from dashboard.views import rhythm
from extract.sandbox import server
from reconcile import settings as choices
from reconcile.settings import Company, Mail, Schedule, Settings
from reconcile.state import state

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"
Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def office() -> Iterator[Any]:
    running = server.serve()
    yield running
    running.stop()


@pytest.fixture
def told(small: Path, office: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CUADRA_DATA", str(small))
    httpx.post(f"{office.url}/sandbox/reset", timeout=30)
    mail = Mail(host="127.0.0.1", port=office.smtp_port, security="none", sender="cuadra@small.example",
                outbox=f"{office.url}/sandbox/mails")  # fmt: skip
    people = {"week": Schedule(to=["ana@small.example"])}
    choices.save(Settings(company=Company(name="Small SL"), mail=mail, schedules=people), small)
    return small


@pytest.fixture
def reports() -> Open:
    def opened(**query: str) -> AppTest:
        app = AppTest.from_file(str(FRAME), default_timeout=60)
        app.query_params.update(query)
        app._page_hash = calc_hash("reports")
        app.run()
        assert not app.exception, app.exception
        return app

    return opened


def press(app: AppTest, label: str) -> AppTest:
    found = next(b for b in app.button if b.label == label)
    found.click().run()
    assert not app.exception, app.exception
    return app


@pytest.mark.capability("PLUS-11", "REPORT-1")
def test_the_page_shows_the_reports_own_cells(told: Path, reports: Open) -> None:
    """Each list of the page is the report's table, cell by cell; the headline is its first figures."""
    made = week.make(told, period.last("week", choices.today(choices.load(told))), choices.load(told))
    app = reports()
    shown = {m.label: (m.value, m.delta) for m in app.metric}
    assert shown == {name: (says, change) for name, says, change, _sign in spoken.headline(made)}
    assert shown["Won"] == ("€1,500", "+€1,200")
    for name in ("totals", "overdue", "payments"):
        app.selectbox(key="report-list").set_value(name).run()
        table = app.dataframe[0].value
        found = made.table(name)
        assert table.columns.tolist() == [spoken.heading(c) for c in spoken.columns(found)]
        assert table.to_numpy().tolist() == spoken.lines(found)


def test_a_long_list_shows_its_first_rows_and_the_files_have_all(
    told: Path, reports: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two rows at most, the page has the first two of four deals in their order, and every sum of all."""
    monday = choices.today(choices.load(told))
    made = week.make(told, period.around("month", monday), choices.load(told))
    monkeypatch.setattr(week.Look, "most", 2)
    app = reports(kind="month", period=made.period.key)
    shown = {m.label: (m.value, m.delta) for m in app.metric}
    assert shown == {name: (says, change) for name, says, change, _sign in spoken.headline(made)}
    for name in made.names:
        app.selectbox(key="report-list").set_value(name).run()
        assert not app.exception, name
        whole = spoken.lines(made.table(name))
        table = app.dataframe[0].value.to_numpy().tolist() if whole else []
        assert table == whole[:2], name
        assert any("The first 2 are shown" in c.value for c in app.caption) == (len(whole) >= 2), name
    assert len(made.table("deals").rows) == 3


@pytest.mark.capability("REPORT-3")
def test_send_to_me_goes_to_me_only_and_may_be_repeated(told: Path, reports: Open, office: Any) -> None:
    app = reports()
    app.text_input(key="report-me").set_value("me@small.example").run()
    assert "Sent to" in words(press(app, "Send it to me only"))
    press(app, "Send it to me only")
    mails = httpx.get(f"{office.url}/sandbox/mails", timeout=30).json()
    assert [m["to"] for m in mails] == [["me@small.example"]] * 2
    assert week.known(told) == [], "a trial is no report that went out"
    assert all(r["is_trial"] for r in deliver.history(told))


def test_the_schedule_and_its_people_are_kept(told: Path, reports: Open) -> None:
    """On, Tuesdays at eight, to two people of whom one reads Polish; comments of the file stay out of this."""
    app = reports()
    app.toggle(key="report-on-week").set_value(True)
    app.selectbox(key="report-day-week").set_value(2)
    app.time_input(key="report-at-week").set_value(dt.time(8))
    app.text_area(key="report-to-week").set_value("ana@small.example\nola@small.example pl")
    app.multiselect(key="report-channels").set_value(["email", "pdf"])
    press(app, "Keep")
    kept = choices.load(told)
    assert kept.schedules["week"] == Schedule(cron="0 8 * * 2", to=["ana@small.example", "ola@small.example"])
    assert kept.reports.languages == {"ola@small.example": "pl"} and kept.reports.channels == ["email", "pdf"]
    again = reports()
    assert "Next:" in words(again) and again.selectbox(key="report-day-week").value == 2


@pytest.mark.parametrize(
    ("kind", "cron", "day_and_time"),
    [
        ("week", "30 8 * * 5", (5, dt.time(8, 30))),
        ("week", "0 9 * * 0", (7, dt.time(9))),
        ("month", "0 9 28 * *", (28, dt.time(9))),
        ("month", "0 9 31 * *", None),  # not every month has one: it stays as it was written
        ("week", "0 9 * * 1-5", None),
        ("week", "0 25 * * 1", None),
    ],
)
def test_a_day_and_a_time_are_shown_as_that(kind: str, cron: str, day_and_time: tuple[int, dt.time] | None) -> None:
    """What says more than a day and a time stays what it is; the others come back the same."""
    assert rhythm.parted(kind, cron) == day_and_time
    if day_and_time:
        assert rhythm.written(kind, *day_and_time) == cron


@pytest.mark.parametrize(
    ("cron", "people", "says"),
    [("0 9 * *", "ana@small.example", "no schedule"), ("0 9 * * 1", "ana at small", "not an e-mail address")],
    ids=["cron", "address"],
)
def test_what_cannot_be_kept_says_why(told: Path, reports: Open, cron: str, people: str, says: str) -> None:
    app = reports()
    app.toggle(key="report-on-week").set_value(True)
    app.text_input(key="report-cron-week").set_value(cron)
    app.text_area(key="report-to-week").set_value(people)
    assert says in words(press(app, "Keep")).replace("\\", "")
    assert choices.load(told).schedules["week"] == Schedule(to=["ana@small.example"])


def test_keys_are_kept_and_never_shown(told: Path, reports: Open) -> None:
    app = reports()
    app.text_input(key="report-key-slack").set_value("https://hooks.example/secret")
    next(b for b in app.button if b.key and "report-places" in b.key).click().run()
    assert keys.key("slack", state(told)) == "https://hooks.example/secret"
    again = reports()
    assert again.text_input(key="report-key-slack").value == ""
    assert "secret" not in words(again)


@pytest.mark.capability("REPORT-3")
def test_a_failure_is_reported_in_the_app_and_tried_again_there(told: Path, reports: Open, office: Any) -> None:
    httpx.post(f"{office.url}/sandbox/faults", json=[{"kind": "refuse_mail", "match": "ana@"}], timeout=30)
    last_week = period.last("week", choices.today(choices.load(told)))
    done = deliver.deliver(told, last_week, ["email"], "schedule")
    assert [d.state for d in done] == ["refused"]
    app = reports()
    assert "Failed" in words(app) and "refused the recipient" in words(app).replace("\\", "")
    httpx.delete(f"{office.url}/sandbox/faults", timeout=30)
    press(app, "Try again")
    assert "Try again" not in words(reports()) and "as it went out" not in words(app)
    assert deliver.history(told)[0]["state"] == "done"


def test_no_data_and_a_week_before_it_say_what_to_do(
    told: Path, reports: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = reports(period="week:2026-06-08")
    assert "first record is of 2026" in words(app).replace("\\", "")


def test_one_outcome_tells_whether_something_is_left() -> None:
    assert Delivery("email", "a", "found").is_well and not Delivery("email", "a", "doubt").is_well
