"""Runs without what a test does not look at."""

import functools
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reconcile import checks, figures, run
from reconcile.sqlfile import queries

# Of the checks that nothing mends with a click, those that tests of what runs by itself ask about.
ASKED = {
    "currency_differs",
    "mail_bounced",
    "record_changed",
    "record_conflict",
    "record_not_owner",
    "recurring_missed",
}


# Few rows are read sooner than it is planned how to read them best. Whole runs and the sample keep the planner.
PLAIN = "PRAGMA disable_optimizer"


def mending_only(patch: pytest.MonkeyPatch) -> None:
    """Leave out what nothing is mended by, a quarter of a small run's time: checks without a fix, and the figures.

    The table of the figures is there, as are the rows they rest on, as they were when the first run made them.
    """
    patch.setattr(
        checks, "queries", lambda folder: [q for q in queries(folder) if q.header["action"] or q.name in ASKED]
    )
    compute: Any = figures.compute
    nothing = Path(__file__).parent / "benchmarks"  # a folder without a query
    patch.setattr(figures, "compute", lambda db, progress=None: compute(db, progress, nothing))
    reconcile = run.reconcile
    patch.setattr(run, "reconcile", lambda *given, **said: reconcile(*given[:5], **said | {"brief": True}))
    opened = run.write_to

    def alone(db: duckdb.DuckDBPyConnection, part: Path) -> None:
        opened(db, part)
        db.execute(f"{PLAIN}; SET threads = 1")  # a second thread has nothing to do but wait

    patch.setattr(run, "write_to", alone)


_numbers = itertools.count()
ALIVE = 20  # databases that are kept; no test looks at as many at once


@functools.cache
def _instance() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def database() -> duckdb.DuckDBPyConnection:
    """Return a connection to an empty database in memory: one more in an instance that costs 20 ms to start."""
    db = _instance().cursor()
    db.execute(PLAIN)
    number = next(_numbers)
    if number >= ALIVE:
        db.execute(f"DETACH DATABASE IF EXISTS case_{number - ALIVE}")
    db.execute(f"ATTACH ':memory:' AS case_{number}; USE case_{number}")
    return db


@contextmanager
def writing(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection that writes the database file `path`, by the same instance, in one transaction."""
    with _instance().cursor() as db:
        db.execute(f"ATTACH '{path}' AS written; USE written; BEGIN")
        try:
            yield db
            db.execute("COMMIT")
        finally:
            db.execute("USE memory; DETACH written")
