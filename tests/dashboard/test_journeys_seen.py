"""The main journeys as a reader walks them, click by click: in English at a desk, in Spanish on a phone.

Pictures of each step are left in build/pages. One company is prepared for all of them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import httpx
import pytest
from browsing import CHROMIUM, look, picture, served, settled, tick

from dashboard import demo, imports, jobs, words
from extract.sandbox.server import Running, serve
from reconcile.state import state

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")]


class Reader(NamedTuple):
    """Somebody with a language and a screen; `open` gives them a tab."""

    language: str
    size: str
    open: Callable[[str], Any]

    def said(self, text: str) -> str:
        """Return what they read where the English page has `text`."""
        with words.speaking(self.language):
            return words._(text)

    def picture(self, tab: Any, name: str) -> None:
        """Keep what they see."""
        picture(tab, f"journey-{name}-{self.language}-{self.size}")


@contextmanager
def reading(browser: Any, language: str, size: str) -> Iterator[Reader]:
    """Somebody who reads until the block is over; no page may have broken or asked another machine."""
    tabs: list[Any] = []

    def opened(url: str) -> Any:
        tabs.append(look(browser, url, size, locale={"en": "en-GB", "es": "es-ES"}[language]))
        return tabs[-1]

    yield Reader(language, size, opened)
    for tab in tabs:
        assert tab.locator("[data-testid=stException]").count() == 0
        assert tab.strangers == [], "a page asks no other machine"
        tab.context.close()


@pytest.fixture(params=[("en", "desk"), ("es", "phone")], ids="-".join)
def reader(request: pytest.FixtureRequest, browser: Any) -> Iterator[Reader]:
    """English at a desk, Spanish on a phone, as their browsers say."""
    with reading(browser, *request.param) as somebody:
        yield somebody


@pytest.fixture(scope="session")
def shop() -> Iterator[Running]:
    """The invented company, small."""
    running = serve(smtp_port=0, deals=300)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def books(shop: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that has read the company."""
    data = tmp_path_factory.mktemp("seen") / "data"
    demo.prepare(data, shop.url, shop.smtp_port or 9)
    jobs.sync(data)
    (data / "bank.xml").write_bytes(httpx.get(f"{shop.url}/sandbox/bank.xml", timeout=60).content)
    imports.take(data, data / "bank.xml")
    jobs.reconcile(data)
    _paid_by_nobody_known(data)
    return data


def _paid_by_nobody_known(data: Path) -> None:
    """Let a stranger pay exactly what one invoice is open: that is for a person to say."""
    asked = """SELECT issued_on + 20, open_amount, currency FROM invoice_summary WHERE state = 'overdue' AND paid = 0
        QUALIFY COUNT(*) OVER (PARTITION BY open_amount) = 1 ORDER BY open_amount DESC LIMIT 1"""
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as db:
        day, amount, currency = db.execute(asked).fetchall()[0]
    line = f"id,paid_on,amount,currency,payer_name\nx1,{day:%Y-%m-%d},{amount},{currency},Nadie Conocido\n"
    (data / "payments.csv").write_text(line, "utf-8")
    imports.take(data, data / "payments.csv", table="payments")
    jobs.reconcile(data)


@pytest.fixture(scope="session")
def site(books: Path) -> Iterator[str]:
    """Where its pages are served."""
    with served(books) as url:
        yield url


@pytest.fixture
def nothing_yet(tmp_path: Path) -> Iterator[str]:
    """Where the pages of an empty folder are served."""
    with served(tmp_path / "nothing") as url:
        yield url


def press(tab: Any, key: str) -> None:
    """Press the button of a key and wait until the page is done."""
    tab.locator(f".st-key-{key} button").first.click()
    settled(tab)


def unfold(tab: Any, title: str) -> None:
    """Open the step of the set-up that has this title, if it is shut; a step that was done meanwhile shuts itself."""
    step = tab.locator("details", has=tab.locator("summary", has_text=title)).first
    settled(tab)
    while step.get_attribute("open") is None:
        step.locator("summary").click()
        settled(tab)


def settle_first(tab: Any, reader: Reader) -> None:
    """Tick the first finding of To fix and leave it as it is, with a reason."""
    tab.get_by_role("heading", name=reader.said("To fix"), exact=True).wait_for()
    settled(tab)
    leave = tab.get_by_role("button", name=reader.said("Leave it")).first
    tick(tab, "worklist", 0, leave)
    reader.picture(tab, "first-finding")
    leave.click()
    tab.get_by_role("textbox", name=reader.said("Why")).first.fill("Acordado por teléfono")
    tab.get_by_test_id("stFormSubmitButton").get_by_role("button", name=reader.said("Leave it")).first.click()
    tab.get_by_text(reader.said("Left as it is.")).first.wait_for()
    settled(tab)
    reader.picture(tab, "first-settled")


def test_from_nothing_to_sample_data_to_a_finding_that_is_settled(nothing_yet: str, browser: Any) -> None:
    """First run: set-up, one click for sample data, one to what to fix, the first finding is off the list.

    A colleague with a phone goes on with the next one in Spanish, and takes the sample out.
    """
    with reading(browser, "en", "desk") as reader:
        tab = reader.open(nothing_yet)
        assert tab.locator("h1").first.inner_text() == reader.said("Set-up")
        unfold(tab, reader.said("Connect systems, or drop files"))
        reader.picture(tab, "first-run")
        press(tab, "sample-in")
        tab.get_by_text(reader.said("This is sample data of an invented company.")).first.wait_for()
        unfold(tab, reader.said("Look at the first findings"))
        press(tab, "setup-findings")
        settle_first(tab, reader)
    with reading(browser, "es", "phone") as reader:
        tab = reader.open(f"{nothing_yet}/setup")
        unfold(tab, reader.said("Look at the first findings"))
        reader.picture(tab, "first-run")
        press(tab, "setup-findings")
        settle_first(tab, reader)
        tab.goto(f"{nothing_yet}/setup")
        settled(tab)
        press(tab, "sample-out")
        tab.get_by_text(reader.said("The sample data is gone.")).first.wait_for()


@pytest.mark.parametrize("reader", [("en", "desk")], indirect=True)  # once: the next ones of the week need a person
def test_the_first_finding_of_the_week_is_mended_in_two_clicks(site: str, books: Path, reader: Reader) -> None:
    """This week: its first fix, previewed and confirmed; the finding is fixed in the books."""
    tab = reader.open(site)
    first = tab.locator("[class*=st-key-first-]").filter(has_text="…").first
    finding = first.get_attribute("class").split("st-key-first-")[1].split()[0]
    reader.picture(tab, "week")
    first.locator("button").click()
    confirm = tab.get_by_role("button", name=reader.said("Confirm and write"))
    confirm.wait_for()
    reader.picture(tab, "fix-preview")
    confirm.click()
    tab.get_by_text(one_gone(reader)).first.wait_for()
    settled(tab)
    reader.picture(tab, "fixed")
    with duckdb.connect(str(books / "warehouse.duckdb"), read_only=True) as db:
        assert db.execute("SELECT state FROM findings WHERE id = ?", [finding]).fetchall() == [("fixed",)]


def one_gone(reader: Reader) -> str:
    with words.speaking(reader.language):
        return words.several("{count} finding is gone", "{count} findings are gone", 1)


def test_from_receivables_to_the_preview_of_a_reminder(site: str, shop: Running, reader: Reader) -> None:
    """Receivables, the late ones, one invoice, its reminder: the letter is seen, and nothing was sent."""
    tab = reader.open(f"{site}/receivables?age=31_60")
    reader.picture(tab, "receivables")
    before = len(httpx.get(f"{shop.url}/sandbox/mails", timeout=60).json())
    remind = tab.locator("[class*=st-key-fix-]").filter(has_text=reader.said("Send a reminder")).first
    tick(tab, "open", 0, remind)
    reader.picture(tab, "late-invoice")
    tab.get_by_role("button", name=reader.said("Send a reminder")).first.click()
    dialog = tab.get_by_role("dialog")
    dialog.get_by_text("@").first.wait_for()
    reader.picture(tab, "reminder")
    assert len(httpx.get(f"{shop.url}/sandbox/mails", timeout=60).json()) == before


def test_a_suggestion_is_confirmed_by_key_and_taken_back(site: str, books: Path, reader: Reader) -> None:
    """Reconciliation: Y links the marked candidate and the next record asks; U takes it back."""
    tab = reader.open(f"{site}/reconciliation?part=review")
    asked = tab.locator("[class*=st-key-yes-]").first.get_attribute("class")
    before = state(books).decisions()
    tab.keyboard.press("y")
    tab.wait_for_function(
        "was => document.querySelector('[class*=st-key-yes-]')?.className !== was && document.body.innerText", arg=asked
    )
    settled(tab)
    assert [d["verdict"] for d in state(books).decisions()[len(before) :]] == ["confirmed"]
    reader.picture(tab, "confirmed")
    tab.keyboard.press("u")
    tab.wait_for_function("was => document.querySelector('[class*=st-key-yes-]')?.className === was", arg=asked)
    settled(tab)
    assert state(books).decisions() == before
    reader.picture(tab, "taken-back")


def test_the_language_is_switched_beside_the_settings(site: str, reader: Reader) -> None:
    """Another language chosen: the page speaks it at once, and goes on speaking it on the next page."""
    tab = reader.open(f"{site}/settings")
    assert tab.locator("h1").first.inner_text() == reader.said("Settings")
    other = reader._replace(language={"en": "es", "es": "en"}[reader.language])
    if reader.size == "phone":
        tab.get_by_test_id("stExpandSidebarButton").click()
    option = tab.get_by_role("option", name=words.LANGUAGES[other.language], exact=True)
    while not option.count():  # a list that opens while the page still moves shuts again
        tab.locator(".st-key-language-choice *[role=combobox]").first.click()
        tab.wait_for_timeout(400)
    option.click()
    tab.get_by_role("heading", name=other.said("Settings"), exact=True).wait_for()
    settled(tab)
    reader.picture(tab, "language")
    tab.locator('[data-testid=stSidebarNavLink][href$="/help"]').click()
    tab.get_by_role("heading", name=other.said("Help"), exact=True).wait_for()
