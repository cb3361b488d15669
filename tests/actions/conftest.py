"""A state store in a folder of its own, and the till as a vendor."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from company import Shop, prepare
from cryptography.fernet import Fernet
from lean import mending_only
from till import Till, TillVendor

from extract.sandbox.server import serve
from reconcile import workflows
from reconcile.state import State, engine
from reconcile.vault import Vault


@pytest.fixture
def till() -> Iterator[Till]:
    made = Till()
    yield made
    made.hold.set()
    made.server.shutdown()


@pytest.fixture
def vendor(till: Till) -> TillVendor:
    return TillVendor(name="till", base_url=till.url, client=httpx.Client(timeout=5))


@pytest.fixture
def store(tmp_path: Path) -> State:
    return State(engine(f"sqlite:///{tmp_path / 'state.sqlite'}"), Vault(Fernet.generate_key().decode()))


@pytest.fixture(scope="session")
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
