"""What is expected to come: by week with how wrong that was, and day by day; and the documents behind it."""

import datetime as dt
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import charts, charts_time, narrow, session
from dashboard.address import page
from dashboard.parts import behind, go, nothing, tall
from dashboard.read import Row, figures, receivables
from dashboard.words import DASH, _, day, money, percent, several, short_day

ZERO = Decimal(0)
WEEKS = 13  # as far as the figures look


def _monday() -> dt.date:
    return session.day() - dt.timedelta(days=session.day().weekday())


def _nothing() -> None:
    nothing(_("Nothing is expected"), _("No invoice is open and no won deal waits to be invoiced."),
            ":material/event_upcoming:")  # fmt: skip


def rows(chosen: narrow.Chosen) -> list[Row]:
    """Return the forecast: by week and key (invoices or deals), later and undated apart."""
    return figures.series(session.data(), "cash_forecast", chosen.currency, chosen.unit)


def forecast(chosen: narrow.Chosen) -> None:
    """Show what is expected by week, how wrong that was, and what is behind each week."""
    found = rows(chosen)
    if not found:
        _nothing()
        return
    weeks = [_monday() + dt.timedelta(weeks=n) for n in range(WEEKS)]
    sums_of = {(r["period_start"], r["key"]): r["value"] for r in found if r["dimension"] == "week"}
    parts = {
        _("Open invoices"): [sums_of.get((week, "invoices"), ZERO) for week in weeks],
        _("Won, not invoiced"): [sums_of.get((week, "deals"), ZERO) for week in weeks],
    }
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.markdown(f"**{_('Expected by week')}**")
        charts.draw(charts.stacked, [short_day(w) for w in weeks], parts, chosen.currency, ("accent", "bad"),
                    key="forecast", alt=_("Expected by week"))  # fmt: skip
        st.caption(_("Each invoice on its due date and the days its customer is usually late; won deals when deals are "
                     "usually invoiced and this customer pays."))  # fmt: skip
    with right, st.container(border=True, height="stretch"):
        st.markdown(f"**{_('How wrong it was: the last 13 weeks')}**")
        _back_test(chosen)
    _behind_forecast(chosen, found, weeks)


def _back_test(chosen: narrow.Chosen) -> None:
    currency = chosen.currency
    rows = figures.series(session.data(), "forecast_error", currency, chosen.unit)
    told = {r["key"]: r["value"] for r in rows if r["dimension"] == "back_test"}
    if not told:
        st.caption(_("13 weeks ago nothing was open that could have been forecast."))
        return
    weeks = sorted({r["period_start"] for r in rows if r["dimension"] == "week"})
    by_week = {(r["period_start"], r["key"]): r["value"] for r in rows if r["dimension"] == "week"}
    parts = {_("Expected then"): [by_week.get((w, "expected"), ZERO) for w in weeks],
             _("Came"): [by_week.get((w, "came"), ZERO) for w in weeks]}  # fmt: skip
    charts.draw(charts.beside, [short_day(w) for w in weeks], parts, currency, key="back-test",
                alt=_("What was expected, and what came"))  # fmt: skip
    told_then, told_now = ([money(v, currency, whole=True) for v in values] for values in parts.values())
    behind("back-test", lambda: {_("Week"): [short_day(w) for w in weeks], _("Expected then"): told_then,
                                 _("Came"): told_now})  # fmt: skip
    differences = [by_week.get((w, "expected"), ZERO) - by_week.get((w, "came"), ZERO) for w in weeks]
    apart = sum((abs(d) for d in differences), ZERO)
    expected, came = told.get("expected", ZERO), told.get("came", ZERO)
    said = _("Expected {expected}, came {came} for the same invoices and deals: {bias} in all; "
             "week by week the error is {error}.")  # fmt: skip
    bias = (expected - came) / came if came > 0 else None
    st.caption(said.format(
        expected=narrow.spelt(expected, chosen), came=narrow.spelt(came, chosen),
        bias=DASH if bias is None else ("+" if bias > 0 else "") + percent(bias),
        error=percent(apart / came) if came > 0 else DASH,
    ))  # fmt: skip


def _behind_forecast(chosen: narrow.Chosen, found: list[Row], weeks: list[dt.date]) -> None:
    """Show the table behind the chart; a click on a week lists its invoices and deals."""
    keys = [f"{w}/7" for w in weeks] + ["later", "undated"]
    names = [f"{short_day(w)} – {short_day(w + dt.timedelta(days=6))}" for w in weeks]
    names += [_("Later"), _("No date to expect")]

    def worth(key: str, subject: str) -> Decimal:
        fits = [r["value"] for r in found if r["key"] == subject
                and key == (f"{r['period_start']}/7" if r["dimension"] == "week" else r["dimension"])]  # fmt: skip
        return sum(fits, ZERO)

    shown = {
        "week": names,
        "invoices": [money(worth(k, "invoices"), chosen.currency) for k in keys],
        "deals": [money(worth(k, "deals"), chosen.currency) for k in keys],
        "all": [money(worth(k, "invoices") + worth(k, "deals"), chosen.currency) for k in keys],
    }
    config = {"week": st.column_config.TextColumn(_("Week"), width=150)} | _parts()
    st.caption(_("Click a week to see its invoices and deals. What habit says should have come long ago has no date: "
                 "it is in no week."))  # fmt: skip
    state = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row",
        key="weeks", height=tall(len(keys)), alt=_("Expected by week"),
    )  # fmt: skip
    for i in state.selection.rows[:1]:
        st.query_params["week"] = keys[i]
    if (week := st.query_params.get("week", "")) in keys:
        _documents(chosen, week, names[keys.index(week)])


def _parts() -> dict[str, Any]:
    named = {"invoices": _("Open invoices"), "deals": _("Won, not invoiced"), "all": _("Together")}
    return {n: st.column_config.TextColumn(title, width=130, alignment="right") for n, title in named.items()}


def _documents(chosen: narrow.Chosen, when: str, name: str) -> None:
    found, _first = receivables.expected(session.data(), chosen.asked, when)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{name}** · {several('{count} document', '{count} documents', found)}", width="content")
        at = page(-(-found // receivables.PAGE), "expected", (chosen, when))
    _found, listed = receivables.expected(session.data(), chosen.asked, when, at)
    shown = {
        "record": [r["record"] for r in listed],
        "amount": [money(r["amount"], r["currency"]) for r in listed],
        "customer": [r["customer"] or "" for r in listed],
        "day": [day(r["expected_on"]) for r in listed],
    }
    config = {
        "record": st.column_config.TextColumn(_("Record"), width=200),
        "amount": st.column_config.TextColumn(_("Expected"), width=120, alignment="right"),
        "customer": st.column_config.TextColumn(_("Customer"), width=220),
        "day": st.column_config.TextColumn(_("Day"), width=100),
    }
    state = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row",
        key=f"expected-{when}", height=tall(len(listed), 460), alt=name,
    )  # fmt: skip
    for i in state.selection.rows[:1]:
        if i < len(listed):
            row = listed[i]
            go("deals", **{"deal" if row["subject"] == "deals" else "invoice": f"{row['vendor']}:{row['id']}"})


def calendar(chosen: narrow.Chosen) -> None:
    """Show what is expected on each day of the next weeks; a click on a day, or its row, lists its documents."""
    told = figures.series(session.data(), "cash_by_day", chosen.currency, chosen.unit)
    if not told:
        _nothing()
        return
    days: dict[dt.date, dict[str, Decimal]] = {}
    for r in told:
        days.setdefault(r["period_start"], {})[r["key"]] = r["value"]
    sums = {on: sum(parts.values(), ZERO) for on, parts in days.items()}
    title = _("Expected by day, the next 13 weeks")
    with st.container(border=True):
        st.markdown(f"**{title}**")
        figure = charts_time.calendar(_monday(), session.day(), sums, chosen.currency, WEEKS)
        state = st.plotly_chart(figure, config=charts.QUIET, key="calendar", on_select="rerun",
                                selection_mode="points", alt=title)  # fmt: skip
        st.caption(_("Each invoice on its due date and the days its customer is usually late; won deals when deals are "
                     "usually invoiced and this customer pays. The stronger the colour, the more."))  # fmt: skip
    for point in state.selection.point_indices[:1]:
        _choose(str(_monday() + dt.timedelta(days=point)), "calendar")
    listed = sorted(days)
    shown = {
        "day": [day(d) for d in listed],
        "invoices": [money(days[d].get("invoices"), chosen.currency) for d in listed],
        "deals": [money(days[d].get("deals"), chosen.currency) for d in listed],
        "all": [money(sums[d], chosen.currency) for d in listed],
    }
    st.caption(_("Click a day, above or here, to see its invoices and deals. What comes later or has no date is on the "
                 "cash forecast."))  # fmt: skip
    table = st.dataframe(
        shown, column_config={"day": st.column_config.TextColumn(_("Day"), width=150)} | _parts(), hide_index=True,
        on_select="rerun", selection_mode="single-row", key="days", height=tall(len(listed), 460), alt=title,
    )  # fmt: skip
    for i in table.selection.rows[:1]:
        _choose(str(listed[i]), "days")
    try:
        asked = dt.date.fromisoformat(st.query_params.get("day", ""))
    except ValueError:
        return
    if asked in days:
        _documents(chosen, str(asked), day(asked))
    else:
        st.caption(_("Nothing is expected on {day}.").format(day=day(asked)))


def _choose(when: str, by: str) -> None:
    """Put a day into the address when it is news: what was clicked before stays marked in the chart and the table."""
    if st.session_state.get(f"calendar:{by}") != when:
        st.session_state[f"calendar:{by}"] = when
        st.query_params["day"] = when
