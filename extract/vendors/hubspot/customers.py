"""Companies and people: looked for, made, changed and retired."""

from collections.abc import Mapping
from typing import Any

from extract.model import CustomerDraft, Written
from extract.values import EVERYBODYS, tax_id, with_prefix
from extract.vendor import Refused
from extract.vendors.hubspot.account import V
from extract.vendors.hubspot.properties import MADE, Properties, party_key, written


class Customers(Properties):
    """What is written of customers."""

    def customer(self, id: str) -> dict[str, Any]:
        """Return one company, or `contact:` person, as it is there now, as a typed row."""
        kind, key = party_key(id)
        return self.mapped("customers", kind, self._one(kind, key))

    def update_customer(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change canonical fields of a company, or of a `contact:` person; None clears."""
        kind, key = party_key(id)
        reply = self._update(kind, key, changes)
        return Written(id=id, url=reply.get("url"))

    def find_customer(self, draft: CustomerDraft) -> Written | None:
        """Return the company or person of our key, of the same billing id, or of the same tax id."""
        kind = "contacts" if draft.kind == "person" else "companies"
        names, known = self.fields[kind], self._properties(kind)
        if (name := names.get("key")) in known:  # by a unique property: seen at once, which a search is not
            try:
                found = self.get(f"/crm/objects/{V}/{kind}/{draft.key}", idProperty=name)
                return written(kind, found)
            except Refused as error:
                if error.status not in (400, 404):
                    raise
        sought = {"other_id": [draft.other_id] if draft.other_id else [], "tax_id": _spellings(draft)}
        for field, texts in sought.items():
            if texts and names.get(field) in known:
                asked = {"propertyName": names[field], "operator": "IN", "values": texts}
                reply = self._search_once(kind, [asked])
                if reply["results"]:
                    return written(kind, reply["results"][0])
        return None

    def create_customer(self, draft: CustomerDraft) -> Written:
        """Make a company or a person that carries our key, which HubSpot keeps unique."""
        kind = "contacts" if draft.kind == "person" else "companies"
        said = draft.model_dump(exclude={"key", "kind", "tax_id_country", "language"}, exclude_none=True)
        if kind == "contacts":
            said["first_name"], _, said["last_name"] = said.pop("name").partition(" ")
        said = {f: v for f, v in said.items() if f in self.fields[kind] and (f in MADE or self._has(kind, f))}
        properties = self._worded(kind, said | ({"key": draft.key} if "key" in self.fields[kind] else {}))
        return written(kind, self.write("POST", f"/crm/objects/{V}/{kind}", json={"properties": properties}))

    def retire_customer(self, id: str, how: str) -> None:
        """Mark a company or person as deleted in billing, or archive it: HubSpot restores it within 90 days."""
        self._retire(*party_key(id), how)

    def is_retired_customer(self, id: str, how: str) -> bool:
        """Return whether that was done."""
        return self._is_retired(*party_key(id), how)


def _spellings(draft: CustomerDraft) -> list[str]:
    """Return how a tax id may stand in the CRM: search compares text."""
    number, country = tax_id(draft.tax_id, draft.tax_id_country or draft.country)
    if number is None or number in EVERYBODYS:
        return []
    return list(dict.fromkeys([number, with_prefix(number, country)]))
