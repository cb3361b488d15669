"""Quotes, customers and products made or changed on either side: there on the other, once, or a reason why not."""

import datetime as dt
from decimal import Decimal
from typing import Any

import httpx
import pytest
from company import PAUSES, Shop
from selling import BILLING, CRM, create
from structlog.testing import capture_logs

from dashboard.read import plans
from extract.model import CustomerDraft, ProductDraft
from extract.values import form
from reconcile import settings, workflows
from reconcile.action import Subject
from reconcile.automations.flows import shut
from reconcile.automations.switch import switch
from reconcile.automations.turn import Turn, turn
from reconcile.connections import connections
from reconcile.fieldmap import Sync
from reconcile.settings import Automation, Invoicing

NEW = Sync(does="create_and_update")
UNTIL = dt.date(2030, 1, 31)


class Desk:
    """What sales and finance do in their systems, and what they see there."""

    def __init__(self, shop: Shop) -> None:
        self.shop, vendors = shop, connections(shop.data)
        self.crm: Any = vendors["hubspot"]
        self.billing: Any = vendors["stripe"]
        shop.set(sync=settings.load(shop.data).sync.model_copy(
            update={"customers": NEW, "products": NEW, "quotes": NEW}))  # fmt: skip
        # an open deal of a customer whom both know, and that nothing was invoiced for
        self.deals = shop.rows("""SELECT d.id, p.crm_id, p.billing_id, d.contact_id FROM deals AS d
            JOIN record_pairs AS p ON p.entity = 'customers' AND p.crm_id = d.customer_id AND p.crm_vendor = d.vendor
            JOIN deal_summary AS s ON s.vendor = d.vendor AND s.id = d.id
            WHERE d.status = 'open' AND d.currency = 'EUR' AND s.invoices + s.drafts = 0 ORDER BY d.id""")  # fmt: skip
        self.skus = [sku for (sku,) in shop.rows("""SELECT DISTINCT c.sku FROM products AS c JOIN products AS b
            ON b.sku = c.sku AND b.vendor = 'stripe' WHERE c.vendor = 'hubspot' ORDER BY 1""")]  # fmt: skip

    def sells(self, deal: str, company: str, *lines: tuple[str, str, str], status: str = "APPROVAL_NOT_NEEDED") -> str:
        """Publish a quote in the CRM; lines are SKU, quantity and price."""
        said = {"hs_title": "Offer", "hs_expiration_date": str(UNTIL), "hs_status": status, "hs_currency": "EUR",
                "hs_quote_amount": str(sum(Decimal(q) * Decimal(p) for _, q, p in lines))}  # fmt: skip
        id = create(self.shop, "quotes", said, [(deal, 64), (company, 71)])
        for at, (sku, quantity, price) in enumerate(lines):
            create(self.shop, "line_items", {"name": f"Line {sku}", "hs_sku": sku, "quantity": quantity,
                   "price": price, "hs_tax_rate": "21", "hs_position_on_quote": str(at)}, [(id, 68)])  # fmt: skip
        return id

    def changes(self, quote: str, **properties: str) -> None:
        """Change a quote in the CRM."""
        path = f"{self.shop.url}/crm/objects/2026-03/quotes/{quote}"
        assert httpx.patch(path, headers=CRM, json={"properties": properties}).is_success

    def bills(self, path: str, **values: Any) -> dict[str, Any]:
        """Do something in billing by hand."""
        reply = httpx.post(f"{self.shop.url}/v1/{path}", data=form(values), headers=BILLING)
        assert reply.is_success, reply.text
        return dict(reply.json())

    def offers(self, customer: str, deal: str, sku: str) -> str:
        """Finalize a quote in billing; return its id."""
        product = self.shop.rows("SELECT id FROM products WHERE vendor = 'stripe' AND sku = ?", sku)[0][0]
        rate = self.bills("tax_rates", display_name="IVA", percentage="21", inclusive=False)["id"]
        price = {"currency": "eur", "product": product, "unit_amount": 1250, "tax_behavior": "exclusive"}
        made = self.bills("quotes", customer=customer, metadata={"crm_deal_id": deal}, description="Made in billing",
                          collection_method="send_invoice", invoice_settings={"days_until_due": 30},
                          line_items=[{"quantity": 4, "price_data": price, "tax_rates": [rate]}])  # fmt: skip
        return str(self.bills(f"quotes/{made['id']}/finalize")["id"])

    def runs(self) -> Turn:
        """Let the flows take their turn, and look at both systems after it."""
        done = turn(self.shop.data, pauses=PAUSES)
        assert {run.state for run in done.runs} <= {"done"}
        self.shop.look_again()
        return done

    def open(self, check: str) -> dict[str, str]:
        """Return the open findings of a check, by record."""
        query = "SELECT subject_id, id FROM findings WHERE state = 'open' AND \"check\" = ?"
        return dict(self.shop.rows(query, check))

    def other(self, id: str) -> str:
        """Return the same quote in the other system."""
        query = "SELECT crm_id, billing_id FROM record_pairs WHERE entity = 'quotes' AND ? IN (crm_id, billing_id)"
        return str(next(one for one in self.shop.rows(query, id)[0] if one != id))


@pytest.fixture
def desk(shop: Shop) -> Desk:
    made = Desk(shop)
    for flow in ("customer_data", "product_data"):
        switch(shop.data, flow, Automation(mode="automatic", daily_cap=100), "ana")
    return made


@pytest.mark.capability("QUOTE-4", "QUOTE-5", "SYNC-6")
def test_what_is_made_or_changed_on_one_side_is_so_on_the_other(desk: Desk) -> None:
    """Six ways: a customer, a product and a quote, from either side. What cannot be made says why; the rest goes on."""
    (deal, ours, theirs, _), (deal_b, ours_b, theirs_b, _) = desk.deals[:2]
    one, two = desk.skus[:2]
    who = {"country": "ES", "city": "Lugo", "postcode": "27001"}
    made = {
        "crm customer": desk.crm.create_customer(CustomerDraft(
            key="a", name="Herrajes Xistral SL", tax_id="B35680669", street="Rúa 1", email="x@one.example", **who)).id,
        "billing customer": desk.billing.create_customer(CustomerDraft(
            key="b", name="Ñandú Quórum SA", tax_id="B58818501", street="Vía 9", email="b@two.example", **who)).id,
        "crm product": desk.crm.create_product(article("CRM-1")).id,
        "billing product": desk.billing.create_product(article("BILL-1")).id,
    }  # fmt: skip
    sold = desk.sells(deal, ours, (one, "2", "100"), (two, "1", "49.90"))
    billed = desk.offers(theirs_b, deal_b, two)
    nameless = desk.sells(deal, ours, (one, "1", "10"), ("NOWHERE-1", "1", "10"))
    stranger = create(desk.shop, "companies", {"name": "Stranger SL"}, [])
    strange = desk.sells(deal, stranger, (one, "1", "10"))
    draft = desk.sells(deal, ours, (one, "1", "10"), status="DRAFT")
    desk.shop.look_again()
    missing = desk.open("quote_missing")
    assert set(missing) == {sold, billed, nameless, strange} and draft not in missing
    assert [str(why) for why in shut(desk.shop.data, found(desk, missing[sold]))] == [
        "This automation is off: switch it to “suggest” on the page Automations."
    ]
    switch(desk.shop.data, "quote_data", Automation(mode="automatic"), "ana")
    (plan, _) = desk.shop.plans(missing[sold])
    assert {c.field: c.after for c in plan.preview if c.field in ("net", "gross", "valid_until_on")} == {
        "net": "249.90", "gross": "302.38", "valid_until_on": "2030-01-31"
    }  # fmt: skip
    with capture_logs() as logged:
        done = desk.runs()
    held = {h.plans[0].subject.id: str(h.held) for h in done.held if h.flow == "quote_data"}
    assert {e["subject"]: e["reason"] for e in logged if e["event"] == "held" and e["flow"] == "quote_data"} == {
        f"quotes:hubspot:{id}": why for id, why in held.items()
    }
    assert held == {
        nameless: "Not in stripe yet: Line NOWHERE-1 (NOWHERE-1). The quote is made once all its products are there.",
        strange: "Stranger SL is not in stripe yet: the quote is made once the customer is there.",
    }
    assert desk.billing.find_customer(CustomerDraft(key="none", name="", tax_id="B35680669", country="ES"))
    assert desk.crm.find_customer(CustomerDraft(key="none", name="", tax_id="B58818501", country="ES"))
    assert desk.billing.find_product(article("CRM-1")) and desk.crm.find_product(article("BILL-1"))

    equal(desk, sold, desk.other(sold), customers=(ours, theirs), gross=Decimal("302.38"))
    equal(desk, desk.other(billed), billed, customers=(ours_b, theirs_b), gross=Decimal("60.50"))
    shown = plans.quote(desk.shop.data, "hubspot", sold)
    assert shown and (shown["other_vendor"], shown["other_id"]) == ("stripe", desk.other(sold))
    assert desk.crm.quote(sold)["other_quote_id"] == desk.other(sold)
    assert desk.billing.quote(desk.other(sold))["other_quote_id"] == sold
    assert desk.crm.quote(desk.other(billed))["other_quote_id"] == billed
    assert set(desk.open("quote_missing")) == {nameless, strange}
    written = len(desk.shop.writes())
    desk.runs()
    assert len(desk.shop.writes()) == written  # nothing twice, nothing back

    desk.changes(sold, hs_expiration_date="2030-03-31")
    desk.bills(f"quotes/{billed}", expires_at=int(dt.datetime(2030, 4, 30, 20, tzinfo=dt.UTC).timestamp()))
    desk.crm.update_customer(ours, {"city": "Vigo"})
    desk.billing.update_customer(made["billing customer"], {"phone": "+34 600 000 001"})
    desk.crm.update_product(made["crm product"], {"name": "Named in the CRM"})
    desk.billing.update_product(made["billing product"], {"name": "Named in billing"})
    desk.shop.look_again()
    changed = desk.open("record_changed")
    assert {sold, desk.other(billed), ours, made["crm product"]} <= set(changed)
    desk.runs()
    assert desk.billing.quote(desk.other(sold))["valid_until_on"] == dt.date(2030, 3, 31)
    assert desk.crm.quote(desk.other(billed))["valid_until_on"] == dt.date(2030, 4, 30)
    assert desk.billing.customer(theirs)["city"] == "Vigo"
    twin = desk.crm.find_customer(CustomerDraft(key="none", name="", tax_id="B58818501", country="ES")).id
    assert desk.crm.customer(twin)["phone"] != "+34 600 000 001"  # the CRM decides: shown, and a person says so
    names = [desk.billing.find_product(article("CRM-1")).id, desk.crm.find_product(article("BILL-1")).id]
    assert desk.billing.product(names[0])["name"] == "Named in the CRM"
    assert desk.crm.product(names[1])["name"] == "Named in billing"
    assert set(desk.open("record_changed")) == set()


@pytest.mark.capability("QUOTE-4", "INV-5")
def test_what_becomes_of_a_quote_goes_across_and_never_makes_two_invoices(desk: Desk) -> None:
    """Accepted in the CRM: accepted in billing, whose draft is the deal's only invoice. Cancelled in billing: told."""
    (deal, ours, _, _), (deal_b, _, theirs_b, _), (deal_c, ours_c, _, _), (deal_d, ours_d, _, _) = desk.deals[:4]
    sku = desk.skus[0]
    switch(desk.shop.data, "quote_data", Automation(mode="automatic"), "ana")
    sold, billed = desk.sells(deal, ours, (sku, "1", "100")), desk.offers(theirs_b, deal_b, sku)
    invoiced = desk.sells(deal_c, ours_c, (sku, "1", "50"))
    desk.shop.look_again()
    desk.runs()
    there = {id: desk.other(id) for id in (sold, billed, invoiced)}
    assert [p.action for p in desk.shop.plans(*desk.open("quote_missing").values())] == []
    by_hand = workflows.offer(desk.shop.data, "create_invoice", Subject(table="quotes", vendor="hubspot", id=invoiced))
    assert set(desk.shop.mend(by_hand)) <= {"done", "found", "nothing"}
    half = desk.sells(deal_d, ours_d, (sku, "1.5", "100"))  # which Stripe refuses on a quote
    desk.bills(f"quotes/{billed}/cancel")
    desk.changes(sold, hs_status="ACCEPTED")
    desk.changes(invoiced, hs_status="ACCEPTED")
    desk.shop.look_again()
    done = desk.runs()
    (told,) = [str(n.says) for p in desk.shop.plans(desk.open("quote_missing")[half]) for n in p.needs]
    assert told.startswith("Stripe takes whole quantities only on a quote: ") and "(1.5)" in told
    assert desk.crm.quote(there[billed])["status"] == "rejected"
    held = {h.plans[0].subject.id: str(h.held) for h in done.held if h.flow == "quote_data"}
    assert held[there[sold]].startswith("Accepting it makes billing draft the invoice")
    assert held[there[invoiced]].startswith("Its deal has an invoice already")
    assert desk.billing.quote(there[invoiced])["status"] == "published"

    desk.shop.set(invoicing=Invoicing())  # drafts stay drafts
    (accepting,) = desk.shop.plans(desk.open("record_changed")[sold])
    racing = workflows.offer(desk.shop.data, "create_invoice", Subject(table="quotes", vendor="hubspot", id=sold))
    assert desk.shop.mend([accepting]) == ["done"] and desk.shop.mend([accepting]) == ["nothing"]
    assert desk.shop.mend(racing)[0] == "found"  # the one that billing drafted
    made = [i["total"] for i in desk.billing._list("invoices") if i["metadata"].get("crm_deal_id") == deal]
    assert made == [12100]
    desk.shop.look_again()
    assert desk.shop.rows("SELECT invoices + drafts FROM deal_summary WHERE id = ?", deal) == [(1,)]
    assert sold not in desk.open("record_changed") and sold not in desk.open("quote_not_invoiced")

    for _ in ("the draft that accepting made", "the one that was made in its place"):  # somebody deletes it in billing
        (draft,) = [i for i in desk.billing._list("invoices") if i["metadata"].get("crm_deal_id") == deal]
        assert draft["status"] == "draft" and desk.shop.mend(racing)[0] == "found"
        early = workflows.offer(desk.shop.data, "create_invoice", Subject(table="quotes", vendor="hubspot", id=sold))
        assert not any(c.code == "made_again" for plan in early for c in plan.cautions)  # it is there
        desk.billing.delete_draft(draft["id"])
        desk.shop.look_again()
        again = workflows.offer(desk.shop.data, "create_invoice", Subject(table="quotes", vendor="hubspot", id=sold))
        (told,) = [str(c.says) for plan in again for c in plan.cautions if c.code == "made_again"]
        assert told == "The draft that was made for it before is no longer in stripe: this makes a new one."
        assert desk.shop.mend(again)[0] == "done" and desk.shop.mend(again)[0] == "found"
        desk.shop.look_again()
    made = [i["total"] for i in desk.billing._list("invoices") if i["metadata"].get("crm_deal_id") == deal]
    assert made == [12100]


def article(sku: str) -> ProductDraft:
    return ProductDraft(key=sku, sku=sku, name=f"Article {sku}", unit_price=Decimal("12.50"), currency="EUR")


def found(desk: Desk, finding: str) -> list[dict[str, Any]]:
    rows = desk.shop.rows("SELECT action, \"check\", subject_table, subject_vendor, subject_id, owner_id, "
                          "amount_at_stake, currency FROM findings WHERE id = ?", finding)  # fmt: skip
    names = ("action", "check", "subject_table", "subject_vendor", "subject_id", "owner_id", "amount_at_stake",
             "currency")  # fmt: skip
    return [dict(zip(names, row, strict=True)) for row in rows]


def equal(desk: Desk, ours: str, theirs: str, customers: tuple[str, str], gross: Decimal) -> None:
    """Compare a quote of both systems: totals, lines, customer, deal, day and state."""
    left, right = desk.crm.quote(ours), desk.billing.quote(theirs)
    for name in ("net", "currency", "valid_until_on", "status", "lines", "deal_id"):
        assert left[name] == right[name], name
    assert (left["customer_id"], right["customer_id"]) == customers
    assert right["gross"] == gross and left["status"] == "published"
