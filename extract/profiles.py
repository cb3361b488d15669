"""Profiles: how the columns of one layout of file become rows. Made once, kept as TOML in data/profiles/.

    name = "crm-deals"
    vendor = "crm"                 # rows of several files of one system share it
    headings = ["opportunity_id", "account", "deal_stage", "close_value"]
    dates = "mdy"

    [[tables]]
    table = "deals"
    id = ["opportunity_id"]
    columns = { amount = "close_value", customer_name = "account", stage = "deal_stage" }
    constants = { currency = "USD" }
    values = { status = { Engaging = "open" } }

A column names the heading it comes from, so that one heading can fill several columns.
"""

import os
import re
import tomllib
from pathlib import Path
from typing import Any, Literal, Self

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from extract.files_errors import FileError
from extract.files_values import Mark, Order
from extract.headings import fold
from extract.headings_words import WORDS
from extract.model import TABLES, columns

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
CODED_ELSEWHERE = frozenset({"bill", "payment", "drop"})  # of invoices.kind: rows that go elsewhere or nowhere


class Target(BaseModel):
    """One table that a file fills."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    columns: dict[str, str] = Field(default_factory=dict, description="our column -> heading in the file")
    constants: dict[str, str] = Field(default_factory=dict, description="our column -> the same value on every row")
    values: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="our column -> text in the file -> our value; 'drop' leaves the row out"
    )
    id: tuple[str, ...] = Field(default=(), description="headings whose cells make the id; none: made of the content")
    numbered: bool = Field(default=False, description="several rows share the id: they are numbered, as lines are")
    only: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="heading -> cells for which a row goes to this table; others do not"
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.table not in TABLES:
            raise ValueError(f"there is no table {self.table!r}; there are {', '.join(TABLES)}")
        known = {c.name for c in columns(self.table)} | set(WORDS.get(self.table, ()))
        unknown = [c for c in (*self.columns, *self.constants, *self.values) if c not in known]
        if unknown:
            raise ValueError(f"{self.table} has no column {unknown[0]!r}")
        return self


class Profile(BaseModel):
    """How one layout of file is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    vendor: str = ""
    headings: tuple[str, ...] = ()
    sheet: str = ""
    decimal: Mark = "."
    decimal_of: dict[str, Mark] = Field(default_factory=dict, description="heading -> its own decimal mark")
    dates: Order = "ymd"
    dates_of: dict[str, Order] = Field(default_factory=dict, description="heading -> its own order")
    tables: tuple[Target, ...] = Field(min_length=1)
    version: Literal[1] = 1

    @model_validator(mode="after")
    def _named(self) -> Self:
        for what in (self.name, self.vendor or self.name):
            if not NAME.fullmatch(what):
                raise ValueError(f"{what!r} is no name: small letters, digits, - and _ only")
        return self

    @property
    def source(self) -> str:
        """Return the vendor that rows are kept under."""
        return self.vendor or self.name

    @property
    def kind(self) -> str:
        """Return the main table, which also names the sort of item."""
        return self.tables[0].table

    def used(self) -> set[str]:
        """Return the headings that the file must have."""
        found: set[str] = set()
        for target in self.tables:
            found |= {*target.columns.values(), *target.id, *target.only}
        return found

    def fits(self, given: list[str]) -> bool:
        """Return whether a file has the headings this profile reads."""
        return self.used() <= set(given)

    def same_layout(self, given: list[str]) -> bool:
        """Return whether a file has just the headings the profile was made for, in any order."""
        return signature(given) == signature(self.headings)


def signature(given: list[str] | tuple[str, ...]) -> frozenset[str]:
    """Return what tells one layout from another."""
    return frozenset(fold(h) or h for h in given)


def saved(profile: Profile, folder: Path) -> Path:
    """Write a profile, aside and then renamed, and return where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{profile.name}.toml"
    part = path.with_suffix(".toml.part")
    part.write_text(tomlkit.dumps(_plain(profile.model_dump(exclude_defaults=True))), encoding="utf-8")
    os.replace(part, path)
    return path


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, tuple | list) else value


def loaded(path: Path) -> Profile:
    """Return the profile in a file. Raises FileError naming what is wrong in it."""
    try:
        return Profile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        others = ", ".join(sorted(p.stem for p in path.parent.glob("*.toml"))) or "none yet"
        raise FileError(path, f"there is no profile {path.stem!r}. There are: {others}.") from None
    except tomllib.TOMLDecodeError as error:
        raise FileError(path, f"is not TOML ({error}).") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise FileError(path, f"{where + ': ' if where else ''}{first['msg'].removeprefix('Value error, ')}") from error


def named(name: str, folder: Path) -> Profile:
    """Return the profile of a name. Raises FileError where there is none."""
    if not NAME.fullmatch(name):
        raise FileError(folder / f"{name}.toml", f"{name!r} is no profile name: small letters, digits, - and _ only.")
    return loaded(folder / f"{name}.toml")


def known(folder: Path) -> list[Profile]:
    """Return all saved profiles, by name."""
    return [loaded(path) for path in sorted(folder.glob("*.toml"))] if folder.is_dir() else []


def recognised(given: list[str], folder: Path, account: str = "") -> Profile | None:
    """Return the saved profile made for these headings, or for all but some that were added since.

    `account`: the bank account the file names, if it does; a profile made for another one does not fit.
    """
    made = [p for p in known(folder) if p.headings]
    if account:
        made = [p for p in made if p.tables[0].constants.get("account", account) == account]
    same = [p for p in made if p.same_layout(given)]
    if same:
        return same[0]
    wider = [p for p in made if signature(p.headings) <= signature(given)]
    return max(wider, key=lambda p: len(p.headings), default=None)
