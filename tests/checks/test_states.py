"""What becomes of a finding: it keeps its name, is agreed or snoozed by people, waits for a source, is mended."""

import datetime as dt

import duckdb
import pytest
from ledger_books import TODAY, books

from reconcile import checks

WON = {"id": "1", "amount": "1000", "won_on": "2026-10-01"}
FOUND = {"deals": [WON]}


def findings(db: duckdb.DuckDBPyConnection) -> list[tuple]:
    checks.check(db)
    return db.execute(
        "SELECT id, state, reason, first_seen_at FROM findings WHERE subject_id = '1' ORDER BY id"
    ).fetchall()


def the_id() -> str:
    return findings(books(FOUND))[0][0]


def test_a_finding_is_the_same_in_every_run() -> None:
    """Another title, amount or day is the same problem of the same record; its id does not move."""
    changed = WON | {"amount": "2000", "title": "Other", "won_on": "2026-09-01"}
    assert findings(books({"deals": [changed]}))[0][0] == the_id()


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        ({"verdict": "agreed"}, "agreed"),
        ({"verdict": "agreed", "amount": "1000", "currency": "EUR"}, "agreed"),
        ({"verdict": "agreed", "amount": "900", "currency": "EUR"}, "open"),
        ({"verdict": "agreed", "amount": "1000", "currency": "USD"}, "open"),
        ({"verdict": "agreed", "until_on": "2026-11-20"}, "agreed"),
        ({"verdict": "agreed", "until_on": "2026-11-19"}, "open"),
        ({"verdict": "snoozed", "until_on": "2026-12-01"}, "snoozed"),
        ({"verdict": "snoozed", "until_on": "2026-11-01"}, "open"),
    ],
)
@pytest.mark.capability("PLUS-4")
def test_what_people_decided_holds_until_its_day_or_until_the_amount_changes(decision: dict, state: str) -> None:
    """An agreed difference is silent, and comes back by itself."""
    said = {"kind": "finding", "finding_id": the_id(), "reason": "as agreed", "decided_at": "2026-11-01"} | decision
    assert findings(books(FOUND | {"decisions": [said]}))[0][1] == state


def test_the_last_word_counts() -> None:
    """Somebody agreed, somebody took it back: it is open."""
    said = {"kind": "finding", "finding_id": the_id(), "decided_at": "2026-11-01", "verdict": "agreed"}
    back = said | {"decided_at": "2026-11-02", "verdict": "reopened"}
    assert findings(books(FOUND | {"decisions": [said, back]}))[0][1] == "open"


def test_a_source_that_was_not_read_is_named() -> None:
    """No invoice in books that were last read before the deal was won says nothing, and the finding tells why."""
    old = {"vendor": "billing", "kind": "invoices", "mode": "full", "completed_at": "2026-09-01 07:00"}
    row = findings(books({"deals": [WON | {"updated_at": "2026-10-01 10:00"}], "freshness": [old]}))[0]
    assert row[1:3] == ("unchecked", "not read since: billing")
    row = findings(books({"deals": [WON], "freshness": []}))[0]
    assert row[1:3] == ("unchecked", "no source of invoices")


def test_what_a_suggestion_may_answer_is_not_said_to_be_missing() -> None:
    """A likely invoice of the deal waits for somebody's word: so does the finding, and tells how many."""
    bill = {"id": "9", "net": "1000", "gross": "1210", "issued_on": "2026-10-05"}
    books_of = {"deals": [WON], "invoices": [bill, bill | {"id": "8"}]}
    waiting = [f"deals:{WON['id']}>invoices:{id}=1210?0.4" for id in ("8", "9")]
    assert [row[1:3] for row in findings(books(books_of | {"links": waiting}))] == [("unchecked", "suggested: 2")]


def test_a_check_can_be_switched_off() -> None:
    """It is listed as off and finds nothing."""
    db = books(FOUND | {"settings": [{"checks_off": ["won_not_invoiced"]}]})
    assert findings(db) == []
    assert db.execute("SELECT name FROM checks WHERE NOT is_on").fetchall() == [("won_not_invoiced",)]


def test_a_finding_knows_when_it_was_seen_first_and_whose_it_is() -> None:
    """The day it was first seen comes from the last run or the state store; an invoice's owner is its deal's."""
    db = books({"deals": [WON | {"owner_id": "o7"}], "invoices": [{"id": "9", "net": "500", "gross": "605",
                "due_on": "2026-11-01", "issued_on": "2026-10-02"}], "links": ["deals:1>invoices:9"]})  # fmt: skip
    seen = dt.datetime(2026, 10, 9, 8)
    checks.check(db)
    late = db.execute("SELECT id, owner_id, first_seen_at FROM findings WHERE \"check\" = 'overdue'").fetchall()
    assert late[0][1:] == ("o7", dt.datetime(2026, 11, 20, 8))
    db.execute("DROP TABLE findings; DROP TABLE checks")
    checks.check(db, {late[0][0]: seen.replace(tzinfo=dt.UTC)})
    assert db.execute("SELECT first_seen_at FROM findings WHERE \"check\" = 'overdue'").fetchall() == [(seen,)]


def test_a_quote_and_a_double_payment_are_of_the_deals_salesperson() -> None:
    """The quote by its deal, the payment by the deal of the invoice that it pays a second time."""
    db = books({
        "deals": [WON | {"status": "open", "won_on": None, "owner_id": "o7"}, WON | {"id": "2", "owner_id": "o8"}],
        "quotes": [{"id": "q", "deal_id": "1", "status": "published", "valid_until_on": "2026-10-01"}],
        "invoices": [{"id": "9", "net": "1000", "gross": "1210", "issued_on": "2026-10-02", "due_on": "2026-11-01"}],
        "payments": [{"id": "5", "amount": "1210", "paid_on": "2026-10-20"},
                     {"id": "6", "amount": "1210", "paid_on": "2026-10-27"}],
        "links": ["deals:2>invoices:9", "payments:5>invoices:9=1210", "payments:6>invoices:9=0"],
    })  # fmt: skip
    checks.check(db)
    found = db.execute(
        "SELECT \"check\", owner_id FROM findings WHERE subject_table IN ('quotes', 'payments') ORDER BY 1"
    )
    assert found.fetchall() == [("paid_twice", "o8"), ("quote_expired", "o7")]


STATES = [
    ("unsent", {"status": "issued"}, [], "waiting"),
    ("draft", {"status": "draft"}, [], "waiting"),
    ("sent, not due", {"status": "sent"}, [], "sent"),
    ("part-paid", {"status": "sent"}, ["600"], "partly_paid"),
    ("part-paid, says billing", {"status": "partly_paid", "paid": "600"}, [], "partly_paid"),
    ("part-paid and late", {"status": "sent", "due_on": "2026-11-10"}, ["600"], "overdue"),
    ("paid", {"status": "sent"}, ["1210"], "paid"),
    ("paid, says billing", {"status": "paid"}, [], "paid"),
    ("paid late", {"status": "sent", "due_on": "2026-11-10"}, ["1210"], "paid"),
    ("late", {"status": "sent", "due_on": "2026-11-10"}, [], "overdue"),
    ("late and never sent", {"status": "issued", "due_on": "2026-11-10"}, [], "overdue"),
    ("due today", {"status": "sent", "due_on": str(TODAY)}, [], "sent"),
]


@pytest.mark.capability("INV-20")
@pytest.mark.parametrize(("invoice", "paid", "state"), [case[1:] for case in STATES], ids=[case[0] for case in STATES])
def test_every_invoice_is_in_exactly_one_of_five_states(invoice: dict, paid: list[str], state: str) -> None:
    """Waiting to be sent, sent, partly paid, paid in full, overdue: from the facts, whatever billing calls it."""
    row = {"id": "9", "net": "1000", "gross": "1210", "issued_on": "2026-11-01", "due_on": "2026-12-01"} | invoice
    payments = [{"id": f"p{n}", "amount": amount, "paid_on": "2026-11-12"} for n, amount in enumerate(paid)]
    links = [f"payments:p{n}>invoices:9={amount}" for n, amount in enumerate(paid)]
    db = books({"invoices": [row], "payments": payments, "links": links})
    assert db.execute("SELECT state FROM invoice_summary").fetchall() == [(state,)]
