"""What `cuadra report` does: shows a report, or brings it out."""

import datetime as dt
from pathlib import Path

from dashboard import show
from dashboard.report import deliver as channels
from dashboard.report import spoken
from dashboard.report.deliver import Delivery, Wrong
from dashboard.report.period import KINDS, Kind, around, last
from dashboard.report.week import NoReport, as_json, report
from reconcile.settings import load, today

__all__ = ["Wrong", "run"]


def run(data: Path, kind: str, to: str, date: str, out: Path | None, dry_run: bool, json: bool) -> list[Delivery]:
    """Print the report, or how each channel ended; return those. Wrong where something was asked that cannot be."""
    if kind not in KINDS:
        raise Wrong(f"{kind!r}: say week or month")
    settings, sort = load(data), _kind(kind)
    try:
        period = around(sort, dt.date.fromisoformat(date)) if date else last(sort, today(settings))
    except ValueError as error:
        raise Wrong(f"{date!r} is not a date; write it like 2026-11-16") from error
    named = channels.channels(to)
    try:
        if named:
            ended = channels.deliver(data, period, named, "command line", out=out, dry_run=dry_run)
            show.rows([d._asdict() for d in ended], json, ["channel", "recipient", "state", "says"])
            return ended
        made = report(data, period, settings)
    except NoReport as error:
        raise Wrong(str(error)) from error
    if json:
        show.document(as_json(made))
        return []
    print(f"{made.company} · {period.title()}".removeprefix(" · "))
    for note in spoken.notes(made):
        print(note)
    for name in ("totals", "days", "counts"):
        found = made.table(name)
        heads = [spoken.heading(c) for c in spoken.columns(found)]
        show.rows([dict(zip(heads, line, strict=True)) for line in spoken.lines(found)], False, heads)
    return []


def _kind(said: str) -> Kind:
    return "month" if said == "month" else "week"
