"""Invoices that wait for somebody else's agreement: what they are, agreed to or sent back with a comment."""

import streamlit as st

from dashboard import act, rights, said, session
from dashboard.parts import link, plain
from dashboard.read import Row, ready
from dashboard.words import _, moment, money, several
from reconcile import access, approvals, four_eyes
from reconcile.state import state


def show() -> None:
    """List what waits, and what came back; nothing where there is neither."""
    rows = approvals.waiting(state(session.data()))
    if rows:
        st.subheader(_("Waiting for approval"), anchor=False)
        offered = rights.offered("approve")
        for row in rows:
            with st.container(border=True):
                _one(row, offered)


def hint() -> None:
    """Say how many wait, and where, to whoever sees more than what is their own."""
    if not access.acting().sees_all:
        return
    if found := len(approvals.waiting(state(session.data()))):
        link("activity", several("{count} invoice waits for approval", "{count} invoices wait for approval", found),
             ":material/how_to_reg:")  # fmt: skip


def _one(row: Row, offered: bool) -> None:
    """Show a draft that waits: how much, for whom, who asked; and let it be decided."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{plain(money(row['amount'], row['currency']))}** · {plain(row['says'])}", width="content")
        if ready(session.data()) and approvals.is_draft(row):
            link(
                "deals", _("Open the draft"), ":material/receipt_long:", invoice=f"{row['vendor']}:{row['invoice_id']}"
            )
    asked = _("{who} asked on {at}.").format(who=plain(row["asked_by"]), at=moment(row["asked_at"], session.zone()))
    st.caption(asked)
    if not offered:
        return
    mine = approvals.pressed(row["asked_by"], session.who())
    key = row["content"][:12]
    if mine:
        st.caption(f":material/group: {_('You asked for it: somebody else has to agree.')}")
        if not session.settings().access.is_on:
            st.caption(_("Nobody else is known here before people sign in: set [access] in the settings file."))
    comment = st.text_input(_("Comment; needed to send it back"), key=f"approval-comment-{key}")
    with st.container(horizontal=True):
        if st.button(_("Approve and issue"), type="primary", icon=":material/check:", key=f"approve-{key}",
                     disabled=mine):  # fmt: skip
            _decide(row, True, comment)
        if st.button(_("Send back"), icon=":material/undo:", key=f"reject-{key}"):
            _decide(row, False, comment)


def _decide(row: Row, agrees: bool, comment: str) -> None:
    data, this = session.data(), (row["vendor"], row["invoice_id"], row["content"])
    try:
        if agrees:
            run_id = four_eyes.approve(data, *this, session.who())
            act.watch(run_id)
            return
        four_eyes.reject(data, *this, session.who(), comment)
    except approvals.Decided as error:
        said.say("warning", plain(error))
    except approvals.NotYours:
        said.say("error", _("You asked for it: somebody else has to agree."))
    except ValueError:
        said.say("error", _("Nothing was sent back: write a comment for whoever asked."))
    else:
        said.say("success", _("Sent back. It stays a draft in billing."))
    st.rerun()
