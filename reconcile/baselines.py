"""What both sides said of each field when nothing was left to write: whatever differs from it now was changed since.

Kept in the state store for each pair of records and each field, so that a change is told from a difference that was
always there, and from a change of both.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import sqlalchemy as sa

from reconcile import schema
from reconcile.fieldmap import ENTITIES
from reconcile.state import State, now

_PLACES, _MOVED = "sync:places", "sync:moved"  # where fields were, and which wait for a complete reading since when
_SINCE = "sync:since:"  # name under which the moment of the first comparison is kept, by entity
_KEYS = ("entity", "crm_vendor", "crm_id", "billing_vendor", "billing_id", "field")
_CHUNK = 2_000  # rows written in one statement
_LEARNT = """
SELECT f.entity, f.crm_vendor, f.crm_id, f.billing_vendor, f.billing_id, f.field, f.crm_value, f.billing_value
FROM record_fields AS f
WHERE f.verdict IN ('same', 'apart')
AND (NOT f.is_known OR f.crm_value IS DISTINCT FROM f.crm_was OR f.billing_value IS DISTINCT FROM f.billing_was)
"""
_SEEN = "SELECT DISTINCT entity FROM record_pairs"


class Pair(NamedTuple):
    """The two records of one customer or product."""

    entity: str
    crm_vendor: str
    crm_id: str
    billing_vendor: str
    billing_id: str


class Memory(NamedTuple):
    """What a comparison knows of earlier ones: table `baselines`, and when each sort of record was compared first."""

    rows: Iterable[Mapping[str, Any]] = ()
    since: Mapping[str, dt.datetime] = {}


def memory(store: State) -> Memory:
    """Return what is remembered."""
    columns = [c for c in schema.baselines.c if c.name != "at"]
    with store.read() as db:
        rows = [dict(row._mapping) for row in db.execute(sa.select(*columns))]
    kept = {name.removeprefix(_SINCE): dt.datetime.fromisoformat(at) for name, at in store.values(_SINCE).items()}
    return Memory(rows, kept)


def learn(data: Path, store: State) -> int:
    """Remember what the last comparison found settled, and return how many fields that is.

    A pair seen for the first time is settled as it is: what differs was not changed, it was different. What waits to
    be written or decided keeps its old memory.
    """
    path = data / "warehouse.duckdb"
    with duckdb.connect(str(path), read_only=True) as db:
        rows = db.execute(_LEARNT).fetchall()
        seen = {entity for (entity,) in db.execute(_SEEN).fetchall()}
    at = now()
    kept = store.values(_SINCE)
    if seen:
        seen.add("quotes")  # which have no pair before one is made
    for entity in ENTITIES:
        if entity in seen and _SINCE + entity not in kept:
            store.keep(_SINCE + entity, at.isoformat())
    names = (*_KEYS, "crm_value", "billing_value")
    _put(store, [dict(zip(names, row, strict=True)) | {"at": at} for row in rows])
    return len(rows)


def settle(store: State, pair: Pair, values: Mapping[str, tuple[str | None, str | None]]) -> None:
    """Remember what the CRM and billing say now of these fields of a pair: it was written, or decided."""
    at = now()
    rows = [
        pair._asdict() | {"field": field, "crm_value": crm or None, "billing_value": billing or None, "at": at}
        for field, (crm, billing) in values.items()
    ]
    _put(store, rows)


def wrote(store: State, entity: str, vendor: str, id: str, values: Mapping[str, str]) -> None:
    """Remember what we wrote into a record by another way than keeping it equal: that is nobody's change."""
    table = schema.baselines
    with store.write() as db:
        for side in ("crm", "billing"):
            here = (table.c.entity == entity, table.c[f"{side}_vendor"] == vendor, table.c[f"{side}_id"] == id)
            for field, value in values.items():
                fresh = {f"{side}_value": value or None, "at": now()}
                db.execute(table.update().where(*here, table.c.field == field).values(fresh))


def moved(store: State, places: Mapping[str, str], read_at: dt.datetime | None) -> list[str]:
    """Forget what was said of fields that are kept in another place now; return which, as entity.field.

    `places` says where each is on both sides, `read_at` when everything was read completely the last time: until that
    happens after the move, what is known of a field may be of either place. Otherwise all records would seem changed.
    """
    kept: dict[str, Any] = store.value(_PLACES) or {}
    waiting: dict[str, str] = store.value(_MOVED) or {}
    at = now()
    waiting |= {name: at.isoformat() for name, place in places.items() if kept.get(name, place) != place}
    table = schema.baselines
    with store.write() as db:
        for name in waiting:
            entity, _, field = name.partition(".")
            db.execute(table.delete().where(table.c.entity == entity, table.c.field == field))
    left = {n: since for n, since in waiting.items() if read_at is None or dt.datetime.fromisoformat(since) > read_at}
    if (dict(places), left) != (kept, store.value(_MOVED) or {}):
        store.keep(_PLACES, dict(places))
        store.keep(_MOVED, left)
    return list(waiting)


def last(store: State) -> dict[tuple[str, str], dt.datetime]:
    """Return when each field of each sort of record was last found or made equal."""
    table = schema.baselines
    query = sa.select(table.c.entity, table.c.field, sa.func.max(table.c.at, type_=schema.Instant))
    with store.read() as db:
        rows = db.execute(query.group_by(table.c.entity, table.c.field)).all()
    return {(entity, field): at for entity, field, at in rows}


def _put(store: State, rows: list[dict[str, Any]]) -> None:
    """Write rows in place of those with the same keys."""
    if not rows:
        return
    with store.write() as db:
        for part in _chunks(rows):
            db.execute(_upsert(db.dialect.name), part)


def _upsert(dialect: str) -> Any:
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert as insert_sqlite

        made: Any = insert_sqlite(schema.baselines)
    else:
        from sqlalchemy.dialects.postgresql import insert as insert_postgresql

        made = insert_postgresql(schema.baselines)
    fresh = {name: made.excluded[name] for name in ("crm_value", "billing_value", "at")}
    return made.on_conflict_do_update(index_elements=list(_KEYS), set_=fresh)


def _chunks(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for at in range(0, len(rows), _CHUNK):
        yield rows[at : at + _CHUNK]
