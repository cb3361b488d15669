"""A company of three deals, reconciled for real, and pages run on it without a browser."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import CHROMIUM
from lean import mending_only
from small_company import ROWS, keep
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from reconcile import run

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"
Page = Callable[..., AppTest]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder where nothing was ever read."""
    monkeypatch.setenv("CUADRA_TODAY", "2026-11-20")
    monkeypatch.setenv("CUADRA_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company, reconciled once for all tests that change nothing of it."""
    folder = tmp_path_factory.mktemp("company")
    keep(folder, ROWS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUADRA_TODAY", "2026-11-20")
        run.reconcile(folder)
    return folder


@pytest.fixture
def data(empty: Path, company: Path) -> Path:
    """A data folder with the company, reconciled."""
    for name in ("rows.duckdb", "warehouse.duckdb"):
        shutil.copy(company / name, empty / name)
    return empty


@pytest.fixture
def lean(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that reconcile, and look neither at figures nor at what only a person can mend."""
    mending_only(monkeypatch)


@pytest.fixture
def page() -> Page:
    """Run a page of the data folder that the environment names; `query` goes into its address."""

    def opened(name: str = "", **query: str) -> AppTest:
        app = AppTest.from_file(str(FRAME), default_timeout=30)
        app.query_params.update(query)
        if name:
            app._page_hash = calc_hash(name)  # switch_page() knows only pages that are files
        app.run()
        assert not app.exception, app.exception
        return app

    return opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, which asks nobody but this machine."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()
