"""Tell the finance department by e-mail which invoices have been late for too long, once for each invoice."""

import hashlib
from typing import Any

from reconcile.action import Action, Answer, Change, Need, Plan, Sentence, Subject, listed, unlisted
from reconcile.facts import Facts, Record
from reconcile.mail import NAME, MailDraft, sender_of

_LATE = (
    "SELECT i.vendor, i.id, i.number, i.customer_name, i.due_on, i.currency, i.url, s.open_amount, s.days_overdue "
    "FROM invoices AS i JOIN invoice_summary AS s ON s.vendor = i.vendor AND s.id = i.id "
    "WHERE s.state = 'overdue' AND s.open_amount > 0 AND s.days_overdue > ? "
    "ORDER BY s.days_overdue DESC, i.vendor, i.id"
)


class TellFinance(Action):
    """One mail for all that became so late since the last; each invoice stands in one of them."""

    title = "Tell finance what is very late"
    looks_first = False  # the ledger and the marks know what we sent; SMTP cannot be asked

    def plan(self, facts: Facts) -> Plan | None:
        """Return the plan of the mail; None where nobody is to be told, or of nothing new."""
        said = facts.settings.reminders
        late = facts.all(_LATE, said.finance_days) if said.finance else []
        late = [i for i in late if _mark(i["vendor"], i["id"]) not in facts.marks]
        if not late:
            return None
        names = listed(f"{i['vendor']}:{i['id']}" for i in late)
        key = f"tell_finance:{hashlib.sha256(names.encode()).hexdigest()[:32]}"
        sender = sender_of(facts.settings.mail, facts.settings.company.name)
        words = Sentence(text="Tell {finance} of {count} invoices that are more than {days} days late.", values={
            "finance": said.finance, "count": str(len(late)), "days": str(said.finance_days)})  # fmt: skip
        subject = f"{len(late)} invoices are more than {said.finance_days} days late"
        text = "\n".join(_line(i) for i in late) + "\n"
        draft = MailDraft(key=key, to=said.finance, subject=subject, text=text, sender=sender)
        needs = () if sender else (
            Need(name="mail.sender", says=Sentence(text="No sender is set in [mail] of the settings.")),)  # fmt: skip
        return Plan(
            key=key, chain=key, action="tell_finance", vendor=NAME, draft=draft, needs=needs, says=words,
            subject=Subject(table="invoices", vendor=late[0]["vendor"], id=late[0]["id"]),
            data={"invoices": names, "to": said.finance},
            preview=(Change(field="to", after=said.finance), Change(field="subject", after=subject),
                     Change(field="text", after=text)),
        )  # fmt: skip

    def marks(self, plan: Plan) -> tuple[str, ...]:
        """Return each invoice that finance is told of."""
        return tuple(_mark(*name.split(":", 1)) for name in unlisted(plan.data["invoices"]))

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the message if the mail server says that it took it."""
        found = vendor.find(plan.draft)
        return Answer(data=found) if found else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Send it."""
        return Answer(data=vendor.send(plan.draft), after={"to": plan.data["to"]})


def _mark(vendor: str, id: str) -> str:
    return f"finance:{vendor}:{id}"


def _line(invoice: Record) -> str:
    return (
        f"- {invoice['number'] or invoice['id']}, {invoice['customer_name'] or '—'}: "
        f"{invoice['open_amount']:.2f} {invoice['currency']}, due {invoice['due_on']}, "
        f"{invoice['days_overdue']} days late {invoice['url'] or ''}".rstrip()
    )
