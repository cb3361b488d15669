"""Mapping of payments to rows: the money, and what of it, or of credit memos, was applied to which invoice."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from extract.vendor import Item
from extract.vendors.quickbooks.objects import Objects, ref

Rows = list[tuple[str, dict[str, Any]]]
_CASH = ""  # stands for the payment's own money among what pays


class PaymentRows(Objects):
    """Rows of `payments` and `allocations`."""

    def _payment(self, item: Item) -> Rows:
        currency = ref(item, "CurrencyRef") or (item.get("_") or {}).get("currency")
        amount, parts = Decimal(item["TotalAmt"]), list(_applied(item))
        mine = [(invoice, part) for payer, invoice, part in parts if payer == _CASH]
        whole = mine[0][0] if len(mine) == 1 and mine[0][1] == amount else None
        rows: Rows = []
        if amount:  # without money it only brings a credit memo and an invoice together, or was voided
            row = {
                "id": item["Id"],
                "paid_on": item["TxnDate"],
                "amount": amount,
                "currency": currency,
                "method": "recorded",
                "payer_name": (item.get("CustomerRef") or {}).get("name"),
                "reference": item.get("PaymentRefNum") or item.get("PrivateNote"),
                "customer_id": ref(item, "CustomerRef"),
                "invoice_id": whole,
                "status": "booked",
                "updated_at": (item.get("MetaData") or {}).get("LastUpdatedTime"),
            }
            rows.append(("payments", row))
        for at, (payer, invoice, part) in enumerate(parts, 1):
            row = {"id": f"{item['Id']}:{at}", "payment_id": payer or item["Id"], "invoice_id": invoice,
                   "amount": part, "currency": currency, "allocated_on": item["TxnDate"]}  # fmt: skip
            rows.append(("allocations", row))
        return rows


def _applied(item: Item) -> Iterator[tuple[str, str, Decimal]]:
    """Yield (credit memo or cash, invoice, amount), together what the payment applies to each invoice.

    Where several credit memos, or one and money, pay several invoices, QuickBooks does not tell which paid which: they
    are taken in the order in which it lists them, the money last.
    """
    owed: list[list[Any]] = []
    payers: list[list[Any]] = []
    for line in item.get("Line") or []:
        for link in (line.get("LinkedTxn") or [])[:1]:
            amount = Decimal(line["Amount"])
            if link["TxnType"] == "Invoice":
                owed.append([str(link["TxnId"]), amount])
            else:  # credit memos; money that was booked by hand belongs to nothing that we read
                payers.append([str(link["TxnId"]) if link["TxnType"] == "CreditMemo" else None, amount])
    payers.append([_CASH, Decimal(item["TotalAmt"]) - Decimal(item.get("UnappliedAmt") or 0)])
    for invoice, left in owed:
        for payer in payers:
            part = min(left, payer[1])
            if part > 0:
                left, payer[1] = left - part, payer[1] - part
                if payer[0] is not None:
                    yield payer[0], invoice, part
