"""Connecting by a system's own login: its page asks the person, sends them back with a code, the code becomes keys.

Nothing is connected before they are back. What was begun is kept for a quarter of an hour, the app's secret encrypted.
"""

import datetime as dt
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import streamlit as st

from dashboard import connecting, labels, said, session, setup
from dashboard.parts import plain
from dashboard.words import _
from extract import logs
from extract.vendor import Unauthorised, VendorError, registry
from reconcile import access
from reconcile.settings import SettingsError
from reconcile.state import now, state
from reconcile.vault import VaultError

KEPT = "login:"  # name in the state store, before the mark that comes back
LONGEST = dt.timedelta(minutes=15)
_URL = "login-url"  # key of the session's address to go to


def begin(
    data: Path, vendor: str, name: str, client: str, secret: str, options: Mapping[str, str], redirect: str, who: str
) -> str:
    """Keep what was begun and return the address of the vendor's own page. Raises Unauthorised where an id is empty."""
    access.need("administer")
    login = registry()[vendor].login
    assert login is not None
    if not (client and secret):
        raise Unauthorised(name, "client id and client secret are needed: they stand in your app there.")
    logs.hide([secret])
    mark, store = secrets.token_urlsafe(24), state(data)
    for name, other in store.values(KEPT).items():
        if _is_old(other):
            forget(data, name.removeprefix(KEPT), who)
    begun = {"vendor": vendor, "name": name, "options": dict(options), "redirect": redirect, "at": now().isoformat()}
    store.keep(KEPT + mark, begun)
    store.keep_credentials(KEPT + mark, {login.needs[0]: client, login.needs[1]: secret}, who)
    asked = {"client_id": client, "redirect_uri": redirect, "scope": " ".join(login.scopes), "state": mark}
    asked |= dict(login.asks)
    return f"{login.page}?{urlencode(asked)}"


def finish(data: Path, mark: str, code: str, who: str, brought: Mapping[str, str] | None = None) -> str:
    """Connect what was begun under this mark and return the connection's name. Raises VendorError, keeping nothing.

    `brought` is what came back beside the code, such as the company that was chosen there. A mark counts once: whoever
    comes back with one that is unknown, used or old is refused.
    """
    access.need("administer")
    store = state(data)
    begun: dict[str, Any] | None = store.value(KEPT + mark)
    kept = store.credentials(KEPT + mark) if begun else {}
    if begun is None or _is_old(begun):
        raise Unauthorised("sign-in", "nobody here asked for it, or it was too long ago. Begin once more.")
    forget(data, mark, who)
    login = registry()[begun["vendor"]].login
    assert login is not None
    made = setup.trial(data, begun["vendor"], begun["name"], kept, begun["options"])
    beside = {need: (brought or {}).get(name, "") for name, need in login.brings}
    given = kept | beside | {login.needs[2]: made.signed_in(code, begun["redirect"])}
    setup.connect(data, begun["vendor"], begun["name"], given, begun["options"], who=who)
    return str(begun["name"])


def forget(data: Path, mark: str, who: str) -> None:
    """Forget what was begun under a mark, and its secret."""
    store = state(data)
    if store.value(KEPT + mark) is not None:
        store.drop([KEPT + mark])
        store.forget_credentials(KEPT + mark, who)


def _is_old(begun: Mapping[str, Any]) -> bool:
    return now() - dt.datetime.fromisoformat(begun["at"]) > LONGEST


def address() -> str:
    """Return the address of the page Connections as the reader's browser reaches it: there they are sent back to."""
    here = urlsplit(st.context.url or "http://127.0.0.1:8501/")
    return f"{here.scheme}://{here.netloc}/connections"


def form(vendor: str, name: str) -> None:
    """Offer to sign in at the system's own page."""
    title, usual = registry()[vendor].title, registry()[vendor].auth_kind == "oauth"
    with st.expander(_("Or sign in with its own login (OAuth)"), icon=":material/login:", expanded=usual):
        told = _(
            "Make an app at {vendor}, enter this address there as its redirect address, and copy its id and secret:"
        )
        st.caption(told.format(vendor=plain(title)))
        st.code(address(), language=None)
        with st.form(f"login-{vendor}", border=False):
            client, secret = registry()[vendor].login.needs[:2]  # type: ignore[union-attr]
            called = st.text_input(_("Name of the connection"), value=name, key=f"login-name-{vendor}")
            id_ = st.text_input(labels.secret(vendor, client), key=f"login-id-{vendor}", autocomplete="off")
            word = st.text_input(labels.secret(vendor, secret), type="password", key=f"login-secret-{vendor}",
                                 autocomplete="off")  # fmt: skip
            base = st.text_input(_("Address"), key=f"login-base-{vendor}", placeholder=registry()[vendor].base_url)
            if st.form_submit_button(_("Next"), icon=":material/arrow_forward:"):
                try:
                    options = {"base_url": base.strip()} if base.strip() else {}
                    st.session_state[_URL] = begin(session.data(), vendor, called.strip() or vendor, id_.strip(),
                                                   word.strip(), options, address(), session.who())  # fmt: skip
                except VendorError as error:
                    st.error(plain(error), icon=":material/error:")
        if url := st.session_state.get(_URL):
            st.link_button(_("Go to {vendor} and sign in").format(vendor=title), url, type="primary",
                           icon=":material/open_in_new:")  # fmt: skip


def arrived() -> None:
    """Connect where somebody is back from the system's own page; say so where they said no there."""
    mark, code = st.query_params.get("state", ""), st.query_params.get("code", "")
    if not mark:
        return
    refused = st.query_params.get("error_description") or st.query_params.get("error") or ""
    asked = st.query_params.to_dict()
    beside = [name for vendor in registry().values() if vendor.login for name, _need in vendor.login.brings]
    for part in ("state", "code", "error", "error_description", "scope", *beside):
        st.query_params.pop(part, None)
    st.session_state.pop(_URL, None)
    try:
        if not code:
            forget(session.data(), mark, session.who())
            raise Unauthorised("sign-in", f"it was not granted there ({refused or 'no code came back'}).")
        name = finish(session.data(), mark, code, session.who(), asked)
    except (VendorError, VaultError, SettingsError) as error:
        said.say("error", f"{plain(error)} {_('Nothing was kept.')}")
        st.rerun()
    connecting.sync((name,))
