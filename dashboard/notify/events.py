"""What happened, as events: from the findings' history, the audit log, and what the warehouse knows of payments.

An event's id comes from its content, and it is written down in one transaction with what is to be delivered to whom and
with how far we have looked. So whatever is read twice, by two processes or after a crash, is one event.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert as postgres
from sqlalchemy.dialects.sqlite import insert as sqlite

from dashboard.notify import facts as known
from reconcile import schema
from reconcile.facts import Facts, opened
from reconcile.settings import Channel, Listener, Settings, load, today
from reconcile.state import State, now, state

CURSOR = "events:cursor"  # how far the audit log and the findings' history were looked at
DONE = {  # action of the audit log → the event that it is
    "create_customer": "customer.created", "create_invoice": "invoice.created", "issue_invoice": "invoice.issued",
    "send_invoice": "invoice.sent", "update_deal": "deal.updated", "send_reminder": "reminder.sent",
    "mail_invoice": "invoice.sent", "ask_approval": "invoice.waiting",
    "tell_finance": "invoice.very_late", "reminder_bounced": "reminder.bounced",
}  # fmt: skip
FINDINGS = {"opened": "finding.opened", "reopened": "finding.opened", "fixed": "finding.fixed"}
_looked: dict[Path, tuple[int, Any]] = {}  # what the last look at a folder saw: its warehouse, how far it got


class Event(NamedTuple):
    """Something that happened. `data` is plain: text, whole numbers, lists and dictionaries; amounts are text."""

    id: str
    type: str
    at: dt.datetime
    owner_id: str
    data: dict[str, Any]


def listeners(settings: Settings) -> dict[str, Listener]:
    """Return who is told of anything, by target, such as hook:n8n."""
    found: dict[str, Listener] = {f"hook:{name}": hook for name, hook in settings.hooks.items()}
    found |= {f"channel:{name}": channel for name, channel in settings.channels.items()}
    return {target: one for target, one in found.items() if one.is_on and one.events}


def collect(data: Path) -> int:
    """Write down what happened since the last look, and who is to be told; return how many events there are.

    Before the first listener nothing is written down: nobody is told of the past.
    """
    settings, store = load(data), state(data)
    told, cursor = listeners(settings), store.value(CURSOR)
    if not told:
        if cursor is not None:
            store.drop([CURSOR])
        return 0
    warehouse = data / "warehouse.duckdb"
    if not warehouse.exists():
        return 0
    seen_ = (warehouse.stat().st_mtime_ns, cursor)
    if cursor is not None and cursor == _newest(store) and _looked.get(data) == seen_:
        return 0
    with opened(data, settings, today(settings)) as facts:
        if cursor is None:
            _begin(store, facts)
            return 0
        seen = _heard(store)
        fresh = {key: row for key, row in known.facts(facts) if key not in seen}
        last = _newest(store)
        found = [*_of_findings(store, facts, cursor), *_of_actions(store, facts, cursor, settings)]
        found += [Event(event_id(type, key), type, now(), *known.told(facts, row))
                  for key, (type, row) in fresh.items()]  # fmt: skip
    if not found and not fresh and last == cursor:
        _looked[data] = seen_
        return 0
    return _keep(store, cursor, last, found, set(fresh), told)


def event_id(type: str, what: str) -> str:
    """Return the id of an event: the same for the same thing, whoever sees it."""
    return "msg_" + hashlib.sha256(f"{type}\n{what}".encode()).hexdigest()[:32]


def add(store: State, event: Event, targets: Mapping[str, Listener]) -> bool:
    """Write down one event for the named targets at once, such as a test; return False where it was there."""
    with store.write() as db:
        return _write(db, [event], targets, ask=False) > 0


def _begin(store: State, facts: Facts) -> None:
    """Take everything up to now as known."""
    keys = [{"fact": key} for key, _ in known.facts(facts)]
    with store.write() as db:
        db.execute(schema.heard.delete())
        if keys:
            db.execute(schema.heard.insert(), keys)
    store.keep(CURSOR, _newest(store))


def _newest(store: State) -> dict[str, int]:
    with store.read() as db:
        return {name: int(db.execute(sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0))).scalar_one())
                for name, table in (("audit", schema.audit), ("findings", schema.finding_history))}  # fmt: skip


def _heard(store: State) -> set[str]:
    with store.read() as db:
        return set(db.execute(sa.select(schema.heard.c.fact)).scalars())


def _of_findings(store: State, facts: Facts, cursor: Mapping[str, int]) -> Iterator[Event]:
    table = schema.finding_history
    with store.read() as db:
        rows = db.execute(sa.select(table).where(table.c.id > cursor["findings"]).order_by(table.c.id)).mappings().all()
    for row in rows:
        owner, said = known.finding(facts, dict(row))
        type = FINDINGS[row["event"]]
        yield Event(event_id(type, f"{row['finding_id']}:{row['id']}"), type, row["at"], owner, said)


def _of_actions(store: State, facts: Facts, cursor: Mapping[str, int], settings: Settings) -> Iterator[Event]:
    table = schema.audit
    wanted = sa.or_(table.c.action.in_(list(DONE)), table.c.action.like("report\\_%", escape="\\"))
    query = sa.select(table).where(table.c.id > cursor["audit"], table.c.outcome.in_(("done", "found")), wanted)
    with store.read() as db:
        rows = db.execute(query.order_by(table.c.id)).mappings().all()
    for row in rows:
        type = DONE.get(row["action"], "report.delivered")
        owner, said = known.done(facts, dict(row))
        yield Event(event_id(type, row["key"] or str(row["id"])), type, row["at"], owner, said)


def _keep(
    store: State, cursor: Any, last: Any, found: list[Event], keys: set[str], told: Mapping[str, Listener]
) -> int:
    """Write it all down, or nothing where another process was first."""
    with store.write() as db:
        held = db.execute(
            sa.select(schema.kv.c.value).where(schema.kv.c.name == CURSOR).with_for_update()
        ).scalar_one_or_none()
        if held != cursor:
            return 0
        fresh = _write(db, found, told)
        _insert(db, schema.heard, [{"fact": key} for key in keys])
        db.execute(schema.kv.update().where(schema.kv.c.name == CURSOR).values(value=last))
        return fresh


def _write(db: Connection, found: list[Event], told: Mapping[str, Listener], ask: bool = True) -> int:
    ids = [event.id for event in found]
    there: set[str] = set()
    for at in range(0, len(ids), 500):
        some = sa.select(schema.events.c.id).where(schema.events.c.id.in_(ids[at : at + 500]))
        there |= set(db.execute(some).scalars())
    fresh = {event.id: event for event in found if event.id not in there}
    _insert(db, schema.events, [event._asdict() for event in fresh.values()])
    moment = now()
    _insert(db, schema.deliveries, [
        {"target": target, "event_id": event.id, "state": "waiting", "tries": 0, "says": "", "next_at": moment,
         "batch": event.id if target.startswith("hook:") else None}
        for event in fresh.values() for target, one in told.items() if not ask or _wants(one, event)
    ])  # fmt: skip
    return len(fresh)


def _wants(one: Listener, event: Event) -> bool:
    theirs = not isinstance(one, Channel) or not one.owners or event.owner_id in one.owners
    return event.type in one.events and theirs


def _insert(db: Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, those that are there left as they are."""
    if rows:
        make = sqlite if db.dialect.name == "sqlite" else postgres
        db.execute(make(table).on_conflict_do_nothing(), rows)
