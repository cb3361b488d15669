"""The figures of a report, once: what every channel shows of a week or a month, from the questions that pages ask.

A report is kept when it goes out, so that the same one can be opened again. One that was never kept is computed from
what has a date; what a day of the past cannot tell any more is left out and said in `notes`.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from dashboard.read import NoWarehouse, figures, ready, sources
from dashboard.read import report as asked
from dashboard.report import lists, sums
from dashboard.report.facts import Facts
from dashboard.report.lists import done
from dashboard.report.period import Kind, Period, around
from dashboard.report.sums import BUCKETS
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
    known_currencies = tuple(figures.currencies(data))
    facts = Facts(data, period, as_of, books["today"], known_currencies, settings)
    return Report(period, as_of, now().replace(microsecond=0), settings.company.name, settings.company.time_zone,
                  known_currencies, tuple(_tables(facts)), tuple(_notes(facts)))  # fmt: skip


def _tables(facts: Facts) -> Iterable[Table]:
    """Yield the tables in the order in which they are read."""
    yield sums.totals(facts)
    yield sums.days(facts)
    yield sums.counts(facts)
    yield sums.differences(facts)
    yield lists.waiting(facts)
    yield lists.overdue(facts)
    yield sums.ageing(facts)
    yield sums.by_owner(facts)
    yield sums.forecast(facts)
    yield lists.of_findings("opened", facts.opened["now"])
    yield lists.of_findings("fixed", facts.fixed["now"])
    yield lists.recovered(facts)
    yield lists.actions(facts)
    yield sums.worth_of(facts)
    yield lists.sources_read(facts)
    if facts.period.kind == "month":
        yield sums.by_customer(facts)
    yield lists.behind(facts)
    yield from lists.records(facts)


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


__all__ = ["BUCKETS", "NoReport", "NoWarehouse", "Report", "as_json", "done", "keep", "kept", "known", "make", "report"]
