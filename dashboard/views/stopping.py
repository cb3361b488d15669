"""Settings of writing: which live accounts may be written to, and the red button that stops all of it."""

import datetime as dt

import streamlit as st

from dashboard import accounts, labels, said, session
from dashboard.choosing import keep
from dashboard.parts import badge, plain
from dashboard.theme import Mark
from dashboard.words import _, moment
from extract.vendor import registry
from reconcile import gate
from reconcile.mail import NAME as MAIL
from reconcile.state import state


def show() -> None:
    """Lay out the red button, then the switch of each connection."""
    _stop()
    st.subheader(_("Live accounts"), anchor=False)
    st.caption(_("Test accounts may always be written to. A live account only if its switch is on; every write is "
                 "shown before, and stands in the activity log."))  # fmt: skip
    able, settings = writable(), session.settings()
    if not able:
        st.caption(_("Nothing that could be written to is connected yet."))
        return
    with st.form("writes"):
        on = {}
        for name, (title, writes) in able.items():
            on[name] = st.toggle(plain(title), settings.writes.get(name, False), key=f"write-{name}")
            st.caption(plain(", ".join(labels.fix(w) for w in writes)))
        if st.form_submit_button(_("Save"), type="primary", icon=":material/save:"):
            # what stands in the file of connections that are gone stays as it is
            changed = keep(session.data(), {"": {"writes": settings.writes | on}}, session.who())
            said.say("success" if changed else "info", _("Saved.") if changed else _("Nothing was changed."))
            st.rerun()


def writable() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return what has a switch, by the name in [writes]: its title, and which fixes go there; the mail server too."""
    settings, store = session.settings(), state(session.data())
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for name, one in settings.connections.items():
        vendor = registry().get(one.vendor)
        if vendor is None or not vendor.writes:
            continue
        told = accounts.told(store, name)
        what = _("TEST account") if told and told.is_test else _("live account") if told else _("not tried yet")
        found[name] = f"{labels.vendor(one.vendor)} · {name} ({what})", vendor.writes
    if settings.mail.host:
        found[MAIL] = f"{_('E-mail')} · {settings.mail.host}", ("send_reminder", "send_invoice")
    return found


def banner() -> None:
    """Say on every page that all writing is stopped, while it is."""
    if told := gate.stopped(state(session.data())):
        text = _("{who} stopped all writing: {reason}").format(who=plain(told["who"]), reason=plain(told["reason"]))
        st.error(text, icon=":material/front_hand:")


def _stop() -> None:
    store = state(session.data())
    told = gate.stopped(store)
    with st.container(border=True):
        mark = (Mark("red", ":material/front_hand:", "▲", _("Writing is stopped")) if told
                else Mark("green", ":material/check_circle:", "✓", _("Writing is possible")))  # fmt: skip
        st.markdown(badge(mark))
        if told:
            at = f" · {moment(dt.datetime.fromisoformat(told['at']), session.zone())}" if told.get("at") else ""
            st.caption(f"{plain(told['who'])}: {plain(told['reason'])}{at}")
            if st.button(_("Allow writing again"), icon=":material/play_arrow:", key="allow-writing"):
                gate.allow(store, session.who())
                said.say("success", _("Writing is possible again where its switch is on."))
                st.rerun()
            return
        st.caption(_("Stops at once and everywhere: no fix, no reminder, no automation writes until somebody allows it "
                     "again. Reading goes on."))  # fmt: skip
        with st.container(key="red-stop"), st.form("stop", border=False):
            reason = st.text_input(_("Why"), key="stop-why", placeholder=_("wrong prices in the catalogue"))
            if st.form_submit_button(_("Stop all writing"), icon=":material/front_hand:", type="primary"):
                gate.stop(store, session.who(), reason.strip())
                st.rerun()
