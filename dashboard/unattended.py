"""Reading by itself: `[schedules.sync]` rings the bell that web hooks ring, so that one reading runs at a time.

What was due while nothing was running is made up for once. What was due while somebody had stopped it is not.
"""

import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog

from dashboard.report.schedule import BadCron, fired, following
from reconcile import access
from reconcile.settings import Schedule, Settings, SettingsError, load
from reconcile.state import Entry, State, now, state

NAME = "sync"  # of the schedule in settings.toml and in the state store
EVERYTHING = "*"  # what the bell is rung for: every connection
Ring = Callable[[str, bool], None]  # what is to be read, and whether that is certain: `Doorbell.ring`
LOOK = 5.0  # seconds between looks at the clock
_LAST = "reading:last"
_STOPPED = "schedule:sync:stopped"
log = structlog.get_logger("cuadra.unattended")


def due(settings: Settings, store: State, at: dt.datetime) -> dt.datetime | None:
    """Return the instant (UTC) whose reading is to be done now; None where none is. BadCron if the line is none.

    A schedule begins to count when it is first seen.
    """
    cron = settings.schedules.get(NAME, Schedule()).cron
    if not cron or stopped(store):
        return None
    known = store.schedule(NAME).get("last_at")
    if known is None:
        store.ran(NAME, at)
        return None
    moment = fired(cron, settings.company.time_zone, at)
    return moment if moment is not None and moment > known else None


def following_at(settings: Settings, store: State, at: dt.datetime) -> dt.datetime | None:
    """Return when the next reading is (UTC); None where none is planned. BadCron if the line is none."""
    cron = settings.schedules.get(NAME, Schedule()).cron
    return following(cron, settings.company.time_zone, at) if cron and not stopped(store) else None


def tick(data: Path, ring: Ring, at: dt.datetime | None = None) -> bool:
    """Ring for a reading that is due; return whether one was."""
    store = state(data)
    moment = due(load(data), store, at or now())
    if moment is None:
        return False
    ring(EVERYTHING, True)  # kept first: a crash before the next line rings twice, and twice is one reading
    store.ran(NAME, moment)
    log.info("reading is due", since=moment.isoformat())
    return True


def watch(data: Path, ring: Ring, stop: threading.Event) -> None:
    """Look at the clock until stopped."""
    while not stop.wait(LOOK):
        try:
            tick(data, ring)
        except (BadCron, SettingsError, sa.exc.SQLAlchemyError) as error:  # somebody is editing; look again
            log.warning("schedule", error=str(error))


def stopped(store: State) -> dict[str, Any]:
    """Return who stopped reading by itself and when (who, at); empty where nobody did."""
    return dict(store.value(_STOPPED) or {})


def stop(store: State, who: str) -> None:
    """Read no more by itself until somebody starts it again. A reading that is going on ends."""
    access.need("refresh")
    store.keep(_STOPPED, {"who": who, "at": now().isoformat()})
    store.record(Entry(who=who, action="stop_schedule", outcome="decided", subject=f"schedule:{NAME}"))


def start(store: State, who: str) -> None:
    """Read by itself again, from the next time that is due."""
    access.need("refresh")
    store.drop([_STOPPED])
    store.ran(NAME, now())
    store.record(Entry(who=who, action="start_schedule", outcome="decided", subject=f"schedule:{NAME}"))


def note(store: State, **what: Any) -> None:
    """Remember how the last reading went: why, started_at, readings, runs, error."""
    store.keep(_LAST, what | {"ended_at": now().isoformat()})


def last(store: State) -> dict[str, Any]:
    """Return how the last reading by itself or by a web hook went; empty before the first."""
    return dict(store.value(_LAST) or {})
