"""What was just done, said once at the top of the page that follows."""

from typing import Literal

import streamlit as st

_KEY = "said"
_ICONS = {"success": ":material/check_circle:", "warning": ":material/warning:", "error": ":material/error:",
          "info": ":material/info:"}  # fmt: skip
Kind = Literal["success", "warning", "error", "info"]


def say(kind: Kind, text: str) -> None:
    """Keep a message for the next time that a page is drawn. `text` is Markdown."""
    st.session_state.setdefault(_KEY, []).append((kind, text))


def report() -> None:
    """Show the messages kept, once. Their place is there without them too, so that the tab below that is open stays."""
    place, kept = st.empty(), st.session_state.pop(_KEY, [])
    if not kept:
        return
    with place.container():
        for kind, text in kept:
            getattr(st, kind)(text, icon=_ICONS[kind])
