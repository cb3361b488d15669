"""What the warehouse holds of plans: what makes a deal due, the parts it is billed in, and what became of each."""

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import sqlalchemy as sa

from reconcile import plans, schema
from reconcile.settings import STAGED, Invoicing
from reconcile.state import FILE, VARIABLE, state
from reconcile.warehouse import create, fill

TRIGGERS = {
    "name": ("VARCHAR", "what makes a deal due to be invoiced: won, stage, quote, service, paid or order"),
    "stage": ("VARCHAR", "stage that it waits for; empty where it waits for none"),
}
PLANS = {
    "vendor": ("VARCHAR", "vendor of the deal"),
    "id": ("VARCHAR", "the deal"),
    "kind": ("VARCHAR", "deposit, stages or recurring"),
}
PARTS = {
    "vendor": ("VARCHAR", "vendor of the deal"),
    "id": ("VARCHAR", "the deal"),
    "kind": ("VARCHAR", "deposit, stages or recurring"),
    "part": ("VARCHAR", "name of the part: deposit, stage-2, period-2026-02"),
    "label": ("VARCHAR", "what people call it"),
    "position": ("INTEGER", "order in the plan, from 1"),
    "is_last": ("BOOLEAN", "the part that bills what is left"),
    "percent": ("DECIMAL(18,8)", "share of the deal in percent; empty for a period"),
    "net": ("DECIMAL(18,4)", "net of a period where it is not the deal's lines, in the deal's currency"),
    "on_date": ("DATE", "day from which it is due; empty where something else decides"),
    "stage": ("VARCHAR", "stage of the deal from which it is due"),
    "after_payment": ("BOOLEAN", "due once the part before it is paid"),
}
RULES = {
    "vendor": ("VARCHAR", "vendor of the customer"),
    "id": ("VARCHAR", "the customer"),
    "part": ("VARCHAR", "name of the period: period-2026-02"),
    "label": ("VARCHAR", "what people call it"),
    "position": ("INTEGER", "order, from 1"),
    "text": ("VARCHAR", "what the customer reads"),
    "net": ("DECIMAL(18,4)", "net of a period"),
    "currency": ("VARCHAR", "its currency"),
    "tax_rate": ("DECIMAL(18,8)", "tax in percent; empty: as usual for the customer"),
    "on_date": ("DATE", "day from which it is due"),
}
BILLED = {
    "vendor": ("VARCHAR", "vendor of the deal"),
    "id": ("VARCHAR", "the deal"),
    "part": ("VARCHAR", "name of the part"),
    "invoice_vendor": ("VARCHAR", "vendor of the invoice that it became"),
    "invoice_id": ("VARCHAR", "that invoice"),
    "made_at": ("TIMESTAMP", "when it was made, UTC"),
}


class Plans(NamedTuple):
    """All plans as rows of the tables `billing_plans`, `plan_parts`, `billed_parts` and `customer_rules`."""

    plans: list[dict[str, Any]]
    parts: list[dict[str, Any]]
    billed: list[dict[str, Any]]
    rules: list[dict[str, Any]]


def standing(data: Path, today: dt.date) -> Plans:
    """Return the plans of a data folder, recurring ones with their periods up to `today`."""
    if not os.environ.get(VARIABLE) and not (data / FILE).exists():
        return Plans([], [], [], [])  # nobody decided anything here
    found = Plans([], [], [], [])
    with state(data).read() as db:
        rows = db.execute(sa.select(schema.billing_plans)).mappings().all()
        for part, deal, billing, invoice, at in plans.billed(db) if rows else ():
            vendor, _, id = deal.partition(":")
            found.billed.append({"vendor": vendor, "id": id, "part": part, "invoice_vendor": billing,
                                 "invoice_id": invoice, "made_at": at.replace(tzinfo=None)})  # fmt: skip
    for row in rows:
        _, vendor, id = row["subject"].split(":", 2)
        plan = plans.BillingPlan.model_validate(row["content"])
        if id.startswith(plans.CUSTOMER):
            found.rules.extend(_periods(plan, vendor, id.removeprefix(plans.CUSTOMER), today))
            continue
        planned = {"vendor": vendor, "id": id, "kind": plan.kind}
        found.plans.append(planned)
        found.parts.extend(planned | part for part in _parts(plan, today))
    return found


def _parts(plan: plans.BillingPlan, today: dt.date) -> Iterator[dict[str, Any]]:
    if plan.kind == "recurring":
        for position, on in enumerate(plans.periods(plan, today), 1):
            yield {"part": f"period-{on:%Y-%m}", "label": f"{on:%Y-%m}", "position": position, "is_last": False,
                   "net": plan.net, "on_date": on, "after_payment": False}  # fmt: skip
        return
    for position, part in enumerate(plan.parts, 1):
        yield {"part": part.name, "label": part.title, "position": position, "is_last": position == len(plan.parts),
               "percent": part.percent, "on_date": part.on, "stage": part.stage or None,
               "after_payment": part.after_payment}  # fmt: skip


def _periods(plan: plans.BillingPlan, vendor: str, customer: str, today: dt.date) -> Iterator[dict[str, Any]]:
    said = {"vendor": vendor, "id": customer, "text": plan.title, "net": plan.net, "currency": plan.currency,
            "tax_rate": plan.tax_rate}  # fmt: skip
    for position, on in enumerate(plans.periods(plan, today), 1):
        yield said | {"part": f"period-{on:%Y-%m}", "label": f"{on:%Y-%m}", "position": position, "on_date": on}


def triggers(invoicing: Invoicing) -> Iterator[dict[str, Any]]:
    """Yield name and stage of what makes a deal due; a service may be completed without a stage, by its day."""
    for name in invoicing.triggers:
        stages: list[str | None] = list(invoicing.stages.get(name, ())) if name in STAGED else []
        for stage in stages or [None]:
            yield {"name": name, "stage": stage}


def lay(db: duckdb.DuckDBPyConnection, invoicing: Invoicing | None = None, kept: Plans | None = None) -> None:
    """Create the tables `triggers`, `billing_plans`, `plan_parts`, `billed_parts` and `customer_rules` in `db`."""
    found = kept or Plans([], [], [], [])
    rows = (
        ("triggers", "What makes a deal due to be invoiced.", TRIGGERS, triggers(invoicing or Invoicing())),
        ("billing_plans", "Deals billed in parts or again and again, as people decided.", PLANS, found.plans),
        ("plan_parts", "The parts of those plans, periods up to today.", PARTS, found.parts),
        ("billed_parts", "Which invoice each part became.", BILLED, found.billed),
        ("customer_rules", "What customers are invoiced again and again without a deal.", RULES, found.rules),
    )
    for table, says, described, made in rows:
        create(db, table, says, described)
        fill(db, table, described, made)
    # what people decided here holds before what the CRM says of it
    db.execute(
        "UPDATE deals SET billing = b.kind FROM billing_plans AS b WHERE b.vendor = deals.vendor AND b.id = deals.id"
    )
