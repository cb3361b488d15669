"""rows.duckdb: the canonical rows of all vendors, which item said each, and what was read when."""

import datetime as dt
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from filelock import FileLock

from extract.model import TABLES, columns
from extract.newer import add_columns

LIMITS = "SET memory_limit = '160MB'; SET threads = 2; SET preserve_insertion_order = false; SET TimeZone = 'UTC'"
LEDGERS = """
CREATE TABLE IF NOT EXISTS runs (
    vendor VARCHAR, run VARCHAR, mode VARCHAR, started_at TIMESTAMP, completed_at TIMESTAMP,
    items BIGINT, rejected BIGINT, error VARCHAR, note VARCHAR);
CREATE TABLE IF NOT EXISTS freshness (
    vendor VARCHAR, kind VARCHAR, mode VARCHAR, started_at TIMESTAMP, completed_at TIMESTAMP,
    items BIGINT, rejected BIGINT, error VARCHAR);
CREATE TABLE IF NOT EXISTS rejects (
    vendor VARCHAR, kind VARCHAR, id VARCHAR, field VARCHAR, value VARCHAR, reason VARCHAR,
    run VARCHAR, seen_at TIMESTAMP, item VARCHAR);
"""


_KEPT = ((t, ", ".join(f"{c.name} {c.sql}" for c in columns(t))) for t in TABLES)
_TABLES = (
    "; ".join(f"CREATE TABLE IF NOT EXISTS {table} ({kept}, _kind VARCHAR, _key VARCHAR)" for table, kept in _KEPT)
    + f"; {LEDGERS}"
)
_MADE_BY = f"tables {zlib.crc32(_TABLES.encode()):08x}"  # of a file that this program need not look through again


@contextmanager
def opened(data: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open rows.duckdb to write, alone; others wait."""
    data.mkdir(parents=True, exist_ok=True)
    with FileLock(data / ".rows.lock"):
        db = duckdb.connect(data / "rows.duckdb")
        try:
            db.execute(LIMITS)
            made = db.execute("SELECT comment FROM duckdb_tables() WHERE table_name = 'runs'").fetchall()
            if made != [(_MADE_BY,)]:
                _make(db)
            yield db
        finally:
            db.close()


def _make(db: duckdb.DuckDBPyConnection) -> None:
    """Create the tables that are missing, and the columns that came since an older program made them."""
    db.execute(_TABLES)
    add_columns(db)
    db.execute(f"COMMENT ON TABLE runs IS '{_MADE_BY}'")


def naive(at: dt.datetime) -> dt.datetime:
    """Return an instant as the tables have it: UTC, without saying so."""
    return at.astimezone(dt.UTC).replace(tzinfo=None)
