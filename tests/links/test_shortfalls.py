"""An invoice paid in parts, one of them less tax, a discount or a fee, is settled; one that lacks more is not."""

from decimal import Decimal
from typing import Any

import pytest
from link_books import books

from reconcile import links

NAMES = "F-2026-0815"


def _kept(parts: list[str], *, confirmed: bool = False, **invoice: str) -> dict[str, Decimal]:
    """Return what was kept of each payment, after payments of these amounts named an invoice of 9,680.00."""
    bill = {"id": "7", "number": NAMES, "net": "8000", "gross": "9680", "customer_name": "Acme Trading SL"} | invoice
    paid: list[dict[str, Any]] = [
        {"id": f"p{i}", "amount": amount, "payer_name": "ACME TRADING SL", "reference": f"FRA {NAMES}",
         "paid_on": f"2026-0{4 + i}-02"}
        for i, amount in enumerate(parts)
    ]  # fmt: skip
    db = books({"invoices": [bill], "payments": paid})
    if confirmed:
        db.execute(
            "INSERT INTO decisions VALUES ('link', 'confirmed', 'payments', 'bank', 'p0', 'invoices', 'billing', '7',"
            " NULL, NULL, '2026-05-01')"
        )
    links.link(db)
    found = db.execute("SELECT left_id, kept FROM links WHERE right_id = '7' AND kept <> 0 ORDER BY 1").fetchall()
    return dict(found)


@pytest.mark.capability("LINK-8")
@pytest.mark.parametrize(
    ("parts", "kept"),
    [
        pytest.param(["2420", "2120", "2420", "2420"], {"p1": "300.00"}, id="15 % of the net of a quarter withheld"),
        pytest.param(["4840", "4815"], {"p1": "25.00"}, id="a bank's fee on the second half"),
        pytest.param(["4743.20", "4840"], {"p0": "96.80"}, id="2 % off the first half, which came in time"),
        pytest.param(["4815", "4240"], {"p0": "25.00", "p1": "600.00"}, id="a fee on one half, tax on the other"),
        pytest.param(
            ["2395.80", "2385", "2420", "2420"], {"p0": "24.20", "p1": "35.00"}, id="1 % off one, a fee on another"
        ),
        pytest.param(["4840", "4740.55"], {}, id="99.45 is nobody's fee, rate or discount"),
        pytest.param(["2420", "2120", "2420"], {}, id="tax withheld of one quarter, and another quarter missing"),
    ],
)
def test_what_was_kept_of_a_part_is_told(parts: list[str], kept: dict[str, str]) -> None:
    """By payment, to the cent."""
    assert _kept(parts) == {payment: Decimal(amount) for payment, amount in kept.items()}


def test_nothing_is_concluded_where_a_person_decided() -> None:
    """They looked at it and said how it is."""
    parts = ["4240", "4815"]
    assert set(_kept(parts)) == {"p0", "p1"}
    assert _kept(parts, confirmed=True) == {}


def test_a_fee_on_a_payment_for_several_invoices_is_told() -> None:
    """The last of them lacks fifteen euros that no customer owes."""
    bills = [
        {"id": str(i), "number": f"F-2026-081{i}", "gross": gross, "net": gross, "customer_name": "Acme Trading SL"}
        for i, gross in ((5, "3610.97"), (6, "163.35"))
    ]
    paid = {"id": "p", "amount": "3759.32", "payer_name": "ACME TRADING SL", "reference": "F-2026-0815 + F-2026-0816"}
    db = books({"invoices": bills, "payments": [paid]})
    links.link(db)
    found = db.execute("SELECT right_id, amount + kept, kept FROM links ORDER BY 1").fetchall()
    assert [(i, str(settled)) for i, settled, _ in found] == [("5", "3610.9700"), ("6", "163.3500")]
    assert sum(kept for *_, kept in found) == Decimal(15)


def test_a_part_in_another_currency_may_lack_what_rates_differ_by() -> None:
    """The other two thirds came in the invoice's own currency."""
    bill = {"id": "7", "number": NAMES, "net": "9000", "gross": "9000", "customer_name": "Acme Trading SL"}
    paid = [
        {"id": f"p{i}", "amount": amount, "currency": currency, "payer_name": "ACME TRADING SL",
         "reference": f"FRA {NAMES}", "paid_on": f"2026-0{4 + i}-02"}
        for i, (amount, currency) in enumerate((("3000", "EUR"), ("3240", "USD"), ("3000", "EUR")))
    ]  # fmt: skip
    db = books({"invoices": [bill], "payments": paid})
    db.execute("INSERT INTO rates SELECT 'USD', day, 1.09 FROM generate_series(DATE '2026-01-01', DATE '2026-12-31', "
               "INTERVAL 1 DAY) AS d(day)")  # fmt: skip
    links.link(db)
    found = dict(db.execute("SELECT left_id, amount + kept FROM links").fetchall())
    assert found == {"p0": Decimal(3000), "p1": Decimal(3000), "p2": Decimal(3000)}
