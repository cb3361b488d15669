"""Durable chains of actions: what was confirmed runs to its end, through crashes, restarts and several machines.

DBOS runs the chains and remembers their steps; its steps are at-least-once. That each effect happens once rests on the
ledger (`reconcile.action.perform`), so that it holds even where two processes run the same chain.
"""

import atexit
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import Connection, RowMapping

from extract.vendor import Refused, Unauthorised, VendorError
from reconcile import access, approvals, gate, process, schema
from reconcile.action import Outcome, Plan, Subject, filled, perform
from reconcile.automations.flows import closed
from reconcile.chains import chain
from reconcile.connections import connections
from reconcile.facts import opened
from reconcile.hindrances import hindered, in_the_way
from reconcile.mail import NAME as MAIL
from reconcile.mail import SECRET, Attached, Mailer
from reconcile.settings import FILE, Settings, load, today
from reconcile.state import VARIABLE, State, now, state

VERSION = "1"  # of the chains' form, not of the program: a new release still recovers what an old one began
QUEUE = "writes"
AT_ONCE = 8  # chains that one process runs side by side
PAUSES = (1.0, 4.0, 15.0, 60.0, 300.0, 1800.0)  # seconds between tries while a vendor is out of reach or in doubt
Room = Callable[[Connection], bool]
_ENDED = ("done", "refused", "doubt", "waiting")
_WATCH = 10.0  # seconds between looks for chains whose process died
_PAUSED = 60.0  # seconds of a pause that are remembered together
_ASKED = 500  # runs that are asked for in one question
_STALE = 60.0  # seconds without a beat after which a process of another machine counts as dead
log = structlog.get_logger("cuadra.workflows")


@dataclass(frozen=True)
class Run:
    """A chain that was confirmed: its plans, and how each step that was tried ended."""

    id: str
    chain: str
    who: str
    state: str
    plans: tuple[Plan, ...]
    outcomes: tuple[Outcome, ...]
    started_at: Any = None
    ended_at: Any = None


@dataclass
class _Engine:
    """This process's part in running chains."""

    data: Path
    store: State
    pauses: Sequence[float]
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    vendors: dict[str, Any] = field(default_factory=dict)
    chosen: Settings | None = None
    stamp: tuple[Any, ...] = ()

    def vendor(self, name: str) -> Any:
        """Return a connection's vendor or the mailer; the same object for all chains: its connections stay open."""
        return self._now()[1].get(name)

    def settings(self) -> Settings:
        """Return the settings as they stand now; reading them takes a step longer than most of its requests."""
        return self._now()[0]

    def _now(self) -> tuple[Settings, dict[str, Any]]:
        with self.lock:
            stamp = (_modified(self.data / FILE), self.store.credentials_stamp())
            if self.chosen is None or stamp != self.stamp:
                self.chosen, vendors = load(self.data), connections(self.data)
                self.vendors = {**vendors, MAIL: mailer(self.chosen, self.store, vendors)}
                self.stamp = stamp
            return self.chosen, self.vendors


_engine: _Engine | None = None
_starting = threading.Lock()


def fix(data: Path, findings: Iterable[str], given: Mapping[str, str] | None = None) -> list[Plan]:
    """Return the plans that mend findings, by their ids, in the order in which they would run. Changes nothing.

    `given` are values a person typed in where a plan said that it needs them. Findings that are not certain (state
    unchecked), that only a person can mend, or whose flow is off or for other salespeople give no plan.
    """
    settings = load(data)
    plans: dict[tuple[str, str], Plan] = {}
    with opened(data, settings, today(settings)) as facts:
        for id in findings:
            finding = facts.finding(id)
            if finding is None or finding["state"] == "unchecked" or closed(finding, facts):
                continue
            for plan in chain(finding, facts, given or {}):
                known = plans.get((plan.chain, plan.key))
                if known is not None:  # two findings, one mending
                    plan = known.model_copy(update={"findings": tuple(dict.fromkeys(known.findings + plan.findings))})
                plans[plan.chain, plan.key] = plan
    return hindered(data, settings, list(plans.values()))


def offer(data: Path, action: str, subject: Subject, given: Mapping[str, str] | None = None) -> list[Plan]:
    """Return the plans of a chain for a deal, quote or invoice that no finding speaks of. Changes nothing."""
    settings = load(data)
    wish = {"id": "", "action": action, "part": None, "subject_table": subject.table,
            "subject_vendor": subject.vendor, "subject_id": subject.id}  # fmt: skip
    with opened(data, settings, today(settings)) as facts:
        plans = chain(wish, facts, given or {})
    return hindered(data, settings, plans)


def confirm(
    data: Path, plans: Sequence[Plan], who: str, room: Room | None = None, seen_at: datetime | None = None
) -> list[str]:
    """Start what was previewed, each chain as one durable run, and return the runs' ids at once.

    The same chain confirmed twice while it runs is one run. Plans that need something are refused with ValueError.
    `room` is asked before each new run, inside the transaction that writes it down; where it says no, none is made.
    A run that ended after `seen_at`, when the plans were made, did what they are for: it is returned, no other begun.
    """
    access.need_to_write(action for plan in plans for action in plan.does)
    needy = [p for p in plans if not p.is_ready]
    if needy:
        names = ", ".join(f"{p.action}: {need.name}" for p in needy for need in p.needs)
        raise ValueError(f"missing or invalid: {names}; nothing was started")
    launch(data)
    chains: dict[str, list[Plan]] = {}
    for plan in plans:
        chains.setdefault(plan.chain, []).append(plan)
    ids = (_start(state(data), key, parts, who, room, seen_at) for key, parts in chains.items())
    return [run_id for run_id in ids if run_id]


def settle(data: Path, plans: Sequence[Plan], who: str, timeout: float = 120.0) -> list[Outcome]:
    """Confirm and wait: return how each plan ended, in their order; those not reached are left out."""
    ids = confirm(data, plans, who)
    wait(data, ids, timeout)
    return [outcome for id in ids for outcome in status(data, id).outcomes]


def wait(data: Path, ids: Sequence[str], timeout: float = 120.0) -> None:
    """Return when these runs have ended, or after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    going = sa.select(schema.runs.c.state).where(schema.runs.c.id == sa.bindparam("id"))
    for id in ids:
        while time.monotonic() < deadline:
            with state(data).read() as db:
                if db.execute(going, {"id": id}).scalar() != "running":
                    break
            time.sleep(0.05)


def status(data: Path, run_id: str) -> Run:
    """Return how far a run is. KeyError if there is none of that id."""
    with state(data).read() as db:
        row = db.execute(sa.select(schema.runs).where(schema.runs.c.id == run_id)).mappings().first()
    if row is None:
        raise KeyError(run_id)
    return _run_of(row)


def runs(data: Path, limit: int = 100, state_: str = "") -> list[Run]:
    """Return runs, newest first, of one state or of all."""
    query = sa.select(schema.runs).order_by(schema.runs.c.started_at.desc(), schema.runs.c.id).limit(limit)
    with state(data).read() as db:
        return [
            _run_of(r) for r in db.execute(query.where(schema.runs.c.state == state_) if state_ else query).mappings()
        ]


def last(data: Path, chain_key: str) -> Run | None:
    """Return the newest run of a chain, None if it never ran."""
    table = schema.runs
    query = sa.select(table).where(table.c.chain == chain_key).order_by(table.c.started_at.desc(), table.c.id.desc())
    with state(data).read() as db:
        row = db.execute(query.limit(1)).mappings().first()
    return _run_of(row) if row else None


def retry(data: Path, run_id: str, who: str) -> str:
    """Start a run that was refused or is in doubt again, from its first step; what is done is found, not done twice."""
    run = status(data, run_id)
    return confirm(data, run.plans, who)[0]


def mailer(settings: Settings, store: State, vendors: Mapping[str, Any] | None = None) -> Mailer:
    """Return the mailer of the settings, with its password from the environment or the state store.

    `vendors`, by connection: where the PDFs that go with a mail are fetched; without them none can be attached.
    """

    def fetch(one: Attached) -> bytes:
        vendor = (vendors or {}).get(one.connection)
        if vendor is None or not hasattr(vendor, "invoice_pdf"):
            raise Refused(one.connection, "is not connected, or has no PDF of its invoices")
        content: bytes = vendor.invoice_pdf(one.invoice_id)
        return content

    return Mailer(settings.mail, os.environ.get(SECRET) or store.credentials(MAIL).get(SECRET, ""), fetch)


def launch(data: Path, pauses: Sequence[float] = PAUSES) -> None:
    """Begin to run chains in this process: those that are confirmed, and those that a dead process left. Idempotent."""
    global _engine
    with _starting:
        if _engine is not None and _engine.data == data.resolve():
            return
        if _engine is not None:
            shutdown()
        store = state(data)
        _engine = _Engine(data.resolve(), store, pauses)
        url = os.environ.get(VARIABLE) or f"sqlite:///{(data / 'dbos.sqlite').resolve()}"
        config: DBOSConfig = {
            "name": "cuadra", "system_database_url": url, "application_version": VERSION, "executor_id": process.me(),
            "log_level": "ERROR", "notification_listener_polling_interval_sec": 0.2, "max_executor_threads": 64,
        }  # fmt: skip
        DBOS(config=config)
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=AT_ONCE, polling_interval_sec=0.1, on_conflict="always_update")
        _recover(_engine)
        atexit.register(shutdown)
        threading.Thread(target=_watch, args=(_engine,), daemon=True, name="chains of dead processes").start()


def shutdown(timeout: int = 0) -> None:
    """Stop running chains in this process; what is not finished goes on at the next launch, here or elsewhere."""
    global _engine
    atexit.unregister(shutdown)
    if _engine is not None:
        _engine.stop.set()
        _engine = None
        DBOS.destroy(workflow_completion_timeout_sec=timeout)


def _start(store: State, key: str, plans: list[Plan], who: str, room: Room | None, seen_at: datetime | None) -> str:
    """Write the run down, then hand it to DBOS; a crash between the two is healed by `_recover`. Empty: no room."""
    table = schema.runs
    with store.write() as db:
        asked = sa.select(table.c.id, table.c.state, table.c.ended_at).where(table.c.chain == key)
        rows = db.execute(asked.order_by(table.c.started_at)).all()
        if over := [r.id for r in rows if seen_at and r.ended_at and r.ended_at >= seen_at]:
            return str(over[-1])
        run_id = next((r.id for r in rows if r.state not in _ENDED), f"{key}#{len(rows) + 1}")
        if run_id not in {r.id for r in rows}:
            if room is not None and not room(db):
                return ""
            values = {"chain": key, "who": who, "state": "running", "steps": [], "started_at": now()}
            db.execute(table.insert().values(id=run_id, plans=[p.model_dump(mode="json") for p in plans], **values))
    _enqueue(run_id)
    return run_id


def _enqueue(run_id: str) -> None:
    with SetWorkflowID(run_id):  # an id that is known already returns the run that is there
        DBOS.enqueue_workflow(QUEUE, _mend, run_id)


@DBOS.workflow(name="mend", max_recovery_attempts=None)
def _mend(run_id: str) -> str:
    """Perform the plans of a run in order; the first that does not end well ends the run."""
    try:
        end = _performed(run_id)
    except Exception:  # our own mistake: whoever tries again must not be told that this one is still running
        _close(run_id, "doubt")
        raise
    _close(run_id, end)
    return end


def _performed(run_id: str) -> str:
    """Perform the plans of a run and return how it ended."""
    answers: dict[str, dict[str, Any]] = {}
    end = "done"
    for index in range(_size(run_id)):
        outcome = _attempt(run_id, index, answers)
        for pause in _now_engine().pauses:
            if not outcome["may_pass"]:
                break
            for part in _parts(pause):
                _pause(part)
            outcome = _attempt(run_id, index, answers)
        if not outcome["is_done"]:
            end = "waiting" if outcome.get("waits") else "doubt" if outcome["may_pass"] else "refused"
            break
        answers[outcome["plan"]] = outcome["data"]
    return end


@DBOS.step(name="size")
def _size(run_id: str) -> int:
    return len(status(_now_engine().data, run_id).plans)


@DBOS.step(name="attempt")
def _attempt(run_id: str, index: int, answers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Perform one plan and write down how it ended, for whoever looks at the run."""
    engine = _now_engine()
    run = status(engine.data, run_id)
    plan = run.plans[index]
    try:
        outcome = _outcome(engine, run, plan, answers)
    except Exception as mistake:
        _note(engine.store, run_id, index,
              Outcome(key=plan.key, action=plan.action, state="doubt", error=repr(mistake)))  # fmt: skip
        raise
    _note(engine.store, run_id, index, outcome)
    said = log.info if outcome.is_done else log.warning
    said("action", run=run_id, action=plan.action, vendor=plan.vendor, state=outcome.state, error=outcome.error)
    return {"plan": plan.key, "data": outcome.data, "is_done": outcome.is_done, "may_pass": outcome.may_pass,
            "waits": outcome.state == "waiting"}  # fmt: skip


def _outcome(engine: _Engine, run: Run, plan: Plan, answers: Mapping[str, Mapping[str, Any]]) -> Outcome:
    """Return how performing a plan ended, or why it may not be performed."""
    try:
        vendor = engine.vendor(plan.vendor)
        if vendor is None:
            return _no(plan, f"{plan.vendor} is not connected")
        settings = engine.settings()
        if reason := gate.refusal(plan.vendor, vendor, settings, engine.store):
            return _no(plan, reason)
        if plan is run.plans[0] and (reason := in_the_way(run.plans, engine.vendor)):
            return _no(plan, reason)  # before the first of its writes: none of the chain is begun
        ready = filled(plan, answers)
        if reason := approvals.checked(ready, vendor, settings, engine.store, run.id, run.who):
            return _no(plan, reason)
    except approvals.Waits as wait:
        return Outcome(key=plan.key, action=plan.action, state="waiting", error=str(wait))
    except Unauthorised as error:
        return _no(plan, str(error))
    except VendorError as error:  # who the vendor's account belongs to could not be asked
        return Outcome(key=plan.key, action=plan.action, state="later", error=str(error))
    except LookupError as error:
        return _no(plan, str(error))
    return perform(ready, vendor, engine.store, run.who, wait=5.0, other=engine.vendor)


def _no(plan: Plan, reason: str) -> Outcome:
    return Outcome(key=plan.key, action=plan.action, state="refused", error=f"{reason}; nothing was sent")


@DBOS.step(name="pause")
def _pause(seconds: float) -> None:
    """Wait. The engine's own sleep ends at an hour on the wall: a clock that is put back would hold the chain up."""
    time.sleep(seconds)


def _parts(pause: float) -> list[float]:
    """Return a pause in parts, each remembered: of a long one a crash costs the part it falls into."""
    whole, rest = divmod(pause, _PAUSED)
    return [_PAUSED] * int(whole) + [rest] * (rest > 0)


@DBOS.step(name="close")
def _close(run_id: str, end: str) -> None:
    with _now_engine().store.write() as db:
        db.execute(schema.runs.update().where(schema.runs.c.id == run_id).values(state=end, ended_at=now()))


def _note(store: State, run_id: str, index: int, outcome: Outcome) -> None:
    with store.write() as db:
        table = schema.runs
        steps = db.execute(sa.select(table.c.steps).where(table.c.id == run_id).with_for_update()).scalar_one() or []
        steps = [*steps[:index], outcome.model_dump(mode="json")]
        db.execute(table.update().where(table.c.id == run_id).values(steps=steps))


def _watch(engine: _Engine) -> None:
    while not engine.stop.wait(_WATCH):
        try:
            _recover(engine)
        except sa.exc.SQLAlchemyError as error:  # the database may be back at the next look
            log.warning("recovery", error=str(error))


def _recover(engine: _Engine) -> None:
    """Take over what dead processes left running, start what was never started, end what nobody performs any more."""
    engine.store.keep(f"beat:{process.me()}", now().isoformat())
    pending = {w.executor_id for w in DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)}
    dead = [owner for owner in pending if owner and owner != process.me() and not _lives(engine.store, owner)]
    if dead:
        DBOS._recover_pending_workflows(dead)  # the library's own way, which only its paid console calls otherwise
    gone = [name for name in engine.store.values("beat:") if process.lives(name.removeprefix("beat:")) is False]
    if gone:
        engine.store.drop(gone)
    going = sa.select(schema.runs.c.id).where(schema.runs.c.state == "running").order_by(schema.runs.c.started_at)
    with engine.store.read() as db:
        ids = list(db.execute(going).scalars())
    for some in (ids[at : at + _ASKED] for at in range(0, len(ids), _ASKED)):
        found = DBOS.list_workflows(workflow_ids=some, load_input=False, load_output=False)
        begun = {w.workflow_id: w.status for w in found}
        for id in some:
            if id not in begun:
                _enqueue(id)
            elif begun[id] == "ERROR":  # a mistake of ours that could not even be noted
                _close(id, "doubt")


def _lives(store: State, owner: str) -> bool:
    """Return whether a process still runs: seen here, or by its beat where it is of another machine."""
    alive = process.lives(owner)
    if alive is not None:
        return alive
    beat = store.value(f"beat:{owner}")
    return beat is not None and (now() - type(now()).fromisoformat(beat)).total_seconds() < _STALE


def _now_engine() -> _Engine:
    assert _engine is not None, "chains run only after launch()"
    return _engine


def _run_of(row: RowMapping) -> Run:
    plans = tuple(Plan.model_validate(p) for p in row["plans"])
    outcomes = tuple(Outcome.model_validate(o) for o in row["steps"] or [])
    return Run(row["id"], row["chain"], row["who"], row["state"], plans, outcomes, row["started_at"], row["ended_at"])


def _modified(path: Path) -> tuple[int, int]:
    """Return what changes with a file: it is replaced whole, so that another number stands for it then."""
    said = path.stat() if path.exists() else None
    return (said.st_mtime_ns, said.st_ino) if said else (0, 0)
