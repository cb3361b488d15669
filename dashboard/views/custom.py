"""Reports of one's own: each view that somebody saved, as a table and as a file."""

import datetime as dt
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import saved_views, session
from dashboard.address import bound
from dashboard.billed import grouping
from dashboard.parts import nothing, plain, tall
from dashboard.report import custom, xlsx
from dashboard.report.table import Table
from dashboard.words import DASH, _, day, language, moment, money, number, several, speaking
from reconcile import saved
from reconcile.saved import View
from reconcile.state import state

SHOWN = 500  # rows on the page; files have all


def show() -> None:
    """Lay out the choice of a view, its files, and what is in it."""
    st.subheader(_("Your own reports"), anchor=False)
    views = {view.name: view for view in saved.views(state(session.data()))}
    if not views:
        nothing(
            _("No view is saved yet"),
            _("On To fix, Sales, Receivables or Everything choose what you want to see, then Saved views → Save."),
            ":material/bookmark:",
        )
        return
    where = saved_views.titles()
    name = bound(
        st.selectbox, _("Saved view"), list(views), name="view", scope="reports", default=next(iter(views)),
        format_func=lambda n: f"{n} · {where[views[n].page]}",
    )  # fmt: skip
    view = views[name]
    by = grouping(view.query)
    made = custom.tables(session.data(), custom.asked(session.data(), view, session.settings(), session.day()), by)
    _actions(view, made, by)
    for found in made:
        _table(found, by)


def _actions(view: View, made: Sequence[Table], by: str) -> None:
    stem = re.sub(r"[^\w-]+", "-", view.name).strip("-") or "view"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button("Excel", _workbook(view, made, by), f"{stem}.xlsx", icon=":material/table:",
                           on_click="ignore", key="custom-xlsx")  # fmt: skip
        st.download_button("CSV", lambda: xlsx.csv_text(made[1]).encode(), f"{stem}.csv", mime="text/csv",
                           icon=":material/csv:", on_click="ignore", key="custom-csv")  # fmt: skip
        if st.button(_("Open the page"), icon=":material/open_in_new:", key="custom-open", type="tertiary"):
            saved_views.open_(view)
        who = _("Saved by {who}, {when}").format(who=plain(view.made_by), when=moment(view.made_at, session.zone()))
        st.caption(who, width="content")


def _workbook(view: View, made: Sequence[Table], by: str) -> Callable[[], bytes]:
    """Return what makes the file once it is asked for, in the language of who asks."""
    spoken_now, company = language(), session.settings().company.name

    def content() -> bytes:
        with speaking(spoken_now):
            return xlsx.workbook(custom.tabs(made, by), view.name, company)

    return content


def _table(found: Table, by: str) -> None:
    st.markdown(f"**{custom.titles()[found.name]}** · {several('{count} row', '{count} rows', len(found.rows))}")
    if not found.rows:
        st.caption(_("Nothing."))
        return
    money_of = {"amount": "currency", "billed": "invoice_currency", "open": "invoice_currency"}
    records = found.records()[:SHOWN]
    shown: dict[str, list[Any]] = {}
    config = {}
    for column in found.columns:
        if column.name in ("currency", "invoice_currency"):
            continue
        beside = "currency" if found.name == "sums" else money_of.get(column.name, "")
        shown[column.name] = [_said(column.sort, r[column.name], r.get(beside)) for r in records]
        right = "right" if column.sort in ("money", "count") else "left"
        title = custom.heading(column.name, by)
        config[column.name] = st.column_config.TextColumn(title, alignment=right)  # type: ignore[arg-type]
    st.dataframe(shown, column_config=config, hide_index=True, height=tall(len(records), 500),
                 key=f"custom-{found.name}", alt=custom.titles()[found.name])  # fmt: skip
    if len(found.rows) > SHOWN:
        st.caption(_("The first {count} rows; the files have all.").format(count=number(SHOWN)))


def _said(sort: str, value: Decimal | dt.date | int | str | None, currency: str | None) -> str:
    if value is None:
        return DASH
    if sort == "money":
        assert isinstance(value, Decimal)
        return money(value, currency)
    if sort == "date":
        assert isinstance(value, dt.date)
        return day(value)
    return number(value) if isinstance(value, int) else str(value)
