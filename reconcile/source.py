"""What an invoice is made from: all that is left of a deal, a part of its plan, its quote, or its amount alone."""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from extract.model import InvoiceKind, LineDraft, columns
from extract.values import coins
from reconcile import plans
from reconcile.action import Need, Sentence, Subject
from reconcile.facts import Facts, Record

_WHOLE = Decimal(100)
AMOUNT_ALONE = "amount"  # given as `source`: what the deal is worth, whatever its lines say
TITLES = {  # of a part that people gave no title, in the customer's language
    "deposit": {"en": "Deposit {percent} %", "es": "Anticipo {percent} %", "fr": "Acompte {percent} %",
                "pl": "Zaliczka {percent} %"},
    "stage": {"en": "Stage {at} of {of}, {percent} %", "es": "Fase {at} de {of}, {percent} %",
              "fr": "Étape {at} sur {of}, {percent} %", "pl": "Etap {at} z {of}, {percent} %"},
    "final": {"en": "Final invoice", "es": "Factura final", "fr": "Facture de solde", "pl": "Faktura końcowa"},
}  # fmt: skip


class Source(NamedTuple):
    """What goes on an invoice. `share`: from and to which percent of the whole; none: all that is left."""

    deal: Record
    subject: Subject
    sold: list[Record]  # lines as they were sold; none: one line of the deal's amount
    kind: InvoiceKind | None = None  # none: final where something was invoiced before, else an ordinary invoice
    part: str = ""
    title: str = ""
    share: tuple[Decimal, Decimal] | None = None
    again: int = 0  # invoices of this part that were voided or deleted
    less: bool = True  # what was invoiced before is taken off
    deposit: Decimal | None = None  # percent that was agreed on in the dialog, to be kept as the deal's plan
    needs: tuple[Need, ...] = ()
    offers: tuple[Need, ...] = ()  # what else it could be made from

    @property
    def deal_id(self) -> str | None:
        """The CRM's deal; none where there is only a quote."""
        return self.subject.id if self.subject.table == "deals" else None


def of_deal(deal: Record, facts: Facts, given: Mapping[str, str], part: str = "", language: str = "en") -> Source:
    """Return what is invoiced of a deal next: by its plan, with a deposit where that was agreed, else all of it.

    `given` may hold source (amount, or quote:ID), part and deposit, picked or typed in by a person.
    """
    subject = Subject(table="deals", vendor=deal["vendor"], id=deal["id"])
    sold, needs = _sold(deal, facts, given)
    whole = Source(deal, subject, sold, needs=tuple(needs), offers=_others(deal, facts))
    if found := parts_of(deal["vendor"], deal["id"], facts):
        return _planned(whole, found, given.get("part") or part, language)
    return _ahead(whole, facts, given, language)


def _others(deal: Record, facts: Facts) -> tuple[Need, ...]:
    """Return the question what to make the invoice from: a quote that is valid, or the deal's title and amount."""
    quotes = facts.all(
        "SELECT * FROM quotes WHERE vendor = ? AND deal_id = ? ORDER BY updated_at, id", deal["vendor"], deal["id"]
    )
    usable = {f"quote:{q['id']}": q["number"] or q["title"] or q["id"] for q in quotes if not unusable(q, facts.today)}
    alone = f"{deal['title'] or deal['id']}: {deal['amount']:.2f} {deal['currency']}" if deal["amount"] else ""
    options = usable | ({AMOUNT_ALONE: alone} if alone else {})
    says = Sentence(text="Made from its lines, a quote, or title and amount alone.")
    return (Need(name="source", says=says, options=options),) if options else ()


def of_quote(quote: Record, facts: Facts) -> Source:
    """Return what is invoiced of a quote that has no deal."""
    net, gross = quote["net"], quote["gross"]
    deal: Record = dict.fromkeys(c.name for c in columns("deals")) | {
        "vendor": quote["vendor"], "id": f"quote-{quote['id']}", "title": quote["title"] or quote["number"],
        "customer_id": quote["customer_id"], "amount": net if net is not None else gross,
        "amount_is": "net" if net is not None else "gross", "currency": quote["currency"],
        "reference": quote["number"] or quote["id"],
    }  # fmt: skip
    subject = Subject(table="quotes", vendor=quote["vendor"], id=quote["id"])
    no = unusable(quote, facts.today)
    needs = (Need(name="quote", says=no),) if no else ()
    return Source(deal, subject, facts.lines("quote", quote["vendor"], quote["id"]), needs=needs)


def of_rule(customer: Record, part: str, facts: Facts) -> Source:
    """Return one period of what a customer is invoiced again and again without a deal; the first due where none is
    named."""
    rows = facts.all(
        "SELECT * FROM rule_state WHERE vendor = ? AND id = ? ORDER BY position", customer["vendor"], customer["id"]
    )
    known = facts.one(  # who gets the invoices of this customer's deals
        "SELECT contact_id FROM deals WHERE vendor = ? AND customer_id = ? AND contact_id IS NOT NULL "
        "ORDER BY updated_at DESC, id LIMIT 1",
        customer["vendor"], customer["id"],
    )  # fmt: skip
    deal: Record = dict.fromkeys(c.name for c in columns("deals")) | (known or {}) | {
        "vendor": customer["vendor"], "id": plans.rule_of(customer["id"]), "customer_id": customer["id"],
        "amount_is": "net",
    }  # fmt: skip
    whole = Source(deal, Subject(table="customers", vendor=customer["vendor"], id=customer["id"]), [])
    wanted = [r for r in rows if r["part"] == part] if part else [r for r in rows if r["state"] == "due"]
    if not wanted:
        said = Sentence(text="There is no such part in the plan." if part else "All parts of the plan are invoiced.")
        return whole._replace(needs=(Need(name="part", says=said),))
    row = wanted[0]
    named = {"title": row["text"], "amount": row["net"], "currency": row["currency"], "reference": row["text"]}
    line = dict.fromkeys(c.name for c in columns("lines")) | {"tax_rate": row["tax_rate"]}
    made = _period(whole._replace(deal=deal | named, sold=[line]), row)
    return made._replace(needs=tuple(_order(row, rows)))


def unusable(quote: Record, today: dt.date) -> Sentence | None:
    """Return why nothing can be made of a quote; None where it was accepted, or is published and still valid."""
    if quote["status"] == "accepted":
        return None
    until = {"day": str(quote["valid_until_on"])}
    return {
        "draft": Sentence(text="This quote is a draft: publish it in the CRM first."),
        "rejected": Sentence(text="The customer declined this quote."),
        "expired": Sentence(text="This quote was valid until {day}: renew it in the CRM first.", values=until),
        "published": Sentence(text="This quote was valid until {day}: renew it in the CRM first.", values=until)
        if quote["valid_until_on"] and quote["valid_until_on"] < today
        else None,
    }.get(quote["status"] or "", Sentence(text="The CRM does not say whether this quote was published."))


def as_proforma(source: Source, quote_id: str) -> Source:
    """Return the same as a pro-forma: all that the quote says, whatever was invoiced before."""
    return source._replace(kind="proforma", part=f"proforma-{quote_id}", share=None, less=False, deposit=None)


def quote_of(vendor: str, id: str, facts: Facts) -> Record | None:
    """Return a quote."""
    return facts.one("SELECT * FROM quotes WHERE vendor = ? AND id = ?", vendor, id)


def parts_of(vendor: str, deal_id: str, facts: Facts) -> list[Record]:
    """Return the parts of a deal's plan in order, each with its state and invoice; none where it has no plan."""
    return facts.all("SELECT * FROM plan_state WHERE vendor = ? AND id = ? ORDER BY position", vendor, deal_id)


def cut(lines: list[LineDraft], source: Source) -> list[LineDraft]:
    """Return the share of the lines that a part bills: one line for each tax.

    Shares are counted from the beginning and rounded there, so that all parts together are the whole to the cent.
    """
    if source.share is None:
        return lines
    (begin, end), currency = source.share, source.deal["currency"]
    sums: dict[tuple[Decimal | None, str | None], Decimal] = {}
    for line in lines:
        tax = (line.tax_rate, line.tax_code)
        sums[tax] = sums.get(tax, Decimal(0)) + line.net_in(currency)
    return [
        LineDraft(
            description=source.title,
            unit_price=_share(net, end, currency) - _share(net, begin, currency),
            tax_rate=rate,
            tax_code=code,
        )
        for (rate, code), net in sums.items()
    ]


def _share(net: Decimal, percent: Decimal, currency: str | None) -> Decimal:
    return coins(net * percent / _WHOLE, currency)


def _sold(deal: Record, facts: Facts, given: Mapping[str, str]) -> tuple[list[Record], list[Need]]:
    """Return the lines to bill: as picked, else the deal's, else those of its only accepted quote."""
    picked = given.get("source") or ""
    if picked == AMOUNT_ALONE:
        return [], []
    if picked.startswith("quote:"):
        quote = quote_of(deal["vendor"], picked.removeprefix("quote:"), facts)
        if quote is None or quote["deal_id"] != deal["id"]:
            return [], [Need(name="quote", says=Sentence(text="This quote is not of this deal."))]
        no = unusable(quote, facts.today)
        return facts.lines("quote", quote["vendor"], quote["id"]), [Need(name="quote", says=no)] if no else []
    own = facts.lines("deal", deal["vendor"], deal["id"])
    accepted = facts.all(
        "SELECT * FROM quotes WHERE vendor = ? AND deal_id = ? AND status = 'accepted'", deal["vendor"], deal["id"]
    )
    due = facts.one("SELECT name FROM deal_triggers WHERE vendor = ? AND id = ?", deal["vendor"], deal["id"])
    if len(accepted) == 1 and (not own or (due and due["name"] == "quote")):  # what the customer signed makes it due
        return facts.lines("quote", deal["vendor"], accepted[0]["id"]) or own, []
    return own, []


def _planned(whole: Source, parts: list[Record], name: str, language: str) -> Source:
    """Return the part of a plan that is named, else the first that is due, else the first that is not invoiced."""
    open_ = [p for p in parts if p["state"] in ("due", "waiting")]
    wanted = [p for p in parts if p["part"] == name] if name else sorted(open_, key=lambda p: p["state"] != "due")
    if not wanted:
        said = "There is no such part in the plan." if name else "All parts of the plan are invoiced."
        return whole._replace(needs=(*whole.needs, Need(name="part", says=Sentence(text=said))))
    row = wanted[0]
    needs = (*whole.needs, *_order(row, parts))
    if row["kind"] == "recurring":
        return _period(whole, row)._replace(needs=needs)
    begin = sum((p["percent"] for p in parts if p["position"] < row["position"]), Decimal(0))
    sort = "final" if row["is_last"] else "deposit" if row["kind"] == "deposit" else "stage"
    kinds: dict[str, InvoiceKind] = {"final": "final", "deposit": "deposit", "stage": "invoice"}
    title = row["label"] or titled(sort, language, row["percent"], row["position"], len(parts))
    return whole._replace(
        deal=whole.deal | {"title": _named(whole.deal, title)}, kind=kinds[sort], part=row["part"], needs=needs,
        title=_named(whole.deal, title), again=row["again"], less=bool(row["is_last"]),
        share=None if row["is_last"] else (begin, begin + row["percent"]),
    )  # fmt: skip


def _order(row: Record, parts: list[Record]) -> Iterable[Need]:
    """Yield why a part cannot be invoiced yet, or not any more."""
    if row["state"] in ("invoiced", "drafted"):
        yield Need(name="part", says=Sentence(text="This part of the plan has its invoice already."))
    if row["kind"] == "recurring":
        return
    for before in parts:
        if before["position"] < row["position"] and before["state"] != "invoiced":
            said = ("The part before it is still a draft: issue it first." if before["state"] == "drafted"
                    else "The part before it is not invoiced yet.")  # fmt: skip
            yield Need(name="part", says=Sentence(text=said))
            return


def _period(whole: Source, row: Record) -> Source:
    """Return one period of a recurring plan: the deal's lines, or the amount that was agreed on."""
    title = _named(whole.deal, row["label"])
    sold = whole.sold
    if row["net"] is not None:
        rates = {line["tax_rate"] for line in sold}
        line = {"description": title, "quantity": Decimal(1), "unit_price": row["net"], "discount_rate": None,
                "tax_rate": rates.pop() if len(rates) == 1 else None, "sku": None}  # fmt: skip
        sold = [dict.fromkeys(c.name for c in columns("lines")) | line]
    return whole._replace(deal=whole.deal | {"title": title}, sold=sold, kind="recurring", part=row["part"],
                          title=title, again=row["again"], less=False)  # fmt: skip


def _ahead(whole: Source, facts: Facts, given: Mapping[str, str], language: str) -> Source:
    """Return a deposit where one was agreed and nothing is invoiced yet; how much is asked where nobody said."""
    deal, said = whole.deal, facts.settings.invoicing.deposits
    typed, agreed = given.get("deposit") or "", said.get(deal["pipeline"] or "")
    if agreed is None and deal["billing"] == "deposit":
        agreed = said.get("*")
        if agreed is None and not typed and not facts.invoices_of(deal["vendor"], deal["id"]):
            says = Sentence(text="The CRM says that this deal has a deposit: of how many percent? 0 bills all of it.")
            return whole._replace(needs=(*whole.needs, Need(name="deposit", says=says)))
    percent = _percent(typed) if typed else agreed
    if percent is None or not 0 <= percent < _WHOLE:
        if not typed:
            return whole
        says = Sentence(text="A deposit is a number of percent from 0 to less than 100.")
        return whole._replace(needs=(*whole.needs, Need(name="deposit", value=typed, says=says)))
    if not percent or facts.invoices_of(deal["vendor"], deal["id"]):
        return whole
    title = _named(deal, titled("deposit", language, percent, 1, 2))
    return whole._replace(deal=deal | {"title": title}, kind="deposit", part=plans.DEPOSIT, title=title,
                          share=(Decimal(0), percent), less=False, deposit=percent)  # fmt: skip


def titled(sort: str, language: str, percent: Any, at: int, of: int) -> str:
    """Return what a part is called on an invoice."""
    said = TITLES[sort].get(language, TITLES[sort]["en"])
    return said.format(percent=f"{Decimal(percent).normalize():f}", at=at, of=of)


def _named(deal: Record, title: str) -> str:
    return " – ".join(part for part in (deal["title"], title) if part)


def _percent(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", ".").replace("%", "").strip())
    except InvalidOperation:
        return None
