"""What people decided about pairs: found again, with who and when, and taken back."""

import streamlit as st

from dashboard import deciding, labels, session
from dashboard.address import bound, page
from dashboard.parts import badge, nothing, plain
from dashboard.read import Row, matching
from dashboard.theme import Mark
from dashboard.views import pairs
from dashboard.words import _, moment, money, several
from reconcile.state import state

PAGE = 20


def show() -> None:
    """Lay out the decisions that stand, newest first."""
    text = bound(
        st.text_input, _("Search"), name="q", scope="decided", type="search", width=320,
        placeholder=_("Id, person or reason"),
    )  # fmt: skip
    store = state(session.data())
    found = store.count_decided("link", text or "")
    if not found:
        nothing(_("No decision"), _("What you link or keep apart is listed here, and can be taken back."),
                ":material/gavel:")  # fmt: skip
        return
    st.caption(several("{count} decision stands.", "{count} decisions stand.", found))
    at = page(-(-found // PAGE), "decided", text)
    rows = store.decided("link", text or "", PAGE, (at - 1) * PAGE)
    keys = {key for row in rows for key in _keys(row)}
    records = matching.records(session.data(), tuple(sorted(keys)))
    for row in rows:
        _one(row, records)


def _keys(row: Row) -> tuple[str, str]:
    left, right = (":".join(row[f"{side}_{part}"] for part in ("table", "vendor", "id")) for side in ("left", "right"))
    return left, right


def _one(row: Row, records: dict[str, Row]) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            mark = (
                Mark("green", ":material/link:", "✓", _("Linked"))
                if row["verdict"] == "confirmed"
                else Mark("gray", ":material/link_off:", "○", _("Kept apart"))
            )
            part = f" {plain(money(row['amount'], row['currency']))}" if row["amount"] is not None else ""
            st.markdown(f"{badge(mark)}{part}", width="content")
            if st.button(_("Take back"), key=f"undo-{row['subject']}", icon=":material/undo:", type="tertiary"):
                deciding.take_back([row["subject"]])
        for key in _keys(row):
            st.markdown(pairs.line(records.get(key), key))
        said = [row["decided_by"], moment(row["decided_at"], session.zone()), row["reason"]]
        if row["rule"]:
            said.append(_("proposed by: {rule}").format(rule=labels.rule(row["rule"])))
        st.caption(plain(" · ".join(s for s in said if s)))
