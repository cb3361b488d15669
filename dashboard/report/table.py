"""What a report is made of: tables of exact values. Every channel writes the same tables; none computes anything."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple

Sort = Literal["text", "word", "money", "days", "count", "date", "moment"]
# text: as somebody wrote it · word: a stable code, translated when it is shown · money: beside the row's currency


class Column(NamedTuple):
    """One column: a stable name and what its values are."""

    name: str
    sort: Sort = "text"


class Table(NamedTuple):
    """Rows of values: Decimal, int, date, naive UTC datetime, text or None, as the columns say. `name` is stable."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]

    def column(self, name: str) -> list[Any]:
        """Return the values of one column."""
        at = self.place(name)
        return [row[at] for row in self.rows]

    def place(self, name: str) -> int:
        """Return where a column is. KeyError if there is none."""
        for at, column in enumerate(self.columns):
            if column.name == name:
                return at
        raise KeyError(name)

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as dictionaries."""
        names = [c.name for c in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def table(name: str, columns: Mapping[str, Sort], rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return a table of those values of the rows that have a column."""
    return Table(
        name,
        tuple(Column(*pair) for pair in columns.items()),
        tuple(tuple(_value(sort, row.get(key)) for key, sort in columns.items()) for row in rows),
    )


def _value(sort: Sort, value: Any) -> Any:
    if value is None or value == "":
        return None
    if sort == "money":
        return Decimal(value).quantize(Decimal("0.01"))
    if sort == "days":
        return Decimal(value).quantize(Decimal("0.1"))
    if sort == "count":
        return int(value)
    if sort == "moment":
        return value.replace(microsecond=0)
    return value if sort == "date" else str(value)


def written(found: Table) -> dict[str, Any]:
    """Return a table as JSON can hold it: amounts and days as text, exactly."""
    rows = [[v if v is None or isinstance(v, int) else str(v) for v in row] for row in found.rows]
    return {"name": found.name, "columns": [list(c) for c in found.columns], "rows": rows}


def read(kept: Mapping[str, Any]) -> Table:
    """Return the table that `written` wrote."""
    columns = tuple(Column(*c) for c in kept["columns"])
    rows = tuple(tuple(_parsed(c.sort, v) for c, v in zip(columns, row, strict=True)) for row in kept["rows"])
    return Table(kept["name"], columns, rows)


def _parsed(sort: str, value: Any) -> Any:
    if value is None:
        return None
    if sort in ("money", "days"):
        return Decimal(value)
    if sort == "date":
        return dt.date.fromisoformat(value)
    return dt.datetime.fromisoformat(value) if sort == "moment" else value
