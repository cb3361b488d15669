"""Where each field is kept on both sides, what state it is in, and which mandatory one has no place."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from extract.vendor import Vendor
from reconcile import baselines
from reconcile.fieldmap import ENTITIES, Owner
from reconcile.ledger import Ledger
from reconcile.settings import Settings
from reconcile.state import State

DOCUMENTS = "documents"  # what goes from a deal to its invoice; always on, and the CRM decides
_LINES = ("description", "quantity", "unit_price", "tax_rate", "discount_rate", "sku")
WHY = {
    "amount": "Checked against the invoice.",
    "currency": "Currency of the invoice.",
    "description": "Text of the invoice's line.",
    "quantity": "Quantity of the invoice's line.",
    "unit_price": "Price of the invoice's line.",
    "tax_rate": "Tax of the invoice's line.",
    "discount_rate": "Discount of the invoice's line.",
    "sku": "Finds the product in billing.",
}
_MANDATORY = {"customers": (), "products": (), DOCUMENTS: ("currency", "description", "quantity", "unit_price")}
_NEEDED = {"customer_data": ("customers",), "product_data": ("products",), "quote_data": ("quotes",),
           "deal_to_invoice": ("customers", DOCUMENTS)}  # fmt: skip
_MANY = 10_000  # wishes that are looked through for errors


class Row(NamedTuple):
    """One field of a sort of record: where it is, who decides, what it is for and how it is doing."""

    entity: str
    field: str
    crm_place: str  # property or column there; empty where it has none
    billing_place: str
    owner: Owner
    is_on: bool
    is_mandatory: bool
    why: str
    option: str = ""  # of the CRM's connection, that says where it is; empty where that is fixed
    last_at: dt.datetime | None = None  # found or made equal
    errors: int = 0  # writings that were refused or are in doubt

    @property
    def is_mapped(self) -> bool:
        """Whether both sides have a place for it."""
        return bool(self.crm_place and self.billing_place)

    @property
    def direction(self) -> str:
        """Return to_billing, to_crm, both, or nothing where it does not move."""
        if not self.is_on or not self.is_mapped:
            return ""
        return {"crm": "to_billing", "billing": "to_crm", "either": "both"}[self.owner]


def pairs(vendors: Mapping[str, Vendor]) -> list[tuple[str, str]]:
    """Return the connections that are kept equal, each CRM with each billing system."""
    crms = [name for name, v in vendors.items() if v.kind == "crm" and v.places("customers")]
    billers = [name for name, v in vendors.items() if v.kind == "billing" and v.places("customers")]
    return [(crm, billing) for crm in crms for billing in billers]


def rows(settings: Settings, crm: Vendor, billing: Vendor, store: State | None = None) -> list[Row]:
    """Return the fields of customers, products, quotes and documents in order, with their state if `store` is given."""
    last = baselines.last(store) if store else {}
    bad = errors(store) if store else Counter()
    found = []
    for entity in ENTITIES:
        ours, theirs = crm.places(entity), billing.places(entity)
        there = bool(ours) and bool(theirs)  # a system without quotes lacks no field of them
        on = settings.sync.of(entity).on and there
        for c in settings.sync.chosen(entity):
            key = (entity, c.name)
            found.append(
                Row(entity, c.name, ours.get(c.name, ""), theirs.get(c.name, ""), c.owner, on and c.is_on,
                    c.is_mandatory and there, c.why, _option(crm, c.name), last.get(key), bad[key])
            )  # fmt: skip
    return found + _documents(crm, billing)


def _documents(crm: Vendor, billing: Vendor) -> list[Row]:
    deals, lines, invoices, theirs = (
        crm.places("deals"), crm.places("lines"), billing.places("invoices"), billing.places("lines"),
    )  # fmt: skip
    head = [(f, deals.get(f, ""), invoices.get(f, "")) for f in ("amount", "currency")]
    body = [(f, lines.get(f, ""), theirs.get(f, "")) for f in _LINES]
    must = _MANDATORY[DOCUMENTS]
    return [Row(DOCUMENTS, f, a, b, "crm", True, f in must, WHY[f]) for f, a, b in head + body]


def places(settings: Settings, vendors: Mapping[str, Vendor]) -> dict[str, str]:
    """Return where each field that is kept equal is on both sides, by entity.field."""
    found: dict[str, str] = {}
    for crm, billing in pairs(vendors):
        for row in rows(settings, vendors[crm], vendors[billing]):
            if row.entity in ENTITIES:
                name = f"{row.entity}.{row.field}"
                here = f"{crm}:{row.crm_place}>{billing}:{row.billing_place}"
                found[name] = f"{found[name]} {here}" if name in found else here
    return found


def unmapped(settings: Settings, vendors: Mapping[str, Vendor], flow: str) -> list[str]:
    """Return the mandatory fields that a flow writes and that one side has no place for, by name."""
    wanted, lacking = _NEEDED.get(flow, ()), dict[str, None]()
    for crm, billing in pairs(vendors):
        for row in rows(settings, vendors[crm], vendors[billing]):
            if row.entity in wanted and row.is_mandatory and row.is_on and not row.is_mapped:
                lacking[row.field] = None
    return list(lacking)


def errors(store: State) -> Counter[tuple[str, str]]:
    """Return how many writings of each field, by sort of record, were refused or are in doubt."""
    found: Counter[tuple[str, str]] = Counter()
    for state in ("refused", "doubt"):
        for row in Ledger(store).rows(state, _MANY):
            if row["action"] in ("sync_customer", "sync_product", "sync_quote"):
                entity = row["action"].removeprefix("sync_") + "s"
                found.update((entity, field) for field in _written(row["request"]))
    return found


def _written(request: Mapping[str, Any]) -> Iterable[str]:
    said: dict[str, Any] = json.loads((request.get("data") or {}).get("fields", "{}"))
    return said


def _option(vendor: Vendor, field: str) -> str:
    """Return the option that says where a field is; empty where the vendor has none for it."""
    wanted = (f"{field}_property", f"{field.removesuffix('_days')}_property")
    return next((o.name for o in vendor.options if o.name in wanted), "")
