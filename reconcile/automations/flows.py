"""The flows, which fixes belong to each, and whether a flow lets a finding be mended at all."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reconcile.action import Sentence
from reconcile.facts import Facts, Record, opened
from reconcile.settings import FLOWS, Automation, Settings, load, today

ACTIONS: Mapping[str, tuple[str, ...]] = {
    "deal_to_invoice": ("create_invoice", "issue_invoice", "send_invoice"),
    "payment_to_crm": ("update_deal", "record_payment"),
    "overdue_to_reminder": ("send_reminder",),
    "customer_data": ("update_customer", "sync_customer", "create_customer", "retire_customer"),
    "product_data": ("sync_product", "create_product", "retire_product", "pick_product"),
    "quote_data": ("sync_quote", "create_quote"),
}
assert tuple(ACTIONS) == FLOWS
_OF = {action: flow for flow, actions in ACTIONS.items() for action in actions}


def flow_of(finding: Mapping[str, Any]) -> str | None:
    """Return the flow that mends a finding; None where only a person can."""
    return _OF.get(finding["action"] or "")


def closed(finding: Mapping[str, Any], facts: Facts) -> Sentence | None:
    """Return why a finding is not offered to be mended, by click or by itself; None where it is."""
    flow = flow_of(finding)
    if flow is None:
        return None
    chosen = facts.settings.automation(flow)
    if chosen.mode == "off":
        return Sentence(text="This automation is off: switch it to “suggest” on the page Automations.")
    if chosen.owners and finding["owner_id"] not in chosen.owners:
        return Sentence(text="This automation is on for other salespeople only: add this one on the page Automations.")
    if chosen.pipelines or chosen.countries:
        return _elsewhere(finding, chosen, facts)
    return None


def shut(data: Path, findings: Iterable[Mapping[str, Any]]) -> list[Sentence]:
    """Return why findings are not offered to be mended, each reason once. FileNotFoundError before a run."""
    settings = load(data)
    with opened(data, settings, today(settings)) as facts:
        found = [closed(finding, facts) for finding in findings]
    return list({str(why): why for why in found if why}.values())


def _elsewhere(finding: Mapping[str, Any], chosen: Automation, facts: Facts) -> Sentence | None:
    """Return that a finding is of another pipeline or country; what is not known is not in any."""
    deals, customer = _parties(finding, facts)
    if chosen.pipelines and not (deals and all(deal["pipeline"] in chosen.pipelines for deal in deals)):
        return Sentence(text="This automation is on for other pipelines only: add this one on the page Automations.")
    if chosen.countries and (customer.get("country") or "") not in chosen.countries:
        return Sentence(text="This automation is on for customers of {countries} only: this one is of {country}.",
                        values={"countries": ", ".join(chosen.countries),
                                "country": customer.get("country") or "?"})  # fmt: skip
    return None


def _parties(finding: Mapping[str, Any], facts: Facts) -> tuple[list[Record], Record]:
    """Return the deals and the customer that a finding is about; empty where nobody knows."""
    table, vendor, id = finding["subject_table"], finding["subject_vendor"], finding["subject_id"]
    deals: list[Record] = []
    customer_id = id if table == "customers" else None
    if table == "deals":
        deals = [deal for deal in [facts.deal(vendor, id)] if deal]
        customer_id = deals[0]["customer_id"] if deals else None
    elif table == "invoices":
        deals, invoice = facts.deals_of(vendor, id), facts.invoice(vendor, id)
        customer_id = invoice["customer_id"] if invoice else None
    elif table == "quotes":
        quote = facts.one("SELECT * FROM quotes WHERE vendor = ? AND id = ?", vendor, id) or {}
        deals = [deal for deal in [facts.deal(vendor, quote.get("deal_id") or "")] if deal]
        customer_id = quote.get("customer_id")
    return deals, facts.customer(vendor, customer_id) or {}


def goes_itself(finding: Mapping[str, Any], settings: Settings) -> Sentence | None:
    """Return why a fix is never the beginning of an automatic run; None where it may be."""
    said, action, flow = settings.invoicing, finding["action"], flow_of(finding)
    if flow and (above := _above(finding, settings.automation(flow).ceiling)):
        return above
    for check, trigger in (("won_not_invoiced", "won"), ("quote_not_invoiced", "quote")):
        if finding["check"] == check and trigger not in (said.triggers or ["won"]):
            return Sentence(text="This alone makes nothing due: see “When to invoice” on the page Automations.")
    if finding["check"] == "recurring_missed":
        return Sentence(text="A period was missed: whether it is still to be invoiced, a person knows.")
    if finding["check"] == "partly_invoiced":
        return Sentence(text="Part of the deal is billed: whether the rest is due now, a person knows.")
    if (action == "issue_invoice" and not (said.issue or said.send)) or (action == "send_invoice" and not said.send):
        return Sentence(text="Issuing and sending by itself is not chosen in the settings ([invoicing]).")
    return None


def _above(finding: Mapping[str, Any], ceiling: Mapping[str, Any]) -> Sentence | None:
    """Return that more hangs on a finding than a flow may decide by itself; an amount nobody knows is too much."""
    if not ceiling:
        return None
    amount, currency = finding["amount_at_stake"], finding["currency"] or ""
    if amount is None or currency not in ceiling:
        limits = ", ".join(f"{limit:.2f} {name}" for name, limit in ceiling.items())
        return Sentence(text="Up to {limits} it goes by itself; what this is worth in that currency is not known.",
                        values={"limits": limits})  # fmt: skip
    if abs(amount) > ceiling[currency]:
        return Sentence(text="It is worth {amount}: by itself it goes up to {limit}.", values={
            "amount": f"{amount:.2f} {currency}", "limit": f"{ceiling[currency]:.2f} {currency}"})  # fmt: skip
    return None
