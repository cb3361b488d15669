"""Remind a customer of one overdue invoice by e-mail, in their language, once for each level of lateness."""

from decimal import Decimal
from email.utils import formataddr
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency

from reconcile.action import Action, Answer, Caution, Change, Need, Plan, Sentence, Subject
from reconcile.actions.send_invoice import no_address
from reconcile.facts import Facts, Record
from reconcile.letters import LANGUAGES, letter
from reconcile.mail import NAME, MailDraft
from reconcile.state import State, now

LEVELS = (1, 15, 30)  # days late from which each level may go out
_SPOKEN = {"ES": "es", "MX": "es", "AR": "es", "CO": "es", "CL": "es", "PE": "es", "FR": "fr", "PL": "pl"}


class SendReminder(Action):
    """The level follows from the days late, so that the same day's second press is the same reminder."""

    title = "Send a reminder"
    looks_first = False  # the ledger and the unique (invoice, level) know what we sent; SMTP cannot be asked

    def plan(self, invoice: Record, customer: Record, facts: Facts) -> Plan | None:
        """Return the plan of today's reminder of an invoice; None where nothing is open or late."""
        level = sum(invoice["days_overdue"] >= days for days in LEVELS)
        if not level or not invoice["open_amount"] or invoice["open_amount"] <= 0:
            return None
        language, to = spoken(customer), invoice["customer_email"] or customer.get("email") or ""
        needs = [] if "@" in to else [no_address(invoice["customer_name"] or "", to)]
        sender = facts.settings.mail.sender
        if not sender:
            needs.append(Need(name="mail.sender", says=Sentence(text="No sender is set in [mail] of the settings.")))
        key = f"send_reminder:{invoice['vendor']}:{invoice['id']}:{level}"
        subject, said = letter("reminder", language, _values(invoice, customer, facts, language))
        company = facts.settings.company.name
        draft = MailDraft(
            key=key, to=formataddr((customer.get("name") or "", to)), subject=subject, text=said,
            sender=formataddr((company, sender)) if "<" not in sender else sender,
            reply_to=facts.settings.mail.reply_to or None, language=language,
        )  # fmt: skip
        return Plan(
            key=key, chain=key, action="send_reminder", vendor=NAME, draft=draft, needs=tuple(needs),
            subject=Subject(table="invoices", vendor=invoice["vendor"], id=invoice["id"]),
            data={"level": str(level), "address": to}, cautions=tuple(_cautions(invoice, facts)),
            says=Sentence(text="Remind {customer} of the invoice {number} (level {level}).",
                          values={"customer": invoice["customer_name"] or "", "number": invoice["number"] or "",
                                  "level": str(level)}),
            preview=(Change(field="to", after=draft.to), Change(field="subject", after=subject),
                     Change(field="text", after=said)),
        )  # fmt: skip

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the message if the mail server says that it took it."""
        found = vendor.find(plan.draft)
        return Answer(data=found) if found else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Send it."""
        return Answer(data=vendor.send(plan.draft), after={"to": plan.data["address"], "level": plan.data["level"]})

    def finish(self, plan: Plan, answer: Answer, store: State) -> None:
        """Remember the level of this invoice as sent."""
        to, level = plan.data["address"], int(plan.data["level"])
        store.reminded(plan.subject.vendor, plan.subject.id, level, to, plan.key, now())


def spoken(customer: Record) -> str:
    """Return the language to write to a customer in: theirs, else their country's, else English."""
    language = (customer.get("language") or "")[:2].lower()
    return language if language in LANGUAGES else _SPOKEN.get(customer.get("country") or "", "en")


def _values(invoice: Record, customer: Record, facts: Facts, language: str) -> dict[str, str]:
    def money(amount: Decimal | None) -> str:
        return format_currency(amount or Decimal(0), invoice["currency"] or "EUR", locale=language)

    def day(value: Any) -> str:
        return format_date(value, format="long", locale=language) if value else "—"

    return {
        "number": invoice["number"] or invoice["id"],
        "customer": customer.get("name") or invoice["customer_name"] or "",
        "issued_on": day(invoice["issued_on"]), "due_on": day(invoice["due_on"]), "gross": money(invoice["gross"]),
        "open": money(invoice["open_amount"]), "link": invoice["pdf_url"] or "", "company": facts.settings.company.name,
    }  # fmt: skip


def _cautions(invoice: Record, facts: Facts) -> list[Caution]:
    money = facts.unmatched_money(invoice["open_amount"], invoice["currency"])
    return [
        Caution(code="unapplied_payment", says=Sentence(
            text="{amount} {currency} of {payer} arrived on {day} for no known invoice: perhaps for this one.",
            values={"amount": str(m["amount"]), "currency": m["currency"], "payer": m["payer_name"] or "—",
                    "day": str(m["paid_on"])}))
        for m in money
    ]  # fmt: skip
