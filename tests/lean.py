"""Runs without what a test does not look at."""

from pathlib import Path
from typing import Any

import pytest

from reconcile import figures


def without_figures(patch: pytest.MonkeyPatch) -> None:
    """Leave the figures empty, a sixth of a small run's time: their table is there, as are the rows they rest on."""
    compute: Any = figures.compute
    nothing = Path(__file__).parent / "benchmarks"  # a folder without a query
    patch.setattr(figures, "compute", lambda db, progress=None: compute(db, progress, nothing))
