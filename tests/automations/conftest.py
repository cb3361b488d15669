"""The invented company, connected, read and reconciled, for flows that run by themselves."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from company import Shop, prepare
from lean import mending_only

from extract.sandbox.server import serve
from reconcile import workflows


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The company, read and reconciled once."""
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
