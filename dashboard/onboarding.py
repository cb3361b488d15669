"""The way from an empty company to its first invoice, in steps that tick themselves off by what is there.

What only a person can say (these stages, good enough, seen) is kept in the state store; so the way can be left anywhere
and gone on with by somebody else on another day.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from dashboard import imports
from dashboard.read import coverage, quality, ready
from dashboard.words import _
from reconcile import access
from reconcile.connections import connections
from reconcile.settings import Settings
from reconcile.state import Entry, State, now, state

KEPT = "setup:"  # name in the state store, before the step's
ENOUGH = 0.8  # share of records that must fill a field the comparison cannot do without
LOST = 0.05  # share of records that may be unusable


class Step(NamedTuple):
    """One step: what it is, why it is asked, how it is done (for paper), and whether it is done."""

    key: str
    title: str
    why: str
    how: tuple[str, ...]
    done: bool


class Gap(NamedTuple):
    """A field that too few records of a source fill."""

    record: str
    vendor: str
    field: str
    filled: int
    of: int

    @property
    def is_unmapped(self) -> bool:
        """Whether no record fills it: nothing says where it stands."""
        return self.filled == 0


def steps(data: Path, settings: Settings) -> list[Step]:
    """Return the steps in order, each with whether it is done."""
    store = state(data)
    done: dict[str, Callable[[], bool]] = {
        "company": lambda: bool(settings.company.name and said(store, "company")),
        "data": lambda: bool(sources(data)),
        "read": lambda: read_both(data),
        "trigger": lambda: bool(settings.invoicing.triggers) or said(store, "trigger") is not None,
        "fields": lambda: read_both(data) and not any(gap.is_unmapped for gap in gaps(data)),
        "quality": lambda: ready(data) and (not worries(data) or said(store, "quality") is not None),
        "findings": lambda: ready(data) and said(store, "findings") is not None,
        "invoice": lambda: invoiced(store),
    }
    return [Step(key, *words, done[key]()) for key, words in _words().items()]


def _words() -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Return of each step, by key: its title, why it is asked, and how it is done."""
    return {
        "company": (
            _("Say who you are"),
            _("Country, time zone and currency decide holidays, days and totals."),
            (_("Open Set-up and enter name, country, time zone, currency of totals and language."),
             _("Name whom people ask who are stuck; it stands on Help.")),
        ),
        "data": (
            _("Connect systems, or drop files"),
            _("What was sold is in the CRM, what was invoiced in billing, what was paid at the bank."),
            (_("Choose a system, make a key there as the page says, paste it, press “Test and connect”."),
             _("Or drop exports of deals and invoices and a bank statement on Import."),
             _("Or look around with sample data first; it is removed by one click.")),
        ),
        "read": (
            _("Read everything once"),
            _("The first reading is complete; later ones only bring what changed."),
            (_("It starts when a system is connected or a file is taken in; the page shows how far it is."),),
        ),
        "trigger": (
            _("Choose when a deal is to be invoiced"),
            _("Your pipelines have stages of their own: say which of them mean “invoice this”."),
            (_("Tick the stages in the list that your CRM gave, or leave it at: every deal that is won."),),
        ),
        "fields": (
            _("See that every field is found"),
            _("A field that no record fills is probably in another column or property."),
            (_("Fields without which nothing works are named where they are missing."),
             _("Of a file: open it again on Import and say which column it is. Of a system: choose the property.")),
        ),
        "quality": (
            _("See whether the data is good enough"),
            _("What is missing here would be missing on invoices."),
            (_("Mend what is named, or say that it is good enough for now; who said so is kept."),),
        ),
        "findings": (
            _("Look at the first findings"),
            _("What is stuck, how much money it is, and what to click."),
            (_("Open To fix; each finding shows both sides and what can be done."),),
        ),
        "invoice": (
            _("Make the first invoice, in a test account"),
            _("The preview shows every field; nothing is written before you confirm."),
            (_("Connect billing with a test key. Open To fix, choose a won deal without an invoice, press Preview, "
               "then Confirm and write."),
             _("Look at the invoice there, and at the deal in the CRM: both carry the same number.")),
        ),
    }  # fmt: skip


def sources(data: Path) -> list[str]:
    """Return the names of what is connected and of the systems that files came from."""
    return [*connections(data), *(source.name for source in imports.all_sources(data))]


def read_both(data: Path) -> bool:
    """Return whether there is something to compare: deals and invoices."""
    if not ready(data):
        return False
    counted = coverage.sides(data)
    return bool(counted["deals"] and counted["invoices"])


def gaps(data: Path) -> list[Gap]:
    """Return the fields without which nothing works that too few records fill, by source."""
    return [
        Gap(row["record"], row["vendor"], row["field"], row["filled"], row["of"])
        for row in coverage.filled(data)
        if row["is_must"] and row["of"] and row["filled"] < ENOUGH * row["of"]
    ]


def worries(data: Path) -> list[str]:
    """Return, in words, why the data is not good enough to rest figures and invoices on; empty where it is."""
    found = [f"{gap.record}.{gap.field}" for gap in gaps(data)]
    counted, whole = quality.counts(data), sum(coverage.sides(data).values())
    if whole and counted["rejected"] > LOST * whole:
        found.append("rejected")
    if not read_both(data):
        found.append("one side")
    return found


def invoiced(store: State) -> bool:
    """Return whether an invoice was made from here."""
    return any(store.count_entries(action="create_invoice", outcome=outcome) for outcome in ("done", "found"))


def said(store: State, key: str) -> dict[str, Any] | None:
    """Return who ticked a step off, and when (ISO, UTC); None where nobody did."""
    kept: dict[str, Any] | None = store.value(KEPT + key)
    return kept


def tick(data: Path, key: str, who: str, why: str = "") -> None:
    """Keep that somebody says a step is done, in the log too. Said again it changes nothing."""
    store = state(data)
    if said(store, key) is None:
        access.need("administer")
        store.keep(KEPT + key, {"who": who, "at": now().isoformat(), "why": why})
        store.record(Entry(who=who, action="setup_step", outcome="decided", subject=f"setup:{key}", says=why))


def untick(data: Path, key: str) -> None:
    """Forget that a step was done."""
    access.need("administer")
    state(data).drop([KEPT + key])


def is_under_way(data: Path) -> bool:
    """Return whether somebody began and is not through: known by what was ticked off alone, for every page asks."""
    ticked = state(data).values(KEPT)
    return bool(ticked) and not {KEPT + "closed", KEPT + "findings"} & set(ticked)
