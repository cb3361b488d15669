"""When to invoice: what makes a deal due, with stages picked from the CRM's own list."""

import streamlit as st

from dashboard import jobs, labels, said, session, working
from dashboard.parts import plain
from dashboard.read import ready
from dashboard.read.stages import stages
from dashboard.words import _, several
from reconcile import settings
from reconcile.settings import STAGED, TRIGGERS, Invoicing
from reconcile.state import Entry, state


def show() -> None:
    """Ask what makes a deal due, and which stages that are."""
    known = session.settings().invoicing
    if not ready(session.data()):
        st.info(_("Read the CRM once first: its pipelines and stages are picked from its own list."))
        return
    offered = {row["id"]: _called(row) for row in stages(session.data())}
    st.caption(_("A deal is due as soon as one of these has happened: the worklist shows it at once, and as late after "
                 "the days of grace. If nothing is chosen, a won deal is told after the days of grace."))  # fmt: skip
    with st.form("triggers", border=True):
        chosen = [name for name in TRIGGERS if _asked(name, known, offered)]
        picked = {name: st.session_state[f"stages-{name}"] for name in STAGED if name in chosen}
        if st.form_submit_button(_("Save"), icon=":material/save:", key="save-triggers"):
            _save(known, chosen, {name: list(ids) for name, ids in picked.items() if ids})


def _asked(name: str, known: Invoicing, offered: dict[str, str]) -> bool:
    """Show one trigger, with the stages that it waits for; return whether it is chosen."""
    left, right = st.columns([2, 3], vertical_alignment="center")
    is_on = left.checkbox(labels.trigger(name), name in known.triggers, key=f"trigger-{name}", help=_helps().get(name))
    if name in STAGED:
        kept = [id for id in known.stages.get(name, ()) if id in offered]
        right.multiselect(_("Stages"), list(offered), kept, format_func=lambda id: plain(offered[id]),
                          key=f"stages-{name}", placeholder=_("Pick from the CRM's list"),
                          label_visibility="collapsed")  # fmt: skip
    return is_on


def _helps() -> dict[str, str]:
    return {
        "service": _("By the stages picked here, or by the day in the deal's property (option service_done_property of "
                     "the connection)."),
        "paid": _("Money came that belongs to the deal, and to no invoice yet."),
        "quote": _("Also a quote that has no deal."),
    }  # fmt: skip


def _called(row: dict[str, object]) -> str:
    return f"{row['pipeline_name'] or row['pipeline'] or ''} › {row['name'] or row['id']} ({row['deals']})"


def _save(known: Invoicing, chosen: list[str], picked: dict[str, list[str]]) -> None:
    if lacking := [name for name in ("stage", "order") if name in chosen and not picked.get(name)]:
        st.error(_("Pick at least one stage for “{trigger}”.").format(trigger=labels.trigger(lacking[0])))
        return
    kept = {name: ids for name, ids in known.stages.items() if name not in STAGED or name not in chosen}
    made = known.model_copy(update={"triggers": chosen, "stages": kept | picked})
    data, now = session.data(), settings.load(session.data())
    settings.save(now.model_copy(update={"invoicing": made}), data)
    before, after = ({"triggers": one.triggers, "stages": one.stages} for one in (known, made))
    entry = Entry(who=session.who(), action="change_triggers", outcome="decided", before=before, after=after)
    state(data).record(entry)
    working.run(_("Comparing again"), lambda told: jobs.reconcile(data, progress=told))
    told = several("{count} choice is kept.", "{count} choices are kept.", len(chosen))
    said.say("success", told if chosen else _("Nothing is chosen: won deals are told after the days of grace."))
    st.session_state.pop("due", None)
    st.rerun()
