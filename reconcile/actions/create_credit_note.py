"""Credit what a quote says from an invoice that was issued for it: a credit note names its original."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from extract.model import InvoiceDraft
from reconcile.action import Action, Answer, Change, Need, Plan, Sentence
from reconcile.actions.create_invoice import CreateInvoice, shown, totals
from reconcile.facts import Facts, Record
from reconcile.fields import text
from reconcile.source import Source


class CreateCreditNote(Action):
    """The key stands on the credit note, where `find` sees it."""

    title = "Create the credit note"

    def plan(
        self, source: Source, quote_id: str, original: Record | None, others: list[Record], facts: Facts,
        given: Mapping[str, str],
    ) -> Plan:  # fmt: skip
        """Return the plan that credits the lines of a quote from `original`; `others` could be picked instead."""
        if original is None:
            return self._none(source, quote_id, others, facts)
        customer = facts.customer(original["vendor"], original["customer_id"]) or {}
        made = CreateInvoice().plan(source._replace(kind="proforma", less=False), original["customer_id"], None,
                                    customer, facts, given)  # fmt: skip
        assert isinstance(made.draft, InvoiceDraft)
        key = f"create_credit_note:{original['vendor']}:{source.deal['vendor']}:quote-{quote_id}:{original['id']}"
        draft = made.draft.model_copy(update={
            "key": key, "kind": "credit_note", "corrects_id": original["id"], "due_on": facts.today, "part": None,
        })  # fmt: skip
        net, gross = totals(draft)
        needs = [need for need in made.needs if need.name in ("tax_rate", "amount", "quote")]
        left = _left(original, facts)
        if draft.currency != original["currency"]:
            needs.append(Need(name="original", says=Sentence(text="Invoice and quote differ in currency.")))
        elif gross > left:
            values = {"gross": text(gross), "left": text(left), "number": original["number"] or original["id"]}
            says = Sentence(text="{gross} cannot be credited: of invoice {number} only {left} is left.", values=values)
            needs.append(Need(name="original", says=says))
        number = original["number"] or original["id"]
        preview = [c for c in shown(draft, customer, -net, -gross) if c.field not in ("due_on", "email")]
        return Plan(
            key=key, chain=key, action="create_credit_note", vendor=original["vendor"], draft=draft,
            subject=source.subject, needs=tuple(needs), offers=_pick(others),
            says=Sentence(text="Create a credit note of {gross} {currency} for invoice {number}.",
                          values={"gross": text(-gross), "currency": draft.currency, "number": number}),
            preview=(Change(field="corrects", after=number), *preview),
        )  # fmt: skip

    def _none(self, source: Source, quote_id: str, others: list[Record], facts: Facts) -> Plan:
        """Return a plan that cannot be sent before somebody says, or makes, the invoice to be credited."""
        key = f"create_credit_note:{facts.billing}:{source.deal['vendor']}:quote-{quote_id}"
        said = ("Several invoices were issued for it: pick the one to be credited." if others
                else "No invoice was issued for it yet: there is nothing to be credited.")  # fmt: skip
        options = {one["id"]: _called(one) for one in others}
        return Plan(
            key=key, chain=key, action="create_credit_note", vendor=facts.billing, subject=source.subject,
            says=Sentence(text="Create a credit note."),
            needs=(Need(name="original", says=Sentence(text=said), options=options),),
        )  # fmt: skip

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the credit note of our key."""
        found = vendor.find_credit_note(plan.draft)
        return Answer(data=found.model_dump(mode="json", exclude_none=True)) if found else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Create it; it is issued at once and has its number."""
        made = vendor.create_credit_note(plan.draft).model_dump(mode="json", exclude_none=True)
        return Answer(data=made, after={c.field: c.after for c in plan.preview})


def _left(original: Record, facts: Facts) -> Decimal:
    """Return what can still be credited of an invoice, tax included."""
    found = facts.one("SELECT gross, credited FROM invoice_summary WHERE vendor = ? AND id = ?",
                      original["vendor"], original["id"]) or {}  # fmt: skip
    return Decimal(found.get("gross") or 0) + Decimal(found.get("credited") or 0)


def _pick(others: list[Record]) -> tuple[Need, ...]:
    options = {one["id"]: _called(one) for one in others}
    says = Sentence(text="Another invoice of the same deal.")
    return (Need(name="original", says=says, options=options),) if len(options) > 1 else ()


def _called(invoice: Record) -> str:
    return f"{invoice['number'] or invoice['id']}: {invoice['gross']:.2f} {invoice['currency']}"
