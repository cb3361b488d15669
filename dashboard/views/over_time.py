"""Receivables as they developed: by age week by week, and the DSO with its parts month by month."""

import datetime as dt
from decimal import Decimal

import streamlit as st

from dashboard import charts, charts_time, narrow, session
from dashboard.parts import nothing, plain, tall
from dashboard.read import figures
from dashboard.read.figures import MONEY
from dashboard.words import DASH, _, day, money, month, number

ZERO = Decimal(0)
WEEKS = 26


def ageing(chosen: narrow.Chosen) -> None:
    """Show what was owed at the end of each week by age, and the table behind."""
    title = _("How it developed: the last 26 weeks")
    held: dict[dt.date, dict[str, Decimal]] = {}
    for row in figures.series(session.data(), "ageing_by_week", chosen.currency, chosen.unit):
        held.setdefault(row["period_end"], {})[row["key"]] = row["value"]
    weeks = sorted(held)[-WEEKS:]
    parts = {bucket: [held[week].get(bucket, ZERO) for week in weeks] for bucket in charts.BUCKETS}
    st.markdown(f"**{title}**")
    charts.draw(charts_time.aged, weeks, parts, chosen.currency, key="ageing-weeks", alt=title)
    st.caption(_("Open at the end of each week, by days overdue on that day; the last bar is today."))
    shown = {"week": [day(week) for week in reversed(weeks)]}
    shown |= {b: [money(v, chosen.currency, whole=True) for v in reversed(values)] for b, values in parts.items()}
    sums = [sum(held[week].values(), ZERO) for week in reversed(weeks)]
    shown["all"] = [money(v, chosen.currency, whole=True) for v in sums]
    names = dict(zip(charts.BUCKETS, charts.ages(), strict=True)) | {"all": _("Together")}
    config = {"week": st.column_config.TextColumn(_("Week until"), width=105, pinned=True)} | {
        n: st.column_config.TextColumn(name, width=95, alignment="right") for n, name in names.items()
    }
    with st.expander(_("The table behind")):
        st.dataframe(shown, column_config=config, hide_index=True, height=tall(len(weeks), 400), alt=title,
                     key="ageing-table")  # fmt: skip


def dso(chosen: narrow.Chosen) -> None:
    """Show the DSO of each month's end by both formulas, what it is made of, and the table behind."""
    meant, data = figures.definitions(session.data()), session.data()
    simple = {p.end: p.value for p in figures.months(data, "dso", chosen.asked)}
    back = {p.end: p.value for p in figures.months(data, "dso_count_back", chosen.currency)}
    days = sorted({*simple, *back})
    if not days:
        nothing(_("No DSO yet"), _("It needs invoices of the last months in this currency."), ":material/show_chart:")
        return
    part = {(r["period_end"], r["key"]): r["value"] for r in figures.series(data, "dso_parts", chosen.asked, "days")}
    sums = {(r["period_end"], r["key"]): r["value"]
            for r in figures.series(data, "dso_parts", chosen.currency, chosen.unit)}  # fmt: skip
    titles = {"not_due": _("Not due yet"), "late": _("Overdue"), "back": _("Count-back")}
    with st.container(border=True):
        st.markdown(f"**{_('Days of sales outstanding, at the end of each month')}**")
        charts.draw(
            charts_time.days_of,
            [month(d) for d in days],
            {titles[key]: [part.get((d, key)) for d in days] for key in ("not_due", "late")},
            (titles["back"], [back.get(d) for d in days]),
            key="dso",
            alt="DSO",
        )
        st.caption(_("The bars together are the simple DSO: what is not due yet comes from the terms you grant, what "
                     "is overdue from customers who pay late."))  # fmt: skip
        for title, name in ((_("Simple"), "dso"), (titles["back"], "dso_count_back")):
            st.caption(f"**{title}**: {plain(_(meant[name]['formula']))}")
        if chosen.unit != MONEY:
            said = _("Count-back is in {currency} alone: months in several currencies cannot be used up in turn.")
            st.caption(said.format(currency=chosen.currency))
    listed, span = list(reversed(days)), session.settings().choices.dso_days
    shown = {
        "month": [day(d) for d in listed],
        "simple": [number(simple.get(d), 1) for d in listed],
        "not_due": [number(part.get((d, "not_due")), 1) for d in listed],
        "late": [number(part.get((d, "late")), 1) for d in listed],
        "back": [number(back.get(d), 1) for d in listed],
        "owed": [_whole(sums.get((d, "owed")), chosen) for d in listed],
        "sold": [_whole(sums.get((d, "sold")), chosen) for d in listed],
    }
    named = {"simple": _("Simple"), "not_due": _("of it not due"), "late": _("of it overdue"), "back": titles["back"],
             "owed": _("Receivables"), "sold": _("Invoiced in {count} days").format(count=span)}  # fmt: skip
    config = {"month": st.column_config.TextColumn(_("Month until"), width=130)} | {
        n: st.column_config.TextColumn(name, width=120, alignment="right") for n, name in named.items()
    }
    st.dataframe(shown, column_config=config, hide_index=True, height=tall(len(days)), alt="DSO")


def _whole(amount: Decimal | None, chosen: narrow.Chosen) -> str:
    return DASH if amount is None else money(amount, chosen.currency, whole=True)
