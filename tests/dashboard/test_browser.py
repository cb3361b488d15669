"""The main job in a real browser: finding → preview → confirm → gone; and no page scrolls sideways on a phone.

Pictures of what was seen are left in build/pages.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from dashboard import demo, imports, jobs
from extract.sandbox.server import Running, serve

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build" / "pages"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SIZES = {"desk": (1440, 900), "phone": (400, 850)}
PAGES = ("", "to-fix", "deals", "reconciliation", "connections", "import", "activity")
SLOW = 90_000  # ms: a loaded machine is no failure

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")]


@pytest.fixture(scope="module")
def shop() -> Iterator[Running]:
    """The invented company, small."""
    running = serve(smtp_port=0, deals=300)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def site(shop: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The pages of a data folder that read the company, served as users get them; their address and the folder."""
    data = tmp_path_factory.mktemp("site") / "data"
    demo.prepare(data, shop.url, shop.smtp_port or 9)
    jobs.sync(data)
    (data / "bank.xml").write_bytes(httpx.get(f"{shop.url}/sandbox/bank.xml", timeout=60).content)
    imports.take(data, data / "bank.xml")
    jobs.reconcile(data)
    said = os.environ | {"CUADRA_DATA": str(data)}
    with socket.create_server(("127.0.0.1", 0)) as heard:  # handed over open: nobody can take the port in between
        port, fd = heard.getsockname()[1], heard.fileno()
        command = [sys.executable, "-m", "uvicorn", "dashboard.app:asgi", "--fd", str(fd), "--log-level", "warning"]
        process = subprocess.Popen(command, cwd=ROOT, env=said, pass_fds=(fd,))
    with process:
        try:
            _answers(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}", data
        finally:
            process.terminate()


def _answers(url: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}/_stcore/health", timeout=2).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise TimeoutError(url)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium, which asks nobody but this machine."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


def look(browser: Any, url: str, size: str) -> Any:
    """Open an address and wait until it is drawn; requests to other machines fail the test."""
    width, height = SIZES[size]
    tab = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB").new_page()
    tab.set_default_timeout(SLOW)
    strangers: list[str] = []
    tab.on(
        "request",
        lambda r: strangers.append(r.url) if not r.url.startswith(("http://127.0.0.1", "data:", "blob:")) else None,
    )
    tab.strangers = strangers
    tab.goto(url)
    settled(tab)
    return tab


def settled(tab: Any) -> None:
    """Wait until Streamlit has nothing left to do."""
    tab.wait_for_selector("[data-testid=stMain] h1")
    calm = 0
    while calm < 4:
        busy = tab.locator("[data-testid=stStatusWidget], [data-testid=stSkeleton], .stSpinner").count()
        calm = 0 if busy else calm + 1
        tab.wait_for_timeout(250)


def picture(tab: Any, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=PICTURES / f"{name}.png", full_page=True)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_every_page_fits_and_asks_no_other_machine(site: tuple[str, Path], browser: Any, name: str, size: str) -> None:
    """On a desk and on a phone: drawn without an error, no sideways scrolling, nothing fetched from outside."""
    tab = look(browser, f"{site[0]}/{name}", size)
    assert tab.locator("[data-testid=stException]").count() == 0
    wide = "() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth }"
    assert tab.evaluate(wide) <= 1
    assert tab.strangers == []
    picture(tab, f"{name or 'week'}-{size}")
    tab.context.close()


def first(data: Path, check: str) -> dict[str, Any]:
    """Return an open finding whose customer billing does not know yet, if there is one."""
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as db:
        rows = db.execute(
            """SELECT f.id, f.subject_id FROM findings AS f JOIN deals AS d ON d.id = f.subject_id
            WHERE f."check" = ? AND f.state = 'open' ORDER BY f.amount_at_stake DESC""",
            [check],
        ).fetchall()
    return {"id": rows[0][0], "deal": rows[0][1]}


@pytest.mark.capability("INV-1", "INV-9", "WB-4", "WB-7", "PLUS-6")
def test_a_won_deal_is_invoiced_from_its_finding(site: tuple[str, Path], shop: Running, browser: Any) -> None:
    """Preview, confirm, see it done: one invoice exists, the deal carries its number, the finding is gone."""
    url, data = site
    finding = first(data, "won_not_invoiced")
    tab = look(browser, f"{url}/to-fix?finding={finding['id']}", "desk")
    tab.get_by_role("button", name="Create the invoice …").click()
    confirm = tab.get_by_role("button", name="Confirm and write")
    confirm.wait_for()
    picture(tab, "preview-desk")
    before = len(invoices(shop, finding["deal"]))
    assert before == 0
    confirm.click()
    done = tab.get_by_text("1 finding is gone")
    done.wait_for()
    settled(tab)
    picture(tab, "done-desk")
    made = invoices(shop, finding["deal"])
    assert len(made) == 1 and made[0]["number"]
    deal = next(d for d in books(shop)["deals"] if d["id"] == finding["deal"])
    assert made[0]["number"] in json.dumps(deal)
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as db:
        assert db.execute("SELECT state FROM findings WHERE id = ?", [finding["id"]]).fetchall() == [("fixed",)]
    tab.goto(f"{url}/deals?deal=hubspot:{finding['deal']}")
    settled(tab)
    tab.get_by_role("button", name=f"Invoice {made[0]['number']}").click()
    tab.get_by_role("dialog").get_by_text("Total").first.wait_for()
    picture(tab, "invoice-desk")
    tab.context.close()


def books(shop: Running) -> dict[str, Any]:
    return httpx.get(f"{shop.url}/sandbox/books", timeout=60).json()


def invoices(shop: Running, deal: str) -> list[dict[str, Any]]:
    return [i for i in books(shop)["invoices"] if i["metadata"].get("crm_deal_id") == deal]


def test_several_findings_are_ticked_and_mended_together(site: tuple[str, Path], browser: Any) -> None:
    """Two rows ticked in the list: one preview with both, one confirmation, both gone."""
    url, data = site
    tab = look(browser, f"{url}/to-fix?check=paid_not_in_crm", "desk")
    table = tab.get_by_test_id("stDataFrame").first
    box = table.bounding_box()
    for row in (0, 1):
        tab.mouse.click(box["x"] + 16, box["y"] + 35 * (row + 1) + 17)
        tab.wait_for_timeout(400)
        settled(tab)
    tab.get_by_role("button", name="Preview 2 fixes").click()
    confirm = tab.get_by_role("button", name="Confirm and write")
    confirm.wait_for()
    picture(tab, "many-desk")
    confirm.click()
    tab.get_by_text("2 findings are gone").wait_for()
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as db:
        fixed = "SELECT COUNT(*) FROM findings WHERE \"check\" = 'paid_not_in_crm' AND state = 'fixed'"
        assert db.execute(fixed).fetchall()[0][0] == 2
    tab.context.close()
