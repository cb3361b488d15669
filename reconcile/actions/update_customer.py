"""Bring fields of a customer, in the CRM or in billing, to the right values; invoices issued stay as they are."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from reconcile import baselines
from reconcile.action import Action, Answer, Change, Plan, Sentence, Subject
from reconcile.facts import Record
from reconcile.fields import changed, text, typed
from reconcile.state import State


class UpdateCustomer(Action):
    """Writing the same values twice changes nothing; what is so already is not written."""

    title = "Update the customer"
    looks_first = False
    repeats = True

    def plan(
        self, customer: Record, wanted: Mapping[str, Any], takes: Mapping[str, tuple[str, str]] | None = None
    ) -> Plan | None:
        """Return the plan that gives a customer these canonical fields; None where it has them.

        `takes` are fields that only an earlier plan of the chain can tell, as in `Plan`.
        """
        data = {name: text(value) for name, value in wanted.items() if text(value) != text(customer.get(name))}
        if not data and not takes:
            return None
        shown = data | dict.fromkeys(takes or {}, "…")
        return Plan(
            key=_key(customer["vendor"], customer["id"], data), chain="", action="update_customer",
            vendor=customer["vendor"], data=data, takes=dict(takes or {}),
            subject=Subject(table="customers", vendor=customer["vendor"], id=customer["id"]),
            says=Sentence(text="Update the customer {name} in {vendor}.",
                          values={"name": customer["name"] or customer["id"], "vendor": customer["vendor"]}),
            preview=tuple(Change(field=n, before=text(customer.get(n)), after=v) for n, v in shown.items()),
        )  # fmt: skip

    def key(self, plan: Plan) -> str:
        """Return the key of what is written."""
        return _key(plan.subject.vendor, plan.subject.id, plan.data)

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the customer if it is so already."""
        now = vendor.customer(plan.subject.id)
        return None if changed(now, _wanted(plan)) else Answer(data={"id": plan.subject.id})

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Write what differs from what is there at this moment."""
        now = vendor.customer(plan.subject.id)
        changes = changed(now, _wanted(plan))
        if not changes:
            return Answer(data={"id": plan.subject.id}, nothing=True)
        vendor.update_customer(plan.subject.id, changes)
        before = {name: text(now.get(name)) for name in changes}
        return Answer(data={"id": plan.subject.id}, before=before, after={n: text(v) for n, v in changes.items()})

    def finish(self, plan: Plan, answer: Answer, store: State) -> None:
        """Remember what was written, so that it does not count as a change that somebody made there."""
        baselines.wrote(store, "customers", plan.subject.vendor, plan.subject.id, plan.data)


def _wanted(plan: Plan) -> dict[str, Any]:
    return {name: typed("customers", name, value) for name, value in plan.data.items()}


def _key(vendor: str, id: str, data: Mapping[str, str]) -> str:
    content = json.dumps(dict(data), sort_keys=True)
    return f"update_customer:{vendor}:{id}:{hashlib.sha256(content.encode()).hexdigest()[:12]}"
