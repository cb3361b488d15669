"""What makes a deal due to be invoiced: chosen on the page, and nothing else does."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from company import PAUSES, Shop
from selling import CRM, OURS, invoices, nif, quote, sell
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from extract import store
from extract.vendor import Vendor
from reconcile import run, settings
from reconcile.automations.due import due
from reconcile.automations.switch import switch
from reconcile.automations.turn import turn
from reconcile.settings import Automation, Invoicing

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"
FLOW = "deal_to_invoice"
COMPLETED, CONFIRMED = "139482103", "contractsent"  # stages of the invented company's two pipelines

PROPERTY = "service_completed_on"  # of the CRM's deals: the day on which the service was completed


class Bank(Vendor):
    """A bank statement that was imported."""

    def __init__(self) -> None:
        super().__init__(name="bank", base_url="http://127.0.0.1:1")

    def rows(self, kind: str, item: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        yield kind, item


@pytest.fixture
def sold(shop: Shop) -> dict[str, str]:
    """One deal for each event, by the trigger that it is; all five are seen by the next reading."""
    made = {"won": sell(shop, 1, won=1), "quote": sell(shop, 2), "paid": sell(shop, 4),
            "service": sell(shop, 3, COMPLETED, pipeline="72310455"), "order": sell(shop, 5, CONFIRMED)}  # fmt: skip
    quote(shop, made["quote"])
    quote(shop, made["order"], status="APPROVAL_NOT_NEEDED")  # sent, and not accepted
    shop.look_again()
    transfer = {"id": "bank-1", "paid_on": str(dt.date.today()), "amount": "500.00", "currency": "EUR",
                "method": "transfer", "reference": "anticipo", "payer_tax_id": nif(4)}  # fmt: skip
    store.take(Bank(), shop.data, [("payments", transfer)])
    return made


def triggered(shop: Shop, *names: str, **stages: list[str]) -> None:
    """Choose what makes a deal due, and compare again."""
    shop.set(invoicing=Invoicing(triggers=list(names), stages=stages))
    run.reconcile(shop.data, shop.store.decisions())


@pytest.mark.capability("INV-2")
def test_each_trigger_invoices_its_own_event_and_no_other(shop: Shop, sold: dict[str, str]) -> None:
    """Five deals, five triggers, one after the other: each turn makes the invoice of the one that it is about."""
    switch(shop.data, FLOW, Automation(mode="automatic", owners=[OURS]), "ana", "tried in a test")
    stages = {"service": {"service": [COMPLETED]}, "order": {"order": [CONFIRMED]}}
    billed: dict[str, list[str]] = {}
    for name in sold:
        triggered(shop, name, **stages.get(name, {}))
        runs = turn(shop.data, pauses=PAUSES).runs
        assert [r.state for r in runs] == ["done"], name
        billed[name] = [r.plans[-1].subject.id for r in runs]
        state_, severity = shop.rows(
            """SELECT state, severity FROM findings WHERE "check" = 'invoice_due' AND subject_id = ?""", sold[name]
        )[0]
        assert (state_, severity) == ("open", "low")  # due, not late
    assert billed == {name: [id] for name, id in sold.items()}
    for name, id in sold.items():
        (made,) = invoices(shop, id)
        assert (made["subtotal"], made["status"]) == (120000, "draft"), name
    shop.look_again()
    assert turn(shop.data, pauses=PAUSES).runs == ()


@pytest.mark.capability("INV-2")
def test_a_service_is_invoiced_from_the_day_in_its_property_on(shop: Shop) -> None:
    """Completed today: invoiced by the flow, once. Completed tomorrow, or on no day: not yet, whatever the stage."""
    tomorrow = str(dt.date.today() + dt.timedelta(days=1))
    field = {
        "name": PROPERTY,
        "label": "Completed",
        "groupName": "dealinformation",
        "type": "date",
        "fieldType": "date",
    }
    made = httpx.post(f"{shop.url}/crm/properties/2026-03/deals/batch/create", json={"inputs": [field]}, headers=CRM)
    assert made.status_code == 201, made.text
    done, later, never = (
        sell(shop, number, pipeline="72310455", stage="139482101", **said)
        for number, said in ((21, {PROPERTY: str(dt.date.today())}), (22, {PROPERTY: tomorrow}), (23, {}))
    )
    shop.look_again()
    switch(shop.data, FLOW, Automation(mode="automatic", owners=[OURS]), "ana", "tried in a test")
    triggered(shop, "service")
    assert [r.state for r in turn(shop.data, pauses=PAUSES).runs] == ["done"]
    shop.look_again()
    assert turn(shop.data, pauses=PAUSES).runs == ()
    assert [len(invoices(shop, id)) for id in (done, later, never)] == [1, 0, 0]


@pytest.mark.capability("INV-11")
def test_stages_are_picked_on_the_page_from_the_crms_own_list(
    shop: Shop, sold: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is the CRM's; a deal in a picked stage is due at once, one in any other is not; who chose is logged."""
    monkeypatch.setenv("CUADRA_DATA", str(shop.data))
    run.reconcile(shop.data, shop.store.decisions())
    app = AppTest.from_file(str(FRAME), default_timeout=120)
    app._page_hash = calc_hash("automations")
    app.run()
    assert not app.exception, app.exception
    offered = app.multiselect(key="stages-stage").options
    assert len(offered) == shop.rows("SELECT COUNT(*) FROM stages")[0][0]
    names = {name for (name,) in shop.rows("SELECT name FROM stages WHERE vendor = 'hubspot'")}
    assert all(any(name in text for name in names) for text in offered)
    app.checkbox(key="trigger-stage").check()
    app.button(key="save-triggers").click().run()
    assert settings.load(shop.data).invoicing.triggers == []  # no stage is picked yet: nothing is kept
    assert any("at least one stage" in e.value for e in app.error)
    for stage in (COMPLETED, CONFIRMED):
        app.multiselect(key="stages-stage").select(stage)
    app.button(key="save-triggers").click().run()
    assert not app.exception, app.exception
    chosen = settings.load(shop.data).invoicing
    assert (chosen.triggers, chosen.stages) == (["stage"], {"stage": [CONFIRMED, COMPLETED]}) or chosen.stages == {
        "stage": [COMPLETED, CONFIRMED]
    }
    entry = shop.store.entries(action="change_settings")[0]
    assert entry["who"] == "local" and "stage" in str(entry["after"]["invoicing.triggers"])
    found = {d.plans[-1].subject.id for d in due(shop.data, [FLOW])} & set(sold.values())
    assert found == {sold["service"], sold["order"]}
    for typed, kept in (("130", {}), ("30 %", {"*": 30})):
        app.text_input(key="deposit-*").set_value(typed)
        app.button(key="save-deposits").click().run()
        assert not app.exception and settings.load(shop.data).invoicing.deposits == kept
