"""Deals: find one, then see it as one chain: quotes, invoices, payments, with the reason for every link."""

import streamlit as st

from dashboard import act, labels, session
from dashboard.address import bound, page
from dashboard.parts import badge, go, heading, link, nothing, plain, tall
from dashboard.read import Row, deals, findings
from dashboard.theme import invoice_state, severity
from dashboard.views import evidence, invoice, plan, quotes
from dashboard.words import DASH, _, day, money, several


def show() -> None:
    """Show the deal or invoice that the address names, else the list."""
    if named := st.query_params.get("deal"):
        vendor, _colon, key = named.partition(":")
        _one(vendor, key)
    elif named := st.query_params.get("invoice"):
        vendor, _colon, key = named.partition(":")
        link("deals", _("All deals"), ":material/arrow_back:")
        with st.container(border=True):
            invoice.show(vendor, key, alone=True)
        _findings(findings.about(session.data(), "invoices", vendor, key))
    else:
        _list()


def _list() -> None:
    heading(_("Deals"), _("Every deal with what was invoiced and paid. Click a row to see its chain."))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = bound(
            st.text_input, _("Search"), name="q", scope="deals", type="search", width=320,
            placeholder=_("Deal, customer, invoice"),
        )  # fmt: skip
        status = bound(
            st.pills, _("State"), ["won", "open", "lost"], name="status", scope="deals", format_func=labels.deal_status
        )
    found = deals.count(session.data(), text or "", status or "")
    if not found:
        nothing(
            _("No deal matches"), _("Search by title, customer, reference or invoice number."), ":material/search_off:"
        )
        return
    pages = -(-found // deals.PAGE)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{several('{count} deal', '{count} deals', found)}**", width="content")
        at = page(pages, "deals", (text, status))
    rows = deals.page(session.data(), text or "", status or "", at)
    shown = {
        "title": [r["title"] or r["id"] for r in rows],
        "amount": [money(r["amount"], r["currency"]) for r in rows],
        "customer": [r["customer"] or "" for r in rows],
        "status": [labels.deal_status(r["status"]) for r in rows],
        "won": [day(r["won_on"]) for r in rows],
        "invoiced": [money(r["invoiced"], r["currency"]) if r["invoices"] else DASH for r in rows],
        "paid": [money(r["paid"], r["currency"]) if r["invoices"] else DASH for r in rows],
        "invoice": [r["invoice_number"] or "" for r in rows],
        "state": [_state(r["invoice_status"]) for r in rows],
    }
    sums = {"amount": _("Amount"), "invoiced": _("Invoiced"), "paid": _("Paid")}
    right = {n: st.column_config.TextColumn(title, width=105, alignment="right") for n, title in sums.items()}
    config = {
        "title": st.column_config.TextColumn(_("Deal"), width=190),
        "customer": st.column_config.TextColumn(_("Customer"), width=155),
        "status": st.column_config.TextColumn(_("State"), width=60),
        "won": st.column_config.TextColumn(_("Won"), width=90),
        "invoice": st.column_config.TextColumn(_("Invoice"), width=95),
        "state": st.column_config.TextColumn(_("Invoice state"), width=140),
    } | right
    state = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row", key="deals-list",
        height=tall(len(rows), 640), alt=_("Deals"),
    )  # fmt: skip
    if picked := [rows[i] for i in state.selection.rows if i < len(rows)]:
        go("deals", deal=f"{picked[0]['vendor']}:{picked[0]['id']}")


def _state(value: str | None) -> str:
    return f"{invoice_state(value).sign} {invoice_state(value).word}" if value else ""


def _one(vendor: str, key: str) -> None:
    deal = deals.deal(session.data(), vendor, key)
    link("deals", _("All deals"), ":material/arrow_back:")
    if deal is None:
        nothing(
            _("There is no such deal"), _("It may have been deleted or merged in the CRM."), ":material/search_off:"
        )
        return
    _head(deal)
    found = findings.about(session.data(), "deals", vendor, key)
    _findings(found)
    plan.show(deal, any(f["action"] == "create_invoice" and f["state"] == "open" for f in found))
    left, right = st.columns([5, 3], gap="medium")
    with left:
        _chain(deal)
        _lines(deals.lines(session.data(), "deal", vendor, key))
    with right:
        _sides(deals.customers(session.data(), vendor, key))


def _head(deal: Row) -> None:
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(plain(deal["title"] or deal["id"]), anchor=False)
        if deal["url"]:
            st.link_button(
                _("Open in {vendor}").format(vendor=labels.vendor(deal["vendor"])),
                deal["url"],
                icon=":material/open_in_new:",
            )
    if deal["customer_id"]:
        link("customer", plain(deal["customer"] or deal["customer_id"]), ":material/groups:",
             customer=f"{deal['vendor']}:{deal['customer_id']}")  # fmt: skip
    said = ["" if deal["customer_id"] else plain(deal["customer"] or ""), labels.deal_status(deal["status"])]
    if deal["won_on"]:
        said.append(_("won {day}").format(day=day(deal["won_on"])))
    said += [plain(deal[name]) for name in ("owner", "reference") if deal[name]]
    st.caption(" · ".join(s for s in said if s))
    currency = deal["currency"]
    basis = {"net": _("without tax"), "gross": _("with tax")}.get(deal["basis"] or "", "")
    with st.grid(4, min_column_width=150):
        st.metric(_("Deal"), money(deal["amount"], currency), border=True)
        st.metric(_("Invoiced"), money(deal["invoiced"], currency), border=True, help=basis or None)
        st.metric(_("Paid"), money(deal["paid"], currency), border=True, help=_("With tax, as it arrived"))
        st.metric(_("Left to invoice"), money(deal["remaining"], currency), border=True, help=basis or None)
    if deal["currency_differs"]:
        st.warning(
            _("An invoice is in another currency than the deal ({deal} and {invoice}): amounts are neither "
              "compared nor written to the CRM.").format(deal=currency, invoice=deal["invoice_currency"]),
            icon=":material/currency_exchange:",
        )  # fmt: skip


def _findings(found: list[Row]) -> None:
    for finding in found:
        with st.container(border=True):
            with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
                text = f"{badge(severity(finding['severity']))} **{plain(_(finding['title']))}**"
                amount = plain(money(finding["amount_at_stake"], finding["currency"]))
                st.markdown(f"{text} · {amount}", width="content")
                if finding["action"] and finding["state"] == "open":
                    label = labels.fix(finding["action"]) + " …"
                    if st.button(label, key=f"fix-{finding['id']}", type="primary", icon=":material/visibility:"):
                        act.preview((finding["id"],))
                elif finding["state"] != "open":
                    st.badge(labels.state(finding["state"]), color="gray")
            if finding["why"]:
                st.caption(plain(_(finding["why"])))
            evidence.show(findings.evidence(finding), finding["check"])


def _chain(deal: Row) -> None:
    st.subheader(_("From offer to money"), anchor=False)
    for quote in deals.quotes(session.data(), deal["vendor"], deal["id"]):
        quotes.card(quote)
    found = deals.invoices(session.data(), deal["vendor"], deal["id"])
    if not found:
        nothing(
            _("No invoice"), _("Nothing was invoiced for this deal, as far as billing says."), ":material/receipt_long:"
        )
    for one in found:
        invoice.card(one, deal)
    if ahead := deals.money_ahead(session.data(), deal["vendor"], deal["id"]):
        with st.container(border=True):
            st.markdown(f"**{_('Paid for this deal, and for no invoice yet')}**")
            for payment in ahead:
                invoice.payment_line(payment, invoice.sides("payments", payment, "deals", deal))


def _sides(sides: list[Row]) -> None:
    if not sides:
        return
    st.subheader(_("Customer"), anchor=False)
    fields = {"name": _("Name"), "tax_id": _("Tax id"), "email": _("E-mail"), "street": _("Street"),
              "postcode": _("Postcode"), "city": _("City"), "country": _("Country")}  # fmt: skip
    names = " | ".join(plain(labels.vendor(side["vendor"])) for side in sides)
    rows = []
    for field, title in fields.items():
        values = [side[field] for side in sides]
        if not any(values):
            continue
        differs = len({str(v).casefold().strip() for v in values if v}) > 1
        shown = [plain(labels.held(field, v)) for v in values]
        cells = [f"**{one}**" if differs else one for one in shown]
        sign = ":orange[≠]" if differs else ""
        rows.append(f"| {title} {sign} | " + " | ".join(cells) + " |")
    st.markdown(f"| | {names} |\n|:--|{':--|' * len(sides)}\n" + "\n".join(rows))
    with st.container(horizontal=True):
        for side in sides:
            if side["url"]:
                said = _("Open in {vendor}").format(vendor=labels.vendor(side["vendor"]))
                st.link_button(said, side["url"], icon=":material/open_in_new:")


def _lines(rows: list[Row]) -> None:
    if rows:
        st.subheader(_("What was sold"), anchor=False)
        invoice.lines(rows)
