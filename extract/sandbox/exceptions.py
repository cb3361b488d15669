"""What looks wrong in the company's books and is not: planted so that a check which accuses it is seen to fail."""

from typing import Any

from extract.sandbox import identifiers
from extract.sandbox.books import Company, CreditNote, Deal, Invoice, share
from extract.sandbox.planted import Planter, subject
from extract.sandbox.planted_customers import namesakes
from extract.sandbox.trade import SALES, SERVICES, copies
from extract.sandbox.world import BRITAIN, FRANCE, GERMANY, MEXICO, POLAND, SPAIN, STATES

AMOUNT = ["amount_differs", "over_invoiced", "partly_invoiced", "won_not_invoiced"]
UNPAID = ["overdue", "partly_paid"]


class Excepter:
    """Plants every legitimate exception and says so in `company.exceptions`."""

    def __init__(self, planter: Planter) -> None:
        self.planter, self.trade, self.company = planter, planter.trade, planter.company
        self.rng = planter.rng

    def agree(self, kind: str, row: Any, must_not: list[str], note: str) -> None:
        """List an exception of `row` and the checks that must not accuse it."""
        self.company.exceptions.append({"kind": kind, **subject(row), "must_not": must_not, "note": note})

    def everything(self) -> None:
        """Plant all of them but the ordinary ones (`ordinary` lists those)."""
        self.agreed_free()
        self.credited()
        self.net_against_gross()
        self.consolidated()
        self.parent_pays()
        self.fee_deducted()
        self.within_grace()
        self.void_and_reissued()
        self.written_off()
        self.archived()
        for one, other in namesakes(self.planter):
            note = f"shares its name with another company, {one.id} and {other.id}"
            for customer in (one, other):
                self.agree("namesake", customer, ["duplicate_customers", "tax_id_differs"], note)

    def agreed_free(self) -> None:
        """Deals won at nothing."""
        for offset, country in ((-45, SPAIN), (-120, FRANCE), (-290, STATES)):
            deal = self.planter.won(offset, country, lines=[])
            deal.title = f"Courtesy work – {deal.customer.name}"
            deal.hubspot["description"] = "Agreed free of charge with the management."
            self.agree("agreed_free", deal, AMOUNT, "won at 0.00: there is nothing to invoice")

    def credited(self) -> None:
        """Invoices credited in full and issued again, and one credited in part."""
        for offset, country in ((-55, SPAIN), (-128, POLAND), (-214, GERMANY)):
            deal = self.planter.won(offset, country)
            wrong = copies(deal.lines, deal)
            wrong[0].net += share(deal.net, 12, 100)
            wrong[0].unit = share(wrong[0].net, 1, wrong[0].quantity)
            first = self.trade.invoice([deal], offset + 1, wrong)
            self.credit(
                first, offset + 4, first.net, first.tax, "pre_payment", "order_change", "Cancelled and issued again"
            )
            first.status = "paid"
            again = self.trade.invoice([deal], offset + 5, copies(deal.lines, deal))
            self.trade.pay(again, offset + 24)
            note = "the first invoice was wrong, was credited in full and issued again"
            self.agree("credit_note_and_reissue", deal, [*AMOUNT, "paid_not_in_crm"], note)
            for invoice in (first, again):
                self.agree("credit_note_and_reissue", invoice, ["duplicate_invoice", *UNPAID], note)
        for offset, country in ((-85, SPAIN), (-175, FRANCE)):
            deal = self.planter.won(offset, country, "stripe")
            lines = copies(deal.lines, deal)
            lines[0].net += share(deal.net, 25, 100)
            lines[0].unit = share(lines[0].net, 1, lines[0].quantity)
            invoice = self.trade.invoice([deal], offset + 1, lines)
            payment = self.trade.pay(invoice, offset + 12)
            net = invoice.net - deal.net
            tax = share(net, deal.customer.country.tax, 100)
            memo = "Part of the order was dropped"
            credit = self.credit(invoice, offset + 14, net, tax, "post_payment", "order_change", memo)
            credit.refund_id = identifiers.object_id(self.rng, "re", 20)
            payment.refunded = net + tax
            said = "a fifth of the invoice was credited and refunded; what remains is the deal's amount"
            self.agree("credit_note_partial", deal, [*AMOUNT, "paid_not_in_crm"], said)
            self.agree("credit_note_partial", invoice, UNPAID, said)

    def credit(
        self, invoice: Invoice, offset: int, net: int, tax: int, kind: str, reason: str, memo: str
    ) -> CreditNote:
        """Return a credit note on the invoice; before payment it lowers what is owed."""
        number = f"CN-{len(self.company.credit_notes) + 1:04d}"
        note_id = identifiers.object_id(self.rng, "cn", 18)
        note = CreditNote(note_id, number, invoice, self.company.day(offset), net, tax, kind, reason, memo)
        if kind == "pre_payment":
            invoice.credited += net + tax
        self.company.credit_notes.append(note)
        return note

    def net_against_gross(self) -> None:
        """Deals whose amount has the tax in it."""
        for offset, country in ((-47, SPAIN), (-113, FRANCE), (-171, POLAND), (-256, GERMANY)):
            deal, invoice = self.planter.paid(offset, country)
            deal.amount = invoice.gross
            note = f"the salesperson typed the amount with {country.tax} % tax included"
            self.agree("net_against_gross", deal, AMOUNT, note)

    def consolidated(self) -> None:
        """One invoice for several deals."""
        for offset, country, count, tie in (
            (-38, SPAIN, 2, "number"), (-76, FRANCE, 3, "reference"), (-149, POLAND, 4, "number"), (-270, SPAIN, 3,
                "reference"),
        ):  # fmt: skip
            customer = self.trade.customer(country)
            deals = [self.trade.deal(customer, offset - 4 * n, pipeline=SALES) for n in range(count)][::-1]
            for deal in deals:
                deal.tie = tie
                deal.reference = f"PO-{self.trade.references.pop()}"
            lines = [line for deal in deals for line in copies(deal.lines, deal)]
            invoice = self.trade.invoice(deals, offset + 2, lines)
            if tie == "reference":
                invoice.custom_fields["PO"] = ", ".join(d.reference or "" for d in deals)
            self.trade.pay(invoice, offset + 22)
            for deal in deals:
                note = f"one invoice for {count} deals" + (
                    ", its number is on each" if tie == "number" else ", it names all orders"
                )
                self.agree("consolidated_invoice", deal, [*AMOUNT, "paid_not_in_crm"], note)
            self.agree("consolidated_invoice", invoice, ["invoice_without_deal"], f"one invoice for {count} deals")

    def parent_pays(self) -> None:
        """Invoices that the parent company paid."""
        for offset, country, style in (
            (-48, SPAIN, "clean"),
            (-91, FRANCE, "clean"),
            (-136, GERMANY, "clean"),
            (-199, POLAND, "name"),
        ):
            parent = self.trade.customer(country, "bank")
            child = self.trade.customer(country, "bank")
            child.parent = parent
            deal = self.trade.deal(child, offset)
            invoice = self.trade.invoice([deal], offset + 1, copies(deal.lines, deal))
            payment = self.trade.pay(invoice, offset + 26)
            payment.payer, payment.account, payment.style = (
                identifiers.plain(parent.name).upper()[:70],
                parent.account,
                style,
            )
            note = f"paid by the parent company {parent.name}" + (
                "" if style == "clean" else ", which names no invoice"
            )
            self.agree("parent_company_pays", payment, ["payment_without_invoice"], note)
            self.agree("parent_company_pays", invoice, UNPAID, note)

    def fee_deducted(self) -> None:
        """Payments from which banks kept their fee."""
        for offset, country, fee in (
            (-43, STATES, 18_00),
            (-94, MEXICO, 15_00),
            (-155, POLAND, 12_50),
            (-220, BRITAIN, 8_00),
        ):
            deal, invoice = self.planter.billed(offset, country, "bank")
            payment = self.trade.pay(invoice, offset + 21, invoice.gross - fee)
            payment.style, payment.fee = "clean", fee
            payment.told = payment.told or payment.on
            invoice.settled, invoice.status = payment.on, "paid"
            if offset == -94:  # Stripe was never told of this one
                payment.told, invoice.status = None, "open"
            note = f"the banks on the way kept {fee / 100:.2f} {invoice.currency}"
            self.agree("bank_fee_deducted", invoice, UNPAID, note)
            self.agree("bank_fee_deducted", payment, ["payment_without_invoice"], note)
            self.agree("bank_fee_deducted", deal, ["paid_not_in_crm"], note)

    def within_grace(self) -> None:
        """Deals won and drafts made within the days of grace."""
        for offset, country in ((-1, SPAIN), (-1, POLAND), (-2, FRANCE), (-3, SPAIN)):
            deal = self.planter.won(offset, country, snap=False)
            self.agree("won_yesterday", deal, AMOUNT, f"won {-offset} days ago: three days of grace")
        for country in (SPAIN, GERMANY):
            deal = self.planter.won(-5, country)
            invoice = self.trade.invoice([deal], -1, copies(deal.lines, deal), snap=False)
            invoice.status, invoice.is_sent = "draft", False
            self.agree("draft_yesterday", invoice, ["invoice_not_sent"], "a draft since yesterday: three days of grace")
            self.agree("draft_yesterday", deal, AMOUNT, "its invoice is drafted")

    def void_and_reissued(self) -> None:
        """Invoices voided and issued again."""
        for offset, country in ((-63, SPAIN), (-117, MEXICO), (-248, SPAIN), (-333, FRANCE)):
            deal, first = self.planter.billed(offset, country)
            first.status = "void"
            second = self.trade.invoice([deal], offset + 3, copies(deal.lines, deal))
            self.trade.pay(second, offset + 20)
            note = "the first invoice was voided and issued again"
            self.agree("void_and_reissued", deal, AMOUNT, note)
            for invoice in (first, second):
                self.agree("void_and_reissued", invoice, ["duplicate_invoice", *UNPAID], note)

    def written_off(self) -> None:
        """Invoices written off."""
        for offset, country in ((-420, SPAIN), (-510, FRANCE), (-640, MEXICO)):
            deal, invoice = self.planter.billed(offset, country)
            invoice.status = "uncollectible"
            deal.told = {"cuadra_invoice_status": "uncollectible"}
            self.agree("written_off", invoice, UNPAID, "the customer went bankrupt; written off in billing")

    def archived(self) -> None:
        """Deals entered by mistake."""
        for offset, pipeline in ((-35, SALES), (-88, SERVICES)):
            deal = self.planter.won(offset, SPAIN, pipeline=pipeline)
            deal.archived = True
            self.agree("archived_deal", deal, AMOUNT, "entered by mistake and archived")


def ordinary(company: Company, trade_exceptions: Excepter, plans: dict[str, list[Deal]]) -> None:
    """List some of the ordinary deals whose shape a careless check would accuse."""
    words = {
        "deposit": ("deposit_and_final", "a deposit and a final invoice that together are the deal"),
        "stages": ("instalments", "three invoices by stage that together are the deal"),
        "instalments": ("instalments", "equal instalments that together are the deal"),
        "recurring": ("instalments", "twelve monthly invoices of the same amount"),
        "renewal": ("renewal", "the same contract renewed each year for the same amount"),
    }
    for plan, (kind, note) in words.items():
        for deal in [d for d in plans[plan] if all(i.settled for i in d.invoices)][:6]:
            trade_exceptions.agree(kind, deal, [*AMOUNT, "paid_not_in_crm"], note)
            for invoice in deal.invoices:
                trade_exceptions.agree(kind, invoice, ["duplicate_invoice", "invoice_without_deal"], note)
    said = {row["id"] for row in company.problems}
    for invoice in company.invoices:
        if invoice.status == "open" and invoice.settled and invoice.id not in said and invoice.due < company.today:
            note = "paid by transfer; billing was never told and still shows it open"
            trade_exceptions.agree("paid_by_transfer", invoice, UNPAID, note)
    for payout in company.payouts[-6:]:
        note = "what the card processor pays out to the bank: many customers' money less fees"
        trade_exceptions.agree("gateway_payout", payout, ["payment_without_invoice"], note)
