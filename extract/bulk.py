"""Turns what vendors mean into typed columns, a batch at a time, and names the values that do not fit.

A validated object per row costs some 30 µs; a cast of a whole column costs nanoseconds a value.
"""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

from extract.model import Column, columns

RawRow = dict[str, Any]


class Misfit(NamedTuple):
    """A value that does not fit its column."""

    row: int
    field: str
    value: str
    reason: str


class Columns:
    """Rows of one table as they gather, a list of values to each column."""

    def __init__(self, table: str, rows: Sequence[RawRow] = ()) -> None:
        self.table, self.columns = table, columns(table)
        self.names = {c.name for c in self.columns}
        self.values: list[list[Any]] = [[] for _ in self.columns]
        self.add(rows)

    def add(self, rows: Sequence[RawRow]) -> None:
        """Take rows. Best a hundred at a time, just made: they are in the processor's cache still.

        Raises KeyError where a row names a column that the table lacks: that is our mistake.
        """
        for row in rows:
            if not row.keys() <= self.names:
                raise KeyError(f"{self.table} has no column {sorted(row.keys() - self.names)}")
        for c, held in zip(self.columns, self.values, strict=True):
            name = c.name
            held += [row.get(name) for row in rows]


def typed(gathered: Columns, zone: str) -> tuple[pl.DataFrame, list[Misfit]]:
    """Return the rows as typed columns, same order, with the misfits; a misfit's cell is null.

    Values may be text, int, Decimal, bool, date or instant; never float. An instant in a date column becomes the date
    in `zone`.
    """
    misfits: list[Misfit] = []
    series = []
    for c, values in zip(gathered.columns, gathered.values, strict=True):
        blank = values.count(None)
        made = _column(c, values, zone) if blank < len(values) else pl.Series(values, dtype=c.dtype)
        if c.required or c.choices or made.null_count() > blank:
            misfits += _misfits(c, values, made)
        series.append(made.alias(c.name))
    frame = pl.DataFrame(series)
    if "currency" in gathered.names and gathered.table != "lines":  # a line without one has its document's
        misfits += _without_currency(frame, [c.name for c in gathered.columns if c.sql == "DECIMAL(18,4)"])
    return frame, misfits


def _column(c: Column, values: list[Any], zone: str) -> pl.Series:
    if c.sql == "VARCHAR":
        return _text(values)
    if c.sql == "DATE":
        return _dates(values, zone)
    if c.sql == "TIMESTAMP":
        return _instants(values).dt.replace_time_zone(None)
    if c.sql == "BOOLEAN":
        return pl.Series([_BOOLEANS.get(v) if isinstance(v, str) else v for v in values], dtype=pl.Boolean)
    return _strings(values).str.strip_chars().cast(c.dtype, strict=False)


_BOOLEANS = {"true": True, "false": False, "True": True, "False": False, "1": True, "0": False}


def _strings(values: list[Any]) -> pl.Series:
    """Return text of every value; blank is null."""
    found = _given(values)
    return found.set(found == "", None)


def _given(values: list[Any]) -> pl.Series:
    """Return text of every value. A float is our mistake: it has lost cents already."""
    try:
        return pl.Series(values, dtype=pl.String)
    except TypeError:
        if any(isinstance(v, float) for v in values):
            raise TypeError(f"a float among {[v for v in values if isinstance(v, float)][:3]}") from None
        return pl.Series([None if v is None else str(v) for v in values], dtype=pl.String)


def _text(values: list[Any]) -> pl.Series:
    found = _given(values).str.strip_chars()
    return found.set(found == "", None)


def _dates(values: list[Any], zone: str) -> pl.Series:
    kinds = {type(v) for v in values}
    if kinds <= {dt.date, type(None)}:
        return pl.Series(values, dtype=pl.Date)
    texts = _strings(values if kinds <= {str, type(None)} else [None if type(v) is int else _iso(v) for v in values])
    plain = texts.str.to_date("%Y-%m-%d", strict=False)
    late = plain.is_null()
    if plain.null_count() == texts.null_count() and int not in kinds:
        return plain
    rest = texts.set(~late, None)
    if int in kinds:
        rest = _instants([v if type(v) is int else t for v, t in zip(values, rest.to_list(), strict=True)])
    else:
        rest = _parsed(rest)
    return plain.zip_with(~late, rest.dt.convert_time_zone(zone).dt.date())


def _instants(values: list[Any]) -> pl.Series:
    """Return aware UTC instants of datetimes, ISO text or Unix seconds."""
    kinds = {type(v) for v in values if v is not None}
    if kinds <= {dt.datetime}:
        aware = [v if v is None or v.tzinfo else v.replace(tzinfo=dt.UTC) for v in values]
        return (
            pl.Series([v and v.astimezone(dt.UTC).replace(tzinfo=None) for v in aware])
            .cast(pl.Datetime("us"))
            .dt.replace_time_zone("UTC")
        )
    if kinds <= {int}:
        return pl.from_epoch(pl.Series(values, dtype=pl.Int64), "s").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return _parsed(_strings(values if kinds <= {str} else [_iso(v) for v in values]))


def _parsed(texts: pl.Series) -> pl.Series:
    """Return aware UTC instants of ISO text; without a zone it is UTC, without a time it is midnight."""
    found = texts.str.to_datetime("%+", time_zone="UTC", time_unit="us", strict=False)
    if found.null_count() == texts.null_count():
        return found
    rest = texts.set(found.is_not_null(), None)
    rest = rest.str.replace(r"^(\d{4}-\d\d-\d\d) (\d)", "${1}T${2}").str.replace(
        r"^(\d{4}-\d\d-\d\dT[\d:.]+)( UTC)?$", "${1}Z"
    )
    rest = rest.str.replace(r"^(\d{4}-\d\d-\d\d)$", "${1}T00:00:00Z")
    return found.fill_null(rest.str.to_datetime("%+", time_zone="UTC", time_unit="us", strict=False))


def _iso(value: Any) -> Any:
    """Return an instant as ISO text; what is text already stays."""
    if isinstance(value, int):
        value = dt.datetime.fromtimestamp(value, dt.UTC)
    return value.isoformat() if isinstance(value, dt.datetime) else value


def _misfits(c: Column, values: list[Any], made: pl.Series) -> list[Misfit]:
    found = []
    if made.null_count():
        given = [
            i for i in made.is_null().arg_true().to_list() if values[i] not in (None, "") and str(values[i]).strip()
        ]
        found += [Misfit(i, c.name, str(values[i])[:200], f"is not {_WORDS[c.sql.split('(')[0]]}") for i in given]
        if c.required:
            missing = made.is_null().arg_true().to_list()
            found += [Misfit(i, c.name, "", "is missing") for i in missing if i not in set(given)]
    if c.choices and made.null_count() < len(made):
        wrong = (made.is_not_null() & ~made.is_in(list(c.choices))).arg_true().to_list()
        found += [Misfit(i, c.name, str(values[i])[:200], f"is none of {', '.join(c.choices)}") for i in wrong]
    return found


_WORDS = {
    "VARCHAR": "text",
    "BIGINT": "a whole number",
    "BOOLEAN": "true or false",
    "DATE": "a date",
    "TIMESTAMP": "a date and time",
    "DECIMAL": "a number",
}


def _without_currency(frame: pl.DataFrame, amounts: list[str]) -> list[Misfit]:
    bare = pl.lit(False)
    for name in amounts:
        bare = bare | (pl.col(name).is_not_null() & (pl.col(name) != Decimal(0)))
    rows = frame.select((pl.col("currency").is_null() & bare).arg_true()).to_series().to_list()
    return [Misfit(i, "currency", "", "is missing beside an amount") for i in rows]
