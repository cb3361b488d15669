"""What events say: the record, its deal, its salesperson and its customer, as plain data. Amounts are text."""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from reconcile.facts import Facts, Record

Said = tuple[str, dict[str, Any]]  # the salesperson's id, and what is told
_PAYMENTS = """
    SELECT m.vendor, m.id, m.invoices, m.allocated FROM payment_summary AS m
    WHERE m.role = 'money' AND m.amount > 0 ORDER BY m.paid_on, m.vendor, m.id
"""
_DEALS = """
    SELECT s.vendor, s.id, s.is_paid FROM deal_summary AS s
    WHERE s.paid > 0 ORDER BY s.vendor, s.id
"""
_SETTLED = """
    SELECT a.invoice_vendor AS vendor, a.invoice_id AS id, i.number, SUM(a.amount) AS amount, i.currency, i.url
    FROM allocated_money AS a JOIN invoices AS i ON i.vendor = a.invoice_vendor AND i.id = a.invoice_id
    WHERE a.payment_vendor = ? AND a.payment_id = ?
    GROUP BY a.invoice_vendor, a.invoice_id, i.number, i.currency, i.url ORDER BY a.invoice_vendor, a.invoice_id
"""
_ANSWERED = ("id", "number", "status", "amount", "gross", "net", "currency", "due_on", "recipient", "url")


def facts(db: Facts) -> Iterator[tuple[str, tuple[str, Record]]]:
    """Yield every fact of which there is one event: its name, the event's type, and the row it is about."""
    for row in db.all(_PAYMENTS):
        yield f"received:{row['vendor']}:{row['id']}", ("payment.received", row | {"table": "payments"})
        if row["invoices"]:
            yield f"matched:{row['vendor']}:{row['id']}", ("payment.matched", row | {"table": "payments"})
    for row in db.all(_DEALS):
        yield f"first:{row['vendor']}:{row['id']}", ("deal.first_payment", row | {"table": "deals"})
        if row["is_paid"]:
            yield f"paid:{row['vendor']}:{row['id']}", ("deal.paid", row | {"table": "deals"})


def told(db: Facts, row: Record) -> Said:
    """Return what is told of a payment, or of a deal that money came for."""
    if row["table"] == "deals":
        deal = db.deal(row["vendor"], row["id"])
        summary = db.deal_summary(row["vendor"], row["id"]) or {}
        paid = {"paid": _text(summary.get("paid")), "currency": summary.get("currency")}
        return _about(db, [deal] if deal else [], None, {"paid": paid})
    payment = db.one("SELECT * FROM payments WHERE vendor = ? AND id = ?", row["vendor"], row["id"]) or {}
    invoices = db.all(_SETTLED, row["vendor"], row["id"])
    deals = {d["id"]: d for i in invoices for d in db.deals_of(i["vendor"], i["id"])}
    first = db.invoice(invoices[0]["vendor"], invoices[0]["id"]) if invoices else None
    customer = db.customer(first["vendor"], first["customer_id"]) if first else None
    names = ("vendor", "id", "amount", "currency", "paid_on", "method", "payer_name", "reference")
    said = {"payment": _plain({name: payment.get(name) for name in names}), "invoices": [_plain(i) for i in invoices]}
    if customer is None and payment.get("payer_name"):
        said["customer"] = {"name": payment["payer_name"]}
    return _about(db, list(deals.values()), customer, said)


def finding(db: Facts, row: Mapping[str, Any]) -> Said:
    """Return what is told of a finding: from the warehouse, else what its history still knows."""
    found = db.finding(row["finding_id"])
    if found is None:
        gone = {"id": row["finding_id"], "check": row["check"], "amount_at_stake": _text(row["amount"]),
                "currency": row["currency"]}  # fmt: skip
        return "", {"finding": {k: v for k, v in gone.items() if v is not None}}
    names = ("id", "check", "title", "severity", "detail", "amount_at_stake", "currency", "since_on", "action")
    said = _plain({name: found[name] for name in names})
    said["record"] = f"{found['subject_table']}:{found['subject_vendor']}:{found['subject_id']}"
    owner, about = _about(db, *_of(db, found["subject_table"], found["subject_vendor"], found["subject_id"]),
                          {"finding": said})  # fmt: skip
    return found["owner_id"] or owner, about


def done(db: Facts, row: Mapping[str, Any]) -> Said:
    """Return what is told of a line of the audit log: what was done, at which record, and what came of it."""
    table, _, rest = str(row["subject"]).partition(":")
    vendor, _, id = rest.partition(":")
    answer = row["answer"] if isinstance(row["answer"], dict) else {}
    said: dict[str, Any] = {"done": {"action": row["action"], "who": row["who"], "says": row["says"],
                                     "at_vendor": row["vendor"], "record": row["subject"]}}  # fmt: skip
    made = {name: str(answer[name]) for name in _ANSWERED if answer.get(name) not in (None, "")}
    if made:
        said["result"] = made
    return _about(db, *_of(db, table, vendor, id), said)


def _of(db: Facts, table: str, vendor: str, id: str) -> tuple[list[Record], Record | None]:
    """Return the deals and the customer of a record."""
    if table == "deals":
        deal = db.deal(vendor, id)
        return ([deal], db.customer(vendor, deal["customer_id"])) if deal else ([], None)
    if table == "invoices":
        invoice = db.invoice(vendor, id)
        return db.deals_of(vendor, id), db.customer(vendor, invoice["customer_id"]) if invoice else None
    return [], db.customer(vendor, id) if table == "customers" else None


def _about(db: Facts, deals: list[Record], customer: Record | None, said: dict[str, Any]) -> Said:
    """Add deals, the first one's salesperson and the customer to what is told."""
    owner_id = ""
    if deals:
        names = ("vendor", "id", "title", "amount", "currency", "url")
        said["deals"] = [_plain({name: deal[name] for name in names}) for deal in deals]
        owner_id = deals[0]["owner_id"] or ""
        owner = db.one("SELECT * FROM owners WHERE vendor = ? AND id = ?", deals[0]["vendor"], owner_id)
        if owner:
            said["owner"] = _plain({name: owner[name] for name in ("id", "name", "email")})
        if customer is None:
            customer = db.customer(deals[0]["vendor"], deals[0]["customer_id"])
    if customer is not None:
        said["customer"] = _plain({name: customer[name] for name in ("vendor", "id", "name", "tax_id", "email")})
    return owner_id, said


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a row, as JSON can say it without loss."""
    return {name: _text(value) for name, value in row.items() if value is not None}


def _text(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:.2f}" if value == round(value, 2) else f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, dt.date) else value
