"""Which of several billing accounts an invoice is to be made in: asked in the preview, before anything is planned."""

from collections.abc import Sequence

import streamlit as st

from dashboard import accounts, session
from dashboard.words import _
from reconcile.state import state

CHOICE = "choice-billing"  # key of the question
AMONG = "accounts"  # key of the session's list of accounts that were asked among


def forget() -> None:
    """Forget what was asked and answered in an earlier preview."""
    for name in (CHOICE, AMONG):
        st.session_state.pop(name, None)


def open_question(given: dict[str, str], among: Sequence[str] = ()) -> bool:
    """Show the question, once it came up; return whether its answer is awaited. Answered anew, all is planned anew."""
    names: list[str] = st.session_state.setdefault(AMONG, list(among)) if among else st.session_state.get(AMONG, [])
    if not names:
        return False
    before = given.get("billing")
    picked = st.radio(
        _("In which billing account?"), names, names.index(before) if before in names else None, key=CHOICE,
        format_func=called, horizontal=True,
    )  # fmt: skip
    if picked is None:
        st.info(_("Several billing accounts are connected: choose one to see what would be written."))
    elif picked != before:
        given["billing"] = picked
        st.rerun(scope="fragment")
    return picked is None


def called(name: str) -> str:
    """Return what a connection is called where several are of one system: its name, and whose account it is."""
    told = accounts.told(state(session.data()), name)
    whose = (told.company or told.account) if told else ""
    return f"{name} · {whose}" if whose else name
