"""The planted problems of invoices and money: twice, without a deal, not sent, not paid, paid for nothing, not told."""

from extract.sandbox import identifiers
from extract.sandbox.books import share
from extract.sandbox.planted import Planter
from extract.sandbox.trade import copies
from extract.sandbox.world import BRITAIN, FRANCE, GERMANY, MEXICO, POLAND, SPAIN, STATES

AGES = (
    7,
    9,
    12,
    15,
    18,
    22,
    26,
    30,
    34,
    40,
    45,
    52,
    58,
    61,
    70,
    76,
    83,
    91,
    97,
    105,
    118,
    133,
    150,
    176,
    210,
    264,
    301,
)


def plant_invoices(planter: Planter) -> None:
    """Plant all of them but the overdue ones that arise by themselves (`overdue` lists those)."""
    duplicate_invoice(planter)
    invoice_without_deal(planter)
    invoice_not_sent(planter)
    long_overdue(planter)
    partly_paid(planter)
    payment_without_invoice(planter)
    paid_not_in_crm(planter)


def duplicate_invoice(planter: Planter) -> None:
    """Plant invoices issued twice; the later of the pair is the problem."""
    for offset, country, later, note in (
        (-26, SPAIN, 0, "issued twice the same day; one was paid"),
        (-31, FRANCE, 1, "issued again the next day; the first was paid"),
        (-90, POLAND, 2, "issued again two days later and left unpaid"),
        (-135, SPAIN, 2, "issued again two days later and left unpaid"),
        (-260, GERMANY, 1, "issued again the next day and left unpaid"),
    ):
        deal, first = planter.billed(offset, country)
        second = planter.trade.invoice([deal], first.offset + later, copies(deal.lines, deal))
        if offset > -60:
            planter.not_due(first)
            second.due = second.issued + (first.due - first.issued)
        planter.trade.pay(first, first.offset + 10)
        deal.told = {"cuadra_invoice_status": "paid", "cuadra_paid_on": str(first.settled)}
        planter.plant("duplicate_invoice", second, second.gross, second.currency, note, first, deal)


def invoice_without_deal(planter: Planter) -> None:
    """Plant invoices that belong to no deal."""
    regulars = [c for c in planter.company.customers if c.in_stripe][:40:6]
    for customer, offset in zip(regulars, (-15, -24, -70, -112, -180, -290, -420), strict=True):
        lines = planter.trade.lines(customer)
        invoice = planter.trade.invoice([], offset, lines, customer=customer)
        if offset in (-15, -24):
            planter.not_due_by(invoice, customer.terms + 45)
            note = f"45 days more to pay than the customer's {customer.terms}"
            planter.plant("terms_differ", invoice, invoice.gross, invoice.currency, note)
        else:
            planter.trade.pay(invoice, offset + 18)
        note = "made by hand in billing for a regular customer; no deal like it" + (
            "" if invoice.settled else ", unpaid"
        )
        planter.plant("invoice_without_deal", invoice, invoice.gross, invoice.currency, note)


def invoice_not_sent(planter: Planter) -> None:
    """Plant drafts that wait, and issued invoices that never left."""
    for offset, country in ((-6, SPAIN), (-11, FRANCE), (-19, POLAND), (-33, SPAIN), (-57, MEXICO)):
        deal, invoice = planter.billed(offset - 2, country, lag=2)
        invoice.status, invoice.is_sent = "draft", False
        note = f"a draft for {-offset} days"
        planter.plant("invoice_not_sent", invoice, invoice.gross, invoice.currency, note, deal)
    for offset, country in ((-7, SPAIN), (-16, BRITAIN)):
        deal, invoice = planter.billed(offset - 1, country)
        planter.not_due(invoice)
        invoice.is_sent = False
        note = "issued, but no invoice.sent event: it never left"
        planter.plant("invoice_not_sent", invoice, invoice.gross, invoice.currency, note, deal)


def long_overdue(planter: Planter) -> None:
    """Leave invoices unpaid long past their due date."""
    for age in AGES:
        customer = planter.trade.customer()
        deal = planter.trade.deal(customer, -age - customer.terms - planter.rng.randint(1, 3))
        planter.trade.invoice([deal], -age - customer.terms, copies(deal.lines, deal))


def overdue(planter: Planter) -> None:
    """List every issued invoice past its due date that was not paid."""
    tolerated = {row["id"] for row in planter.company.exceptions if "overdue" in row["must_not"]}
    for invoice in planter.company.invoices:
        left = invoice.gross - invoice.credited - invoice.received
        if (
            invoice.status == "open"
            and left > 0
            and invoice.due < planter.company.today
            and invoice.id not in tolerated
        ):
            planter.plant("overdue", invoice, left, invoice.currency, "not paid by its due date")


def partly_paid(planter: Planter) -> None:
    """Plant invoices of which a part was paid."""
    shapes = [
        (-40, SPAIN, "bank", 50, "half came by transfer; due"),
        (-52, FRANCE, "bank", 40, "40 % came by transfer; due"),
        (-18, POLAND, "bank", 60, "60 % came by transfer; not due yet"),
        (-110, SPAIN, "bank", 25, "a quarter came by transfer; long due"),
        (-77, GERMANY, "stripe", 50, "half was paid by card; due"),
        (-15, STATES, "stripe", 30, "30 % was paid by card; not due yet"),
    ]
    for offset, country, payer, percent, note in shapes:
        deal, invoice = planter.billed(offset, country, payer)
        if offset > -20:
            planter.not_due(invoice)
        else:
            invoice.customer.terms = 15
            invoice.due = invoice.issued + (planter.company.day(15, False) - planter.company.today)
        payment = planter.trade.pay(invoice, offset + 8, share(invoice.gross, percent, 100))
        payment.style = "clean"
        left = invoice.gross - invoice.received
        planter.plant("partly_paid", invoice, left, invoice.currency, note, deal, payment)


def payment_without_invoice(planter: Planter) -> None:
    """Plant money that came for nothing we know."""
    regulars = [c for c in planter.company.customers if c.in_stripe and c.payer == "bank"][5:40:9]
    for offset, customer in zip((-5, -28, -74, -190), regulars, strict=True):
        amount = planter.rng.randint(180, 2900) * 100 + planter.rng.randint(1, 99)
        payment = planter.trade.payment("bank", customer, offset, amount, customer.currency)
        payment.style = "vague"
        note = "from a known customer, but none of their invoices has this amount"
        planter.plant("payment_without_invoice", payment, amount, payment.currency, note)
    for offset, payer, text in (
        (-9, "DESCONOCIDO GARCIA HERMANOS CB", "INGRESO SEGUN ACUERDO"),
        (-45, "STICHTING VELDHOVEN", "BOOKING DEPOSIT 2ND FLOOR"),
        (-130, "M. A. PRZYBYSZ", "ZALICZKA"),
    ):
        payment = planter.trade.payment("bank", None, offset, planter.rng.randint(90_00, 1900_00), "EUR")
        payment.payer, payment.account, payment.text = payer, identifiers.iban(planter.rng, "DE"), text
        note = "from someone we never invoiced"
        planter.plant("payment_without_invoice", payment, payment.amount, "EUR", note)
    cards = [c for c in planter.company.customers if c.in_stripe and c.payer == "stripe"][3:30:14]
    for offset, customer in zip((-13, -85), cards, strict=True):
        amount = planter.rng.randint(60, 700) * 100 + planter.rng.randint(1, 99)
        payment = planter.trade.payment("stripe", customer, offset, amount, customer.currency)
        note = f"a card payment made outside any invoice (charge {payment.charge_id})"
        planter.plant("payment_without_invoice", payment, amount, payment.currency, note)


def paid_not_in_crm(planter: Planter) -> None:
    """Plant paid deals that were never told so."""
    silent: dict[str, str | None] = dict.fromkeys(
        ("cuadra_invoice_number", "cuadra_invoice_status", "cuadra_invoiced_amount", "cuadra_paid_on")
    )
    unpaid: dict[str, str | None] = {"cuadra_invoice_status": "sent", "cuadra_paid_on": None}
    late: dict[str, str | None] = {"cuadra_invoice_status": "overdue", "cuadra_paid_on": None}
    for offset, country, payer, told, note in (
        (-50, SPAIN, "stripe", unpaid, "paid by card; the deal still says sent"),
        (-69, FRANCE, "stripe", late, "paid by card; the deal still says overdue"),
        (-84, SPAIN, "bank", unpaid, "paid by transfer; the deal still says sent"),
        (-109, POLAND, "bank", late, "paid by transfer; the deal still says overdue"),
        (-125, MEXICO, "bank", silent, "paid by transfer; the deal was never told of the invoice at all"),
        (-174, STATES, "stripe", silent, "paid by card; the deal was never told of the invoice at all"),
        (-240, BRITAIN, "stripe", unpaid, "paid by card long ago; the deal still says sent"),
    ):
        deal, invoice = planter.paid(offset, country, payer)
        deal.told = dict(told)
        planter.plant("paid_not_in_crm", deal, invoice.gross, invoice.currency, note, invoice)
    deal = planter.won(-115, SPAIN)
    for invoice in planter.trade.bill(deal, "deposit"):
        planter.trade.pay(invoice, invoice.offset + 9)
    deal.told = {"cuadra_invoice_status": "partly_paid", "cuadra_paid_on": None}
    gross = sum(i.gross for i in deal.invoices)
    note = "deposit and final are both paid; the deal still says partly paid"
    planter.plant("paid_not_in_crm", deal, gross, deal.currency, note, *deal.invoices)
