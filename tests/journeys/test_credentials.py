"""Credentials are tried before they are kept, never shown again, and a wrong one stops its vendor and no other."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dashboard import cli, fixes
from reconcile.state import state


def run(data: Path, *words: str, text: str = "") -> Any:
    return CliRunner().invoke(cli.app, ["--data", str(data), *words], input=text, catch_exceptions=False)


@pytest.mark.capability("CONN-3", "CONN-8")
def test_the_right_key_connects_and_is_never_seen_again(company: Any, tmp_path: Path) -> None:
    """Right: connected to which account, TEST said; the key is in no file, no log and no export in the clear."""
    done = run(tmp_path, "connect", "stripe", "--set", f"base_url={company.url}", text="sk_test_sandbox\n")
    assert done.exit_code == 0 and "TEST" in done.output, done.output
    assert state(tmp_path).credentials("stripe") == {"STRIPE_KEY": "sk_test_sandbox"}
    held = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert held and not [p for p in held if b"sk_test_sandbox" in p.read_bytes()]
    assert "sk_test_sandbox" not in done.output


@pytest.mark.capability("CONN-3", "CONN-8", "ERR-3")
def test_a_wrong_key_is_refused_and_nothing_is_kept(company: Any, tmp_path: Path) -> None:
    """Wrong: exit 3 with the vendor's word, no connection, no secret."""
    done = run(tmp_path, "connect", "hubspot", "--set", f"base_url={company.url}", text="pat-eu1-wrong\n")
    assert done.exit_code == 3
    assert "credential was refused" in done.output.replace("\n", " ") and "pat-eu1-wrong" not in done.output
    assert not state(tmp_path).credentials("hubspot")
    assert not (tmp_path / "settings.toml").exists()


@pytest.mark.capability("ERR-3")
def test_a_credential_gone_bad_stops_its_vendor_only_and_resumes_with_a_good_one(data: Path) -> None:
    """Stripe's key is revoked: exit 3, its last good reading stays, HubSpot is read; a good key goes on."""
    store = state(data)
    store.keep_credentials("stripe", {"STRIPE_KEY": "sk_test_revoked"}, "test")
    done = run(data, "sync", "--json")
    assert done.exit_code == 3
    readings = {r["vendor"]: r for r in json.loads(done.stdout)}
    assert "refused" in readings["stripe"]["error"] and not readings["hubspot"]["error"]
    kept = json.loads(run(data, "query", "SELECT count(*) AS n FROM invoices", "--json").stdout)
    assert kept[0]["n"] > 1_800
    told = json.loads(
        run(data, "query", "SELECT DISTINCT error FROM freshness WHERE vendor = 'stripe'", "--json").stdout
    )
    assert "refused" in told[0]["error"]
    store.keep_credentials("stripe", {"STRIPE_KEY": "sk_test_sandbox"}, "test")
    assert run(data, "sync").exit_code == 0


@pytest.mark.capability("CONN-9")
def test_the_catalogue_names_api_version_auth_and_evidence() -> None:
    """Every entry says what it reads and writes, how one signs in, and what proves it."""
    entries = {e["name"]: e for e in json.loads(CliRunner().invoke(cli.app, ["vendors", "--json"]).stdout)}
    assert {"name", "title", "kind", "reads", "writes", "auth", "evidence"} <= entries["hubspot"].keys()
    assert entries["hubspot"]["api_version"] and entries["stripe"]["api_version"]
    assert "deals" in entries["hubspot"]["reads"] and "create_invoice" in entries["stripe"]["writes"]
    assert {"camt053", "mt940", "ofx", "norma43", "csv", "xlsx"} <= entries.keys()
    assert entries["pipedrive"]["state"] in ("works", "file only")


@pytest.mark.capability("ROLL-7")
def test_a_live_key_writes_nothing_until_it_is_switched_on(cuadra: Any, books: Any, monkeypatch: Any) -> None:
    """Test keys may write; with a live account the fix is refused before any call, naming the switch."""
    from extract.vendors.stripe import Stripe

    offers = fixes.offers(cuadra.data, [cuadra.finding("won_not_invoiced")["id"]])
    check = Stripe.check
    monkeypatch.setattr(Stripe, "check", lambda self: check(self)._replace(is_test=False))
    monkeypatch.setattr(Stripe, "is_test", property(lambda self: False))
    before = books()
    outcomes = fixes.send(cuadra.data, offers, "test")
    assert outcomes[0].state == "refused" and "writes" in outcomes[0].error
    assert books()["invoices"] == before["invoices"] and books()["customers"] == before["customers"]
