"""What Stripe holds, and the few ways in which it changes."""

from dataclasses import dataclass, field
from typing import Any

KINDS = ("customers", "tax_ids", "products", "prices", "tax_rates", "quotes", "invoiceitems", "invoices",
         "invoice_payments",
         "payment_intents", "charges", "balance_transactions", "refunds", "payouts", "credit_notes",
         "events")  # fmt: skip


@dataclass
class StripeBooks:
    """What Stripe holds: `objects[kind][id]`, each as answered; invoices carry all their lines."""

    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    tax_ids: dict[str, list[str]] = field(default_factory=dict)  # customer -> its tax ids
    allocations: dict[str, list[str]] = field(default_factory=dict)  # invoice -> its invoice payments
    terms: dict[str, dict[str, Any]] = field(default_factory=dict)  # line -> tax rates and discounts asked for
    coupons: dict[str, dict[str, Any]] = field(default_factory=dict)
    discounts: dict[str, str] = field(default_factory=dict)  # discount -> coupon
    replies: dict[str, dict[str, Any]] = field(default_factory=dict)  # idempotency key -> first result
    changes: int = 0  # how often something was added or taken away
    next_number: int = 1
    next_credit_note: int = 1
    serial: int = 0
    deleted: list[str] = field(default_factory=list)  # customers that are gone

    def tax_ids_of(self, customer_id: str) -> list[dict[str, Any]]:
        """Return the tax ids of a customer."""
        return [self.objects["tax_ids"][i] for i in self.tax_ids.get(customer_id, ())]

    def payments_of(self, invoice_id: str) -> list[dict[str, Any]]:
        """Return what was allocated to an invoice."""
        return [self.objects["invoice_payments"][i] for i in self.allocations.get(invoice_id, ())]

    def drop(self, kind: str, object_id: str) -> None:
        """Take an object away."""
        del self.objects[kind][object_id]
        self.changes += 1

    def add(self, kind: str, row: dict[str, Any]) -> dict[str, Any]:
        """Keep an object and return it."""
        self.objects[kind][row["id"]] = row
        self.changes += 1
        if kind == "tax_ids":
            self.tax_ids.setdefault(row["customer"], []).append(row["id"])
        elif kind == "invoice_payments":
            self.allocations.setdefault(row["invoice"], []).append(row["id"])
        return row


def snapshot(books: StripeBooks, row: dict[str, Any], customer: dict[str, Any]) -> None:
    """Copy onto an invoice who the customer is at this moment."""
    ids = books.tax_ids_of(customer["id"])
    row |= {"customer_name": customer["name"], "customer_email": customer["email"], "customer_phone": customer["phone"],
            "customer_address": dict(customer["address"]) if customer["address"] else None,
            "customer_tax_exempt": customer["tax_exempt"],
            "customer_tax_ids": [{"type": t["type"], "value": t["value"]} for t in ids]}  # fmt: skip


def record_event(
    books: StripeBooks, kind: str, row: dict[str, Any], moment: int, changed: dict[str, Any] | None = None
) -> None:
    """Keep an event with a copy of the object as it is now."""
    books.serial += 1
    copied = dict(row)
    books.add("events", {
        "id": f"evt_1R{books.serial:018d}", "object": "event", "account": None, "api_version": "2026-06-24.dahlia",
        "context": None,
        "created": moment, "data": {"object": copied} | ({"previous_attributes": changed} if changed else {}),
        "livemode": False,
        "pending_webhooks": 0, "request": {"id": None, "idempotency_key": None}, "type": kind,
    })  # fmt: skip
