"""Automations as the command line shows and switches them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dashboard.read.salespeople import salespeople
from reconcile.automations import switch as switches
from reconcile.automations.due import due
from reconcile.automations.turn import Turn
from reconcile.settings import FLOWS, load
from reconcile.state import state


def switch(
    data: Path, flow: str, mode: str, owner: Sequence[str], everybody: bool, cap: int, reason: str, who: str
) -> None:
    """Switch a flow; what is left out stays. ValueError where something named does not exist."""
    chosen = load(data).automation(flow)
    changes: dict[str, Any] = {}
    if mode not in ("", "off", "suggest", "automatic"):
        raise ValueError(f"--mode {mode}: say off, suggest or automatic")
    if mode:
        changes["mode"] = mode
    if owner and everybody:
        raise ValueError("either --owner or --everybody, not both")
    if owner or everybody:
        changes["owners"] = [_known(data, name) for name in owner]
    if cap >= 0:
        changes["daily_cap"] = cap
    made = type(chosen).model_validate(chosen.model_dump() | changes)
    switches.switch(data, flow, made, who, reason)


def listed(data: Path) -> list[dict[str, Any]]:
    """Return each flow with how it runs, who switched it, and how much is due now or waits for a person."""
    known, store = load(data), state(data)
    found = due(data) if (data / "warehouse.duckdb").exists() else []
    ready = Counter(d.flow for d in found if d.held is None)
    held = Counter(d.flow for d in found if d.held is not None)
    return [
        {"flow": flow, **known.automation(flow).model_dump(),
         "is_automatic": switches.is_automatic(known, store, flow),
         "switched_by": switches.switched(store, flow).get("who", ""), "due": ready[flow], "waiting": held[flow]}
        for flow in FLOWS
    ]  # fmt: skip


def ended(done: Turn) -> list[dict[str, Any]]:
    """Return how each run of a turn ended."""
    return [
        {"flow": run.who, "says": str(run.plans[0].says), "state": run.state,
         "error": next((o.error for o in run.outcomes if o.error), "")}
        for run in done.runs
    ]  # fmt: skip


def _known(data: Path, name: str) -> str:
    """Return the id of a salesperson named by id or e-mail."""
    for owner in salespeople(data):
        if name in (owner["id"], owner["email"]):
            return str(owner["id"])
    raise ValueError(f"there is no salesperson {name!r}; say an id or an e-mail of the CRM")
