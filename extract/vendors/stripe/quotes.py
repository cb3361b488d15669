"""Quotes: looked for, made and finalized; accepted, cancelled, given another last day."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from extract.model import QuoteDraft, QuoteLineDraft, Written
from extract.values import form, lines_said, major, minor, plain
from extract.vendor import Hindrance, Item, Refused
from extract.vendors.stripe.drafts import Drafts, net_of
from extract.vendors.stripe.objects import id_of


class Quotes(Drafts):
    """What is written of quotes. A quote that is final changes by its last day and its state alone."""

    def hindrances(self, draft: Any) -> tuple[Hindrance, ...]:
        """Return what of a quote Stripe would refuse; nothing is asked."""
        lines = draft.lines if isinstance(draft, QuoteDraft) else ()
        parts = [f"{line.description} ({plain(line.quantity)})" for line in lines if line.quantity % 1]
        return (Hindrance("fraction", {"lines": ", ".join(parts)}),) if parts else ()

    def quote(self, id: str) -> dict[str, Any]:
        """Return one quote as it is there now, as a typed row, with what its `lines` say as text (`lines_said`)."""
        item = self._one("quotes", id)
        lines = [row for table, row in self.rows("quotes", item) if table == "lines"]
        skus = {key: self._sku(key) for key in {line["product_id"] for line in lines} if key}
        said = lines_said(line | {"sku": skus.get(line["product_id"])} for line in lines)
        return self.mapped("quotes", "quotes", item) | {"lines": said}

    def find_quote(self, draft: QuoteDraft) -> Written | None:
        """Return the quote of our key or of the CRM's quote, else one of the deal with the same net, if it is final."""
        item = self._quote_of(draft)
        return self._written_quote(item) if item is not None and item["status"] != "draft" else None

    def create_quote(self, draft: QuoteDraft) -> Written:
        """Make a quote and finalize it. Called again after a failure, it completes what was begun."""
        item = self._quote_of(draft)
        if item is None:
            item = self._post("/v1/quotes", self._quote_form(draft), f"{draft.key}:quote")
        if item["status"] == "draft":
            item = self._finalized(item["id"])
        return self._written_quote(item)

    def update_quote(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change the last day, the CRM's quote noted on a draft, then the state. Accepting drafts the invoice.

        That invoice is given the deal of the quote, so that nothing else is invoiced for it. Refused where the state
        cannot be reached.
        """
        unknown = changes.keys() - {"status", "valid_until_on", "other_quote_id"}
        if unknown:
            raise Refused(
                self.name, f"{', '.join(sorted(unknown))} of a final quote cannot be changed; make a new one."
            )
        values: dict[str, Any] = {}
        if until := changes.get("valid_until_on"):
            values["expires_at"] = self._at(until, dt.time(23, 59, 59))
        if "other_quote_id" in changes:
            values["metadata"] = {self.chosen["quote_metadata_key"]: changes["other_quote_id"] or ""}
        if values:
            self.write("POST", f"/v1/quotes/{id}", data=form(values))
        item = self._one("quotes", id)
        if "status" in changes:
            item = self._moved(item, changes["status"])
        return self._written_quote(item)

    def _moved(self, item: Item, status: str | None) -> Item:
        """Return a quote that was brought into a state."""
        id, now = item["id"], item["status"]
        if status == "published" and now == "draft":
            return self._finalized(id)
        if status == "accepted" and now in ("open", "accepted"):
            made = item if now == "accepted" else self._post(f"/v1/quotes/{id}/accept", {}, f"{id}:accept")
            self._tie(made)
            return made
        if status in ("rejected", "expired") and now in ("draft", "open"):
            done: Item = self._post(f"/v1/quotes/{id}/cancel", {}, f"{id}:cancel")
            return done
        raise Refused(self.name, f"quote {item.get('number') or id} is {now}: it cannot become {status}.", 409)

    def _tie(self, quote: Item) -> None:
        """Note on the invoice that Stripe drafted whose deal and quote it is of."""
        name = self.chosen["deal_metadata_key"]
        if (deal := (quote.get("metadata") or {}).get(name)) and (invoice := id_of(quote.get("invoice"))):
            noted = {"metadata": {name: deal, "cuadra_quote": quote["id"]}}
            self.write("POST", f"/v1/invoices/{invoice}", data=form(noted))

    def _finalized(self, id: str) -> Item:
        item: Item = self._post(f"/v1/quotes/{id}/finalize", {}, f"{id}:finalize")
        return item

    def _quote_of(self, draft: QuoteDraft) -> Item | None:
        """Return the customer's quote of our key or of the CRM's quote, else one of the deal with the same net."""
        net = sum(net_of(line, draft.currency) for line in draft.lines)
        same = None
        for item in self._list("quotes", customer=draft.customer_id):
            meta = item.get("metadata") or {}
            if item["status"] == "canceled":
                continue
            if draft.key == meta.get("cuadra_key") or draft.other_quote_id == meta.get(
                self.chosen["quote_metadata_key"]
            ):
                return item
            of_deal = draft.deal_id and meta.get(self.chosen["deal_metadata_key"]) == draft.deal_id
            worth = item["amount_subtotal"] - (item.get("total_details") or {}).get("amount_discount", 0)
            if of_deal and worth == net and item["currency"] == draft.currency.lower():
                same = same or item
        return same

    def _quote_form(self, draft: QuoteDraft) -> dict[str, Any]:
        return {
            "customer": draft.customer_id,
            "description": draft.title and draft.title[:500],
            "collection_method": "send_invoice",
            "invoice_settings": {"days_until_due": draft.due_days},
            "expires_at": self._at(draft.valid_until_on, dt.time(23, 59, 59)),
            "line_items": [self._quoted(line, draft.currency) for line in draft.lines],
            "metadata": {
                self.chosen["deal_metadata_key"]: draft.deal_id,
                self.chosen["quote_metadata_key"]: draft.other_quote_id,
                "cuadra_key": draft.key,
            },
        }

    def _quoted(self, line: QuoteLineDraft, currency: str) -> dict[str, Any]:
        return {
            "price_data": {"currency": currency.lower(), "product": line.product_id,
                           "unit_amount_decimal": minor(line.unit_price, currency), "tax_behavior": "exclusive"},
            "quantity": line.quantity,
            "tax_rates": self._tax_rate_of(line),
            "discounts": self._discount(line.discount_rate),
        }  # fmt: skip

    def _sku(self, product: str) -> str | None:
        found: str | None = (self._one("products", product).get("metadata") or {}).get("sku")
        return found or None

    def _written_quote(self, item: Item) -> Written:
        currency = item["currency"]
        return Written(id=item["id"], number=item.get("number"), status=item["status"],
                       url=self._screen(item, "quotes"), amount=major(item["amount_total"], currency),
                       currency=currency.upper())  # fmt: skip
