"""The figures of a report, once: what every channel shows of a week or a month, from the questions that pages ask.

A report is kept when it goes out, so that the same one can be opened again. One that was never kept is computed from
what has a date; what a day of the past cannot tell any more is left out and said in `notes`.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from dashboard.read import NoWarehouse, figures, ready, sources
from dashboard.read import report as asked
from dashboard.read.report_sums import BUCKETS
from dashboard.report import lists, sums
from dashboard.report.facts import Facts
from dashboard.report.lists import done
from dashboard.report.period import Kind, Period, around
from dashboard.report.table import Table, read, written
from reconcile import schema
from reconcile.settings import Settings
from reconcile.state import now, state

TOP = 10  # rows of a list that a mail shows


class NoReport(Exception):
    """There is nothing to report; the text says why and what to do."""


class Report(NamedTuple):
    """A week or a month in figures. `as_of` is its last day, or the day of the books while it is not over."""

    period: Period
    as_of: dt.date
    made_at: dt.datetime
    company: str
    time_zone: str
    currencies: tuple[str, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()

    def table(self, name: str) -> Table:
        """Return a table by its name. KeyError if there is none."""
        return next((t for t in self.tables if t.name == name), None) or _missing(name)

    @property
    def names(self) -> list[str]:
        """The names of the tables, in the order in which they are read."""
        return [found.name for found in self.tables]

    @property
    def is_over(self) -> bool:
        """Whether the period was over when this was made."""
        return self.as_of == self.period.end


def _missing(name: str) -> Table:
    raise KeyError(name)


def kept(data: Path, period: Period) -> Report | None:
    """Return the report as it went out, None where it never did."""
    found = state(data).value(f"report:{period.key}")
    return _read(found) if found else None


def keep(data: Path, report: Report) -> None:
    """Keep a report that is over, unless it is kept already: it stays as it was."""
    store, name = state(data), f"report:{report.period.key}"
    if report.is_over and store.value(name) is None:
        store.keep(name, _written(report))


def known(data: Path) -> list[Period]:
    """Return the periods whose reports are kept, newest first."""
    names = sa.select(schema.kv.c.name).where(schema.kv.c.name.startswith("report:"))  # not the reports: they are long
    with state(data).read() as db:
        keys = [name.split(":")[1:] for name in db.execute(names).scalars()]
    found = [around("month" if kind == "month" else "week", dt.date.fromisoformat(day)) for kind, day in keys]
    return sorted(found, key=lambda p: (p.start, p.kind), reverse=True)


def report(data: Path, period: Period, settings: Settings, *, fresh: bool = False) -> Report:
    """Return the report of a period: the kept one, else made now. NoReport where there is nothing to say."""
    if not fresh and (found := kept(data, period)):
        return found
    return make(data, period, settings)


def make(data: Path, period: Period, settings: Settings) -> Report:
    """Compute the report of a period. NoReport where the books have nothing of it."""
    facts = _facts(data, period, settings)
    made = tuple(make_table(facts) for make_table in _tables(period.kind).values())
    return Report(period, facts.as_of, now().replace(microsecond=0), settings.company.name, settings.company.time_zone,
                  facts.currencies, made, tuple(_notes(facts)))  # fmt: skip


class Look:
    """A report as a page shows it: each table is made when it is looked at, of lists the first rows only.

    Sums and counts are those of the whole report. `most`: how many rows a list has at most; what has as many may have
    more. It answers as a Report does.
    """

    most = 200

    def __init__(self, data: Path, period: Period, settings: Settings) -> None:
        """NoReport where the books have nothing of the period."""
        self.period = period
        self._facts = _facts(data, period, settings, self.most)
        self.as_of, self.notes = self._facts.as_of, tuple(_notes(self._facts))
        self._made: dict[str, Table] = {}

    @property
    def names(self) -> list[str]:
        """The names of the tables, in the order in which they are read."""
        return list(_tables(self.period.kind))

    def table(self, name: str) -> Table:
        """Return a table by its name. KeyError if there is none."""
        if name not in self._made:
            self._made[name] = _tables(self.period.kind)[name](self._facts)
        return self._made[name]


def look(data: Path, period: Period, settings: Settings) -> Report | Look:
    """Return what a page shows of a period: the kept report, else a look at it. NoReport if there is nothing to say."""
    return kept(data, period) or Look(data, period, settings)


def _facts(data: Path, period: Period, settings: Settings, most: int = asked.ALL) -> Facts:
    if not ready(data):
        raise NoReport("Nothing was read yet. Connect a system or import a file, then compare: `cuadra sync`.")
    books = asked.span(data)
    if not books.get("first_day"):
        raise NoReport("No deal, invoice or payment was read yet. Look at Connections, then read all again.")
    if period.start > books["today"]:
        raise NoReport(f"{period.start} is still to come: the books are of {books['today']}. Choose an earlier day.")
    if period.end < books["first_day"]:
        raise NoReport(f"The first record is of {books['first_day']}. Choose that day or a later one.")
    as_of = min(period.end, books["today"])
    return Facts(data, period, as_of, books["today"], tuple(figures.currencies(data)), settings, most)


def _tables(kind: Kind) -> dict[str, Callable[[Facts], Table]]:
    """Return how each table is made, in the order in which they are read."""
    tables: dict[str, Callable[[Facts], Table]] = {
        "totals": sums.totals,
        "days": sums.days,
        "counts": sums.counts,
        "differences": sums.differences,
        "not_invoiced": lists.waiting,
        "overdue": lists.overdue,
        "ageing": sums.ageing,
        "by_owner": sums.by_owner,
        "forecast": sums.forecast,
        "opened": lists.opened,
        "fixed": lists.fixed,
        "recovered": lists.recovered,
        "done": lists.actions,
        "worth": sums.worth_of,
        "sources": lists.sources_read,
        "by_customer": sums.by_customer,
        "behind": lists.behind,
        "deals": lists.deals,
        "invoices": lists.invoices,
        "payments": lists.payments,
    }
    return {name: make for name, make in tables.items() if kind == "month" or name != "by_customer"}


def _notes(facts: Facts) -> Iterable[str]:
    """Yield what the reader has to know of this report, as stable codes."""
    if facts.as_of < facts.period.end:
        yield "not_over"
    if facts.as_of < facts.today and not facts.is_latest:
        yield "in_arrears"
    if not facts.is_latest:
        yield "no_forecast"
    if any(s.error for s in sources.sources(facts.data)):
        yield "source_stopped"


def _written(made: Report) -> dict[str, Any]:
    plain = made._asdict() | {"tables": [written(t) for t in made.tables], "made_at": made.made_at.isoformat()}
    return plain | {"period": [str(v) for v in made.period], "as_of": str(made.as_of)}


def _read(plain: Mapping[str, Any]) -> Report:
    kind: Kind = "month" if plain["period"][0] == "month" else "week"
    period = Period(kind, *(dt.date.fromisoformat(d) for d in plain["period"][1:]))
    return Report(period, dt.date.fromisoformat(plain["as_of"]), dt.datetime.fromisoformat(plain["made_at"]),
                  plain["company"], plain["time_zone"], tuple(plain["currencies"]),
                  tuple(read(t) for t in plain["tables"]), tuple(plain["notes"]))  # fmt: skip


def as_json(made: Report) -> dict[str, Any]:
    """Return a report as a program reads it; amounts as text."""
    return _written(made)


__all__ = [
    "BUCKETS",
    "Look",
    "NoReport",
    "NoWarehouse",
    "Report",
    "as_json",
    "done",
    "keep",
    "kept",
    "known",
    "look",
    "make",
    "report",
]
