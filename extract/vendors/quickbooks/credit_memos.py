"""Credit notes: looked for, made, and applied to the invoice that they correct."""

from decimal import Decimal

from extract.model import InvoiceDraft, Written
from extract.vendor import Item
from extract.vendors.quickbooks.invoices import Invoices
from extract.vendors.quickbooks.objects import KEY, noted, quoted, ref
from extract.vendors.quickbooks.rows import is_void


class CreditMemos(Invoices):
    """What is written of credit notes."""

    def find_credit_note(self, draft: InvoiceDraft) -> Written | None:
        """Return the credit note of our key, once it is applied to the invoice `corrects_id` as far as that is open."""
        item = self._credit_of(draft)
        if item is None or self._to_apply(item, self._one("Invoice", str(draft.corrects_id))):
            return None
        return self._written_credit(item)

    def create_credit_note(self, draft: InvoiceDraft) -> Written:
        """Credit lines of the invoice `corrects_id`. Called again after a failure, it completes what was begun.

        What the invoice has left is taken off at once; what was paid already stays with the customer as a credit.
        """
        item, invoice = self._credit_of(draft), self._one("Invoice", str(draft.corrects_id))
        if item is None:
            body = self._body(draft, {"cuadra_corrects": draft.corrects_id})
            item = self._post("CreditMemo", body, f"{draft.key}:credit_note")
        if part := self._to_apply(item, invoice):
            links = [(invoice["Id"], "Invoice"), (item["Id"], "CreditMemo")]
            self._post("Payment", self._paying(invoice, part, links, Decimal(0)), f"{draft.key}:applied")
        return self._written_credit(item)

    def _to_apply(self, item: Item, invoice: Item) -> Decimal:
        """Return how much of a credit note that nothing was taken of yet goes to its invoice."""
        left = Decimal(item.get("RemainingCredit", item.get("Balance")) or 0)
        return min(left, Decimal(invoice.get("Balance") or 0)) if left == Decimal(item["TotalAmt"]) else Decimal(0)

    def _credit_of(self, draft: InvoiceDraft) -> Item | None:
        for item in self._all("CreditMemo", f"CustomerRef = {quoted(draft.customer_id)}"):
            if noted(item.get("PrivateNote")).get(KEY) == draft.key and not is_void(item):
                return item
        return None

    def _written_credit(self, item: Item) -> Written:
        return Written(id=item["Id"], number=item.get("DocNumber"), status="void" if is_void(item) else "issued",
                       amount=-Decimal(item["TotalAmt"]), currency=ref(item, "CurrencyRef") or self._home(),
                       url=self._screen("creditmemo?txnId", item))  # fmt: skip
