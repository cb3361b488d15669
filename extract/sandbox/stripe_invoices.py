"""Stripe's writing calls on invoices: drafts and their lines, finalising, sending, paying, voiding, crediting."""

from decimal import ROUND_HALF_UP, Decimal
from email.message import EmailMessage
from typing import Any

from extract.sandbox.books import decimal
from extract.sandbox.pdf import invoice_pdf
from extract.sandbox.stripe_books import (
    as_item,
    balance_transaction,
    credit_note,
    invoice_payment,
    settle,
    snapshot,
)
from extract.sandbox.stripe_errors import invalid, missing, no_such, refused, required
from extract.sandbox.stripe_forms import Form
from extract.sandbox.stripe_shapes import ACCOUNT, blank_invoice, blank_line, tax_on, totals
from extract.sandbox.stripe_write import CURRENCY, StripeWriter
from extract.sandbox.wire import Call, Reply
from extract.sandbox.world import SELLER

DAY = 86_400
INVOICE = """account_tax_ids application_fee_amount auto_advance automatic_tax automatically_finalizes_at collection_method
    custom_fields days_until_due default_payment_method default_source default_tax_rates description discounts due_date
    effective_at footer issuer metadata number on_behalf_of payment_settings rendering shipping_cost shipping_details
    statement_descriptor transfer_data"""
NEW_INVOICE = INVOICE + " currency customer customer_account from_invoice pending_invoice_items_behavior subscription"
ITEM = """amount currency customer customer_account description discountable discounts invoice metadata period price_data pricing
    quantity quantity_decimal subscription tax_behavior tax_code tax_rates unit_amount_decimal"""
COLLECTIONS = ("charge_automatically", "send_invoice")
REASONS = ("duplicate", "fraudulent", "order_change", "product_unsatisfactory")


class StripeInvoices(StripeWriter):
    """The life of an invoice. Mails go into `mailbox`."""

    mailbox: Any = None

    # -- drafts ------------------------------------------------------------------------------------------------

    def create_invoice(self, call: Call) -> Reply:
        """`POST /v1/invoices`: a draft without lines, or with the customer's pending ones."""
        form = Form(call.body, NEW_INVOICE)
        if not form.text("customer"):
            raise required("customer")
        customer = self.customer_named(form.text("customer"))
        row = blank_invoice(self.new_id("in"), self.clock.unix())
        currency = form.text("currency") or customer["currency"] or "eur"
        if not CURRENCY.match(currency):
            raise invalid("currency", f"Invalid currency: {currency}.")
        row |= {"customer": customer["id"], "currency": currency}
        snapshot(self.books, row, customer)
        self._draft(row, form)
        self.books.add("invoices", row)
        if form.choice("pending_invoice_items_behavior", ("exclude", "include")) == "include":
            for item in self.books.objects["invoiceitems"].values():
                if item["customer"] == customer["id"] and item["invoice"] is None and item["currency"] == currency:
                    item["invoice"] = row["id"]
                    row["lines"]["data"].append(self.books.terms[item["id"]]["line"] | {"invoice": row["id"]})
        self.recompute(row)
        customer["currency"] = customer["currency"] or currency
        self.happened("invoice.created", "invoices", row)
        return Reply(200, self.shown("invoices", row, form.expansions()))

    def _draft(self, row: dict[str, Any], form: Form) -> None:
        changed: dict[str, Any] = {
            k: form.text(k) for k in ("description", "footer", "statement_descriptor") if k in form
        }
        changed["collection_method"] = form.choice("collection_method", COLLECTIONS) or row["collection_method"]
        changed["auto_advance"] = form.flag("auto_advance", row["auto_advance"])
        days, due = form.whole("days_until_due"), form.whole("due_date")
        if (days is not None or due is not None) and changed["collection_method"] != "send_invoice":
            param = "due_date" if due is not None else "days_until_due"
            raise invalid(param, f"You can only specify `{param}` if `collection_method` is set to `send_invoice`.")
        if days is not None and due is not None:
            raise invalid("due_date", "You may only specify one of these parameters: days_until_due, due_date.")
        if due is not None and due < row["created"] - DAY:
            raise invalid("due_date", "The due date must be in the future.", "invalid_due_date")
        if days is not None or due is not None:
            row["_days"] = days
            changed["due_date"] = due if due is not None else row["created"] + DAY * (days or 0)
        if changed["collection_method"] == "send_invoice" and not (changed.get("due_date") or row["due_date"]):
            text = "If invoice collection method is 'send_invoice', you must specify 'days_until_due' or 'due_date'."
            raise invalid("days_until_due", text, "parameter_missing")
        if "custom_fields" in form:
            changed["custom_fields"] = self._custom_fields(form.rows("custom_fields")) or None
        if form.text("number"):
            if any(i["number"] == form.text("number") for i in self.books.objects["invoices"].values() if i is not row):
                raise invalid(
                    "number", f"An invoice with number {form.text('number')} already exists.", "invoice_number_taken"
                )
            changed["number"] = form.text("number")
        if "default_tax_rates" in form:
            changed["default_tax_rates"] = [
                self._tax_rate(i, "default_tax_rates") for i in form.rows("default_tax_rates")
            ]
        if "discounts" in form:
            changed["discounts"] = self._discounts(form.rows("discounts"))
        if "effective_at" in form:
            row["_effective_at"] = form.whole("effective_at")
        changed["metadata"] = form.metadata(row["metadata"])
        row |= changed

    def _custom_fields(self, rows: list[Any]) -> list[dict[str, str]]:
        if len(rows) > 4:
            raise invalid("custom_fields", "You can specify up to 4 custom fields.")
        for row in rows:
            if len(row.get("name", "")) > 40 or len(row.get("value", "")) > 140:
                raise invalid(
                    "custom_fields", "A custom field has a name of up to 40 and a value of up to 140 characters."
                )
        return [{"name": str(r["name"]), "value": str(r["value"])} for r in rows]

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

    def update_invoice(self, call: Call) -> Reply:
        """`POST /v1/invoices/{id}`: all of a draft; later its metadata, description of delivery and due date only."""
        form, row = Form(call.body, INVOICE), self.found("invoices", call.path["id"])
        before = {k: row[k] for k in form.values if k in row}
        if row["status"] == "draft":
            self._draft(row, form)
            self.recompute(row)
        else:
            frozen = set(form.values) - {
                "metadata",
                "auto_advance",
                "expand",
                "due_date",
                "payment_settings",
                "rendering",
            }
            if frozen:
                raise refused(
                    400,
                    f"Finalized invoices can't be updated in this way: {', '.join(sorted(frozen))}",
                    "invoice_not_editable",
                )
            row |= {"metadata": form.metadata(row["metadata"]), "due_date": form.whole("due_date") or row["due_date"]}
        self.happened("invoice.updated", "invoices", row, before)
        return Reply(200, self.shown("invoices", row, form.expansions()))

    def delete_invoice(self, call: Call) -> Reply:
        """`DELETE /v1/invoices/{id}`: drafts only."""
        row = self.found("invoices", call.path["id"])
        if row["status"] != "draft":
            raise refused(
                400,
                f"You can only delete draft invoices; this one is {row['status']}. Void it.",
                "invoice_not_editable",
            )
        for item in [i for i in self.books.objects["invoiceitems"].values() if i["invoice"] == row["id"]]:
            self.books.drop("invoiceitems", item["id"])
        self.happened("invoice.deleted", "invoices", row)
        self.books.drop("invoices", row["id"])
        return Reply(200, {"id": row["id"], "object": "invoice", "deleted": True})

    # -- lines -------------------------------------------------------------------------------------------------

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
            text = f"The currency of the invoice item ({currency}) must match the currency of the invoice ({invoice['currency']})."
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
        quantity = form.number("quantity_decimal") or Decimal(form.whole("quantity") or 1)
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
        """Work out discounts and taxes of every line and add the invoice up. Lines that we did not make keep their tax."""
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

    # -- issued ------------------------------------------------------------------------------------------------

    def finalize(self, call: Call) -> Reply:
        """`POST /v1/invoices/{id}/finalize`."""
        form, row = Form(call.body, "auto_advance"), self.found("invoices", call.path["id"])
        if row["status"] != "draft":
            raise refused(
                400,
                "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
                "invoice_not_editable",
            )
        self._issue(row)
        return Reply(200, self.shown("invoices", row, form.expansions()))

    def _issue(self, row: dict[str, Any]) -> None:
        if not row["lines"]["data"]:
            raise refused(400, "Nothing to invoice: the invoice has no lines.", "invoice_no_customer_line_items")
        if row["total"] < 0:
            raise refused(400, "The total of an invoice must not be negative.", "amount_too_small")
        snapshot(self.books, row, self.customer_named(row["customer"]))
        now = self.clock.unix()
        if not row["number"]:
            row["number"] = f"FN-{self.books.next_number}"
            self.books.next_number += 1
        if row.get("_days") is not None:
            row["due_date"] = now + DAY * row["_days"]
        row |= {
            "status": "open", "effective_at": row.get("_effective_at") or now,
            "hosted_invoice_url": f"https://invoice.stripe.com/i/{ACCOUNT}/test_{row['id']}",
            "invoice_pdf": f"https://pay.stripe.com/invoice/{ACCOUNT}/{row['id']}/pdf",
        }  # fmt: skip
        row["status_transitions"]["finalized_at"] = now
        if row["amount_due"] == 0:
            row["status"] = "paid"
            row["status_transitions"]["paid_at"] = now
        self.happened("invoice.finalized", "invoices", row)

    def send(self, call: Call) -> Reply:
        """`POST /v1/invoices/{id}/send`: issues a draft first; again on an open invoice it sends again."""
        form, row = Form(call.body, ""), self.found("invoices", call.path["id"])
        if row["collection_method"] != "send_invoice":
            raise refused(400, "You can only manually send an invoice if its collection method is 'send_invoice'.")
        if row["status"] in ("void", "uncollectible"):
            raise refused(400, f"You can't send an invoice that is {row['status']}.")
        customer = self.customer_named(row["customer"])
        if not customer["email"]:
            raise refused(
                400,
                "Missing email. In order to send an invoice, the customer must have a valid email.",
                "missing_email",
            )
        if row["status"] == "draft":
            self._issue(row)
        self.post(row, row["customer_email"] or customer["email"])
        self.happened("invoice.sent", "invoices", row)
        return Reply(200, self.shown("invoices", row, form.expansions()))

    def post(self, row: dict[str, Any], to: str) -> None:
        """Mail an invoice with its PDF."""
        message = EmailMessage()
        message["From"], message["To"] = SELLER["email"], to
        message["Subject"] = f"Invoice {row['number']} from {SELLER['name']}"
        message["Message-ID"] = f"<{row['id']}.{self.books.serial}@faronorte.example>"
        total = f"{decimal(row['amount_remaining'])} {row['currency'].upper()}"
        link = self.shown("invoices", row)["hosted_invoice_url"]
        message.set_content(f"{row['customer_name']}\n\nInvoice {row['number']}: {total}\n{link}\n")
        message.add_attachment(invoice_pdf(row), maintype="application", subtype="pdf", filename=f"{row['number']}.pdf")
        if self.mailbox is not None and not self.mailbox.is_refused(to):
            self.mailbox.deliver(message, SELLER["email"], [to])

    def _open(self, row: dict[str, Any], *states: str) -> None:
        if row["status"] not in states:
            code = "invoice_already_paid" if row["status"] == "paid" else "invoice_not_open"
            raise refused(
                400,
                f"This can only be done with invoices that are {' or '.join(states)}; this one is {row['status']}.",
                code,
            )

    def pay(self, call: Call) -> Reply:
        """`POST /v1/invoices/{id}/pay`: out of band, for the whole remainder."""
        known = "forgive mandate off_session paid_out_of_band payment_method source"
        form, row = Form(call.body, known), self.found("invoices", call.path["id"])
        self._open(row, "open", "uncollectible")
        if not form.flag("paid_out_of_band", False):
            text = "There is no `default_payment_method` set on this Customer or Invoice."
            raise refused(400, text, "invoice_payment_intent_requires_action")
        self.allocate(
            row, row["amount_remaining"], {"type": "payment_record", "payment_record": self.new_id("payrec", 16)}, True
        )
        return Reply(200, self.shown("invoices", row, form.expansions()))

    def allocate(self, row: dict[str, Any], amount: int, payment: dict[str, str], is_outside: bool) -> None:
        """Give an invoice `amount` of a payment; when nothing remains it is paid."""
        now = self.clock.unix()
        paid = [p for p in self.books.payments_of(row["id"]) if p["status"] == "paid"]
        for waiting in self.books.payments_of(row["id"]):
            if waiting["status"] == "open":
                waiting["status"], waiting["status_transitions"]["canceled_at"] = "canceled", now
        made = self.books.add(
            "invoice_payments", invoice_payment(self.new_id("inpay"), row, amount, now, payment, not paid)
        )
        outside = (row["amount_paid_off_stripe"] or 0) + (amount if is_outside else 0)
        settle(row, row["amount_paid"] + amount, outside)
        row["attempted"] = True
        if row["amount_remaining"] == 0:
            row["status"] = "paid"
            row["status_transitions"]["paid_at"] = now
            self.happened("invoice.paid", "invoices", row)
        self.happened("invoice.updated", "invoices", row)
        self.happened("invoice_payment.paid", "invoice_payments", made)

    def attach_payment(self, call: Call) -> Reply:
        """`POST /v1/invoices/{id}/attach_payment`: a succeeded payment intent of the same customer and currency."""
        form, row = Form(call.body, "payment_intent payment_record"), self.found("invoices", call.path["id"])
        self._open(row, "open", "uncollectible")
        intent = self.books.objects["payment_intents"].get(form.text("payment_intent") or "")
        if intent is None:
            raise no_such("payment_intent", str(form.text("payment_intent")), "payment_intent")
        if intent["status"] != "succeeded" or intent["currency"] != row["currency"]:
            raise invalid("payment_intent", "The payment intent must have succeeded and be in the invoice's currency.")
        taken = sum(p["amount_paid"] or 0 for p in self.books.objects["invoice_payments"].values()
                    if p["payment"].get("payment_intent") == intent["id"])  # fmt: skip
        amount = min(intent["amount_received"] - taken, row["amount_remaining"])
        if amount <= 0:
            raise invalid("payment_intent", "Nothing of this payment intent is left to attach.")
        self.allocate(row, amount, {"type": "payment_intent", "payment_intent": intent["id"]}, False)
        return Reply(200, self.shown("invoices", row, form.expansions()))

    def void(self, call: Call) -> Reply:
        """`POST /v1/invoices/{id}/void`."""
        return self._close(call, "void", "voided_at", "invoice.voided", "open", "uncollectible")

    def mark_uncollectible(self, call: Call) -> Reply:
        """`POST /v1/invoices/{id}/mark_uncollectible`."""
        return self._close(call, "uncollectible", "marked_uncollectible_at", "invoice.marked_uncollectible", "open")

    def _close(self, call: Call, status: str, moment: str, event: str, *states: str) -> Reply:
        form, row = Form(call.body, ""), self.found("invoices", call.path["id"])
        self._open(row, *states)
        if status == "void" and row["amount_paid"]:
            raise refused(400, "An invoice that was paid in part cannot be voided.", "invoice_not_open")
        row["status"] = status
        row["status_transitions"][moment] = self.clock.unix()
        self.happened(event, "invoices", row)
        return Reply(200, self.shown("invoices", row, form.expansions()))

    def pdf(self, call: Call) -> Reply:
        """`GET /invoice/{account}/{id}/pdf`: needs no key."""
        row = self.books.objects["invoices"].get(call.path["id"])
        if row is None or not row["invoice_pdf"]:
            raise missing("invoice", call.path["id"])
        disposition = {"content-disposition": f'attachment; filename="Invoice-{row["number"]}.pdf"'}
        return Reply(200, invoice_pdf(row), disposition, "application/pdf")

    def preview(self, call: Call) -> Reply:
        """`POST /v1/invoices/create_preview`: what an invoice over these items would come to; nothing is kept."""
        known = """automatic_tax currency customer customer_account customer_details discounts invoice_items issuer on_behalf_of
            preview_mode schedule schedule_details subscription subscription_details"""
        form = Form(call.body, known)
        customer = self.customer_named(form.text("customer"))
        currency = form.text("currency") or customer["currency"] or "eur"
        row = blank_invoice("upcoming_" + self.new_id("in")[3:], self.clock.unix()) | {
            "customer": customer["id"],
            "currency": currency,
        }
        snapshot(self.books, row, customer)
        row["discounts"] = self._discounts(form.rows("discounts"))
        for wanted in form.rows("invoice_items"):
            line = blank_line(self.new_id("il"), row["id"], currency, row["created"])
            item = Form(b"", "")
            item.values = {
                ("unit_amount_decimal" if k == "unit_amount" else k): v for k, v in wanted.items() if k != "price"
            }
            item.values |= {"pricing": {"price": wanted["price"]}} if "price" in wanted else {}
            self._line(line, item, currency)
            row["lines"]["data"].append(line)
        self.recompute(row)
        return Reply(200, self.shown("invoices", row, form.expansions()))

    # -- credit notes ------------------------------------------------------------------------------------------

    def create_credit_note(self, call: Call) -> Reply:
        """`POST /v1/credit_notes`: over an amount, tax included, or over lines."""
        known = "amount credit_amount effective_at email_type lines memo metadata out_of_band_amount reason refund_amount refunds shipping_cost"
        form = Form(call.body, known, "invoice")
        invoice = self.books.objects["invoices"].get(form.text("invoice") or "")
        if invoice is None:
            raise no_such("invoice", str(form.text("invoice")), "invoice")
        self._open(invoice, "open", "paid", "uncollectible")
        net, tax = self._credited(invoice, form)
        total = net + tax
        most = (
            invoice["total"] - invoice["pre_payment_credit_notes_amount"] - invoice["post_payment_credit_notes_amount"]
        )
        if not 0 < total <= most:
            raise invalid(
                "amount",
                f"The sum of credit amount must be more than 0 and at most {most}.",
                "credit_note_amount_invalid",
            )
        before_payment = min(total, invoice["amount_remaining"])
        after = total - before_payment
        given = sum(form.whole(k) or 0 for k in ("refund_amount", "credit_amount", "out_of_band_amount"))
        if after and given != after:
            text = "The sum of refund_amount, credit_amount and out_of_band_amount must equal the post payment amount"
            raise invalid("refund_amount", f"{text} ({after}).", "credit_note_amount_invalid")
        number = f"CN-{self.books.next_credit_note:04d}"
        kind = "mixed" if before_payment and after else "post_payment" if after else "pre_payment"
        note_id = self.new_id("cn")
        row = credit_note(note_id, number, invoice, net, tax, kind, self.clock.unix())
        row |= {"reason": form.choice("reason", REASONS), "memo": form.text("memo"), "metadata": form.metadata({}),
                "pre_payment_amount": before_payment, "post_payment_amount": after,
                "out_of_band_amount": form.whole("out_of_band_amount")}  # fmt: skip
        if refund := form.whole("refund_amount"):
            row["refunds"] = [self._refund(invoice, refund)]
        self.books.next_credit_note += 1
        self.books.add("credit_notes", row)
        invoice["pre_payment_credit_notes_amount"] += before_payment
        invoice["post_payment_credit_notes_amount"] += after
        invoice["amount_due"] -= before_payment
        invoice["amount_remaining"] -= before_payment
        if invoice["status"] == "open" and invoice["amount_remaining"] == 0:
            invoice["status"] = "paid"
            invoice["status_transitions"]["paid_at"] = self.clock.unix()
        self.happened("credit_note.created", "credit_notes", row)
        self.happened("invoice.updated", "invoices", invoice)
        return Reply(200, self.shown("credit_notes", row, form.expansions()))

    def _credited(self, invoice: dict[str, Any], form: Form) -> tuple[int, int]:
        """Return net and tax of a credit note: lines pass on their own tax, an amount shares the invoice's."""
        if not form.rows("lines"):
            amount = form.whole("amount")
            if amount is None:
                raise required("amount")
            taxes = sum(t["amount"] for t in invoice["total_taxes"] or [])
            tax = (amount * taxes * 2 + invoice["total"]) // (2 * invoice["total"]) if invoice["total"] else 0
            return amount - tax, tax
        net = tax = 0
        by_id = {line["id"]: line for line in invoice["lines"]["data"]}
        for wanted in form.rows("lines"):
            if wanted.get("type") == "custom_line_item":
                amount = int(wanted.get("unit_amount") or 0) * int(wanted.get("quantity") or 1) or int(
                    wanted.get("amount") or 0
                )
                rates = wanted.get("tax_rates") or []
                net += amount
                tax += sum(
                    tax_on(amount, Decimal(str(self._tax_rate(r, "lines")["percentage"])), False)[0] for r in rates
                )
                continue
            line = by_id.get(str(wanted.get("invoice_line_item")))
            if line is None:
                raise no_such("invoice line item", str(wanted.get("invoice_line_item")), "lines[0][invoice_line_item]")
            amount = (
                int(wanted["amount"])
                if "amount" in wanted
                else line["amount"] * int(wanted.get("quantity") or line["quantity"]) // line["quantity"]
            )
            net += amount
            tax += sum((t["amount"] * amount * 2 + line["amount"]) // (2 * line["amount"]) for t in line["taxes"])
        return net, tax

    def _refund(self, invoice: dict[str, Any], amount: int) -> dict[str, Any]:
        intents = [
            p["payment"]["payment_intent"]
            for p in self.books.payments_of(invoice["id"])
            if p["payment"]["type"] == "payment_intent"
        ]
        intent = self.books.objects["payment_intents"].get(intents[-1]) if intents else None
        if intent is None or not intent["latest_charge"]:
            raise invalid("refund_amount", "The invoice has no charge that could be refunded.")
        charge, now = self.books.objects["charges"][intent["latest_charge"]], self.clock.unix()
        if amount > charge["amount"] - charge["amount_refunded"]:
            raise invalid("refund_amount", "The refund is more than what is left of the charge.", "amount_too_large")
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        refund_id = self.new_id("re")
        transaction = balance_transaction(
            f"txn_{refund_id[3:]}", "refund", -amount, 0, refund_id, charge["currency"], now
        )
        self.books.add("balance_transactions", transaction | {"payout": None, "status": "pending"})
        refund = self.books.add("refunds", {
            "id": refund_id, "object": "refund", "amount": amount, "balance_transaction": transaction["id"],
            "charge": charge["id"],
            "created": now, "currency": charge["currency"], "description": None, "destination_details": None,
            "metadata": {},
            "payment_intent": intent["id"], "reason": "requested_by_customer", "receipt_number": None,
            "source_transfer_reversal": None, "status": "succeeded", "transfer_reversal": None,
        })  # fmt: skip
        self.happened("refund.created", "refunds", refund)
        self.happened("charge.refunded", "charges", charge)
        return {"amount_refunded": amount, "payment_record_refund": None, "refund": refund_id, "type": "refund"}

    def void_credit_note(self, call: Call) -> Reply:
        """`POST /v1/credit_notes/{id}/void`: only while its invoice is open."""
        row = self.found("credit_notes", call.path["id"])
        invoice = self.books.objects["invoices"][row["invoice"]]
        if row["status"] == "void" or invoice["status"] != "open":
            raise refused(
                400, "Only an issued credit note of an open invoice can be voided.", "credit_note_not_voidable"
            )
        row |= {"status": "void", "voided_at": self.clock.unix()}
        for name in ("amount_due", "amount_remaining"):
            invoice[name] += row["pre_payment_amount"]
        invoice["pre_payment_credit_notes_amount"] -= row["pre_payment_amount"]
        self.happened("credit_note.voided", "credit_notes", row)
        return Reply(200, self.shown("credit_notes", row))
