"""Where archived documents go: the files, the CRM, the accounting department; each switched on or off by itself."""

import streamlit as st

from dashboard import choosing, said, session
from dashboard.parts import plain
from dashboard.words import _, day_typed
from extract.vendor import VendorError
from reconcile import access
from reconcile.archive.place import FOLDER, NAME, SCHEMES, place, secret
from reconcile.settings import Archive, SettingsError
from reconcile.state import state


def options() -> dict[str, str]:
    """Return what the options of a place are called."""
    return {
        "root": _("Folder in it"), "bucket": _("Bucket"), "region": _("Region"), "endpoint": _("Address"),
        "username": _("User"), "password": _("Password"), "access_key_id": _("Access key id"),
        "secret_access_key": _("Secret access key"), "client_id": _("Client id"), "client_secret": _("Client secret"),
        "refresh_token": _("Refresh token"),
    }  # fmt: skip


def show() -> None:
    """Let somebody say where documents go; it is kept when the place answers."""
    held, store = session.settings().archive, state(session.data())
    names = list(SCHEMES)
    scheme = st.selectbox(_("Place of the files"), names, names.index(held.scheme), key="archive-scheme",
                          format_func=lambda n: _("Folder") if n == "fs" else SCHEMES[n].title, width=320)  # fmt: skip
    with st.form("archive-place"):
        found: dict[str, object] = {"scheme": scheme}
        found["files"] = st.toggle(_("Keep the files there, as Year/Month/Customer/number.pdf"), held.files,
                                   key="archive-files")  # fmt: skip
        said_options, secrets = _place(scheme, held)
        found["crm"] = st.toggle(_("Put a copy into the CRM, as a note on the deal or the customer"), held.crm,
                                 key="archive-crm")  # fmt: skip
        found["accounting"] = st.text_input(
            _("Send a copy to accounting: its address, empty for none"), held.accounting, key="archive-accounting",
            help=_("One mail for each document, as inboxes of accounting programs want it."),
        ).strip()  # fmt: skip
        found["since"] = st.date_input(
            _("CRM and accounting get what was issued from this day on"), held.since, key="archive-since",
            help=_("Empty: all documents, the old ones too."), format=day_typed(),
        )  # fmt: skip
        found["by_itself"] = st.toggle(_("Archive after each reading, without a click"), held.by_itself,
                                       key="archive-itself")  # fmt: skip
        if st.form_submit_button(_("Save"), icon=":material/save:"):
            _save(found | {"options": said_options}, {n: v for n, v in secrets.items() if v})
    if scheme != "fs" and not all(secret(name, store) for name in SCHEMES[scheme].secrets):
        st.caption(_("Its keys are kept encrypted and never shown again."))


def _place(scheme: str, held: Archive) -> tuple[dict[str, str], dict[str, str]]:
    """Show the fields of a place; return its options and its secrets as they were typed."""
    store, asked = state(session.data()), SCHEMES[scheme]
    mine = held.options if scheme == held.scheme else {}
    typed = {
        name: st.text_input(_("Folder on this machine") if scheme == "fs" else options()[name], mine.get(name, ""),
                            key=f"archive-{scheme}-{name}",
                            placeholder=str(session.data() / FOLDER) if scheme == "fs" else "").strip()
        for name in asked.options
    }  # fmt: skip
    secrets = {
        name: st.text_input(options()[name], key=f"archive-{scheme}-{name}", type="password",
                            placeholder=_("kept, and never shown") if secret(name, store) else "").strip()
        for name in asked.secrets
    }  # fmt: skip
    return {name: value for name, value in typed.items() if value}, secrets


def _save(found: dict[str, object], secrets: dict[str, str]) -> None:
    """Try the place, then keep what was said of it. What is wrong is said, and nothing is kept."""
    access.need("administer")
    data, store = session.data(), state(session.data())
    try:
        made = choosing.made_of(session.settings(), {"archive": found}).archive
        if made.files:
            place(data, made, store, secrets).has("index.csv")
        choosing.keep(data, {"archive": found}, session.who())
    except (choosing.NotSo, SettingsError, VendorError) as error:
        st.error(plain(error), icon=":material/error:")
        return
    if secrets:
        store.keep_credentials(NAME, secrets, session.who())
    said.say("success", _("Saved."))
    st.rerun()
