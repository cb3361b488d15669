"""A report as XLSX, and as CSV files in one ZIP. Text is always text: no cell can become a formula."""

import csv
import io
import zipfile
from collections.abc import Iterable
from typing import Any

import xlsxwriter

from dashboard.report.book import Tab, tabs, widths
from dashboard.report.flat import flat
from dashboard.report.table import Table
from dashboard.report.week import Report

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FORMATS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 14, "font_color": "#1B2036"},
    "head": {"bold": True, "bg_color": "#3D43C6", "font_color": "#FFFFFF", "text_wrap": True, "valign": "top"},
    "money": {"num_format": "#,##0.00;[Red]-#,##0.00"},
    "days": {"num_format": "0.0"},
    "count": {"num_format": "#,##0"},
    "number": {"num_format": "General"},
    "date": {"num_format": "yyyy-mm-dd"},
    "moment": {"num_format": "yyyy-mm-dd hh:mm"},
    "text": {},
}


def xlsx(report: Report) -> bytes:
    """Return a report as a workbook."""
    return workbook(tabs(report), report.period.title(), report.company)


def workbook(sheets: Iterable[Tab], title: str, company: str) -> bytes:
    """Return the workbook of these tabs."""
    made = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(made, {"constant_memory": True, **options}) as book:  # a row is let go once it is written
        book.set_properties({"title": title, "company": company})
        formats = {name: book.add_format(said) for name, said in _FORMATS.items()}
        for tab in sheets:
            _write(book.add_worksheet(tab.name), tab, formats)
    return made.getvalue()


def _write(sheet: Any, tab: Tab, formats: dict[str, Any]) -> None:
    for at, wide in enumerate(widths(tab.rows)):
        sheet.set_column(at, at, wide)
    for y, row in enumerate(tab.rows):
        for x, (value, sort) in enumerate(row):
            if value is None:
                continue
            if sort in ("date", "moment"):
                sheet.write_datetime(y, x, value, formats[sort])
            elif sort in ("money", "days", "count", "number"):
                sheet.write_number(y, x, value, formats[sort])
            else:
                sheet.write_string(y, x, str(value)[:32_767], formats[sort])
    if tab.head >= 0 and tab.rows:
        sheet.freeze_panes(tab.head + 1, 0)
        sheet.autofilter(tab.head, 0, max(tab.head, len(tab.rows) - 1), len(tab.rows[tab.head]) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(max(tab.head, 0))


def csv_zip(report: Report) -> bytes:
    """Return a ZIP of one CSV for each table and the flat one: stable codes as headings, amounts with a point."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for found in (*report.tables, flat(report)):
            archive.writestr(f"{found.name}.csv", csv_text(found))
    return made.getvalue()


def csv_text(found: Table) -> str:
    """Return a table as CSV, with a mark at the beginning by which Excel sees UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([c.name for c in found.columns])
    for row in found.rows:
        writer.writerow([_cell(c.sort, v) for c, v in zip(found.columns, row, strict=True)])
    return "\ufeff" + out.getvalue()


def _cell(sort: str, value: Any) -> str:
    said = "" if value is None else str(value)
    return "'" + said if sort in ("text", "word") and said.startswith(_FORMULA) and not _is_number(said) else said


def _is_number(said: str) -> bool:
    return said[1:].replace(".", "", 1).isdigit() and said[0] == "-"
