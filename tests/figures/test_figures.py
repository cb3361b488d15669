"""Each figure against a calculation by hand, on books small enough to check with a pencil.

Today is Friday 2026-11-20; the current week began on Monday the 16th.
"""

from decimal import Decimal
from typing import Any

import duckdb
import pytest
from ledger_books import books

from reconcile import checks, figures

D = Decimal


def computed(rows: dict[str, list[dict[str, Any]]]) -> duckdb.DuckDBPyConnection:
    db = books(rows)
    checks.check(db)
    figures.compute(db)
    return db


def value(db: duckdb.DuckDBPyConnection, name: str, **where: str) -> Decimal | None:
    """Return the one value of a figure, None where it has none; `where` names columns."""
    conditions = "".join(f" AND {column} = ${column}" for column in where)
    found = db.execute(f"SELECT value FROM figures WHERE name = $name{conditions}", {"name": name} | where).fetchall()
    assert len(found) < 2, f"{name} {where} is not one figure: {found}"
    return found[0][0] if found else None


THIS_WEEK = {"dimension": "week", "period_end": "2026-11-20", "currency": "EUR", "unit": "money"}
LAST_WEEK = THIS_WEEK | {"period_end": "2026-11-15"}


def invoice(id: str, net: str, gross: str, issued_on: str, due_on: str, **more: str) -> dict[str, str]:
    return {"id": id, "net": net, "gross": gross, "issued_on": issued_on, "due_on": due_on} | more


def test_won_invoiced_and_gap_by_week() -> None:
    """Won 1,000 on Monday and 500 on the Sunday before; invoiced 800 + tax this week: the gap is 200, and 500."""
    db = computed(
        {
            "deals": [
                {"id": "1", "amount": "1000", "won_on": "2026-11-16"},
                {"id": "2", "amount": "500", "won_on": "2026-11-15"},
                {"id": "3", "amount": "700", "won_on": "2026-11-17", "status": "lost"},
                {"id": "4", "amount": "300", "won_on": "2026-11-17", "currency": "USD"},
            ],
            "invoices": [
                invoice("a", "800", "968", "2026-11-18", "2026-12-18"),
                invoice("b", "900", "1089", "2026-11-18", "2026-12-18", status="void"),
                invoice("c", "900", "1089", "2026-11-18", "2026-12-18", status="draft"),
                invoice("d", "900", "1089", "2026-11-18", "2026-12-18", kind="proforma"),
            ],
        }
    )
    assert value(db, "won", **THIS_WEEK) == 1000
    assert value(db, "won", **LAST_WEEK) == 500
    assert value(db, "won", **THIS_WEEK | {"currency": "USD"}) == 300
    assert value(db, "won", dimension="week", period_end="2026-11-20", unit="count") == 2
    assert value(db, "invoiced_net", **THIS_WEEK) == 800
    assert value(db, "invoiced", **THIS_WEEK) == 968
    assert value(db, "gap", **THIS_WEEK) == 200
    assert value(db, "gap", **LAST_WEEK) == 500


def test_a_credit_note_is_less_invoiced() -> None:
    """968 invoiced and 242 credited in the same week: 726."""
    note = invoice("n", "-200", "-242", "2026-11-19", "2026-11-19", kind="credit_note", corrects_id="a")
    db = computed({"invoices": [invoice("a", "800", "968", "2026-11-18", "2026-12-18"), note]})
    assert value(db, "invoiced", **THIS_WEEK) == 726
    assert value(db, "receivables", **THIS_WEEK) == 726


def test_each_piece_of_money_is_collected_once() -> None:
    """A card payment in a payout, a transfer that billing recorded too, a refund, our rent: 500 + 300 - 100."""
    db = computed(
        {
            "invoices": [invoice("a", "248", "300", "2026-11-02", "2026-11-30")],
            "payments": [
                {"id": "card", "vendor": "billing", "amount": "500", "paid_on": "2026-11-16", "method": "card"},
                {"id": "payout line", "amount": "485", "paid_on": "2026-11-18"},
                {"id": "transfer", "amount": "300", "paid_on": "2026-11-17"},
                {"id": "told", "vendor": "billing", "amount": "300", "paid_on": "2026-11-18", "method": "recorded"},
                {"id": "back", "vendor": "billing", "amount": "-100", "paid_on": "2026-11-19", "method": "refund"},
                {"id": "rent", "amount": "-2000", "paid_on": "2026-11-19", "method": "other"},
                {"id": "bounced", "amount": "50", "paid_on": "2026-11-19", "status": "failed"},
            ],
            "payouts": [{"id": "po", "amount": "485"}],
            "links": ["payments:payout line>payouts:po=485", "payments:told>invoices:a=300",
                      "payments:told>payments:transfer", "payments:transfer>invoices:a=0"],
        }
    )  # fmt: skip
    assert value(db, "collected", **THIS_WEEK) == 700
    assert db.execute("SELECT paid, open_amount FROM invoice_summary").fetchall() == [(D(300), D(0))]


@pytest.mark.capability("PLUS-2")
def test_what_remains_to_invoice_by_age_and_owner() -> None:
    """A deal of 10,000 with a deposit of 3,000, won 40 days ago, leaves 7,000; one won yesterday is not late yet."""
    db = computed(
        {
            "deals": [
                {"id": "1", "amount": "10000", "won_on": "2026-10-11", "owner_id": "ana"},
                {"id": "2", "amount": "400", "won_on": "2026-11-10", "owner_id": "ana"},
                {"id": "3", "amount": "900", "won_on": "2026-11-19"},
            ],
            "invoices": [invoice("a", "3000", "3630", "2026-10-12", "2026-12-12", kind="deposit")],
            "links": ["deals:1>invoices:a"],
        }
    )
    name = "remaining_to_invoice"
    assert value(db, name, dimension="total", unit="money") == 7400
    assert value(db, name, dimension="total", unit="count") == 2
    assert value(db, name, dimension="owner", key="ana", unit="money") == 7400
    assert value(db, name, dimension="bucket", key="31_60", unit="money") == 7000
    assert value(db, name, dimension="bucket", key="0_30", unit="money") == 400


AGED = [
    invoice("not due", "100", "100", "2026-11-01", "2026-11-20"),
    invoice("1", "1", "1", "2026-10-20", "2026-11-19"),
    invoice("30", "2", "2", "2026-10-01", "2026-10-21"),
    invoice("31", "4", "4", "2026-10-01", "2026-10-20"),
    invoice("60", "8", "8", "2026-09-01", "2026-09-21"),
    invoice("61", "16", "16", "2026-09-01", "2026-09-20"),
    invoice("90", "32", "32", "2026-08-01", "2026-08-22"),
    invoice("91", "64", "64", "2026-08-01", "2026-08-21"),
    invoice("no due date", "128", "128", "2026-08-01", ""),
    invoice("dollars", "7", "7", "2026-08-01", "2026-08-21", currency="USD"),
    invoice("paid", "999", "999", "2026-08-01", "2026-08-21", status="paid"),
    invoice("written off", "999", "999", "2026-08-01", "2026-08-21", status="uncollectible"),
]


@pytest.mark.capability("KPI-3")
def test_the_ageing_buckets_add_up_to_the_receivables() -> None:
    """Each open invoice is in one bucket by days past due; together they are the receivables and billing's own sum."""
    db = computed({"invoices": [row | {"due_on": row["due_on"] or None} for row in AGED]})
    held = {
        key: value(db, "ageing", key=key, currency="EUR", unit="money")
        for key in ("not_due", "1_30", "31_60", "61_90", "90_plus")
    }  # fmt: skip
    assert held == {"not_due": 228, "1_30": 3, "31_60": 12, "61_90": 48, "90_plus": 64}
    total = db.execute("SELECT SUM(gross) FROM invoices WHERE status = 'sent' AND currency = 'EUR'").fetchall()[0][0]
    assert sum(held.values()) == value(db, "receivables", **THIS_WEEK) == total
    assert value(db, "overdue", **THIS_WEEK) == 127
    assert value(db, "ageing", key="90_plus", currency="USD", unit="money") == 7
    assert value(db, "ageing", key="90_plus", unit="count") == 2


def test_receivables_and_overdue_of_a_past_week() -> None:
    """What was open at the end of a week is told by the dates: an invoice of 1,210, half paid last week, due Monday."""
    db = computed(
        {
            "invoices": [invoice("a", "1000", "1210", "2026-10-20", "2026-11-09")],
            "payments": [{"id": "p", "amount": "605", "paid_on": "2026-11-12"}],
            "links": ["payments:p>invoices:a=605"],
        }
    )
    weeks = ("2026-10-18", "2026-10-25", "2026-11-08", "2026-11-15", "2026-11-20")
    owed = [value(db, "receivables", **THIS_WEEK | {"period_end": week}) for week in weeks]
    late = [value(db, "overdue", **THIS_WEEK | {"period_end": week}) for week in weeks]
    assert owed == [0, 1210, 1210, 605, 605]
    assert late == [0, 0, 0, 605, 605]


def test_money_that_billing_says_came_leaves_the_receivables_too() -> None:
    """Paid on the 11th according to billing, no payment known: open until then, not after."""
    row = invoice("a", "1000", "1210", "2026-10-20", "2026-11-30", status="paid", paid="1210", paid_on="2026-11-11")
    db = computed({"invoices": [row]})
    assert value(db, "receivables", **THIS_WEEK | {"period_end": "2026-11-08"}) == 1210
    assert value(db, "receivables", **THIS_WEEK) == 0


@pytest.mark.capability("KPI-6")
def test_dso_by_both_formulas() -> None:
    """Receivables 4,000; sales 1,000 in November until the 20th, 2,000 in October, 3,000 in September; none before.

    Simple: 4,000 / 6,000 of the last 90 days * 90 = 60. Count-back: 20 days of November and 31 of October use up 3,000;
    1,000 of September's 3,000 is 10 of its 30 days: 61.
    """
    db = computed(
        {
            "invoices": [
                invoice("nov", "1000", "1000", "2026-11-05", "2026-12-05"),
                invoice("oct", "2000", "2000", "2026-10-05", "2026-12-05"),
                invoice("sep", "3000", "3000", "2026-09-05", "2026-12-05"),
            ],
            "payments": [{"id": "p", "amount": "2000", "paid_on": "2026-11-10"}],
            "links": ["payments:p>invoices:sep=2000"],
        }
    )
    for dimension in ("week", "month"):
        today = {"period_end": "2026-11-20", "currency": "EUR", "dimension": dimension}
        assert value(db, "dso", **today) == 60
        assert value(db, "dso_count_back", **today) == 61
        assert value(db, "dso", **today | {"currency": ""}) == 60  # one currency, the reporting one
    # at the end of October: 5,000 owed of 5,000 sold; 31 days of October and 30 of September use it up
    october = {"dimension": "month", "period_end": "2026-10-31", "currency": "EUR"}
    assert value(db, "dso", **october) == 90
    assert value(db, "dso_count_back", **october) == 61


@pytest.mark.capability("KPI-4")
def test_days_from_won_to_invoiced_and_to_paid() -> None:
    """Won on the 2nd, invoiced after 4 days; won on the 10th, not invoiced: 10 and rising. Mean 7. Paid after 8."""
    db = computed(
        {
            "deals": [
                {"id": "1", "amount": "100", "won_on": "2026-11-02", "owner_id": "ana"},
                {"id": "2", "amount": "100", "won_on": "2026-11-10", "owner_id": "bob"},
            ],
            "invoices": [invoice("a", "100", "121", "2026-11-06", "2026-12-06")],
            "payments": [{"id": "p", "amount": "121", "paid_on": "2026-11-14"}],
            "links": ["deals:1>invoices:a", "payments:p>invoices:a=121"],
        }
    )
    assert value(db, "days_won_to_invoiced", dimension="total") == 7
    assert value(db, "days_won_to_invoiced", dimension="month", period_start="2026-11-01") == 7
    assert value(db, "days_won_to_invoiced", dimension="owner", key="bob") == 10
    assert value(db, "days_won_to_invoiced", dimension="week", period_start="2026-11-02") == 4
    assert value(db, "days_invoiced_to_paid", dimension="total") == 8
    assert value(db, "days_invoiced_to_paid", dimension="owner", key="ana") == 8


EURO_AND_ZLOTY = {
    "deals": [
        {"id": "1", "amount": "100", "won_on": "2026-11-17"},
        {"id": "2", "amount": "430", "won_on": "2026-11-17", "currency": "PLN"},
    ]
}
REPORTED = {"dimension": "week", "period_end": "2026-11-20", "unit": "reporting_money"}
LEFT_OUT = REPORTED | {"unit": "left_out", "currency": "PLN"}


def test_currencies_are_added_up_only_at_a_known_rate() -> None:
    """430 PLN at 4.30 a euro is 100: 200 in all. Without a rate, or with an old one, they are left out by name."""
    rate = {"currency": "PLN", "on_date": "2026-11-19", "rate": "4.30", "source": "European Central Bank"}
    db = computed(EURO_AND_ZLOTY | {"rates": [rate]})
    assert value(db, "won", **REPORTED) == 200
    assert value(db, "won", **LEFT_OUT) is None
    for without in ([], [rate | {"on_date": "2026-10-19"}]):
        db = computed(EURO_AND_ZLOTY | {"rates": without})
        assert value(db, "won", **REPORTED) == 100
        assert value(db, "won", **LEFT_OUT) == 430


@pytest.mark.parametrize(("on", "found"), [("2026-11-11", True), ("2026-11-10", False)], ids=["9 days old", "10 days"])
def test_a_rate_is_good_for_nine_days(on: str, found: bool) -> None:
    """Over a weekend and holidays the last rate counts, with its own date beside it; after that there is none."""
    rate = {"currency": "PLN", "on_date": on, "rate": "4.00", "source": "European Central Bank"}
    db = computed(EURO_AND_ZLOTY | {"rates": [rate]})
    asked = "SELECT rate, CAST(published_on AS VARCHAR), source FROM day_rates WHERE on_day = '2026-11-20'"
    told = [(D("0.25"), on, "European Central Bank")] if found else []
    assert db.execute(asked).fetchall() == told


def test_the_reporting_currency_is_a_choice() -> None:
    """Reported in zloty: 100 EUR * 4.30 + 430 = 860."""
    rate = {"currency": "PLN", "on_date": "2026-11-19", "rate": "4.30"}
    db = computed(EURO_AND_ZLOTY | {"rates": [rate], "settings": [{"reporting_currency": "PLN"}]})
    assert value(db, "won", **REPORTED) == 860
    assert db.execute("SELECT DISTINCT currency FROM figures WHERE unit = 'reporting_money'").fetchall() == [("PLN",)]


def test_the_flow_from_won_to_paid_adds_up() -> None:
    """Won 1,000; invoiced 600; of that 300 paid, 200 late, 100 not due: each step is the sum of the next."""
    db = computed(
        {
            "deals": [{"id": "1", "amount": "1000", "won_on": "2026-09-01"}],
            "invoices": [
                invoice("a", "300", "363", "2026-09-02", "2026-10-02", status="paid"),
                invoice("b", "200", "242", "2026-09-12", "2026-10-12"),
                invoice("c", "100", "121", "2026-11-12", "2026-12-12"),
            ],
            "links": [f"deals:1>invoices:{i}" for i in "abc"],
        }
    )
    parts = ("won", "not_invoiced", "invoiced", "paid", "overdue", "not_due")
    held = [round(value(db, "flow", key=key, unit="money"), 2) for key in parts]
    assert held == [1000, 400, 600, 300, 200, 100]


def test_empty_books_have_no_figures_and_no_error() -> None:
    """A fresh installation shows nothing, not a failure."""
    db = computed({})
    assert db.execute("SELECT COUNT(*) FROM figures WHERE unit = 'money'").fetchall() == [(0,)]


def test_every_figure_says_what_it_is() -> None:
    """Title, formula and reason stand in the header and in the warehouse."""
    db = computed({})
    assert (
        db.execute("SELECT name FROM figure_definitions WHERE title = '' OR formula = '' OR why = ''").fetchall() == []
    )
