"""Documents: looked for, stamped, mailed; their PDF. Stamping issues and reports to the tax office: no drafts, no undo.

Facturama takes no idempotency key. Each document carries an order number of ours, made of the deal and of the wish, so
that the list tells whether it is there before it is stamped, and again after a doubt.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from extract.model import CustomerDraft, InvoiceDraft, LineDraft, ProductDraft, Written
from extract.values import EVERYBODYS, coins
from extract.vendor import Hindrance, Item, Refused
from extract.vendors.facturama.account import PESO, uuid_of
from extract.vendors.facturama.cfdi import number
from extract.vendors.facturama.customers import Customers
from extract.vendors.facturama.products import Products
from extract.vendors.facturama.reading import Reading
from extract.vendors.facturama.rows import fiscal_name, standing

BACK = dt.timedelta(days=3)  # SAT: a CFDI is dated at most 72 hours back
LATER = {"PaymentMethod": "PPD", "PaymentForm": "99"}  # SAT: to be paid later, in a way that is not known yet
CREDITS = "01"  # SAT's relation: credit note of the related document


class Invoices(Customers, Products, Reading):
    """What is written of invoices and credit notes."""

    def find_invoice(self, draft: InvoiceDraft) -> Written | None:
        """Return the invoice of our order number, else one that names the deal and comes to the same."""
        for row in self._documents(OrderNumber=order_number(draft)):
            if row.get("OrderNumber") == order_number(draft) and row["CfdiType"][:1] == "I" and standing(row):
                return self._written(row, draft)
        return self._by_hand(draft)

    def create_invoice(self, draft: InvoiceDraft) -> Written:
        """Stamp an invoice: it is issued at once."""
        self._allowed(draft)
        client = self.get(f"/Client/{draft.customer_id}")
        head = {"NameId": "1", "CfdiType": "I", **LATER, "PaymentConditions": _terms(draft)}
        return self._stamped(head | self._body(draft, client), draft, client)

    def find_credit_note(self, draft: InvoiceDraft) -> Written | None:
        """Return the credit note of our order number."""
        for row in self._documents(OrderNumber=order_number(draft)):
            if row.get("OrderNumber") == order_number(draft) and row["CfdiType"][:1] == "E" and standing(row):
                return self._written(row, draft)
        return None

    def create_credit_note(self, draft: InvoiceDraft) -> Written:
        """Stamp a credit note of the invoice `corrects_id`."""
        self._allowed(draft)
        client = self.get(f"/Client/{draft.customer_id}")
        body = self._body(draft, client)
        head = {"NameId": "2", "CfdiType": "E", "PaymentMethod": "PUE", "PaymentForm": self.chosen["credit_form"],
                "Relations": {"Type": CREDITS, "Cfdis": [{"Uuid": draft.corrects_id}]}}  # fmt: skip
        return self._stamped(head | body | {"Receiver": body["Receiver"] | {"CfdiUse": "G02"}}, draft, client)

    def invoice(self, id: str) -> dict[str, Any]:
        """Return one document as it is there now, as a typed row. Refused (404) where it does not exist."""
        return self.mapped("invoices", "cfdis", self._whole(self._document(id), {}))

    def send_invoice(self, id: str, key: str) -> Written:
        """E-mail a document to its client's address."""
        row = self._document(id)
        to = self._address_of(row)
        asked = {"cfdiType": "issued", "cfdiId": row["Id"], "email": to}
        told = self.write("POST", f"/Cfdi?{urlencode(asked)}") or {}
        if told.get("success") is False:
            raise Refused(self.name, f"the mail to {to} was refused: {told.get('msj') or 'no reason given'}.")
        now = self.invoice(id)
        return Written(id=id, number=now["number"], status="sent", amount=now["gross"], currency=now["currency"],
                       due_on=now["due_on"], recipient=to)  # fmt: skip

    def invoice_pdf(self, id: str) -> bytes:
        """Return the PDF of a document."""
        return self._file("pdf", self._document(id)["Id"])

    def hindrances(self, draft: Any) -> tuple[Hindrance, ...]:
        """Return what stands in the way of making this draft, by asking; nothing is written."""
        if not isinstance(draft, InvoiceDraft):
            return self.product_hindrances(draft) if hasattr(draft, "sku") else self.client_hindrances(draft)
        return (*self._lacks(draft), *self._lacks_there(draft))

    def besides(self, draft: Any) -> Mapping[str, str | None]:
        """Return what the tax office asks for beyond a draft, as it will be written; our ids have no place."""
        if isinstance(draft, CustomerDraft):
            regime = self.beyond(draft)
            nowhere = dict.fromkeys(("other_id", "phone", "language", "payment_terms_days"))
            return nowhere | {"fiscal_regime": regime["FiscalRegime"], "cfdi_use": regime["CfdiUse"]}
        if isinstance(draft, ProductDraft):
            return {"product_code": self.chosen["product_code"], "unit": self.chosen["unit"],
                    "tax_rate": f"{self.chosen['tax_rate']} %"}  # fmt: skip
        if not isinstance(draft, InvoiceDraft):
            return {}
        credit = draft.kind == "credit_note"
        said = {"payment_method": "PUE", "payment_form": self.chosen["credit_form"]} if credit else {
            "payment_method": LATER["PaymentMethod"], "payment_form": LATER["PaymentForm"],
            "payment_conditions": _terms(draft),
        }  # fmt: skip
        return said | {"order_number": order_number(draft), "series": draft.series or self.chosen["series"]}

    def _lacks(self, draft: InvoiceDraft) -> list[Hindrance]:
        """Return what the draft and the connection's options lack."""
        below = ", ".join(line.description for line in draft.lines if line.net < 0)
        today = self.now().astimezone(self.zone).date()
        found = {
            "no_proforma": draft.kind == "proforma",
            "negative": bool(below),
            "dated": not today - BACK < draft.issued_on <= today,
            "fx": draft.currency != PESO and (draft.fx_rate is None or draft.fx_into != PESO),
            "series": not (draft.series or "").isalnum() and bool(draft.series),
            "no_credit_form": draft.kind == "credit_note" and not self.chosen["credit_form"],
        }
        values = {"lines": below, "day": str(draft.issued_on), "currency": draft.currency, "series": draft.series or ""}
        return [Hindrance(code, values) for code, is_so in found.items() if is_so]

    def _lacks_there(self, draft: InvoiceDraft) -> list[Hindrance]:
        """Return what Facturama itself lacks: codes of the lines, the tax office's data of the client, our place."""
        found = []
        if not self.chosen["product_code"] and (unknown := self._uncoded(draft.lines)):
            found.append(Hindrance("no_product_code", {"lines": ", ".join(unknown)}))
        if draft.customer_id:
            client = self.get(f"/Client/{draft.customer_id}")
            if client.get("Rfc") not in EVERYBODYS and not (client.get("FiscalRegime") and client.get("TaxZipCode")):
                found.append(Hindrance("no_regime", {"name": str(client.get("Name"))}))
        if not self._place():
            found.append(Hindrance("no_place"))
        return found

    def _allowed(self, draft: InvoiceDraft) -> None:
        """Raise Refused where something of the draft has no place on a CFDI: nothing was sent then."""
        if found := self._lacks(draft):
            raise Refused(self.name, self.obstacles[found[0].code].format(**found[0].values))

    def _by_hand(self, draft: InvoiceDraft) -> Written | None:
        """Return an ordinary invoice that somebody made for the deal there: its order number, total and client."""
        if draft.kind != "invoice" or draft.part or not draft.customer_id:
            return None
        total = sum((item["Total"] for item in _priced(draft.lines, draft.currency)), Decimal(0))
        rfc = None
        for name in dict.fromkeys((draft.deal_id, draft.deal_reference)):
            for row in self._documents(OrderNumber=name) if name else ():
                same = row.get("OrderNumber") == name and row["CfdiType"][:1] == "I" and standing(row)
                if same and Decimal(str(row["Total"])) == total:
                    rfc = rfc or self.get(f"/Client/{draft.customer_id}")["Rfc"]
                    if row["Rfc"] == rfc:
                        return self._written(row, draft)
        return None

    def _body(self, draft: InvoiceDraft, client: Item) -> Item:
        """Return what invoices and credit notes have in common."""
        place = self._place()
        everybody = client["Rfc"] in EVERYBODYS
        receiver = {"Rfc": client["Rfc"], "Name": fiscal_name(client["Name"], client["Rfc"]),
                    "CfdiUse": client.get("CfdiUse") or self.chosen["cfdi_use"],
                    "FiscalRegime": client.get("FiscalRegime"),
                    "TaxZipCode": place if everybody else client.get("TaxZipCode")}  # fmt: skip
        if client.get("NumRegIdTrib"):
            receiver |= {"TaxRegistrationNumber": client["NumRegIdTrib"], "TaxResidence": client.get("TaxResidence")}
        today = self.now().astimezone(self.zone).date()
        values = {
            "Serie": draft.series or self.chosen["series"] or None,
            "Date": None if draft.issued_on == today else f"{draft.issued_on}T12:00:00",
            "Currency": draft.currency,
            "CurrencyExchangeRate": draft.fx_rate if draft.currency != PESO else None,
            "ExpeditionPlace": place,
            "OrderNumber": order_number(draft),
            "Observations": _remarks(draft) or None,
            "Exportation": "01",
            "Receiver": receiver,
            "Items": self._items(draft),
        }
        return {name: value for name, value in values.items() if value is not None}

    def _items(self, draft: InvoiceDraft) -> list[Item]:
        known = self._by_sku() if any(line.sku for line in draft.lines) else {}
        made = []
        for line, priced in zip(draft.lines, _priced(draft.lines, draft.currency), strict=True):
            product = known.get((line.sku or "").strip().upper())
            codes = (
                {"ProductCode": product["CodeProdServ"], "UnitCode": product["UnitCode"], "Unit": product.get("Unit")}
                if product and product.get("CodeProdServ")
                else {name.replace("CodeProdServ", "ProductCode"): value for name, value in self._codes().items()}
            )
            sku = {"IdentificationNumber": line.sku} if line.sku else {}
            made.append({**codes, **sku, "Description": line.description, **priced})
        return made

    def _uncoded(self, lines: Sequence[LineDraft]) -> list[str]:
        known = self._by_sku()
        return [line.description for line in lines
                if not known.get((line.sku or "").strip().upper(), {}).get("CodeProdServ")]  # fmt: skip

    def _place(self) -> str:
        """Return the postcode where it is issued: as chosen, else of the account."""
        issuer = self.issuer()
        places = ((issuer.get(name) or {}).get("ZipCode") for name in ("IssuedIn", "TaxAddress"))
        return self.chosen["expedition_place"] or next((place for place in places if place), "")

    def _stamped(self, body: Item, draft: InvoiceDraft, client: Item) -> Written:
        made = self.write("POST", "/3/cfdis", json=body)
        return Written(
            id=made["Complement"]["TaxStamp"]["Uuid"].lower(), number=number_of(made), status="issued",
            amount=_signed(made, draft), currency=draft.currency, due_on=draft.due_on,
            recipient=client.get("Email") or None,
        )  # fmt: skip

    def _written(self, row: Item, draft: InvoiceDraft) -> Written:
        return Written(
            id=uuid_of(row), number=number_of(row), status="sent" if row.get("EmailSent") else "issued",
            amount=_signed(row, draft), currency=draft.currency, due_on=draft.due_on,
            recipient=row.get("Email") or None,
        )  # fmt: skip

    def _address_of(self, row: Item) -> str:
        """Return where a document goes: its client's address as it is now. Refused where there is none."""
        name = fiscal_name(row.get("TaxName"), row["Rfc"])
        clients = [c for c in self._catalogue("Clients") if c.get("Rfc") == row["Rfc"]]
        clients.sort(key=lambda c: fiscal_name(c.get("Name"), row["Rfc"]) != name)
        to = (clients[0].get("Email") if clients else None) or row.get("Email")
        if not to:
            raise Refused(self.name, f"the client {row['Rfc']} has no e-mail address; nothing was sent.")
        return str(to)


def order_number(draft: InvoiceDraft) -> str:
    """Return the order number that a document carries: the deal, or the reference, and a mark of this very wish."""
    mark = hashlib.sha256(draft.key.encode()).hexdigest()[:8]
    return f"{draft.deal_id}-{mark}" if draft.deal_id else f"{draft.deal_reference or ''}/{mark}"


def number_of(said: Item) -> str | None:
    """Return the number people know a document by."""
    return number({name: str(said[name]) for name in ("Serie", "Folio") if said.get(name)}) or None


def _priced(lines: Sequence[LineDraft], currency: str) -> list[Item]:
    """Return the amounts of lines, each rounded to the cent as the preview does, and its tax."""
    made = []
    for line in lines:
        gross = coins(line.quantity * line.unit_price, currency)
        net, tax = line.net_in(currency), line.tax_in(currency)
        rate = (line.tax_rate or Decimal(0)) / 100
        item = {"Quantity": line.quantity, "UnitPrice": line.unit_price, "Subtotal": gross, "TaxObject": "02",
                "Taxes": [{"Name": "IVA", "Base": net, "Rate": rate, "Total": tax, "IsRetention": False}],
                "Total": net + tax}  # fmt: skip
        made.append(item | ({"Discount": gross - net} if gross != net else {}))
    return made


def _signed(said: Item, draft: InvoiceDraft) -> Decimal:
    """Return what a document comes to; a credit note is negative."""
    total = Decimal(str(said["Total"]))
    return -total if draft.kind == "credit_note" else total


def _terms(draft: InvoiceDraft) -> str:
    """Return the days to pay as words that we read back as days."""
    return f"{(draft.due_on - draft.issued_on).days} días"


def _remarks(draft: InvoiceDraft) -> str:
    """Return what the PDF says besides: the message, the order's number where the deal stands in its place."""
    other = draft.deal_reference if draft.deal_id and draft.deal_reference != draft.deal_id else None
    rate = f"1 {draft.currency} = {draft.fx_rate:f} {draft.fx_into} ({draft.fx_source})" if draft.fx_source else None
    return "\n".join(part for part in (draft.message, other, rate) if part)
