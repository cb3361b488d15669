"""What people say about findings: left as they are, put off, given to somebody, commented; all of it is in the log."""

import datetime as dt
from collections.abc import Sequence

import streamlit as st

from dashboard import jobs, rights, said, session, working
from dashboard.parts import plain
from dashboard.read import Row, findings
from dashboard.words import _, day, day_typed, moment, several
from reconcile.state import Decision, state

SOON = dt.timedelta(days=7)  # how long a finding is put off where nobody says


def offer(finding: Row) -> None:
    """Offer what can be said about a finding: leave it, put it off, give it to somebody."""
    if not rights.offered("decide"):
        return
    if finding["state"] in ("agreed", "snoozed"):
        _standing(finding)
        return
    if finding["state"] == "open":
        _agree([finding])
        _put_off([finding])
    assign([finding["id"]])


def offer_many(found: Sequence[Row]) -> None:
    """Offer what can be said about several findings at once."""
    if not rights.offered("decide"):
        return
    with st.container(horizontal=True):
        if open_ones := [f for f in found if f["state"] == "open"]:
            _agree(open_ones)
            _put_off(open_ones)
        assign([f["id"] for f in found])


def _agree(found: Sequence[Row]) -> None:
    """Offer an exception: a reason, who approved it, and the last day it holds."""
    if not rights.may("approve"):
        return
    with st.popover(_("Leave it"), icon=":material/handshake:", type="tertiary"):
        st.caption(_("It is silent up to the day you give, or until its amount changes."))
        with st.form(f"leave-{found[0]['id']}", border=False):
            reason = st.text_input(_("Why"), placeholder=_("Agreed with the customer on the phone"))
            approver = st.text_input(_("Approved by (empty: you)"), placeholder=session.who())
            until = st.date_input(_("Until (empty: for good)"), value=None, min_value=session.day(),
                                  format=day_typed())  # fmt: skip
            if st.form_submit_button(_("Leave it"), type="primary"):
                if reason.strip():
                    day = until if isinstance(until, dt.date) else None
                    decided = [_said(f, "agreed", reason.strip(), day, approver.strip() or session.who())
                               for f in found]  # fmt: skip
                    _keep(decided, _("Left as it is."))
                else:
                    st.warning(_("Say why, so that others understand it next year."))


def _put_off(found: Sequence[Row]) -> None:
    """Offer to see a finding again on a later day."""
    one_day = dt.timedelta(days=1)
    offered = st.popover(_("Put off"), icon=":material/snooze:", type="tertiary")
    with offered, st.form(f"snooze-{found[0]['id']}", border=False):
        back = st.date_input(_("Show it again on"), value=session.day() + SOON, min_value=session.day() + one_day,
                             format=day_typed())  # fmt: skip
        if st.form_submit_button(_("Put off"), type="primary") and isinstance(back, dt.date):
            _keep([_said(f, "snoozed", "", back - one_day) for f in found], _("Put off."))


def _said(finding: Row, verdict: str, reason: str, until: dt.date | None, approver: str = "") -> Decision:
    return Decision.model_validate({
        "kind": "finding", "verdict": verdict, "finding_id": finding["id"], "amount": finding["amount_at_stake"],
        "currency": finding["currency"], "until_on": until, "reason": reason, "approved_by": approver,
    })  # fmt: skip


def _keep(decided: Sequence[Decision], told: str) -> None:
    state(session.data()).decide_all(decided, session.who())
    _again(told)


def _again(told: str) -> None:
    """Compare again, so that the list is as it was said."""
    working.run(_("Comparing again"), lambda say: jobs.reconcile(session.data(), progress=say))
    said.say("success", told)
    st.rerun()


def _standing(finding: Row) -> None:
    """Show who agreed to what until when, and take it back where that is wished."""
    one = state(session.data()).decision(f"finding:{finding['id']}")
    if one is None:
        return
    who = one["approved_by"] or one["decided_by"]
    told = _("Agreed by {who}.") if one["verdict"] == "agreed" else _("Put off by {who}.")
    until = _("Until {day}.").format(day=day(one["until_on"])) if one["until_on"] else _("For good.")
    st.caption(plain(f"{told.format(who=who)} {until}"))
    if st.button(_("Take back"), key=f"undo-{finding['id']}", icon=":material/undo:", type="tertiary"):
        state(session.data()).undecide(f"finding:{finding['id']}", session.who())
        _again(_("Taken back."))


def assign(ids: Sequence[str]) -> None:
    """Offer to give findings to somebody: a salesperson, or any other name."""
    given = state(session.data()).assignments()
    now = {given.get(id, "") for id in ids}
    people = sorted({*given.values(), *findings.people(session.data())} - {""}, key=str.casefold)
    only = next(iter(now)) if len(now) == 1 else ""
    offered = st.popover(only or _("Assign"), icon=":material/person:", type="tertiary")
    with offered, st.form(f"assign-{ids[0]}", border=False):
        person = st.selectbox(
            _("Who looks after it"), people, index=people.index(only) if only else None, accept_new_options=True,
            placeholder=_("Choose or type a name"),
        )  # fmt: skip
        if st.form_submit_button(_("Assign"), type="primary"):
            state(session.data()).assign(ids, (person or "").strip(), session.who())
            many = several("{count} finding", "{count} findings", len(ids))
            told = _("{findings} given to {who}.").format(findings=many, who=person)
            said.say("success", plain(told) if person else _("Nobody looks after it now."))
            st.rerun()


def comments(finding: Row) -> None:
    """Show what was said about a finding, and let the reader say something."""
    store = state(session.data())
    for one in store.comments(finding["id"]):
        st.markdown(f":material/chat: {plain(one['says'])}")
        st.caption(plain(f"{one['who']} · {moment(one['at'], session.zone())}"))
    if not rights.may("comment"):
        return
    with st.form(f"comment-{finding['id']}", border=False, clear_on_submit=True):
        text = st.text_input(_("Comment"), placeholder=_("What you found out, for whoever looks next"))
        if st.form_submit_button(_("Add"), icon=":material/add_comment:", type="tertiary") and text.strip():
            store.comment(finding["id"], text.strip(), session.who())
            st.rerun()
