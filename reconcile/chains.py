"""Which plans mend a finding, in the order in which they must run."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from reconcile import keeping, notes, sending, unknown_products
from reconcile.action import Need, Plan, Sentence, Subject, registry, unlisted
from reconcile.actions.create_customer import merged, needs
from reconcile.actions.create_invoice import totals
from reconcile.actions.send_reminder import spoken
from reconcile.actions.update_deal import Coming
from reconcile.facts import Facts, Record
from reconcile.letters import line, said_day, said_money
from reconcile.plans import rule_of
from reconcile.source import Source, as_proforma, of_deal, of_quote, of_rule, quote_of

Given = Mapping[str, str]
SENDS = ("send_invoice", "mail_invoice")  # the ways in which an invoice goes out
PLANNED = ("plan_due", "recurring_missed")  # checks whose `part` is a part of the deal's plan
_ADDRESS = ("street", "city", "region", "postcode", "country")


def chain(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    """Return the plans that mend a finding; none where only a person can. `given` are values a person typed in."""
    if given.get("billing"):
        facts = facts.billed_in(given["billing"])
    made = _CHAINS.get(finding["action"] or "")
    plans = made(finding, facts, given) if made else []
    if not plans:
        return []
    key = f"fix:{plans[-1].key if len(plans) == 1 else _named(plans).key}"
    said = {"chain": key, "findings": (finding["id"],) if finding["id"] else ()}
    return [plan.model_copy(update=said) for plan in plans]


def _named(plans: list[Plan]) -> Plan:
    """Return the plan that gives a chain its key: the first that creates, issues or sends."""
    return next((p for p in plans if p.action in ("create_invoice", "issue_invoice", *SENDS)), plans[0])


def _invoice_deal(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    """Customer, draft, issue, send, write back: as far as the settings go. The finding is of a deal or of a quote."""
    deal, quote = _sold(finding, facts)
    if deal is None or (finding["action"] == "create_proforma" and quote is None):
        return []
    said = facts.settings.invoicing
    customer = facts.customer(deal["vendor"], deal["customer_id"] or (quote or {}).get("customer_id"))
    contact = facts.customer(deal["vendor"], deal["contact_id"])
    known, plans, customer_key = _customer(deal, customer, contact, facts, given)
    billed, id = known, known["id"] if customer_key is None and customer else None
    part = finding["part"] if finding.get("check") in (*PLANNED, None) else ""
    source = _source(deal, quote, facts, given, part or "", spoken(known))
    proforma = finding["action"] == "create_proforma"
    if proforma and quote:
        source = as_proforma(source, quote["id"])
    create = registry()["create_invoice"].plan(source, id, customer_key, billed, facts, given)
    if customer is None:
        asked = Need(name="customer", says=Sentence(text="The deal has no customer in the CRM: add one there."))
        create = create.model_copy(update={"needs": (asked, *create.needs)})
    if proforma:
        words = "Create a pro-forma of {gross} {currency} for {customer}: a draft in billing that never gets a number."
        says = Sentence(text=words, values=create.says.values)
        return [*plans, create.model_copy(update={"says": says})]
    plans.append(create)
    last, status, to = create, "draft", billed.get("email") or ""
    if not facts.drafts(facts.billing):  # what is made is issued
        status = "issued"
    elif said.issue or said.send:
        last, status = registry()["issue_invoice"].following(create, facts), "issued"
        plans.append(last)
    if said.send:
        plans += sending.following(create, to, billed, facts)
        last, status = plans[-1], "sent"
    if source.deal_id and said.write_back and facts.can(deal["vendor"], "update_deal"):
        summary, gross = facts.deal_summary(deal["vendor"], deal["id"]) or {}, totals(create.draft)[1]
        coming = Coming(last.key, status, gross, create.draft.currency, str(create.draft.due_on),
                        billed.get("name") or to)  # fmt: skip
        before = Decimal(summary.get("invoiced_gross") or 0)
        plans.append(registry()["update_deal"].following(deal, coming, before, facts))
    return plans


def _credit(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    """Credit what a quote says from the invoice that was issued for it."""
    deal, quote = _sold(finding, facts)
    if deal is None or quote is None:
        return []
    source = _source(deal, quote, facts, given, "", "en")
    others = _issued(deal, quote, facts)
    picked = given.get("original") or (others[0]["id"] if len(others) == 1 else "")
    original = next((one for one in others if one["id"] == picked), None)
    return [registry()["create_credit_note"].plan(source, quote["id"], original, others, facts, given)]


def _order(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    """Make an order of a quote, in the CRM where that keeps orders, else in billing; none where neither does."""
    deal, quote = _sold(finding, facts)
    if deal is None or quote is None:
        return []
    to = next((name for name in (quote["vendor"], facts.billing) if facts.can(name, "create_order")), "")
    customer = facts.customer(quote["vendor"], deal["customer_id"] or quote["customer_id"])
    found = facts.counterpart(quote["vendor"], customer["id"], facts.billing) if customer else None
    if to != quote["vendor"]:  # there only whom it knows can order
        customer = found[0] if found else None
    source = _source(deal, quote, facts, given, "", "en")
    billed = found[0]["id"] if found else None
    return [registry()["create_order"].plan(source, quote, customer or {}, billed, to, facts, given)] if to else []


def _issued(deal: Record, quote: Record, facts: Facts) -> list[Record]:
    """Return the invoices that were issued for a quote: its deal's, else those that print its number."""
    if quote["deal_id"]:
        found = facts.invoices_of(deal["vendor"], deal["id"])
    else:
        found = facts.all("SELECT * FROM invoices WHERE vendor = ? AND deal_reference = ? ORDER BY issued_on, id",
                          facts.billing, quote["number"] or quote["id"])  # fmt: skip
    return [i for i in found if i["kind"] != "credit_note" and i["status"] not in ("draft", "void")]


def _source(deal: Record, quote: Record | None, facts: Facts, given: Given, part: str, language: str) -> Source:
    """Return what is billed of a deal, of a customer's rule, or of a quote: with its lines where it has a deal."""
    if quote is None and deal["id"] == rule_of(deal["customer_id"] or ""):
        customer = facts.customer(deal["vendor"], deal["customer_id"])
        return of_rule(customer or {}, given.get("part") or part, facts)
    if quote is None:
        return of_deal(deal, facts, given, part, language)
    if not quote["deal_id"]:
        return of_quote(quote, facts)
    return of_deal(deal, facts, {"source": f"quote:{quote['id']}", **given}, part, language)


def _sold(finding: Record, facts: Facts) -> tuple[Record | None, Record | None]:
    """Return the deal that a finding or wish is about, and the quote where it is about one.

    A quote without a deal, and what a customer is invoiced without one, is taken as a deal of its own. Quotes of
    billing become invoices there.
    """
    if finding["subject_table"] == "customers":
        customer = facts.customer(finding["subject_vendor"], finding["subject_id"])
        return (of_rule(customer, "", facts).deal if customer else None), None
    if finding["subject_table"] != "quotes":
        return facts.deal(finding["subject_vendor"], finding["subject_id"]), None
    quote = quote_of(finding["subject_vendor"], finding["subject_id"], facts)
    if quote is None or quote["vendor"] == facts.billing:
        return None, None
    return facts.deal(quote["vendor"], quote["deal_id"]) if quote["deal_id"] else of_quote(quote, facts).deal, quote


def _customer(
    deal: Record, customer: Record | None, contact: Record | None, facts: Facts, given: Given
) -> tuple[Record, list[Plan], str | None]:
    """Return what is known of the customer to bill, plans that make or complete it, and the key of a creation."""
    if customer is None:
        return {}, [], None
    known, actions = keeping.kept(merged(customer, contact, given), facts, given), registry()
    found = facts.counterpart(customer["vendor"], customer["id"], facts.billing)
    picked = facts.customer(facts.billing, given.get("customer_id"))
    if picked is not None:
        found = picked, "picked"
    mail_needed = facts.settings.invoicing.send
    plans: list[Plan] = []
    if found is None:
        created = actions["create_customer"].plan(customer, contact, facts, given, mail_needed)
        plans.append(created)
        stored = {"other_id": (created.key, "id")}
        typed_in = {name: value for name, value in given.items() if name in known and name != "email"}
        if facts.can(customer["vendor"], "update_customer"):
            plans.append(actions["update_customer"].plan(customer, typed_in, stored))
        return known, plans, created.key
    billed, rule = found
    if rule in ("tax_id", "picked") and facts.can(customer["vendor"], "update_customer"):
        stored_id = actions["update_customer"].plan(customer, {"other_id": billed["id"]})
        plans += [stored_id] if stored_id else []
    lacking = {n.name: n for n in needs(billed, mail_needed)}
    supplied = {name: known[name] for name in lacking if known.get(name) and known[name] != billed.get(name)}
    wanted = supplied | {name: value for name, value in given.items() if name in ("tax_id", "email", *_ADDRESS)}
    asked = tuple(needs(billed | wanted, mail_needed))
    completed = actions["update_customer"].plan(billed, wanted) if wanted else None
    if completed is not None or asked:
        completed = completed or _asking(billed, asked)
        plans.append(completed.model_copy(update={"needs": asked}))
    terms = customer.get("payment_terms_days")  # agreed on in the CRM; billing's copy is as old as its customer
    agreed = {"payment_terms_days": billed.get("payment_terms_days") if terms is None else terms,
              "discount_rate": customer.get("discount_rate")}  # fmt: skip
    return billed | wanted | agreed | {"known_by": rule}, plans, None


def _asking(customer: Record, asked: tuple[Need, ...]) -> Plan:
    """Return a plan that cannot be sent before a person gives what it asks for."""
    blank = {need.name: "…" for need in asked}
    plan: Plan = registry()["update_customer"].plan(customer, blank)
    return plan.model_copy(update={"data": {}, "needs": asked})


def _issue(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    """Issue a draft, send it where that is chosen, tell its deal."""
    invoice = facts.invoice(finding["subject_vendor"], finding["subject_id"])
    if invoice is None:
        return []
    issued: Plan = registry()["issue_invoice"].plan(invoice, facts, given)
    plans = [issued]
    if facts.settings.invoicing.send:
        plans += sending.of(invoice, facts)
    return plans + _told(invoice, plans[-1], "sent" if len(plans) > 1 else "issued", Decimal(0), facts)


def _send(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    """Send an issued invoice, to a corrected address where one was given, and tell its deal."""
    invoice = facts.invoice(finding["subject_vendor"], finding["subject_id"])
    if invoice is None:
        return []
    plans: list[Plan] = []
    customer = facts.customer(invoice["vendor"], invoice["customer_id"])
    if given.get("email") and customer and facts.can(invoice["vendor"], "update_customer"):
        corrected = registry()["update_customer"].plan(customer, {"email": given["email"]})
        plans += [corrected] if corrected else []
        invoice = invoice | {"customer_email": given["email"]}
    plans += sending.of(invoice, facts)
    return plans + _told(invoice, plans[-1], "sent", invoice["gross"], facts)


def _told(invoice: Record, last: Plan, status: str, counted: Decimal, facts: Facts) -> list[Plan]:
    """Return the plan that tells the only deal of an invoice; `counted` of it is in the deal's sum already."""
    deals = facts.deals_of(invoice["vendor"], invoice["id"])
    if len(deals) != 1 or not facts.settings.invoicing.write_back or not facts.can(deals[0]["vendor"], "update_deal"):
        return []
    summary = facts.deal_summary(deals[0]["vendor"], deals[0]["id"]) or {}
    before = Decimal(summary.get("invoiced_gross") or 0) - Decimal(counted or 0)
    recipient = invoice["customer_name"] or invoice["customer_email"] or ""
    coming = Coming(
        last.key, status, invoice["gross"], invoice["currency"] or "", str(invoice["due_on"] or ""), recipient
    )
    return [registry()["update_deal"].following(deals[0], coming, before, facts)]


def _tell_deal(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    deal = facts.deal(finding["subject_vendor"], finding["subject_id"])
    if deal is None or not facts.can(deal["vendor"], "update_deal"):
        return []
    plan = registry()["update_deal"].plan(deal, facts)
    return [plan] if plan else []


def _remind(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    invoice = facts.invoice(finding["subject_vendor"], finding["subject_id"])
    if invoice is None:
        return []
    customer = facts.customer(invoice["vendor"], invoice["customer_id"]) or {}
    if given.get("email"):
        invoice = invoice | {"customer_email": given["email"]}
    plan = registry()["send_reminder"].plan(invoice, customer, facts)
    return [plan, *_tasks(plan, facts)] if plan else []


def _tasks(reminder: Plan, facts: Facts) -> list[Plan]:
    """Return a task for the owner of each deal whose invoice the mail speaks of, once for each level."""
    found: list[Plan] = []
    if not facts.settings.reminders.tasks:
        return found
    for said in unlisted(reminder.data["invoices"]):
        id, _, level = said.rpartition(".")
        invoice = facts.invoice(reminder.subject.vendor, id)
        for deal in facts.deals_of(reminder.subject.vendor, id)[:1] if invoice else []:
            if facts.can(deal["vendor"], "create_task") and deal["owner_id"]:
                found.append(_task(invoice or {}, deal, level, facts))
    return found


def _task(invoice: Record, deal: Record, level: str, facts: Facts) -> Plan:
    """Return the task for the owner of a deal, in the company's language."""
    language = facts.settings.company.language
    values = {"number": invoice["number"] or invoice["id"], "customer": invoice["customer_name"] or "",
              "days": str(invoice["days_overdue"]), "level": level, "link": invoice["url"] or "",
              "open": said_money(invoice["open_amount"], invoice["currency"], language),
              "due_on": said_day(invoice["due_on"], language)}  # fmt: skip
    due_at = dt.datetime.combine(facts.today + dt.timedelta(days=1), dt.time(9), dt.UTC)
    subject = Subject(table="invoices", vendor=invoice["vendor"], id=invoice["id"])
    made: Plan = registry()["create_task"].plan(
        subject, deal["vendor"], f"overdue:{invoice['vendor']}:{invoice['id']}:{level}",
        line("task", language, values), line("task", language, values, 1).strip(), due_at,
        deal["owner_id"], deal["id"], deal["customer_id"], facts.owner(deal["vendor"], deal["owner_id"]),
    )  # fmt: skip
    return made


def _close(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    """Tell billing that the money came, then the deal."""
    invoice = facts.invoice(finding["subject_vendor"], finding["subject_id"])
    if invoice is None or not facts.can(invoice["vendor"], "record_payment"):
        return []
    plan = registry()["record_payment"].plan(invoice, facts)
    deals = facts.deals_of(invoice["vendor"], invoice["id"]) if plan else []
    told = [registry()["update_deal"].plan(deal, facts) for deal in deals if facts.can(deal["vendor"], "update_deal")]
    return [p for p in (plan, *told) if p]


def _mend_customer(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    """Bring billing to what the CRM says, or ask for what neither knows."""
    customer = facts.customer(finding["subject_vendor"], finding["subject_id"])
    if finding.get("check") in ("tax_id_differs", "contact_differs"):
        return _aligned(customer, finding["part"], facts)
    if customer is None or not facts.can(customer["vendor"], "update_customer"):
        return []
    fields = _ADDRESS if finding["part"] == "address" else (finding["part"],)
    typed_in = {name: given[name] for name in fields if given.get(name)}
    lacking = tuple(n for n in needs(customer | typed_in, finding["part"] == "email") if n.name in fields)
    if lacking or not typed_in:
        return [_asking(customer, lacking)] if lacking else []
    plan = registry()["update_customer"].plan(customer, typed_in)
    return [plan] if plan else []


def _aligned(billed: Record | None, part: str | None, facts: Facts) -> list[Plan]:
    """Return the plans that give a customer's two records what the owner of each field says."""
    ours = facts.in_crm(billed["vendor"], billed["id"]) if billed else None
    if billed is None or ours is None or not facts.can(billed["vendor"], "update_customer"):
        return []
    if not keeping.is_shared(billed, ours, facts):
        return []
    fields = _ADDRESS if part == "address" else ("email",) if part == "email" else ("tax_id",)
    owners = {name: facts.settings.sync.owner("customers", name) for name in fields}
    wanted: dict[str, Any] = {n: ours[n] for n in fields if ours.get(n) and owners[n] in ("crm", "either")}
    theirs = {n: billed[n] for n in fields if billed.get(n) and owners[n] == "billing"}
    if part == "email" and not wanted and owners["email"] in ("crm", "either"):
        contact = facts.one(
            "SELECT p.email FROM deals AS d JOIN customers AS p ON p.vendor = d.vendor AND p.id = d.contact_id "
            "WHERE d.vendor = ? AND d.customer_id = ? AND p.email IS NOT NULL ORDER BY d.updated_at DESC, d.id LIMIT 1",
            ours["vendor"], ours["id"],
        )  # fmt: skip
        wanted = contact or {}
    plan, back = registry()["update_customer"].plan(billed, wanted), None
    if theirs and facts.can(ours["vendor"], "update_customer"):
        back = registry()["update_customer"].plan(ours, theirs)
    return [made for made in (plan, back) if made]


def _noted(finding: Record, facts: Facts, given: Given) -> list[Plan]:
    """Write what billing and bank know of a customer into the CRM's timeline, as far as it is not there yet."""
    crm = notes.crm_of(facts)
    if not crm:
        return []
    return notes.missing(facts, notes.events(facts, crm, finding["subject_vendor"], finding["subject_id"]), crm)


_CHAINS: dict[str, Callable[[Record, Facts, Given], list[Plan]]] = {
    "create_invoice": _invoice_deal,
    "create_proforma": _invoice_deal,
    "create_order": _order,
    "create_credit_note": _credit,
    "issue_invoice": _issue,
    "send_invoice": _send,
    "update_deal": _tell_deal,
    "record_payment": _close,
    "send_reminder": _remind,
    "update_customer": _mend_customer,
    "create_note": _noted,
    **keeping.CHAINS,
    "pick_product": unknown_products.named,
}
