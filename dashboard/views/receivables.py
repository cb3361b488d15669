"""Receivables: what customers owe and for how long, when it will come, DSO by both formulas, how each customer pays."""

from decimal import Decimal

import streamlit as st

from dashboard import billed, charts, narrow, saved_views, session
from dashboard.address import bound, page
from dashboard.parts import behind, go, heading, nothing, plain, tall
from dashboard.read import custom, figures, receivables
from dashboard.theme import invoice_state
from dashboard.views import expected, over_time, reminded
from dashboard.words import DASH, _, day, money, number, percent, several

ZERO = Decimal(0)
VIEWS = ("age", "forecast", "calendar", "dso", "behaviour", "reminders")


def show() -> None:
    """Lay out the headline and the chosen part."""
    heading(_("Receivables"), _("What customers owe, how late they are, and when it will come."))
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = narrow.currency("receivables")
        told = {"age": _("By age"), "forecast": _("Cash forecast"), "calendar": _("Calendar"), "dso": "DSO",
                "behaviour": _("How customers pay"), "reminders": _("Reminders")}  # fmt: skip
        view = bound(
            st.segmented_control, _("Part"), VIEWS, name="view", scope="receivables", default="age", required=True,
            label_visibility="collapsed", format_func=told.__getitem__,
        )  # fmt: skip
    _headline(chosen)
    {"age": _by_age, "forecast": expected.forecast, "calendar": expected.calendar, "dso": over_time.dso,
     "behaviour": _behaviour, "reminders": reminded.standing}[view](chosen)  # fmt: skip
    left_out = figures.left_out(session.data(), "receivables")
    narrow.note(chosen, "receivables", "overdue", "cash_forecast", left_out=left_out)


def _headline(chosen: narrow.Chosen) -> None:
    meant = figures.definitions(session.data())
    owed, late = (_last(name, chosen) for name in ("receivables", "overdue"))
    simple = _days("dso", chosen)
    back = figures.months(session.data(), "dso_count_back", chosen.currency)
    soon = sum((r["value"] for r in expected.rows(chosen) if r["dimension"] == "week"), ZERO)
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
    left, right = st.columns([2, 3], gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.markdown(f"**{_('Open invoices by days overdue')}**")
        charts.draw(charts.ageing, parts, chosen.currency, key="ageing", alt=_("Open invoices by days overdue"))
        total = sum(parts.values(), ZERO)
        st.caption(
            _("The bars add up to the receivables: {amount}.").format(amount=plain(money(total, chosen.currency)))
        )
    with right, st.container(border=True, height="stretch"):
        over_time.ageing(chosen)
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
        placeholder="–", key="open", height=tall(len(rows), 560), alt=_("Open invoices"),
    )  # fmt: skip
    for i in state.selection.rows[:1]:
        if i < len(rows):
            go("deals", invoice=f"{rows[i]['vendor']}:{rows[i]['id']}")


def _bucket(name: str) -> str:
    return {"not_due": _("Not due"), "90_plus": "90+", "30_plus": "30+"}.get(name, name.replace("_", "–"))


def _usual(share_late: Decimal | None, days_late: Decimal | None) -> str:
    """Return in words how much is paid late, and on which day it usually is."""
    days = round(days_late) if days_late is not None else None
    if days is None:
        said = _("All together, over the last two years: {late} late.")
    elif days == 0:
        said = _("All together, over the last two years: {late} late, usually paid on the due date.")
    elif days < 0:
        said = _("All together, over the last two years: {late} late, usually paid {days} days before the due date.")
    else:
        said = _("All together, over the last two years: {late} late, usually {days} days after the due date.")
    return said.format(late=percent(share_late), days=number(abs(days or 0)))


def _behaviour(chosen: narrow.Chosen) -> None:
    found, _first = receivables.behaviour(session.data())
    everybody = receivables.everybody(session.data())
    if not found or everybody is None:
        nothing(_("Nobody has paid yet"), _("Once invoices are paid, this says how late each customer usually is."),
                ":material/hourglass_empty:")  # fmt: skip
        return
    st.caption(_usual(everybody["share_late"], everybody["days_late"]))
    title, counted = _("Customers by how many days late they usually pay"), receivables.how_late(session.data())
    with st.container(border=True):
        st.markdown(f"**{title}**")
        classes = ["≤ 0" if late == "0" else _bucket(late) for late in counted]
        charts.draw(charts.spread, classes, list(counted.values()), key="how-late", alt=title)
        behind("how-late", lambda: {_("Days late"): classes, _("Customers"): [number(n) for n in counted.values()]})
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
        placeholder="–", key="behaviour", height=tall(len(rows), 640), alt=_("How customers pay"),
    )  # fmt: skip
    for i in state.selection.rows[:1]:
        if i < len(rows) and rows[i]["is_known"]:
            go("customer", customer=f"{rows[i]['vendor']}:{rows[i]['id']}")
