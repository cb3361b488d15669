"""Canonical fields as text and as values: what differs between what is there and what is wanted."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import polars as pl

from extract.model import columns


def typed(table: str, field: str, text: str | None) -> Any:
    """Return the value of a canonical field written as text; None for empty. ValueError if it cannot be one."""
    if not text:
        return None
    kind = _kinds(table)[field]
    if isinstance(kind, pl.Decimal):
        return Decimal(text)
    if kind == pl.Date:
        return dt.date.fromisoformat(text)
    return int(text) if kind == pl.Int64 else text


def changed(now: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return those wanted values that are not so now."""
    return {name: value for name, value in wanted.items() if (now.get(name) or None) != (value or None)}


def text(value: Any) -> str:
    """Return a canonical value as text that `typed` reads back; money with its two decimals unless it has more."""
    if isinstance(value, Decimal):
        return f"{value:.2f}" if value == value.quantize(Decimal("0.01")) else f"{value.normalize():f}"
    return "" if value is None else str(value)


@cache
def _kinds(table: str) -> dict[str, Any]:
    return {c.name: c.dtype for c in columns(table)}
