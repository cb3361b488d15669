"""Stripe's writing calls on quotes: drafts, finalising, accepting (which drafts an invoice), cancelling.

Statuses and what may change in each: docs.stripe.com, "How quotes work"; parameters: the SDK's types of 2026-06-24.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from extract.sandbox.stripe_credit import StripeCredit
from extract.sandbox.stripe_errors import invalid, no_such, refused, required
from extract.sandbox.stripe_forms import Form
from extract.sandbox.stripe_invoices import COLLECTIONS
from extract.sandbox.stripe_shapes import blank_invoice, blank_line, blank_quote, tax_on
from extract.sandbox.stripe_store import snapshot
from extract.sandbox.wire import Call, Reply

DAY = 86_400
QUOTE = """application_fee_amount application_fee_percent automatic_tax collection_method customer customer_account
    default_tax_rates description discounts expires_at footer header invoice_settings line_items metadata
    on_behalf_of subscription_data transfer_data"""
MOST_LINES = 20


class StripeQuotes(StripeCredit):
    """The life of a quote."""

    def create_quote(self, call: Call) -> Reply:
        """`POST /v1/quotes`: a draft; thirty days to accept it unless another end is given."""
        form = Form(call.body, QUOTE + " from_quote test_clock")
        row = blank_quote(self.new_id("qt"), self.clock.unix())
        self._draft_quote(row, form)
        self.books.add("quotes", row)
        self.happened("quote.created", "quotes", row)
        return Reply(200, self.shown("quotes", row, form.expansions()))

    def update_quote(self, call: Call) -> Reply:
        """`POST /v1/quotes/{id}`: all of a draft; of an open one the last moment alone."""
        form, row = Form(call.body, QUOTE), self.found("quotes", call.path["id"])
        frozen = set(form.values) - {"expires_at", "expand"} if row["status"] == "open" else set()
        if row["status"] not in ("draft", "open") or frozen:
            text = f"This quote is {row['status']}: {', '.join(sorted(frozen or form.values))} can't be changed."
            raise refused(400, text, "quote_not_editable")
        if row["status"] == "open":
            row["expires_at"] = self._until(form)
        else:
            self._draft_quote(row, form)
        return Reply(200, self.shown("quotes", row, form.expansions()))

    def _draft_quote(self, row: dict[str, Any], form: Form) -> None:
        changed: dict[str, Any] = {k: form.text(k) for k in ("description", "footer", "header") if k in form}
        if customer := form.text("customer"):
            if row["customer"] not in (None, customer):
                raise invalid("customer", "The customer of a quote cannot be changed.")
            changed["customer"] = self.customer_named(customer)["id"]
        changed["collection_method"] = form.choice("collection_method", COLLECTIONS) or row["collection_method"]
        if "invoice_settings" in form:
            days = form.table("invoice_settings").get("days_until_due")
            changed["invoice_settings"] = row["invoice_settings"] | {"days_until_due": int(days) if days else None}
        if "expires_at" in form:
            changed["expires_at"] = self._until(form)
        if "line_items" in form:
            changed["_lines"] = [self._quote_line(line, at) for at, line in enumerate(form.rows("line_items"))]
            if len(changed["_lines"]) > MOST_LINES:
                raise invalid("line_items", f"A quote has at most {MOST_LINES} one-time lines.")
            currencies = {line["currency"] for line in changed["_lines"]}
            if len(currencies) > 1:
                raise invalid("line_items", "All prices of a quote must be in one currency.", "currency_mismatch")
            changed["currency"] = next(iter(currencies), None)
        changed["metadata"] = form.metadata(row["metadata"])
        row |= changed
        self._sum(row)

    def _until(self, form: Form) -> int:
        at = form.whole("expires_at")
        if at is None or at <= self.clock.unix():
            raise invalid("expires_at", "The `expires_at` timestamp must be in the future.")
        return at

    def _quote_line(self, line: dict[str, Any], at: int) -> dict[str, Any]:
        where = f"line_items[{at}]"
        for name in line:
            if name not in ("price", "price_data", "quantity", "tax_rates", "discounts"):
                raise invalid(f"{where}[{name}]", f"Received unknown parameter: {where}[{name}]", "parameter_unknown")
        quantity = str(line.get("quantity", "1"))
        if not quantity.isdigit():
            raise invalid(f"{where}[quantity]", f"Invalid integer: {quantity}", "parameter_invalid_integer")
        price = self._quoted_price(line, where)
        product = self.books.objects["products"][price["product"]]
        amount = int((Decimal(price["unit_amount_decimal"]) * int(quantity)).quantize(Decimal(1), ROUND_HALF_UP))
        discounts = self._discounts(line.get("discounts") or [])
        off = 0
        for discount in discounts:
            coupon = self.books.coupons[self.books.discounts[discount]]
            rate = Decimal(str(coupon["percent_off"] or 0))
            off += int((Decimal(amount - off) * rate / 100).quantize(Decimal(1), ROUND_HALF_UP))
        taxes, tax, given = [], 0, line.get("tax_rates") or []
        for rate_id in given:
            rate_row = self._tax_rate(rate_id, f"{where}[tax_rates]")
            part, taxable = tax_on(amount - off, Decimal(str(rate_row["percentage"])), rate_row["inclusive"])
            tax += 0 if rate_row["inclusive"] else part
            reason = "standard_rated" if rate_row["percentage"] else "zero_rated"
            taxes.append({"amount": part, "rate": rate_row, "taxability_reason": reason, "taxable_amount": taxable})
        return {
            "id": self.new_id("li"), "object": "item", "adjustable_quantity": None, "amount_discount": off,
            "amount_subtotal": amount, "amount_tax": tax, "amount_total": amount - off + tax,
            "currency": price["currency"], "description": product["name"], "metadata": {}, "price": price,
            "quantity": int(quantity), "taxes": taxes, "_discounts": discounts,
        }  # fmt: skip

    def _quoted_price(self, line: dict[str, Any], where: str) -> dict[str, Any]:
        if known := line.get("price"):
            if known not in self.books.objects["prices"]:
                raise no_such("price", str(known), f"{where}[price]")
            return self.books.objects["prices"][known]
        data = line.get("price_data") or {}
        if data.get("product") not in self.books.objects["products"]:
            raise no_such("product", str(data.get("product")), f"{where}[price_data][product]")
        amount = data.get("unit_amount") or data.get("unit_amount_decimal")
        if amount is None:
            raise required(f"{where}[price_data][unit_amount]")
        behaves = str(data.get("tax_behavior") or "")
        made = self._price(str(data["product"]), str(data.get("currency", "")), amount, behaves, {})
        made["active"] = False  # a price made on the fly is for this line alone
        return made

    def _sum(self, row: dict[str, Any]) -> None:
        lines = row.get("_lines", [])
        added = {name: sum(line[name] for line in lines)
                 for name in ("amount_subtotal", "amount_total", "amount_discount", "amount_tax")}  # fmt: skip
        details = {"amount_discount": added["amount_discount"], "amount_shipping": 0, "amount_tax": added["amount_tax"]}
        totals = {"amount_subtotal": added["amount_subtotal"], "amount_total": added["amount_total"]}
        row |= totals | {"total_details": details}
        row["computed"] = {"recurring": None, "upfront": totals | {"total_details": details}}

    def _state(self, call: Call, *states: str) -> dict[str, Any]:
        row = self.found("quotes", call.path["id"])
        if row["status"] not in states:
            text = f"This quote is {row['status']}; it must be {' or '.join(states)}."
            raise refused(400, text, "quote_status_invalid")
        return row

    def finalize_quote(self, call: Call) -> Reply:
        """`POST /v1/quotes/{id}/finalize`: it gets its number, and waits for the customer."""
        form, row = Form(call.body, "expires_at"), self._state(call, "draft")
        if not row["customer"]:
            raise required("customer")
        if not row.get("_lines"):
            raise invalid("line_items", "A quote needs at least one line item to be finalized.")
        if row["collection_method"] == "send_invoice" and row["invoice_settings"]["days_until_due"] is None:
            raise required("invoice_settings[days_until_due]")
        if "expires_at" in form:
            row["expires_at"] = self._until(form)
        customer, numbered = self.books.objects["customers"][row["customer"]], self.books.objects["quotes"].values()
        of_customer = sum(1 for q in numbered if q["customer"] == row["customer"] and q["number"])
        row |= {"status": "open", "number": f"QT-{customer['invoice_prefix']}-{of_customer + 1:04d}-1"}
        row["status_transitions"]["finalized_at"] = self.clock.unix()
        self.happened("quote.finalized", "quotes", row)
        return Reply(200, self.shown("quotes", row, form.expansions()))

    def accept_quote(self, call: Call) -> Reply:
        """`POST /v1/quotes/{id}/accept`: the draft of its invoice is made with it."""
        form, row = Form(call.body, ""), self._state(call, "open")
        invoice = self._invoice_of_quote(row)
        row |= {"status": "accepted", "invoice": invoice["id"]}
        row["status_transitions"]["accepted_at"] = self.clock.unix()
        self.happened("quote.accepted", "quotes", row)
        return Reply(200, self.shown("quotes", row, form.expansions()))

    def cancel_quote(self, call: Call) -> Reply:
        """`POST /v1/quotes/{id}/cancel`: nobody can accept it any more."""
        form, row = Form(call.body, ""), self._state(call, "draft", "open")
        row["status"] = "canceled"
        row["status_transitions"]["canceled_at"] = self.clock.unix()
        self.happened("quote.canceled", "quotes", row)
        return Reply(200, self.shown("quotes", row, form.expansions()))

    def _invoice_of_quote(self, quote: dict[str, Any]) -> dict[str, Any]:
        now, days = self.clock.unix(), quote["invoice_settings"]["days_until_due"]
        row = blank_invoice(self.new_id("in"), now)
        snapshot(self.books, row, self.books.objects["customers"][quote["customer"]])
        row |= {"customer": quote["customer"], "currency": quote["currency"], "_days": days,
                "collection_method": quote["collection_method"],
                "due_date": now + DAY * days if days is not None else None}  # fmt: skip
        for item in quote["_lines"]:
            line = blank_line(self.new_id("il"), row["id"], item["currency"], now)
            unit = Decimal(item["price"]["unit_amount_decimal"])
            line |= {
                "amount": item["amount_subtotal"], "subtotal": item["amount_subtotal"],
                "description": item["description"],
                "quantity": item["quantity"], "quantity_decimal": str(item["quantity"]),
                "pricing": {"type": "price_details", "unit_amount_decimal": f"{unit.normalize():f}",
                            "price_details": {"price": item["price"]["id"], "product": item["price"]["product"]}},
                "parent": {"type": "invoice_item_details", "subscription_item_details": None, "invoice_item_details": {
                    "invoice_item": self.new_id("ii"), "proration": False, "proration_details": None,
                    "subscription": None}},
            }  # fmt: skip
            rates = [tax["rate"]["id"] for tax in item["taxes"]]
            self.books.terms[line["id"]] = {"tax_rates": rates, "discounts": item["_discounts"]}
            row["lines"]["data"].append(line)
        self.books.add("invoices", row)
        self.recompute(row)
        self.happened("invoice.created", "invoices", row)
        return row
