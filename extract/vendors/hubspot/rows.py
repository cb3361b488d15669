"""Mapping of records to rows."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from extract.model import QuoteStatus
from extract.values import country_code, days_of, percent_of, tax_id
from extract.vendor import Item
from extract.vendors.hubspot.associations import first_of
from extract.vendors.hubspot.fields import NOT_ROWS, Fields
from extract.vendors.hubspot.objects import ENTERED, merged_ids, outcome_of

QUOTE_STATUS: dict[str, QuoteStatus] = {
    "DRAFT": "draft", "PENDING_APPROVAL": "draft", "APPROVAL_NOT_NEEDED": "published", "APPROVED": "published",
    "REJECTED": "rejected", "ACCEPTED": "accepted",
}  # fmt: skip
_REACHED = {"draft": 0, "published": 1, "accepted": 2, "rejected": 2, "expired": 2}  # how far a quote has come
MERGED_TABLES = {"deals": "deals", "companies": "customers", "contacts": "customers"}
BILLINGS = ("once", "deposit", "stages", "recurring")


class Rows(Fields):
    """The rows that a record means."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        deals = {f: p for f, p in self.fields["deals"].items() if f not in ("currency", "billing")}
        self._deal_fields, self._deal_properties = tuple(deals), tuple(deals.values())
        self._line_columns = [(f, p) for f, p in self.fields["line_items"].items() if f != "currency"]
        self._mappers: dict[str, Callable[[Item], list[tuple[str, dict[str, Any]]]]] = {
            "deals": self._deal, "companies": self._company, "contacts": self._contact, "owners": self._owner,
            "pipelines": self._stages, "line_items": self._line, "products": self._product, "quotes": self._quote,
        }  # fmt: skip

    def rows(self, kind: str, item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the rows of one item; an archived record means none."""
        mapper = self._mappers.get(kind)
        if mapper is None or (item.get("archived") and kind != "owners"):
            return iter(())
        return iter(mapper(item))

    def _deal(self, item: Item) -> list[tuple[str, dict[str, Any]]]:
        p, extra, links = item["properties"], item.get("_") or {}, item.get("associations") or {}
        row = dict(zip(self._deal_fields, map(p.get, self._deal_properties), strict=True))
        company, contact = first_of(links.get("companies"), "deal_to_company"), first_of(links.get("contacts"))
        row["id"] = item["id"]
        row["contact_id"] = contact and f"contact:{contact}"
        row["customer_id"] = company or row["contact_id"]
        row["amount_is"] = self.chosen["amount_is"]
        row["payment_terms_days"] = days_of(row.get("payment_terms_days"))
        row["currency"] = p.get("deal_currency_code") or extra.get("currency") or self.account_currency
        row["created_at"], row["updated_at"] = item.get("createdAt"), item.get("updatedAt")
        row["url"] = item.get("url") or extra.get("url")
        row["status"] = status = extra.get("outcome") or _told_outcome(p)
        if status == "won":
            entered = [p[name] for name in p if name.startswith(ENTERED) and p[name]]
            row["won_on"] = min(entered) if entered else p.get("closedate")
        elif status == "open":
            row["expected_close_on"] = p.get("closedate")
        if (billing := p.get(self.chosen["billing_property"])) in BILLINGS:
            row["billing"] = billing
        found: list[tuple[str, dict[str, Any]]] = [("deals", row)]
        if p.get("hs_merged_object_ids"):
            found += _merged_rows("deals", item, item["id"])
        return found

    def _company(self, item: Item) -> list[tuple[str, dict[str, Any]]]:
        p = item["properties"]
        row = self._party("companies", item) | {"id": item["id"], "kind": "company"}
        row["parent_id"] = p.get("hs_parent_company_id")
        if p.get("address2"):
            row["street"] = f"{row['street']}, {p['address2']}" if row["street"] else p["address2"]
        return [("customers", row), *_merged_rows("companies", item, item["id"])]

    def _contact(self, item: Item) -> list[tuple[str, dict[str, Any]]]:
        row = self._party("contacts", item)
        names = (row.pop("first_name"), row.pop("last_name"))
        row |= {"id": f"contact:{item['id']}", "kind": "person"}
        row["name"] = " ".join(filter(None, names)) or row["email"]
        row["parent_id"] = first_of((item.get("associations") or {}).get("companies"), "contact_to_company")
        return [("customers", row), *_merged_rows("contacts", item, item["id"], "contact:")]

    def _party(self, kind: str, item: Item) -> dict[str, Any]:
        p = item["properties"]
        row: dict[str, Any] = {field: p.get(name) for field, name in self.fields[kind].items() if field not in NOT_ROWS}
        row["country"] = country_code(row["country"]) or row["country"]
        row["payment_terms_days"] = days_of(row.get("payment_terms_days"))
        row["discount_rate"] = percent_of(row.get("discount_rate"))
        row["tax_id"], row["tax_id_country"] = tax_id(row.get("tax_id"), country_code(row["country"]))
        row["url"] = item.get("url") or (item.get("_") or {}).get("url")
        row["created_at"], row["updated_at"] = item.get("createdAt"), item.get("updatedAt")
        return row

    def _currency(self, item: Item) -> str | None:
        """Return the currency of a record that says none: the account's."""
        return (item.get("_") or {}).get("currency") or self.account_currency

    def _owner(self, item: Item) -> list[tuple[str, dict[str, Any]]]:
        name = " ".join(filter(None, (item.get("firstName"), item.get("lastName"))))
        active = not item.get("archived", False)
        row = {"id": item["id"], "name": name or item.get("email"), "email": item.get("email"), "is_active": active}
        return [("owners", row)]

    def _stages(self, item: Item) -> list[tuple[str, dict[str, Any]]]:
        return [
            (
                "stages",
                {"id": s["id"], "name": s["label"], "pipeline": item["id"], "pipeline_name": item["label"],
                 "position": s.get("displayOrder", at), "outcome": outcome_of(s)},
            )
            for at, s in enumerate(item["stages"])
        ]  # fmt: skip

    def _line(self, item: Item) -> list[tuple[str, dict[str, Any]]]:
        p, links = item["properties"], item.get("associations") or {}
        deal, quote = first_of(links.get("deals")), first_of(links.get("quotes"))
        if not (deal or quote):
            return []
        row = {field: p.get(name) for field, name in self._line_columns}
        row |= {"id": item["id"], "document": "deal" if deal else "quote", "document_id": deal or quote}
        row["position"] = row["position"] and int(row["position"]) + 1  # HubSpot counts from 0
        row["description"] = p.get("name") or p.get("description")
        row["discount_rate"] = p.get("hs_discount_percentage") or _rate(p.get("discount"), p.get("price"))
        row["currency"] = p.get("hs_line_item_currency_code") or self._currency(item)
        return [("lines", row)]

    def _product(self, item: Item) -> list[tuple[str, dict[str, Any]]]:
        p = item["properties"]
        names = self.fields["products"]
        row: dict[str, Any] = {field: p.get(name) for field, name in names.items() if field not in NOT_ROWS}
        row |= {"id": item["id"], "currency": self._currency(item), "is_active": p.get(names["inactive"]) != "true"}
        return [("products", row | {"created_at": item.get("createdAt"), "updated_at": item.get("updatedAt")})]

    def _quote(self, item: Item) -> list[tuple[str, dict[str, Any]]]:
        p, links = item["properties"], item.get("associations") or {}
        names = self.fields["quotes"]
        row: dict[str, Any] = {field: p.get(name) for field, name in names.items() if field not in NOT_ROWS}
        company, contact = first_of(links.get("companies")), first_of(links.get("contacts"))
        row |= {"id": item["id"], "deal_id": first_of(links.get("deals")), "updated_at": item.get("updatedAt")}
        row["customer_id"] = company or (contact and f"contact:{contact}")
        own = "accepted" if row["accepted_on"] else QUOTE_STATUS.get(p.get("hs_status") or "", p["hs_status"])
        told = p.get(names.get("told_status", ""))  # by billing: a state that HubSpot lets nobody set
        row["status"] = told if told and _REACHED.get(told, 0) > _REACHED.get(own, 0) else own
        row["gross" if self.chosen["amount_is"] == "gross" else "net"] = p.get("hs_quote_amount")
        row["currency"] = row["currency"] or self._currency(item)
        return [("quotes", row)]


def _told_outcome(p: Mapping[str, str | None]) -> str:
    if p.get("hs_is_closed_won") == "true":
        return "won"
    return "lost" if p.get("hs_is_closed") == "true" else "open"


def _merged_rows(kind: str, item: Item, survivor: str, prefix: str = "") -> list[tuple[str, dict[str, Any]]]:
    table = MERGED_TABLES[kind]
    return [
        ("merged", {"id": prefix + loser, "of_table": table, "survivor_id": prefix + survivor})
        for loser in merged_ids(item)
    ]


def _rate(discount: str | None, price: str | None) -> Decimal | None:
    """Return in percent a discount that is given as an amount of each unit."""
    if not discount or not price or not Decimal(discount) or not Decimal(price):
        return None
    return (Decimal(discount) / Decimal(price) * 100).quantize(Decimal("0.00000001"))
