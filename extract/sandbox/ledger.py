"""What the sandbox holds at this moment in a form that two runs can be compared by: no ids, no clocks."""

import re
from typing import Any

from extract.sandbox.hubspot_books import HubSpotBooks
from extract.sandbox.stripe_store import StripeBooks

ADDRESS = re.compile(r"https?://127\.0\.0\.1\S*")
STRIPE_ID = re.compile(r"\b(cus|in)_[0-9A-Za-z]{14,}")
CLOCKS = ("createdate", "hs_createdate", "hs_lastmodifieddate", "lastmodifieddate", "hs_object_id", "hs_timestamp")


def books(
    hubspot: HubSpotBooks, stripe: StripeBooks, mails: list[dict[str, Any]], is_changed_only: bool
) -> dict[str, Any]:
    """Return customers, invoices, deals, companies, contacts, tasks, notes and mails, each sorted by its content.

    With `is_changed_only` only what was written since the start. Values that tell a time are shown as "*".
    """

    def records(kind: str) -> list[dict[str, Any]]:
        rows = [r for r in hubspot.objects[kind].values() if not is_changed_only or "written" in r]
        return [_record(hubspot, kind, r) for r in rows]

    def objects(kind: str) -> list[dict[str, Any]]:
        return [r for r in stripe.objects[kind].values() if not is_changed_only or "_written" in r]

    answer = {
        "customers": [_customer(stripe, r) for r in objects("customers")],
        "invoices": [_invoice(stripe, r) for r in objects("invoices")],
        "credit_notes": [
            {"number": r["number"], "invoice": _number(stripe, r["invoice"]), "total": r["total"],
             "status": r["status"],
             "reason": r["reason"]} for r in objects("credit_notes")
        ],
        "mails": [{k: m[k] for k in ("to", "subject", "text", "attachments")} for m in mails],
        "files": [{k: r[k] for k in ("name", "extension", "size")} for r in hubspot.files.values()],
    }  # fmt: skip
    answer |= {kind: records(kind) for kind in ("deals", "companies", "contacts", "tasks", "notes")}
    names = _names(stripe)
    return {name: sorted((_idless(row, names) for row in rows), key=repr) for name, rows in answer.items()}


def _names(stripe: StripeBooks) -> dict[str, str]:
    """Return what stands for the ids of customers and invoices: name and number."""
    names = {i: f"customer {r['name']}" for i, r in stripe.objects["customers"].items()}
    return names | {i: f"invoice {r['number']}" for i, r in stripe.objects["invoices"].items()}


def _idless(value: Any, names: dict[str, str]) -> Any:
    """Return a value with Stripe's ids told by name and addresses of this server hidden."""
    if isinstance(value, str):
        text = ADDRESS.sub("<address>", value)
        return STRIPE_ID.sub(lambda found: f"<{names.get(found[0], found[1])}>", text)
    if isinstance(value, list | tuple):
        return [_idless(item, names) for item in value]
    return {k: _idless(v, names) for k, v in value.items()} if isinstance(value, dict) else value


def _record(hubspot: HubSpotBooks, kind: str, row: dict[str, Any]) -> dict[str, Any]:
    shown = {
        k: v for k, v in row["properties"].items() if v is not None and k not in CLOCKS and "date_entered" not in k
    }
    if kind in ("deals", "companies", "contacts"):
        shown["id"] = row["id"] if "before" not in row or row["before"] else "new"
    else:  # a task or a note is known by what it hangs on
        links = hubspot.links[kind].get(row["id"], {})
        shown["on"] = sorted(f"{other}:{i}" for other, ids in links.items() for i in ids)
        if "hs_attachment_ids" in shown:
            files = str(shown["hs_attachment_ids"]).split(";")
            shown["hs_attachment_ids"] = [hubspot.files[f]["name"] for f in files if f in hubspot.files]
    return shown | {"archived": row["archived"]}


def _customer(stripe: StripeBooks, row: dict[str, Any]) -> dict[str, Any]:
    shown = {k: row[k] for k in ("name", "email", "phone", "address", "preferred_locales", "tax_exempt")}
    ids = sorted((t["type"], t["value"]) for t in stripe.tax_ids_of(row["id"]))
    return shown | {"tax_ids": ids, "metadata": timeless(row["metadata"])}


def _invoice(stripe: StripeBooks, row: dict[str, Any]) -> dict[str, Any]:
    customer = stripe.objects["customers"].get(row["customer"] or "")
    names = ("number", "status", "currency", "subtotal", "total", "amount_paid", "amount_remaining", "description",
             "footer",
             "custom_fields", "collection_method", "customer_email")  # fmt: skip
    lines = [
        {"description": n["description"], "quantity": n["quantity_decimal"], "amount": n["amount"],
         "tax": sum(t["amount"] for t in n["taxes"]), "discount": sum(d["amount"] for d in n["discount_amounts"])}
        for n in row["lines"]["data"]
    ]  # fmt: skip
    days = None if row["due_date"] is None else round((row["due_date"] - row["created"]) / 86_400)
    shown = {name: row[name] for name in names}
    return shown | {
        "customer": customer["name"] if customer else None,
        "lines": lines,
        "days": days,
        "metadata": timeless(row["metadata"]),
    }


def _number(stripe: StripeBooks, invoice_id: str) -> str | None:
    row = stripe.objects["invoices"].get(invoice_id)
    return row["number"] if row else None


def timeless(metadata: dict[str, str]) -> dict[str, str]:
    """Return metadata with the values of keys that end in `_at` hidden."""
    return {k: "*" if k.endswith("_at") else v for k, v in sorted(metadata.items())}
