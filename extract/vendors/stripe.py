"""Stripe (invoicing and payments): invoices, what was paid on them and how it reached the bank; can issue invoices.

Source: Stripe API 2026-06-24.dahlia: SDK types and guides; read 2026-11-21.
Auth:   bearer secret or restricted key; `sk_test_` and `rk_test_` keys act on a test account.
Limits: about 100 requests a second live, 25 in test; lists of 100, newest first.
Quirks: amounts are integers of the minor unit (none in JPY, three decimals in KWD; ISK and UGX count two although they
        have none); no object says when it changed, so modified runs ask the events, kept 30 days; an invoice holds its
        first 10 lines and payments only; forms are nested by brackets; a search index lags, so nothing is looked up
        by it alone. Stripe does not say on the invoice whether it was e-mailed: it counts as sent when we noted it
        (metadata `cuadra_sent_at`), when an `invoice.sent` event says so, when Stripe sends or charges by itself
        (`auto_advance`, `charge_automatically`), and when it is older than the events, so that nobody can tell.
        Under the key "_" an item carries what `rows` needs of other objects: of an invoice `sent_at`, `changed_at` and
        `told_since` from the events and the percent of its `tax_rates`; a product's `price`; a charge's `payout`.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any
from urllib.parse import quote

import httpx

from extract.auth import HeaderAuth
from extract.model import (
    CustomerDraft,
    InvoiceDraft,
    InvoiceKind,
    InvoiceStatus,
    LineDraft,
    ProductDraft,
    QuoteStatus,
    Written,
)
from extract.values import EVERYBODYS, form, major, minor, plain, tax_id, with_prefix
from extract.vendor import (
    Connected,
    Extra,
    Item,
    MissingRight,
    Option,
    Params,
    Refused,
    Unauthorised,
    Vendor,
    VendorError,
)

Rows = list[tuple[str, dict[str, Any]]]
VERSION = "2026-06-24.dahlia"
PAGE = 100
EVENTS_KEPT = dt.timedelta(days=29)  # Stripe keeps them 30 days; one in hand for the run itself
PAYOUT_DELAY = 32 * 86400  # seconds from available balance to the payout of a monthly schedule
CHARGE_IDS = ("ch_", "py_")
MAX_KEY = 255  # characters of an idempotency key
EXPANDED = {  # what comes inside an item, besides what always does
    "customers": ("tax_ids",),
    "invoices": ("payments",),
    "charges": ("balance_transaction",),
    "refunds": ("balance_transaction", "charge"),
    "quotes": ("line_items",),
}
KINDS = ("customers", "products", "invoices", "credit_notes", "quotes", "charges", "refunds", "payouts")
DATED = tuple(kind for kind in KINDS if kind != "quotes")  # lists that can be asked for by date of creation
EVENT_TYPES = [
    f"{thing}.{verb}"
    for thing, verbs in {
        "customer": "created updated deleted",
        "customer.tax_id": "created updated deleted",
        "product": "created updated deleted",
        "price": "created updated deleted",
        "invoice": "created updated deleted finalized sent paid overpaid voided marked_uncollectible payment_succeeded",
        "invoice_payment": "paid",
        "credit_note": "created updated voided",
        "charge": "succeeded updated pending failed captured refunded",
        "refund": "created updated failed",
        "payout": "created updated paid failed canceled",
        "quote": "created finalized accepted canceled",
    }.items()
    for verb in verbs.split()
]
CHANGED = {  # object of an event -> (kind to read again, where its id is)
    "customer": ("customers", "id"), "tax_id": ("customers", "customer"), "product": ("products", "id"),
    "price": ("products", "product"), "invoice": ("invoices", "id"), "invoice_payment": ("invoices", "invoice"),
    "credit_note": ("credit_notes", "id"), "charge": ("charges", "id"), "refund": ("refunds", "id"),
    "payout": ("payouts", "id"), "quote": ("quotes", "id"),
}  # fmt: skip
QUOTE_STATUS: dict[str, QuoteStatus] = {
    "draft": "draft", "open": "published", "accepted": "accepted", "canceled": "rejected"
}  # fmt: skip
METHODS = {"card": "card", "card_present": "card", "customer_balance": "transfer", "us_bank_account": "transfer",
           "sepa_debit": "direct_debit", "bacs_debit": "direct_debit", "acss_debit": "direct_debit",
           "au_becs_debit": "direct_debit"}  # fmt: skip
CHARGE_STATUS = {"succeeded": "booked", "pending": "pending"}  # a failed attempt is no money
INVOICE_KINDS: dict[str, InvoiceKind] = {
    "deposit": "deposit", "final": "final", "recurring": "recurring", "renewal": "recurring", "invoice": "invoice",
    "proforma": "proforma",
}  # fmt: skip
REFERENCE = re.compile(
    r"\b(?:order|pedido|commande|bestellung|zamówieni\w*|ref(?:erence|erencia|\.)?)\W{0,3}((?:PO[-\s]?)?[\w/-]*\d[\w/-]*)"
    r"|\b(PO[-\s]?\d[\w/-]*)",
    re.IGNORECASE,
)
TAX_ID_TYPES = {"ES": "es_cif", "PL": "pl_nip", "MX": "mx_rfc", "US": "us_ein", "GB": "gb_vat"}
EU = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
    "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
))  # fmt: skip


PLACES = {  # canonical field -> where it is in Stripe's object
    "customers": {
        "name": "name", "legal_name": "business_name", "tax_id": "tax_ids", "email": "email", "phone": "phone",
        "street": "address.line1", "city": "address.city", "region": "address.state",
        "postcode": "address.postal_code", "country": "address.country", "language": "preferred_locales",
        "payment_terms_days": "metadata.payment_terms_days",
    },
    "products": {"sku": "metadata.sku", "name": "name", "unit_price": "default_price"},
    "invoices": {"amount": "lines.amount", "currency": "currency", "due_on": "due_date"},
    "lines": {"description": "description", "quantity": "quantity", "unit_price": "price", "tax_rate": "tax_rates",
              "discount_rate": "discounts", "sku": "price.product"},
}  # fmt: skip


class Spent(VendorError):
    """The idempotency key holds an older answer (a failure, or one to other values): nothing was done this time."""


class Stripe(Vendor):
    """The books, and the gateway: what was billed, and what came of it."""

    title = "Stripe"
    kind = "billing"
    api_version = VERSION
    base_url = "https://api.stripe.com"
    auth_kind = "key"
    needs = ("STRIPE_KEY",)
    steps = (
        "In Stripe open Developers → API keys. Begin with a test key: switch “Test mode” on.",
        "Create a restricted key with read on Customers, Invoices, Products, Prices, PaymentIntents, Charges, Payouts, "
        "Balance, Credit notes and Events.",
        "To make invoices, add write on Customers, Invoices and Tax rates.",
        "Copy the key and paste it here.",
    )
    options = (
        Option("deal_metadata_key", "metadata key with the CRM's deal id", "crm_deal_id"),
        Option("customer_metadata_key", "metadata key with the CRM's company id", "crm_company_id"),
        Option("kind_metadata_key", "metadata key that tells deposits, finals and renewals", "kind"),
        Option(
            "reference_names",
            "names of invoice fields with the order number",
            "PO, PO number, Order, Order number, Reference, Pedido, Referencia, Commande, Référence, Bestellung, "
            "Zamówienie",
        ),
        Option("reference_label", "name of the field we write the order number into", "Order"),
        Option("fx_label", "name of the field we write the exchange rate into", "Exchange rate"),
        Option("tax_name", "name of the tax on invoices", "VAT"),
        Option("requests_per_second", "pace that Stripe allows this account; blank: 80 live, 25 in test"),
    )
    reads = ("customers", "products", "tax_codes", "invoices", "quotes", "lines", "payments", "allocations", "payouts")
    writes = ("create_customer", "update_customer", "retire_customer", "create_product", "update_product",
              "retire_product", "create_invoice", "issue_invoice", "send_invoice", "void_invoice",
              "record_payment", "create_credit_note")  # fmt: skip
    adds = ("reports", "sigma")
    rate = (80, 1.0)
    evidence = "replayed exchanges checked against the vendor's API description; sandbox over HTTP"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._answered_as = VERSION
        self.client.event_hooks["response"].append(self._hear)
        names = self.chosen["reference_names"].split(",")
        self._reference_names = {n.strip().casefold() for n in names}
        self._tax_rates: dict[str, Item] = {}
        self._mappers: dict[str, Callable[[Item], Rows]] = {
            "customers": self._customer, "products": self._product, "invoices": self._invoice, "quotes": self._quote,
            "charges": self._charge, "refunds": self._refund, "credit_notes": self._credit_note,
            "payouts": self._payout, "tax_rates": self._tax_code,
        }  # fmt: skip

    # Signing and errors

    def auth(self) -> httpx.Auth:
        """Sign by bearer key."""
        return HeaderAuth(self.credentials["STRIPE_KEY"])

    def _hear(self, reply: httpx.Response) -> None:
        self._answered_as = reply.headers.get("stripe-version") or self._answered_as

    def headers(self) -> dict[str, str]:
        """Pin the version: without it the account's default decides the shapes."""
        return {"Stripe-Version": VERSION}

    @property
    def is_test(self) -> bool:
        """Whether the key acts on a test account."""
        return self.credentials.get("STRIPE_KEY", "").split("_")[1:2] == ["test"]

    def allowance(self) -> tuple[int, float]:
        """Return the pace of a live or a test account."""
        return int(self.chosen["requests_per_second"] or (25 if self.is_test else self.rate[0])), 1.0

    def explain(self, reply: httpx.Response) -> str:
        """Return Stripe's message with its code and the field it speaks of."""
        error = _error(reply)
        return " · ".join(str(error[k]) for k in ("message", "code", "param") if error.get(k)) or reply.text[:200]

    def failure(self, reply: httpx.Response, otherwise: type[VendorError]) -> VendorError:
        """Tell an answer that is only repeated from one given now."""
        repeated = reply.status_code >= 500 and reply.headers.get("idempotent-replayed") == "true"
        if repeated or _error(reply).get("type") == "idempotency_error":
            return Spent(self.name, f"{reply.status_code} {self.explain(reply)}", reply.status_code)
        return super().failure(reply, otherwise)

    def hopeless(self, reply: httpx.Response) -> bool:
        """Believe Stripe when it says that a retry will not help."""
        return reply.headers.get("stripe-should-retry") == "false"

    def check(self) -> Connected:
        """Return the account, trying each list so that a missing right is named."""
        rights: dict[str, bool] = {}
        for kind in (*KINDS, "events", "tax_rates"):
            try:
                self.get(f"/v1/{kind}", limit=1)
                rights[f"read {kind}"] = True
            except MissingRight:
                rights[f"read {kind}"] = False
        try:
            account = self.get("/v1/account")
        except Refused:  # a restricted key need not see the account: its currency comes from the settings then
            account = {}
        said = (account.get("settings") or {}).get("dashboard") or {}
        other = f"answers as version {self._answered_as}, which this connector does not know: it was made for {VERSION}"
        return Connected(
            account=str(account.get("id", "")),
            is_test=self.is_test,
            currency=(account.get("default_currency") or "").upper() or None,
            time_zone=said.get("timezone"),
            rights=tuple(name for name, given in rights.items() if given),
            missing=tuple(name for name, given in rights.items() if not given),
            note=other if self._answered_as != VERSION else "",
            company=said.get("display_name") or (account.get("business_profile") or {}).get("name") or "",
        )

    def unwritable(self) -> tuple[str, ...]:
        """Return what the key may not write, by the names of Stripe's permissions."""
        asked = {"customers": "cus_none", "invoices": "in_none", "tax_rates": "txr_none"}
        return tuple(
            f"write {kind}" for kind, id in asked.items() if self.refuses_write("POST", f"/v1/{kind}/{id}", data={})
        )

    def extras(self) -> tuple[Extra, ...]:
        """Return the account's report types, and the latest of its own queries where it has Sigma.

        Source: docs.stripe.com "Run a report from the Reports v1 API" and "Sigma: the Scheduled Query object", read
        2026-11-21: a key needs the right to report types; without Sigma its list is refused.
        """
        return (
            self._extra("reports", "/v1/reporting/report_types", "name"),
            self._extra("sigma", "/v1/sigma/scheduled_query_runs", "title"),
        )

    def _extra(self, name: str, path: str, called: str) -> Extra:
        try:
            found = self.get(path)["data"]
        except Unauthorised:
            raise
        except Refused as error:
            return Extra(name, False, str(error))
        return Extra(name, True, items=tuple(dict.fromkeys(str(item.get(called) or item["id"]) for item in found)))

    # Fetching

    def can_modify(self, since: dt.datetime) -> bool:
        """Return whether the events since then are still kept."""
        return since > self.now() - EVENTS_KEPT

    def streams(self, since: dt.datetime | None) -> list[Iterable[tuple[str, Item]]]:
        """Return everything, or what events say changed since then; deleted objects come as such, to be removed."""
        if since is not None and self.can_modify(since):
            return [self._modified(since)]
        oldest = self._oldest_event()
        news = _news(self._events(oldest, [t for t in EVENT_TYPES if t.startswith("invoice.")]))
        self._read_tax_rates()
        prices = self._prices()
        return [
            self._all("customers"),
            (("tax_rates", rate) for rate in self._tax_rates.values()),
            (("products", p | {"_": {"price": _price_of(p, prices)}}) for _, p in self._all("products")),
            self._invoices(self._all("invoices"), news, oldest),
            self._all("credit_notes"),
            self._all("quotes"),
            self._all("refunds"),
            self._money(),
        ]

    def fetch_one(self, kind: str, key: str) -> Iterator[tuple[str, Item]]:
        """Yield one object again; a deleted one as such."""
        if kind in KINDS:
            self._read_tax_rates()
            yield from self._enriched(kind, [self._again(kind, key)], [], {})

    def _oldest_event(self) -> int:
        return int((self.now() - EVENTS_KEPT).timestamp())

    def _again(self, kind: str, key: str) -> Item:
        try:
            return self._one(kind, key)
        except Refused as error:
            if error.status != 404:
                raise
            return {"id": key, "deleted": True}

    def _money(self) -> Iterator[tuple[str, Item]]:
        """Yield payouts, then charges that say which payout carried them."""
        carried: dict[str, str] = {}
        for kind, payout in self._all("payouts"):
            carried.update(dict.fromkeys(self._carried(payout), str(payout["id"])))
            yield kind, payout
        for kind, charge in self._all("charges"):
            yield kind, charge | {"_": {"payout": carried.get(charge["id"])}}

    def _carried(self, payout: Item) -> list[str]:
        """Return ids of the charges in a payout; one made by hand does not tell."""
        if not payout.get("automatic"):
            return []
        return [t["source"] for t in self._list("balance_transactions", payout=payout["id"]) if t.get("source")]

    def _payout_of(self, charge: Item) -> str | None:
        """Return the payout that carried a charge, looked for among those made after it, the first first."""
        balance = charge.get("balance_transaction") or {}
        if not balance:
            return None
        until = balance["available_on"] + PAYOUT_DELAY
        after = self._list("payouts", **{"created[gte]": charge["created"], "created[lte]": until})
        for payout in sorted(after, key=lambda p: p["created"]):
            if charge["id"] in self._carried(payout):
                return str(payout["id"])
        return None

    def _modified(self, since: dt.datetime) -> Iterator[tuple[str, Item]]:
        start = int(since.timestamp())
        events = list(self._events(start, EVENT_TYPES))
        changed, gone = _changed(events)
        for kind in DATED:  # what is new is certain even where an event is late
            changed[kind] |= dict.fromkeys(item["id"] for item in self._list(kind, **{"created[gte]": start}))
        carried: dict[str, str] = {}
        for payout in changed["payouts"]:
            carried |= dict.fromkeys(self._carried(self._one("payouts", payout)), payout)
        changed["charges"] |= dict.fromkeys(i for i in carried if i.startswith(CHARGE_IDS))
        self._read_tax_rates()
        yield from (("tax_rates", rate) for rate in self._tax_rates.values())  # few, and no event tells of them
        yield from ((kind, {"id": key, "deleted": True}) for kind, key in gone)
        for kind, keys in changed.items():
            items = (self._again(kind, key) for key in keys if (kind, key) not in gone)
            yield from self._enriched(kind, items, events, carried)

    def _enriched(
        self, kind: str, items: Iterable[Item], events: list[Item], carried: Mapping[str, str]
    ) -> Iterator[tuple[str, Item]]:
        if kind == "invoices":
            held = list(items)
            oldest = self._oldest_event()
            untold = [_issued(i) for i in held if not i.get("deleted") and _needs_events(i, oldest)]
            sent = self._events(min(untold), ["invoice.sent"]) if untold else iter(())
            yield from self._invoices([(kind, i) for i in held], _news([*sent, *events]), oldest)
            return
        for item in items:
            if kind == "products" and not item.get("deleted"):
                item["_"] = {"price": _price_of(item, self._prices(item["id"]))}
            if kind == "charges" and not item.get("deleted"):
                item["_"] = {"payout": carried.get(item["id"]) or self._payout_of(item)}
            yield kind, item

    def _invoices(
        self, items: Iterable[tuple[str, Item]], news: Mapping[str, Item], oldest: int
    ) -> Iterator[tuple[str, Item]]:
        """Yield invoices with all their lines and payments, and what their mapping needs."""
        for kind, item in items:
            if not item.get("deleted"):
                self._whole(item.get("lines"))
                self._whole(item.get("payments"))
                used = {_rate_id(t) for line in item["lines"]["data"] for t in line.get("taxes") or []}
                rates = {i: self._tax_rates[i]["percentage"] for i in used if i in self._tax_rates}
                item["_"] = {"tax_rates": rates, "told_since": oldest} | news.get(item["id"], {})
            yield kind, item

    def _one(self, kind: str, key: str) -> Item:
        item = self.get(f"/v1/{kind}/{key}", **form({"expand": EXPANDED.get(kind, ())}))
        return self._filled(item)

    def _all(self, kind: str) -> Iterator[tuple[str, Item]]:
        expand = [f"data.{name}" for name in EXPANDED.get(kind, ())]
        for item in self._list(kind, **form({"expand": expand})):
            yield kind, self._filled(item)

    def _filled(self, item: Item) -> Item:
        for name in ("lines", "line_items", "tax_ids"):
            if item.get("object") != "invoice":
                self._whole(item.get(name))
        return item

    def _whole(self, part: Item | None) -> None:
        """Complete a list inside an item: it comes with its first 10 entries."""
        if not part or not part.get("has_more"):
            return
        path, _, query = part["url"].partition("?")
        extra = dict(p.split("=", 1) for p in query.split("&") if "=" in p)
        last = part["data"][-1]["id"]
        for page in self.pages(path, {"limit": PAGE, "starting_after": last} | extra, _after):
            part["data"] += page["data"]
        part["has_more"] = False

    def _list(self, kind: str, **params: Any) -> Iterator[Item]:
        for page in self.pages(f"/v1/{kind}", {"limit": PAGE} | params, _after):
            yield from page["data"]

    def _events(self, start: int, types: list[str]) -> Iterator[Item]:
        rest = iter(types)
        while chunk := list(islice(rest, 20)):  # Stripe takes 20 types at a time
            yield from self._list("events", **{"created[gte]": start}, **form({"types": chunk}))

    def _prices(self, product: str | None = None) -> dict[str, list[Item]]:
        """Return the prices of each product, those paid once last: products themselves have none."""
        found: dict[str, list[Item]] = {}
        for price in self._list("prices", active="true", product=product):
            held = found.setdefault(price["product"], [])
            held.insert(len(held) if price.get("type", "one_time") == "one_time" else 0, price)
        return found

    def _read_tax_rates(self) -> None:
        self._tax_rates = {rate["id"]: rate for rate in self._list("tax_rates")}

    # Mapping

    def rows(self, kind: str, item: Item) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the rows of one object; a deleted one means none."""
        mapper = self._mappers.get(kind)
        return iter(() if mapper is None or item.get("deleted") else mapper(item))

    def _screen(self, item: Item, path: str) -> str:
        return f"https://dashboard.stripe.com/{'' if item.get('livemode') else 'test/'}{path}/{item['id']}"

    def _customer(self, item: Item) -> Rows:
        address, meta = item.get("address") or {}, item.get("metadata") or {}
        number, country = _tax_id((item.get("tax_ids") or {}).get("data"), address.get("country"))
        row = {
            "id": item["id"],
            "name": item.get("name") or item.get("email"),
            "kind": "company" if item.get("business_name") else "person" if item.get("individual_name") else None,
            "legal_name": item.get("business_name"),
            "tax_id": number,
            "tax_id_country": country,
            "email": item.get("email"),
            "phone": item.get("phone"),
            "street": ", ".join(filter(None, (address.get("line1"), address.get("line2")))),
            "city": address.get("city"),
            "region": address.get("state"),
            "postcode": address.get("postal_code"),
            "country": address.get("country"),
            "language": next(iter(item.get("preferred_locales") or ()), "")[:2],
            "payment_terms_days": meta.get("payment_terms_days"),
            "other_id": meta.get(self.chosen["customer_metadata_key"]),
            "url": self._screen(item, "customers"),
            "created_at": item.get("created"),
        }
        return [("customers", row)]

    def _product(self, item: Item) -> Rows:
        price = (item.get("_") or {}).get("price") or {}
        currency, amount = price.get("currency"), price.get("unit_amount_decimal") or price.get("unit_amount")
        row = {
            "id": item["id"],
            "sku": (item.get("metadata") or {}).get("sku"),
            "name": item["name"],
            "unit_price": major(amount, currency),
            "currency": currency and currency.upper(),
            "is_active": item.get("active"),
            "created_at": item.get("created"),
            "updated_at": item.get("updated"),
        }
        return [("products", row)]

    def _tax_code(self, item: Item) -> Rows:
        if item.get("inclusive") or item.get("rate_type") == "flat_amount":
            return []  # our prices are net, in percent: such a rate cannot be put on our lines
        row = {"id": item["id"], "name": item.get("display_name"), "rate": item.get("percentage"),
               "country": item.get("country"), "description": item.get("description") or item.get("jurisdiction"),
               "is_active": item.get("active")}  # fmt: skip
        return [("tax_codes", row)]

    def _invoice(self, item: Item) -> Rows:
        currency, meta, extra = item["currency"], item.get("metadata") or {}, item.get("_") or {}
        moved = item.get("status_transitions") or {}
        number, _ = _tax_id(item.get("customer_tax_ids"), (item.get("customer_address") or {}).get("country"))
        gross, net = item["total"], _net(item)
        sent_at = _sent_at(item, extra, meta, moved)
        issued = item.get("effective_at") or moved.get("finalized_at")
        row = {
            "id": item["id"],
            "number": item.get("number"),
            "kind": self._kind(item, meta),
            "customer_id": _id(item.get("customer")),
            "customer_name": item.get("customer_name"),
            "customer_tax_id": number,
            "customer_email": item.get("customer_email"),
            "deal_id": meta.get(self.chosen["deal_metadata_key"]),
            "deal_reference": self._reference(item),
            "status": _status(item, sent_at, extra),
            "issued_on": self.day(issued or (item["created"] if item["status"] != "draft" else None)),
            "due_on": self.day(item.get("due_date")),
            "sent_at": sent_at,
            "currency": currency.upper(),
            "fx_rate": meta.get("cuadra_fx_rate"),
            "net": major(net, currency),
            "tax": major(gross - net, currency),
            "gross": major(gross, currency),
            "paid": major(item.get("amount_paid"), currency),
            "paid_on": self.day(moved.get("paid_at")) if item["status"] == "paid" else None,
            "series": meta.get("cuadra_series"),
            "description": item.get("description"),
            "url": self._screen(item, "invoices"),
            "pdf_url": item.get("invoice_pdf"),
            "created_at": item["created"],
            "updated_at": max(filter(None, (item["created"], sent_at, extra.get("changed_at"), *moved.values()))),
        }
        rates = extra.get("tax_rates") or {}
        rows: Rows = [("invoices", row)]
        for at, line in enumerate(item["lines"]["data"], 1):
            rows.append(("lines", _line(line, at, item["id"], currency, rates)))
        return rows + self._settlements(item)

    def _settlements(self, item: Item) -> Rows:
        """Return what was applied to an invoice, and the payments that Stripe was only told of."""
        rows: Rows = []
        currency, told = item["currency"], 0
        paid_at = (item.get("status_transitions") or {}).get("paid_at")
        for part in (item.get("payments") or {}).get("data") or []:
            if part["status"] != "paid":
                continue
            payment, on = (
                part["payment"],
                self.day((part.get("status_transitions") or {}).get("paid_at") or part["created"]),
            )
            money = major(part.get("amount_paid") or 0, part["currency"])
            source = _id(payment.get("payment_intent")) or _id(payment.get("charge"))
            if source is None:  # a payment record may serve several invoices: each part is a payment of its own
                source, told = part["id"], told + (part.get("amount_paid") or 0)
                rows.append(("payments", self._recorded(item, source, money, on)))
            rows.append(("allocations", _allocation(part["id"], source, item["id"], money, currency, on)))
        rest = (item.get("amount_paid_off_stripe") or 0) - told
        if rest > 0:
            id, money, on = f"{item['id']}:recorded", major(rest, currency), self.day(paid_at)
            rows.append(("payments", self._recorded(item, id, money, on)))
            rows.append(("allocations", _allocation(id, id, item["id"], money, currency, on)))
        return rows

    def _recorded(self, item: Item, id: str, money: Decimal | None, on: dt.date | None) -> Item:
        return {
            "id": id, "paid_on": on, "amount": money, "currency": item["currency"].upper(), "method": "recorded",
            "payer_name": item.get("customer_name"), "invoice_reference": item.get("number"),
            "customer_id": _id(item.get("customer")), "invoice_id": item["id"], "status": "booked",
        }  # fmt: skip

    def _kind(self, item: Item, meta: Item) -> InvoiceKind:
        said = meta.get("cuadra_kind") or meta.get(self.chosen["kind_metadata_key"]) or ""
        if (item.get("parent") or {}).get("type") == "subscription_details":
            return "recurring"
        kind = INVOICE_KINDS.get(said, "invoice")
        return "invoice" if kind == "proforma" and item["status"] != "draft" else kind  # somebody issued it: it counts

    def _reference(self, item: Item) -> str | None:
        """Return the order number printed on an invoice: in a field of such a name, else said in its description."""
        for field in item.get("custom_fields") or []:
            if field["name"].strip().casefold() in self._reference_names:
                return str(field["value"])
        found = REFERENCE.search(item.get("description") or "")
        return found and (found[1] or found[2])

    def _charge(self, item: Item) -> Rows:
        currency, balance = item["currency"], item.get("balance_transaction") or {}
        status = CHARGE_STATUS.get(item["status"])
        if status is None:
            return []
        details = item.get("payment_method_details") or {}
        billing = item.get("billing_details") or {}
        row = {
            "id": _id(item.get("payment_intent")) or item["id"],
            "paid_on": self.day(item["created"]),
            "amount": major(item.get("amount_captured") or item["amount"], currency),
            "currency": currency.upper(),
            "fee": _fee(balance, currency) if isinstance(balance, dict) else None,
            "method": METHODS.get(details.get("type", ""), "gateway"),
            "payer_name": billing.get("name"),
            "reference": item.get("description"),
            "customer_id": _id(item.get("customer")),
            "payout_id": (item.get("_") or {}).get("payout"),
            "status": status,
            "updated_at": item["created"],
        }
        return [("payments", row)]

    def _refund(self, item: Item) -> Rows:
        status = CHARGE_STATUS.get(item.get("status") or "")
        if status is None:
            return []
        charge = item["charge"] if isinstance(item.get("charge"), dict) else {}
        paid = _id(item.get("payment_intent")) or _id(item.get("charge"))
        row = {
            "id": item["id"],
            "paid_on": self.day(item["created"]),
            "amount": major(-item["amount"], item["currency"]),
            "currency": item["currency"].upper(),
            "method": "refund",
            "reference": f"refund of {paid}",
            "customer_id": _id(charge.get("customer")),
            "status": status,
            "updated_at": item["created"],
        }
        return [("payments", row)]

    def _credit_note(self, item: Item) -> Rows:
        currency, net = item["currency"], _net(item)
        on = self.day(item.get("effective_at") or item["created"])
        row = {
            "id": item["id"],
            "number": item.get("number"),
            "kind": "credit_note",
            "customer_id": _id(item.get("customer")),
            "corrects_id": _id(item["invoice"]),
            "status": "void" if item["status"] == "void" else "issued",
            "issued_on": on,
            "currency": currency.upper(),
            "net": major(-net, currency),
            "tax": major(net - item["total"], currency),
            "gross": major(-item["total"], currency),
            "description": item.get("memo"),
            "pdf_url": item.get("pdf"),
            "created_at": item["created"],
            "updated_at": item.get("voided_at") or item["created"],
        }
        rows: Rows = [("invoices", row)]
        for at, line in enumerate((item.get("lines") or {}).get("data") or [], 1):
            rows.append(("lines", _credited(line, at, item["id"], currency)))
        applied = item.get("pre_payment_amount") or 0  # what was paid already is given back instead: see refunds
        if applied and item["status"] != "void":
            money = major(applied, currency)
            rows.append(("allocations", _allocation(item["id"], item["id"], _id(item["invoice"]), money, currency, on)))
        return rows

    def _payout(self, item: Item) -> Rows:
        row = {
            "id": item["id"],
            "amount": major(item["amount"], item["currency"]),
            "currency": item["currency"].upper(),
            "arrives_on": self.day(item.get("arrival_date")),
            "status": item.get("status"),
            "reference": item.get("statement_descriptor"),
        }
        return [("payouts", row)]

    def _quote(self, item: Item) -> Rows:
        currency, meta = item.get("currency") or "", item.get("metadata") or {}
        tax = (item.get("total_details") or {}).get("amount_tax") or 0
        row = {
            "id": item["id"],
            "number": item.get("number"),
            "title": item.get("header") or item.get("description"),
            "deal_id": meta.get(self.chosen["deal_metadata_key"]),
            "customer_id": _id(item.get("customer")),
            "status": QUOTE_STATUS[item["status"]],
            "valid_until_on": self.day(item.get("expires_at")),
            "accepted_on": self.day((item.get("status_transitions") or {}).get("accepted_at")),
            "net": major(item["amount_total"] - tax, currency),
            "tax": major(tax, currency),
            "gross": major(item["amount_total"], currency),
            "currency": currency.upper(),
            "url": self._screen(item, "quotes"),
            "updated_at": item["created"],
        }
        lines = (item.get("line_items") or {}).get("data") or []
        return [("quotes", row), *(("lines", _quoted(line, at, item["id"])) for at, line in enumerate(lines, 1))]

    # Writing: every request carries a key made of the draft's, so that the same wish is done once

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
            number = _tax_id((item.get("tax_ids") or {}).get("data"), (item.get("address") or {}).get("country"))
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
        if wanted := _tax_id_data(draft.tax_id, draft.tax_id_country or draft.country):
            values["tax_id_data"] = [wanted]
        return self._written_customer(self._post("/v1/customers", values, f"{draft.key}:customer"))

    def update_customer(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change canonical fields of a customer; None clears. A tax id is replaced: Stripe cannot change one."""
        now = self._one("customers", id)
        if "tax_id" in changes:
            country = (
                changes.get("tax_id_country") or changes.get("country") or (now.get("address") or {}).get("country")
            )
            self._replace_tax_id(now, _tax_id_data(changes["tax_id"], country))
        values = self._customer_form(changes, now.get("address") or {})
        if not values:
            return self._written_customer(self._one("customers", id))
        return self._written_customer(self.write("POST", f"/v1/customers/{id}", data=form(values)))

    def customer(self, id: str) -> dict[str, Any]:
        """Return one customer as it is there now, as a typed row."""
        return self.mapped("customers", "customers", self._one("customers", id))

    def places(self, table: str) -> dict[str, str]:
        """Return the field of Stripe's object that holds each canonical field of a table."""
        noted = {"customers": {"other_id": f"metadata.{self.chosen['customer_metadata_key']}"},
                 "invoices": {"deal_id": f"metadata.{self.chosen['deal_metadata_key']}"}}  # fmt: skip
        return PLACES.get(table, {}) | noted.get(table, {})

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

    def product(self, id: str) -> dict[str, Any]:
        """Return one product as it is there now, with the price it is sold at, as a typed row."""
        item = self._one("products", id)
        return self.mapped("products", "products", item | {"_": {"price": _price_of(item, self._prices(id))}})

    def update_product(self, id: str, changes: Mapping[str, Any]) -> Written:
        """Change canonical fields of a product. A price cannot be changed: a new one replaces it, the old is archived.

        Called again after a failure it completes what was begun. Invoices that are issued keep their price.
        """
        item = self._one("products", id)
        values: dict[str, Any] = {"name": changes["name"]} if "name" in changes else {}
        if "sku" in changes:
            values["metadata"] = {"sku": changes["sku"] or ""}
        old = new = None
        if changes.get("unit_price") is not None:
            held = self._prices(id)
            old = _price_of(item, held)
            new = self._price(id, Decimal(changes["unit_price"]), changes["currency"], held.get(id, []), old)
            values["default_price"] = new["id"]
        reply = self.write("POST", f"/v1/products/{id}", data=form(values))
        if old and new and old["id"] != new["id"] and old["currency"] == new["currency"]:
            self.write("POST", f"/v1/prices/{old['id']}", data=form({"active": False}))
        return Written(id=id, url=self._screen(reply, "products"))

    def _price(self, product: str, amount: Decimal, currency: str, held: list[Item], old: Item | None) -> Item:
        """Return a price of this amount: the one that is there, else a new one like the old."""
        wanted = {"currency": currency.lower(), "unit_amount_decimal": plain(minor(amount, currency))}
        for price in held:
            once = price.get("type", "one_time") == "one_time" and price["currency"] == wanted["currency"]
            if once and major(price.get("unit_amount_decimal") or price.get("unit_amount"), currency) == amount:
                return price
        behaves = (old or {}).get("tax_behavior")
        values = wanted | {"product": product, "tax_behavior": behaves if behaves != "unspecified" else None}
        mark = f"{product}:price:{(old or {}).get('id', '')}:{wanted['unit_amount_decimal']}{wanted['currency']}"
        made: Item = self._post("/v1/prices", values, mark)
        return made

    def find_product(self, draft: ProductDraft) -> Written | None:
        """Return the product of our key, else of the same SKU."""
        same = None
        for _, item in self._all("products"):
            meta = item.get("metadata") or {}
            if meta.get("cuadra_key") == draft.key:
                return Written(id=item["id"], url=self._screen(item, "products"))
            if (meta.get("sku") or "").strip().upper() == draft.sku.strip().upper():
                same = same or Written(id=item["id"], url=self._screen(item, "products"))
        return same

    def create_product(self, draft: ProductDraft) -> Written:
        """Make a product with its price."""
        price = {"currency": draft.currency.lower(), "tax_behavior": "exclusive",
                 "unit_amount_decimal": plain(minor(draft.unit_price, draft.currency))}  # fmt: skip
        values = {"name": draft.name, "metadata": {"sku": draft.sku, "cuadra_key": draft.key},
                  "default_price_data": price}  # fmt: skip
        item = self._post("/v1/products", values, f"{draft.key}:product")
        return Written(id=item["id"], url=self._screen(item, "products"))

    def retire_product(self, id: str, how: str) -> None:
        """Archive a product: it is sold no more. Stripe deletes none that has prices."""
        if how == "delete":
            raise Refused(self.name, "products that have prices are not deleted; choose “mark inactive”.", 400)
        self.write("POST", f"/v1/products/{id}", data=form({"active": False}))

    def is_retired_product(self, id: str, how: str) -> bool:
        """Return whether that was done."""
        item = self._again("products", id)
        return bool(item.get("deleted")) or (how != "delete" and not item.get("active"))

    def find_invoice(self, draft: InvoiceDraft) -> Written | None:
        """Return the invoice of our key, if it has all its lines, else one of the deal with the same net amount."""
        item, _ = self._invoice_of(draft)
        if item is not None and (item["status"] != "draft" or len(self._lines_made(item)) >= len(draft.lines)):
            return self._written_invoice(item)
        return None

    def create_invoice(self, draft: InvoiceDraft) -> Written:
        """Make a draft invoice with its lines. Called again after a failure, it completes what was begun."""
        item, voided = self._invoice_of(draft)
        key = f"{draft.key}:{voided}" if voided else draft.key  # one made in place of a void one is another wish
        if item is None:
            item, key = self._begun(draft, key)
        if item["status"] == "draft":
            made = self._lines_made(item)
            for at, line in enumerate(draft.lines, 1):
                if str(at) not in made:
                    self._post("/v1/invoiceitems", self._line_form(draft, line, item["id"], at), f"{key}:line:{at}")
        return self._written_invoice(self._one("invoices", item["id"]))

    def _begun(self, draft: InvoiceDraft, key: str) -> tuple[Item, str]:
        """Return a new draft without lines, and the key it was made under."""
        values = self._invoice_form(draft)
        item = self._post("/v1/invoices", values, f"{key}:invoice")
        if self._again("invoices", item["id"]).get("deleted"):  # the key's answer outlives a draft that was deleted
            key = f"{key}:{self.now():%Y%m%dT%H%M%S}"
            item = self._post("/v1/invoices", values, f"{key}:invoice")
        return item, key

    def invoice(self, id: str) -> dict[str, Any]:
        """Return one invoice as it is there now, as a typed row. Refused (404) where it does not exist."""
        _, item = next(self._enriched("invoices", [self._one("invoices", id)], [], {}))
        return self.mapped("invoices", "invoices", item)

    def issue_invoice(self, id: str, number: str | None = None) -> Written:
        """Give a draft its number, ours or Stripe's. Nothing takes that back: it can be voided or credited."""
        if number:
            self._post(f"/v1/invoices/{id}", {"number": number}, f"{id}:number:{number}")
        return self._written_invoice(self._post(f"/v1/invoices/{id}/finalize", {"auto_advance": False}, f"{id}:issue"))

    def send_invoice(self, id: str, key: str) -> Written:
        """E-mail an invoice to its customer, and note on it that we did. Again with another key: a reminder."""
        self._post(f"/v1/invoices/{id}/send", {}, f"{key}:send")
        return self.note_sent(id, key)

    def note_sent(self, id: str, key: str) -> Written:
        """Note on an invoice that we sent it: its events tell so for 30 days only."""
        noted = {"metadata": {"cuadra_sent_at": int(self.now().timestamp()), "cuadra_sent_key": key}}
        return self._written_invoice(self.write("POST", f"/v1/invoices/{id}", data=form(noted)))

    def void_invoice(self, id: str) -> Written:
        """Cancel an issued invoice; it stays, worth nothing."""
        return self._written_invoice(self._post(f"/v1/invoices/{id}/void", {}, f"{id}:void"))

    def delete_draft(self, id: str) -> None:
        """Delete an invoice that was never issued."""
        self.write("DELETE", f"/v1/invoices/{id}")

    def record_payment(self, id: str) -> Written:
        """Tell Stripe that what remains of an invoice was paid elsewhere; it takes no date."""
        return self._written_invoice(
            self._post(f"/v1/invoices/{id}/pay", {"paid_out_of_band": True}, f"{id}:paid_elsewhere")
        )

    def invoice_pdf(self, id: str) -> bytes:
        """Return the PDF of an issued invoice or credit note; its address expires, so that is read first."""
        if id.startswith("cn_"):
            return self.download(self.get(f"/v1/credit_notes/{id}")["pdf"])
        address = self.get(f"/v1/invoices/{id}").get("invoice_pdf")
        if not address:
            raise Refused(self.name, f"invoice {id} is a draft: it has no PDF yet. Issue it first.")
        return self.download(address)

    def find_credit_note(self, draft: InvoiceDraft) -> Written | None:
        """Return the credit note of our key among those of the invoice `corrects_id`."""
        for item in self._list("credit_notes", invoice=draft.corrects_id):
            if (item.get("metadata") or {}).get("cuadra_key") == draft.key and item["status"] != "void":
                return self._written_credit_note(item)
        return None

    def contents(self, id: str) -> list[str]:
        """Return what the lines of an invoice say now, with amounts and taxes, to tell whether any was changed."""
        item = self._one("invoices", id)
        self._whole(item.get("lines"))
        said = ("description", "quantity_decimal", "amount", "discount_amounts")
        return [
            " ".join([*(str(line.get(name)) for name in said), *(str(_rate_id(t)) for t in line.get("taxes") or [])])
            for line in item["lines"]["data"]
        ]

    def online_invoice(self, id: str) -> str:
        """Return the address where a customer sees and pays an issued invoice; Stripe lets it expire after a while."""
        address = self.get(f"/v1/invoices/{id}").get("hosted_invoice_url")
        if not address:
            raise Refused(self.name, f"invoice {id} is a draft: it has no page yet. Issue it first.")
        return str(address)

    def create_credit_note(self, draft: InvoiceDraft) -> Written:
        """Credit lines of the invoice `corrects_id`; what was paid on it already goes to the customer's balance."""
        if found := self.find_credit_note(draft):
            return found
        invoice = self._one("invoices", str(draft.corrects_id))
        total = sum(_gross(line, draft.currency) for line in draft.lines)
        over = max(0, total - invoice["amount_remaining"])
        values = {
            "invoice": draft.corrects_id,
            "lines": [self._credit_line(line, draft.currency) for line in draft.lines],
            "credit_amount": over or None,
            "memo": draft.message,
            "metadata": {"cuadra_key": draft.key, self.chosen["deal_metadata_key"]: draft.deal_id},
        }
        return self._written_credit_note(self._post("/v1/credit_notes", values, f"{draft.key}:credit_note"))

    def _post(self, path: str, values: Mapping[str, Any], key: str) -> Any:
        """Write once under an idempotency key; where that is spent, nothing was done: ask anew under another."""
        key = quote(key, safe=":/()+,;=@ ")  # an id from a file may hold any letter, a header may not
        try:
            return self.write("POST", path, data=form(values), headers={"Idempotency-Key": key[-MAX_KEY:]})
        except Spent:
            again = {"Idempotency-Key": f"{key}:{self.now():%Y%m%dT%H%M%S}"[-MAX_KEY:]}
            return self.write("POST", path, data=form(values), headers=again)

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

    def _invoice_of(self, draft: InvoiceDraft) -> tuple[Item | None, int]:
        """Return the customer's invoice of our key, else one of the deal with the same net; and how many are void."""
        net = sum(_net_of(line, draft.currency) for line in draft.lines)
        same, voided = None, 0
        for item in self._list("invoices", customer=draft.customer_id):
            meta = item.get("metadata") or {}
            ours, is_void = meta.get("cuadra_key"), item["status"] == "void"
            if ours == draft.key and not is_void:
                return item, voided
            voided += ours == draft.key
            of_deal = (
                draft.kind == "invoice"
                and not draft.part  # of equal parts, what was made by hand would be each of them
                and draft.deal_id
                and meta.get(self.chosen["deal_metadata_key"]) == draft.deal_id
            )
            if of_deal and not ours and not is_void and _net(item) == net:
                same = same or item
        return same, voided

    def _lines_made(self, invoice: Item) -> set[str]:
        """Return which of our lines an invoice has; all, where it is not ours to complete."""
        if "cuadra_key" not in (invoice.get("metadata") or {}):
            return {str(at) for at in range(1, 1000)}
        items = self._list("invoiceitems", invoice=invoice["id"])
        return {line for i in items if (line := (i.get("metadata") or {}).get("cuadra_line"))}

    def _invoice_form(self, draft: InvoiceDraft) -> dict[str, Any]:
        today = self.now().astimezone(self.zone).date()
        return {
            "customer": draft.customer_id,
            "collection_method": "send_invoice",
            "currency": draft.currency.lower(),
            "due_date": self._at(draft.due_on, dt.time(23, 59, 59)),
            "effective_at": None if draft.issued_on == today else self._at(draft.issued_on, dt.time(12)),
            "auto_advance": False,
            "pending_invoice_items_behavior": "exclude",
            "description": draft.message,
            "custom_fields": self._printed(draft) or None,
            "metadata": {
                self.chosen["deal_metadata_key"]: draft.deal_id,
                "cuadra_key": draft.key,
                "cuadra_kind": draft.kind,
                "cuadra_lines": len(draft.lines),
                "cuadra_series": draft.series,
                "cuadra_fx_rate": draft.fx_rate,
            },
        }

    def _printed(self, draft: InvoiceDraft) -> list[Item]:
        """Return the fields printed beside Stripe's own: the order's number, what the currency is worth."""
        found = {self.chosen["reference_label"]: draft.deal_reference or ""}
        if draft.fx_rate is not None:
            rate = f"1 {draft.currency} = {plain(draft.fx_rate)} {draft.fx_into}"
            found[self.chosen["fx_label"]] = f"{rate} ({draft.fx_source})" if draft.fx_source else rate
        return [{"name": name, "value": value[:140]} for name, value in found.items() if value]

    def _at(self, day: dt.date, time_of_day: dt.time) -> int:
        """Return Unix seconds of an hour in the company's zone: late for a due day, so that it is not over at noon."""
        return int(dt.datetime.combine(day, time_of_day, self.zone).timestamp())

    def _line_form(self, draft: InvoiceDraft, line: LineDraft, invoice: str, at: int) -> dict[str, Any]:
        whole = line.quantity == line.quantity.to_integral_value()
        return {
            "customer": draft.customer_id,
            "invoice": invoice,
            "description": line.description,
            "currency": draft.currency.lower(),
            ("quantity" if whole else "quantity_decimal"): line.quantity,
            "unit_amount_decimal": minor(line.unit_price, draft.currency),
            "tax_rates": self._tax_rate_of(line),
            "discounts": self._discount(line.discount_rate),
            "metadata": {"cuadra_line": at, "sku": line.sku},
        }

    def _credit_line(self, line: LineDraft, currency: str) -> dict[str, Any]:
        plain_line = line.quantity == line.quantity.to_integral_value() and not line.discount_rate
        unit = minor(line.unit_price if plain_line else line.net, currency)
        return {
            "type": "custom_line_item",
            "description": line.description,
            "quantity": line.quantity if plain_line else 1,
            ("unit_amount" if unit == unit.to_integral_value() else "unit_amount_decimal"): unit,
            "tax_rates": self._tax_rate_of(line),
        }

    def _tax_rate_of(self, line: LineDraft) -> list[str] | None:
        """Return the id of Stripe's tax rate for a line, made once where the account has none of that percentage."""
        if line.tax_code and line.tax_code.startswith("txr_"):
            return [line.tax_code]
        if line.tax_rate is None:
            return None
        name, percentage = self.chosen["tax_name"], plain(line.tax_rate)
        fits = [
            r
            for r in self._list("tax_rates", active="true", inclusive="false")
            if Decimal(r["percentage"]) == line.tax_rate
        ]
        if not fits:
            values = {"display_name": name, "percentage": percentage, "inclusive": False}
            fits = [self._post("/v1/tax_rates", values, f"cuadra:tax_rate:{name}:{percentage}")]
        fits.sort(key=lambda r: r["display_name"] != name)
        return [fits[0]["id"]]

    def _discount(self, rate: Decimal) -> list[Item] | None:
        """Return a discount in percent as Stripe takes it: by a coupon, made once for each percentage."""
        if not rate:
            return None
        coupon = f"cuadra-{plain(rate)}-percent"
        try:
            values = {"id": coupon, "percent_off": rate, "duration": "forever", "name": f"{plain(rate)} %"}
            self._post("/v1/coupons", values, f"cuadra:coupon:{plain(rate)}")
        except Refused as error:
            if "resource_already_exists" not in str(error):
                raise
        return [{"coupon": coupon}]

    def _written_customer(self, item: Item) -> Written:
        return Written(id=item["id"], url=self._screen(item, "customers"), recipient=item.get("email"))

    def _written_invoice(self, item: Item) -> Written:
        currency, meta = item["currency"], item.get("metadata") or {}
        sent_at = _sent_at(item, {}, meta, item.get("status_transitions") or {})
        return Written(
            id=item["id"],
            number=item.get("number"),
            status=_status(item, sent_at, {"told_since": self._oldest_event()}),
            url=self._screen(item, "invoices"),
            amount=major(item["total"], currency),
            currency=currency.upper(),
            due_on=self.day(item.get("due_date")),
            recipient=item.get("customer_email"),
        )

    def _written_credit_note(self, item: Item) -> Written:
        amount = major(-item["total"], item["currency"])
        return Written(id=item["id"], number=item.get("number"), status=item["status"], amount=amount,
                       currency=item["currency"].upper())  # fmt: skip


def _price_of(product: Item, prices: Mapping[str, list[Item]]) -> Item | None:
    """Return the price a product is sold at: its default one, else the oldest that is paid once."""
    held = prices.get(product["id"], [])
    return next((p for p in held if p["id"] == _id(product.get("default_price"))), held[-1] if held else None)


def _error(reply: httpx.Response) -> Item:
    try:
        return reply.json()["error"]
    except (ValueError, KeyError, TypeError):
        return {}


def _after(reply: Any, params: Params) -> Params | None:
    """Return where the next page starts: after the last object of this one."""
    return {"starting_after": reply["data"][-1]["id"]} if reply.get("has_more") and reply["data"] else None


def _id(value: Any) -> str | None:
    """Return the id of an object that may have come expanded."""
    return value["id"] if isinstance(value, dict) else value


def _changed(events: Iterable[Item]) -> tuple[dict[str, dict[str, None]], set[tuple[str, str]]]:
    """Return ids to read again by kind, in order, and (kind, id) of what was deleted."""
    changed: dict[str, dict[str, None]] = {kind: {} for kind in KINDS}
    gone = set()
    for event in events:
        item = event["data"]["object"]
        kind, where = CHANGED[item["object"]]
        if event["type"] in ("customer.deleted", "product.deleted", "invoice.deleted"):
            gone.add((kind, item["id"]))
        elif key := _id(item.get(where)):
            changed[kind][key] = None
    return changed, gone


def _news(events: Iterable[Item]) -> dict[str, Item]:
    """Return by invoice when it was first sent and when it last changed, as far as the events still tell."""
    found: dict[str, Item] = {}
    for event in events:
        item = event["data"]["object"]
        if (invoice := {"invoice": item["id"], "invoice_payment": item.get("invoice")}.get(item["object"])) is not None:
            news = found.setdefault(invoice, {})
            news["changed_at"] = max(event["created"], news.get("changed_at", 0))
            if event["type"] == "invoice.sent":
                news["sent_at"] = min(event["created"], news.get("sent_at", event["created"]))
    return found


def _net(item: Item) -> int:
    net = item.get("total_excluding_tax")
    return item["total"] - sum(t["amount"] for t in item.get("total_taxes") or []) if net is None else net


def _sent_at(item: Item, extra: Item, meta: Item, moved: Item) -> int | None:
    if item["status"] == "draft":
        return None
    if told := meta.get("cuadra_sent_at") or extra.get("sent_at"):
        return int(told)
    by_itself = item.get("auto_advance") or item.get("collection_method") == "charge_automatically"
    return moved.get("finalized_at") if by_itself else None


def _status(item: Item, sent_at: int | None, extra: Item) -> InvoiceStatus:
    """Return our word for an invoice's state. Whether it is late depends on the day: that is computed later."""
    if item["status"] != "open":
        return item["status"]
    if item.get("amount_paid"):
        return "partly_paid"
    return "sent" if sent_at or _issued(item) < extra.get("told_since", 0) else "issued"


def _issued(item: Item) -> int:
    return (item.get("status_transitions") or {}).get("finalized_at") or item["created"]


def _needs_events(item: Item, oldest: int) -> bool:
    """Return whether only the events can tell if an invoice was sent, and still can."""
    told = (item.get("metadata") or {}).get("cuadra_sent_at")
    return item["status"] != "draft" and not told and _issued(item) >= oldest


def _rate_id(tax: Item) -> str | None:
    return (tax.get("tax_rate_details") or {}).get("tax_rate")


def _line(line: Item, at: int, invoice: str, currency: str, rates: Mapping[str, Any]) -> Item:
    amount, quantity, taxes = line["amount"], line.get("quantity_decimal") or line.get("quantity"), line.get("taxes")
    off = sum(d["amount"] for d in line.get("discount_amounts") or [])
    inside = sum(t["amount"] for t in taxes or [] if t.get("tax_behavior") == "inclusive")
    pricing = line.get("pricing") or {}
    unit = pricing.get("unit_amount_decimal")
    if unit is None and quantity and Decimal(quantity):
        unit = Decimal(amount) / Decimal(quantity)
    known = [Decimal(rates[i]) for t in taxes or [] if (i := _rate_id(t) or "") in rates]
    return {
        "id": line["id"],
        "document": "invoice",
        "document_id": invoice,
        "position": at,
        "sku": (line.get("metadata") or {}).get("sku"),
        "product_id": _id((pricing.get("price_details") or {}).get("product")),
        "description": line.get("description"),
        "quantity": quantity,
        "unit_price": _rounded(major(unit, currency)),
        "discount_rate": _percent(off, amount) if off else None,
        "tax_rate": sum(known) if known else (Decimal(0) if taxes == [] else None),
        "net": major(amount - off - inside, currency),
        "currency": currency.upper(),
    }


def _credited(line: Item, at: int, note: str, currency: str) -> Item:
    inside = sum(t["amount"] for t in line.get("taxes") or [] if t.get("tax_behavior") == "inclusive")
    rates = [Decimal(r["percentage"]) for r in line.get("tax_rates") or []]
    unit = line.get("unit_amount_decimal") or line.get("unit_amount")
    return {
        "id": line["id"],
        "document": "invoice",
        "document_id": note,
        "position": at,
        "description": line.get("description"),
        "quantity": line.get("quantity"),
        "unit_price": _rounded(major(unit and -Decimal(unit), currency)),
        "tax_rate": sum(rates) if rates else None,
        "net": major(-(line["amount"] - (line.get("discount_amount") or 0) - inside), currency),
        "currency": currency.upper(),
    }


def _quoted(line: Item, at: int, quote: str) -> Item:
    price, currency = line.get("price") or {}, line["currency"]
    off = line.get("amount_discount") or 0
    unit = price.get("unit_amount_decimal") or price.get("unit_amount")
    return {
        "id": line["id"],
        "document": "quote",
        "document_id": quote,
        "position": at,
        "product_id": _id(price.get("product")),
        "description": line.get("description"),
        "quantity": line.get("quantity"),
        "unit_price": _rounded(major(unit, currency)),
        "discount_rate": _percent(off, line["amount_subtotal"]) if off else None,
        "net": major(line["amount_subtotal"] - off, currency),
        "currency": currency.upper(),
    }


def _percent(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / Decimal(whole) * 100).quantize(Decimal("0.0001")) if whole else None


def _rounded(amount: Decimal | None) -> Decimal | None:
    """Return a unit price with the four decimals that money has here; Stripe keeps up to twelve."""
    return amount if amount is None else amount.quantize(Decimal("0.0001"))


def _allocation(
    id: str, payment: str, invoice: str | None, amount: Decimal | None, currency: str, on: dt.date | None
) -> Item:
    return {"id": id, "payment_id": payment, "invoice_id": invoice, "amount": amount, "currency": currency.upper(),
            "allocated_on": on}  # fmt: skip


def _fee(balance: Item, currency: str) -> Decimal | None:
    """Return the fee in the charge's currency: Stripe states it in that of our balance."""
    fee = major(balance.get("fee"), balance.get("currency"))
    if fee is None or balance["currency"] == currency:
        return fee
    rate = balance.get("exchange_rate")
    return (fee / Decimal(rate)).quantize(Decimal("0.0001")) if rate else None


def _tax_id(held: list[Item] | None, country: str | None) -> tuple[str | None, str | None]:
    """Return the first tax id of a customer, compact, and its country."""
    if not held:
        return None, None
    prefix = held[0]["type"].partition("_")[0].upper()
    return tax_id(held[0]["value"], country if prefix in ("EU", "UNKNOWN") else prefix)


def _tax_id_data(text: str | None, country: str | None) -> Item | None:
    """Return a tax id as Stripe takes it; None where it has no type that we know to be right."""
    number, home = tax_id(text, country)
    if number is None or home is None:
        return None
    if home == "US":
        return {"type": "us_ein", "value": f"{number[:2]}-{number[2:]}"}
    if home in TAX_ID_TYPES:
        return {"type": TAX_ID_TYPES[home], "value": with_prefix(number, home) if home == "GB" else number}
    return {"type": "eu_vat", "value": with_prefix(number, home)} if home in EU else None


def _quoted_for_search(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _net_of(line: LineDraft, currency: str) -> int:
    return int(minor(line.net, currency).quantize(Decimal(1), "ROUND_HALF_UP"))


def _gross(line: LineDraft, currency: str) -> int:
    net = _net_of(line, currency)
    return net + int((Decimal(net) * (line.tax_rate or 0) / 100).quantize(Decimal(1), "ROUND_HALF_UP"))
