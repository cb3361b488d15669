"""Proof of value: what was measured, and apart from it what somebody assumes. Every assumption can be changed here."""

from decimal import Decimal

import streamlit as st

from dashboard import charts, labels, narrow, session, worth
from dashboard.parts import behind, heading, nothing, plain, sums
from dashboard.read import figures
from dashboard.read.figures import Point
from dashboard.words import DASH, _, money, number, several, short_day
from reconcile import access
from reconcile.state import state

BEFORE = 3  # months that a figure is compared with


def show() -> None:
    """Lay out both halves."""
    heading(_("Proof of value"), _("What changed, counted; and what that is worth if the assumptions are right."))
    chosen = narrow.currency("value")
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True):
        st.subheader(_("Measured"), anchor=False)
        _measured(chosen)
    with right, st.container(border=True):
        st.subheader(_("Assumed"), anchor=False)
        _assumed(worth.measured(state(session.data())))
    _return()
    _by_week()
    narrow.note(chosen, "days_won_to_invoiced", "dso_count_back")


def _measured(chosen: narrow.Chosen) -> None:
    opened, fixed = (sum((p.value for p in _weeks(key)), Decimal(0)) for key in ("opened", "fixed"))
    with st.grid(2, min_column_width=150):
        _change(_("Won to invoiced"), figures.months(session.data(), "days_won_to_invoiced", ""))
        _change(_("DSO by count-back"), figures.months(session.data(), "dso_count_back", chosen.currency))
        st.metric(_("Problems opened, fixed"), f"{number(opened)} · {number(fixed)}", border=True,
                  help=_("Found and gone in the last 53 weeks"))  # fmt: skip
        st.metric(_("Written and looked up"), number(sum(worth.measured(state(session.data())).values())), border=True,
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
        ("+" if delta > 0 else "") + several("{count} day", "{count} days", delta) if delta else None,
        delta_color="inverse",
        border=True,
        help=_("This month so far; the change is since {count} months ago").format(count=BEFORE),
    )


def _assumed(done: dict[str, int]) -> None:
    """Let every assumption be changed, and say what the fixes are worth by them."""
    store = state(session.data())
    kept = worth.assumed(store)
    currency = session.settings().company.reporting_currency
    told = {}
    with st.grid(2, min_column_width=170):
        for name in done or {"create_invoice": 0}:
            told[name] = st.number_input(
                _("Minutes by hand: {action}").format(action=labels.fix(name)),
                0,
                240,
                int(kept[name]),
                key=f"min-{name}",
            )
        for name, title in _prices(currency).items():
            told[name] = st.number_input(title, 0, 100_000, int(kept[name]), key=f"min-{name}")
    if told != {name: kept[name] for name in told} and _may():
        worth.assume(store, told, session.who())
    found = worth.worth(done, kept | told)
    st.metric(_("Time saved"), _("{hours} hours").format(hours=number(Decimal(found.minutes) / 60, 1)), border=True,
              help=_("Each fix that was written, times the minutes above"))  # fmt: skip
    st.metric(_("That is worth"), money(found.saved, currency), border=True)
    counted = " · ".join(f"{labels.fix(name)}: {number(count)}" for name, count in done.items())
    st.caption(_("Counted: {counted}").format(counted=counted) if done else _("Nothing was written yet."))


def _prices(currency: str) -> dict[str, str]:
    return {
        worth.HOUR: _("An hour of work, in {currency}").format(currency=currency),
        worth.MONTH: _("A month of this product, in {currency}").format(currency=currency),
        worth.SETUP: _("Setting it up once, in {currency}").format(currency=currency),
    }


def _may() -> bool:
    """Return whether the reader may change what everybody's figures rest on; say so where not."""
    if access.acting().may("administer"):
        return True
    st.caption(_("Shown with your numbers, and not kept: an administrator sets them for all."))
    return False


def _return() -> None:
    """Show month by month what was saved, what it cost, and since when it pays for itself."""
    months = worth.by_month(state(session.data()), session.day(), session.zone())
    if not months:
        return
    currency = session.settings().company.reporting_currency
    with st.container(border=True):
        st.markdown(f"**{_('Does it pay for itself?')}**")
        since, left = worth.pays_since(months), months[-1].so_far
        if since:
            said = _("Yes: since month {month}, by {amount} so far.").format(
                month=number(since), amount=money(left, currency))  # fmt: skip
        else:
            said = _("Not yet: {amount} to go.").format(amount=money(-left, currency))
        st.markdown(plain(said))
        shown = {
            "month": [f"{m.start:%Y-%m}" for m in months],
            "done": [sum(m.done.values()) for m in months],
            "hours": [number(Decimal(m.worth.minutes) / 60, 1) for m in months],
            "saved": [money(m.worth.saved, currency) for m in months],
            "cost": [money(m.worth.cost, currency) for m in months],
            "left": [money(m.so_far, currency) for m in months],
        }
        config = {
            "month": st.column_config.TextColumn(_("Month")),
            "done": st.column_config.NumberColumn(_("Fixes (measured)")),
            "hours": st.column_config.TextColumn(_("Hours saved (assumed)"), alignment="right"),
            "saved": st.column_config.TextColumn(_("Worth (assumed)"), alignment="right"),
            "cost": st.column_config.TextColumn(_("Cost (assumed)"), alignment="right"),
            "left": st.column_config.TextColumn(_("Left so far"), alignment="right"),
        }
        st.dataframe(shown, column_config=config, hide_index=True, key="return", alt=_("Does it pay for itself?"))


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
        counts = {name: [number(v) for v in values] for name, values in parts.items()}
        behind("opened", lambda: {_("Week"): [short_day(w) for w in weeks]} | counts)
