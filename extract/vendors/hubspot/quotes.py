"""Quotes: looked for, made with their lines, told what became of them in billing.

Source: HubSpot's guides to quotes, read 2026-11-21: a quote made by the interface is a draft, begins with
`hs_template_type` CPQ_QUOTE, and needs its deal, a person and its lines; nobody but the buyer sets ACCEPTED. What
billing says of its state therefore stands in a property of its own.
"""

from collections.abc import Mapping
from typing import Any

from extract.model import LineDraft, QuoteDraft, QuoteLineDraft, Written
from extract.values import lines_said, plain
from extract.vendor import Item, Refused
from extract.vendors.hubspot.account import V
from extract.vendors.hubspot.objects import PAGE, after, chunks
from extract.vendors.hubspot.properties import Properties, party_key, written

TO_DEAL, TO_CONTACT, TO_COMPANY, LINE_TO_QUOTE = 64, 69, 71, 68  # association types, HubSpot's own


class Quotes(Properties):
    """What is written of quotes."""

    def quote(self, id: str) -> dict[str, Any]:
        """Return one quote as it is there now, as a typed row, with what its `lines` say as text (`lines_said`)."""
        self._look_around()
        _, item = next(self._framed([("quotes", self._one("quotes", id))]))
        beside = {"quotes": {"results": [{"id": id, "type": "line_item_to_quote"}]}}
        lines = [line | {"associations": beside} for line in self._lines_of_quote(id)]
        said = lines_said(row for line in lines for _, row in self.rows("line_items", line))
        return self.mapped("quotes", "quotes", item) | {"lines": said}

    def find_quote(self, draft: QuoteDraft) -> Written | None:
        """Return the quote of our key, if it has all its lines."""
        found = self._quote_of(draft)
        if found is None or len(self._lines_of_quote(found["id"])) < len(draft.lines):
            return None
        return written("quotes", found)

    def create_quote(self, draft: QuoteDraft) -> Written:
        """Make a quote that carries our key, then its lines. Called again, it completes what was begun."""
        item = self._quote_of(draft) or self._begun(draft)
        held = {line["properties"].get("hs_position_on_quote") for line in self._lines_of_quote(item["id"])}
        for at, line in enumerate(draft.lines):
            if str(at) not in held:
                self._add_line(item["id"], LINE_TO_QUOTE, line, at, draft.currency)
        return written("quotes", item)

    def update_quote(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change a quote's last day, its id in billing, or what billing says of its state; never its lines."""
        said = {"told_status" if field == "status" else field: value for field, value in changes.items()}
        return written("quotes", self._update("quotes", id, said))

    def _begun(self, draft: QuoteDraft) -> Item:
        self._look_around()
        said = {"title": draft.title or draft.other_quote_id, "valid_until_on": draft.valid_until_on,
                "currency": draft.currency, "key": draft.key, "other_quote_id": draft.other_quote_id,
                "told_status": "published"}  # fmt: skip
        properties = self._worded("quotes", {f: v for f, v in said.items() if f in self.fields["quotes"]})
        kind, party = party_key(draft.customer_id)
        to = [(draft.deal_id, TO_DEAL)]
        to += [(party, TO_COMPANY)] if kind == "companies" else []
        to += [(party_key(draft.contact_id)[1], TO_CONTACT)] if draft.contact_id else []
        made = {"properties": properties | {"hs_template_type": "CPQ_QUOTE"},
                "associations": [_link(id, type_) for id, type_ in to if id]}  # fmt: skip
        item: Item = self.write("POST", f"/crm/objects/{V}/quotes", json=made)
        return item

    def _add_line(self, document: str, type_: int, line: LineDraft, at: int, currency: str) -> None:
        names, product = self.fields["line_items"], line.product_id if isinstance(line, QuoteLineDraft) else None
        said = {"name": line.description, "hs_product_id": product, "quantity": line.quantity,
                "price": line.unit_price, "hs_line_item_currency_code": currency, "hs_position_on_quote": at,
                "hs_discount_percentage": line.discount_rate or None, names["sku"]: line.sku}  # fmt: skip
        if line.tax_rate is not None and self._has("line_items", "tax_rate"):
            said[names["tax_rate"]] = line.tax_rate
        properties = {name: plain(value) for name, value in said.items() if value is not None}
        made = {"properties": properties, "associations": [_link(document, type_)]}
        self.write("POST", f"/crm/objects/{V}/line_items", json=made)

    def _quote_of(self, draft: QuoteDraft) -> Item | None:
        name = self.fields["quotes"].get("key", "")
        if name not in self._properties("quotes"):  # by a unique property: seen at once, which a search is not
            return None
        try:
            item: Item = self.get(f"/crm/objects/{V}/quotes/{draft.key}", idProperty=name)
            return item
        except Refused as error:
            if error.status not in (400, 404):
                raise
            return None

    def _lines_of_quote(self, id: str) -> list[Item]:
        return self._lines_beside("quotes", id)

    def _lines_beside(self, kind: str, id: str) -> list[Item]:
        path = f"/crm/objects/{V}/{kind}/{id}/associations/line_items"
        ids = [str(r["toObjectId"]) for page in self.pages(path, {"limit": 500}, after) for r in page["results"]]
        return [item for chunk in chunks(ids, PAGE) for item in self._by_ids("line_items", chunk)]


def _link(id: str, type_: int) -> Item:
    return {"to": {"id": id}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_}]}
