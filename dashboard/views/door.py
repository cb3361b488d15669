"""The door: what somebody sees who is not signed in, may not look, or whose session is over."""

from urllib.parse import urlsplit

import streamlit as st

from dashboard import rights, session, signin
from dashboard.parts import plain
from dashboard.words import _
from reconcile import access
from reconcile.state import state

EVERY = 30  # seconds between looks whether the session is over


def is_open() -> bool:
    """Return whether the reader may come in; where not, the page says what to do. Counts as a click."""
    chosen = session.settings().access
    if not chosen.is_on:
        return True
    claims = session.claims()
    if claims.get("is_logged_in"):
        signin.clicked(claims, chosen, state(session.data()))
    if access.acting().role:
        st.fragment(_watch, run_every=EVERY)()
    return bool(access.acting().role)


def show() -> None:
    """Lay out what somebody sees who may not come in."""
    with st.container(horizontal_alignment="center"):
        st.space("large")
        st.title("Cuadra", anchor=False, width="content")
        _say()


def _say() -> None:
    settings, claims = session.settings(), session.claims()
    address = settings.reports.address
    why = signin.over(claims, settings.access) if claims.get("is_logged_in") else ""
    if "is_logged_in" not in claims:
        told = _("Signing in was set up while this page was running. Start it again: `cuadra serve`.")
        st.warning(told, icon=":material/restart_alt:", width=560)
    elif claims.get("is_logged_in") and not why:
        told = _("You are signed in as {name}, and nobody gave you a role here: {ask}.")
        st.warning(told.format(name=plain(access.acting().name), ask=rights.ask()), icon=":material/lock:", width=560)
        if st.button(_("Sign out"), icon=":material/logout:"):
            st.logout()
    elif address and st.context.url and urlsplit(st.context.url)[:2] != urlsplit(address)[:2]:
        st.info(_("Sign in where this page lives."), icon=":material/info:", width=560)
        st.link_button(_("Open {address}").format(address=plain(address)), address, type="primary")
    else:
        ended = {
            "idle": _("Your session ended because nothing was clicked for a while."),
            "age": _("Your session ended: sign in again from time to time."),
        }
        if why:
            st.info(ended[why], icon=":material/timer_off:", width=560)
        else:
            st.caption(_("Sign in with your company’s account."), width="content")
        if st.button(_("Sign in"), type="primary", icon=":material/login:"):
            st.login()


def who() -> None:
    """Show who is signed in, and let them leave."""
    if not session.settings().access.is_on:
        return
    person = access.acting()
    st.text(person.name)
    st.caption(f":material/account_circle: {rights.roles()[person.role]}")
    if st.button(_("Sign out"), icon=":material/logout:", type="tertiary", key="sign-out"):
        st.logout()


def _watch() -> None:
    """Close the page of somebody who left: what it shows goes away without a click."""
    if not access.acting().role:
        st.rerun()
