"""When something goes out by itself, chosen as a day and a time; a rhythm that is neither is written as cron has it."""

import datetime as dt
import re

import streamlit as st

from dashboard.words import _, weekdays

USUAL = {"week": "0 9 * * 1", "month": "0 9 1 * *"}
_WEEKLY = re.compile(r"(\d{1,2}) (\d{1,2}) \* \* ([0-7])")
_MONTHLY = re.compile(r"(\d{1,2}) (\d{1,2}) (\d{1,2}) \* \*")
LAST = 28  # the last day that every month has


def choose(kind: str, held: str) -> str:
    """Show the fields, within a form, for a weekly or monthly rhythm (`held`, empty for none); return what they say."""
    day, at = parted(kind, held) or parted(kind, USUAL[kind]) or (1, dt.time(9))
    left, right = st.columns(2)
    if kind == "week":
        names = weekdays("wide")
        chosen = left.selectbox(_("Day"), range(1, 8), day - 1, key=f"report-day-{kind}",
                                format_func=lambda n: names[n - 1])  # fmt: skip
    else:
        chosen = left.selectbox(_("Day of the month"), range(1, LAST + 1), day - 1, key=f"report-day-{kind}")
    when = right.time_input(_("At"), at, key=f"report-at-{kind}", step=900)
    with st.expander(_("Another rhythm"), expanded=bool(held) and parted(kind, held) is None):
        own = st.text_input(_("Minute, hour, day, month, weekday"), "" if parted(kind, held) else held,
                            key=f"report-cron-{kind}", placeholder=USUAL[kind],
                            help=_("0 9 * * 1 is Monday at nine; 0 9 1 * * the first of a month. What stands here "
                                   "counts instead of day and time."))  # fmt: skip
    return own.strip() or written(kind, chosen, when)


def parted(kind: str, cron: str) -> tuple[int, dt.time] | None:
    """Return the day (of the week, Monday 1, or of the month) and the time of a cron line; None where it says more."""
    found = (_WEEKLY if kind == "week" else _MONTHLY).fullmatch(" ".join(cron.split()))
    if found is None:
        return None
    minute, hour, day = (int(part) for part in found.groups())
    day = day or 7 if kind == "week" else day
    if hour > 23 or minute > 59 or not 1 <= day <= LAST:
        return None
    return day, dt.time(hour, minute)


def written(kind: str, day: int, at: dt.time) -> str:
    """Return a day and a time as a cron line."""
    return f"{at.minute} {at.hour} * * {day % 7}" if kind == "week" else f"{at.minute} {at.hour} {day} * *"
