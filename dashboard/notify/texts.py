"""Events in words: the line that people read in a channel, and a message of several."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dashboard.notify.events import Event
from dashboard.words import DASH, _, money, several

SHOWN = 10  # lines of a message that tells of several events; the rest are counted


def names() -> dict[str, str]:
    """Return what the events are called."""
    return {
        "finding.opened": _("A problem was found"),
        "finding.fixed": _("A problem is mended"),
        "customer.created": _("A customer was created in billing"),
        "invoice.created": _("An invoice was drafted"),
        "invoice.waiting": _("An invoice waits for approval"),
        "invoice.issued": _("An invoice was issued"),
        "invoice.sent": _("An invoice was sent"),
        "invoice.very_late": _("Finance was told of very late invoices"),
        "payment.received": _("Money arrived"),
        "payment.matched": _("Money was matched with its invoice"),
        "deal.first_payment": _("The first money of a deal arrived"),
        "deal.paid": _("A deal is paid in full"),
        "deal.updated": _("The CRM was told"),
        "reminder.sent": _("A reminder was sent"),
        "reminder.bounced": _("A reminder came back"),
        "report.delivered": _("A report was delivered"),
    }


def line(event: Event) -> str:
    """Return an event in one line: what, how much, whose, for which invoice, and where to look."""
    said = event.data
    deal: Mapping[str, Any] = next(iter(said.get("deals", ())), {})
    numbers = [invoice.get("number") or invoice["id"] for invoice in said.get("invoices", ())]
    parts = [
        names().get(event.type, event.type), _amount(event), said.get("customer", {}).get("name", ""),
        ", ".join(numbers) or said.get("result", {}).get("number", "") or _unmatched(event), deal.get("title", ""),
        said.get("finding", {}).get("detail", "") or said.get("done", {}).get("says", ""),
        said.get("owner", {}).get("name", ""), deal.get("url", ""), said.get("says", ""),
    ]  # fmt: skip
    return " · ".join(dict.fromkeys(part for part in parts if part))


def message(events: Sequence[Event]) -> str:
    """Return one message for one event, or for several: how many of what, then the first of them."""
    if len(events) == 1:
        return line(events[0])
    counts = Counter(event.type for event in events)
    head = several("{count} thing happened", "{count} things happened", len(events))
    told = ", ".join(f"{names().get(type, type)}: {count}" for type, count in counts.most_common())
    rest = len(events) - SHOWN
    lines = [f"{head} ({told})", *(f"• {line(event)}" for event in events[:SHOWN])]
    return "\n".join(lines + ([_("… and {count} more").format(count=rest)] if rest > 0 else []))


def slack(text: str) -> str:
    """Return a text as Slack wants it: three characters escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _amount(event: Event) -> str:
    said = event.data
    for part, amount in (("payment", "amount"), ("paid", "paid"), ("result", "gross"), ("result", "amount"),
                         ("finding", "amount_at_stake")):  # fmt: skip
        found: Mapping[str, Any] = said.get(part, {})
        if found.get(amount):
            shown = money(Decimal(found[amount]), found.get("currency"))
            return "" if shown == DASH else shown
    return ""


def _unmatched(event: Event) -> str:
    return _("for no known invoice yet") if event.type == "payment.received" else ""
