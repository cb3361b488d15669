"""Plans that keep customers, products and quotes equal in the CRM and in billing, for findings that say so."""

from collections.abc import Callable, Mapping
from typing import Any

from reconcile.action import Caution, Plan, Sentence, registry
from reconcile.baselines import Pair
from reconcile.facts import Facts, Record
from reconcile.offers import guarded, missing_quote
from reconcile.records import pair_of, stands

Given = Mapping[str, str]
_VERDICTS = {"record_changed": ("to_billing", "to_crm"), "record_conflict": ("conflict",),
             "record_not_owner": ("not_owner",)}  # fmt: skip
_BACK = Caution(code="not_owner", says=Sentence(
    text="{vendor} does not decide this field: confirming writes the other system's value over what was changed there."
))  # fmt: skip


def changed(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    """Write what the owner says to the other side, each record once; where both changed, ask which stands."""
    verdicts = _VERDICTS.get(finding["check"], ())
    rows = [row for row in _fields(finding, facts) if row["verdict"] in verdicts]
    if not rows:
        return []
    if finding["check"] == "record_conflict":
        return _conflict(rows, facts, given)
    if finding["check"] == "record_not_owner":
        toward = {"crm": "billing", "billing": "crm"}
        plans = [_plan([r for r in rows if toward[r["owner"]] == to], to, facts) for to in ("billing", "crm")]
        return [_cautioned(plan) for plan in plans if plan]
    plans = [_plan([r for r in rows if r["verdict"] == f"to_{to}"], to, facts) for to in ("billing", "crm")]
    return [plan for plan in plans if plan]


def _conflict(rows: list[Record], facts: Facts, given: Given) -> list[Plan]:
    """Ask which side stands, and write it over the other. Where one side owns a field, only it can."""
    owners = {row["owner"] for row in rows} - {"either"}
    may = ("crm", "billing") if not owners else tuple(owners) if len(owners) == 1 else ()
    picked = given.get("stands", "")
    if picked in may:
        plan = _plan(rows, {"crm": "billing", "billing": "crm"}[picked], facts)
        return [plan] if plan else []
    if not may:  # fields of two owners: each is its owner's
        plans = [_plan([r for r in rows if r["owner"] == o], to, facts)
                 for o, to in (("crm", "billing"), ("billing", "crm"))]  # fmt: skip
        return [_cautioned(plan) for plan in plans if plan]
    plan = _plan(rows, "billing" if "crm" in may else "crm", facts)
    return [plan.model_copy(update={"needs": (stands(rows, may),), "preview": ()})] if plan else []


def _plan(rows: list[Record], to: str, facts: Facts) -> Plan | None:
    """Return the plan that gives one side of a pair what the other says of these fields."""
    if not rows:
        return None
    thing, pair = _thing(rows[0]["entity"]), pair_of(rows[0])
    vendor, id = (pair.billing_vendor, pair.billing_id) if to == "billing" else (pair.crm_vendor, pair.crm_id)
    target = _record(pair.entity, vendor, id, facts)
    if target is None or not facts.can(vendor, f"update_{thing}"):
        return None
    made: Plan = registry()[f"sync_{thing}"].plan(rows, to, target)
    return guarded(made, rows, to, facts) if pair.entity == "quotes" else made


def _cautioned(plan: Plan) -> Plan:
    says = _BACK.says.model_copy(update={"values": {"vendor": plan.vendor}})
    return plan.model_copy(update={"cautions": (*plan.cautions, _BACK.model_copy(update={"says": says}))})


def deleted(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    """Retire the record that is left, as the settings say."""
    entity, thing = finding["subject_table"], _thing(finding["subject_table"])
    vendor, id = finding["subject_vendor"], finding["subject_id"]
    gone_vendor, _, gone_id = (finding["part"] or "").partition(":")
    how, record = facts.settings.sync.of(entity).on_delete, _record(entity, vendor, id, facts)
    pair = facts.one(
        "SELECT DISTINCT entity, crm_vendor, crm_id, billing_vendor, billing_id FROM baselines WHERE entity = ? AND "
        "((crm_vendor = ? AND crm_id = ? AND billing_vendor = ? AND billing_id = ?) OR "
        "(billing_vendor = ? AND billing_id = ? AND crm_vendor = ? AND crm_id = ?))",
        entity, *(vendor, id, gone_vendor, gone_id) * 2,
    )  # fmt: skip
    if how == "keep" or record is None or pair is None or not facts.can(vendor, f"retire_{thing}"):
        return []
    return [registry()[f"retire_{thing}"].plan(record, Pair(**pair), how)]


def missing_customer(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    """Make a customer on the side that lacks it, and store its id where it came from."""
    customer = facts.customer(finding["subject_vendor"], finding["subject_id"])
    if customer is None or not facts.settings.sync.customers.creates:
        return []
    to = _other(customer["vendor"], facts)
    if not facts.can(to, "create_customer"):
        return []
    if (picked := facts.customer(to, given.get("customer_id"))) is not None:  # a person says that it is there
        known = registry()["update_customer"].plan(customer, {"other_id": picked["id"]})
        return [known] if known else []
    created = registry()["create_customer"].plan(customer, None, facts, given, False, to)
    if to != facts.billing or not facts.can(customer["vendor"], "update_customer"):
        return [created]
    stored = registry()["update_customer"].plan(customer, {}, {"other_id": (created.key, "id")})
    return [created, stored]


def missing_product(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    """Make a product on the side that lacks it."""
    product = _record("products", finding["subject_vendor"], finding["subject_id"], facts)
    if product is None or not facts.settings.sync.products.creates:
        return []
    to = _other(product["vendor"], facts)
    return [registry()["create_product"].plan(product, to)] if facts.can(to, "create_product") else []


CHAINS: Mapping[str, Callable[[Record, Facts, Given], list[Plan]]] = {
    "sync_customer": changed,
    "sync_product": changed,
    "sync_quote": changed,
    "retire_customer": deleted,
    "retire_product": deleted,
    "create_customer": missing_customer,
    "create_product": missing_product,
    "create_quote": missing_quote,
}


def is_shared(billed: Record, ours: Record, facts: Facts) -> bool:
    """Return whether changes of a customer are written at all: they may be off, or for new records only."""
    pair = facts.one(
        "SELECT is_in_scope FROM record_pairs WHERE entity = 'customers' AND crm_vendor = ? AND crm_id = ? "
        "AND billing_vendor = ? AND billing_id = ?",
        ours["vendor"], ours["id"], billed["vendor"], billed["id"],
    )  # fmt: skip
    chosen = facts.settings.sync.customers
    in_scope = pair["is_in_scope"] if pair else chosen.backfill or not chosen.only_new
    return chosen.updates and bool(in_scope)


def kept(known: Record, facts: Facts, given: Given) -> Record:
    """Return what is known of a customer without the fields that are not to be shared; what is typed in counts."""
    out = facts.settings.sync.left_out("customers")
    return {name: None if name in out and not given.get(name) else value for name, value in known.items()}


def _fields(finding: Record, facts: Facts) -> list[Record]:
    return facts.all(
        "SELECT * FROM record_fields WHERE entity = ? AND crm_vendor = ? AND crm_id = ? AND billing_vendor = ? "
        "ORDER BY field",
        finding["subject_table"], finding["subject_vendor"], finding["subject_id"], finding["part"],
    )  # fmt: skip


def _record(entity: str, vendor: str, id: str, facts: Facts) -> Record | None:
    if entity == "customers":
        return facts.customer(vendor, id)
    if entity == "quotes":
        return facts.one("SELECT * FROM quotes WHERE vendor = ? AND id = ?", vendor, id)
    return facts.one("SELECT * FROM products WHERE vendor = ? AND id = ?", vendor, id)


def _other(vendor: str, facts: Facts) -> str:
    """Return the system on the other side."""
    return facts.crm if vendor == facts.billing else facts.billing


def _thing(entity: Any) -> str:
    return str(entity).removesuffix("s")
