"""Whoever signs in comes back to the address they asked for, and to no other site."""

from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from dashboard import guard
from dashboard.guard import Guard
from reconcile import settings
from reconcile.settings import Access, Reports, Settings

SITE = "https://cuadra.example"
PAGE = f"{SITE}/receivables?currency=PLN&view=calendar"


async def to_provider(_request: Request) -> RedirectResponse:
    return RedirectResponse("https://id.example/authorize", 302)


async def to_first_page(_request: Request) -> RedirectResponse:
    return RedirectResponse("/", 302)


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A browser at a site where people sign in; what Streamlit answers is played by two routes."""
    monkeypatch.setenv("CUADRA_DATA", str(tmp_path))
    guard._bucket.cache_clear()
    people = Access(issuer="https://id.example", client_id="c", people={"ana@example.com": "admin"})
    settings.save(Settings(access=people, reports=Reports(address=SITE)), tmp_path)
    routes = [Route("/auth/login", to_provider), Route("/oauth2callback", to_first_page)]
    return TestClient(Guard(Starlette(routes=routes)), base_url=SITE, follow_redirects=False)


def round_trip(browser: TestClient, referer: str) -> tuple[Any, Any]:
    """Go to the provider from a page, and come back; return both answers."""
    return browser.get("/auth/login", headers={"referer": referer}), browser.get("/oauth2callback?code=1")


def test_the_address_asked_for_is_kept_while_signing_in(browser: TestClient) -> None:
    """Page and choices are noted for this browser alone, for minutes, and forgotten once they were used."""
    left, back = round_trip(browser, PAGE)
    said = left.headers["set-cookie"]
    assert left.headers["location"] == "https://id.example/authorize"
    assert all(part in said for part in ("HttpOnly", "SameSite=Lax", "Max-Age=900", "Secure"))
    assert back.headers["location"] == "/receivables?currency=PLN&view=calendar"
    assert browser.get("/oauth2callback?code=2").headers["location"] == "/"


@pytest.mark.parametrize(
    "referer",
    ["", f"{SITE}/", f"{SITE}//evil.example/x", f"{SITE}/\\evil.example", f"{SITE}/oauth2callback?code=9",
     f"{SITE}/deals?q={'x' * 3000}", "https://[evil"],
)  # fmt: skip
def test_what_is_no_page_of_ours_leads_to_the_first_page(browser: TestClient, referer: str) -> None:
    """Nothing that a browser could take for another site, no way back into signing in, nothing too long."""
    _left, back = round_trip(browser, referer)
    assert back.headers["location"] == "/"


def test_a_forged_note_leads_nowhere_else(browser: TestClient) -> None:
    """Whoever could set the cookie still gets a page of ours."""
    browser.cookies.set("cuadra_back", "https%3A%2F%2Fevil.example%2Fdeals")
    assert browser.get("/oauth2callback?code=1").headers["location"] == "/deals"
    browser.cookies.set("cuadra_back", "%2F%2Fevil.example%2F%2Fdeals")
    assert browser.get("/oauth2callback?code=1").headers["location"] == "/"
