"""Clients: looked for, made and changed. Facturama keeps nothing of ours on them: the tax id finds them again."""

from collections.abc import Mapping
from typing import Any

from babel.core import get_global

from extract.model import CustomerDraft, Written
from extract.values import EVERYBODYS, country_name, party_kind
from extract.vendor import Hindrance, Item, Refused
from extract.vendors.facturama.rows import DocumentRows, country_of, street_of

GENERAL, FOREIGN = EVERYBODYS
ADDRESS = {"street": "Street", "city": "Municipality", "region": "State", "postcode": "ZipCode", "country": "Country"}


class Customers(DocumentRows):
    """What is written of clients."""

    def customer(self, id: str) -> dict[str, Any]:
        """Return one client as it is there now, as a typed row. Refused (404) where it does not exist."""
        return self.mapped("customers", "clients", self.get(f"/Client/{id}"))

    def find_customer(self, draft: CustomerDraft) -> Written | None:
        """Return the client of the same tax id; of those with everybody's, the one of the same name too."""
        number = (draft.tax_id or "").upper()
        if not number:
            return None
        for item in self._catalogue("Clients"):
            ((_, row),) = self._client(item)
            same_name = row["name"].strip().casefold() == (draft.legal_name or draft.name).strip().casefold()
            if row["tax_id"] == number and (number not in EVERYBODYS or same_name):
                return _written(item)
        return None

    def create_customer(self, draft: CustomerDraft) -> Written:
        """Make a client with the fiscal regime and use that the connection's options say of new ones."""
        said = draft.model_dump(exclude_none=True)
        body = self._changed({"Address": {}}, said | {"name": draft.legal_name or draft.name})
        return _written(self.write("POST", "/Client", json=body | self.beyond(draft)))

    def update_customer(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change canonical fields of a client; None clears. The whole client is sent back: Facturama takes no part."""
        known = self.places("customers")
        if unknown := changes.keys() - known.keys() - {"tax_id_country"}:
            raise Refused(self.name, f"clients have no field for {', '.join(sorted(unknown))}; nothing was sent.")
        item = self.get(f"/Client/{id}")
        self.write("PUT", f"/Client/{id}", json=self._changed(item, changes))
        return Written(id=id, recipient=changes.get("email", item.get("Email")) or None)

    def client_hindrances(self, draft: CustomerDraft) -> tuple[Hindrance, ...]:
        """Return what stands in the way of a client: without a tax id none is made."""
        return () if draft.tax_id else (Hindrance("no_rfc"),)

    def beyond(self, draft: CustomerDraft) -> dict[str, str]:
        """Return what a new client is given that only the tax office asks for."""
        rfc = self._rfc(draft.tax_id or "", draft.tax_id_country or draft.country)[0]
        if rfc in EVERYBODYS:
            return {"FiscalRegime": "616", "CfdiUse": "S01"}  # "without obligations", "without fiscal effects"
        person = (party_kind(rfc, "MX") or draft.kind) == "person"
        return {"FiscalRegime": self.chosen["person_regime" if person else "company_regime"],
                "CfdiUse": self.chosen["cfdi_use"]}  # fmt: skip

    def _changed(self, item: Item, said: Mapping[str, Any]) -> Item:
        """Return a client with these canonical fields, otherwise as it was."""
        address = dict(item.get("Address") or {})
        made = item | {"Address": address}
        for field, name in {"name": "Name", "email": "Email"}.items():
            if field in said:
                made[name] = said[field] or ""
        if "tax_id" in said:
            home = said.get("tax_id_country") or said.get("country") or country_of(address.get("Country"))
            made["Rfc"], made["NumRegIdTrib"], made["TaxResidence"] = self._rfc(said["tax_id"] or "", home)
        for field, name in ADDRESS.items():
            if field in said:
                address[name] = country_name(said[field], "es") or "" if field == "country" else said[field] or ""
        if "street" in said and street_of(address) != said["street"]:
            address |= {"ExteriorNumber": "", "InteriorNumber": ""}  # the street says them
        if "postcode" in said:
            made["TaxZipCode"] = said["postcode"] or ""
        return made

    def _rfc(self, number: str, country: str | None) -> tuple[str, str, str]:
        """Return tax id, foreign number and country of residence as a client has them."""
        if country in (None, "MX") or number in EVERYBODYS:
            return number, "", ""
        return FOREIGN, number, three_letters(country or "")


def three_letters(country: str) -> str:
    """Return the code of three letters of a country, as the tax office's catalogue has it."""
    aliases = get_global("territory_aliases")
    return next((code for code, of in sorted(aliases.items()) if of == [country] and len(code) == 3 and code.isalpha()),
                country)  # fmt: skip


def _written(item: Item) -> Written:
    return Written(id=str(item["Id"]), recipient=item.get("Email") or None)
