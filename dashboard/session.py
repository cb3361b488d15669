"""Who looks, in which language, at which data folder: what every page asks of the browser's session."""

import datetime as dt
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import words
from dashboard.read import data_folder
from reconcile.settings import FILE as SETTINGS_FILE
from reconcile.settings import Settings, load, today

LANGUAGE = "language"  # key of the session's state


def speak() -> None:
    """Let every text be in the language of the session that asks for it."""
    words.choose_by(chosen_language)


def chosen_language() -> str:
    """Return the language the reader chose, else the browser's, else the company's; empty outside a page."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return ""
    wanted = (st.session_state.get(LANGUAGE), words.nearest(st.context.locale), settings().company.language)
    return next((code for code in wanted if code in words.offered()), "en")


def data() -> Path:
    """Return the data folder that is shown."""
    return data_folder()


def settings() -> Settings:
    """Return the settings as they stand now. SettingsError if they are wrong."""
    path = data() / SETTINGS_FILE
    return _loaded(data(), path.stat().st_mtime_ns if path.exists() else 0)


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
    if st.user.get("is_logged_in"):
        return str(st.user.get("email") or st.user.get("name") or "signed in")
    return "local"
