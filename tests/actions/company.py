"""The invented company for tests of fixes: connected, read, reconciled; and the questions that tests ask it."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import httpx

from reconcile import guided, settings, workflows
from reconcile.action import Plan
from reconcile.state import state

PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)


def prepare(data: Path, url: str, smtp_port: int) -> None:
    """Make a data folder that is connected to the company at `url`, read and reconciled."""
    guided.prepare(data, url, smtp_port)
    guided.look_again(data)


class Shop:
    """A data folder and the company it is connected to."""

    def __init__(self, data: Path, url: str) -> None:
        self.data, self.url = data, url
        self.store = state(data)

    def copy(self, to: Path) -> "Shop":
        """Return the same, in a folder of its own, with the company back where it began."""
        shutil.copytree(self.data, to, ignore=shutil.ignore_patterns("raw", "*.lock", "dbos.sqlite*"))
        self.post("reset")
        return Shop(to, self.url)

    def look_again(self) -> None:
        """Read both vendors and reconcile."""
        guided.look_again(self.data)

    def get(self, path: str, **query: str) -> Any:
        """Ask the company."""
        return httpx.get(f"{self.url}/sandbox/{path}", params=query, timeout=30).json()

    def post(self, path: str, body: Any = None) -> Any:
        """Drive the company."""
        return httpx.post(f"{self.url}/sandbox/{path}", json=body if body is not None else {}, timeout=30).json()

    def writes(self) -> list[tuple[str, str, int]]:
        """Return (method, path, status) of the writes that the vendors received, oldest first."""
        calls = [c for c in self.get("calls") if c["method"] != "GET"]
        return [(c["method"], c["path"], c["status"]) for c in calls if not c["path"].endswith(("/search", "/read"))]

    def changed(self) -> Any:
        """Return what was written at the company since it began, without ids and clocks."""
        return self.get("books", changed="1")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with duckdb.connect(str(self.data / "warehouse.duckdb"), read_only=True) as db:
            return db.execute(query, values).fetchall()

    def finding(self, check: str, where: str = "TRUE") -> str:
        """Return the id of an open finding of a check."""
        query = f"""SELECT f.id FROM findings AS f LEFT JOIN deals AS d ON d.vendor = f.subject_vendor
            AND d.id = f.subject_id WHERE f."check" = ? AND f.state = 'open' AND {where} ORDER BY f.id"""
        return str(self.rows(query, check)[0][0])

    def plans(self, *findings: str, given: Mapping[str, str] | None = None) -> list[Plan]:
        """Return the plans that mend findings."""
        return workflows.fix(self.data, findings, given)

    def mend(self, plans: Sequence[Plan]) -> list[str]:
        """Confirm plans and return how each ended."""
        workflows.launch(self.data, PAUSES)
        return [o.state for o in workflows.settle(self.data, plans, "ana", timeout=60)]

    def set(self, **parts: Any) -> None:
        """Change settings."""
        chosen = settings.load(self.data)
        settings.save(chosen.model_copy(update=parts), self.data)
