"""Archives what is due: each document in each place once, one place's failure leaving the others alone.

Everything goes through the ledger, document by document: pressed twice, run by two processes or killed anywhere, a
document is in each place once, and the next run goes on.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import structlog

from extract.vendor import Refused, Vendor, VendorError
from reconcile import gate, workflows
from reconcile.action import Outcome, Plan, perform
from reconcile.archive import index, kept
from reconcile.archive.place import NAME, place
from reconcile.archive.work import PLACES, Work, work
from reconcile.connections import connections
from reconcile.mail import NAME as MAIL
from reconcile.settings import Settings, load
from reconcile.state import State, now, state

LAST = "archive:last"  # name in the state store of how the last run ended
AT_ONCE = 4  # documents at the same time
GIVES_UP = 3  # failures in a row after which a place is left alone until the next run
SAID = 20  # failures that are remembered in words
_PDF = b"%PDF-"
Told = Callable[[str, int], None]
log = structlog.get_logger("cuadra.archive")


class Failed(NamedTuple):
    """What did not get to its place, and why."""

    place: str
    says: str
    error: str


@dataclass
class Done:
    """How a run ended. `left`: plans that were not tried since their place had failed too often."""

    stored: Counter[str] = field(default_factory=Counter)
    failed: list[Failed] = field(default_factory=list)
    left: int = 0
    is_indexed: bool = False

    @property
    def is_well(self) -> bool:
        """Whether everything is where it belongs."""
        return not self.failed and not self.left


@dataclass(frozen=True)
class Desk:
    """What an action works with: where the copy goes, and the document, fetched once for all places."""

    to: Any
    pdf: Callable[[], bytes]


def archive(data: Path, who: str, plans: Sequence[Plan] | None = None, told: Told | None = None,
            look: bool = True) -> Done:  # fmt: skip
    """Archive what was previewed as `plans`, or all that is due, and bring the index up to date."""
    settings, store = load(data), state(data)
    found = work(data, look)
    done = Done()
    for name, error in (found.problems or {}).items():
        done.failed.append(Failed(name, "", error))
    _Run(data, settings, store, who, done, told or (lambda what, count: None)).all(
        found.plans if plans is None else plans
    )
    if settings.archive.files and "files" not in (found.problems or {}):
        _index(data, settings, store, found, done)
    _remember(store, who, done)
    return done


class _Run:
    """One run over plans."""

    def __init__(self, data: Path, settings: Settings, store: State, who: str, done: Done, told: Told) -> None:
        self.store, self.who, self.done, self.told = store, who, done, told
        self.vendors = connections(data)
        self.sources = {name: _Source(v) for name, v in self.vendors.items() if hasattr(v, "invoice_pdf")}
        self.targets: dict[str, Any] = {**self.vendors, MAIL: workflows.mailer(settings, store, self.sources)}
        self.closed: dict[str, str] = {}  # why nothing may be written there, by connection
        self.settings, self.data = settings, data
        self.row: Counter[str] = Counter()  # failures in a row, by place
        self.lock = threading.Lock()

    def all(self, plans: Sequence[Plan]) -> None:
        """Perform all plans, those of one document one after the other."""
        for name in sorted({plan.vendor for plan in plans}):
            self._open(name)
        documents: dict[str, list[Plan]] = {}
        for plan in plans:
            documents.setdefault(str(plan.subject), []).append(plan)
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="archive") as pool:
            list(pool.map(self._document, documents.values()))

    def _open(self, name: str) -> None:
        """Find out once whether anything may be written at a connection; only the stop holds for our own files."""
        try:
            if name == NAME:
                self.targets[NAME] = place(self.data, self.settings.archive, self.store)
                refused = (
                    "all writing is stopped: allow it on the page Activity" if gate.is_stopped(self.store) else None
                )
            else:
                refused = gate.refusal(name, self.targets.get(name), self.settings, self.store)
        except VendorError as error:
            refused = str(error)
        if refused:
            self.closed[name] = refused

    def _document(self, plans: Sequence[Plan]) -> None:
        source = self.sources.get(plans[0].subject.vendor)
        for plan in plans:
            self._note(plan, self._one(plan, source))
        if source is not None:
            source.forget(plans[0].subject.id)

    def _one(self, plan: Plan, source: "_Source | None") -> Outcome | None:
        """Return how a plan ended; None where it was not tried."""
        where = PLACES[plan.action]
        with self.lock:
            if self.row[where] >= GIVES_UP:
                return None
        if reason := self.closed.get(plan.vendor):
            return _no(plan, reason)
        if source is None:
            return _no(plan, f"{plan.subject.vendor} is not connected: its PDF cannot be fetched")
        if where == "files" and not kept.claim(self.store, plan.subject.vendor, plan.subject.id, plan.data["path"]):
            return _no(plan, f"{plan.data['path']} was taken meanwhile; look again and it gets another")
        desk = Desk(self.targets[plan.vendor], lambda: source.invoice_pdf(plan.subject.id))
        return perform(plan, desk, self.store, self.who, wait=5.0)

    def _note(self, plan: Plan, outcome: Outcome | None) -> None:
        where = PLACES[plan.action]
        with self.lock:
            if outcome is None:
                self.done.left += 1
                return
            if outcome.is_done:
                self.row[where] = 0
                self.done.stored[where] += 1
            else:
                self.row[where] += 1
                self.done.failed.append(Failed(where, str(plan.says), outcome.error))
            self.told(where, self.done.stored[where])


class _Source:
    """A billing connection whose PDFs are fetched once for all places they go to."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor, self._held, self._lock = vendor, dict[str, bytes](), threading.Lock()

    def invoice_pdf(self, id: str) -> bytes:
        """Return the PDF. Refused where it is none; then, or while the vendor is out of reach, nothing was stored."""
        with self._lock:
            if id in self._held:
                return self._held[id]
        try:
            content: bytes = self._vendor.invoice_pdf(id)  # type: ignore[attr-defined]
        except Refused:
            raise
        except VendorError as error:
            raise Refused(self._vendor.name, f"the PDF could not be fetched ({error}); nothing was stored") from error
        if not content.startswith(_PDF):
            raise Refused(self._vendor.name, f"what it gave for {id} is no PDF; nothing was stored", 400)
        with self._lock:
            self._held[id] = content
        return content

    def forget(self, id: str) -> None:
        """Drop a PDF that every place has had its chance at."""
        with self._lock:
            self._held.pop(id, None)


def _index(data: Path, settings: Settings, store: State, found: Work, done: Done) -> None:
    try:
        shelf = place(data, settings.archive, store)
        done.is_indexed = index.write(shelf, found.documents, store, ZoneInfo(settings.company.time_zone))
    except VendorError as error:
        done.failed.append(Failed("files", index.FILE, str(error)))


def _remember(store: State, who: str, done: Done) -> None:
    failed = [one._asdict() for one in done.failed[:SAID]]
    store.keep(LAST, {"at": now().isoformat(), "who": who, "stored": dict(done.stored), "failed": failed,
                      "failures": len(done.failed), "left": done.left})  # fmt: skip
    said = log.info if done.is_well else log.warning
    said("archive", stored=dict(done.stored), failed=len(done.failed), left=done.left, indexed=done.is_indexed)


def _no(plan: Plan, reason: str) -> Outcome:
    return Outcome(key=plan.key, action=plan.action, state="refused", error=f"{reason}; nothing was stored")
