"""Runs without what a test does not look at."""

import functools
import itertools
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reconcile import figures


def without_figures(patch: pytest.MonkeyPatch) -> None:
    """Leave the figures empty, a sixth of a small run's time: their table is there, as are the rows they rest on."""
    compute: Any = figures.compute
    nothing = Path(__file__).parent / "benchmarks"  # a folder without a query
    patch.setattr(figures, "compute", lambda db, progress=None: compute(db, progress, nothing))


_numbers = itertools.count()


@functools.cache
def _instance() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def database() -> duckdb.DuckDBPyConnection:
    """Return a connection to an empty database in memory: one more in an instance that costs 20 ms to start."""
    db = _instance().cursor()
    name = f"case_{next(_numbers)}"
    db.execute(f"ATTACH ':memory:' AS {name}; USE {name}")
    return db
