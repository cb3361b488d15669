"""The figure that follows a year's sales from won to paid, against a calculation by hand."""

from decimal import Decimal
from typing import Any

import pytest
from ledger_books import books

from reconcile import checks, figures


def flow(rows: dict[str, list[dict[str, Any]]], currency: str = "EUR") -> dict[str, Decimal]:
    db = books(rows)
    with db:
        checks.check(db)
        figures.compute(db)
        asked = "SELECT key, value FROM figures WHERE name = 'flow' AND currency = ? AND unit = 'money'"
        return dict(db.execute(asked, [currency]).fetchall())


def bill(id: str, net: str, gross: str, due_on: str, **more: str) -> dict[str, str]:
    return {"id": id, "net": net, "gross": gross, "issued_on": "2026-10-01", "due_on": due_on} | more


def test_the_parts_add_up_to_what_was_won() -> None:
    """Of 1000 + 500 won: 300 not invoiced; of 1200 invoiced 500 is paid, 350 overdue, 350 not due."""
    rows = {
        "deals": [
            {"id": "1", "amount": "1000", "amount_is": "net", "won_on": "2026-10-01"},
            {"id": "2", "amount": "500", "amount_is": "net", "won_on": "2026-10-02"},
        ],
        "invoices": [
            bill("a", "350", "423.50", "2026-11-01"),
            bill("b", "350", "423.50", "2026-12-20"),
            bill("c", "500", "605", "2026-11-01", status="paid", paid="605"),
        ],
        "links": ["deals:1>invoices:a", "deals:1>invoices:b", "deals:2>invoices:c"],
    }
    found = flow(rows)
    assert found["won"] == 1500
    assert found["not_invoiced"] == 300
    assert found["invoiced"] == found["won"] - found["not_invoiced"] == 1200
    assert found["paid"] == 500
    assert found["overdue"] == 350
    assert found["paid"] + found["overdue"] + found["not_due"] == found["invoiced"]


@pytest.mark.parametrize(
    "deal",
    [
        {"won_on": "2025-11-20"},
        {"won_on": None, "status": "open"},
        {"won_on": "2026-10-01", "amount": "0"},
    ],
    ids=["won more than a year ago", "not won", "agreed as free"],
)
def test_what_is_no_sale_of_this_year_is_left_out(deal: dict[str, Any]) -> None:
    """The nearest that does not count."""
    assert flow({"deals": [{"id": "1", "amount": "1000"} | deal]}).get("won", 0) == 0


def test_more_invoiced_than_sold_does_not_flow() -> None:
    """The chart shows where the deal's money is; what was invoiced beyond it is a finding, not a flow."""
    rows = {
        "deals": [{"id": "1", "amount": "1000", "amount_is": "net", "won_on": "2026-10-01"}],
        "invoices": [bill("a", "1500", "1815", "2026-12-20")],
        "links": ["deals:1>invoices:a"],
    }
    found = flow(rows)
    assert (found["won"], found["invoiced"], found["not_invoiced"]) == (1000, 1000, 0)
    assert found["not_due"] == 1000
