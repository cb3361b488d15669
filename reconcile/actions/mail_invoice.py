"""E-mail an issued invoice through our own server, in the customer's language: with its PDF, or a link to it online.

Under the same key as the sending by billing: whichever way is set, an invoice goes out once. What the letter says is
kept in the plan as it was previewed; number, amount and dates are billing's at the moment of sending.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency

from extract.vendor import Refused
from reconcile.action import Action, Answer, Change, Need, Others, Plan, Sentence, Subject
from reconcile.actions.send_invoice import no_address, was_sent
from reconcile.facts import Facts, Record
from reconcile.letters import filled, line, spoken, template
from reconcile.mail import NAME, Attached, MailDraft, is_address, mailbox, sender_of
from reconcile.state import State

LETTER = "invoice"
_UNKNOWN = "…"  # in a preview, for what billing has not given yet


class MailInvoice(Action):
    """The first sending; a reminder is another action."""

    title = "Send the invoice by our own mail"
    looks_first = False  # billing is asked before each sending; SMTP cannot be

    def plan(self, invoice: Record, customer: Record, facts: Facts) -> Plan:
        """Return the plan for an issued invoice; a missing or impossible address is asked for."""
        to = invoice["customer_email"] or ""
        says = Sentence(text="Send the invoice {number} to {to}.", values={"number": invoice["number"] or "", "to": to})
        key = f"send_invoice:{invoice['vendor']}:{invoice['id']}"
        subject = Subject(table="invoices", vendor=invoice["vendor"], id=invoice["id"])
        data = _kept(invoice["vendor"], to, invoice["customer_name"] or "", customer, facts)
        return _made(key, key, subject, says, data | {"invoice_id": invoice["id"]}, {}, invoice, facts)

    def following(self, created: Plan, to: str, customer: Record, facts: Facts) -> Plan:
        """Return the plan for the invoice that `created` makes; it goes to the customer's address `to`."""
        draft: Any = created.draft
        data = _kept(created.vendor, to, customer.get("name") or "", customer, facts)
        coming = {"number": None, "gross": None, "currency": draft.currency, "due_on": draft.due_on,
                  "issued_on": draft.issued_on}  # fmt: skip
        return _made(f"send_invoice:({created.key})", created.chain, created.subject,
                     Sentence(text="Send it to {to}.", values={"to": to}), data,
                     {"invoice_id": (created.key, "id")}, coming, facts)  # fmt: skip

    def key(self, plan: Plan) -> str:
        """Return the key of the invoice itself, whichever chain and way of sending it came from."""
        return f"send_invoice:{plan.data['billing']}:{plan.data['invoice_id']}"

    def prepared(self, plan: Plan, vendor: Any, store: State, other: Others) -> Plan:
        """Return the plan with the mail, as billing knows the invoice now. Refused where that cannot be read."""
        said, billing = plan.data, other(plan.data["billing"])
        if billing is None:
            raise Refused(said["billing"], "is not connected: its invoice cannot be read, and nothing was sent")
        now = billing.invoice(said["invoice_id"])
        if now["status"] == "draft":
            raise Refused(said["billing"], "the invoice is a draft: issue it first", 400)
        if was_sent(now):
            return plan.model_copy(update={"data": said | {"sent_before": "yes"}})
        link = billing.online_invoice(said["invoice_id"]) if said["attach"] == "link" else ""
        subject, text = filled(said["letter"], _values(said, now, link))
        files = [Attached(connection=said["billing"], invoice_id=said["invoice_id"], name=_file(now["number"]))]
        draft = MailDraft(
            key=plan.key, to=mailbox(said["name"], said["to"]), subject=subject, text=text, sender=said["sender"],
            reply_to=said["reply_to"] or None, language=said["language"],
            attached=tuple(files) if said["attach"] == "pdf" else (),
        )  # fmt: skip
        return plan.model_copy(update={"draft": draft})

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return that billing knows it as sent, or that the mail server took it."""
        if plan.data.get("sent_before"):
            return Answer(data={"id": plan.data["invoice_id"]})
        found = vendor.find(plan.draft)
        return Answer(data={"id": plan.data["invoice_id"], "recipient": found["recipient"]}) if found else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Send it; nothing, where it was sent before."""
        if plan.data.get("sent_before"):
            return Answer(data={"id": plan.data["invoice_id"]}, nothing=True)
        draft: Any = plan.draft
        vendor.send(draft)
        after = {"to": plan.data["to"], "subject": draft.subject}
        return Answer(data={"id": plan.data["invoice_id"], "recipient": plan.data["to"]}, after=after)


def sample(facts: Facts, language: str) -> dict[str, str] | None:
    """Return what stands in the letter for the newest invoice, to show how it looks; None where there is none."""
    invoice = facts.one(
        "SELECT * FROM invoices WHERE vendor = ? AND number IS NOT NULL AND gross > 0 AND status <> 'draft' "
        "ORDER BY issued_on DESC NULLS LAST, id LIMIT 1", facts.billing,
    )  # fmt: skip
    if invoice is None:
        return None
    data = _kept(invoice["vendor"], "", invoice["customer_name"] or "", {"language": language}, facts)
    return _values(data, invoice, invoice["url"] or "")


def _kept(billing: str, to: str, name: str, customer: Record, facts: Facts) -> dict[str, str]:
    """Return what a plan keeps of how the mail will look."""
    said, company, language = facts.settings.mail, facts.settings.company.name, spoken(customer)
    return {
        "billing": billing, "to": to, "name": name, "language": language, "attach": facts.settings.invoicing.attach,
        "sender": sender_of(said, company),
        "reply_to": said.reply_to, "company": company, "signature": said.signature or company,
        "letter": template(LETTER, language, facts.letters),
    }  # fmt: skip


def _made(
    key: str, chain: str, subject: Subject, says: Sentence, data: dict[str, str], takes: dict[str, tuple[str, str]],
    invoice: Mapping[str, Any], facts: Facts,
) -> Plan:  # fmt: skip
    needs = [] if is_address(data["to"]) else [no_address(data["name"], data["to"])]
    if not data["sender"]:
        needs.append(Need(name="mail.sender", says=Sentence(text="No sender is set in [mail] of the settings.")))
    head, text = filled(data["letter"], _values(data, invoice, _UNKNOWN))
    file = _file(invoice["number"] or _UNKNOWN) if data["attach"] == "pdf" else None
    shown = {"to": data["to"], "subject": head, "attachment": file, "text": text}
    return Plan(
        key=key, chain=chain, action="mail_invoice", vendor=NAME, subject=subject, says=says, data=data, takes=takes,
        needs=tuple(needs), preview=tuple(Change(field=name, after=value) for name, value in shown.items() if value),
    )  # fmt: skip


def _values(data: Mapping[str, str], invoice: Mapping[str, Any], link: str) -> dict[str, str]:
    """Return what stands in for the placeholders of the letter."""
    language, gross = data["language"], invoice["gross"]
    total = _UNKNOWN if gross is None else format_currency(Decimal(gross), invoice["currency"], locale=language)
    document = line("document", language, {"link": link}, 0 if data["attach"] == "pdf" else 1)
    return {
        "customer": data["name"], "company": data["company"], "signature": data["signature"], "document": document,
        "number": invoice["number"] or _UNKNOWN,
        "total": total,
        "issued_on": _day(invoice["issued_on"], language), "due_on": _day(invoice["due_on"], language),
    }  # fmt: skip


def _file(number: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in number) + ".pdf"


def _day(value: Any, language: str) -> str:
    return format_date(value, format="long", locale=language) if value else "—"
