"""The pages of figures on small books: they show what a calculation by hand gives, and open what is behind it.

Today is Friday 2026-11-20.
"""

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from small_company import READ, ROWS, frame, keep, words
from streamlit.testing.v1 import AppTest

from dashboard.narrow import Period, named
from dashboard.read import bridge, customers, sales
from reconcile import run, warehouse
from reconcile.state import Entry, state

D = Decimal
Page = Callable[..., AppTest]
PAGES = ("sales", "receivables", "bridge", "customer", "value")
NEW = Period(dt.date(2026, 1, 1), dt.date(2026, 12, 31))


def customer(vendor: str, id: str, name: str, **more: Any) -> dict[str, Any]:
    return {"vendor": vendor, "id": id, "name": name, "kind": "company", "country": "ES"} | more


def deal(
    id: str, amount: str, won_on: str | None, customer_id: str, owner_id: str = "7", **more: Any
) -> dict[str, Any]:
    return {"vendor": "hubspot", "id": id, "title": f"Deal {id}", "status": "won", "amount": amount, "amount_is": "net",
            "currency": "EUR", "won_on": won_on, "customer_id": customer_id, "owner_id": owner_id,
            "stage": "closedwon"} | more  # fmt: skip


def bill(id: str, net: str, issued_on: str, deal_id: str | None = None, **more: Any) -> dict[str, Any]:
    gross = str(D(net) * D("1.21"))
    due = str(dt.date.fromisoformat(issued_on) + dt.timedelta(days=30))
    return {"vendor": "stripe", "id": id, "number": f"FV-2026-20{id}", "status": "sent", "kind": "invoice",
            "customer_id": "cus_1", "customer_name": "Sur SL", "deal_id": deal_id, "issued_on": issued_on,
            "due_on": due, "currency": "EUR", "net": net, "tax": str(D(gross) - D(net)), "gross": gross,
            "sent_at": f"{issued_on} 10:00"} | more  # fmt: skip


def paid(id: str, amount: str, paid_on: str, number: str) -> dict[str, Any]:
    return {"vendor": "bank", "id": id, "paid_on": paid_on, "amount": amount, "currency": "EUR", "method": "transfer",
            "payer_name": "SUR SL", "reference": f"invoice FV-2026-20{number}", "status": "booked"}  # fmt: skip


# One customer with 3 deals, 4 invoices and 5 payments; another with a deal won 10 days ago and nothing invoiced.
HISTORY: dict[str, list[dict[str, Any]]] = {
    "customers": [
        customer("hubspot", "c1", "Sur SL", tax_id="B85674215"),
        customer("stripe", "cus_1", "Sur S.L.", tax_id="B85674215", other_id="c1"),
        customer("hubspot", "c2", "Norte SA"),
    ],
    "owners": [
        {"vendor": "hubspot", "id": "7", "name": "Marta Ruiz"},
        {"vendor": "hubspot", "id": "8", "name": "Ian Roe"},
    ],
    "stages": [{"vendor": "hubspot", "id": "closedwon", "name": "Signed", "outcome": "won"}],
    "deals": [
        deal("1", "1000", "2026-06-01", "c1"),
        deal("2", "2000", "2026-08-03", "c1"),
        deal("3", "500", "2026-10-05", "c1"),
        deal("9", "700", "2026-11-10", "c2", owner_id="8"),
        deal("8", "300", None, "c2", owner_id="8", status="lost", stage="closedlost", created_at="2026-09-01 09:00"),
    ],
    "invoices": [
        bill("1", "1000", "2026-06-03", "1"),
        bill("2", "1200", "2026-08-05", "2"),
        bill("3", "800", "2026-09-07", "2"),
        bill("4", "500", "2026-10-07", "3"),
    ],
    "payments": [
        paid("p1", "1210", "2026-07-13", "1"),
        paid("p2", "1000", "2026-09-10", "2"),
        paid("p3", "452", "2026-09-14", "2"),
        paid("p4", "968", "2026-10-17", "3"),
        paid("p5", "105", "2026-11-12", "4"),
    ],
    "freshness": READ,
}  # fmt: skip


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The books above, reconciled once."""
    folder = tmp_path_factory.mktemp("history")
    keep(folder, HISTORY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUADRA_TODAY", "2026-11-20")
        run.reconcile(folder)
    return folder


@pytest.fixture
def books(history: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder that pages show."""
    monkeypatch.setenv("CUADRA_TODAY", "2026-11-20")
    monkeypatch.setenv("CUADRA_DATA", str(history))
    return history


@pytest.mark.parametrize("name", PAGES)
def test_each_page_opens_before_anything_was_read(empty: Path, page: Page, name: str) -> None:
    """Somebody who has nothing yet is told what to do."""
    assert "yet" in words(page(name))


@pytest.mark.parametrize("name", PAGES)
def test_each_page_opens_on_empty_books(empty: Path, page: Page, name: str) -> None:
    """A source was read and had nothing: no page fails, each says what is missing."""
    keep(empty, {"freshness": READ})
    run.reconcile(empty)
    assert page(name).title[0].value


ODD = ({"by": "stage"}, {"by": "month"}, {"by": "customer"}, {"cell": "won:nobody"}, {"cell": "x"},
       {"period": "last_year"}, {"by": "weather", "period": "never"}, {"period": "own", "from": "soon"})  # fmt: skip


@pytest.mark.parametrize("query", ODD, ids=str)
def test_sales_survives_any_address(books: Path, page: Page, query: dict[str, str]) -> None:
    """What is unknown in the address is ignored."""
    assert page("sales", **query).title[0].value == "Sales"


@pytest.mark.capability("KPI-2")
def test_conversion_by_salesperson_and_each_cell_opens_its_deals(books: Path, page: Page) -> None:
    """Marta won 3 deals (3,500), all invoiced, 2 paid (3,000, and 105 of 605 of the third); Ian won 1 of 2."""
    table = frame(page("sales", period="year"))
    assert table["name"] == ["Marta Ruiz", "Ian Roe"]
    assert (table["open"], table["closed"], table["won"], table["invoiced"]) == ([0, 0], [3, 2], [3, 1], [3, 0])
    assert (table["paid"], table["waiting"], table["rate"]) == ([2, 0], [0, 1], ["100%", "0%"])
    assert (table["won_amount"], table["invoiced_amount"]) == (["€3,500", "€700"], ["€3,500", "€0"])
    assert table["paid_amount"] == ["€3,087", "€0"]  # 105 / 605 of 500 without tax
    for cell, deals in (("won:7", {"Deal 1", "Deal 2", "Deal 3"}), ("paid:7", {"Deal 1", "Deal 2"}),
                        ("waiting:8", {"Deal 9"}), ("closed:8", {"Deal 8", "Deal 9"})):  # fmt: skip
        assert set(frame(page("sales", period="year", cell=cell))["deal"]) == deals


def test_a_cell_of_another_division_opens_too(books: Path, page: Page) -> None:
    """What was won in November, and what stands in the stage called Signed."""
    assert frame(page("sales", by="month", cell="won:2026-11", period="year"))["deal"] == ["Deal 9"]
    assert len(frame(page("sales", by="stage", cell="won:closedwon", period="year"))["deal"]) == 4


@pytest.mark.capability("KPI-2")
def test_a_cell_lists_as_many_deals_as_it_counts(books: Path) -> None:
    """For each division of the table, each number is the length of the list behind it."""
    for by in sales.BY:
        for row in sales.conversion(books, *NEW, "EUR", by):
            for what in sales.WHAT:
                found, listed = sales.of_cell(books, *NEW, "EUR", by, row["key"], what)
                assert (found, len(listed)) == (row[what], row[what]), (by, row["key"], what)


@pytest.mark.capability("KPI-4")
def test_days_by_salesperson_rise_until_there_is_an_invoice(books: Path, page: Page) -> None:
    """Marta invoices after 2 days each; Ian's deal of the 10th counts 10, in the table and on the deal's line."""
    table = frame(page("sales", period="year"))
    assert table["days"] == ["2.0", "10.0"]
    assert table["pay"][0] == "56.5"  # 3 June to 13 July: 40; 5 August to 17 October: 73
    assert frame(page("sales", period="year", cell="waiting:8"))["days"] == [10]
    months = frame(page("sales", period="year", by="month"))
    assert dict(zip(months["name"], months["days"], strict=True))["Nov 2026"] == "10.0"


@pytest.mark.capability("KPI-1")
@pytest.mark.parametrize(
    ("period", "wanted"), [("year", "€3,500.00"), ("quarter", "€500.00"), ("last_quarter", "€2,000.00")]
)
def test_the_ranking_is_the_sum_of_net_by_hand(books: Path, page: Page, period: str, wanted: str) -> None:
    """Both systems' records are one customer; its net is what a sum over the export gives, for any period."""
    table = frame(page("sales", by="customer", period=period))
    assert (table["name"], table["net"]) == (["Sur SL"], [wanted])
    days = named(period, dt.date(2026, 11, 20))
    with duckdb.connect(str(books / "warehouse.duckdb"), read_only=True) as db:
        by_hand = db.execute("SELECT SUM(net) FROM invoices WHERE issued_on BETWEEN ? AND ?", list(days)).fetchall()[0][
            0
        ]
    assert wanted == f"€{by_hand:,.2f}"


@pytest.mark.capability("WB-12")
def test_the_timeline_has_everything_in_date_order(books: Path, page: Page) -> None:
    """3 deals, 4 invoices and 5 payments of a customer in two systems: 12 lines, by date."""
    table = frame(page("customer", customer="hubspot:c1"))
    assert table["what"] == ["Deal", "Invoice", "Payment", "Deal", "Invoice", "Invoice", "Payment", "Payment", "Deal",
                             "Invoice", "Payment", "Payment"]  # fmt: skip
    assert table["day"][0] == "1 Jun 2026" and table["day"][-1] == "12 Nov 2026"
    days = [row["on_day"] for row in customers.timeline(books, "hubspot", "c1")]
    assert len(days) == 12 and days == sorted(days)


@pytest.mark.capability("WB-12")
def test_either_record_opens_the_customer_with_both_sides(books: Path, page: Page) -> None:
    """Billing's record leads to the same history; what the systems say differently is marked."""
    app = page("customer", customer="stripe:cus_1")
    assert len(frame(app)["what"]) == 12
    text = words(app)
    assert "Sur S.L." in text and "HubSpot" in text and "Stripe" in text and "≠" in text
    assert frame(page("customer", q="sur"))["name"] == ["Sur SL"]
    assert "no such customer" in words(page("customer", customer="hubspot:none"))


def test_what_we_wrote_is_in_the_timeline(
    books: Path, page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write to a deal of the customer stands among what happened; one to another customer's does not."""
    (tmp_path / "warehouse.duckdb").write_bytes((books / "warehouse.duckdb").read_bytes())
    monkeypatch.setenv("CUADRA_DATA", str(tmp_path))
    for subject in ("deals:hubspot:3", "deals:hubspot:9"):
        state(tmp_path).record(Entry(who="ana", action="update_deal", outcome="done", vendor="hubspot", subject=subject,
                                     says=f"Wrote to {subject}"))  # fmt: skip
    names = frame(page("customer", customer="hubspot:c1"))["name"]
    assert len(names) == 13
    assert "Wrote to deals:hubspot:3" in names and "Wrote to deals:hubspot:9" not in names


@pytest.mark.capability("KPI-3", "KPI-6")
def test_receivables_by_age_and_dso(books: Path, page: Page) -> None:
    """Open: 605 less 105, due 6 November, 14 days late. DSO by hand: 500 / (968 + 605) of 90 days * 90 = 28.6."""
    app = page("receivables")
    shown = {m.label: m.value for m in app.metric}
    assert (shown["Receivables"], shown["Overdue"]) == ("€500", "€500")
    assert (shown["DSO, simple"], shown["DSO by count-back"]) == (
        "29 days",
        "46 days",
    )  # 20, and 500/605 of October's 31
    assert "add up to the receivables: €500.00" in words(app).replace("\\", "")
    table = frame(app, 1)
    assert (table["number"], table["open"], table["late"]) == (["FV-2026-204"], ["€500.00"], [14])
    assert frame(page("receivables", age="1_30"), 1)["number"] == ["FV-2026-204"]
    dso = page("receivables", view="dso")
    assert frame(dso)["simple"][0] == "28.6" and len(frame(dso)["month"]) >= 6
    assert "receivables on the day / gross invoiced" in words(dso).replace("\\", "")


def charts(app: AppTest) -> list[list[dict[str, Any]]]:
    """Return the traces of each chart of a page."""
    return [json.loads(chart.proto.spec)["data"] for chart in app.get("plotly_chart")]


def test_receivables_week_by_week_and_the_parts_of_the_dso(books: Path, page: Page) -> None:
    """At the end of the week of the 8th the 605 were 2 days late; 105 came, and today 500 are 14 days late.

    The simple DSO of 28.6 days is all overdue; at the end of October the 605 were not due: 38.5 of 1,573 in 90 days.
    """
    table = frame(page("receivables"), 0)
    assert (table["week"][:3], table["1_30"][:3]) == (
        ["20 Nov 2026", "15 Nov 2026", "8 Nov 2026"], ["€500", "€500", "€605"],
    )  # fmt: skip
    assert len(table["week"]) == 26 and (table["not_due"][0], table["all"][2]) == ("€0", "€605")
    bars = charts(page("receivables"))[1]
    assert [trace["name"] for trace in bars] == ["Not due", "1–30", "31–60", "61–90", "90+"]
    assert bars[1]["customdata"][-3:] == ["€605", "€500", "€500"]
    dso = frame(page("receivables", view="dso"))
    assert (dso["simple"][0], dso["late"][0], dso["not_due"][0]) == ("28.6", "28.6", "0.0")
    assert (dso["owed"][0], dso["sold"][0]) == ("€500", "€1,573")
    assert dso["late"][1] == "0.0" and dso["not_due"][1] == dso["simple"][1]


def test_the_calendar_names_each_day_and_opens_what_comes_then(data: Path, page: Page) -> None:
    """An invoice of 369 zloty is due on 10 December: in the fourth week's Thursday, and in the table."""
    app = page("receivables", view="calendar", currency="PLN")
    (trace,) = charts(app)[0]
    assert len(trace["customdata"]) == 13 * 7
    assert trace["customdata"][0].startswith("16 Nov 2026")  # Monday
    table = frame(app)
    assert (table["day"], table["invoices"], table["all"]) == (["10 Dec 2026"], ["PLN\xa0369.00"], ["PLN\xa0369.00"])
    assert trace["customdata"][3 * 7 + 3] == "10 Dec 2026: PLN\xa0369.00"
    assert [n for n, text in enumerate(trace["text"]) if "PLN" in text] == [3 * 7 + 3]
    opened = page("receivables", view="calendar", currency="PLN", day="2026-12-10")
    assert frame(opened, 1)["record"] == ["FV-2026-102"]
    assert "Nothing is expected on" in words(page("receivables", view="calendar", currency="PLN", day="2026-11-17"))
    assert page("receivables", view="calendar", day="soon").title[0].value == "Receivables"


@pytest.mark.capability("KPI-2")
def test_each_salesperson_has_a_way_from_open_to_paid(books: Path, page: Page) -> None:
    """Marta: 3,500 won and invoiced, 3,087 paid; Ian: 700 won and nothing since. One measure for all bars."""
    steps = charts(page("sales", period="year"))[1]
    told = [[(name, amount, deals) for name, amount, deals in trace["customdata"]] for trace in steps]
    assert told[1] == [("Marta Ruiz", "€3,500", "3"), ("Ian Roe", "€700", "1")]
    assert [row[1] for row in told[2]] == ["€3,500", "€0"] and [row[1] for row in told[3]] == ["€3,087", "€0"]
    assert [row[2] for row in told[0]] == ["0", "0"]


def test_the_sales_of_a_month_until_they_are_paid(books: Path, page: Page) -> None:
    """June's 1,000: invoiced at once, paid a month later. August's 2,000: 1,200, then all; paid in the second month."""
    app = page("sales", by="cohort")
    table = frame(app)
    at = {name: n for n, name in enumerate(table["month"])}
    assert table["month"][0] == "Nov 2026" and (table["won"][0], table["0"][0], table["1"][0]) == ("€700", "0%", "")
    assert [table[n][at["Jun 2026"]] for n in ("0", "1")] == ["100%", "100%"]
    assert [table[n][at["Aug 2026"]] for n in ("0", "1")] == ["60%", "100%"]
    paid = frame(page("sales", by="cohort", what="paid"))
    assert [paid[n][at["Jun 2026"]] for n in ("0", "1")] == ["0%", "100%"]
    assert [paid[n][at["Aug 2026"]] for n in ("0", "1", "2", "3")] == ["0%", "60%", "100%", "100%"]
    invoiced, settled = (dict(zip(t["customdata"], t["text"], strict=True)) for (t,) in charts(app))
    assert invoiced["Aug 2026 · +0 · Invoiced: 60%"] == "60%" and settled["Jun 2026 · +1 · Paid: 100%"] == "100%"


@pytest.mark.capability("KPI-5")
def test_the_forecast_uses_the_customers_own_delay_and_shows_its_error(books: Path, page: Page) -> None:
    """Sur paid 10 days late three times: the fourth, due the 6th, was expected the 16th: past, so no date."""
    app = page("receivables", view="forecast")
    table = frame(app)
    weeks = dict(zip(table["week"], zip(table["invoices"], table["deals"], strict=True), strict=True))
    assert weeks["No date to expect"][0] == "€500.00"
    assert (
        sum(D(deals.strip("€").replace(",", "")) for _invoices, deals in weeks.values()) == 847
    )  # 700 and 21 % of tax
    text = words(app).replace("\\", "")
    assert "Expected €" in text and "week by week the error is" in text


def test_how_a_customer_pays(books: Path, page: Page) -> None:
    """Three invoices paid, each 10 days after the due date: one customer in the class of one to two weeks."""
    app = page("receivables", view="behaviour")
    bars = json.loads(app.get("plotly_chart")[0].proto.spec)["data"][0]
    assert dict(zip(bars["x"], bars["text"], strict=True)) == {
        "≤ 0": "0", "1–7": "0", "8–14": "1", "15–30": "0", "30+": "0",
    }  # fmt: skip
    table = frame(app)
    assert (table["name"], table["late"], table["share"], table["invoices"]) == (["Sur SL"], [10], ["100%"], [3])


@pytest.mark.capability("PLUS-3")
def test_the_bridge_is_a_sum_and_each_step_opens_its_records(books: Path, page: Page) -> None:
    """4,200 won, 700 of it not invoiced, 735 of tax: 4,235 billed; 500 part paid: 3,735 cashed."""
    told = frame(page("bridge", period="year"))
    assert list(zip(told["step"], told["amount"], strict=True)) == [
        ("BOOKED", "€4,200.00"), ("Not invoiced", "-€700.00"), ("Tax", "€735.00"), ("BILLED", "€4,235.00"),
        ("Part paid", "-€500.00"), ("CASHED", "€3,735.00")]  # fmt: skip
    assert frame(page("bridge", period="year", step="billed:not_invoiced"))["record"] == ["Deal 9"]
    assert frame(page("bridge", period="year", step="cashed:partial"))["record"] == ["FV-2026-204"]
    assert page("bridge", step="billed:nonsense").title[0].value == "Bridge"


@pytest.mark.capability("PLUS-3")
def test_each_steps_records_add_up_to_it(books: Path) -> None:
    """In any month, what is listed behind a step is the step."""
    for month in range(6, 12):
        start = dt.date(2026, month, 1)
        until = start + dt.timedelta(days=29)
        built = bridge.bridge(books, start, until, "EUR")
        assert built.booked + sum(a for _s, a in built.to_billed) == built.billed
        assert built.billed + sum(a for _s, a in built.to_cashed) == built.cashed
        for half, steps in (("billed", built.to_billed), ("cashed", built.to_cashed)):
            for step, amount in steps:
                _found, rows = bridge.rows(books, start, until, "EUR", half, step)
                assert sum(r["amount"] for r in rows) == amount, (month, half, step)


def rated(folder: Path, rates: list[dict[str, str]]) -> None:
    keep(folder, ROWS)
    with duckdb.connect(str(folder / "rows.duckdb")) as db:
        warehouse.create(db, "rates", "", warehouse.RATES)
        warehouse.fill(db, "rates", warehouse.RATES, rates)
    run.reconcile(folder)


ZLOTY = [{"currency": "PLN", "on_date": day, "rate": "4.00", "source": "European Central Bank"}
         for day in ("2026-08-31", "2026-09-02", "2026-10-19", "2026-11-09", "2026-11-19")]  # fmt: skip


def test_totals_are_converted_with_source_and_day_shown(empty: Path, page: Page) -> None:
    """1,000 EUR and 2,000 PLN at 4 are 1,500 EUR; the page says at which rate, of which day and whose."""
    rated(empty, ZLOTY)
    app = page("bridge", period="year")
    assert dict(zip(frame(app)["step"], frame(app)["amount"], strict=True))["BOOKED"] == "€1,500.00"
    text = words(app)
    assert "1 PLN = 0.2500 EUR (19 Nov 2026)" in text and "European Central Bank" in text
    assert dict(zip(frame(page("bridge", period="year", currency="PLN"))["step"],
                    frame(page("bridge", period="year", currency="PLN"))["amount"], strict=True)
                )["BOOKED"].replace("\N{NO-BREAK SPACE}", " ") == "PLN 2,000.00"  # fmt: skip


@pytest.mark.parametrize("name", ["bridge", "sales"])
def test_what_has_no_rate_is_left_out_and_said(empty: Path, page: Page, name: str) -> None:
    """No rate near 1 September, when the zloty deal was won: it is not in the total, and the page says so."""
    rated(empty, ZLOTY[2:])
    text = words(page(name, period="year")).replace("\\", "")
    assert "Not in these totals" in text and "PLN" in text.split("Not in these totals")[1]
    if name == "sales":
        assert frame(page(name, period="year"))["won_amount"] == ["€1,000"]


@pytest.mark.capability("PLUS-10")
def test_figures_on_a_stale_source_say_which_and_how_old(empty: Path, page: Page) -> None:
    """Billing was last read nine days ago, the CRM just now: every page of figures names billing only."""
    now = dt.datetime.now(dt.UTC)
    fresh, old = f"{now:%Y-%m-%d %H:%M}", f"{now - dt.timedelta(days=9):%Y-%m-%d %H:%M}"
    read = [r | {"completed_at": old if r["vendor"] == "stripe" else fresh} for r in READ]
    keep(empty, HISTORY | {"freshness": read})
    run.reconcile(empty)
    for name in ("sales", "receivables", "bridge", "value"):
        said = words(page(name))
        assert "Rests on stale sources: Stripe (read 1 week ago)" in said, name
        assert "HubSpot (read" not in said
    week = page()
    invoiced = next(m for m in week.metric if m.label.startswith("Invoiced"))
    won = next(m for m in week.metric if m.label.startswith("Won"))
    assert "Stripe" in invoiced.help and "Stripe" not in won.help


@pytest.mark.capability("PLUS-12", "KPI-7")
def test_proof_of_value_keeps_measured_and_assumed_apart(
    books: Path, page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three invoices written at 8 minutes are 24; somebody says 20: an hour, and it is remembered."""
    (tmp_path / "warehouse.duckdb").write_bytes((books / "warehouse.duckdb").read_bytes())
    monkeypatch.setenv("CUADRA_DATA", str(tmp_path))
    for n in range(3):
        state(tmp_path).record(Entry(who="ana", action="create_invoice", outcome="done", subject=f"deals:hubspot:{n}"))
    state(tmp_path).record(Entry(who="ana", action="create_invoice", outcome="refused", subject="deals:hubspot:9"))
    app = page("value")
    assert [s.value for s in app.subheader][:2] == ["Measured", "Assumed"]
    assert shown(app)["Time saved"] == "0.4 hours" and shown(app)["That is worth"] == "€12.00"
    assert shown(app)["Written and looked up"] == "3"
    assert shown(app)["DSO by count-back"] == "46 days"
    minutes = next(n for n in app.number_input if "Create the invoice" in n.label)
    minutes.set_value(20).run()
    assert shown(app)["Time saved"] == "1.0 hours"
    assert shown(page("value"))["That is worth"] == "€30.00"
    for key, price in (("min-month", 20), ("min-setup", 15)):  # 30 saved, 20 a month, 15 once: 5 to go
        next(n for n in app.number_input if n.key == key).set_value(price).run()
    text = words(page("value")).replace("\\", "")
    assert "Not yet: €5.00 to go." in text
    next(n for n in app.number_input if n.key == "min-setup").set_value(4).run()
    text = words(page("value")).replace("\\", "")
    assert "Yes: since month 1, by €6.00 so far." in text
    table = page("value").dataframe[-1].value
    assert (list(table["done"]), list(table["saved"]), list(table["cost"])) == ([3], ["€30.00"], ["€20.00"])
    (entry, *_others) = state(tmp_path).entries(action="change_assumptions")
    assert entry["before"] == {"setup": 15} and entry["after"] == {"setup": 4}


def shown(app: AppTest) -> dict[str, str]:
    return {m.label: m.value for m in app.metric}


def test_this_week_converts_its_headline_and_shows_the_originals(empty: Path, page: Page) -> None:
    """1,000 EUR not invoiced; 2,060 PLN overdue at 4 are 515 EUR, and the zloty stand beside it."""
    rated(empty, ZLOTY)
    text = words(page()).replace("\\", "")
    assert "€1,000" in text and "€515" in text
    assert "Overdue, by currency: PLN 2,060" in text
    assert "1 PLN = 0.2500 EUR" in text


def test_this_week_says_why_headline_and_flow_differ(data: Path, page: Page) -> None:
    """The flow is of a year's deals, the headline of all: the page says so, with the day."""
    assert "Deals won since 21 Nov 2025 only" in words(page())
