"""The sandbox's books on disk, so that a restart goes on where it was."""

import os
from dataclasses import asdict, fields
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from extract.sandbox.statement import Entry

if TYPE_CHECKING:
    from extract.sandbox.server import Sandbox


def save(sandbox: "Sandbox", path: Path) -> None:
    """Write the books aside and rename them into place."""
    held: dict[str, Any] = {
        "today": str(sandbox.company.today), "seed": sandbox.company.seed, "deals": sandbox.deals,
        "shift": sandbox.clock.shift.total_seconds(), "settings": asdict(sandbox.settings),
        "mails": sandbox.mailbox.mails,
        "hubspot": {f.name: getattr(sandbox.hubspot.books, f.name) for f in fields(sandbox.hubspot.books)},
        "stripe": {f.name: getattr(sandbox.stripe.books, f.name) for f in fields(sandbox.stripe.books)},
        "transfers": [asdict(e) for e in sandbox.transfers], "tokens": sandbox.hubspot.access_tokens,
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".part")
    aside.write_bytes(msgspec.json.encode(held))
    os.replace(aside, path)


def origin(path: Path) -> tuple[date, int, int]:
    """Return the day, the seed and the number of deals from which a snapshot's company was made."""
    held = msgspec.json.decode(path.read_bytes())
    return date.fromisoformat(held["today"]), held["seed"], held["deals"]


def load(sandbox: "Sandbox", path: Path) -> None:
    """Put the books of a snapshot in place of the fresh ones."""
    held = msgspec.json.decode(path.read_bytes())
    for name, value in held["hubspot"].items():
        setattr(sandbox.hubspot.books, name, value)
    for name, value in held["stripe"].items():
        setattr(sandbox.stripe.books, name, value)
    for name, value in held["settings"].items():
        setattr(sandbox.settings, name, value)
    for line in _lines(sandbox):  # an invoice item and its invoice share the line
        sandbox.stripe.books.terms.setdefault(line["parent"]["invoice_item_details"]["invoice_item"], {"line": line})
    sandbox.clock.shift = timedelta(seconds=held["shift"])
    sandbox.mailbox.mails[:] = held["mails"]
    sandbox.hubspot.access_tokens = held["tokens"]
    sandbox.transfers = [Entry(**{**e, "on": date.fromisoformat(e["on"])}) for e in held["transfers"]]
    sandbox.is_dirty = False


def _lines(sandbox: "Sandbox") -> list[dict[str, Any]]:
    drafts = [i for i in sandbox.stripe.books.objects["invoices"].values() if i["status"] == "draft"]
    return [line for invoice in drafts for line in invoice["lines"]["data"] if line["parent"]]
