"""Create a draft invoice: what a deal, a part of its plan or a quote says, less what was invoiced of it before."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from extract.model import InvoiceDraft, LineDraft
from extract.values import coins
from extract.vendor import Refused
from reconcile import plans
from reconcile.action import Action, Answer, Caution, Change, Need, Others, Plan, Sentence
from reconcile.again import follows, gone
from reconcile.catalogue import added
from reconcile.exchange import exchange
from reconcile.facts import Facts, Record
from reconcile.fields import text
from reconcile.series import series_of
from reconcile.source import Source, cut
from reconcile.state import State
from reconcile.tax import coded, codes, offers, picks, strange, usual
from reconcile.terms import DISCOUNT, discount_lines, discounted

_CENT = Decimal("0.01")
_LATEST = 365  # days: a due date beyond that is a slip of the pen


class CreateInvoice(Action):
    """The key stands on the invoice itself, where `find` sees it; a draft that broke off half-way is completed."""

    title = "Create the draft invoice"

    def plan(
        self, source: Source, customer_id: str | None, customer_key: str | None, customer: Record, facts: Facts,
        given: Mapping[str, str],
    ) -> Plan:  # fmt: skip
        """Return the plan of the invoice for what a source says and is not invoiced yet.

        `customer_id` is the billing customer, or `customer_key` the plan that creates it; `customer` what is known of
        it. `given` may hold due_on, tax_rate, message, discount, fx_rate, series, products and the tax codes of lines
        (tax 1, tax 2 …), typed in or picked by a person.
        """
        deal, billing = source.deal, facts.billing
        earlier = facts.invoices_of(deal["vendor"], deal["id"])
        voided = gone(billing, deal, (i["id"] for i in earlier), facts)
        key = _key(billing, source, earlier, voided)
        needs = list(source.needs)
        cautions: list[Caution] = []
        if voided > facts.voided(billing, deal["id"]) and source.kind not in ("recurring", "proforma"):
            cautions.append(Caution(code="made_again", says=Sentence(
                text="The draft that was made for it before is no longer in {vendor}: this makes a new one.",
                values={"vendor": billing})))  # fmt: skip
        rate = _tax_rate(customer_id, customer, facts, given, needs, cautions)
        known = codes(facts)
        picked = picks(known, given, needs)
        sold = source.sold
        one_rate = picked[1]["rate"] if 1 in picked and not sold else rate
        lines = _lines(deal, sold, one_rate, needs)
        lines = coded(lines + added(deal["currency"], usual(lines, rate), facts, given, needs), picked)
        _asked_tax([line.description for line in lines if line.tax_rate is None], needs)
        cautions += strange(lines, known)
        reduces = facts.negative_lines(billing)
        sold_at = lines + discount_lines(lines, deal["currency"], customer, given, needs) if reduces else (
            discounted(lines, customer, given, needs)
        )  # fmt: skip
        same = [i for i in earlier if i["currency"] == deal["currency"]]  # what is not, a caution names
        less = _less(same, lines, facts) if source.less else []
        whole = cut(sold_at, source) + less
        due_on = _due_on(deal, customer, facts, given, needs)
        if not deal["currency"]:
            needs.append(Need(name="currency", says=Sentence(text="The deal has no currency.")))
        worth = exchange(deal["currency"], facts, given, needs, cautions)
        numbered = source.kind != "proforma"  # which never gets a number
        series = series_of(deal, customer.get("country"), facts, given, needs) if numbered else ""
        draft = InvoiceDraft(
            key=key, kind=source.kind or ("final" if earlier else "invoice"), part=source.part or None,
            customer_id=customer_id or "", deal_id=source.deal_id,
            deal_reference=deal["reference"] or deal["id"], currency=deal["currency"] or "", issued_on=facts.today,
            due_on=due_on, lines=tuple(whole), message=given.get("message") or _message(deal, facts),
            series=series or None, fx_rate=worth and worth.rate, fx_into=worth and worth.into,
            fx_source=worth and worth.source,
        )  # fmt: skip
        before = draft if reduces else draft.model_copy(update={"lines": tuple(cut(lines, source) + less)})
        cautions += _compared(source, before, facts, needs)
        net, gross = totals(draft)
        issues = {} if facts.drafts(billing) else {"issues": text(gross)}
        if issues and numbered and not (facts.settings.invoicing.issue or facts.settings.invoicing.send):
            cautions.append(Caution(code="no_drafts", says=Sentence(
                text="{vendor} has no drafts: the invoice is issued at once, and nothing takes that back.",
                values={"vendor": billing})))  # fmt: skip
        values = {"gross": text(gross), "currency": draft.currency, "customer": customer.get("name") or ""}
        says = Sentence(text="Create the draft invoice of {gross} {currency} for {customer}.", values=values)
        if issues:
            says = Sentence(text="Create and issue the invoice of {gross} {currency} for {customer}.", values=values)
        return Plan(
            key=key, chain=key, action="create_invoice", vendor=billing, draft=draft,
            subject=source.subject, data=_kept(source, earlier, voided) | issues,
            takes={"customer_id": (customer_key, "id")} if customer_key else {},
            says=says,
            preview=shown(draft, customer, net, gross), needs=tuple(needs), cautions=tuple(cautions),
            offers=source.offers + tuple(_offers(lines, known, bool(worth))),
        )  # fmt: skip

    def marks(self, plan: Plan) -> tuple[str, ...]:
        """Return which invoice of its deal it is: all, a deposit or the rest, only one of them follows the last."""
        return (plan.data["follows"],) if plan.data.get("follows") else ()

    def finish(self, plan: Plan, answer: Answer, store: State) -> None:
        """Keep a deposit that was agreed on in the dialog as the deal's plan: the final invoice follows it."""
        percent = plan.data.get("deposit")
        if percent and plans.plan_of(store, plan.subject.vendor, plan.subject.id) is None:
            plans.keep(store, plan.subject.vendor, plan.subject.id, plans.deposit(Decimal(percent)), "deposit invoice")

    def prepared(self, plan: Plan, vendor: Any, store: State, other: Others) -> Plan:
        """Return the plan with what the CRM says of the deal otherwise than when the invoice was previewed.

        Where the CRM is no system that can be asked, such as a file, what was read last stands.
        """
        crm, said = other(plan.subject.vendor), plan.data.get("deal")
        now = _said(crm.deal(plan.subject.id)) if said and hasattr(crm, "deal") else said
        if said is None or now is None or now == said:
            return plan
        why = f"deal {plan.subject.id} said {said} when this was previewed and says {now} now"
        return plan.model_copy(update={"data": plan.data | {"changed": why}})

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the invoice of our key if it is whole."""
        found = vendor.find_invoice(plan.draft)
        return Answer(data=found.model_dump(mode="json", exclude_none=True)) if found else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Create it, or complete what an earlier try began. Refused where the deal is another one by now."""
        if why := plan.data.get("changed"):
            raise Refused(plan.subject.vendor, f"{why}: read again, then preview; nothing was sent", 400)
        made = vendor.create_invoice(plan.draft).model_dump(mode="json", exclude_none=True)
        return Answer(data=made, after={c.field: c.after for c in plan.preview})


def totals(draft: InvoiceDraft) -> tuple[Decimal, Decimal]:
    """Return net and gross of a draft, each line rounded as billing does."""
    net = sum((line.net_in(draft.currency) for line in draft.lines), Decimal(0))
    return net, net + sum((line.tax_in(draft.currency) for line in draft.lines), Decimal(0))


def shown(draft: InvoiceDraft, customer: Record, net: Decimal, gross: Decimal) -> tuple[Change, ...]:
    """Return every field of the invoice as it will stand there."""
    said = {
        "document": draft.kind if draft.kind != "invoice" else None,
        "customer": customer.get("name"), "customer_known_by": customer.get("known_by"),
        "tax_id": customer.get("tax_id"), "email": customer.get("email"), "reference": draft.deal_reference,
        "currency": draft.currency, "issued_on": str(draft.issued_on), "due_on": str(draft.due_on),
        "exchange_rate": _worth(draft), "series": draft.series, "message": draft.message,
    }  # fmt: skip
    for at, line in enumerate(draft.lines, 1):
        off = f" −{line.discount_rate.normalize():f} %" if line.discount_rate else ""
        tax = f" +{line.tax_rate.normalize():f} %" if line.tax_rate is not None else ""
        amount = f"{line.quantity.normalize():f} × {text(line.unit_price)}{off}{tax}"
        said[f"line {at}"] = f"{line.description}: {amount}"
    said |= {"net": text(net), "gross": text(gross)}
    return tuple(Change(field=name, after=value) for name, value in said.items() if value)


def _worth(draft: InvoiceDraft) -> str:
    if draft.fx_rate is None:
        return ""
    return f"1 {draft.currency} = {draft.fx_rate:f} {draft.fx_into}" + (
        f" ({draft.fx_source})" if draft.fx_source else ""
    )


def _lines(deal: Record, lines: list[Record], rate: Decimal | None, needs: list[Need]) -> list[LineDraft]:
    """Return the deal's lines; a deal without any is one line of its amount."""
    if not lines:
        amount, title = deal["amount"] or Decimal(0), deal["title"] or deal["id"]
        if not amount:
            needs.append(Need(name="amount", says=Sentence(text="The deal has neither lines nor an amount.")))
        if deal["amount_is"] == "gross":
            amount = coins(amount / (1 + (rate or Decimal(0)) / 100), deal["currency"])
        return [LineDraft(description=title, unit_price=amount, tax_rate=rate)]
    made = []
    for line in lines:
        tax = line["tax_rate"] if line["tax_rate"] is not None else rate
        made.append(
            LineDraft(
                description=line["description"] or line["sku"] or deal["title"] or "",
                quantity=line["quantity"] if line["quantity"] is not None else Decimal(1),
                unit_price=line["unit_price"] or Decimal(0),
                discount_rate=line["discount_rate"] or Decimal(0),
                tax_rate=tax,
                sku=line["sku"],
            )
        )
    return made


def _less(earlier: list[Record], lines: list[LineDraft], facts: Facts) -> list[LineDraft]:
    """Return one line for each document before this one and each of its tax rates, taking off what it billed.

    What a credit note gave back is billed again, with the tax it was billed with: `lines` are what was sold.
    """
    billed = [facts.lines("invoice", one["vendor"], one["id"]) for one in earlier]
    used = [*(n["tax_rate"] for rows in billed for n in rows), *(n.tax_rate for n in lines)]
    rates = sorted({rate for rate in used if rate is not None})
    made = []
    for invoice, rows in zip(earlier, billed, strict=True):
        for rate, net in _by_rate(invoice, rows, rates).items():
            part = -coins(net * Decimal(invoice["share"]), invoice["currency"])
            if part:
                made.append(
                    LineDraft(description=f"− {invoice['number'] or invoice['id']}", unit_price=part, tax_rate=rate)
                )
    return made


def _by_rate(invoice: Record, rows: list[Record], rates: list[Decimal]) -> dict[Decimal | None, Decimal]:
    """Return what a document billed by tax rate, net. Of lines that name none it is what they were taxed with."""
    found: dict[Decimal | None, Decimal] = {}
    for row in rows:
        found[row["tax_rate"]] = found.get(row["tax_rate"], Decimal(0)) + (row["net"] or Decimal(0))
    net, tax = invoice["net"] or Decimal(0), invoice["tax"]
    if not found or sum(found.values()) != invoice["net"]:
        return {_rate_of(net, tax, rates): net}
    if untold := found.pop(None, None):
        told = sum((part * rate / 100 for rate, part in found.items() if rate is not None), Decimal(0))
        rest = (tax or Decimal(0)) - told
        rate = _rate_of(untold, rest, rates) if abs(rest) > _CENT * len(rows) else None  # else lines were rounded
        found[rate] = found.get(rate, Decimal(0)) + untold
    return found


def _rate_of(net: Decimal, tax: Decimal | None, rates: list[Decimal]) -> Decimal | None:
    """Return the tax rate, in percent, that a net was taxed with: of `rates` where one fits, else worked out."""
    if not net or tax is None:
        return None
    nearest = min(rates, key=lambda rate: abs(net * rate / 100 - tax), default=None)
    if nearest is not None and abs(net * nearest / 100 - tax) <= _CENT:
        return nearest
    return (tax / net * 100).quantize(_CENT)


def _tax_rate(customer_id: str | None, customer: Record, facts: Facts, given: Mapping[str, str], needs: list[Need],
              cautions: list[Caution]) -> Decimal | None:  # fmt: skip
    """Return the tax for lines that say none: as typed in, as on the customer's last invoice, as the settings say."""
    if given.get("tax_rate"):
        try:
            return Decimal(given["tax_rate"].replace(",", "."))
        except InvalidOperation:
            needs.append(Need(name="tax_rate", value=given["tax_rate"], says=Sentence(text="The tax is no number.")))
            return None
    if customer_id and (last := facts.last_tax(facts.billing, customer_id)):
        return Decimal(last["tax_rate"])
    rates = facts.settings.invoicing.tax_rates
    return rates.get(customer.get("country") or "", rates.get("*"))


def _offers(lines: list[LineDraft], known: list[Record], is_foreign: bool) -> list[Need]:
    """Return what a person may change on a draft though nothing is missing."""
    names = ("due_on", "message", "discount", *(("fx_rate",) if is_foreign else ()))
    return [Need(name=name, says=Sentence(text="")) for name in names] + offers(lines, known)


def _asked_tax(untaxed: list[str], needs: list[Need]) -> None:
    if untaxed and not any(need.name == "tax_rate" for need in needs):
        says = Sentence(text="The tax of {lines} is not known.", values={"lines": ", ".join(untaxed)})
        needs.append(Need(name="tax_rate", says=says))


def _due_on(deal: Record, customer: Record, facts: Facts, given: Mapping[str, str], needs: list[Need]) -> dt.date:
    """Return the due date: as typed in, else the issue date and the days agreed with the deal, the customer, all."""
    days = next((d for d in (deal["payment_terms_days"], customer.get("payment_terms_days")) if d is not None),
                facts.settings.invoicing.terms_days)  # fmt: skip
    agreed = 0 <= days <= _LATEST
    due_on = facts.today + dt.timedelta(days=days if agreed else facts.settings.invoicing.terms_days)
    if not given.get("due_on"):
        needs += [] if agreed else [_no_day(f"{facts.today} + {days}", facts)]
        return due_on
    try:
        chosen = dt.date.fromisoformat(given["due_on"])
    except ValueError:
        needs.append(Need(name="due_on", value=given["due_on"], says=Sentence(text="This is no date (2026-12-31).")))
        return due_on
    if not facts.today <= chosen <= facts.today + dt.timedelta(days=_LATEST):
        needs.append(_no_day(str(chosen), facts))
        return due_on
    return chosen


def _no_day(due: str, facts: Facts) -> Need:
    says = Sentence(text="The due date {due} is before the issue date {issued}, or more than a year after it.",
                    values={"due": due, "issued": str(facts.today)})  # fmt: skip
    return Need(name="due_on", value=due, says=says)


def _message(deal: Record, facts: Facts) -> str:
    return "\n".join(part for part in (deal["title"], facts.settings.invoicing.message) if part)


def _kept(source: Source, earlier: list[Record], voided: int) -> dict[str, str]:
    """Return what the plan remembers: after which invoices of its deal it comes, and a deposit agreed on."""
    one_of_many = source.kind in ("recurring", "proforma")
    mark = {} if one_of_many else {"follows": follows(source.deal, (i["id"] for i in earlier), voided)}
    said = {"deal": _said(source.deal)} if source.deal_id else {}
    return mark | said | ({"deposit": str(source.deposit)} if source.deposit else {})


def _said(deal: Record) -> str:
    """Return what of a deal decides whether, and for how much, it is invoiced."""
    return " ".join(text(deal[name]) or "—" for name in ("status", "amount", "currency"))


def _compared(source: Source, draft: InvoiceDraft, facts: Facts, needs: list[Need]) -> list[Caution]:
    """Return what does not add up: total against the deal, lines in another currency, invoices that may be of it."""
    deal = source.deal
    summary = facts.deal_summary(deal["vendor"], deal["id"]) or {}
    net, gross = totals(draft.model_copy(update={"lines": tuple(n for n in draft.lines if n.sku != DISCOUNT)}))
    basis, choices, found = summary.get("basis") or "net", facts.settings.choices, []
    total, open_ = (gross if basis == "gross" else net), summary.get("remaining")
    if open_ is None:
        open_ = deal["amount"]
    tolerance = max(choices.amount_tolerance, abs(deal["amount"] or Decimal(0)) * choices.amount_tolerance_rate)
    if unpriced := [line["description"] or line["sku"] or "?" for line in source.sold if line["unit_price"] is None]:
        found.append(
            Caution(
                code="no_price",
                says=Sentence(
                    text="{lines} has no price in the CRM: it would be invoiced with 0.",
                    values={"lines": ", ".join(unpriced)},
                ),
            )
        )
    off = total - open_ if open_ is not None else Decimal(0)
    # a period repeats the deal; a part may be less than what is open
    if source.kind not in ("recurring", "proforma") and (off > tolerance if source.share else abs(off) > tolerance):
        values = {"total": text(total), "open": text(open_), "currency": draft.currency, "basis": basis}
        found.append(Caution(code="amount_mismatch", says=Sentence(
            text="The lines add up to {total} {currency} ({basis}); of the deal {open} {currency} is to be invoiced.",
            values=values)))  # fmt: skip
    if summary.get("currency_differs"):
        found.append(Caution(code="currency_differs", says=Sentence(
            text="The deal has an invoice in another currency, which is not taken off.")))  # fmt: skip
    if summary.get("candidates"):
        found.append(Caution(code="possible_invoices", says=Sentence(
            text="{count} invoices may belong to this deal already: look at them first.",
            values={"count": str(summary["candidates"])})))  # fmt: skip
    if net <= 0:
        needs.append(Need(name="nothing_left", says=Sentence(text="Nothing is left to invoice.")))
    return found


def _key(billing: str, source: Source, earlier: list[Record], voided: int) -> str:
    """Return the key: of the part, else the same until the deal was invoiced further or an invoice of it voided."""
    deal = source.deal
    if source.part:
        return plans.key(billing, deal["vendor"], deal["id"], source.part, source.again)
    part = "-".join(["final", *sorted(i["id"] for i in earlier)]) if earlier else "whole"
    return f"create_invoice:{billing}:{deal['vendor']}:{deal['id']}:{part}" + (f":again{voided}" if voided else "")
