"""Cohorts: what of the sales of each month was invoiced, and paid, after 0, 1, 2, 3 … months."""

import datetime as dt
from decimal import Decimal

import streamlit as st

from dashboard import charts, charts_sales, narrow, session
from dashboard.address import bound
from dashboard.parts import go, nothing, tall
from dashboard.read import figures
from dashboard.words import _, money, month, percent

MONTHS = 12  # of sales
DRAWN = 6  # months after them in the charts; the table has all
AFTER = range(MONTHS)

Share = Decimal | None


def show(chosen: narrow.Chosen) -> None:
    """Lay out a chart of what was invoiced, one of what was paid, and the table behind."""
    held = {(r["period_start"], r["key"]): r["value"]
            for r in figures.series(session.data(), "cohorts", chosen.currency, chosen.unit)}  # fmt: skip
    months = sorted({start for start, _key in held}, reverse=True)[:MONTHS]
    won = {start: held[start, "won"] for start in months}
    if not any(won.values()):
        nothing(_("Nothing won in the last 12 months"), _("Choose another currency."), ":material/handshake:")
        return
    st.caption(_("Of what was won in a month, with or without tax as the deal is: how much was invoiced, and paid, "
                 "until the end of that month (0) and of the months after it."))  # fmt: skip
    said = {"invoiced": _("Invoiced"), "paid": _("Paid")}
    shares = {what: {start: [_share(held.get((start, f"{what}_{n}")), won[start]) for n in AFTER] for start in months}
              for what in said}  # fmt: skip
    names = [month(start) for start in months]
    for column, (what, title) in zip(st.columns(2, gap="medium"), said.items(), strict=True):
        with column, st.container(border=True):
            st.markdown(f"**{title}**")
            drawn = [shares[what][start][: DRAWN + 1] for start in months]
            st.plotly_chart(charts_sales.cohorts(names, drawn, title), config=charts.QUIET, key=f"cohort-{what}",
                            alt=f"{title}: {_('share of what was won, by month')}")  # fmt: skip
    what = bound(
        st.segmented_control, _("Of what was won"), list(said), name="what", scope="cohorts", default="invoiced",
        required=True, label_visibility="collapsed", format_func=said.__getitem__,
    )  # fmt: skip
    _table(chosen, months, won, shares[what])


def _share(part: Decimal | None, whole: Decimal) -> Share:
    return None if part is None or not whole else part / whole


def _table(
    chosen: narrow.Chosen, months: list[dt.date], won: dict[dt.date, Decimal], shares: dict[dt.date, list[Share]]
) -> None:
    shown = {"month": [month(start) for start in months],
             "won": [money(won[start], chosen.currency, whole=True) for start in months]}  # fmt: skip
    config = {
        "month": st.column_config.TextColumn(_("Won in"), width=90, pinned=True),
        "won": st.column_config.TextColumn(_("Won"), width=100, alignment="right"),
    }
    for n in AFTER:
        told = [shares[start][n] for start in months]
        shown[str(n)] = ["" if share is None else percent(share) for share in told]
        config[str(n)] = st.column_config.TextColumn(str(n), width=58, alignment="right",
                                                     help=_("Months after the one it was won in"))  # fmt: skip
    st.caption(_("Click a month to see its deals."))
    state = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row", key="cohorts",
        height=tall(len(months)), alt=_("Cohorts"),
    )  # fmt: skip
    for i in state.selection.rows[:1]:
        asked = {"currency": st.query_params["currency"]} if "currency" in st.query_params else {}
        go("sales", by="month", cell=f"won:{months[i]:%Y-%m}", **asked)
