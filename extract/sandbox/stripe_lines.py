"""Stripe's writing calls on the lines of draft invoices, and the sums that follow from them."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from extract.sandbox.stripe_errors import invalid, no_such, refused, required
from extract.sandbox.stripe_forms import Form
from extract.sandbox.stripe_shapes import as_item, blank_line, tax_on, totals
from extract.sandbox.stripe_write import StripeWriter
from extract.sandbox.wire import Call, Reply

ITEM = """amount currency customer customer_account description discountable discounts invoice metadata period
    price_data pricing quantity quantity_decimal subscription tax_behavior tax_code tax_rates
    unit_amount_decimal"""


class StripeLines(StripeWriter):
    """Lines, their taxes and discounts."""

    def create_item(self, call: Call) -> Reply:
        """`POST /v1/invoiceitems`: a line of a draft, or a pending one of the customer."""
        form = Form(call.body, ITEM)
        if not form.text("customer") and not form.text("invoice"):
            raise required("customer")
        invoice = self._draft_named(form.text("invoice")) if form.text("invoice") else None
        customer = self.customer_named(form.text("customer") or (invoice or {}).get("customer"))
        if invoice and invoice["customer"] != customer["id"]:
            raise invalid("invoice", f"The invoice belongs to customer {invoice['customer']}, not {customer['id']}.")
        currency = form.text("currency") or (invoice["currency"] if invoice else customer["currency"]) or "eur"
        if invoice and currency != invoice["currency"]:
            text = f"The currency of the item ({currency}) must match that of the invoice ({invoice['currency']})."
            raise invalid("currency", text, "currency_mismatch")
        line_id = self.new_id("il")
        line = blank_line(line_id, invoice["id"] if invoice else "", currency, self.clock.unix())
        item_id = self.new_id("ii")
        line["parent"] = {"type": "invoice_item_details", "subscription_item_details": None, "invoice_item_details": {
            "invoice_item": item_id, "proration": False, "proration_details": None, "subscription": None}}  # fmt: skip
        self._line(line, form, currency)
        item = as_item(
            line, {"customer": customer["id"], "created": self.clock.unix(), "id": invoice["id"] if invoice else None}
        )
        item["tax_rates"] = [self.books.objects["tax_rates"][r] for r in self.books.terms[line_id]["tax_rates"]]
        item["discounts"] = self.books.terms[line_id]["discounts"]
        self.books.terms[item_id] = {"line": line}
        self.books.add("invoiceitems", item)
        if invoice:
            invoice["lines"]["data"].append(line)
            self.recompute(invoice)
            item["net_amount"] = line["amount"] - sum(d["amount"] for d in line["discount_amounts"])
            self.happened("invoice.updated", "invoices", invoice)
        self.happened("invoiceitem.created", "invoiceitems", item)
        return Reply(200, self.shown("invoiceitems", item))

    def _draft_named(self, invoice_id: str | None) -> dict[str, Any]:
        row = self.books.objects["invoices"].get(invoice_id or "")
        if row is None:
            raise no_such("invoice", str(invoice_id), "invoice")
        if row["status"] != "draft":
            raise invalid(
                "invoice",
                f"The invoice {row['id']} is no longer a draft: it is {row['status']}.",
                "invoice_not_editable",
            )
        if len(row["lines"]["data"]) >= 250:
            raise invalid("invoice", "An invoice has at most 250 lines.")
        return row

    def _line(self, line: dict[str, Any], form: Form, currency: str) -> None:
        quantity = form.number("quantity_decimal")
        if quantity is None:
            whole = form.whole("quantity")
            quantity = Decimal(1 if whole is None else whole)
        price, product = f"price_{line['id'][3:]}", f"prod_{line['id'][3:]}"
        unit: Decimal | None = form.number("unit_amount_decimal")
        if "price_data" in form:
            data = form.table("price_data")
            unit = Decimal(str(data.get("unit_amount") or data.get("unit_amount_decimal") or "0"))
            product = str(data.get("product", product))
            if product not in self.books.objects["products"]:
                raise no_such("product", product, "price_data[product]")
        if "pricing" in form:
            price = str(form.table("pricing").get("price", ""))
            if price not in self.books.objects["prices"]:
                raise no_such("price", price, "pricing[price]")
            known = self.books.objects["prices"][price]
            if known["currency"] != currency:
                raise invalid(
                    "pricing[price]",
                    f"The price is in {known['currency']}, the invoice in {currency}.",
                    "currency_mismatch",
                )
            unit, product = Decimal(known["unit_amount_decimal"]), known["product"]
        amount = form.whole("amount")
        if amount is not None and (unit is not None or "quantity" in form):
            raise invalid(
                "amount", "You may only specify one of these parameters: amount, unit_amount_decimal (with quantity)."
            )
        if amount is None and unit is None:
            raise required("amount")
        if amount is None:
            amount = int(((unit or Decimal(0)) * quantity).quantize(Decimal(1), ROUND_HALF_UP))
        shown = unit if unit is not None else Decimal(amount)
        line |= {
            "amount": amount, "subtotal": amount,
            "description": form.text("description") or self._product_name(product),
            "quantity": int(quantity), "quantity_decimal": f"{quantity.normalize():f}", "metadata": form.metadata({}),
            "discountable": form.flag("discountable", amount > 0),
            "pricing": {"type": "price_details", "unit_amount_decimal": f"{shown.normalize():f}",
                        "price_details": {"price": price, "product": product}},
        }  # fmt: skip
        if period := form.table("period"):
            line["period"] = {"start": int(period["start"]), "end": int(period["end"])}
        rates = [self._tax_rate(i, "tax_rates")["id"] for i in form.rows("tax_rates")]
        self.books.terms[line["id"]] = {"tax_rates": rates, "discounts": self._discounts(form.rows("discounts"))}

    def _product_name(self, product: str) -> str | None:
        known = self.books.objects["products"].get(product)
        return str(known["name"]) if known else None

    def item(self, item_id: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return an invoice item and its draft invoice."""
        item = self.found("invoiceitems", item_id)
        return item, self._editable(item["invoice"]) if item["invoice"] else None

    def update_item(self, call: Call) -> Reply:
        """`POST /v1/invoiceitems/{id}`: description, amount, metadata, tax rates."""
        item, invoice = self.item(call.path["id"])
        form = Form(call.body, ITEM)
        lines = invoice["lines"]["data"] if invoice else [self.books.terms[item["id"]]["line"]]
        line = next(n for n in lines if n["parent"]["invoice_item_details"]["invoice_item"] == item["id"])
        if form.whole("amount") is not None:
            line |= {"amount": form.whole("amount"), "subtotal": form.whole("amount")}
        for row in (line, item):
            row |= {
                "description": form.text("description") or row["description"],
                "metadata": form.metadata(row["metadata"]),
            }
        if "tax_rates" in form:
            rates = [self._tax_rate(i, "tax_rates")["id"] for i in form.rows("tax_rates")]
            self.books.terms.setdefault(line["id"], {"discounts": []})["tax_rates"] = rates
        item["amount"] = item["net_amount"] = line["amount"]
        if invoice:
            self.recompute(invoice)
        self.happened("invoiceitem.created", "invoiceitems", item)
        return Reply(200, self.shown("invoiceitems", item))

    def delete_item(self, call: Call) -> Reply:
        """`DELETE /v1/invoiceitems/{id}`."""
        item, invoice = self.item(call.path["id"])
        if invoice:
            lines = invoice["lines"]["data"]
            lines[:] = [n for n in lines if n["parent"]["invoice_item_details"]["invoice_item"] != item["id"]]
            self.recompute(invoice)
        self.books.drop("invoiceitems", item["id"])
        return Reply(200, {"id": item["id"], "object": "invoiceitem", "deleted": True})

    def recompute(self, invoice: dict[str, Any]) -> None:
        """Work out discounts and taxes of the lines made here (others keep theirs), and add the invoice up."""
        lines = invoice["lines"]["data"]
        for line in lines:
            terms = self.books.terms.get(line["id"])
            if terms is None:
                continue
            line["discount_amounts"] = []
            left = line["amount"]
            for discount in terms["discounts"]:
                left -= self._take_off(line, discount, left, left)
            base = sum(max(0, n["amount"]) for n in lines if n["discountable"]) or 1
            for discount in invoice["discounts"] if line["discountable"] else ():
                left -= self._take_off(line, discount, left, base)
            rates = terms["tax_rates"] or [r["id"] for r in invoice["default_tax_rates"]]
            line["taxes"] = [self._tax(self.books.objects["tax_rates"][r], left) for r in rates]
        totals(invoice)

    def _take_off(self, line: dict[str, Any], discount: str, left: int, base: int) -> int:
        coupon = self.books.coupons[self.books.discounts[discount]]
        if coupon["percent_off"] is not None:
            off = int((Decimal(left) * Decimal(str(coupon["percent_off"])) / 100).quantize(Decimal(1), ROUND_HALF_UP))
        else:
            off = int((Decimal(coupon["amount_off"]) * left / base).quantize(Decimal(1), ROUND_HALF_UP))
        off = max(0, min(off, left))
        line["discount_amounts"].append({"amount": off, "discount": discount})
        return off

    def _tax(self, rate: dict[str, Any], amount: int) -> dict[str, Any]:
        tax, taxable = tax_on(amount, Decimal(str(rate["percentage"])), rate["inclusive"])
        return {"amount": tax, "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
                "tax_rate_details": {"tax_rate": rate["id"]}, "taxable_amount": taxable, "type": "tax_rate_details",
                "taxability_reason": "standard_rated" if rate["percentage"] else "zero_rated"}  # fmt: skip

    def _tax_rate(self, rate_id: str, param: str) -> dict[str, Any]:
        if rate_id not in self.books.objects["tax_rates"]:
            raise no_such("tax rate", rate_id, param)
        return self.books.objects["tax_rates"][rate_id]

    def _discounts(self, rows: list[Any]) -> list[str]:
        made = []
        for row in rows:
            if discount := row.get("discount"):
                made.append(str(discount))
                continue
            if row.get("coupon") not in self.books.coupons:
                raise no_such("coupon", str(row.get("coupon")), "discounts[0][coupon]")
            made.append(self.new_id("di"))
            self.books.discounts[made[-1]] = row["coupon"]
        return made

    def _editable(self, invoice_id: str) -> dict[str, Any]:
        row = self.found("invoices", invoice_id)
        if row["status"] != "draft":
            text = f"This invoice is no longer editable: it is {row['status']}."
            raise refused(400, text, "invoice_not_editable")
        return row
