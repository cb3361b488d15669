"""The gallery on the page Reports: every report, greyed with the reason where data or plan for it are missing."""

import streamlit as st

from dashboard import session
from dashboard.parts import go, plain
from dashboard.report import gallery
from dashboard.report.gallery import Entry
from dashboard.words import _, moment


def show() -> None:
    """Lay out our reports, then what connected plans add."""
    with st.expander(_("All reports"), icon=":material/dashboard:", key="gallery"):
        with st.grid(3, min_column_width=250):
            for entry in gallery.ours(session.data()):
                _card(entry)
        theirs = gallery.theirs(session.data())
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{_('What your billing plan adds')}**", width="content")
            if st.button(_("Ask again what it has"), key="gallery-ask", icon=":material/refresh:", type="tertiary"):
                with st.spinner(_("Asking …")):
                    gallery.ask(session.data())
                st.rerun()
        if not theirs:
            st.caption(_("None of the systems that can be connected has reports of its own."))
        with st.grid(3, min_column_width=250):
            for entry in theirs:
                _card(entry)


def _card(entry: Entry) -> None:
    with st.container(border=True):
        title, says = plain(entry.title), plain(entry.says)
        st.markdown(f"**{title}**" if entry.is_there else f":gray[**{title}**]")
        st.caption(says)
        st.caption(_("Needs: {needs}").format(needs=plain(entry.needs)))
        if entry.items:
            st.markdown("\n".join(f"- {plain(item)}" for item in entry.items[:8]))
        if entry.why_not:
            st.caption(f":material/lock: {plain(entry.why_not)}")
        if entry.asked_at:
            st.caption(_("Asked {when}").format(when=moment(entry.asked_at, session.zone())))
        if entry.page:
            if st.button(_("Open the page"), key=f"gallery-{entry.name}", disabled=not entry.is_there, type="tertiary",
                         icon=":material/arrow_forward:"):  # fmt: skip
                go(entry.page, **(entry.query or {}))
        elif entry.url and entry.is_there:
            st.link_button(_("Open the page"), entry.url, icon=":material/open_in_new:", type="tertiary")
