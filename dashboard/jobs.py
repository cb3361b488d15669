"""The long jobs that the command line, the page and the schedules start alike: sync, import, reconcile."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from dashboard import imports
from dashboard.notify import events, post
from dashboard.read import findings
from extract import raw, store
from extract.store import Reading, Source
from extract.vendor import Vendor
from reconcile import baselines, bounces, ecb, mapping, run
from reconcile.access import as_program
from reconcile.action import Plan
from reconcile.archive import run as archives
from reconcile.automations.switch import is_automatic
from reconcile.automations.turn import Turn, turn
from reconcile.connections import connections, unconnected
from reconcile.settings import FLOWS, load
from reconcile.state import state

Progress = Callable[[str, int], None]
EVERY = 10_000_000  # findings: all of them
AT_ONCE = 4  # vendors read side by side
log = structlog.get_logger("cuadra.jobs")


class Unknown(Exception):
    """Somebody named a connection that does not exist."""


@as_program("refresh")
def sync(
    data: Path, names: Iterable[str] = (), *, full: bool = False, progress: Progress | None = None
) -> list[Reading]:
    """Read the named connections, or all, side by side. One that fails says so in its reading and stops no other."""
    settings = load(data)
    vendors = [imports.with_files(data, vendor) for vendor in chosen(data, names)]
    told = progress or (lambda what, count: None)

    def read(vendor: Source) -> Reading:
        reading = store.sync(
            vendor,
            data,
            full=full,
            zone=settings.company.time_zone,
            progress=lambda kind, items: told(f"{vendor.name}: {kind}", items),
        )
        raw.prune(data, vendor.name, settings.keep_raw_days, dt.datetime.now(dt.UTC))
        _note(reading)
        return reading

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sync") as pool:
        back = pool.submit(_came_back, data)
        found = list(pool.map(read, vendors))
        back.result()
    ecb.daily(data, settings, state(data))
    return found


def _came_back(data: Path) -> None:
    """Take in mails that came back; a mailbox that cannot be read stops no reading, and the page says so."""
    store = state(data)
    try:
        bounces.look(data)
    except bounces.MailboxError as error:
        log.warning("mailbox", error=str(error))
        store.keep(bounces.FAILED, {"says": str(error), "at": dt.datetime.now(dt.UTC).isoformat()})
    else:
        if store.value(bounces.FAILED):
            store.drop([bounces.FAILED])


def ready(data: Path) -> set[str]:
    """Return the names of connections that have their credentials."""
    return set(connections(data))


def chosen(data: Path, names: Iterable[str] = ()) -> list[Vendor]:
    """Return the named vendors, or all that have their credentials. Unknown where a name is none."""
    ready, lacking, names = connections(data), unconnected(data), list(names)
    for name in names:
        if name in lacking:
            raise Unknown(
                f"{name} is not connected yet: it lacks {', '.join(lacking[name])}. See `cuadra connect {name}`."
            )
        if name not in ready:
            known = ", ".join(sorted(ready | lacking)) or "none yet"
            raise Unknown(f"there is no connection {name!r}; connections: {known}")
    return [ready[n] for n in names or ready]


@as_program("refresh")
def reconcile(data: Path, *, progress: Progress | None = None, brief: bool = False) -> run.Summary:
    """Link, check and count what has been read; the new warehouse replaces the old one whole.

    `brief`: count later, by `finish` or another reconciliation, so that flows act a moment earlier.
    """
    told = progress or (lambda what, count: None)
    store = state(data)
    known = (store.decisions(), store.first_seen())
    _moved(data)
    said = baselines.memory(store)
    summary = run.reconcile(data, *known, lambda stage, what: told(f"{stage} {what}", 0), said, brief)
    baselines.learn(data, store)
    store.saw(findings.page(data, findings.Wanted(states=("open", "agreed", "snoozed", "unchecked")), 1, EVERY))
    events.collect(data)
    return summary


def _moved(data: Path) -> None:
    """Forget what was remembered of fields that a connection keeps elsewhere now."""
    ready = connections(data)
    places = mapping.places(load(data), ready)
    if places:
        full = [read_at for read_at in (store.read_in_full(data, name) for name in ready) if read_at]
        baselines.moved(state(data), places, min(full) if len(full) == len(ready) else None)


@as_program("refresh")
def act(data: Path) -> Turn:
    """Reconcile what was read and let the automatic flows do what is due; the figures are counted once, at the end."""
    known, store, done = load(data), state(data), None
    brief = any(is_automatic(known, store, flow) for flow in FLOWS)
    reconcile(data, brief=brief)
    try:
        done = automate(data)
    finally:
        if brief and not (done and done.ids):
            run.finish(data)
    return done


@as_program("refresh")
def automate(data: Path, *, progress: Progress | None = None) -> Turn:
    """Let the automatic flows do what is due after a reading; what they changed is read back."""
    told = progress or (lambda what, count: None)
    told("automations", 0)
    done = turn(data)
    told("automations", len(done.ids))
    if done.ids:
        if written := done.vendors & set(connections(data)):
            sync(data, sorted(written), progress=progress)
        reconcile(data, progress=progress)
    if load(data).archive.by_itself:
        archives.archive(data, "archive", told=progress, look=False)
    return done


def tell(data: Path) -> int:
    """Deliver to web hooks and channels what is due; return how many messages went out. The server does it itself."""
    return post.bring(data)


@as_program("write")
def archive(
    data: Path, who: str, plans: Sequence[Plan] | None = None, *, progress: Progress | None = None, look: bool = True
) -> archives.Done:
    """Archive what was previewed as `plans`, or all documents that are not in their places yet."""
    return archives.archive(data, who, plans, progress, look)


def _note(reading: Reading) -> None:
    """Log a reading: the steps of a run with their counts."""
    said = reading._asdict() | {"rows": dict(reading.rows)}
    if reading.error:
        log.warning("reading stopped", **said)
    else:
        log.info("read", **said)


@as_program("refresh")
def rebuild(data: Path) -> list[Reading]:
    """Make rows and warehouse again from the raw files."""
    settings = load(data)
    connected = [imports.with_files(data, vendor) for vendor in connections(data).values()]
    readings = store.rebuild([*connected, *imports.all_sources(data)], data, zone=settings.company.time_zone)
    ecb.replay(data)
    reconcile(data)
    return readings
