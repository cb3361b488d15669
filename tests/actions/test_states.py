"""What deals show of their invoices: words and stages by the company's own mapping, current through every event."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from company import Shop
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from extract.sandbox import wire
from reconcile import workflows
from reconcile.action import Subject
from reconcile.automations import switch
from reconcile.automations.turn import turn
from reconcile.connections import connections
from reconcile.settings import Automation, Invoicing, load

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"
INVOICED, COLLECTED = "stage-invoiced", "stage-collected"


def deal_of(shop: Shop, id: str) -> dict[str, Any]:
    """The deal as it stands in the CRM at this moment."""
    found: dict[str, Any] = connections(shop.data)["hubspot"].deal(id)  # type: ignore[attr-defined]
    return found


def shown(shop: Shop, id: str) -> tuple[Any, ...]:
    deal = deal_of(shop, id)
    return deal["invoice_status"], deal["invoice_status_on"], deal["stage"]


@pytest.mark.capability("WB-1", "WB-2", "WB-11")
def test_one_invoice_through_its_events_and_the_deal_shows_each(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mapping is edited on the page; then issued, sent, overdue, reminded and paid each show in turn, with days."""
    for id, label in ((INVOICED, "Facturado"), (COLLECTED, "Cobrado")):
        shop.post("stages", {"pipeline": "default", "id": id, "label": label})
    shop.look_again()
    monkeypatch.setenv("CUADRA_DATA", str(shop.data))
    app = AppTest.from_file(str(FRAME), default_timeout=120)
    app._page_hash = calc_hash("automations")
    app.run()
    assert not app.exception, app.exception
    offered = app.selectbox(key="move-default-paid").options
    assert offered == ["stays", "Cierre firmado", "Facturado", "Cobrado"], "only stages that mean won"
    app.text_input(key="word-paid").set_value("Cobrada")
    app.selectbox(key="move-default-issued").set_value(INVOICED)
    app.selectbox(key="move-default-paid").set_value(COLLECTED)
    app.toggle(key="states-always").set_value(True)
    app.date_input(key="states-since").set_value(dt.date(2099, 1, 1))
    next(b for b in app.button if b.label == "Save" and b.key and "states-save" in b.key).click().run()
    assert not app.exception, app.exception
    known = load(shop.data)
    assert known.states.words == {"paid": "Cobrada"}
    assert known.states.stages == {"default": {"issued": INVOICED, "paid": COLLECTED}}

    # WB-11: the invoice exists, and the deal moved to the stage that says so
    shop.set(invoicing=Invoicing(issue=True), choices=known.choices.model_copy(update={"stale_days": 400}))
    ready = (
        f for (f,) in shop.rows(
            "SELECT f.id FROM findings AS f JOIN deals AS d ON d.vendor = f.subject_vendor AND d.id = f.subject_id "
            "WHERE f.\"check\" = 'won_not_invoiced' AND f.state = 'open' AND d.pipeline = 'default' "
            "AND d.currency = 'EUR' ORDER BY f.id")
    )  # fmt: skip
    plans = next(p for f in ready if (p := shop.plans(f)) and all(one.is_ready and not one.choices for one in p))
    deal = plans[-1].subject.id
    assert {"stage"} <= {c.field for c in plans[-1].preview} and plans[-1].action == "update_deal"
    assert next(c.after for c in plans[-1].preview if c.field == "stage") == "Facturado"
    won_on = deal_of(shop, deal)["won_on"]
    ended = shop.mend(plans)
    assert set(ended) <= {"done", "found"}, [o for r in workflows.runs(shop.data) for o in r.outcomes]
    assert shown(shop, deal)[0] == "issued" and shown(shop, deal)[2] == INVOICED

    # WB-2: the states by themselves, after each reading
    shop.set(states=known.states.model_copy(update={"since": won_on}))
    switch.switch(shop.data, "payment_to_crm", Automation(mode="automatic", daily_cap=500), "ana", "tested")

    def read_on() -> None:
        shop.look_again()
        turn(shop.data, timeout=300)

    read_on()
    ((invoice, issued_on, due_on),) = shop.rows(
        "SELECT i.id, i.issued_on, i.due_on FROM invoices AS i JOIN deal_invoices AS b ON b.invoice_id = i.id "
        "WHERE b.deal_id = ?", deal)  # fmt: skip
    assert shown(shop, deal) == ("issued", issued_on, INVOICED)
    send = workflows.offer(shop.data, "send_invoice", Subject(table="invoices", vendor="stripe", id=invoice))
    assert set(shop.mend([p for p in send if p.action == "send_invoice"])) == {"done"}
    read_on()
    assert shown(shop, deal)[0] == "sent" and shown(shop, deal)[1] == issued_on and shown(shop, deal)[2] == INVOICED

    monkeypatch.setenv("CUADRA_TODAY", str(due_on + dt.timedelta(days=8)))
    read_on()
    assert shown(shop, deal) == ("overdue", due_on + dt.timedelta(days=1), INVOICED)
    assert deal_of(shop, deal)["reminders_sent"] is None
    ((late,),) = shop.rows("SELECT id FROM findings WHERE subject_id = ? AND \"check\" = 'overdue'", invoice)
    remind = [p for p in shop.plans(late) if p.action == "send_reminder"]
    assert remind[0].is_ready, remind[0].needs
    assert shop.mend(remind) == ["done"]
    read_on()
    sent = shop.store.reminders("stripe", invoice)
    told = deal_of(shop, deal)
    assert (
        told["reminders_sent"] == len(sent) == 1
        and told["reminded_on"] == sent[0]["sent_at"].astimezone(wire.ZONE).date()
    )

    shop.post(f"invoices/{invoice}/pay", {})
    read_on()
    told = deal_of(shop, deal)
    ((paid_on,),) = shop.rows("SELECT paid_on FROM deal_summary WHERE id = ?", deal)
    assert (told["invoice_status"], told["invoice_status_on"], told["stage"]) == ("Cobrada", paid_on, COLLECTED)
    assert told["paid_on"] == paid_on and told["won_on"] == won_on and told["status"] == "won"
    calls = len(shop.writes())
    read_on()
    assert len([w for w in shop.writes()[calls:] if deal in w[1]]) == 0, "what is so already is not written again"

    # a person moved it further: it stays there
    shop.post("stages", {"pipeline": "default", "id": "later", "label": "Entregado"})
    shop.post(f"deals/{deal}", {"dealstage": "later", "cuadra_invoice_status": "sent"})
    read_on()
    assert shown(shop, deal)[0] == "Cobrada" and shown(shop, deal)[2] == "later"
