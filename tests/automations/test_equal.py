"""Customers and products kept equal in the CRM and in billing: the owner's change goes over, nothing goes back."""

import json
from decimal import Decimal
from typing import Any

import pytest
from company import PAUSES, Shop

from extract.model import CustomerDraft, ProductDraft
from reconcile import settings
from reconcile.action import Plan
from reconcile.automations.switch import switch
from reconcile.automations.turn import turn
from reconcile.connections import connections
from reconcile.fieldmap import FieldChoice, Sync
from reconcile.settings import Automation

CHECKS = ("record_changed", "record_conflict", "record_not_owner", "customer_missing", "product_missing",
          "customer_deleted", "product_deleted")  # fmt: skip
SEVEN = {"name": "Renamed SL", "tax_id": "B35680669", "email": "new@renamed.example", "street": "Calle Nueva 7",
         "city": "Sevilla", "region": "Sevilla", "postcode": "41001"}  # fmt: skip


class Sides:
    """The two systems as their users see them, and one record that both have."""

    def __init__(self, shop: Shop) -> None:
        self.shop, vendors = shop, connections(shop.data)
        self.crm: Any = vendors["hubspot"]
        self.billing: Any = vendors["stripe"]

    def pair(self, entity: str = "customers", at: int = 0, where: str = "TRUE") -> tuple[str, str]:
        """Return the ids of a pair that is equal in all its fields."""
        found = self.shop.rows(
            f"""SELECT p.crm_id, p.billing_id FROM record_pairs AS p JOIN record_fields AS f USING (entity, crm_id)
            JOIN {entity} AS r ON r.vendor = p.crm_vendor AND r.id = p.crm_id
            WHERE p.entity = ? AND {where} GROUP BY ALL
            HAVING COUNT(*) FILTER (f.verdict <> 'same' AND f.field <> 'email') = 0 ORDER BY 1""", entity,
        )  # fmt: skip
        return found[at]

    def choose(self, entity: str = "customers", chosen: Sync | None = None, **fields: FieldChoice) -> None:
        """Set how a sort of record is kept equal, and fields of it."""
        known = settings.load(self.shop.data).sync
        made = (chosen or Sync()).model_copy(update={"fields": fields})
        self.shop.set(sync=known.model_copy(update={entity: made}))

    def findings(self) -> dict[tuple[str, str], str]:
        """Return the open findings of this subject, by check and record."""
        rows = self.shop.rows("SELECT \"check\", subject_id, id FROM findings WHERE state = 'open'")
        return {(check, subject): id for check, subject, id in rows if check in CHECKS}

    def look(self) -> dict[tuple[str, str], str]:
        """Read both systems, compare, and return what is open."""
        self.shop.look_again()
        return self.findings()

    def plans(self, **given: str) -> list[Plan]:
        """Return what would mend all that is open."""
        return self.shop.plans(*self.findings().values(), given=given)


@pytest.fixture
def sides(shop: Shop) -> Sides:
    return Sides(shop)


def said(record: dict[str, Any], fields: Any) -> dict[str, str]:
    return {name: str(record[name] or "") for name in fields}


@pytest.mark.capability("CUST-6", "MAP-5", "SYNC-1", "SYNC-2", "SYNC-7")
def test_the_owners_change_goes_over_once_and_nothing_goes_back(sides: Sides) -> None:
    """Seven fields changed in the CRM, one in billing, one in both, one where it does not decide: each as it must."""
    with_deals = "r.country = 'ES' AND r.id IN (SELECT customer_id FROM deals WHERE status = 'won')"
    (a, a_), (b, b_), (c, c_), (d, d_) = (sides.pair(at=at, where=with_deals) for at in range(4))
    sides.choose(phone=FieldChoice(owner="either"))
    invoices = sides.shop.rows("SELECT * FROM invoices WHERE customer_id = ? ORDER BY id", a_)
    was = said(sides.billing.customer(a_), SEVEN)
    sides.crm.update_customer(a, SEVEN)
    sides.billing.update_customer(b_, {"phone": "+34 600 000 001"})
    sides.crm.update_customer(c, {"phone": "+34 600 000 002"})
    sides.billing.update_customer(c_, {"phone": "+34 600 000 003"})
    sides.billing.update_customer(d_, {"city": "Jaca"})
    found = sides.look()
    assert set(found) == {
        ("record_changed", a), ("record_changed", b), ("record_conflict", c), ("record_not_owner", d)
    }  # fmt: skip
    again = "SELECT \"check\" FROM findings WHERE state = 'open' AND subject_id IN (?, ?)"
    assert sides.shop.rows(again, a_, d_) == []  # one change, one finding
    evidence = sides.shop.rows("SELECT evidence FROM findings WHERE \"check\" = 'record_conflict'")[0][0]
    assert [(e["left"], e["right"]) for e in json.loads(evidence)] == [("+34 600 000 002", "+34 600 000 003")]
    plans = {p.findings[0]: p for p in sides.plans()}
    preview = plans[found["record_changed", a]]
    assert {f.field: (f.before, f.after) for f in preview.preview} == {f: (was[f], SEVEN[f]) for f in SEVEN}
    assert (preview.vendor, preview.subject.id) == ("stripe", a_)
    asked = plans[found["record_conflict", c]]
    assert [set(need.options) for need in asked.needs] == [{"crm", "billing"}]

    ours = sides.crm.customer(a)
    switch(sides.shop.data, "customer_data", Automation(mode="automatic", daily_cap=100), "ana")
    assert {r.state for r in turn(sides.shop.data, pauses=PAUSES).runs} == {"done"}
    assert said(sides.billing.customer(a_), SEVEN) == SEVEN and sides.crm.customer(a) == ours
    assert sides.crm.customer(b)["phone"] == "+34 600 000 001"
    assert (sides.crm.customer(c)["phone"], sides.billing.customer(c_)["phone"]) == (
        "+34 600 000 002", "+34 600 000 003"
    )  # fmt: skip
    assert sides.crm.customer(d)["city"] != "Jaca" == sides.billing.customer(d_)["city"]
    entry = next(e for e in sides.shop.store.entries(action="sync_customer") if e["subject"].endswith(a_))
    assert entry["before"] == was and entry["after"] == SEVEN

    sides.billing.update_customer(a_, {"phone": "+34 600 000 004"})  # now the other side of the same record
    assert set(sides.look()) == {("record_changed", a), ("record_conflict", c), ("record_not_owner", d)}
    assert sides.shop.rows("SELECT * FROM invoices WHERE customer_id = ? ORDER BY id", a_) == invoices != []
    turn(sides.shop.data, pauses=PAUSES)
    assert sides.crm.customer(a)["phone"] == "+34 600 000 004"
    assert set(sides.look()) == {("record_conflict", c), ("record_not_owner", d)}
    written = len(sides.shop.writes())
    assert turn(sides.shop.data, pauses=PAUSES).runs == ()
    assert sides.shop.mend([preview]) == ["nothing"] and len(sides.shop.writes()) == written

    (picked,) = sides.shop.plans(sides.findings()["record_conflict", c], given={"stands": "billing"})
    assert sides.shop.mend([picked]) == ["done"]
    assert sides.crm.customer(c)["phone"] == sides.billing.customer(c_)["phone"] == "+34 600 000 003"
    sides.choose(city=FieldChoice(owner="billing"))  # whoever owns it decides: now it flows back
    assert set(sides.look()) == {("record_changed", d)}
    (plan,) = sides.plans()
    assert (plan.vendor, plan.subject.id, plan.cautions) == ("hubspot", d, ())
    sides.crm.update_customer(d, {"city": "Teruel"})  # while somebody looks at the preview
    assert sides.shop.mend([plan]) == ["refused"] and sides.crm.customer(d)["city"] == "Teruel"


@pytest.mark.capability("SYNC-3", "SYNC-4", "SYNC-5", "MAP-1", "CUST-7")
def test_what_is_chosen_for_customers_holds(sides: Sides) -> None:
    """Off; new ones only; those from before too; made, changed or both; kept, marked or deleted; a field not ticked."""
    (a, a_), (b, b_), (c, c_), (d, d_) = (sides.pair(at=at, where="r.country = 'ES'") for at in range(4))
    sides.crm.update_customer(a, {"city": "Lugo"})
    sides.billing.update_customer(b_, {"phone": "+34 600 000 009"})
    fresh = sides.crm.create_customer(draft("fresh", "New in the CRM SL", "B35680669")).id
    other = sides.billing.create_customer(draft("other", "New in billing SL", "B58818501")).id
    rfcs = {
        "a person": "GODE561231GR8",
        "a company": "ABC680524P76",
        "anybody": "XAXX010101000",
        "any": "XAXX010101000",
    }
    mexican = {k: sides.billing.create_customer(draft(k, f"New {k}", rfc, "MX")).id for k, rfc in rfcs.items()}
    new = {("customer_missing", id) for id in (fresh, other, *mexican.values())}
    old = sides.shop.rows(
        "SELECT id FROM customers WHERE vendor = 'hubspot' AND kind = 'company' "
        "AND id NOT IN (SELECT left_id FROM links WHERE left_table = 'customers') ORDER BY id"
    )[0][0]  # fmt: skip

    sides.choose(chosen=Sync(on=False))
    assert sides.look() == {}  # off: nothing is offered, nothing can be written
    sides.choose(chosen=Sync(does="create"))
    assert set(sides.look()) == new
    sides.choose(chosen=Sync(does="create_and_update", only_new=True), city=FieldChoice(on=False))
    found = sides.look()
    assert set(found) == new  # a and b are from before
    differ = sides.shop.rows(
        "SELECT id FROM findings WHERE \"check\" IN ('contact_differs', 'tax_id_differs') AND action <> ''"
    )  # fmt: skip
    assert differ and sides.shop.plans(*(id for (id,) in differ)) == []  # so are those that never were equal
    made = sides.shop.plans(*found.values())
    assert [p.vendor for p in made if p.action == "create_customer"].count("hubspot") == 5
    for one in ("anybody", "any"):  # an RFC of everybody says neither who nor what it is: that is asked
        (plan,) = sides.shop.plans(found["customer_missing", mexican[one]])
        assert [set(need.options) for need in plan.needs] == [{"person", "company"}]
    (told,) = sides.shop.plans(found["customer_missing", mexican["anybody"]], given={"kind": "person"})
    ready = [told] + [p for p in made if all(q.is_ready for q in made if q.chain == p.chain)]
    asked = [n.name for p in made for n in p.needs]
    assert (
        ready
        and set(sides.shop.mend(ready)) == {"done"}
        and set(asked) <= {"street", "city", "postcode", "email", "kind"}
    )
    parties = {k: sides.crm.find_customer(draft("none", "", None, kind=kind, other_id=mexican[k]))
               for k, kind in (("a person", "person"), ("a company", "company"), ("anybody", "person"))}  # fmt: skip
    assert [p.id.startswith("contact:") for p in parties.values()] == [True, False, True]
    assert sides.crm.find_customer(draft("none", "", "XAXX010101000", "MX")) is None
    assert sides.crm.find_customer(draft("other", "", "B58818501", other_id=other))
    sides.choose(chosen=Sync(does="update", on_delete="inactive"), city=FieldChoice(on=False))
    sides.crm.write("DELETE", f"/crm/objects/2026-03/companies/{c}")
    sides.billing.write("DELETE", f"/v1/customers/{d_}")
    found = sides.look()
    assert set(found) == {("record_not_owner", b), ("customer_deleted", c_), ("customer_deleted", d)}
    marked = [p for p in sides.plans() if p.action == "retire_customer"]
    assert set(sides.shop.mend(marked)) == {"done"} and set(sides.shop.mend(marked)) == {"found"}
    assert sides.crm.is_retired_customer(d, "inactive") and not sides.crm.is_retired_customer(d, "delete")
    assert sides.billing.is_retired_customer(c_, "inactive") and sides.billing.customer(c_)["id"] == c_
    assert sides.billing.customer(a_)["city"] != "Lugo"  # not ticked: neither compared nor written
    sides.choose(chosen=Sync(backfill=True, does="create_and_update", on_delete="delete"))
    found = sides.look()
    assert {("record_changed", a), ("customer_missing", old)} <= set(found)  # ticked again; those from before too
    assert ("customer_deleted", c_) not in found and ("customer_missing", d) not in found
    by_tax_id = "SELECT COUNT(*) FROM links WHERE rule = 'tax_id'"
    assert sides.shop.rows(by_tax_id) != [(0,)]
    sides.choose(tax_id=FieldChoice(on=False))
    sides.look()
    assert sides.shop.rows(by_tax_id) == [(0,)]


def draft(key: str, name: str, tax_id: str | None, country: str = "ES", **more: Any) -> CustomerDraft:
    """Return a customer to create."""
    return CustomerDraft(key=key, name=name, tax_id=tax_id, country=country, **more)


@pytest.mark.capability("PROD-1", "PROD-5", "PROD-7")
def test_products_are_the_same_on_both_sides(sides: Sides) -> None:
    """Name, SKU and price, each changed on each side; made, deleted, left alone; issued invoices keep their prices."""
    pairs = [sides.pair("products", at) for at in range(6)]
    (a, a_), (b, b_), (c, c_), (_, d_), (e, _), (f, f_) = pairs
    price = ("SELECT unit_price FROM lines WHERE document = 'invoice' AND vendor = 'stripe' ORDER BY id",)
    lines = sides.shop.rows(*price)
    sides.crm.update_product(a, {"unit_price": Decimal("111.11"), "currency": "EUR"})
    sides.billing.update_product(b_, {"unit_price": Decimal("222.5"), "currency": "EUR"})
    sides.crm.update_product(c, {"name": "Named in the CRM"})
    sides.billing.update_product(d_, {"name": "Named in billing"})
    sides.crm.update_product(e, {"sku": "SKU-CRM"})
    sides.billing.update_product(f_, {"sku": "SKU-BILLING"})
    sides.choose("products", Sync(on=False))
    assert sides.look() == {}
    sides.choose("products", Sync(only_new=True))
    assert sides.look() == {}
    sides.choose("products", Sync(does="create_and_update", on_delete="inactive"))
    fresh = sides.crm.create_product(product("fresh", "NEW-1")).id
    other = sides.billing.create_product(product("other", "NEW-2")).id
    found = sides.look()
    assert set(found) == {("record_changed", i) for i, _ in pairs} | {("product_missing", i) for i in (fresh, other)}
    plans = sides.plans()
    shown = next(p for p in plans if p.subject.id == a_)
    assert [(x.field, x.after) for x in shown.preview] == [("unit_price", "111.11 EUR")]
    switch(sides.shop.data, "product_data", Automation(mode="automatic"), "ana")
    assert {r.state for r in turn(sides.shop.data, pauses=PAUSES).runs} == {"done"}
    for ours, theirs in pairs:
        left, right = sides.crm.product(ours), sides.billing.product(theirs)
        names = ("sku", "name", "unit_price", "currency")
        assert [left[n] for n in names] == [right[n] for n in names]
    sold = sides.billing.product(a_), sides.crm.product(b), sides.crm.product(e)["sku"], sides.crm.product(f)["sku"]
    assert (sold[0]["unit_price"], sold[1]["unit_price"]) == (Decimal("111.1100"), Decimal("222.5000"))
    assert sold[2:] == ("SKU-CRM", "SKU-BILLING")
    prices = [p for p in sides.billing._list("prices", product=a_) if p["currency"] == "eur"]
    assert sorted((p["active"], p["unit_amount"]) for p in prices)[-1] == (True, 11111) and len(prices) == 2
    assert sum(p["active"] for p in prices) == 1  # a price is never changed: a new one, and the old is archived
    assert sides.crm.find_product(product("none", "NEW-2")) and sides.billing.find_product(product("none", "NEW-1"))
    sides.crm.write("DELETE", f"/crm/objects/2026-03/products/{c}")
    assert set(sides.look()) == {("product_deleted", c_)}
    written = len(sides.shop.writes())
    assert [r.state for r in turn(sides.shop.data, pauses=PAUSES).runs] == ["done"]
    assert len(sides.shop.writes()) == written + 1 and not sides.billing.product(c_)["is_active"]
    assert sides.shop.rows(*price) == lines
    assert sides.look() == {} and turn(sides.shop.data, pauses=PAUSES).runs == ()


def product(key: str, sku: str) -> ProductDraft:
    """Return a product to create."""
    return ProductDraft(key=key, sku=sku, name=f"Product {sku}", unit_price=Decimal("9.90"), currency="EUR")
