"""Set-up: from an empty company to the first invoice, a step at a time, each with its check mark."""

from collections.abc import Callable
from decimal import Decimal

import streamlit as st

from dashboard import asking, connecting, guide, labels, onboarding, said, sample, session, working
from dashboard.choosing import NotSo, keep
from dashboard.onboarding import Step
from dashboard.parts import go, heading, link, plain, sums, tall
from dashboard.read import coverage, findings, quality, ready
from dashboard.read.stages import stages as stages_of
from dashboard.views import choices, joining
from dashboard.views.quality import words as problems
from dashboard.words import _, number, percent, several
from reconcile.state import state

CHOSEN = "step"  # name in the address


def show() -> None:
    """Lay out the steps: those that are done folded, the next one open."""
    heading(
        _("Set-up"), _("Nothing is written anywhere on the way. It can be left at any time and gone on with later.")
    )
    data, settings = session.data(), session.settings()
    found = onboarding.steps(data, settings)
    done = sum(step.done for step in found)
    st.progress(
        done / len(found), _("{done} of {all} steps are done").format(done=number(done), all=number(len(found)))
    )
    _sample_note()
    following = next((step.key for step in found if not step.done), "")
    asked = st.query_params.get(CHOSEN, following)
    for at, step in enumerate(found, 1):
        mark = ":green[:material/check_circle:]" if step.done else ":gray[:material/radio_button_unchecked:]"
        with st.expander(f"{mark} **{at}. {plain(step.title)}**", expanded=step.key == asked):
            st.caption(plain(step.why))
            _BODIES[step.key](step)
    with st.container(horizontal=True):
        st.download_button(_("Print the guide (PDF)"), lambda: guide.pdf(found, settings), "set-up.pdf",
                           "application/pdf", icon=":material/print:", on_click="ignore")  # fmt: skip
        may_close = ready(data) and onboarding.is_under_way(data)
        if may_close and st.button(_("Done with the set-up"), key="setup-close", icon=":material/done_all:"):
            onboarding.tick(data, "closed", session.who())
            go("week")


def _company(step: Step) -> None:
    with st.form("setup-company", border=False):
        typed = asking.fields(choices.company())
        if not st.form_submit_button(_("That is us"), type="primary", icon=":material/check:"):
            return
    try:
        wanted = asking.changes(typed)
        if not wanted["company"]["name"]:
            st.error(_("Enter the company's name."), icon=":material/error:")
            return
        keep(session.data(), wanted, session.who())
    except NotSo as error:
        asking.refused(error, list(typed))
        return
    _tick("company")


def _data(step: Step) -> None:
    data = session.data()
    if there := onboarding.sources(data):
        names = ", ".join(dict.fromkeys(labels.vendor(name) for name in there))
        st.markdown(f":green[:material/check:] {plain(names)}")
    st.markdown(f"**{_('Connect a system')}**")
    joining.show("setup")
    left, right = st.columns(2, gap="medium")
    with left.container(border=True):
        st.markdown(f"**{_('Or your own files')}**")
        st.caption(_("Exports of deals and invoices, and a bank statement. Nothing leaves this machine."))
        link("import", _("Import files"), ":material/upload_file:")
    if not there and not sample.is_in(state(data)):
        with right.container(border=True):
            st.markdown(f"**{_('Or look around first')}**")
            st.caption(_("An invented company's deals, invoices and bank statement. One click removes them again."))
            if st.button(_("Try sample data"), key="sample-in", icon=":material/science:"):
                _sample()


def _read(step: Step) -> None:
    data = session.data()
    if not ready(data):
        st.caption(_("It begins by itself when a system is connected or a file is taken in."))
        return
    counted = coverage.sides(data)
    parts = [f"{number(count)} {labels.tables(name)}" for name, count in counted.items()]
    st.markdown(" · ".join(parts))
    for name in ("deals", "invoices"):
        if not counted[name]:
            told = _("There are no records of the kind “{kind}” yet: connect the system that has them, or import them.")
            st.warning(told.format(kind=labels.tables(name)), icon=":material/call_merge:")
    if not counted["payments"]:
        st.info(_("No payments yet: drop a bank statement on Import to see what was paid."), icon=":material/info:")
    if connecting.working_names() and st.button(_("Read what changed"), key="setup-read", icon=":material/sync:"):
        connecting.sync()


def _trigger(step: Step) -> None:
    if not ready(session.data()):
        _first("read")
        return
    stages = stages_of(session.data())
    known = session.settings().invoicing
    if not stages:
        st.markdown(_("Your CRM gave no list of stages: a deal counts as won where its file says so."))
        if st.button(_("Every deal that is won"), key="trigger-won", type="primary", icon=":material/check:"):
            _chosen([], [])
        return
    won = _("Every deal in a stage that the CRM calls won")
    link("automations", _("Or by another event: a quote accepted, money received, a service done"), ":material/bolt:")
    with st.form("setup-trigger", border=False):
        how = st.radio(_("A deal is to be invoiced"), ["won", "stage"], 1 if "stage" in known.triggers else 0,
                       format_func={"won": won, "stage": _("When it comes into one of these stages")}.__getitem__,
                       key="trigger-how")  # fmt: skip
        names = {row["id"]: _stage(row) for row in stages}
        before = [id for id in known.stages.get("stage", []) if id in names]
        usual = [row["id"] for row in stages if row["outcome"] == "won"]
        picked = st.multiselect(_("Stages"), list(names), before or usual, format_func=names.__getitem__,
                                key="trigger-stages", placeholder=_("Choose"))  # fmt: skip
        if not st.form_submit_button(_("Save"), type="primary", icon=":material/check:"):
            return
    if how == "stage" and not picked:
        st.error(_("Choose at least one stage."), icon=":material/error:")
        return
    _chosen(["stage"] if how == "stage" else [], picked if how == "stage" else [])


def _stage(row: dict[str, object]) -> str:
    where, name = row["pipeline_name"] or row["pipeline"] or "", row["name"] or row["id"]
    deals = several("{count} deal", "{count} deals", int(str(row["deals"])))
    return f"{where} › {name} ({labels.deal_status(str(row['outcome'] or ''))}, {deals})"


def _chosen(triggers: list[str], stages: list[str]) -> None:
    """Keep when a deal is to be invoiced; other triggers that were chosen elsewhere stay."""
    held = session.settings().invoicing
    others = [name for name in held.triggers if name not in ("won", "stage")]
    kept = {name: ids for name, ids in held.stages.items() if name != "stage"} | ({"stage": stages} if stages else {})
    keep(session.data(), {"invoicing": {"triggers": triggers + others, "stages": kept}}, session.who())
    _tick("trigger")


def _fields(step: Step) -> None:
    if not ready(session.data()):
        _first("read")
        return
    rows = coverage.filled(session.data())
    for gap in onboarding.gaps(session.data()):
        if gap.is_unmapped:
            told = _("{source}: no record of the kind “{kind}” says “{field}”. Nothing is invoiced before it is found.")
            st.error(told.format(source=plain(labels.vendor(gap.vendor)), kind=labels.tables(gap.record),
                                 field=labels.field(gap.field)), icon=":material/link_off:")  # fmt: skip
    st.dataframe(
        {
            "source": [labels.vendor(row["vendor"]) for row in rows],
            "record": [labels.tables(row["record"]) for row in rows],
            "field": [labels.field(row["field"]) for row in rows],
            "must": [_("yes") if row["is_must"] else "" for row in rows],
            "filled": [percent(Decimal(row["filled"]) / row["of"]) if row["of"] else "–" for row in rows],
        },
        column_config={
            "source": st.column_config.TextColumn(_("Source")), "record": st.column_config.TextColumn(_("Records")),
            "field": st.column_config.TextColumn(_("Field")), "must": st.column_config.TextColumn(_("Needed")),
            "filled": st.column_config.TextColumn(_("Filled"), alignment="right"),
        },
        hide_index=True, height=tall(len(rows), 420), alt=_("How completely each field is filled"),
    )  # fmt: skip
    if "fields" in st.session_state["pages"]:
        link("fields", _("Which field is which, on both sides"), ":material/swap_horiz:")
    link("import", _("Read a file anew, with other columns"), ":material/upload_file:")
    link("connections", _("Properties of a connected system stand in its options"), ":material/cable:")


def _quality(step: Step) -> None:
    data = session.data()
    if not ready(data):
        _first("read")
        return
    counted, words = quality.counts(data), problems()
    there = [(problem, count) for problem, count in counted.items() if count]
    if there:
        lines = "\n".join(f"| {plain(words[p][0])} | {number(n)} | {plain(words[p][1])} |" for p, n in there)
        st.markdown(f"| {_('Problem')} | {_('Records')} | {_('What it stops')} |\n|:--|--:|:--|\n{lines}")
        link("quality", _("See each record"), ":material/fact_check:")
    worries = onboarding.worries(data)
    if not worries:
        st.success(_("Good enough: figures and fixes may rest on it."), icon=":material/verified:")
        return
    gaps = [f"{labels.tables(g.record)} · {labels.field(g.field)} ({number(g.filled)}/{number(g.of)})"
            for g in onboarding.gaps(data)]  # fmt: skip
    if gaps:
        told = _("Too few records say: {fields}")
        st.warning(told.format(fields=plain(", ".join(gaps))), icon=":material/warning:")
    if "rejected" in worries:
        st.warning(_("Too many records could not be read: see them on Connections."), icon=":material/warning:")
    if "one side" in worries:
        st.warning(_("Deals or invoices are missing: there is nothing to compare with."), icon=":material/warning:")
    if (kept := onboarding.said(state(data), "quality")) is not None:
        st.caption(_("{who} said that it is good enough for now: {why}").format(who=plain(kept["who"]), why=plain(
            kept["why"])))  # fmt: skip
        return
    with st.form("setup-quality", border=False):
        why = st.text_input(_("Why it is good enough for now"), key="quality-why")
        if st.form_submit_button(_("Go on anyway"), icon=":material/arrow_forward:"):
            if why.strip():
                onboarding.tick(data, "quality", session.who(), why.strip())
                st.rerun()
            st.error(_("Say why first."), icon=":material/error:")


def _findings(step: Step) -> None:
    data = session.data()
    if not ready(data):
        _first("read")
        return
    count, money = findings.total(data, findings.Wanted(states=("open",)))
    st.markdown(f"### {several('{count} finding', '{count} findings', count)}")
    if money:
        st.markdown(plain(_("Money that hangs on them: {amounts}").format(amounts=sums(money, most=5))))
    if st.button(_("Show what to fix"), key="setup-findings", type="primary", icon=":material/checklist:"):
        onboarding.tick(data, "findings", session.who())
        go("to-fix")


def _invoice(step: Step) -> None:
    for at, line in enumerate(step.how, 1):
        st.markdown(f"{at}. {plain(line)}")
    if ready(session.data()):
        link("to-fix", _("Won deals without an invoice"), ":material/receipt_long:", check="won_not_invoiced")


def _first(key: str) -> None:
    st.caption(_("First: {step}").format(step=_title(key)))


def _title(key: str) -> str:
    return next(s.title for s in onboarding.steps(session.data(), session.settings()) if s.key == key)


def _tick(key: str) -> None:
    onboarding.tick(session.data(), key, session.who())
    st.query_params.pop(CHOSEN, None)
    st.rerun()


def _sample() -> None:
    data, who = session.data(), session.who()
    try:
        working.run(_("Taking in sample data"), lambda told: sample.take_in(data, who, told))
    except sample.NotEmpty as error:
        said.say("error", plain(error))
    st.rerun()


def banner(is_setup: bool) -> None:
    """Say on every page but Set-up, which says it at length, that what is shown is invented, while it is."""
    if not is_setup and sample.is_in(state(session.data())):
        with st.container(horizontal=True, vertical_alignment="center"):
            text = _("This is sample data of an invented company.")
            st.markdown(f":blue-badge[:material/science: {text}]", width="content")
            link("setup", _("Begin with your own"), ":material/arrow_forward:")


def _sample_note() -> None:
    """Say that what is shown is invented, and offer to remove it."""
    if not sample.is_in(state(session.data())):
        return
    with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f":material/science: {_('This is sample data of an invented company.')}", width="content")
        if st.button(_("Remove it and begin with your own"), key="sample-out", icon=":material/delete:"):
            data, who = session.data(), session.who()
            working.run(_("Removing sample data"), lambda told: sample.remove(data, who, told))
            said.say("success", _("The sample data is gone."))
            st.rerun()


_BODIES: dict[str, Callable[[Step], None]] = {
    "company": _company, "data": _data, "read": _read, "trigger": _trigger, "fields": _fields, "quality": _quality,
    "findings": _findings, "invoice": _invoice,
}  # fmt: skip
