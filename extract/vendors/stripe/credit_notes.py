"""Credit notes: looked for and made."""

from extract.model import InvoiceDraft, Written
from extract.values import major
from extract.vendor import Item
from extract.vendors.stripe.drafts import Drafts, gross_of


class CreditNotes(Drafts):
    """What is written of credit notes."""

    def find_credit_note(self, draft: InvoiceDraft) -> Written | None:
        """Return the credit note of our key among those of the invoice `corrects_id`."""
        for item in self._list("credit_notes", invoice=draft.corrects_id):
            if (item.get("metadata") or {}).get("cuadra_key") == draft.key and item["status"] != "void":
                return self._written_credit_note(item)
        return None

    def create_credit_note(self, draft: InvoiceDraft) -> Written:
        """Credit lines of the invoice `corrects_id`; what was paid on it already goes to the customer's balance."""
        if found := self.find_credit_note(draft):
            return found
        invoice = self._one("invoices", str(draft.corrects_id))
        total = sum(gross_of(line, draft.currency) for line in draft.lines)
        over = max(0, total - invoice["amount_remaining"])
        values = {
            "invoice": draft.corrects_id,
            "lines": [self._credit_line(line, draft.currency) for line in draft.lines],
            "credit_amount": over or None,
            "memo": draft.message,
            "metadata": {"cuadra_key": draft.key, self.chosen["deal_metadata_key"]: draft.deal_id},
        }
        return self._written_credit_note(self._post("/v1/credit_notes", values, f"{draft.key}:credit_note"))

    def _written_credit_note(self, item: Item) -> Written:
        amount = major(-item["total"], item["currency"])
        return Written(id=item["id"], number=item.get("number"), status=item["status"], amount=amount,
                       currency=item["currency"].upper())  # fmt: skip
