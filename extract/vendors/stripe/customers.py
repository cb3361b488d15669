"""Customers: looked for, made, changed and retired."""

from collections.abc import Iterator, Mapping
from typing import Any

from extract.model import CustomerDraft, Written
from extract.values import EVERYBODYS, form, plain, tax_id
from extract.vendor import Item
from extract.vendors.stripe.objects import PAGE, Objects
from extract.vendors.stripe.tax_ids import tax_id_data, tax_id_of


class Customers(Objects):
    """What is written of customers."""

    def find_customer(self, draft: CustomerDraft) -> Written | None:
        """Return the customer of our key or of the CRM's id, else of the same tax id.

        Asked of the search index first, which is quick but lags, then of the whole list.
        """
        ours, wanted = self.chosen["customer_metadata_key"], tax_id(draft.tax_id, draft.tax_id_country or draft.country)
        same_tax_id = None
        for item in self._known_customers(ours, draft.other_id):
            meta = item.get("metadata") or {}
            if meta.get("cuadra_key") == draft.key or (draft.other_id and meta.get(ours) == draft.other_id):
                return self._written_customer(item)
            number = tax_id_of((item.get("tax_ids") or {}).get("data"), (item.get("address") or {}).get("country"))
            known = wanted[0] and wanted[0] not in EVERYBODYS
            if known and number[0] == wanted[0] and (number[1] or wanted[1]) == (wanted[1] or number[1]):
                same_tax_id = same_tax_id or self._written_customer(item)
        return same_tax_id

    def create_customer(self, draft: CustomerDraft) -> Written:
        """Make a customer that carries the CRM's id."""
        said = draft.model_dump(exclude={"key", "kind", "tax_id_country"}, exclude_none=True)
        values = self._customer_form(said, {})
        values["name"] = draft.legal_name or draft.name
        values.setdefault("metadata", {})["cuadra_key"] = draft.key
        if wanted := tax_id_data(draft.tax_id, draft.tax_id_country or draft.country):
            values["tax_id_data"] = [wanted]
        return self._written_customer(self._post("/v1/customers", values, f"{draft.key}:customer"))

    def update_customer(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change canonical fields of a customer; None clears. A tax id is replaced: Stripe cannot change one."""
        now = self._one("customers", id)
        if "tax_id" in changes:
            country = (
                changes.get("tax_id_country") or changes.get("country") or (now.get("address") or {}).get("country")
            )
            self._replace_tax_id(now, tax_id_data(changes["tax_id"], country))
        values = self._customer_form(changes, now.get("address") or {})
        if not values:
            return self._written_customer(self._one("customers", id))
        return self._written_customer(self.write("POST", f"/v1/customers/{id}", data=form(values)))

    def customer(self, id: str) -> dict[str, Any]:
        """Return one customer as it is there now, as a typed row."""
        return self.mapped("customers", "customers", self._one("customers", id))

    def retire_customer(self, id: str, how: str) -> None:
        """Mark a customer as deleted in the CRM, or delete it: for good, its issued invoices stay."""
        if how == "delete":
            self.write("DELETE", f"/v1/customers/{id}")
        else:
            self.write("POST", f"/v1/customers/{id}", data=form({"metadata": {"cuadra_inactive": "true"}}))

    def is_retired_customer(self, id: str, how: str) -> bool:
        """Return whether that was done."""
        item = self._again("customers", id)
        noted = (item.get("metadata") or {}).get("cuadra_inactive") == "true"
        return bool(item.get("deleted")) or (how != "delete" and noted)

    def _known_customers(self, metadata_key: str, other_id: str | None) -> Iterator[Item]:
        if other_id:
            query = f"metadata['{metadata_key}']:'{_quoted_for_search(other_id)}'"
            yield from self.get("/v1/customers/search", query=query, limit=PAGE)["data"]
        for _, item in self._all("customers"):
            yield item

    def _customer_form(self, said: Mapping[str, Any], address: Mapping[str, Any]) -> dict[str, Any]:
        values = {
            name: "" if said[field] is None else said[field]
            for field, name in {
                "name": "name",
                "legal_name": "business_name",
                "email": "email",
                "phone": "phone",
            }.items()
            if field in said
        }
        parts = {"street": "line1", "city": "city", "region": "state", "postcode": "postal_code", "country": "country"}
        if parts.keys() & said.keys():  # the whole address: a part alone might clear the others
            fresh = {name: said[field] or "" for field, name in parts.items() if field in said}
            values["address"] = dict(address) | fresh
        if said.get("language"):
            values["preferred_locales"] = [said["language"]]
        noted = {self.chosen["customer_metadata_key"]: "other_id", "payment_terms_days": "payment_terms_days"}
        if meta := {name: plain(said[field]) for name, field in noted.items() if field in said}:
            values["metadata"] = meta
        return values

    def _replace_tax_id(self, customer: Item, wanted: Item | None) -> None:
        """Put the new tax id beside the old ones, then take those away: the customer is never without."""
        path, held = f"/v1/customers/{customer['id']}/tax_ids", (customer.get("tax_ids") or {}).get("data") or []
        if wanted and wanted not in [{"type": t["type"], "value": t["value"]} for t in held]:
            self.write("POST", path, data=form(wanted))
        for old in held:
            if wanted != {"type": old["type"], "value": old["value"]}:
                self.write("DELETE", f"{path}/{old['id']}")

    def _written_customer(self, item: Item) -> Written:
        return Written(id=item["id"], url=self._screen(item, "customers"), recipient=item.get("email"))


def _quoted_for_search(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
