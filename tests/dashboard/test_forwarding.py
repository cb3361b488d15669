"""Addresses that people type or remember lead to the page they mean, with what they ask of it."""

import ast
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dashboard import forwarding

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"


def keys() -> set[str]:
    """Return the keys of the pages, as they stand in the frame: importing it would draw them."""
    for node in ast.parse(FRAME.read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PAGES":
            assert isinstance(node.value, ast.Tuple)
            return {str(row.elts[0].value) for row in node.value.elts}  # type: ignore[attr-defined]
    raise AssertionError("the frame has no PAGES")


@pytest.mark.parametrize(("asked", "page"), [("/week", "/"), ("/customers?q=Acme", "/customer?q=Acme")])
def test_what_the_menu_calls_a_page_leads_to_it(asked: str, page: str) -> None:
    """The week by its own name, and customers with the words that were looked for."""
    answer = TestClient(Starlette(routes=forwarding.ROUTES)).get(asked, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, page)


def test_every_address_means_a_page_and_hides_none() -> None:
    """What they lead to is there, and none of them takes the place of a page."""
    pages, names = keys(), [name for names in forwarding.MEANT.values() for name in names]
    assert set(forwarding.MEANT) - {""} <= pages
    assert set(names) & (pages - {"week"}) == set() and len(names) == len(set(names))
