"""A Facturama on this machine: the API Web as its documents tell it, with a memory, and faults on demand.

It stamps what is posted to /3/cfdis into the tax office's XML after adding it up by itself, refuses like Facturama
(`Message` and `ModelState`), lists ten documents a page with the latest first, and mails by marking `EmailSent`.
"""

import base64
import json
import threading
import uuid
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import quoteattr

USER, PASSWORD = "pruebas", "not-a-password"
PAGE = 10
CENT = Decimal("0.01")
SENDS = ("Rfc", "Name", "CfdiUse", "FiscalRegime", "TaxZipCode")


class Refusal(Exception):
    """An answer that is no."""

    def __init__(self, status: int, message: str, **state: list[str]) -> None:
        super().__init__(message)
        self.status, self.body = status, {"Message": message} | ({"ModelState": state} if state else {})


class Books:
    """What the account holds, and what was asked of it."""

    def __init__(self) -> None:
        self.clients: list[dict[str, Any]] = []
        self.products: list[dict[str, Any]] = []
        self.documents: list[dict[str, Any]] = []  # rows of the list, oldest first; "_" holds the XML
        self.mails: list[tuple[str, str]] = []
        self.calls: list[tuple[str, str]] = []
        self.stamped: list[dict[str, Any]] = []  # bodies that were stamped
        self.lose = 0  # answers to the next stamps that get lost after the work was done
        self.today = "2026-11-20"
        self.lock = threading.Lock()

    def client(self, rfc: str, name: str, **more: Any) -> dict[str, Any]:
        """Add a client."""
        made = {"Id": f"cl{len(self.clients) + 1}", "Rfc": rfc, "Name": name, "FiscalRegime": "601", "CfdiUse": "G03",
                "TaxZipCode": "64000", "TaxResidence": "", "NumRegIdTrib": "", "Email": "", "EmailOp1": "",
                "Address": {}} | more  # fmt: skip
        self.clients.append(made)
        return made

    def product(self, sku: str, name: str, price: float) -> dict[str, Any]:
        """Add a product."""
        made = {"Id": f"pr{len(self.products) + 1}", "IdentificationNumber": sku, "Name": name, "Description": name,
                "Price": price, "Unit": "Hora", "UnitCode": "HUR", "CodeProdServ": "80101500", "ObjetoImp": "02",
                "Taxes": [{"Name": "IVA", "Rate": 0.16, "IsRetention": False, "IsFederalTax": True}]}  # fmt: skip
        self.products.append(made)
        return made

    def stamp(self, body: dict[str, Any]) -> dict[str, Any]:
        """Make a document of what was posted and return it as Facturama answers."""
        wrong = {f"cfdiToCreate.{name}": ["El campo es requerido."] for name in
                 ("CfdiType", "PaymentForm", "ExpeditionPlace") if not body.get(name)}  # fmt: skip
        wrong |= {
            f"cfdiToCreate.Receiver.{n}": ["El campo es requerido."] for n in SENDS if not body["Receiver"].get(n)
        }
        for at, item in enumerate(body["Items"]):
            if not _adds_up(item):
                wrong[f"cfdiToCreate.Items[{at}].Total"] = ["El total no coincide con los importes."]
        if (body["PaymentMethod"] == "PPD") != (body["PaymentForm"] == "99"):
            wrong["cfdiToCreate.PaymentForm"] = ["PPD requiere la forma de pago 99."]
        if wrong:
            raise Refusal(400, "La solicitud no es válida.", **wrong)
        if body["Currency"] != "MXN" and not body.get("CurrencyExchangeRate"):
            raise Refusal(400, "CFDI40114 - El tipo de cambio es requerido.")
        series = body.get("Serie") or "F"
        folio = body.get("Folio") or str(1 + sum(d["Serie"] == series for d in self.documents))
        id, key = f"doc{len(self.documents) + 1}", str(uuid.uuid4())
        date = body.get("Date") or f"{self.today}T10:00:00"
        subtotal = sum((Decimal(str(i["Subtotal"])) for i in body["Items"]), Decimal(0))
        total = sum((Decimal(str(i["Total"])) for i in body["Items"]), Decimal(0))
        row = {"Id": id, "CfdiType": body["CfdiType"], "Type": "issued", "Folio": folio, "Serie": series,
               "TaxName": body["Receiver"]["Name"], "Rfc": body["Receiver"]["Rfc"], "RfcIssuer": "EKU9003173C9",
               "Date": date, "Subtotal": float(subtotal), "Total": float(total), "Uuid": key.upper(),
               "Email": next((c["Email"] for c in self.clients if c["Rfc"] == body["Receiver"]["Rfc"]), ""),
               "IsActive": True, "PaymentMethod": body["PaymentMethod"], "Status": "active",
               "EmailSent": False}  # fmt: skip
        row |= {"OrderNumber": body["OrderNumber"]} if body.get("OrderNumber") else {}
        self.documents.append(row | {"_": xml_of(body, series, folio, date, key, subtotal, total)})
        self.stamped.append(body)
        return {"Id": id, "CfdiType": "ingreso" if body["CfdiType"] == "I" else "egreso", "Serie": series,
                "Folio": folio, "Date": date, "Currency": f"{body['Currency']} - Moneda", "Subtotal": float(subtotal),
                "Total": float(total), "Complement": {"TaxStamp": {"Uuid": key.upper(), "Date": date}}}  # fmt: skip

    def found(self, asked: dict[str, str]) -> list[dict[str, Any]]:
        """Return a page of the list."""
        rows = [{k: v for k, v in d.items() if k != "_"} for d in reversed(self.documents)]
        for filter, name in (("OrderNumber", "OrderNumber"), ("uuid", "Uuid"), ("rfc", "Rfc"), ("id", "Id")):
            if wanted := asked.get(filter):
                rows = [r for r in rows if str(r.get(name) or "").lower() == wanted.lower()]
        if asked.get("status", "all").lower() == "active":
            rows = [r for r in rows if r["IsActive"]]
        for filter, keeps in (("dateStart", lambda a, b: a >= b), ("dateEnd", lambda a, b: a <= b)):
            if wanted := asked.get(filter):
                day, month, year = wanted.split("/")
                rows = [r for r in rows if keeps(r["Date"][:10], f"{year}-{month}-{day}")]
        at = int(asked.get("page", 0)) * PAGE
        return rows[at : at + PAGE]

    def document(self, id: str) -> dict[str, Any]:
        """Return a row of the list with its XML."""
        for row in self.documents:
            if row["Id"] == id:
                return row
        raise Refusal(404, "No se encontró el comprobante.")


def _adds_up(item: dict[str, Any]) -> bool:
    """Return whether a line's amounts are those that the tax office would reckon."""
    of = {
        name: Decimal(str(item.get(name) or 0)) for name in ("Quantity", "UnitPrice", "Subtotal", "Discount", "Total")
    }
    net, tax = of["Subtotal"] - of["Discount"], Decimal(0)
    for one in item.get("Taxes") or ():
        due = (Decimal(str(one["Base"])) * Decimal(str(one["Rate"]))).quantize(CENT)
        if Decimal(str(one["Base"])) != net or abs(due - Decimal(str(one["Total"]))) > CENT:
            return False
        tax += Decimal(str(one["Total"]))
    priced = abs((of["Quantity"] * of["UnitPrice"]).quantize(CENT) - of["Subtotal"]) <= CENT
    named = item.get("ProductCode") and item.get("UnitCode") and item.get("Description") and item.get("TaxObject")
    return bool(named) and priced and net >= 0 and of["UnitPrice"] >= 0 and of["Total"] == net + tax


def xml_of(
    body: dict[str, Any], series: str, folio: str, date: str, key: str, subtotal: Decimal, total: Decimal
) -> str:
    """Return the CFDI 4.0 of what was posted."""
    lines, added, off = [], Decimal(0), Decimal(0)
    for item in body["Items"]:
        taxes = "".join(
            f'<cfdi:Traslado Base="{t["Base"]}" Impuesto="002" TipoFactor="Tasa" '
            f'TasaOCuota="{Decimal(str(t["Rate"])):.6f}" Importe="{t["Total"]}"/>'
            for t in item.get("Taxes") or ()
        )
        added += sum((Decimal(str(t["Total"])) for t in item.get("Taxes") or ()), Decimal(0))
        off += Decimal(str(item.get("Discount") or 0))
        sku = f" NoIdentificacion={quoteattr(item['IdentificationNumber'])}" if item.get("IdentificationNumber") else ""
        less = f' Descuento="{item["Discount"]}"' if item.get("Discount") else ""
        lines.append(
            f'<cfdi:Concepto ClaveProdServ="{item["ProductCode"]}"{sku} Cantidad="{item["Quantity"]}" '
            f'ClaveUnidad="{item["UnitCode"]}" Descripcion={quoteattr(item["Description"])} '
            f'ValorUnitario="{item["UnitPrice"]}" Importe="{item["Subtotal"]}"{less} ObjetoImp="{item["TaxObject"]}">'
            f"<cfdi:Impuestos><cfdi:Traslados>{taxes}</cfdi:Traslados></cfdi:Impuestos></cfdi:Concepto>"
        )
    to, relations = body["Receiver"], body.get("Relations")
    related = "".join(f'<cfdi:CfdiRelacionado UUID="{r["Uuid"]}"/>' for r in (relations or {}).get("Cfdis", []))
    relation = (
        f'<cfdi:CfdiRelacionados TipoRelacion="{relations["Type"]}">{related}</cfdi:CfdiRelacionados>'
        if relations
        else ""
    )
    terms = f" CondicionesDePago={quoteattr(body['PaymentConditions'])}" if body.get("PaymentConditions") else ""
    rate = f' TipoCambio="{body["CurrencyExchangeRate"]}"' if body.get("CurrencyExchangeRate") else ""
    less = f' Descuento="{off}"' if off else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?><cfdi:Comprobante xmlns:cfdi="http://www.sat.gob.mx/cfd/4" '
        f'Version="4.0" Serie={quoteattr(series)} Folio="{folio}" Fecha="{date}" FormaPago="{body["PaymentForm"]}"'
        f"{terms} "
        f'SubTotal="{subtotal}"{less} Moneda="{body["Currency"]}"{rate} Total="{total}" '
        f'TipoDeComprobante="{body["CfdiType"]}" Exportacion="01" MetodoPago="{body["PaymentMethod"]}" '
        f'LugarExpedicion="{body["ExpeditionPlace"]}">{relation}'
        '<cfdi:Emisor Rfc="EKU9003173C9" Nombre="ESCUELA KEMPER URGATE" RegimenFiscal="601"/>'
        f"<cfdi:Receptor Rfc={quoteattr(to['Rfc'])} Nombre={quoteattr(to['Name'])} "
        f'DomicilioFiscalReceptor="{to["TaxZipCode"]}" RegimenFiscalReceptor="{to["FiscalRegime"]}" '
        f'UsoCFDI="{to["CfdiUse"]}"/><cfdi:Conceptos>{"".join(lines)}</cfdi:Conceptos>'
        f'<cfdi:Impuestos TotalImpuestosTrasladados="{added}"/><cfdi:Complemento><tfd:TimbreFiscalDigital '
        f'xmlns:tfd="http://www.sat.gob.mx/TimbreFiscalDigital" Version="1.1" UUID="{key.upper()}" '
        f'FechaTimbrado="{date}"/></cfdi:Complemento></cfdi:Comprobante>'
    )


class _Handler(BaseHTTPRequestHandler):
    books: Books

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        with self.books.lock:
            self.books.calls.append((self.command, address.path))
            try:
                status, said = (
                    200,
                    self._said(address.path, dict(parse_qsl(address.query)), json.loads(body or b"null")),
                )
            except Refusal as no:
                status, said = no.status, no.body
            lost = address.path == "/3/cfdis" and status == 200 and self.books.lose > 0
            self.books.lose -= lost
        if lost:  # the work is done, and nobody hears of it
            self.close_connection = True
            self.connection.close()
            return
        content = json.dumps(said).encode() if said is not None else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = _answer

    def _said(self, path: str, asked: dict[str, str], body: Any) -> Any:
        books, (_, *parts) = self.books, path.split("/")
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != wanted:
            raise Refusal(401, "Authorization has been denied for this request.")
        match self.command, *(part.lower() for part in parts):
            case "GET", "taxentity":
                return {"Rfc": "EKU9003173C9", "TaxName": "ESCUELA KEMPER URGATE", "FiscalRegime": "601",
                        "IssuedIn": {"ZipCode": "78000"}, "PasswordSat": "never to be seen"}  # fmt: skip
            case "GET", "api", "clients" | "products" as sort:
                held, at = getattr(books, sort), int(asked["start"])
                return {"draw": 0, "recordsTotal": len(held), "data": held[at : at + int(asked["length"])]}
            case (("GET" | "PUT"), ("client" | "product") as sort, _):
                item = next((c for c in getattr(books, f"{sort}s") if c["Id"] == parts[1]), None)
                if item is None:
                    raise Refusal(404, "No existe.")
                if self.command == "PUT":
                    item.update(body)
                return item
            case "POST", "client":
                if lacking := [n for n in SENDS if not body.get(n)]:
                    raise Refusal(400, "La solicitud no es válida.", **{f"model.{n}": ["requerido"] for n in lacking})
                return books.client(body.pop("Rfc"), body.pop("Name"), **body)
            case "POST", "product":
                return books.product(body["IdentificationNumber"], body["Name"], body["Price"])
            case "GET", "cfdi":
                return books.found(asked)
            case "GET", "cfdi", ("xml" | "pdf") as form, "issued", _:
                row = books.document(parts[3])
                content = row["_"].encode() if form == "xml" else b"%PDF-1.7 " + row["Uuid"].encode()
                return {"ContentEncoding": "base64", "ContentType": form, "ContentLength": len(content),
                        "Content": base64.b64encode(content).decode()}  # fmt: skip
            case "POST", "3", "cfdis":
                return books.stamp(body)
            case "POST", "cfdi":
                books.document(asked["cfdiId"])["EmailSent"] = True
                books.mails.append((asked["cfdiId"], asked["email"]))
                return {"success": True, "msj": "Correo enviado"}
        raise Refusal(404, f"No existe {path}.")


class Server:
    """A running server with its books."""

    def __init__(self) -> None:
        self.books = Books()
        handler = type("Handler", (_Handler,), {"books": self.books})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """End it."""
        self._http.shutdown()
        self._http.server_close()
