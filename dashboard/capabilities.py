"""Which rows of the capability list have a passing test, from the markers of the tests and their last run."""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
NOTED = ROOT / "build" / "capabilities"


class Capability(NamedTuple):
    """One row of the list: the tests that carry its id, and whether all of them passed at their last run."""

    id: str
    tests: list[str]
    passed: bool


def capabilities(run: bool = False) -> list[Capability]:
    """Return the rows in order of their ids. Without an earlier run the marked tests are run now."""
    if run or not any(NOTED.glob("*.jsonl")):
        command = [sys.executable, "-m", "pytest", "-q", "-m", "capability", "-p", "no:cacheprovider"]
        subprocess.run(command, cwd=ROOT, stdout=sys.stderr, check=False)
    last: dict[str, tuple[list[str], bool]] = {}
    for file in sorted(NOTED.glob("*.jsonl"), key=lambda f: f.stat().st_mtime):
        for line in file.read_text().splitlines():
            told = json.loads(line)
            last[told["test"]] = (told["ids"], told["passed"])
    by_id: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for test, (ids, passed) in last.items():
        for row in ids:
            by_id[row].append((test, passed))
    return [
        Capability(i, sorted(t for t, _ in found), all(p for _, p in found))
        for i, found in sorted(by_id.items(), key=_order)
    ]


def _order(entry: tuple[str, object]) -> tuple[str, int]:
    name, _, number = entry[0].rpartition("-")
    return name, int(number) if number.isdigit() else 0
