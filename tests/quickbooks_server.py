"""A small company at QuickBooks Online behind a real HTTP server: tokens, queries, changes, and writes as documented.

It keeps its books in memory and refuses as QuickBooks does: a request that is not signed, a stale SyncToken, a name or
number that is taken, an amount that is not quantity times price, a line without a product. `preferences` can be changed
while it runs; `calls` are (method, path, status) in order; `faults` say how the next writes go wrong.
"""

import base64
import datetime as dt
import json
import re
import threading
from decimal import ROUND_HALF_UP, Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

REALM, CLIENT, SECRET = "9130350000000001", "app-id", "app-secret"
NAMES = ("Customer", "Vendor", "Employee", "Item", "Term", "TaxCode", "TaxRate")  # lists, whose records can be inactive
LOGIN = {"QUICKBOOKS_CLIENT_ID": CLIENT, "QUICKBOOKS_CLIENT_SECRET": SECRET, "QUICKBOOKS_REFRESH_TOKEN": "refresh-1",
         "QUICKBOOKS_REALM_ID": REALM}  # fmt: skip
Json = dict[str, Any]


class Refusal(Exception):
    """A Fault to answer with."""

    def __init__(self, code: str, message: str, detail: str = "", element: str = "", status: int = 400) -> None:
        super().__init__(message)
        said = {"Message": message, "Detail": detail or message, "code": code, "element": element}
        self.status, self.error = status, {k: v for k, v in said.items() if v}


class Books:
    """The company: objects by entity and id, its settings, and what was asked of it."""

    def __init__(self) -> None:
        self.preferences: Json = {
            "SalesFormsPrefs": {"CustomTxnNumbers": False, "AllowDiscount": True},
            "CurrencyPrefs": {"HomeCurrency": {"value": "EUR"}, "MultiCurrencyEnabled": False},
            "TaxPrefs": {"UsingSalesTax": True}, "Id": "1", "SyncToken": "0",
        }  # fmt: skip
        self.company = {"CompanyName": "Cuadra Test SL", "LegalName": "Cuadra Test SL", "Country": "ES", "Id": "1"}
        self.objects: dict[str, dict[str, Json]] = {}
        self.deleted: list[tuple[str, str]] = []
        self.calls: list[tuple[str, str, int]] = []
        self.faults: list[str] = []  # lost | 500 for each coming write; "" goes well
        self.mails: list[tuple[str, str]] = []
        self.refresh, self.rotates, self.access = "refresh-1", False, set[str]()
        self.answers: dict[str, Json] = {}
        self.number, self.ids, self.lock = 1000, 100, threading.Lock()
        for id, percent in (("1", 0), ("3", 21), ("5", 10)):
            self.add("TaxRate", {"Name": f"IVA {percent}", "RateValue": percent, "Active": True}, f"{id}0")
            rates = {"TaxRateDetail": [{"TaxRateRef": {"value": f"{id}0"}, "TaxTypeApplicable": "TaxOnAmount"}]}
            code = {"Name": f"IVA {percent} %", "Active": True, "Taxable": True, "SalesTaxRateList": rates}
            self.add("TaxCode", code, id)
        self.add("Term", {"Name": "Net 30", "Type": "STANDARD", "DueDays": 30, "Active": True}, "3")
        self.add("Item", {"Name": "Services", "Type": "Service", "UnitPrice": 0, "Active": True}, "1")

    def add(self, entity: str, values: Json, id: str = "") -> Json:
        """Put an object into the books as somebody at QuickBooks' own screen would."""
        if not id:
            self.ids += 1
            id = str(self.ids)
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        made = {"domain": "QBO", "sparse": False, "MetaData": {"CreateTime": now, "LastUpdatedTime": now}} | values
        self.objects.setdefault(entity, {})[id] = made | {"Id": id, "SyncToken": "0"}
        return self.objects[entity][id]

    def of(self, entity: str) -> list[Json]:
        """Return the objects of an entity, in the order in which they were made."""
        return sorted(self.objects.get(entity, {}).values(), key=lambda item: int(item["Id"]))

    def writes(self) -> list[str]:
        """Return the paths of the writes that were answered or lost, tokens left out."""
        return [path for method, path, _ in self.calls if method == "POST" and "oauth2" not in path]

    # What is asked

    def query(self, text: str) -> Json:
        """Answer a query: one entity, conditions joined by AND, one order."""
        found = re.fullmatch(
            r"select \* from (\w+)(?: where (.+?))?(?: orderby \S+)?(?: startposition (\d+))?(?: maxresults (\d+))?",
            text,
        )
        if not found:
            raise Refusal("4000", "Error parsing query", text)
        entity, where, start, most = found[1], found[2] or "", int(found[3] or 1), int(found[4] or 100)
        items = self.of(entity)
        if entity in NAMES and "Active in" not in where:
            items = [item for item in items if item.get("Active", True)]
        for part in filter(None, where.split(" and ")):
            items = [item for item in items if _fits(item, part)]
        page = items[start - 1 : start - 1 + most]
        answer = {entity: page, "startPosition": start, "maxResults": len(page)} if page else {}
        return {"QueryResponse": answer, "time": "2026-11-20T09:00:00.000-08:00"}

    def changes(self, entities: str, since: str) -> Json:
        """Answer what changed since an instant."""
        start, parts = dt.datetime.fromisoformat(since), []
        for entity in entities.split(","):
            changed: list[Json] = [
                item for item in self.of(entity)
                if dt.datetime.fromisoformat(item["MetaData"]["LastUpdatedTime"]) >= start
            ]  # fmt: skip
            changed += [{"Id": id, "status": "Deleted", "domain": "QBO"} for e, id in self.deleted if e == entity]
            parts.append({entity: changed, "startPosition": 1, "maxResults": len(changed)} if changed else {})
        return {"CDCResponse": [{"QueryResponse": parts}], "time": since}

    def one(self, entity: str, id: str) -> Json:
        """Return an object; a Fault where there is none."""
        known = {name.lower(): name for name in (*self.objects, "Invoice", "Payment", "CreditMemo", "Estimate")}
        found = self.objects.get(known.get(entity, ""), {}).get(id)
        if found is None:
            raise Refusal("610", "Object Not Found", f"Object Not Found : {entity} {id}")
        return found

    # What is written

    def write(self, entity: str, body: Json, operation: str) -> Json:
        """Make or change an object."""
        name = {"customer": "Customer", "invoice": "Invoice", "payment": "Payment", "creditmemo": "CreditMemo"}[entity]
        if "Id" in body:
            return {name: self._change(name, body, operation)}
        made = {"Customer": self._customer, "Invoice": self._invoice, "Payment": self._payment,
                "CreditMemo": self._credit}[name](body)  # fmt: skip
        return {name: made}

    def _change(self, name: str, body: Json, operation: str) -> Json:
        now = self.one(name.lower(), body["Id"])
        if body.get("SyncToken") != now["SyncToken"]:
            raise Refusal("5010", "Stale Object Error", "You and someone else were working on this at the same time.")
        if operation == "void":
            note = f"Voided - {now.get('PrivateNote', '')}"
            body = {"TotalAmt": 0, "Balance": 0, "PrivateNote": note, "TxnTaxDetail": {"TotalTax": 0}}
        elif not body.get("sparse"):
            raise AssertionError("a change that is not sparse blanks what it leaves out")
        now |= {k: v for k, v in body.items() if k not in ("Id", "SyncToken", "sparse")}
        now["SyncToken"] = str(int(now["SyncToken"]) + 1)
        now["MetaData"]["LastUpdatedTime"] = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        return now

    def _customer(self, body: Json) -> Json:
        if not body.get("DisplayName"):
            raise Refusal(
                "2020", "Required param missing, need to supply the required value for the API", "DisplayName"
            )
        if any(c["DisplayName"] == body["DisplayName"] for c in self.of("Customer")):
            raise Refusal("6240", "Duplicate Name Exists Error", "The name supplied already exists.")
        made = self.add("Customer", {"Active": True, "Balance": 0} | body)
        if number := made.get("PrimaryTaxIdentifier"):  # shown with its last five letters only
            made["PrimaryTaxIdentifier"] = "XXXXXX" + number[-5:]
        return made

    def _invoice(self, body: Json) -> Json:
        total = self._checked(body)
        numbered = {"DocNumber": body["DocNumber"]} if "DocNumber" in body else self._next()
        return self.add("Invoice", {"EmailStatus": "NotSet", "LinkedTxn": []} | body | total | numbered
                        | {"Balance": total["TotalAmt"]})  # fmt: skip

    def _credit(self, body: Json) -> Json:
        total = self._checked(body)
        left = {"RemainingCredit": total["TotalAmt"], "Balance": total["TotalAmt"]}
        return self.add("CreditMemo", body | total | self._next() | left)

    def _next(self) -> Json:
        """Return the next number; none where whoever makes a document has to give it."""
        if self.preferences["SalesFormsPrefs"]["CustomTxnNumbers"]:
            return {}
        self.number += 1
        return {"DocNumber": str(self.number)}

    def _payment(self, body: Json) -> Json:
        for line in body["Line"]:
            (link,) = line["LinkedTxn"]
            item, amount = self.one(link["TxnType"].lower(), link["TxnId"]), Decimal(str(line["Amount"]))
            for field in ("Balance", "RemainingCredit") if link["TxnType"] == "CreditMemo" else ("Balance",):
                left = Decimal(str(item[field])) - amount
                if left < 0:
                    raise Refusal("6000", "A business validation error has occurred", "more than is open")
                item[field] = float(left)
        return self.add("Payment", {"UnappliedAmt": 0} | body)

    def _checked(self, body: Json) -> Json:
        """Return the totals of a document whose lines are right."""
        self.one("customer", body["CustomerRef"]["value"])
        taxes: dict[str, Decimal] = {}
        net = Decimal(0)
        for line in body["Line"]:
            detail, amount = line["SalesItemLineDetail"], Decimal(str(line["Amount"]))
            self.one("item", detail["ItemRef"]["value"])  # without one a line is text, and its amount is ignored
            exact = Decimal(str(detail["Qty"])) * Decimal(str(detail["UnitPrice"]))
            if exact.quantize(Decimal("0.01"), ROUND_HALF_UP) != amount:
                raise Refusal("6070", "Amount calculation incorrect in the request", "Amount is not UnitPrice * Qty")
            net += amount
            code = detail.get("TaxCodeRef", {}).get("value", "1")
            taxes[code] = taxes.get(code, Decimal(0)) + amount
        if net < 0:
            raise Refusal(
                "6000", "A business validation error has occurred", "Transaction amount must be 0 or greater."
            )
        tax = sum(
            ((base * self._percent(code) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
             for code, base in taxes.items()), Decimal(0)
        )  # fmt: skip
        return {"TotalAmt": float(net + tax), "TxnTaxDetail": {"TotalTax": float(tax)}}

    def _percent(self, code: str) -> Decimal:
        (detail,) = self.one("taxcode", code)["SalesTaxRateList"]["TaxRateDetail"]
        return Decimal(str(self.one("taxrate", detail["TaxRateRef"]["value"])["RateValue"]))

    def send(self, id: str) -> Json:
        """E-mail an invoice to the address that stands on it."""
        item = self.one("invoice", id)
        if not (to := (item.get("BillEmail") or {}).get("Address")):
            raise Refusal("2010", "Request has invalid or unsupported property", "no e-mail address")
        self.mails.append((id, to))
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        item |= {"EmailStatus": "EmailSent", "DeliveryInfo": {"DeliveryType": "Email", "DeliveryTime": now}}
        return {"Invoice": item}

    def delete(self, entity: str, id: str) -> None:
        """Delete an object as somebody at QuickBooks' own screen would."""
        del self.objects[entity][id]
        self.deleted.append((entity, id))

    def tokens(self, proof: str, form: dict[str, str]) -> tuple[int, Json]:
        """Give tokens for a code or the newest refresh token; one that was replaced is worth nothing any more."""
        if proof != "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode():
            return 401, {"error": "invalid_client"}
        right = {"authorization_code": form.get("code") == "right-code",
                 "refresh_token": form.get("refresh_token") == self.refresh}  # fmt: skip
        if not right.get(form.get("grant_type", "")):
            return 400, {"error": "invalid_grant"}
        if self.rotates:
            self.refresh = f"refresh-{int(self.refresh.rpartition('-')[2]) + 1}"
        token = f"access-{len(self.calls)}"
        self.access.add(token)
        return 200, {"token_type": "bearer", "access_token": token, "expires_in": 3600, "refresh_token": self.refresh,
                     "x_refresh_token_expires_in": 8726400}  # fmt: skip


class QuickBooksServer:
    """The company on a port of this machine."""

    def __init__(self) -> None:
        self.books = books = Books()

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                with books.lock:
                    self._answered(lambda path, query: _read(books, path, query))

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with books.lock:
                    path = urlsplit(self.path).path
                    if path == "/oauth2/v1/tokens/bearer":
                        form = {name: values[0] for name, values in parse_qs(content.decode()).items()}
                        status, body = books.tokens(self.headers.get("Authorization", ""), form)
                        return self._say(status, body)
                    fault = books.faults.pop(0) if books.faults else ""
                    if fault == "500":
                        return self._say(500, {"Fault": {"Error": [{"Message": "down", "code": "10000"}]}})
                    return self._answered(lambda path, query: _write(books, path, query, content), fault == "lost")

            def _answered(self, do: Any, lost: bool = False) -> None:
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                try:
                    if self.headers.get("Authorization", "").removeprefix("Bearer ") not in books.access:
                        raise Refusal("3200", "message=AuthenticationFailed; statusCode=401", status=401)
                    assert query.get("minorversion") == "75", self.path
                    path = unquote(parts.path).removeprefix(f"/v3/company/{REALM}/")
                    body = do(path, query)
                except Refusal as no:
                    kind = "AUTHENTICATION" if no.status == 401 else "ValidationFault"
                    return self._say(no.status, {"Fault": {"Error": [no.error], "type": kind}})
                if lost:
                    books.calls.append((self.command, parts.path, 0))
                    self.close_connection = True
                    return None
                return self._say(200, body)

            def _say(self, status: int, body: Any) -> None:
                books.calls.append((self.command, urlsplit(self.path).path, status))
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/pdf" if isinstance(body, bytes) else "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.send_header("intuit_tid", "1-test")
                self.end_headers()
                self.wfile.write(content)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stop answering."""
        self.server.shutdown()
        self.server.server_close()


def _read(books: Books, path: str, query: dict[str, str]) -> Any:
    if path == "query":
        return books.query(query["query"])
    if path == "cdc":
        return books.changes(query["entities"], query["changedSince"])
    if path == "preferences":
        return {"Preferences": books.preferences}
    if path == f"companyinfo/{REALM}":
        return {"CompanyInfo": books.company}
    entity, id, *more = path.split("/")
    item = books.one(entity, id)
    if more == ["pdf"]:
        return b"%PDF-1.4 " + id.encode()
    return {next(name for name in books.objects if name.lower() == entity): item}


def _write(books: Books, path: str, query: dict[str, str], content: bytes) -> Any:
    mark = query.get("requestid", "")
    assert 0 < len(mark) <= 50, "a write without a request id"
    if mark in books.answers:
        return books.answers[mark]
    parts = path.split("/")
    if parts[2:] == ["send"]:
        answer = books.send(parts[1])
    else:
        answer = books.write(path, json.loads(content), query.get("operation", ""))
    books.answers[mark] = json.loads(json.dumps(answer))
    return answer


def _fits(item: Json, condition: str) -> bool:
    """Return whether an object fits a condition of a query."""
    if found := re.fullmatch(r"(\w+) = '(.*)'", condition):
        value = item.get(found[1])
        return (value["value"] if isinstance(value, dict) else value) == found[2].replace("\\'", "'")
    if found := re.fullmatch(r"Id in \((.+)\)", condition):
        return item["Id"] in re.findall(r"'([^']+)'", found[1])
    if condition == "Active in (true, false)":
        return True
    raise Refusal("4001", "Invalid query", condition)
