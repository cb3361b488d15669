"""A few rows of a large table, found by id: ids are looked through first, the rest is then read of those rows alone.

One short query for each table: to plan a join of many costs more than to run it, at any size.
"""

from collections.abc import Iterable
from typing import Any

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


def look_up(
    db: Db, table: str, columns: str, keys: Iterable[Key], only: str = "TRUE", **values: Any
) -> dict[Key, Row]:  # fmt: skip
    """Return by key these columns, and vendor and id, of the rows of `table` that have one of these keys.

    `only` is a condition as in `few`, `values` are its own.
    """
    wanted = set(keys)
    if not wanted:
        return {}
    asked = f"SELECT t.vendor, t.id, {columns} FROM {few(table, only=only)} AS t"
    rows = db.rows(asked, ids=sorted({id for _, id in wanted}), **values)
    found = {(row["vendor"], row["id"]): row for row in rows}
    return {key: row for key, row in found.items() if key in wanted}
