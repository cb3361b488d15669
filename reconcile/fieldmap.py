"""Which fields of customers, products and quotes are kept equal in the CRM and in billing, who owns each, what for.

The list of fields is fixed and small; which are ticked and who owns them is chosen in [sync] of settings.toml. A field
that is not ticked is neither compared nor used to match, and nothing writes it.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

Owner = Literal["crm", "billing", "either"]
Entity = Literal["customers", "products", "quotes"]
Does = Literal["create_and_update", "update", "create"]
OnDelete = Literal["keep", "inactive", "delete"]  # what becomes of the other side's record
ENTITIES: tuple[Entity, ...] = ("customers", "products", "quotes")
FLOW: Mapping[str, str] = {
    "customers": "customer_data",
    "products": "product_data",
    "quotes": "quote_data",
}  # that writes them


class Field(NamedTuple):
    """A field that both sides have."""

    name: str
    owner: Owner  # unless the settings say otherwise
    is_on: bool  # unless the settings say otherwise
    is_mandatory: bool  # without a place on both sides nothing is written by itself
    why: str


FIELDS: Mapping[str, tuple[Field, ...]] = {
    "customers": (
        Field("name", "crm", True, True, "Printed on the invoice; also finds the customer again."),
        Field("tax_id", "crm", True, True, "Printed on the invoice, asked for by the tax office; finds the customer."),
        Field("email", "crm", True, True, "Where invoices and reminders go."),
        Field("street", "crm", True, True, "Address on the invoice."),
        Field("city", "crm", True, True, "Address on the invoice."),
        Field("region", "crm", True, False, "Address on the invoice."),
        Field("postcode", "crm", True, True, "Address on the invoice."),
        Field("country", "crm", True, True, "Decides the tax and the form of the tax id."),
        Field("phone", "crm", True, False, "For whoever calls about an unpaid invoice."),
        Field("payment_terms_days", "crm", False, False, "Due date of the next invoice; issued ones keep theirs."),
        Field("language", "crm", False, False, "Language of reminders."),
    ),
    "products": (
        Field("sku", "either", True, True, "The number by which both sides know the same product."),
        Field("name", "either", True, True, "Text of the invoice's line."),
        Field("unit_price", "either", True, True, "Price of the next invoice; issued ones keep theirs."),
    ),
    "quotes": (
        Field("status", "either", True, True, "Published, accepted or over: what may become an invoice."),
        Field("valid_until_on", "either", True, True, "Last day on which it can be accepted."),
        Field(
            "lines", "either", True, False, "Compared only: what was offered is never changed behind anybody's back."
        ),
    ),
}


class _Table(BaseModel):
    """A table of settings.toml; a misspelt key is refused."""

    model_config = ConfigDict(extra="forbid")


class FieldChoice(_Table):
    """What is chosen for one field; what is left out is as usual for it."""

    on: bool | None = None
    owner: Owner | None = None


class Sync(_Table):
    """How one sort of record is kept equal. It writes as far as its automation goes (off, suggest, automatic)."""

    on: bool = True
    does: Does = "update"
    on_delete: OnDelete = "keep"
    only_new: bool = False  # records from before the connection are left alone
    backfill: bool = False  # those from before too: create what is missing, give what differs the owner's value
    fields: dict[str, FieldChoice] = {}

    @property
    def updates(self) -> bool:
        """Whether changes are written."""
        return self.on and self.does != "create"

    @property
    def creates(self) -> bool:
        """Whether what is new on one side is made on the other."""
        return self.on and self.does != "update"


class Chosen(NamedTuple):
    """A field as it is used: what is usual for it with what was chosen."""

    name: str
    is_on: bool
    owner: Owner
    is_mandatory: bool
    why: str


class Syncs(_Table):
    """[sync] of settings.toml."""

    customers: Sync = Sync()
    products: Sync = Sync()
    quotes: Sync = Sync()

    @field_validator("customers", "products", "quotes")
    @classmethod
    def _known_fields(cls, value: Sync, info: ValidationInfo) -> Sync:
        entity = str(info.field_name)
        known = [field.name for field in FIELDS[entity]]
        for name in value.fields:
            if name not in known:
                raise ValueError(f"{name} is no field of {entity}; there are {', '.join(known)}")
        return value

    def of(self, entity: str) -> Sync:
        """Return how a sort of record is kept equal."""
        found: Sync = getattr(self, entity)
        return found

    def chosen(self, entity: str) -> tuple[Chosen, ...]:
        """Return the fields of a sort of record in order, as they are used."""
        said = self.of(entity).fields
        found = []
        for field in FIELDS[entity]:
            choice = said.get(field.name, FieldChoice())
            is_on = field.is_on if choice.on is None else choice.on
            found.append(Chosen(field.name, is_on, choice.owner or field.owner, field.is_mandatory, field.why))
        return tuple(found)

    def owner(self, entity: str, name: str) -> Owner | None:
        """Return who owns a field; None where it is not kept equal."""
        for field in self.chosen(entity):
            if field.name == name:
                return field.owner if field.is_on and self.of(entity).on else None
        return None

    def left_out(self, entity: str) -> frozenset[str]:
        """Return the fields that somebody unticked, though they are usual: they are not used to match either."""
        said = self.of(entity).fields
        return frozenset(f.name for f in FIELDS[entity] if f.is_on and f.name in said and said[f.name].on is False)
