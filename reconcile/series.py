"""Numbering series: which one an invoice belongs to, and its next number, given to one invoice only.

Stripe numbers by account or by customer and knows no series; it takes a number of our own on a draft, and then leaves
it to us that numbers are in order and without gaps (API reference, "Create an invoice", `number`). So a number is taken
from the state store at the moment of issuing, and stays with its invoice however often the issuing is tried.
"""

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from reconcile import schema
from reconcile.action import Need, Sentence
from reconcile.facts import Facts, Record
from reconcile.settings import Series
from reconcile.state import State, now

_table = schema.series_numbers
_TRIES = 20  # somebody else may take the same number at the same moment, on another machine


class Counting(NamedTuple):
    """How a series is counted: its name, digits, what numbers begin with on a day, and the last one known."""

    series: Series
    prefix: str
    after: int


def series_of(deal: Record, country: str | None, facts: Facts, given: Mapping[str, str], needs: list[Need]) -> str:
    """Return the name of the series of a deal's invoice; empty where billing numbers by itself, or it has to be asked.

    Of several that fit, the one that says most. Where none fits, or two say as much, nothing is taken for granted.
    """
    known = facts.settings.invoicing.series
    if not known:
        return ""
    names = {s.name: s.name for s in known}
    if given.get("series") in names:
        return given["series"]
    fits = [s for s in known if s.pipeline in ("", deal.get("pipeline")) and s.country in ("", country or "")]
    most = max((_said(s) for s in fits), default=0)
    best = {s.name for s in fits if _said(s) == most}
    if len(best) == 1:
        return best.pop()
    values = {"pipeline": _pipeline(deal, facts), "country": country or "—"}
    text = "No numbering series is set for pipeline {pipeline} and country {country}: pick one."
    if best:
        text = "Several numbering series fit pipeline {pipeline} and country {country}: pick one."
    needs.append(Need(name="series", says=Sentence(text=text, values=values), options=names))
    return ""


def _said(series: Series) -> int:
    return bool(series.pipeline) + bool(series.country)


def _pipeline(deal: Record, facts: Facts) -> str:
    found = facts.one(
        "SELECT pipeline_name FROM stages WHERE vendor = ? AND pipeline = ? AND pipeline_name IS NOT NULL",
        deal.get("vendor"), deal.get("pipeline"),
    )  # fmt: skip
    return str((found or {}).get("pipeline_name") or deal.get("pipeline") or "—")


def counting(name: str, billing: str, day: dt.date, facts: Facts) -> Counting | None:
    """Return how the series `name` is counted at a billing connection; None where no such series is set."""
    series = next((s for s in facts.settings.invoicing.series if s.name == name), None)
    if series is None:
        return None
    prefix = prefix_of(name, day)
    last = facts.one(
        "SELECT MAX(TRY_CAST(SUBSTR(number, LENGTH(?) + 1) AS BIGINT)) AS last FROM invoices "
        "WHERE vendor = ? AND STARTS_WITH(number, ?) AND status <> 'draft'",
        prefix, billing, prefix,
    )  # fmt: skip
    return Counting(series, prefix, int((last or {}).get("last") or series.first - 1))


def prefix_of(name: str, day: dt.date) -> str:
    """Return what the numbers of a series begin with on a day."""
    return name.replace("{year}", str(day.year))


def taken(store: State, billing: str, invoice_id: str, prefix: str, after: int, key: str) -> int:
    """Return the number of an invoice in a series: the one it has, else the next, which is its own from now on.

    `after`: the highest that billing is known to have used. A number is never given to a second invoice: where the
    first is deleted instead of issued, the check on missing numbers says so.
    """
    mine = sa.select(_table.c.number).where(
        _table.c.vendor == billing, _table.c.invoice_id == invoice_id, _table.c.prefix == prefix
    )
    last = sa.select(sa.func.max(_table.c.number)).where(_table.c.vendor == billing, _table.c.prefix == prefix)
    for _ in range(_TRIES):
        try:
            with store.write() as db:
                held = db.execute(mine).scalar()
                if held is not None:
                    return int(held)
                number = max(db.execute(last).scalar() or 0, after) + 1
                values = {"vendor": billing, "prefix": prefix, "number": number, "invoice_id": invoice_id}
                db.execute(_table.insert().values(**values, key=key, taken_at=now()))
                return int(number)
        except IntegrityError:  # PostgreSQL: another machine was first
            continue
    raise RuntimeError(f"{prefix}: no free number after {_TRIES} tries")
