"""Mapping of clients, products and documents to rows."""

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from babel.core import get_global

from extract.model import InvoiceKind, InvoiceStatus
from extract.values import EVERYBODYS, country_code, days_of, party_kind, tax_id
from extract.vendor import Item
from extract.vendors.facturama.account import PESO, Account, uuid_of
from extract.vendors.facturama.cfdi import Document, Line, Paid, document

Rows = list[tuple[str, dict[str, Any]]]
ADVANCE = "84111506"  # SAT's code of the line of an advance (Anexo 20, appendix 6)
APPLIED = "07"  # SAT's relation: an advance is taken off
VOID = ("canceled", "cancelled")
STANDING = ("active", "pending", "requested", "rejected", "expired")  # asked to be cancelled is not cancelled
ORDER = re.compile(r"(?P<deal>.+)-(?P<mark>[0-9a-f]{8})|(?P<reference>.+)/(?P<again>[0-9a-f]{8})")  # that we write
FORMS = re.compile(  # what sort of company it is, which the tax office leaves out of its name
    r"[ ,]+(S\.? ?A\.?( ?P\.? ?I\.?| ?B\.?)?|S\.? ?A\.? ?S\.?|S\.? ?DE ?R\.? ?L\.?|S\.? ?C\.?|A\.? ?C\.?)"
    r"( ?DE ?C\.? ?V\.?)?$"
)
PLACES = {  # canonical field -> where it is in Facturama's object
    "customers": {
        "name": "Name", "tax_id": "Rfc", "email": "Email", "street": "Address.Street", "city": "Address.Municipality",
        "region": "Address.State", "postcode": "TaxZipCode", "country": "Address.Country",
    },
    "products": {"sku": "IdentificationNumber", "name": "Name", "unit_price": "Price"},
    "invoices": {"amount": "Subtotal", "currency": "Currency", "due_on": "PaymentConditions", "deal_id": "OrderNumber"},
    "lines": {"description": "Description", "quantity": "Quantity", "unit_price": "UnitPrice", "tax_rate": "Taxes.Rate",
              "discount_rate": "Discount", "sku": "IdentificationNumber"},
}  # fmt: skip


class DocumentRows(Account):
    """The rows that an item means, and where Facturama keeps their fields."""

    def rows(self, kind: str, item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the rows of one item. A document carries its XML and its client's id under the key "_"."""
        made = {"clients": self._client, "products": self._product, "cfdis": self._cfdi}.get(kind)
        return iter(made(item) if made else ())

    def key(self, kind: str, item: Item) -> str:
        """Return the UUID of a document, else Facturama's id."""
        return uuid_of(item) if kind == "cfdis" else str(item["Id"])

    def places(self, table: str) -> dict[str, str]:
        """Return the field of Facturama's object that holds each canonical field of a table."""
        return PLACES.get(table, {})

    def _client(self, item: Item) -> Rows:
        address, rfc = item.get("Address") or {}, (item.get("Rfc") or "").strip().upper()
        country = country_of(address.get("Country"))
        number, home = tax_id(rfc, "MX")
        if rfc in EVERYBODYS and item.get("NumRegIdTrib"):  # a foreigner is known by the number of their own country
            home = country_of(item.get("TaxResidence")) or country
            number, home = tax_id(item["NumRegIdTrib"], home)
        row = {
            "id": item["Id"],
            "kind": party_kind(rfc, "MX"),
            "name": item["Name"],
            "tax_id": number,
            "tax_id_country": home,
            "email": item.get("Email") or None,
            "street": street_of(address) or None,
            "city": address.get("Municipality") or address.get("Locality") or None,
            "region": address.get("State") or None,
            "postcode": item.get("TaxZipCode") or address.get("ZipCode") or None,
            "country": country,
        }
        return [("customers", row)]

    def _product(self, item: Item) -> Rows:
        added = [Decimal(str(t["Rate"])) for t in item.get("Taxes") or () if not _is_yes(t.get("IsRetention"))]
        row = {
            "id": item["Id"],
            "sku": item.get("IdentificationNumber") or None,
            "name": item["Name"],
            "unit_price": item.get("Price"),
            "currency": self.account_currency or PESO,
            "tax_rate": sum(added, Decimal(0)) * 100 if added else None,
            "is_active": True,
        }
        return [("products", row)]

    def _cfdi(self, item: Item) -> Rows:
        extra = item.get("_") or {}
        if not extra.get("xml"):  # transport and payroll bill nobody
            return []
        said = document(extra["xml"])
        if said.sort == "P":
            return self._receipt(said) if standing(item) else []
        return self._invoice(said, item, extra.get("client")) if said.sort in ("I", "E") else []

    def _invoice(self, said: Document, item: Item, client: str | None) -> Rows:
        is_credit = said.sort == "E"
        sign = -1 if is_credit else 1
        is_paid = said.method == "PUE" and not is_credit and self.chosen["pue_is_paid"] == "yes"
        deal, reference = told_by(item.get("OrderNumber"))
        net = sign * (said.subtotal - said.discount)
        status = _status(item, is_paid, is_credit)
        row = {
            "id": said.uuid,
            "number": said.number or None,
            "kind": _kind(said),
            "customer_id": client,
            "customer_name": said.name,
            "customer_tax_id": tax_id(said.rfc, "MX")[0],
            "customer_email": item.get("Email") or None,
            **dict(zip(("seller_name", "seller_tax_id", "seller_address"), said.seller, strict=True)),
            "deal_id": deal,
            "deal_reference": reference,
            "corrects_id": said.relations[0][1] if is_credit and len(said.relations) == 1 else None,
            "status": status,
            "issued_on": said.issued_at[:10],
            "due_on": _due_on(said),
            "currency": said.currency,
            "fx_rate": said.fx_rate if said.currency != PESO else None,
            "net": net,
            "tax": sign * said.added,
            "withheld": sign * said.withheld if said.withheld else None,
            "gross": sign * said.total,
            "paid": said.total if is_paid and status != "void" else None,
            "paid_on": said.issued_at[:10] if is_paid and status != "void" else None,
            "series": said.series,
            "description": said.terms,
            "pdf_url": f"{self.url}/Cfdi/pdf/issued/{item['Id']}",
        }
        lines = [("lines", _row_of(line, at, said, sign)) for at, line in enumerate(said.lines, 1)]
        return [("invoices", row), *lines]

    def _receipt(self, said: Document) -> Rows:
        rows: Rows = []
        for at, paid in enumerate(said.payments, 1):
            id, on, settles = f"{said.uuid}:{at}", paid.at[:10], paid.settles
            rows.append(("payments", self._payment(id, said, paid)))
            for n, part in enumerate(settles, 1):
                applied = {"id": f"{id}:{n}", "payment_id": id, "invoice_id": part.uuid, "amount": part.amount,
                           "currency": part.currency, "allocated_on": on}  # fmt: skip
                rows.append(("allocations", applied))
        return rows

    def _payment(self, id: str, said: Document, paid: Paid) -> dict[str, Any]:
        alone = paid.settles[0] if len(paid.settles) == 1 else None
        return {
            "id": id, "paid_on": paid.at[:10], "amount": paid.amount, "currency": paid.currency, "method": "recorded",
            "payer_name": said.name, "payer_tax_id": tax_id(said.rfc, "MX")[0], "payer_iban": paid.account,
            "reference": paid.reference, "invoice_reference": alone and alone.number,
            "invoice_id": alone.uuid if alone and alone.currency == paid.currency else None, "status": "booked",
        }  # fmt: skip


def told_by(order: str | None) -> tuple[str | None, str | None]:
    """Return deal and reference that an order number names: ours carries a mark behind the deal, or the reference."""
    if not order:
        return None, None
    ours = ORDER.fullmatch(order)
    if ours is None:
        return None, order
    return (ours["deal"], ours["deal"]) if ours["deal"] else (None, ours["reference"])


def fiscal_name(name: str | None, rfc: str) -> str:
    """Return a name as the tax office has it: in capitals, a company's without what sort of company it is."""
    capitals = " ".join((name or "").upper().split())
    return FORMS.sub("", capitals) if len(rfc) == 12 else capitals


def street_of(address: Item) -> str:
    """Return street and numbers as one text."""
    inside = f"int. {address['InteriorNumber']}" if address.get("InteriorNumber") else ""
    outside = " ".join(p for p in (address.get("Street"), address.get("ExteriorNumber")) if p)
    return ", ".join(p for p in (outside, inside) if p)


def country_of(text: str | None) -> str | None:
    """Return the ISO country of a name or of a code of two or three letters; None where it is none."""
    if found := country_code(text):
        return found
    alias = get_global("territory_aliases").get((text or "").strip().upper())
    return str(alias[0]) if alias and len(alias) == 1 and len(alias[0]) == 2 else None


def _status(item: Item, is_paid: bool, is_credit: bool) -> InvoiceStatus:
    if not standing(item):
        return "void"
    if is_paid:
        return "paid"
    return "sent" if item.get("EmailSent") and not is_credit else "issued"


def standing(item: Item) -> bool:
    """Return whether a document counts. ValueError where Facturama says something of it that we do not know."""
    said = str(item.get("Status") or ("active" if item["IsActive"] else "canceled")).lower()
    if said not in (*VOID, *STANDING):
        raise ValueError(f"Status {said!r} is not known")
    return said not in VOID


def _kind(said: Document) -> InvoiceKind:
    if said.sort == "E":
        return "credit_note"
    if said.lines and all(line.code == ADVANCE for line in said.lines):
        return "deposit"
    return "final" if any(relation == APPLIED for relation, _ in said.relations) else "invoice"


def _due_on(said: Document) -> dt.date | None:
    """Return the day that terms in days mean; terms in words name none."""
    days = days_of(said.terms)
    if said.sort == "E" or not (days and days.isdigit()):
        return None
    return dt.date.fromisoformat(said.issued_at[:10]) + dt.timedelta(days=int(days))


def _row_of(line: Line, at: int, said: Document, sign: int) -> dict[str, Any]:
    return {
        "id": f"{said.uuid}:{at}", "document": "invoice", "document_id": said.uuid, "position": at, "sku": line.sku,
        "description": line.description, "quantity": line.quantity, "unit_price": sign * line.unit_price,
        "discount_rate": (line.discount / line.amount * 100).quantize(Decimal("0.00000001")) if line.discount else None,
        "tax_rate": line.tax_rate, "net": sign * (line.amount - line.discount), "currency": said.currency,
    }  # fmt: skip


def _is_yes(value: Any) -> bool:
    return value is True or str(value).lower() == "true"
