"""The views saved of a page: kept by name with all that is chosen on it, opened again, shared by address, deleted."""

from urllib.parse import urlencode

import streamlit as st

from dashboard import billed, said, session
from dashboard.parts import go, plain
from dashboard.words import _
from reconcile import access, saved
from reconcile.saved import View
from reconcile.state import state

PAGES = {"to-fix": "to-fix", "sales": "sales", "receivables": "receivables", "all": "reconciliation"}
_PASSING = ("page", "finding", "cell", "week", "part")  # what is looked at for a moment, and what `open_` adds


def titles() -> dict[str, str]:
    """Return what the pages that have views are called."""
    return {"to-fix": _("To fix"), "sales": _("Sales"), "receivables": _("Receivables"), "all": _("Everything")}


def offer(page: str) -> None:
    """Show the views of a page, with what can be done with them, and let what is chosen now be saved."""
    store, now, may_change = state(session.data()), _here(), access.acting().may("decide")
    with st.popover(_("Saved views"), icon=":material/bookmark:", key=f"views-{page}"):
        held = saved.views(store, page)
        if not held:
            st.caption(_("No view of this page is saved yet."))
        for view in held:
            with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
                is_now = view.query == now
                icon = ":material/check:" if is_now else ":material/bookmark:"
                label = _("Open {name}").format(name=plain(view.name))
                if st.button(plain(view.name), key=f"view-{view.name}", icon=icon, type="tertiary", help=label):
                    open_(view)
                if may_change and st.button("", key=f"unview-{view.name}", icon=":material/delete:", type="tertiary",
                             help=_("Delete {name}").format(name=plain(view.name))):  # fmt: skip
                    saved.drop(store, view.name, session.who())
                    said.say("info", _("The view {name} is deleted.").format(name=plain(view.name)))
                    st.rerun()
        if may_change:
            _save(page, now, {view.name for view in saved.views(store)})
        st.caption(_("This view's address, to send to a colleague:"))
        st.code(_address(page, now), language=None, wrap_lines=True)


def _here() -> dict[str, list[str]]:
    return {name: values for name, values in billed.here().items() if name not in _PASSING}


def _save(page: str, now: dict[str, list[str]], taken: set[str]) -> None:
    name = " ".join(st.text_input(_("Name"), key=f"view-name-{page}", max_chars=saved.LONGEST,
                                  placeholder=_("Overdue in November")).split())  # fmt: skip
    is_taken = name in taken
    if is_taken:
        st.caption(_("There is a view of this name. Choose another, or replace it."))
    label = _("Replace it") if is_taken else _("Save what is chosen now")
    if st.button(label, key=f"view-save-{page}", icon=":material/bookmark_add:", disabled=not name):
        try:
            saved.keep(state(session.data()), name, page, now, session.who(), replace=is_taken)
        except saved.Taken:
            said.say("warning", _("Somebody saved a view of this name just now. Choose another name."))
        else:
            said.say("success", _("Saved as {name}. It is also on Reports, as a file.").format(name=plain(name)))
        st.rerun()


def open_(view: View) -> None:
    """Open the page of a view as it was saved."""
    go(PAGES[view.page], **_query(view.page, view.query))


def _query(page: str, query: dict[str, list[str]]) -> dict[str, list[str]]:
    return query | ({"part": ["all"]} if page == "all" else {})


def _address(page: str, query: dict[str, list[str]]) -> str:
    """Return the address that shows this view, of the server that readers use where the settings say one."""
    settings = session.settings().reports.address.rstrip("/")
    base = settings or (st.context.url or "").split("?")[0].rsplit("/", 1)[0]
    asked = urlencode(_query(page, query), doseq=True)
    return f"{base}/{PAGES[page]}" + (f"?{asked}" if asked else "")
