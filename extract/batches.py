"""One reading on its way into rows.duckdb: mapped a batch at a time, staged beside, settled in one transaction."""

import datetime as dt
import gc
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

import duckdb
import msgspec
import polars as pl

from extract.behind import Behind
from extract.bulk import Columns, typed
from extract.files_errors import RowError
from extract.model import TABLES, columns
from extract.raw import Item, Run
from extract.rows import LEDGERS, LIMITS, naive, opened

BATCH = 10_000  # items mapped at a time: bounds memory, whatever the size of the reading
SHOWN = 200  # changed rows of an import whose values are told
MAPPING_ERRORS = (KeyError, ValueError, TypeError, AttributeError, ArithmeticError, IndexError)
Progress = Callable[[str, int], None]


class Change(NamedTuple):
    """One value that a row brings instead of another."""

    id: str
    field: str
    before: Any
    after: Any


class Source(Protocol):
    """What can be read: a vendor, or a file with its profile."""

    name: str

    def fetch(self, since: dt.datetime | None) -> Iterator[tuple[str, Item]]:
        """Yield (kind, item)."""

    def fetch_one(self, kind: str, key: str) -> Iterator[tuple[str, Item]]:
        """Yield one item again."""

    def rows(self, kind: str, item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield (table, row)."""

    def key(self, kind: str, item: Item) -> str:
        """Return the item's key."""


class Reading(NamedTuple):
    """What a reading brought."""

    vendor: str
    mode: Literal["full", "modified", "import"]
    items: int = 0
    rejected: int = 0
    rows: Mapping[str, int] = MappingProxyType({})
    error: str = ""
    seconds: float = 0.0
    new: int = 0  # rows that were not there; counted in all but full readings
    changed: int = 0  # rows that were there with other values
    changes: tuple[Change, ...] = ()  # of an import: which values, the first SHOWN rows of them


_ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_STAGE = "CREATE TABLE _items (_kind VARCHAR, _key VARCHAR, _seq BIGINT, bad BOOLEAN); " + LEDGERS.split(";")[2]


class _Sparing:
    """While somebody is reading, Python looks for cyclic garbage rarely: items have none, and there are millions."""

    def __init__(self) -> None:
        self.lock, self.readers, self.usual = threading.Lock(), 0, gc.get_threshold()

    def __enter__(self) -> None:
        with self.lock:
            if not self.readers:
                self.usual = gc.get_threshold()
                gc.set_threshold(50 * BATCH, *self.usual[1:])
            self.readers += 1

    def __exit__(self, *error: object) -> None:
        with self.lock:
            self.readers -= 1
            if not self.readers:
                gc.set_threshold(*self.usual)


sparing = _Sparing()


class Batches:
    """One run on its way into rows.duckdb: mapped a batch at a time into staging tables, settled in one transaction."""

    def __init__(
        self,
        data: Path,
        vendor: Source,
        run: Run,
        zone: str,
        progress: Progress | None = None,
    ) -> None:
        self.data, self.vendor, self.run, self.zone, self.progress = data, vendor, run, zone, progress
        self.file = data / f".{run.vendor}.stage.duckdb"
        self.staged: set[str] = set()
        self.new = self.changed = 0
        self.changes: list[Change] = []
        self.items = 0
        self._start()

    def __enter__(self) -> "Batches":
        self.file.unlink(missing_ok=True)
        self.db = duckdb.connect(self.file)
        self.db.execute(f"{LIMITS}; {_STAGE}")
        self.behind = Behind()  # inserts while the next items come and are mapped
        return self

    def __exit__(self, *error: object) -> None:
        with suppress(Exception):  # what broke is on its way up already
            self.behind.close()
        self.db.close()
        self.file.unlink(missing_ok=True)

    def add(self, items: list[tuple[str, Item]]) -> None:
        """Take items, map each; every BATCH of them is typed and staged."""
        rows, key, name = self.vendor.rows, self.vendor.key, self.vendor.name
        found: dict[str, tuple[list[dict[str, Any]], list[int]]] = defaultdict(lambda: ([], []))
        for at, (kind, item) in enumerate(items, len(self.waiting)):
            try:
                self.keys.append(key(kind, item))
                for table, row in rows(kind, item):
                    row["vendor"] = name
                    made, marks = found[table]
                    made.append(row)
                    marks.append(at)
            except MAPPING_ERRORS as error:
                if len(self.keys) == at:
                    self.keys.append(f"?{self.items + at}")
                field, value = _blamed(error)
                self.rejected.append((at, field, value, f"{type(error).__name__}: {error}"))
        for table, (made, marks) in found.items():
            gathered, held = self.found.setdefault(table, (Columns(table), []))
            gathered.add(made)
            held += marks
        self.waiting += items
        if len(self.waiting) >= BATCH:
            self.stage()

    def stage(self) -> None:
        """Put what waits into the staging tables."""
        frames, rejected = {}, self.rejected
        for table, (gathered, marks) in self.found.items():
            frame, misfits = typed(gathered, self.zone)
            frames[table] = frame.with_columns(_at=pl.Series(marks, dtype=pl.Int64))
            rejected += [
                (marks[m.row], f"{table}.{m.field}", m.value, f"{m.field} {m.value!r} {m.reason}") for m in misfits
            ]
        count = len(self.waiting)
        items = [(*self.waiting[at], self.keys[at], *why) for at, *why in rejected]
        found = pl.DataFrame(
            {
                "_kind": pl.Series([kind for kind, _ in self.waiting], dtype=pl.String),
                "_key": pl.Series(self.keys, dtype=pl.String),
                "_seq": pl.int_range(self.items, self.items + count, eager=True),
            }
        ).with_columns(bad=pl.int_range(count, eager=True).is_in([at for at, *_ in rejected]))
        self.behind.do(self._insert, frames, found, items)
        self.items += count
        if self.progress and count:
            self.progress(self.waiting[-1][0], self.items)
        self._start()
        gc.collect(0)  # replies of the client are cycles

    def _start(self) -> None:
        self.waiting: list[tuple[str, Item]] = []
        self.keys: list[str] = []  # of what waits
        self.found: dict[str, tuple[Columns, list[int]]] = {}  # rows of a table, and of which item each is
        self.rejected: list[tuple[int, str, str, str]] = []  # which, field, value, why

    def _insert(
        self, frames: dict[str, pl.DataFrame], marks: pl.DataFrame, rejected: list[tuple[str, Item, str, str, str, str]]
    ) -> None:
        self.db.execute("INSERT INTO _items SELECT _kind, _key, _seq, bad FROM marks")
        for table, frame in frames.items():
            staged = frame.with_columns(marks[frame["_at"]].select("_kind", "_key", "_seq")).drop("_at")
            if rejected:
                staged = staged.filter(~marks["bad"].gather(frame["_at"]))
            if table not in self.staged:
                self.db.execute(f"CREATE TABLE _new_{table} AS SELECT * FROM staged")
                self.staged.add(table)
            elif len(staged):
                self.db.execute(f"INSERT INTO _new_{table} SELECT * FROM staged")
        now = naive(dt.datetime.now(dt.UTC))
        for kind, item, key, field, value, reason in rejected:
            held = [self.vendor.name, kind, key, field, value, reason, self.run.id, now, _ENCODE(item).decode()]
            self.db.execute("INSERT INTO rejects VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", held)

    def settle(self) -> Reading:
        """Put the staging tables in the place of what these items said before, in one transaction."""
        self.stage()
        self.behind.close()
        (repeats,) = _one(self.db, "SELECT count(*) - count(DISTINCT (_kind, _key)) FROM _items")
        if repeats:  # the same item twice in a run: the last word counts
            self.db.execute(
                "CREATE OR REPLACE TABLE _items AS SELECT _kind, _key, max(_seq) AS _seq, "
                "arg_max(bad, _seq) AS bad FROM _items GROUP BY _kind, _key"
            )
        self.db.close()
        with opened(self.data) as self.db:
            self.db.execute(f"ATTACH '{_quoted(str(self.file))}' AS stage (READ_ONLY)")
            self.db.execute("BEGIN")
            counts = {table: self._settle_table(table, bool(repeats)) for table in TABLES}
            bad = self._settle_rejects()
            self._note(counts, bad)
            self.db.execute("COMMIT")
        took = (dt.datetime.now(dt.UTC) - self.run.started_at).total_seconds()
        told = {t: n for t, n in counts.items() if n}
        return Reading(
            self.vendor.name,
            self.run.mode,
            self.items,
            bad,
            told,
            "",
            took,
            self.new,
            self.changed,
            tuple(self.changes),
        )

    def _settle_rejects(self) -> int:
        """Forget the rejects that these items mended, keep the new ones; return how many items are rejected."""
        self.db.execute(
            "DELETE FROM rejects WHERE vendor = ? AND (? OR (kind, id) IN (SELECT (_kind, _key) FROM stage._items))",
            [self.vendor.name, self.run.mode == "full"],
        )
        self.db.execute("INSERT INTO rejects SELECT * FROM stage.rejects")
        return int(_one(self.db, "SELECT count(*) FROM stage._items WHERE bad")[0])

    def _settle_table(self, table: str, repeats: bool) -> int:
        """Replace a table's rows; return how many this run brought."""
        db, name, new, full = self.db, self.vendor.name, f"stage._new_{table}", self.run.mode == "full"
        source = f"(SELECT n.* FROM {new} AS n JOIN stage._items AS i USING (_kind, _key, _seq))" if repeats else new
        if not full and table in self.staged:
            self._compare(table, source)
        # A rejected item keeps its last good rows; an item read again loses what it said before.
        if full:
            db.execute(
                f"DELETE FROM {table} WHERE vendor = ? "
                "AND (_kind, _key) NOT IN (SELECT (_kind, _key) FROM stage._items WHERE bad)",
                [name],
            )
        else:
            db.execute(
                f"DELETE FROM {table} USING stage._items AS i WHERE vendor = ? "
                f"AND {table}._kind = i._kind AND {table}._key = i._key AND NOT i.bad",
                [name],
            )
        if table not in self.staged:
            return 0
        names = ", ".join(c.name for c in columns(table))
        (rows, distinct) = _one(db, f"SELECT count(*), count(DISTINCT id) FROM {source}")
        last = "" if rows == distinct else "QUALIFY row_number() OVER (PARTITION BY id ORDER BY _seq DESC) = 1"
        if not full:  # another item may have said this row before
            db.execute(f"DELETE FROM {table} WHERE vendor = ? AND id IN (SELECT id FROM {source})", [name])
        db.execute(f"INSERT INTO {table} BY NAME SELECT {names}, _kind, _key FROM {source} {last}")
        return int(distinct)

    def _compare(self, table: str, source: str) -> None:
        """Count what is new and what is changed against what stands, and keep the first changes of an import."""
        names = [c.name for c in columns(table) if c.name not in ("vendor", "id", "updated_at")]
        differs = " OR ".join(f"n.{c} IS DISTINCT FROM o.{c}" for c in names)
        joined = f"FROM {source} AS n LEFT JOIN {table} AS o ON o.vendor = n.vendor AND o.id = n.id"
        fresh, changed = _one(
            self.db,
            f"SELECT count(*) FILTER (o.id IS NULL), count(*) FILTER (o.id IS NOT NULL AND ({differs})) {joined}",
        )
        self.new, self.changed = self.new + fresh, self.changed + changed
        if self.run.mode != "import" or not changed:
            return
        sides = ", ".join(f"o.{c}, n.{c}" for c in names)
        found = self.db.execute(
            f"SELECT n.id, {sides} {joined} WHERE o.id IS NOT NULL AND ({differs}) ORDER BY n.id LIMIT {SHOWN}"
        ).fetchall()
        for key, *values in found:
            pairs = zip(names, values[::2], values[1::2], strict=True)
            self.changes += [Change(key, name, before, after) for name, before, after in pairs if before != after]

    def _note(self, counts: dict[str, int], bad: int) -> None:
        db, run = self.db, self.run
        started, now = naive(run.started_at), naive(dt.datetime.now(dt.UTC))
        db.execute(
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, '', ?)",
            [run.vendor, run.id, run.mode, started, now, self.items, bad, run.note],
        )
        for table in dict.fromkeys([*getattr(self.vendor, "reads", ()), *(t for t, n in counts.items() if n)]):
            db.execute("DELETE FROM freshness WHERE vendor = ? AND kind = ?", [run.vendor, table])
            db.execute(
                "INSERT INTO freshness VALUES (?, ?, ?, ?, ?, ?, ?, '')",
                [run.vendor, table, run.mode, started, now, counts.get(table, 0), bad],
            )


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _one(db: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    row = db.execute(query).fetchone()
    assert row is not None
    return row


def _blamed(error: Exception) -> tuple[str, str]:
    """Return the field and value a mapping error speaks of, as far as it says."""
    if isinstance(error, RowError):
        return error.field, error.value
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0]), ""
    return "", ""
