"""Which property holds each canonical field: HubSpot's own, and those that the user names."""

from typing import Any

from extract.vendors.hubspot.account import Account

ADDRESS = {"phone": "phone", "street": "address", "city": "city", "region": "state", "postcode": "zip",
           "country": "country", "owner_id": "hubspot_owner_id"}  # fmt: skip
OURS = {"inactive": "cuadra_inactive"}  # of what was deleted in billing
NOT_ROWS = ("key", "inactive", "told_status")  # fields that are no columns
SORTS = {"customers": "companies", "products": "products", "deals": "deals", "lines": "line_items"}


class Fields(Account):
    """The fields of each object, and the properties they are in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        option = self.chosen
        own = {
            f: option[f"{f}_property"]
            for f in ("invoice_number", "invoice_status", "invoice_status_on", "reminders_sent", "reminded_on",
                      "invoiced_amount", "invoice_due_on", "invoice_recipient",
                      "paid_on", "reference", "billing")
        } | {"payment_terms_days": option["payment_terms_property"],
             "service_done_on": option["service_done_property"]}  # fmt: skip
        party = {"tax_id": option["tax_id_property"], "other_id": option["other_id_property"],
                 "payment_terms_days": option["payment_terms_property"], "discount_rate": option["discount_property"],
                 "key": option["key_property"], **OURS}  # fmt: skip
        self.fields: dict[str, dict[str, str]] = {  # object -> canonical field -> property
            "deals": {"title": "dealname", "amount": "amount", "currency": "deal_currency_code", "stage": "dealstage",
                      "pipeline": "pipeline", "owner_id": "hubspot_owner_id", **own},
            "companies": {"name": "name", "legal_name": option["legal_name_property"],
                          "email": option["email_property"], **ADDRESS, **party},
            "contacts": {"first_name": "firstname", "last_name": "lastname", "email": "email", **ADDRESS, **party},
            "line_items": {"position": "hs_position_on_quote", "sku": "hs_sku", "product_id": "hs_product_id",
                           "quantity": "quantity", "unit_price": "price", "net": "amount",
                           "tax_rate": option["tax_rate_property"], "currency": "hs_line_item_currency_code"},
            "products": {"sku": "hs_sku", "name": "name", "unit_price": "price", **OURS,
                         "key": option["key_property"]},
            "quotes": {"number": "hs_quote_number", "title": "hs_title", "valid_until_on": "hs_expiration_date",
                       "currency": "hs_currency", "url": "hs_quote_link", "accepted_on": "hs_esign_date",
                       "other_quote_id": option["quote_id_property"], "told_status": option["quote_status_property"],
                       "key": option["key_property"]},
            "orders": {"title": "hs_order_name", "reference": "hs_external_order_id", "currency": "hs_currency_code",
                       "net": "hs_subtotal_price", "tax": "hs_tax", "gross": "hs_total_price",
                       "key": option["key_property"]},
        }  # fmt: skip
        self.fields = {kind: {f: p for f, p in fields.items() if p} for kind, fields in self.fields.items()}

    def places(self, table: str) -> dict[str, str]:
        """Return the property that holds each canonical field of a table; those without one are left out."""
        if table == "quotes":
            quotes = self.fields["quotes"]
            return {"status": quotes.get("told_status", ""), "valid_until_on": quotes["valid_until_on"],
                    "lines": "line items"}  # fmt: skip
        found = {f: p for f, p in self.fields[SORTS[table]].items() if f not in NOT_ROWS} if table in SORTS else {}
        more = {"description": "name", "discount_rate": "hs_discount_percentage"}  # not one property to one column
        return found | (more if table == "lines" else {})
