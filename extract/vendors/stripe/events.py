"""What Stripe's events tell: which objects changed or went, and when an invoice was sent."""

import datetime as dt
from collections.abc import Iterable

from extract.vendor import Item
from extract.vendors.stripe.account import KINDS
from extract.vendors.stripe.objects import id_of

EVENTS_KEPT = dt.timedelta(days=29)  # Stripe keeps them 30 days; one in hand for the run itself
EVENT_TYPES = [
    f"{thing}.{verb}"
    for thing, verbs in {
        "customer": "created updated deleted",
        "customer.tax_id": "created updated deleted",
        "product": "created updated deleted",
        "price": "created updated deleted",
        "invoice": "created updated deleted finalized sent paid overpaid voided marked_uncollectible payment_succeeded",
        "invoice_payment": "paid",
        "credit_note": "created updated voided",
        "charge": "succeeded updated pending failed captured refunded",
        "refund": "created updated failed",
        "payout": "created updated paid failed canceled",
        "quote": "created finalized accepted canceled",
        "tax_rate": "created updated",
    }.items()
    for verb in verbs.split()
]
CHANGED = {  # object of an event -> (kind to read again, where its id is)
    "customer": ("customers", "id"), "tax_id": ("customers", "customer"), "product": ("products", "id"),
    "price": ("products", "product"), "invoice": ("invoices", "id"), "invoice_payment": ("invoices", "invoice"),
    "credit_note": ("credit_notes", "id"), "charge": ("charges", "id"), "refund": ("refunds", "id"),
    "payout": ("payouts", "id"), "quote": ("quotes", "id"), "tax_rate": ("tax_rates", "id"),
}  # fmt: skip


def brief(event: Item) -> Item:
    """Return of an event what is asked of it here: each carries a whole object, and there may be tens of thousands."""
    item = event["data"]["object"]
    _, where = CHANGED[item["object"]]
    about = {"object": item["object"], "id": item.get("id"), where: id_of(item.get(where))}
    return {"type": event["type"], "created": event["created"], "data": {"object": about}}


def changed_ids(events: Iterable[Item]) -> tuple[dict[str, dict[str, None]], set[tuple[str, str]]]:
    """Return ids to read again by kind, in order, and (kind, id) of what was deleted."""
    changed: dict[str, dict[str, None]] = {kind: {} for kind in (*KINDS, "tax_rates")}
    gone = set()
    for event in events:
        item = event["data"]["object"]
        kind, where = CHANGED[item["object"]]
        if event["type"] in ("customer.deleted", "product.deleted", "invoice.deleted"):
            gone.add((kind, item["id"]))
        elif key := id_of(item.get(where)):
            changed[kind][key] = None
    return changed, gone


def news_of(events: Iterable[Item]) -> dict[str, Item]:
    """Return by invoice when it was first sent and when it last changed, as far as the events still tell."""
    found: dict[str, Item] = {}
    for event in events:
        item = event["data"]["object"]
        if (invoice := {"invoice": item["id"], "invoice_payment": item.get("invoice")}.get(item["object"])) is not None:
            news = found.setdefault(invoice, {})
            news["changed_at"] = max(event["created"], news.get("changed_at", 0))
            if event["type"] == "invoice.sent":
                news["sent_at"] = min(event["created"], news.get("sent_at", event["created"]))
    return found
