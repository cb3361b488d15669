"""A customer is invoiced again and again without a deal: said on its page, each period once, a missed one flagged."""

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from company import PAUSES, Shop
from selling import BILLING, nif
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from reconcile import run
from reconcile.automations.due import due
from reconcile.automations.switch import switch
from reconcile.automations.turn import turn
from reconcile.settings import Automation

sys.path.insert(0, str(Path(__file__).parent.parent / "dashboard"))  # what a reader sees of a page

from small_company import words

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"
FLOW = "deal_to_invoice"


def billed(shop: Shop) -> list[dict[str, Any]]:
    """Return the invoices of the rule as billing has them."""
    made = shop.rows("SELECT invoice_id FROM billed_parts WHERE id LIKE 'customer-%' ORDER BY part")
    found = [httpx.get(f"{shop.url}/v1/invoices/{id}", headers=BILLING, timeout=30).json() for (id,) in made]
    assert all(i["metadata"]["cuadra_kind"] == "recurring" and "crm_deal_id" not in i["metadata"] for i in found)
    return found


def findings(shop: Shop, customer: str) -> dict[str, str]:
    return dict(shop.rows("""SELECT part, "check" FROM findings WHERE subject_table = 'customers' AND subject_id = ?
                             AND state = 'open' AND action = 'create_invoice'""", customer))  # fmt: skip


@pytest.mark.capability("INV-14")
def test_a_customer_without_a_deal_is_invoiced_on_the_last_day_of_each_month(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """January was left out: flagged, and for a person. February, due on its last day, goes by itself. Each once."""
    company = {"name": "Wartung Nord SL", "nif": nif(61), "address": "Calle Norte 1", "city": "Madrid",
               "zip": "28001", "country": "Spain"}  # fmt: skip
    contact = {"email": "pagos@norte.example", "firstname": "Ana", "lastname": "Ruiz"}
    talk = {"dealname": "Talk", "pipeline": "default", "dealstage": "qualifiedtobuy"}
    made = shop.post("deals", {"company": company, "contact": contact, "deal": talk})
    customer = made["company_id"]
    shop.look_again()
    monkeypatch.setenv("CUADRA_DATA", str(shop.data))
    monkeypatch.setenv("CUADRA_TODAY", "2026-03-01")
    app = AppTest.from_file(str(FRAME), default_timeout=180)
    app.query_params["customer"] = f"hubspot:{customer}"
    app._page_hash = calc_hash("customer")
    app.run()
    assert not app.exception, app.exception
    mine = f"rule-hubspot-{customer}"
    app.text_input(key=f"{mine}-title").set_value("Maintenance")
    app.number_input(key=f"{mine}-day").set_value(31)
    app.date_input(key=f"{mine}-begins").set_value(dt.date(2026, 1, 31))
    app.text_input(key=f"{mine}-tax").set_value("21")
    app.button(key=f"{mine}-save").click().run()
    assert any("amount without tax and the currency" in e.value for e in app.error) and not findings(shop, customer)
    app.text_input(key=f"{mine}-net").set_value("100,50")
    app.text_input(key=f"{mine}-currency").set_value("eur")
    app.button(key=f"{mine}-save").click().run()
    assert not app.exception, app.exception
    days = shop.rows("SELECT part, on_date, state FROM rule_state WHERE id = ? ORDER BY position", customer)
    assert days == [("period-2026-01", dt.date(2026, 1, 31), "due"), ("period-2026-02", dt.date(2026, 2, 28), "due")]
    assert findings(shop, customer) == {"period-2026-01": "recurring_missed", "period-2026-02": "plan_due"}
    assert app.button(key="invoice-period") and "Invoice “2026-01”" in words(app)

    switch(shop.data, FLOW, Automation(mode="automatic"), "ana", "tried in a test")
    ours = [d for d in due(shop.data, [FLOW]) if d.plans[0].findings and d.plans[-1].subject.id == customer]
    assert ["a person knows" in str(d.held) for d in ours] == [True, False]
    shop.post("clock", {"days": (dt.date(2026, 3, 1) - dt.date.today()).days})  # billing lives in that day too
    runs = [r for r in turn(shop.data, pauses=PAUSES).runs if r.plans[-1].subject.id == customer]
    assert [r.state for r in runs] == ["done"]  # February; January waits
    run.reconcile(shop.data, shop.store.decisions())
    (february,) = billed(shop)
    assert february["lines"]["data"][0]["description"] == "Maintenance – 2026-02"
    assert (february["subtotal"], february["total"]) == (10050, 12161)
    assert not [r for r in turn(shop.data, pauses=PAUSES).runs if r.plans[-1].subject.id == customer]

    (missed,) = shop.rows("""SELECT id FROM findings WHERE "check" = 'recurring_missed' AND subject_id = ?""", customer)
    chain = shop.plans(missed[0])
    assert set(shop.mend(chain)) <= {"done", "found", "nothing"} and set(shop.mend(chain)) <= {"found", "nothing"}
    run.reconcile(shop.data, shop.store.decisions())
    assert [i["subtotal"] for i in billed(shop)] == [10050, 10050]
    assert findings(shop, customer) == {}
