"""The bridge from booked over billed to cashed: its steps by hand, and that it closes whatever the books say.

Today is Friday 2026-11-20.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledger_books import books

from reconcile import checks, figures
from reconcile.sqlfile import queries

D = Decimal
NOVEMBER = ("2026-11-01", "2026-11-30")
OCTOBER = ("2026-10-01", "2026-10-31")
YEAR = ("2026-01-01", "2026-12-31")
TOTALS = {
    "booked": "SELECT COALESCE(SUM(amount), 0) FROM deals WHERE status = 'won' AND won_on BETWEEN $1 AND $2 "
    "AND currency = $3",
    "billed": "SELECT COALESCE(SUM(gross), 0) FROM invoice_summary WHERE is_counted AND issued_on BETWEEN $1 AND $2 "
    "AND currency = $3",
    "cashed": "SELECT COALESCE(SUM(collected), 0) FROM payment_summary WHERE paid_on BETWEEN $1 AND $2 "
    "AND currency = $3",
}  # fmt: skip
STEPS = """
SELECT half, step, SUM(CASE WHEN to_on BETWEEN $1 AND $2 THEN amount ELSE 0 END)
    - SUM(CASE WHEN from_on BETWEEN $1 AND $2 THEN amount ELSE 0 END) AS value
FROM bridge WHERE currency = $3 GROUP BY half, step HAVING value <> 0
"""


def computed(rows: dict[str, list[dict[str, Any]]]) -> duckdb.DuckDBPyConnection:
    db = books(rows)
    checks.check(db)
    figures.compute(db)
    return db


def steps(
    db: duckdb.DuckDBPyConnection, period: tuple[str, str] = YEAR, currency: str = "EUR"
) -> dict[tuple[str, str], Decimal]:
    return {(half, step): value for half, step, value in db.execute(STEPS, [*period, currency]).fetchall()}


def closes(db: duckdb.DuckDBPyConnection, period: tuple[str, str], currency: str) -> None:
    """Booked and its steps are what was billed; that and its steps are what was cashed: exactly."""
    booked, billed, cashed = (db.execute(TOTALS[n], [*period, currency]).fetchall()[0][0] for n in TOTALS)
    found = steps(db, period, currency)
    assert booked + sum(v for (half, _), v in found.items() if half == "billed") == billed, found
    assert billed + sum(v for (half, _), v in found.items() if half == "cashed") == cashed, found


def deal(amount: str, won_on: str = "2026-11-02", id: str = "1", **more: Any) -> dict[str, Any]:
    return {"id": id, "amount": amount, "amount_is": "net", "won_on": won_on, "customer_id": "k"} | more


def bill(net: str, gross: str, issued_on: str = "2026-11-03", id: str = "a", **more: Any) -> dict[str, Any]:
    return {"id": id, "number": id, "net": net, "gross": gross, "issued_on": issued_on, "due_on": "2026-12-03"} | more


def paid(amount: str, paid_on: str = "2026-11-10", id: str = "p", **more: Any) -> dict[str, Any]:
    return {"id": id, "amount": amount, "paid_on": paid_on} | more


TIED = ["deals:1>invoices:a"]
CASES: dict[str, tuple[dict[str, list[Any]], dict[tuple[str, str], int | Decimal]]] = {
    "tax": (
        {"deals": [deal("1000")], "invoices": [bill("1000", "1210")], "payments": [paid("1210")],
         "links": [*TIED, "payments:p>invoices:a=1210"]},
        {("billed", "vat"): 210},
    ),
    "discount": (
        {"deals": [deal("1000")], "invoices": [bill("950", "1149.50")], "links": TIED},
        {("billed", "discount"): -50, ("billed", "vat"): D("199.50"), ("cashed", "not_due"): D("-1149.50")},
    ),
    "not invoiced": ({"deals": [deal("1000")]}, {("billed", "not_invoiced"): -1000}),
    "part invoiced": (
        {"deals": [deal("1000", billing="stages")], "invoices": [bill("400", "400")], "links": TIED},
        {("billed", "partly_invoiced"): -600, ("cashed", "not_due"): -400},
    ),
    "credit note": (
        {"deals": [deal("1000", billing="stages")],
         "invoices": [bill("1000", "1000"), bill("-300", "-300", id="n", kind="credit_note", corrects_id="a")],
         "payments": [paid("700")], "links": [*TIED, "payments:p>invoices:a=700"]},
        {("billed", "credit_note"): -300},
    ),
    "invoiced twice": (
        {"deals": [deal("1000")],
         "invoices": [bill("1000", "1210", customer_id="c"), bill("1000", "1210", "2026-11-05", "b", customer_id="c")],
         "payments": [paid("1210")],
         "links": [*TIED, "deals:1>invoices:b", "payments:p>invoices:a=1210"]},
        {("billed", "duplicate"): 1000, ("billed", "vat"): 420, ("cashed", "duplicate"): -1210},
    ),
    "invoice of no deal": (
        {"invoices": [bill("1000", "1210")]},
        {("billed", "unmatched"): 1000, ("billed", "vat"): 210, ("cashed", "not_due"): -1210},
    ),
    "bank fee": (
        {"deals": [deal("1000")], "invoices": [bill("1000", "1000")], "payments": [paid("985")],
         "links": [*TIED, "payments:p>invoices:a=985"]},
        {("cashed", "fee"): -15},
    ),
    "cash discount that billing accepted": (
        {"deals": [deal("1000")], "invoices": [bill("1000", "1000", status="paid")], "payments": [paid("950")],
         "links": [*TIED, "payments:p>invoices:a=950"]},
        {("cashed", "discount"): -50},
    ),
    "withheld tax": (
        {"deals": [deal("1000")], "invoices": [bill("1000", "1210", tax="210", withheld="150")],
         "payments": [paid("1060")], "links": [*TIED, "payments:p>invoices:a=1060"]},
        {("billed", "vat"): 210, ("cashed", "withheld"): -150},
    ),
    "part paid": (
        {"deals": [deal("1000")], "invoices": [bill("1000", "1000")], "payments": [paid("400")],
         "links": [*TIED, "payments:p>invoices:a=400"]},
        {("cashed", "partial"): -600},
    ),
    "money of no invoice": ({"payments": [paid("77.50")]}, {("cashed", "unmatched"): D("77.50")}),
    "paid according to billing only": (
        {"deals": [deal("1000")], "invoices": [bill("1000", "1000", status="paid")], "links": TIED},
        {("cashed", "told"): -1000},
    ),
    "written off": (
        {"deals": [deal("1000")], "invoices": [bill("1000", "1000", status="uncollectible")], "links": TIED},
        {("cashed", "written_off"): -1000},
    ),
    "refund": (
        {"deals": [deal("1000")], "invoices": [bill("1000", "1000")],
         "payments": [paid("1000"), paid("-100", "2026-11-12", "r", method="refund")],
         "links": [*TIED, "payments:p>invoices:a=1000"]},
        {("cashed", "refund"): -100},
    ),
}  # fmt: skip


@pytest.mark.capability("PLUS-3")
@pytest.mark.parametrize("name", CASES)
def test_each_step_is_named(name: str) -> None:
    """What lies between booked, billed and cashed is the step a book-keeper would name, and nothing else."""
    rows, wanted = CASES[name]
    db = computed(rows)
    assert steps(db, NOVEMBER) == wanted
    closes(db, NOVEMBER, "EUR")


@pytest.mark.capability("PLUS-3")
def test_timing_leaves_one_period_and_enters_another() -> None:
    """Won in October, invoiced in November, paid in December: each month says so, and the year has no such step."""
    rows = {"deals": [deal("1000", "2026-10-20")], "invoices": [bill("1000", "1000")],
            "payments": [paid("1000", "2026-12-04")], "links": [*TIED, "payments:p>invoices:a=1000"]}  # fmt: skip
    db = computed(rows)
    assert steps(db, OCTOBER) == {("billed", "timing"): -1000}
    assert steps(db, NOVEMBER) == {("billed", "timing"): 1000, ("cashed", "timing"): -1000}
    assert steps(db, ("2026-12-01", "2026-12-31")) == {("cashed", "timing"): 1000}
    assert steps(db, YEAR) == {}


@pytest.mark.capability("PLUS-3")
def test_what_was_agreed_is_a_step_of_its_own() -> None:
    """Somebody said the deal stays as it is: it is agreed, no longer not invoiced."""
    rows: dict[str, list[Any]] = {"deals": [deal("1000")]}
    db = computed(rows)
    finding = db.execute("SELECT id FROM findings WHERE \"check\" = 'won_not_invoiced'").fetchall()[0][0]
    agreed = {"kind": "finding", "verdict": "agreed", "finding_id": finding, "decided_at": "2026-11-19 10:00"}
    assert steps(computed(rows | {"decisions": [agreed]})) == {("billed", "agreed"): -1000}


@pytest.mark.capability("PLUS-3")
def test_currencies_are_bridged_apart() -> None:
    """A euro deal invoiced in dollars and paid in zloty leaves one currency and enters another, each to the cent."""
    rows = {"deals": [deal("1000")], "invoices": [bill("1100", "1100", currency="USD")],
            "payments": [paid("4400", currency="PLN")], "links": [*TIED, "payments:p>invoices:a=1100"]}  # fmt: skip
    db = computed(rows)
    assert steps(db, currency="EUR") == {("billed", "currency"): -1000}
    assert steps(db, currency="USD") == {("billed", "currency"): 1100, ("cashed", "currency"): -1100}
    assert steps(db, currency="PLN") == {("cashed", "currency"): 4400}
    for currency in ("EUR", "USD", "PLN"):
        closes(db, YEAR, currency)


cents = st.integers(-200_000, 900_000).map(lambda c: str(D(c) / 100))
day = st.dates(dt.date(2026, 9, 1), dt.date(2026, 11, 20)).map(str)
maybe_day = st.one_of(day, st.none())
money = st.sampled_from(["EUR", "EUR", "USD"])


@st.composite
def ledgers(draw: st.DrawFn) -> dict[str, list[Any]]:
    """Books as bad as they come: amounts of any sign, days missing, links across currencies, stray credit notes."""
    deals = [
        {"id": f"d{n}", "amount": draw(st.one_of(cents, st.none())), "won_on": draw(maybe_day), "currency": draw(money),
         "amount_is": draw(st.sampled_from(["net", "gross", "unknown"])),
         "status": draw(st.sampled_from(["won", "won", "won", "lost"])),
         "billing": draw(st.sampled_from([None, "stages", "recurring"]))}
        for n in range(draw(st.integers(0, 3)))
    ]  # fmt: skip
    invoices: list[dict[str, Any]] = []
    for n in range(draw(st.integers(0, 4))):
        net = D(draw(cents))
        gross = draw(st.sampled_from([net, (net * D("1.21")).quantize(D("0.01")), None]))
        invoices.append(
            {"id": f"i{n}", "number": f"F-{n}", "net": str(net), "gross": None if gross is None else str(gross),
             "issued_on": draw(maybe_day), "due_on": draw(maybe_day), "currency": draw(money),
             "withheld": draw(st.sampled_from([None, "15.00"])), "tax": None if gross is None else str(gross - net),
             "customer_id": "c", "paid": draw(st.one_of(st.none(), cents)),
             "kind": draw(st.sampled_from(["invoice", "deposit", "recurring", "credit_note", "proforma"])),
             "status": draw(st.sampled_from(["sent", "sent", "paid", "draft", "void", "uncollectible"])),
             "corrects_id": draw(st.sampled_from([None, "i0", "i1"]))}
        )  # fmt: skip
    payments = [
        {"id": f"p{n}", "amount": draw(cents), "paid_on": draw(maybe_day), "currency": draw(money),
         "status": draw(st.sampled_from(["booked", "booked", "failed"])),
         "method": draw(st.sampled_from(["transfer", "recorded", "refund", "card"]))}
        for n in range(draw(st.integers(0, 3)))
    ]  # fmt: skip
    links = []
    for left, table in ((deals, "deals"), (payments, "payments")):
        for one in left:
            for other in invoices:
                if draw(st.booleans()):
                    amount = f"={draw(cents)}" if table == "payments" else ""
                    links.append(f"{table}:{one['id']}>invoices:{other['id']}{amount}")
    return {"deals": deals, "invoices": invoices, "payments": payments, "links": links}


@pytest.mark.capability("PLUS-3")
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ledgers(), start=day, days=st.integers(0, 80))
def test_it_always_closes(rows: dict[str, list[Any]], start: str, days: int) -> None:
    """Whatever the books and the period: the steps add up to the whole difference, in each currency, exactly."""
    db = books(rows)
    checks.prepare(db)  # what was found names steps; no step has another amount for it
    for query in queries(figures.ROWS)[:2]:  # sales, and the bridge that reads it
        db.execute(f"CREATE TABLE {query.name} AS {query.sql}")
    until = str(dt.date.fromisoformat(start) + dt.timedelta(days=days))
    for currency in ("EUR", "USD"):
        closes(db, (start, until), currency)
        closes(db, YEAR, currency)
    db.close()
