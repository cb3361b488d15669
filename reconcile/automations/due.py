"""What each flow would do right now: the chains that a click would start, and why one does not start by itself."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from extract.model import NoteDraft
from extract.vendor import VendorError
from reconcile import gate, notes, states, workflows
from reconcile.action import Plan, Sentence, registry
from reconcile.automations import flows
from reconcile.automations.calendar import quiet
from reconcile.automations.switch import is_automatic
from reconcile.chains import chain
from reconcile.connections import connections
from reconcile.facts import Facts, opened
from reconcile.mail import NAME as MAIL
from reconcile.settings import FLOWS, Settings, load, today
from reconcile.state import State, now, state
from reconcile.workflows import Run

AGAIN = {"doubt": dt.timedelta(hours=1)}  # until what did not end well is tried again with nothing changed
HARMLESS = ("no_rate",)  # cautions with which less is claimed than might be: no reason to wait for a person
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """A chain that a flow would start. `held`: why it waits for a person, or for another time."""

    flow: str
    plans: tuple[Plan, ...]
    held: Sentence | None = None


def due(data: Path, only: Iterable[str] = FLOWS) -> list[Due]:
    """Return what flows would do now, the oldest problem first. Nothing changes. FileNotFoundError before a run."""
    settings, store = load(data), state(data)
    found: dict[tuple[str, str], Due] = {}
    wanted = set(only)
    writable = _Writable(data, settings, store)
    with opened(data, settings, today(settings)) as facts:
        for finding in facts.all("SELECT * FROM findings WHERE state = 'open' AND action <> '' ORDER BY since_on, id"):
            flow = flows.flow_of(finding)
            if flow not in wanted or flow is None or flows.closed(finding, facts):
                continue
            plans = chain(finding, facts, {})
            if plans and (flow, plans[0].chain) not in found:
                held = _held(flow, finding, plans, facts, store, writable)
                found[flow, plans[0].chain] = Due(flow, tuple(plans), held)
        for told in _letters(facts) if "overdue_to_reminder" in wanted else ():
            held = (
                _letter_held(told, facts, store, writable)
                if told.action == "send_reminder"
                else _missing([told], writable) or _waits("overdue_to_reminder", [told], settings, store, data)
            )
            found["overdue_to_reminder", told.chain] = Due("overdue_to_reminder", (told,), held)
        for plan in states.due(facts) if "payment_to_crm" in wanted and settings.states.always else ():
            if ("payment_to_crm", plan.chain) not in found:
                held = _missing([plan], writable) or _waits("payment_to_crm", [plan], settings, store, data)
                found["payment_to_crm", plan.chain] = Due("payment_to_crm", (plan,), held)
        for plans in _timelines(facts) if "payment_to_crm" in wanted else ():
            held = _missing(plans, writable) or _waits("payment_to_crm", plans, settings, store, data)
            found["payment_to_crm", plans[0].chain] = Due("payment_to_crm", tuple(plans), held)
    return list(found.values())


def _timelines(facts: Facts) -> list[list[Plan]]:
    """Return the notes that the settings want in the CRM, those of one deal or customer as one chain."""
    chains: dict[str, list[Plan]] = {}
    for plan in notes.due(facts):
        assert isinstance(plan.draft, NoteDraft)
        about = ",".join(plan.draft.deal_ids) or plan.draft.customer_id
        key = f"notes:{plan.vendor}:{about}"
        chains.setdefault(key, []).append(plan.model_copy(update={"chain": key}))
    return list(chains.values())


class _Writable:
    """Whether connections may be written to, each asked once."""

    def __init__(self, data: Path, settings: Settings, store: State) -> None:
        self.data, self.settings, self.store = data, settings, store
        self.vendors: dict[str, Any] = {**connections(data), MAIL: workflows.mailer(settings, store)}
        self.known: dict[str, str | None] = {}

    def refusal(self, name: str) -> str | None:
        """Return why nothing may be written there."""
        if name not in self.known:
            try:
                self.known[name] = gate.refusal(name, self.vendors.get(name), self.settings, self.store)
            except VendorError as error:
                self.known[name] = str(error)
        return self.known[name]


def _letters(facts: Facts) -> list[Plan]:
    """Return the mails that no finding asks for: before anything is late, of bills to pay, of what is very late."""
    if facts.settings.automation("overdue_to_reminder").mode == "off":
        return []
    plans = registry()["send_reminder"].notices(facts)
    own = (registry()[name].plan(facts) for name in ("tell_bills", "tell_finance"))
    return [plan for plan in plans if not flows.closed(_wish(plan, facts), facts)] + [plan for plan in own if plan]


def _letter_held(plan: Plan, facts: Facts, store: State, writable: _Writable) -> Sentence | None:
    return _held("overdue_to_reminder", _wish(plan, facts), [plan], facts, store, writable)


def _wish(plan: Plan, facts: Facts) -> dict[str, Any]:
    """Return what a finding would say of the invoice that a letter is about."""
    vendor, id = plan.subject.vendor, plan.subject.id
    invoice, deals = facts.invoice(vendor, id) or {}, facts.deals_of(vendor, id)
    return {"action": plan.action, "check": "", "owner_id": deals[0]["owner_id"] if deals else None,
            "subject_table": "invoices", "subject_vendor": vendor, "subject_id": id,
            "amount_at_stake": invoice.get("open_amount"), "currency": invoice.get("currency")}  # fmt: skip


def _held(
    flow: str, finding: dict[str, Any], plans: list[Plan], facts: Facts, store: State, writable: _Writable
) -> Sentence | None:
    """Return why a chain does not start by itself."""
    settings = facts.settings
    if held := flows.goes_itself(finding, settings) or _missing(plans, writable):
        return held
    if flow == "overdue_to_reminder" and (late := quiet(_country(finding, facts), settings, now())):
        return late
    return _waits(flow, plans, settings, store, writable.data)


def _missing(plans: list[Plan], writable: _Writable) -> Sentence | None:
    """Return what a person should know, answer or allow: nothing of that is decided without one."""
    for plan in plans:
        for need in plan.needs:
            return need.says
        for caution in plan.cautions:
            if caution.code not in HARMLESS:
                return caution.says
        if plan.choices:
            return Sentence(text="There is more than one way: a person has to pick.")
    for name in dict.fromkeys(plan.vendor for plan in plans):
        if reason := writable.refusal(name):
            return Sentence(text="{reason}", values={"reason": reason})
    return None


def _waits(flow: str, plans: list[Plan], settings: Settings, store: State, data: Path) -> Sentence | None:
    """Return that the same was tried lately, or that the flow only suggests."""
    if tried := _tried(workflows.last(data, plans[0].chain), plans):
        return tried
    if not is_automatic(settings, store, flow):
        return Sentence(text="It waits for a click: this automation only suggests.")
    return None


def _country(finding: dict[str, Any], facts: Facts) -> str:
    """Return the country of the customer whose invoice a finding is about; empty where nobody knows."""
    invoice = facts.invoice(finding["subject_vendor"], finding["subject_id"])
    customer = facts.customer(invoice["vendor"], invoice["customer_id"]) if invoice else None
    return (customer or {}).get("country") or ""


def _tried(run: Run | None, plans: list[Plan]) -> Sentence | None:
    """Return that the very same was tried lately: what a vendor refused is not asked for every quarter of an hour."""
    if run is None or run.state == "running" or run.ended_at is None:
        return None
    if _content(run.plans) != _content(plans) or now() - run.ended_at >= AGAIN.get(run.state, _DAY):
        return None
    if run.state == "waiting":
        return Sentence(text="Somebody has to approve it first, on the page Activity.")
    if run.state == "done":
        return Sentence(text="It was done, and the next reading will show it.")
    reason = next((o.error for o in run.outcomes if o.error), run.state)
    return Sentence(text="It was tried and did not end well: {reason}", values={"reason": reason})


def _content(plans: Iterable[Plan]) -> list[Any]:
    return [
        plan.model_dump(mode="json", include={"key", "action", "vendor", "draft", "data", "takes"}) for plan in plans
    ]
