"""The exports of common programs are recognised by their headings, in four languages."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from extract import headings
from extract.files import propose, sniff
from extract.headings_values import CHOICES
from extract.headings_words import WORDS
from extract.model import TABLES, columns

# Headings as each program's export screen names them, with one row and what it must become.
EXPORTS = json.loads((Path(__file__).parent / "exports.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_recognised_without_a_question_but_the_currency(written, taken, name):
    """The table, the columns and the states of a common export are understood as they come."""
    heads, row, table, expected = (EXPORTS[name][k] for k in ("headings", "row", "table", "expected"))
    path = written(f"{heads}\n{row}\n")
    found = sniff(path)
    open_ = {q.key for q in propose(found)[1] if q.required}
    assert open_ <= {"currency"} and found.candidates[0].table == table
    made = taken(path, **({"currency": "EUR"} if open_ else {}))
    assert not made.rejects
    first = made[table][0]
    assert {k: str(first.get(k)) for k in expected} == expected


def test_lines_and_customers_come_out_of_the_same_rows(written, taken):
    """An export with a row per line gives each invoice once, its numbered lines, and the customer."""
    heads, row = EXPORTS["xero"]["headings"], EXPORTS["xero"]["row"]
    other = row.replace("Work,2,50.00,100.00", "Travel,1,0.00,0.00")
    found = taken(written(f"{heads}\n{row}\n{other}\n"))
    assert {i["id"] for i in found["invoices"]} == {"INV-1"}
    lines = found["lines"]
    assert [(x["id"], x["document_id"], x["position"], x["description"]) for x in lines] == [
        ("INV-1:1", "INV-1", 1, "Work"),
        ("INV-1:2", "INV-1", 2, "Travel"),
    ]
    assert {(c["id"], c["email"]) for c in found["customers"]} == {("Acme Ltd", "a@acme.example")}
    assert len(set(found.keys)) == 2


def test_a_mixed_transaction_list_is_sorted_out(written, taken):
    """Invoices, credit memos, payments and bills of one list go where they belong, each with its sign."""
    heads = "Date,Transaction type,Num,Name,Amount,Currency"
    rows = ["2026-11-15,Invoice,1,Acme,121.00,USD", "2026-11-16,Credit Memo,2,Acme,21.00,USD",
            "2026-11-17,Payment,3,Acme,-100.00,USD", "2026-11-18,Bill,4,Cloud Ltd,50.00,USD"]  # fmt: skip
    found = taken(written("\n".join([heads, *rows])))
    assert [(i["kind"], str(i["gross"])) for i in found["invoices"]] == [
        ("invoice", "121.00"),
        ("credit_note", "-21.00"),
    ]
    (payment,) = found["payments"]
    assert (payment["amount"], payment["method"], str(payment["paid_on"])) == (
        Decimal("100.00"),
        "recorded",
        "2026-11-17",
    )
    (bill,) = found["bills"]
    assert (bill["supplier_name"], bill["gross"]) == ("Cloud Ltd", "50.00")


def test_canonical_headings_are_taken_as_they_are(written, taken):
    """A file with our own column names needs no mapping, in any table."""
    for table in headings.tables():
        names = [c.name for c in columns(table) if c.name != "vendor"]
        assert headings.assigned(table, tuple(names)) == {n: n for n in names}
    path = written("id,number,issued_on,gross,currency,status,customer_id\n1,A-1,2026-11-05,10.00,EUR,partly_paid,c1\n")
    (row,) = taken(path)["invoices"]
    assert (row["id"], row["status"], row["customer_id"]) == ("1", "partly_paid", "c1")


@pytest.mark.parametrize(
    ("table", "text", "ours"),
    [("deals", "Ganado", "won"), ("deals", "Gagné", "won"), ("deals", "Wygrana", "won"), ("deals", "Closed Won", "won"),
     ("deals", "Perdido", "lost"), ("deals", "W toku", "open"), ("invoices", "AUTHORISED", "issued"),
     ("invoices", "Pagada", "paid"), ("invoices", "Payée", "paid"), ("invoices", "Opłacona", "paid"),
     ("invoices", "Częściowo opłacona", "partly_paid"), ("invoices", "VOIDED", "void"), ("invoices", "Anulada", "void"),
     ("invoices", "En retard", "issued"), ("invoices", "Brouillon", "draft"), ("payments", "Zaksięgowana", "booked")],
)  # fmt: skip
def test_states_are_understood_in_four_languages(table, text, ours):
    """What a program calls a state is our state."""
    assert headings.choice(table, "status", text) == ours


def test_an_unknown_state_is_asked_once_and_kept(written, taken):
    """A stage that only this company knows is asked; the answer maps it."""
    path = written("Deal ID,Deal name,Stage,Amount,Currency\n1,Roof,Firma en notaría,10,EUR\n2,Wall,Won,20,EUR\n")
    profile, questions = propose(sniff(path))
    assert profile is None and [q.key for q in questions if q.required] == ["value:status:Firma en notaría"]
    found = taken(path, **{"value:status:Firma en notaría": "won"})
    assert [d["status"] for d in found["deals"]] == ["won", "won"]
    assert [d["stage"] for d in found["deals"]] == ["Firma en notaría", "Won"]


def test_the_words_name_only_columns_and_states_that_exist():
    """Every word leads to a canonical column, or to a helping one that a rule resolves."""
    helping = {"close_on", "is_won", "is_closed", "amount_net", "amount_gross", "product", "amount_due", "is_sent",
               "debit", "credit", "direction", "booked_on", "balance"}  # fmt: skip
    for table, words in WORDS.items():
        assert set(words) - helping <= {c.name for c in columns(table)}
    for (table, column), choices in CHOICES.items():
        known = next((set(c.choices) for c in columns(table) if c.name == column), {"credit", "debit"})
        assert set(choices) - {"bill", "payment"} <= known
    assert set(WORDS) <= set(TABLES)
