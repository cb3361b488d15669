"""Quotes on both sides: what one needs before it is made in the other system, and which changes may go over.

A quote is made only for a customer and of products that are there; what is missing is said, and nothing is sent.
"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from extract.model import QuoteDraft, QuoteLineDraft
from reconcile.action import Caution, Need, Plan, Sentence, registry
from reconcile.actions.create_quote import made_key
from reconcile.again import follows, gone
from reconcile.facts import Facts, Record

Given = Mapping[str, str]
_IN_THE_WAY = {
    "lines": Sentence(text="Its lines are not the same on both sides, and a quote that is out is never changed: cancel "
                      "one of the two and make a new quote."),
    "draft": Sentence(text="It was taken back to a draft, and {vendor} cannot take a quote back: cancel it there and "
                      "make a new one."),
    "over": Sentence(text="In {vendor} this quote is {status} already, and that cannot be undone: put the other system "
                     "right."),
    "invoiced": Sentence(text="Its deal has an invoice already, and accepting the quote in {vendor} would make "
                         "another: leave it as it is."),
}  # fmt: skip
_ACCEPTING = Caution(code="drafts_invoice", says=Sentence(
    text="Accepting it makes billing draft the invoice of its deal: from then on nothing else is invoiced for it."
))  # fmt: skip


def missing_quote(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    """Make a quote in the system that lacks it, and keep each one's id with the other."""
    quote = facts.one("SELECT * FROM quotes WHERE vendor = ? AND id = ?", finding["subject_vendor"],
                      finding["subject_id"])  # fmt: skip
    if quote is None or not facts.settings.sync.quotes.creates:
        return []
    to = facts.crm if quote["vendor"] == facts.billing else facts.billing
    if not facts.can(to, "create_quote"):
        return []
    needs: list[Need] = []
    customer = _customer(quote, to, facts, needs)
    deal, contact = _deal(quote, to, facts, given, needs) if to != facts.billing else (quote["deal_id"], None)
    lines = _lines(quote, to, facts, given, needs)
    until = _until(quote, facts, given, needs)
    if not quote["currency"]:
        needs.append(Need(name="currency", says=Sentence(text="The quote has no currency.")))
    draft = None
    if customer and until and quote["currency"]:
        draft = QuoteDraft(
            key=made_key(quote, to), title=quote["title"] or quote["number"], customer_id=customer["id"],
            contact_id=contact, deal_id=deal, other_quote_id=quote["id"], currency=quote["currency"],
            valid_until_on=until, due_days=_due_days(quote, customer, facts), lines=tuple(lines),
        )  # fmt: skip
    party = (customer or facts.customer(quote["vendor"], quote["customer_id"]) or {}).get("name") or "—"
    create: Plan = registry()["create_quote"].plan(quote, to, draft, party, tuple(needs))
    # A quote that is final in billing takes no note any more: there the CRM's record alone knows.
    if quote["vendor"] == facts.billing or not facts.can(quote["vendor"], "update_quote"):
        return [create]
    return [create, registry()["update_quote"].plan(quote, create.key)]


def guarded(plan: Plan, rows: list[Record], to: str, facts: Facts) -> Plan:
    """Return the plan of a change with what stands in its way, or what else it does."""
    wanted = {r["field"]: r[f"{'crm' if to == 'billing' else 'billing'}_value"] for r in rows}
    now = facts.one("SELECT * FROM quotes WHERE vendor = ? AND id = ?", plan.subject.vendor, plan.subject.id) or {}
    ours = facts.one("SELECT * FROM quotes WHERE vendor = ? AND id = ?", rows[0]["crm_vendor"], rows[0]["crm_id"]) or {}
    status, data = wanted.get("status"), dict(plan.data)
    cautions, why = list(plan.cautions), ""
    if "lines" in wanted:
        why = "lines"
    elif status == "draft":
        why = "draft"
    elif now.get("status") in ("accepted", "rejected", "expired"):
        why = "over"
    elif status == "accepted" and to == "billing" and ours.get("deal_id"):
        deal = ours["vendor"], ours["deal_id"]
        if facts.invoices_of(*deal):
            why = "invoiced"
        else:
            sold = {"vendor": deal[0], "id": deal[1]}
            data["follows"] = follows(sold, (), gone(facts.billing, sold, (), facts))
            cautions.append(_ACCEPTING)
    needs = plan.needs
    if why:
        values = {"vendor": plan.vendor, "status": str(now.get("status") or "")}
        needs = (*needs, Need(name="quote", says=_IN_THE_WAY[why].model_copy(update={"values": values})))
    return plan.model_copy(update={"needs": needs, "cautions": tuple(cautions), "data": data})


def _customer(quote: Record, to: str, facts: Facts, needs: list[Need]) -> Record | None:
    vendor, id = quote["vendor"], quote["customer_id"]
    if not id:
        needs.append(Need(name="customer", says=Sentence(text="The quote has no customer: add one where it is.")))
        return None
    if to == facts.billing:
        found = facts.counterpart(vendor, id, to)
        party = found[0] if found else None
    else:
        party = facts.in_crm(vendor, id)
    if party is None:
        called = (facts.customer(vendor, id) or {}).get("name") or id
        says = Sentence(text="{customer} is not in {vendor} yet: the quote is made once the customer is there.",
                        values={"customer": called, "vendor": to})  # fmt: skip
        needs.append(Need(name="customer", says=says))
    return party


def _deal(quote: Record, crm: str, facts: Facts, given: Given, needs: list[Need]) -> tuple[str | None, str | None]:
    """Return the deal and the person that a quote of the CRM hangs on: as billing notes, as picked, else asked."""
    party = facts.in_crm(quote["vendor"], quote["customer_id"]) if quote["customer_id"] else None
    mine = facts.all("SELECT * FROM deals WHERE vendor = ? AND customer_id = ? AND status = 'open' ORDER BY title, id",
                     crm, party["id"]) if party else []  # fmt: skip
    picked = next((d for d in mine if d["id"] == given.get("deal")), None)
    deal = picked or (facts.deal(crm, quote["deal_id"]) if quote["deal_id"] else None)
    if deal is None:
        says = Sentence(
            text="Billing does not say of which deal this quote is: pick one, or make one in the CRM first."
        )
        options = {d["id"]: d["title"] or d["id"] for d in mine}
        needs.append(Need(name="deal", says=says, options=options))
    contact = (deal or {}).get("contact_id")
    if not contact and party:
        people = facts.all("SELECT id FROM customers WHERE vendor = ? AND parent_id = ? ORDER BY id", crm, party["id"])
        contact = party["id"] if party["kind"] == "person" else people[0]["id"] if len(people) == 1 else None
    if deal is not None and not contact:
        says = Sentence(text="A quote of the CRM needs a person: add one to the deal first.")
        needs.append(Need(name="customer", says=says))
    return (deal or {}).get("id"), contact


def _lines(quote: Record, to: str, facts: Facts, given: Given, needs: list[Need]) -> list[QuoteLineDraft]:
    """Return the lines with the products of the other system, by SKU; those that are not there are asked for."""
    held = facts.all(
        "SELECT l.*, COALESCE(l.sku, p.sku) AS known_sku, p.name AS product_name "
        "FROM lines AS l LEFT JOIN products AS p ON p.vendor = l.vendor AND p.id = l.product_id "
        "WHERE l.document = 'quote' AND l.vendor = ? AND l.document_id = ? ORDER BY l.position, l.id",
        quote["vendor"], quote["id"],
    )  # fmt: skip
    if not held:
        needs.append(Need(name="products", says=Sentence(text="The quote has no lines.")))
    made, lacking, untaxed = [], list[str](), list[str]()
    rate = _number(given.get("tax_rate"))
    for line in held:
        sku, called = line["known_sku"], line["description"] or line["product_name"] or line["known_sku"] or "?"
        product = facts.one(
            "SELECT * FROM products WHERE vendor = ? AND UPPER(TRIM(sku)) = UPPER(TRIM(?)) "
            "AND COALESCE(is_active, TRUE) ORDER BY id LIMIT 1", to, sku or "",
        ) if sku else None  # fmt: skip
        tax = line["tax_rate"] if line["tax_rate"] is not None else rate
        if product is None:
            lacking.append(f"{called} ({sku})" if sku else called)
            continue
        if tax is None:
            untaxed.append(called)
        made.append(QuoteLineDraft(
            description=called, quantity=line["quantity"] if line["quantity"] is not None else Decimal(1),
            unit_price=line["unit_price"] or Decimal(0), discount_rate=line["discount_rate"] or Decimal(0),
            tax_rate=tax, sku=sku, product_id=product["id"],
        ))  # fmt: skip
    if lacking:
        says = Sentence(text="Not in {vendor} yet: {products}. The quote is made once all its products are there.",
                        values={"vendor": to, "products": ", ".join(lacking)})  # fmt: skip
        needs.append(Need(name="products", says=says))
    if untaxed:
        says = Sentence(text="The tax of {lines} is not known.", values={"lines": ", ".join(untaxed)})
        needs.append(Need(name="tax_rate", says=says))
    return made


def _until(quote: Record, facts: Facts, given: Given, needs: list[Need]) -> dt.date | None:
    """Return the last day; one that is over, or that nobody said, is asked for."""
    until: dt.date | None = quote["valid_until_on"]
    if typed := given.get("valid_until_on"):
        try:
            until = dt.date.fromisoformat(typed)
        except ValueError:
            until = None
    if until is None or until < facts.today:
        says = Sentence(text="Until when can it be accepted? Say a day from today on, as 2026-12-31.")
        needs.append(Need(name="valid_until_on", says=says, value=given.get("valid_until_on") or str(until or "")))
        return None
    return until


def _due_days(quote: Record, customer: Record, facts: Facts) -> int:
    """Return the days to pay of the invoice that follows: agreed with the deal or the customer, else usual."""
    deal = facts.deal(quote["vendor"], quote["deal_id"] or "") or {}
    sold_to = facts.customer(quote["vendor"], quote["customer_id"]) or {}
    said = (deal.get("payment_terms_days"), sold_to.get("payment_terms_days"), customer.get("payment_terms_days"))
    days: Any = next((d for d in said if d is not None), facts.settings.invoicing.terms_days)
    return int(days)


def _number(text: str | None) -> Decimal | None:
    try:
        return Decimal(text.replace(",", ".").replace("%", "").strip()) if text else None
    except InvalidOperation:
        return None
