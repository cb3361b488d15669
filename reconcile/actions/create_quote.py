"""Make a published quote on the side that lacks it, with its lines, found again by our key."""

from decimal import Decimal
from typing import Any

from extract.model import QuoteDraft
from reconcile.action import Action, Answer, Change, Need, Plan, Sentence, Subject
from reconcile.facts import Record
from reconcile.fields import text


class CreateQuote(Action):
    """The other system is asked by our key before every creation; one that broke off half-way is completed."""

    title = "Create the quote"

    def plan(self, quote: Record, vendor: str, draft: QuoteDraft | None, party: str, needs: tuple[Need, ...]) -> Plan:
        """Return the plan that makes a quote of one system in another, `vendor`, for its customer `party`.

        Without a draft nothing can be sent: `needs` say what is missing.
        """
        key = made_key(quote, vendor)
        number = quote["number"] or quote["title"] or quote["id"]
        return Plan(
            key=key, chain="", action="create_quote", vendor=vendor, draft=None if needs else draft,
            subject=Subject(table="quotes", vendor=quote["vendor"], id=quote["id"]),
            says=Sentence(text="Create the quote {number} for {customer} in {vendor}.",
                          values={"number": number, "customer": party, "vendor": vendor}),
            preview=shown(draft, party) if draft else (), needs=needs,
        )  # fmt: skip

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the quote of our key if it is whole."""
        found = vendor.find_quote(plan.draft)
        return Answer(data=found.model_dump(mode="json", exclude_none=True)) if found else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Create it, or complete what an earlier try began."""
        made = vendor.create_quote(plan.draft).model_dump(mode="json", exclude_none=True)
        return Answer(data=made, after={c.field: c.after for c in plan.preview})


def made_key(quote: Record, vendor: str) -> str:
    """Return the key under which a quote is made in another system."""
    return f"create_quote:{vendor}:{quote['vendor']}:{quote['id']}"


def shown(draft: QuoteDraft, party: str) -> tuple[Change, ...]:
    """Return every field of the quote as it will stand there."""
    said = {"title": draft.title, "customer": party, "currency": draft.currency,
            "valid_until_on": str(draft.valid_until_on)}  # fmt: skip
    net, tax = Decimal(0), Decimal(0)
    for at, line in enumerate(draft.lines, 1):
        off = f" −{line.discount_rate.normalize():f} %" if line.discount_rate else ""
        rate = f" +{line.tax_rate.normalize():f} %" if line.tax_rate is not None else ""
        quantity = f"{line.quantity.normalize():f} × {text(line.unit_price)}{off}{rate}"
        said[f"line {at}"] = f"{line.description}: {quantity}"
        net += line.net_in(draft.currency)
        tax += line.tax_in(draft.currency)
    said |= {"net": text(net), "tax": text(tax), "gross": text(net + tax)}
    return tuple(Change(field=name, after=value) for name, value in said.items() if value)
