"""HubSpot (CRM): deals with their lines, companies and contacts, quotes; writes invoices' facts back, tasks and notes.

Source: HubSpot API 2026-03: objects, search, associations, properties, files; read 2026-11-21.
Auth:   bearer token of a private app or a service key, or OAuth 2: access tokens live 30 minutes, the refresh token
        stays the same; one host for all regions.
Limits: 100 requests in 10 s; search 5 a second and never past 10,000 results: we page it by the modified date instead.
Quirks: every value is text or null, and only properties asked for by name come; search gives no associations; line
        items hang under "line items" with a space; the primary company comes twice; `closedate` is the expected date
        until a deal is won. Under the key "_" an item carries what `rows` needs of other items: `outcome` of the
        deal's stage, the account's `currency` where the deal has none, `url`, and `merged_into` on a merged record.
"""

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

import httpx

from extract.auth import HeaderAuth, RenewedAuth
from extract.model import CustomerDraft, NoteDraft, ProductDraft, QuoteStatus, TaskDraft, Written
from extract.values import EVERYBODYS, country_code, country_name, days_of, percent_of, plain, tax_id, with_prefix
from extract.vendor import (
    Connected,
    Item,
    Login,
    MissingRight,
    Option,
    Params,
    Refused,
    Vendor,
    limiter,
)

V = "2026-03"
PAGE, FOUND = 100, 200  # records a page: most that a list and a search give
SEARCH_BODY = 2900  # characters; HubSpot refuses searches over 3,000
LINKED = 1000  # ids whose associations come in one call
CURRENCIES = {"deals": "deal_currency_code", "line_items": "hs_line_item_currency_code", "quotes": "hs_currency",
              "products": ""}  # the property that says a record's currency  # fmt: skip
OBJECT_CODES = {"deals": "0-3", "companies": "0-2", "contacts": "0-1"}  # in addresses of the screen
LINKS = {  # what we read of each object's associations
    "deals": ("companies", "contacts"),
    "companies": (),
    "contacts": ("companies",),
    "line_items": ("deals", "quotes"),
    "products": (),
    "quotes": ("deals", "companies", "contacts"),
}
PRIMARY = {("deals", "companies"): 5, ("contacts", "companies"): 1}  # association type ids
LINKED_TO = {"tasks": {"deals": 216, "contacts": 204, "companies": 192},
             "notes": {"deals": 214, "contacts": 202, "companies": 190}}  # fmt: skip
QUOTE_STATUS: dict[str, QuoteStatus] = {
    "DRAFT": "draft", "PENDING_APPROVAL": "draft", "APPROVAL_NOT_NEEDED": "published", "APPROVED": "published",
    "REJECTED": "rejected", "ACCEPTED": "accepted",
}  # fmt: skip
ENTERED = "hs_v2_date_entered_"
ADDRESS = {"phone": "phone", "street": "address", "city": "city", "region": "state", "postcode": "zip",
           "country": "country", "owner_id": "hubspot_owner_id"}  # fmt: skip
OURS = {"inactive": "cuadra_inactive"}  # of what was deleted in billing
NOT_ROWS = ("key", "inactive")  # fields that are no columns
SORTS = {"customers": "companies", "products": "products", "deals": "deals", "lines": "line_items"}
MERGED_TABLES = {"deals": "deals", "companies": "customers", "contacts": "customers"}
BILLINGS = ("once", "deposit", "stages", "recurring")
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
}


class HubSpot(Vendor):
    """The CRM: what was sold, to whom, by whom."""

    title = "HubSpot"
    kind = "crm"
    api_version = V
    base_url = "https://api.hubapi.com"
    auth_kind = "token"
    needs = ("HUBSPOT_TOKEN",)
    login = Login(
        "https://app.hubspot.com/oauth/authorize", f"/oauth/{V}/token",
        (*(f"crm.objects.{kind}.read" for kind in (*LINKS, "owners")), "crm.schemas.deals.read",
         "crm.objects.deals.write", "crm.objects.companies.write", "crm.objects.contacts.write",
         "crm.schemas.deals.write"),
        ("HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET", "HUBSPOT_REFRESH_TOKEN"),
    )  # fmt: skip
    steps = (
        "In HubSpot open Settings → Integrations → Service Keys (or an existing private app) and create a key.",
        "Tick crm.objects.deals, companies, contacts, line_items, products, quotes and owners: read; and "
        "crm.schemas.deals: read.",
        "To write invoice numbers and payments back, tick crm.objects.deals and companies: write, and "
        "crm.schemas.deals: write.",
        "Copy the token and paste it here.",
    )
    options = (
        Option("tax_id_property", "company property with the tax id", "nif"),
        Option("other_id_property", "company property with the customer's id in billing", "cuadra_billing_id"),
        Option("email_property", "company property with the address for invoices", "email"),
        Option("legal_name_property", "company property with the registered name", "legal_name"),
        Option("payment_terms_property", "company and deal property with days until due", "payment_terms_days"),
        Option("discount_property", "company property with the customer's discount in percent", "customer_discount"),
        Option("reference_property", "deal property with the order number both sides know", "deal_reference"),
        Option("billing_property", "deal property: once, deposit, stages or recurring", "billing_plan"),
        Option("service_done_property", "deal property with the day the service was completed", "service_completed_on"),
        Option("amount_is", "whether deal amounts are net or gross", "net"),
        Option("tax_rate_property", "line item property with the tax in percent", "hs_tax_rate"),
        Option("invoice_number_property", "deal property for the invoice number", "cuadra_invoice_number"),
        Option("invoice_status_property", "deal property for the invoice state", "cuadra_invoice_status"),
        Option("invoice_status_on_property", "deal property for the day of that state", "cuadra_invoice_status_on"),
        Option("reminders_sent_property", "deal property for the number of reminders", "cuadra_reminders_sent"),
        Option("reminded_on_property", "deal property for the day of the last reminder", "cuadra_reminded_on"),
        Option("invoiced_amount_property", "deal property for the amount invoiced", "cuadra_invoiced_amount"),
        Option("invoice_due_on_property", "deal property for the due date", "cuadra_invoice_due_on"),
        Option("invoice_recipient_property", "deal property for who got the invoice", "cuadra_invoice_recipient"),
        Option("paid_on_property", "deal property for the day of payment", "cuadra_paid_on"),
        Option("key_property", "company and contact property for our own key", "cuadra_key"),
        Option("requests_per_10_seconds", "pace that HubSpot allows this account: 100, 190 or 250", "100"),
        Option("reread_won_days", "days after winning in which a deal's lines are read again, once a day", "3"),
    )
    reads = ("customers", "products", "owners", "stages", "deals", "quotes", "lines", "merged")
    writes = ("update_deal", "update_line", "update_customer", "create_customer", "retire_customer", "update_product",
              "create_product", "retire_product", "create_task", "create_note")  # fmt: skip
    rate = (100, 10.0)
    evidence = "replayed exchanges checked against the vendor's API description; sandbox over HTTP"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._searches = limiter(5, 1.0)
        self._existing: dict[str, set[str]] = {}
        self._outcomes: dict[str, str] = {}  # stage -> open, won or lost
        self._home: str | None = None  # the account's currency
        self._screen = ""
        self._lock = threading.Lock()
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
                       "currency": "hs_currency", "url": "hs_quote_link", "accepted_on": "hs_esign_date"},
        }  # fmt: skip
        self.fields = {kind: {f: p for f, p in fields.items() if p} for kind, fields in self.fields.items()}
        deals = {f: p for f, p in self.fields["deals"].items() if f not in ("currency", "billing")}
        self._deal_fields, self._deal_properties = tuple(deals), tuple(deals.values())
        self._line_columns = [(f, p) for f, p in self.fields["line_items"].items() if f != "currency"]
        self._mappers: dict[str, Callable[[Item], list[tuple[str, dict[str, Any]]]]] = {
            "deals": self._deal, "companies": self._company, "contacts": self._contact, "owners": self._owner,
            "pipelines": self._stages, "line_items": self._line, "products": self._product, "quotes": self._quote,
        }  # fmt: skip

    # Signing and errors

    def auth(self) -> httpx.Auth:
        """Sign by bearer token: the pasted one, else one of HubSpot's own login, which ends after half an hour."""
        if self.credentials.get("HUBSPOT_TOKEN"):
            return HeaderAuth(self.credentials["HUBSPOT_TOKEN"])
        return RenewedAuth(self.renewed)

    def allowance(self) -> tuple[int, float]:
        """Return the pace of the account's plan."""
        return int(self.chosen["requests_per_10_seconds"] or self.rate[0]), 10.0

    def pace(self, path: str) -> None:
        """Hold searches to their own five a second besides the common limit."""
        if path.endswith("/search"):
            self._searches.try_acquire("search")
        super().pace(path)

    def explain(self, reply: httpx.Response) -> str:
        """Return HubSpot's message, the properties it speaks of, and the scopes that are missing."""
        said = _body(reply)
        named = [
            f"{key}: {', '.join(map(str, values))}"
            for error in [said, *said.get("errors", [])]
            for key, values in (error.get("context") or {}).items()
            if isinstance(values, list)
        ]
        codes = [error["code"] for error in said.get("errors", []) if error.get("code")]
        return " · ".join(dict.fromkeys([said.get("message") or reply.text[:200], *codes, *named]))

    def hopeless(self, reply: httpx.Response) -> bool:
        """Stop when the day's allowance is spent."""
        return reply.status_code == 429 and _body(reply).get("policyName") == "DAILY"

    def wait(self, reply: httpx.Response) -> float | None:
        """Wait as long as the limit's window where HubSpot does not say: it mostly does not."""
        asked = super().wait(reply)
        if asked is None and reply.status_code == 429:
            return 1.0 if _body(reply).get("policyName") == "SECONDLY" else 10.0
        return 2.0 if asked is None and reply.status_code == 423 else asked

    def check(self) -> Connected:
        """Return the account, trying each object so that a missing right is named."""
        try:
            account = self.get(f"/account-info/{V}/details")
        except Refused as error:
            if error.status in (404, 410):
                raise Refused(self.name, f"does not know version {V} of its interface any more.", 404) from error
            raise
        rights: dict[str, bool] = {}
        for kind in LINKS:
            try:
                self.get(f"/crm/objects/{V}/{kind}", limit=1)
                rights[f"crm.objects.{kind}.read"] = True
            except MissingRight:
                rights[f"crm.objects.{kind}.read"] = False
        return Connected(
            account=str(account["portalId"]),
            is_test=account.get("accountType") in ("SANDBOX", "DEVELOPER_TEST"),
            currency=account.get("companyCurrency"),
            time_zone=account.get("timeZone"),
            rights=tuple(name for name, given in rights.items() if given),
            missing=tuple(name for name, given in rights.items() if not given),
        )

    def unwritable(self) -> tuple[str, ...]:
        """Return the scopes to write that the token lacks."""
        kinds = ("deals", "companies", "contacts")
        asked = {k: self.refuses_write("PATCH", f"/crm/objects/{V}/{k}/0", json={"properties": {}}) for k in kinds}
        return tuple(f"crm.objects.{kind}.write" for kind, refused in asked.items() if refused)

    # Fetching

    def streams(self, since: dt.datetime | None) -> list[Iterable[tuple[str, Item]]]:
        """Return everything, or what changed since an instant; archived records come as such, to be removed."""
        self._existing.clear()  # somebody may have made a property since
        account, pipelines = self._look_around()
        if since is None:
            first = [("account", account), *(("pipelines", p) for p in pipelines)]
            return [first, *(self._framed(self._listed(kind)) for kind in LINKS), self._owners(None)]
        changed = [p for p in pipelines if any(_changed(part, since) for part in (p, *p["stages"]))]
        # A stage that came to mean something else changes deals that nobody touched.
        deals = self._listed("deals") if changed else self._modified("deals", since)
        others = [self._modified(kind, since) for kind in LINKS if kind != "deals"]
        streams = [deals, *others, *(self._archived(kind, since) for kind in LINKS), self._lines_of_new_deals(since)]
        return [[("pipelines", p) for p in changed], *map(self._framed, streams), self._owners(since)]

    def key(self, kind: str, item: Item) -> str:
        """Return the record's id; the account is known by its portal."""
        return str(item["portalId"] if kind == "account" else item["id"])

    def fetch_one(self, kind: str, key: str) -> Iterator[tuple[str, Item]]:
        """Yield one record again; nothing where it is gone."""
        if kind not in LINKS:
            return
        self._look_around()
        try:
            yield from self._framed([(kind, self._one(kind, key))])
        except Refused as error:
            if error.status != 404:
                raise

    def _one(self, kind: str, key: str) -> Item:
        asked = {"properties": ",".join(self._asked(kind)), "associations": ",".join(LINKS[kind]) or None}
        return self.get(f"/crm/objects/{V}/{kind}/{key}", **asked)

    def _look_around(self) -> tuple[Item, list[Item]]:
        """Read what the meaning of records rests on: the account and its pipelines."""
        account = self.get(f"/account-info/{V}/details")
        pipelines = self.get(f"/crm/pipelines/{V}/deals")["results"]
        self._outcomes = {s["id"]: _outcome(s) for p in pipelines for s in p["stages"]}
        self._home = account.get("companyCurrency")
        self._screen = f"https://{account.get('uiDomain', 'app.hubspot.com')}/contacts/{account['portalId']}/record/"
        return account, pipelines

    def _framed(self, items: Iterable[tuple[str, Item]]) -> Iterator[tuple[str, Item]]:
        """Yield records with what their mapping needs of the account and of their stage."""
        for kind, item in items:
            if not item.get("archived"):
                p, extra = item["properties"], dict[str, Any]()
                if kind == "deals" and (outcome := self._outcomes.get(p.get("dealstage"))):
                    extra["outcome"] = outcome
                if kind in CURRENCIES and not p.get(CURRENCIES[kind]):
                    extra["currency"] = self._home
                if kind in OBJECT_CODES and not item.get("url"):
                    extra["url"] = f"{self._screen}{OBJECT_CODES[kind]}/{item['id']}"
                if extra:
                    item["_"] = extra
            yield kind, item

    def _asked(self, kind: str) -> list[str]:
        """Return the properties to ask for: those we map and the account has."""
        more = {
            "deals": ("closedate", "hs_is_closed_won", "hs_is_closed", "hs_lastmodifieddate", "hs_merged_object_ids"),
            "companies": ("address2", "domain", "hs_lastmodifieddate", "hs_merged_object_ids", "hs_parent_company_id"),
            "contacts": ("lastmodifieddate", "hs_merged_object_ids"),
            "line_items": ("name", "description", "discount", "hs_discount_percentage", "hs_lastmodifieddate"),
            "products": ("hs_lastmodifieddate",),
            "quotes": ("hs_status", "hs_quote_amount", "hs_lastmodifieddate"),
        }[kind]
        won = [ENTERED + stage for stage, outcome in self._outcomes.items() if kind == "deals" and outcome == "won"]
        known = self._properties(kind)
        return [p for p in dict.fromkeys([*self.fields[kind].values(), *more, *won]) if p in known]

    def _properties(self, kind: str) -> set[str]:
        with self._lock:
            if kind not in self._existing:
                reply = self.get(f"/crm/properties/{V}/{kind}")
                self._existing[kind] = {p["name"] for p in reply["results"]}
            return self._existing[kind]

    def _listed(self, kind: str, archived: bool = False) -> Iterator[tuple[str, Item]]:
        params = {
            "limit": PAGE,
            "properties": ",".join(self._asked(kind)),
            "associations": ",".join(LINKS[kind]) or None,
            "archived": "true" if archived else None,
        }
        for reply in self.pages(f"/crm/objects/{V}/{kind}", params, _after):
            yield from [(kind, self._complete(kind, item)) for item in reply["results"]]

    def _complete(self, kind: str, item: Item) -> Item:
        """Read the rest of associations that did not fit beside the record."""
        for name, linked in (item.get("associations") or {}).items():
            if linked.get("paging"):
                to = name.replace(" ", "_")
                path = f"/crm/objects/{V}/{kind}/{item['id']}/associations/{to}"
                rows = [r for reply in self.pages(path, {"limit": 500}, _after) for r in reply["results"]]
                item["associations"][name] = {"results": _links(kind, to, rows)}
        return item

    def _archived(self, kind: str, since: dt.datetime) -> Iterator[tuple[str, Item]]:
        for reply in self.pages(f"/crm/objects/{V}/{kind}", {"limit": PAGE, "archived": "true"}, _after):
            for item in reply["results"]:
                if _changed(item, since, "archivedAt"):
                    yield kind, item

    def _modified(self, kind: str, since: dt.datetime) -> Iterator[tuple[str, Item]]:
        modified = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
        for page in self._found(kind, modified, int(since.timestamp() * 1000)):
            yield from ((kind, item) for item in self._linked(kind, page))
            for item in page:
                for loser in _merged(item):
                    yield kind, {"id": loser, "archived": True, "_": {"merged_into": item["id"]}}

    def _found(self, kind: str, modified: str, low: int, *more: Item) -> Iterator[list[Item]]:
        """Yield pages of what has a date from `low` (ms) on, and passes the filters `more`; each record once.

        Each page is asked for by the last date seen, never by an offset: offsets end at 10,000, and skip records when
        one that was read moves to the end. Where a whole page shares one instant, that instant is paged by id.
        """
        seen: set[tuple[str, str]] = set()  # (id, date) of what was read of the instant `low`
        while True:
            reply = self._search(kind, modified, [_filter(modified, "GTE", low), *more])
            page = [(i, (i["id"], i["properties"][modified])) for i in reply["results"]]
            if fresh := [item for item, mark in page if mark not in seen]:
                yield fresh
            if not page or reply["total"] <= len(page):
                return
            last = page[-1][1][1]
            top, read = self._ms(last), {mark for _, mark in page if mark[1] == last}
            if top == low:
                yield from self._of_instant(kind, modified, low, seen | read, *more)
                low, seen = low + 1, set()
            else:
                low, seen = top, read

    def _of_instant(
        self, kind: str, modified: str, at: int, seen: set[tuple[str, str]], *more: Item
    ) -> Iterator[list[Item]]:
        last = "0"
        while True:
            filters = [_filter(modified, "EQ", at), _filter("hs_object_id", "GT", last), *more]
            page = self._search(kind, "hs_object_id", filters)["results"]
            fresh = [i for i in page if (i["id"], i["properties"][modified]) not in seen]
            if fresh:
                yield fresh
            if len(page) < FOUND:
                return
            last = page[-1]["id"]

    def _ms(self, text: str) -> int:
        found = self.instant(text)
        assert found is not None
        return round(found.timestamp() * 1000)

    def _search(self, kind: str, by: str, filters: list[Item]) -> Any:
        asked = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": by, "direction": "ASCENDING"}],
            "properties": self._asked(kind),
            "limit": FOUND,
        }
        path = f"/crm/objects/{V}/{kind}/search"
        if len(json.dumps(asked)) <= SEARCH_BODY:
            return self.read("POST", path, json=asked)
        reply = self.read("POST", path, json=asked | {"properties": []})  # too many stages to name them all here
        held = {item["id"]: item for item in self._by_ids(kind, [item["id"] for item in reply["results"]])}
        return reply | {"results": [held[item["id"]] for item in reply["results"] if item["id"] in held]}

    def _by_ids(self, kind: str, ids: list[str]) -> Iterator[Item]:
        for chunk in _chunks(ids, PAGE):
            asked = {"inputs": [{"id": i} for i in chunk], "properties": self._asked(kind)}
            yield from self.read("POST", f"/crm/objects/{V}/{kind}/batch/read", json=asked)["results"]

    def _linked(self, kind: str, page: list[Item]) -> list[Item]:
        """Return found records with associations in the form a list gives them: search has none."""
        for to in LINKS[kind]:
            links = self._links_of(kind, to, [i["id"] for i in page])
            for item in page:
                if item["id"] in links:
                    item.setdefault("associations", {})[to] = {"results": _links(kind, to, links[item["id"]])}
        return page

    def _links_of(self, kind: str, to: str, ids: list[str]) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = {}
        for chunk in _chunks(ids, LINKED):
            inputs: list[Item] = [{"id": i} for i in chunk]
            while inputs:
                reply = self.read("POST", f"/crm/associations/{V}/{kind}/{to}/batch/read", json={"inputs": inputs})
                for row in reply["results"]:
                    found.setdefault(row["from"]["id"], []).extend(row["to"])
                inputs = [
                    {"id": r["from"]["id"], "after": r["paging"]["next"]["after"]}
                    for r in reply["results"]
                    if (r.get("paging") or {}).get("next")
                ]
        return found

    def _lines_of_new_deals(self, since: dt.datetime) -> Iterator[tuple[str, Item]]:
        """Yield, once a day, the lines of deals just won: moving a line to a deal need not move any modified date."""
        days = int(self.chosen["reread_won_days"] or 0)
        if not days or since.astimezone(self.zone).date() == self.now().astimezone(self.zone).date():
            return
        low = int((since - dt.timedelta(days=days)).timestamp() * 1000)
        won = self._found("deals", "closedate", low, _filter("hs_is_closed_won", "EQ", "true"))
        deals = [item["id"] for page in won for item in page]
        links = self._links_of("deals", "line_items", deals) if deals else {}
        lines = list(dict.fromkeys(str(r["toObjectId"]) for rows in links.values() for r in rows))
        for chunk in _chunks(lines, PAGE):
            yield from (
                ("line_items", item) for item in self._linked("line_items", list(self._by_ids("line_items", chunk)))
            )

    def _owners(self, since: dt.datetime | None) -> Iterator[tuple[str, Item]]:
        for archived in ("false", "true"):
            for reply in self.pages(f"/crm/owners/{V}", {"limit": PAGE, "archived": archived}, _after):
                yield from (("owners", o) for o in reply["results"] if since is None or _changed(o, since))

    # Mapping

    def rows(self, kind: str, item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the rows of one item; an archived record means none."""
        mapper = self._mappers.get(kind)
        if mapper is None or (item.get("archived") and kind != "owners"):
            return iter(())
        return iter(mapper(item))

    def _deal(self, item: Item) -> list[tuple[str, dict[str, Any]]]:
        p, extra, links = item["properties"], item.get("_") or {}, item.get("associations") or {}
        row = dict(zip(self._deal_fields, map(p.get, self._deal_properties), strict=True))
        company, contact = _first(links.get("companies"), "deal_to_company"), _first(links.get("contacts"))
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
        row["parent_id"] = _first((item.get("associations") or {}).get("companies"), "contact_to_company")
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
                 "position": s.get("displayOrder", at), "outcome": _outcome(s)},
            )
            for at, s in enumerate(item["stages"])
        ]  # fmt: skip

    def _line(self, item: Item) -> list[tuple[str, dict[str, Any]]]:
        p, links = item["properties"], item.get("associations") or {}
        deal, quote = _first(links.get("deals")), _first(links.get("quotes"))
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
        row: dict[str, Any] = {field: p.get(name) for field, name in self.fields["quotes"].items()}
        company, contact = _first(links.get("companies")), _first(links.get("contacts"))
        row |= {"id": item["id"], "deal_id": _first(links.get("deals")), "updated_at": item.get("updatedAt")}
        row["customer_id"] = company or (contact and f"contact:{contact}")
        row["status"] = "accepted" if row["accepted_on"] else QUOTE_STATUS.get(p.get("hs_status") or "", p["hs_status"])
        row["gross" if self.chosen["amount_is"] == "gross" else "net"] = p.get("hs_quote_amount")
        row["currency"] = row["currency"] or self._currency(item)
        return [("quotes", row)]

    # Writing

    def deal(self, id: str) -> dict[str, Any]:
        """Return one deal as it is there now, as a typed row. Refused (404) where it does not exist."""
        self._look_around()
        _, item = next(self._framed([("deals", self._one("deals", id))]))
        return self.mapped("deals", "deals", item)

    def customer(self, id: str) -> dict[str, Any]:
        """Return one company, or `contact:` person, as it is there now, as a typed row."""
        kind, key = _party_key(id)
        return self.mapped("customers", kind, self._one(kind, key))

    def update_deal(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change canonical fields of a deal; None clears. Properties that the account lacks are made first."""
        reply = self._update("deals", id, changes)
        p, names = reply["properties"], self.fields["deals"]
        return Written(
            id=reply["id"],
            url=reply.get("url"),
            number=p.get(names.get("invoice_number", "")),
            status=p.get(names.get("invoice_status", "")),
        )

    def update_customer(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change canonical fields of a company, or of a `contact:` person; None clears."""
        kind, key = _party_key(id)
        reply = self._update(kind, key, changes)
        return Written(id=id, url=reply.get("url"))

    def line_sku(self, id: str) -> str | None:
        """Return the article number of a line as it is there now. Refused (404) where the line does not exist."""
        found: str | None = self._one("line_items", id)["properties"].get(self.fields["line_items"]["sku"])
        return found or None

    def update_line(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change canonical fields of a line; None clears."""
        return Written(id=self._update("line_items", id, changes)["id"])

    def find_customer(self, draft: CustomerDraft) -> Written | None:
        """Return the company or person of our key, of the same billing id, or of the same tax id."""
        kind = "contacts" if draft.kind == "person" else "companies"
        names, known = self.fields[kind], self._properties(kind)
        if (name := names.get("key")) in known:  # by a unique property: seen at once, which a search is not
            try:
                found = self.get(f"/crm/objects/{V}/{kind}/{draft.key}", idProperty=name)
                return _written(kind, found)
            except Refused as error:
                if error.status not in (400, 404):
                    raise
        sought = {"other_id": [draft.other_id] if draft.other_id else [], "tax_id": _spellings(draft)}
        for field, texts in sought.items():
            if texts and names.get(field) in known:
                asked = {"propertyName": names[field], "operator": "IN", "values": texts}
                reply = self._search_once(kind, [asked])
                if reply["results"]:
                    return _written(kind, reply["results"][0])
        return None

    def create_customer(self, draft: CustomerDraft) -> Written:
        """Make a company or a person that carries our key, which HubSpot keeps unique."""
        kind = "contacts" if draft.kind == "person" else "companies"
        said = draft.model_dump(exclude={"key", "kind", "tax_id_country", "language"}, exclude_none=True)
        if kind == "contacts":
            said["first_name"], _, said["last_name"] = said.pop("name").partition(" ")
        said = {f: v for f, v in said.items() if f in self.fields[kind] and (f in MADE or self._has(kind, f))}
        properties = self._worded(kind, said | ({"key": draft.key} if "key" in self.fields[kind] else {}))
        return _written(kind, self.write("POST", f"/crm/objects/{V}/{kind}", json={"properties": properties}))

    def places(self, table: str) -> dict[str, str]:
        """Return the property that holds each canonical field of a table; those without one are left out."""
        found = {f: p for f, p in self.fields[SORTS[table]].items() if f not in NOT_ROWS} if table in SORTS else {}
        more = {"description": "name", "discount_rate": "hs_discount_percentage"}  # not one property to one column
        return found | (more if table == "lines" else {})

    def retire_customer(self, id: str, how: str) -> None:
        """Mark a company or person as deleted in billing, or archive it: HubSpot restores it within 90 days."""
        self._retire(*_party_key(id), how)

    def is_retired_customer(self, id: str, how: str) -> bool:
        """Return whether that was done."""
        return self._is_retired(*_party_key(id), how)

    def product(self, id: str) -> dict[str, Any]:
        """Return one product as it is there now, as a typed row. Refused (404) where it does not exist."""
        self._look_around()
        _, item = next(self._framed([("products", self._one("products", id))]))
        return self.mapped("products", "products", item)

    def update_product(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change canonical fields of a product; its price only in the account's currency, which products are in."""
        said = dict(changes)
        if "unit_price" in said and (currency := said.pop("currency", None)):
            self._look_around()
            if currency != self._home:
                raise Refused(self.name, f"products are in {self._home}, the price is in {currency}; nothing was sent.")
        return _written("products", self._update("products", id, said))

    def find_product(self, draft: ProductDraft) -> Written | None:
        """Return the product of our key, else of the same SKU."""
        names, known = self.fields["products"], self._properties("products")
        if (name := names.get("key")) in known:  # by a unique property: seen at once, which a search is not
            try:
                return _written("products", self.get(f"/crm/objects/{V}/products/{draft.key}", idProperty=name))
            except Refused as error:
                if error.status not in (400, 404):
                    raise
        found = self._search_once("products", [_filter(names["sku"], "EQ", draft.sku)])["results"]
        return _written("products", found[0]) if found else None

    def create_product(self, draft: ProductDraft) -> Written:
        """Make a product that carries our key."""
        self._look_around()
        if draft.currency != self._home:
            raise Refused(self.name, f"products are in {self._home}, this is in {draft.currency}; nothing was sent.")
        said = draft.model_dump(include={"sku", "name", "unit_price"})
        said |= {"key": draft.key} if "key" in self.fields["products"] else {}
        properties = self._worded("products", said)
        return _written("products", self.write("POST", f"/crm/objects/{V}/products", json={"properties": properties}))

    def retire_product(self, id: str, how: str) -> None:
        """Mark a product as deleted in billing, or archive it: HubSpot restores it within 90 days."""
        self._retire("products", id, how)

    def is_retired_product(self, id: str, how: str) -> bool:
        """Return whether that was done."""
        return self._is_retired("products", id, how)

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

    def find_task(self, draft: TaskDraft) -> Written | None:
        """Return the task with our key, looked for among those of its deal or customer."""
        return self._find_engagement("tasks", "hs_task_body", draft)

    def create_task(self, draft: TaskDraft) -> Written:
        """Make a task for a salesperson, on its deal and customer."""
        properties = {
            "hs_timestamp": plain(draft.due_at),
            "hs_task_subject": draft.subject,
            "hs_task_body": _marked(draft.body, draft.key),
            "hs_task_status": "NOT_STARTED",
            "hs_task_priority": "HIGH",
            "hs_task_type": "TODO",
        }
        return self._create_engagement("tasks", properties, draft)

    def find_note(self, draft: NoteDraft) -> Written | None:
        """Return the note with our key, looked for among those of its deal or customer."""
        return self._find_engagement("notes", "hs_note_body", draft)

    def create_note(self, draft: NoteDraft) -> Written:
        """Make a note on a deal or customer, its file uploaded first (private)."""
        properties = {"hs_timestamp": plain(draft.at), "hs_note_body": _marked(draft.body, draft.key)}
        if draft.file is not None:
            name = draft.file_name or "attachment"
            file = self.write(
                "POST",
                f"/files/{V}/files",
                data={"options": '{"access":"PRIVATE"}', "folderPath": "/cuadra", "fileName": name},
                files={"file": (name, draft.file)},
            )
            properties["hs_attachment_ids"] = str(file["id"])
        return self._create_engagement("notes", properties, draft)

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

    def _search_once(self, kind: str, filters: list[Item]) -> Any:
        asked = {"filterGroups": [{"filters": filters}], "properties": self._asked(kind), "limit": 10}
        return self.read("POST", f"/crm/objects/{V}/{kind}/search", json=asked)

    def _create_engagement(self, kind: str, properties: dict[str, str], draft: TaskDraft | NoteDraft) -> Written:
        if draft.owner_id:
            properties["hubspot_owner_id"] = draft.owner_id
        links = [
            {"to": {"id": key},
             "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": LINKED_TO[kind][to]}]}
            for to, key in _about(draft)
        ]  # fmt: skip
        made = {"properties": properties, "associations": links}
        return _written(kind, self.write("POST", f"/crm/objects/{V}/{kind}", json=made))

    def _find_engagement(self, kind: str, body: str, draft: TaskDraft | NoteDraft) -> Written | None:
        for to, key in _about(draft):
            path = f"/crm/objects/{V}/{to}/{key}/associations/{kind}"
            ids = [str(r["toObjectId"]) for page in self.pages(path, {"limit": 500}, _after) for r in page["results"]]
            for chunk in _chunks(ids, PAGE):
                asked = {"inputs": [{"id": i} for i in chunk], "properties": [body]}
                reply = self.read("POST", f"/crm/objects/{V}/{kind}/batch/read", json=asked)
                for item in reply["results"]:
                    if _mark(draft.key) in (item["properties"].get(body) or ""):
                        return _written(kind, item)
        return None


def _body(reply: httpx.Response) -> dict[str, Any]:
    try:
        said = reply.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _after(reply: Any, params: Params) -> Params | None:
    """Return the cursor of the next page; there is no `paging` on the last."""
    following = (reply.get("paging") or {}).get("next")
    return {"after": following["after"]} if following else None


def _filter(name: str, operator: str, value: int | str) -> Item:
    return {"propertyName": name, "operator": operator, "value": str(value)}


def _chunks(ids: Iterable[str], size: int) -> Iterator[list[str]]:
    rest = iter(ids)
    while chunk := list(islice(rest, size)):
        yield chunk


def _changed(item: Item, since: dt.datetime, field: str = "updatedAt") -> bool:
    at = item.get(field)
    return at is None or dt.datetime.fromisoformat(at) >= since


def _outcome(stage: Item) -> str:
    """Return what a deal in a stage is, from the stage's own data: labels and ids are the account's to choose."""
    said = stage.get("metadata") or {}
    if said.get("isClosed") != "true":
        return "open"
    return "won" if Decimal(said.get("probability") or 0) == 1 else "lost"


def _told_outcome(p: Mapping[str, str | None]) -> str:
    if p.get("hs_is_closed_won") == "true":
        return "won"
    return "lost" if p.get("hs_is_closed") == "true" else "open"


def _first(linked: Item | None, primary: str = "") -> str | None:
    """Return the id of the primary associated record, else of the first."""
    if not linked or not (results := linked["results"]):
        return None
    for entry in results:
        if entry["type"] == primary:
            return str(entry["id"])
    return str(results[0]["id"])


def _links(kind: str, to: str, rows: list[Item]) -> list[Item]:
    """Return rows of the associations API as a list shows them beside a record."""
    one = {"deals": "deal", "companies": "company", "contacts": "contact", "quotes": "quote", "line_items": "line_item"}
    word, primary = f"{one[kind]}_to_{one[to]}", PRIMARY.get((kind, to))
    found = []
    for row in rows:
        types = {t.get("typeId") for t in row["associationTypes"]}
        type_ = word if primary is None or primary in types else f"{word}_unlabeled"
        found.append({"id": str(row["toObjectId"]), "type": type_})
    return found


def _merged(item: Item) -> list[str]:
    ids = item["properties"].get("hs_merged_object_ids") or ""
    return [i for i in ids.replace(",", ";").split(";") if i and i != item["id"]]


def _merged_rows(kind: str, item: Item, survivor: str, prefix: str = "") -> list[tuple[str, dict[str, Any]]]:
    table = MERGED_TABLES[kind]
    return [
        ("merged", {"id": prefix + loser, "of_table": table, "survivor_id": prefix + survivor})
        for loser in _merged(item)
    ]


def _rate(discount: str | None, price: str | None) -> Decimal | None:
    """Return in percent a discount that is given as an amount of each unit."""
    if not discount or not price or not Decimal(discount) or not Decimal(price):
        return None
    return (Decimal(discount) / Decimal(price) * 100).quantize(Decimal("0.00000001"))


def _party_key(id: str) -> tuple[str, str]:
    return ("contacts", id.removeprefix("contact:")) if id.startswith("contact:") else ("companies", id)


def _written(kind: str, item: Item) -> Written:
    return Written(id=("contact:" if kind == "contacts" else "") + item["id"], url=item.get("url"))


def _spellings(draft: CustomerDraft) -> list[str]:
    """Return how a tax id may stand in the CRM: search compares text."""
    number, country = tax_id(draft.tax_id, draft.tax_id_country or draft.country)
    if number is None or number in EVERYBODYS:
        return []
    return list(dict.fromkeys([number, with_prefix(number, country)]))


def _about(draft: TaskDraft | NoteDraft) -> list[tuple[str, str]]:
    deals = dict.fromkeys([draft.deal_id, *getattr(draft, "deal_ids", ())])
    found = [("deals", id) for id in deals if id]
    return found + ([_party_key(draft.customer_id)] if draft.customer_id else [])


def _mark(key: str) -> str:
    return f"[cuadra {key}]"


def _marked(body: str, key: str) -> str:
    """Return a text with our key at its end: HubSpot has no idempotency header, so the record itself tells."""
    return f"{body}<br>{_mark(key)}"
