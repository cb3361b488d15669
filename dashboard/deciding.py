"""What people say about pairs: kept at once, heard by the next comparison.

A small company is compared again at once. A large one is when somebody asks: until then the page remembers what was
said and does not ask again.
"""

from collections.abc import Sequence
from decimal import Decimal

import streamlit as st

from dashboard import jobs, rights, said, session, working
from dashboard.parts import plain
from dashboard.read import Row, matching
from dashboard.words import _, several
from reconcile import decisions
from reconcile.state import Decision, state

AT_ONCE = 20_000  # links up to which comparing again takes a second or two
DONE = "decided"  # key of the session's list of subjects decided here, newest last


def heard() -> matching.Heard:
    """Return what was decided since the last comparison."""
    answered, declined = [], []
    for one in state(session.data()).standing(_unheard()).values():
        left, right = (":".join(one[f"{side}_{part}"] for part in ("table", "vendor", "id")) for side in _SIDES)
        if one["verdict"] == "rejected":
            declined.append(f"{left}>{right}")
        elif one["left_table"] == "deals":
            answered.append(right)
        else:
            answered.append(left)
    return matching.Heard(tuple(answered), tuple(declined))


_SIDES = ("left", "right")


def _unheard() -> list[str]:
    """Return the pairs about which the last comparison heard something else than what stands now."""
    since = matching.made_at(session.data())
    told = [s for s in state(session.data()).said_since(since) if s.startswith("link:")]
    stands = state(session.data()).standing(told)
    gone = tuple(s for s in told if s not in stands)
    return [*stands, *(matching.counted_in(session.data(), gone) if gone else ())]


def report() -> None:
    """Say how many decisions wait to be counted in, and offer to do it."""
    if waiting := len(_unheard()):
        with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            text = several("{count} decision is kept and not counted in yet.",
                           "{count} decisions are kept and not counted in yet.", waiting)  # fmt: skip
            st.markdown(f":material/schedule: {text}", width="content")
            if st.button(_("Compare again"), key="compare", icon=":material/refresh:", shortcut="Shift+Enter"):
                compare()


def compare() -> None:
    """Reconcile by all decisions, and draw the page anew."""
    working.run(_("Comparing again"), lambda say: jobs.reconcile(session.data(), progress=say))
    said.say("success", _("Compared again: what you decided counts."))
    st.rerun()


def offer(row: Row, status: str) -> None:
    """Offer what can be decided about a link that is shown with its record: row as in `link`."""
    if not rights.may("decide"):
        return
    mark = f"{row['left_vendor']}-{row['left_id']}-{row['right_vendor']}-{row['right_id']}"
    if status == "confirmed":
        if st.button(_("Take back"), key=f"undo-{mark}", icon=":material/undo:", type="tertiary",
                     help=_("The rules decide about it again.")):  # fmt: skip
            take_back([pair(row, "rejected").subject])
        return
    if status == "suggested" and st.button(_("Yes, link"), key=f"yes-{mark}", icon=":material/link:", type="tertiary"):
        link(row, "confirmed")
    label = _("No") if status == "suggested" else _("Unlink")
    if st.button(label, key=f"no-{mark}", icon=":material/link_off:", type="tertiary",
                 help=_("They do not belong together; the pair never comes back.")):  # fmt: skip
        link(row, "rejected")


def link(row: Row, verdict: str, later: bool = False) -> None:
    """Keep what a person says about a pair: row has left_ and right_ table, vendor and id."""
    told = _("Linked.") if verdict == "confirmed" else _("These two stay apart from now on.")
    keep([pair(row, verdict)], told, later)


def links(rows: list[Row]) -> None:
    """Keep that these pairs belong together."""
    told = several("{count} invoice linked.", "{count} invoices linked.", len(rows))
    keep([pair(row, "confirmed") for row in rows], told)


def pair(row: Row, verdict: str, amount: Decimal | None = None) -> Decision:
    """Return the decision about a link or a pair of records."""
    sides = [tuple(row[f"{side}_{part}"] for part in ("table", "vendor", "id")) for side in _SIDES]
    if verdict == "confirmed" and amount is None:
        amount = row.get("amount")
    return decisions.pair(sides[0], sides[1], verdict, amount, row.get("currency"))


def keep(wanted: Sequence[Decision], told: str, later: bool = False) -> None:
    """Keep decisions and draw the page anew, compared again where that is quick. What is not allowed is said."""
    data = session.data()
    try:
        kept = decisions.decide(data, wanted, session.who())
    except decisions.NotAllowed as error:
        said.say("error", plain(_(error.says.text).format(**error.says.values)))
        st.rerun()
    st.session_state.setdefault(DONE, []).append([d.subject for d in kept])
    _after(told, later)


def take_back(subjects: Sequence[str]) -> None:
    """Forget decisions: the rules decide about these pairs again."""
    gone = [subject for subject in subjects if state(session.data()).undecide(subject, session.who())]
    _after(several("{count} decision taken back.", "{count} decisions taken back.", len(gone)), later=False)


def take_back_last() -> None:
    """Forget what was decided last in this session, without comparing again."""
    if done := st.session_state.get(DONE):
        for subject in done.pop():
            state(session.data()).undecide(subject, session.who())
        said.say("info", _("Taken back."))
    st.rerun()


def _after(told: str, later: bool) -> None:
    if not later and matching.size(session.data()) <= AT_ONCE:
        working.run(_("Comparing again"), lambda say: jobs.reconcile(session.data(), progress=say))
    said.say("success", told)
    st.rerun()
