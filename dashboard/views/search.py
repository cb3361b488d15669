"""Search: deals, customers, invoices and payments by any word or number, each a click away, also in its own system."""

import streamlit as st

from dashboard import labels, session
from dashboard.address import bound
from dashboard.parts import heading, link, nothing, plain
from dashboard.read import Row, search
from dashboard.theme import invoice_state
from dashboard.words import _, day, money

ICONS = {"deals": ":material/handshake:", "customers": ":material/groups:", "invoices": ":material/receipt_long:",
         "payments": ":material/payments:"}  # fmt: skip
ALL = {"deals": "deals", "customers": "customer"}  # pages that list all of a kind that match


def show() -> None:
    """Lay out what holds the words of the address."""
    heading(_("Search"))
    text = bound(st.text_input, _("Search"), name="q", scope="search", type="search", label_visibility="collapsed",
                 placeholder=_("Deal, customer, invoice, payment, amount"))  # fmt: skip
    if not (text or "").strip():
        st.caption(_("A name, a tax id, an invoice number, a payment's text: whatever you have at hand."))
        return
    found = search.everywhere(session.data(), text)
    if not any(found.values()):
        nothing(_("Nothing holds these words"), _("Try fewer letters, or a number alone."), ":material/search_off:")
    for kind, rows in found.items():
        if rows:
            _kind(kind, rows, text)


def _kind(kind: str, rows: list[Row], text: str) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.subheader(labels.tables(kind), anchor=False, width="content")
        if kind in ALL and len(rows) == search.MOST:
            link(ALL[kind], _("All that match"), ":material/list:", q=text)
    with st.container(border=True, gap="xsmall"):
        for row in rows:
            _row(kind, row)


def _row(kind: str, row: Row) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(width="stretch", gap=None):
            _opens(kind, row)
            said = [row["who"], day(row["on_day"]) if row["on_day"] else "", _state(kind, row["state"])]
            st.caption(" · ".join([*(plain(part) for part in said if part), _there(row)]))
        if row["amount"] is not None:
            st.markdown(f"**{plain(money(row['amount'], row['currency']))}**", width="content")


def _there(row: Row) -> str:
    """Return the name of the record's system, as a link to the record there where it has an address."""
    name, address = plain(labels.vendor(row["vendor"])), row["url"] or ""
    shows = address.startswith(("https://", "http://")) and not set(address) & set(" <>\n")
    return f"[{name} ↗](<{address}>)" if shows else name


def _opens(kind: str, row: Row) -> None:
    """Show the record's name as a link to its page; a payment opens the invoice it is for."""
    key = f"{row['vendor']}:{row['id']}"
    page, name = {"deals": ("deals", "deal"), "customers": ("customer", "customer"),
                  "invoices": ("deals", "invoice")}.get(kind, ("", ""))  # fmt: skip
    if kind == "payments":
        paid = search.invoice_of(session.data(), row["vendor"], row["id"])
        if paid:
            page, name, key = "deals", "invoice", f"{paid['vendor']}:{paid['id']}"
    if page:
        link(page, plain(row["name"]), ICONS[kind], **{name: key})
    else:
        st.markdown(f"{ICONS[kind]} {plain(row['name'])}")


def _state(kind: str, value: str | None) -> str:
    if kind == "invoices":
        return invoice_state(value).word if value else ""
    if kind == "payments":
        return labels.method(value)
    return labels.deal_status(value) if kind == "deals" and value else value or ""
