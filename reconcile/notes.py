"""What the CRM's timeline should say of billing and money: a note for each issued document and each payment, once."""

import datetime as dt
from collections.abc import Sequence
from html import escape
from importlib.resources import files

from extract.model import NoteDraft
from reconcile.action import Plan, Subject, registry
from reconcile.facts import Facts, Record
from reconcile.letters import line, said_day, said_money
from reconcile.settings import SettingsError

SORTS = ("invoice", "credit_note", "payment", "refund")
_EVENTS = (files(__package__) / "notes.sql").read_text("utf-8")
_DOCUMENT, _PAYMENT, _REFUND, _PART, _SETTLED, _INVOICE, _CREDIT_NOTE = range(7)  # lines of letters/noted.*.txt


def events(facts: Facts, crm: str, vendor: str = "", id: str = "") -> list[Record]:
    """Return documents and money of the CRM's customers, or of the one of this record, oldest first.

    Each has sort, subject, vendor, id, on_day, amount, currency; `deals` and `crm_id` are where a note belongs; `parts`
    says of a payment which invoice got how much of it, and what was open of that afterwards.
    """
    cursor = facts.db.cursor().execute(_EVENTS, {"crm": crm, "vendor": vendor, "id": id})
    names = [d[0] for d in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def missing(facts: Facts, found: Sequence[Record], crm: str) -> list[Plan]:
    """Return the plans of the notes that were never written, for those that have a deal or a customer in the CRM."""
    action = registry()["create_note"]
    placed = [e for e in found if e["deals"] or e["crm_id"]]
    plans = [action.plan(_subject(event), crm, _draft(event, facts, crm)) for event in placed]
    return [plan for plan in plans if not any(mark in facts.marks for mark in action.marks(plan))]


def crm_of(facts: Facts) -> str:
    """Return the connection whose records take notes; empty where there is none."""
    try:
        return facts.crm if facts.can(facts.crm, "create_note") else ""
    except SettingsError:
        return ""


def due(facts: Facts) -> list[Plan]:
    """Return the notes that the settings want by themselves and that are not there yet."""
    said, crm = facts.settings.timeline, crm_of(facts)
    wanted = {"payment": said.payments, "refund": said.payments, "invoice": said.invoices,
              "credit_note": said.invoices}  # fmt: skip
    if not crm or not any(wanted.values()):
        return []
    found = [e for e in events(facts, crm) if wanted[e["sort"]] and (said.since is None or e["on_day"] >= said.since)]
    return missing(facts, found, crm)


def _subject(event: Record) -> Subject:
    return Subject(table=event["subject"], vendor=event["vendor"], id=event["id"])


def _draft(event: Record, facts: Facts, crm: str) -> NoteDraft:
    """Return the note of an event, in the company's language."""
    return NoteDraft(
        key=f"create_note:{crm}:{event['subject']}:{event['vendor']}:{event['id']}",
        body="<br>".join(escape(text) for text in words(event, facts.settings.company.language)),
        at=dt.datetime.combine(event["on_day"], dt.time(12), dt.UTC),
        deal_ids=tuple(event["deals"]), customer_id=event["crm_id"],
    )  # fmt: skip


def words(event: Record, language: str) -> list[str]:
    """Return what a note says, line by line: date, amount, and what is open after it."""
    amount = said_money(event["amount"], event["currency"], language)
    if event["subject"] == "invoices":
        kind = line("noted", language, {}, _CREDIT_NOTE if event["sort"] == "credit_note" else _INVOICE)
        values = {
            "kind": kind,
            "number": event["number"],
            "amount": amount,
            "issued_on": said_day(event["on_day"], language),
            "due_on": said_day(event["due_on"], language),
        }
        return [line("noted", language, values, _DOCUMENT)]
    head = line("noted", language, {"amount": amount, "paid_on": said_day(event["on_day"], language)},
                _REFUND if event["sort"] == "refund" else _PAYMENT)  # fmt: skip
    lines = [head]
    for one in event["parts"]:
        values = {"number": one["number"], "applied": said_money(one["amount"], one["currency"], language),
                  "remaining": said_money(one["remaining"], one["currency"], language)}  # fmt: skip
        lines.append(line("noted", language, values, _PART if one["remaining"] else _SETTLED))
    return lines
