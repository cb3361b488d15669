"""Raw files: what vendors said, exactly as they said it, one gzip file a run. The evidence, and the way to rebuild.

A file is written as `.part` and renamed when the reading is complete, so that a run that breaks leaves nothing
half-read. First line: the run. Each further line: the kind and the item.
"""

import datetime as dt
import gzip
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from extract.behind import Behind

Item = dict[str, Any]
FLUSH = 512 * 1024  # bytes gathered before they are compressed
LEVEL = 1  # the fastest: raw files are written while a vendor waits, and pruned by age


class Run(NamedTuple):
    """One reading of a vendor."""

    vendor: str
    mode: Literal["full", "modified", "import"]
    started_at: dt.datetime
    since: dt.datetime | None = None
    note: str = ""  # of an import: the file's name and digest

    @property
    def id(self) -> str:
        """Return the name of the run, which sorts by time."""
        return f"{self.started_at:%Y%m%dT%H%M%S%f}-{self.mode}"


_encoder = msgspec.json.Encoder(decimal_format="number")
_decode = msgspec.json.Decoder(float_hook=Decimal).decode


class Raw:
    """The raw file of a run while it is written."""

    def __init__(self, data: Path, run: Run) -> None:
        folder = data / "raw" / run.vendor
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{run.id}.jsonl.gz"
        self.part = self.path.with_suffix(".gz.part")
        self._file = gzip.open(self.part, "wb", compresslevel=LEVEL)  # noqa: SIM115 closed by complete or drop
        self._lines = bytearray(_encoder.encode(run._asdict()) + b"\n")
        self._behind = Behind()  # compresses while the next items come

    def keep(self, items: Iterable[tuple[str, Item]]) -> None:
        """Write items as sent."""
        lines, encode = self._lines, _encoder.encode_into
        for pair in items:
            encode(pair, lines, -1)
            lines += b"\n"
        if len(lines) > FLUSH:
            self._flush()

    def complete(self) -> None:
        """Make the file count: flushed to disk, then renamed."""
        self._flush()
        self._close()
        with self.part.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(self.part, self.path)

    def drop(self) -> None:
        """Forget a reading that broke."""
        with suppress(OSError):  # the disk may be full: that is why it broke
            self._close()
        self.part.unlink(missing_ok=True)

    def _flush(self) -> None:
        self._behind.do(self._file.write, self._lines)
        self._lines = bytearray()

    def _close(self) -> None:
        try:
            self._behind.close()
        finally:
            self._file.close()


def reread(path: Path) -> tuple[Run, Iterator[tuple[str, Item]]]:
    """Return the run of a raw file and its items, streamed."""
    file = gzip.open(path, "rb")  # noqa: SIM115 closed by items()
    head = _decode(file.readline())
    run = Run(
        head["vendor"],
        head["mode"],
        dt.datetime.fromisoformat(head["started_at"]),
        head["since"] and dt.datetime.fromisoformat(head["since"]),
        head["note"],
    )

    def items() -> Iterator[tuple[str, Item]]:
        with file:
            for line in file:
                kind, item = _decode(line)
                yield kind, item

    return run, items()


def runs(data: Path, vendor: str) -> list[Path]:
    """Return a vendor's complete raw files, oldest first."""
    return sorted((data / "raw" / vendor).glob("*.jsonl.gz"))


def needed(paths: list[Path]) -> list[Path]:
    """Return the files that still matter, oldest first: all imports, the latest full run, and what came after it."""
    full = max((p for p in paths if "-full." in p.name), default=None)
    return [p for p in paths if "-import." in p.name or full is None or p.name >= full.name]


def prune(data: Path, vendor: str, keep_days: int, now: dt.datetime) -> list[Path]:
    """Delete raw files older than `keep_days` that a rebuild does not need; return them."""
    paths = runs(data, vendor)
    kept = set(needed(paths))
    limit = f"{now - dt.timedelta(days=keep_days):%Y%m%dT%H%M%S%f}"
    old = [p for p in paths if p not in kept and p.name < limit]
    for path in old:
        path.unlink()
    return old
