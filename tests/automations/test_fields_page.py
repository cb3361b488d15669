"""The Fields page: what is kept equal, where each side has it, who decides, how it goes; what has no place blocks."""

from pathlib import Path

import pytest
from company import Shop
from small_company import words
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from reconcile import schema, settings
from reconcile.automations.switch import Unmapped, switch
from reconcile.settings import Automation
from reconcile.state import now

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"
MINIMAL = ["name", "tax_id", "email", "street", "city", "region", "postcode", "country", "phone"]


def opened(shop: Shop, monkeypatch: pytest.MonkeyPatch, page: str = "fields") -> AppTest:
    monkeypatch.setenv("CUADRA_DATA", str(shop.data))
    app = AppTest.from_file(str(FRAME), default_timeout=120)
    app._page_hash = calc_hash(page)
    app.run()
    assert not app.exception, app.exception
    return app


def press(app: AppTest, key: str) -> AppTest:
    next(b for b in app.button if b.key and b.key.endswith(key)).click()
    app.run()
    assert not app.exception, app.exception
    return app


def row(app: AppTest, field: str) -> str:
    """Return what the page says of a field of customers."""
    at = [c.key for c in app.checkbox if c.key and c.key.startswith("tick-customers")].index(f"tick-customers-{field}")
    told = [m.value for m in app.markdown if m.value.startswith("HubSpot")]
    return told[at]


@pytest.mark.capability("MAP-1", "MAP-3", "MAP-4")
def test_the_map_is_small_and_says_what_each_field_is_for(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ticked is what an invoice needs; each row says direction, last time and errors; a choice is kept and logged."""
    wish = {"vendor": "stripe", "who": "ana", "planned_at": now(), "action": "sync_customer", "tries": 1}
    request = {"data": {"fields": '{"city": ["Vigo", "Lugo"], "email": ["a", "b"]}'}}
    with shop.store.write() as db:
        for key, state in (("one", "refused"), ("two", "doubt"), ("three", "done")):
            db.execute(schema.ledger.insert().values(key=key, state=state, request=request, **wish))
    app = opened(shop, monkeypatch)
    ticked = {c.key.removeprefix("tick-customers-"): c.value for c in app.checkbox if "tick-customers" in (c.key or "")}
    assert [name for name, is_on in ticked.items() if is_on] == MINIMAL
    assert ticked["payment_terms_days"] is False and "Due date of the next invoice" in row(app, "payment_terms_days")
    city, phone = row(app, "city"), row(app, "phone")
    assert "`city` **→** Stripe `address.city`" in city and "Last equal" in city and "2 errors" in city
    assert "no errors" in phone and "Not compared yet" in row(app, "payment_terms_days")

    app.checkbox(key="tick-customers-email").uncheck()
    app.checkbox(key="tick-customers-payment_terms_days").check()
    app.selectbox(key="owner-customers-phone").set_value("billing")
    app = press(app, "save-customers")
    kept = settings.load(shop.data).sync
    assert kept.owner("customers", "email") is None and kept.owner("customers", "payment_terms_days") == "crm"
    assert "**←**" in row(app, "phone") and "**–**" in row(app, "email") and "Kept" in words(app)
    entry = shop.store.entries(action="change_settings")[0]
    assert entry["who"] == "local" and "email = on = off" in entry["after"]["sync.customers"].replace("{", "")
    app.checkbox(key="tick-customers-email").check()
    press(app, "save-customers")
    assert settings.load(shop.data).sync.owner("customers", "email") == "crm" and shop.writes() == []


@pytest.mark.capability("MAP-2")
def test_a_mandatory_field_without_a_place_blocks_by_its_name(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Company, tax id, address, e-mail, amount, currency and lines come mapped; the tax id taken away blocks flows."""
    app = opened(shop, monkeypatch)
    told = "\n".join(m.value for m in app.markdown)
    for pair in ("`name` **→** Stripe `name`", "`nif` **→** Stripe `tax_ids`", "`address` **→** Stripe `address.line1`",
                 "`email` **→** Stripe `email`", "`amount` **→** Stripe `lines.amount`", "`quantity` **→** Stripe",
                 "`deal_currency_code` **→** Stripe `currency`", "`price` **→** Stripe `price`"):  # fmt: skip
        assert pair in told, pair
    assert not app.error
    app.text_input(key="place-tax_id_property").set_value("")
    app = press(app, "save-places-customers")
    assert "Tax id" in app.error[0].value and "has no place" in app.error[0].value
    for flow in ("customer_data", "deal_to_invoice"):
        with pytest.raises(Unmapped, match="tax_id"):
            switch(shop.data, flow, Automation(mode="automatic"), "ana")
    page = opened(shop, monkeypatch, "automations")
    page.radio(key="mode-customer_data").set_value("automatic")
    labels = [b for b in page.button if b.label == "Save"]
    labels[[r.key for r in page.radio if (r.key or "").startswith("mode-")].index("mode-customer_data")].click()
    page.run()
    assert "Tax id" in words(page) and settings.load(shop.data).automation("customer_data").mode == "suggest"
    app.text_input(key="place-tax_id_property").set_value("nif")
    app = press(app, "save-places-customers")
    assert not app.error
    switch(shop.data, "customer_data", Automation(mode="automatic"), "ana")
