"""What the product is worth: fixes counted in the log (measured), times minutes and prices that people set (assumed).

The page and the reports show the same: this is the only place where it is computed.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from reconcile import access, schema
from reconcile.state import Entry, State

KEPT = "value.assumed"  # name in the state store
HOUR, MONTH, SETUP = "hour", "month", "setup"  # what an hour of work, a month of the product and its set-up cost
# What doing it by hand takes, as the reader may correct: 5 to 10 minutes for an invoice, copied between two screens.
USUAL = {
    "create_customer": 5, "create_invoice": 8, "issue_invoice": 2, "send_invoice": 3, "send_reminder": 5,
    "update_deal": 3, "update_customer": 3, "sync_customer": 3, "sync_product": 3, "create_product": 4,
    "create_quote": 8, "create_order": 8, "sync_quote": 3,
    "create_task": 2, "record_payment": 4, "create_note": 2,
    "archive_file": 1, "archive_note": 2, "archive_mail": 2,
}  # fmt: skip
PRICES = {HOUR: 30, MONTH: 0, SETUP: 0}
_CENT = Decimal("0.01")


class Worth(NamedTuple):
    """What fixes of a time are worth, by the assumptions: minutes of work, that in money, and what the product cost."""

    minutes: int
    saved: Decimal
    cost: Decimal

    @property
    def left(self) -> Decimal:
        """What is left after what the product cost; below 0 while it has not paid for itself."""
        return self.saved - self.cost


class Month(NamedTuple):
    """A month: fixes by action (measured), their worth, and what is left of all months so far, set-up deducted."""

    start: dt.date
    done: dict[str, int]
    worth: Worth
    so_far: Decimal


def assumed(store: State) -> dict[str, int]:
    """Return the minutes of each fix by hand and the prices, as somebody set them, else the usual ones."""
    return {**USUAL, **PRICES, **store.value(KEPT, {})}


def assume(store: State, changed: Mapping[str, int], who: str) -> None:
    """Set assumptions; those that are not named stay. What was changed stands in the log."""
    before = assumed(store)
    after = before | dict(changed)
    if after == before:
        return
    access.need("administer")
    store.keep(KEPT, after)
    names = [name for name in after if after[name] != before[name]]
    store.record(Entry(who=who, action="change_assumptions", outcome="decided", subject="settings:value",
                       before={n: before[n] for n in names}, after={n: after[n] for n in names}))  # fmt: skip


def measured(store: State, since: dt.datetime | None = None, before: dt.datetime | None = None) -> dict[str, int]:
    """Return how many fixes of each sort ended well between two instants, from the log; those without any left out."""
    log = schema.audit
    query = sa.select(log.c.action, sa.func.count()).where(log.c.outcome == "done", log.c.action.in_(list(USUAL)))
    if since is not None:
        query = query.where(log.c.at >= since)
    if before is not None:
        query = query.where(log.c.at < before)
    with store.read() as db:
        found = {action: int(count) for action, count in db.execute(query.group_by(log.c.action))}
    return {name: found[name] for name in USUAL if found.get(name)}


def worth(done: Mapping[str, int], said: Mapping[str, int], months: Decimal = Decimal(0)) -> Worth:
    """Return what fixes are worth; `months` is how many months of the product they took."""
    minutes = sum(count * said[name] for name, count in done.items())
    saved = (Decimal(minutes) * said[HOUR] / 60).quantize(_CENT, ROUND_HALF_UP)
    return Worth(minutes, saved, (months * said[MONTH]).quantize(_CENT, ROUND_HALF_UP))


def by_month(store: State, today: dt.date, zone: ZoneInfo) -> list[Month]:
    """Return each month from that of the first fix to this one, in order; this one's cost counts whole."""
    log, said = schema.audit, assumed(store)
    query = sa.select(log.c.at, log.c.action).where(log.c.outcome == "done", log.c.action.in_(list(USUAL)))
    counted: dict[dt.date, Counter[str]] = {}
    with store.read() as db:
        for at, action in db.execute(query):
            counted.setdefault(at.astimezone(zone).date().replace(day=1), Counter())[action] += 1
    if not counted:
        return []
    found, so_far, start = list[Month](), Decimal(-said[SETUP]), min(counted)
    while start <= max(today, max(counted)):
        done = counted.get(start, Counter())
        value = worth(done, said, Decimal(1))
        so_far += value.left
        found.append(Month(start, {n: done[n] for n in USUAL if done[n]}, value, so_far))
        start = (start + dt.timedelta(days=32)).replace(day=1)
    return found


def pays_since(months: list[Month]) -> int | None:
    """Return from which month on, counted from 1, more was saved than spent; None where that is still to come."""
    at = len(months)
    while at and months[at - 1].so_far > 0:
        at -= 1
    return at + 1 if at < len(months) else None
