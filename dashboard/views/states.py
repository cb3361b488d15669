"""What the CRM shows: the word and the stage for each state of an invoice, and what becomes a note in its timeline."""

import streamlit as st

from dashboard import choosing, said, session
from dashboard.parts import plain
from dashboard.read import Row, ready
from dashboard.read.stages import stages
from dashboard.theme import invoice_state
from dashboard.words import _, day_typed
from reconcile import access
from reconcile.settings import STATES, States

STAYS = ""


def show() -> None:
    """Lay out the mapping table, a line for each state, and the notes."""
    if not ready(session.data()):
        st.info(_("Read the CRM once first: its pipelines and stages are picked from its own list."))
        return
    known = session.settings()
    st.caption(_("What a deal shows of its invoice: the text of the property “Invoice state”, and the stage that the "
                 "deal moves to. It only moves forward, within the stages that mean won; where people moved it "
                 "further, it stays."))  # fmt: skip
    with st.form("states", border=True):
        words, moves = _table(known.states)
        st.divider()
        always = st.toggle(
            _("Keep it current: sent, overdue, and how many reminders went out, each with its day"),
            known.states.always, key="states-always",
            help=_("By the automation “payment → CRM”, after each reading. Else a deal is told when its invoice is "
                   "made and when it is paid."),
        )  # fmt: skip
        since = st.date_input(_("Only deals won from this day on"), known.states.since, key="states-since",
                              format=day_typed())  # fmt: skip
        st.divider()
        payments = st.toggle(_("Each payment becomes a note in the timeline: day, amount, what is still open"),
                             known.timeline.payments, key="notes-payments")  # fmt: skip
        invoices = st.toggle(_("Each issued invoice becomes a note too"), known.timeline.invoices, key="notes-invoices")
        noted = st.date_input(_("Only what is of this day or later"), known.timeline.since, key="notes-since",
                              format=day_typed())  # fmt: skip
        if st.form_submit_button(_("Save"), icon=":material/save:", key="states-save"):
            _save(
                {"always": always, "since": since, "words": words, "stages": moves},
                {"payments": payments, "invoices": invoices, "since": noted},
            )


def _table(known: States) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Show a line for each state with its word and, for each pipeline, its stage; return what stands in them."""
    pipelines = _pipelines()
    words: dict[str, str] = {}
    moves: dict[str, dict[str, str]] = {}
    for name in STATES:
        left, middle, *rest = st.columns([2, 2, *[3] * len(pipelines)], vertical_alignment="bottom")
        left.markdown(f"**{plain(invoice_state('waiting' if name == 'issued' else name).word)}**")
        typed = middle.text_input(_("The deal says"), known.words.get(name, ""), placeholder=name, key=f"word-{name}")
        if typed.strip():
            words[name] = typed.strip()
        for column, (id, rows) in zip(rest, pipelines.items(), strict=True):
            offered = {STAYS: _("stays"), **{row["id"]: row["name"] or row["id"] for row in rows}}
            held = known.stages.get(id, {}).get(name, STAYS)
            if held not in offered:
                offered[held] = _("{stage} (gone)").format(stage=held)
            called = plain(rows[0]["pipeline_name"] or id)
            picked = column.selectbox(_("It moves to, in {pipeline}").format(pipeline=called), list(offered),
                                      list(offered).index(held), format_func=offered.__getitem__,
                                      key=f"move-{id}-{name}")  # fmt: skip
            if picked:
                moves.setdefault(id, {})[name] = picked
    return words, moves


def _pipelines() -> dict[str, list[Row]]:
    """Return by pipeline the stages that mean won, in order: a deal that moved elsewhere would not be won any more."""
    found: dict[str, list[Row]] = {}
    for row in stages(session.data()):
        if row["outcome"] == "won" and row["pipeline"]:
            found.setdefault(row["pipeline"], []).append(row)
    return {id: rows for id, rows in found.items() if rows}


def _save(states: dict[str, object], timeline: dict[str, object]) -> None:
    access.need("administer")
    try:
        choosing.keep(session.data(), {"states": states, "timeline": timeline}, session.who())
    except choosing.NotSo as error:
        st.error(plain(error), icon=":material/error:")
        return
    said.say("success", _("Saved."))
    st.rerun()
