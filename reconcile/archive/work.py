"""What the archive has to do: the documents, where each is or belongs, and the plans of what is not there yet."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from extract.vendor import VendorError
from reconcile.action import Plan, registry
from reconcile.archive import kept
from reconcile.archive.paths import path_of
from reconcile.archive.place import Place, place
from reconcile.archive.words import said
from reconcile.facts import Facts, Record, opened
from reconcile.settings import Settings, SettingsError, load, today
from reconcile.state import State, state

PLACES = {"archive_file": "files", "archive_note": "crm", "archive_mail": "mail"}
_DOCUMENTS = (files(__package__) / "documents.sql").read_text("utf-8")


@dataclass(frozen=True)
class Work:
    """What is to be done. `problems`: why a place can take nothing at all, by place."""

    documents: tuple[Record, ...] = ()
    plans: tuple[Plan, ...] = ()
    without: tuple[str, ...] = ()  # numbers of documents whose PDF no connection has: they came from files
    homeless: tuple[str, ...] = ()  # numbers of those that have neither deal nor customer in the CRM
    problems: Mapping[str, str] | None = None


def work(data: Path, look: bool = True) -> Work:
    """Return what is to be archived, changing nothing. `look`: also look whether all files still stand in their place.

    FileNotFoundError before anything was reconciled.
    """
    settings, store = load(data), state(data)
    with opened(data, settings, today(settings)) as facts:
        crm = _crm(facts)
        found = documents(facts, crm)
        printed = {name for name in settings.connections if facts.has_pdf(name)}
    able = [d for d in found if d["vendor"] in printed]
    plans: list[Plan] = []
    problems: dict[str, str] = {}
    if settings.archive.files:
        try:
            plans += _files(able, place(data, settings.archive, store), store, look)
        except (VendorError, SettingsError) as error:
            problems["files"] = str(error)
    copies = [d for d in able if settings.archive.since is None or d["issued_on"] >= settings.archive.since]
    homeless: list[str] = []
    if settings.archive.crm:
        there = _there(store, "crm")
        waiting = [d for d in copies if (d["vendor"], d["id"]) not in there]
        if not crm:
            problems["crm"] = "no connected CRM takes files: connect one on the page Connections"
        else:
            homeless = [d["number"] for d in waiting if not (d["deal_id"] or d["crm_customer_id"])]
            plans += [registry()["archive_note"].plan(d, crm, said(d, settings.company.language))
                      for d in waiting if d["deal_id"] or d["crm_customer_id"]]  # fmt: skip
    if settings.archive.accounting:
        there = _there(store, "mail")
        plans += [registry()["archive_mail"].plan(d, said(d, settings.company.language), settings)
                  for d in copies if (d["vendor"], d["id"]) not in there]  # fmt: skip
    without = tuple(d["number"] for d in found if d["vendor"] not in printed)
    return Work(tuple(found), tuple(plans), without, tuple(homeless), problems)


def documents(facts: Facts, crm: str) -> list[Record]:
    """Return the issued documents with state, sending date, and the deal and customer of the CRM, oldest first."""
    cursor = facts.db.cursor().execute(_DOCUMENTS, {"crm": crm})
    names = [d[0] for d in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _crm(facts: Facts) -> str:
    try:
        return facts.crm if facts.can(facts.crm, "create_note") else ""
    except SettingsError:
        return ""


def _files(able: list[Record], shelf: Place, store: State, look: bool) -> list[Plan]:
    """Return a plan for each document that is not in the archive, or whose file is gone from there."""
    rows = {(r["vendor"], r["invoice_id"]): r for r in kept.rows(store, "files")}
    stored = {key for key, row in rows.items() if row["stored_at"]}
    if not look and all((d["vendor"], d["id"]) in stored for d in able):
        return []
    standing = shelf.paths()
    owned = {kept.taken(row["path"]) for row in rows.values()}
    taken = owned | {kept.taken(path) for path in standing}
    plans = []
    for document in able:
        row = rows.get((document["vendor"], document["id"]))
        if row is not None and row["stored_at"] and row["path"] in standing:
            continue
        path = row["path"] if row is not None else _free(document, taken)
        taken.add(kept.taken(path))
        plans.append(registry()["archive_file"].plan(document, path, row["checksum"] if row else ""))
    return plans


def _free(document: Record, taken: Set[str]) -> str:
    """Return the path of a document, told apart by its vendor's id where another one has the plain one."""
    for apart in ("", document["id"], f"{document['vendor']} {document['id']}"):
        path = path_of(document["issued_on"], document["customer"], document["number"], apart)
        if kept.taken(path) not in taken:
            return path
    raise ValueError(f"{document['vendor']} {document['id']}: no path is free for {document['number']}")


def _there(store: State, where: str) -> set[tuple[str, str]]:
    return {(row["vendor"], row["invoice_id"]) for row in kept.rows(store, where)}


def chosen(settings: Settings) -> list[str]:
    """Return the places that are switched on."""
    on = {"files": settings.archive.files, "crm": settings.archive.crm, "mail": bool(settings.archive.accounting)}
    return [name for name, is_on in on.items() if is_on]


def row_of(document: Record, rows: Mapping[tuple[str, str], Any]) -> Any:
    """Return what is kept of a document in one place, None where nothing is."""
    row = rows.get((document["vendor"], document["id"]))
    return row if row and row["stored_at"] else None


def printed(data: Path) -> list[str]:
    """Return the connected systems whose PDFs can be had. FileNotFoundError before anything was reconciled."""
    settings = load(data)
    with opened(data, settings, today(settings)) as facts:
        return [name for name in settings.connections if facts.has_pdf(name)]
