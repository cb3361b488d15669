"""Makes the books of the sandbox company: three years of trade, from a seed, laid before today.

Identifiers, names, amounts and problems depend on the seed (and the number of deals) only; dates are counted back from
`today` and moved from weekends to the Friday before, so that a demo always looks current.
"""

from collections import defaultdict
from datetime import date
from random import Random

from extract.sandbox import identifiers
from extract.sandbox.books import Company, Customer, Deal, Noise, Payment, Payout, decimal
from extract.sandbox.exceptions import Excepter, ordinary
from extract.sandbox.planted import Planter
from extract.sandbox.planted_customers import customer_data_invalid, duplicate_customers
from extract.sandbox.planted_invoices import overdue, plant_invoices
from extract.sandbox.remittance import join_some, write_texts
from extract.sandbox.statement import GATEWAY
from extract.sandbox.trade import LAST_PAID, SERVICES, Trade
from extract.sandbox.world import CURRENCIES

YEARS_BACK = 1085
FIRST_NUMBER = 10_001
PAYOUT_DAYS = 28
FEWEST_DEALS = 300  # fewer leave too few customers to plant every problem among
RENEWING = 0.028  # customers with a yearly contract, as a share of the number of deals
PLANS = {"once": 36, "deposit": 27, "stages": 20, "instalments": 10, "recurring": 7}
ROOM = {"once": 0, "deposit": 18, "stages": 48, "instalments": 100, "recurring": 345}  # days it takes at least


def company(today: date, seed: int = 7, deals: int = 1500) -> Company:
    """Return the company as it stands on the morning of `today`. Raises ValueError below 300 deals."""
    if deals < FEWEST_DEALS:
        raise ValueError(f"{deals} deals are too few: at least {FEWEST_DEALS}")
    books = Company(today, seed)
    trade = Trade(books, Random(seed))
    books.accounts = {currency: identifiers.iban(trade.rng, "ES") for currency in CURRENCIES}
    plans = _ordinary_trade(trade, deals)
    join_some(trade)
    planter = Planter(trade)
    planter.deals()
    plant_invoices(planter)
    customer_data_invalid(planter)
    duplicate_customers(planter)
    excepter = Excepter(planter)
    excepter.everything()
    _number_invoices(books)
    overdue(planter)
    write_texts(books, trade.rng)
    _pay_out(trade)
    _noise(trade)
    ordinary(books, excepter, plans)
    _describe_transfers(books)
    for customer in books.customers:
        customer.offset = min([d.offset for d in books.deals if d.customer is customer] or [-400]) - 110
    return books


def _ordinary_trade(trade: Trade, deals: int) -> dict[str, list[Deal]]:
    """Do the clean business of three years; return the billed deals by plan."""
    rng = trade.rng
    plans: dict[str, list[Deal]] = defaultdict(list)
    customers = [trade.customer() for _ in range(int(deals * 0.2))]
    weights = [rng.random() ** 2 + 0.05 for _ in customers]
    for customer in rng.sample(customers, int(deals * RENEWING)):
        plans["renewal"] += _renewals(trade, customer)
    while len(trade.company.deals) < deals - 175:  # what is planted comes on top
        customer = rng.choices(customers, weights)[0]
        status = rng.choices(("won", "lost", "open"), (52, 28, 20))[0]
        if status == "open":
            trade.deal(customer, -rng.randint(1, 60), "open")
        elif status == "lost":
            trade.deal(customer, -rng.randint(1, YEARS_BACK), "lost")
        else:
            plan, deal = _win(trade, customer)
            plans[plan].append(deal)
    return plans


def _win(trade: Trade, customer: Customer) -> tuple[str, Deal]:
    rng = trade.rng
    offset = -int(6 + (YEARS_BACK - 6) * rng.random() ** 1.12)
    possible = [plan for plan in PLANS if -offset > ROOM[plan]]
    plan = rng.choices(possible, [PLANS[p] for p in possible])[0]
    deal = trade.deal(customer, offset)
    ties = (
        {"metadata": 72, "reference": 12, "number": 12, "bare": 4}
        if plan == "once"
        else {"metadata": 90, "reference": 10}
    )
    deal.tie = rng.choices(list(ties), list(ties.values()))[0]
    if rng.random() < 0.03 and offset < -60:  # somebody tidied the close date up afterwards
        deal.closes = trade.company.day(offset + rng.randint(3, 18))
    if rng.random() < 0.05 and deal.currency == "EUR":
        deal.hubspot["deal_currency_code"] = None
    for invoice in trade.bill(deal, plan):
        trade.settle(invoice)
    return plan, deal


def _renewals(trade: Trade, customer: Customer) -> list[Deal]:
    lines = trade.lines(customer, ("contract",))
    first = -trade.rng.randint(745, 1080)
    deals = []
    for year in range(3):
        if first + 365 * year > -6:
            break
        deal = trade.deal(customer, first + 365 * year, lines=lines, pipeline=SERVICES)
        deal.title = f"{deal.title} – year {year + 1}"
        for invoice in trade.bill(deal, "renewal"):
            trade.settle(invoice)
        deals.append(deal)
    return deals


def _number_invoices(books: Company) -> None:
    """Number the issued invoices without gaps in order of issue; a draft has none."""
    issued = sorted((i for i in books.invoices if i.status != "draft"), key=lambda i: i.offset)
    for number, invoice in enumerate(issued, FIRST_NUMBER):
        invoice.number = f"FN-{number}"


def _describe_transfers(books: Company) -> None:
    """Say in the list what the bank says of a transfer: an importer may give it another id than the bank's own."""
    known = {p.id: (p.payer, p.text, p.structured, p.amount) for p in books.payments if p.method == "bank"}
    known |= {p.bank_id: (GATEWAY, f"STRIPE PAYOUT {p.trace}", None, p.amount) for p in books.payouts}
    for row in books.problems + books.exceptions:
        for place in (row, *row.get("also", ())):
            if place["vendor"] == "bank":
                payer, text, structured, amount = known[place["id"]]
                place["bank"] = {"payer": payer, "text": text or structured, "amount": str(decimal(amount))}


def _pay_out(trade: Trade) -> None:
    """Bundle four weeks' card payments of a currency into a payout that reaches the bank two days later."""
    months: dict[tuple[int, str], list[Payment]] = defaultdict(list)
    for payment in trade.company.payments:
        if payment.method == "stripe":
            months[payment.offset // PAYOUT_DAYS, payment.currency].append(payment)
    for (month, currency), payments in sorted(months.items()):
        arrives = PAYOUT_DAYS * (month + 1) + 2
        amount = sum(p.amount - p.fee - p.refunded for p in payments)
        if arrives > LAST_PAID or amount <= 0:
            continue
        payout_id, trace = identifiers.object_id(trade.rng, "po", 20), f"ST{trade.rng.randrange(10**9, 10**10)}"
        payout = Payout(payout_id, currency, trade.company.day(arrives), amount, trace, payments, trade.entry_id())
        for payment in payments:
            payment.payout_id = payout.id
        trade.company.payouts.append(payout)


def _noise(trade: Trade) -> None:
    """Add what else passes through the accounts: rent, salaries, tax, a card bill, the banks' own fees."""
    monthly = (
        (2, -214_000, "INMOBILIARIA PUERTO VIEJO SA", "ALQUILER OFICINA", "PMNT"),
        (5, -18_940, "TELEFONIA ATLANTICA SAU", "RECIBO TELEFONO E INTERNET", "PMNT"),
        (20, -301_500, "TESORERIA GENERAL SEGURIDAD SOCIAL", "CUOTAS SEGURIDAD SOCIAL", "PMNT"),
        (28, -1_874_000, "NOMINAS", "NOMINAS DEL MES", "PMNT"),
    )
    for month in range(36):
        for day, amount, payee, text, code in monthly:
            offset = -(month * 30 + 31 - day) - 1
            amount = amount * trade.rng.randint(97, 103) // 100
            trade.company.noise.append(
                Noise(trade.entry_id(), trade.company.day(offset), amount, "EUR", payee, text, code)
            )
    for currency in CURRENCIES:
        for quarter in range(12):
            on = trade.company.day(-quarter * 91 - 3)
            noise = Noise(
                trade.entry_id(), on, -trade.rng.randint(9_00, 36_00), currency, "", "COMISION MANTENIMIENTO", "ACMT"
            )
            trade.company.noise.append(noise)
