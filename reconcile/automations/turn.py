"""One turn of the automatic flows: start what is due through the same chains, gate and ledger as a click, and wait."""

import datetime as dt
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog
from sqlalchemy import Connection

from reconcile import schema, workflows
from reconcile.action import Plan, Sentence
from reconcile.automations.due import Due, due
from reconcile.automations.switch import is_automatic, name, switched
from reconcile.hindrances import NOT_ASKED, hindered
from reconcile.settings import FLOWS, Settings, load
from reconcile.state import now, state
from reconcile.workflows import PAUSES, Run

PATIENCE = 600.0  # seconds a turn waits for its runs; what is not finished goes on without it
log = structlog.get_logger("cuadra.automations")


@dataclass(frozen=True)
class Turn:
    """What a turn started, by flow how many wait for a person, and how many for tomorrow since the cap was reached."""

    data: Path
    ids: tuple[str, ...] = ()  # of the runs
    vendors: frozenset[str] = frozenset()  # that they write to
    held: tuple[Due, ...] = ()
    capped: int = 0

    @property
    def runs(self) -> tuple[Run, ...]:
        """Return the runs as they are now; a turn of a thousand does not hold them."""
        return tuple(workflows.status(self.data, id) for id in self.ids)


def turn(data: Path, timeout: float = PATIENCE, pauses: Sequence[float] = PAUSES) -> Turn:
    """Start what the automatic flows have to do, each chain once whoever else takes the same turn, and wait for it."""
    known, store = load(data), state(data)
    active = [flow for flow in FLOWS if is_automatic(known, store, flow)]
    if not active or not (data / "warehouse.duckdb").exists():
        return Turn(data)
    seen_at = now()  # before: what an interrupted turn left is taken up meanwhile, and may end before we ask for it
    found = _hindered(data, known, due(data, active))
    held = tuple(d for d in found if d.held is not None)
    for one in held:
        log.info("held", flow=one.flow, action=one.plans[0].action, subject=str(one.plans[0].subject),
                 reason=str(one.held))  # fmt: skip
    ready = deque(d for d in found if d.held is None)
    workflows.launch(data, pauses)
    count, ids = len(ready), list[str]()
    del found
    while ready:  # what is started is kept in the state store, and no longer here
        one = ready.popleft()
        who = f"{name(one.flow)}, switched on by {switched(store, one.flow)['who']}"
        cap, zone = known.automation(one.flow).daily_cap, ZoneInfo(known.company.time_zone)
        ids += workflows.confirm(data, one.plans, who, room=_Room(one.flow, cap, zone), seen_at=seen_at)
    workflows.wait(data, ids, timeout)
    ended, vendors = Counter[str](), set[str]()
    for id in ids:
        run = workflows.status(data, id)
        ended[run.state] += 1
        vendors |= {plan.vendor for plan in run.plans}
    log.info("turn", started=len(ids), ended=dict(ended), waiting=len(held), capped=count - len(ids))
    return Turn(data, tuple(ids), frozenset(vendors), held, count - len(ids))


def _hindered(data: Path, settings: Settings, found: Sequence[Due]) -> list[Due]:
    """Return what is due; what would start is held where something in an account stands in its way."""
    ready = [plan for one in found if one.held is None for plan in one.plans]
    told = {plan.key: plan for plan in hindered(data, settings, ready)}
    return [one if one.held else replace(one, held=_reason(told[plan.key] for plan in one.plans)) for one in found]


def _reason(plans: Iterable[Plan]) -> Sentence | None:
    """Return what stands in the way of a chain, or that an account could not be asked; None where nothing does."""
    for plan in plans:
        for need in plan.needs:
            return need.says
        for caution in plan.cautions:
            if caution.code == NOT_ASKED:
                return caution.says
    return None


@dataclass(frozen=True)
class _Room:
    """Whether a flow may start one more today; asked inside the transaction that writes the run down."""

    flow: str
    cap: int
    zone: ZoneInfo

    def __call__(self, db: Connection) -> bool:
        """Return it; others who ask about the same flow wait until the run is written down."""
        db.execute(sa.select(schema.kv.c.name).where(schema.kv.c.name == f"automation:{self.flow}").with_for_update())
        morning = dt.datetime.now(self.zone).replace(hour=0, minute=0, second=0, microsecond=0)
        today = sa.select(sa.func.count()).where(
            schema.runs.c.who.startswith(name(self.flow), autoescape=True), schema.runs.c.started_at >= morning
        )
        return int(db.execute(today).scalar_one()) < self.cap
