"""Tell the CRM's deal what billing and the bank know: number, state, amount, due date, recipient, day of payment."""

import hashlib
import json
from decimal import Decimal
from typing import Any, NamedTuple

from reconcile import states
from reconcile.action import Action, Answer, Caution, Change, Plan, Sentence, Subject
from reconcile.facts import Facts, Record
from reconcile.fields import changed, text, typed

FIELDS = ("invoice_number", "invoice_status", "invoice_status_on", "reminders_sent", "reminded_on", "invoiced_amount",
          "invoice_due_on", "invoice_recipient", "paid_on", "stage")  # fmt: skip
_NOW, _BEFORE = "invoiced_now", "invoiced_before"  # what this chain invoices, and what was invoiced before it


class Coming(NamedTuple):
    """An invoice that an earlier plan of the chain, `key`, makes, issues or sends; `gross` as far as it is known."""

    key: str
    status: str
    gross: Decimal
    currency: str
    due_on: str
    recipient: str


class UpdateDeal(Action):
    """Writing the same values twice changes nothing, so no key has to be found; what is so already is not written."""

    title = "Update the deal in the CRM"
    looks_first = False
    repeats = True

    def plan(self, deal: Record, facts: Facts) -> Plan | None:
        """Return the plan that makes a deal say what the books say; None where it does, or no invoice counts.

        Of several invoices the most recently updated one is named; the amount is the sum of all.
        """
        summary = facts.deal_summary(deal["vendor"], deal["id"])
        if summary is None or not summary["invoice_id"]:
            return None
        state = told(summary["invoice_status"])
        wanted = {
            "invoice_number": summary["invoice_number"], "invoice_status": states.word(facts.settings, state),
            "invoiced_amount": summary["invoiced_gross"], "invoice_due_on": summary["invoice_due_on"],
            "invoice_recipient": summary["invoice_recipient"], "paid_on": summary["paid_on"],
        }  # fmt: skip
        if facts.settings.states.always:
            wanted |= _dated(deal, summary, state, facts)
        data = {name: text(value) for name, value in wanted.items() if value is not None}
        if summary["paid_on"] is None and deal["paid_on"] is not None and not summary["is_paid"]:
            data["paid_on"] = ""  # the CRM says paid and it is not so
        cautions = _currency_caution(summary["invoice_currency"], deal, summary["invoiced_gross"])
        if cautions:
            data.pop("invoiced_amount", None)
        preview = [c for c in _preview(deal, data) if c.before != c.after]
        preview += _moved(deal, data, state, facts)
        return self._made(deal, data, {}, tuple(preview), cautions) if preview else None

    def following(self, deal: Record, invoice: Coming, before: Decimal, facts: Facts) -> Plan:
        """Return the plan that writes back what a chain makes; its number is known only once that is done.

        `before` is what was invoiced of the deal without this invoice, tax included.
        """
        told_as = states.word(facts.settings, invoice.status) or ""
        data = {_BEFORE: str(before), "invoice_status": told_as, "invoice_due_on": invoice.due_on,
                "invoice_recipient": invoice.recipient}  # fmt: skip
        if facts.settings.states.always and invoice.status in ("issued", "sent"):
            data["invoice_status_on"] = str(facts.today)
        takes = {_NOW: (invoice.key, "amount"), "currency": (invoice.key, "currency")}
        shown = {"invoiced_amount": text(before + invoice.gross)}
        if invoice.status != "draft":
            takes["invoice_number"] = (invoice.key, "number")
            shown["invoice_number"] = "…"
        cautions = _currency_caution(invoice.currency, deal, text(invoice.gross))
        if cautions:
            shown.pop("invoiced_amount")
        preview = [c for c in _preview(deal, data | shown) if c.before != c.after]
        preview += _moved(deal, data, invoice.status, facts)
        return self._made(deal, data, takes, tuple(preview), cautions)

    def _made(self, deal: Record, data: dict[str, str], takes: dict[str, tuple[str, str]], preview: tuple[Change, ...],
              cautions: list[Caution]) -> Plan:  # fmt: skip
        subject = Subject(table="deals", vendor=deal["vendor"], id=deal["id"])
        key = _key(deal["vendor"], deal["id"], data)
        says = Sentence(text="Update the deal {title} in {crm}.",
                        values={"title": deal["title"] or deal["id"], "crm": deal["vendor"]})  # fmt: skip
        return Plan(key=key, chain=key, action="update_deal", vendor=deal["vendor"], subject=subject, says=says,
                    data=data, takes=takes, preview=preview, cautions=tuple(cautions))  # fmt: skip

    def key(self, plan: Plan) -> str:
        """Return the key of what is written."""
        return _key(plan.subject.vendor, plan.subject.id, plan.data)

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the deal if it says all that already."""
        now = vendor.deal(plan.subject.id)
        return None if changed(now, _wanted(plan, now)) else Answer(data={"id": plan.subject.id})

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Write what differs from what the deal says at this moment. Amounts of another currency are never written."""
        now = vendor.deal(plan.subject.id)
        changes = changed(now, _wanted(plan, now))
        if not changes:
            return Answer(data={"id": plan.subject.id}, nothing=True)
        vendor.update_deal(plan.subject.id, changes)
        before = {name: text(now.get(name)) for name in changes}
        return Answer(data={"id": plan.subject.id}, before=before, after={n: text(v) for n, v in changes.items()})


def told(state: str | None) -> str | None:
    """Return the word for an invoice's state that the CRM shows."""
    return "issued" if state == "waiting" else state


def _dated(deal: Record, summary: Record, state: str | None, facts: Facts) -> dict[str, Any]:
    """Return since when the invoice is in its state, and what reminders went out."""
    days = states.reminders(facts, deal)
    counted = len(days) if days or deal["reminders_sent"] else None
    return {"invoice_status_on": states.since(facts, summary, state), "reminders_sent": counted,
            "reminded_on": days[-1] if days else None}  # fmt: skip


def _moved(deal: Record, data: dict[str, str], state: str | None, facts: Facts) -> list[Change]:
    """Put the stage that the deal moves to into `data`, and return the change in words; nothing where it stays."""
    then = states.stage(facts, deal, state)
    if then is None:
        return []
    data["stage"] = then["id"]
    names = {s["id"]: s["name"] or s["id"] for s in states.stages(facts, deal["vendor"], deal["pipeline"])}
    return [Change(field="stage", before=names.get(deal["stage"], deal["stage"]), after=names[then["id"]])]


def _wanted(plan: Plan, now: Record) -> dict[str, Any]:
    """Return the canonical fields to write, typed."""
    said = {name: value for name, value in plan.data.items() if name in FIELDS}
    if _NOW in plan.data:
        said["invoiced_amount"] = str(Decimal(plan.data[_BEFORE]) + Decimal(plan.data[_NOW]))
    if plan.data.get("currency") and now.get("currency") and plan.data["currency"] != now["currency"]:
        said.pop("invoiced_amount", None)
    return {name: typed("deals", name, value) for name, value in said.items()}


def _currency_caution(currency: str | None, deal: Record, amount: Any) -> list[Caution]:
    if not currency or not deal["currency"] or currency == deal["currency"]:
        return []
    values = {"deal": f"{deal['amount']} {deal['currency']}", "invoice": f"{amount} {currency}"}
    says = Sentence(
        text="Deal {deal} and invoice {invoice} are in different currencies: the amount is not written.", values=values
    )
    return [Caution(code="currency_differs", says=says)]


def _preview(deal: Record, data: dict[str, str]) -> list[Change]:
    return [
        Change(field=name, before=text(deal.get(name)), after=data[name])
        for name in FIELDS
        if name in data and name != "stage"
    ]


def _key(vendor: str, id: str, data: dict[str, str]) -> str:
    content = json.dumps(data, sort_keys=True)
    return f"update_deal:{vendor}:{id}:{hashlib.sha256(content.encode()).hexdigest()[:12]}"
