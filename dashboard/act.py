"""Starting fixes and decisions from a page: preview, ask, start, say what happened."""

import streamlit as st

from dashboard.read import Row
from dashboard.words import _


def report() -> None:
    """Say what became of what was started."""


def preview(ids: tuple[str, ...]) -> None:
    """Show exactly what would be written to mend these findings."""


def agree(finding: Row) -> None:
    """Offer to leave a finding as it is, for a reason and until a day."""
    del finding
    with st.popover(_("Leave it"), icon=":material/notifications_off:", type="tertiary"):
        st.text_input(_("Why"))


def only_test_keys() -> bool:
    """Return whether every connection is to a test account."""
    return False


def sync() -> None:
    """Read all connections again."""
