"""The frame around every page: look, navigation, search and language. Streamlit runs it on each click."""

from pathlib import Path

import duckdb
import streamlit as st
import structlog

from dashboard import jobs, read, said, session, working
from dashboard.parts import STYLE, first_run, go, plain
from dashboard.views import (
    activity,
    automations,
    bridge,
    connections,
    customer,
    deals,
    files,
    matching,
    quality,
    receivables,
    reports,
    sales,
    to_fix,
    value,
    week,
)
from dashboard.words import LANGUAGES, _, language, offered
from reconcile.settings import SettingsError
from reconcile.vault import VaultError

log = structlog.get_logger("cuadra.page")

LOGO = Path(__file__).with_name("logo.svg")
ICON = Path(__file__).with_name("icon.svg")

# key, view, icon, whether it needs a warehouse
PAGES = (
    ("week", week.show, ":material/monitoring:", True),
    ("to-fix", to_fix.show, ":material/checklist:", True),
    ("deals", deals.show, ":material/handshake:", True),
    ("reconciliation", matching.show, ":material/join_inner:", True),
    ("quality", quality.show, ":material/fact_check:", True),
    ("sales", sales.show, ":material/leaderboard:", True),
    ("receivables", receivables.show, ":material/account_balance_wallet:", True),
    ("bridge", bridge.show, ":material/waterfall_chart:", True),
    ("customer", customer.show, ":material/groups:", True),
    ("value", value.show, ":material/savings:", True),
    ("reports", reports.show, ":material/summarize:", True),
    ("automations", automations.show, ":material/autoplay:", False),
    ("connections", connections.show, ":material/cable:", False),
    ("import", files.show, ":material/upload_file:", False),
    ("activity", activity.show, ":material/history:", False),
)


FIGURES = ("sales", "receivables", "bridge", "customer", "value", "reports")  # sections of the menu; the rest is work
DATA = ("automations", "connections", "import", "activity")


def titles() -> dict[str, str]:
    """Return what the pages are called, by key."""
    return {
        "week": _("This week"),
        "to-fix": _("To fix"),
        "deals": _("Deals"),
        "reconciliation": _("Reconciliation"),
        "quality": _("Data quality"),
        "sales": _("Sales"),
        "receivables": _("Receivables"),
        "bridge": _("Bridge"),
        "customer": _("Customers"),
        "value": _("Proof of value"),
        "reports": _("Reports"),
        "automations": _("Automations"),
        "connections": _("Connections"),
        "import": _("Import"),
        "activity": _("Activity"),
    }


def main() -> None:
    """Show the page that the address names."""
    st.set_page_config(page_title="Cuadra", page_icon=str(ICON), layout="wide")
    session.speak()
    try:
        session.settings()
    except SettingsError as error:
        st.error(_("The settings cannot be read: {error}").format(error=error), icon=":material/error:")
        st.stop()
    called = titles()
    pages = {
        key: st.Page(view, title=called[key], icon=icon, url_path=key, default=key == "week")
        for key, view, icon, needs in PAGES
    }
    st.session_state["pages"] = pages
    work = [key for key in pages if key not in FIGURES + DATA]
    sections = {"": work, _("Figures"): FIGURES, _("Data"): DATA}
    chosen = st.navigation({name: [pages[key] for key in keys] for name, keys in sections.items()}, expanded=True)
    st.html(STYLE)
    st.logo(LOGO, size="large")
    _side()
    needs = next(n for key, _view, _icon, n in PAGES if pages[key] == chosen)
    said.report()
    if needs and not read.ready(session.data()):
        first_run()
    else:
        _run(chosen)


def _run(page: st.Page) -> None:
    """Show a page; where its data cannot be read, say so and offer to make it anew."""
    try:
        page.run()
    except duckdb.Error as error:
        log.error("page cannot be shown", page=page.url_path, error=str(error))
        st.error(
            _("This page cannot be shown: the comparison is of another version, or it is damaged. Make it anew."),
            icon=":material/error:",
        )
        if st.button(_("Compare again"), type="primary", icon=":material/refresh:"):
            working.run(_("Comparing again"), lambda told: jobs.reconcile(session.data(), progress=told))
            st.rerun()
    except VaultError as error:
        st.error(plain(error), icon=":material/key_off:")


def _side() -> None:
    with st.sidebar:
        st.text_input(
            _("Search"),
            key="find",
            type="search",
            placeholder=_("Deal, customer, invoice"),
            label_visibility="collapsed",
            icon=":material/search:",
            on_change=_search,
        )
        if st.session_state.pop("go-find", None):
            go("deals", q=st.session_state.get("found", ""))
        if len(codes := offered()) > 1:
            st.space("stretch")
            st.selectbox(
                _("Language"),
                codes,
                index=codes.index(language()),
                format_func=LANGUAGES.__getitem__,
                key="language-choice",
                label_visibility="collapsed",
                on_change=_speak,
                filter_mode=None,
            )


def _search() -> None:
    text = st.session_state["find"].strip()
    st.session_state.update({"found": text, "go-find": bool(text), "find": ""})


def _speak() -> None:
    st.session_state[session.LANGUAGE] = st.session_state["language-choice"]


main()
