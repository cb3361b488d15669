"""Mapping of money to rows: charges, refunds, payouts, and what was applied to an invoice."""

import datetime as dt
from decimal import Decimal
from typing import Any

from extract.values import major
from extract.vendor import Item
from extract.vendors.stripe.account import Account
from extract.vendors.stripe.objects import id_of

Rows = list[tuple[str, dict[str, Any]]]
METHODS = {"card": "card", "card_present": "card", "customer_balance": "transfer", "us_bank_account": "transfer",
           "sepa_debit": "direct_debit", "bacs_debit": "direct_debit", "acss_debit": "direct_debit",
           "au_becs_debit": "direct_debit"}  # fmt: skip
CHARGE_STATUS = {"succeeded": "booked", "pending": "pending"}  # a failed attempt is no money


class PaymentRows(Account):
    """Rows of `payments`, `allocations` and `payouts`."""

    def _charge(self, item: Item) -> Rows:
        currency, balance = item["currency"], item.get("balance_transaction") or {}
        status = CHARGE_STATUS.get(item["status"])
        if status is None:
            return []
        details = item.get("payment_method_details") or {}
        billing = item.get("billing_details") or {}
        row = {
            "id": id_of(item.get("payment_intent")) or item["id"],
            "paid_on": self.day(item["created"]),
            "amount": major(item.get("amount_captured") or item["amount"], currency),
            "currency": currency.upper(),
            "fee": _fee(balance, currency) if isinstance(balance, dict) else None,
            "method": METHODS.get(details.get("type", ""), "gateway"),
            "payer_name": billing.get("name"),
            "reference": item.get("description"),
            "customer_id": id_of(item.get("customer")),
            "payout_id": (item.get("_") or {}).get("payout"),
            "status": status,
            "updated_at": item["created"],
        }
        return [("payments", row)]

    def _refund(self, item: Item) -> Rows:
        status = CHARGE_STATUS.get(item.get("status") or "")
        if status is None:
            return []
        charge = item["charge"] if isinstance(item.get("charge"), dict) else {}
        paid = id_of(item.get("payment_intent")) or id_of(item.get("charge"))
        row = {
            "id": item["id"],
            "paid_on": self.day(item["created"]),
            "amount": major(-item["amount"], item["currency"]),
            "currency": item["currency"].upper(),
            "method": "refund",
            "reference": f"refund of {paid}",
            "customer_id": id_of(charge.get("customer")),
            "status": status,
            "updated_at": item["created"],
        }
        return [("payments", row)]

    def _payout(self, item: Item) -> Rows:
        row = {
            "id": item["id"],
            "amount": major(item["amount"], item["currency"]),
            "currency": item["currency"].upper(),
            "arrives_on": self.day(item.get("arrival_date")),
            "status": item.get("status"),
            "reference": item.get("statement_descriptor"),
        }
        return [("payouts", row)]

    def _settlements(self, item: Item) -> Rows:
        """Return what was applied to an invoice, and the payments that Stripe was only told of."""
        rows: Rows = []
        currency, told = item["currency"], 0
        paid_at = (item.get("status_transitions") or {}).get("paid_at")
        for part in (item.get("payments") or {}).get("data") or []:
            if part["status"] != "paid":
                continue
            payment, on = (
                part["payment"],
                self.day((part.get("status_transitions") or {}).get("paid_at") or part["created"]),
            )
            money = major(part.get("amount_paid") or 0, part["currency"])
            source = id_of(payment.get("payment_intent")) or id_of(payment.get("charge"))
            if source is None:  # a payment record may serve several invoices: each part is a payment of its own
                source, told = part["id"], told + (part.get("amount_paid") or 0)
                rows.append(("payments", self._recorded(item, source, money, on)))
            rows.append(("allocations", allocation(part["id"], source, item["id"], money, currency, on)))
        rest = (item.get("amount_paid_off_stripe") or 0) - told
        if rest > 0:
            id, money, on = f"{item['id']}:recorded", major(rest, currency), self.day(paid_at)
            rows.append(("payments", self._recorded(item, id, money, on)))
            rows.append(("allocations", allocation(id, id, item["id"], money, currency, on)))
        return rows

    def _recorded(self, item: Item, id: str, money: Decimal | None, on: dt.date | None) -> Item:
        return {
            "id": id, "paid_on": on, "amount": money, "currency": item["currency"].upper(), "method": "recorded",
            "payer_name": item.get("customer_name"), "invoice_reference": item.get("number"),
            "customer_id": id_of(item.get("customer")), "invoice_id": item["id"], "status": "booked",
        }  # fmt: skip


def allocation(
    id: str, payment: str, invoice: str | None, amount: Decimal | None, currency: str, on: dt.date | None
) -> Item:
    """Return the row that says how much of a payment, or of a credit note, settles an invoice."""
    return {"id": id, "payment_id": payment, "invoice_id": invoice, "amount": amount, "currency": currency.upper(),
            "allocated_on": on}  # fmt: skip


def _fee(balance: Item, currency: str) -> Decimal | None:
    """Return the fee in the charge's currency: Stripe states it in that of our balance."""
    fee = major(balance.get("fee"), balance.get("currency"))
    if fee is None or balance["currency"] == currency:
        return fee
    rate = balance.get("exchange_rate")
    return (fee / Decimal(rate)).quantize(Decimal("0.0001")) if rate else None
