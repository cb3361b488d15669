"""Issue a draft invoice: it gets its number, and nothing takes that back."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from reconcile.action import Action, Answer, Change, Need, Others, Plan, Sentence, Subject
from reconcile.facts import Facts, Record
from reconcile.series import Counting, counting, prefix_of, series_of, taken
from reconcile.state import State


class IssueInvoice(Action):
    """A draft becomes an invoice; one that is issued already is found as such."""

    title = "Issue the invoice"

    def plan(self, invoice: Record, facts: Facts, given: Mapping[str, str]) -> Plan:
        """Return the plan for a draft that is there; `given` may hold the series, picked by a person."""
        key = f"issue_invoice:{invoice['vendor']}:{invoice['id']}"
        says = Sentence(text="Issue the invoice of {gross} {currency} to {customer}: it gets its number.",
                        values={"gross": f"{invoice['gross']:.2f}", "currency": invoice["currency"] or "",
                                "customer": invoice["customer_name"] or ""})  # fmt: skip
        needs = [] if invoice["gross"] else [Need(name="lines", says=Sentence(text="The draft has no amount."))]
        series = _series(invoice, facts, given, needs)
        found = counting(series, invoice["vendor"], facts.today, facts)
        return Plan(
            key=key, chain=key, action="issue_invoice", vendor=invoice["vendor"], says=says, needs=tuple(needs),
            subject=Subject(table="invoices", vendor=invoice["vendor"], id=invoice["id"]),
            data={"invoice_id": invoice["id"]} | _counted(found), preview=_preview(found),
        )  # fmt: skip

    def following(self, created: Plan, facts: Facts) -> Plan:
        """Return the plan for the draft that `created` makes."""
        draft: Any = created.draft
        found = counting(draft.series or "", created.vendor, draft.issued_on, facts)
        return Plan(
            key=f"issue_invoice:({created.key})", chain=created.chain, action="issue_invoice", vendor=created.vendor,
            subject=created.subject, says=Sentence(text="Issue it: it gets its number."),
            takes={"invoice_id": (created.key, "id")}, data=_counted(found), preview=_preview(found),
        )  # fmt: skip

    def key(self, plan: Plan) -> str:
        """Return the key of the invoice itself, whichever chain it came from."""
        return f"issue_invoice:{plan.vendor}:{plan.data['invoice_id']}"

    def prepared(self, plan: Plan, vendor: Any, store: State, other: Others) -> Plan:
        """Return the plan with the next number of its series; it stays this invoice's own at every further try."""
        if not plan.data.get("series"):
            return plan
        id = plan.data["invoice_id"]
        now = vendor.invoice(id)
        if now["status"] != "draft" or now.get("number"):  # issued, or a person gave it a number in billing
            return plan
        day: dt.date = vendor.now().astimezone(vendor.zone).date()
        prefix = prefix_of(plan.data["series"], day)
        after = int(plan.data["after"]) if prefix == plan.data["prefix"] else int(plan.data["first"]) - 1
        number = taken(store, plan.vendor, id, prefix, after, plan.key)
        return plan.model_copy(update={"data": plan.data | {"number": f"{prefix}{number:0{plan.data['digits']}d}"}})

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the invoice if it is no draft any more."""
        now = vendor.invoice(plan.data["invoice_id"])
        return None if now["status"] == "draft" else Answer(data=told(now))

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Issue it."""
        made = vendor.issue_invoice(plan.data["invoice_id"], plan.data.get("number"))
        made = made.model_dump(mode="json", exclude_none=True)
        return Answer(
            data=made, before={"status": "draft"}, after={"status": made.get("status"), "number": made.get("number")}
        )


def _series(invoice: Record, facts: Facts, given: Mapping[str, str], needs: list[Need]) -> str:
    """Return the series of a draft: what it was made for, else what its deal and its customer say, else asked."""
    known = {s.name for s in facts.settings.invoicing.series}
    if invoice.get("series") in known or not known:
        return invoice.get("series") or "" if known else ""
    deals = facts.deals_of(invoice["vendor"], invoice["id"])
    customer = facts.customer(invoice["vendor"], invoice["customer_id"]) or {}
    return series_of(deals[0] if len(deals) == 1 else {}, customer.get("country"), facts, given, needs)


def _counted(found: Counting | None) -> dict[str, str]:
    if found is None:
        return {}
    said = found.series
    return {"series": said.name, "prefix": found.prefix, "after": str(found.after), "digits": str(said.digits),
            "first": str(said.first)}  # fmt: skip


def _preview(found: Counting | None) -> tuple[Change, ...]:
    status = Change(field="status", before="draft", after="issued")
    if found is None:
        return (status,)
    return status, Change(field="number", before="", after=f"{found.prefix}…")


def told(now: Record) -> dict[str, Any]:
    """Return what an invoice read afresh says, in the words of an answer."""
    asked = {"id": "id", "number": "number", "status": "status", "amount": "gross", "currency": "currency",
             "due_on": "due_on", "recipient": "customer_email"}  # fmt: skip
    said = {name: now.get(field) for name, field in asked.items()}
    return {name: str(value) for name, value in said.items() if value is not None}
