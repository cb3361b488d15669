"""The company's books in HubSpot's shapes: records of strings, associations, pipelines, properties, owners."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from extract.sandbox.books import Company, Customer, Deal, Invoice, decimal, instant
from extract.sandbox.hubspot_schema import GROUPS, PIPELINES, PROPERTIES, property_definition
from extract.sandbox.world import OWNERS, PRODUCTS

HOME_RATE = {"EUR": "1", "PLN": "0.2326", "MXN": "0.0500", "USD": "0.9091", "GBP": "1.1765"}
OWNER_IDS = tuple(str(61_200_401 + 13 * n) for n in range(len(OWNERS)))
PRODUCT_IDS = {product[0]: str(2_410_700_100 + 3 * number) for number, product in enumerate(PRODUCTS)}
# association type ids between HubSpot's own objects, from the vendor's guide
TYPES: dict[tuple[str, str], tuple[int, ...]] = {
    ("deals", "companies"): (5, 341), ("companies", "deals"): (6, 342), ("deals", "contacts"): (3,), ("contacts",
        "deals"): (4,),
    ("deals", "line_items"): (19,), ("line_items", "deals"): (20,), ("deals", "quotes"): (63,), ("quotes",
        "deals"): (64,),
    ("quotes", "line_items"): (67,), ("line_items", "quotes"): (68,), ("quotes", "contacts"): (69,), ("contacts",
        "quotes"): (70,),
    ("quotes", "companies"): (71,), ("companies", "quotes"): (72,), ("contacts", "companies"): (1, 279),
    ("companies", "contacts"): (2, 280), ("tasks", "deals"): (216,), ("deals", "tasks"): (215,), ("tasks",
        "contacts"): (204,),
    ("contacts", "tasks"): (203,), ("tasks", "companies"): (192,), ("companies", "tasks"): (191,), ("notes",
        "deals"): (214,),
    ("deals", "notes"): (213,), ("notes", "contacts"): (202,), ("contacts", "notes"): (201,), ("notes",
        "companies"): (190,),
    ("orders", "contacts"): (507,), ("contacts", "orders"): (508,), ("orders", "companies"): (509,), ("companies",
        "orders"): (510,),
    ("deals", "orders"): (511,), ("orders", "deals"): (512,), ("orders", "line_items"): (513,), ("line_items",
        "orders"): (514,),
    ("companies", "notes"): (189,), ("companies", "companies"): (13, 14), ("deals", "deals"): (451,),
}  # fmt: skip


@dataclass
class HubSpotBooks:
    """What HubSpot holds: `objects[type][id]`, and `links[type][id][other type][other id]`: association type ids."""

    objects: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    links: dict[str, dict[str, dict[str, dict[str, list[int]]]]] = field(default_factory=dict)
    properties: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    groups: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    pipelines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    owners: list[dict[str, Any]] = field(default_factory=list)
    merged: dict[str, dict[str, str]] = field(default_factory=dict)  # type -> lost id -> surviving id
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    last_id: int = 70_100_000_000

    def link(self, kind: str, one: str, other_kind: str, other: str, types: list[int] | None = None) -> None:
        """Associate two records in both directions with the types given, or HubSpot's default ones."""
        there = types or list(TYPES.get((kind, other_kind), (0,)))
        back = list(TYPES.get((other_kind, kind), (0,)))
        for a, x, b, y, ids in ((kind, one, other_kind, other, there), (other_kind, other, kind, one, back)):
            known = self.links.setdefault(a, {}).setdefault(x, {}).setdefault(b, {}).setdefault(y, [])
            known += [i for i in ids if i not in known]


def iso(moment: datetime) -> str:
    """Return an instant as HubSpot writes it: `2026-09-01T09:31:07.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def record(
    record_id: str, properties: dict[str, Any], created: datetime, updated: datetime, modified: str
) -> dict[str, Any]:
    """Return a record with the properties that HubSpot keeps by itself; `modified` names its modified-date property."""
    text = {k: None if v is None or v == "" else str(v) for k, v in properties.items()}
    text |= {"hs_object_id": record_id, "createdate": iso(created), modified: iso(updated)}
    if modified == "hs_lastmodifieddate":
        text["hs_createdate"] = iso(created)
    history: dict[str, Any] = {}
    return {"id": record_id, "properties": text, "createdAt": iso(created), "updatedAt": iso(updated),
            "archived": False,
            "history": history}  # fmt: skip


def hubspot_books(company: Company) -> HubSpotBooks:
    """Return the CRM's books of the company."""
    books = HubSpotBooks(
        properties={kind: {p["name"]: p for p in map(property_definition, rows)} for kind, rows in PROPERTIES.items()},
        groups={kind: {g["name"]: dict(g) for g in rows} for kind, rows in GROUPS.items()},
        pipelines={"deals": PIPELINES},
        owners=_owners(),
    )
    for kind in ("deals", "companies", "contacts", "line_items", "products", "quotes", "tasks", "notes", "invoices",
                 "orders"):  # fmt: skip
        books.objects[kind] = {}
        books.links[kind] = {}
    twins = {t["id"]: t for t in company.twins if t["vendor"] == "hubspot"}
    for customer in company.customers:
        _company(books, company, customer)
        for contact in customer.contacts:
            _contact(books, company, customer, contact)
    for twin in twins.values():
        _company(books, company, twin["of"], twin["id"], twin["changes"])
    for sku, name, euro, kind in PRODUCTS:
        day = instant(company.day(-1150), sku)
        properties = {"name": name, "price": f"{euro}", "hs_sku": sku, "description": f"{name} ({kind})"}
        product_id = PRODUCT_IDS[sku]
        books.objects["products"][product_id] = record(product_id, properties, day, day, "hs_lastmodifieddate")
    for deal in company.deals:
        _deal(books, company, deal)
    _leftovers(books, company)
    return books


def _owners() -> list[dict[str, Any]]:
    rows = []
    for number, (first, last, active) in enumerate(OWNERS):
        email = f"{first[0].lower()}.{last.lower()}@faronorte.example"
        rows.append({
            "id": OWNER_IDS[number], "email": email, "type": "PERSON", "firstName": first, "lastName": last,
            "userId": 5512 + number, "userIdIncludingInactive": 5512 + number, "createdAt": "2023-01-09T08:00:00.000Z",
            "updatedAt": "2024-02-01T08:00:00.000Z", "archived": not active,
            "teams": [{"id": "3", "name": "Sales", "primary": True}],
        })  # fmt: skip
        if not active:
            del rows[-1]["userId"]
    return rows


def _company(
    books: HubSpotBooks, company: Company, customer: Customer, twin_id: str = "", changes: dict[str, Any] | None = None
) -> None:
    facts = {"name": customer.name, "tax_id_typed": customer.tax_id_typed, "street": customer.street,
             "city": customer.city,
             "region": customer.region, "postcode": customer.postcode}  # fmt: skip
    facts |= (changes or {}) | {("tax_id_typed" if k == "tax_id" else k): v for k, v in customer.hubspot.items()}
    properties = {
        "name": facts["name"], "domain": customer.domain, "phone": customer.phone, "address": facts["street"],
        "city": facts["city"], "state": facts["region"], "zip": facts["postcode"], "country": customer.country.name,
        "website": f"https://www.{customer.domain}", "hubspot_owner_id": OWNER_IDS[customer.owner],
        "nif": facts["tax_id_typed"],
        "payment_terms_days": customer.terms, "hs_parent_company_id": customer.parent.id if customer.parent else None,
        "hs_merged_object_ids": None,
    }  # fmt: skip
    record_id = twin_id or customer.id
    created = instant(company.day(customer.offset + (60 if twin_id else 0)), record_id)
    books.objects["companies"][record_id] = record(record_id, properties, created, created, "hs_lastmodifieddate")
    if customer.parent:
        books.links["companies"].setdefault(record_id, {}).setdefault("companies", {})[customer.parent.id] = [14]
        books.links["companies"].setdefault(customer.parent.id, {}).setdefault("companies", {})[record_id] = [13]


def _contact(books: HubSpotBooks, company: Company, customer: Customer, contact: Any) -> None:
    properties = {"email": contact.email, "firstname": contact.first, "lastname": contact.last, "phone": contact.phone,
                  "company": customer.name, "city": customer.city, "country": customer.country.name,
                  "hubspot_owner_id": OWNER_IDS[customer.owner]}  # fmt: skip
    created = instant(company.day(customer.offset), contact.id)
    books.objects["contacts"][contact.id] = record(contact.id, properties, created, created, "lastmodifieddate")
    books.link("contacts", contact.id, "companies", customer.id)


def _deal(books: HubSpotBooks, company: Company, deal: Deal) -> None:
    created, moved = instant(deal.created, deal.id), instant(deal.won or deal.closes or deal.created, deal.id)
    told = write_back(deal, company.today)
    if deal.status == "open":
        moved = instant(company.day(deal.offset), deal.id)
    closes = instant(deal.closes or deal.created, deal.id)
    if deal.won and deal.closes == deal.won:
        closes = moved
    updated = max(
        [moved, *(instant(i.settled, deal.id, 90) for i in deal.invoices if i.settled and told["cuadra_paid_on"])]
    )
    home = None if deal.amount is None else f"{decimal(deal.amount) * Decimal(HOME_RATE[deal.currency]):.2f}"
    properties = {
        "dealname": deal.title, "amount": None if deal.amount is None else decimal(deal.amount),
        "amount_in_home_currency": home,
        "deal_currency_code": deal.currency, "closedate": iso(closes), "dealstage": deal.stage,
        "pipeline": deal.pipeline,
        "hubspot_owner_id": OWNER_IDS[deal.owner], "hs_is_closed_won": str(deal.status == "won").lower(),
        "hs_is_closed": str(deal.status != "open").lower(), "description": None, "dealtype": "existingbusiness",
        "deal_reference": deal.reference, "billing_plan": deal.plan if deal.status == "won" else None,
        f"hs_v2_date_entered_{deal.stage}": iso(moved), "hs_merged_object_ids": None,
    } | told | deal.hubspot  # fmt: skip
    row = record(deal.id, properties, created, updated, "hs_lastmodifieddate")
    first = "appointmentscheduled" if deal.pipeline == "default" else "139482101"
    row["history"]["dealstage"] = [_was(deal.stage, moved), *([_was(first, created)] if first != deal.stage else [])]
    if deal.archived:
        row |= {"archived": True, "archivedAt": iso(moved + timedelta(days=1))}
    books.objects["deals"][deal.id] = row
    books.link("deals", deal.id, "companies", deal.company_id or deal.customer.id)
    books.link("deals", deal.id, "contacts", deal.customer.contacts[0].id)
    number = int(deal.id)
    _lines(books, deal, "deals", deal.id, number * 10, created)
    if number % 5 < 2 and deal.lines:
        _quote(books, company, deal, str(number - 9_000_000_000), created + timedelta(days=4))


def _was(value: str, when: datetime) -> dict[str, Any]:
    return {
        "value": value,
        "timestamp": iso(when),
        "sourceType": "CRM_UI",
        "sourceId": "userId:5512",
        "updatedByUserId": 5512,
    }


def _lines(books: HubSpotBooks, deal: Deal, kind: str, parent: str, first: int, created: datetime) -> None:
    for position, line in enumerate(deal.lines):
        properties = {
            "name": line.text, "quantity": line.quantity, "price": decimal(line.unit), "amount": decimal(line.net),
            "hs_discount_percentage": line.discount or None, "hs_sku": line.sku,
            "hs_product_id": PRODUCT_IDS.get(line.sku or ""),
            "hs_line_item_currency_code": deal.currency, "hs_position_on_quote": position, "description": None,
            "hs_tax_rate": line.rate,
            "hs_tax_label": f"{deal.customer.country.tax_name} {line.rate} %" if line.rate else None,
        }  # fmt: skip
        row = record(str(first + position), properties, created, created, "hs_lastmodifieddate")
        books.objects["line_items"][row["id"]] = row
        books.link(kind, parent, "line_items", row["id"])


def _quote(books: HubSpotBooks, company: Company, deal: Deal, quote_id: str, created: datetime) -> None:
    status = {"won": "ACCEPTED", "lost": "REJECTED"}.get(
        deal.status, "APPROVAL_NOT_NEEDED" if int(deal.id) % 2 else "DRAFT"
    )
    expires = company.day(int(deal.id) % 40 + 3) if deal.status == "open" else (deal.won or deal.closes)
    properties = {
        "hs_title": f"Quote {deal.title}", "hs_quote_number": created.strftime("%Y%m%d-%H%M%S"), "hs_status": status,
        "hs_quote_amount": decimal(deal.net), "hs_currency": deal.currency, "hs_expiration_date": str(expires),
        "hs_quote_link": None if status == "DRAFT" else f"https://faronorte.example/quotes/{quote_id}",
    }  # fmt: skip
    books.objects["quotes"][quote_id] = record(quote_id, properties, created, created, "hs_lastmodifieddate")
    books.link("deals", deal.id, "quotes", quote_id)
    books.link("quotes", quote_id, "companies", deal.customer.id)
    books.link("quotes", quote_id, "contacts", deal.customer.contacts[0].id)
    _lines(books, deal, "quotes", quote_id, int(quote_id) * 10 + 5, created)


def _leftovers(books: HubSpotBooks, company: Company) -> None:
    """Add what every CRM has: a company, a contact and a deal that swallowed another, and some archived ones."""
    for kind, gap in (("companies", 5), ("contacts", 7), ("deals", 9)):
        rows = [r for r in books.objects[kind].values() if not r["archived"]]
        for survivor in (rows[11], rows[57]):
            lost = str(int(survivor["id"]) - gap)
            survivor["properties"]["hs_merged_object_ids"] = lost
            books.merged.setdefault(kind, {})[lost] = survivor["id"]
        source = rows[23]
        gone_id = str(int(source["id"]) + gap)
        gone_at = instant(company.day(-20), kind)
        gone = record(gone_id, dict(source["properties"]), gone_at - timedelta(days=200), gone_at,
                      "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate")  # fmt: skip
        gone |= {"archived": True, "archivedAt": iso(gone_at)}
        books.objects[kind][gone_id] = gone


def write_back(deal: Deal, today: date) -> dict[str, Any]:
    """Return the write-back properties of a deal as the company has kept them: right, but for what `deal.told` says.

    The number and state are those of the newest invoice that stands; the amount is the total, tax included, of all of
    them; it is left out where the currencies differ. Deals whose invoice is known only by reference or by amount carry
    no number: somebody ticked them paid by hand.
    """
    names = ("cuadra_invoice_number", "cuadra_invoice_status", "cuadra_invoiced_amount", "cuadra_paid_on")
    standing = [i for i in deal.invoices if i.status != "void" and not (i.credited and i.credited >= i.gross)]
    if not standing:
        return dict.fromkeys(names)
    newest = max(standing, key=lambda i: i.offset)
    is_paid = all(i.settled for i in standing)
    issued = [i for i in standing if i.status != "draft"]
    told: dict[str, Any] = {
        "cuadra_invoice_number": _typed_number(deal, newest) if deal.tie in ("metadata", "number") else None,
        "cuadra_invoice_status": "paid" if is_paid else state(newest, today),
        "cuadra_invoiced_amount": decimal(sum(i.gross for i in issued)) if issued and deal.tie == "metadata" else None,
        "cuadra_paid_on": str(max(i.settled for i in standing if i.settled)) if is_paid else None,
    }
    if newest.currency != deal.currency:
        told["cuadra_invoiced_amount"] = None
    return told | deal.told


def state(invoice: Invoice, today: date) -> str:
    """Return where an invoice stands: draft, sent, partly_paid, overdue or paid."""
    if invoice.status == "draft":
        return "draft"
    if invoice.settled:
        return "paid"
    if invoice.received:
        return "partly_paid"
    if invoice.due < today:
        return "overdue"
    return "sent" if invoice.is_sent else "draft"


def _typed_number(deal: Deal, invoice: Invoice) -> str | None:
    number = invoice.number
    if deal.tie != "number" or number is None:
        return number
    return (number, number, number.lower(), number.replace("-", ""), f"{number} ")[int(deal.id) % 5]
