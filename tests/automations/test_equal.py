"""Customers and products kept equal in the CRM and in billing: the owner's change goes over, nothing goes back."""

import json
from typing import Any

import pytest
from company import PAUSES, Shop

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
