"""What is archived where, in the state store: the path that a document has for good, its checksum and its day."""

from typing import Any

import sqlalchemy as sa

from reconcile import schema
from reconcile.state import State, now

_table = schema.archive


def rows(store: State, place: str = "") -> list[dict[str, Any]]:
    """Return what is archived or has its path, in one place or in all, by path."""
    query = sa.select(_table).order_by(_table.c.place, _table.c.path, _table.c.invoice_id)
    with store.read() as db:
        found = db.execute(query.where(_table.c.place == place) if place else query).mappings()
        return [dict(row) for row in found]


def of(store: State, vendor: str, invoice_id: str) -> dict[str, dict[str, Any]]:
    """Return where a document is archived, by place."""
    query = sa.select(_table).where(_table.c.vendor == vendor, _table.c.invoice_id == invoice_id)
    with store.read() as db:
        return {row["place"]: dict(row) for row in db.execute(query).mappings() if row["stored_at"]}


def claim(store: State, vendor: str, invoice_id: str, path: str) -> bool:
    """Give a path of the files to a document for good; return False if another one has it, or it has another."""
    values = {"vendor": vendor, "invoice_id": invoice_id, "place": "files", "path": path, "taken": taken(path)}
    mine = sa.and_(_table.c.vendor == vendor, _table.c.invoice_id == invoice_id, _table.c.place == "files")
    try:
        with store.write() as db:
            held = db.execute(sa.select(_table.c.path).where(mine)).scalar()
            if held is None:
                db.execute(_table.insert().values(**values, checksum="", size=0))
            return held in (None, path)
    except sa.exc.IntegrityError:
        return False


def stored(store: State, vendor: str, invoice_id: str, place: str, path: str, checksum: str, size: int) -> None:
    """Remember that a document is there."""
    mine = sa.and_(_table.c.vendor == vendor, _table.c.invoice_id == invoice_id, _table.c.place == place)
    values = {"path": path, "checksum": checksum, "size": size, "stored_at": now()}
    own = f"{vendor}:{invoice_id}"
    with store.write() as db:
        if db.execute(_table.update().where(mine).values(values)).rowcount == 0:
            key = {"vendor": vendor, "invoice_id": invoice_id, "place": place}
            db.execute(_table.insert().values(**key, **values, taken=taken(path) if place == "files" else own))


def taken(path: str) -> str:
    """Return a path as a file system compares it that makes no difference between capitals."""
    return path.casefold()
