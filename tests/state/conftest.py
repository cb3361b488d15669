"""The state store on SQLite and on a real PostgreSQL: every test runs on both."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from postgres import server

from reconcile.state import State, engine
from reconcile.vault import Vault


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.sqlite'}"
    address: str = request.getfixturevalue("postgres")
    name = f"t{abs(hash(request.node.nodeid))}"
    with sa.create_engine(
        address.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    ).connect() as db:
        db.execute(sa.text(f"CREATE DATABASE {name}"))
    return address.replace("/postgres?", f"/{name}?")


@pytest.fixture
def store(url: str) -> Iterator[State]:
    made = State(engine(url), Vault(Fernet.generate_key().decode()))
    yield made
    made.engine.dispose()
