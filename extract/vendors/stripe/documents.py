"""What an invoice or credit note says of itself: its net, its state, when it was issued and sent."""

from extract.model import InvoiceStatus
from extract.vendor import Item


def untaxed(item: Item) -> int:
    """Return what a document comes to without tax, in minor units."""
    net = item.get("total_excluding_tax")
    return item["total"] - sum(t["amount"] for t in item.get("total_taxes") or []) if net is None else net


def when_sent(item: Item, extra: Item, meta: Item, moved: Item) -> int | None:
    """Return when an invoice was sent, Unix seconds, as far as it and its events tell."""
    if item["status"] == "draft":
        return None
    if told := meta.get("cuadra_sent_at") or extra.get("sent_at"):
        return int(told)
    by_itself = item.get("auto_advance") or item.get("collection_method") == "charge_automatically"
    return moved.get("finalized_at") if by_itself else None


def invoice_status(item: Item, sent_at: int | None, extra: Item) -> InvoiceStatus:
    """Return our word for an invoice's state. Whether it is late depends on the day: that is computed later."""
    if item["status"] != "open":
        return item["status"]
    if item.get("amount_paid"):
        return "partly_paid"
    return "sent" if sent_at or when_issued(item) < extra.get("told_since", 0) else "issued"


def when_issued(item: Item) -> int:
    """Return when a document was issued, Unix seconds; a draft: when it was made."""
    return (item.get("status_transitions") or {}).get("finalized_at") or item["created"]


def needs_events(item: Item, oldest: int) -> bool:
    """Return whether only the events can tell if an invoice was sent, and still can."""
    told = (item.get("metadata") or {}).get("cuadra_sent_at")
    return item["status"] != "draft" and not told and when_issued(item) >= oldest


def rate_id(tax: Item) -> str | None:
    """Return the id of the tax rate that a tax was reckoned with."""
    return (tax.get("tax_rate_details") or {}).get("tax_rate")
