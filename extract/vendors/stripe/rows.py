"""Mapping of objects to rows: customers, products, tax codes, invoices, credit notes and quotes."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from extract.model import InvoiceKind, QuoteStatus
from extract.values import major
from extract.vendor import Item
from extract.vendors.stripe.documents import invoice_status, untaxed, when_sent
from extract.vendors.stripe.objects import id_of
from extract.vendors.stripe.rows_lines import credit_line, invoice_line, quote_line
from extract.vendors.stripe.rows_payments import PaymentRows, Rows, allocation
from extract.vendors.stripe.tax_ids import tax_id_of

QUOTE_STATUS: dict[str, QuoteStatus] = {
    "draft": "draft", "open": "published", "accepted": "accepted", "canceled": "rejected"
}  # fmt: skip
INVOICE_KINDS: dict[str, InvoiceKind] = {
    "deposit": "deposit", "final": "final", "recurring": "recurring", "renewal": "recurring", "invoice": "invoice",
    "proforma": "proforma",
}  # fmt: skip
REFERENCE = re.compile(
    r"\b(?:order|pedido|commande|bestellung|zamówieni\w*|ref(?:erence|erencia|\.)?)\W{0,3}((?:PO[-\s]?)?[\w/-]*\d[\w/-]*)"
    r"|\b(PO[-\s]?\d[\w/-]*)",
    re.IGNORECASE,
)
PLACES = {  # canonical field -> where it is in Stripe's object
    "customers": {
        "name": "name", "legal_name": "business_name", "tax_id": "tax_ids", "email": "email", "phone": "phone",
        "street": "address.line1", "city": "address.city", "region": "address.state",
        "postcode": "address.postal_code", "country": "address.country", "language": "preferred_locales",
        "payment_terms_days": "metadata.payment_terms_days",
    },
    "products": {"sku": "metadata.sku", "name": "name", "unit_price": "default_price"},
    "quotes": {"status": "status", "valid_until_on": "expires_at", "lines": "line_items"},
    "invoices": {"amount": "lines.amount", "currency": "currency", "due_on": "due_date"},
    "lines": {"description": "description", "quantity": "quantity", "unit_price": "price", "tax_rate": "tax_rates",
              "discount_rate": "discounts", "sku": "price.product"},
}  # fmt: skip


class DocumentRows(PaymentRows):
    """The rows that an object means, and where Stripe keeps their fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = self.chosen["reference_names"].split(",")
        self._reference_names = {n.strip().casefold() for n in names}
        self._mappers: dict[str, Callable[[Item], Rows]] = {
            "customers": self._customer, "products": self._product, "invoices": self._invoice, "quotes": self._quote,
            "charges": self._charge, "refunds": self._refund, "credit_notes": self._credit_note,
            "payouts": self._payout, "tax_rates": self._tax_code,
        }  # fmt: skip

    def rows(self, kind: str, item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the rows of one object; a deleted one means none."""
        mapper = self._mappers.get(kind)
        return iter(() if mapper is None or item.get("deleted") else mapper(item))

    def places(self, table: str) -> dict[str, str]:
        """Return the field of Stripe's object that holds each canonical field of a table."""
        noted = {"customers": {"other_id": f"metadata.{self.chosen['customer_metadata_key']}"},
                 "invoices": {"deal_id": f"metadata.{self.chosen['deal_metadata_key']}"}}  # fmt: skip
        return PLACES.get(table, {}) | noted.get(table, {})

    def _customer(self, item: Item) -> Rows:
        address, meta = item.get("address") or {}, item.get("metadata") or {}
        number, country = tax_id_of((item.get("tax_ids") or {}).get("data"), address.get("country"))
        row = {
            "id": item["id"],
            "name": item.get("name") or item.get("email"),
            "kind": "company" if item.get("business_name") else "person" if item.get("individual_name") else None,
            "legal_name": item.get("business_name"),
            "tax_id": number,
            "tax_id_country": country,
            "email": item.get("email"),
            "phone": item.get("phone"),
            "street": ", ".join(filter(None, (address.get("line1"), address.get("line2")))),
            "city": address.get("city"),
            "region": address.get("state"),
            "postcode": address.get("postal_code"),
            "country": address.get("country"),
            "language": next(iter(item.get("preferred_locales") or ()), "")[:2],
            "payment_terms_days": meta.get("payment_terms_days"),
            "other_id": meta.get(self.chosen["customer_metadata_key"]),
            "url": self._screen(item, "customers"),
            "created_at": item.get("created"),
        }
        return [("customers", row)]

    def _product(self, item: Item) -> Rows:
        price = (item.get("_") or {}).get("price") or {}
        currency, amount = price.get("currency"), price.get("unit_amount_decimal") or price.get("unit_amount")
        row = {
            "id": item["id"],
            "sku": (item.get("metadata") or {}).get("sku"),
            "name": item["name"],
            "unit_price": major(amount, currency),
            "currency": currency and currency.upper(),
            "is_active": item.get("active"),
            "created_at": item.get("created"),
            "updated_at": item.get("updated"),
        }
        return [("products", row)]

    def _tax_code(self, item: Item) -> Rows:
        if item.get("inclusive") or item.get("rate_type") == "flat_amount":
            return []  # our prices are net, in percent: such a rate cannot be put on our lines
        row = {"id": item["id"], "name": item.get("display_name"), "rate": item.get("percentage"),
               "country": item.get("country"), "description": item.get("description") or item.get("jurisdiction"),
               "is_active": item.get("active")}  # fmt: skip
        return [("tax_codes", row)]

    def _invoice(self, item: Item) -> Rows:
        currency, meta, extra = item["currency"], item.get("metadata") or {}, item.get("_") or {}
        moved = item.get("status_transitions") or {}
        number, _ = tax_id_of(item.get("customer_tax_ids"), (item.get("customer_address") or {}).get("country"))
        gross, net = item["total"], untaxed(item)
        sent_at = when_sent(item, extra, meta, moved)
        issued = item.get("effective_at") or moved.get("finalized_at")
        row = {
            "id": item["id"],
            "number": item.get("number"),
            "kind": self._kind(item, meta),
            "customer_id": id_of(item.get("customer")),
            "customer_name": item.get("customer_name"),
            "customer_tax_id": number,
            "customer_email": item.get("customer_email"),
            "deal_id": meta.get(self.chosen["deal_metadata_key"]),
            "deal_reference": self._reference(item),
            "status": invoice_status(item, sent_at, extra),
            "issued_on": self.day(issued or (item["created"] if item["status"] != "draft" else None)),
            "due_on": self.day(item.get("due_date")),
            "sent_at": sent_at,
            "currency": currency.upper(),
            "fx_rate": meta.get("cuadra_fx_rate"),
            "net": major(net, currency),
            "tax": major(gross - net, currency),
            "gross": major(gross, currency),
            "paid": major(item.get("amount_paid"), currency),
            "paid_on": self.day(moved.get("paid_at")) if item["status"] == "paid" else None,
            "series": meta.get("cuadra_series"),
            "description": item.get("description"),
            "url": self._screen(item, "invoices"),
            "pdf_url": item.get("invoice_pdf"),
            "created_at": item["created"],
            "updated_at": max(filter(None, (item["created"], sent_at, extra.get("changed_at"), *moved.values()))),
        }
        rates = extra.get("tax_rates") or {}
        rows: Rows = [("invoices", row)]
        for at, line in enumerate(item["lines"]["data"], 1):
            rows.append(("lines", invoice_line(line, at, item["id"], currency, rates)))
        return rows + self._settlements(item)

    def _kind(self, item: Item, meta: Item) -> InvoiceKind:
        said = meta.get("cuadra_kind") or meta.get(self.chosen["kind_metadata_key"]) or ""
        if (item.get("parent") or {}).get("type") == "subscription_details":
            return "recurring"
        kind = INVOICE_KINDS.get(said, "invoice")
        return "invoice" if kind == "proforma" and item["status"] != "draft" else kind  # somebody issued it: it counts

    def _reference(self, item: Item) -> str | None:
        """Return the order number printed on an invoice: in a field of such a name, else said in its description."""
        for field in item.get("custom_fields") or []:
            if field["name"].strip().casefold() in self._reference_names:
                return str(field["value"])
        found = REFERENCE.search(item.get("description") or "")
        return found and (found[1] or found[2])

    def _credit_note(self, item: Item) -> Rows:
        currency, net = item["currency"], untaxed(item)
        on = self.day(item.get("effective_at") or item["created"])
        row = {
            "id": item["id"],
            "number": item.get("number"),
            "kind": "credit_note",
            "customer_id": id_of(item.get("customer")),
            "corrects_id": id_of(item["invoice"]),
            "status": "void" if item["status"] == "void" else "issued",
            "issued_on": on,
            "currency": currency.upper(),
            "net": major(-net, currency),
            "tax": major(net - item["total"], currency),
            "gross": major(-item["total"], currency),
            "description": item.get("memo"),
            "pdf_url": item.get("pdf"),
            "created_at": item["created"],
            "updated_at": item.get("voided_at") or item["created"],
        }
        rows: Rows = [("invoices", row)]
        for at, line in enumerate((item.get("lines") or {}).get("data") or [], 1):
            rows.append(("lines", credit_line(line, at, item["id"], currency)))
        applied = item.get("pre_payment_amount") or 0  # what was paid already is given back instead: see refunds
        if applied and item["status"] != "void":
            money = major(applied, currency)
            rows.append(
                ("allocations", allocation(item["id"], item["id"], id_of(item["invoice"]), money, currency, on))
            )
        return rows

    def _quote(self, item: Item) -> Rows:
        currency, meta = item.get("currency") or "", item.get("metadata") or {}
        tax = (item.get("total_details") or {}).get("amount_tax") or 0
        row = {
            "id": item["id"],
            "number": item.get("number"),
            "title": item.get("header") or item.get("description"),
            "deal_id": meta.get(self.chosen["deal_metadata_key"]),
            "customer_id": id_of(item.get("customer")),
            "other_quote_id": meta.get(self.chosen["quote_metadata_key"]),
            "status": QUOTE_STATUS[item["status"]],
            "valid_until_on": self.day(item.get("expires_at")),
            "accepted_on": self.day((item.get("status_transitions") or {}).get("accepted_at")),
            "net": major(item["amount_total"] - tax, currency),
            "tax": major(tax, currency),
            "gross": major(item["amount_total"], currency),
            "currency": currency.upper(),
            "url": self._screen(item, "quotes"),
            "updated_at": item["created"],
        }
        lines = (item.get("line_items") or {}).get("data") or []
        return [("quotes", row), *(("lines", quote_line(line, at, item["id"])) for at, line in enumerate(lines, 1))]
