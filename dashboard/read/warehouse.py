"""One short look at the warehouse, read-only. It is opened once for all who ask, and anew when the file is replaced: a
connection kept longer would show yesterday's file. Answers are remembered as long.
"""

import inspect
import os
import re
import threading
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import duckdb

from dashboard.read import own
from reconcile import access

FILE = "warehouse.duckdb"
MEMORY = "1GB"  # at most, for all who ask at once
_KEPT = 256  # answers remembered, of each question
_OPEN = 4  # warehouses kept open: the company's, and those of salespeople who look just now

P = ParamSpec("P")
T = TypeVar("T")
Row = dict[str, Any]
Stamp = tuple[int, int, int]

_open: dict[Path, tuple[Stamp, duckdb.DuckDBPyConnection]] = {}
_lock = threading.Lock()


class NoWarehouse(Exception):
    """Nothing was reconciled yet."""


class Db:
    """One short look at the warehouse."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def rows(self, sql: str, **values: Any) -> list[Row]:
        """Return the answer, a dictionary a row."""
        found = self.connection.execute(sql, values)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def row(self, sql: str, **values: Any) -> Row | None:
        """Return the first row of the answer."""
        return next(iter(self.rows(sql, **values)), None)

    def one(self, sql: str, **values: Any) -> Any:
        """Return the first value of the first row."""
        found = self.row(sql, **values)
        return next(iter(found.values())) if found else None

    def has(self, table: str) -> bool:
        """Return whether the warehouse has a table."""
        return bool(self.one("SELECT COUNT(*) FROM duckdb_tables() WHERE table_name = $table", table=table))


def data_folder() -> Path:
    """Return the data folder: CUADRA_DATA, else data/ where we were started."""
    return _folder(os.environ.get("CUADRA_DATA") or "data")


@cache
def _folder(name: str) -> Path:
    return Path(name)  # asked a hundred times for each click


def stamp(data: Path) -> Stamp:
    """Return what changes when the warehouse is replaced. NoWarehouse where there is none."""
    try:
        seen = os.stat(f"{data}/{FILE}")
    except FileNotFoundError as error:
        raise NoWarehouse(str(data / FILE)) from error
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


def ready(data: Path) -> bool:
    """Return whether there is a warehouse to ask."""
    return (data / FILE).exists()


def visible(data: Path) -> Path:
    """Return the folder whose warehouse answers whoever asks: a salesperson's holds nothing but what is their own."""
    person = access.acting()
    return data if person.sees_all or not ready(data) else own.place(data, person.emails)


def _look(data: Path, at: Stamp) -> duckdb.DuckDBPyConnection:
    """Return a connection to the warehouse as it is `at`; whoever asks closes it.

    Attached, not connected to: while another thread still looks at the file that was replaced, a connection by name
    would share its view and show yesterday's file as today's.
    """
    with _lock:
        seen, opened = _open.pop(data, (None, None))
        if opened is None or seen != at:
            # What does not fit in memory goes beside the warehouse, not where the program was started.
            opened = duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": f"{data / FILE}.tmp"})
            path = str(data / FILE).replace("'", "''")
            opened.execute(f"ATTACH '{path}' AS warehouse (READ_ONLY)")
        _open[data] = at, opened  # last, as the one looked at last; who still reads the replaced one keeps it
        if len(_open) > _OPEN:
            del _open[next(iter(_open))]
        look = opened.cursor()
    return look.execute("USE warehouse")


def question(ask: Callable[Concatenate[Db, P], T]) -> Callable[Concatenate[Path, P], T]:
    """Make a question of the warehouse: called with the data folder, it opens, asks, closes and remembers.

    What it returns is shared between readers who see the same, and must not be changed by them.
    """
    takes = inspect.signature(ask)

    @lru_cache(maxsize=_KEPT)
    def remembered(data: Path, at: Stamp, args: tuple[Any, ...], named: tuple[tuple[str, Any], ...]) -> T:
        with _look(data, at) as look:
            return ask(Db(look), *args, **dict(named))

    @wraps(ask)
    def asked(data: Path, *args: P.args, **named: P.kwargs) -> T:
        seen = visible(data)
        given = takes.bind(None, *args, **named)
        given.apply_defaults()  # what is left out and what is said to be the same is one question
        return remembered(seen, stamp(seen), given.args[1:], tuple(sorted(given.kwargs.items())))

    return asked


def matches(words: str) -> str:
    """Return the SQL condition that the SQL expression `words` holds the search text; $text is what `pattern` made."""
    return f"($text = '' OR regexp_matches({words}, $text))"


def pattern(text: str) -> str:
    """Return the expression that finds a search text whatever its case and accents; empty for any text.

    Spelling the accents out in the expression is seven times as fast as taking them off every row.
    """
    searched = plain(text)
    return "(?i)" + "".join(_variants().get(c, re.escape(c)) for c in searched) if searched else ""


@cache
def _variants() -> dict[str, str]:
    """Return for each letter the class of all letters that `plain` makes the same."""
    letters: dict[str, list[str]] = {}
    for code in (*range(0x61, 0x7B), *range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        letters.setdefault(plain(chr(code)), []).append(chr(code))
    return {base: f"[{''.join(same)}]\\pM*" for base, same in letters.items() if len(base) == 1 and len(same) > 1}


def plain(text: str) -> str:
    """Return a search text as questions compare it: lower case, without accents."""
    decomposed = unicodedata.normalize("NFKD", text.strip().lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(str.maketrans("łøđ", "lod"))
