"""Whatever dies, nothing is done twice and nothing is forgotten: real processes killed, the books compared.

CHAOS_RUNS=2000 runs the harness that often instead of a handful of times.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HARNESS = Path(__file__).with_name("harness.py")


def chaos(*options: str, timeout: float = 600) -> dict[str, Any]:
    """Run the harness and return its report."""
    done = subprocess.run([sys.executable, str(HARNESS), *options], capture_output=True, text=True, timeout=timeout)
    assert done.stdout.strip(), done.stderr[-3000:]
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


@pytest.mark.slow
@pytest.mark.capability("INV-5", "PLUS-6")
def test_killed_anywhere_the_end_is_that_of_an_undisturbed_run() -> None:
    """Kills, lost answers, 500s and refusals at random points; also three processes at once: one result."""
    runs = os.environ.get("CHAOS_RUNS", "5")
    report = chaos("--runs", runs, "--races", "1", timeout=600 + 20 * int(runs))
    assert report["bad"] == [] and report["runs"] == int(runs) + 1


@pytest.mark.slow
@pytest.mark.capability("PLUS-6")
def test_a_flow_that_runs_by_itself_survives_the_same() -> None:
    """Killed anywhere in its turn, or three turns at once: the same two invoices, never a third over the day's cap."""
    runs = os.environ.get("CHAOS_RUNS", "4")
    report = chaos("--automatic", "--runs", runs, "--races", "1", timeout=600 + 20 * int(runs))
    assert report["bad"] == [] and report["runs"] == int(runs) + 1


@pytest.mark.slow
@pytest.mark.capability("PLUS-6")
def test_on_postgresql_too() -> None:
    """The same with the state and the workflows in one PostgreSQL."""
    report = chaos("--runs", "3", "--races", "1", "--postgres")
    assert report["bad"] == [] and report["runs"] == 4
