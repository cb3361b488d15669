"""Signing in for real: an OpenID Connect provider on this machine, `cuadra serve`, and Chromium.

Pictures of what was seen are left in build/pages.
"""

import base64
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from oidc_provider_mock import User, run_server_in_thread
from two_sellers import PEOPLE
from typer.testing import CliRunner

from dashboard import cli, signin
from dashboard.read import findings
from reconcile import settings
from reconcile.settings import Connection, Settings
from reconcile.state import state

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build" / "pages"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SECRET = "swordfish-of-the-provider"
SLOW = 120_000  # ms: a loaded machine is no failure
USERS = ("ana", "vera", "oleg", "sam", "eve")
# Keeps a page's connection at hand, and what it sends, so that another page can send the same.
LISTENING = """(() => { const Real = window.WebSocket; window.lines = []; window.sent = [];
  window.WebSocket = class extends Real {
    constructor(...all) { super(...all); window.lines.push(this); }
    send(data) { window.sent.push(data); super.send(data); } }; })()"""
TAKE = """() => Promise.all(window.sent.map(async d =>
  btoa(String.fromCharCode(...new Uint8Array(d instanceof Blob ? await d.arrayBuffer() : d)))))"""
SEND = "text => window.lines.at(-1).send(Uint8Array.from(atob(text), c => c.charCodeAt(0)))"

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")]


class Site(NamedTuple):
    """Where the pages and the web hooks are, their data folder, and what the server said."""

    url: str
    hooks: str
    data: Path
    said: Path


def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cuadra(data: Path, *words: str, typed: str = "") -> str:
    """Run a command as a person types it; return what it printed."""
    done = CliRunner().invoke(cli.app, ["--data", str(data), *words], input=typed)
    assert done.exit_code == 0, done.output
    assert SECRET not in done.output
    return done.output


@pytest.fixture(scope="module")
def site(reconciled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The company served to those who sign in, set up by the commands that the README names."""
    data = tmp_path_factory.mktemp("signed-in")
    for name in ("rows.duckdb", "warehouse.duckdb"):
        shutil.copy(reconciled / name, data / name)
    pages, hooks = free(), free()
    bare = Settings(connections={"stripe": Connection(vendor="stripe")})
    settings.save(
        bare.model_copy(update={"access": bare.access.model_copy(update={"administrator": "Ana López"})}), data
    )
    for email, role in PEOPLE.people.items():
        cuadra(data, "access", email, "--role", role)
    people = [User(sub=n, claims={"email": f"{n}@example.com", "email_verified": True, "name": n}) for n in USERS]
    with run_server_in_thread(user_claims=people) as provider:
        issuer, address = f"http://localhost:{provider.server_port}", f"http://127.0.0.1:{pages}"
        cuadra(data, "sign-in", issuer, "cuadra", "--address", address, typed=SECRET + "\n")
        command = [sys.executable, "-m", "dashboard.cli", "--data", str(data), "serve", "--port", str(pages),
                   "--hooks-port", str(hooks)]  # fmt: skip
        said = data / "said.txt"
        env = os.environ | {"CUADRA_TODAY": "2026-11-20"}
        with said.open("w") as out, subprocess.Popen(command, env=env, stdout=out, stderr=out, cwd=ROOT) as process:
            try:
                answers(address)
                yield Site(address, f"http://127.0.0.1:{hooks}", data, said)
            finally:
                process.terminate()


def answers(url: str) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}/_stcore/health", timeout=5).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.3)
    raise TimeoutError(url)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


def arrive(browser: Any, site: Site, path: str = "/", size: tuple[int, int] = (1440, 900)) -> Any:
    """Open the site as somebody who was never here."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="en-GB")
    context.add_init_script(LISTENING)
    tab = context.new_page()
    tab.set_default_timeout(SLOW)
    tab.complaints = []
    tab.on("console", lambda m: tab.complaints.append(m.text) if "Content Security Policy" in m.text else None)
    tab.goto(site.url + path)
    return tab


def sign_in(browser: Any, site: Site, who: str, path: str = "/") -> Any:
    """Sign in at the provider; return the tab that came back."""
    tab = arrive(browser, site, path)
    tab.get_by_role("button", name="Sign in", exact=True).click()
    tab.get_by_role("button", name=who, exact=True).click()
    tab.wait_for_url(f"{site.url}/**")
    tab.wait_for_selector("[data-testid=stMain] h1")
    return tab


def go(tab: Any, site: Site, path: str, there: str) -> None:
    """Open a page and wait until a text is on it."""
    tab.goto(site.url + path)
    tab.get_by_text(there).first.wait_for()


def picture(tab: Any, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=PICTURES / f"{name}.png", full_page=True)


@pytest.mark.capability("CONN-7")
def test_people_sign_in_and_see_what_their_role_may(site: Site, browser: Any) -> None:
    """A door, the provider, the page: a viewer reads whom to ask, a salesperson their own, a stranger nothing."""
    tab = arrive(browser, site, "/deals", (400, 850))
    tab.get_by_text("Sign in with your company’s account.").wait_for()
    assert "Website" not in tab.content()
    picture(tab, "door-phone")
    tab.context.close()

    tab = sign_in(browser, site, "vera", "/receivables?currency=PLN&view=calendar")
    tab.get_by_text("vera@example.com").wait_for()
    tab.get_by_text("Expected by day").first.wait_for()  # a view that a colleague sent opens as it was sent
    assert tab.url == f"{site.url}/receivables?currency=PLN&view=calendar"
    go(tab, site, "/connections", "ask your administrator (Ana López)")
    picture(tab, "viewer-connections-desk")
    assert tab.locator("[data-testid=stException]").count() == 0
    go(tab, site, "/deals?deal=hubspot:1", "Website")
    cookie = next(c for c in tab.context.cookies() if c["name"] == "_streamlit_user")
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
    tab.get_by_role("button", name="Sign out").click()
    tab.wait_for_url("**/oauth2/end_session?**")  # signed out here already, the provider asks about itself
    tab.goto(f"{site.url}/deals?deal=hubspot:1")
    tab.get_by_text("Sign in with your company’s account.").wait_for()
    assert "Website" not in tab.content() and tab.complaints == []
    tab.context.close()

    tab = sign_in(browser, site, "ana")
    go(tab, site, "/settings?part=people", "Whom people ask for a right")
    tab.wait_for_timeout(1000)
    picture(tab, "people-desk")
    tab.set_viewport_size({"width": 400, "height": 850})
    tab.wait_for_timeout(1000)
    picture(tab, "people-phone")
    assert tab.complaints == []
    tab.context.close()

    tab = sign_in(browser, site, "sam")
    go(tab, site, "/deals?deal=hubspot:81", "Printers")
    picture(tab, "salesperson-deal-desk")
    assert "Website" not in tab.content() and tab.get_by_role("link", name="Activity").count() == 0
    go(tab, site, "/deals?deal=hubspot:1", "Deals")
    tab.wait_for_timeout(2000)
    assert "Website" not in tab.content()
    tab.context.close()

    tab = sign_in(browser, site, "eve")
    tab.get_by_text("nobody gave you a role here").wait_for()
    assert "Website" not in tab.content()
    tab.context.close()
    told = {(e["who"], e["outcome"], e["says"]) for e in state(site.data).entries(action="sign_in")}
    assert told >= {("vera@example.com", "done", "viewer"), ("sam@example.com", "done", "salesperson"),
                    ("eve@example.com", "refused", "no role")}  # fmt: skip


def test_what_a_viewer_forges_is_refused(site: Site, browser: Any) -> None:
    """The very bytes by which an operator's page did something, sent from a viewer's: nothing is done."""
    finding = next(f["id"] for f in findings.page(site.data, findings.Wanted()) if f["check"] == "won_not_invoiced")
    path, store = f"/to-fix?finding={finding}", state(site.data)
    own = sign_in(browser, site, "oleg")
    go(own, site, path, "Comment")
    own.get_by_label("Comment").fill("They pay on Friday")
    own.get_by_label("Comment").press("Tab")
    own.get_by_role("button", name="Add", exact=True).click()
    own.get_by_text("oleg@example.com ·").first.wait_for()
    made = [(c["who"], c["says"]) for c in store.comments(finding)]
    assert made == [("oleg@example.com", "They pay on Friday")]
    bytes_ = [text for text in own.evaluate(TAKE) if b"They pay on Friday" in base64.b64decode(text)]
    assert bytes_
    own.evaluate(SEND, bytes_[-1])  # from the operator's own page the same bytes do it again: they are the real thing
    wait_until(lambda: len(store.comments(finding)) == 2)

    forged = sign_in(browser, site, "vera")
    go(forged, site, path, "ask your administrator (Ana López)")
    before = store.count_entries()
    for text in bytes_:
        forged.evaluate(SEND, text)
    forged.wait_for_timeout(3000)
    go(forged, site, "/", "Read all again")
    forged.get_by_role("button", name="Read all again").first.click()  # a button that stands there for everybody
    forged.get_by_text("Your role does not let you read systems or files in").first.wait_for()
    picture(forged, "viewer-refused-desk")
    assert store.count_entries() == before and len(store.comments(finding)) == 2
    for tab in (own, forged):
        tab.context.close()


def wait_until(there: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_hooks_on_a_port_of_their_own_reach_no_page(site: Site) -> None:
    """There only hooks are answered, and at the pages' port none; both with the headers."""
    called = httpx.post(f"{site.hooks}/hooks/stripe", json={}, timeout=60)
    assert called.status_code in (202, 401) and called.headers["x-frame-options"] == "DENY"
    for path in ("/", "/to-fix", "/_stcore/health", "/auth/login"):
        assert httpx.get(f"{site.hooks}{path}", timeout=60).status_code == 404
    assert httpx.post(f"{site.url}/hooks/stripe", json={}, timeout=60).status_code in (404, 405)
    page = httpx.get(site.url, timeout=60)
    assert page.status_code == 200 and "frame-ancestors 'none'" in page.headers["content-security-policy"]


def test_no_secret_is_written_or_said(site: Site) -> None:
    """Neither the provider's secret nor the cookies' stands in a file, a log, the settings or an answer."""
    cookie = state(site.data).credentials(signin.NAME)[signin.COOKIE]
    assert "have a role" in cuadra(site.data, "check")
    assert "secret" in cuadra(site.data, "sign-in") and "swordfish" not in cuadra(site.data, "sign-in", "--json")
    for path in site.data.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert SECRET.encode() not in held and cookie.encode() not in held, path
