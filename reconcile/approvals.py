"""Four eyes: above an amount an invoice is issued only after somebody else than who pressed has agreed to it.

Asked inside the durable chain, of the draft as billing has it at that moment: neither another page nor another process
gets past it, and a draft that was changed after somebody agreed is asked about anew.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from extract.model import InvoiceDraft
from reconcile import access, schema
from reconcile.action import Plan
from reconcile.settings import Settings
from reconcile.state import Entry, State, now

ISSUES = ("issue_invoice", "send_invoice")  # actions that can turn a draft into an invoice
_SAYS = ("customer_id", "customer_name", "customer_tax_id", "net", "gross", "currency", "due_on", "description")
_table = schema.approvals


class Waits(Exception):
    """It cannot go on before somebody agrees; the text says to what, and where."""


class NotYours(ValueError):
    """Whoever asked cannot be the one who agrees."""


class Decided(ValueError):
    """Somebody was quicker, or there is nothing to decide."""


def checked(plan: Plan, vendor: Any, settings: Settings, store: State, run_id: str, who: str) -> str | None:
    """Return why an invoice may not be issued; None where it may. Waits, written down for the list, where it must wait.

    VendorError where the draft cannot be read.
    """
    above = settings.approval.above
    found = _draft(plan, vendor) if above else None
    if found is None:
        return None
    id, draft, lines = found
    currency, gross = draft.get("currency") or "", draft.get("gross") or 0
    if currency in above and gross <= above[currency]:
        return None
    content = _digest(draft, lines)
    row = _asked(store, plan, id, content, draft, run_id, who)
    if row["state"] == "approved" and not pressed(row["asked_by"], row["decided_by"]):
        return None
    if row["state"] == "rejected":
        return f"{row['decided_by']} rejected it: {row['comment']} (change it, then try again)"
    limit = f"above {above[currency]:.2f} {currency}" if currency in above else f"no limit is set for {currency}"
    raise Waits(
        f"{gross:.2f} {currency}: {limit}; somebody else than {row['asked_by']} approves it on the page Activity"
    )


def waiting(store: State, states: Iterable[str] = ("waiting",)) -> list[dict[str, Any]]:
    """Return what waits for somebody to agree, the oldest first."""
    query = sa.select(_table).where(_table.c.state.in_(list(states))).order_by(_table.c.asked_at, _table.c.invoice_id)
    with store.read() as db:
        return [dict(row) for row in db.execute(query).mappings()]


def decide(store: State, vendor: str, invoice_id: str, content: str, agrees: bool, who: str, comment: str = "") -> str:
    """Write down what somebody said of a draft, in the audit log too, and return the id of the run that waits for it.

    NotYours where whoever asked would agree, Decided where it was decided, ValueError where a rejection says nothing.
    """
    access.need("approve")
    comment = comment.strip()
    if not agrees and not comment:
        raise ValueError("say why: whoever asked reads it")
    this = sa.and_(_table.c.vendor == vendor, _table.c.invoice_id == invoice_id, _table.c.content == content)
    with store.write() as db:
        row = db.execute(sa.select(_table).where(this).with_for_update()).mappings().first()
        if row is None or row["state"] != "waiting":
            raise Decided(f"{row['decided_by']} decided it already" if row else "there is nothing to decide")
        if agrees and pressed(row["asked_by"], who):
            raise NotYours(f"{row['asked_by']} asked for it: somebody else has to agree")
        state = "approved" if agrees else "rejected"
        said = {"state": state, "decided_by": who, "decided_at": now(), "comment": comment}
        db.execute(_table.update().where(this).values(**said))
        after = {"state": state, "amount": f"{row['amount']} {row['currency']}", "asked_by": row["asked_by"]}
        entry = Entry(
            who=who, action="approve_invoice" if agrees else "reject_invoice", outcome="decided", vendor=vendor,
            subject=f"invoices:{vendor}:{invoice_id}", says=comment or row["says"], before={"state": "waiting"},
            after=after,
        )  # fmt: skip
        db.execute(schema.audit.insert().values(**entry.model_dump(), at=now()))
    return str(row["run_id"])


def pressed(asked_by: str, who: str) -> bool:
    """Return whether somebody is behind a name under which something was started, however they write their own.

    Behind an automatic flow is who switched it on.
    """
    first = asked_by.partition(", approved by ")[0]
    return who.strip().casefold() in {
        name.strip().casefold() for name in (first, first.rpartition("switched on by ")[2])
    }


def is_draft(row: Mapping[str, Any]) -> bool:
    """Return whether what waits is there as a draft; where billing has none, it is but planned."""
    return not row["invoice_id"].startswith("create_invoice:")


def _draft(plan: Plan, vendor: Any) -> tuple[str, dict[str, Any], list[str]] | None:
    """Return id, head and lines of the draft that a plan would issue; None where it issues none.

    Where billing has no drafts it is what the plan would make; its key stands for the id.
    """
    if plan.action in ISSUES:
        id = plan.data["invoice_id"]
        now = vendor.invoice(id)
        return (id, now, vendor.contents(id)) if now["status"] == "draft" else None
    if "issue_invoice" not in plan.does or not isinstance(plan.draft, InvoiceDraft):
        return None
    made, shown = plan.draft, {c.field: c.after for c in plan.preview}
    head = made.model_dump() | {
        "gross": Decimal(plan.data["issues"]), "description": made.message, "customer_name": shown.get("customer"),
        "customer_tax_id": shown.get("tax_id"),
    }  # fmt: skip
    return plan.key, head, [line.model_dump_json() for line in made.lines]


def _asked(
    store: State, plan: Plan, id: str, content: str, draft: dict[str, Any], run_id: str, who: str
) -> dict[str, Any]:
    """Return the request for this draft, written down where there is none yet."""
    this = sa.and_(_table.c.vendor == plan.vendor, _table.c.invoice_id == id, _table.c.content == content)
    with store.write() as db:
        row = db.execute(sa.select(_table).where(this).with_for_update()).mappings().first()
        if row is not None:
            if row["state"] == "waiting" and row["run_id"] != run_id:
                db.execute(_table.update().where(this).values(run_id=run_id))
            return dict(row)
        older = sa.and_(_table.c.vendor == plan.vendor, _table.c.invoice_id == id, _table.c.state == "waiting")
        db.execute(_table.delete().where(older))  # what it said before nobody can agree to any more
        said = " · ".join(p for p in (draft.get("customer_name"), draft.get("deal_reference")) if p)
        values = {"vendor": plan.vendor, "invoice_id": id, "content": content, "state": "waiting", "says": said,
                  "amount": draft.get("gross") or 0, "currency": draft.get("currency") or "", "run_id": run_id,
                  "asked_by": who.partition(", approved by ")[0], "asked_at": now()}  # fmt: skip
        db.execute(_table.insert().values(**values))
        entry = Entry(
            who=who, action="ask_approval", outcome="done", vendor=plan.vendor, says=said,
            subject=f"invoices:{plan.vendor}:{id}", key=f"ask_approval:{plan.vendor}:{id}:{content}",
            after={"amount": f"{values['amount']} {values['currency']}"},
        )  # fmt: skip
        db.execute(schema.audit.insert().values(**entry.model_dump(), at=now()))
        return values | {"decided_by": "", "comment": ""}


def _digest(draft: dict[str, Any], lines: list[str]) -> str:
    said = [[str(draft.get(name)) for name in _SAYS], lines]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]
