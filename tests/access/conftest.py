"""A company of two salespeople, reconciled for real, where people sign in; and its pages as one of them sees them."""

import shutil
import time
from pathlib import Path

import pytest
from small_company import keep
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from two_sellers import ALL, PEOPLE, Seen

from dashboard import signin
from reconcile import run, settings
from reconcile.settings import Connection, Reports, Settings

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"


@pytest.fixture(scope="session")
def reconciled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company, reconciled once, where people sign in."""
    folder = tmp_path_factory.mktemp("two-salespeople")
    keep(folder, ALL)
    said = Settings(access=PEOPLE, reports=Reports(address="http://127.0.0.1:8501"),
                    connections={"stripe": Connection(vendor="stripe")})  # fmt: skip
    settings.save(said, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUADRA_TODAY", "2026-11-20")
        run.reconcile(folder)
    return folder


@pytest.fixture
def data(reconciled: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of the company, for tests that change nothing of it."""
    monkeypatch.setenv("CUADRA_TODAY", "2026-11-20")
    monkeypatch.setenv("CUADRA_DATA", str(reconciled))
    monkeypatch.setattr(signin, "_clicked", {})
    return reconciled


@pytest.fixture
def copied(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of one's own with the company."""
    monkeypatch.setenv("CUADRA_DATA", str(tmp_path))
    for name in ("rows.duckdb", "warehouse.duckdb", settings.FILE):
        shutil.copy(data / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def seen(data: Path) -> Seen:
    """Show a page as somebody sees it who signed in a minute ago; `query` goes into its address."""

    def opened(email: str, name: str = "", since: float = 60, **query: str) -> AppTest:
        app = AppTest.from_file(str(FRAME), default_timeout=60)
        app.user = {"is_logged_in": bool(email)} | (
            {"email": email, "sub": email, "iat": int(time.time() - since)} if email else {}
        )
        app.query_params.update(query)
        if name:
            app._page_hash = calc_hash(name)  # switch_page() knows only pages that are files
        app.run()
        assert not app.exception, app.exception
        return app

    return opened
