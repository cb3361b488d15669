"""Suggestions one at a time, decided with the keyboard: Y links, N declines, J and K go on and back, U takes back."""

import streamlit as st

from dashboard import deciding, labels, session
from dashboard.address import bound
from dashboard.parts import link, nothing
from dashboard.read import Row, matching
from dashboard.views import pairs
from dashboard.words import _, number

AT, PICK = "review:at", "review:pick"  # which record asks, and which of its candidates is meant
ALL = "all"


def show(waiting: dict[tuple[str, str], int], heard: matching.Heard) -> None:
    """Lay out the record that asks, with its candidates."""
    sorts = {f"{left}-{right}": (left, right) for left, right in waiting}
    chosen = ALL
    if len(sorts) > 1:
        chosen = bound(
            st.pills, _("Which"), [ALL, *sorts], name="of", scope="review", default=ALL, required=True,
            label_visibility="collapsed", format_func=lambda key: _named(key, sorts, waiting),
        ) or ALL  # fmt: skip
    left, right = sorts.get(chosen, ("", ""))
    found = waiting.get((left, right), 0) if left else sum(waiting.values())
    if not found:
        nothing(_("Nothing to decide"), _("Every pair here is certain, or was decided."))
        link("reconciliation", _("See what was decided"), ":material/gavel:", part="decided")
        _again()
        return
    if st.session_state.get("review:of") != chosen:
        st.session_state.update({"review:of": chosen, AT: 0, PICK: 0})
    at = st.session_state[AT] = min(st.session_state.get(AT, 0), found - 1)
    (rows,) = matching.suggested(session.data(), left, right, at + 1, 1, heard) or ([],)
    if rows:
        _one(rows, at, found)


def _named(key: str, sorts: dict[str, tuple[str, str]], waiting: dict[tuple[str, str], int]) -> str:
    if key == ALL:
        return _("All")
    left, right = sorts[key]
    return f"{labels.table(left)} ↔ {labels.table(right)} · {number(waiting[left, right])}"


def _one(rows: list[Row], at: int, found: int) -> None:
    pick = st.session_state[PICK] = min(st.session_state.get(PICK, 0), len(rows) - 1)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        told = _("{at} of {count}").format(at=number(at + 1), count=number(found))
        st.markdown(f"**{told}**", width="content")
        with st.container(horizontal=True, width="content"):
            st.button(_("Back"), key="review-back", icon=":material/arrow_upward:", shortcut="K", on_click=_move,
                      args=(-1, len(rows), found), disabled=at == pick == 0)  # fmt: skip
            st.button(_("Next"), key="review-next", icon=":material/arrow_downward:", shortcut="J", on_click=_move,
                      args=(1, len(rows), found), disabled=at + 1 == found and pick + 1 == len(rows))  # fmt: skip
            _again()
    records = pairs.group(rows)
    with st.container(border=True):
        st.markdown(pairs.line(records.get(rows[0]["asker"]), rows[0]["asker"]))
        if len(rows) > 1:
            st.caption(_("{count} fit equally well or nearly so; which is it?").format(count=number(len(rows))))
    for place, row in enumerate(rows):
        pairs.candidate(row, records, keys=True, chosen=place == pick)
    st.caption(_("Keys: Y links the marked one, N declines it, J goes on, K goes back, U takes the last answer back."))


def _again() -> None:
    if st.button(_("Take back"), key="review-undo", icon=":material/undo:", shortcut="U",
                 disabled=not st.session_state.get(deciding.DONE)):  # fmt: skip
        deciding.take_back_last()


def _move(step: int, candidates: int, found: int) -> None:
    """Go to the next or the last candidate, over the edge to the next or the last record."""
    pick, at = st.session_state.get(PICK, 0) + step, st.session_state.get(AT, 0)
    if 0 <= pick < candidates:
        st.session_state[PICK] = pick
    elif 0 <= at + step < found:
        st.session_state.update({AT: at + step, PICK: 0})
