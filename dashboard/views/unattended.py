"""What runs without anybody: when sources are read, how the last time went, and the four switches of going live."""

import datetime as dt
from collections.abc import Callable

import streamlit as st

from dashboard import labels, said, session, unattended
from dashboard.parts import badge, plain
from dashboard.report.schedule import BadCron, following
from dashboard.theme import Mark
from dashboard.views import flow_words
from dashboard.words import _, ago, moment, several
from reconcile import settings as choices
from reconcile.automations import switch
from reconcile.settings import Schedule, Settings
from reconcile.state import Entry, State, state

USUAL = "*/15 * * * *"
WEEKLY = "0 9 * * 1"


def show() -> None:
    """Lay out when sources are read, then the switches."""
    with st.container(border=True):
        _reading()
    with st.container(border=True):
        _switches()


def _reading() -> None:
    known, store = session.settings(), state(session.data())
    held = known.schedules.get(unattended.NAME, Schedule())
    halted = unattended.stopped(store)
    st.markdown(f"#### {_('Reading by itself')} {badge(_mark(bool(held.cron), bool(halted)))}")
    st.caption(_("Reads every connection, compares, and lets the automatic flows do what is due. A time that was "
                 "missed while the program was off is made up for once."))  # fmt: skip
    _when(known, store, held, halted)
    _last(store)
    _form(known, held)


def _mark(is_planned: bool, is_stopped: bool) -> Mark:
    if is_stopped:
        return Mark("red", ":material/pause_circle:", "▲", _("Stopped"))
    if is_planned:
        return Mark("green", ":material/autoplay:", "●", _("On"))
    return Mark("gray", ":material/block:", "○", _("Off"))


def _when(known: Settings, store: State, held: Schedule, halted: dict[str, str]) -> None:
    """Say when the next reading is, and offer to stop or start it."""
    if halted:
        told = _("Stopped by {who} on {at}: nothing is read by itself until somebody starts it again.")
        st.warning(told.format(who=plain(halted["who"]), at=_at(halted["at"])), icon=":material/pause_circle:")
        if st.button(_("Start again"), key="reading-start", icon=":material/play_arrow:", type="primary"):
            unattended.start(store, session.who())
            st.rerun()
        return
    if not held.cron:
        st.caption(_("Sources are read only when somebody presses a button, or a web hook asks for it."))
        return
    try:
        coming = unattended.following_at(known, store, session.now())
    except BadCron as error:
        st.error(plain(error), icon=":material/error:")
        return
    st.markdown(_("Next: {moment} ({zone})").format(moment=moment(coming, session.zone()),
                                                    zone=plain(known.company.time_zone)))  # fmt: skip
    if st.button(_("Stop"), key="reading-stop", icon=":material/pause:"):
        unattended.stop(store, session.who())
        st.rerun()


def _last(store: State) -> None:
    """Say how the last reading went that nobody pressed a button for."""
    last = unattended.last(store)
    if not last:
        st.caption(_("It has not read by itself yet."))
        return
    whys = {"schedule": _("by the clock"), "hook": _("by a web hook")}
    seconds = (dt.datetime.fromisoformat(last["ended_at"]) - dt.datetime.fromisoformat(last["started_at"])).seconds
    items = sum(reading["items"] for reading in last["readings"])
    told = [
        _("Last: {moment} ({ago}), {why}").format(moment=_at(last["started_at"]), why=whys[last["why"]], ago=ago(
            dt.datetime.fromisoformat(last["started_at"]), session.now())),
        several("{count} record changed", "{count} records changed", items),
        several("{count} fix started by itself", "{count} fixes started by themselves", last["runs"]),
        several("{count} second", "{count} seconds", seconds),
    ]  # fmt: skip
    st.markdown(" · ".join(told))
    for reading in last["readings"]:
        if reading["error"]:
            told_error = _("{name} stopped: {error}")
            st.error(told_error.format(name=plain(labels.vendor(reading["vendor"])), error=plain(reading["error"])),
                     icon=":material/error:")  # fmt: skip
    if last["error"] and not any(reading["error"] for reading in last["readings"]):
        told_error = _("It broke off, and is tried again the next time: {error}")
        st.error(told_error.format(error=plain(last["error"].partition("\n")[0])), icon=":material/error:")


def _form(known: Settings, held: Schedule) -> None:
    often = {
        "*/5 * * * *": _("Every 5 minutes"), USUAL: _("Every 15 minutes"), "0 * * * *": _("Every hour"),
        "0 6 * * *": _("Every morning at six"), "": _("Never"),
    }  # fmt: skip
    lines = list(dict.fromkeys([held.cron, *often]))
    with st.form("reading", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        cron = st.selectbox(_("How often"), lines, 0, format_func=lambda line: often.get(line, line), width=320,
                            accept_new_options=True, key="reading-cron", help=_("Or a line of minute, hour, day, month "
                            "and weekday: */10 8-19 * * 1-5 is every ten minutes of a working day."))  # fmt: skip
        if st.form_submit_button(_("Save"), icon=":material/save:", key="reading-save"):
            _keep(known, held, (cron or "").strip())


def _keep(known: Settings, held: Schedule, cron: str) -> None:
    if cron:
        try:
            following(cron, known.company.time_zone, session.now())
        except BadCron as error:
            st.error(plain(error), icon=":material/error:")
            return
    data, store = session.data(), state(session.data())
    made = held.model_copy(update={"cron": cron})
    choices.save(known.model_copy(update={"schedules": known.schedules | {unattended.NAME: made}}), data)
    store.ran(unattended.NAME, session.now())  # what was due before it was set up is not made up for
    _record(store, f"schedule:{unattended.NAME}", {"cron": held.cron}, {"cron": cron})
    said.say("success", _("Saved."))
    st.rerun()


def _switches() -> None:
    """Offer the four parts of going live, each a switch of its own."""
    known, store = session.settings(), state(session.data())
    st.markdown(f"#### {_('Going live, one at a time')}")
    st.caption(_("Each is off at first, and turning one on starts no other."))
    _flow(known, store, "overdue_to_reminder", _("Reminders go out by themselves"))
    _switch(_("Invoices are e-mailed once they are made"), "emails", known.invoicing.send,
            lambda on: _emails(known, store, on))  # fmt: skip
    weekly = known.schedules.get("week", Schedule())
    _switch(_("The weekly report goes out by itself"), "reports", bool(weekly.cron),
            lambda on: _weekly(known, store, weekly, on))  # fmt: skip
    if weekly.cron and not weekly.to and "email" in known.reports.channels:
        st.caption(_("Nobody gets it by e-mail yet: enter addresses on the page Reports."))
    _flow(known, store, "payment_to_crm", _("Payments that fit are booked by themselves, and the CRM is told"))


def _switch(label: str, name: str, is_on: bool, change: Callable[[bool], None]) -> None:
    """Show a switch as the settings have it now, whoever changed them; a change that is refused does not show."""
    key = f"live-{name}"
    st.session_state[key] = is_on
    st.toggle(label, key=key, on_change=lambda: change(bool(st.session_state[key])))


def _flow(known: Settings, store: State, flow: str, label: str) -> None:
    """Offer a flow; where it is not its turn yet, with the reason why it may run already."""
    runs = switch.is_automatic(known, store, flow)
    behind = switch.waits_for(known, store, flow) if not runs else None
    _switch(label, flow, runs, lambda on: _go(known, flow, on))
    if behind:
        told = _("Reason to turn it on before “{flow}” has run for {days} days without a refusal")
        st.text_input(told.format(flow=flow_words.titles()[behind][0], days=switch.CLEAN_DAYS),
                      key=f"live-reason-{flow}")  # fmt: skip


def _go(known: Settings, flow: str, on: bool) -> None:
    made = known.automation(flow).model_copy(update={"mode": "automatic" if on else "suggest"})
    try:
        reason = str(st.session_state.get(f"live-reason-{flow}") or "").strip()
        switch.switch(session.data(), flow, made, session.who(), reason)
    except switch.Locked:
        title = flow_words.titles()[flow][0]
        said.say("error", _("“{flow}” was not switched: say why it may run by itself already.").format(flow=title))


def _emails(known: Settings, store: State, on: bool) -> None:
    made = known.invoicing.model_copy(update={"send": on})
    choices.save(known.model_copy(update={"invoicing": made}), session.data())
    _record(store, "settings:invoicing", {"send": known.invoicing.send}, {"send": on})


def _weekly(known: Settings, store: State, held: Schedule, on: bool) -> None:
    made = held.model_copy(update={"cron": WEEKLY if on else ""})
    choices.save(known.model_copy(update={"schedules": known.schedules | {"week": made}}), session.data())
    if on:  # what was due before it was set up is not made up for
        store.ran("report:week", session.now())
    _record(store, "schedule:week", {"cron": held.cron}, {"cron": made.cron})


def _record(store: State, subject: str, before: dict[str, object], after: dict[str, object]) -> None:
    store.record(Entry(who=session.who(), action="change_settings", outcome="decided", subject=subject, before=before,
                       after=after))  # fmt: skip


def _at(instant: str) -> str:
    return moment(dt.datetime.fromisoformat(instant), session.zone())
