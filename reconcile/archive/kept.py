"""What is archived where, in the state store: the path that a document has for good, its checksum and its day."""

from collections.abc import Sequence
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


def of_many(store: State, documents: Sequence[tuple[str, str]]) -> dict[tuple[str, str], dict[str, dict[str, Any]]]:
    """Return like `of` where each of some documents (vendor, id) is archived."""
    query = sa.select(_table).where(sa.tuple_(_table.c.vendor, _table.c.invoice_id).in_(documents))
    held: dict[tuple[str, str], dict[str, dict[str, Any]]] = {document: {} for document in documents}
    with store.read() as db:
        for row in db.execute(query.where(_table.c.stored_at.is_not(None))).mappings():
            held[row["vendor"], row["invoice_id"]][row["place"]] = dict(row)
    return held


def count(store: State, place: str, vendors: Sequence[str]) -> int:
    """Return how many documents of these vendors are archived in a place."""
    mine = (_table.c.place == place, _table.c.vendor.in_(vendors), _table.c.stored_at.is_not(None))
    with store.read() as db:
        return db.execute(sa.select(sa.func.count()).select_from(_table).where(*mine)).scalar_one()


def under(store: State, text: str) -> list[tuple[str, str]]:
    """Return the documents (vendor, id) that are archived under a path with this text in it."""
    has = _table.c.taken.contains(taken(text), autoescape=True)
    query = sa.select(_table.c.vendor, _table.c.invoice_id)
    with store.read() as db:
        found = db.execute(query.where(_table.c.place == "files", _table.c.stored_at.is_not(None), has))
        return [(vendor, id) for vendor, id in found]


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
