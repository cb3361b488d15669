"""What all tests share: which capability rows passed, and where the reference material is."""

import functools
import gc
import importlib
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # before it is imported: over few rows a second thread only costs

import pytest

from reconcile import figures, warehouse

os.environ["TZ"] = "Europe/Madrid"  # of the invented company and of settings that say nothing: one day for all
time.tzset()
ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
# The files that take longest. They begin first, so that none of them is what one worker is still at when others rest.
LONGEST = (
    "test_plans", "test_terms", "test_fixes", "test_reminders", "test_modes", "test_hooks", "test_checks",
    "test_journeys_seen", "test_rules", "test_browser", "test_deciding", "test_matching_properties", "test_setup",
    "test_won_to_invoiced", "test_triggers", "test_chaos", "test_sign_in", "test_accessibility", "test_equal",
    "test_sending", "test_reconcile", "test_figures_pages", "test_exceptions", "test_page",
    "test_three_ways", "test_quotes", "test_matching_quality",
)  # fmt: skip


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


@pytest.fixture(autouse=True, scope="session")
def _scanned_once() -> None:
    """Let the page runner look through the installed packages for components once, not at each page it opens."""
    scanner = sys.modules.get("streamlit.components.v2.manifest_scanner") or (
        "streamlit" in sys.modules and importlib.import_module("streamlit.components.v2.manifest_scanner")
    )
    if scanner:
        scanner.scan_component_manifests = functools.cache(scanner.scan_component_manifests)


@pytest.fixture(autouse=True, scope="session")
def _trusted_once() -> None:
    """Read the certificates of this machine once, not for each of the thousand calls that tests make to loopback."""
    default = importlib.import_module("httpx._transports.default")
    default.create_ssl_context = functools.cache(default.create_ssl_context)


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; what is in a file, and the others, keep their order."""
    at = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: at.get(item.path.stem, len(at)))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep what was imported out of every later clean-up: each run of a page looks for garbage in all there is."""
    gc.collect()
    gc.freeze()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Forget what an earlier whole run noted."""
    if "PYTEST_XDIST_WORKER" not in os.environ and not session.config.args[1:]:
        for old in (ROOT / "build" / "capabilities").glob("*.jsonl"):
            old.unlink()
