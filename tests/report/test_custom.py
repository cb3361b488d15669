"""Views of one's own: any page narrowed and summed by the five properties of its invoices, saved, shared, exported."""

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest
from small_company import frame, words
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboard import billed
from dashboard.read import custom, everything
from dashboard.report import custom as made_of
from dashboard.report import xlsx
from reconcile import saved
from reconcile import settings as choices
from reconcile.state import state

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"
TODAY = dt.date(2026, 11, 23)
D = Decimal
Open = Callable[..., AppTest]


@pytest.fixture
def shown(small: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a page of the small company at an address."""
    monkeypatch.setenv("CUADRA_DATA", str(small))

    def opened(page: str, **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(FRAME), default_timeout=60)
        app.query_params.update(query)
        app._page_hash = calc_hash(page)
        app.run()
        assert not app.exception, app.exception
        return app

    return opened


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception, app.exception
    return app


def records(small: Path, **query: str | list[str]) -> set[tuple[str, str]]:
    """Return which records the page Everything lists at an address."""
    said = {name: value if isinstance(value, list) else [value] for name, value in query.items()}
    found = everything.page(small, billed=billed.read(said, TODAY), size=100)
    return {(r["of_table"], r["id"]) for r in found}


A, B = {("invoices", "a"), ("deals", "1"), ("payments", "p2")}, {("invoices", "b"), ("deals", "3")}
C, E = {("invoices", "c"), ("payments", "p1")}, {("invoices", "d")}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"inv_from": "400", "inv_to": "1 210,00"}, A | E),
        ({"inv_from": "400", "inv_currency": "PLN"}, set()),
        ({"inv_recipient": "senales"}, A | B | C | E),
        ({"inv_recipient": '"acme"'}, set()),
        ({"inv_number": "2026-10"}, A | B | C | E),
        ({"inv_number": '"FV-2026-102"'}, B),
        ({"inv_state": ["overdue", "paid"]}, C | E),
        ({"inv_state": "none"}, {("deals", "2"), ("deals", "4"), ("customers", "c1"), ("customers", "c2")}),
        ({"inv_due": "overdue"}, C | E),
        ({"inv_due": "30_days"}, A | B),
        ({"inv_due": "own", "inv_due_from": "2026-12-19"}, B),
        ({"inv_due": "undated"}, set()),
        ({"inv_state": "sent", "inv_due": "30_days", "inv_number": "fv"}, B),
    ],
)  # fmt: skip
@pytest.mark.capability("REPORT-4")
def test_any_of_the_five_narrows_a_page_to_the_records_of_such_invoices(
    small: Path, query: dict[str, Any], wanted: set[tuple[str, str]]
) -> None:
    """An invoice, the deal it bills and the payment that settles it come together; who has none only where asked."""
    assert records(small, **query) == wanted


@pytest.mark.capability("REPORT-4")
def test_groups_sum_each_invoice_once_and_each_currency_alone(shown: Open, small: Path) -> None:
    """Everything by state: the invoice that is also behind a deal and a payment is billed once; a click opens it."""
    app = shown("reconciliation", part="all", group="state")
    told, zlotys = frame(app), "PLN\N{NO-BREAK SPACE}0.00"
    rows = set(zip(told["group"], told["billed"], told["open"], told["invoices"], told["records"], strict=True))
    assert rows == {
        ("Partly paid", "€1,210.00", "€1,000.00", 1, 3), ("Sent", "€363.00", "€363.00", 1, 2),
        ("Overdue", "€484.00", "€484.00", 1, 1), ("Paid", "€121.00", "€0.00", 1, 2),
        ("No invoice", "€0.00", "€0.00", 0, 1), ("No invoice", zlotys, zlotys, 0, 1),
        ("No invoice", "–", "–", 0, 2),
    }  # fmt: skip
    by: dict[str, list[tuple[str, Decimal]]] = {}
    for name in ("amount", "recipient", "number", "due"):
        asked = custom.Sold(dt.date(2026, 1, 1), TODAY, "", "owner")
        found = [r for r in custom.sums(small, asked, name) if not r["is_without"]]
        by[name] = [(billed.group_word(name, r), r["billed"]) for r in found]
        for row in found:  # what a group asks for when it is clicked is the group
            again = billed.read({k: [v] for k, v in billed.narrowed(name, row).items()}, TODAY)
            (same,) = custom.sums(small, custom.Sold(asked.start, TODAY, "", "owner", again), "")
            assert (same["billed"], same["records"]) == (row["billed"], row["records"])
    assert by == {
        "amount": [("100 to 999.99", D(363)), ("1,000 to 9,999.99", D(1210))],
        "recipient": [("=Acme & <b>Señales</b>", D(1573))],
        "number": [("FV-2026-101", D(1210)), ("FV-2026-102", D(363))],
        "due": [("December 2026", D(1573))],
    }


SAVED: list[tuple[str, dict[str, list[str]], set[str]]] = [
    ("to-fix", {"inv_state": ["overdue"]}, {"FV-2026-104"}),
    ("sales", {"inv_due": ["month"], "inv_state": ["none"]}, set()),
    ("sales", {"by": ["month"], "inv_number": ["101"]}, {"Website"}),
    ("sales", {"by": ["customer"], "inv_due": ["own"], "inv_due_to": ["2026-11-11"]}, {"FV-2026-103", "FV-2026-104"}),
    ("receivables", {"inv_from": ["400"], "inv_to": ["500"]}, {"FV-2026-104"}),
    ("receivables", {"age": ["not_due"], "currency": ["EUR"]}, {"FV-2026-101", "FV-2026-102"}),
    ("all", {"inv_recipient": ["acme"], "inv_number": ["FV-2026-102"]}, {"Training", "FV-2026-102"}),
]


@pytest.mark.capability("REPORT-4")
@pytest.mark.parametrize(("page", "query", "lines"), SAVED)
def test_a_saved_view_asks_what_its_page_shows(
    small: Path, page: str, query: dict[str, list[str]], lines: set[str]
) -> None:
    """By the address alone, each day anew: records with the invoices behind, and their sums."""
    view = saved.keep(state(small), "Mine", page, query, "ana")
    sums, rows = made_of.tables(small, made_of.asked(small, view, choices.load(small), TODAY), "")
    assert set(rows.column("record")) == lines
    assert sum(row["records"] for row in sums.records()) == len(lines)


@pytest.mark.capability("REPORT-4")
@pytest.mark.parametrize(("page", "query", "lines"), [SAVED[0], SAVED[-1]])
def test_a_view_is_saved_opened_shared_exported_and_deleted(
    shown: Open, small: Path, page: str, query: dict[str, list[str]], lines: set[str]
) -> None:
    """From the page's own button to a file on Reports: the same records; who opens the address sees the same."""
    place = {"all": "reconciliation"}.get(page, page)
    app = shown(place, **query, **({"part": "all"} if page == "all" else {}))
    app.text_input(key=f"view-name-{page}").set_value("  Mine   now ").run()
    assert "Saved as Mine now" in words(press(app, f"view-save-{page}"))
    (view,) = saved.views(state(small))
    assert (view.name, view.page, view.query, view.made_by) == ("Mine now", page, query, "local")

    address = urlsplit(app.code[0].value)
    assert address.path == f"/{place}"
    told = parse_qs(address.query)
    assert {k: v for k, v in told.items() if k != "part"} == query
    colleague = shown(place, **told)
    assert [d.value.to_dict() for d in colleague.dataframe] == [d.value.to_dict() for d in app.dataframe]

    reports = shown("reports", view="Mine now")
    made = made_of.tables(small, made_of.asked(small, view, choices.load(small), TODAY), "")
    assert set(made[1].column("record")) == lines
    assert set(reports.dataframe[-1].value["record"]) == lines
    book = openpyxl.load_workbook(io.BytesIO(xlsx.workbook(made_of.tabs(made, ""), "Mine now", "Small SL")))
    cells = list(book["Records"].iter_rows(values_only=True))
    assert [row[cells[0].index("Record")] for row in cells[1:]] == made[1].column("record")
    assert xlsx.csv_text(made[1]).count("\n") == len(made[1].rows) + 1

    app = press(shown(place, **told), "unview-Mine now")
    assert saved.views(state(small)) == [] and "Mine now is deleted" in words(app)
    told_of = [(e["action"], e["says"]) for e in state(small).entries()]
    assert told_of == [("delete_view", "Mine now"), ("save_view", "Mine now")]


@pytest.mark.capability("REPORT-4")
def test_a_name_that_is_taken_is_replaced_only_by_who_says_so(shown: Open, small: Path) -> None:
    store = state(small)
    saved.keep(store, "Late", "receivables", {"age": ["90_plus"]}, "ana")
    with pytest.raises(saved.Taken):
        saved.keep(store, "Late", "sales", {}, "ola")
    with pytest.raises(ValueError, match="1 to 80"):
        saved.keep(store, "  ", "sales", {}, "ola")
    app = shown("receivables", inv_due="overdue")
    app.text_input(key="view-name-receivables").set_value("Late").run()
    assert app.button(key="view-save-receivables").label == "Replace it"
    press(app, "view-save-receivables")
    (view,) = saved.views(store)
    assert view.query == {"inv_due": ["overdue"]}
    app = press(shown("receivables"), "view-Late")
    assert app.query_params["inv_due"] == "overdue"


def test_what_cannot_be_read_in_an_address_asks_for_nothing() -> None:
    said = {"inv_from": ["much"], "inv_due": ["own"], "inv_due_from": ["soon"], "inv_state": ["gone"], "group": ["x"]}
    assert billed.read(said, TODAY).is_any and billed.grouping(said) == ""
