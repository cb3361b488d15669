"""Sales: what became of the deals, by salesperson, stage and month; who buys most; how long invoicing takes."""

import datetime as dt
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import billed, charts, charts_sales, labels, narrow, saved_views, session
from dashboard.address import bound, page
from dashboard.parts import go, heading, link, nothing, plain, tall
from dashboard.read import Row, custom, figures, sales
from dashboard.read.billed import Billed
from dashboard.views import cohorts
from dashboard.words import DASH, _, day, money, month, number, percent, several, sign

ZERO = Decimal(0)
COUNTS = sales.WHAT
AMOUNTS = ("won", "invoiced", "paid", "waiting")  # of those counts the table has the amounts too
WIDTHS = {"open": 56, "closed": 60, "won": 54, "invoiced": 64, "paid": 54, "waiting": 80, "won_amount": 76,
          "invoiced_amount": 92, "paid_amount": 76, "waiting_amount": 104, "rate": 74, "days": 92, "pay": 78,
          }  # all fit on a desk  # fmt: skip
LETTER, AROUND = 5.7, 16  # pixels that a letter of a column's title takes at most on average, and what is around it
TOP = 10


def show() -> None:
    """Lay out the figures of a period, or the deals behind one of them."""
    heading(_("Sales"), _("What was won, what of it was invoiced and paid, by whom and for whom."))
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen, by = narrow.currency("sales"), _by()
        period = None if by == "cohort" else narrow.period("sales")
    if period is None:  # cohorts have months of their own
        cohorts.show(chosen)
        narrow.note(chosen, "cohorts", left_out=figures.never_converted(session.data(), "cohorts", "won"))
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        invoices, group = billed.choose("sales")
        saved_views.offer("sales")
    st.caption(str(period))
    if group:
        billed.groups(custom.Sold(period.start, period.until, chosen.asked, by, invoices), group)
    elif by == "customer":
        _customers(period, chosen, invoices)
    elif "cell" in st.query_params:
        _cell(period, chosen, by, invoices)
    else:
        _conversion(period, chosen, by, invoices)
    left_out = sales.left_out(session.data(), period.start, period.until)
    narrow.note(chosen, "won", "invoiced", "days_won_to_invoiced", left_out=left_out)


def _by() -> str:
    """Let the reader choose how sales are divided; not while a cell is open, which is one of a division."""
    known = [*sales.BY, "customer", "cohort"]
    if "cell" in st.query_params:
        told = st.query_params.get("by", known[0])
        return told if told in sales.BY else known[0]
    return bound(
        st.segmented_control, _("By"), known, name="by", scope="sales", default=known[0], required=True,
        label_visibility="collapsed", format_func=_called,
    )  # fmt: skip


def _called(by: str) -> str:
    return {"owner": _("Salesperson"), "stage": _("Stage"), "month": _("Month"), "customer": _("Customer"),
            "cohort": _("Cohorts")}[by]  # fmt: skip


def _what(name: str) -> str:
    return {"open": _("Open"), "closed": _("Decided"), "won": _("Won"), "invoiced": _("Invoiced"), "paid": _("Paid"),
            "waiting": _("Not invoiced")}[name]  # fmt: skip


def _conversion(period: narrow.Period, chosen: narrow.Chosen, by: str, invoices: Billed) -> None:
    rows = sales.conversion(session.data(), period.start, period.until, chosen.asked, by, invoices)
    if not any(row["closed"] or row["open"] for row in rows):
        nothing(
            _("Nothing won in this period"), _("Choose a longer period or another currency."), ":material/handshake:"
        )
        return
    _totals(rows, chosen)
    left, right = st.columns(2, gap="medium") if by == "owner" else (st.container(), None)
    with left, st.container(border=True, height="stretch"):
        st.markdown(f"**{_('Where the money of won deals is')}**")
        _bars([r for r in rows if r["won"]], chosen, by)
    if right:
        with right, st.container(border=True, height="stretch"):
            _funnels(rows[:TOP], chosen)
    _table(rows, chosen, by)


def _funnels(rows: list[Row], chosen: narrow.Chosen) -> None:
    title, steps = _("From open to paid, by salesperson"), ("open", "won", "invoiced", "paid")
    st.markdown(f"**{title}**")
    amounts = {_what(name): [max(r[f"{name}_amount"], ZERO) for r in rows] for name in steps}
    counts = {_what(name): [r[name] for r in rows] for name in steps}
    names = [_name(r, "owner") for r in rows]
    charts.draw(charts_sales.funnels, names, amounts, counts, chosen.currency, key="funnels", alt=title)
    st.caption(_("Open are the deals created in the period and not decided yet."))


def _totals(rows: list[Row], chosen: narrow.Chosen) -> None:
    sums = {name: sum((r[f"{name}_amount"] for r in rows), ZERO) for name in ("won", "invoiced", "paid")}
    counts = {name: sum(r[name] for r in rows) for name in COUNTS}
    days = _mean(rows, "days_to_invoice", "won")
    with st.grid(5, min_column_width=140):
        st.metric(_("Won"), money(sums["won"], chosen.currency, whole=True), border=True,
                  help=_("Deals won in the period, as the CRM has them"))  # fmt: skip
        st.metric(_("Invoiced"), money(sums["invoiced"], chosen.currency, whole=True), border=True,
                  help=_("Invoiced so far of these deals, with or without tax as the deal is"))  # fmt: skip
        st.metric(_("Paid"), money(sums["paid"], chosen.currency, whole=True), border=True,
                  help=_("Paid so far of these deals, in the deal's own measure"))  # fmt: skip
        st.metric(_("Won of decided"), percent(_share(counts["won"], counts["closed"])), border=True,
                  help=_("Won deals among won and lost ones; a lost deal counts when it was created"))  # fmt: skip
        st.metric(_("Won to invoiced"), DASH if days is None else several("{count} day", "{count} days", round(days)),
                  border=True, help=_("Mean; a deal without invoice counts the days until today"))  # fmt: skip


def _mean(rows: list[Row], name: str, weight: str) -> Decimal | None:
    known = [(r[name], r[weight]) for r in rows if r[name] is not None and r[weight]]
    return sum(Decimal(v) * w for v, w in known) / sum(w for _v, w in known) if known else None


def _share(part: int, whole: int) -> Decimal | None:
    return Decimal(part) / whole if whole else None


def _bars(rows: list[Row], chosen: narrow.Chosen, by: str) -> None:
    shown = rows if by == "month" else rows[:TOP]
    parts = {
        _("Paid"): [max(r["paid_amount"], ZERO) for r in shown],
        _("Invoiced, not paid"): [max(r["invoiced_amount"] - r["paid_amount"], ZERO) for r in shown],
        _("Not invoiced"): [max(r["won_amount"] - r["invoiced_amount"], ZERO) for r in shown],
    }
    drawn = charts.stacked if by == "month" else charts_sales.rows  # names are long, and read across
    charts.draw(drawn, [_name(r, by) for r in shown], parts, chosen.currency, ("good", "accent", "bad"),
                key="conversion", alt=_("Where the money of won deals is"))  # fmt: skip


def _name(row: Row, by: str) -> str:
    nobody = {"owner": _("Nobody"), "stage": _("No stage"), "month": _("No date")}
    if by == "month" and row["key"]:
        return month(dt.date.fromisoformat(f"{row['key']}-01"))
    return str(row["name"] or nobody[by])


def _table(rows: list[Row], chosen: narrow.Chosen, by: str) -> None:
    """Show the table; a click on any of its cells opens the deals that it counts."""
    shown: dict[str, list[Any]] = {"name": [_name(r, by) for r in rows]}
    config: dict[str, Any] = {"name": st.column_config.TextColumn(_called(by), width=102, pinned=True)}
    for name in COUNTS:
        shown[name] = [r[name] for r in rows]
        config[name] = st.column_config.NumberColumn(_what(name), width=_wide(name, _what(name)))
        if name in AMOUNTS:
            of = f"{name}_amount"
            shown[of] = [money(r[of], chosen.currency, whole=True) for r in rows]
            config[of] = _column(of, f"{_what(name)} {sign(chosen.currency)}")
    shown["rate"] = [percent(_share(r["invoiced"], r["won"])) for r in rows]
    shown["days"] = [DASH if r["days_to_invoice"] is None else number(r["days_to_invoice"], 1) for r in rows]
    shown["pay"] = [DASH if r["days_to_pay"] is None else number(r["days_to_pay"], 1) for r in rows]
    config |= {
        "rate": _column("rate", _("Invoiced %"), _("Deals with an invoice, of those won")),
        "days": _column("days", _("Days to invoice")),
        "pay": _column("pay", _("Days to payment")),
    }
    st.caption(_("Click a number to see its deals."))
    state = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-cell", key=f"by-{by}",
        placeholder="–", height=tall(len(rows), 560), alt=_("Conversion"),
    )  # fmt: skip
    for at, column in state.selection.cells[:1]:
        what = column.removesuffix("_amount")
        st.query_params["cell"] = f"{what if what in COUNTS else 'won'}:{rows[at]['key']}"
        st.rerun()


def _column(name: str, title: str, says: str | None = None) -> Any:
    return st.column_config.TextColumn(title, width=_wide(name, title), alignment="right", help=says)


def _wide(name: str, title: str) -> int:
    """Return the width of a column in pixels: its usual one, more where the title is longer in this language."""
    return max(WIDTHS[name], round(LETTER * len(title)) + AROUND)


def _cell(period: narrow.Period, chosen: narrow.Chosen, by: str, invoices: Billed) -> None:
    what, _colon, key = st.query_params["cell"].partition(":")
    kept = {name: values for name, values in billed.here().items() if name not in ("cell", "page")}
    link("sales", _("All sales"), ":material/arrow_back:", **kept)
    asked = (period.start, period.until, chosen.asked, by, key, what)
    found, _first = sales.of_cell(session.data(), *asked, billed=invoices) if what in COUNTS else (0, [])
    if not found:
        nothing(_("No deal"), _("In this period and currency there is none."), ":material/search_off:")
        return
    named = next((_name(r, by) for r in sales.conversion(session.data(), *asked[:4], invoices) if r["key"] == key), key)
    st.subheader(f"{plain(named)} · {_what(what)}", anchor=False)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{several('{count} deal', '{count} deals', found)}**", width="content")
        at = page(-(-found // sales.PAGE), "sales", (asked, invoices))
    _found, rows = sales.of_cell(session.data(), *asked, at, invoices)
    shown = {
        "deal": [r["title"] or r["id"] for r in rows],
        "amount": [money(r["amount"], r["currency"]) for r in rows],
        "customer": [r["customer"] or "" for r in rows],
        "state": [labels.deal_status(r["status"]) for r in rows],
        "day": [day(r["on_day"]) for r in rows],
        "invoiced": [money(r["invoiced"], r["currency"]) if r["is_invoiced"] else DASH for r in rows],
        "days": [r["days_to_invoice"] for r in rows],
        "pay": [r["days_to_pay"] for r in rows],
        "invoice": [r["invoice_number"] or "" for r in rows],
    }
    config = {
        "deal": st.column_config.TextColumn(_("Deal"), width=210),
        "amount": st.column_config.TextColumn(_("Amount"), width=110, alignment="right"),
        "customer": st.column_config.TextColumn(_("Customer"), width=180),
        "state": st.column_config.TextColumn(_("State"), width=70),
        "day": st.column_config.TextColumn(_("Day"), width=95),
        "invoiced": st.column_config.TextColumn(_("Invoiced"), width=110, alignment="right"),
        "days": st.column_config.NumberColumn(_("Days to invoice"), width=100),
        "pay": st.column_config.NumberColumn(_("Days to payment"), width=110),
        "invoice": st.column_config.TextColumn(_("Invoice"), width=110),
    }
    state = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row", key="sales-deals",
        placeholder="–", height=tall(len(rows), 640), alt=_("Deals"),
    )  # fmt: skip
    for i in state.selection.rows[:1]:
        if i < len(rows):
            go("deals", deal=f"{rows[i]['vendor']}:{rows[i]['id']}")


def _customers(period: narrow.Period, chosen: narrow.Chosen, invoices: Billed) -> None:
    asked = (period.start, period.until, chosen.asked)
    found, first = sales.ranking(session.data(), *asked, billed=invoices)
    if not found:
        nothing(_("Nothing invoiced in this period"), _("Choose a longer period or another currency."),
                ":material/receipt_long:")  # fmt: skip
        return
    best = [r for r in first[:TOP] if r["net"] > 0]
    if best:
        with st.container(border=True):
            st.markdown(f"**{_('Who buys most, without tax')}**")
            charts.draw(charts.ranked, [r["name"] or DASH for r in best], [r["net"] for r in best], chosen.currency,
                        key="ranking", alt=_("Who buys most, without tax"))  # fmt: skip
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{several('{count} customer', '{count} customers', found)}**", width="content")
        at = page(-(-found // sales.PAGE), "ranking", (asked, invoices))
    _found, rows = sales.ranking(session.data(), *asked, at, invoices)
    shown = {
        "name": [r["name"] or DASH for r in rows],
        "net": [money(r["net"], chosen.currency) for r in rows],
        "share": [percent(r["share"]) for r in rows],
        "gross": [money(r["gross"], chosen.currency) for r in rows],
        "invoices": [r["invoices"] for r in rows],
    }
    config = {
        "name": st.column_config.TextColumn(_("Customer"), width=230),
        "net": st.column_config.TextColumn(_("Without tax"), width=120, alignment="right"),
        "share": st.column_config.TextColumn(_("Share"), width=70, alignment="right"),
        "gross": st.column_config.TextColumn(_("With tax"), width=120, alignment="right"),
        "invoices": st.column_config.NumberColumn(_("Invoices"), width=80),
    }
    state = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row", key="ranked",
        placeholder="–", height=tall(len(rows), 640), alt=_("Customers"),
    )  # fmt: skip
    for i in state.selection.rows[:1]:
        if i < len(rows) and rows[i]["id"]:
            go("customer", customer=f"{rows[i]['vendor']}:{rows[i]['id']}")
