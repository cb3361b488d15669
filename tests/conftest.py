"""What all tests share: which capability rows passed, and where the reference material is."""

import gc
import json
import os
import time
from pathlib import Path

import pytest

from reconcile import figures, warehouse

os.environ["TZ"] = "Europe/Madrid"  # of the invented company and of settings that say nothing: one day for all
time.tzset()
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


@pytest.fixture(autouse=True)
def _plain(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the words on columns, a tenth of a small run's time, where a test is not about them."""
    if request.node.get_closest_marker("described"):
        warehouse._blank.cache_clear()
        return
    for module in (warehouse, figures):
        monkeypatch.setattr(module, "comment", lambda *told: None)


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


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep what was imported out of every later clean-up: each run of a page looks for garbage in all there is."""
    gc.collect()
    gc.freeze()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Forget what an earlier whole run noted."""
    if "PYTEST_XDIST_WORKER" not in os.environ and not session.config.args[1:]:
        for old in (ROOT / "build" / "capabilities").glob("*.jsonl"):
            old.unlink()
