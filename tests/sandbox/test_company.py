"""The books that the sandbox makes: the same for the same seed, adding up, and with exactly the planted problems."""

import json
import time
from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree
from perfect import Books

from extract.sandbox import samples
from extract.sandbox.books import Company
from extract.sandbox.company import company
from extract.sandbox.hubspot_books import hubspot_books
from extract.sandbox.statement import OPENING, bank_csv, bank_statement, entries
from extract.sandbox.stripe_books import stripe_books

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
CHECKS = """won_not_invoiced partly_invoiced over_invoiced amount_differs currency_differs tax_id_differs
    contact_differs duplicate_invoice invoice_without_deal invoice_not_sent overdue partly_paid
    payment_without_invoice paid_not_in_crm customer_data_invalid duplicate_customers"""
KINDS = """deposit_and_final agreed_free credit_note_and_reissue net_against_gross consolidated_invoice
    parent_company_pays instalments bank_fee_deducted won_yesterday renewal"""


@pytest.mark.parametrize(
    ("today", "seed", "deals"),
    [
        (date(2026, 11, 20), 7, 1500),
        (date(2026, 11, 23), 7, 1500),
        (date(2027, 3, 1), 7, 400),
        (date(2026, 11, 20), 8, 900),
    ],
)
def test_a_perfect_reconciler_finds_what_was_planted_and_nothing_else(today: date, seed: int, deals: int) -> None:
    """Read from the vendors' own objects; on any day of the week, for other seeds and sizes."""
    made = company(today, seed, deals)
    wanted = {(p["check"], p["vendor"], p["id"]) for p in made.problems}
    assert Books(made).check() == wanted
    assert len(wanted) == len(made.problems)


def test_no_exception_is_a_problem(books: Company) -> None:
    """What an exception must not be accused of is not in the list of problems."""
    accused = {(p["check"], p["vendor"], p["id"]) for p in books.problems}
    excepted = {(c, e["vendor"], e["id"]) for e in books.exceptions for c in e["must_not"]}
    assert not accused & excepted


def test_the_committed_list_is_what_the_seed_plants(books: Company) -> None:
    """`data/sample/planted.json` is made again and compared."""
    assert json.loads((SAMPLE / "planted.json").read_text()) == books.planted()
    checks = Counter(p["check"] for p in books.problems)
    kinds = Counter(e["kind"] for e in books.exceptions)
    assert min(checks[c] for c in CHECKS.split()) >= 4
    assert min(kinds[k] for k in KINDS.split()) >= 2


def test_what_depends_on_the_day_is_only_the_dates(books: Company) -> None:
    """Another today: same ids, names, amounts and problems."""
    later = company(date(2027, 2, 3))
    assert later.planted() == books.planted()
    assert [(i.id, i.number, i.gross, i.currency) for i in later.invoices] == [
        (i.id, i.number, i.gross, i.currency) for i in books.invoices
    ]
    assert [(p.id, p.amount, p.text) for p in later.payments] == [(p.id, p.amount, p.text) for p in books.payments]


def test_the_company_has_its_size(books: Company) -> None:
    """Some 1,500 deals, 1,900 invoices, 2,200 payments, five currencies, seven countries; made in three seconds."""
    started = time.perf_counter()
    company(date(2026, 11, 20))
    assert time.perf_counter() - started < 3
    assert 1400 <= len(books.deals) <= 1600
    assert 1800 <= len(books.invoices) <= 2100
    assert 2000 <= len(books.payments) + len(books.payouts) <= 2500
    assert {i.currency for i in books.invoices} == {"EUR", "PLN", "MXN", "USD", "GBP"}
    assert len({c.country.code for c in books.customers}) == 7


def test_money_adds_up(books: Company) -> None:
    """Parts of a payment are its amount, payouts are charges less fees and refunds, lines and taxes are the invoice."""
    for payment in books.payments:
        assert not payment.parts or sum(payment.parts.values()) == payment.amount
    for invoice in books.invoices:
        assert 0 <= invoice.received <= invoice.gross - invoice.credited
    for payout in books.payouts:
        assert payout.amount == sum(p.amount - p.fee - p.refunded for p in payout.payments)
    billing = stripe_books(books)
    carried: Counter[str] = Counter()
    for movement in billing.objects["balance_transactions"].values():
        if movement["payout"]:
            carried[movement["payout"]] += movement["net"]
    assert set(carried.values()) == {0}
    for row in billing.objects["invoices"].values():
        assert row["subtotal"] == sum(n["amount"] for n in row["lines"]["data"])
        assert row["total"] == row["subtotal"] + sum(t["amount"] for t in row["total_taxes"])
        paid = sum(p["amount_paid"] or 0 for p in billing.payments_of(row["id"]) if p["status"] == "paid")
        assert row["amount_paid"] == paid
        assert row["amount_remaining"] == row["amount_due"] - paid
        assert (row["status"] == "paid") <= (row["amount_remaining"] == 0)


def test_invoice_numbers_have_no_gap_and_follow_the_days(books: Company) -> None:
    """The series is what a tax office wants."""
    issued = sorted((i for i in books.invoices if i.number), key=lambda i: str(i.number))
    numbers = [int(str(i.number)[3:]) for i in issued]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert all(a.issued <= b.issued for a, b in pairwise(issued))


def test_days_are_days_of_business(books: Company) -> None:
    """The bank books on weekdays; nothing has happened after today."""
    movements = entries(books)
    assert all(e.on.weekday() < 5 and e.on < books.today for e in movements)
    assert all(i.issued < books.today for i in books.invoices)
    assert all(r["updatedAt"][:10] < str(books.today) for r in hubspot_books(books).objects["deals"].values())


def test_the_statement_is_valid(books: Company, shared: Path) -> None:
    """CAMT.053.001.08 by its schema, one statement per currency whose balances close; the CSV says the same."""
    text = bank_statement(books)
    schema = etree.XMLSchema(etree.parse(shared / "compliance" / "bank" / "camt.053.001.08.xsd"))
    schema.assertValid(etree.fromstring(text.encode()))
    rows = [line.split(";") for line in bank_csv(books).splitlines()[1:]]
    assert len(rows) == text.count("<Ntry>")
    for currency, opening in OPENING.items():
        moved = sum(Decimal(r[5].replace(",", ".")) for r in rows if r[6] == currency)
        closing = f'<Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{opening / Decimal(100) + moved:.2f}</Amt>'
        assert closing in text


def test_a_company_too_small_is_refused() -> None:
    """Below three hundred deals there are not enough customers to plant among."""
    with pytest.raises(ValueError, match="299 deals are too few"):
        company(date(2026, 11, 20), deals=299)


def test_the_committed_samples_are_the_companys(tmp_path: Path) -> None:
    """`data/sample` is made again and compared, byte by byte; each file is small."""
    samples.write(tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (SAMPLE / path.name).read_bytes(), path.name
        assert path.stat().st_size < 300_000
    assert {p.name for p in tmp_path.iterdir()} == {"planted.json", "deals.csv", "invoices.csv", "bank.xml"}
