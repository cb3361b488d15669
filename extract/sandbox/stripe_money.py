"""Money around the company's invoices in Stripe's shapes: card payments, transfers told, payouts, credit notes."""

from typing import Any

from extract.sandbox.books import CreditNote, Invoice, Payment, Payout, instant
from extract.sandbox.stripe_shapes import (
    balance_transaction,
    charge_of,
    credit_note,
    invoice_payment,
    payment_intent,
    settle,
)
from extract.sandbox.stripe_store import StripeBooks


def allocations(books: StripeBooks, invoice: Invoice, row: dict[str, Any]) -> None:
    """Enter what Stripe knows of an invoice's payments: its own, and transfers it was told of."""
    paid = outside = 0
    latest = None
    for number, payment in enumerate(invoice.payments):
        if payment.method == "bank" and not payment.told:
            continue
        part = payment.parts[invoice.id]
        if invoice.status == "paid" and payment is invoice.payments[-1]:
            part = invoice.gross - invoice.credited - paid  # paid out of band means the whole remainder
        day = payment.on if payment.method == "stripe" else payment.told
        moment = int(instant(day or payment.on, payment.id, 60).timestamp())
        latest = max(latest or 0, moment)
        paid += part
        outside += part if payment.method == "bank" else 0
        books.add("invoice_payments", invoice_payment(
            f"inpay_1R{invoice.id[5:19]}{number:02d}", row, part, moment,
            {"type": "payment_intent", "payment_intent": payment.id} if payment.method == "stripe"
            else {"type": "payment_record", "payment_record": f"payrec_1R{invoice.id[5:17]}{number:02d}"}, number == 0,
        ))  # fmt: skip
    settle(row, paid, outside)
    if invoice.status == "paid":
        row["status_transitions"]["paid_at"] = latest or row["created"] + 259_200
        row["attempted"] = True
    if invoice.status == "open" and invoice.customer.payer == "stripe" and not invoice.payments:
        intent = payment_intent(f"pi_1R{invoice.id[5:25]}", row, row["amount_remaining"], row["created"])
        books.add("payment_intents", intent | {"status": "requires_payment_method", "amount_received": 0})
        due = invoice_payment(f"inpay_1R{invoice.id[5:19]}00", row, row["amount_remaining"], None,
                              {"type": "payment_intent", "payment_intent": intent["id"]}, True)  # fmt: skip
        books.add("invoice_payments", due)


def card_payment(books: StripeBooks, payment: Payment, payout: Payout | None, invoices: dict[str, Invoice]) -> None:
    """Enter a card payment: payment intent, charge and movement of the balance."""
    moment = int(instant(payment.on, payment.id, 60).timestamp())
    invoice = invoices[next(iter(payment.parts))] if payment.parts else None
    customer_id = payment.customer.stripe_id if payment.customer else None
    if invoice:
        customer_id = invoice.stripe.get("customer", customer_id)
    stub = {
        "currency": payment.currency.lower(),
        "customer": customer_id,
        "number": invoice.number if invoice else None,
    }
    intent = books.add("payment_intents", payment_intent(payment.id, stub, payment.amount, moment))
    intent |= {"latest_charge": payment.charge_id, "payment_method": f"pm_1R{payment.id[5:25]}"}
    if not invoice:
        intent["description"] = "Payment link"
    charge = books.add("charges", charge_of(intent, str(payment.charge_id), moment))
    charge["billing_details"]["name"] = payment.customer.name if payment.customer else None
    charge |= {"amount_refunded": payment.refunded, "refunded": payment.refunded == payment.amount}
    transaction = balance_transaction(
        charge["balance_transaction"],
        "charge",
        payment.amount,
        payment.fee,
        charge["id"],
        stub["currency"] or "",
        moment,
    )
    transaction |= {"status": "available" if payout else "pending"}
    books.add("balance_transactions", transaction | {"payout": payment.payout_id})


def enter_payout(books: StripeBooks, payout: Payout) -> None:
    """Enter a payout and its movement of the balance."""
    arrives = int(instant(payout.arrives, "payout").timestamp())
    transaction = balance_transaction(
        f"txn_{payout.id[3:]}", "payout", -payout.amount, 0, payout.id, payout.currency.lower(), arrives
    )
    books.add("balance_transactions", transaction | {"payout": payout.id})
    books.add("payouts", {
        "id": payout.id, "object": "payout", "amount": payout.amount, "arrival_date": arrives, "automatic": True,
        "balance_transaction": transaction["id"], "created": arrives - 172_800, "currency": payout.currency.lower(),
        "description": "STRIPE PAYOUT", "destination": f"ba_1R{payout.currency}faronorte",
        "failure_balance_transaction": None,
        "failure_code": None, "failure_message": None, "livemode": False, "metadata": {}, "method": "standard",
        "original_payout": None, "reconciliation_status": "completed", "reversed_by": None, "source_type": "card",
        "statement_descriptor": payout.trace, "status": "paid", "trace_id": {"status": "supported",
            "value": payout.trace},
        "type": "bank_account",
    })  # fmt: skip


def enter_credit_note(books: StripeBooks, note: CreditNote) -> None:
    """Enter a credit note, and its refund if it came after payment."""
    invoice = books.objects["invoices"][note.invoice.id]
    moment = int(instant(note.on, note.id).timestamp())
    row = books.add("credit_notes", credit_note(note.id, note.number, invoice, note.net, note.tax, note.kind, moment))
    row |= {"reason": note.reason, "memo": note.memo}
    if note.kind == "pre_payment":
        invoice["pre_payment_credit_notes_amount"] += note.net + note.tax
        return
    invoice["post_payment_credit_notes_amount"] += note.net + note.tax
    payment = note.invoice.payments[-1]
    row["refunds"] = [
        {
            "amount_refunded": note.net + note.tax,
            "payment_record_refund": None,
            "refund": note.refund_id,
            "type": "refund",
        }
    ]
    refund_id = str(note.refund_id)
    transaction = balance_transaction(
        f"txn_{refund_id[3:]}", "refund", -payment.refunded, 0, refund_id, invoice["currency"], moment
    )
    books.add("balance_transactions", transaction | {"payout": payment.payout_id})
    books.add("refunds", {
        "id": refund_id, "object": "refund", "amount": payment.refunded, "balance_transaction": transaction["id"],
        "charge": payment.charge_id, "created": moment, "currency": invoice["currency"], "description": None,
        "destination_details": None, "metadata": {}, "payment_intent": payment.id, "reason": "requested_by_customer",
        "receipt_number": None, "source_transfer_reversal": None, "status": "succeeded", "transfer_reversal": None,
    })  # fmt: skip


def failures(books: StripeBooks) -> None:
    """Add card attempts that failed before one succeeded: no money came."""
    for charge in list(books.objects["charges"].values())[20::75]:
        moment = charge["created"] - 86_400
        books.add("charges", charge | {
            "id": f"{charge['id'][:-4]}fail", "amount_captured": 0, "balance_transaction": None, "created": moment,
            "paid": False,
            "captured": False, "status": "failed", "failure_code": "card_declined",
            "failure_message": "Your card was declined.",
            "outcome": {"network_status": "declined_by_network", "reason": "generic_decline", "risk_level": "normal",
                        "seller_message": "The bank did not return any further details with this decline.",
                        "type": "issuer_declined"},
            "amount_refunded": 0, "refunded": False,
        })  # fmt: skip
