"""What the CRM's deals show of an invoice's state: the word, the day, the stage the deal moves to, reminders sent."""

import datetime as dt
from zoneinfo import ZoneInfo

from reconcile.action import Plan, registry
from reconcile.facts import Facts, Record
from reconcile.settings import STATES, Settings

# Deals whose CRM may show an older state than billing's: the plan of each then says what differs, if anything.
_BEHIND = """
WITH told AS (
    SELECT
        d.vendor, d.id, d.stage, d.pipeline, d.won_on, d.invoice_status, d.invoice_status_on,
        b.invoice_vendor, b.invoice_id,
        CASE b.invoice_status WHEN 'waiting' THEN 'issued' ELSE b.invoice_status END AS state
    FROM deals AS d
    JOIN deal_summary AS b ON b.vendor = d.vendor AND b.id = d.id
    WHERE d.vendor = $crm AND d.status = 'won' AND b.invoice_id IS NOT NULL
)
SELECT t.vendor, t.id
FROM told AS t
WHERE ($since IS NULL OR t.won_on >= $since)
AND (
    COALESCE(t.invoice_status, '') <> COALESCE(list_extract($words, list_position($states, t.state)), t.state)
    OR t.invoice_status_on IS NULL
    OR list_contains($reminded, concat(t.invoice_vendor, ':', t.invoice_id))
    OR t.stage <> list_extract($stages, list_position($moves, concat(t.pipeline, ':', t.state)))
)
ORDER BY t.won_on, t.id
"""


def word(settings: Settings, state: str | None) -> str | None:
    """Return what a deal says where its invoice is in a state: the company's own word, else the state."""
    return settings.states.words.get(state or "") or state


def stage(facts: Facts, deal: Record, state: str | None) -> Record | None:
    """Return the stage that a deal moves to where its invoice is in a state; None where it stays.

    It moves forward in its own pipeline, and back only from one stage of the mapping to another: where people moved it
    further, it stays. It never leaves the stages that mean won.
    """
    moves = facts.settings.states.stages.get(deal["pipeline"] or "", {})
    wanted = moves.get(state or "")
    if not wanted or wanted == deal["stage"] or deal["status"] != "won":
        return None
    known = {s["id"]: s for s in stages(facts, deal["vendor"], deal["pipeline"])}
    now, then = known.get(deal["stage"]), known.get(wanted)
    if now is None or then is None or then["outcome"] != "won":
        return None
    return then if now["id"] in moves.values() or then["position"] > now["position"] else None


def stages(facts: Facts, crm: str, pipeline: str) -> list[Record]:
    """Return the stages of a pipeline in order."""
    return facts.all("SELECT * FROM stages WHERE vendor = ? AND pipeline = ? ORDER BY position, id", crm, pipeline)


def since(facts: Facts, summary: Record, state: str | None) -> dt.date | None:
    """Return the day on which the invoice that a deal names came into its state; None where nobody knows."""
    invoice = facts.invoice(summary["invoice_vendor"], summary["invoice_id"])
    if invoice is None:
        return None
    if state == "sent" and invoice["sent_at"]:
        zone = ZoneInfo(facts.settings.company.time_zone)
        day: dt.date = invoice["sent_at"].replace(tzinfo=dt.UTC).astimezone(zone).date()
        return day
    if state == "overdue" and invoice["due_on"]:
        overdue: dt.date = invoice["due_on"] + dt.timedelta(days=1)
        return overdue
    if state in ("paid", "partly_paid"):
        money = facts.money_for(invoice["vendor"], invoice["id"])
        last: dt.date | None = max((m["paid_on"] for m in money if m["paid_on"]), default=summary["paid_on"])
        return last
    issued: dt.date | None = invoice["issued_on"] if state == "issued" else None
    return issued


def reminders(facts: Facts, deal: Record) -> list[dt.date]:
    """Return the days on which reminders of a deal's invoices were sent."""
    return sorted(day for i in facts.invoices_of(deal["vendor"], deal["id"])
                  for day in facts.reminded_on.get((i["vendor"], i["id"]), ()))  # fmt: skip


def due(facts: Facts) -> list[Plan]:
    """Return the plans that bring deals to the state of their invoices, where the settings want it always."""
    said = facts.settings.states
    if not said.always or not facts.can(facts.crm, "update_deal"):
        return []
    moves = {f"{p}:{state}": target for p, targets in said.stages.items() for state, target in targets.items()}
    asked = {
        "crm": facts.crm, "since": said.since, "states": list(STATES),
        "words": [word(facts.settings, s) for s in STATES],
        "reminded": [f"{vendor}:{id}" for vendor, id in facts.reminded_on], "moves": list(moves),
        "stages": list(moves.values()),
    }  # fmt: skip
    cursor = facts.db.cursor().execute(_BEHIND, asked)
    plans = []
    for vendor, id in cursor.fetchall():
        deal = facts.deal(vendor, id)
        if deal and (plan := registry()["update_deal"].plan(deal, facts)):
            plans.append(plan.model_copy(update={"chain": f"fix:{plan.key}"}))
    return plans
