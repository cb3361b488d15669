"""Builds the warehouse: rows, decisions, links, summaries, checks, figures, then swaps it in whole.

Whatever goes wrong on the way, the last good warehouse stays where it is.
"""

import contextlib
import datetime as dt
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import structlog
from filelock import FileLock

from reconcile import bounces, build, checks, figures, plan_tables, reference, settings, tax_ids, unchanged, warehouse
from reconcile.baselines import Memory
from reconcile.sqlfile import queries

MADE = "made_now"  # the warehouse while it is made
ROWS, WAREHOUSE = "rows.duckdb", "warehouse.duckdb"
LOCK, ROWS_LOCK = ".lock", ".rows.lock"  # the second is held by whoever reads vendors in
SUMMARIES = Path(__file__).parent / "summaries"
MEMORY = "2GB"  # of the database; beyond it spills to disk
STAGES = ("rows", "links", "summaries", "checks", "figures", "swap")

Progress = Callable[[str, str], None]  # stage, what of it
log = structlog.get_logger()


@dataclass
class Summary:
    """What a run found."""

    today: dt.date
    findings: dict[str, int] = field(default_factory=dict)  # by state
    links: dict[str, int] = field(default_factory=dict)  # by status
    seconds: dict[str, float] = field(default_factory=dict)  # by stage
    notes: list[str] = field(default_factory=list)  # what a person should know about this run


def reconcile(
    data: Path,
    decisions: Iterable[Mapping[str, Any]] = (),
    first_seen: Mapping[str, dt.datetime] | None = None,
    progress: Progress | None = None,
    memory: Memory | None = None,
    brief: bool = False,
) -> Summary:
    """Build `data`/warehouse.duckdb from `data`/rows.duckdb and return what it found.

    `decisions` are what people said (the columns of table `decisions`), `first_seen` when a finding was seen first,
    `memory` what both sides said of each field before, all from the state store. Waits for another run to end.
    `brief`: for flows that act on findings at once; the figures stay those of the last run until `finish`, or the next.
    SettingsError if settings.toml is wrong; on any error the warehouse that was there stays.
    """
    chosen = settings.load(data)
    choices = chosen.row(settings.today(chosen), dt.datetime.now(dt.UTC))
    said = list(decisions)
    part = data / f"{WAREHOUSE}.part"
    with FileLock(data / LOCK):
        _discard(part)
        try:
            say = progress or (lambda stage, what: None)
            known = _Known(chosen, said, first_seen or {}, memory, brief)
            summary = _build(part, data, choices, known, say)
            os.replace(part, data / WAREHOUSE)
        finally:
            _discard(part)
    log.info("reconciled", findings=summary.findings, links=summary.links, seconds=summary.seconds)
    return summary


def finish(data: Path) -> None:
    """Compute what a brief run left out, over what it found; on any error the warehouse that was there stays."""
    part = data / f"{WAREHOUSE}.part"
    with FileLock(data / LOCK):
        _discard(part)
        try:
            shutil.copyfile(data / WAREHOUSE, part)
            with duckdb.connect() as db:
                write_to(db, part)
                figures.drop(db)
                _describe(db)
                figures.compute(db)
                db.execute(f"CHECKPOINT {MADE}")
            os.replace(part, data / WAREHOUSE)
        finally:
            _discard(part)


class _Known(NamedTuple):
    """What a run takes from the settings and the state store."""

    settings: settings.Settings
    decisions: list[Mapping[str, Any]]
    first_seen: Mapping[str, dt.datetime]
    memory: Memory | None
    brief: bool


def _build(part: Path, data: Path, choices: settings.Choices, known: _Known, progress: Progress) -> Summary:
    summary = Summary(choices.today)
    with duckdb.connect() as db, _Clock(summary, progress) as clock:
        write_to(db, part)
        before = _attach_last(db, data / WAREHOUSE, summary)
        clock.start("rows")
        with FileLock(data / ROWS_LOCK):
            warehouse.lay(db, data / ROWS, choices, known.decisions)
        reference.lay(db, known.settings.tolerances, bounces.standing(data))
        plan_tables.lay(db, known.settings.invoicing, plan_tables.standing(data, choices.today))
        reference.lay_sync(db, known.settings.sync, known.memory)
        clock.start("links")
        summary.notes += unchanged.link(db, before)
        older = before if known.brief and before and figures.there(db, before) else None
        judge(db, known.first_seen, clock.start, known=f"{before}.tax_ids" if before else None, figures_of=older)
        if before:
            checks.carry_over(db, before)
            db.execute(f"DETACH {before}")
        _count(db, summary)
        clock.start("swap")
        db.execute(f"CHECKPOINT {MADE}")
    return summary


def write_to(db: duckdb.DuckDBPyConnection, part: Path) -> None:
    """Let `db` make its tables in the file `part`, which is whole on disk after a checkpoint and not before."""
    name = str(part).replace("'", "''")
    db.execute(f"SET TimeZone = 'UTC'; SET memory_limit = '{MEMORY}'; SET temp_directory = '{name}.tmp'")
    db.execute("SET checkpoint_threshold = '1TB'")  # once, when all is made
    # No log of what is written: it would wait for the disk hundreds of times, for a file that is thrown away when a run
    # breaks off.
    db.execute(f"ATTACH '{name}' AS {MADE} (RECOVERY_MODE 'no_wal_writes'); USE {MADE}")


def judge(
    db: duckdb.DuckDBPyConnection,
    first_seen: Mapping[str, dt.datetime] | None = None,
    progress: Progress | None = None,
    known: str | None = None,
    figures_of: str | None = None,
) -> None:
    """Create summaries, findings and figures in `db`.

    It holds the rows, `settings`, `decisions` and `links`, and what `reference.lay` makes. `known` names a table of
    tax ids that were examined before, `figures_of` an attached database whose figures are good enough for now.
    """
    say = progress or (lambda stage, what: None)
    say("summaries", "tax_ids")
    tax_ids.examine(db, known)
    filled: build.Filled = {}
    for query in queries(SUMMARIES):
        say("summaries", query.name)
        build.make(db, query, filled)
    say("checks", "")
    checks.check(db, first_seen, lambda name: say("checks", name), filled=filled)
    say("figures", "")
    if figures_of:
        figures.take_over(db, figures_of)
        return
    _describe(db)
    figures.compute(db, lambda name: say("figures", name))


def _describe(db: duckdb.DuckDBPyConnection) -> None:
    """Say on links and summaries what they are. Nothing that a flow asks for: a brief run leaves it out."""
    warehouse.comment(db, "links", "Rows that are the same business fact, with the rule that says so.", warehouse.LINKS)
    for query in queries(SUMMARIES):
        figures.describe(db, query)


class _Clock:
    """Times the stages of a run and tells how far it is."""

    def __init__(self, summary: Summary, progress: Progress) -> None:
        self.summary, self.progress = summary, progress
        self.stage, self.since = "", time.perf_counter()

    def __enter__(self) -> "_Clock":
        return self

    def __exit__(self, *error: object) -> None:
        self.start("")

    def start(self, stage: str, what: str = "") -> None:
        """Say that `stage` begins or goes on."""
        if stage != self.stage:
            now = time.perf_counter()
            if self.stage:
                self.summary.seconds[self.stage] = round(now - self.since, 3)
            self.stage, self.since = stage, now
        if stage:
            self.progress(stage, what)


def _attach_last(db: duckdb.DuckDBPyConnection, path: Path, summary: Summary) -> str | None:
    """Attach the last warehouse as `before` and return that name, or None where there is none that we can read."""
    if not path.exists():
        return None
    quoted = str(path).replace("'", "''")
    try:
        db.execute(f"ATTACH '{quoted}' AS before (READ_ONLY)")
    except duckdb.Error as error:  # computed from rows: losing it loses only when a finding was seen first
        log.warning("last warehouse unreadable", error=str(error))
        summary.notes.append(f"the last warehouse could not be read and was not compared with: {error}")
        return None
    asked = "SELECT column_name FROM (DESCRIBE before.findings)"
    with contextlib.suppress(duckdb.CatalogException):
        db.execute("FROM before.tax_ids LIMIT 0")
        if {name for (name,) in db.execute(asked).fetchall()} == set(checks.FINDINGS):
            return "before"
    db.execute("DETACH before")
    summary.notes.append("the last warehouse was made by another version and was not compared with")
    return None


def _count(db: duckdb.DuckDBPyConnection, summary: Summary) -> None:
    summary.findings = dict(db.execute("SELECT state, COUNT(*) FROM findings GROUP BY state ORDER BY state").fetchall())
    summary.links = dict(db.execute("SELECT status, COUNT(*) FROM links GROUP BY status ORDER BY status").fetchall())


def _discard(part: Path) -> None:
    for path in (part, part.with_name(part.name + ".wal")):
        path.unlink(missing_ok=True)
