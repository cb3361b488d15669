"""Quotes: each with what can be made of it, an invoice, a pro-forma, a credit note or an order, or why nothing can."""

import streamlit as st

from dashboard import act, labels, rights, session
from dashboard.address import bound, page
from dashboard.parts import go, heading, link, nothing, plain, tall
from dashboard.read import Row, deals, plans
from dashboard.views import invoice
from dashboard.words import _, day, money, several
from extract.vendor import registry
from reconcile.action import Subject
from reconcile.source import unusable

STATES = ("accepted", "published", "draft", "rejected", "expired")


def show() -> None:
    """Show the quote that the address names, else the list."""
    if named := st.query_params.get("quote"):
        vendor, _colon, key = named.partition(":")
        _one(vendor, key)
    else:
        _list()


def card(quote: Row) -> None:
    """Show a quote of a deal: number, amount, state, and what can be made of it."""
    with st.container(border=True):
        amount = plain(money(quote["gross"] or quote["net"], quote["currency"]))
        called = plain(quote["number"] or quote["title"] or "")
        st.markdown(f":material/request_quote: **{_('Quote')} {called}** · {amount}")
        if quote["url"]:
            told = _("Open in {vendor}").format(vendor=labels.vendor(quote["vendor"]))
            st.link_button(told, quote["url"], icon=":material/open_in_new:", type="tertiary")
        st.caption(" · ".join(filter(None, [labels.quote_status(quote["status"]), day(quote["valid_until_on"])])))
        documents(quote)


def documents(quote: Row) -> None:
    """Offer what can be made of a quote; where nothing can, the buttons are grey and say why."""
    if not rights.may("write"):
        return
    why = _why_not(quote)
    subject = Subject(table="quotes", vendor=quote["vendor"], id=quote["id"])
    offered = (("create_invoice", ":material/receipt_long:"), ("create_proforma", ":material/draft:"),
               ("create_credit_note", ":material/undo:"))  # fmt: skip
    with st.container(horizontal=True):
        for action, icon in offered:
            if st.button(labels.fix(action) + " …", key=f"{action}-{quote['vendor']}-{quote['id']}", icon=icon,
                         disabled=bool(why), help=why or None):  # fmt: skip
                act.offered(action, subject)
        no = no_orders()
        if st.button(labels.fix("create_order") + " …", key=f"create_order-{quote['vendor']}-{quote['id']}",
                     icon=":material/inventory:", disabled=bool(why or no), help=why or no or None):  # fmt: skip
            act.offered("create_order", subject)
    if why:
        st.caption(f":material/block: {plain(why)}")


def no_orders() -> str:
    """Return which connected systems keep no orders, where none does; empty where one does."""
    known = [(name, registry().get(said.vendor)) for name, said in session.settings().connections.items()]
    systems = [(name, kind) for name, kind in known if kind and kind.kind in ("crm", "billing")]
    if any("create_order" in kind.writes for _name, kind in systems):
        return ""
    told = _("{systems}: no orders are kept there, so that none can be made. Let the deal's stage say that the order "
             "is confirmed; it can make the invoice due (Automations, When to invoice).")  # fmt: skip
    return told.format(systems=", ".join(labels.vendor(name) for name, _kind in systems) or _("No system connected"))


def _why_not(quote: Row) -> str:
    said = session.settings().connections.get(quote["vendor"])
    kind = registry().get(said.vendor) if said else None
    if kind is not None and kind.kind == "billing":
        return _("This quote is of the billing system, which makes its invoice itself when it is accepted.")
    no = unusable(quote, session.day())
    return act.spelt(no) if no else ""


def _list() -> None:
    heading(_("Quotes"), _("Every offer, and what can be made of it. Click a row to open it."))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = bound(
            st.text_input, _("Search"), name="q", scope="quotes", type="search", width=320,
            placeholder=_("Number, customer, deal"),
        )  # fmt: skip
        status = bound(
            st.pills, _("State"), list(STATES), name="status", scope="quotes", format_func=labels.quote_status
        )
    found = plans.count_quotes(session.data(), text or "", status or "")
    if not found:
        nothing(_("No quote matches"), _("Search by number, customer or deal."), ":material/search_off:")
        return
    pages = -(-found // plans.PAGE)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{several('{count} quote', '{count} quotes', found)}**", width="content")
        at = page(pages, "quotes", (text, status))
    rows = plans.quotes(session.data(), text or "", status or "", at)
    shown = {
        "number": [r["number"] or r["title"] or r["id"] for r in rows],
        "amount": [money(r["gross"] or r["net"], r["currency"]) for r in rows],
        "customer": [r["customer"] or "" for r in rows],
        "deal": [r["deal_title"] or "" for r in rows],
        "status": [labels.quote_status(r["status"]) for r in rows],
        "until": [day(r["valid_until_on"]) for r in rows],
        "why": [_why_not(r) for r in rows],
    }
    config = {
        "number": st.column_config.TextColumn(_("Quote"), width=125),
        "amount": st.column_config.TextColumn(_("Amount"), width=110, alignment="right"),
        "customer": st.column_config.TextColumn(_("Customer"), width=155),
        "deal": st.column_config.TextColumn(_("Deal"), width=160),
        "status": st.column_config.TextColumn(_("State"), width=80),
        "until": st.column_config.TextColumn(_("Valid until"), width=100),
        "why": st.column_config.TextColumn(_("Why it cannot be used"), width=330),
    }
    table = st.dataframe(shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row",
                         key=f"quotes-{text}-{status}-{at}", height=tall(len(rows), 640), alt=_("Quotes"))  # fmt: skip
    if (picked := table.selection.rows) and picked[0] < len(rows):
        row = rows[picked[0]]
        go("quotes", quote=f"{row['vendor']}:{row['id']}")


def _one(vendor: str, key: str) -> None:
    quote = plans.quote(session.data(), vendor, key)
    link("quotes", _("All quotes"), ":material/arrow_back:")
    if quote is None:
        nothing(_("There is no such quote"), _("It may have been deleted in the CRM."), ":material/search_off:")
        return
    st.title(plain(quote["number"] or quote["title"] or quote["id"]), anchor=False)
    said = [quote["customer"], labels.quote_status(quote["status"]), quote["title"]]
    if quote["valid_until_on"]:
        said.append(_("valid until {day}").format(day=day(quote["valid_until_on"])))
    st.caption(plain(" · ".join(s for s in said if s)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.metric(_("Amount"), money(quote["gross"] or quote["net"], quote["currency"]), border=True, width="content")
        if quote["deal_id"]:
            link("deals", quote["deal_title"] or _("Open the deal"), ":material/handshake:",
                 deal=f"{quote['vendor']}:{quote['deal_id']}")  # fmt: skip
        if quote["other_id"]:
            told = _("The same in {vendor}: {number}").format(
                vendor=labels.vendor(quote["other_vendor"]), number=quote["other_number"]
            )
            link("quotes", plain(told), ":material/sync_alt:", quote=f"{quote['other_vendor']}:{quote['other_id']}")
        if quote["url"]:
            label = _("Open in {vendor}").format(vendor=labels.vendor(quote["vendor"]))
            st.link_button(label, quote["url"], icon=":material/open_in_new:", type="tertiary")
    documents(quote)
    invoice.lines(deals.lines(session.data(), "quote", vendor, key))
