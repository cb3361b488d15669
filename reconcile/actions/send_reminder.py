"""Remind a customer of all that is overdue in one mail, in their language, once for each invoice and level."""

import hashlib
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency

from extract.vendor import Refused
from reconcile.action import Action, Answer, Caution, Change, Need, Others, Plan, Sentence, Subject, listed, unlisted
from reconcile.actions.send_invoice import no_address
from reconcile.archive.paths import part
from reconcile.facts import Facts, Record
from reconcile.fields import text
from reconcile.late import Claim, claim
from reconcile.letters import LEVELS, letter, line, spoken
from reconcile.mail import NAME, Attached, MailDraft, is_address, mailbox, sender_of
from reconcile.reminders import Reminder, notices, reminder
from reconcile.state import State, now

_MOST_FILES = 10  # PDFs that go with one mail
_LONGEST = 120  # characters of a key that tells its invoices; a longer one is shortened to a digest


class SendReminder(Action):
    """Levels follow from the days late, so that the same day's second press is the same reminder."""

    title = "Send a reminder"
    looks_first = False  # the ledger and the marks of (invoice, level) know what we sent; SMTP cannot be asked

    def plan(self, invoice: Record, customer: Record, facts: Facts) -> Plan | None:
        """Return the plan of today's mail to the customer of an invoice; None where nothing new is due."""
        found = reminder(invoice, customer, facts)
        return self._written(invoice, customer, found, f"reminder_{found.level}", facts) if found else None

    def notices(self, facts: Facts) -> list[Plan]:
        """Return the plans of the letters before anything is late, one for each customer; none where none is wished."""
        return [self._written(*said, "notice", facts) for said in notices(facts)]

    def _written(self, invoice: Record, customer: Record, found: Reminder, name_: str, facts: Facts) -> Plan:
        language, to = spoken(customer), (invoice["customer_email"] or customer.get("email") or "").strip()
        name = customer.get("name") or invoice["customer_name"] or ""
        needs = [Need(name="reminder", says=says) for says in found.blocks]
        needs += [] if is_address(to) else [no_address(name, to)]
        sender = sender_of(facts.settings.mail, facts.settings.company.name)
        if not sender:
            needs.append(Need(name="mail.sender", says=Sentence(text="No sender is set in [mail] of the settings.")))
        key, lead = _key(invoice, found), found.due[0][0]
        values, cautions = _values(found, name, customer, facts, language)
        subject, said = letter(name_, language, values, facts.letters)
        draft = MailDraft(
            key=key, to=mailbox(customer.get("name") or "", to), subject=subject, text=said, sender=sender,
            reply_to=facts.settings.mail.reply_to or None, language=language, attached=_attached(found, facts),
        )  # fmt: skip
        return Plan(
            key=key, chain=key, action="send_reminder", vendor=NAME, draft=draft, needs=tuple(needs),
            subject=Subject(table="invoices", vendor=lead["vendor"], id=lead["id"]),
            data={"level": str(found.level), "address": to, "invoices": listed(_levels(found)),
                  "paid": listed(f"{i['id']}={text(i['paid'])}" for i in found.statement)}, cautions=cautions,
            says=_says(found, name, to),
            preview=(Change(field="to", after=draft.to), Change(field="subject", after=subject),
                     *([Change(field="attached", after=", ".join(a.name for a in draft.attached))] if draft.attached
                       else []), Change(field="text", after=said)),
        )  # fmt: skip

    def marks(self, plan: Plan) -> tuple[str, ...]:
        """Return each (invoice, level) that the mail speaks of."""
        return tuple(f"reminder:{plan.subject.vendor}:{said}" for said in unlisted(plan.data.get("invoices", "")))

    def prepared(self, plan: Plan, vendor: Any, store: State, other: Others) -> Plan:
        """Return the plan with an invoice of the letter that was paid, in part or whole, or voided since then.

        Where billing is no system that can be asked (a file, one that was disconnected), what was read last stands.
        """
        billing = other(plan.subject.vendor)
        for said in unlisted(plan.data.get("paid", "")) if hasattr(billing, "invoice") else ():
            id, _, paid = said.rpartition("=")
            now = billing.invoice(id)
            if now["status"] in ("paid", "void") or Decimal(now.get("paid") or 0) != Decimal(paid or 0):
                return plan.model_copy(update={"data": plan.data | {"changed": str(now.get("number") or id)}})
        return plan

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the message if the mail server says that it took it."""
        found = vendor.find(plan.draft)
        return Answer(data=found) if found else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Send it. Refused where it would ask for what was paid."""
        if number := plan.data.get("changed"):
            raise Refused(plan.subject.vendor, f"{number} was paid or voided since it was read: read again, then "
                          "remind; nothing was sent", 400)  # fmt: skip
        return Answer(data=vendor.send(plan.draft), after={"to": plan.data["address"], "level": plan.data["level"]})

    def finish(self, plan: Plan, answer: Answer, store: State) -> None:
        """Remember the level of each invoice as sent."""
        for said in unlisted(plan.data.get("invoices", "")):
            id, _, level = said.rpartition(".")
            store.reminded(plan.subject.vendor, id, int(level), plan.data["address"], plan.key, now())


def _says(found: Reminder, name: str, to: str) -> Sentence:
    values = {"customer": name, "numbers": _numbers(i for i, _ in found.due)}
    if found.level:
        return Sentence(
            text="Remind {customer} of {numbers} (level {level}).", values=values | {"level": str(found.level)}
        )
    return Sentence(text="Write to {customer} ({address}) that {numbers} is due on {day}.",
                    values=values | {"address": to or "—", "day": str(found.due[0][0]["due_on"])})  # fmt: skip


def _attached(found: Reminder, facts: Facts) -> tuple[Attached, ...]:
    """Return the PDFs that go with the mail: of what it lists, where billing has them and it is wished."""
    if not facts.settings.reminders.attach:
        return ()
    listed = [i for i in found.statement if i["number"] and facts.has_pdf(i["vendor"])]
    return tuple(
        Attached(connection=i["vendor"], invoice_id=i["id"], name=f"{part(i['number'])}.pdf")
        for i in listed[:_MOST_FILES]
    )


def _levels(found: Reminder) -> list[str]:
    return [f"{invoice['id']}.{level}" for invoice, level in found.due]


def _key(invoice: Record, found: Reminder) -> str:
    """Return the key of the mail: customer, invoices and levels; the same wish is the same key on any day."""
    said = "+".join(sorted(_levels(found)))
    if len(said) > _LONGEST:
        said = hashlib.sha256(said.encode()).hexdigest()[:32]
    return f"send_reminder:{invoice['vendor']}:{invoice['customer_id'] or ''}:{said}"


def _numbers(invoices: Iterable[Record]) -> str:
    """Return the numbers of invoices for a subject: the first two, and how many more."""
    numbers = [i["number"] or i["id"] for i in invoices]
    return ", ".join(numbers[:2]) + (f" + {len(numbers) - 2}" if len(numbers) > 2 else "")


def _values(
    found: Reminder, name: str, customer: Record, facts: Facts, language: str
) -> tuple[dict[str, str], tuple[Caution, ...]]:
    """Return what stands in for the placeholders of the letter, and what a person should know of it."""
    totals: dict[str, Decimal] = {}
    for invoice, _ in found.due:
        totals[invoice["currency"]] = totals.get(invoice["currency"], Decimal(0)) + invoice["open_amount"]
    said = {
        "customer": name, "company": facts.settings.company.name, "number": _numbers(i for i, _ in found.due),
        "statement": "\n".join(_line(i, language) for i in found.statement),
        "total": " + ".join(_money(amount, currency, language) for currency, amount in totals.items()), "rights": "",
    }  # fmt: skip
    if found.level < LEVELS or not facts.settings.reminders.interest:
        return said, ()
    rights, cautions = _rights(found, customer, facts, language)
    return said | {"rights": rights}, cautions


def _line(invoice: Record, language: str) -> str:
    """Return the line of an invoice in the statement, with its address below."""
    late = invoice["days_overdue"]
    values = {
        "number": invoice["number"] or invoice["id"], "issued_on": _day(invoice["issued_on"], language),
        "due_on": _day(invoice["due_on"], language), "days": str(late),
        "open": _money(invoice["open_amount"], invoice["currency"], language),
    }  # fmt: skip
    link = f"\n  {invoice['pdf_url']}" if invoice["pdf_url"] else ""
    return "- " + line("statement", language, values, 0 if late else 1) + link


def _rights(found: Reminder, customer: Record, facts: Facts, language: str) -> tuple[str, tuple[Caution, ...]]:
    """Return the line about interest and the fixed sum for what is at level 3: to companies, where rates are known."""
    if customer.get("kind") == "person":
        return "", ()
    country = facts.settings.company.country
    late = [invoice for invoice, level in found.due if level == LEVELS]
    claims: list[tuple[Record, Claim]] = []
    for invoice in late:
        owed = claim(country, invoice["open_amount"], invoice["due_on"], facts.today)
        if owed is None:
            return "", (Caution(code="no_rate", says=Sentence(
                text="No statutory rate of {country} is known for these days: the letter claims no interest.",
                values={"country": country})),)  # fmt: skip
        claims.append((invoice, owed))
    interest: dict[str, Decimal] = {}
    for invoice, owed in claims:
        interest[invoice["currency"]] = interest.get(invoice["currency"], Decimal(0)) + owed.interest
    last = claims[0][1]
    fixed = sum((owed.fixed for _, owed in claims), Decimal(0))
    values = {
        "interest": " + ".join(_money(amount, currency, language) for currency, amount in interest.items()),
        "fixed": _money(fixed, last.fixed_currency, language),
        "counted_to": _day(min(owed.counted_to for _, owed in claims), language),
    }  # fmt: skip
    return "\n" + line("rights", language, values) + "\n", ()


def _money(amount: Decimal, currency: str, language: str) -> str:
    return format_currency(amount, currency, locale=language)


def _day(value: Any, language: str) -> str:
    return format_date(value, format="long", locale=language) if value else "—"
