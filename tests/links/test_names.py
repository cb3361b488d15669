"""Customers whose names share no rare word are found by two words that rarely stand together."""

from typing import Any

import pytest
from link_books import books, said

from reconcile import links
from reconcile.parties import RARE

WORDS = ("Talleres", "Serrano", "Núñez")


def _crowd() -> list[dict[str, Any]]:
    """Return invoices of other customers, so many that each of the words is a common one."""
    return [
        {"id": f"{word}{i}", "number": f"F-{word}-{i}", "net": "11.00", "gross": "13.31", "customer_id": f"{word}{i}",
         "customer_name": f"{word} {chr(65 + i // 26)}{chr(97 + i % 26)}xo{i * 7919:05d} S.L.",
         "deal_reference": f"Q-{word}-{i:05d}"}
        for word in WORDS for i in range(RARE + 5)
    ]  # fmt: skip


@pytest.mark.capability("LINK-7")
@pytest.mark.parametrize("typed", ["Talleres Serrano Núñez - Mrcia", "TALLERES SERANO NÚÑEZ"])
def test_a_name_of_common_words_is_found(typed: str) -> None:
    """A branch's town behind it, or a letter missing: the amount to the cent then says the same."""
    mine = {"id": "mine", "number": "F-1", "net": "12345.67", "gross": "14938.26", "customer_id": "m",
            "customer_name": "Talleres Serrano Núñez S.L."}  # fmt: skip
    deal = {"id": "1", "amount": "12345.67", "customer_id": "k1", "customer_name": typed}
    db = books({"deals": [deal], "invoices": [*_crowd(), mine]})
    links.link(db)
    assert [link for link in said(db) if link.startswith("deals:1 ")] == [
        "deals:1 > invoices:mine deal_amount automatic 14938.26"
    ]
