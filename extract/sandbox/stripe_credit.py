"""Stripe's writing calls on credit notes and the refunds that go with them."""

from decimal import Decimal
from typing import Any

from extract.sandbox.pdf import credit_note_pdf
from extract.sandbox.stripe_errors import invalid, no_such, refused, required
from extract.sandbox.stripe_forms import Form
from extract.sandbox.stripe_invoices import StripeInvoices
from extract.sandbox.stripe_shapes import balance_transaction, credit_note, tax_on
from extract.sandbox.wire import Call, Reply

CREDIT_NOTE = """amount credit_amount effective_at email_type lines memo metadata out_of_band_amount reason
    refund_amount refunds shipping_cost"""
REASONS = ("duplicate", "fraudulent", "order_change", "product_unsatisfactory")


class StripeCredit(StripeInvoices):
    """All of Stripe's calls: the last in the row of classes that each add some."""

    def create_credit_note(self, call: Call) -> Reply:
        """`POST /v1/credit_notes`: over an amount, tax included, or over lines."""
        form = Form(call.body, CREDIT_NOTE, "invoice")
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
        self._itemised(row, form.rows("lines"))
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

    def _itemised(self, note: dict[str, Any], wanted: list[dict[str, Any]]) -> None:
        """Put the lines that were sent on a credit note in place of the one over all, where they are of its own."""
        if not wanted or any(line.get("type") != "custom_line_item" for line in wanted):
            return
        (whole,) = note["lines"]["data"]
        made = []
        for at, line in enumerate(wanted, 1):
            unit, quantity = int(line.get("unit_amount") or 0), int(line.get("quantity") or 1)
            amount, rates = unit * quantity, line.get("tax_rates") or []
            tax = sum(tax_on(amount, Decimal(str(self._tax_rate(r, "lines")["percentage"])), False)[0] for r in rates)
            taxes = [whole["taxes"][0] | {"amount": tax, "taxable_amount": amount}] if whole["taxes"] and tax else []
            said = {"amount": amount, "quantity": quantity, "unit_amount": unit, "unit_amount_decimal": str(unit)}
            made.append(whole | said | {"id": f"{whole['id']}{at}", "description": line.get("description"),
                                        "taxes": taxes})  # fmt: skip
        note["lines"]["data"] = made

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

    def credit_note_pdf(self, call: Call) -> Reply:
        """`GET /credit_notes/{account}/{id}/pdf`: needs no key."""
        row = self.found("credit_notes", call.path["id"])
        content = credit_note_pdf(row, self.books.objects["invoices"][row["invoice"]])
        return Reply(200, content, {}, "application/pdf")
