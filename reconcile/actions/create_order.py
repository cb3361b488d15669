"""Make an order of what a quote says, in the system that keeps orders, on its deal and its customer."""

from collections.abc import Mapping
from typing import Any

from extract.model import InvoiceDraft, OrderDraft
from reconcile.action import Action, Answer, Change, Need, Plan, Sentence
from reconcile.actions.create_invoice import CreateInvoice, shown, totals
from reconcile.facts import Facts, Record
from reconcile.fields import text
from reconcile.source import Source

_ASKED = ("tax_rate", "amount", "quote", "currency", "customer")  # what an order needs as an invoice does


class CreateOrder(Action):
    """The key stands on the order, where `find` sees it; one that broke off half-way is completed."""

    title = "Create the order"

    def plan(
        self, source: Source, quote: Record, customer: Record, billed: str | None, to: str, facts: Facts,
        given: Mapping[str, str],
    ) -> Plan:  # fmt: skip
        """Return the plan that makes an order in `to` with the lines and totals of a quote.

        `customer` is the one of the quote; `billed` the same in billing, whose last invoice may tell the tax.
        """
        plain = {name: value for name, value in given.items() if name == "tax_rate"} | {"discount": "0"}
        whole = source._replace(kind="proforma", less=False, share=None, part="", deposit=None)
        made = CreateInvoice().plan(whole, billed, None, customer, facts, plain)
        assert isinstance(made.draft, InvoiceDraft)
        net, gross = totals(made.draft)
        deal = source.deal if source.deal_id else None
        key = f"create_order:{to}:{quote['vendor']}:quote-{quote['id']}"
        number = quote["number"] or quote["title"] or quote["id"]
        draft = OrderDraft(
            key=key, title=quote["title"] or number, reference=quote["number"] or quote["id"], deal_id=source.deal_id,
            customer_id=customer.get("id"), contact_id=deal["contact_id"] if deal else None,
            currency=made.draft.currency, net=net, tax=gross - net, gross=gross, lines=made.draft.lines,
        )  # fmt: skip
        needs = [need for need in made.needs if need.name in _ASKED]
        if not customer:
            needs.append(Need(name="customer", says=Sentence(text="The quote has no customer: add one where it is.")))
        fields = ("customer", "currency", "net", "gross")
        lines = [c for c in shown(made.draft, customer, net, gross) if c.field in fields or c.field.startswith("line ")]
        said = {"title": draft.title, "reference": draft.reference, "deal": deal["title"] if deal else None}
        head = tuple(Change(field=name, after=value) for name, value in said.items() if value)
        return Plan(
            key=key, chain=key, action="create_order", vendor=to, draft=draft, subject=source.subject,
            says=Sentence(text="Create the order of {gross} {currency} for {customer}.", values={
                "gross": text(gross), "currency": draft.currency, "customer": customer.get("name") or ""}),
            preview=(*head, *lines), needs=tuple(needs),
        )  # fmt: skip

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the order of our key if it is whole."""
        found = vendor.find_order(plan.draft)
        return Answer(data=found.model_dump(mode="json", exclude_none=True)) if found else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Create it, or complete what an earlier try began."""
        made = vendor.create_order(plan.draft).model_dump(mode="json", exclude_none=True)
        return Answer(data=made, after={c.field: c.after for c in plan.preview})
