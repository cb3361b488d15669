"""Receivables: what customers owe and for how long, when it will come, DSO by both formulas, how each customer pays."""

import datetime as dt
from decimal import Decimal

import streamlit as st

from dashboard import billed, charts, narrow, saved_views, session
from dashboard.address import bound, page
from dashboard.parts import go, heading, nothing, plain, tall
from dashboard.read import Row, custom, figures, receivables
from dashboard.read.figures import MONEY
from dashboard.theme import invoice_state
from dashboard.words import DASH, _, day, money, number, percent, several, short_day

ZERO = Decimal(0)
VIEWS = ("age", "forecast", "dso", "behaviour")


def show() -> None:
    """Lay out the headline and the chosen part."""
    heading(_("Receivables"), _("What customers owe, how late they are, and when it will come."))
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = narrow.currency("receivables")
        told = {"age": _("By age"), "forecast": _("Cash forecast"), "dso": "DSO", "behaviour": _("How customers pay")}
        view = bound(
            st.segmented_control, _("Part"), VIEWS, name="view", scope="receivables", default="age", required=True,
            label_visibility="collapsed", format_func=told.__getitem__,
        )  # fmt: skip
    _headline(chosen)
    {"age": _by_age, "forecast": _forecast, "dso": _dso, "behaviour": _behaviour}[view](chosen)
    left_out = figures.left_out(session.data(), "receivables")
    narrow.note(chosen, "receivables", "overdue", "cash_forecast", left_out=left_out)


def _headline(chosen: narrow.Chosen) -> None:
    meant = figures.definitions(session.data())
    owed, late = (_last(name, chosen) for name in ("receivables", "overdue"))
    simple = _days("dso", chosen)
    back = figures.months(session.data(), "dso_count_back", chosen.currency)
    soon = sum((r["value"] for r in _expected(chosen) if r["dimension"] == "week"), ZERO)
    with st.grid(5, min_column_width=140):
        st.metric(_("Receivables"), money(owed, chosen.currency, whole=True), border=True,
                  help=_(meant["receivables"]["formula"]))  # fmt: skip
        st.metric(
            _("Overdue"), money(late, chosen.currency, whole=True), border=True, help=_(meant["overdue"]["formula"])
        )
        st.metric(_("Expected in 13 weeks"), money(soon, chosen.currency, whole=True), border=True,
                  help=_(meant["cash_forecast"]["formula"]))  # fmt: skip
        st.metric(_("DSO, simple"), _spelt(simple), border=True, help=_(meant["dso"]["formula"]))
        st.metric(_("DSO by count-back"), _spelt(back[-1].value if back else None), border=True,
                  help=_(meant["dso_count_back"]["formula"]))  # fmt: skip


def _last(name: str, chosen: narrow.Chosen) -> Decimal:
    points = figures.weeks(session.data(), name, chosen.currency, chosen.unit, 1)
    return points[-1].value if points else ZERO


def _days(name: str, chosen: narrow.Chosen) -> Decimal | None:
    points = figures.months(session.data(), name, chosen.asked)
    return points[-1].value if points else None


def _spelt(days: Decimal | None) -> str:
    return DASH if days is None else several("{count} day", "{count} days", round(days))


def _by_age(chosen: narrow.Chosen) -> None:
    parts = figures.parts(session.data(), "ageing", "bucket", chosen.currency, chosen.unit)
    if not any(parts.values()):
        nothing(_("Nothing open"), _("Every invoice in this currency is paid."), ":material/done_all:")
        return
    with st.container(border=True):
        st.markdown(f"**{_('Open invoices by days overdue')}**")
        st.plotly_chart(charts.ageing(parts, chosen.currency), config=charts.QUIET, key="ageing",
                        alt=_("Open invoices by days overdue"))  # fmt: skip
        total = sum(parts.values(), ZERO)
        st.caption(
            _("The bars add up to the receivables: {amount}.").format(amount=plain(money(total, chosen.currency)))
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        bucket = bound(
            st.pills, _("Days overdue"), receivables.BUCKETS, name="age", scope="receivables", format_func=_bucket,
        )  # fmt: skip
        invoices, by = billed.choose("receivables")
        saved_views.offer("receivables")
    found, _first = receivables.open_invoices(session.data(), chosen.asked, bucket or "", billed=invoices)
    if by and found:
        billed.groups(custom.Owed(chosen.asked, bucket or "", invoices), by)
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{several('{count} open invoice', '{count} open invoices', found)}**", width="content")
        at = page(-(-found // receivables.PAGE), "receivables", (chosen, bucket, invoices))
    _found, rows = receivables.open_invoices(session.data(), chosen.asked, bucket or "", at, invoices)
    shown = {
        "number": [r["number"] or r["id"] for r in rows],
        "open": [money(r["open_amount"], r["currency"]) for r in rows],
        "customer": [r["customer_name"] or "" for r in rows],
        "state": [f"{invoice_state(r['state']).sign} {invoice_state(r['state']).word}" for r in rows],
        "due": [day(r["due_on"]) for r in rows],
        "late": [r["days_overdue"] for r in rows],
        "expected": [day(r["expected_on"]) if r["expected_on"] else _("no date to expect") for r in rows],
    }
    config = {
        "number": st.column_config.TextColumn(_("Invoice"), width=130),
        "open": st.column_config.TextColumn(_("Still open"), width=120, alignment="right"),
        "customer": st.column_config.TextColumn(_("Customer"), width=220),
        "state": st.column_config.TextColumn(_("State"), width=120),
        "due": st.column_config.TextColumn(_("Due"), width=100),
        "late": st.column_config.NumberColumn(_("Days late"), width=80),
        "expected": st.column_config.TextColumn(_("Expected"), width=120),
    }
    state = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row",
        key="open", height=tall(len(rows), 560), alt=_("Open invoices"),
    )  # fmt: skip
    for i in state.selection.rows[:1]:
        if i < len(rows):
            go("deals", invoice=f"{rows[i]['vendor']}:{rows[i]['id']}")


def _bucket(name: str) -> str:
    return {"not_due": _("Not due"), "90_plus": "90+", "30_plus": "30+"}.get(name, name.replace("_", "–"))


def _expected(chosen: narrow.Chosen) -> list[Row]:
    return figures.series(session.data(), "cash_forecast", chosen.currency, chosen.unit)


def _forecast(chosen: narrow.Chosen) -> None:
    rows = _expected(chosen)
    if not rows:
        nothing(_("Nothing is expected"), _("No invoice is open and no won deal waits to be invoiced."),
                ":material/event_upcoming:")  # fmt: skip
        return
    monday = session.day() - dt.timedelta(days=session.day().weekday())
    weeks = [monday + dt.timedelta(weeks=n) for n in range(13)]
    sums_of = {(r["period_start"], r["key"]): r["value"] for r in rows if r["dimension"] == "week"}
    parts = {
        _("Open invoices"): [sums_of.get((week, "invoices"), ZERO) for week in weeks],
        _("Won, not invoiced"): [sums_of.get((week, "deals"), ZERO) for week in weeks],
    }
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True):
        st.markdown(f"**{_('Expected by week')}**")
        figure = charts.stacked([short_day(w) for w in weeks], parts, chosen.currency, ("accent", "bad"))
        st.plotly_chart(figure, config=charts.QUIET, key="forecast", alt=_("Expected by week"))
        st.caption(_("Each invoice on its due date and the days its customer is usually late; won deals when deals are "
                     "usually invoiced and this customer pays."))  # fmt: skip
    with right, st.container(border=True):
        st.markdown(f"**{_('How wrong it was: the last 13 weeks')}**")
        _back_test(chosen)
    _behind_forecast(chosen, rows, weeks)


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
    figure = charts.beside([short_day(w) for w in weeks], parts, currency)
    st.plotly_chart(figure, config=charts.QUIET, key="back-test", alt=_("What was expected, and what came"))
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


def _behind_forecast(chosen: narrow.Chosen, rows: list[Row], weeks: list[dt.date]) -> None:
    """Show the table behind the chart; a click on a week lists its invoices and deals."""
    keys = [str(w) for w in weeks] + ["later", "undated"]
    names = [f"{short_day(w)} – {short_day(w + dt.timedelta(days=6))}" for w in weeks]
    names += [_("Later"), _("No date to expect")]

    def worth(key: str, subject: str) -> Decimal:
        fits = [r["value"] for r in rows if r["key"] == subject
                and key == (str(r["period_start"]) if r["dimension"] == "week" else r["dimension"])]  # fmt: skip
        return sum(fits, ZERO)

    shown = {
        "week": names,
        "invoices": [money(worth(k, "invoices"), chosen.currency) for k in keys],
        "deals": [money(worth(k, "deals"), chosen.currency) for k in keys],
        "all": [money(worth(k, "invoices") + worth(k, "deals"), chosen.currency) for k in keys],
    }
    right = {"invoices": _("Open invoices"), "deals": _("Won, not invoiced"), "all": _("Together")}
    config = {"week": st.column_config.TextColumn(_("Week"), width=150)} | {
        n: st.column_config.TextColumn(title, width=130, alignment="right") for n, title in right.items()
    }
    st.caption(_("Click a week to see its invoices and deals. What habit says should have come long ago has no date: "
                 "it is in no week."))  # fmt: skip
    state = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row",
        key="weeks", height=tall(len(keys)), alt=_("Expected by week"),
    )  # fmt: skip
    for i in state.selection.rows[:1]:
        st.query_params["week"] = keys[i]
    if (week := st.query_params.get("week", "")) in keys:
        _of_week(chosen, week, names[keys.index(week)])


def _of_week(chosen: narrow.Chosen, week: str, name: str) -> None:
    found, _first = receivables.expected(session.data(), chosen.asked, week)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{name}** · {several('{count} document', '{count} documents', found)}", width="content")
        at = page(-(-found // receivables.PAGE), "expected", (chosen, week))
    _found, rows = receivables.expected(session.data(), chosen.asked, week, at)
    shown = {
        "record": [r["record"] for r in rows],
        "amount": [money(r["amount"], r["currency"]) for r in rows],
        "customer": [r["customer"] or "" for r in rows],
        "day": [day(r["expected_on"]) for r in rows],
    }
    config = {
        "record": st.column_config.TextColumn(_("Record"), width=200),
        "amount": st.column_config.TextColumn(_("Expected"), width=120, alignment="right"),
        "customer": st.column_config.TextColumn(_("Customer"), width=220),
        "day": st.column_config.TextColumn(_("Day"), width=100),
    }
    state = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row",
        key=f"week-{week}", height=tall(len(rows), 460), alt=name,
    )  # fmt: skip
    for i in state.selection.rows[:1]:
        if i < len(rows):
            row = rows[i]
            go("deals", **{"deal" if row["subject"] == "deals" else "invoice": f"{row['vendor']}:{row['id']}"})


def _dso(chosen: narrow.Chosen) -> None:
    meant = figures.definitions(session.data())
    simple = {p.end: p.value for p in figures.months(session.data(), "dso", chosen.asked)}
    back = {p.end: p.value for p in figures.months(session.data(), "dso_count_back", chosen.currency)}
    days = sorted({*simple, *back})
    if not days:
        nothing(_("No DSO yet"), _("It needs invoices of the last months in this currency."), ":material/show_chart:")
        return
    titles = (_("Simple"), _("Count-back"))
    with st.container(border=True):
        parts = {titles[0]: [simple.get(d) for d in days], titles[1]: [back.get(d) for d in days]}
        st.markdown(f"**{_('Days of sales outstanding, at the end of each month')}**")
        st.plotly_chart(charts.lines([short_day(d) for d in days], parts), config=charts.QUIET, key="dso", alt="DSO")
        for title, name in zip(titles, ("dso", "dso_count_back"), strict=True):
            st.caption(f"**{title}**: {plain(_(meant[name]['formula']))}")
        if chosen.unit != MONEY:
            said = _("Count-back is in {currency} alone: months in several currencies cannot be used up in turn.")
            st.caption(said.format(currency=chosen.currency))
    shown = {
        "month": [day(d) for d in reversed(days)],
        "simple": [number(simple.get(d), 1) for d in reversed(days)],
        "back": [number(back.get(d), 1) for d in reversed(days)],
    }
    config = {
        "month": st.column_config.TextColumn(_("Month until"), width=130),
        "simple": st.column_config.TextColumn(titles[0], width=110, alignment="right"),
        "back": st.column_config.TextColumn(titles[1], width=110, alignment="right"),
    }
    st.dataframe(shown, column_config=config, hide_index=True, height=tall(len(days)), alt="DSO")


def _behaviour(chosen: narrow.Chosen) -> None:
    found, _first = receivables.behaviour(session.data())
    everybody = receivables.everybody(session.data())
    if not found or everybody is None:
        nothing(_("Nobody has paid yet"), _("Once invoices are paid, this says how late each customer usually is."),
                ":material/hourglass_empty:")  # fmt: skip
        return
    said = _("All together, over the last two years: {late} late, usually {days} days after the due date.")
    late = DASH if everybody["days_late"] is None else number(everybody["days_late"])
    st.caption(said.format(late=percent(everybody["share_late"]), days=late))
    title, counted = _("Customers by how many days late they usually pay"), receivables.how_late(session.data())
    with st.container(border=True):
        st.markdown(f"**{title}**")
        classes = ["≤ 0" if late == "0" else _bucket(late) for late in counted]
        figure = charts.spread(classes, list(counted.values()))
        st.plotly_chart(figure, config=charts.QUIET, key="how-late", alt=title)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{several('{count} customer', '{count} customers', found)}**", width="content")
        at = page(-(-found // receivables.PAGE), "behaviour", found)
    _found, rows = receivables.behaviour(session.data(), at)
    shown = {
        "name": [r["name"] for r in rows],
        "late": [r["days_late"] for r in rows],
        "spread": [r["spread"] for r in rows],
        "share": [percent(r["share_late"]) for r in rows],
        "taken": [r["days_to_pay"] for r in rows],
        "invoices": [r["invoices"] for r in rows],
    }
    config = {
        "name": st.column_config.TextColumn(_("Customer"), width=240),
        "late": st.column_config.NumberColumn(_("Days late"), width=90, help=_("Median; below 0 is early")),
        "spread": st.column_config.NumberColumn(
            _("Spread"), width=80, help=_("Days between the quarter paid first and the quarter paid last")
        ),
        "share": st.column_config.TextColumn(_("Paid late"), width=90, alignment="right"),
        "taken": st.column_config.NumberColumn(_("Days to pay"), width=100, help=_("Median from issue")),
        "invoices": st.column_config.NumberColumn(_("Invoices paid"), width=100),
    }
    state = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row",
        key="behaviour", height=tall(len(rows), 640), alt=_("How customers pay"),
    )  # fmt: skip
    for i in state.selection.rows[:1]:
        if i < len(rows) and rows[i]["is_known"]:
            go("customer", customer=f"{rows[i]['vendor']}:{rows[i]['id']}")
