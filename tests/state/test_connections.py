"""Connections are built from the settings; secrets come from the environment first, then from the store."""

from pathlib import Path

import pytest

from reconcile.connections import connections, unconnected
from reconcile.settings import SettingsError
from reconcile.state import state

TWO = """
[company]
time_zone = "Europe/Paris"

[connections.stripe]
vendor = "stripe"
base_url = "http://127.0.0.1:1"
tax_name = "TVA"

[connections.stripe-fr]
vendor = "stripe"
currency = "EUR"
"""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    (tmp_path / "settings.toml").write_text(TWO)
    return tmp_path


def test_a_connection_without_credentials_is_left_out_and_named(data: Path) -> None:
    """One that is complete works, the other says what it lacks."""
    state(data).keep_credentials("stripe-fr", {"STRIPE_KEY": "sk_test_fr"}, "ana")
    assert list(connections(data)) == ["stripe-fr"]
    assert unconnected(data) == {"stripe": ("STRIPE_KEY",)}


def test_options_address_and_zone_come_from_the_settings(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever else stands in a connection's table is an option of its vendor."""
    monkeypatch.setenv("STRIPE_KEY", "sk_test_env")
    made = connections(data)["stripe"]
    assert (made.url, made.chosen["tax_name"], str(made.zone)) == ("http://127.0.0.1:1", "TVA", "Europe/Paris")


def test_the_environment_wins_and_speaks_for_its_own_connection_only(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vendor connected twice takes each key from a variable with the connection's name before it."""
    state(data).keep_credentials("stripe", {"STRIPE_KEY": "sk_test_kept"}, "ana")
    monkeypatch.setenv("STRIPE_KEY", "sk_test_env")
    monkeypatch.setenv("STRIPE_FR__STRIPE_KEY", "sk_test_fr")
    keys = {name: vendor.credentials["STRIPE_KEY"] for name, vendor in connections(data).items()}
    assert keys == {"stripe": "sk_test_env", "stripe-fr": "sk_test_fr"}


def test_a_vendor_that_does_not_exist_is_named_with_those_that_do(data: Path) -> None:
    """A misspelt vendor is a wrong setting, not a missing connection."""
    (data / "settings.toml").write_text('[connections.crm]\nvendor = "hubspott"\n')
    with pytest.raises(SettingsError, match=r"hubspott.*hubspot"):
        connections(data)
