"""What the columns of an export mean together: a close date is a win date on a won deal, a balance is what is unpaid.

Each rule takes a row with canonical and helping columns (see `extract.headings`) and returns the table it belongs to,
mended in place, or None where it is no row of ours. Money is text or Decimal, never float.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from stdnum import iso11649
from stdnum.exceptions import ValidationError

Row = dict[str, Any]
Rule = Callable[[Row], str | None]
_RF = re.compile(r"\bRF\d\d(?: ?[0-9A-Z]{1,21})+", re.ASCII)
BILL = {"customer_name": "supplier_name"} | {
    c: c for c in ("id", "number", "status", "issued_on", "due_on", "currency", "gross", "paid")
}


def rf_reference(text: str) -> str | None:
    """Return the first valid ISO 11649 reference in a text, compact."""
    for found in _RF.finditer(text.upper()):
        words = found[0].split(" ")
        for count in range(len(words), 0, -1):  # blanks may group it, or end it
            candidate = "".join(words[:count])
            try:
                return str(iso11649.validate(candidate))
            except ValidationError:
                continue
    return None


def deal(row: Row) -> str:
    """Settle status, dates and amount of a deal."""
    won, closed, close = row.pop("is_won", None), row.pop("is_closed", None), row.pop("close_on", None)
    if won is not None and not row.get("status"):
        row["status"] = "won" if won else "lost" if closed else "open"
    if not row.get("status") and row.get("won_on"):
        row["status"] = "won"
    if close and row.get("status") == "won":
        row.setdefault("won_on", close)
    elif close and row.get("status") == "open":
        row.setdefault("expected_close_on", close)
    net, gross = row.pop("amount_net", None), row.pop("amount_gross", None)
    if not row.get("amount") and (net or gross):
        row["amount"], row["amount_is"] = (net, "net") if net else (gross, "gross")
    row.pop("product", None)
    return "deals"


def invoice(row: Row) -> str | None:
    """Settle amounts, sign and state of a sales document; send bills and payments to their own tables."""
    kind, due, sent = row.get("kind"), row.pop("amount_due", None), row.pop("is_sent", None)
    if kind == "payment":
        return _payment_of(row)
    _fill_amounts(row, due)
    if kind == "bill":
        given = dict(row)
        row.clear()
        row.update({ours: given[theirs] for theirs, ours in BILL.items() if theirs in given})
        return "bills"
    gross = Decimal(row["gross"]) if row.get("gross") else None
    if gross is None and not row.get("net") and row.get("status") != "draft":
        return None
    if kind is None:
        row["kind"] = "credit_note" if gross is not None and gross < 0 else "invoice"
    elif kind == "credit_note":
        for column in ("net", "tax", "gross"):
            if row.get(column):
                row[column] = -abs(Decimal(row[column]))
    _settle_status(row, gross, sent)
    return "invoices"


def _fill_amounts(row: Row, due: str | None) -> None:
    net, tax, gross = (Decimal(row[c]) if row.get(c) else None for c in ("net", "tax", "gross"))
    if gross is None and net is not None and tax is not None:
        gross = row["gross"] = net + tax - Decimal(row.get("withheld") or 0)
    elif net is None and gross is not None and tax is not None and not row.get("withheld"):
        row["net"] = gross - tax
    elif tax is None and gross is not None and net is not None and not row.get("withheld"):
        row["tax"] = gross - net
    # A void document is not owed although nobody paid it.
    if not row.get("paid") and due and gross is not None and row.get("status") not in ("void", "draft"):
        row["paid"] = gross - Decimal(due)


def _settle_status(row: Row, gross: Decimal | None, sent: bool | None) -> None:
    paid = Decimal(row["paid"]) if row.get("paid") else Decimal(0)
    if not row.get("status"):
        settled = gross is not None and gross > 0 and paid >= gross
        row["status"] = "paid" if settled or row.get("paid_on") else "issued"
    if row["status"] == "issued" and sent:
        row["status"] = "sent"
    if row["status"] in ("issued", "sent") and gross is not None and 0 < paid < gross:
        row["status"] = "partly_paid"


def _payment_of(row: Row) -> str | None:
    """Turn a document row that is a payment (transaction lists mix them) into a recorded payment."""
    given = dict(row)
    row.clear()
    if not given.get("gross"):
        return None
    names = {"customer_name": "payer_name", "issued_on": "paid_on", "description": "reference"}
    kept = {ours: given[theirs] for theirs, ours in names.items() if theirs in given}
    same = {c: given[c] for c in ("id", "currency", "customer_id", "updated_at") if c in given}
    row.update(kept | same | {"amount": abs(Decimal(given["gross"])), "method": "recorded", "status": "booked"})
    return "payments"


def payment(row: Row) -> str | None:
    """Settle sign, date and reference of a movement. Money that left us is negative and no customer's payment."""
    credit, debit, way = row.pop("credit", None), row.pop("debit", None), row.pop("direction", None)
    booked, _ = row.pop("booked_on", None), row.pop("balance", None)
    if not row.get("amount"):
        taken, given = (abs(Decimal(d)) if d else Decimal(0) for d in (debit, credit))
        if not taken and not given and debit is None and credit is None:
            return None
        row["amount"] = given - taken if not (credit and Decimal(credit) < 0) else -given
    elif way:
        row["amount"] = abs(Decimal(row["amount"])) * (-1 if way == "debit" else 1)
    row.setdefault("paid_on", booked)
    if not row["paid_on"]:
        return None
    row.setdefault("status", "booked")
    if Decimal(row["amount"]) < 0 and not row.get("method"):
        row["method"] = "other"
    if not row.get("invoice_reference") and (found := rf_reference(row.get("reference") or "")):
        row["invoice_reference"] = found
    return "payments"


def customer(row: Row) -> str:
    """Name a customer by its legal name where the file gives no other."""
    if not row.get("name") and row.get("legal_name"):
        row["name"] = row["legal_name"]
    return "customers"


RULES: dict[str, Rule] = {"deals": deal, "invoices": invoice, "payments": payment, "customers": customer}
