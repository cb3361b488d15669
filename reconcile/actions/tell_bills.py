"""Remind the finance department by e-mail of bills to pay: once before each is due, once when it is late."""

import hashlib
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency

from reconcile.action import Action, Answer, Change, Need, Plan, Sentence, Subject, listed, unlisted
from reconcile.facts import Facts, Record
from reconcile.letters import LANGUAGES, letter
from reconcile.mail import NAME, MailDraft, is_address, sender_of

_BILLS = (
    "SELECT b.*, b.gross - COALESCE(b.paid, 0) AS open_amount, b.due_on < ? AS is_late FROM bills AS b "
    "WHERE b.gross - COALESCE(b.paid, 0) > 0 AND COALESCE(b.status, 'issued') NOT IN ('draft', 'void', 'paid') "
    "AND b.due_on <= ? ORDER BY b.due_on, b.vendor, b.id"
)


class TellBills(Action):
    """One mail for all that is new; each bill stands in one before it is due, and in one when it is late."""

    title = "Remind finance of bills to pay"
    looks_first = False  # the ledger and the marks know what we sent; SMTP cannot be asked

    def plan(self, facts: Facts) -> Plan | None:
        """Return the plan of the mail; None where it is not wished, or there is nothing new."""
        said, mail = facts.settings.reminders, facts.settings.mail
        if not said.bills:
            return None
        last = facts.today.fromordinal(facts.today.toordinal() + said.bills_days)
        bills = [b for b in facts.all(_BILLS, facts.today, last) if _mark(b) not in facts.marks]
        if not bills:
            return None
        marks = listed(_mark(b) for b in bills)
        key = f"tell_bills:{hashlib.sha256(marks.encode()).hexdigest()[:32]}"
        company = facts.settings.company
        language = company.language if company.language in LANGUAGES else "en"
        values = {"statement": "\n".join(_line(b, language) for b in bills), "total": _total(bills, language),
                  "company": company.name}  # fmt: skip
        subject, text = letter("bills", language, values, facts.letters)
        sender = sender_of(mail, company.name)
        needs = []
        if not is_address(said.finance):
            needs.append(Need(name="reminders.finance", says=Sentence(text="Nobody is named who is told: enter the "
                              "address of finance on the page Automations, Reminders.")))  # fmt: skip
        if not mail.sender:
            needs.append(Need(name="mail.sender", says=Sentence(text="No sender is set in [mail] of the settings.")))
        return Plan(
            key=key, chain=key, action="tell_bills", vendor=NAME, needs=tuple(needs),
            draft=MailDraft(key=key, to=said.finance, subject=subject, text=text, sender=sender, language=language),
            subject=Subject(table="bills", vendor=bills[0]["vendor"], id=bills[0]["id"]),
            data={"bills": marks, "to": said.finance},
            says=Sentence(text="Remind {finance} of {count} bills to pay.",
                          values={"finance": said.finance, "count": str(len(bills))}),
            preview=(Change(field="to", after=said.finance), Change(field="subject", after=subject),
                     Change(field="text", after=text)),
        )  # fmt: skip

    def marks(self, plan: Plan) -> tuple[str, ...]:
        """Return each bill that the mail speaks of, and whether it was late."""
        return tuple(unlisted(plan.data["bills"]))

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the message if the mail server says that it took it."""
        found = vendor.find(plan.draft)
        return Answer(data=found) if found else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Send it."""
        return Answer(data=vendor.send(plan.draft), after={"to": plan.data["to"]})


def _mark(bill: Record) -> str:
    return f"bill:{bill['vendor']}:{bill['id']}.{'late' if bill['is_late'] else 'due'}".replace(" ", "_")


def _line(bill: Record, language: str) -> str:
    amount = format_currency(bill["open_amount"], bill["currency"], locale=language)
    day = format_date(bill["due_on"], format="long", locale=language)
    return f"- {day} · {bill['supplier_name'] or '—'} · {bill['number'] or bill['id']} · {amount}"


def _total(bills: list[Record], language: str) -> str:
    sums: dict[str, Decimal] = {}
    for bill in bills:
        sums[bill["currency"]] = sums.get(bill["currency"], Decimal(0)) + bill["open_amount"]
    return " + ".join(format_currency(amount, currency, locale=language) for currency, amount in sums.items())
