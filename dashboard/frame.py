"""The frame around every page: look, navigation, search and language. Streamlit runs it on each click."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import streamlit as st
import structlog

from dashboard import jobs, onboarding, read, rights, said, session, working
from dashboard.parts import first_run, go, link, plain, style
from dashboard.views import (
    activity,
    archive,
    automations,
    bridge,
    choices,
    connections,
    customer,
    deals,
    door,
    fields,
    files,
    manual,
    matching,
    quality,
    quotes,
    receivables,
    reports,
    sales,
    search,
    start,
    stopping,
    to_fix,
    value,
    week,
)
from dashboard.words import LANGUAGES, _, language, offered
from reconcile.access import Forbidden
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
    ("quotes", quotes.show, ":material/request_quote:", True),
    ("reconciliation", matching.show, ":material/join_inner:", True),
    ("quality", quality.show, ":material/fact_check:", True),
    ("sales", sales.show, ":material/leaderboard:", True),
    ("receivables", receivables.show, ":material/account_balance_wallet:", True),
    ("bridge", bridge.show, ":material/waterfall_chart:", True),
    ("customer", customer.show, ":material/groups:", True),
    ("value", value.show, ":material/savings:", True),
    ("reports", reports.show, ":material/summarize:", True),
    ("archive", archive.show, ":material/inventory_2:", True),
    ("automations", automations.show, ":material/autoplay:", False),
    ("connections", connections.show, ":material/cable:", False),
    ("fields", fields.show, ":material/compare_arrows:", False),
    ("import", files.show, ":material/upload_file:", False),
    ("activity", activity.show, ":material/history:", False),
    ("setup", start.show, ":material/checklist_rtl:", False),
    ("settings", choices.show, ":material/settings:", False),
    ("help", manual.show, ":material/help:", False),
    ("search", search.show, ":material/search:", True),
)


FIGURES = ("sales", "receivables", "bridge", "customer", "value", "reports")  # sections of the menu; the rest is work
DATA = ("archive", "automations", "connections", "fields", "import", "activity")
HOUSE = ("setup", "settings", "help")
QUIET = ("search",)  # reached by the search field, and by addresses that carry its words


def titles() -> dict[str, str]:
    """Return what the pages are called, by key."""
    return {
        "week": _("This week"),
        "to-fix": _("To fix"),
        "deals": _("Deals"),
        "quotes": _("Quotes"),
        "reconciliation": _("Reconciliation"),
        "quality": _("Data quality"),
        "sales": _("Sales"),
        "receivables": _("Receivables"),
        "bridge": _("Bridge"),
        "customer": _("Customers"),
        "value": _("Proof of value"),
        "reports": _("Reports"),
        "archive": _("Archive"),
        "automations": _("Automations"),
        "connections": _("Connections"),
        "fields": _("Fields"),
        "import": _("Import"),
        "activity": _("Activity"),
        "setup": _("Set-up"),
        "settings": _("Settings"),
        "help": _("Help"),
        "search": _("Search"),
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
    called, is_open = titles(), door.is_open()
    pages = {
        key: st.Page(
            view,
            title=called[key],
            icon=icon,
            url_path=key,
            default=key == "week",
            visibility="hidden" if key in QUIET else "visible",
        )
        for key, view, icon, needs in PAGES
        if not is_open or rights.sees(key)
    }
    if not is_open:
        st.navigation([*pages.values()], position="hidden")  # known, so that an address that was sent is not refused
        st.html(style())
        door.show()
        st.stop()
    st.session_state["pages"] = pages
    work = [key for key in pages if key not in FIGURES + DATA + HOUSE]
    sections = {"": work, _("Figures"): FIGURES, _("Data"): DATA, _("Company"): HOUSE}
    shown = {name: [pages[key] for key in keys if key in pages] for name, keys in sections.items()}
    chosen = st.navigation({name: of for name, of in shown.items() if of}, expanded=True)
    st.html(style())
    st.logo(LOGO, size="large")
    _side(next(key for key, page in pages.items() if page == chosen))
    needs = next(n for key, _view, _icon, n in PAGES if pages.get(key) == chosen)
    empty = needs and not read.ready(session.data())
    if empty and chosen == pages.get("week"):
        go("setup")  # where whoever may set up stays until it is done
    said.report()
    stopping.banner()
    rights.banner(chosen.url_path)
    start.banner(chosen == pages.get("setup"))
    if empty:
        _run(chosen.url_path, first_run)
    else:
        _run(chosen.url_path, chosen.run)


def _run(name: str, show: Callable[[], None]) -> None:
    """Show a page; where its data cannot be read, say so and offer to make it anew."""
    try:
        show()
    except duckdb.Error as error:
        log.error("page cannot be shown", page=name, error=str(error))
        st.error(
            _("This page cannot be shown: the comparison is of another version, or it is damaged. Make it anew."),
            icon=":material/error:",
        )
        if st.button(_("Compare again"), type="primary", icon=":material/refresh:"):
            working.run(_("Comparing again"), lambda told: jobs.reconcile(session.data(), progress=told))
            st.rerun()
    except Forbidden as error:
        rights.refused(error)
    except SettingsError as error:
        st.error(plain(error), icon=":material/error:")
        link("settings", _("Choose it in the settings"), ":material/settings:", part="invoicing")
    except VaultError as error:
        st.error(plain(error), icon=":material/key_off:")


def _side(shown: str) -> None:
    """Show search, help with the page that is `shown`, and the language, beside every page."""
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
            go("search" if "search" in st.session_state["pages"] else "deals", q=st.session_state.get("found", ""))
        if onboarding.is_under_way(session.data()) and "setup" in st.session_state["pages"]:
            link("setup", _("Go on with the set-up"), ":material/checklist_rtl:")
        if "help" in st.session_state["pages"] and shown not in ("help", "week"):
            link("help", _("Help with this page"), ":material/help:", part="pages", about=shown)
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
        door.who()


def _search() -> None:
    text = st.session_state["find"].strip()
    st.session_state.update({"found": text, "go-find": bool(text), "find": ""})


def _speak() -> None:
    st.session_state[session.LANGUAGE] = st.session_state["language-choice"]


main()
