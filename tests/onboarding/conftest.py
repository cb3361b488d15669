"""A data folder where nothing was ever read, pages run on it without a browser, and an invented company to connect."""

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from extract.sandbox.server import Running, serve
from reconcile import workflows

# modules that tests share
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).resolve().parents[1] / "dashboard")]

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"
Page = Callable[..., AppTest]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder where nothing was ever read."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("CUADRA_TODAY", "2026-11-20")
    monkeypatch.setenv("CUADRA_DATA", str(tmp_path / "data"))
    yield tmp_path / "data"
    workflows.shutdown()


@pytest.fixture(scope="session")
def shop() -> Iterator[Running]:
    """The invented company, small."""
    running = serve(smtp_port=0, today=dt.date(2026, 11, 20), deals=300)
    yield running
    running.stop()


@pytest.fixture
def page() -> Page:
    """Run a page of the data folder that the environment names; `query` goes into its address."""

    def opened(name: str = "", **query: str) -> AppTest:
        app = AppTest.from_file(str(FRAME), default_timeout=180)
        app.query_params.update(query)
        if name:
            app._page_hash = calc_hash(name)  # switch_page() knows only pages that are files
        app.run()
        assert not app.exception, app.exception
        return app

    return opened
