"""Deals, their invoices and the money that comes for them: the ordinary course of the sandbox company's business."""

from datetime import timedelta
from random import Random

from extract.sandbox import identifiers
from extract.sandbox.books import Company, Customer, Deal, Invoice, Line, Payment, share
from extract.sandbox.customers import CustomerMaker
from extract.sandbox.world import PRICE_FACTOR, PRODUCTS, Country

FIRST_DEAL_ID = 22_410_300_500
LAST_PAID = -2  # nothing is paid later than this many days from today
SURELY_OVERDUE = -4  # an unpaid invoice falls due at or before this day, or at or after the next: never in between
SURELY_NOT_DUE = 3
SALES, SERVICES = "default", "72310455"
WON = {SALES: "closedwon", SERVICES: "139482104"}
LOST = {SALES: "closedlost", SERVICES: "139482105"}
OPEN = {
    SALES: ("appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "contractsent"),
    SERVICES: ("139482101", "139482102", "139482103"),
}
STRIPE_FEE = {"EUR": (15, 25), "GBP": (15, 20), "PLN": (25, 100), "USD": (29, 30), "MXN": (36, 300)}  # permille, fixed


class Trade:
    """Does business by a seeded dice; keeps everything in `company`."""

    def __init__(self, company: Company, rng: Random) -> None:
        self.company, self.rng = company, rng
        self.maker = CustomerMaker(rng)
        self.nets: set[tuple[str, int]] = set()  # (customer, net) of deals: no two alike unless meant
        self.references = rng.sample(range(20_000, 69_999), 8000)

    def customer(self, country: Country | None = None, payer: str | None = None) -> Customer:
        """Return a new customer, entered in the books."""
        customer = self.maker.customer(country, payer)
        self.company.customers.append(customer)
        return customer

    def lines(self, customer: Customer, kinds: tuple[str, ...] = ("project", "hours", "seats")) -> list[Line]:
        """Return one to four priced lines in the customer's currency whose net no other deal of theirs has."""
        goods = [p for p in PRODUCTS if p[3] in kinds]
        while True:
            lines = [
                self.line(customer, *product) for product in self.rng.sample(goods, self.rng.choice((1, 1, 2, 2, 3, 4)))
            ]
            net = sum(line.net for line in lines)
            if (customer.id, net) not in self.nets:
                self.nets.add((customer.id, net))
                return lines

    def line(self, customer: Customer, sku: str, name: str, euro: int, kind: str) -> Line:
        """Return a line of a product, with a discount once in a while."""
        unit = euro * PRICE_FACTOR[customer.currency]
        quantity = {"hours": self.rng.randint(4, 40), "seats": self.rng.randint(1, 14)}.get(kind, 1)
        if kind == "hours" and euro > 400:
            quantity = self.rng.randint(1, 6)
        discount = self.rng.choice((5, 10)) if self.rng.random() < 0.08 else 0
        net = share(unit * quantity, 100 - discount, 100)
        return Line(sku, name, quantity, unit, net, customer.country.tax, discount)

    def deal(
        self, customer: Customer, offset: int, status: str = "won", lines: list[Line] | None = None, snap: bool = True,
        pipeline: str | None = None,
    ) -> Deal:  # fmt: skip
        """Return a new deal, won (lost, last moved) `offset` days from today."""
        rng, company = self.rng, self.company
        lines = self.lines(customer) if lines is None else lines
        pipeline = pipeline or (SERVICES if rng.random() < 0.22 else SALES)
        stage = {"won": WON[pipeline], "lost": LOST[pipeline]}.get(status) or rng.choice(OPEN[pipeline])
        day = company.day(offset, snap)
        deal = Deal(
            id=str(FIRST_DEAL_ID + len(company.deals) * 17),
            title=self._title(customer, lines),
            customer=customer,
            owner=customer.owner if rng.random() < 0.9 else rng.randrange(8),
            pipeline=pipeline,
            stage=stage,
            status=status,
            currency=customer.currency,
            offset=offset,
            created=company.day(offset - rng.randint(9, 95)),
            lines=lines,
            won=day if status == "won" else None,
            closes=day if status != "open" else company.day(rng.randint(3, 70)),
            reference=f"PO-{self.references.pop()}" if rng.random() < 0.4 else None,
        )
        deal.amount = deal.net
        company.deals.append(deal)
        return deal

    def _title(self, customer: Customer, lines: list[Line]) -> str:
        what = lines[0].text if lines else "Courtesy work"
        return f"{what} – {customer.name.rsplit(' S', 1)[0].rsplit(' sp', 1)[0]}"

    def invoice(
        self, deals: list[Deal], offset: int, lines: list[Line], kind: str = "once", customer: Customer | None = None,
        snap: bool = True,
    ) -> Invoice:  # fmt: skip
        """Return an invoice issued `offset` days from today, sent, not yet paid; its tie follows the deal's."""
        company, customer = self.company, customer or deals[0].customer
        issued = company.day(offset, snap)
        invoice = Invoice(
            id=identifiers.object_id(self.rng, "in", 22),
            number=None,  # given in order of issue when all are known
            customer=customer,
            currency=deals[0].currency if deals else customer.currency,
            offset=offset,
            issued=issued,
            due=issued + timedelta(days=customer.terms),
            lines=lines,
            kind=kind,
            deals=list(deals),
        )
        customer.in_stripe = True
        company.invoices.append(invoice)
        for deal in deals:
            deal.invoices.append(invoice)
        self._tie(invoice)
        return invoice

    def _tie(self, invoice: Invoice) -> None:
        if len(invoice.deals) != 1:
            return
        deal = invoice.deals[0]
        if deal.tie == "metadata":
            invoice.metadata = {"crm_deal_id": deal.id} | ({"kind": invoice.kind} if invoice.kind != "once" else {})
            if deal.reference and self.rng.random() < 0.5:
                invoice.custom_fields["PO"] = deal.reference
        elif deal.tie == "reference":
            deal.reference = deal.reference or f"PO-{self.references.pop()}"
            way = self.rng.random()
            if way < 0.6:
                invoice.custom_fields["PO"] = deal.reference
            elif way < 0.85:
                invoice.description = f"Your order {deal.reference}"
            else:
                invoice.custom_fields["Order"] = deal.reference.replace("-", " ")

    # -- how a deal is billed ----------------------------------------------------------------------------------

    def bill(self, deal: Deal, plan: str) -> list[Invoice]:
        """Return the invoices of a won deal by `plan`, all of them issued before today."""
        deal.plan = {"once": "once", "deposit": "deposit", "recurring": "recurring", "renewal": "recurring"}.get(
            plan, "stages"
        )
        start = min(deal.offset + self.rng.randint(0, 3), LAST_PAID)
        if plan in ("once", "renewal"):
            return [self.invoice([deal], start, copies(deal.lines, deal), plan)]
        room = LAST_PAID - 1 - start
        if plan == "deposit":
            return self._deposit(deal, start, self.rng.randint(11, max(11, min(42, room))))
        count = {"stages": 3, "instalments": self.rng.randint(4, 6), "recurring": 12}[plan]
        gap = 30 if plan == "recurring" else min(30, max(14, room // count))
        weights = [40, 40, 20] if plan == "stages" else [1] * count
        word = {"stages": "Stage", "instalments": "Instalment", "recurring": "Month"}[plan]
        return self.parts(deal, [start + i * gap for i in range(count)], weights, word)

    def parts(self, deal: Deal, offsets: list[int], weights: list[int], word: str) -> list[Invoice]:
        """Return one invoice for each weight, together exactly the deal's net."""
        left, whole, made = deal.net, sum(weights), []
        for position, (offset, weight) in enumerate(zip(offsets, weights, strict=True), 1):
            net = left if position == len(weights) else share(deal.net, weight, whole)
            left -= net
            text = f"{word} {position}/{len(weights)} – {deal.title}"
            made.append(self.invoice([deal], offset, [self.one_line(deal, text, net)], word.lower()))
        return made

    def _deposit(self, deal: Deal, start: int, gap: int) -> list[Invoice]:
        percent = self.rng.choice((30, 40, 50))
        paid = share(deal.net, percent, 100)
        first = self.invoice(
            [deal], start, [self.one_line(deal, f"Deposit {percent} % – {deal.title}", paid)], "deposit"
        )
        if self.rng.random() < 0.5:
            lines = [*copies(deal.lines, deal), self.one_line(deal, "Less deposit already invoiced", -paid)]
        else:
            lines = [self.one_line(deal, f"Final invoice – {deal.title}", deal.net - paid)]
        return [first, self.invoice([deal], start + gap, lines, "final")]

    def one_line(self, deal: Deal, text: str, net: int) -> Line:
        """Return a line of quantity one."""
        return Line(None, text, 1, net, net, deal.customer.country.tax, deal=deal.id)

    # -- how it is paid ----------------------------------------------------------------------------------------

    def settle(self, invoice: Invoice) -> None:
        """Pay an invoice when its customer usually does, if that day has come; else leave it open.

        What is neither surely overdue nor surely not yet due is paid: it would change sides with the weekday.
        """
        due = invoice.offset + invoice.customer.terms
        day = max(invoice.offset + 1, due + invoice.customer.delay + self.rng.randint(-4, 4))
        if day > LAST_PAID and SURELY_OVERDUE < due < SURELY_NOT_DUE:
            day = LAST_PAID
        if day <= LAST_PAID:
            self.pay(invoice, day)

    def pay(self, invoice: Invoice, offset: int, amount: int | None = None, method: str | None = None) -> Payment:
        """Return a payment of `amount` (if none, of the rest) on that day, by card or transfer as the customer does."""
        amount = invoice.gross - invoice.credited - invoice.received if amount is None else amount
        method = method or invoice.customer.payer
        payment = self.payment(method, invoice.customer, offset, amount, invoice.currency)
        payment.parts[invoice.id] = amount
        invoice.payments.append(payment)
        if method == "bank" and self.rng.random() < 0.94:
            payment.told = self.company.day(min(offset + self.rng.randint(0, 2), -1))
        if invoice.received + invoice.credited >= invoice.gross:
            invoice.settled = payment.on
            if method == "stripe" or all(p.told for p in invoice.payments):
                invoice.status = "paid"
        return payment

    def payment(self, method: str, customer: Customer | None, offset: int, amount: int, currency: str) -> Payment:
        """Return money that came, not yet for anything."""
        payment = Payment(
            id=identifiers.object_id(self.rng, "pi", 20) if method == "stripe" else self.entry_id(),
            method=method,
            offset=offset,
            on=self.company.day(offset),
            amount=amount,
            currency=currency,
            customer=customer,
        )
        if method == "stripe":
            permille, fixed = STRIPE_FEE[currency]
            payment.charge_id = identifiers.object_id(self.rng, "ch", 20)
            payment.fee = share(amount, permille, 1000) + fixed
        if customer:
            payment.payer, payment.account = identifiers.plain(customer.name).upper()[:70], customer.account
        self.company.payments.append(payment)
        return payment

    def entry_id(self) -> str:
        """Return the bank's own reference of a new entry."""
        return f"FNB{self.rng.randrange(10**11, 10**12)}"


def copies(lines: list[Line], deal: Deal) -> list[Line]:
    """Return the deal's lines as an invoice takes them over."""
    return [Line(n.sku, n.text, n.quantity, n.unit, n.net, n.rate, n.discount, deal.id) for n in lines]
