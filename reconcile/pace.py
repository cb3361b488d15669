"""One pace for all: however many processes call a vendor, together they keep its limit.

Each call takes the next free place in the time-table of its connection, kept beside the state: a file of the data
folder for the processes of one machine, the PostgreSQL of the state for several machines. A place once taken is gone,
whether its process lives to use it or not, so that nobody waits for the dead.
"""

import os
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event

from extract.pacing import Pace, window
from reconcile import schema
from reconcile.state import VARIABLE, engine, state

FILE = "pace.sqlite"
_STALE = 600.0  # seconds ahead at which a place was given by a clock that has since been put back
SPARE = (
    0.04  # seconds that a window is longer than the vendor's: a request may be faster on its way than the one before
)
PUNCTUAL = 0.005  # seconds; a busy machine lets a call go later than that
_table = schema.paces


def shared(data: Path) -> Pace:
    """Return the pace that all processes share which work on a data folder, or on its PostgreSQL."""
    return _opened(os.environ.get(VARIABLE, ""), data.resolve())


class Shared:
    """Gives places in order; `engine` keeps them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __call__(self, name: str, requests: int, seconds: float) -> None:
        """Wait until one more of so many `requests` in so many `seconds` may be sent under `name`."""
        asked = time.monotonic()
        place = self.place(f"{name}:{requests}/{seconds:g}", requests, window(seconds))
        if place.delay > 0:
            time.sleep(place.delay)
        late = time.monotonic() - asked - place.delay
        if late > PUNCTUAL:
            self._came_late(place, late)

    def place(self, name: str, requests: int, seconds: float) -> "Place":
        """Take the next place: the delay in which it comes, 0 for at once.

        The last so many places go round in a ring: the next comes a window after the oldest of them.
        """
        with self.engine.begin() as db:
            turn, moment = _turn(db, name), _moment(db)
            mine = (_table.c.name == name) & (_table.c.slot == turn % requests)
            oldest = db.execute(sa.select(_table.c.at).where(mine)).scalar()
            if oldest is None:
                db.execute(_table.insert().values(name=name, slot=turn % requests, at=moment))
                return Place(name, turn % requests, moment, 0.0)
            free = oldest + seconds if oldest < moment + _STALE else moment
            at = max(moment, free)
            db.execute(_table.update().where(mine).values(at=at))
        return Place(name, turn % requests, at, float(at - moment))

    def _came_late(self, place: "Place", late: float) -> None:
        """Note that a call went out after its place: who has the same place in the next round waits as much longer."""
        mine = (_table.c.name == place.name) & (_table.c.slot == place.slot) & (_table.c.at == place.at)
        with self.engine.begin() as db:
            db.execute(_table.update().where(mine).values(at=place.at + late))


class Place(NamedTuple):
    """A place in the time-table of `name`."""

    name: str
    slot: int
    at: float  # by the clock of the time-table
    delay: float  # seconds from when it was taken


def _turn(db: Connection, name: str) -> int:
    """Count one more call and return its number; others of the same name wait until this transaction ends."""
    count = (_table.c.name == name) & (_table.c.slot == schema.COUNT)
    if db.dialect.name == "postgresql":  # of several that begin at once one makes the row
        db.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})
    made = db.execute(_table.update().where(count).values(at=_table.c.at + 1).returning(_table.c.at)).scalar()
    if made is None:
        db.execute(_table.insert().values(name=name, slot=schema.COUNT, at=0))
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
