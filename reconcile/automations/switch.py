"""Switching a flow: who did it is remembered, and a flow follows the one before it only after that ran cleanly."""

import datetime as dt
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from reconcile import schema, settings
from reconcile.connections import connections
from reconcile.mapping import unmapped
from reconcile.settings import FLOWS, Automation, Settings
from reconcile.state import Entry, State, now, state

CLEAN_DAYS = 14  # that a flow runs by itself without a refusal before the next may
_KEPT = "automation:"


class Unmapped(ValueError):
    """A field that the flow cannot do without has no place on one of the two sides."""

    def __init__(self, fields: list[str]) -> None:
        super().__init__(f"{', '.join(fields)}: no place on one of the two sides; say where it is on the page Fields")
        self.fields = fields


class Locked(ValueError):
    """The flow before this one has not run long enough; a reason overrides it."""


def switch(data: Path, flow: str, chosen: Automation, who: str, reason: str = "") -> None:
    """Keep how a flow runs from now on, in the settings and in the audit log. Locked, Unmapped or another ValueError.

    `reason`: why it may run by itself although the flow before it has not proven itself yet.
    """
    if flow not in FLOWS:
        raise ValueError(f"{flow} is no flow; there are {', '.join(FLOWS)}")
    store, known = state(data), settings.load(data)
    before = known.automation(flow)
    is_new = chosen.mode not in ("off", switched(store, flow).get("mode"))
    if is_new and (lacking := unmapped(known, connections(data), flow)):
        raise Unmapped(lacking)
    begins = chosen.mode == "automatic" and not is_automatic(known, store, flow)
    behind = waits_for(known, store, flow) if begins and not reason else None
    if behind:
        raise Locked(
            f"{behind} has to run by itself for {CLEAN_DAYS} days without a refusal first, or say why it need not"
        )
    settings.save(known.model_copy(update={"automations": known.automations | {flow: chosen}}), data)
    store.keep(f"{_KEPT}{flow}", {"mode": chosen.mode, "who": who, "at": _since(store, flow, chosen.mode)})
    store.record(Entry(who=who, action="switch_automation", outcome="decided", subject=f"automation:{flow}",
                       says=reason, before=before.model_dump(), after=chosen.model_dump()))  # fmt: skip


def is_automatic(known: Settings, store: State, flow: str) -> bool:
    """Return whether a flow runs by itself: the settings say so, and so did a person by name."""
    return known.automation(flow).mode == "automatic" and switched(store, flow).get("mode") == "automatic"


def switched(store: State, flow: str) -> dict[str, Any]:
    """Return mode, who and at (since when in that mode) of the last switching; empty if nobody ever did."""
    found: dict[str, Any] = store.value(f"{_KEPT}{flow}") or {}
    return found


def waits_for(known: Settings, store: State, flow: str) -> str | None:
    """Return the flow that must run cleanly before this one may run by itself; None where nothing is in the way."""
    place = FLOWS.index(flow)
    if (
        flow in ("customer_data", "product_data", "quote_data") or not place
    ):  # no invoice and no mail: they wait for none
        return None
    before = FLOWS[place - 1]
    begun = switched(store, before).get("at")
    if not is_automatic(known, store, before) or begun is None:
        return before
    since = now() - dt.timedelta(days=CLEAN_DAYS)
    table = schema.runs
    theirs = (table.c.who.startswith(name(before), autoescape=True), table.c.started_at > since)
    bad = sa.select(sa.func.count()).where(*theirs, table.c.state.in_(("refused", "doubt")))
    with store.read() as db:
        clean = not db.execute(bad).scalar_one()
    return None if clean and dt.datetime.fromisoformat(begun) <= since else before


def name(flow: str) -> str:
    """Return how the name of whoever starts a flow by itself begins in runs and in the audit log."""
    return f"automatic {flow}"


def _since(store: State, flow: str, mode: str) -> str:
    last = switched(store, flow)
    return str(last["at"]) if last.get("mode") == mode else now().isoformat()
