"""Rows that an older program kept: what came to the model since is added, nothing is lost."""

import duckdb

from extract.model import TABLES, columns


def add_columns(db: duckdb.DuckDBPyConnection) -> None:
    """Give tables that an older program made the columns that came since; they fill with the next readings."""
    asked = "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = current_database()"
    there = set(db.execute(asked).fetchall())
    for table in TABLES:
        for column in columns(table):
            if (table, column.name) not in there:
                db.execute(f"ALTER TABLE {table} ADD COLUMN {column.name} {column.sql}")
