"""Mapping of objects to rows: customers, products, tax codes, invoices, credit memos, sales receipts and estimates."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from extract.model import InvoiceKind, InvoiceStatus, QuoteStatus
from extract.values import country_code, tax_id
from extract.vendor import Item
from extract.vendors.quickbooks.objects import is_gone, noted, ref
from extract.vendors.quickbooks.rows_lines import lines_of
from extract.vendors.quickbooks.rows_payments import PaymentRows
from extract.vendors.quickbooks.rows_payments import Rows as Pairs

QUOTE_STATUS: dict[str, QuoteStatus] = {
    "Pending": "published", "Accepted": "accepted", "Converted": "accepted", "Rejected": "rejected",
}  # fmt: skip
KINDS: tuple[InvoiceKind, ...] = ("invoice", "deposit", "final", "recurring")
SHOWN = 5  # letters of a tax id that come back, the last ones
TAX_ID = "cuadra_tax_id"  # name under which a customer's notes hold the whole of it
PLACES = {  # canonical field -> where it is in QuickBooks' object
    "customers": {
        "name": "DisplayName", "legal_name": "CompanyName", "tax_id": "PrimaryTaxIdentifier",
        "email": "PrimaryEmailAddr", "phone": "PrimaryPhone", "street": "BillAddr.Line1", "city": "BillAddr.City",
        "region": "BillAddr.CountrySubDivisionCode", "postcode": "BillAddr.PostalCode", "country": "BillAddr.Country",
        "payment_terms_days": "SalesTermRef",
    },
    "products": {"sku": "Sku", "name": "Name", "unit_price": "UnitPrice", "stock": "QtyOnHand"},
    "quotes": {"status": "TxnStatus", "valid_until_on": "ExpirationDate", "lines": "Line"},
    "invoices": {"amount": "TotalAmt", "currency": "CurrencyRef", "due_on": "DueDate"},
    "lines": {"description": "Description", "quantity": "Qty", "unit_price": "UnitPrice", "tax_rate": "TaxCodeRef",
              "sku": "ItemRef"},
}  # fmt: skip


class Rows(PaymentRows):
    """The rows that an object means, and where QuickBooks keeps their fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._mappers: dict[str, Callable[[Item], Pairs]] = {
            "customers": self._customer, "items": self._product, "tax_codes": self._tax_code,
            "invoices": self._invoice, "credit_memos": self._credit_memo, "payments": self._payment,
            "sales_receipts": self._sales_receipt, "estimates": self._estimate,
        }  # fmt: skip

    def rows(self, kind: str, item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the rows of one object; a deleted one means none."""
        mapper = self._mappers.get(kind)
        return iter(() if mapper is None or is_gone(item) else mapper(item))

    def places(self, table: str) -> dict[str, str]:
        """Return the field of QuickBooks' object that holds each canonical field of a table."""
        noted_in = {"customers": {"other_id": f"Notes: {self.chosen['customer_note']}"},
                    "invoices": {"deal_id": f"PrivateNote: {self.chosen['deal_note']}"}}  # fmt: skip
        return PLACES.get(table, {}) | noted_in.get(table, {})

    def _customer(self, item: Item) -> Pairs:
        address, notes = item.get("BillAddr") or {}, noted(item.get("Notes"))
        country = country_code(address.get("Country"))
        number, home = tax_id(_tax_id(item, notes), country)
        lines = (address.get(f"Line{at}") for at in range(1, 6))
        row = {
            "id": item["Id"],
            "name": item["DisplayName"],
            "kind": "company" if item.get("CompanyName") else None,
            "legal_name": item.get("CompanyName"),
            "tax_id": number,
            "tax_id_country": home,
            "email": (item.get("PrimaryEmailAddr") or {}).get("Address"),
            "phone": (item.get("PrimaryPhone") or {}).get("FreeFormNumber"),
            "street": ", ".join(filter(None, lines)),
            "city": address.get("City"),
            "region": address.get("CountrySubDivisionCode"),
            "postcode": address.get("PostalCode"),
            "country": country,
            "payment_terms_days": (item.get("_") or {}).get("terms"),
            "parent_id": ref(item, "ParentRef"),
            "other_id": notes.get(self.chosen["customer_note"]),
            "url": self._screen("customerdetail?nameId", item),
            **_times(item),
        }
        return [("customers", row)]

    def _product(self, item: Item) -> Pairs:
        if item.get("Type") == "Category":
            return []
        extra = item.get("_") or {}
        row = {
            "id": item["Id"],
            "sku": item.get("Sku"),
            "name": item["Name"],
            "unit_price": item.get("UnitPrice"),
            "currency": extra.get("currency"),
            "tax_rate": (extra.get("tax_rates") or {}).get(ref(item, "SalesTaxCodeRef")),
            "stock": item.get("QtyOnHand") if item.get("TrackQtyOnHand") else None,
            "is_active": item.get("Active"),
            **_times(item),
        }
        return [("products", row)]

    def _tax_code(self, item: Item) -> Pairs:
        rate = (item.get("_") or {}).get("rate")
        if rate is None:
            return []  # without a rate on sales it cannot stand on a line of an invoice
        row = {"id": item["Id"], "name": item["Name"], "rate": rate, "description": item.get("Description"),
               "is_active": item.get("Active")}  # fmt: skip
        return [("tax_codes", row)]

    def _document(self, item: Item, sign: int) -> dict[str, Any]:
        """Return what invoices, credit memos and estimates say alike; the amounts of a credit memo are negative."""
        tax = (item.get("TxnTaxDetail") or {}).get("TotalTax") or 0
        return {
            "id": item["Id"],
            "number": item.get("DocNumber"),
            "customer_id": ref(item, "CustomerRef"),
            "currency": self._currency(item),
            "net": sign * (Decimal(item["TotalAmt"]) - tax),
            "tax": sign * Decimal(tax),
            "gross": sign * Decimal(item["TotalAmt"]),
            "updated_at": (item.get("MetaData") or {}).get("LastUpdatedTime"),
        }

    def _currency(self, item: Item) -> str | None:
        return ref(item, "CurrencyRef") or (item.get("_") or {}).get("currency")

    def _billed(self, item: Item, sign: int) -> dict[str, Any]:
        notes, home = noted(item.get("PrivateNote")), (item.get("_") or {}).get("currency")
        return self._document(item, sign) | {
            "customer_name": (item.get("CustomerRef") or {}).get("name"),
            "customer_email": (item.get("BillEmail") or {}).get("Address"),
            "deal_id": notes.get(self.chosen["deal_note"]),
            "deal_reference": self._reference(item),
            "issued_on": item.get("TxnDate"),
            "sent_at": (item.get("DeliveryInfo") or {}).get("DeliveryTime"),
            "fx_rate": item.get("ExchangeRate") if self._currency(item) != home else None,
            "description": (item.get("CustomerMemo") or {}).get("value"),
            "created_at": (item.get("MetaData") or {}).get("CreateTime"),
        }

    def _invoice(self, item: Item) -> Pairs:
        kind = noted(item.get("PrivateNote")).get("cuadra_kind")
        row = self._billed(item, 1) | {
            "kind": kind if kind in KINDS else "invoice",
            "status": invoice_status(item),
            "due_on": item.get("DueDate"),
            "paid": Decimal(item["TotalAmt"]) - Decimal(item.get("Balance") or 0),
            "url": self._screen("invoice?txnId", item),
        }
        return [("invoices", row), *lines_of(item, "invoice", row["currency"], 1)]

    def _credit_memo(self, item: Item) -> Pairs:
        row = self._billed(item, -1) | {
            "kind": "credit_note",
            "corrects_id": ref(item, "InvoiceRef") or noted(item.get("PrivateNote")).get("cuadra_corrects"),
            "status": "void" if is_void(item) else "issued",
            "url": self._screen("creditmemo?txnId", item),
        }
        return [("invoices", row), *lines_of(item, "invoice", row["currency"], -1)]

    def _sales_receipt(self, item: Item) -> Pairs:
        """Return a sale that was paid where it was made: an invoice, and the money for it."""
        gross = Decimal(item["TotalAmt"])
        row = self._billed(item, 1) | {
            "kind": "invoice",
            "status": "void" if is_void(item) else "paid",
            "due_on": item["TxnDate"],
            "paid": gross,
            "paid_on": item["TxnDate"] if gross else None,
            "url": self._screen("salesreceipt?txnId", item),
        }
        money = item | {"Line": [{"Amount": gross, "LinkedTxn": [{"TxnId": item["Id"], "TxnType": "Invoice"}]}]}
        return [
            ("invoices", row),
            *lines_of(item, "invoice", row["currency"], 1),
            *(self._payment(money) if gross else []),
        ]

    def _estimate(self, item: Item) -> Pairs:
        row = self._document(item, 1) | {
            "deal_id": noted(item.get("PrivateNote")).get(self.chosen["deal_note"]),
            "status": quote_status(item),
            "valid_until_on": item.get("ExpirationDate"),
            "accepted_on": item.get("AcceptedDate"),
            "title": (item.get("CustomerMemo") or {}).get("value"),
            "url": self._screen("estimate?txnId", item),
        }
        return [("quotes", row), *lines_of(item, "quote", row["currency"], 1)]

    def _reference(self, item: Item) -> str | None:
        """Return the order number in the message to the customer, behind the word that we put before it."""
        memo, label = (item.get("CustomerMemo") or {}).get("value") or "", re.escape(self.chosen["reference_label"])
        found = re.search(rf"^{label}: (.+)$", memo, re.MULTILINE)
        return found[1].strip() if found else None


def is_void(item: Item) -> bool:
    """Return whether a document was voided: it then is worth nothing, and its note says so."""
    return not item["TotalAmt"] and (item.get("PrivateNote") or "").startswith("Voided")


def invoice_status(item: Item) -> InvoiceStatus:
    """Return our word for an invoice's state: QuickBooks has none, it follows from what is open and the e-mail."""
    if is_void(item):
        return "void"
    gross, left = Decimal(item["TotalAmt"]), Decimal(item.get("Balance") or 0)
    if left <= 0:
        return "paid"
    if left < gross:
        return "partly_paid"
    return "sent" if item.get("EmailStatus") == "EmailSent" else "issued"


def quote_status(item: Item) -> QuoteStatus | None:
    """Return our word for an estimate's state; a closed one was accepted if an invoice came of it, else it is over."""
    said = item.get("TxnStatus") or "Pending"
    if said == "Closed":
        invoiced = any(link.get("TxnType") == "Invoice" for link in item.get("LinkedTxn") or [])
        return "accepted" if invoiced else "expired"
    return QUOTE_STATUS.get(said)


def _tax_id(item: Item, notes: dict[str, str]) -> str | None:
    """Return a customer's tax id: as it came, else our copy of it, if that ends as what is shown of it does."""
    shown, copy = item.get("PrimaryTaxIdentifier") or "", notes.get(TAX_ID)
    if not re.match(r"[X*]{3}", shown):
        return shown or copy
    return copy if copy and _bare(copy)[-SHOWN:] == _bare(shown.lstrip("X*"))[-SHOWN:] else None


def _bare(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", text.upper())


def _times(item: Item) -> dict[str, Any]:
    said = item.get("MetaData") or {}
    return {"created_at": said.get("CreateTime"), "updated_at": said.get("LastUpdatedTime")}
