"""`/sandbox/…`: drives the sandbox from outside and shows what happened in it."""

import secrets
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from extract.sandbox import ledger
from extract.sandbox.books import decimal
from extract.sandbox.hubspot_books import iso
from extract.sandbox.identifiers import plain
from extract.sandbox.statement import Entry, bank_csv, bank_statement, entries
from extract.sandbox.stripe_shapes import balance_transaction, charge_of, payment_intent
from extract.sandbox.trade import STRIPE_FEE, WON
from extract.sandbox.wire import Refused

if TYPE_CHECKING:
    from extract.sandbox.server import Sandbox


class Control:
    """What can be done to the sandbox; every method takes a JSON body and returns what to answer."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self.sandbox = sandbox

    def routes(self) -> list[Route]:
        """Return the routes under `/sandbox`."""
        table: list[tuple[str, str, Callable[..., Any]]] = [
            ("GET", "", self.about), ("GET", "/books", self.books), ("GET", "/mails", self.mails), ("GET", "/planted",
                self.planted),
            ("GET", "/calls", self.calls), ("DELETE", "/calls", self.forget_calls), ("GET", "/faults", self.faults),
            ("POST", "/faults", self.put_faults), ("DELETE", "/faults", self.no_faults), ("GET", "/settings",
                self.settings),
            ("POST", "/settings", self.put_settings), ("POST", "/reset", self.reset), ("POST", "/clock", self.clock),
            ("POST", "/deals", self.new_deal), ("POST", "/deals/{id}/win", self.win), ("POST", "/deals/{id}",
                self.change_deal),
            ("POST", "/companies/{id}", self.change_company), ("POST", "/contacts/{id}", self.change_contact),
            ("POST", "/stages", self.new_stage),
            ("POST", "/invoices/{id}/pay", self.pay), ("GET", "/bank.xml", self.bank_xml), ("GET", "/bank.csv",
                self.bank_csv),
        ]  # fmt: skip
        return [Route(f"/sandbox{path}", self._endpoint(do), methods=[method]) for method, path, do in table]

    def _endpoint(self, do: Callable[..., Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            body = await request.body()
            try:
                given = msgspec.json.decode(body) if body else {}
                with self.sandbox.lock:
                    if request.method != "GET":
                        self.sandbox.touch()
                    answer = do(
                        given,
                        **request.path_params,
                        **({"query": dict(request.query_params)} if request.method == "GET" else {}),
                    )
            except Refused as refusal:
                return Response(
                    msgspec.json.encode(refusal.reply.body), refusal.reply.status, media_type="application/json"
                )
            except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
                text = {"error": f"{type(error).__name__}: {error}"}
                return Response(msgspec.json.encode(text), 400, media_type="application/json")
            if isinstance(answer, str):
                return Response(answer, media_type="text/plain; charset=utf-8")
            return Response(msgspec.json.encode(answer), media_type="application/json")

        return endpoint

    # -- looking -----------------------------------------------------------------------------------------------

    def about(self, _body: Any, query: dict[str, str]) -> dict[str, Any]:
        """Return where and what this is."""
        box = self.sandbox
        return {"url": box.stripe.base, "smtp_port": box.smtp_port, "today": str(box.clock.today()),
                "seed": box.company.seed,
                "hubspot_token": "pat-eu1-sandbox", "stripe_key": "sk_test_sandbox"}  # fmt: skip

    def books(self, _body: Any, query: dict[str, str]) -> dict[str, Any]:
        """Return the books without ids and clocks; `?changed=1` only what was written since the start."""
        box = self.sandbox
        return ledger.books(
            box.hubspot.books, box.stripe.books, box.mailbox.found(), query.get("changed") in ("1", "true")
        )

    def mails(self, _body: Any, query: dict[str, str]) -> list[dict[str, Any]]:
        """Return the mails that arrived, by `message_id` or `to` if given, but for the first so many: `after`."""
        return self.sandbox.mailbox.found(query.get("message_id"), query.get("to"))[int(query.get("after", "0")) :]

    def planted(self, _body: Any, query: dict[str, str]) -> dict[str, Any]:
        """Return the planted problems and exceptions."""
        return self.sandbox.company.planted()

    def calls(self, _body: Any, query: dict[str, str]) -> list[dict[str, Any]]:
        """Return the calls received, oldest first, by `vendor` and `method` if given."""
        return [c for c in self.sandbox.calls if all(c.get(k) == v for k, v in query.items())]

    def forget_calls(self, _body: Any) -> dict[str, Any]:
        """Empty the list of calls."""
        self.sandbox.calls.clear()
        return {}

    def bank_xml(self, _body: Any, query: dict[str, str]) -> str:
        """Return the bank's statements as CAMT.053."""
        return bank_statement(self.sandbox.company, self._movements())

    def bank_csv(self, _body: Any, query: dict[str, str]) -> str:
        """Return the same as CSV."""
        return bank_csv(self.sandbox.company, self._movements())

    def _movements(self) -> list[Entry]:
        return entries(self.sandbox.company) + self.sandbox.transfers

    # -- tuning ------------------------------------------------------------------------------------------------

    def faults(self, _body: Any, query: dict[str, str]) -> list[dict[str, Any]]:
        """Return the fault rules."""
        return self.sandbox.faults.shown()

    def put_faults(self, body: Any) -> list[dict[str, Any]]:
        """Replace the fault rules."""
        self.sandbox.faults.put(body if isinstance(body, list) else [body])
        return self.sandbox.faults.shown()

    def no_faults(self, _body: Any) -> list[dict[str, Any]]:
        """Take all fault rules away."""
        self.sandbox.faults.put([])
        return []

    def settings(self, _body: Any, query: dict[str, str]) -> dict[str, Any]:
        """Return the settings."""
        return asdict(self.sandbox.settings)

    def put_settings(self, body: dict[str, Any]) -> dict[str, Any]:
        """Change settings."""
        for name, value in body.items():
            if not hasattr(self.sandbox.settings, name):
                raise KeyError(name)
            setattr(self.sandbox.settings, name, value)
        return asdict(self.sandbox.settings)

    def clock(self, body: dict[str, Any]) -> dict[str, Any]:
        """Move the sandbox's clock by `days` and `seconds`."""
        self.sandbox.clock.shift += timedelta(days=body.get("days", 0), seconds=body.get("seconds", 0))
        return {"now": self.sandbox.clock.now().isoformat()}

    def reset(self, _body: Any) -> dict[str, Any]:
        """Put the books back to where they began; faults, settings, mails and calls too."""
        self.sandbox.begin()
        return {}

    # -- driving -----------------------------------------------------------------------------------------------

    def new_deal(self, body: dict[str, Any]) -> dict[str, Any]:
        """Make a company, a contact and a deal with lines, as a salesperson would; open unless `won`.

        `{"company": {...}, "contact": {...}, "deal": {...}, "lines": [{"name", "quantity", "price"}], "won": true}`
        """
        crm = self.sandbox.hubspot
        company_id = body.get("company_id") or crm.made("companies", body["company"])
        contact_id = body.get("contact_id")
        if not contact_id and body.get("contact"):
            contact_id = crm.made("contacts", body["contact"])
            crm.books.link("contacts", contact_id, "companies", company_id)
        deal_id = crm.made("deals", {"dealname": "New deal", "deal_currency_code": "EUR"} | body.get("deal", {}))
        crm.books.link("deals", deal_id, "companies", company_id)
        if contact_id:
            crm.books.link("deals", deal_id, "contacts", contact_id)
        for line in body.get("lines", []):
            crm.books.link("deals", deal_id, "line_items", crm.made("line_items", line))
        if body.get("won"):
            self.win({}, deal_id)
        return {"deal_id": deal_id, "company_id": company_id, "contact_id": contact_id}

    def win(self, body: dict[str, Any], id: str) -> dict[str, Any]:
        """Put a deal into the won stage of its pipeline."""
        row = self.sandbox.hubspot.found("deals", id)
        stage = WON[row["properties"]["pipeline"]]
        return self.change_deal(body | {"dealstage": stage}, id)

    def new_stage(self, body: dict[str, Any]) -> dict[str, Any]:
        """Put a stage that means won at the end of a `pipeline`, by `id` and `label`."""
        books, moment = self.sandbox.hubspot.books, iso(self.sandbox.clock.now())
        made = {
            "id": body["id"],
            "label": body["label"],
            "archived": False,
            "createdAt": moment,
            "updatedAt": moment,
            "metadata": {"isClosed": "true", "probability": "1.0"},
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        }
        books.pipelines["deals"] = [
            row | {"updatedAt": moment, "stages": [*row["stages"], made | {"displayOrder": len(row["stages"])}]}
            if row["id"] == body["pipeline"] else row
            for row in books.pipelines["deals"]
        ]  # fmt: skip
        options = books.properties["deals"]["dealstage"]["options"]
        option = {"label": body["label"], "value": body["id"], "displayOrder": len(options), "hidden": False}
        books.properties["deals"]["dealstage"]["options"] = [*options, option]
        return made

    def change_deal(self, body: dict[str, Any], id: str) -> dict[str, Any]:
        """Change properties of a deal."""
        return self._change("deals", id, body)

    def change_company(self, body: dict[str, Any], id: str) -> dict[str, Any]:
        """Change properties of a company."""
        return self._change("companies", id, body)

    def change_contact(self, body: dict[str, Any], id: str) -> dict[str, Any]:
        """Change properties of a contact."""
        return self._change("contacts", id, body)

    def _change(self, kind: str, record_id: str, values: dict[str, Any]) -> dict[str, Any]:
        crm = self.sandbox.hubspot
        row = crm.found(kind, record_id)
        crm.change(kind, row, values)
        return {"id": row["id"], "properties": {name: row["properties"].get(name) for name in values}}

    def pay(self, body: dict[str, Any], id: str) -> dict[str, Any]:
        """Pay an invoice by `method` card or bank: `amount` in minor units, the whole remainder if none.

        A transfer is seen on the statement only; Stripe is not told of it. `text` is what the payer writes.
        """
        stripe = self.sandbox.stripe
        invoice = stripe.found("invoices", id)
        amount = int(body.get("amount") or invoice["amount_remaining"])
        if body.get("method", "card") == "bank":
            currency = invoice["currency"].upper()
            name = plain(invoice["customer_name"] or "").upper()
            entry = Entry(f"FNB{secrets.randbelow(10**12):012d}", stripe.clock.today(), amount, currency, name, "",
                          body.get("text", str(invoice["number"])), None, "NOTPROVIDED", "RCDT")  # fmt: skip
            self.sandbox.transfers.append(entry)
            return {"bank_id": entry.id, "amount": str(decimal(amount)), "currency": currency}
        intent = payment_intent(stripe.new_id("pi"), invoice, amount, stripe.clock.unix())
        charge_id = stripe.new_id("ch")
        stripe.books.add(
            "payment_intents", intent | {"latest_charge": charge_id, "payment_method": stripe.new_id("pm")}
        )
        permille, fixed = STRIPE_FEE.get(invoice["currency"].upper(), (29, 30))
        charge = stripe.books.add(
            "charges", charge_of(stripe.books.objects["payment_intents"][intent["id"]], charge_id, stripe.clock.unix())
        )
        movement = balance_transaction(charge["balance_transaction"], "charge", amount,
                                       amount * permille // 1000 + fixed, charge_id,
                                       charge["currency"], stripe.clock.unix())  # fmt: skip
        stripe.books.add("balance_transactions", movement | {"payout": None, "status": "pending"})
        stripe.happened("charge.succeeded", "charges", charge)
        stripe.allocate(invoice, amount, {"type": "payment_intent", "payment_intent": intent["id"]}, False)
        return {"payment_intent": intent["id"], "charge": charge_id, "status": invoice["status"]}
