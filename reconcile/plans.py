"""How a deal is billed where that is not at once: a deposit and the rest, by stages, or again and again.

A plan is what people decided and stands in the state store; each of its parts becomes an invoice once. Which invoice a
part became is known from the ledger, by the key that the part has.
"""

import datetime as dt
from calendar import monthrange
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal, Self

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, model_validator

from reconcile import access, schema
from reconcile.state import Entry, State, now

DEPOSIT, FINAL = "deposit", "final"
MARK = ":part:"  # in the key of an action that bills a part, before the part's name
CUSTOMER = "customer-"  # before a customer's id, in place of a deal's: a rule that has no deal
LONGEST = 120  # periods of a recurring plan that are looked at: ten years of months
_WHOLE = Decimal(100)


class Part(BaseModel):
    """A share of a deal's amount. Without `on`, `stage` or `after_payment` only the first is due by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern="^[a-z0-9-]+$")  # stays the same for ever: it tells parts apart
    title: str
    percent: Decimal = Field(gt=0, le=100)
    on: dt.date | None = None
    stage: str = ""  # due once the deal has come to this stage of its pipeline
    after_payment: bool = False  # due once the part before it is paid


class BillingPlan(BaseModel):
    """How one deal is billed: in parts that are together the deal, or the deal's lines once in every period."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["deposit", "stages", "recurring"]
    parts: tuple[Part, ...] = ()
    every: int = 1  # months from one period to the next
    day: int = Field(default=1, ge=1, le=31)  # of the month; the last one where a month is shorter
    begins_on: dt.date | None = None
    ends_on: dt.date | None = None
    net: Decimal | None = Field(default=None, gt=0)  # of one period, in the deal's currency; else the deal's lines
    title: str = ""  # of a rule without a deal: what the customer reads, in which currency, with how much tax
    currency: str = Field(default="", pattern="^([A-Z]{3})?$")
    tax_rate: Decimal | None = Field(default=None, ge=0, le=100)

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        if self.kind == "recurring":
            if self.begins_on is None or self.every not in (1, 2, 3, 6, 12):
                raise ValueError("a recurring invoice needs its first day and comes every 1, 2, 3, 6 or 12 months")
            if self.ends_on is not None and self.ends_on < self.begins_on:
                raise ValueError("the last day is before the first")
            return self
        if len(self.parts) < 2 or sum(part.percent for part in self.parts) != _WHOLE:
            raise ValueError("the parts are at least two and 100 percent together")
        if len({part.name for part in self.parts}) < len(self.parts):
            raise ValueError("two parts have the same name")
        if self.parts[0].after_payment:
            raise ValueError("no part comes before the first that could be paid")
        return self


def rule_of(customer_id: str) -> str:
    """Return what stands for a deal where a customer is invoiced again and again without one."""
    return f"{CUSTOMER}{customer_id}"


def keep_rule(store: State, vendor: str, customer_id: str, plan: BillingPlan | None, who: str) -> None:
    """Keep what a customer is invoiced again and again without a deal, None for nothing any more.

    ValueError where it says too little to make an invoice of, or would take back what was invoiced already.
    """
    if plan is not None and not (plan.kind == "recurring" and plan.net and plan.title.strip() and plan.currency):
        raise ValueError("an invoice without a deal needs a text, an amount and a currency")
    keep(store, vendor, rule_of(customer_id), plan, who)


def deposit(percent: Decimal) -> BillingPlan:
    """Return the plan of a deposit in percent, and a final invoice once that is paid."""
    first = Part(name=DEPOSIT, title="", percent=percent)
    return BillingPlan(
        kind="deposit", parts=(first, Part(name=FINAL, title="", percent=_WHOLE - percent, after_payment=True))
    )


def subject(vendor: str, deal_id: str) -> str:
    """Return what a plan is kept under."""
    return f"deals:{vendor}:{deal_id}"


def key(billing: str, vendor: str, deal_id: str, part: str, again: int = 0) -> str:
    """Return the key of the action that bills a part; `again` counts its invoices that were voided or deleted."""
    return f"create_invoice:{billing}:{vendor}:{deal_id}{MARK}{part}" + (f":again{again}" if again else "")


def plan_of(store: State, vendor: str, deal_id: str) -> BillingPlan | None:
    """Return how a deal is billed, None where nobody said."""
    with store.read() as db:
        found = db.execute(sa.select(schema.billing_plans.c.content).where(_is(vendor, deal_id))).scalar()
    return None if found is None else BillingPlan.model_validate(found)


def keep(store: State, vendor: str, deal_id: str, plan: BillingPlan | None, who: str) -> None:
    """Keep how a deal is billed from now on, None for at once. ValueError if it changes a part that was billed."""
    access.need_for("change_billing_plan")
    with store.write() as db:
        table = schema.billing_plans
        said = db.execute(sa.select(table.c.content).where(_is(vendor, deal_id))).scalar()
        before = None if said is None else BillingPlan.model_validate(said)
        _refuse_changes(before, plan, {part for part, *_ in billed(db, vendor, deal_id)})
        db.execute(table.delete().where(_is(vendor, deal_id)))
        if plan is not None:
            row = {"subject": subject(vendor, deal_id), "content": plan.model_dump(mode="json"), "made_by": who}
            db.execute(table.insert().values(**row, made_at=now()))
        entry = Entry(who=who, action="change_billing_plan", outcome="decided", subject=subject(vendor, deal_id),
                      before=said, after=plan.model_dump(mode="json") if plan else None)  # fmt: skip
        db.execute(schema.audit.insert().values(**entry.model_dump(), at=now()))


def _refuse_changes(before: BillingPlan | None, after: BillingPlan | None, billed: set[str]) -> None:
    """Raise ValueError where what a customer was billed for would change: later parts rest on it."""
    if before is None or not billed:
        return
    if before.kind == "recurring" and (after is None or after.kind != "recurring"):
        raise ValueError("periods are invoiced already: set a last day instead")
    kept = {part.name: part.percent for part in after.parts} if after and after.kind == before.kind else {}
    for part in before.parts:
        if part.name in billed and kept.get(part.name) != part.percent:
            raise ValueError(f"“{part.title or part.name}” is invoiced already: it stays in the plan as it is")


def _is(vendor: str, deal_id: str) -> sa.ColumnElement[bool]:
    return schema.billing_plans.c.subject == subject(vendor, deal_id)


def billed(db: sa.Connection, vendor: str = "", deal_id: str = "") -> Iterator[tuple[str, str, str, str, Any]]:
    """Yield (part, deal's vendor:id, billing, invoice id, when) of each part that was billed."""
    table = schema.ledger
    asked = sa.select(table.c.key, table.c.vendor, table.c.answer, table.c.ended_at).where(
        table.c.action == "create_invoice", table.c.state == "done", table.c.key.contains(MARK, autoescape=True)
    )
    if deal_id:
        asked = asked.where(table.c.key.contains(f":{vendor}:{deal_id}{MARK}", autoescape=True))
    for row in db.execute(asked.order_by(table.c.planned_at, table.c.key)):
        head, _, tail = row.key.partition(MARK)
        invoice = (row.answer or {}).get("id")
        if invoice:
            deal = head.removeprefix(f"create_invoice:{row.vendor}:")
            yield tail.partition(":")[0], deal, row.vendor, str(invoice), row.ended_at


def periods(plan: BillingPlan, until: dt.date) -> list[dt.date]:
    """Return the days on which a recurring plan bills, up to `until`, the last 120: each month has its own day.

    The first is the first such day from `begins_on` on.
    """
    assert plan.begins_on is not None
    end = min(until, plan.ends_on) if plan.ends_on else until
    month = plan.begins_on.year * 12 + plan.begins_on.month - 1
    if _day_of(month, plan.day) < plan.begins_on:
        month += 1
    found = []
    while (on := _day_of(month, plan.day)) <= end:
        found.append(on)
        month += plan.every
    return found[-LONGEST:]


def _day_of(month: int, day: int) -> dt.date:
    """Return a day of the month that is so many months after January of the year 0; the 31st is the last one."""
    year, at = divmod(month, 12)
    return dt.date(year, at + 1, min(day, monthrange(year, at + 1)[1]))
