"""A customer's statement and reminders: what was charged, credited and paid, and what was said about it when.

Today is Friday 2026-11-20.
"""

import datetime as dt
import io
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from small_company import READ, frame, keep, words
from streamlit.testing.v1 import AppTest

from dashboard.read import reminded
from dashboard.read import statement as account
from dashboard.report import statement
from dashboard.report.xlsx import csv_text
from dashboard.words import speaking
from reconcile import run
from reconcile.state import Decision, Entry, state

D = Decimal
Page = Callable[..., AppTest]
SUR = {"customer": "hubspot:c1"}
BILL = {"vendor": "stripe", "kind": "invoice", "status": "sent", "customer_id": "cus_1", "customer_name": "Sur S.L.",
        "customer_email": "ana@sur.example", "currency": "EUR"}  # fmt: skip


def bill(id: str, gross: str, issued_on: str, due_on: str, **more: str) -> dict[str, str]:
    return BILL | {"id": id, "number": f"FV-2026-30{id}", "net": gross, "tax": "0", "gross": gross, "due_on": due_on,
                   "issued_on": issued_on, "sent_at": f"{issued_on} 10:00"} | more  # fmt: skip


# Two invoices paid by one transfer, one of them credited in part afterwards; an invoice in dollars that is late; a card
# payment that is for nothing we know.
BOOKS = {
    "customers": [
        {"vendor": "hubspot", "id": "c1", "name": "Sur SL", "kind": "company", "country": "ES", "tax_id": "B85674215"},
        {"vendor": "stripe", "id": "cus_1", "name": "Sur S.L.", "kind": "company", "country": "ES", "other_id": "c1",
         "tax_id": "B85674215"},
    ],
    "invoices": [
        bill("1", "1210", "2026-06-03", "2026-07-03"),
        bill("2", "605", "2026-07-01", "2026-07-31"),
        bill("3", "121", "2026-10-07", "2026-11-06", currency="USD"),
        bill("4", "-210", "2026-07-20", "2026-07-20", kind="credit_note", corrects_id="1"),
    ],
    "payments": [
        {"vendor": "bank", "id": "p1", "paid_on": "2026-07-10", "amount": "1815", "currency": "EUR",
         "method": "transfer", "payer_name": "SUR SL", "reference": "FV-2026-301 FV-2026-302", "status": "booked"},
        {"vendor": "stripe", "id": "p2", "paid_on": "2026-09-01", "amount": "50", "currency": "EUR", "method": "card",
         "payer_name": "Sur", "reference": "thanks", "status": "booked", "customer_id": "cus_1"},
    ],
    "deals": [{"vendor": "hubspot", "id": "1", "title": "Next year", "status": "open", "customer_id": "c1"}],
    "freshness": READ,
}  # fmt: skip


@pytest.fixture(scope="module")
def reconciled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("account")
    keep(folder, BOOKS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUADRA_TODAY", "2026-11-20")
        run.reconcile(folder)
    return folder


@pytest.fixture
def books(empty: Path, reconciled: Path) -> Path:
    for name in ("rows.duckdb", "warehouse.duckdb"):
        shutil.copy(reconciled / name, empty / name)
    return empty


def test_the_balance_after_each_line_is_what_is_still_to_come_less_what_we_hold(books: Path, page: Page) -> None:
    """1,210 and 605, paid by one transfer: nothing; 210 credited and 50 for no invoice are theirs. And 121 dollars."""
    app = page("customer", view="statement", **SUR)
    euros, dollars = frame(app, 0), frame(app, 1)
    names = ("day", "what", "charged", "credited", "balance")
    assert list(zip(*(euros[name] for name in names), strict=True)) == [
        ("3 Jun 2026", "Invoice", "€1,210.00", "", "€1,210.00"),
        ("1 Jul 2026", "Invoice", "€605.00", "", "€1,815.00"),
        ("10 Jul 2026", "Payment", "", "€1,815.00", "€0.00"),
        ("20 Jul 2026", "Credit note", "", "€210.00", "-€210.00"),
        ("1 Sept 2026", "Payment", "", "€50.00", "-€260.00"),
    ]
    assert euros["record"][2] == "→ FV-2026-301, FV-2026-302" and dollars["balance"] == ["US$121.00"]
    assert "of it overdue US$121.00" in words(app).replace("\\", "")
    assert {b.label for b in app.get("download_button")} == {"PDF", "Excel", "CSV"}


def test_a_statement_of_a_quarter_begins_with_what_was_before(books: Path, page: Page) -> None:
    """In October nothing happened in euros: -260 brought forward and no line; the dollars began then."""
    app = page("customer", view="statement", since="quarter", **SUR)
    assert frame(app, 0)["what"] == ["Brought forward"] and frame(app, 0)["balance"] == ["-€260.00"]
    assert frame(app, 1)["what"] == ["Invoice"]


def test_the_files_say_what_the_page_says(books: Path) -> None:
    """CSV with stable codes and exact amounts; a workbook with a tab for each currency; a PDF with all of it."""
    found = statement.accounts(account.lines(books, "hubspot", "c1"), None, {"USD": D(121)})
    lines = csv_text(statement.exported(found)).splitlines()
    assert lines[1].startswith("2026-06-03,invoice,FV-2026-301,") and lines[1].endswith(",EUR,1210.00,,1210.00")
    assert lines[3].endswith(",EUR,,1815.00,0.00") and len(lines) == 7
    with speaking("es"):
        sheets = openpyxl.load_workbook(io.BytesIO(statement.book(found, "Sur", "Us")))
        paper = statement.paper(found, ["Sur SL", "Calle 1"], "Us", dt.datetime(2026, 11, 20, tzinfo=dt.UTC), None)
    assert sheets.sheetnames == ["EUR", "USD"]
    assert [row[-1] for row in sheets["EUR"].iter_rows(min_row=2, values_only=True)] == [1210, 1815, 0, -210, -260]
    assert paper.startswith(b"%PDF") and len(paper) > 5000


def test_a_late_invoice_says_what_was_sent_and_what_comes_next(books: Path, page: Page) -> None:
    """14 days late: level 1 is due; once it went, level 2 on the 21st; then it came back; then they promised to pay."""

    def told() -> str:
        (said,) = frame(page("receivables", view="reminders", currency="USD"))["next"]
        return str(said)

    assert told() == "Level 1, due now"
    store = state(books)
    store.reminded("stripe", "3", 1, "ana@sur.example", "k", dt.datetime(2026, 11, 13, 9, tzinfo=dt.UTC))
    assert told() == "Level 2 on 21 Nov 2026"
    assert frame(page("receivables", view="reminders", currency="USD"))["last"] == ["Level 1 · 13 Nov 2026"]
    store.keep("bounce:ana@sur.example", {"status": "5.1.1", "says": "unknown", "at": "2026-11-13"})
    store.record(Entry(who="mailbox", action="reminder_bounced", outcome="done", subject="invoices:stripe:3",
                       says="ana@sur.example: unknown"))  # fmt: skip
    assert told() == "Mail came back: correct the address"
    store.drop(["bounce:ana@sur.example"])
    (finding,) = reminded.findings_of(books, "hubspot", "c1")
    store.decide_all([Decision.model_validate({
        "kind": "finding", "verdict": "agreed", "finding_id": finding, "amount": "121", "currency": "USD",
        "until_on": dt.date(2026, 12, 1), "reason": "they pay on Friday", "approved_by": "ana"})], "ana")  # fmt: skip
    run.reconcile(books, store.decisions())
    assert told() == "Left alone · until 1 Dec 2026 · they pay on Friday"
    events = frame(page("customer", view="reminders", **SUR), 1)
    assert set(zip(events["what"], events["invoice"], events["detail"], events["who"], strict=True)) == {
        ("Reminder", "FV-2026-303", "Level 1", "ana@sur.example"),
        ("Mail came back", "FV-2026-303", "ana@sur.example: unknown", ""),
        ("Left alone", "FV-2026-303", "they pay on Friday · until 1 Dec 2026", "ana"),
    }
    assert "Nothing is late" in words(page("receivables", view="reminders", currency="EUR"))


def test_one_click_brings_both_sides_to_the_same(data: Path, page: Page) -> None:
    """Łódź Print has another e-mail in each system: marked, and a click shows what would be written where."""
    app = page("customer", customer="hubspot:c1")
    assert "≠" in words(app)
    button = app.button(key="equal")
    assert "difference" in button.label
    told = words(button.click().run())
    assert not app.exception and "old@lodz.example" in told.replace("\\", "")
    assert "equal" not in {b.key for b in page("customer", customer="hubspot:c2").button}
