"""Figures that show how something developed: receivables by age, the parts of the DSO, sales by month, cash by day.

Today is Friday 2026-11-20; the current week began on Monday the 16th.
"""

from decimal import Decimal
from typing import Any

import duckdb
from ledger_books import books

from reconcile import checks, figures

D = Decimal
EUR = {"currency": "EUR", "unit": "money"}


def computed(rows: dict[str, list[dict[str, Any]]]) -> duckdb.DuckDBPyConnection:
    db = books(rows)
    checks.check(db)
    figures.compute(db)
    return db


def values(db: duckdb.DuckDBPyConnection, name: str, at: str = "period_end", **where: str) -> dict[tuple[str, str], D]:
    """Return what of a figure is not zero, by day and key."""
    conditions = "".join(f" AND {column} = ${column}" for column in where)
    asked = f"SELECT CAST({at} AS VARCHAR), key, value FROM figures WHERE name = $name AND value <> 0{conditions}"
    return {(day, key): value for day, key, value in db.execute(asked, {"name": name} | where).fetchall()}


def invoice(id: str, net: str, gross: str, issued_on: str, due_on: str | None, **more: str) -> dict[str, Any]:
    return {"id": id, "net": net, "gross": gross, "issued_on": issued_on, "due_on": due_on} | more


HALF_PAID = {
    "invoices": [
        invoice("a", "1000", "1210", "2026-09-01", "2026-10-01"),
        invoice("b", "100", "100", "2026-11-02", None),
        invoice("c", "80", "80", "2026-11-02", "2026-11-20"),
        invoice("usd", "7", "7", "2026-11-02", "2026-12-02", currency="USD"),
    ],
    "payments": [{"id": "p", "amount": "605", "paid_on": "2026-11-08"}],
    "links": ["payments:p>invoices:a=605"],
}


def test_what_was_owed_grows_older_week_by_week() -> None:
    """1,210 due on 1 October: 3 days late on the 4th, 31 on 1 November; half of it paid on Sunday the 8th."""
    db = computed(HALF_PAID)
    held = values(db, "ageing_by_week", dimension="week", **EUR)
    assert {key for day, key in held if day == "2026-08-30"} == set()  # not issued yet
    first = ("2026-09-06", "2026-09-27", "2026-10-04", "2026-10-25", "2026-11-01", "2026-11-08")
    told = [{key: amount for (day, key), amount in held.items() if day == week} for week in first]
    assert told == [{"not_due": 1210}, {"not_due": 1210}, {"1_30": 1210}, {"1_30": 1210}, {"31_60": 1210},
                    {"31_60": 605, "not_due": 180}]  # fmt: skip
    assert values(db, "ageing_by_week", period_end="2026-11-20", currency="USD", unit="money") == {
        ("2026-11-20", "not_due"): 7
    }


def test_the_last_week_is_today_by_age_and_each_week_the_receivables() -> None:
    """Two figures that are computed differently say the same."""
    db = computed(HALF_PAID)
    today = {key: v for (_day, key), v in values(db, "ageing_by_week", period_end="2026-11-20", **EUR).items()}
    assert today == {key: v for (_day, key), v in values(db, "ageing", **EUR).items()} == {"31_60": 605, "not_due": 180}
    summed: dict[str, D] = {}
    for (week, _key), amount in values(db, "ageing_by_week", **EUR).items():
        summed[week] = summed.get(week, D(0)) + amount
    assert summed == {week: v for (week, _key), v in values(db, "receivables", **EUR).items()}


def test_the_dso_is_what_is_granted_and_what_is_late() -> None:
    """4,000 of 6,000 sold in 90 days is 60 days; 1,000 of it is overdue: 15 days late, and 45 that were agreed."""
    db = computed(
        {
            "invoices": [
                invoice("nov", "1000", "1000", "2026-11-05", "2026-12-05"),
                invoice("oct", "2000", "2000", "2026-10-05", "2026-12-05"),
                invoice("sep", "3000", "3000", "2026-09-05", "2026-11-19"),
            ],
            "payments": [{"id": "p", "amount": "2000", "paid_on": "2026-11-10"}],
            "links": ["payments:p>invoices:sep=2000"],
        }
    )
    today = {"period_end": "2026-11-20", "dimension": "month"}
    for currency in ("EUR", ""):  # one currency: over all it is the same
        told = values(db, "dso_parts", unit="days", currency=currency, **today)
        assert told == {("2026-11-20", "not_due"): 45, ("2026-11-20", "late"): 15}
    assert values(db, "dso_parts", **EUR, **today) == {("2026-11-20", "owed"): 4000, ("2026-11-20", "sold"): 6000}
    for (month, _key), dso in values(db, "dso", currency="EUR", dimension="month").items():
        assert sum(values(db, "dso_parts", unit="days", currency="EUR", period_end=month).values()) == dso


def cohort(db: duckdb.DuckDBPyConnection, month: str, what: str) -> list[D]:
    """Return the amounts of a month's sales after 0, 1, 2 … months."""
    asked = (
        "SELECT key, value FROM figures WHERE name = 'cohorts' AND period_start = ? AND unit = 'money' AND key LIKE ?"
    )
    told = dict(db.execute(asked, [month, f"{what}_%"]).fetchall())
    return [told[f"{what}_{n}"] for n in range(len(told))]


def test_the_sales_of_a_month_are_invoiced_and_paid_later() -> None:
    """Won in September: 1,000, invoiced 600 at once and 500 in October, of which only 400 count; 726 of 1,331 paid.

    726 with tax are 600 without. A deal of November has had no month yet in which something could come.
    """
    db = computed(
        {
            "deals": [
                {"id": "1", "amount": "1000", "amount_is": "net", "won_on": "2026-09-10"},
                {"id": "2", "amount": "300", "amount_is": "net", "won_on": "2026-11-02"},
                {"id": "lost", "amount": "900", "won_on": "2026-09-10", "status": "lost"},
                {"id": "old", "amount": "900", "won_on": "2025-10-31"},
            ],
            "invoices": [
                invoice("a", "600", "726", "2026-09-12", "2026-10-12"),
                invoice("b", "500", "605", "2026-10-12", "2026-11-12"),
                invoice("w", "300", "363", "2026-11-03", "2026-12-03", status="uncollectible"),
            ],
            "payments": [{"id": "p", "amount": "726", "paid_on": "2026-11-03"}],
            "links": ["deals:1>invoices:a", "deals:1>invoices:b", "deals:2>invoices:w", "payments:p>invoices:a=726"],
        }
    )
    assert values(db, "cohorts", "period_start", key="won", **EUR) == {
        ("2026-09-01", "won"): 1000, ("2026-11-01", "won"): 300,
    }  # fmt: skip
    assert cohort(db, "2026-09-01", "invoiced") == [600, 1000, 1000]
    assert cohort(db, "2026-09-01", "paid") == [0, 0, 600]
    assert cohort(db, "2026-11-01", "invoiced") == [300]
    assert cohort(db, "2026-11-01", "paid") == [0]  # written off is not paid


def test_a_credit_note_takes_back_what_was_invoiced() -> None:
    """Invoiced in September, credited in October: the month's sales stand uninvoiced again from then on."""
    note = invoice("n", "-1000", "-1210", "2026-10-05", "2026-10-05", kind="credit_note", corrects_id="a")
    db = computed(
        {
            "deals": [{"id": "1", "amount": "1000", "amount_is": "net", "won_on": "2026-09-10"}],
            "invoices": [invoice("a", "1000", "1210", "2026-09-12", "2026-10-12"), note],
            "links": ["deals:1>invoices:a"],
        }
    )
    assert cohort(db, "2026-09-01", "invoiced") == [1000, 0, 0]


def test_cash_by_day_adds_up_to_the_weeks_of_the_forecast() -> None:
    """Two invoices of one day and one of another week; what is far off or has no day is in no day."""
    db = computed(
        {
            "invoices": [
                invoice("1", "100", "121", "2026-11-01", "2026-12-01"),
                invoice("2", "100", "121", "2026-11-01", "2026-12-01"),
                invoice("3", "200", "242", "2026-11-01", "2026-12-09"),
                invoice("far", "200", "242", "2026-11-01", "2027-06-01"),
                invoice("late", "200", "242", "2026-08-01", "2026-09-01"),
            ]
        }
    )
    told = values(db, "cash_by_day", dimension="day", **EUR)
    assert told == {("2026-12-01", "invoices"): 242, ("2026-12-09", "invoices"): 242}
    weeks = values(db, "cash_forecast", "period_start", dimension="week", **EUR)
    assert weeks == {("2026-11-30", "invoices"): 242, ("2026-12-07", "invoices"): 242}
