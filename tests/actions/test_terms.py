"""How an invoice looks: terms and discount, its series, taxes, currency and words; what is not certain is asked."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import httpx
import pytest
from company import Shop
from streamlit.testing.v1 import AppTest
from test_fixes import after, by_action, new_deal

from reconcile import ecb, run, settings
from reconcile.action import Plan
from reconcile.settings import Connection, Series

KEY = {"Authorization": "Bearer sk_test_sandbox"}


def won(shop: Shop, deal: dict[str, Any] | None = None, **company: str) -> tuple[str, dict[str, Any]]:
    """Win a deal in the CRM, read it, and return its finding and what was made."""
    said = deal or new_deal()
    said["company"] = {**said.get("company", {}), **company}
    made = shop.post("deals", said)
    shop.look_again()
    return shop.finding("won_not_invoiced", f"d.id = '{made['deal_id']}'"), made


def chosen(shop: Shop, **choices: Any) -> None:
    """Change how invoices are made."""
    known = settings.load(shop.data).invoicing
    shop.set(invoicing=type(known).model_validate(known.model_dump() | choices))


def draft_of(plans: list[Plan]) -> Any:
    return by_action(plans)["create_invoice"].draft


def rates(shop: Shop, currency: str, rate: str, days_ago: int) -> None:
    """Keep a rate of the European Central Bank of some days ago."""
    day = dt.date.today() - dt.timedelta(days=days_ago)
    xml = (f'<e xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref"><Cube><Cube time="{day}">'
           f'<Cube currency="{currency}" rate="{rate}"/></Cube></Cube></e>')  # fmt: skip
    ecb.take(shop.data, xml.encode(), "daily.xml")


def stripe_invoice(shop: Shop, deal: str) -> dict[str, Any]:
    """Return the invoice of a deal as billing shows it."""
    listed = httpx.get(f"{shop.url}/v1/invoices", params={"limit": "20"}, headers=KEY).json()["data"]
    return next(i for i in listed if i["metadata"].get("crm_deal_id") == deal)


@pytest.mark.capability("CUST-2")
def test_terms_and_discount_of_the_crm_are_on_the_next_invoice_only(shop: Shop) -> None:
    """“30 d” and “5 %” in the CRM's own properties: due in 30 days, a line of 5 % off; a change is for what comes."""
    known = settings.load(shop.data)
    crm = known.connections["hubspot"].model_dump() | {
        "payment_terms_property": "website",
        "discount_property": "domain",
    }
    shop.set(connections=known.connections | {"hubspot": Connection.model_validate(crm)})
    finding, made = won(shop, website="30 d", domain="5 %")
    plans = shop.plans(finding)
    draft = draft_of(plans)
    assert (draft.due_on - draft.issued_on).days == 30
    assert [(n.description, n.unit_price, n.tax_rate) for n in draft.lines[1:]] == [("Descuento 5 %", -60, 21)]
    said = after(by_action(plans)["create_invoice"])
    assert (said["net"], said["gross"]) == ("1140.00", "1379.40") and "amount_mismatch" not in str(plans)
    assert set(shop.mend(plans)) == {"done"}
    shop.look_again()
    asked = "SELECT net, gross, due_on - issued_on FROM invoices WHERE deal_id = ?"
    first = shop.rows(asked, made["deal_id"])
    assert first == [(1140, Decimal("1379.40"), 30)]
    summary = shop.rows("SELECT verdict, remaining, invoiced FROM deal_summary WHERE id = ?", made["deal_id"])
    assert summary == [("agrees", 0, 1140)]  # what was agreed is not missing
    assert shop.rows("SELECT id FROM findings WHERE subject_id = ? AND state = 'open'", made["deal_id"]) == []

    shop.post(f"companies/{made['company_id']}", {"website": "Net 45", "domain": "10"})
    later, again = won(shop, new_deal(amount="1300") | {"company": {}, "company_id": made["company_id"]})
    draft = draft_of(shop.plans(later))
    assert (draft.due_on - draft.issued_on).days == 45 and draft.lines[-1].unit_price == -120
    assert shop.rows(asked, made["deal_id"]) == first and again["company_id"] == made["company_id"]
    assert shop.rows("SELECT verdict FROM deal_summary WHERE id = ?", made["deal_id"]) == [("agrees",)]


def test_a_discount_that_cannot_be_right_is_asked_for(shop: Shop) -> None:
    """120 % off is a slip of the pen: nothing is invoiced until somebody says what it is."""
    finding, _ = won(shop, customer_discount="120")
    assert [n.name for n in by_action(shop.plans(finding))["create_invoice"].needs] == ["discount"]
    draft = draft_of(shop.plans(finding, given={"discount": "2.5"}))
    assert draft.lines[-1].unit_price == -30


def test_terms_that_no_calendar_has_are_asked_and_stop_nothing_else(shop: Shop) -> None:
    """A slip of the keyboard in the CRM: the due date is asked for, and other deals are invoiced as ever."""
    known = settings.load(shop.data)
    crm = known.connections["hubspot"].model_dump() | {"payment_terms_property": "website"}
    shop.set(connections=known.connections | {"hubspot": Connection.model_validate(crm)})
    finding, _ = won(shop, website="99999999")
    (asked,) = by_action(shop.plans(finding))["create_invoice"].needs
    assert asked.name == "due_on" and "+ 99999999 is before the issue date" in str(asked.says)
    day = str(dt.date.today() + dt.timedelta(days=10))
    assert all(p.is_ready for p in shop.plans(finding, given={"due_on": day}))


@pytest.mark.capability("INV-3")
def test_each_invoice_gets_the_series_of_its_pipeline_or_country(shop: Shop) -> None:
    """Two series by country, one by pipeline: numbers run in each; where none fits, nothing is sent before a pick."""
    series = [Series(name="N{year}-", country="ES"), Series(name="EXP-", country="FR", first=70),
              Series(name="SRV-", pipeline="72310455", digits=3)]  # fmt: skip
    chosen(shop, series=[s.model_dump() for s in series])
    home, made = won(shop)
    plans = shop.plans(home)
    year = draft_of(plans).issued_on.year
    assert draft_of(plans).series == "N{year}-" and after(by_action(plans)["issue_invoice"])["number"] == f"N{year}-…"
    assert set(shop.mend(plans)) == {"done"} and set(shop.mend(plans)) <= {"found", "nothing"}
    abroad, french = won(shop, new_deal(nif="40303265045", amount="900", country="France"))
    again, second = won(shop, new_deal(amount="1300") | {"company_id": made["company_id"]})
    service = new_deal(amount="1400") | {"company_id": made["company_id"]}
    service["deal"] |= {"pipeline": "72310455", "dealstage": "139482104"}  # type: ignore[operator]
    both, _ = won(shop, service)
    asked = by_action(shop.plans(both))["create_invoice"].needs  # its pipeline and its country each have a series
    assert [n.name for n in asked] == ["series"] and set(asked[0].options) == {s.name for s in series}
    picked = shop.plans(both, given={"series": "SRV-"})
    assert {*shop.mend(shop.plans(abroad)), *shop.mend(shop.plans(again)), *shop.mend(picked)} <= {"done", "nothing"}
    shop.look_again()
    numbers = dict(shop.rows("SELECT deal_id, number FROM invoices WHERE series IS NOT NULL"))
    assert numbers[made["deal_id"]] == f"N{year}-0001" and numbers[second["deal_id"]] == f"N{year}-0002"
    assert numbers[french["deal_id"]] == "EXP-0070" and sorted(numbers.values())[-1] == "SRV-001"

    unknown, _ = won(shop, new_deal(nif="PL5252248481", amount="500", country="Poland"))
    plans = shop.plans(unknown)
    (need,) = by_action(plans)["create_invoice"].needs
    assert need.name == "series" and "Ventas" in str(need.says) and "PL" in str(need.says)
    before = len(shop.writes())
    with pytest.raises(ValueError, match="series"):
        shop.mend(plans)
    assert len(shop.writes()) == before


def test_a_number_stays_with_its_invoice_when_the_issuing_fails(shop: Shop) -> None:
    """Refused after the number was taken: the next try has the same one, and no other invoice gets it."""
    chosen(shop, series=[Series(name="N-").model_dump()])
    first, made = won(shop)
    other, second = won(shop, new_deal(amount="1300") | {"company_id": made["company_id"]})
    fault = {"kind": "status", "match": "finalize$", "method": "POST", "status": 400, "times": 1}
    shop.post("faults", [fault])
    plans = shop.plans(first)
    assert shop.mend(plans)[-1] == "refused"
    assert set(shop.mend(shop.plans(other))) <= {"done", "found", "nothing"}
    assert set(shop.mend(plans)) <= {"done", "found", "nothing"}
    assert stripe_invoice(shop, made["deal_id"])["number"] == "N-0001"
    assert stripe_invoice(shop, second["deal_id"])["number"] == "N-0002"


@pytest.mark.capability("INV-18")
def test_a_tax_code_for_each_line_and_a_foreign_currency_with_its_rate(shop: Shop) -> None:
    """Each line has the code that was picked; an invoice in USD says what a dollar was worth, and keeps it."""
    lines = [{"name": n, "quantity": "1", "price": "600", "hs_tax_rate": "21"} for n in ("Design", "Hosting")]
    deal = new_deal() | {"lines": lines}
    deal["deal"] |= {"deal_currency_code": "USD"}  # type: ignore[operator]
    finding, made = won(shop, deal)
    rates(shop, "USD", "1.25", 1)
    run.reconcile(shop.data, shop.store.decisions())
    offered = {o.name: o.options for o in by_action(shop.plans(finding))["create_invoice"].offers if o.options}
    french = next(code for code, name in offered["tax 2"].items() if "FR" in name)
    plans = shop.plans(finding, given={"tax 2": french})
    draft = draft_of(plans)
    assert [n.tax_rate for n in draft.lines] == [21, 20] and draft.lines[1].tax_code == french
    said = after(by_action(plans)["create_invoice"])
    assert said["gross"] == "1446.00" and said["exchange_rate"].startswith("1 USD = 0.8 EUR (ECB ")
    assert set(shop.mend(plans)) <= {"done", "nothing"}
    item = stripe_invoice(shop, made["deal_id"])
    used = [line["taxes"][0]["tax_rate_details"]["tax_rate"] for line in item["lines"]["data"]]
    assert used[1] == french != used[0] and item["currency"] == "usd"
    assert "1 USD = 0.8 EUR" in str(item["custom_fields"])
    shop.look_again()
    kept = shop.rows("SELECT currency, fx_rate, gross FROM invoices WHERE deal_id = ?", made["deal_id"])
    assert kept == [("USD", Decimal("0.8"), 1446)]


@pytest.mark.capability("INV-18")
def test_taxes_and_rates_that_nobody_knows_are_asked(shop: Shop) -> None:
    """A code that billing does not have, a rate of tax it never had, a currency of which no rate is kept."""
    deal = new_deal() | {"lines": [{"name": "Design", "quantity": "1", "price": "1200", "hs_tax_rate": "18"}]}
    deal["deal"] |= {"deal_currency_code": "GBP"}  # type: ignore[operator]
    finding, _ = won(shop, deal)
    create = by_action(shop.plans(finding))["create_invoice"]
    assert [c.code for c in create.cautions] == ["no_exchange_rate", "tax_new"][::-1] and create.is_ready
    asked = by_action(shop.plans(finding, given={"tax 1": "txr_gone"}))["create_invoice"].needs
    assert [n.name for n in asked] == ["tax 1"] and asked[0].options
    rates(shop, "GBP", "0.8", 40)
    run.reconcile(shop.data, shop.store.decisions())
    assert [n.name for n in by_action(shop.plans(finding))["create_invoice"].needs] == ["fx_rate"]
    wrong = by_action(shop.plans(finding, given={"fx_rate": "a lot"}))["create_invoice"].needs
    assert [n.value for n in wrong] == ["a lot"]
    assert draft_of(shop.plans(finding, given={"fx_rate": "1,19"})).fx_rate == Decimal("1.19")


@pytest.mark.capability("INV-8")
def test_the_message_to_the_customer_is_in_the_billing_document(shop: Shop) -> None:
    """What the settings say is there by default; what somebody types instead is; both in the PDF that goes out."""
    chosen(shop, message="Thank you for your order.")
    finding, made = won(shop)
    assert "Thank you for your order." in draft_of(shop.plans(finding)).message
    plans = shop.plans(finding, given={"message": "As agreed with Ana on Monday."})
    assert after(by_action(plans)["create_invoice"])["message"] == "As agreed with Ana on Monday."
    assert set(shop.mend(plans)) == {"done"}
    item = stripe_invoice(shop, made["deal_id"])
    assert item["description"] == "As agreed with Ana on Monday."
    assert b"As agreed with Ana on Monday." in httpx.get(item["invoice_pdf"]).content


def picker() -> None:
    """Draw what the preview offers for adding products."""
    import streamlit as st

    from dashboard import adding

    adding.offer(st.session_state["parts"], {})


@pytest.mark.capability("PROD-4")
def test_products_of_billing_are_added_with_their_price_and_tax(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by name and SKU, price and tax stand there already; what is typed counts; nonsense is asked about."""
    finding, made = won(shop)
    (product,) = shop.rows("SELECT id, name, sku, unit_price FROM products WHERE vendor = 'stripe' ORDER BY id LIMIT 1")
    wish = [{"id": product[0], "quantity": "2"}, {"id": product[0], "unit_price": "9.50", "tax_rate": "20"}]
    plans = shop.plans(finding, given={"products": json.dumps(wish)})
    added = [(n.description, n.quantity, n.unit_price, n.tax_rate, n.sku) for n in draft_of(plans).lines[1:]]
    assert added == [(product[1], 2, product[3], 21, product[2]), (product[1], 1, Decimal("9.50"), 20, product[2])]
    assert set(shop.mend(plans)) == {"done"}
    assert len(stripe_invoice(shop, made["deal_id"])["lines"]["data"]) == 3
    app = AppTest.from_function(picker, default_timeout=60)
    app.session_state["parts"] = [by_action(shop.plans(finding))["create_invoice"]]
    monkeypatch.setenv("CUADRA_DATA", str(shop.data))
    app.run()
    (named,) = [
        label for label in app.selectbox(key="product-pick-0").options if product[1] in label and product[2] in label
    ]
    app.selectbox(key="product-pick-0").select(named).run()
    assert not app.exception
    shown = [app.text_input(key=f"product-{field}-{product[0]}").value for field in ("many", "price", "tax")]
    assert [Decimal(value) for value in shown] == [1, product[3], 21]
    for bad in ('[{"id": "prod_gone"}]', '[{"quantity": 1}]', f'[{{"id": "{product[0]}", "quantity": 0}}]', "{"):
        needs = by_action(shop.plans(finding, given={"products": bad}))
        assert not needs or [n.name for n in needs["create_invoice"].needs] == ["products"]


@pytest.mark.capability("PROD-3")
def test_a_line_without_a_product_is_given_one_or_has_it_made(shop: Shop) -> None:
    """Nothing is chosen by itself: made in billing under its SKU, or named in the CRM as one that billing has."""
    line = {"name": "Drone survey", "quantity": "1", "price": "1200", "hs_tax_rate": "21"}
    first = shop.post("deals", new_deal() | {"lines": [line | {"hs_sku": "DRN-1"}]})
    second = shop.post("deals", new_deal(amount="1300") | {"lines": [line], "company_id": first["company_id"]})
    shop.look_again()
    new, old = (shop.finding("product_unknown", f"d.id = '{made['deal_id']}'") for made in (first, second))
    (plan,) = shop.plans(new)
    assert [n.name for n in plan.needs] == ["product"] and "new" in plan.needs[0].options
    with pytest.raises(ValueError, match="product"):
        shop.mend([plan])
    made = shop.plans(new, given={"product": "new"})
    assert [p.action for p in made] == ["create_product"]
    ((id, sku),) = shop.rows(
        "SELECT id, sku FROM products WHERE vendor = 'stripe' AND sku IS NOT NULL ORDER BY id LIMIT 1"
    )
    picked = shop.plans(old, given={"product": id})
    assert after(picked[0]) == {"sku": sku} and set(shop.mend([*made, *picked])) == {"done"}
    assert set(shop.mend([*made, *picked])) <= {"found", "nothing"}
    shop.look_again()
    assert shop.rows("SELECT sku FROM lines WHERE document = 'deal' AND document_id = ?", second["deal_id"]) == [(sku,)]
    there = shop.rows("SELECT name, unit_price, currency FROM products WHERE vendor = 'stripe' AND sku = 'DRN-1'")
    assert there == [("Drone survey", 1200, "EUR")]
    assert set(shop.rows("SELECT state FROM findings WHERE id IN (?, ?)", new, old)) <= {("fixed",)}
