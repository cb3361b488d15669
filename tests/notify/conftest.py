"""A small company, reconciled, and a server on this machine that is called like n8n, Slack or Teams would be."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from company import Shop, prepare
from lean import mending_only
from listening import Server
from small_company import ROWS, keep

from dashboard import jobs
from extract.sandbox.server import serve
from reconcile import workflows


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company of three deals, reconciled once."""
    folder = tmp_path_factory.mktemp("small")
    keep(folder, ROWS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUADRA_TODAY", "2026-11-20")
        jobs.reconcile(folder)
    return folder


@pytest.fixture
def told(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Give a data folder with the small company, in which these listeners are told of what happens from now on."""
    import shutil

    from dashboard.notify import events
    from reconcile import settings

    monkeypatch.setenv("CUADRA_TODAY", "2026-11-20")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")

    def made(**parts: object) -> Path:
        data = tmp_path / "data"
        data.mkdir()
        for name in ("rows.duckdb", "warehouse.duckdb"):
            shutil.copy(small / name, data / name)
        settings.save(settings.Settings.model_validate(parts), data)
        events.collect(data)
        return data

    yield made
    workflows.shutdown()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The invented company, read and reconciled once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        running = serve(port=0, deals=300)
        data = tmp_path_factory.mktemp("shop") / "data"
        prepare(data, running.url, running.smtp_port)
        yield Shop(data, running.url)
        running.stop()


@pytest.fixture
def shop(prepared: Shop, tmp_path: Path) -> Iterator[Shop]:
    """The company as it was, with a data folder for this test."""
    yield prepared.copy(tmp_path / "data")
    workflows.shutdown()


@pytest.fixture(autouse=True)
def _lean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test of this folder looks at figures, or at what only a person can mend."""
    mending_only(monkeypatch)
