"""How the command line prints: a table for people, JSON for programs, plans as a person confirms them."""

import datetime as dt
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from reconcile.action import Plan

out = Console(soft_wrap=False)


def rows(found: Sequence[Mapping[str, Any]], json: bool, columns: Sequence[str]) -> None:
    """Print records: all their fields as JSON, or the named columns as a table."""
    if json:
        document(list(found))
        return
    if not found:
        out.print("Nothing.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        amount = isinstance(found[0].get(name), int | Decimal | float) and not isinstance(found[0].get(name), bool)
        table.add_column(name.replace("_", " "), justify="right" if amount else "left", overflow="fold")
    for record in found:
        table.add_row(*(plain(record.get(name)) for name in columns))
    out.print(table, highlight=False)


def one(record: Mapping[str, Any], json: bool) -> None:
    """Print one record."""
    if json:
        document(dict(record))
        return
    for name, value in record.items():
        out.print(f"{name.replace('_', ' '):24} {plain(value)}", highlight=False)


def document(value: Any) -> None:
    """Print one JSON document; amounts as text, so that no reader makes floats of them."""
    encoded = msgspec.json.encode(value, order="deterministic", enc_hook=str)
    sys.stdout.write(msgspec.json.format(encoded, indent=2).decode() + "\n")


def plans(offers: Sequence[Plan], json: bool) -> None:
    """Print what would be sent, field by field."""
    if json:
        document([offer.model_dump(mode="json") for offer in offers])
        return
    for offer in offers:
        out.print(f"[bold]{offer.says}[/]  [dim]{offer.vendor}[/]", highlight=False)
        for change in offer.preview:
            was = f"{change.before} → " if change.before not in (None, change.after) else ""
            out.print(f"    {change.field}: {was}{change.after or ''}", highlight=False)
        for caution in offer.cautions:
            out.print(f"    [yellow]! {caution.says}[/]", highlight=False)
        for need in offer.needs:
            out.print(f"    [red]missing {need.name}: {need.says}[/]", highlight=False)


def plain(value: Any) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    if isinstance(value, float):
        return f"{value:.1f}"
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {plain(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value))
    return str(value)
