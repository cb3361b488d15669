"""What all tests share: which capability rows passed, and where the reference material is."""

import json
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference material beside the repository; a fresh clone does not have it."""
    if not SHARED.exists():
        pytest.skip("needs ../shared, which a fresh clone does not have")
    return SHARED


@pytest.fixture(autouse=True)
def _calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the developer's own settings or keys."""
    for name in list(os.environ):
        if name.startswith(("CUADRA_", "HUBSPOT_", "STRIPE_")):
            monkeypatch.delenv(name)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> object:
    """Note which capability rows a test proves, for `cuadra capabilities`."""
    outcome = yield
    report = outcome.get_result()
    ids = [i for mark in item.iter_markers("capability") for i in mark.args]
    if ids and (report.when == "call" or report.failed):
        folder = ROOT / "build" / "capabilities"
        folder.mkdir(parents=True, exist_ok=True)
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        line = json.dumps({"test": item.nodeid, "ids": ids, "passed": report.passed})
        with (folder / f"{worker}.jsonl").open("a") as file:
            file.write(line + "\n")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Forget what an earlier whole run noted."""
    if "PYTEST_XDIST_WORKER" not in os.environ and not session.config.args[1:]:
        for old in (ROOT / "build" / "capabilities").glob("*.jsonl"):
            old.unlink()
