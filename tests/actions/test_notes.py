"""What billing and bank know stands in the CRM's timeline: each invoice and each payment once, with what is left."""

import csv
import io
import re
from pathlib import Path

import pytest
from company import Shop
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboard.read import customers
from dashboard.report.xlsx import csv_text
from dashboard.views import history
from reconcile import workflows
from reconcile.action import Subject
from reconcile.automations import switch
from reconcile.automations.turn import turn
from reconcile.settings import Automation, Timeline, load

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"
BUSY = """
    SELECT h.head_vendor, h.head_id FROM customer_heads AS h
    JOIN deal_invoices AS b ON TRUE JOIN deals AS d ON d.vendor = b.deal_vendor AND d.id = b.deal_id
    AND h.vendor = d.vendor AND h.id = d.customer_id
    JOIN allocated_money AS a ON a.invoice_vendor = b.invoice_vendor AND a.invoice_id = b.invoice_id
    GROUP BY ALL HAVING COUNT(DISTINCT d.id) BETWEEN 2 AND 4 AND COUNT(DISTINCT a.payment_id) >= 2
    ORDER BY h.head_id LIMIT 1
"""


def texts(shop: Shop) -> list[str]:
    return [re.sub(r"<br>\[cuadra .*\]$", "", note["hs_note_body"]) for note in shop.changed()["notes"]]


@pytest.mark.capability("WB-12")
def test_a_customers_history_is_the_same_on_both_sides(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its timeline lists deals, invoices and payments; every invoice and payment of it becomes one note, once."""
    head = shop.rows(BUSY)[0]
    told = [e for e in customers.timeline(shop.data, *head) if e["subject"] in ("invoices", "payments")]
    days = [e["on_day"] for e in customers.timeline(shop.data, *head)]
    assert days == sorted(days) and {e["subject"] for e in customers.timeline(shop.data, *head)} >= {"deals"}
    subject = Subject(table="customers", vendor=head[0], id=head[1])
    plans = workflows.offer(shop.data, "create_note", subject)
    assert {(p.subject.table, p.subject.id) for p in plans} == {(e["subject"], e["id"]) for e in told if e["name"] or
                                                                e["subject"] == "payments"}  # fmt: skip
    monkeypatch.setenv("CUADRA_DATA", str(shop.data))
    app = AppTest.from_file(str(FRAME), default_timeout=120)
    app.query_params["customer"] = f"{head[0]}:{head[1]}"
    app._page_hash = calc_hash("customer")
    app.run()
    assert not app.exception, app.exception
    assert any(b.label.startswith(f"Write {len(plans)} notes") for b in app.button)
    assert {b.label for b in app.get("download_button")} >= {"Excel", "CSV"}
    for _ in range(2):  # pressed twice
        assert set(shop.mend(plans)) <= {"done", "found"}
    notes = shop.changed()["notes"]
    assert len(notes) == len(plans) and all(note["on"] for note in notes)
    assert sorted(texts(shop)) == sorted(p.draft.body for p in plans)  # type: ignore[union-attr]
    assert workflows.offer(shop.data, "create_note", subject) == []
    found = history.exported(customers.timeline(shop.data, *head))
    read = list(csv.DictReader(io.StringIO(csv_text(found).lstrip("\ufeff"))))
    assert [r["on_day"] for r in read] == [str(d) for d in days]
    assert len(read) == len(days) and {r["kind"] for r in read} >= {"deal", "invoice", "payment"}


@pytest.mark.capability("WB-8")
def test_each_payment_is_one_entry_with_date_amount_and_what_is_left(shop: Shop) -> None:
    """Paid in two parts, read twice: two notes on the deal, the first with the rest, the second with nothing left."""
    shop.set(timeline=Timeline(payments=True), automations={"payment_to_crm": Automation(mode="suggest")})
    known = load(shop.data)
    switch.switch(shop.data, "payment_to_crm", Automation(mode="automatic", daily_cap=500), "ana", "tested")
    invoice, number, deal = shop.rows(
        "SELECT i.id, i.number, MIN(b.deal_id) FROM invoices AS i JOIN invoice_summary AS s ON s.id = i.id "
        "JOIN deal_invoices AS b ON b.invoice_id = i.id "
        "WHERE s.state IN ('sent', 'overdue') AND s.open_amount = i.gross AND i.currency = 'EUR' "
        "AND i.kind = 'invoice' AND s.deal_count = 1 GROUP BY ALL ORDER BY i.id LIMIT 1")[0]  # fmt: skip
    today = shop.rows("SELECT today FROM settings")[0][0]
    shop.set(timeline=Timeline(payments=True, since=today))
    assert known.timeline.payments and not texts(shop)
    shop.post(f"invoices/{invoice}/pay", {"amount": 10000})
    for _ in range(2):
        shop.look_again()
        turn(shop.data, timeout=300)
    first = [text for text in texts(shop) if number in text]
    assert len(first) == 1 and "€100.00" in first[0] and "still open" in first[0] and str(today.year) in first[0]
    shop.post(f"invoices/{invoice}/pay", {})
    shop.look_again()
    turn(shop.data, timeout=300)
    both = [text for text in texts(shop) if number in text]
    assert len(both) == 2 and sum("nothing left open" in text for text in both) == 1
    on = [note["on"] for note in shop.changed()["notes"] if number in note["hs_note_body"]]
    assert all(f"deals:{deal}" in links for links in on)
