"""Files as a source like any vendor: what people export from their CRM, billing and bank.

    found = sniff(path)                                  # what is it?
    profile, questions = propose(found, answers)         # how is it read? what must be asked?
    source = FileVendor.of(path, profile)                # fetch, rows, key: for the store
    kind, item = next(source.fetch()); list(source.rows(kind, item))

An item keeps the cells as they stood, beside its row number and its profile's name, so that raw files can be mapped
again without the file. Bank statements in their own formats need no profile.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from extract import profiles, statements
from extract.files_cells import safe_cell
from extract.files_difference import Change, Difference, difference
from extract.files_errors import FileError, RowError
from extract.files_grid import Grid, grid
from extract.files_map import Item, Mapper
from extract.files_propose import Question, free_name, propose
from extract.files_sniff import Sniffed, above, kind_of, sniff
from extract.files_values import Evidence
from extract.profiles import Profile
from extract.statements import FORMATS

__all__ = [
    "FORMATS",
    "Change",
    "Difference",
    "Evidence",
    "FileError",
    "FileVendor",
    "Profile",
    "Question",
    "RowError",
    "Sniffed",
    "WithFiles",
    "difference",
    "file_vendors",
    "free_name",
    "propose",
    "read",
    "safe_cell",
    "sniff",
    "sources",
]

BANK = "bank"  # rows of statements whose connection has no other name
_CHECKED = 5_000  # rows looked at before reading, for dates and decimal marks against the profile


class FileVendor:
    """A file, or the files of one system: a source for the store.

    `name` is what rows are kept under. Without a path it maps items read before (rebuild, retry) and fetches nothing.
    """

    title = "Files"
    kind = "file"

    def __init__(self, name: str, known: Iterable[Profile] = (), path: Path | None = None) -> None:
        self.name, self.path = name, path
        self.profiles = {p.name: p for p in known}
        self._mappers: dict[str, Mapper] = {}
        self._chosen: Profile | None = None
        self._one_of_many = False  # the file has rows of several vendors, and a column that says whose

    @classmethod
    def of(cls, path: Path | str, profile: Profile | None = None, name: str = "") -> "FileVendor":
        """Return the source for one file: under its profile, or, for a bank statement, under a name of its own."""
        made = cls(name or (profile.source if profile else BANK), path=Path(path))
        if profile:
            made.profiles, made._chosen = {profile.name: profile}, profile
        return made

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the tables that the profiles fill."""
        return tuple(dict.fromkeys(t.table for p in self.profiles.values() for t in p.tables)) or ("payments",)

    def fetch(self, since: dt.datetime | None = None) -> Iterator[tuple[str, Item]]:
        """Yield (kind, item) of the whole file. Raises FileError where it is not what the profile reads."""
        if self.path is None:
            raise FileError(self.name, "is read by importing a file.")
        kind = kind_of(self.path)
        if kind in FORMATS:
            for item, _ in statements.movements(self.path, kind):
                yield "payments", item
            return
        if self._chosen is None:
            raise FileError(self.path, "is a table: say which profile reads it, or let it be recognised first.")
        column = self._chosen.tables[0].columns.get("vendor")
        for item_kind, item in _items(self.path, kind, self._chosen):
            if not self._one_of_many or item["cells"].get(column) == self.name:
                yield item_kind, item

    def fetch_one(self, kind: str, key: str) -> Iterator[tuple[str, Item]]:
        """Yield nothing: a file is read again by importing it."""
        return iter(())

    def rows(self, kind: str, item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (table, row) that an item means. Raises RowError naming row, heading and value."""
        if "format" in item:
            found = statements.row(item)
            if found:
                yield "payments", found
            return
        yield from self._mapper(item).rows(item)

    def key(self, kind: str, item: Item) -> str:
        """Return what tells this item from others of its kind."""
        if "format" in item:
            found = statements.row(item)
            return found["id"] if found else ""
        return self._mapper(item).key(item)

    def _mapper(self, item: Item) -> Mapper:
        name = item["profile"]
        if name not in self._mappers:
            if name not in self.profiles:
                raise KeyError(f"profile {name}")  # the item stays in rejects until its profile is back
            self._mappers[name] = Mapper(self.profiles[name])
        return self._mappers[name]


def read(path: Path | str, profile: Profile | None = None) -> Iterator[tuple[str, Item]]:
    """Yield (kind, item) of a file; a bank statement needs no profile."""
    return FileVendor.of(path, profile).fetch()


def sources(path: Path | str, profile: Profile | None = None) -> list[FileVendor]:
    """Return the sources in a file: one, or one for each vendor that its own `vendor` column names.

    Raises FileError where the column is blank somewhere or names what cannot be a vendor.
    """
    column = profile and profile.tables[0].columns.get("vendor")
    if not profile or not column:
        return [FileVendor.of(path, profile)]
    names = dict.fromkeys(item["cells"].get(column, "") for _, item in read(path, profile))
    wrong = next((n for n in names if not profiles.NAME.fullmatch(n)), None)
    if wrong is not None:
        raise FileError(path, f"has {wrong!r} in {column!r}: a vendor is small letters, digits, - and _ only.")
    made = [FileVendor.of(path, profile, name) for name in names]
    for source in made:
        source._one_of_many = True
    return made


class WithFiles:
    """A vendor whose records also came in files: maps both sorts of item, so that its raw files can be read again."""

    def __init__(self, vendor: Any, known: Iterable[Profile]) -> None:
        self._vendor, self._files = vendor, FileVendor(vendor.name, known)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vendor, name)

    def rows(self, kind: str, item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (table, row) that an item of the vendor or of a file means."""
        return (self._files if is_file_item(item) else self._vendor).rows(kind, item)

    def key(self, kind: str, item: Item) -> str:
        """Return what tells this item from others of its kind."""
        return str((self._files if is_file_item(item) else self._vendor).key(kind, item))


def is_file_item(item: Item) -> bool:
    """Return whether an item was read from a file."""
    return ("profile" in item and "cells" in item) or (item.get("format") in FORMATS and "nth" in item)


def file_vendors(folder: Path, names: Iterable[str] = ()) -> list[FileVendor]:
    """Return a source for each system that files came from: those of the profiles, and those named besides."""
    known = profiles.known(folder)
    every = dict.fromkeys([*(p.source for p in known), *names])
    return [FileVendor(name, known) for name in every]


def _items(path: Path, kind: str, profile: Profile) -> Iterator[tuple[str, Item]]:
    table = grid(path, kind, profile.sheet or None)
    missing = sorted(profile.used() - set(table.headings))
    if missing:
        has = ", ".join(table.headings[:30])
        raise FileError(path, f"lacks {', '.join(missing)}, which profile {profile.name} reads. It has: {has}.")
    _refuse_other_account(table, profile)
    _refuse_other_dialect(table, profile)
    mapper, headings, width = Mapper(profile), table.headings, len(table.headings)
    seen: Counter[str] = Counter()
    totals = _Totals(path, profile)
    for number, cells in table.rows():
        item: Item = {
            "profile": profile.name,
            "row": number,
            "cells": {h: c for h, c in zip(headings, cells, strict=False) if c},
        }
        if len(cells) > width:
            item["extra"] = cells[width:]
        if mapper.counted:
            base = mapper.base(item)
            seen[base] += 1
            item["nth"] = seen[base]
        totals.check(item)
        yield profile.kind, item


def _refuse_other_account(table: Grid, profile: Profile) -> None:
    """Raise FileError where the file names another account than the profile was made for: layouts are a bank's own."""
    account, _ = above(table)
    wanted = profile.tables[0].constants.get("account", "")
    if account and wanted and account != wanted:
        told = f"is of account {account}, but profile {profile.name} is for {wanted}"
        raise FileError(table.path, f"{told}. Make a profile for this account.")


def _refuse_other_dialect(table: Grid, profile: Profile) -> None:
    """Raise FileError where dates or amounts are plainly written in another way than the profile reads them."""
    main = profile.tables[0]
    weights = {h: Evidence() for h in set(main.columns.values())}
    places = {h: table.headings.index(h) for h in weights}
    for _, (_, cells) in zip(range(_CHECKED), table.rows(), strict=False):
        for heading, weight in weights.items():
            weight.add(cells[places[heading]])
    for heading, weight in weights.items():
        order, mark = profile.dates_of.get(heading, profile.dates), profile.decimal_of.get(heading, profile.decimal)
        told = (weight.day_first, weight.month_first)
        if weight.dates * 2 > weight.filled and any(told) and ((order == "dmy") != bool(told[0]) or all(told)):
            if all(told) and order != "ymd":
                continue  # a few odd dates: their rows are rejected by name
            wrong = f"{heading!r} has dates written {'day' if told[0] else 'month'} first"
            raise FileError(table.path, f"{wrong}, but profile {profile.name} reads {order}. Correct its `dates`.")
        if (
            weight.numbers * 2 > weight.filled
            and weight.mark
            and (weight.commas or weight.points)
            and weight.mark != mark
        ):
            wrong = f"{heading!r} has a decimal {'comma' if weight.mark == ',' else 'point'}"
            raise FileError(table.path, f"{wrong}, but profile {profile.name} reads {mark!r}. Correct its `decimal`.")


class _Totals:
    """Sees that rows with the id of one invoice are one invoice: else money would be lost without a word."""

    def __init__(self, path: Path, profile: Profile) -> None:
        self.path, main = path, profile.tables[0]
        self.ids = main.id if main.table == "invoices" else ()
        self.whose = main.columns.get("vendor", "")
        self.told_by = tuple(h for c in ("gross", "net", "issued_on", "kind") if (h := main.columns.get(c)))
        self.seen: dict[int, int] = {}  # hashes: a million invoices must not cost their text

    def check(self, item: Item) -> None:
        """Raise FileError where an invoice stands twice and differs."""
        cells = item["cells"]
        number = "|".join(cells.get(h, "") for h in self.ids)
        if not number:
            return
        told = tuple(cells.get(h, "") for h in self.told_by)
        mark = hash(told)
        if self.seen.setdefault(hash((cells.get(self.whose), number)), mark) != mark:
            raise FileError(
                self.path,
                f"row {item['row']} and one before it are both invoice {number}, "
                f"but differ in {' or '.join(self.told_by)}. If an amount is that of a line, say so (column:...); "
                "if these are two invoices, add what tells them apart to `id` in the profile.",
            )
