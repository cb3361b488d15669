"""Every link rule pairs what it is for and leaves the nearest other case alone: cases in <rule>.json.

A case lists `rows` by table and all `links` that must come of them, as
"deals:1 > invoices:9 deal_amount automatic 121.00". `off` switches rules off.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from link_books import books, said

from reconcile import links

HERE = Path(__file__).parent
CASES = [
    pytest.param(path.stem, case, id=f"{path.stem}: {case['case']}")
    for path in sorted(HERE.glob("*.json"))
    for case in json.loads(path.read_text("utf-8"))["cases"]
]
RULES = [name for name, _, _ in links.rules_in_order()]


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_pairs_what_belongs_together_and_nothing_else(rule: str, case: dict[str, Any]) -> None:
    """All links of the case, with rule, status and amount."""
    db = books(case["rows"], tuple(case.get("off", ())))
    links.link(db)
    assert said(db) == sorted(case["links"])


def test_money_of_another_currency_settles_whole_cents() -> None:
    """333.33 dollars at 1.0837 are 307.5851 euros, of which nobody can owe a part of a cent."""
    db = books(
        {
            "rates": [{"currency": "USD", "on_date": "2026-04-03", "rate": "1.0837"}],
            "invoices": [{"id": "7", "number": "F2026-030403", "net": "1000", "gross": "1210", "customer_id": "c1"}],
            "payments": [{"id": "p1", "amount": "333.33", "currency": "USD", "reference": "F2026-030403"}],
        }
    )
    links.link(db)
    assert db.execute("SELECT amount, currency FROM links").fetchall() == [(Decimal("307.59"), "EUR")]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_case_that_links_and_one_that_does_not(rule: str) -> None:
    """A rule that never links in a test, or always does, is not tested."""
    cases = json.loads((HERE / f"{rule}.json").read_text("utf-8"))["cases"]
    gives = [any(f" {rule} " in f"{link} " or f" {rule}_tie " in link for link in case["links"]) for case in cases]
    assert any(gives)
    assert not all(gives)


@pytest.mark.parametrize("query", links.queries(links.RULES), ids=lambda query: query.name)
def test_every_rule_says_what_it_is(query: Any) -> None:
    """Title, pair, confidence, tables and reason stand in the header: the page of rules shows them."""
    assert {"title", "pairs", "confidence", "reads", "why"} <= set(query.header)
    assert query.header["pairs"] in (
        "deals invoices",
        "payments payouts",
        "payments invoices",
        "payments payments",
        "customers customers",
        "payments deals",
    )
    assert 0 < float(query.header["confidence"]) <= 1


def test_the_order_of_rules_is_visible_and_names_are_unique() -> None:
    """Deals first, then payments, then customers; what SQL cannot say comes last of each."""
    assert len(set(RULES)) == len(RULES)
    assert (
        RULES.index("stored_deal_id")
        < RULES.index("deal_amount")
        < RULES.index("payout")
        < RULES.index("payment_amount")
    )


@pytest.mark.parametrize("rule", ["number_in_text", "deal_reference", "deal_amount", "payment_amount", "tax_id"])
def test_a_rule_that_is_switched_off_links_nothing(rule: str) -> None:
    """The settings name it in `rules_off`."""
    case = json.loads((HERE / f"{rule}.json").read_text("utf-8"))["cases"][0]
    db = books(case["rows"], (rule,))
    links.link(db)
    assert not [link for link in said(db) if f" {rule} " in link]
