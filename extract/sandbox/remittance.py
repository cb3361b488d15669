"""What the payer wrote: the remittance text of each transfer, from the invoice's number neatly typed to only a name."""

from random import Random

from extract.sandbox import identifiers
from extract.sandbox.books import Company, Invoice, Payment
from extract.sandbox.trade import Trade

WORDS = {
    "ES": ("Factura {n}", "Pago fra. {n}", "{n}", "PAGO FACTURA {n}", "TRANSF. FRA {n}"),
    "MX": ("Pago factura {n}", "{n}", "PAGO FACT {n}"),
    "FR": ("Règlement facture {n}", "FACT {n}", "{n}"),
    "PL": ("zapłata za fakturę {n}", "FV {n}", "{n}", "Faktura nr {n}"),
    "DE": ("Rechnung {n}", "RE-NR {n}", "{n}"),
    "GB": ("INVOICE {n}", "{n}", "INV {n} THANK YOU"),
    "US": ("Invoice {n}", "PAYMENT FOR {n}", "{n}"),
}
VAGUE = {"ES": "PAGO SEGUN LO ACORDADO", "MX": "PAGO SERVICIOS", "FR": "VIREMENT", "PL": "przelew", "DE": "ZAHLUNG",
         "GB": "PAYMENT", "US": "WIRE"}  # fmt: skip
AND = {"ES": " y ", "MX": " y ", "FR": " et ", "PL": " i ", "DE": " und "}


def join_some(trade: Trade) -> None:
    """Let some customers pay two or three invoices in one transfer, and some one invoice in two."""
    plain = [
        p for p in trade.company.payments if p.method == "bank" and not p.style and not p.text and len(p.parts) == 1
    ]
    invoices = {i.id: i for i in trade.company.invoices}
    by_customer: dict[str, list[Payment]] = {}
    for payment in plain:
        invoice = invoices[next(iter(payment.parts))]
        if invoice.kind in ("once", "renewal") and invoice.received == invoice.gross and payment.customer:
            by_customer.setdefault(payment.customer.id + payment.currency, []).append(payment)
    for group in by_customer.values():
        group.sort(key=lambda p: p.offset)
        while len(group) > 1:
            first = group.pop(0)
            while group and len(first.parts) < 3 and group[0].offset - first.offset <= 45 and trade.rng.random() < 0.5:
                _join(trade, invoices, first, group.pop(0))
    for payment in plain:
        invoice = invoices[next(iter(payment.parts))]
        if len(payment.parts) == 1 and invoice.received == invoice.gross and trade.rng.random() < 0.07:
            _split(trade, invoice, payment)


def _join(trade: Trade, invoices: dict[str, Invoice], first: Payment, other: Payment) -> None:
    first.offset, first.on = other.offset, other.on
    first.amount += other.amount
    first.parts |= other.parts
    first.style = "many"
    first.told = trade.company.day(min(first.offset + 1, -1))
    for invoice_id in first.parts:
        invoice = invoices[invoice_id]
        invoice.payments, invoice.settled, invoice.status = [first], first.on, "paid"
    trade.company.payments.remove(other)


def _split(trade: Trade, invoice: Invoice, payment: Payment) -> None:
    earlier = max(invoice.offset + 1, payment.offset - trade.rng.randint(4, 12))
    if earlier >= payment.offset:
        return
    part = payment.amount * trade.rng.choice((30, 40, 50, 60)) // 100
    first = trade.payment("bank", invoice.customer, earlier, part, invoice.currency)
    first.parts, first.style = {invoice.id: part}, "clean"
    first.told = trade.company.day(min(earlier + 1, -1)) if payment.told else None
    payment.amount -= part
    payment.parts, payment.style = {invoice.id: payment.amount}, "clean"
    invoice.payments.insert(0, first)


def write_texts(company: Company, rng: Random) -> None:
    """Give every transfer its remittance text, once invoices have their numbers."""
    invoices = {i.id: i for i in company.invoices}
    totals: dict[tuple[str, str, int], int] = {}
    for invoice in company.invoices:
        key = (invoice.customer.id, invoice.currency, invoice.gross)
        totals[key] = totals.get(key, 0) + 1
    for payment in company.payments:
        if payment.method != "bank" or payment.text:
            continue
        country = payment.customer.country.code if payment.customer else "ES"
        settled = [invoices[i] for i in payment.parts]
        unique = len(settled) == 1 and payment.amount == settled[0].gross
        unique = unique and totals[settled[0].customer.id, payment.currency, payment.amount] == 1
        style = payment.style or _style(rng, unique)
        _write(rng, payment, style, country, [i.number or "" for i in settled])


def _style(rng: Random, unique: bool) -> str:
    style = rng.choices(("clean", "mutilated", "structured", "name"), (62, 16, 13, 9))[0]
    return style if style != "name" or unique else "clean"


def _write(rng: Random, payment: Payment, style: str, country: str, numbers: list[str]) -> None:
    payment.end_to_end = f"E2E{rng.randrange(10**9, 10**10)}" if rng.random() < 0.5 else "NOTPROVIDED"
    if style == "structured":
        payment.structured = identifiers.creditor_reference(numbers[0])
    elif style == "many":
        payment.text = rng.choice(WORDS[country]).format(n=_listed(rng, numbers, country))
    elif style == "mutilated":
        payment.text = rng.choice(WORDS[country]).format(n=mutilated(rng, numbers[0]))
    elif style == "name":
        payment.text = rng.choice((payment.payer, VAGUE[country], f"{VAGUE[country]} {payment.payer}"))
    elif style == "vague":
        payment.text = VAGUE[country]
    else:
        payment.text = rng.choice(WORDS[country]).format(n=numbers[0])
    if rng.random() < 0.3:
        payment.text = identifiers.plain(payment.text).upper()


def _listed(rng: Random, numbers: list[str], country: str) -> str:
    if rng.random() < 0.6:
        return ", ".join(numbers[:-1]) + AND.get(country, " and ") + numbers[-1]
    prefix, first = numbers[0].split("-")
    return f"{prefix}-{first}/" + "/".join(n.split("-")[1] for n in numbers[1:])


def mutilated(rng: Random, number: str) -> str:
    """Return an invoice number as people mistype it without losing a digit."""
    prefix, digits = number.split("-")
    return rng.choice(
        (f"{prefix}{digits}", f"{prefix} {digits}", f"{prefix.lower()}{digits}", f"{prefix}-0{digits}",
         f"{prefix}/{digits}",
         f"{prefix} - {digits[:2]} {digits[2:]}", digits, f"{prefix}.{digits}")
    )  # fmt: skip
