"""Writing of a record's properties, made first where the account lacks them."""

from collections.abc import Mapping
from typing import Any

from extract.model import Written
from extract.values import country_name, plain
from extract.vendor import Item, Refused
from extract.vendors.hubspot.account import V
from extract.vendors.hubspot.objects import Objects

GROUP = {"name": "cuadra", "label": "Cuadra", "displayOrder": -1}
MADE = {  # canonical field -> how its property is made where it is missing: label, type, field type
    "invoice_number": ("Invoice number", "string", "text"),
    "invoice_status": ("Invoice status", "string", "text"),
    "invoice_status_on": ("Invoice state since", "date", "date"),
    "reminders_sent": ("Reminders sent", "number", "number"),
    "reminded_on": ("Last reminder on", "date", "date"),
    "invoiced_amount": ("Amount invoiced", "number", "number"),
    "invoice_due_on": ("Invoice due date", "date", "date"),
    "invoice_recipient": ("Invoice recipient", "string", "text"),
    "paid_on": ("Paid on", "date", "date"),
    "reference": ("Deal reference", "string", "text"),
    "billing": ("Billing", "string", "text"),
    "payment_terms_days": ("Payment terms (days)", "number", "number"),
    "tax_id": ("Tax id", "string", "text"),
    "other_id": ("Billing customer id", "string", "text"),
    "email": ("Invoice e-mail", "string", "text"),
    "key": ("Cuadra key", "string", "text"),
    "inactive": ("Deleted in billing", "string", "text"),
    "other_quote_id": ("Billing quote id", "string", "text"),
    "told_status": ("Quote status in billing", "string", "text"),
}


class Properties(Objects):
    """Changes to properties, and records marked as deleted in billing."""

    def _update(self, kind: str, key: str, changes: Mapping[str, Any]) -> Any:
        said = dict(changes)
        if kind == "contacts" and "name" in said:
            said["first_name"], _, said["last_name"] = (said.pop("name") or "").partition(" ")
        unknown = said.keys() - self.fields[kind].keys()
        if unknown:
            raise Refused(self.name, f"{kind} have no field for {', '.join(sorted(unknown))}; nothing was sent.")
        properties = self._worded(kind, said)
        return self.write("PATCH", f"/crm/objects/{V}/{kind}/{key}", json={"properties": properties})

    def _worded(self, kind: str, said: Mapping[str, Any]) -> dict[str, str]:
        """Return properties as HubSpot wants them, made first where the account lacks them."""
        missing = [f for f in said if f in MADE and not self._has(kind, f)]
        if missing:
            self._make_properties(kind, missing)
        values = {f: country_name(v) if f == "country" else v for f, v in said.items()}
        return {self.fields[kind][f]: plain(v) for f, v in values.items()}

    def _has(self, kind: str, field: str) -> bool:
        return self.fields[kind][field] in self._properties(kind)

    def _make_properties(self, kind: str, fields: list[str]) -> None:
        self._make(f"/crm/properties/{V}/{kind}/groups", GROUP)
        for field in fields:
            label, type_, field_type = MADE[field]
            made = {"name": self.fields[kind][field], "label": label, "type": type_, "fieldType": field_type,
                    "groupName": GROUP["name"]}  # fmt: skip
            self._make(f"/crm/properties/{V}/{kind}", made | ({"hasUniqueValue": True} if field == "key" else {}))
        self._existing.pop(kind, None)

    def _make(self, path: str, made: Mapping[str, Any]) -> None:
        try:
            self.write("POST", path, json=made)
        except Refused as error:
            if error.status != 409:  # it exists: somebody was faster
                raise

    def _retire(self, kind: str, key: str, how: str) -> None:
        if how == "delete":
            self.write("DELETE", f"/crm/objects/{V}/{kind}/{key}")
        else:
            self._update(kind, key, {"inactive": "true"})

    def _is_retired(self, kind: str, key: str, how: str) -> bool:
        name = self.fields[kind]["inactive"]  # asked for by name: it may have been made a moment ago
        try:
            item = self.get(f"/crm/objects/{V}/{kind}/{key}", properties=name)
        except Refused as error:
            if error.status != 404:
                raise
            return True
        return how != "delete" and item["properties"].get(name) == "true"


def party_key(id: str) -> tuple[str, str]:
    """Return the object and the id there of a customer: people are told by `contact:`."""
    return ("contacts", id.removeprefix("contact:")) if id.startswith("contact:") else ("companies", id)


def written(kind: str, item: Item) -> Written:
    """Return what was written, by the id it has as a row."""
    return Written(id=("contact:" if kind == "contacts" else "") + item["id"], url=item.get("url"))
