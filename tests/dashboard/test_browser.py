"""The main job in a real browser: finding → preview → confirm → gone; and no page scrolls sideways on a phone.

Pictures of what was seen are left in build/pages.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from browsing import CHROMIUM, SIZES, look, picture, served, settled, tick

from dashboard import demo, imports, jobs
from extract.sandbox.server import Running, serve

PAGES = ("", "to-fix", "deals", "reconciliation", "connections", "import", "activity")

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
    with served(data) as url:
        yield url, data


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


def test_the_table_behind_a_chart_is_made_once_it_is_opened(site: tuple[str, Path], browser: Any) -> None:
    """Each chart has its numbers as a table; nobody waits for those that nobody looks at; it stays open."""
    tab = look(browser, site[0], "desk")
    tables = tab.locator(".st-key-behind-ageing [data-testid=stTable]")
    assert tab.locator("[data-testid=stTable]").count() == 0
    tab.locator(".st-key-behind-ageing summary").click()
    tables.wait_for()
    told = tables.inner_text()
    assert "Not due" in told and "90+" in told and "€" in told
    tab.locator(".st-key-week-currency button", has_text="PLN").click()
    settled(tab)
    assert "PLN" in tables.inner_text() and tab.locator("[data-testid=stTable]").count() == 1
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
    both = tab.get_by_role("button", name="Preview 2 fixes")
    tick(tab, "worklist", 0, tab.locator(".st-key-preview-one"))
    tick(tab, "worklist", 1, both)
    both.click()
    confirm = tab.get_by_role("button", name="Confirm and write")
    confirm.wait_for()
    picture(tab, "many-desk")
    confirm.click()
    tab.get_by_text("2 findings are gone").wait_for()
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as db:
        fixed = "SELECT COUNT(*) FROM findings WHERE \"check\" = 'paid_not_in_crm' AND state = 'fixed'"
        assert db.execute(fixed).fetchall()[0][0] == 2
    tab.context.close()
