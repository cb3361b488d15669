"""Everything from offer to money: figures that open their rows, and one search over all records."""

import streamlit as st

from dashboard import billed, labels, saved_views, session
from dashboard.address import bound, page
from dashboard.parts import go, nothing, plain, sums, tall
from dashboard.read import Row, custom, everything
from dashboard.read.billed import Billed
from dashboard.words import DASH, _, day, money, number, several


def show() -> None:
    """Lay out the figures, the search, and a page of what it finds."""
    called = titles()
    figures = everything.figures(session.data())
    with st.grid(5, min_column_width=160):
        for stage in everything.STAGES:
            found, amounts = figures[stage]
            with st.container(border=True):
                st.caption(called[stage])
                st.markdown(f"**{plain(sums(amounts, most=1))}**")
                if st.button(several("{count} record", "{count} records", found), key=f"stage-{stage}", type="tertiary",
                             icon=":material/list:", disabled=not found):  # fmt: skip
                    go("reconciliation", part="all", stage=stage)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = bound(
            st.text_input, _("Search"), name="q", scope="all", type="search", width=310,
            placeholder=_("Number, name, customer, account or amount"),
        )  # fmt: skip
        stage = bound(
            st.selectbox, _("Show"), list(everything.STAGES), name="stage", scope="all", format_func=called.__getitem__,
            placeholder=_("Everything"), width=200, index=None,
        )  # fmt: skip
        invoices, by = billed.choose("all")
        saved_views.offer("all")
    if by and everything.count(session.data(), text or "", stage or "", invoices):
        billed.groups(custom.Records(text or "", stage or "", invoices), by)
    else:
        _list(text or "", stage or "", invoices)


def titles() -> dict[str, str]:
    """Return what the stages are called."""
    return {
        "to_invoice": _("Won, left to invoice"),
        "to_pay": _("Invoiced, left to pay"),
        "paid": _("Paid"),
        "no_deal": _("Invoices without a deal"),
        "no_invoice": _("Money without an invoice"),
    }


def _list(text: str, stage: str, invoices: Billed) -> None:
    found = everything.count(session.data(), text, stage, invoices)
    if not found:
        nothing(_("Nothing matches"), _("Search by number, name, customer, account or amount."),
                ":material/search_off:")  # fmt: skip
        return
    shown = min(found, everything.MOST)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        said = several("{count} record", "{count} records", found)
        if found > everything.MOST:
            said = _("More than {count} records: search to see the others").format(count=number(everything.MOST))
        st.markdown(f"**{said}**", width="content")
        at = page(-(-shown // everything.PAGE), "all", (text, stage, invoices))
    rows = everything.page(session.data(), text, stage, at, billed=invoices)
    config = {
        "what": st.column_config.TextColumn(_("What"), width=80),
        "title": st.column_config.TextColumn(_("Record"), width=240),
        "customer": st.column_config.TextColumn(_("Customer"), width=200),
        "amount": st.column_config.TextColumn(_("Amount"), width=120, alignment="right"),
        "day": st.column_config.TextColumn(_("Date"), width=95),
        "where": st.column_config.TextColumn(_("Where"), width=90),
    }
    state = st.dataframe(
        {
            "what": [labels.table(r["of_table"]) for r in rows],
            "title": [r["title"] or r["id"] for r in rows],
            "customer": [r["customer"] or DASH for r in rows],
            "amount": [money(r["amount"], r["currency"]) if r["amount"] is not None else DASH for r in rows],
            "day": [day(r["on_day"]) for r in rows],
            "where": [labels.vendor(r["vendor"]) for r in rows],
        },
        column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row",
        key=f"all-{stage}-{at}-{text}", height=tall(len(rows), 640), alt=_("Everything"),
    )  # fmt: skip
    st.caption(_("Click a row to see its chain."))
    if picked := [rows[i] for i in state.selection.rows if i < len(rows)]:
        _open(picked[0])


def _open(row: Row) -> None:
    """Go to where a record is seen with everything that belongs to it."""
    key = f"{row['vendor']}:{row['id']}"
    match row["of_table"]:
        case "deals":
            go("deals", deal=key)
        case "invoices":
            go("deals", invoice=key)
        case "payments":
            go("reconciliation", part="hand", what="payment", payment=key)
        case _:
            go("deals", q=row["title"] or row["id"])
