"""Turns what vendors mean into typed columns, a batch at a time, and names the values that do not fit.

A validated object per row costs some 30 µs; a cast of a whole column costs nanoseconds a value.
"""

import datetime as dt
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


def typed(table: str, rows: list[RawRow], zone: str) -> tuple[pl.DataFrame, list[Misfit]]:
    """Return the rows as typed columns, same order, with the misfits; a misfit's cell is null.

    Values may be text, int, Decimal, bool, date or instant; never float. An instant in a date column becomes the date
    in `zone`. Raises KeyError where a row names a column that the table lacks: that is our mistake.
    """
    wanted = columns(table)
    names = {c.name for c in wanted}
    misfits: list[Misfit] = []
    series = []
    for row in rows:
        if not row.keys() <= names:
            raise KeyError(f"{table} has no column {sorted(row.keys() - names)}")
    for c in wanted:
        values = [row.get(c.name) for row in rows]
        made = _column(c, values, zone)
        misfits += _misfits(c, values, made)
        series.append(made.alias(c.name))
    frame = pl.DataFrame(series)
    if "currency" in names and table != "lines":  # a line without one has its document's
        misfits += _without_currency(frame, [c.name for c in wanted if c.sql == "DECIMAL(18,4)"])
    return frame, misfits


def _column(c: Column, values: list[Any], zone: str) -> pl.Series:
    if not any(v is not None for v in values):
        return pl.Series(values, dtype=c.dtype)
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
    """Return text of every value; blank is null. A float is our mistake: it has lost cents already."""
    try:
        found = pl.Series(values, dtype=pl.String)
    except TypeError:
        if any(isinstance(v, float) for v in values):
            raise TypeError(f"a float among {[v for v in values if isinstance(v, float)][:3]}") from None
        found = pl.Series([None if v is None else str(v) for v in values], dtype=pl.String)
    return found.set(found == "", None)


def _text(values: list[Any]) -> pl.Series:
    found = _strings(values).str.strip_chars()
    return found.set(found == "", None)


def _dates(values: list[Any], zone: str) -> pl.Series:
    if {type(v) for v in values} <= {dt.date, type(None)}:
        return pl.Series(values, dtype=pl.Date)
    days = _strings([None if type(v) in (int, dt.datetime) else v for v in values])
    plain = days.str.to_date("%Y-%m-%d", strict=False)
    late = [v if p is None else None for v, p in zip(values, plain, strict=True)]
    if not any(v is not None for v in late):
        return plain
    instants = _instants([None if type(v) is dt.date else v for v in late])
    return plain.zip_with(plain.is_not_null(), instants.dt.convert_time_zone(zone).dt.date())


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
    texts = _strings([_iso(v) for v in values])
    texts = texts.str.replace(r"^(\d{4}-\d\d-\d\d) (\d)", "${1}T${2}").str.replace(
        r"^(\d{4}-\d\d-\d\dT[\d:.]+)( UTC)?$", "${1}Z"
    )
    texts = texts.str.replace(r"^(\d{4}-\d\d-\d\d)$", "${1}T00:00:00Z")
    return texts.str.to_datetime("%+", time_zone="UTC", time_unit="us", strict=False)


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
    if c.choices:
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
