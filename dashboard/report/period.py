"""Which days a report is about: a week from Monday to Sunday, or a calendar month, in the company's time zone."""

import datetime as dt
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from dashboard.words import _, day, locale

KINDS = ("week", "month")
Kind = Literal["week", "month"]
DAY = dt.timedelta(days=1)


class Period(NamedTuple):
    """A week or a month; both days belong to it."""

    kind: Kind
    start: dt.date
    end: dt.date

    @property
    def key(self) -> str:
        """Name it, the same for the same period: week:2026-11-09."""
        return f"{self.kind}:{self.start}"

    @property
    def before(self) -> "Period":
        """The period that ended the day before it began."""
        return around(self.kind, self.start - DAY)

    def instants(self, zone: str) -> tuple[dt.datetime, dt.datetime]:
        """Return its first instant and the first one after it, in UTC."""
        begin, end = (dt.datetime.combine(d, dt.time(), ZoneInfo(zone)) for d in (self.start, self.end + DAY))
        return begin.astimezone(dt.UTC), end.astimezone(dt.UTC)

    def title(self) -> str:
        """Return what a reader calls it."""
        if self.kind == "month":
            from babel.dates import format_skeleton

            return format_skeleton("yMMMM", self.start, locale=locale())
        return _("Week of {start} to {end}").format(start=day(self.start), end=day(self.end))


def around(kind: Kind, on: dt.date) -> Period:
    """Return the week or month that a day is in."""
    if kind == "week":
        start = on - dt.timedelta(days=on.weekday())
        return Period(kind, start, start + 6 * DAY)
    start = on.replace(day=1)
    following = (start + 32 * DAY).replace(day=1)
    return Period(kind, start, following - DAY)


def last(kind: Kind, today: dt.date) -> Period:
    """Return the last one that is over."""
    return around(kind, today).before
