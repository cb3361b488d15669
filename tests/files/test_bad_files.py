"""A file that cannot be read says why and what to do; a row that cannot be mapped is named, and the rest is done."""

import io
import re
import zipfile
from decimal import Decimal

import pytest
import xlsxwriter

from extract.files import FileError, FileVendor, propose, sniff
from extract.files_grid import SHEET_LIMIT

GOOD = "Number,Date,Customer,Total,Currency,Status\nA-1,2026-11-05,Acme,10.00,EUR,paid\n"


def workbook(rows, **options):
    """Return the bytes of a workbook of these rows."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet()
    for at, row in enumerate(rows):
        sheet.write_row(at, 0, row)
    book.close()
    return out.getvalue()


def archive(**files):
    """Return the bytes of a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return out.getvalue()


ENCRYPTED = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le")
BAD = {
    "empty": ("a.csv", b"", "is empty"),
    "blank lines only": ("a.csv", b"\n\n  \n", "is empty"),
    "only headings": ("a.csv", b"Number,Date,Total\n", "headings .* but no rows"),
    "no headings": ("a.csv", b"A-1;2026-11-05;10,00\nA-2;2026-11-06;11,00\n", "no row of headings"),
    "a PDF": ("a.csv", b"%PDF-1.7 ...", "is a PDF, whatever its name says"),
    "a picture": ("a.xlsx", b"\x89PNG\r\n\x1a\n", "is a picture"),
    "a web page named xls": ("a.xls", b"<html><table><tr><td>1</td></tr></table></html>", "is a web page"),
    "an archive": ("a.xlsx", archive(readme="x"), "is an archive"),
    "a text document": ("a.xlsx", archive(**{"word/document.xml": "<x/>"}), "is a text document"),
    "protected": ("a.xlsx", ENCRYPTED, "protected by a password"),
    "damaged workbook": ("a.xlsx", workbook([["Number"], ["A"]])[:800], "damaged workbook"),
    "damaged Parquet": ("a.parquet", b"PAR1" + b"x" * 50, "damaged Parquet"),
    "binary": ("a.csv", b"\x00\x01\x02\x03abc\x00", "binary"),
    "JSON": ("a.csv", b'[{"a": 1}]', "is JSON"),
    "other XML": ("a.xml", b"<?xml version='1.0'?><a/>", "XML of a kind"),
    "a notice": ("a.xml", b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02"/>', "camt.054 notice"),
    "a heading twice": ("a.csv", b"Number,Total,Date,Total\nA,1,2026-01-01,2\n", r"'Total' more than once .*2, 4"),
    "workbook, a heading twice": ("a.xlsx", workbook([["Number", "Number"], ["A", "B"]]), "'Number' more than once"),
    "workbook, empty": ("a.xlsx", workbook([]), "is empty"),
    "a statement without movements": ("a.ofx", b"OFXHEADER:100\n<OFX></OFX>", "without movements"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "content", "says"), BAD.values(), ids=BAD.keys())
def test_a_file_that_cannot_be_read_says_why(tmp_path, name, content, says):
    """The message names the file and what is wrong; nothing is read from it."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileError, match=says) as caught:
        sniff(path)
    assert str(caught.value).startswith(name)


def test_a_missing_file_is_said(tmp_path):
    """A path that is not there, or a folder, is no file."""
    for path in (tmp_path / "no.csv", tmp_path):
        with pytest.raises(FileError, match=r"is not there|is no file"):
            sniff(path)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.csv", workbook([["Number", "Total", "Date"], ["A-1", 1, "2026-01-02"]]), "xlsx"),
        ("a.xlsx", GOOD.encode(), "csv"),
    ],
    ids=["a workbook named csv", "a CSV named xlsx"],
)
def test_the_content_decides_and_the_name_is_told(tmp_path, name, content, kind):
    """A wrong name does not stop a good file, but it is said."""
    path = tmp_path / name
    path.write_bytes(content)
    found = sniff(path)
    assert found.kind == kind and "but its content is" in found.notes[0]


def test_a_formula_without_value_is_refused(tmp_path):
    """A workbook written by a program and never calculated would be read as blank cells."""
    path = tmp_path / "a.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Number", "Date", "Total"])
    sheet.write_row(1, 0, ["A-1", "2026-01-02"])
    sheet.write_formula("C2", "=1+1", None, "")
    book.close()
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.namelist():
            data = re.sub(rb"(<f>1[+]1</f>)<v>[^<]*</v>", rb"\1<v></v>", old.read(entry)).replace(b' t="str"', b"")
            new.writestr(entry, data)
    with pytest.raises(FileError, match="cell C2 holds a formula without a saved value"):
        sniff(path)
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Number", "Date", "Total"])
    sheet.write_row(1, 0, ["A-1", "2026-01-02"])
    sheet.write_formula("C2", "=1+1", None, 2)
    book.close()
    assert sniff(path).samples[0]["Total"] == "2"


def test_a_huge_workbook_is_refused_before_it_is_read(tmp_path):
    """A workbook is read whole, so its size is bounded; a CSV of any size is streamed."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(workbook([["Number"], ["A"]]))
    with path.open("r+b") as file:
        file.seek(SHEET_LIMIT + 1)
        file.write(b"x")
    with pytest.raises(FileError, match="workbook"):
        sniff(path)


def test_forty_columns_are_no_trouble(written, taken):
    """What is known is read; what is not is named, and left out unless somebody says what it is."""
    extra = [f"Zzyx {i}" for i in range(34)]
    heads, row = GOOD.splitlines()
    path = written(f"{heads},{','.join(extra)}\n{row},{','.join('x' * 34)}\n")
    found = sniff(path)
    _, questions = propose(found, table="invoices")
    assert [q.key for q in questions] == [f"column:{e}" for e in extra] and not any(q.required for q in questions)
    assert taken(path, table="invoices")["invoices"][0]["gross"] == "10.00"


def test_a_broken_row_is_named_and_the_rest_is_done(written, mapped):
    """A reject says row, heading and value; the other rows are mapped."""
    rows = [
        "A-2,2026-13-05,Acme,10.00,EUR,paid",
        "A-3,2026-11-05,Acme,ten,EUR,paid",
        "A-4,2026-11-05,Acme,10.00,EUR,what",
        ",2026-11-05,Acme,10.00,EUR,paid",
        "A-6,2026-11-05,Acme,10,00,EUR,paid",
        "A-7,2026-11-05,Acme,5 USD,EUR,paid",
        "A-8,2026-11-05,Acme,11.00,EUR,paid",
    ]
    profile, _ = propose(sniff(written(GOOD)))
    found = mapped(written(GOOD + "\n".join(rows), "b.csv"), profile)
    assert [i["id"] for i in found["invoices"]] == ["A-1", "A-8"]
    assert [(e.row, e.field, e.value) for e in found.rejects] == [
        (3, "Date", "2026-13-05"),
        (4, "Total", "ten"),
        (5, "Status", "what"),
        (6, "Number", ""),
        (7, "the row", "paid"),
        (8, "Total", "5 USD"),
    ]
    assert "row 4, Total: 'ten' is not a number" in str(found.rejects[1])


def test_mixed_currencies_stay_apart(written, taken):
    """Amounts that say their own currency keep it; one that contradicts its row is rejected."""
    text = "Number;Date;Total\nA-1;2026-11-05;10,50 €\nA-2;2026-11-05;20,50 zł\nA-3;2026-11-05;GBP 30,50\n"
    rows = taken(written(text))["invoices"]
    assert [(r["currency"], r["gross"]) for r in rows] == [("EUR", "10.50"), ("PLN", "20.50"), ("GBP", "30.50")]
    found = taken(written(text, "b.csv"), currency="EUR")
    assert [r["currency"] for r in found["invoices"]] == ["EUR"]
    assert [e.reason for e in found.rejects] == ["is in PLN, but the row says EUR", "is in GBP, but the row says EUR"]


def test_another_dialect_than_the_profile_reads_is_refused(written):
    """A profile made for day-first dates does not silently read month-first ones."""
    first = written("Number;Date;Total;Currency\nA-1;15/03/2026;1,50;EUR\n", "a.csv")
    profile, _ = propose(sniff(first))
    other = written("Number;Date;Total;Currency\nA-1;03/15/2026;1,50;EUR\nA-2;03/04/2026;1,50;EUR\n", "b.csv")
    with pytest.raises(FileError, match="month first, but profile billing-invoices reads dmy"):
        list(FileVendor.of(other, profile).fetch())
    point = written("Number;Date;Total;Currency\nA-1;15/03/2026;1234.50;EUR\n", "c.csv")
    with pytest.raises(FileError, match="decimal point, but profile"):
        list(FileVendor.of(point, profile).fetch())


def test_a_file_without_the_profiles_headings_is_refused(written):
    """The missing headings are named, and what is there."""
    profile, _ = propose(sniff(written(GOOD, "a.csv")))
    with pytest.raises(FileError, match="lacks Currency, Status, which profile billing-invoices reads"):
        list(FileVendor.of(written("Number,Date,Customer,Total\nA,2026-01-01,B,1\n", "b.csv"), profile).fetch())


def test_an_amount_of_the_line_is_not_taken_for_the_invoices(written):
    """Where rows of one invoice disagree on its total, nothing is taken in: the total would be wrong."""
    heads = "Invoice number,Date,Customer,Total,Quantity,Unit price,Currency\n"
    path = written(heads + "A-1,2026-01-02,B,10,1,10,EUR\nA-1,2026-01-02,B,20,2,10,EUR\n")
    profile, _ = propose(sniff(path))
    with pytest.raises(FileError, match="row 3 and one before it are both invoice A-1, but differ in Total"):
        list(FileVendor.of(path, profile).fetch())


def test_two_invoices_of_one_number_are_not_one(written):
    """Numbers that begin again every year do not tell invoices apart: taken as one, money would be lost."""
    path = written("Number,Date,Customer,Total,Currency\n1,2025-01-02,B,10,EUR\n1,2026-01-02,B,20,EUR\n")
    profile, _ = propose(sniff(path))
    with pytest.raises(FileError, match="both invoice 1, but differ in Total or Date"):
        list(FileVendor.of(path, profile).fetch())


def test_a_sum_below_the_rows_is_not_a_row(written, taken):
    """The total line of a list would double the money: it is rejected by name."""
    found = taken(written(GOOD + "Total,,,10.00,,\n"))
    assert [i["id"] for i in found["invoices"]] == ["A-1"]
    assert "looks like the sum" in found.rejects[0].reason


def test_a_movement_without_a_date_is_rejected(written, taken):
    """Money without a day cannot be matched: the row says what it lacks."""
    text = "Value date;Description;Amount;Currency\n2026-11-05;A;1.00;EUR\n;Closing;9.00;EUR\n2026-11-06;B;;EUR\n"
    found = taken(written(text))
    assert len(found["payments"]) == 1 and [e.row for e in found.rejects] == [3, 4]


def test_no_amount_is_ever_a_float(written, taken):
    """Money is text or Decimal all the way."""
    rows = taken(written(GOOD))["invoices"]
    assert all(isinstance(rows[0][c], str | Decimal) for c in ("gross",))
