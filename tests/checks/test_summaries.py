"""The summaries that checks, pages and write-back read: one row a deal, an invoice, a payment, a customer."""

from decimal import Decimal

import duckdb
import pytest
from ledger_books import books

DEAL = {"id": "1", "amount": "2000", "won_on": "2026-10-01"}
A = {"id": "a", "number": "F-1", "net": "1000", "gross": "1210", "issued_on": "2026-10-02", "due_on": "2026-12-01",
     "customer_name": "Acme SL", "updated_at": "2026-10-02 10:00"}  # fmt: skip
B = A | {"id": "b", "number": "F-2", "updated_at": "2026-10-03 10:00", "due_on": "2026-12-24"}
LINKS = ["deals:1>invoices:a", "deals:1>invoices:b"]


def one(db: duckdb.DuckDBPyConnection, columns: str, table: str, where: str = "TRUE") -> tuple:
    rows = db.execute(f"SELECT {columns} FROM {table} WHERE {where}").fetchall()
    assert len(rows) == 1
    return rows[0]


@pytest.mark.capability("WB-10", "WB-9")
def test_the_most_recently_updated_invoice_speaks_for_the_deal() -> None:
    """B was updated later: B is named. Then A is updated: A is named. Count and sum stay beside it."""
    columns = "invoice_number, invoice_due_on, invoice_recipient, invoices, invoiced_net, invoiced_gross"
    said = one(books({"deals": [DEAL], "invoices": [A, B], "links": LINKS}), columns, "deal_summary")
    assert (said[0], str(said[1]), *said[2:]) == ("F-2", "2026-12-24", "Acme SL", 2, Decimal(2000), Decimal(2420))
    later = A | {"updated_at": "2026-10-09 10:00"}
    said = one(books({"deals": [DEAL], "invoices": [later, B], "links": LINKS}), columns, "deal_summary")
    assert (said[0], str(said[1]), *said[3:]) == ("F-1", "2026-12-01", 2, Decimal(2000), Decimal(2420))


@pytest.mark.capability("WB-10")
def test_a_void_invoice_never_speaks_for_the_deal() -> None:
    """It was updated last, when it was voided: the one that stands is named."""
    void = B | {"status": "void"}
    db = books({"deals": [DEAL], "invoices": [A, void], "links": LINKS})
    assert one(db, "invoice_number, invoices", "deal_summary") == ("F-1", 1)


@pytest.mark.capability("WB-6", "WB-5")
def test_the_day_of_payment_is_the_banks_value_date() -> None:
    """Billing was told on the 20th of money that the bank booked on the 15th: the 15th counts."""
    rows = {
        "deals": [DEAL | {"amount": "1000"}],
        "invoices": [A | {"status": "paid", "paid": "1210", "paid_on": "2026-10-20"}],
        "payments": [
            {"id": "bank", "amount": "1210", "paid_on": "2026-10-15"},
            {"id": "told", "amount": "1210", "paid_on": "2026-10-20", "vendor": "billing", "method": "recorded"},
        ],
        "links": ["deals:1>invoices:a", "payments:told>invoices:a=1210", "payments:told>payments:bank"],
    }
    db = books(rows)
    assert str(one(db, "paid_on", "deal_summary")[0]) == "2026-10-15"
    assert one(db, "paid, open_amount", "invoice_summary") == (Decimal(1210), Decimal(0))
    assert db.execute("SELECT id, role, collected FROM payment_summary ORDER BY id").fetchall() == [
        ("bank", "money", Decimal(1210)), ("told", "told", Decimal(0))]  # fmt: skip


@pytest.mark.capability("INV-19")
def test_amounts_in_another_currency_are_not_added_up() -> None:
    """A euro deal with a dollar invoice: nothing is counted in euro, what remains is not known, and it says so."""
    db = books({"deals": [DEAL], "invoices": [A | {"currency": "USD"}], "links": LINKS[:1]})
    columns = "currency_differs, invoiced, remaining, verdict, invoice_currency"
    assert one(db, columns, "deal_summary") == (True, Decimal(0), None, "currency", "USD")


def test_an_invoice_for_several_deals_is_shared_to_the_cent() -> None:
    """The shares of 100.00 over three equal deals add up to it within a cent, whatever the order of rows."""
    deals = [DEAL | {"id": i, "amount": "33.33"} for i in "123"]
    invoice = A | {"net": "100", "gross": "121"}
    db = books({"deals": deals, "invoices": [invoice], "links": [f"deals:{i}>invoices:a" for i in "123"]})
    total = db.execute("SELECT SUM(net), SUM(gross) FROM deal_invoices").fetchall()[0]
    assert abs(total[0] - 100) < Decimal("0.01")
    assert abs(total[1] - 121) < Decimal("0.01")


def test_a_customer_in_two_systems_is_one() -> None:
    """Won in the CRM and invoiced in billing stand in one row of the currency."""
    rows = {
        "customers": [{"id": "k", "name": "Acme"}, {"id": "c", "vendor": "billing", "name": "Acme SL"}],
        "deals": [DEAL | {"customer_id": "k"}],
        "invoices": [A | {"customer_id": "c", "due_on": "2026-11-01"}],
        "links": ["customers:k>customers:c"],
    }
    columns = "vendor, id, currency, deals, won, invoices, invoiced, open_amount, overdue"
    money = (Decimal(2000), 1, Decimal(1210), Decimal(1210), Decimal(1210))
    assert one(books(rows), columns, "customer_summary") == ("crm", "k", "EUR", 1, *money)


def test_merged_records_count_as_their_survivor() -> None:
    """A chain of merges leads to the last survivor; deals of the loser hang on it."""
    rows = {
        "customers": [{"id": "1", "name": "Old"}, {"id": "3", "name": "New"}],
        "merged": [{"id": "1", "of_table": "customers", "survivor_id": "2"},
                   {"id": "2", "of_table": "customers", "survivor_id": "3"}],
        "deals": [DEAL | {"customer_id": "1"}],
    }  # fmt: skip
    db = books(rows)
    assert db.execute("SELECT customer_id FROM deals").fetchall() == [("3",)]
    assert db.execute("SELECT id FROM customers").fetchall() == [("3",)]
