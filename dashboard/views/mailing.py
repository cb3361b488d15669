"""Settings of the mail server: tried before they are kept, and a mail to oneself to see that one arrives."""

import uuid

import streamlit as st

from dashboard import asking, said, session
from dashboard.asking import Ask
from dashboard.choosing import NotSo, keep, made_of
from dashboard.parts import badge, plain
from dashboard.theme import Mark
from dashboard.words import _
from extract import logs
from extract.vendor import VendorError
from reconcile import workflows
from reconcile.mail import NAME, SECRET, MailDraft, Mailer
from reconcile.settings import Settings
from reconcile.state import state

STATE = "mail:took"  # name in the state store: the server, port, encryption and user that were accepted last


def show() -> None:
    """Lay out the server's state, its settings, and the trial mail."""
    store, settings = state(session.data()), session.settings()
    mark = _mark(settings)
    st.markdown(f"{badge(mark)} {plain(settings.mail.host)}")
    with st.form("mail"):
        security = {"starttls": "STARTTLS", "tls": "TLS", "none": _("None (only on this machine)")}
        typed = asking.fields([
            Ask("mail", "host", _("Server"), _("Like smtp.example.com; your mail provider names it.")),
            Ask("mail", "port", _("Port"), _("587 for STARTTLS, 465 for TLS.")),
            Ask("mail", "security", _("Encryption"), "", security),
            Ask("mail", "user", _("User"), _("Mostly the whole e-mail address.")),
            Ask("mail", "sender", _("Sender"), _("Like Example Ltd <billing@example.com>.")),
            Ask("mail", "reply_to", _("Answers go to"), _("Empty: to the sender.")),
            Ask("mail", "daily_cap", _("Most mails a day")),
        ])  # fmt: skip
        kept = bool(store.credentials(NAME).get(SECRET))
        entered = st.session_state.setdefault("mail-entered", 0)  # a new field after each that was kept: empty again
        password = st.text_input(_("Password"), type="password", key=f"mail-password-{entered}", autocomplete="off",
                                 placeholder=_("kept, and never shown") if kept else "")  # fmt: skip
        if st.form_submit_button(_("Test and save"), type="primary", icon=":material/save:"):
            _save(typed, password)
    if settings.mail.host:
        _trial(settings)


def _mark(settings: Settings) -> Mark:
    """Return whether mails go out: the server took what is kept, nobody tried it, or there is none."""
    if not settings.mail.host:
        return Mark("gray", ":material/link_off:", "○", _("Inactive"))
    if state(session.data()).value(STATE) == _as_tried(settings):
        return Mark("green", ":material/check_circle:", "✓", _("Active"))
    return Mark("orange", ":material/help:", "◆", _("Not tried yet"))


def _as_tried(settings: Settings) -> list[object]:
    said = settings.mail
    return [said.host, said.port, said.security, said.user]


def _save(typed: dict[Ask, object], password: str) -> None:
    """Sign in at the server; keep settings and password only if that goes well."""
    data, store = session.data(), state(session.data())
    if password:
        logs.hide([password])
    try:
        wanted = asking.changes(typed)
        made = made_of(session.settings(), wanted)
        if made.mail.host:
            with st.spinner(_("Asking {name} …").format(name=made.mail.host)):
                Mailer(made.mail, password or store.credentials(NAME).get(SECRET, "")).check()
    except NotSo as error:
        asking.refused(error, list(typed))
        return
    except VendorError as error:
        st.error(f"{plain(error)} {_('Nothing was saved: it stays as it was.')}", icon=":material/error:")
        return
    keep(data, wanted, session.who())
    if password:
        store.keep_credentials(NAME, {SECRET: password}, session.who())
    store.keep(STATE, _as_tried(made))
    st.session_state["mail-entered"] += 1
    said.say("success", _("The server took it: e-mail is active.") if made.mail.host else _("Saved."))
    st.rerun()


def _trial(settings: Settings) -> None:
    with st.form("mail-trial"):
        to = st.text_input(_("Send a trial mail to"), key="mail-to", placeholder="ana@example.com")
        if not st.form_submit_button(_("Send it"), icon=":material/forward_to_inbox:"):
            return
    store = state(session.data())
    try:
        draft = MailDraft(
            key=f"trial:{uuid.uuid4()}", sender=settings.mail.sender, to=to.strip(),
            subject=_("Trial mail of Cuadra"), text=_("It works: mails from Cuadra arrive here."),
        )  # fmt: skip
        with st.spinner(_("Sending …")):
            workflows.mailer(settings, store).send(draft)
    except (ValueError, VendorError) as error:
        st.error(plain(error), icon=":material/error:")
        return
    st.success(plain(_("Sent to {recipient}.").format(recipient=to)), icon=":material/check_circle:")
