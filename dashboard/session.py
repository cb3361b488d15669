"""Who looks, in which language, at which data folder: what every page asks of the browser's session."""

import datetime as dt
import os
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import signin, words
from dashboard.read import data_folder
from reconcile import access
from reconcile.access import Person
from reconcile.settings import FILE as SETTINGS_FILE
from reconcile.settings import Settings, SettingsError, load, today

LANGUAGE = "language"  # key of the session's state


def speak() -> None:
    """Let every text be in the language of the session that asks for it."""
    words.choose_by(chosen_language)
    words.speak(chosen_language())


def chosen_language() -> str:
    """Return the language the reader chose, else the browser's, else the company's; empty outside a page.

    Every text on a page asks for it: what comes later is not looked at where an earlier one says it.
    """
    if get_script_run_ctx(suppress_warning=True) is None:
        return ""
    ways = (lambda: st.session_state.get(LANGUAGE), lambda: words.nearest(st.context.locale), _of_company)
    return next((code for way in ways if (code := way()) in words.offered()), "en")


def _of_company() -> str:
    """Return the company's language; empty while the settings are wrong, which must be said in some language too."""
    try:
        return settings().company.language
    except SettingsError:
        return ""


def data() -> Path:
    """Return the data folder that is shown."""
    return data_folder()


def settings() -> Settings:
    """Return the settings as they stand now. SettingsError if they are wrong."""
    folder = data()
    try:
        changed = os.stat(f"{folder}/{SETTINGS_FILE}").st_mtime_ns  # asked dozens of times for each click
    except FileNotFoundError:
        changed = 0
    return _loaded(folder, changed)


@lru_cache(maxsize=4)
def _loaded(folder: Path, changed: int) -> Settings:
    return load(folder)


def day() -> dt.date:
    """Return the company's day."""
    return today(settings())


def now() -> dt.datetime:
    """Return this instant in UTC."""
    return dt.datetime.now(dt.UTC)


def zone() -> ZoneInfo:
    """Return the company's time zone, in which instants are shown."""
    return ZoneInfo(settings().company.time_zone)


def who() -> str:
    """Return the name that decisions and writes are recorded under."""
    return access.acting().name or signin.LOCAL


def claims() -> dict[str, Any]:
    """Return what the provider said of the reader when they signed in; empty if they did not."""
    return dict(st.user.to_dict())


def person() -> Person | None:
    """Return who looks at the page that this thread draws; None where it draws none."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    chosen = settings().access
    return signin.person(claims(), chosen) if chosen.is_on else Person(signin.LOCAL, "admin")


# From the first import on, so that no page is ever drawn unasked.
access.choose_by(person)
