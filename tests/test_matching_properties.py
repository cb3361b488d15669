"""What must hold of links whatever the books: nothing is used twice, and nothing depends on order or on strangers."""

import os
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from link_books import books, said

from reconcile import links

EXAMPLES = int(os.environ.get("EXAMPLES", "6"))  # four runs of all rules each
CALM = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
NAMES = ("Acme Trading SL", "Beta Obras SA", "Gamma & Sons Ltd")
AMOUNTS = ("100.00", "121.00", "242.00", "60.50", "40.33", "1210.37", "605.19", "1331.37")
DAYS = ("2026-03-01", "2026-03-20", "2026-04-04", "2026-05-10")


def customers(at: int) -> dict[str, str]:
    return {"customer_id": f"c{at}", "customer_name": NAMES[at]}


deals = st.tuples(
    st.integers(0, 2), st.sampled_from(AMOUNTS), st.sampled_from(DAYS), st.sampled_from((None, "PO-20417", "PO-20418"))
)
invoices = st.tuples(
    st.integers(0, 2), st.sampled_from(AMOUNTS), st.sampled_from(DAYS), st.sampled_from((None, "PO-20417", "po 20418"))
)
texts = st.sampled_from((None, "F2026-1000", "f20261001 f2026-1002", "F2026-1003 y 1 mas", "pedido PO-20417"))
payments = st.tuples(st.integers(0, 2), st.sampled_from(AMOUNTS), st.sampled_from(DAYS), texts)
worlds = st.tuples(st.lists(deals, max_size=6), st.lists(invoices, max_size=8), st.lists(payments, max_size=8))


def rows(world: Any) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of a world of few names, amounts and days, so that everything rivals everything."""
    sold, billed, paid = world
    return {
        "deals": [
            {"id": f"d{n}", "amount": amount, "won_on": day, "reference": reference, **customers(at)}
            for n, (at, amount, day, reference) in enumerate(sold)
        ],
        "invoices": [
            {"id": f"i{n}", "number": f"F2026-{1000 + n}", "net": amount, "gross": amount, "issued_on": day,
             "due_on": day, "deal_reference": reference, **customers(at)}
            for n, (at, amount, day, reference) in enumerate(billed)
        ],
        "payments": [
            {"id": f"p{n}", "amount": amount, "paid_on": day, "reference": text, "payer_name": NAMES[at].upper()}
            for n, (at, amount, day, text) in enumerate(paid)
        ],
    }  # fmt: skip


def linked(rows: dict[str, list[dict[str, Any]]]) -> Any:
    db = books(rows)
    links.link(db)
    return db


@pytest.mark.capability("LINK-8")
@CALM
@given(worlds, st.integers(0, 1_000_000))
def test_it_holds_of_any_books(world: Any, seed: int) -> None:
    """No money is given twice, and neither another run, nor the order of rows, nor a stranger's rows change a link."""
    before = rows(world)
    with linked(before) as db:
        nothing_is_allocated_twice(db)
        first, whole = said(db), db.execute("SELECT * FROM links ORDER BY ALL").fetchall()
        links.link(db)
        assert db.execute("SELECT * FROM links ORDER BY ALL").fetchall() == whole
    shuffled = {table: random.Random(seed).sample(listed, len(listed)) for table, listed in before.items()}
    with linked(shuffled) as db:
        assert said(db) == first
    with linked(with_a_stranger(before)) as db:
        assert [link for link in said(db) if ":zz " not in link] == first


def nothing_is_allocated_twice(db: Any) -> None:
    """What a payment gives adds up to no more than it is, what an invoice takes to no more than it is."""
    over = """
    SELECT p.id FROM links AS l JOIN {table} AS p ON p.id = l.{side}_id
    WHERE l.left_table = 'payments' AND l.status = 'automatic'
    GROUP BY p.id, p.{of} HAVING sum(l.amount {more}) > p.{of}"""
    assert db.execute(over.format(table="payments", side="left", of="amount", more="")).fetchall() == []
    assert db.execute(over.format(table="invoices", side="right", of="gross", more="+ l.kept")).fetchall() == []
    shares = "SELECT right_id FROM links WHERE left_table = 'deals' AND status = 'automatic' GROUP BY right_id"
    whole = f"{shares}, currency HAVING sum(amount) <> (SELECT gross FROM invoices AS i WHERE i.id = right_id)"
    assert db.execute(whole).fetchall() == []
    twice = "SELECT left_id FROM links GROUP BY left_table, left_id, right_table, right_id HAVING count(*) > 1"
    assert db.execute(twice).fetchall() == []


def with_a_stranger(before: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows with a deal, an invoice and a payment of somebody else."""
    stranger = {"customer_id": "c9", "customer_name": "Zeta Norte SARL"}
    return {
        "deals": [*before["deals"], {"id": "zz", "amount": "7777.77", **stranger}],
        "invoices": [
            *before["invoices"],
            {"id": "zz", "number": "Z-777777", "net": "7777.77", "gross": "8555.55", **stranger},
        ],
        "payments": [*before["payments"], {"id": "zz", "amount": "8555.55", "payer_name": "ZETA NORTE"}],
    }


def test_equals_are_served_by_their_ids_not_by_their_place() -> None:
    """Two payments of one day for one invoice: the same one gets the money however the rows were stored."""
    bill = {"id": "i", "number": "F2026-1000", "net": "100", "gross": "121", **customers(0)}
    paid = [{"id": name, "amount": "121", "reference": "F2026-1000", "paid_on": "2026-04-04"} for name in ("p1", "p2")]
    first = said(linked({"invoices": [bill], "payments": paid}))
    assert first == said(linked({"invoices": [bill], "payments": paid[::-1]}))
    assert "payments:p1 > invoices:i number_in_text automatic 121.00" in first
