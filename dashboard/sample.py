"""Sample data to look around in: files of an invented company, taken in like one's own, and removed by one click."""

from collections.abc import Callable
from pathlib import Path

from dashboard import imports, jobs
from reconcile import access
from reconcile.state import Entry, State, state

FOLDER = Path(__file__).resolve().parent.parent / "data" / "sample"
FILES = ("deals.csv", "invoices.csv", "bank.xml")
KEPT = "sample"  # name in the state store: what the sample brought into the data folder, as paths within it; [] while
# it comes in: into an empty folder, so that all of what is there then is the sample
Told = Callable[[str, int], None]


class NotEmpty(Exception):
    """There is data already, with which the sample would mix."""


def is_in(store: State) -> bool:
    """Return whether the sample is in the data folder."""
    return store.value(KEPT) is not None


def take_in(data: Path, who: str, told: Told) -> None:
    """Take the sample in and compare. NotEmpty where anything was read or is connected already."""
    access.need("administer")
    store = state(data)
    if (data / "rows.duckdb").exists() or imports.all_sources(data) or jobs.ready(data):
        raise NotEmpty("sample data is only for an empty company: it would mix with what is there")
    store.keep(KEPT, [])  # said before anything comes in: a half-taken sample can be removed too
    for name in FILES:
        told(name, 0)
        imports.take(data, FOLDER / name)
    store.keep(KEPT, sorted(str(path.relative_to(data)) for path in _files(data)))
    jobs.reconcile(data, progress=told)
    store.record(Entry(who=who, action="sample_data", outcome="done", says="sample data was taken in"))


def remove(data: Path, who: str, told: Told) -> None:
    """Take out what the sample brought and nothing else; what was read or imported since stays."""
    access.need("administer")
    store = state(data)
    for path in [data / name for name in store.value(KEPT) or []] or _files(data):
        path.unlink(missing_ok=True)
    told("rows", 0)
    if imports.all_sources(data) or jobs.ready(data):
        jobs.rebuild(data)
    else:
        for name in ("warehouse.duckdb", "rows.duckdb"):
            (data / name).unlink(missing_ok=True)
    store.keep(KEPT, None)
    store.record(Entry(who=who, action="sample_data", outcome="done", says="sample data was removed"))


def _files(data: Path) -> set[Path]:
    """Return the raw files and the profiles of imports."""
    return {*(data / "raw").rglob("*.jsonl.gz"), *(p for p in (data / imports.FOLDER).rglob("*") if p.is_file())}
