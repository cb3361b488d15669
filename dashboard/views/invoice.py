"""One invoice: as a card in a deal's chain, and its preview when its number is clicked."""

import streamlit as st

from dashboard import deciding, labels, session
from dashboard.parts import badge, facts, link, nothing, plain
from dashboard.read import Row, deals, findings
from dashboard.theme import invoice_state
from dashboard.views import archived, evidence
from dashboard.words import _, day, money, number

TOLD = 2  # agreeing reasons said beside a link; the rest is in its tooltip


def card(invoice: Row, deal: Row) -> None:
    """Show an invoice of a deal: number, amount, due date, state, why it belongs to the deal, and what paid it."""
    vendor, key = invoice["vendor"], invoice["id"]
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            called = f"{labels.invoice_kind(invoice['kind'])} {invoice['number'] or ''}".strip()
            if st.button(called, key=f"invoice-{vendor}-{key}", type="tertiary", icon=":material/receipt_long:",
                         help=_("Preview")):  # fmt: skip
                preview(vendor, key)
            st.markdown(f"**{plain(money(invoice['gross'], invoice['currency']))}**", width="content")
            st.markdown(badge(invoice_state(invoice["state"])), width="content")
            if invoice["url"]:
                st.link_button(labels.vendor(vendor), invoice["url"], icon=":material/open_in_new:", type="tertiary")
        said = [_("due {day}").format(day=day(invoice["due_on"]))] if invoice["due_on"] else []
        if invoice["open_amount"]:
            said.append(_("{amount} open").format(amount=money(invoice["open_amount"], invoice["currency"])))
        if (invoice["deal_count"] or 0) > 1:
            said.append(_("one invoice for {count} deals").format(count=number(invoice["deal_count"])))
        if said:
            st.caption(plain(" · ".join(said)))
        _because(invoice, sides("deals", deal, "invoices", invoice) if invoice["rule"] != "corrects" else None)
        _money(deals.payments(session.data(), vendor, key), invoice)


def sides(left_table: str, left: Row, right_table: str, right: Row) -> Row:
    """Return a pair of records as a decision names it; the amount is left to the rules."""
    return {
        "left_table": left_table, "left_vendor": left["vendor"], "left_id": left["id"],
        "right_table": right_table, "right_vendor": right["vendor"], "right_id": right["id"],
        "currency": right["currency"],
    }  # fmt: skip


def _because(linked: Row, pair: Row | None = None) -> None:
    """Say why two records are linked: the rule, what agrees best, and all that does not; the rest in the tooltip.

    Where the `pair` is given it can be decided on.
    """
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(width="stretch"):
            _reasons(linked)
        if pair:
            with st.container(horizontal=True, width="content"):
                deciding.offer(pair, linked["link_status"])


def _reasons(linked: Row) -> None:
    reasons = findings.evidence(linked)
    agreeing = [r for r in reasons if r.get("agrees")]
    told = agreeing[:TOLD] + [r for r in reasons if not r.get("agrees")]
    words = " · ".join([f"**{plain(labels.rule(linked['rule']))}**", *(evidence.sentence_of(r) for r in told)])
    rest = "  \n".join(evidence.sentence_of(r) for r in agreeing[TOLD:]) or None
    if linked["link_status"] == "suggested":
        st.caption(f":orange[:material/help: {_('Perhaps')}] · {words}", help=rest)
    else:
        who = _("Confirmed by a person") if linked["link_status"] == "confirmed" else _("Linked")
        st.caption(f":green[:material/link: {who}] · {words}", help=rest)


def _money(payments: list[Row], invoice: Row | None = None) -> None:
    """Show what paid an invoice; what billing only recorded of money that is shown anyway is one word beside it."""
    arrived = [p for p in payments if p["method"] != "recorded"]
    for payment in arrived or payments:
        st.divider()
        payment_line(payment, invoice and sides("payments", payment, "invoices", invoice))
    if arrived and len(arrived) < len(payments):
        st.caption(f":green[:material/check:] {_('Billing knows of it too.')}")


def payment_line(payment: Row, pair: Row | None = None) -> None:
    """Show a payment: how much of it, when, by whom, and why it is here; `pair` is what can be decided on."""
    amount = money(payment["allocated"] if payment["allocated"] is not None else payment["amount"],
                   payment["allocated_currency"] or payment["currency"])  # fmt: skip
    part = ""
    if payment["allocated"] is not None and payment["allocated"] != payment["amount"]:
        part = " " + _("of {amount}").format(amount=money(payment["amount"], payment["currency"]))
    who = plain(payment["payer_name"] or labels.method(payment["method"]))
    icon = ":material/account_balance:" if payment["method"] == "transfer" else ":material/payments:"
    text = f" · “{plain(payment['reference'])}”" if payment["reference"] else ""
    st.markdown(f"{icon} **{plain(amount)}**{plain(part)} · {day(payment['paid_on'])} · {who}:gray[{text}]")
    _because(payment, pair and pair | {"amount": payment["allocated"]})


def preview(vendor: str, key: str) -> None:
    """Open an invoice over the page."""

    @st.dialog(_("Invoice"), width="large", icon=":material/receipt_long:")
    def opened() -> None:
        show(vendor, key)

    opened()


def show(vendor: str, key: str, *, alone: bool = False) -> None:
    """Show an invoice: number, state, parties, lines, totals, payments, and where it is in billing.

    `alone` it is what its page is about, and its number is the title.
    """
    invoice = deals.invoice(session.data(), vendor, key)
    if invoice is None:
        nothing(_("There is no such invoice"), _("It may have been deleted in billing."), ":material/search_off:")
        return
    currency = invoice["currency"]
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        called = plain(invoice["number"] or _("Draft"))
        (st.title if alone else st.subheader)(called, anchor=False, width="content")
        st.markdown(badge(invoice_state(invoice["state"])), width="content")
    if invoice["customer_id"]:
        link("customer", plain(invoice["customer_name"] or invoice["customer_id"]), ":material/groups:",
             customer=f"{vendor}:{invoice['customer_id']}")  # fmt: skip
    pairs = [
        (_("Customer"), plain(invoice["customer_name"] or "")),
        (_("Tax id"), plain(invoice["customer_tax_id"] or "–")),
        (_("Sent to"), plain(invoice["customer_email"] or "–")),
        (_("Issued"), day(invoice["issued_on"])),
        (_("Due"), day(invoice["due_on"])),
    ]
    if invoice["deal_reference"]:
        pairs.append((_("Reference"), plain(invoice["deal_reference"])))
    facts(pairs)
    lines(deals.lines(session.data(), "invoice", vendor, key))
    with st.grid(4, min_column_width=120):
        st.metric(_("Without tax"), money(invoice["net"], currency))
        st.metric(_("Tax"), money(invoice["tax"], currency))
        st.metric(_("Total"), money(invoice["gross"], currency))
        st.metric(_("Still open"), money(invoice["open_amount"], currency))
    _money(deals.payments(session.data(), vendor, key))
    archived.document(vendor, key)
    with st.container(horizontal=True, vertical_alignment="center"):
        for deal in deals.deals_of(session.data(), vendor, key):
            link("deals", plain(deal["title"]), ":material/handshake:", deal=f"{deal['vendor']}:{deal['id']}")
        if invoice["url"]:
            st.link_button(
                _("Open in {vendor}").format(vendor=labels.vendor(vendor)),
                invoice["url"],
                icon=":material/open_in_new:",
            )
        if invoice["pdf_url"]:
            st.link_button("PDF", invoice["pdf_url"], icon=":material/picture_as_pdf:")


def lines(rows: list[Row]) -> None:
    """Show the lines of a document."""
    if not rows:
        return
    counted = any(row.get("stock") is not None for row in rows)
    titles = [_("Line"), _("Quantity"), _("Price"), _("Tax"), _("Net")] + ([_("On hand")] if counted else [])
    head = f"| {' | '.join(titles)} |\n|:--{'|--:' * (len(titles) - 1)}|\n"
    st.markdown(head + "\n".join(_line(row, counted) for row in rows))


def _line(row: Row, counted: bool) -> str:
    whole = row["quantity"] is None or row["quantity"] == int(row["quantity"])
    net = row["net"]
    if net is None and row["quantity"] is not None and row["unit_price"] is not None:
        net = row["quantity"] * row["unit_price"]
    cells = [
        row["description"] or row["sku"] or "",
        number(row["quantity"], 0 if whole else 2),
        money(row["unit_price"], row["currency"]),
        "" if row["tax_rate"] is None else f"{number(row['tax_rate'])} %",
        money(net, row["currency"]),
    ]
    if counted:
        cells.append(
            "" if row["stock"] is None else number(row["stock"], 0 if row["stock"] == int(row["stock"]) else 2)
        )
    return "| " + " | ".join(plain(cell) for cell in cells) + " |"
