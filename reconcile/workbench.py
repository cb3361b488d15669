"""Two connections that share the working tables of one run, so that two steps that do not wait for each other may run
at once: most tables of a run are one row group, which the database reads with one thread.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

from duckdb import DuckDBPyConnection

WORK = "work"  # the database in memory that holds the working tables, gone when the run ends


Beside = Callable[..., Future[Any]]  # takes a function and what it is given after its connection


class Bench(NamedTuple):
    """What a run works with: `db` for what is done now, `beside` for what is done meanwhile, one after the other."""

    db: DuckDBPyConnection
    beside: Beside


@contextmanager
def bench(db: DuckDBPyConnection) -> Iterator[Bench]:
    """Give a bench on `db`, which is in no transaction: unqualified names are its tables, then the working ones."""
    before = db.execute("SELECT current_setting('search_path'), current_setting('TimeZone')").fetchall()[0]
    here = _name(db)
    db.execute(f"ATTACH ':memory:' AS {WORK}")
    other = db.cursor()
    for each in (db, other):
        each.execute(f"SET TimeZone = '{before[1]}'; SET search_path = '{here}.main,{WORK}.main'")
    try:
        with ThreadPoolExecutor(1) as thread:
            yield Bench(db, lambda work, *given: thread.submit(work, other, *given))
    finally:
        other.close()
        db.execute(f"SET search_path = '{before[0]}'")
        db.execute(f"DETACH {WORK}")


def _name(db: DuckDBPyConnection) -> str:
    """Return the quoted name of the database that `db` writes to, as it stands within a text."""
    (name,) = db.execute("SELECT current_database()").fetchall()[0]
    quoted = '"' + name.replace('"', '""') + '"'
    return quoted.replace("'", "''")
