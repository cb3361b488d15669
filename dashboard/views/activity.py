"""Activity: every decision and every write, with who, when, what was there before, what after, and the answer."""

import io

import streamlit as st

from dashboard import act, approving, labels, session
from dashboard.address import bound, page
from dashboard.parts import badge, facts, heading, nothing, plain, tall, value
from dashboard.read import Row
from dashboard.words import DASH, _, moment
from reconcile.state import state

PAGE = 50
ACTIONS = (
    "create_customer", "create_invoice", "issue_invoice", "send_invoice", "mail_invoice", "note_sent",
    "ask_approval", "approve_invoice", "reject_invoice", "update_deal", "update_customer",
    "sync_customer", "sync_product", "create_product", "sync_quote", "create_quote", "update_quote", "create_order",
    "retire_customer", "retire_product", "change_settings",
    "send_reminder", "create_task", "record_payment", "decide", "undecide", "connect",
    "keep_credentials", "forget_credentials",
)  # fmt: skip
OUTCOMES = ("done", "found", "nothing", "refused", "later", "doubt", "mistake", "decided", "waiting")


def show() -> None:
    """Lay out the log, newest first."""
    heading(_("Activity"), _("Everything that was written or decided. Nobody can change or delete a line."))
    approving.show()
    _unfinished()
    store = state(session.data())
    equal = _filters()
    found = store.count_entries(**equal)
    at = page(-(-found // PAGE), "log", equal)
    rows = store.entries(PAGE, (at - 1) * PAGE, **equal)
    if not rows:
        nothing(
            _("Nothing was written yet"), _("Each fix and each decision will be a line here."), ":material/history:"
        )
        return
    zone = session.zone()
    shown = {
        "when": [moment(r["at"], zone) for r in rows],
        "who": [r["who"] for r in rows],
        "what": [labels.action(r["action"]) for r in rows],
        "outcome": [f"{labels.outcome(r['outcome']).sign} {labels.outcome(r['outcome']).word}" for r in rows],
        "where": [labels.vendor(r["vendor"]) for r in rows],
        "says": [r["says"] or labels.subject(r["subject"] or "") for r in rows],
    }
    config = {
        "when": st.column_config.TextColumn(_("When"), width=140),
        "who": st.column_config.TextColumn(_("Who"), width=100),
        "what": st.column_config.TextColumn(_("What"), width=150),
        "outcome": st.column_config.TextColumn(_("Outcome"), width=120),
        "where": st.column_config.TextColumn(_("Where"), width=90),
        "says": st.column_config.TextColumn(_("Said"), width=420),
    }
    picked = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row", key="log",
        height=tall(len(rows), 600), alt=_("Activity"),
    )  # fmt: skip
    st.download_button(
        _("Download as CSV"), _export, "activity.csv", "text/csv", icon=":material/download:", on_click="ignore"
    )
    for i in picked.selection.rows[:1]:
        if i < len(rows):
            _one(rows[i])


def _unfinished() -> None:
    """Show what runs, was refused or is in doubt, each with its steps; it can be tried again."""
    for run in act.unfinished():
        mark = labels.outcome(run.state)
        with st.expander(f"{badge(mark)} {plain(act.spelt(run.plans[0].says))}", expanded=run.state == "running"):
            st.markdown(act.progress([run]))
            st.caption(f"{plain(run.who)} · {moment(run.started_at, session.zone())}")
            if run.state != "running" and st.button(_("Try again"), key=f"again-{run.id}", icon=":material/refresh:"):
                act.again(run)


def _filters() -> dict[str, str]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        action = bound(
            st.selectbox, _("What"), ACTIONS, name="action", scope="log", format_func=labels.action, width=220,
            placeholder=_("Any"),
        )  # fmt: skip
        outcome = bound(
            st.selectbox, _("Outcome"), OUTCOMES, name="outcome", scope="log", width=180, placeholder=_("Any"),
            format_func=lambda value: labels.outcome(value).word,
        )  # fmt: skip
        names = list(session.settings().connections)
        vendor = bound(
            st.selectbox, _("Where"), names, name="where", scope="log", format_func=labels.vendor, width=180,
            placeholder=_("Any"),
        )  # fmt: skip
    asked = {"action": action, "outcome": outcome, "vendor": vendor}
    return {name: value for name, value in asked.items() if value}


def _export() -> bytes:
    out = io.StringIO()
    state(session.data()).export_audit(out)
    return out.getvalue().encode("utf-8-sig")  # Excel takes a file without the mark for another encoding


def _one(row: Row) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(row['says'] or labels.action(row['action']))}**")
        facts([
            (_("When"), moment(row["at"], session.zone())),
            (_("Who"), plain(row["who"])),
            (_("Record"), plain(labels.subject(row["subject"] or DASH))),
        ])  # fmt: skip
        before, after = row["before"] or {}, row["after"] or {}
        fields = sorted({*before, *after}) if isinstance(before, dict) and isinstance(after, dict) else []
        if fields:
            rows = [(labels.field(f), value(before.get(f, DASH)), value(after.get(f, DASH))) for f in fields]
            lines = [f"| {' | '.join(plain(cell) for cell in row)} |" for row in rows]
            st.markdown(f"| {_('Field')} | {_('Before')} | {_('After')} |\n|:--|:--|:--|\n" + "\n".join(lines))
        if row["answer"]:
            with st.expander(_("Answer")):
                st.json(row["answer"])
