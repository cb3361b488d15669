"""What was agreed with a customer and changes the next invoice: the discount. Days to pay are counted by the action."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation

from extract.model import LineDraft
from extract.values import coins
from reconcile.action import Need, Sentence
from reconcile.facts import Record
from reconcile.letters import line, spoken

DISCOUNT = "customer-discount"  # article number of our discount lines: deals are compared without them


def discounted(
    lines: Sequence[LineDraft], customer: Record, given: Mapping[str, str], needs: list[Need]
) -> list[LineDraft]:
    """Return these lines with the customer's discount taken off each, where billing takes no line that reduces."""
    left = 1 - (_rate(customer, given, needs) or Decimal(0)) / 100
    return [
        line.model_copy(update={"discount_rate": 100 - (100 - line.discount_rate) * left}) if left != 1 else line
        for line in lines
    ]


def discount_lines(
    lines: Sequence[LineDraft], currency: str | None, customer: Record, given: Mapping[str, str], needs: list[Need]
) -> list[LineDraft]:
    """Return one line for each tax rate that takes the customer's discount off what these lines come to.

    Invoices that were made keep theirs: only drafts made from now on follow a change. What is no discount is asked.
    """
    rate = _rate(customer, given, needs)
    if not rate:
        return []
    by_rate: dict[tuple[Decimal | None, str | None], Decimal] = {}
    for one in lines:
        key = one.tax_rate, one.tax_code
        by_rate[key] = by_rate.get(key, Decimal(0)) + one.net_in(currency)
    said = line("discount", spoken(customer), {"rate": f"{rate.normalize():f}"})
    return [
        LineDraft(description=said, unit_price=-coins(net * rate / 100, currency), tax_rate=tax, tax_code=code,
                  sku=DISCOUNT)
        for (tax, code), net in by_rate.items() if net > 0
    ]  # fmt: skip


def _rate(customer: Record, given: Mapping[str, str], needs: list[Need]) -> Decimal | None:
    """Return the discount in percent: as typed in, else as the CRM says."""
    said = given.get("discount") or customer.get("discount_rate")
    if said is None:
        return None
    try:
        rate = Decimal(str(said).replace(",", "."))
    except InvalidOperation:
        rate = Decimal(-1)
    if not 0 <= rate < 100:
        says = Sentence(text="The customer's discount of {rate} % cannot be right: say how much it is, 0 for none.",
                        values={"rate": str(said)})  # fmt: skip
        needs.append(Need(name="discount", value=str(said), says=says))
        return None
    return rate
