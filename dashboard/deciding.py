"""What people say about findings and links: kept in the state store, heard by the next reconciliation."""

import datetime as dt

import streamlit as st

from dashboard import jobs, said, session, working
from dashboard.read import Row
from dashboard.words import _, several
from reconcile.state import Decision, state


def agree(finding: Row) -> None:
    """Offer to leave a finding as it is: for good, or until a day; with a reason."""
    with st.popover(_("Leave it"), icon=":material/notifications_off:", type="tertiary"):
        st.caption(_("It is silent until the day you give, or until its amount changes."))
        with st.form(f"leave-{finding['id']}", border=False):
            reason = st.text_input(_("Why"), placeholder=_("Agreed with the customer on the phone"))
            until = st.date_input(_("Until (empty: for good)"), value=None, min_value=session.day())
            if st.form_submit_button(_("Leave it"), type="primary"):
                if reason.strip():
                    _leave(finding, reason.strip(), until if isinstance(until, dt.date) else None)
                else:
                    st.warning(_("Say why, so that others understand it next year."))


def _leave(finding: Row, reason: str, until: dt.date | None) -> None:
    decision = Decision(
        kind="finding", verdict="snoozed" if until else "agreed", finding_id=finding["id"],
        amount=finding["amount_at_stake"], currency=finding["currency"], until_on=until, reason=reason,
    )  # fmt: skip
    decide([decision], _("Left as it is."))


def link(row: Row, verdict: str) -> None:
    """Keep what a person says about a pair: row has left_ and right_ table, vendor and id."""
    told = _("Linked.") if verdict == "confirmed" else _("These two stay apart from now on.")
    decide([_pair(row, verdict)], told)


def links(rows: list[Row]) -> None:
    """Keep that these pairs belong together."""
    told = several("{count} invoice linked.", "{count} invoices linked.", len(rows))
    decide([_pair(row, "confirmed") for row in rows], told)


def _pair(row: Row, verdict: str) -> Decision:
    sides = {
        f"{side}_{part}": row[f"{side}_{part}"] for side in ("left", "right") for part in ("table", "vendor", "id")
    }
    amount = row.get("amount") if verdict == "confirmed" else None
    return Decision.model_validate(
        {"kind": "link", "verdict": verdict, "amount": amount, "currency": row.get("currency"), **sides}
    )


def decide(decisions: list[Decision], told: str) -> None:
    """Keep decisions, reconcile by them, and draw the page anew."""
    data = session.data()
    for decision in decisions:
        state(data).decide(decision, session.who())
    working.run(_("Comparing again"), lambda say: jobs.reconcile(data, progress=say))
    said.say("success", told)
    st.rerun()
