"""Orders: looked for and made, with their lines, on the deal and the customer.

Source: HubSpot's guide to orders (object 0-123, `crm.objects.orders.write`), read 2026-11-22. What an order hangs on is
linked by the default association of each pair, which may be asked for again; a line is made on its order.
"""

from extract.model import OrderDraft, Written
from extract.vendor import Item, Refused
from extract.vendors.hubspot.account import V
from extract.vendors.hubspot.properties import party_key, written
from extract.vendors.hubspot.quotes import Quotes

LINE_TO_ORDER = 514  # association type, HubSpot's own


class Orders(Quotes):
    """What is written of orders."""

    def find_order(self, draft: OrderDraft) -> Written | None:
        """Return the order of our key, if it has all its lines; its links were made before them."""
        found = self._order_of(draft)
        if found is None or len(self._lines_beside("orders", found["id"])) < len(draft.lines):
            return None
        return written("orders", found)

    def create_order(self, draft: OrderDraft) -> Written:
        """Make an order that carries our key, link it, make its lines. Called again, it completes what was begun."""
        item = self._order_of(draft) or self._order_begun(draft)
        to = [("deals", draft.deal_id), *(party_key(id) for id in (draft.customer_id, draft.contact_id) if id)]
        for kind, id in to:
            if id:
                self.write("PUT", f"/crm/objects/{V}/orders/{item['id']}/associations/default/{kind}/{id}")
        held = {line["properties"].get("hs_position_on_quote") for line in self._lines_beside("orders", item["id"])}
        for at, line in enumerate(draft.lines):
            if str(at) not in held:
                self._add_line(item["id"], LINE_TO_ORDER, line, at, draft.currency)
        return Written(id=item["id"], url=item.get("url"), number=draft.reference, amount=draft.gross,
                       currency=draft.currency)  # fmt: skip

    def _order_begun(self, draft: OrderDraft) -> Item:
        self._look_around()
        said = draft.model_dump(include={"title", "reference", "currency", "net", "tax", "gross", "key"})
        properties = self._worded(
            "orders", {f: v for f, v in said.items() if f in self.fields["orders"] and v is not None}
        )
        item: Item = self.write("POST", f"/crm/objects/{V}/orders", json={"properties": properties})
        return item

    def _order_of(self, draft: OrderDraft) -> Item | None:
        name = self.fields["orders"].get("key", "")
        if name not in self._properties("orders"):  # by a unique property: seen at once, which a search is not
            return None
        try:
            item: Item = self.get(f"/crm/objects/{V}/orders/{draft.key}", idProperty=name)
            return item
        except Refused as error:
            if error.status not in (400, 404):
                raise
            return None
