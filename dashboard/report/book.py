"""A report as a workbook: which tables are on which tab. XLSX and Google Sheets write the same tabs."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from dashboard.report import spoken
from dashboard.report.flat import flat
from dashboard.report.table import Column, Table
from dashboard.report.week import Report
from dashboard.words import _

FLAT = "Data"  # the name is stable in every language: others build on it


class Tab(NamedTuple):
    """A sheet: a stable code, its name, and rows of cells. A cell is (value, sort); `title` and `head` are for words.

    `head` is the row of the headings that stay in view, from 0; -1 where there is none.
    """

    code: str
    name: str
    rows: list[list[tuple[Any, str]]]
    head: int = 0


def tabs(report: Report) -> list[Tab]:
    """Return the summary, a tab for each list, and the flat table."""
    found = [_summary(report)]
    found += [Tab(t.name, _name(t), _block(t)) for t in report.tables if t.name not in spoken.SHORT]
    data = flat(report)
    head = [(c.name, "head") for c in data.columns]
    value = data.place("value")
    rows = [[(Decimal(v), "number") if i == value else (v, "text") for i, v in enumerate(row)] for row in data.rows]
    return [*found, Tab("flat", FLAT, [head, *rows])]


def _summary(report: Report) -> Tab:
    rows: list[list[tuple[Any, str]]] = [[(report.period.title(), "title")], [(report.company, "text")]]
    rows += [[(note, "text")] for note in spoken.notes(report)]
    for name in spoken.SHORT:
        rows += [[], [(spoken.title(name), "title")], *_block(report.table(name))]
    return Tab("summary", _("Summary"), rows, -1)


def _name(table: Table) -> str:
    """Return a tab's name: at most 31 characters, and none of those a workbook refuses."""
    return "".join(c for c in spoken.title(table.name) if c not in "[]:*?/\\'")[:31]


def _block(table: Table) -> list[list[tuple[Any, str]]]:
    head = [(spoken.heading(c), "head") for c in table.columns]
    return [head, *([(spoken.plain(table, c, v), _sort(c)) for c, v in zip(table.columns, row, strict=True)]
                    for row in table.rows)]  # fmt: skip


def _sort(column: Column) -> str:
    return "text" if column.sort == "word" else column.sort


def widths(rows: Sequence[Sequence[tuple[Any, str]]], most: int = 60) -> list[int]:
    """Return how wide the columns have to be, in characters, by the first rows."""
    found: list[int] = []
    for row in rows[:200]:
        for at, (value, sort) in enumerate(row):
            size = 12 if sort in ("money", "date") else 18 if sort == "moment" else len(str(value or "")) + 2
            if sort == "title" or (len(row) == 1 and sort == "text"):
                continue
            found += [8] * (at + 1 - len(found))
            found[at] = min(most, max(found[at], size))
    return found
