"""Stripe's reading calls: one object, lists with cursors and filters, search, expansion."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from extract.sandbox.stripe_errors import forbidden, invalid, missing, unknown
from extract.sandbox.stripe_shapes import ACCOUNT, listed
from extract.sandbox.stripe_store import StripeBooks
from extract.sandbox.wire import Call, Clock, Reply, Settings

# kind -> (word in messages, fields by which its list can be filtered)
LISTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "customers": ("customer", ("email",)), "products": ("product", ("active", "ids")), "prices": ("price", ("active",
        "currency", "product", "type")),
    "tax_rates": ("tax rate", ("active", "inclusive")), "quotes": ("quote", ("customer", "status")),
    "invoiceitems": ("invoiceitem", ("customer", "invoice", "pending")),
    "invoices": ("invoice", ("customer", "status", "collection_method", "subscription", "due_date")),
    "invoice_payments": ("invoice_payment", ("invoice", "status", "payment")), "payment_intents": ("payment_intent",
        ("customer",)),
    "charges": ("charge", ("customer", "payment_intent", "transfer_group")), "refunds": ("refund", ("charge",
        "payment_intent")),
    "balance_transactions": ("balance transaction", ("payout", "source", "type", "currency")),
    "payouts": ("payout", ("status", "arrival_date", "destination")), "credit_notes": ("credit note", ("customer",
        "invoice")),
    "events": ("event", ("type", "types", "delivery_success")),
}  # fmt: skip
SEARCHED = ("customers", "invoices", "charges", "payment_intents", "products", "prices")
EXPANDS = {  # field -> kind that its id names
    "customer": "customers", "charge": "charges", "latest_charge": "charges", "payment_intent": "payment_intents",
    "balance_transaction": "balance_transactions", "invoice": "invoices", "product": "products", "price": "prices",
    "payout": "payouts", "refund": "refunds", "default_price": "prices", "tax_rate": "tax_rates",
}  # fmt: skip
SOURCES = {"ch": "charges", "re": "refunds", "po": "payouts"}
EVENT_LIFE = 30 * 86_400
RANGE = re.compile(r"^(\w+)\[(gte?|lte?)\]$")
CLAUSE = re.compile(r"""^\s*(-?)([\w.]+)(?:\[["']([^"']+)["']\])?\s*(:|~|>=|<=|>|<)\s*(?:["']([^"']*)["']|(\S+))\s*$""")


class StripeReader:
    """Answers from `books`; `base` is where this server can be reached, for the links it gives."""

    def __init__(self, books: StripeBooks, clock: Clock, settings: Settings, base: str = "") -> None:
        self.books, self.clock, self.settings, self.base = books, clock, settings, base
        self._orders: dict[str, tuple[int, list[dict[str, Any]]]] = {}

    def found(self, kind: str, object_id: str, param: str = "id") -> dict[str, Any]:
        """Return an object. Raises `Refused` (404)."""
        row = self.books.objects[kind].get(object_id)
        if row is None:
            raise missing(LISTS[kind][0] if kind in LISTS else kind.rstrip("s").replace("_", " "), object_id, param)
        return row

    # -- shapes ------------------------------------------------------------------------------------------------

    def shown(self, kind: str, row: dict[str, Any], expand: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return an object as answered: first ten lines only, links to here, fields expanded as asked."""
        answer = {k: v for k, v in row.items() if not k.startswith("_")}
        if kind == "invoices":
            lines = row["lines"]["data"]
            answer["lines"] = listed(lines[:10], row["lines"]["url"], len(lines) > 10)
            for name in ("invoice_pdf", "hosted_invoice_url"):
                if row.get(name):
                    answer[name] = re.sub(r"^https://(pay|invoice)\.stripe\.com", self.base, row[name])
        if kind == "credit_notes":
            answer["pdf"] = row["pdf"].replace("https://pay.stripe.com", self.base, 1)
        for path in expand:
            self._expand(kind, answer, path.split("."))
        return answer

    def _expand(self, kind: str, answer: dict[str, Any], path: list[str]) -> None:
        name, rest = path[0], path[1:]
        if kind == "invoices" and name == "payments" and "payments" not in answer:
            rows = [self.shown("invoice_payments", p) for p in self.books.payments_of(answer["id"])]
            answer["payments"] = listed(rows, f"/v1/invoice_payments?invoice={answer['id']}")
        if kind == "customers" and name == "tax_ids":
            answer["tax_ids"] = listed(self.books.tax_ids_of(answer["id"]), f"/v1/customers/{answer['id']}/tax_ids")
        if kind == "charges" and name == "refunds":
            rows = [r for r in self.books.objects["refunds"].values() if r["charge"] == answer["id"]]
            answer["refunds"] = listed(rows, f"/v1/charges/{answer['id']}/refunds")
        if kind == "quotes" and name == "line_items":
            if name not in answer:
                answer[name] = self._page_of_items(answer["id"])
            if rest == ["data", "taxes"]:  # of a line they come only where they are asked for
                taxed = {line["id"]: line.get("taxes", []) for line in self.items_of_quote(answer["id"])}
                answer[name]["data"] = [line | {"taxes": taxed[line["id"]]} for line in answer[name]["data"]]
                return
        if name not in answer and name in EXPANDS and not kind:
            return  # one of several that this part of the object can hold
        if name not in answer:
            raise invalid("expand[0]", f"This property cannot be expanded ({name}).")
        value = answer[name]
        if isinstance(value, str):
            other = SOURCES.get(value.split("_")[0], "") if name == "source" else EXPANDS.get(name, "")
            if value not in self.books.objects.get(other, {}):
                return
            answer[name] = value = self.shown(other, self.books.objects[other][value])
            if rest:
                self._expand(other, value, rest)
        elif isinstance(value, dict) and rest:
            if rest[0] == "data" and value.get("object") == "list":
                inner = {"payments": "invoice_payments", "lines": "", "refunds": "refunds"}.get(name, "")
                value["data"] = [dict(item) for item in value["data"]]
                for item in value["data"] if rest[1:] else ():
                    self._expand(inner, item, rest[1:])
            else:
                answer[name] = dict(value)
                self._expand("", answer[name], rest)

    # -- calls -------------------------------------------------------------------------------------------------

    def get(self, kind: str, call: Call) -> Reply:
        """`GET /v1/{kind}/{id}`."""
        row = self.books.objects[kind].get(call.path["id"])
        if row is None and kind == "customers" and call.path["id"] in self.books.deleted:
            return Reply(200, {"id": call.path["id"], "object": "customer", "deleted": True})
        return Reply(200, self.shown(kind, row or self.found(kind, call.path["id"]), expansions(call)))

    def listing(self, kind: str, call: Call, rows: list[dict[str, Any]] | None = None, url: str = "") -> Reply:
        """`GET /v1/{kind}`: newest first, by cursor."""
        fields = LISTS.get(kind, ("", ()))[1] if rows is None else ()
        self._known(call, fields)
        if rows is None:
            rows = self._newest(kind)
        filters = self._filters(kind, call, fields)
        rows = [r for r in rows if all(passes(r) for passes in filters)] if filters else rows
        return Reply(200, self._page(kind, rows, call, url or f"/v1/{kind}"))

    def _known(self, call: Call, fields: tuple[str, ...]) -> None:
        for name in call.query:
            bare = name.split("[")[0]
            if bare not in (
                *fields,
                "limit",
                "starting_after",
                "ending_before",
                "expand",
                "created",
                "customer_account",
                "test_clock",
            ):
                raise unknown(bare)

    def _newest(self, kind: str) -> list[dict[str, Any]]:
        """Return the objects of a kind, newest first; the order is kept until one comes or goes."""
        known = self._orders.get(kind)
        if known is None or known[0] != self.books.changes:
            rows = list(self.books.objects[kind].values())
            rows.reverse()
            rows.sort(key=lambda r: -(r.get("created") or r.get("date") or 0))
            self._orders[kind] = known = self.books.changes, rows
        if kind == "events":
            since = self.clock.unix() - EVENT_LIFE
            return [r for r in known[1] if r["created"] >= since]
        return known[1]

    def _filters(self, kind: str, call: Call, fields: tuple[str, ...]) -> list[Callable[[dict[str, Any]], bool]]:
        """Return what a list's parameters ask of each object."""
        asked: list[Callable[[dict[str, Any]], bool]] = []
        listed_values: dict[str, list[str]] = {}
        for name, value in call.query.multi_items():
            bare = name.split("[")[0]
            if span := RANGE.match(name):
                asked.append(partial(_in_span, span[1], span[2], value))
            elif bare in ("types", "ids"):
                listed_values.setdefault(bare, []).append(value)
            elif kind == "invoice_payments" and bare == "payment":
                asked.append(partial(_is_paid_by, name.endswith("[type]"), value))
            elif bare == "pending":
                asked.append(partial(_is_pending, value == "true"))
            elif bare == "type" and kind == "events" and value.endswith("*"):
                asked.append(partial(_begins, value[:-1]))
            elif bare in fields or bare == "created":
                asked.append(partial(_has, bare, value))
        for bare, values in listed_values.items():
            asked.append(partial(_is_among, "type" if bare == "types" else "id", frozenset(values)))
        return asked

    def _page(self, kind: str, rows: list[dict[str, Any]], call: Call, url: str) -> dict[str, Any]:
        limit = call.query.get("limit") or "10"
        if not limit.isdigit() or not 1 <= int(limit) <= 100:
            raise invalid("limit", f"Invalid integer: {limit}: between 1 and 100", "parameter_invalid_integer")
        size = int(limit)
        ids = [r["id"] for r in rows]
        after, before = call.query.get("starting_after"), call.query.get("ending_before")
        for cursor, param in ((after, "starting_after"), (before, "ending_before")):
            if cursor and cursor not in ids:
                if cursor in self.books.objects.get(kind, {}):
                    continue
                raise missing(LISTS[kind][0] if kind in LISTS else kind, cursor, param)
        if before:
            end = ids.index(before) if before in ids else 0
            page, more = rows[max(0, end - size) : end], end > size
        else:
            start = ids.index(after) + 1 if after in ids else 0 if not after else len(rows)
            page, more = rows[start : start + size], start + size < len(rows)
        expand = tuple(e.removeprefix("data.") for e in expansions(call))
        return listed([self.shown(kind, r, expand) for r in page], url, more)

    def search(self, kind: str, call: Call) -> Reply:
        """`GET /v1/{kind}/search`: clauses joined by AND or OR, pages by number; a write shows after the lag."""
        query = call.query.get("query") or ""
        limit, page = int(call.query.get("limit") or 10), int(call.query.get("page") or 0)
        joiner = " OR " if " OR " in query else " AND "
        clauses = [CLAUSE.match(part) for part in re.split(r"\s+(?:AND|OR)\s+", query)]
        if not query or not all(clauses):
            raise invalid("query", "We were unable to parse your search query.")
        since = self.clock.now().timestamp() - self.settings.stripe_search_lag_s
        rows = [r for r in self._newest(kind) if not self.settings.stripe_search_lag_s or r.get("_written", 0) <= since]
        quantifier = any if joiner == " OR " else all
        rows = [r for r in rows if quantifier(clause_holds(r, c) for c in clauses)]
        shown = [self.shown(kind, r, tuple(e.removeprefix("data.") for e in expansions(call)))
                 for r in rows[page * limit : (page + 1) * limit]]  # fmt: skip
        more = (page + 1) * limit < len(rows)
        return Reply(200, {"object": "search_result", "url": f"/v1/{kind}/search", "has_more": more, "data": shown,
                           "next_page": str(page + 1) if more else None})  # fmt: skip

    def invoice_lines(self, call: Call) -> Reply:
        """`GET /v1/invoices/{id}/lines`."""
        row = self.found("invoices", call.path["id"])
        return self.listing("line_items", call, list(row["lines"]["data"]), row["lines"]["url"])

    def credit_note_lines(self, call: Call) -> Reply:
        """`GET /v1/credit_notes/{id}/lines`."""
        row = self.found("credit_notes", call.path["id"])
        return self.listing("line_items", call, list(row["lines"]["data"]), row["lines"]["url"])

    def customer_tax_ids(self, call: Call) -> Reply:
        """`GET /v1/customers/{id}/tax_ids`."""
        customer = self.found("customers", call.path["id"])
        return self.listing(
            "tax_ids", call, self.books.tax_ids_of(customer["id"]), f"/v1/customers/{customer['id']}/tax_ids"
        )

    def quote_lines(self, call: Call) -> Reply:
        """`GET /v1/quotes/{id}/line_items`."""
        quote = self.found("quotes", call.path["id"])
        answer = self.listing("items", call, self.items_of_quote(quote["id"]), f"/v1/quotes/{quote['id']}/line_items")
        if "data.taxes" not in expansions(call):
            answer.body["data"] = [_untaxed(line) for line in answer.body["data"]]
        return answer

    def _page_of_items(self, quote_id: str) -> dict[str, Any]:
        """Return the first ten lines of a quote as it holds them."""
        lines = self.items_of_quote(quote_id)
        shown = [_untaxed({k: v for k, v in line.items() if not k.startswith("_")}) for line in lines[:10]]
        return listed(shown, f"/v1/quotes/{quote_id}/line_items", len(lines) > 10)

    def items_of_quote(self, quote_id: str) -> list[dict[str, Any]]:
        """Return the lines of a quote: its own, or those of the invoice that it was founded with."""
        quote = self.books.objects["quotes"][quote_id]
        if quote["invoice"] is None or "_lines" in quote:
            return list(quote.get("_lines", ()))
        invoice = self.books.objects["invoices"][quote["invoice"]]
        rows = []
        for line in invoice["lines"]["data"]:
            tax = sum(t["amount"] for t in line["taxes"])
            rows.append({
                "id": line["id"].replace("il_", "li_"), "object": "item", "adjustable_quantity": None,
                "amount_discount": 0,
                "amount_subtotal": line["amount"], "amount_tax": tax, "amount_total": line["amount"] + tax,
                "currency": line["currency"], "description": line["description"], "metadata": {}, "price": None,
                "quantity": line["quantity"], "taxes": [self._tax_of_item(t) for t in line["taxes"]],
            })  # fmt: skip
        return rows

    def _tax_of_item(self, tax: dict[str, Any]) -> dict[str, Any]:
        rate = self.books.objects["tax_rates"][tax["tax_rate_details"]["tax_rate"]]
        return {"amount": tax["amount"], "rate": rate, "taxability_reason": tax["taxability_reason"],
                "taxable_amount": tax["taxable_amount"]}  # fmt: skip

    def account(self, _call: Call) -> Reply:
        """`GET /v1/account`: a test account in Madrid."""
        return Reply(200, {
            "id": ACCOUNT, "object": "account", "country": "ES", "default_currency": "eur", "charges_enabled": True,
            "payouts_enabled": True, "email": "facturas@faronorte.example", "type": "standard", "metadata": {},
            "business_profile": {"name": "Faro Norte Sistemas", "url": "https://faronorte.example"},
            "settings": {"dashboard": {"display_name": "Faro Norte Sistemas", "timezone": "Europe/Madrid"}},
        })  # fmt: skip

    def report_types(self, call: Call) -> Reply:
        """`GET /v1/reporting/report_types`: for keys that have the right to them."""
        if not self.settings.stripe_has_reports:
            raise forbidden(call.token(), "report_runs_and_report_types_read")
        told = {"balance.summary.1": "Balance summary", "payout_reconciliation.summary.1": "Payout reconciliation"}
        rows = [{"id": id, "object": "reporting.report_type", "name": name, "livemode": False, "version": 1}
                for id, name in told.items()]  # fmt: skip
        return Reply(200, {"object": "list", "url": "/v1/reporting/report_types", "has_more": False, "data": rows})

    def query_runs(self, call: Call) -> Reply:
        """`GET /v1/sigma/scheduled_query_runs`: for accounts that pay for Sigma."""
        if not self.settings.stripe_has_sigma:
            raise forbidden(call.token(), "sigma_read")
        run = {"id": "sqr_1", "object": "scheduled_query_run", "title": "Charges by country", "status": "completed",
               "livemode": False, "created": self.clock.unix(), "sql": "SELECT 1"}  # fmt: skip
        return Reply(200, {"object": "list", "url": "/v1/sigma/scheduled_query_runs", "has_more": False, "data": [run]})


def _in_span(name: str, operator: str, value: str, row: dict[str, Any]) -> bool:
    return within(row.get(name), operator, value)


def _is_paid_by(is_type: bool, value: str, row: dict[str, Any]) -> bool:
    return row["payment"]["type"] == value if is_type else value in row["payment"].values()


def _is_pending(wanted: bool, row: dict[str, Any]) -> bool:
    return (row["invoice"] is None) == wanted


def _begins(start: str, row: dict[str, Any]) -> bool:
    return str(row["type"]).startswith(start)


def _has(name: str, value: str, row: dict[str, Any]) -> bool:
    return name in row and as_text(row[name]) == value


def _is_among(name: str, values: frozenset[str], row: dict[str, Any]) -> bool:
    return row[name] in values


def expansions(call: Call) -> tuple[str, ...]:
    """Return the paths of `expand[]` in the query."""
    return tuple(v for n, v in call.query.multi_items() if n.split("[")[0] == "expand")


def within(have: int | None, operator: str, value: str) -> bool:
    """Return whether a time passes `gte`, `gt`, `lte` or `lt`."""
    if not value.lstrip("-").isdigit():
        raise invalid("created", f"Invalid integer: {value}", "parameter_invalid_integer")
    if have is None:
        return False
    want = int(value)
    return {"gte": have >= want, "gt": have > want, "lte": have <= want, "lt": have < want}[operator]


def as_text(value: Any) -> str:
    """Return a value as it stands in a query."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _untaxed(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "taxes"}


def clause_holds(row: dict[str, Any], clause: Any) -> bool:
    """Return whether one clause of a search query holds, as in `metadata['crm_deal_id']:'D-17'`."""
    negated, name, key, operator, quoted, bare = clause.groups()
    have = row.get(name)
    if key is not None:
        have = (have or {}).get(key)
    want = quoted if quoted is not None else bare
    if operator == ":":
        holds = (
            want.lower() == "null" and have is None
            if bare
            else have is not None and as_text(have).casefold() == want.casefold()
        )
        if bare and want.lower() != "null":
            holds = have is not None and as_text(have) == want
    elif operator == "~":
        holds = want.casefold() in str(have or "").casefold()
    else:
        holds = (
            have is not None
            and {">": have > int(want), "<": have < int(want), ">=": have >= int(want), "<=": have <= int(want)}[
                operator
            ]
        )
    return holds != bool(negated)
