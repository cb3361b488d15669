"""Delivers what was written down: each message once, tried again until it passes, each try a line of the log.

A web hook that gave no answer is called again under the same id, as Standard Webhooks want: whoever is called forgets
what it knows already. A message to people is not: it may have arrived, and a person can send it again.
"""

import datetime as dt
import hashlib
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog

from dashboard.notify import chat, texts, webhook
from dashboard.notify.events import Event, collect, event_id
from dashboard.notify.webhook import Result
from dashboard.words import speaking
from reconcile import access, schema
from reconcile.ledger import Busy, Ledger, Lost, Stand
from reconcile.settings import Channel, Listener, Settings, SettingsError, load
from reconcile.state import Entry, State, now, state

WHO = "web hooks and channels"
PAUSES = (5.0, 60.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0)  # seconds between tries
LOOK = 2.0  # seconds between looks at what is due
COLLECT = 15.0  # seconds between looks at what happened without a reading: what people click
FLOOD = 10  # more messages than this for one channel at once are one
HELD = 300.0  # seconds that all else waits for a target that did not answer, at most
GAP = 1.0  # seconds between messages to one channel; Slack takes one a second
_table = schema.deliveries
log = structlog.get_logger("cuadra.notify")


def bring(data: Path, at: dt.datetime | None = None) -> int:
    """Deliver what is due, the oldest first, and return how many messages went out."""
    settings, store, moment, done = load(data), state(data), at or now(), 0
    _bundle(store, settings, moment)
    last, away = "", set[str]()
    for target, batch, ids in _due(store, moment):
        if target in away:
            continue
        said = listener(settings, target)
        if said is None or not said.is_on:
            _settle(store, target, ids, "refused", "it was removed or switched off before this went out", moment)
            continue
        if last == target and isinstance(said, Channel):
            time.sleep(GAP)
        went = _deliver(store, settings, target, batch, ids, said)
        done, last = done + went, target
        if not went:
            away.add(target)
    return done


def watch(data: Path, stop: threading.Event) -> None:
    """Collect and deliver until stopped."""
    looked = 0.0
    while not stop.wait(LOOK):
        try:
            if time.monotonic() - looked > COLLECT:
                looked = time.monotonic()
                collect(data)
            bring(data)
        except (SettingsError, sa.exc.SQLAlchemyError, OSError) as error:  # somebody is editing; look again
            log.warning("not delivered", error=str(error))
        except Exception as error:  # noqa: BLE001 one event that cannot be told must not silence the others for ever
            log.error("not delivered", error=repr(error))


def listener(settings: Settings, target: str) -> Listener | None:
    """Return who a target is."""
    sort, _, name = target.partition(":")
    return settings.hooks.get(name) if sort == "hook" else settings.channels.get(name)


def history(store: State, target: str, limit: int = 20) -> list[dict[str, Any]]:
    """Return the last deliveries of a target, newest first: event_id, type, at, state, tries, says, next_at."""
    query = (
        sa.select(_table, schema.events.c.type, schema.events.c.at)
        .join(schema.events, schema.events.c.id == _table.c.event_id)
        .where(_table.c.target == target).order_by(schema.events.c.at.desc(), _table.c.event_id).limit(limit)
    )  # fmt: skip
    with store.read() as db:
        return [dict(row) for row in db.execute(query).mappings()]


def again(store: State, target: str, ids: Iterable[str], who: str) -> None:
    """Have deliveries that did not end well tried again, as a person who looked wants."""
    access.need("administer")
    with store.write() as db:
        for id in ids:
            row = sa.and_(_table.c.target == target, _table.c.event_id == id, _table.c.state.in_(("refused", "doubt")))
            found = db.execute(sa.select(_table.c.batch).where(row)).scalar()
            fresh = id if target.startswith("hook:") else f"{id}.{now():%Y%m%d%H%M%S}"
            db.execute(_table.update().where(row).values(state="waiting", tries=0, next_at=now(), batch=fresh))
            log.info("sent again", target=target, event_id=id, was=found)
    store.record(Entry(who=who, action="tell_again", outcome="decided", vendor=target, says=" ".join(ids)))


def test(data: Path, target: str, who: str) -> Result:
    """Send a message that says it is a test, now, and return how it went. The log keeps that it was tried."""
    access.need("administer")
    settings, store = load(data), state(data)
    said = listener(settings, target)
    if said is None:
        return Result("never", "it was removed")
    moment = now()
    event = Event(event_id("test", f"{target}:{moment.isoformat()}"), "test", moment, "",
                  {"says": f"A test by {who}. Nothing happened."})  # fmt: skip
    found = _send(store, settings, target, event.id, [event], said)
    store.record(Entry(who=who, action="tell_test", outcome=_outcome(found), vendor=target, says=found.says))
    return found


def _bundle(store: State, settings: Settings, moment: dt.datetime) -> None:
    """Put what waits for a channel into messages: one each; one for all where that is chosen, or too many wait."""
    waiting = sa.and_(_table.c.batch.is_(None), _table.c.state == "waiting")
    with store.read() as db:
        targets = list(db.execute(sa.select(_table.c.target).where(waiting).distinct()).scalars())
    for target in targets:
        said = settings.channels.get(target.partition(":")[2], Channel())
        if said.digest and not _is_over(
            store, target, said.digest, moment.astimezone(ZoneInfo(settings.company.time_zone))
        ):
            continue
        with store.write() as db:
            here = sa.and_(waiting, _table.c.target == target)
            query = sa.select(_table.c.event_id).where(here).order_by(_table.c.event_id).with_for_update()
            ids = list(db.execute(query).scalars())
            name = "digest_" + hashlib.sha256("\n".join(ids).encode()).hexdigest()[:32]
            one = sa.literal(name) if said.digest or len(ids) > FLOOD else _table.c.event_id
            db.execute(_table.update().where(here).values(batch=one, next_at=moment))
        if said.digest:
            store.keep(f"digest:{target}", moment.isoformat())


def _is_over(store: State, target: str, digest: str, here: dt.datetime) -> bool:
    """Return whether an hour, or a day at eight, began since the last digest. `here`: in the company's time zone."""
    last = store.value(f"digest:{target}")
    if last is None:  # it is counted from the first thing that happened
        store.keep(f"digest:{target}", here.isoformat())
        return False
    begin = here.replace(minute=0, second=0, microsecond=0)
    begin = begin if digest == "hour" else begin.replace(hour=8)
    return dt.datetime.fromisoformat(last) < begin <= here


def _due(store: State, moment: dt.datetime) -> list[tuple[str, str, list[str]]]:
    """Return messages that are due: target, name and the ids of their events."""
    query = sa.select(_table.c.target, _table.c.batch, _table.c.event_id).where(
        _table.c.state == "waiting", _table.c.batch.is_not(None), _table.c.next_at <= moment
    )
    with store.read() as db:
        rows = db.execute(query.order_by(_table.c.next_at, _table.c.target, _table.c.batch, _table.c.event_id)).all()
    found: dict[tuple[str, str], list[str]] = {}
    for target, batch, id in rows:
        found.setdefault((target, batch), []).append(id)
    return [(target, batch, ids) for (target, batch), ids in found.items()]


def _deliver(store: State, settings: Settings, target: str, batch: str, ids: list[str], said: Listener) -> int:
    """Send one message under a claim; return whether it went out."""
    ledger = Ledger(store)
    try:
        claim = ledger.claim(f"tell:{target}:{batch}", action="tell", vendor=target, request={"events": ids}, who=WHO)
    except Busy:
        return 0
    if claim.answer is not None:
        _settle(store, target, ids, "done", "it went out before", now())
        return 0
    if claim.look and isinstance(said, Channel):
        found = Result("doubt", "the program was stopped while this went out; it may have been posted")
    else:
        try:
            with ledger.beating(claim):
                ledger.sending(claim)
                found = _send(store, settings, target, batch, _events(store, ids), said)
        except Lost:
            return 0
    tries = _tried(store, target, ids)
    ends: Stand = "done" if found.sort == "done" else "doubt" if _is_doubt(found, said) else "planned"
    state_ = _stand(found, said, tries)
    entry = Entry(who=WHO, action="tell", outcome=_outcome(found), vendor=target, key=claim.key,
                  says=f"{len(ids)}: {found.says}" if len(ids) > 1 else found.says,
                  answer={"events": ids[: texts.SHOWN]})  # fmt: skip
    ledger.settle(claim, "refused" if state_ == "refused" else ends, entry, found.says or None)
    pause = found.after or _pause(tries)
    _settle(store, target, ids, state_, found.says, now(), pause)
    if found.sort in ("again", "doubt"):
        _hold(store, target, now() + dt.timedelta(seconds=min(pause, HELD)))
    return int(found.sort == "done")


def _hold(store: State, target: str, until: dt.datetime) -> None:
    """Let what else waits for a target wait too: it is likely to be away, and others must not wait for it."""
    here = sa.and_(_table.c.target == target, _table.c.state == "waiting", _table.c.next_at < until)
    with store.write() as db:
        db.execute(_table.update().where(here).values(next_at=until))


def _is_doubt(found: Result, said: Listener) -> bool:
    return found.sort == "doubt" and isinstance(said, Channel)


def _stand(found: Result, said: Listener, tries: int) -> str:
    """Return the state of a delivery after a try."""
    if found.sort == "done":
        return "done"
    if _is_doubt(found, said):
        return "doubt"
    return "refused" if found.sort == "never" or tries >= len(PAUSES) else "waiting"


def _pause(tries: int) -> float:
    return PAUSES[min(tries, len(PAUSES) - 1)]


def _send(
    store: State, settings: Settings, target: str, id: str, events: list[Event], said: Listener
) -> Result:  # fmt: skip
    if isinstance(said, Channel):
        address = store.credentials(target).get(chat.ADDRESS, "")
        with speaking(settings.company.language):
            text = texts.message(events)
        return chat.send(said.kind, address, texts.slack(text) if said.kind == "slack" else text, said)
    secret = store.credentials(target).get(webhook.SECRET, "")
    if not secret:
        return Result("never", "its secret is gone: make a new one")
    content = webhook.body(events[0])
    url = getattr(said, "url", "")
    return webhook.post(url, content, webhook.signed(id, content, secret, time.time()), said.private)


def _events(store: State, ids: list[str]) -> list[Event]:
    table, found = schema.events, []
    with store.read() as db:
        for at in range(0, len(ids), 500):
            some = sa.select(table).where(table.c.id.in_(ids[at : at + 500]))
            found += [Event(**row) for row in db.execute(some).mappings()]
    return sorted(found, key=lambda event: (event.at, event.id))


def _tried(store: State, target: str, ids: list[str]) -> int:
    here = sa.and_(_table.c.target == target, _table.c.event_id == ids[0])
    with store.read() as db:
        return int(db.execute(sa.select(_table.c.tries).where(here)).scalar_one())


def _settle(
    store: State, target: str, ids: list[str], state_: str, says: str, at: dt.datetime, pause: float = 0.0
) -> None:
    values = {"state": state_, "says": says, "tries": _table.c.tries + 1, "next_at": at + dt.timedelta(seconds=pause),
              "ended_at": None if state_ == "waiting" else at}  # fmt: skip
    with store.write() as db:
        for first in range(0, len(ids), 500):
            here = sa.and_(_table.c.target == target, _table.c.event_id.in_(ids[first : first + 500]))
            db.execute(_table.update().where(here).values(**values))


def _outcome(found: Result) -> str:
    return {"done": "done", "again": "later", "never": "refused", "doubt": "doubt"}[found.sort]
