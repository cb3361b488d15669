"""What people decide about pairs: asked with all candidates, kept, heard by the next reconciliation."""

from pathlib import Path

import duckdb
import pytest
from small_company import ROWS, keep, words

from reconcile import run
from reconcile.state import state


def asked(data: Path, sql: str) -> list:
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as db:
        return db.execute(sql).fetchall()


def button(app, label: str, at: int = 0):
    return [b for b in app.button if b.label == label][at]


@pytest.mark.capability("LINK-1")
def test_an_invoice_made_in_billing_is_shown_as_not_linked(data: Path, page) -> None:
    """It is listed with what it is worth and a way to find its deal; it counts in all totals."""
    text = words(page("reconciliation", part="invoices"))
    assert r"FV\-2026\-102" in text and "belongs to no deal" in text
    receivable = (
        "SELECT value FROM figures WHERE name = 'receivables' AND currency = 'PLN' AND period_end = '2026-11-20'"
    )
    assert float(asked(data, receivable)[0][0]) == 2460 - 400 + 369


@pytest.mark.capability("LINK-2")
def test_invoices_are_searched_ticked_and_added_to_a_deal(data: Path, page) -> None:
    """Two are ticked and added: both are on the deal then; one that has a deal already raises a warning first."""
    app = page("reconciliation", part="hand")
    app.text_input(key="hand-deal").set_value("audit")
    app.text_input(key="hand-invoice").set_value("lodz").run()
    assert len(app.checkbox) == 2
    for box in app.checkbox:
        box.check()
    app.run()
    assert r"FV\-2026\-101" in app.warning[0].value and "Already on another deal" in app.warning[0].value
    button(app, "Add 2 invoices").click().run()
    assert "2 invoices linked" in app.success[0].value
    links = (
        "SELECT right_id FROM links WHERE left_table = 'deals' AND left_id = '3' AND status = 'confirmed' ORDER BY 1"
    )
    assert asked(data, links) == [("in_1",), ("in_2",)]
    assert {d["verdict"] for d in state(data).decisions()} == {"confirmed"}


@pytest.mark.capability("LINK-8")
def test_a_bank_line_is_given_to_an_open_invoice(data: Path, page) -> None:
    """Money that is for nothing is proposed against open invoices of its currency; confirmed, it closes them."""
    paid = [p | {"amount": "369", "currency": "PLN", "payer_name": "THIRD PARTY"} if p["id"] == "b2" else p
            for p in ROWS["payments"]]  # fmt: skip
    keep(data, ROWS | {"payments": paid})
    run.reconcile(data)
    app = page("reconciliation", part="bank")
    assert "THIRD PARTY" in words(app) or "PLN 369.00" in words(app)
    app.text_input(key="find-bank-b2").set_value("102").run()
    button(app, "Link").click().run()
    assert "Linked." in app.success[0].value
    assert asked(data, "SELECT state, open_amount FROM invoice_summary WHERE id = 'in_2'")[0][0] == "paid"


@pytest.mark.capability("LINK-6")
def test_of_two_that_fit_equally_both_are_shown_and_none_is_picked(data: Path, page) -> None:
    """A customer pays with two equal invoices open: the page asks, with both, until a person says which."""
    twins = [
        ROWS["invoices"][1] | {"id": f"in_{n}", "number": f"FV-2026-20{n}", "issued_on": "2026-11-03"} for n in (8, 9)
    ]
    paid = {"vendor": "bank", "id": "b9", "paid_on": "2026-11-18", "amount": "369", "currency": "PLN",
            "method": "transfer", "payer_name": "LODZ PRINT SP. Z O.O.", "payer_tax_id": "PL5252248481",
            "reference": "zaplata", "status": "booked"}  # fmt: skip
    keep(data, ROWS | {"invoices": [ROWS["invoices"][0], *twins], "payments": [paid]})
    run.reconcile(data)
    app = page("reconciliation", part="bank")
    text = words(app)
    assert r"FV\-2026\-208" in text and r"FV\-2026\-209" in text
    assert asked(data, "SELECT COUNT(*) FROM links WHERE left_id = 'b9' AND status = 'automatic'") == [(0,)]
    button(app, "Yes, link").click().run()
    assert "Linked." in app.success[0].value
    told = "SELECT status, COUNT(*) FROM links WHERE left_id = 'b9' AND status <> 'rejected' GROUP BY status"
    assert asked(data, told) == [("confirmed", 1)]


def test_a_pair_that_was_declined_never_comes_back(data: Path, page) -> None:
    """No means no, in every later run."""
    paid = {"vendor": "bank", "id": "b9", "paid_on": "2026-11-18", "amount": "369", "currency": "PLN",
            "method": "transfer", "payer_name": "LODZ PRINT SP. Z O.O.", "reference": "zaplata",
            "status": "booked"}  # fmt: skip
    twin = ROWS["invoices"][1] | {"id": "in_8", "number": "FV-2026-208"}
    keep(data, ROWS | {"payments": [paid], "invoices": [*ROWS["invoices"], twin]})
    run.reconcile(data)
    app = page("reconciliation", part="bank")
    before = asked(data, "SELECT right_id FROM links WHERE left_id = 'b9' AND status = 'suggested' ORDER BY 1")
    assert len(before) >= 2
    button(app, "No").click().run()
    assert "stay apart" in app.success[0].value
    said = state(data).decisions()[0]
    assert said["verdict"] == "rejected"
    after = asked(data, f"SELECT status FROM links WHERE left_id = 'b9' AND right_id = '{said['right_id']}'")
    assert after in ([], [("rejected",)])
