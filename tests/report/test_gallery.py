"""The gallery: what each report needs, what a connected plan adds; what is missing is greyed and says why."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from small_company import words
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboard.report import gallery
from extract.sandbox import server
from reconcile import settings as choices
from reconcile.guided import TOKENS, connected
from reconcile.settings import Settings
from reconcile.state import state

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"


@pytest.fixture(scope="module")
def office() -> Iterator[Any]:
    running = server.serve()
    yield running
    running.stop()


@pytest.fixture
def reports(small: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], AppTest]:
    monkeypatch.setenv("CUADRA_DATA", str(small))

    def opened() -> AppTest:
        app = AppTest.from_file(str(FRAME), default_timeout=60)
        app._page_hash = calc_hash("reports")
        app.run()
        assert not app.exception, app.exception
        return app

    return opened


def ask(app: AppTest) -> str:
    app.button(key="gallery-ask").click().run()
    assert not app.exception, app.exception
    return words(app).replace("\\", "")


@pytest.mark.capability("REPORT-5")
def test_what_the_billing_plan_adds_is_listed_and_what_it_lacks_is_greyed_with_the_reason(
    small: Path, reports: Callable[[], AppTest], office: Any
) -> None:
    """Not connected, not asked, asked without Sigma, with it, and with a key that was taken back: each as it is."""
    app = reports()
    assert ":gray[**Your queries in Stripe Sigma**]" in words(app) and "Stripe is not connected." in words(app)
    quotes = app.button(key="gallery-quotes")
    assert quotes.disabled and "Nothing was read yet of: Quotes" in words(app).replace("\\", "")
    assert not app.button(key="gallery-bridge").disabled and ":gray[**From booked to cashed**]" not in words(app)

    choices.save(Settings(connections=connected(office.url)), small)
    for name, secrets in TOKENS.items():
        state(small).keep_credentials(name, secrets, "test")
    app = reports()
    assert words(app).replace("\\", "").count("was not asked yet") == 2

    said = ask(app)
    assert "**Stripe's own reports**" in said and "- Payout reconciliation" in said
    assert ":gray[**Your queries in Stripe Sigma**]" in said
    assert "Your plan or key does not have it: stripe" in said and "sigma_read" in said

    httpx.post(
        f"{office.url}/sandbox/settings", json={"stripe_has_sigma": True, "stripe_has_reports": False}, timeout=30
    )
    said = ask(app)
    assert "- Charges by country" in said and ":gray[**Your queries in Stripe Sigma**]" not in said
    assert ":gray[**Stripe's own reports**]" in said and "report_runs_and_report_types_read" in said

    state(small).keep_credentials("stripe", {"STRIPE_KEY": "sk_test_gone"}, "test")
    said = ask(app)
    assert "Invalid API Key" in said and "Charges by country" not in said


def test_every_extra_that_a_vendor_may_have_has_words(small: Path) -> None:
    for entry in gallery.theirs(small):
        assert entry.says and entry.url.startswith("https://"), entry.name
