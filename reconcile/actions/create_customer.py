"""Create a CRM customer in billing, once, when its data would make a valid invoice."""

import re
from collections.abc import Mapping
from typing import Any

from extract.model import CustomerDraft
from extract.values import EVERYBODYS, party_kind
from reconcile import tax_ids
from reconcile.action import Action, Answer, Caution, Change, Choice, Need, Plan, Sentence, Subject
from reconcile.facts import Facts, Record
from reconcile.keeping import kept

_EMAIL = re.compile(r"[^@ ,;]+@[^@ ,;]+\.[^@ ,;.]+")
_ADDRESS = ("street", "city", "postcode", "country")
_ASKED = {
    "tax_id": "The invoice would be rejected: the tax id is missing.",
    "email": "There is no e-mail address to send the invoice to.",
    "name": "The customer has no name.",
    "street": "The street is missing.",
    "city": "The city is missing.",
    "postcode": "The postcode is missing.",
    "country": "The country is missing.",
}
_WRONG = {
    "tax_id": "The invoice would be rejected: {value} is no valid tax id of {country} ({problem}).",
    "email": "{value} is no e-mail address.",
}
_KINDS = {"person": "Person", "company": "Company"}
_EVERYBODYS = Sentence(text="This tax id stands for everybody who has none: say whether it is a person or a company.")


class CreateCustomer(Action):
    """The billing system is asked by id and by tax id before every creation: a customer made by hand is found."""

    title = "Create the customer in billing"

    def plan(
        self,
        customer: Record,
        contact: Record | None,
        facts: Facts,
        given: Mapping[str, str],
        mail_needed: bool,
        to: str = "",
    ) -> Plan:
        """Return the plan for a CRM customer that billing does not know; `given` are values a person typed in.

        `to` names another system that lacks the customer: the CRM, which asks for no more than a name.
        """
        known = kept(merged(customer, contact, given), facts, given)
        billing = to or facts.billing
        key = f"create_customer:{billing}:{customer['vendor']}:{customer['id']}"
        fields = {name: value for name, value in known.items() if name in CustomerDraft.model_fields and value}
        asked = tuple(n for n in needs(known, mail_needed) if billing == facts.billing or n.name == "name")
        country = known.get("tax_id_country") or known.get("country")
        if kind := party_kind(known.get("tax_id"), country):  # the shape of the tax id says more than a form's field
            fields["kind"] = kind
        elif known.get("tax_id") in EVERYBODYS and billing != facts.billing:
            said = given.get("kind", "")
            fields |= {"kind": said} if said in _KINDS else {}
            asked += () if said in _KINDS else (Need(name="kind", says=_EVERYBODYS, options=_KINDS),)
        draft = CustomerDraft.model_validate({"name": ""} | fields | {"key": key, "other_id": customer["id"]})
        return Plan(
            key=key, chain=key, action="create_customer", vendor=billing,
            subject=Subject(table="customers", vendor=customer["vendor"], id=customer["id"]),
            says=Sentence(text="Create the customer {name}, {tax_id}.",
                          values={"name": draft.name, "tax_id": draft.tax_id or "—"}),
            draft=draft, preview=shown(draft),
            needs=asked,
            cautions=tuple(_cautions(known, facts, billing)), choices=tuple(_choices(known, facts, billing)),
        )  # fmt: skip

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the customer of our key, of the CRM's id or of the same tax id."""
        found = vendor.find_customer(plan.draft)
        return Answer(data=found.model_dump(mode="json", exclude_none=True)) if found else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Create it."""
        made = vendor.create_customer(plan.draft).model_dump(mode="json", exclude_none=True)
        return Answer(data=made, after={c.field: c.after for c in plan.preview})


def merged(customer: Record, contact: Record | None, given: Mapping[str, str]) -> Record:
    """Return what is known of a customer: as typed in, else as the CRM says, with the person's e-mail as the last."""
    known = dict(customer)
    for field in ("email", "phone", "language"):
        known[field] = known.get(field) or (contact or {}).get(field)
    return known | {name: value.strip() for name, value in given.items() if value and name in _ASKED}


def needs(known: Record, mail_needed: bool) -> list[Need]:
    """Return what is missing or invalid in a customer's data, so that an invoice would be refused or not arrive."""
    asked = ["name", *_ADDRESS]
    asked += ["tax_id"] if known.get("kind") != "person" or known.get("tax_id") else []
    asked += ["email"] if mail_needed or known.get("email") else []
    found = []
    for name in asked:
        value = known.get(name)
        if not value:
            found.append(Need(name=name, says=Sentence(text=_ASKED[name])))
        elif problem := _problem(name, value, known):
            values = {"value": value, "country": known.get("country") or "", "problem": problem}
            found.append(Need(name=name, says=Sentence(text=_WRONG[name], values=values), value=value))
    return found


def _problem(name: str, value: str, known: Record) -> str | None:
    if name == "tax_id":
        return tax_ids.problem(value, known.get("tax_id_country") or known.get("country") or "")
    if name == "email" and not _EMAIL.fullmatch(value.strip()):
        return "format"
    return None


def _choices(known: Record, facts: Facts, billing: str) -> list[Choice]:
    """Return the billing customers that a person may pick instead of creating one."""
    return [
        Choice(name="customer_id", value=like["id"], says=Sentence(
            text="It is {name}, {tax_id}, {email}.",
            values={"name": like["name"] or "", "tax_id": like["tax_id"] or "—", "email": like["email"] or "—"}))
        for like in facts.likely(billing, known)
    ]  # fmt: skip


def _cautions(known: Record, facts: Facts, billing: str) -> list[Caution]:
    if not known.get("tax_id"):
        return []
    return [
        Caution(code="tax_id_typo", says=Sentence(
            text="Billing has {name} with the tax id {theirs}, one character from {ours}: perhaps the same customer.",
            values={"name": near["name"] or "", "theirs": near["tax_id"], "ours": known["tax_id"]}))
        for near in facts.nearly(billing, known["tax_id"])
    ]  # fmt: skip


def shown(draft: CustomerDraft) -> tuple[Change, ...]:
    """Return the fields of a draft as they will stand there."""
    said = draft.model_dump(mode="json", exclude={"key", "kind"}, exclude_none=True)
    return tuple(Change(field=name, after=str(value)) for name, value in said.items() if value != "")
