"""Makes tables from query files, without the work where a query cannot find anything.

`needs` in a header names tables without whose rows the query has none. In a small company many are empty, and to plan a
query costs more than to run it over few rows.
"""

import duckdb

from reconcile.sqlfile import Query

_shapes: dict[str, str] = {}  # columns of what a query returns, by its text


def is_idle(db: duckdb.DuckDBPyConnection, query: Query) -> bool:
    """Return whether `query` finds nothing because a table that it needs is empty."""
    if not query.needs:
        return False
    return (False,) in db.execute(" UNION ALL ".join(f"SELECT EXISTS (FROM {t})" for t in query.needs)).fetchall()


def make(db: duckdb.DuckDBPyConnection, query: Query) -> None:
    """Create the table that a query is the definition of."""
    if query.sql in _shapes and is_idle(db, query):
        db.execute(f"CREATE TABLE {query.name} ({_shapes[query.sql]})")
        return
    db.execute(f"CREATE TABLE {query.name} AS {query.sql}")
    if query.needs and query.sql not in _shapes:
        described = db.execute(f"DESCRIBE {query.name}").fetchall()
        _shapes[query.sql] = ", ".join(f'"{name}" {kind}' for name, kind, *_ in described)
