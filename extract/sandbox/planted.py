"""The problems planted in the sandbox company's books, each in several shapes, and the list that names them all.

What the amounts mean: a deal is *partly invoiced* when its invoices reach three quarters of it at most, *over-invoiced*
when they exceed it by a fifth or more, and its *amount differs* when one invoice is off by less than that and by more
than a rounding. Data that one side lacks is missing (`customer_data_invalid`), not different. A duplicate invoice is
listed as that alone, though its deal is over-invoiced. Every unpaid invoice past its due date is overdue, whatever else
it is: both are listed. Another tax id is listed of the customer's record and of every invoice that was issued with it.
"""

from typing import Any

from extract.sandbox import identifiers
from extract.sandbox.books import Customer, Deal, Invoice, decimal, share
from extract.sandbox.trade import SALES, SERVICES, Trade, copies
from extract.sandbox.world import BRITAIN, FRANCE, GERMANY, MEXICO, POLAND, SPAIN, STATES, Country


class Planter:
    """Plants every problem and says so in `company.problems`."""

    def __init__(self, trade: Trade) -> None:
        self.trade, self.rng, self.company = trade, trade.rng, trade.company

    def plant(self, check: str, row: Any, amount: int, currency: str, note: str, *also: Any) -> None:
        """List a problem of `row` (a deal, invoice, payment or customer) worth `amount` minor units."""
        self.company.problems.append(
            {"check": check, **subject(row), "amount": str(decimal(amount)), "currency": currency, "note": note}
            | ({"also": [subject(other) for other in also]} if also else {})
        )

    def deals(self) -> None:
        """Plant the problems of deals against invoices, and of who is invoiced."""
        self.won_not_invoiced()
        self.partly_invoiced()
        self.over_invoiced()
        self.amount_differs()
        self.currency_differs()
        self.tax_id_differs()
        self.contact_differs()

    def won(self, offset: int, country: Country | None = None, payer: str | None = None, **how: Any) -> Deal:
        """Return a won deal of a new customer."""
        return self.trade.deal(self.trade.customer(country, payer), offset, **how)

    def billed(
        self, offset: int, country: Country | None = None, payer: str | None = None, lag: int = 1
    ) -> tuple[Deal, Invoice]:
        """Return a won deal of a new customer and its one invoice, not paid."""
        deal = self.won(offset, country, payer)
        return deal, self.trade.invoice([deal], offset + lag, copies(deal.lines, deal))

    def paid(self, offset: int, country: Country | None = None, payer: str | None = None) -> tuple[Deal, Invoice]:
        """Return the same, paid in time."""
        deal, invoice = self.billed(offset, country, payer)
        self.trade.pay(invoice, min(invoice.offset + invoice.customer.terms - 2, -2))
        return deal, invoice

    # -- deals against invoices --------------------------------------------------------------------------------

    def won_not_invoiced(self) -> None:
        """Plant won deals that nobody invoiced."""
        shapes: list[tuple[int, Country, str, str]] = [
            (-6, SPAIN, SALES, "won six days ago, just past the days of grace"),
            (-14, FRANCE, SALES, "won two weeks ago"),
            (-23, POLAND, SERVICES, "won in the pipeline whose stages have numeric ids"),
            (-41, MEXICO, SALES, "won in pesos"),
            (-64, SPAIN, SERVICES, "forgotten for two months"),
            (-97, STATES, SALES, "won in dollars"),
            (-158, GERMANY, SALES, "forgotten for five months"),
            (-316, SPAIN, SALES, "forgotten for most of a year"),
        ]
        for offset, country, pipeline, note in shapes:
            deal = self.won(offset, country, pipeline=pipeline)
            self.plant("won_not_invoiced", deal, deal.net, deal.currency, note)
        deal = self.won(-27, SPAIN)
        deal.closes = self.company.day(4, False)
        note = "the close date still holds the expected day; the stage was entered 27 days ago"
        self.plant("won_not_invoiced", deal, deal.net, deal.currency, note)
        deal = self.won(-37, SPAIN)
        deal.hubspot["deal_currency_code"] = None
        self.plant("won_not_invoiced", deal, deal.net, deal.currency, "no currency on the deal: the account's holds")
        deal, invoice = self.billed(-49, BRITAIN)
        invoice.status = "void"
        self.plant("won_not_invoiced", deal, deal.net, deal.currency, "its only invoice was voided", invoice)

    def partly_invoiced(self) -> None:
        """Plant deals of which a part was invoiced."""
        shapes = [
            ((30, 70), 1, 30, "Deposit", SPAIN, "only the deposit of 30 % was invoiced"),
            ((50, 50), 1, 14, "Deposit", FRANCE, "only the deposit of 50 % was invoiced"),
            ((40, 40, 20), 1, 30, "Stage", POLAND, "only the first of three stages"),
            ((40, 30, 30), 2, 21, "Stage", SPAIN, "the last of three stages is missing"),
            ((25, 25, 25, 25), 3, 30, "Instalment", GERMANY, "three of four instalments"),
            ((1,) * 12, 7, 30, "Month", SPAIN, "five of twelve months were never invoiced"),
            ((60, 40), 1, 20, "Part", MEXICO, "the second delivery was not invoiced"),
        ]
        for number, (weights, done, gap, word, country, note) in enumerate(shapes):
            deal = self.won(-(380 if len(weights) == 12 else 120 + 19 * number), country)
            deal.plan = "deposit" if word == "Deposit" else "stages"
            made = self.trade.parts(deal, [deal.offset + 2 + i * gap for i in range(len(weights))], list(weights), word)
            for invoice in made[done:]:
                self.forget(invoice)
            for invoice in made[:done]:
                self.trade.pay(invoice, min(invoice.offset + 12, -2))
            left = deal.net - sum(i.net for i in made[:done])
            check = "final_invoice_missing" if word == "Deposit" else "partly_invoiced"  # the deposit is paid
            self.plant(check, deal, left, deal.currency, note, *made[:done])

    def forget(self, invoice: Invoice) -> None:
        """Unmake an invoice."""
        self.company.invoices.remove(invoice)
        for deal in invoice.deals:
            deal.invoices.remove(invoice)

    def over_invoiced(self) -> None:
        """Plant deals that were invoiced too much."""
        for offset, country, parts, extra in ((-140, SPAIN, 3, 1), (-210, FRANCE, 4, 1), (-96, POLAND, 2, 1)):
            deal = self.won(offset, country)
            deal.plan = "stages"
            made = self.trade.parts(deal, [offset + 2 + 20 * i for i in range(parts)], [1] * parts, "Instalment")
            again = share(deal.net, 1, parts)
            line = self.trade.one_line(deal, f"Instalment {parts + extra} – {deal.title}", again)
            made.append(self.trade.invoice([deal], made[-1].offset + 20, [line], "instalment"))
            for invoice in made:
                self.trade.pay(invoice, min(invoice.offset + 13, -2))
            note = f"{parts + extra} instalments where {parts} were agreed"
            self.plant("over_invoiced", deal, again, deal.currency, note, *made)
        for offset, country, factor, note in (
            (-75, SPAIN, 2, "quantity typed twice as high on the invoice"),
            (-188, BRITAIN, 3, "quantity typed three times as high on the invoice"),
        ):
            deal = self.won(offset, country)
            lines = copies(deal.lines, deal)
            for line in lines:
                line.quantity, line.net = line.quantity * factor, line.net * factor
            invoice = self.trade.invoice([deal], offset + 1, lines)
            self.trade.pay(invoice, offset + 20)
            self.plant("over_invoiced", deal, deal.net * (factor - 1), deal.currency, note, invoice)

    def amount_differs(self) -> None:
        """Plant invoices that are a little off their deal."""
        shapes = [
            (-33, SPAIN, 95, "a discount of 5 % was given on the invoice only"),
            (-58, FRANCE, 90, "a discount of 10 % was given on the invoice only"),
            (-82, POLAND, 104, "invoiced by the new price list, 4 % more"),
            (-131, SPAIN, 107, "travel expenses were added, 7 % more"),
            (-167, MEXICO, 88, "one line was left out, 12 % less"),
            (-245, STATES, 112, "12 % more"),
            (-402, GERMANY, 97, "3 % less"),
            (-20, BRITAIN, 92, "8 % less, not paid yet"),
        ]
        for offset, country, percent, note in shapes:
            deal = self.won(offset, country)
            lines = copies(deal.lines, deal)
            lines[0].net += share(deal.net, percent - 100, 100)
            lines[0].unit = share(lines[0].net, 1, lines[0].quantity)
            invoice = self.trade.invoice([deal], offset + 1, lines)
            if offset != -20:
                self.trade.pay(invoice, min(offset + 22, -2))
            else:
                self.not_due(invoice)
            self.plant("amount_differs", deal, abs(invoice.net - deal.net), deal.currency, note, invoice)

    def not_due(self, invoice: Invoice) -> None:
        """Give the invoice sixty days, so that it is not due yet."""
        invoice.customer.terms = 60
        self.not_due_by(invoice, 60)

    def not_due_by(self, invoice: Invoice, days: int) -> None:
        """Give the invoice this many days."""
        invoice.due = invoice.issued + (self.company.day(days, False) - self.company.today)

    def currency_differs(self) -> None:
        """Plant invoices in another currency than their deal."""
        for offset, country, currency in (
            (-46, SPAIN, "USD"), (-88, POLAND, "EUR"), (-152, MEXICO, "USD"), (-230, STATES, "EUR"), (-61, BRITAIN,
                "EUR"),
        ):  # fmt: skip
            deal = self.won(offset, country, "bank")
            invoice = self.trade.invoice([deal], offset + 2, copies(deal.lines, deal))
            invoice.currency = currency
            self.trade.pay(invoice, offset + 25)
            note = f"agreed in {deal.currency}, invoiced in {currency}"
            self.plant("currency_differs", deal, deal.net, deal.currency, note, invoice)

    # -- who is invoiced ---------------------------------------------------------------------------------------

    def tax_id_differs(self) -> None:
        """Plant invoices on another tax id than the CRM's."""
        for offset, country, deals in ((-72, SPAIN, 1), (-119, FRANCE, 2), (-203, POLAND, 1)):
            customer = self.trade.customer(country)
            customer.stripe["tax_id"] = identifiers.tax_id(self.rng, country.code, customer.name)
            note = "billing knows the customer by another tax id"
            made = self.paid_deals(customer, offset, deals)
            for deal, invoice in made:
                self.plant("tax_id_differs", invoice, invoice.gross, invoice.currency, note, deal)
            self.record("tax_id_differs", customer, made, note)
        deal, invoice = self.paid(-66, SPAIN)
        customer = invoice.customer
        customer.stripe["tax_id"] = wrong = customer.tax_id[:-1] + ("0" if customer.tax_id[-1] != "0" else "7")
        self.plant(
            "tax_id_differs", invoice, invoice.gross, invoice.currency, f"last character mistyped: {wrong}", deal
        )
        self.record("tax_id_differs", customer, [(deal, invoice)], f"last character mistyped: {wrong}")
        note = "tax id in billing fails its check digit"
        self.plant("customer_data_invalid", stripe(customer), invoice.gross, invoice.currency, note)
        for offset, country in ((-93, GERMANY), (-310, SPAIN)):
            deal, invoice = self.paid(offset, country)
            invoice.stripe["tax_id"] = identifiers.tax_id(self.rng, country.code, invoice.customer.name)
            note = "this invoice was issued with the tax id of another company; the customer is right by now"
            self.plant("tax_id_differs", invoice, invoice.gross, invoice.currency, note, deal)

    def paid_deals(self, customer: Customer, offset: int, deals: int) -> list[tuple[Deal, Invoice]]:
        """Return deals of the customer, each with its paid invoice."""
        made = []
        for number in range(deals):
            deal = self.trade.deal(customer, offset - 40 * number)
            invoice = self.trade.invoice([deal], deal.offset + 1, copies(deal.lines, deal))
            self.trade.pay(invoice, deal.offset + 24)
            made.append((deal, invoice))
        return made

    def record(self, check: str, customer: Customer, made: list[tuple[Deal, Invoice]], note: str) -> None:
        """List a difference of the customer's record in billing; at stake is what was invoiced to it."""
        total = sum(invoice.gross for _, invoice in made)
        self.plant(check, stripe(customer), total, customer.currency, note, *(invoice for _, invoice in made))

    def differ(self, check: str, customer: Customer, offset: int, deals: int, note: str) -> None:
        """Give the customer paid deals; what billing has of it is not what the CRM has."""
        self.record(check, customer, self.paid_deals(customer, offset, deals), note)

    def contact_differs(self) -> None:
        """Plant customers with another e-mail or address in billing than in the CRM."""
        for offset, country, local, deals in ((-54, SPAIN, "administracion", 1), (-101, POLAND, "ksiegowosc", 2)):
            customer = self.trade.customer(country)
            customer.stripe["email"] = f"{local}@{customer.domain}"
            self.differ("contact_differs", customer, offset, deals, "e-mail in billing is not the one in the CRM")
        customer = self.trade.customer(FRANCE)
        customer.stripe["email"] = customer.email.replace(".example", "-old.example")
        self.differ("contact_differs", customer, -176, 1, "e-mail in billing is of the customer's former domain")
        customer = self.trade.customer(SPAIN)
        customer.stripe["street"], customer.stripe["postcode"] = "Calle Antigua 4", "28900"
        self.differ("contact_differs", customer, -143, 1, "street and postcode in billing are of the former office")
        customer = self.trade.customer(GERMANY)
        customer.stripe["city"], customer.stripe["postcode"] = "Hamburg", "20095"
        self.differ("contact_differs", customer, -222, 1, "another city in billing")
        customer = self.trade.customer(SPAIN)
        customer.stripe["email"] = f"compras(at){customer.domain}"
        self.differ("contact_differs", customer, -87, 1, "e-mail in billing is not an address")
        note = "e-mail in billing is not an address"
        self.plant("customer_data_invalid", stripe(customer), 0, customer.currency, note)


def stripe(customer: Customer) -> dict[str, str]:
    """Return the subject of a customer as billing knows it."""
    return {"subject": "customers", "vendor": "stripe", "id": customer.stripe_id}


def subject(row: Any) -> dict[str, str]:
    """Return the canonical table, vendor and id of a row; a customer is the CRM's unless said otherwise."""
    if isinstance(row, dict):
        return row
    table = {
        "Deal": "deals",
        "Invoice": "invoices",
        "Payment": "payments",
        "Payout": "payments",
        "Customer": "customers",
    }
    kind = type(row).__name__
    if kind == "Payout":
        return {"subject": "payments", "vendor": "bank", "id": row.bank_id}
    vendor = {"deals": "hubspot", "customers": "hubspot", "invoices": "stripe"}.get(table[kind])
    return {"subject": table[kind], "vendor": vendor or row.method, "id": row.id}
