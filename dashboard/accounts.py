"""Who we are at each connected system, as it said when it was tried last: account, company, rights, what is missing."""

import datetime as dt
from typing import Any, NamedTuple

from extract.vendor import Connected
from reconcile.state import State, now

KEPT = "account:"  # name in the state store, before that of the connection


class Account(NamedTuple):
    """What a system told about the credential it was given."""

    account: str
    company: str
    is_test: bool
    currency: str
    rights: tuple[str, ...]  # that it has
    missing: tuple[str, ...]  # to read
    unwritable: tuple[str, ...]  # to write
    note: str
    at: dt.datetime  # when it was asked


def keep(store: State, name: str, found: Connected, unwritable: tuple[str, ...]) -> None:
    """Remember what a connection's system told just now."""
    told: dict[str, Any] = {
        "account": found.account, "company": found.company, "is_test": found.is_test, "currency": found.currency or "",
        "rights": list(found.rights), "missing": list(found.missing), "unwritable": list(unwritable),
        "note": found.note, "at": now().isoformat(),
    }  # fmt: skip
    store.keep(KEPT + name, told)


def told(store: State, name: str) -> Account | None:
    """Return what a connection's system told last; None if it was never asked."""
    kept = store.value(KEPT + name)
    if not kept:
        return None
    lists = {part: tuple(kept[part]) for part in ("rights", "missing", "unwritable")}
    return Account(**(kept | lists | {"at": dt.datetime.fromisoformat(kept["at"])}))
