"""Invoices: looked for, made (which issues them), sent, voided, told of a payment; their PDF and page."""

from decimal import Decimal
from typing import Any

from extract.model import InvoiceDraft, Written
from extract.vendor import Item, Refused
from extract.vendors.quickbooks.account import VERSION
from extract.vendors.quickbooks.drafts import Drafts, net_of
from extract.vendors.quickbooks.objects import KEY, is_gone, noted, quoted, ref, request_id
from extract.vendors.quickbooks.rows import invoice_status, is_void

_PDF = {"Accept": "application/pdf"}


class Invoices(Drafts):
    """What is written of invoices."""

    def find_invoice(self, draft: InvoiceDraft) -> Written | None:
        """Return the invoice of our key, else one of the deal with the same net amount."""
        item, _ = self._invoice_of(draft)
        return self._written_invoice(item) if item is not None else None

    def create_invoice(self, draft: InvoiceDraft) -> Written:
        """Make an invoice, which issues it: there are no drafts. One that is there is found, not made again."""
        item, voided = self._invoice_of(draft)
        if item is not None:
            return self._written_invoice(item)
        key = f"{draft.key}:{voided}" if voided else draft.key  # one made in place of a void one is another wish
        body = self._body(draft, {"cuadra_kind": draft.kind}) | {"DueDate": draft.due_on.isoformat()}
        made = self._post("Invoice", body, f"{key}:invoice")
        if is_gone(self._again("Invoice", made["Id"])):  # the request id's answer outlives what somebody deleted
            made = self._post("Invoice", body, f"{key}:invoice:{self.now():%Y%m%dT%H%M%S}")
        return self._written_invoice(made)

    def invoice(self, id: str) -> dict[str, Any]:
        """Return one invoice as it is there now, as a typed row. Refused (404) where it does not exist."""
        item = self._one("Invoice", id)
        return self.mapped("invoices", "invoices", item | {"_": {"currency": self._home()}})

    def send_invoice(self, id: str, key: str) -> Written:
        """E-mail an invoice to its customer. Again with another key: a reminder."""
        path = self._at(f"invoice/{id}/send", minorversion=VERSION, requestid=request_id(f"{key}:send"))
        reply = self.write("POST", path, headers={"Content-Type": "application/octet-stream"})
        return self._written_invoice(reply["Invoice"])

    def note_sent(self, id: str, key: str) -> Written:
        """Note on an invoice that we sent it."""
        now = self._one("Invoice", id)
        if now.get("EmailStatus") == "EmailSent":
            return self._written_invoice(now)
        return self._written_invoice(self._changed("Invoice", id, {"EmailStatus": "EmailSent"}, f"{key}:note"))

    def void_invoice(self, id: str) -> Written:
        """Cancel an invoice; it stays, worth nothing."""
        now = self._one("Invoice", id)
        if not is_void(now):
            body = {"Id": id, "SyncToken": now["SyncToken"], "sparse": True}
            now = self._post("Invoice", body, f"{id}:void", operation="void")
        return self._written_invoice(now)

    def record_payment(self, id: str) -> Written:
        """Tell QuickBooks that what remains of an invoice was paid elsewhere, today."""
        now = self._one("Invoice", id)
        if Decimal(now.get("Balance") or 0) > 0:
            body = self._paying(now, now["Balance"], [(id, "Invoice")])
            self._post("Payment", body, f"{id}:paid_elsewhere:{now['Balance']}")
            now = self._one("Invoice", id)
        return self._written_invoice(now)

    def invoice_pdf(self, id: str) -> bytes:
        """Return the PDF of an invoice, credit note or sales receipt: all documents have their ids in common."""
        for kind in ("invoice", "creditmemo"):
            try:
                return self._pdf(f"{kind}/{id}/pdf")
            except Refused as error:
                if error.status != 404:
                    raise
        return self._pdf(f"salesreceipt/{id}/pdf")

    def online_invoice(self, id: str) -> str:
        """Return the address where a customer sees an invoice; there is one where QuickBooks takes payments."""
        address = self._one("Invoice", id, include="invoiceLink").get("InvoiceLink")
        if not address:
            raise Refused(self.name, f"invoice {id} has no page of its own: send its PDF instead.", 400)
        return str(address)

    def _pdf(self, path: str) -> bytes:
        return self.reply("GET", self._at(path), params={"minorversion": VERSION}, headers=_PDF).content

    def _paying(self, invoice: Item, amount: Any, links: list[tuple[str, str]], total: Any = None) -> dict[str, Any]:
        """Return the body of a payment that applies `amount` to each of these documents."""
        currency = ref(invoice, "CurrencyRef")
        lines = [{"Amount": amount, "LinkedTxn": [{"TxnId": id, "TxnType": kind}]} for id, kind in links]
        body = {"CustomerRef": {"value": ref(invoice, "CustomerRef")}, "TotalAmt": amount if total is None else total,
                "TxnDate": self.now().astimezone(self.zone).date().isoformat(), "Line": lines}  # fmt: skip
        rate = invoice.get("ExchangeRate")  # without one QuickBooks takes 1
        return (
            body | ({"CurrencyRef": {"value": currency}} if currency else {}) | ({"ExchangeRate": rate} if rate else {})
        )

    def _invoice_of(self, draft: InvoiceDraft) -> tuple[Item | None, int]:
        """Return the customer's invoice of our key, else one of the deal with the same net; and how many are void."""
        net, same, voided = net_of(draft), None, 0
        for item in self._all("Invoice", f"CustomerRef = {quoted(draft.customer_id)}"):
            notes = noted(item.get("PrivateNote"))
            ours = notes.get(KEY)
            if ours == draft.key and not is_void(item):
                return item, voided
            voided += ours == draft.key
            of_deal = (
                draft.kind == "invoice"
                and not draft.part  # of equal parts, what was made by hand would be each of them
                and draft.deal_id
                and notes.get(self.chosen["deal_note"]) == draft.deal_id
            )
            if of_deal and not ours and not is_void(item) and untaxed(item) == net:
                same = same or item
        return same, voided

    def _written_invoice(self, item: Item) -> Written:
        return Written(
            id=item["Id"],
            number=item.get("DocNumber"),
            status=invoice_status(item),
            url=self._screen("invoice?txnId", item),
            amount=item["TotalAmt"],
            currency=ref(item, "CurrencyRef") or self._home(),
            due_on=item.get("DueDate"),
            recipient=(item.get("BillEmail") or {}).get("Address"),
        )


def untaxed(item: Item) -> Decimal:
    """Return what a document comes to without tax."""
    return Decimal(item["TotalAmt"]) - Decimal((item.get("TxnTaxDetail") or {}).get("TotalTax") or 0)
