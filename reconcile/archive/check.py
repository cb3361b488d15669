"""Whether every archived file still stands in its place, as it was stored."""

from pathlib import Path
from typing import NamedTuple

from reconcile.actions.archive_file import checksum
from reconcile.archive import kept
from reconcile.archive.place import place
from reconcile.settings import load
from reconcile.state import state


class Harm(NamedTuple):
    """A file that is gone or was changed."""

    path: str
    what: str  # gone | changed


def check(data: Path) -> tuple[int, list[Harm]]:
    """Return how many files were read, and which of them came to harm. VendorError where the place cannot be read."""
    store = state(data)
    shelf = place(data, load(data).archive, store)
    rows = [row for row in kept.rows(store, "files") if row["stored_at"]]
    found = []
    for row in rows:
        content = shelf.get(row["path"])
        if content is None:
            found.append(Harm(row["path"], "gone"))
        elif checksum(content) != row["checksum"]:
            found.append(Harm(row["path"], "changed"))
    return len(rows), found
