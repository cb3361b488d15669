"""Turns the cells of one row of a file into canonical rows, as a profile says. Pure: knows no file and no other row.

The work is prepared once per profile; a row then costs some microseconds, so a million take seconds, not minutes.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from extract import files_values as values
from extract import headings
from extract.files_errors import RowError
from extract.files_rules import RULES, Row
from extract.model import columns
from extract.profiles import Profile, Target
from extract.statements_movement import movement_id

Item = dict[str, Any]  # {"profile", "row", "cells": {heading: text}, "nth"?, "extra"?}
BLANKS = frozenset({"-", "–", "—", "n/a", "N/A", "#N/A", "null", "NULL", "None", "nan", "NaN", "0000-00-00"})
_EXEMPT = frozenset({"zw", "np", "npi", "oo", "exento", "exenta", "exempt", "exonere", "nosujeto", "none"})
_SUMS = frozenset({"total", "totals", "totales", "total general", "grand total", "subtotal", "sum", "suma", "razem",
                   "ogółem", "łącznie", "totaux", "total général"})  # fmt: skip
_LACKS = {"payments": "has no amount or no date", "invoices": "has no amount"}
_REMEMBERED = 20_000  # texts per column
_NEW = object()
_DATES = frozenset({"close_on", "booked_on"})
_AMOUNTS = frozenset({"amount_net", "amount_gross", "amount_due", "debit", "credit", "balance"})
_TAX_IDS = frozenset({"tax_id", "customer_tax_id", "payer_tax_id"})
_STRICT = frozenset({"status", "document", "direction"})  # codes that must be understood; others may stay blank
_YES_NO = frozenset({"is_won", "is_closed", "is_sent", "is_active"})


class Step(NamedTuple):
    """One column: where its text comes from and how it is read."""

    column: str
    heading: str
    convert: values.Convert
    known: dict[str, Any]  # texts read before: dates, states and names repeat


class Plan(NamedTuple):
    """One target, prepared."""

    target: Target
    steps: tuple[Step, ...]
    money: tuple[str, ...]  # headings of amounts: their cells may say a currency
    only: tuple[tuple[str, frozenset[str]], ...]
    first: bool


class Mapper:
    """Maps items of one profile."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.plans = [_plan(profile, target, at == 0) for at, target in enumerate(profile.tables)]
        # Rows are counted where several share an id, or where there is none: at most one target of a profile.
        self.counted = next((p for p in self.plans if p.target.numbered or not p.target.id), None)

    def rows(self, item: Item) -> Iterator[tuple[str, Row]]:
        """Yield (table, row). Raises RowError naming row, heading and value."""
        if item.get("extra"):
            given = len(item["cells"]) + len(item["extra"])
            raise RowError(
                item["row"], "the row", " | ".join(item["extra"]), f"stands beyond the last heading ({given} cells)"
            )
        self._refuse_sum(item)
        for plan in self.plans:
            found = self._row(plan, item)
            if found:
                yield found

    def _refuse_sum(self, item: Item) -> None:
        """Raise RowError on a row that sums those above: counted as one of them it would double the money."""
        first = next(iter(item["cells"].values()), "")
        if (
            len(first) < 20
            and first.strip(" :.").lower() in _SUMS
            and len(item["cells"]) * 2 <= len(self.profile.headings)
        ):
            raise RowError(item["row"], "the row", first, "looks like the sum of the rows above it; it is left out")

    def key(self, item: Item) -> str:
        """Return what tells this item from others of the profile; never raises."""
        cells = item["cells"]
        first = self.profile.tables[0]
        parts = [cells.get(h, "") for h in first.id]
        told = "|".join(parts) if any(parts) else _digest(json.dumps(cells, sort_keys=True))
        return f"{self.profile.name}:{told}" + (f":{item['nth']}" if item.get("nth", 1) != 1 else "")

    def base(self, item: Item) -> str:
        """Return what counted rows share: their id without its number."""
        assert self.counted is not None
        try:
            return self._base(self.counted, item)
        except RowError:
            return ""  # the row is rejected when it is mapped

    def _base(self, plan: Plan, item: Item) -> str:
        if plan.target.id:
            return "|".join(item["cells"].get(h, "") for h in plan.target.id)
        found = self._row(plan, {**item, "nth": 1})
        return found[1]["id"] if found else ""

    def _row(self, plan: Plan, item: Item) -> tuple[str, Row] | None:
        cells, target = item["cells"], plan.target
        for heading, wanted in plan.only:
            if headings.fold(cells.get(heading, "")) not in wanted:
                return None
        row: Row = dict(target.constants)
        for step in plan.steps:
            text = cells.get(step.heading)
            if text is None:
                continue
            value = step.known.get(text, _NEW)
            if value is _NEW:
                value = _converted(step, text, item)
            if value == "drop":
                return None
            if value is not None:
                row[step.column] = value
        self._take_currency(plan, item, row)
        if not plan.first and len(row) == len(target.constants):
            return None
        given_id = self._id(plan, item)
        if given_id is None and target.id:
            return None
        if given_id is not None:
            row["id"] = given_id
        rule = RULES.get(target.table)
        table = rule(row) if rule else target.table
        if table is None:
            raise RowError(item["row"], "the row", "", _LACKS[target.table])
        if given_id is None:
            row["id"] = movement_id(row, item.get("nth", 1)) if table == "payments" else _content_id(row, item)
        if target.numbered and table == "lines":
            row.setdefault("position", item.get("nth", 1))
        return table, row

    def _id(self, plan: Plan, item: Item) -> str | None:
        """Return the id from its headings; None where the profile makes it of the content, or a side row has none."""
        parts = [" ".join(item["cells"].get(h, "").split()) for h in plan.target.id]
        if not parts:
            return None
        if not any(parts):
            if plan.first:
                raise RowError(item["row"], plan.target.id[0], "", "is blank, and it is what tells rows apart")
            return None
        told = "|".join(parts)
        return f"{told}:{item.get('nth', 1)}" if plan.target.numbered else told

    def _take_currency(self, plan: Plan, item: Item, row: Row) -> None:
        """Take the currency that an amount's own cell says; it must not contradict the row's."""
        for heading in plan.money:
            text = item["cells"].get(heading)
            if not text or (text[-1] in "0123456789" and text[0] in "0123456789-+"):
                continue
            code = values.currency_in(text)
            if code and row.setdefault("currency", code) != code:
                raise RowError(item["row"], heading, text, f"is in {code}, but the row says {row['currency']}")


def _plan(profile: Profile, target: Target, first: bool) -> Plan:
    steps = tuple(
        Step(column, heading, _converter(profile, target, column, heading), {})
        for column, heading in target.columns.items()
        if column not in ("id", "vendor")
    )
    has_currency = any(c.name == "currency" for c in columns(target.table))
    money = tuple(s.heading for s in steps if has_currency and is_money(target.table, s.column))
    only = tuple((h, frozenset(map(headings.fold, wanted))) for h, wanted in target.only.items())
    return Plan(target, steps, money, only, first)


def _converted(step: Step, text: str, item: Item) -> Any:
    """Return the value of a text seen for the first time, and remember it; None where the cell says nothing."""
    try:
        value = None if text in BLANKS else step.convert(text)
    except ValueError as error:
        raise RowError(item["row"], step.heading, text, str(error)) from None
    if value == "":
        value = None
    if len(step.known) < _REMEMBERED:
        step.known[text] = value
    return value


def _converter(profile: Profile, target: Target, column: str, heading: str) -> values.Convert:
    """Return how the text of a column is read."""
    given = {headings.fold(k): v for k, v in target.values.get(column, {}).items()}
    plain = _reader(profile, target.table, column, heading)
    if not given:
        return plain
    return lambda text: given[headings.fold(text)] if headings.fold(text) in given else plain(text)


def _reader(profile: Profile, table: str, column: str, heading: str) -> values.Convert:
    known = {c.name: c for c in columns(table)}
    sql = known[column].sql if column in known else ""
    mark, order = profile.decimal_of.get(heading, profile.decimal), profile.dates_of.get(heading, profile.dates)
    utc = headings.unit(heading) == "UTC"
    if (column in known and known[column].choices) or column == "direction":
        return _coded(table, column)
    if column in _YES_NO:
        return values.boolean
    if sql == "DATE" or column in _DATES:
        return lambda text: values.date(text, order, utc)
    if sql == "TIMESTAMP":
        return lambda text: values.instant(text, order)
    if column in ("tax_rate", "discount_rate"):
        return lambda text: "0" if headings.fold(text) in _EXEMPT else values.number(text, mark)
    if sql.startswith("DECIMAL") or column in _AMOUNTS:
        return lambda text: values.number(text, mark)
    if sql == "BIGINT":
        return lambda text: _whole(text, mark)
    return _TEXTS.get(column) or (values.compact if column in _TAX_IDS else _text)


def is_money(table: str, column: str) -> bool:
    """Return whether a column, or a helping one, holds an amount of money."""
    return column in _AMOUNTS or _sql(table, column) == "DECIMAL(18,4)"


def _sql(table: str, column: str) -> str:
    return next((c.sql for c in columns(table) if c.name == column), "")


def is_dated(table: str, column: str) -> bool:
    """Return whether a column, or a helping one, holds a date or an instant."""
    return column in _DATES or _sql(table, column) in ("DATE", "TIMESTAMP")


def is_numeric(table: str, column: str) -> bool:
    """Return whether a column, or a helping one, holds an amount, a quantity or a rate."""
    return column in _AMOUNTS or _sql(table, column).startswith("DECIMAL")


def is_strict(table: str, column: str) -> bool:
    """Return whether a code must be understood for the row to be taken: a state, and what sort of document it is."""
    return column in _STRICT or (table, column) == ("invoices", "kind")


def _coded(table: str, column: str) -> values.Convert:
    strict = is_strict(table, column)

    def coded(text: str) -> str | None:
        found = headings.choice(table, column, text)
        if found is None and strict:
            raise ValueError(f"is no {column} we know. Say in the profile what it means")
        return found

    return coded


def _whole(text: str, mark: values.Mark) -> str:
    """Return a whole number; of "Net 30" or "30 days" the number in it."""
    digits = "".join(c for c in text if c.isdigit())
    try:
        return values.number(text, mark).removesuffix(".0")
    except ValueError:
        if not digits or len(digits) > 4:
            raise
        return digits


def _text(text: str) -> str:
    bare = text.strip()
    return bare[1:-1].strip() if len(bare) > 1 and bare[0] == bare[-1] == "'" else bare


_TEXTS: dict[str, Callable[[str], Any]] = {
    "currency": values.currency,
    "iban": values.account_number,
    "payer_iban": values.account_number,
    "account": values.account_number,
    "country": values.country,
    "tax_id_country": values.country,
    "language": lambda text: text.strip().lower()[:2],
    "customer_id": lambda text: " ".join(text.split()),
    "owner_id": lambda text: " ".join(text.split()),
    "parent_id": lambda text: " ".join(text.split()),
}


def _content_id(row: Row, item: Item) -> str:
    told = json.dumps({k: str(v) for k, v in row.items()}, sort_keys=True)
    nth = item.get("nth", 1)
    return _digest(told) + (f":{nth}" if nth != 1 else "")


def _digest(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:20]
