"""Connecting by a system's own login: there and back again, tokens renewed by themselves, secrets never seen."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from newcomer import press
from quickbooks_server import CLIENT, REALM, QuickBooksServer
from quickbooks_server import SECRET as BOOKS_SECRET
from small_company import words
from typer.testing import CliRunner

from dashboard import jobs, own_login
from dashboard.cli import app as command
from extract.sandbox.server import Running
from extract.vendor import Unauthorised
from reconcile.connections import connections
from reconcile.settings import load
from reconcile.state import state

SECRET = "app-secret-123"


def gone_there(page, shop: Running) -> str:
    """Fill in the form and return the mark with which the system's page would send the person back."""
    app = page("connections", vendor="hubspot")
    app.text_input(key="login-id-hubspot").set_value("app-7")
    app.text_input(key="login-secret-hubspot").set_value(SECRET)
    app.text_input(key="login-base-hubspot").set_value(shop.url)
    press(app, "Next")
    there = next(link.url for link in app.link_button if link.url.startswith("https://app.hubspot.com/oauth/authorize"))
    asked = parse_qs(urlsplit(there).query)
    assert asked["client_id"] == ["app-7"] and "crm.objects.deals.read" in asked["scope"][0].split()
    assert asked["redirect_uri"][0].endswith("/connections") and SECRET not in there
    return asked["state"][0]


def wrong(app) -> str:
    """Return the first error of a page as it is read."""
    return app.error[0].value.replace("\\", "")


@pytest.mark.capability("CONN-3", "CONN-5")
def test_one_signs_in_at_the_systems_own_page_and_stays_connected(empty: Path, page, shop: Running) -> None:
    """A wrong code, a strange mark and a mark used twice connect nothing; the right one does; tokens are renewed."""
    mark = gone_there(page, shop)
    app = page("connections", state="somebody-elses", code="sandbox-code")
    assert "nobody here asked for it" in wrong(app) and not load(empty).connections
    app = page("connections", state=mark, code="wrong")
    assert "sign-in was refused" in wrong(app) and "Nothing was kept" in wrong(app)
    assert not load(empty).connections
    app = page("connections", state=mark, code="sandbox-code")
    assert "nobody here asked for it" in wrong(app), "a mark counts once"
    app = page("connections", state=gone_there(page, shop), error="access_denied")
    assert "access_denied" in wrong(app)

    app = page("connections", state=gone_there(page, shop), code="sandbox-code")
    assert not app.error and "Connected as **145200711**" in words(app) and "state" not in app.query_params
    assert connections(empty)["hubspot"].credentials["HUBSPOT_REFRESH_TOKEN"] == "sandbox-refresh"
    seen = words(app) + str([t.value for t in app.text_input]) + (empty / "settings.toml").read_text()
    assert SECRET not in seen and "sandbox-refresh" not in seen
    assert SECRET not in str(state(empty).entries(1000)) and not state(empty).values(own_login.KEPT)

    vendor = connections(empty)["hubspot"]
    vendor.check()
    for token in list(shop.sandbox.hubspot.access_tokens):
        shop.sandbox.hubspot.access_tokens[token] = 0  # ended before their time
    assert vendor.check().account == "145200711"
    assert not [reading.error for reading in jobs.sync(empty, ["hubspot"]) if reading.error]


def test_what_was_begun_too_long_ago_counts_no_more(empty: Path, page, shop: Running) -> None:
    """A quarter of an hour later somebody else may sit at that browser."""
    mark = gone_there(page, shop)
    begun = state(empty).value(own_login.KEPT + mark)
    state(empty).keep(own_login.KEPT + mark, begun | {"at": "2026-01-01T00:00:00+00:00"})
    with pytest.raises(Unauthorised, match="too long ago"):
        own_login.finish(empty, mark, "sandbox-code", "ana")
    assert not load(empty).connections


@pytest.mark.capability("CONN-3")
def test_quickbooks_sends_back_which_company_it_is_and_its_token_changes(empty: Path, page) -> None:
    """The company comes back with the code; its refresh token is void after each use, and the newest is kept."""
    server = QuickBooksServer()
    try:
        app = page("connections", vendor="quickbooks")
        app.text_input(key="login-id-quickbooks").set_value(CLIENT)
        app.text_input(key="login-secret-quickbooks").set_value(BOOKS_SECRET)
        app.text_input(key="login-base-quickbooks").set_value(server.url)
        press(app, "Next")
        there = next(link.url for link in app.link_button if "appcenter.intuit.com/connect/oauth2" in link.url)
        asked = parse_qs(urlsplit(there).query)
        assert asked["response_type"] == ["code"] and asked["scope"] == ["com.intuit.quickbooks.accounting"]
        server.books.rotates = True
        server.books.preferences["SalesFormsPrefs"]["CustomTxnNumbers"] = True
        app = page("connections", state=asked["state"][0], code="right-code", realmId=REALM)
        assert not app.error and f"Connected as **{REALM}**" in words(app) and "realmId" not in app.query_params
        assert any("Custom transaction numbers” is on" in told.value for told in app.warning), "it is told at once"
        told = CliRunner().invoke(command, ["--data", str(empty), "check"]).output
        assert "“Custom transaction numbers” is on" in " ".join(told.split())
        app.text_input(key="set-quickbooks-default_item").set_value("Services")
        press(app, "Save")
        chosen = load(empty).connections["quickbooks"].options
        assert chosen == {"base_url": server.url, "default_item": "Services"}
        for _ in range(2):
            vendor = connections(empty)["quickbooks"]
            server.books.access.clear()
            assert vendor.check().company == "Cuadra Test SL"
        kept = state(empty).credentials("quickbooks")
        assert kept["QUICKBOOKS_REFRESH_TOKEN"] == server.books.refresh != "refresh-1"
        assert kept["QUICKBOOKS_REALM_ID"] == REALM
        assert server.books.refresh not in words(page("connections")) + str(state(empty).entries(1000))
    finally:
        server.stop()
