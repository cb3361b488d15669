"""The figures of a report: each against a calculation by hand, and against the dashboard's."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dashboard import worth
from dashboard.read import bridge, figures
from dashboard.report import period, spoken, sums, week
from reconcile import schema
from reconcile.settings import Company, Settings
from reconcile.state import Entry, state

D = Decimal
SETTINGS = Settings(company=Company(name="Small SL"))
LAST_WEEK = period.last("week", dt.date(2026, 11, 23))


def rows(report: week.Report, name: str, *columns: str, **where: Any) -> list[tuple[Any, ...]]:
    found = [r for r in report.table(name).records() if all(r[k] == v for k, v in where.items())]
    return [tuple(r[c] for c in columns) for r in found]


@pytest.mark.capability("REPORT-1")
def test_three_totals_their_differences_and_the_rows_behind(small: Path) -> None:
    """Won 1,500, invoiced 1,210 + 363, collected 210; the steps between close, and lists sum up to the totals."""
    report = week.make(small, LAST_WEEK, SETTINGS)
    money = {
        f: (a, b, c) for f, a, b, c in rows(report, "totals", "figure", "amount", "before", "change", currency="EUR")
    }
    assert money["won"] == (D(1500), D(300), D(1200))
    assert money["invoiced"] == (D(1573), D(0), D(1573))
    assert money["collected"] == (D(210), D(0), D(210))
    for half, start, end in (("billed", "won", "invoiced"), ("cashed", "invoiced", "collected")):
        steps = rows(report, "differences", "step", "amount", half=half, currency="EUR")
        assert sum(a for _s, a in steps) == money[end][0] - money[start][0]
        for step, amount in steps:
            behind = rows(report, "behind", "amount", half=half, step=step, currency="EUR")
            assert sum(a for (a,) in behind) == amount, (half, step)
    for name, figure in (("deals", "won"), ("invoices", "invoiced"), ("payments", "collected")):
        assert sum(a for (a,) in rows(report, name, "amount", currency="EUR")) == money[figure][0]


def test_what_waits_is_listed_with_age_and_owner(small: Path) -> None:
    """On Sunday the 22nd: an October deal in PLN and one of Tuesday; FV-2026-104 is eleven days late."""
    report = week.make(small, LAST_WEEK, SETTINGS)
    waiting = rows(report, "not_invoiced", "record", "owner", "days", "currency", "amount")
    assert waiting == [("Audit", "Zoë Ng", 5, "EUR", D(500)), ("Druk", "Zoë Ng", 48, "PLN", D(2000))]
    assert rows(report, "overdue", "record", "days", "amount") == [("FV-2026-104", 11, D(484))]
    assert rows(report, "totals", "figure", "amount", currency="PLN") == [("remaining_to_invoice", D(2000))], "no zeros"
    assert len(rows(report, "totals", "figure", currency="EUR")) == 6
    ageing = dict(rows(report, "ageing", "bucket", "amount", currency="EUR"))
    assert ageing == {"not_due": D(1363), "1_30": D(484)}


def test_a_past_week_is_as_it_was(small: Path) -> None:
    """On 15 November Training was not invoiced yet, and of October's invoices only FV-2026-104 was owed."""
    report = week.make(small, period.around("week", dt.date(2026, 11, 11)), SETTINGS)
    assert rows(report, "not_invoiced", "record", "days", currency="EUR") == [("Training", 5)]
    assert rows(report, "totals", "amount", figure="receivables", currency="EUR") == [(D(484),)]
    long_ago = week.make(small, period.around("week", dt.date(2026, 10, 14)), SETTINGS)
    assert rows(long_ago, "totals", "amount", figure="receivables", currency="EUR") == [(D(605),)]
    assert rows(long_ago, "overdue", "record") == []
    assert "no_forecast" in long_ago.notes and not long_ago.table("forecast").rows


@pytest.mark.capability("REPORT-6")
def test_the_months_five_figures_by_hand(small: Path) -> None:
    """October: two invoices, 500 without tax, paid after 20 days on average, none overdue on the 31st, 1 waiting."""
    report = week.make(small, period.around("month", dt.date(2026, 10, 15)), SETTINGS)
    counted = dict(rows(report, "counts", "figure", "count"))
    assert counted["invoices"] == 2
    assert rows(report, "by_customer", "net", "gross", currency="EUR") == [(D(500), D(605))]
    assert rows(report, "days", "days", figure="days_invoiced_to_paid") == [(D("20.0"),)]
    assert counted["overdue_invoices"] == 0
    assert counted["not_invoiced"] == 1


@pytest.mark.capability("REPORT-7")
def test_payments_are_listed_with_customer_invoice_and_method(small: Path) -> None:
    report = week.make(small, LAST_WEEK, SETTINGS)
    assert rows(report, "payments", "on_day", "customer", "invoice", "method", "amount") == [
        (dt.date(2026, 11, 20), "=Acme & <b>Señales</b>", "FV-2026-101", "transfer", D(210))
    ]


@pytest.mark.capability("PLUS-11")
def test_every_number_is_the_dashboards(sample: Path) -> None:
    """For each currency: last week's money and days equal the figures of the page; today's lists sum up to theirs."""
    report = week.make(sample, LAST_WEEK, SETTINGS)
    compared = 0
    for name in ("won", "invoiced", "collected", "receivables", "overdue"):
        for currency in report.currencies:
            shown = {p.end: p.value for p in figures.weeks(sample, name, currency)}
            amount = rows(report, "totals", "amount", figure=name, currency=currency)
            worth = shown.get(LAST_WEEK.end, D(0))
            assert amount == [(worth,)] or (worth, amount) == (0, []), (name, currency)
            compared += bool(worth)
    assert compared >= 5
    for name, unit in (("dso", "days"), ("dso_count_back", "days"), ("days_won_to_invoiced", "days")):
        for currency in (*report.currencies, ""):
            shown = {p.end: p.value for p in figures.weeks(sample, name, currency, unit)}
            for (told,) in rows(report, "days", "days", figure=name, currency=currency or None):
                assert told == round(shown[LAST_WEEK.end], 1)
    today = week.make(sample, period.around("week", dt.date(2026, 11, 23)), SETTINGS)
    for currency in report.currencies:
        for name, figure in (("remaining_to_invoice", "remaining_to_invoice"), ("overdue", "overdue")):
            told = rows(today, "totals", "amount", figure=name, currency=currency)
            assert sum(a for (a,) in told) == dict(figures.now(sample, figure)).get(currency, 0)
        parts = {k: v for k, v in figures.parts(sample, "ageing", "bucket", currency).items() if v}
        assert dict(rows(today, "ageing", "bucket", "amount", currency=currency)) == parts
        built = bridge.bridge(sample, LAST_WEEK.start, LAST_WEEK.end, currency)
        assert sum(a for (a,) in rows(report, "differences", "amount", half="billed", currency=currency)) == (
            built.billed - built.booked
        )


@pytest.mark.capability("PLUS-10")
def test_a_figure_on_an_old_source_says_which(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bank was last read on the 20th, the rest this morning: only what rests on payments says so."""
    monkeypatch.setattr(sums, "now", lambda: dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC))
    report = week.make(small, LAST_WEEK, SETTINGS)
    told = dict(rows(report, "totals", "figure", "stale", currency="EUR"))
    assert told["collected"] == told["overdue"] == "bank (2026-11-20 06:05 UTC)"
    assert told["won"] is None
    monkeypatch.setattr(sums, "now", lambda: dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC))
    assert set(week.make(small, LAST_WEEK, SETTINGS).table("totals").column("stale")) == {None}


def test_what_went_out_stays_as_it_was(small: Path) -> None:
    """A kept report is opened again, to the last digit, whatever the books say now; one not over is not kept."""
    report = week.make(small, LAST_WEEK, SETTINGS)
    week.keep(small, report)
    assert week.report(small, LAST_WEEK, SETTINGS.model_copy(update={"company": Company(name="Renamed")})) == report
    assert week.known(small) == [LAST_WEEK]
    this_week = period.around("week", dt.date(2026, 11, 23))
    week.keep(small, week.make(small, this_week, SETTINGS))
    assert week.kept(small, this_week) is None


def test_automations_are_counted_from_the_log(small: Path) -> None:
    """Done counts; refused does not; another week does not; a report that was sent is not an automation."""
    store = state(small)
    for action, outcome in (("create_invoice", "done"), ("create_invoice", "done"), ("update_deal", "refused"),
                            ("report_email", "done")):  # fmt: skip
        store.record(Entry(who="ana", action=action, outcome=outcome, vendor="billing", key="k"))
    today = dt.datetime.now(dt.UTC)
    assert week.done(store, today - dt.timedelta(1), today + dt.timedelta(1)) == [
        {"action": "create_invoice", "vendor": "billing", "times": 2}
    ]
    assert week.done(store, today + dt.timedelta(1), today + dt.timedelta(8)) == []


@pytest.mark.capability("KPI-7")
def test_the_report_keeps_what_was_counted_apart_from_what_is_assumed(small: Path) -> None:
    """Two invoices are counted; that they are 10 minutes each, and an hour 30, somebody said: in another table."""
    store = state(small)
    with store.write() as db:
        for day in (18, 19, 25):  # the last one is of another week
            entry = Entry(who="ana", action="create_invoice", outcome="done", vendor="billing", key="k")
            at = dt.datetime(2026, 11, day, 9, tzinfo=dt.UTC)
            db.execute(schema.audit.insert().values(**entry.model_dump(), at=at))
    worth.assume(store, {"create_invoice": 10, "month": 73}, "ana")
    made = week.make(small, period.around("week", dt.date(2026, 11, 18)), SETTINGS)
    assert made.table("done").records() == [{"action": "create_invoice", "vendor": "billing", "times": 2}]
    saved, cost = made.table("worth").records()
    assert saved == {"action": "create_invoice", "minutes_each": 10, "hours": D("0.3"), "currency": "EUR",
                     "amount": D("10.00")}  # fmt: skip
    assert (cost["action"], cost["amount"]) == ("product_cost", D("-16.80"))  # 73 * 12 / 365 a day, 7 days
    assert spoken.title("worth") == "What that is worth (assumed)"
    assert spoken.lines(made.table("worth"))[1][0] == "What this product cost"


@pytest.mark.parametrize(
    ("on", "says"), [("2026-12-01", "still to come"), ("2025-01-01", "first record is of 2026-10-01")]
)
def test_a_week_without_data_says_what_to_choose(small: Path, on: str, says: str) -> None:
    with pytest.raises(week.NoReport, match=says):
        week.make(small, period.around("week", dt.date.fromisoformat(on)), SETTINGS)


def test_no_data_at_all_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(week.NoReport, match="Connect a system"):
        week.make(tmp_path, LAST_WEEK, SETTINGS)


def test_weeks_begin_at_midnight_of_the_company() -> None:
    """In Madrid the week of the change to winter time has 169 hours."""
    since, before = period.around("week", dt.date(2026, 10, 21)).instants("Europe/Madrid")
    assert (since.isoformat(), before.isoformat()) == ("2026-10-18T22:00:00+00:00", "2026-10-25T23:00:00+00:00")
    assert before - since == dt.timedelta(hours=169)
    assert period.around("month", dt.date(2026, 2, 28)).end == dt.date(2026, 2, 28)
    assert period.last("month", dt.date(2026, 1, 1)).start == dt.date(2025, 12, 1)
