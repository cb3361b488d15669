"""Invoices: looked for, made, issued, sent, voided, told of a payment; their PDF and page."""

from typing import Any

from extract.model import InvoiceDraft, Written
from extract.values import form, major
from extract.vendor import Item, Refused
from extract.vendors.stripe.documents import invoice_status, rate_id, untaxed, when_sent
from extract.vendors.stripe.drafts import Drafts, net_of
from extract.vendors.stripe.reading import Reading


class Invoices(Drafts, Reading):
    """What is written of invoices."""

    def find_invoice(self, draft: InvoiceDraft) -> Written | None:
        """Return the invoice of our key, if it has all its lines, else one of the deal with the same net amount."""
        item, _ = self._invoice_of(draft)
        if item is not None and (item["status"] != "draft" or len(self._lines_made(item)) >= len(draft.lines)):
            return self._written_invoice(item)
        return None

    def create_invoice(self, draft: InvoiceDraft) -> Written:
        """Make a draft invoice with its lines. Called again after a failure, it completes what was begun."""
        item, voided = self._invoice_of(draft)
        key = f"{draft.key}:{voided}" if voided else draft.key  # one made in place of a void one is another wish
        if item is None:
            item, key = self._begun(draft, key)
        if item["status"] == "draft":
            made = self._lines_made(item)
            for at, line in enumerate(draft.lines, 1):
                if str(at) not in made:
                    self._post("/v1/invoiceitems", self._line_form(draft, line, item["id"], at), f"{key}:line:{at}")
        return self._written_invoice(self._one("invoices", item["id"]))

    def _begun(self, draft: InvoiceDraft, key: str) -> tuple[Item, str]:
        """Return a new draft without lines, and the key it was made under."""
        values = self._invoice_form(draft)
        item = self._post("/v1/invoices", values, f"{key}:invoice")
        if self._again("invoices", item["id"]).get("deleted"):  # the key's answer outlives a draft that was deleted
            key = f"{key}:{self.now():%Y%m%dT%H%M%S}"
            item = self._post("/v1/invoices", values, f"{key}:invoice")
        return item, key

    def invoice(self, id: str) -> dict[str, Any]:
        """Return one invoice as it is there now, as a typed row. Refused (404) where it does not exist."""
        _, item = next(self._enriched("invoices", [self._one("invoices", id)]))
        return self.mapped("invoices", "invoices", item)

    def issue_invoice(self, id: str, number: str | None = None) -> Written:
        """Give a draft its number, ours or Stripe's. Nothing takes that back: it can be voided or credited."""
        if number:
            self._post(f"/v1/invoices/{id}", {"number": number}, f"{id}:number:{number}")
        return self._written_invoice(self._post(f"/v1/invoices/{id}/finalize", {"auto_advance": False}, f"{id}:issue"))

    def send_invoice(self, id: str, key: str) -> Written:
        """E-mail an invoice to its customer, and note on it that we did. Again with another key: a reminder."""
        self._post(f"/v1/invoices/{id}/send", {}, f"{key}:send")
        return self.note_sent(id, key)

    def note_sent(self, id: str, key: str) -> Written:
        """Note on an invoice that we sent it: its events tell so for 30 days only."""
        noted = {"metadata": {"cuadra_sent_at": int(self.now().timestamp()), "cuadra_sent_key": key}}
        return self._written_invoice(self.write("POST", f"/v1/invoices/{id}", data=form(noted)))

    def void_invoice(self, id: str) -> Written:
        """Cancel an issued invoice; it stays, worth nothing."""
        return self._written_invoice(self._post(f"/v1/invoices/{id}/void", {}, f"{id}:void"))

    def delete_draft(self, id: str) -> None:
        """Delete an invoice that was never issued."""
        self.write("DELETE", f"/v1/invoices/{id}")

    def record_payment(self, id: str) -> Written:
        """Tell Stripe that what remains of an invoice was paid elsewhere; it takes no date."""
        return self._written_invoice(
            self._post(f"/v1/invoices/{id}/pay", {"paid_out_of_band": True}, f"{id}:paid_elsewhere")
        )

    def invoice_pdf(self, id: str) -> bytes:
        """Return the PDF of an issued invoice or credit note; its address expires, so that is read first."""
        if id.startswith("cn_"):
            return self.download(self.get(f"/v1/credit_notes/{id}")["pdf"])
        address = self.get(f"/v1/invoices/{id}").get("invoice_pdf")
        if not address:
            raise Refused(self.name, f"invoice {id} is a draft: it has no PDF yet. Issue it first.")
        return self.download(address)

    def contents(self, id: str) -> list[str]:
        """Return what the lines of an invoice say now, with amounts and taxes, to tell whether any was changed."""
        item = self._one("invoices", id)
        self._whole(item.get("lines"))
        said = ("description", "quantity_decimal", "amount", "discount_amounts")
        return [
            " ".join([*(str(line.get(name)) for name in said), *(str(rate_id(t)) for t in line.get("taxes") or [])])
            for line in item["lines"]["data"]
        ]

    def online_invoice(self, id: str) -> str:
        """Return the address where a customer sees and pays an issued invoice; Stripe lets it expire after a while."""
        address = self.get(f"/v1/invoices/{id}").get("hosted_invoice_url")
        if not address:
            raise Refused(self.name, f"invoice {id} is a draft: it has no page yet. Issue it first.")
        return str(address)

    def _invoice_of(self, draft: InvoiceDraft) -> tuple[Item | None, int]:
        """Return the customer's invoice of our key, else one of the deal with the same net; and how many are void."""
        net = sum(net_of(line, draft.currency) for line in draft.lines)
        same, voided = None, 0
        for item in self._list("invoices", customer=draft.customer_id):
            meta = item.get("metadata") or {}
            ours, is_void = meta.get("cuadra_key"), item["status"] == "void"
            if ours == draft.key and not is_void:
                return item, voided
            voided += ours == draft.key
            of_deal = (
                draft.kind == "invoice"
                and not draft.part  # of equal parts, what was made by hand would be each of them
                and draft.deal_id
                and meta.get(self.chosen["deal_metadata_key"]) == draft.deal_id
            )
            if of_deal and not ours and not is_void and untaxed(item) == net:
                same = same or item
        return same, voided

    def _lines_made(self, invoice: Item) -> set[str]:
        """Return which of our lines an invoice has; all, where it is not ours to complete."""
        if "cuadra_key" not in (invoice.get("metadata") or {}):
            return {str(at) for at in range(1, 1000)}
        items = self._list("invoiceitems", invoice=invoice["id"])
        return {line for i in items if (line := (i.get("metadata") or {}).get("cuadra_line"))}

    def _written_invoice(self, item: Item) -> Written:
        currency, meta = item["currency"], item.get("metadata") or {}
        sent_at = when_sent(item, {}, meta, item.get("status_transitions") or {})
        return Written(
            id=item["id"],
            number=item.get("number"),
            status=invoice_status(item, sent_at, {"told_since": self._oldest_event()}),
            url=self._screen(item, "invoices"),
            amount=major(item["total"], currency),
            currency=currency.upper(),
            due_on=self.day(item.get("due_date")),
            recipient=item.get("customer_email"),
        )
