"""The credentials of a connection, for a vendor that gives new ones while it is asked (refresh tokens that change)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock

from extract.auth import Keyring
from reconcile import access
from reconcile.state import State


class Kept(Keyring):
    """The keyring of a connection in the state store, encrypted, shared by all processes that use it."""

    def __init__(self, store: State, connection: str) -> None:
        self.store, self.connection = store, connection

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody else renews this connection's credentials, on this machine or on another of its store."""
        engine = self.store.engine
        if engine.dialect.name == "sqlite":
            with FileLock(Path(engine.url.database or "").with_name(f".{self.connection}.sign-in.lock")):
                yield
            return
        name = {"name": f"cuadra sign-in {self.connection}"}
        with engine.connect() as db:
            db.execute(sa.text("SELECT pg_advisory_lock(hashtext(:name))"), name)
            try:
                yield
            finally:
                db.execute(sa.text("SELECT pg_advisory_unlock(hashtext(:name))"), name)

    def now(self) -> Mapping[str, str]:
        """Return the credentials that are kept at this moment."""
        return self.store.credentials(self.connection)

    def keep(self, secrets: Mapping[str, str]) -> None:
        """Keep new ones, at once and whoever looks at the page that needed them: the old ones are void already."""
        with access.acting_as(access.PROGRAM):
            self.store.keep_credentials(self.connection, secrets, "renewal")
