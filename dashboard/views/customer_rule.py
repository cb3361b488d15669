"""What a customer is invoiced again and again without a deal: its periods with their invoices, and changing that."""

from decimal import Decimal
from typing import Any

import streamlit as st
from pydantic import ValidationError

from dashboard import act, jobs, rights, said, session, working
from dashboard.parts import badge, plain
from dashboard.read import Row, plans
from dashboard.views import plan as shown
from dashboard.words import DASH, _, day, money
from reconcile.action import Subject
from reconcile.plans import BillingPlan, keep_rule, plan_of, rule_of
from reconcile.state import state

LAST = 6  # periods that are shown


def offer(sides: list[Row]) -> None:
    """Show the rule of a customer that the CRM knows; `sides` are its records, the CRM's first."""
    customer = sides[0]
    if not plans.is_of_crm(session.data(), customer["vendor"]):
        return
    rule = plan_of(state(session.data()), customer["vendor"], rule_of(customer["id"]))
    rows = plans.periods(session.data(), customer["vendor"], customer["id"])
    if rule is None and not rights.may("decide"):
        return
    with st.expander(
        _("Invoiced again and again, without a deal"), expanded=bool(rows), icon=":material/event_repeat:"
    ):
        if rows:
            _periods(rows, customer)
        if rights.may("decide"):
            _form(customer, rule)


def _periods(rows: list[Row], customer: Row) -> None:
    lines = [f"| {_('Day')} | {_('Amount')} | | {_('Invoice')} |", "|:--|--:|:--|:--|"]
    for row in rows[-LAST:]:
        became = row["number"] or (_("Draft") if row["invoice_id"] else DASH)
        cells = [day(row["on_date"]), plain(money(row["net"], row["currency"])), badge(shown.mark(row["state"])),
                 plain(became)]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    st.markdown("\n".join(lines))
    due = [row for row in rows if row["state"] == "due"]
    if due and rights.may("write"):
        label = _("Invoice “{part}” …").format(part=due[0]["label"])
        if st.button(label, key="invoice-period", icon=":material/visibility:"):
            subject = Subject(table="customers", vendor=customer["vendor"], id=customer["id"])
            act.offered("create_invoice", subject, {"part": due[0]["part"]})


def _form(customer: Row, rule: BillingPlan | None) -> None:
    mine = f"rule-{customer['vendor']}-{customer['id']}"  # what was typed for another customer must not stand here
    typed: dict[str, Any] = {
        "title": st.text_input(_("What the customer reads"), rule.title if rule else "", key=f"{mine}-title")
    }
    left, right = st.columns(2)
    typed["currency"] = left.text_input(_("Currency"), rule.currency if rule else "", max_chars=3,
                                        key=f"{mine}-currency", placeholder="EUR")  # fmt: skip
    rate = f"{rule.tax_rate.normalize():f}" if rule and rule.tax_rate is not None else ""
    typed["tax_rate"] = right.text_input(_("Tax in percent"), rate, key=f"{mine}-tax", placeholder=_("As usual"))
    typed |= shown.recurring(rule, {"won_on": None, "id": None}, mine, is_wide=False)
    with st.container(horizontal=True):
        if st.button(_("Save"), icon=":material/save:", key=f"{mine}-save"):
            _save(customer, typed)
        if rule and st.button(_("Take the rule away"), icon=":material/delete:", key=f"{mine}-drop"):
            _save(customer, None)


def _save(customer: Row, typed: dict[str, Any] | None) -> None:
    try:
        made = None if typed is None else _made(typed)
        keep_rule(state(session.data()), customer["vendor"], customer["id"], made, session.who())
    except ValidationError as error:
        st.error(plain(shown.wrong(error)), icon=":material/error:")
        return
    except ValueError as error:
        st.error(plain(_worded(error)), icon=":material/error:")
        return
    working.run(_("Comparing again"), lambda told: jobs.reconcile(session.data(), progress=told))
    said.say(
        "success", _("Kept. What is due is on the page To fix.") if made else _("Nothing is invoiced by rule here.")
    )
    st.rerun()


def _made(typed: dict[str, Any]) -> BillingPlan:
    """Return the rule that was typed in. ValueError says what to mend."""
    currency = typed["currency"].strip().upper()
    if currency and not (len(currency) == 3 and currency.isalpha()):
        raise ValueError(_("A currency is three letters, such as EUR."))
    rate: Decimal | None = shown.amount(typed["tax_rate"]) if typed["tax_rate"].strip() else None
    return BillingPlan.model_validate({
        **typed, "kind": "recurring", "title": typed["title"].strip(), "currency": currency,
        "tax_rate": rate, "net": shown.amount(typed["net"]) if typed["net"].strip() else None,
    })  # fmt: skip


def _worded(error: ValueError) -> str:
    return {
        "an invoice without a deal needs a text, an amount and a currency": _(
            "Say what the customer reads, the amount without tax and the currency."
        ),
        "periods are invoiced already: set a last day instead": _(
            "Periods are invoiced already: set a last day instead."
        ),
    }.get(str(error), str(error))
