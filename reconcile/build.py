"""Makes tables from query files, without the work where a query cannot find anything.

`needs` in a header names tables without whose rows the query has none. In a small company many are empty, and to plan a
query costs more than to run it over few rows.
"""

import duckdb

from reconcile.sqlfile import Query

_shapes: dict[str, str] = {}  # columns of what a query returns, by its text


Filled = dict[str, bool]  # whether a table has rows, of those that were asked about and do not change any more


def is_idle(db: duckdb.DuckDBPyConnection, query: Query, filled: Filled | None = None) -> bool:
    """Return whether `query` finds nothing because a table that it needs is empty. What is in `filled` is not asked."""
    known = {} if filled is None else filled
    if asked := [table for table in query.needs if table not in known]:
        sql = " UNION ALL ".join(f"SELECT '{table}', EXISTS (FROM {table})" for table in asked)
        known |= dict(db.execute(sql).fetchall())
    return not all(known[table] for table in query.needs)


def make(db: duckdb.DuckDBPyConnection, query: Query, filled: Filled | None = None) -> None:
    """Create the table that a query is the definition of."""
    if query.sql in _shapes and is_idle(db, query, filled):
        db.execute(f"CREATE TABLE {query.name} ({_shapes[query.sql]})")
        return
    db.execute(f"CREATE TABLE {query.name} AS {query.sql}")
    if query.needs and query.sql not in _shapes:
        described = db.execute(f"DESCRIBE {query.name}").fetchall()
        _shapes[query.sql] = ", ".join(f'"{name}" {kind}' for name, kind, *_ in described)
