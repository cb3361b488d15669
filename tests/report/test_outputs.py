"""What goes out says the same: page, workbook, mail, PDF and Google Sheet, cell by cell; and nothing is calculated."""

import datetime as dt
import io
import re
import zipfile
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pypdfium2
import pytest

from dashboard.report import book, flat, mail, pdf, period, sheets, spoken, week, xlsx
from dashboard.words import speaking
from reconcile.settings import Company, Mail, Reports, Settings

D = Decimal
SETTINGS = Settings(company=Company(name="Żółć & Señales SL"), mail=Mail(sender="cuadra@example.com"))
LAST_WEEK = period.last("week", dt.date(2026, 11, 23))


@pytest.fixture
def report(small: Path) -> week.Report:
    return week.make(small, LAST_WEEK, SETTINGS)


@pytest.fixture
def sold(sample: Path) -> week.Report:
    """A report of the sample company with something in every list that it can have."""
    return week.make(sample, period.around("month", dt.date(2026, 10, 15)), SETTINGS)


class Cells(HTMLParser):
    """Reads the data tables of a mail: by id, rows of cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.name, self.inside = "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "table":
            self.name = said.get("id") or ""
            if self.name:
                self.tables[self.name] = []
        if self.name and tag == "tr":
            self.tables[self.name].append([])
        if self.name and tag in ("td", "th"):
            self.tables[self.name][-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("td", "th")
        if tag == "table":
            self.name = ""

    def handle_data(self, data: str) -> None:
        if self.name and self.inside:
            self.tables[self.name][-1][-1] += data


def pages(made: bytes) -> list[str]:
    with pypdfium2.PdfDocument(made) as found:
        return [page.get_textpage().get_text_range() for page in found]


def squeezed(text: str) -> str:
    """Return a text without its blanks: a PDF breaks lines where a cell is narrow."""
    return re.sub(r"[\s\ufffe\u00ad-]", "", text)


def workbook(made: bytes) -> dict[str, list[list[Any]]]:
    found = openpyxl.load_workbook(io.BytesIO(made))
    return {sheet.title: [list(row) for row in sheet.iter_rows(values_only=True)] for sheet in found}


def exact(sort: str, value: Any) -> Any:
    """Return a cell of a workbook as the report has it."""
    if value is None:
        return None
    if sort in ("money", "days", "number"):
        return D(str(value)).quantize(D("0.01"))
    return value.date() if sort == "date" else value


def number(text: str) -> Decimal | None:
    """Return what a reader of an amount such as -PLN 1,200.50 understands."""
    digits = re.sub(r"[^\d.]", "", text)
    return (-D(digits) if text.startswith("-") else D(digits)) if digits else None


@pytest.mark.capability("PLUS-11", "REPORT-2")
def test_workbook_mail_pdf_and_sheet_are_equal_cell_by_cell(sold: week.Report) -> None:
    """Every cell of every table that a channel shows is the report's own value, to the cent."""
    cells = workbook(xlsx.xlsx(sold))
    draft = mail.mail(sold, "ana@example.com", SETTINGS, "k")
    parsed = Cells()
    parsed.feed(draft.html)
    printed = squeezed("".join(pages(pdf.pdf(sold))))
    compared = 0
    for tab in book.tabs(sold):
        told = cells[tab.name]
        for y, row in enumerate(tab.rows):
            for x, (value, sort) in enumerate(row):
                wanted = value.quantize(D("0.01")) if isinstance(value, Decimal) else value
                assert exact(sort, told[y][x] if y < len(told) and x < len(told[y]) else None) == wanted, (
                    tab.name,
                    y,
                    x,
                )
                raw = sheets._cell(value, sort)
                if isinstance(value, Decimal):
                    assert D(str(raw)) == value
                elif sort in ("text", "head", "title"):
                    assert raw == (value or "")
                compared += 1
    assert compared > 1_500
    for found in sold.tables:
        if found.name in parsed.tables:
            shown = [c for c in spoken.columns(found) if c.name not in ("stale", "error") or any(found.column(c.name))]
            at = [spoken.columns(found).index(c) for c in shown]
            lines = [[line[i] for i in at] for line in spoken.lines(found)]
            mailed = parsed.tables[found.name][1:]
            for told, row in zip(mailed, found.rows, strict=False):
                for text, column in zip(told, shown, strict=True):
                    if column.sort in ("money", "days", "count"):
                        assert number(text) == row[found.place(column.name)], (found.name, column.name)
                        compared += 1
            assert mailed == lines[: len(mailed)] and mailed
            assert len(mailed) == (len(lines) if found.name in mail.WHOLE else min(len(lines), week.TOP))
        if found.name not in pdf.LEFT_OUT:
            for line in spoken.lines(found, pdf.MOST):
                for text in line:
                    assert squeezed(text) in printed, (found.name, text)
    assert {"totals", "not_invoiced", "overdue", "ageing"} <= set(parsed.tables)


def test_the_flat_table_has_every_number_once_and_its_form_never_moves(report: week.Report) -> None:
    """Looker Studio is built on these columns: period, days, table, item, measure, currency, unit, value."""
    data = flat.flat(report)
    assert [c.name for c in data.columns] == [
        "period", "start", "end", "as_of", "table", "item", "measure", "currency", "unit", "value"
    ]  # fmt: skip
    rows = [r for r in data.records() if r["table"] == "totals" and r["measure"] == "amount" and r["currency"] == "EUR"]
    assert {r["item"]: D(r["value"]) for r in rows}["won"] == 1500
    keys = [tuple(row[:-1]) for row in data.rows]
    assert len(set(keys)) == len(keys)
    with speaking("es"):
        assert flat.flat(report) == data


def test_lists_are_exported_with_nothing_that_calculates(report: week.Report) -> None:
    """A customer called "=Acme …" is text in the workbook and marked in CSV; amounts below zero stay numbers."""
    found = openpyxl.load_workbook(io.BytesIO(xlsx.xlsx(report)))
    cells = [c for sheet in found for row in sheet.iter_rows() for c in row if c.value is not None]
    assert any(str(c.value).startswith("=Acme") for c in cells)
    assert all(c.data_type != "f" for c in cells)
    with zipfile.ZipFile(io.BytesIO(xlsx.csv_zip(report))) as archive:
        payments = archive.read("payments.csv").decode("utf-8-sig").splitlines()
        differences = archive.read("differences.csv").decode("utf-8-sig")
        assert set(archive.namelist()) == {f"{t.name}.csv" for t in report.tables} | {"flat.csv"}
    assert payments[0] == "on_day,record,customer,invoice,method,currency,amount"
    assert payments[1] == "2026-11-20,FV-2026-101,'=Acme & <b>Señales</b>,FV-2026-101,transfer,EUR,210.00"
    assert re.search(r",EUR,-\d", differences)


def test_a_printed_report_is_numbered_repeats_its_headings_and_is_archivable(sold: week.Report) -> None:
    """PDF/A-2b, pages 1 / n, accents and Polish letters right, headings again where a table goes on."""
    made = pdf.pdf(sold)
    found = pages(made)
    assert len(found) >= 3
    for number, text in enumerate(found, 1):
        assert f"{number} / {len(found)}" in text
    assert "Żółć & Señales SL" in found[0]
    assert b"pdfaid:part" in made and b"OutputIntent" in made
    overdue = [t for t in found if "Salesperson" in t and "Due" in t and "Customer" in t]
    assert overdue
    again = pdf.pdf(sold)
    assert again == made, "the same report is the same file"


def test_a_picture_on_paper_or_what_to_do_about_it(report: week.Report, tmp_path: Path) -> None:
    logo = tmp_path / "logo.svg"
    logo.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>'
    )
    assert len(pdf.pdf(report, logo)) != len(pdf.pdf(report))
    with pytest.raises(pdf.NoLogo, match="PNG, JPEG or SVG"):
        pdf.pdf(report, tmp_path / "gone.png")
    logo.write_text("no picture")
    with pytest.raises(pdf.NoLogo, match="cannot be read"):
        pdf.pdf(report, logo)


@pytest.mark.capability("REPORT-3")
def test_the_mail_reads_without_pictures_and_loads_nothing(report: week.Report) -> None:
    """Key figures as text, charts inside the message with what they show, the PDF attached, names escaped."""
    said = SETTINGS.model_copy(update={"reports": Reports(address="https://cuadra.example")})
    draft = mail.mail(report, "Ana <ana@example.com>", said, "k")
    message = draft.message()
    kinds = [part.get_content_type() for part in message.walk()]
    assert kinds[:4] == ["multipart/mixed", "multipart/alternative", "text/plain", "multipart/related"]
    assert kinds.count("image/png") == 3 and kinds[-1] == "application/pdf"
    text = message.get_body(("plain",)).get_content()
    assert "Won: €1,500 (+€1,200 since the period before)" in text and "FV-2026-104" in text
    page = message.get_body(("html",)).get_content()
    assert "=Acme &amp; &lt;b&gt;Señales" in page and "<b>Señales" not in page
    assert set(re.findall(r'(?:src|href)="([^"]+)"', page)) == {
        "cid:chart-totals", "cid:chart-ageing", "cid:chart-forecast", "https://cuadra.example"
    }  # fmt: skip
    for tag in re.findall(r"<img[^>]+>", page):
        assert re.search(r'alt="[^"]*€', tag)
    ids = {part["Content-ID"] for part in message.walk() if part.get_content_type() == "image/png"}
    assert ids == {"<chart-totals>", "<chart-ageing>", "<chart-forecast>"}
