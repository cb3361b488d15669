"""Customers: looked for, made, changed and made inactive."""

from collections.abc import Mapping
from typing import Any

from extract.model import CustomerDraft, Written
from extract.values import EVERYBODYS, country_name, tax_id
from extract.vendor import Item, Refused
from extract.vendors.quickbooks.account import home_currency
from extract.vendors.quickbooks.objects import INACTIVE_TOO, KEY, is_gone, noted, ref, with_noted
from extract.vendors.quickbooks.rows import TAX_ID, Rows

_ADDRESS = {"street": "Line1", "city": "City", "region": "CountrySubDivisionCode", "postcode": "PostalCode",
            "country": "Country"}  # fmt: skip


class Customers(Rows):
    """What is written of customers."""

    def find_customer(self, draft: CustomerDraft) -> Written | None:
        """Return the customer of our key or of the CRM's id, else of the same tax id. Notes cannot be searched for."""
        wanted, same = tax_id(draft.tax_id, draft.tax_id_country or draft.country), None
        for item in self._all("Customer", INACTIVE_TOO):
            notes = noted(item.get("Notes"))
            if notes.get(KEY) == draft.key or (
                draft.other_id and notes.get(self.chosen["customer_note"]) == draft.other_id
            ):
                return self._written_customer(item)
            ((_, row),) = self._customer(item)
            number, home = row["tax_id"], row["tax_id_country"]
            known = wanted[0] and wanted[0] not in EVERYBODYS
            if known and number == wanted[0] and (home or wanted[1]) == (wanted[1] or home):
                same = same or self._written_customer(item)
        return same

    def create_customer(self, draft: CustomerDraft) -> Written:
        """Make a customer that carries the CRM's id. Names are unique over customers, suppliers and employees there."""
        said = draft.model_dump(exclude={"key", "kind", "tax_id_country", "language"}, exclude_none=True)
        if draft.kind == "company":
            said.setdefault("legal_name", draft.name)
        body = self._customer_body(said, {}, strict=False)
        body["Notes"] = with_noted(body.get("Notes"), {KEY: draft.key})
        return self._written_customer(self._post("Customer", body, f"{draft.key}:customer"))

    def update_customer(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change canonical fields of a customer; None clears. Issued invoices keep what they say."""
        now = self._one("Customer", id)
        body = self._customer_body(changes, now, strict=True)
        return self._written_customer(self._changed("Customer", id, body) if body else now)

    def customer(self, id: str) -> dict[str, Any]:
        """Return one customer as it is there now, as a typed row."""
        item = self._one("Customer", id)
        days = self._term_days().get(ref(item, "SalesTermRef") or "") if ref(item, "SalesTermRef") else None
        return self.mapped("customers", "customers", item | ({"_": {"terms": days}} if days is not None else {}))

    def retire_customer(self, id: str, how: str) -> None:
        """Make a customer inactive: QuickBooks deletes none."""
        if how == "delete":
            raise Refused(self.name, "QuickBooks deletes no customers; choose “mark inactive”.", 400)
        self._changed("Customer", id, {"Active": False})

    def is_retired_customer(self, id: str, how: str) -> bool:
        """Return whether that was done."""
        item = self._again("Customer", id)
        return is_gone(item) or (how != "delete" and item.get("Active") is False)

    def _customer_body(self, said: Mapping[str, Any], now: Item, *, strict: bool) -> dict[str, Any]:
        """Return the fields of a customer as QuickBooks takes them; `strict` where terms must be among its own."""
        names = {"name": "DisplayName", "legal_name": "CompanyName", "tax_id": "PrimaryTaxIdentifier"}
        body: dict[str, Any] = {name: said[field] or "" for field, name in names.items() if field in said}
        if "email" in said:
            body["PrimaryEmailAddr"] = {"Address": said["email"] or ""}
        if "phone" in said:
            body["PrimaryPhone"] = {"FreeFormNumber": said["phone"] or ""}
        if _ADDRESS.keys() & said.keys():  # the whole address: a part alone would clear the others
            fresh = {name: said[field] or "" for field, name in _ADDRESS.items() if field in said}
            if fresh.get("Country"):
                fresh["Country"] = country_name(fresh["Country"]) or fresh["Country"]
            body["BillAddr"] = (now.get("BillAddr") or {}) | fresh
        if said.get("payment_terms_days") is not None and (term := self._term(said["payment_terms_days"], strict)):
            body["SalesTermRef"] = {"value": term}
        noted_as = {"other_id": self.chosen["customer_note"], "tax_id": TAX_ID}
        if notes := {name: said[field] for field, name in noted_as.items() if field in said}:
            body["Notes"] = with_noted(now.get("Notes"), notes)
        return body

    def _term(self, days: int, strict: bool) -> str | None:
        """Return the id of the terms of so many days. Refused, where `strict`, if there are none."""
        found = next((id for id, known in self._term_days().items() if int(known) == int(days)), None)
        if found is None and strict:
            raise Refused(self.name, f"has no terms of {days} days: make them there under All lists → Terms.", 400)
        return found

    def _term_days(self) -> dict[str, int]:
        return {str(t["Id"]): t["DueDays"] for t in self._all("Term") if t.get("DueDays") is not None}

    def _home(self) -> str | None:
        """Return the company's own currency, which never changes."""
        self.account_currency = self.account_currency or home_currency(self._preferences())
        return self.account_currency

    def _written_customer(self, item: Item) -> Written:
        address = (item.get("PrimaryEmailAddr") or {}).get("Address")
        return Written(id=item["Id"], url=self._screen("customerdetail?nameId", item), recipient=address)
