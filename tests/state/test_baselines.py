"""What both sides said of each field is remembered, and forgotten when a field is kept elsewhere."""

import datetime as dt
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from reconcile import baselines
from reconcile.baselines import Pair
from reconcile.state import State, engine, now
from reconcile.vault import Vault

PAIR = Pair("customers", "crm", "1", "billing", "b")


@pytest.fixture
def store(tmp_path: Path) -> State:
    return State(engine(f"sqlite:///{tmp_path / 'state.sqlite'}"), Vault(Fernet.generate_key().decode()))


def known(store: State) -> dict[str, tuple[str | None, str | None]]:
    return {r["field"]: (r["crm_value"], r["billing_value"]) for r in baselines.memory(store).rows}


def test_what_was_written_another_way_is_nobodys_change(store: State) -> None:
    """Of a pair that is known the written side is what counts from now on; other records and fields stay."""
    baselines.settle(store, PAIR, {"city": ("Lugo", "Vigo"), "email": (None, "a@b.example")})
    baselines.settle(store, PAIR._replace(billing_id="c"), {"city": ("Lugo", "Vigo")})
    baselines.wrote(store, "customers", "billing", "b", {"city": "Lugo", "phone": "1"})
    assert sorted((r["billing_id"], r["field"], r["crm_value"], r["billing_value"])
                  for r in baselines.memory(store).rows) == [
        ("b", "city", "Lugo", "Lugo"), ("b", "email", None, "a@b.example"), ("c", "city", "Lugo", "Vigo")
    ]  # fmt: skip


def test_a_field_that_moved_is_learnt_anew_until_all_was_read_again(store: State) -> None:
    """Another property's values are no changes: nothing is remembered of the field before a complete reading."""
    baselines.settle(store, PAIR, {"city": ("Lugo", "Lugo"), "email": ("a", "a")})
    places, before = {"customers.city": "city>city", "customers.email": "email>email"}, now() - dt.timedelta(days=1)
    assert baselines.moved(store, places, before) == [] and len(known(store)) == 2
    places["customers.email"] = "invoice_email>email"
    assert baselines.moved(store, places, before) == ["customers.email"]
    assert known(store) == {"city": ("Lugo", "Lugo")}
    baselines.settle(store, PAIR, {"email": ("a", "a")})  # learnt of a reading that may still be the old place's
    assert baselines.moved(store, places, before) == ["customers.email"] and set(known(store)) == {"city"}
    baselines.settle(store, PAIR, {"email": ("a", "a")})
    assert baselines.moved(store, places, now()) == ["customers.email"]  # all was read: forgotten a last time
    baselines.settle(store, PAIR, {"email": ("b", "a")})
    assert baselines.moved(store, places, now()) == [] and known(store)["email"] == ("b", "a")
