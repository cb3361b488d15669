"""Stripe's writing calls on invoices: drafts and their lines, finalising, sending, paying, voiding, crediting."""

from email.message import EmailMessage
from html import escape
from typing import Any

from extract.sandbox.books import decimal
from extract.sandbox.pdf import invoice_pdf
from extract.sandbox.stripe_errors import invalid, missing, no_such, refused, required
from extract.sandbox.stripe_forms import Form
from extract.sandbox.stripe_lines import StripeLines
from extract.sandbox.stripe_shapes import ACCOUNT, blank_invoice, blank_line, invoice_payment, settle
from extract.sandbox.stripe_store import snapshot
from extract.sandbox.stripe_write import CURRENCY
from extract.sandbox.wire import Call, Reply
from extract.sandbox.world import SELLER

DAY = 86_400
INVOICE = """account_tax_ids application_fee_amount auto_advance automatic_tax automatically_finalizes_at
    collection_method custom_fields days_until_due default_payment_method default_source default_tax_rates
    description discounts due_date effective_at footer issuer metadata number on_behalf_of payment_settings
    rendering shipping_cost shipping_details statement_descriptor transfer_data"""
PREVIEW = """automatic_tax currency customer customer_account customer_details discounts invoice_items issuer
    on_behalf_of preview_mode schedule schedule_details subscription subscription_details"""
NEW_INVOICE = INVOICE + " currency customer customer_account from_invoice pending_invoice_items_behavior subscription"
COLLECTIONS = ("charge_automatically", "send_invoice")


class StripeInvoices(StripeLines):
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

    def hosted(self, call: Call) -> Reply:
        """`GET /i/{account}/{name}`: the page that a customer sees; needs no key."""
        row = self.found("invoices", call.path["id"])
        owed = f"{decimal(row['amount_remaining'])} {row['currency'].upper()}"
        rows = "".join(
            f"<li>{escape(str(n['description']))}: {decimal(n['amount'])}</li>" for n in row["lines"]["data"]
        )
        page = (
            f"<!doctype html><meta charset='utf-8'><title>Invoice {escape(str(row['number']))}</title>"
            f"<h1>{escape(SELLER['name'])}</h1><p>Invoice {escape(str(row['number']))}, {row['status']}</p>"
            f"<p>{escape(row['customer_name'] or '')}</p><ul>{rows}</ul><p>{owed} to pay</p>"
        )
        return Reply(200, page.encode(), media="text/html; charset=utf-8")

    def preview(self, call: Call) -> Reply:
        """`POST /v1/invoices/create_preview`: what an invoice over these items would come to; nothing is kept."""
        form = Form(call.body, PREVIEW)
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
