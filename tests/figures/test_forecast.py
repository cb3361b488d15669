"""What is expected to come, how wrong that was, how customers pay, and what was recovered: each by hand.

Today is Friday 2026-11-20; 13 weeks ago is 2026-08-21.
"""

from decimal import Decimal
from typing import Any

import duckdb
import pytest
from ledger_books import books

from reconcile import checks, figures

D = Decimal
EUR = {"currency": "EUR", "unit": "money"}


def computed(rows: dict[str, list[dict[str, Any]]], *then: str) -> duckdb.DuckDBPyConnection:
    """Return the books with figures; `then` is what happens to the findings before figures are taken."""
    db = books(rows)
    checks.check(db)
    for statement in then:
        db.execute(statement)
    figures.compute(db)
    return db


def figure(db: duckdb.DuckDBPyConnection, name: str, **where: str) -> dict[tuple[str, str], Decimal]:
    """Return a figure's values by first day and key."""
    conditions = "".join(f" AND {column} = ${column}" for column in where)
    asked = f"SELECT CAST(period_start AS VARCHAR), key, value FROM figures WHERE name = $name{conditions}"
    return {(start, key): value for start, key, value in db.execute(asked, {"name": name} | where).fetchall()}


def paid_late(id: str, issued_on: str, due_on: str, paid_on: str, customer: str = "c", **more: str) -> dict[str, list]:
    """An invoice of 121.00 that was paid, and its payment."""
    bill = {"id": id, "number": id, "net": "100", "gross": "121", "issued_on": issued_on, "due_on": due_on,
            "customer_id": customer} | more  # fmt: skip
    money = {"id": f"p{id}", "amount": "121", "paid_on": paid_on} | {k: more[k] for k in more if k == "currency"}
    return {"invoices": [bill], "payments": [money], "links": [f"payments:p{id}>invoices:{id}=121"]}


def together(*parts: dict[str, list]) -> dict[str, list]:
    return {name: [row for part in parts for row in part.get(name, [])] for name in {n for part in parts for n in part}}


CUSTOMERS = {
    "customers": [{"id": "c", "vendor": "billing", "name": "Slow"}, {"id": "q", "vendor": "billing", "name": "Quick"}]
}
SLOW = together(  # 10 days late, three times, before 13 weeks ago
    CUSTOMERS,
    paid_late("1", "2026-02-01", "2026-03-03", "2026-03-13"),
    paid_late("2", "2026-03-01", "2026-03-31", "2026-04-10"),
    paid_late("3", "2026-04-01", "2026-05-01", "2026-05-11"),
)
QUICK = together(  # on the day, five times
    *(paid_late(f"q{n}", f"2026-0{n}-01", f"2026-0{n}-28", f"2026-0{n}-28", "q") for n in range(2, 7))
)


def open_bill(id: str, due_on: str, customer: str, issued_on: str = "2026-11-01", **more: str) -> dict[str, list]:
    bill = {"id": id, "number": id, "net": "200", "gross": "242", "issued_on": issued_on, "due_on": due_on,
            "customer_id": customer} | more  # fmt: skip
    return {"invoices": [bill]}


@pytest.mark.capability("KPI-5")
def test_each_invoice_comes_as_late_as_its_customer_usually_is() -> None:
    """Both due on 1 December: Slow's is expected on the 11th, Quick's on the 1st; a stranger's when everybody pays."""
    db = computed(together(SLOW, QUICK, open_bill("s", "2026-12-01", "c"), open_bill("o", "2026-12-01", "q"),
                           open_bill("n", "2026-12-01", "new")))  # fmt: skip
    asked = "SELECT id, CAST(expected_on AS VARCHAR) FROM forecast WHERE as_of = '2026-11-20' ORDER BY id"
    # of all eight, five came on the day: the median is 0
    assert db.execute(asked).fetchall() == [("n", "2026-12-01"), ("o", "2026-12-01"), ("s", "2026-12-11")]
    told = figure(db, "cash_forecast", dimension="week", **EUR)
    assert told == {("2026-11-30", "invoices"): 484, ("2026-12-07", "invoices"): 242}


@pytest.mark.capability("KPI-5")
def test_what_should_have_come_long_ago_has_no_day() -> None:
    """Due on 1 October and never more than 10 days late: nobody knows when, so it is in no week."""
    db = computed(together(SLOW, open_bill("s", "2026-10-01", "c", "2026-09-01")))
    assert figure(db, "cash_forecast", dimension="week", **EUR) == {}
    assert figure(db, "cash_forecast", dimension="undated", **EUR) == {(None, "invoices"): 242}


@pytest.mark.capability("KPI-5")
def test_a_won_deal_comes_when_deals_are_invoiced_and_this_customer_pays() -> None:
    """Invoiced after 2 days, paid 40 days after that: won on the 19th, it comes on 31 December, taxed."""
    dealt = {
        "deals": [{"id": f"d{n}", "amount": "100", "won_on": day, "customer_id": "c", "vendor": "billing"}
                  for n, day in ((1, "2026-01-30"), (2, "2026-02-27"), (3, "2026-03-30"))]
        + [{"id": "new", "amount": "700", "amount_is": "net", "won_on": "2026-11-19", "customer_id": "c",
            "vendor": "billing"}],
        "links": [f"deals:d{n}>invoices:{n}" for n in (1, 2, 3)],
    }  # fmt: skip
    older = {"deals": [{"id": "old", "amount": "50", "won_on": "2026-11-10", "customer_id": "c", "vendor": "billing"}]}
    asked = "SELECT id, amount, CAST(expected_on AS VARCHAR) FROM forecast WHERE as_of = '2026-11-20' ORDER BY id"
    db = computed(together(SLOW, dealt, older))
    assert db.execute(asked).fetchall() == [("new", D(847), "2026-12-31"), ("old", D("60.5"), None)]
    db = computed(together(SLOW, dealt, older), "UPDATE findings SET state = 'agreed'")
    assert db.execute(asked).fetchall() == [("new", D(847), "2026-12-31")]


@pytest.mark.capability("KPI-5")
def test_the_error_is_of_what_was_known_then() -> None:
    """On 21 August 121 was expected on 11 September; it came on the 20th. What was learnt since is not used."""
    late = paid_late("x", "2026-08-02", "2026-09-01", "2026-09-20")
    since = [paid_late(f"z{n}", f"2026-08-2{n}", "2026-08-30", "2026-10-30") for n in range(2, 9)]  # 61 days late
    db = computed(together(SLOW, late, *since))
    told = figure(db, "forecast_error", dimension="back_test")
    told = {key: value for (_start, key), value in told.items() if key in ("expected", "came", "bias", "error")}
    assert told == {"expected": 121, "came": 121, "bias": 0, "error": 2}  # one week too many, another too few
    assert figure(db, "forecast_error", dimension="week", **EUR) == {
        ("2026-09-05", "expected"): 121, ("2026-09-05", "came"): 0,
        ("2026-09-19", "expected"): 0, ("2026-09-19", "came"): 121}  # fmt: skip


def test_a_forecast_is_converted_at_todays_rate_and_its_error_at_the_weeks() -> None:
    """484 PLN at 4 are 121 EUR in December; the 121 PLN of September were worth 24.20 at 5."""
    rates = [{"currency": "PLN", "on_date": day, "rate": rate}
             for day, rate in (("2026-11-19", "4"), ("2026-09-11", "5"), ("2026-09-18", "5"))]  # fmt: skip
    late = paid_late("x", "2026-08-02", "2026-09-01", "2026-09-20", currency="PLN")
    now = open_bill("s", "2026-12-01", "c", net="400", gross="484", currency="PLN")
    db = computed(together(SLOW, late, now, {"rates": rates}))
    told = figure(db, "cash_forecast", dimension="week", unit="reporting_money")
    assert told == {("2026-12-07", "invoices"): 121}
    told = figure(db, "forecast_error", dimension="week", unit="reporting_money")
    assert told[("2026-09-19", "came")] == D("24.2")
    assert figure(db, "forecast_error", dimension="week", unit="left_out") == {}


def test_how_a_customer_pays() -> None:
    """Days late 2, 4, 6, 8, 30: median 6, spread between the quarters 4, all late; one early one is not."""
    days = [("a", "2026-03-05"), ("b", "2026-03-07"), ("d", "2026-03-09"), ("e", "2026-03-11"), ("f", "2026-04-02")]
    rows = [paid_late(id, "2026-02-01", "2026-03-03", on) for id, on in days]
    asked = """SELECT invoices, late, share_late, days_late, spread
        FROM payment_behaviour WHERE as_of = '2026-11-20' AND id = 'c'"""
    assert computed(together(CUSTOMERS, *rows)).execute(asked).fetchall() == [(5, 5, 1, 6, 4)]
    early = paid_late("g", "2026-02-01", "2026-03-03", "2026-03-01")
    assert computed(together(CUSTOMERS, *rows, early)).execute(asked).fetchall()[0][:3] == (6, 5, D("0.8333"))


def test_what_was_opened_fixed_and_recovered_by_week() -> None:
    """Overdue and partly paid are the same 100; a mended tax id recovers nothing; last week's is last week's."""

    def fixed(id: str, check: str, subject: str, amount: str, at: str) -> str:
        return f"""INSERT INTO findings BY NAME SELECT
            '{id}' AS id, '{check}' AS "check", '{subject}' AS subject_table, 'v' AS subject_vendor,
            '1' AS subject_id, {amount} AS amount_at_stake, 'EUR' AS currency, 'fixed' AS state,
            TIMESTAMP '{at}' AS fixed_at, TIMESTAMP '2026-11-10 08:00' AS first_seen_at"""

    db = computed(
        {},
        fixed("1", "overdue", "invoices", "100", "2026-11-17 10:00"),
        fixed("2", "partly_paid", "invoices", "100", "2026-11-17 10:00"),
        fixed("3", "won_not_invoiced", "deals", "700", "2026-11-18 10:00"),
        fixed("4", "tax_id_differs", "deals", "900", "2026-11-18 10:00"),
        fixed("5", "won_not_invoiced", "deals", "50", "2026-11-12 10:00"),
    )
    money = figure(db, "findings_by_week", **EUR)
    assert money == {("2026-11-16", "paid"): 100, ("2026-11-16", "billed"): 700, ("2026-11-09", "billed"): 50}
    counts = figure(db, "findings_by_week", unit="count")
    assert (counts[("2026-11-09", "opened")], counts[("2026-11-16", "opened")]) == (5, 0)
    assert (counts[("2026-11-09", "fixed")], counts[("2026-11-16", "fixed")]) == (1, 4)
