"""Taking files in: what they seem to be, what must be asked, what they would change, and the import itself.

The page asks step by step (`look`, `preview`, `take`); the command line names the answers and takes at once.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from extract import profiles, store
from extract.files import (
    BANK,
    FORMATS,
    Difference,
    FileError,
    FileVendor,
    Profile,
    Question,
    Sniffed,
    WithFiles,
    difference,
    file_vendors,
    free_name,
    propose,
    sniff,
    sources,
)
from extract.vendor import Vendor
from reconcile.access import as_program
from reconcile.settings import load

FOLDER = "profiles"
PREVIEWED = 20_000  # rows compared before an import; a larger file is compared when it is taken in


class Ask(Exception):
    """A file cannot be taken in as it is; the text says what is open or wrong, and how to say it."""


class Looked(NamedTuple):
    """What a file is and how it would be read; `questions` that are required stop it."""

    found: Sniffed
    profile: Profile | None
    questions: tuple[Question, ...]
    is_known: bool  # a kept profile recognised the layout

    @property
    def is_ready(self) -> bool:
        """Whether the file can be taken in."""
        return self.found.kind in FORMATS or self.profile is not None


class Taken(NamedTuple):
    """What an import did."""

    file: str
    kind: str
    source: str
    rows: int
    new: int
    changed: int
    same: int
    rejected: int
    note: str = ""
    changes: tuple[store.Change, ...] = ()


def look(
    data: Path, path: Path, answers: Mapping[str, str] | None = None, table: str = "", profile: str = ""
) -> Looked:
    """Return what a file is and what is open. Ask where it cannot be read at all."""
    folder = data / FOLDER
    try:
        found = sniff(path)
        if found.kind in FORMATS:
            return Looked(found, None, (), True)
        if profile:
            return Looked(found, profiles.named(profile, folder), (), True)
        known = profiles.recognised(list(found.headings), folder, found.account) if not answers and not table else None
        if known:
            return Looked(found, known, (), True)
        wanted = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:40] or "file"
        made, questions = propose(found, answers, name=free_name(wanted, folder), table=table or None)
        return Looked(found, made, questions, False)
    except FileError as error:
        raise Ask(str(error)) from error


def preview(data: Path, path: Path, profile: Profile | None) -> dict[str, Difference]:
    """Return, by table, what a file would change; of a long file only its beginning. Ask where it cannot be read."""
    rows: dict[str, list[dict[str, Any]]] = {}
    names = []
    try:
        for source in sources(path, profile):
            names.append(source.name)
            for kind, item in islice(source.fetch(), PREVIEWED):
                try:
                    for table, row in source.rows(kind, item):
                        rows.setdefault(table, []).append(dict(row))
                except store.MAPPING_ERRORS:
                    continue  # named in the rejects when it is taken in
    except FileError as error:
        raise Ask(str(error)) from error
    zone = load(data).company.time_zone
    return {table: difference(table, _ours(data, table, names), made, zone) for table, made in rows.items()}


def _ours(data: Path, table: str, names: list[str]) -> list[dict[str, Any]]:
    if not (data / "rows.duckdb").exists():
        return []
    with store.opened(data) as db:
        found = db.execute(f"SELECT * EXCLUDE (_kind, _key) FROM {table} WHERE list_contains(?, vendor)", [names])
        columns = [column[0] for column in found.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


@as_program("refresh")
def take(
    data: Path,
    path: Path,
    *,
    table: str = "",
    profile: str = "",
    column: Sequence[str] = (),
    value: Sequence[str] = (),
    answers: Mapping[str, str] | None = None,
) -> Taken:
    """Take a file in. Ask, with nothing taken in, where something is open or wrong."""
    given = dict(answers or {}) | _pairs("column:", column) | _pairs("", value)
    looked = look(data, path, given, table, profile)
    if not looked.is_ready:
        raise Ask(_open(path, looked.questions))
    chosen = looked.profile
    digest, zone = _digest(path, chosen), load(data).company.time_zone
    readings = []
    try:
        within = sources(path, chosen)
        for source in within:
            if not store.imported(data, source.name, digest):
                note = f"{path.name} {digest}"
                readings.append(store.take(source, data, source.fetch(), zone=zone, note=note))
    except FileError as error:
        raise Ask(str(error)) from error
    if chosen and not looked.is_known:
        profiles.saved(chosen, data / FOLDER)
    note = f"kept as profile {chosen.name}" if chosen and not looked.is_known else ""
    rows, new = sum(sum(r.rows.values()) for r in readings), sum(r.new for r in readings)
    changed = sum(r.changed for r in readings)
    return Taken(
        file=path.name,
        kind=looked.found.kind,
        source=", ".join(source.name for source in within),
        rows=rows,
        new=new,
        changed=changed,
        same=rows - new - changed,
        rejected=sum(r.rejected for r in readings),
        note=note if readings else "taken in before; nothing changed",
        changes=tuple(change for r in readings for change in r.changes),
    )


def all_sources(data: Path) -> list[FileVendor]:
    """Return a source for each system that files came from, to map their raw items again."""
    raw = data / "raw"
    names = [p.name for p in raw.iterdir() if any(p.glob("*-import.jsonl.gz"))] if raw.is_dir() else []
    connected = set(load(data).connections)
    return file_vendors(data / FOLDER, [n for n in names if n == BANK or n not in connected])


def with_files(data: Path, vendor: Vendor) -> store.Source:
    """Return a connected vendor as a source that can also map what came of it in files."""
    known = [p for p in profiles.known(data / FOLDER) if p.source == vendor.name or "vendor" in p.tables[0].columns]
    return WithFiles(vendor, known) if known else vendor


def _pairs(prefix: str, given: Sequence[str]) -> dict[str, str]:
    found = {}
    for pair in given:
        name, equals, told = pair.rpartition("=")
        if not equals:
            raise Ask(f"{pair!r}: write it as NAME=VALUE")
        found[prefix + name] = told
    return found


def _open(path: Path, questions: Sequence[Question]) -> str:
    lines = [f"{path.name} needs an answer first:"]
    for question in questions:
        if not question.required:
            continue
        key = question.key
        how = f"--column '{key.removeprefix('column:')}=COLUMN'" if key.startswith("column:") else f"--set '{key}=…'"
        how = "--as TABLE" if key == "table" else how
        choices = f" ({', '.join(question.choices)})" if question.choices else ""
        lines.append(f"  {question.text}{choices}   {how}")
    return "\n".join(lines)


def _digest(path: Path, profile: Profile | None) -> str:
    """The content and the way it is read: the same file read in another way is another import."""
    made = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            made.update(block)
    made.update(json.dumps(profile.model_dump(mode="json") if profile else {}, sort_keys=True).encode())
    return f"sha256:{made.hexdigest()[:32]}"
