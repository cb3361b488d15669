"""Everybody can read the pages: axe-core looks at each of them as the browser drew it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import CHROMIUM, look, picture, served, settled

PAGES = (
    "", "to-fix", "deals", "quotes", "reconciliation", "quality", "sales", "receivables", "bridge", "customer", "value",
    "reports", "archive", "automations", "connections", "fields", "import", "activity", "setup", "settings", "help",
)  # fmt: skip
PARTS = ("deals?deal=hubspot:1", "receivables?view=forecast", "receivables?view=calendar", "sales?by=cohort",
         "search?q=acme", "customer?customer=hubspot:c1&view=statement")  # fmt: skip
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
BAD = ("serious", "critical")
# What Streamlit draws itself and gives no say in, by rule: its menu puts sections as <div> into a <ul>, and the marks
# of a metric's small curve, which its number and its change say in words, have no title.
OF_STREAMLIT = {
    "list": "[data-testid=stSidebarNavItems]",
    "listitem": "[data-testid=stSidebarNavItems], [data-testid=stSidebarNav]",
    "svg-img-alt": "[data-testid=stMetric]",
}

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")]


@pytest.fixture(scope="module")
def url(company: Path) -> Iterator[str]:
    """The address of the small company's pages."""
    with served(company, CUADRA_TODAY="2026-11-20") as address:
        yield address


def violations(tab: Any) -> list[str]:
    """Return what is wrong with the page as rule, element and reason, without what is Streamlit's own."""
    found = []
    for rule in Axe().run(tab, options=RULES).response["violations"]:
        for node in rule["nodes"] if rule["impact"] in BAD else ():
            own = OF_STREAMLIT.get(rule["id"])
            inside = "([element, around]) => document.querySelector(element)?.closest(around) != null"
            if not own or not tab.evaluate(inside, [node["target"][0], own]):
                found.append(f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}")
    return found


@pytest.mark.parametrize(
    ("size", "language", "scheme", "pages"),
    [
        ("desk", "en-GB", "light", PAGES + PARTS),
        ("phone", "pl-PL", "dark", ("", "to-fix", "receivables", "reconciliation")),
    ],
    ids=["desk, English, light", "phone, Polish, dark"],
)
def test_no_page_keeps_anybody_out(
    url: str, browser: Any, size: str, language: str, scheme: str, pages: tuple[str, ...]
) -> None:
    """No serious or critical violation: contrast, names of fields and buttons, roles, language."""
    tab = look(browser, url, size, locale=language, color_scheme=scheme)
    wrong = []
    for page in pages:
        tab.goto(f"{url}/{page}")
        settled(tab)
        wrong += [f"{page}: {told}" for told in violations(tab)]
        if size == "phone":
            picture(tab, f"{page or 'week'}-{language}-{scheme}")
    assert not wrong, "\n".join(wrong)
    tab.context.close()


def test_pale_words_would_be_seen(url: str, browser: Any) -> None:
    """The look at the pages is not blind: words as pale as their ground and a button without a name are told."""
    tab = look(browser, f"{url}/help", "desk")
    menu = tab.locator("[data-testid=stSidebarNav] a").evaluate_all("found => found.map(a => new URL(a.href).pathname)")
    assert {path.strip("/") for path in menu} == set(PAGES)  # a new page is looked at too
    assert violations(tab) == []
    tab.evaluate("""() => document.querySelector('[data-testid=stMain] h1').insertAdjacentHTML('afterend',
        '<p style="color:#ddd;background:#fff">pale</p><button></button>')""")
    assert sorted(told.split(":")[0] for told in violations(tab)) == ["button-name", "color-contrast"]
    tab.context.close()
