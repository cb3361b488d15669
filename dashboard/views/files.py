"""Page files."""

import streamlit as st


def show() -> None:
    """Lay out the page."""
    st.title("files")
