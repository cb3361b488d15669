"""`cuadra archive`: what would be archived, archiving it, and looking whether every file is unharmed."""

from pathlib import Path
from typing import Any

from dashboard import jobs
from dashboard.read import ready
from extract.vendor import VendorError
from reconcile.action import Plan
from reconcile.archive import check
from reconcile.archive.work import Work, chosen, work
from reconcile.settings import SettingsError, load


class Wrong(Exception):
    """It cannot be done; the text says why and what to do."""


def due(data: Path) -> Work:
    """Return what is to be archived. Wrong where nothing was read yet or no place is switched on."""
    if not ready(data):
        raise Wrong("nothing was reconciled yet: `cuadra sync` or `cuadra import FILE` first")
    if not chosen(load(data)):
        raise Wrong("no place is switched on: write it into [archive] of settings.toml, or on the page Archive")
    return work(data)


def perform(data: Path, plans: tuple[Plan, ...], who: str) -> dict[str, Any]:
    """Archive exactly these plans and return how it ended: stored by place, failed, left."""
    done = jobs.archive(data, who, plans)
    return {"stored": dict(done.stored), "failed": [f._asdict() for f in done.failed], "left": done.left}


def examined(data: Path) -> dict[str, Any]:
    """Return how many archived files were read, and which are gone or changed. Wrong where the place cannot be read."""
    try:
        read, harmed = check.check(data)
    except (VendorError, SettingsError) as error:
        raise Wrong(str(error)) from error
    return {"files": read, "harmed": [one._asdict() for one in harmed]}
