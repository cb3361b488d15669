"""When to invoice: what makes a deal due, with stages picked from the CRM's own list."""

from decimal import Decimal

import streamlit as st

from dashboard import jobs, labels, said, session, working
from dashboard.choosing import NotSo, keep
from dashboard.parts import plain
from dashboard.read import ready
from dashboard.read.stages import stages
from dashboard.words import _, several
from reconcile.settings import STAGED, TRIGGERS, Invoicing


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
    _deposits()


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
    kept = {name: ids for name, ids in known.stages.items() if name not in chosen}
    told = several("{count} choice is kept.", "{count} choices are kept.", len(chosen))
    _keep({"triggers": chosen, "stages": kept | picked},
          told if chosen else _("Nothing is chosen: won deals are told after the days of grace."))  # fmt: skip


def _deposits() -> None:
    """Ask how much is asked ahead: of all deals of a pipeline, or of those that the CRM says have a deposit."""
    known = session.settings().invoicing.deposits
    names = {row["pipeline"]: row["pipeline_name"] or row["pipeline"] for row in stages(session.data())}
    called = {"*": _("Deals that the CRM says have a deposit"), **{
        id: _("All deals of “{pipeline}”").format(pipeline=name) for id, name in names.items() if id}}  # fmt: skip
    with st.expander(_("Deposits"), icon=":material/percent:"), st.form("deposits", border=False):
        st.caption(_("Percent that is invoiced ahead; empty for none. A deal's own page can say otherwise."))
        typed = {id: st.text_input(plain(name), _percent(known.get(id)), key=f"deposit-{id}", width=320)
                 for id, name in called.items()}  # fmt: skip
        if st.form_submit_button(_("Save"), icon=":material/save:", key="save-deposits"):
            wanted = {id: text.replace("%", "").replace(",", ".").strip() for id, text in typed.items()}
            others = {id: percent for id, percent in known.items() if id not in called}
            _keep({"deposits": others | {id: text for id, text in wanted.items() if text}}, _("Kept."))


def _percent(known: Decimal | None) -> str:
    return "" if known is None else f"{known.normalize():f}"


def _keep(changes: dict[str, object], told: str) -> None:
    """Keep settings of invoicing, checked and logged, and compare again."""
    try:
        keep(session.data(), {"invoicing": changes}, session.who())
    except NotSo as error:
        st.error(plain(" ".join(f"“{refusal.value}”: {refusal.why}" for refusal in error.refusals)))
        return
    working.run(_("Comparing again"), lambda said_: jobs.reconcile(session.data(), progress=said_))
    said.say("success", told)
    st.session_state.pop("due", None)
    st.rerun()
