"""A few rows of a large table, found by id: ids are looked through first, the rest is then read of those rows alone.

One short query for each table: to plan a join of many costs more than to run it, at any size.
"""

from collections.abc import Iterable

from dashboard.read.warehouse import Db, Row

Key = tuple[str, str]  # vendor, id


def few(table: str, column: str = "id", only: str = "TRUE") -> str:
    """Return a subquery for the rows of `table` whose `column` is one of $ids.

    `only` is a condition on such a row, called u. Rows of any vendor are among them.
    """
    return f"""(
    SELECT t.* FROM {table} AS t
    SEMI JOIN (
        SELECT u.rowid AS row FROM {table} AS u
        SEMI JOIN (SELECT unnest(CAST($ids AS VARCHAR[])) AS id) AS k ON k.id = u.{column}
        WHERE {only}
    ) AS w ON w.row = t.rowid
)"""


def look_up(db: Db, table: str, columns: str, keys: Iterable[Key | None]) -> dict[Key, Row]:
    """Return by key these columns, and vendor and id, of the rows of `table` that have one of these keys."""
    wanted = {key for key in keys if key}
    if not wanted:
        return {}
    rows = db.rows(f"SELECT t.vendor, t.id, {columns} FROM {few(table)} AS t", ids=sorted({id for _, id in wanted}))
    found = {(row["vendor"], row["id"]): row for row in rows}
    return {key: row for key, row in found.items() if key in wanted}
