"""Brings reports out by themselves, Monday at nine and on the first of the month, in the company's time zone.

Each run is a durable workflow named after its period: started twice it is one. A run that was missed while nothing was
running is made up for once, for the last period that is over. A channel that failed is tried again alone.
"""

import datetime as dt
import threading
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from croniter import croniter
from croniter.croniter import CroniterBadCronError, CroniterBadDateError
from dbos import DBOS, SetWorkflowID

from dashboard.report import deliver
from dashboard.report.period import KINDS, Kind, Period, around, last
from dashboard.report.week import NoReport, keep, report
from reconcile.automations.calendar import business_day
from reconcile.settings import Settings, SettingsError, load
from reconcile.state import Entry, State, now, state

WHO = "schedule"
PAUSES = (60.0, 300.0, 1800.0, 7200.0)  # seconds between tries of what may pass by itself
LOOK = 20.0  # seconds between looks at the clock
STRETCH = dt.timedelta(days=14)  # longer than any run of free days
_AGAIN = ("later", "busy", "doubt")
log = structlog.get_logger("cuadra.report")


class BadCron(Exception):
    """A schedule cannot be read; the text says how to write one."""


class Tick(NamedTuple):
    """A turn of a schedule: the day it is of, and the instant (UTC) it comes, which may be some business days later."""

    day: dt.date
    at: dt.datetime


def ticked(cron: str, zone: str, at: dt.datetime, country: str = "") -> Tick:
    """Return the last turn up to `at` that a cron line names, by the clocks of a zone. BadCron if it is none.

    A time that the clocks skip comes with the change, one that they show twice comes once. With a country, what falls
    on a weekend or on a holiday there comes at the same hour of its next business day.
    """
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    ticks = _ticks(cron, local + dt.timedelta(seconds=1))
    while True:
        named: dt.datetime = ticks.get_prev(dt.datetime)
        moved = _moved(named, country)
        if moved <= local:
            return Tick(named.date(), moved.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC))
        ticks = _ticks(cron, dt.datetime.combine(named, dt.time()))  # all of that day come later


def fired(cron: str, zone: str, at: dt.datetime, country: str = "") -> dt.datetime:
    """Return the instant (UTC) of the last turn up to `at`. BadCron if the line is none."""
    return ticked(cron, zone, at, country).at


def following(cron: str, zone: str, at: dt.datetime, country: str = "") -> dt.datetime:
    """Return the next instant (UTC) after `at`. BadCron if the line is none."""
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    ticks = _ticks(cron, local - (STRETCH if country else dt.timedelta()))
    named: dt.datetime = ticks.get_next(dt.datetime)
    coming: dt.datetime | None = None
    while coming is None or named < coming:  # what fell on free days before may still be to come
        moved = _moved(named, country)
        if moved > local and (coming is None or moved < coming):
            coming = moved
        named = ticks.get_next(dt.datetime)
    return coming.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


def _moved(named: dt.datetime, country: str) -> dt.datetime:
    return dt.datetime.combine(business_day(country, named.date()), named.time()) if country else named


def _ticks(cron: str, local: dt.datetime) -> croniter:
    try:
        if len(cron.split()) != 5:
            raise CroniterBadCronError("five fields")
        made = croniter(cron, local)
        made.get_prev(dt.datetime)
        return croniter(cron, local)
    except (CroniterBadCronError, CroniterBadDateError) as error:
        raise BadCron(f'"{cron}" is no schedule: write minute, hour, day, month and weekday, like 0 9 * * 1') from error


def due(settings: Settings, store: State, at: dt.datetime) -> list[tuple[Period, dt.datetime]]:
    """Return the periods whose report has to go out, each with the instant it was due.

    A schedule begins to count when it is first seen: what was before it is not made up for.
    """
    zone = settings.company.time_zone
    found = []
    for kind in KINDS:
        schedule = settings.schedules.get(kind)
        if schedule is None or not schedule.cron:
            continue
        known = store.schedule(f"report:{kind}").get("last_at")
        if known is None:
            store.ran(f"report:{kind}", at)
            continue
        turn = ticked(schedule.cron, zone, at, settings.company.country if schedule.business_days else "")
        if turn.at > known:
            found.append((last(_kind(kind), turn.day), turn.at))
    return found


def tick(data: Path, at: dt.datetime | None = None) -> list[Period]:
    """Start what is due and return it. Needs `workflows.launch` before."""
    store = state(data)
    started = []
    for period, moment in due(load(data), store, at or now()):
        start(data, period)
        store.ran(f"report:{period.kind}", moment)
        started.append(period)
        log.info("report", period=period.key)
    return started


def start(data: Path, period: Period) -> None:
    """Start the durable run of a period, once."""
    with SetWorkflowID(f"report:{period.key}"):
        DBOS.start_workflow(_bring, str(data), period.kind, str(period.start))


def watch(data: Path, stop: threading.Event) -> None:
    """Look at the clock until stopped."""
    while not stop.wait(LOOK):
        try:
            tick(data)
        except (BadCron, SettingsError, sa.exc.SQLAlchemyError) as error:  # somebody is editing; look again
            log.warning("schedule", error=str(error))


@DBOS.workflow(name="report", max_recovery_attempts=None)
def _bring(data: str, kind: str, start_: str) -> list[list[str]]:
    """Bring a report out by every channel, those that may pass again until they do; return how each ended."""
    left = _wanted(data, kind, start_)
    ended: dict[tuple[str, str], list[str]] = {}
    for pause in (0.0, *PAUSES):
        if pause:
            DBOS.sleep(pause)
        for channel, to in left:
            ended[channel, to] = _one(data, kind, start_, channel, to)
        left = [[channel, to] for channel, to in left if ended[channel, to][2] in _AGAIN]
        if not left:
            break
    return list(ended.values())


@DBOS.step(name="report channels")
def _wanted(data: str, kind: str, start_: str) -> list[list[str]]:
    """Make the report, keep it, and return the channels and recipients; none where there is nothing to say."""
    folder, settings, period = Path(data), load(Path(data)), _period(kind, start_)
    try:
        keep(folder, report(folder, period, settings))
    except NoReport as error:
        entry = Entry(who=WHO, action="report", outcome="refused", subject=f"report:{period.key}", says=str(error))
        state(folder).record(entry)
        return []
    return [list(pair) for pair in deliver.plan(settings.reports.channels, period.kind, settings)]


@DBOS.step(name="report channel")
def _one(data: str, kind: str, start_: str, channel: str, to: str) -> list[str]:
    folder = Path(data)
    made = report(folder, _period(kind, start_), load(folder))
    return list(deliver.one(folder, made, channel, to, WHO))


def again(data: Path, entry: dict[str, object], who: str) -> deliver.Delivery:
    """Try one channel of the history again, alone."""
    period = entry["period"]
    assert isinstance(period, Period)
    settings, channel, to = load(data), str(entry["channel"]), str(entry["recipient"])
    if channel != "email":  # its address may have been mended since
        to = deliver.recipients(channel, period.kind, settings)[0]
    return deliver.one(data, report(data, period, settings), channel, to, who)


def _period(kind: str, start_: str) -> Period:
    return around(_kind(kind), dt.date.fromisoformat(start_))


def _kind(kind: str) -> Kind:
    return "month" if kind == "month" else "week"
