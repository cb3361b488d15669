"""The flows, which fixes belong to each, and whether a flow lets a finding be mended at all."""

from collections.abc import Mapping
from typing import Any

from reconcile.action import Sentence
from reconcile.settings import FLOWS, Settings

ACTIONS: Mapping[str, tuple[str, ...]] = {
    "deal_to_invoice": ("create_invoice", "issue_invoice", "send_invoice"),
    "payment_to_crm": ("update_deal", "record_payment"),
    "overdue_to_reminder": ("send_reminder",),
    "customer_data": ("update_customer",),
}
assert tuple(ACTIONS) == FLOWS
_OF = {action: flow for flow, actions in ACTIONS.items() for action in actions}


def flow_of(finding: Mapping[str, Any]) -> str | None:
    """Return the flow that mends a finding; None where only a person can."""
    return _OF.get(finding["action"] or "")


def closed(finding: Mapping[str, Any], settings: Settings) -> Sentence | None:
    """Return why a finding is not offered to be mended, by click or by itself; None where it is."""
    flow = flow_of(finding)
    if flow is None:
        return None
    chosen = settings.automation(flow)
    if chosen.mode == "off":
        return Sentence(text="This automation is off: switch it to “suggest” on the page Automations.")
    if chosen.owners and finding["owner_id"] not in chosen.owners:
        return Sentence(text="This automation is on for other salespeople only: add this one on the page Automations.")
    return None


def goes_itself(finding: Mapping[str, Any], settings: Settings) -> Sentence | None:
    """Return why a fix is never the beginning of an automatic run; None where it may be."""
    said, action = settings.invoicing, finding["action"]
    if finding["check"] == "partly_invoiced":
        return Sentence(text="Part of the deal is billed: whether the rest is due now, a person knows.")
    if (action == "issue_invoice" and not (said.issue or said.send)) or (action == "send_invoice" and not said.send):
        return Sentence(text="Issuing and sending by itself is not chosen in the settings ([invoicing]).")
    return None
