"""Raw in, rows out: reads a vendor into its raw file and rows.duckdb, all or nothing, and keeps what cannot be mapped.

One item's rows replace what the same item said before; an item that says nothing removes them. A full reading also
removes what it no longer contains. rows.duckdb can be deleted: `rebuild` makes it again from the raw files.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path

import duckdb
import msgspec
from filelock import FileLock

from extract import raw
from extract.batches import MAPPING_ERRORS as MAPPING_ERRORS
from extract.batches import Batches, Progress, Source, sparing
from extract.batches import Change as Change
from extract.batches import Reading as Reading
from extract.raw import Item, Run
from extract.rows import naive
from extract.rows import opened as opened
from extract.streams import CHUNK, chunked
from extract.vendor import Vendor, VendorError

_DECODE = msgspec.json.Decoder(float_hook=Decimal).decode


def sync(
    vendor: Source, data: Path, *, full: bool = False, zone: str = "UTC", progress: Progress | None = None
) -> Reading:
    """Read a vendor: all of it, or what changed since its last complete reading. Its failure is in the answer."""
    started = _now()
    with FileLock(data / f".{vendor.name}.lock"):  # two readings of one vendor at once would only repeat each other
        last = _catch_up(vendor, data, zone)
        since = None if full else _since(vendor, last)
        run = Run(vendor.name, "modified" if since else "full", started, since)
        try:
            streams = vendor.streams(since) if isinstance(vendor, Vendor) else [vendor.fetch(since)]
            return _take_in(vendor, run, data, zone, chunked(*streams), progress)
        except VendorError as error:
            with opened(data) as db:
                _failed(db, vendor, run, str(error))
            return Reading(vendor.name, run.mode, error=str(error), seconds=(_now() - started).total_seconds())


def take(
    source: Source, data: Path, items: Iterable[tuple[str, Item]], *, zone: str = "UTC", note: str = ""
) -> Reading:
    """Take items in beside what is there (a file, a web hook): nothing is removed."""
    with FileLock(data / f".{source.name}.lock"):
        _catch_up(source, data, zone)
        return _take_in(source, Run(source.name, "import", _now(), None, note), data, zone, _chunks(items), None)


def retry(vendor: Source, data: Path, *, zone: str = "UTC") -> Reading:
    """Read a vendor's rejects again, from the vendor where it can, else from what it said then."""
    with opened(data) as db:
        held = db.execute("SELECT DISTINCT kind, id, item FROM rejects WHERE vendor = ?", [vendor.name]).fetchall()
    again: list[tuple[str, Item]] = []
    for kind, key, item in held:
        again += list(vendor.fetch_one(kind, key)) or [(kind, _DECODE(item))]
    return take(vendor, data, again, zone=zone, note="retry")


def rebuild(vendors: Iterable[Source], data: Path, *, zone: str = "UTC") -> list[Reading]:
    """Make rows.duckdb again from the raw files."""
    with FileLock(data / ".rows.lock"):
        (data / "rows.duckdb").unlink(missing_ok=True)
    return [_replay(vendor, path, data, zone) for vendor in vendors for path in raw.needed(raw.runs(data, vendor.name))]


def imported(data: Path, vendor: str, digest: str) -> bool:
    """Return whether a file of this digest was taken in already."""
    with opened(data) as db:
        found = db.execute(
            "SELECT 1 FROM runs WHERE vendor = ? AND note LIKE ? AND error = ''", [vendor, f"%{digest}%"]
        )
        return found.fetchone() is not None


def read_in_full(data: Path, vendor: str) -> dt.datetime | None:
    """Return when the last complete reading of everything of a vendor began; None where there was none."""
    with opened(data) as db:
        query = "SELECT max(started_at) FROM runs WHERE vendor = ? AND error = '' AND mode = 'full'"
        found = db.execute(query, [vendor]).fetchone()
    return found[0].replace(tzinfo=dt.UTC) if found and found[0] else None


# Inside


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _since(vendor: Source, last: dt.datetime | None) -> dt.datetime | None:
    """Return where a modified reading starts: the start of the last complete one, less the vendor's overlap."""
    if last is None:
        return None
    since = last.replace(tzinfo=dt.UTC) - getattr(vendor, "overlap", dt.timedelta(0))
    can_modify = getattr(vendor, "can_modify", lambda since: True)
    return since if can_modify(since) else None


def _catch_up(vendor: Source, data: Path, zone: str) -> dt.datetime | None:
    """Map raw files that were completed but not mapped, since we were stopped between the two.

    Returns when the last complete reading began (UTC, without zone), None where there was none.
    """
    done, last = _runs(data, vendor.name)
    late = [path for path in raw.needed(raw.runs(data, vendor.name)) if path.name.removesuffix(".jsonl.gz") not in done]
    for path in late:
        _replay(vendor, path, data, zone)
    return _runs(data, vendor.name)[1] if late else last


def _runs(data: Path, vendor: str) -> tuple[set[str], dt.datetime | None]:
    """Return the readings of a vendor that are mapped, and when the last complete one began."""
    with opened(data) as db:
        asked = "SELECT run, started_at, error = '' AND mode <> 'import' FROM runs WHERE vendor = ?"
        found = db.execute(asked, [vendor]).fetchall()
    return {run for run, *_ in found}, max((at for _, at, complete in found if complete), default=None)


def _replay(vendor: Source, path: Path, data: Path, zone: str) -> Reading:
    run, items = raw.reread(path)
    with sparing, Batches(data, vendor, run, zone) as batches:
        for chunk in _chunks(items):
            batches.add(chunk)
        return batches.settle()


def _take_in(
    vendor: Source,
    run: Run,
    data: Path,
    zone: str,
    chunks: Iterable[list[tuple[str, Item]]],
    progress: Progress | None,
) -> Reading:
    kept = raw.Raw(data, run)
    try:
        with sparing, Batches(data, vendor, run, zone, progress) as batches:
            for chunk in chunks:
                kept.keep(chunk)
                batches.add(chunk)
            batches.stage()
            kept.complete()
            return batches.settle()
    except BaseException:
        kept.drop()
        raise


def _chunks(items: Iterable[tuple[str, Item]]) -> Iterator[list[tuple[str, Item]]]:
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


def _failed(db: duckdb.DuckDBPyConnection, vendor: Source, run: Run, error: str) -> None:
    db.execute(
        "INSERT INTO runs VALUES (?, ?, ?, ?, NULL, 0, 0, ?, ?)",
        [vendor.name, run.id, run.mode, naive(run.started_at), error, run.note],
    )
    for table in getattr(vendor, "reads", ()):
        db.execute("UPDATE freshness SET error = ? WHERE vendor = ? AND kind = ?", [error, vendor.name, table])
        db.execute(
            "INSERT INTO freshness SELECT ?, ?, NULL, NULL, NULL, 0, 0, ? "
            "WHERE NOT EXISTS (SELECT 1 FROM freshness WHERE vendor = ? AND kind = ?)",
            [vendor.name, table, error, vendor.name, table],
        )
