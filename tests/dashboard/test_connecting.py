"""Connecting, importing and writing from the pages, against the invented company."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from small_company import words

from dashboard import demo, jobs
from dashboard.read import findings
from extract.sandbox.server import Running, serve
from reconcile import workflows
from reconcile.state import state

SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample"


@pytest.fixture(scope="module")
def shop() -> Iterator[Running]:
    running = serve(today=dt.date(2026, 11, 20), deals=300)
    yield running
    running.stop()


def fill(app, shop: Running, key: str) -> None:
    """Enter a Stripe key in the form and press the button."""
    next(t for t in app.text_input if t.label == "Key").set_value(key)
    next(t for t in app.text_input if t.label == "Address").set_value(shop.url)
    next(b for b in app.button if b.label == "Test and connect").click().run()


@pytest.mark.capability("CONN-3", "CONN-8", "ERR-3")
def test_a_key_is_tried_before_it_is_kept_and_never_shown_again(empty: Path, page, shop: Running) -> None:
    """Wrong: the message, nothing kept. Right: connected and read by itself, and the key is nowhere on any page."""
    app = page("connections", vendor="stripe")
    fill(app, shop, "sk_test_wrong")
    assert "credential was refused" in app.error[0].value and "Nothing was kept" in app.error[0].value
    assert not state(empty).credentials("stripe") and not (empty / "warehouse.duckdb").exists()
    fill(app, shop, "sk_test_sandbox")
    assert "Stripe" in app.success[0].value and "Invoices" in app.success[0].value
    assert (empty / "warehouse.duckdb").exists()
    for name in ("connections", "activity", ""):
        app = page(name)
        everything = words(app) + str([t.value for t in app.text_input]) + str([d.value for d in app.dataframe])
        assert "sk_test_sandbox" not in everything and "sk_test_wrong" not in everything


@pytest.mark.capability("CONN-3")
def test_a_connection_is_tested_and_disconnected(empty: Path, page, shop: Running) -> None:
    """The test says who we are there; after disconnecting the keys are gone and what was read stays."""
    app = page("connections", vendor="stripe")
    fill(app, shop, "sk_test_sandbox")
    app.button(key="test-stripe").click().run()
    assert any("TEST account" in s.value for s in app.success)
    app.button(key="off-stripe").click().run()
    assert state(empty).credentials("stripe") == {}
    assert "Enter STRIPE_KEY below" in words(app) and (empty / "warehouse.duckdb").exists()


@pytest.mark.capability("ROLL-7")
def test_test_accounts_are_announced(empty: Path, page, shop: Running) -> None:
    """Only test keys: the home page says TEST."""
    app = page("connections", vendor="stripe")
    fill(app, shop, "sk_test_sandbox")
    assert "TEST" in page().info[0].value


@pytest.mark.capability("INV-9")
def test_nothing_is_written_before_the_confirmation(empty: Path, page, shop: Running) -> None:
    """The preview shows customer, lines and totals; opened and closed again, the company received no write."""
    demo.prepare(empty, shop.url, 9)
    jobs.sync(empty)
    jobs.reconcile(empty)
    calls = len(shop_writes(shop))
    wanted = findings.page(empty, findings.Wanted(checks=("won_not_invoiced",)))[0]
    app = page("to-fix", finding=wanted["id"])
    app.button(key="preview-one").click().run()
    plans = workflows.fix(empty, [wanted["id"]])
    text = words(app)
    assert any(b.label == "Confirm and write" for b in app.button)
    assert all(f"{n}. " in text for n in range(1, len(plans) + 1)) and "Line 1" in text
    assert len(shop_writes(shop)) == calls


def shop_writes(shop: Running) -> list[dict]:
    calls = httpx.get(f"{shop.url}/sandbox/calls", timeout=30).json()
    return [c for c in calls if c["method"] != "GET" and not c["path"].endswith(("/search", "/read"))]


@pytest.mark.capability("CONN-1", "PLUS-1")
def test_a_file_is_dropped_previewed_and_taken_in(empty: Path, page) -> None:
    """What it is, what would be new, then done; the same file again changes nothing."""
    for told in ("new", "as before"):
        app = page("import")
        app.file_uploader[0].upload("deals.csv", (SAMPLE / "deals.csv").read_bytes(), "text/csv").run()
        assert not app.exception
        text = words(app)
        assert "CSV" in text and "Deals" in text and told in text
        next(b for b in app.button if b.label == "Take it in").click().run()
        assert not app.exception
        assert "deals.csv" in app.success[0].value
    assert "0 new" in app.success[0].value
    assert app.title[0].value == "Import" and page("deals").dataframe


@pytest.mark.capability("CONN-1")
def test_a_file_that_is_not_what_its_name_says_is_refused_in_words(empty: Path, page) -> None:
    """A picture called .csv: said so on the page, nothing taken in."""
    app = page("import")
    app.file_uploader[0].upload("deals.csv", b"\x89PNG\r\n\x1a\n" + bytes(200), "text/csv").run()
    assert not app.exception and app.error
    assert not any(b.label == "Take it in" for b in app.button)
