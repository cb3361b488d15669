"""The same file twice changes nothing; the same invoice with other values shows what changed."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract import store
from extract.files import Change, FileVendor, WithFiles, difference, file_vendors, propose, safe_cell, sniff, sources
from extract.profiles import saved

HEAD = "Number,Date,Customer,Total,Currency,Status\n"
ONE = "A-1,2026-11-05,Acme,10.00,EUR,issued\n"
TWO = "A-2,2026-11-06,Acme,20.00,EUR,issued\n"


def source(path):
    profile, questions = propose(sniff(path))
    assert profile, questions
    return FileVendor.of(path, profile)


def rows_of(path):
    made = source(path)
    return [row for kind, item in made.fetch() for _, row in made.rows(kind, item)]


def in_store(data, table="invoices"):
    with store.opened(data) as db:
        return db.sql(f"SELECT * EXCLUDE (_kind, _key) FROM {table} ORDER BY id").pl().to_dicts()


def test_the_same_file_twice_changes_nothing(written, tmp_path):
    """Taken in again, from the same file or a longer one, a row is the same row."""
    path, data = written(HEAD + ONE + TWO), tmp_path / "data"
    made = source(path)
    store.take(made, data, made.fetch())
    before = in_store(data)
    store.take(made, data, made.fetch())
    assert in_store(data) == before and len(before) == 2
    told = difference("invoices", before, rows_of(path))
    assert told.new == () and told.changed == () and set(told.same) == {"A-1", "A-2"}


def test_other_values_show_field_before_and_after(written, tmp_path):
    """A changed total is told, and replaces the old one; the invoice stays one."""
    data = tmp_path / "data"
    first = source(written(HEAD + ONE + TWO, "a.csv"))
    store.take(first, data, first.fetch())
    path = written(
        HEAD + "A-1,2026-11-05,Acme,12.50,EUR,paid\n" + TWO + "A-3,2026-11-07,Acme,1.00,EUR,issued\n", "b.csv"
    )
    told = difference("invoices", in_store(data), rows_of(path))
    assert told.new == ("A-3",) and told.same == ("A-2",)
    assert told.changed == (
        Change("A-1", "status", "issued", "paid"),
        Change("A-1", "gross", Decimal("10.0000"), Decimal("12.5000")),
    )
    second = source(path)
    store.take(second, data, second.fetch())
    assert [(r["id"], r["gross"]) for r in in_store(data)] == [("A-1", Decimal("12.5")), ("A-2", 20), ("A-3", 1)]


def test_a_reject_names_row_and_value_and_is_gone_when_mended(written, tmp_path):
    """The store keeps what could not be mapped; the corrected file clears it."""
    data = tmp_path / "data"
    bad = source(written(HEAD + ONE + "A-2,2026-11-06,Acme,20.x,EUR,issued\n", "a.csv"))
    reading = store.take(bad, data, bad.fetch())
    assert reading.items == 2 and reading.rejected == 1 and len(in_store(data)) == 1
    with store.opened(data) as db:
        ((field, value, reason),) = db.execute("SELECT field, value, reason FROM rejects").fetchall()
    assert (field, value) == ("Total", "20.x")
    assert "row 3, Total: '20.x' is not a number" in reason
    good = source(written(HEAD + ONE + TWO, "b.csv"))
    store.take(good, data, good.fetch())
    with store.opened(data) as db:
        assert db.execute("SELECT count(*) FROM rejects").fetchone() == (0,)
    assert len(in_store(data)) == 2


def test_rows_can_be_made_again_without_the_file(written, tmp_path):
    """Raw items and the saved profile are enough to rebuild, bank statements too."""
    data, folder = tmp_path / "data", tmp_path / "data" / "profiles"
    path = written(HEAD + ONE + TWO)
    made = source(path)
    saved(made.profiles["billing-invoices"], folder)
    store.take(made, data, made.fetch())
    ofx = written(
        "OFXHEADER:100\n<OFX><CURDEF>EUR<ACCTID>X1<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261105<TRNAMT>5.00<FITID>1"
        "<NAME>ACME<MEMO>A-1</STMTTRN></OFX>", "b.ofx")  # fmt: skip
    bank = FileVendor.of(ofx)
    store.take(bank, data, bank.fetch())
    before = in_store(data), in_store(data, "payments")
    path.unlink()
    ofx.unlink()
    store.rebuild(file_vendors(folder, ["bank"]), data)
    assert (in_store(data), in_store(data, "payments")) == before
    assert len(before[0]) == 2 and len(before[1]) == 1


def test_rows_of_several_vendors_in_one_file_stay_theirs(written, tmp_path):
    """A file with our own `vendor` column gives each vendor its rows."""
    heads = "vendor,id,number,gross,currency,issued_on\n"
    path = written(heads + "stripe,1,A,1,EUR,2026-01-02\nholded,1,B,2,EUR,2026-01-03\n")
    profile, _ = propose(sniff(path), table="invoices")
    for made in sources(path, profile):
        store.take(made, tmp_path, made.fetch())
    assert {(r["vendor"], r["number"]) for r in in_store(tmp_path)} == {("stripe", "A"), ("holded", "B")}


@pytest.mark.capability("CONN-1")
def test_a_deal_from_the_vendor_and_from_a_file_is_one_record(written, tmp_path):
    """The CRM's own export, taken in under the CRM's name, is the same record that its API gives; both rebuild."""

    class Crm:
        name = "hubspot"

        def rows(self, kind, item):
            yield "deals", {"id": item["id"], "title": "Roof", "amount": "1200.50", "currency": "EUR", "status": "won"}

        def key(self, kind, item):
            return item["id"]

    path = written("Record ID,Deal Name,Deal Stage,Amount,Currency\n501,Roof,Closed won,1200.50,EUR\n")
    profile, _ = propose(sniff(path), {"vendor": "hubspot"})
    vendor = WithFiles(Crm(), [profile])
    store.take(vendor, tmp_path, [("deals", {"id": "501"})])
    (first,) = in_store(tmp_path, "deals")
    made = FileVendor.of(path, profile)
    store.take(made, tmp_path, made.fetch())
    (second,) = in_store(tmp_path, "deals")
    same = ("vendor", "id", "title", "amount", "currency", "status")
    assert [first[c] for c in same] == [second[c] for c in same]
    store.rebuild([vendor], tmp_path)
    assert in_store(tmp_path, "deals") == [second]


def test_a_payment_told_in_other_words_is_pointed_out(tmp_path):
    """Same account, day and amount under another id may be one movement in two formats: a person decides."""
    ours = [
        {"id": "x", "account": "ES1", "paid_on": dt.date(2026, 11, 5), "amount": Decimal("10.0000"), "currency": "EUR"}
    ]
    new = [
        {"id": i, "account": "ES1", "paid_on": "2026-11-05", "amount": "10.00", "currency": "EUR"} for i in ("y", "z")
    ]
    told = difference("payments", ours, new)
    assert told.new == ("y", "z") and told.alike == (("x", "y"),)
    other = difference("payments", ours, [{**new[0], "paid_on": "2026-11-06"}])
    assert other.alike == ()


@pytest.mark.parametrize(
    "text", ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1+1", "\n=1", "-2+3+cmd|'/C calc'!A0"]
)
def test_text_never_becomes_a_formula(text):
    """What came from outside is shown, not run."""
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize(
    "value", ["Acme", "-12.50", "+34600123456", "-1.234,56", Decimal("-3"), -3, None, dt.date(2026, 1, 1), "a=b", ""]
)
def test_numbers_and_plain_text_stay(value):
    """A negative amount stays a number that can be summed."""
    assert safe_cell(value) == value


@given(st.text())
def test_no_written_cell_begins_as_a_formula(text):
    """Whatever the text, what we write begins harmlessly or is only a number."""
    written = safe_cell(text)
    start = written.strip()[:1]
    assert start not in tuple("=@") or written.startswith("'")
