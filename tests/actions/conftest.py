"""A state store in a folder of its own, and the till as a vendor."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet

from reconcile.state import State, engine
from reconcile.vault import Vault

sys.path.insert(0, str(Path(__file__).parent))  # modules that tests share

from till import Till, TillVendor


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
