"""One pace for all: however many processes call a vendor, together they keep its limit.

A connection that may send so many requests in so many seconds has as many places, which its calls take in turn. A call
goes that many seconds after the call before it in the same place was answered: when exactly the vendor counted that
one, nobody knows, but no later than it answered. So no stretch of that length ever holds more than are allowed, however
late a busy machine, the network or the vendor's own queue makes one of them.

The places are kept beside the state: in a file of the data folder for the processes of one machine, in the PostgreSQL
of the state for several machines.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event

from extract.pacing import Pace
from reconcile import schema
from reconcile.state import VARIABLE, engine, state

FILE = "pace.sqlite"
SPARE = 0.002  # seconds that a place rests longer than the vendor says: clocks are not finer
PATIENCE = 3.0  # seconds beyond its time that a call before is waited for; then it counts as answered, or as dead
LOOK = 0.05  # seconds between two looks whether a call before has been answered
_STALE = 600.0  # seconds ahead at which a place was given by a clock that has since been put back
_table = schema.places


def shared(data: Path) -> Pace:
    """Return the pace that all processes share which work on a data folder, or on its PostgreSQL."""
    return _opened(os.environ.get(VARIABLE, ""), data.resolve())


class Turn(NamedTuple):
    """A call's turn at a place; instants by the clock of whoever keeps the places."""

    name: str
    slot: int
    number: int  # counted from 0 at each place
    seconds: float  # between the answer to one call and the next
    at: float  # when it may go, as far as could be told when it was taken
    asked: float  # when it was taken
    until: float | None  # how long to wait for the answer to the call before it; None where it is there already

    @property
    def delay(self) -> float:
        """Return the seconds from when it was taken, 0 for at once."""
        return max(self.at - self.asked, 0.0)


class Shared:
    """Gives turns in order; `engine` keeps the places."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.reading = engine, engine.execution_options(reads=True)

    @contextmanager
    def __call__(self, name: str, requests: int, seconds: float) -> Iterator[None]:
        """Wait until one more of so many `requests` in so many `seconds` may go under `name`; leave once answered."""
        turn = self.take(f"{name}:{requests}/{seconds:g}", requests, seconds + SPARE)
        if turn.delay:
            time.sleep(turn.delay)
        while turn.until is not None and (more := self.wait(turn)):
            time.sleep(more)
        try:
            yield
        finally:
            self.answered(turn)

    def take(self, name: str, requests: int, seconds: float) -> Turn:
        """Take the next turn: at the place whose last one was taken longest ago."""
        with self.engine.begin() as db:
            number, slot = divmod(_count(db, name), requests)
            now = _moment(db)
            here = (_table.c.name == name) & (_table.c.slot == slot)
            last = db.execute(
                sa.select(_table.c.turn, _table.c.at, _table.c.answered, _table.c.answered_at).where(here)
            )
            row = last.one_or_none()
            if row is None or row.at > now + _STALE:
                db.execute(_table.delete().where(here))
                db.execute(_table.insert().values(name=name, slot=slot, turn=number, at=now, answered=number - 1,
                                                  answered_at=now - seconds))  # fmt: skip
                return Turn(name, slot, number, seconds, now, now, None)
            at = max(now, row.at + seconds, row.answered_at + seconds * (number - row.answered))
            db.execute(_table.update().where(here).values(turn=number, at=at))
        until = None if row.answered >= number - 1 else row.at + seconds + PATIENCE
        return Turn(name, slot, number, seconds, at, now, until)

    def wait(self, turn: Turn) -> float:
        """Return the seconds to wait further for calls before it to be answered, 0 where it may go."""
        here = (_table.c.name == turn.name) & (_table.c.slot == turn.slot)
        with self.reading.begin() as db:
            row = db.execute(
                sa.select(_table.c.turn, _table.c.answered, _table.c.answered_at).where(here)
            ).one_or_none()
            now = _moment(db)
        if row is None or row.turn < turn.number:  # a clock that was put back began anew
            return 0.0
        ahead = turn.number - row.answered
        rest = row.answered_at + turn.seconds * max(ahead, 1) - now
        if ahead <= 1:
            return max(rest, 0.0)
        return max(rest, LOOK) if now < (turn.until or now) else 0.0

    def answered(self, turn: Turn) -> None:
        """Note that the call of a turn was answered; turns already taken at its place come no sooner than they may."""
        here = (_table.c.name == turn.name) & (_table.c.slot == turn.slot) & (_table.c.answered < turn.number)
        with self.engine.begin() as db:
            now = _moment(db)
            last = now + turn.seconds * (_table.c.turn - turn.number)
            at = sa.case((_table.c.at < last, last), else_=_table.c.at)
            db.execute(_table.update().where(here).values(answered=turn.number, answered_at=now, at=at))


def _count(db: Connection, name: str) -> int:
    """Count one more call and return its number; others of the same name wait until this transaction ends."""
    count = (_table.c.name == name) & (_table.c.slot == schema.COUNT)
    if db.dialect.name == "postgresql":  # of several that begin at once one makes the row
        db.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})
    made = db.execute(_table.update().where(count).values(turn=_table.c.turn + 1).returning(_table.c.turn)).scalar()
    if made is None:
        db.execute(_table.insert().values(name=name, slot=schema.COUNT, turn=0, at=0, answered=0, answered_at=0))
    return int(made or 0)


def _moment(db: Connection) -> float:
    """Return seconds by a clock that all who share the places have: the database's, or the one of this machine."""
    if db.dialect.name == "sqlite":
        return time.monotonic()  # the same in all processes, and nobody sets it
    return float(db.execute(sa.text("SELECT EXTRACT(EPOCH FROM clock_timestamp())")).scalar_one())


@cache
def _opened(url: str, data: Path) -> Shared:
    if url:
        return Shared(state(data).engine)
    data.mkdir(parents=True, exist_ok=True)
    made = engine(f"sqlite:///{data / FILE}")

    @event.listens_for(made, "connect")
    def _fast(raw: object, record: object) -> None:
        raw.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]  # what a power cut loses is over by then

    with made.begin() as db:
        _table.create(db, checkfirst=True)
    return Shared(made)
