"""Whatever way a program writes a table, the rows are the same."""

import csv
import datetime as dt
import io
from decimal import Decimal

import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extract.files import FileVendor, propose, sniff

WEST = ["Peña y Núñez SL", "Café Ménière", "Señor Ibáñez; hijos", 'Bar "El Rincón"', "Àngels, S.L."]
EAST = ["Żółw sp. z o.o.", "Łódź Handel", "Gęś; Ćma", 'Firma "Świt"', "Jan Źrebię, Kraków"]
PLAIN = ["Acme Ltd", "Smith, Jones & Co", 'The "Old" Shop', "a;b|c", "two\nlines"]
ENCODINGS = {
    "utf-8": WEST + EAST,
    "utf-8-sig": WEST + EAST,
    "utf-16": WEST + EAST,
    "cp1252": WEST,
    "cp1250": EAST,
    "ascii": PLAIN,
}
HEADINGS = {
    "en": ("Invoice number", "Invoice date", "Customer", "Total", "Status", "Currency"),
    "es": ("Número de factura", "Fecha de emisión", "Cliente", "Importe total", "Estado", "Moneda"),
    "fr": ("Numéro de facture", "Date de facturation", "Client", "Total TTC", "Statut", "Devise"),
    "pl": ("Numer faktury", "Data wystawienia", "Nabywca", "Wartość brutto", "Status", "Waluta"),
}
WRITABLE = {"ascii": ("en",), "cp1252": ("en", "es", "fr"), "cp1250": ("en", "pl")}
DATES = {"ymd": "%Y-%m-%d", "dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y", "dots": "%d.%m.%Y"}


def amount_text(amount: Decimal, mark: str, grouped: bool) -> str:
    text = f"{amount:,.2f}" if grouped else f"{amount:.2f}"
    return text if mark == "." else text.translate(str.maketrans(",.", ".,"))


@st.composite
def dialects(draw):
    """Draw a way to write a table, and invoices that can be written so."""
    encoding = draw(st.sampled_from(sorted(ENCODINGS)))
    names = ENCODINGS[encoding]
    rows = [
        (f"F-{i}", draw(st.dates(dt.date(2001, 1, 1), dt.date(2031, 12, 31))), draw(st.sampled_from(names)),
         draw(st.decimals(Decimal("-999999.99"), Decimal("9999999.99"), places=2)))
        for i in range(draw(st.integers(1, 12)))
    ]  # fmt: skip
    return {
        "encoding": encoding,
        "delimiter": draw(st.sampled_from(";,\t|")),
        "mark": draw(st.sampled_from(".,")),
        "grouped": draw(st.booleans()),
        "dates": draw(st.sampled_from(sorted(DATES))),
        "language": draw(st.sampled_from(WRITABLE.get(encoding, tuple(HEADINGS)))),
        "preamble": draw(st.integers(0, 4)),
        "end": draw(st.sampled_from(["\n", "\r\n"])),
        "rows": rows,
    }


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dialects())
def test_any_dialect_gives_the_same_rows(tmp_path, dialect):
    """Delimiter, encoding, decimal mark, date order, preamble and language change nothing in the rows."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=dialect["delimiter"], lineterminator=dialect["end"])
    for line in range(dialect["preamble"]):
        writer.writerow([["Listado"], ["Company", "Acme"], [""], ["x", "2026-01-01"]][line])
    writer.writerow(HEADINGS[dialect["language"]])
    for number, day, name, amount in dialect["rows"]:
        text = amount_text(amount, dialect["mark"], dialect["grouped"])
        writer.writerow([number, day.strftime(DATES[dialect["dates"]]), name, text, "paid", "EUR"])
    path = tmp_path / "any.csv"
    path.write_bytes(out.getvalue().encode(dialect["encoding"]))
    found = sniff(path)
    order = "dmy" if dialect["dates"] == "dots" else dialect["dates"]
    date_heading, amount_heading = HEADINGS[dialect["language"]][1], HEADINGS[dialect["language"]][3]
    answers = {}
    if date_heading in found.unclear:
        answers[f"dates:{date_heading}"] = order
    if amount_heading in found.unclear:
        answers[f"decimal:{amount_heading}"] = dialect["mark"]
    profile, questions = propose(found, answers)
    assert profile, questions
    source = FileVendor.of(path, profile)
    rows = [row for kind, item in source.fetch() for _, row in source.rows(kind, item)]
    made = [(r["number"], r["issued_on"], r["customer_name"], Decimal(r["gross"])) for r in rows]
    assert made == dialect["rows"]
    assert not any(isinstance(v, float) for r in rows for v in r.values())


@pytest.mark.parametrize(
    ("days", "order"),
    [
        (["03/04/2026", "15/04/2026"], "dmy"),
        (["03/04/2026", "04/15/2026"], "mdy"),
        (["03/04/2026", "05/06/2026"], None),
    ],
    ids=["a day over 12 is first", "a day over 12 is second", "nothing tells: ask"],
)
def test_day_and_month_are_told_from_the_whole_column(written, days, order):
    """One value that can only be read one way decides for all; where none does, a person does."""
    body = "\n".join(f"A-{i};{day};10,50;EUR" for i, day in enumerate(days))
    found = sniff(written(f"Number;Date;Total;Currency\n{body}\n"))
    profile, questions = propose(found)
    if order is None:
        assert profile is None and [q.key for q in questions if q.required] == ["dates:Date"]
        assert questions[0].choices == ("dmy", "mdy")
        profile, _ = propose(found, {"dates:Date": "mdy"})
        assert profile and profile.dates_of["Date"] == "mdy"
    else:
        assert profile and profile.dates == order


def test_the_deciding_date_may_stand_far_below(written):
    """The column is read to where it decides, not only its first rows."""
    body = "\n".join(f"A-{i};0{1 + i % 9}/0{1 + i % 8}/2026;1,50;EUR" for i in range(5000))
    found = sniff(written(f"Number;Date;Total;Currency\n{body}\nA-9999;01/31/2026;1,50;EUR\n"))
    assert found.dates == "mdy"


def test_thousands_alone_are_asked(written):
    """1.234 is a thousand or a little over one: nothing in the file tells, so it is asked."""
    found = sniff(written("Number;Date;Total;Currency\nA-1;2026-01-02;1.234;EUR\nA-2;2026-01-03;5.678;EUR\n"))
    profile, questions = propose(found)
    assert profile is None and [q.key for q in questions if q.required] == ["decimal:Total"]
    profile, _ = propose(found, {"decimal:Total": ","})
    source = FileVendor.of(found.path, profile)
    assert [r["gross"] for k, i in source.fetch() for _, r in source.rows(k, i)] == ["1234", "5678"]


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["1.234.567"], ","),
        (["1,234,567"], "."),
        (["1.234,5"], ","),
        (["0,125"], ","),
        (["0.125"], "."),
        (["12,5", "1,234"], ","),
    ],
)
def test_the_decimal_mark_is_told_from_the_column(written, texts, mark):
    """A mark that repeats groups; one after a lone zero, or before other than three digits, is decimal."""
    body = "\n".join(f"A-{i};2026-01-02;{t};EUR" for i, t in enumerate(texts))
    assert sniff(written(f"Number;Date;Total;Currency\n{body}\n")).decimal == mark


def test_a_file_hardly_understood_is_asked_about(written):
    """One known heading among many is no reason to take a list of invoices for customers."""
    found = sniff(written("Qwx,Rty,Cliente,Uio\n1,2,Acme,3\n"))
    profile, questions = propose(found)
    assert profile is None and [q.key for q in questions] == ["table"] and "customers" in questions[0].choices


@pytest.mark.parametrize(
    ("text", "gross", "currency"),
    [("€ 1.234,56", "1234.56", "EUR"), ("1 234,56 zł", "1234.56", "PLN"), ("12,50-", "-12.50", "EUR"),
     ("(12,50)", "-12.50", "EUR"), ("USD 9,99", "9.99", "USD")],
)  # fmt: skip
def test_amounts_as_people_format_them(written, taken, text, gross, currency):
    """Signs, brackets, blanks and currencies in the cell are understood."""
    path = written(f"Number;Date;Total\nA-1;2026-01-02;{text}\nA-2;2026-01-02;7,25 {currency}\n")
    rows = taken(path)["invoices"]
    assert Decimal(rows[0]["gross"]) == Decimal(gross)
    assert rows[1]["currency"] == currency and rows[0].get("currency", currency) == currency


def test_a_workbook_is_exact(tmp_path, taken):
    """Cells of a workbook are binary numbers: 0.1 + 0.2 is shown, and read, as 0.3; dates are dates."""
    path = tmp_path / "facturas.xlsx"
    book = xlsxwriter.Workbook(path)
    book.add_worksheet("Portada").write(0, 0, "Informe")
    sheet = book.add_worksheet("Facturas")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write_row(1, 0, ["Empresa", "Acme"])
    sheet.write_row(3, 0, ["Nº factura", "Fecha", "Cliente", "Total", "Moneda"])
    amounts = [0.1 + 0.2, 1234567.89, 100, 4.35, 0.07]
    for at, amount in enumerate(amounts):
        sheet.write_row(4 + at, 0, [f"A-{at}", "", "Peña SL", "", "EUR"])
        sheet.write_datetime(4 + at, 1, dt.datetime(2026, 11, 5 + at), day)
        sheet.write_number(4 + at, 3, amount)
    book.close()
    assert next(sniff(path).grid.rows())[0] == 5  # as the spreadsheet numbers it
    found = taken(path)
    assert [r["gross"] for r in found["invoices"]] == ["0.3", "1234567.89", "100", "4.35", "0.07"]
    assert [r["issued_on"] for r in found["invoices"]] == [dt.date(2026, 11, 5 + at) for at in range(5)]
    assert found.profile.sheet == "Facturas"


def test_the_same_deal_from_csv_workbook_and_parquet_is_one_record(tmp_path, taken):
    """Three ways of delivery, one id and the same values: one record."""
    rows = [
        {
            "Record ID": "501",
            "Deal Name": "Roof",
            "Deal Stage": "Closed won",
            "Amount": "1200.5",
            "Currency": "EUR",
            "Close Date": "2026-11-05",
        }
    ]
    frame = pl.DataFrame(rows)
    frame.write_csv(tmp_path / "d.csv")
    frame.with_columns(pl.col("Amount").cast(pl.Float64), pl.col("Close Date").str.to_date()).write_parquet(
        tmp_path / "d.parquet"
    )
    frame.with_columns(pl.col("Amount").cast(pl.Float64)).write_excel(tmp_path / "d.xlsx")
    made = [taken(tmp_path / name)["deals"] for name in ("d.csv", "d.parquet", "d.xlsx")]
    assert made[0] == made[1] == made[2]
    assert made[0][0]["id"] == "501" and made[0][0]["won_on"] == dt.date(2026, 11, 5)
