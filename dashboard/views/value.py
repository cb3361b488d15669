"""Proof of value: what was measured, and apart from it what somebody assumes. Every assumption can be changed here."""

from decimal import Decimal

import streamlit as st

from dashboard import charts, labels, narrow, session
from dashboard.parts import heading, nothing, sums
from dashboard.read import figures
from dashboard.read.figures import Point
from dashboard.words import DASH, _, money, number, several, short_day
from reconcile.state import state

KEPT = "value.assumed"  # name in the state store
BEFORE = 3  # months that a figure is compared with
COST = "hour"
# What doing it by hand takes, as the reader may correct: 5 to 10 minutes for an invoice, copied between two screens.
USUAL = {
    "create_customer": 5, "create_invoice": 8, "issue_invoice": 2, "send_invoice": 3, "send_reminder": 5,
    "update_deal": 3, "update_customer": 3, "create_task": 2, "record_payment": 4,
}  # fmt: skip


def show() -> None:
    """Lay out both halves."""
    heading(_("Proof of value"), _("What changed, counted; and what that is worth if the assumptions are right."))
    chosen = narrow.currency("value")
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True):
        st.subheader(_("Measured"), anchor=False)
        _measured(chosen)
    done = _done()
    with right, st.container(border=True):
        st.subheader(_("Assumed"), anchor=False)
        _assumed(done)
    _by_week()
    narrow.note(chosen, "days_won_to_invoiced", "dso_count_back")


def _measured(chosen: narrow.Chosen) -> None:
    opened, fixed = (sum((p.value for p in _weeks(key)), Decimal(0)) for key in ("opened", "fixed"))
    with st.grid(2, min_column_width=150):
        _change(_("Won to invoiced"), figures.months(session.data(), "days_won_to_invoiced", ""))
        _change(_("DSO by count-back"), figures.months(session.data(), "dso_count_back", chosen.currency))
        st.metric(_("Problems opened, fixed"), f"{number(opened)} · {number(fixed)}", border=True,
                  help=_("Found and gone in the last 53 weeks"))  # fmt: skip
        st.metric(_("Written and looked up"), number(sum(_done().values())), border=True,
                  help=_("Fixes that ended well, from the activity log"))  # fmt: skip
    for key, said in (("billed", _("Sales invoiced after we found them: {amounts}")),
                      ("paid", _("Invoices paid after we found them late: {amounts}"))):  # fmt: skip
        amounts = [(c, sum((p.value for p in _weeks(key, c)), Decimal(0))) for c in figures.currencies(session.data())]
        amounts = [(c, a) for c, a in amounts if a]
        st.markdown(
            said.format(amounts=f"**{sums(amounts, most=5).replace('$', chr(92) + '$') if amounts else DASH}**")
        )
    st.caption(_("Recovered is the money at stake of problems that are gone; not all of it is our doing."))


def _weeks(key: str, currency: str = "") -> list[Point]:
    rows = figures.series(session.data(), "findings_by_week", currency, "money" if currency else "count")
    return [Point(r["period_start"], r["period_end"], r["value"]) for r in rows if r["key"] == key]


def _change(title: str, points: list[Point]) -> None:
    """Show a figure of this month beside the one of some months ago."""
    now = points[-1].value if points else None
    before = points[-1 - BEFORE].value if len(points) > BEFORE else None
    delta = None if now is None or before is None else round(now - before)
    st.metric(
        title,
        DASH if now is None else several("{count} day", "{count} days", round(now)),
        f"{'+' if delta > 0 else ''}{delta}" if delta else None,
        delta_color="inverse",
        border=True,
        help=_("This month so far; the change is since {count} months ago").format(count=BEFORE),
    )


def _done() -> dict[str, int]:
    """Return how many fixes of each sort ended well, from the log."""
    store = state(session.data())
    counted = {name: store.count_entries(action=name, outcome="done") for name in USUAL}
    return {name: count for name, count in counted.items() if count}


def _assumed(done: dict[str, int]) -> None:
    store = state(session.data())
    kept = {**USUAL, COST: 30, **store.value(KEPT, {})}
    currency = session.settings().company.reporting_currency
    told = dict(kept)
    with st.grid(2, min_column_width=170):
        for name in done or {"create_invoice": 0}:
            told[name] = st.number_input(
                _("Minutes by hand: {action}").format(action=labels.fix(name)),
                0,
                240,
                int(kept[name]),
                key=f"min-{name}",
            )
        told[COST] = st.number_input(
            _("An hour of work, in {currency}").format(currency=currency), 0, 1000, int(kept[COST]), key="min-hour"
        )
    if told != kept:
        store.keep(KEPT, told)
    minutes = sum(count * int(told[name]) for name, count in done.items())
    hours = Decimal(minutes) / 60
    st.metric(_("Time saved"), _("{hours} hours").format(hours=number(hours, 1)), border=True,
              help=_("Each fix that was written, times the minutes above"))  # fmt: skip
    st.metric(_("That is worth"), money(hours * int(told[COST]), currency), border=True)
    counted = " · ".join(f"{labels.fix(name)}: {number(count)}" for name, count in done.items())
    st.caption(_("Counted: {counted}").format(counted=counted) if done else _("Nothing was written yet."))


def _by_week() -> None:
    opened, fixed = ({p.start: p.value for p in _weeks(key)} for key in ("opened", "fixed"))
    weeks = sorted(week for week in opened if week)[-26:]
    if not any(opened[w] or fixed.get(w) for w in weeks):
        nothing(_("Nothing opened or fixed yet"), _("After some weeks this shows whether the pile grows or shrinks."),
                ":material/stacks:")  # fmt: skip
        return
    with st.container(border=True):
        st.markdown(f"**{_('Problems opened and fixed by week')}**")
        parts = {_("Opened"): [opened[w] for w in weeks], _("Fixed"): [fixed.get(w, Decimal(0)) for w in weeks]}
        st.plotly_chart(charts.counted([short_day(w) for w in weeks], parts), config=charts.QUIET, key="opened",
                        alt=_("Problems opened and fixed by week"))  # fmt: skip
