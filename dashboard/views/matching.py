"""Reconciliation: pairs that the rules did not dare to link, for a person to decide; linking by hand."""

from collections.abc import Callable

import streamlit as st

from dashboard import deciding, labels, session
from dashboard.address import bound, page
from dashboard.parts import badge, heading, link, nothing, plain
from dashboard.read import Row, deals, findings, matching
from dashboard.theme import invoice_state
from dashboard.views import evidence, invoice
from dashboard.words import DASH, _, day, money, number, several


def show() -> None:
    """Lay out the part that is chosen."""
    heading(_("Reconciliation"), _("Pairs that are likely but not certain. What you decide here is never asked again."))
    waiting = matching.waiting(session.data())
    parts: dict[str, tuple[str, int, Callable[[], None]]] = {
        "bank": (_("Money without an invoice"), matching.count_loose(session.data()), _bank),
        "invoices": (_("Invoices without a deal"), matching.count_unlinked(session.data()), _unlinked),
        "deals": (_("Deal or invoice?"), waiting.get(("deals", "invoices"), 0), _deals),
        "customers": (_("Same customer?"), waiting.get(("customers", "customers"), 0),
                      _customers),
        "hand": (_("Link by hand"), 0, _by_hand),
    }  # fmt: skip
    first = next((key for key, (_title, found, _view) in parts.items() if found), "hand")
    chosen = bound(
        st.segmented_control, _("What to decide"), list(parts), name="part", scope="match", default=first,
        required=True, label_visibility="collapsed", wrap=True,
        format_func=lambda key: parts[key][0] + (f" · {number(parts[key][1])}" if parts[key][1] else ""),
    )  # fmt: skip
    parts[chosen or first][2]()


def _deals() -> None:
    _suggested("deals", "invoices")


def _customers() -> None:
    _suggested("customers", "customers")


def _page(found: int, of: object) -> int:
    return page(-(-found // matching.PAGE), "match", of)


def _suggested(left: str, right: str) -> None:
    found = matching.waiting(session.data()).get((left, right), 0)
    if not found:
        nothing(_("Nothing to decide"), _("Every pair here is certain, or was decided."))
        return
    for group in matching.suggested(session.data(), left, right, _page(found, (left, right))):
        first = group[0]
        with st.container(border=True):
            st.markdown(f"**{labels.table(left)}** {_side(first, 'left')}")
            if len(group) > 1:
                st.caption(_("{count} fit equally well or nearly so; which is it?").format(count=number(len(group))))
            for row in group:
                _candidate(row)


def _side(row: Row, side: str) -> str:
    """Return one side of a pair as a line."""
    said = [row[f"{side}_title"] or row[f"{side}_id"], row[f"{side}_customer"]]
    if row[f"{side}_amount"] is not None:
        said.append(money(row[f"{side}_amount"], row[f"{side}_currency"]))
    if row[f"{side}_on"]:
        said.append(day(row[f"{side}_on"]))
    if row.get(f"{side}_says"):
        said.append(row[f"{side}_says"])
    said.append(labels.vendor(row[f"{side}_vendor"]))
    return plain(" · ".join(str(s) for s in said if s))


def _candidate(row: Row) -> None:
    """Show one candidate with its evidence and let the reader decide."""
    mark = f"{row['left_vendor']}-{row['left_id']}-{row['right_vendor']}-{row['right_id']}"
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"**{labels.table(row['right_table'])}** {_side(row, 'right')}", width="content")
            with st.container(horizontal=True, width="content"):
                if row["right_table"] == "invoices" and st.button(
                    _("Preview"), key=f"look-{mark}", type="tertiary", icon=":material/receipt_long:"
                ):
                    invoice.preview(row["right_vendor"], row["right_id"])
                if st.button(_("Yes, link"), key=f"yes-{mark}", icon=":material/link:"):
                    deciding.link(row, "confirmed")
                if st.button(_("No"), key=f"no-{mark}", icon=":material/close:"):
                    deciding.link(row, "rejected")
        st.caption(plain(labels.rule(row["rule"])))
        evidence.show(findings.evidence(row))


def _bank() -> None:
    found = matching.count_loose(session.data())
    if not found:
        nothing(
            _("All money is accounted for"),
            _("Every payment that came is for an invoice."),
            ":material/account_balance:",
        )
        link("import", _("Import a bank statement"), ":material/upload_file:")
        return
    st.caption(several("{count} payment is not, or not wholly, for an invoice.",
                       "{count} payments are not, or not wholly, for an invoice.", found))  # fmt: skip
    for payment in matching.loose_money(session.data(), _page(found, "bank")):
        with st.container(border=True):
            with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
                with st.container(width="content", gap="xsmall"):
                    _money(payment)
                _choose_invoice(payment)
            rows = matching.candidates(session.data(), payment["vendor"], payment["id"])
            for row in rows:
                _candidate(row | {"right_says": None})


def _money(payment: Row) -> None:
    amount = plain(money(payment["amount"], payment["currency"]))
    who = plain(payment["payer_name"] or DASH)
    st.markdown(f":material/account_balance: **{amount}** · {day(payment['paid_on'])} · {who}")
    said = [f"“{payment['reference']}”"] if payment["reference"] else []
    if payment["unallocated"] != payment["amount"]:
        said.append(_("{amount} of it is free").format(amount=money(payment["unallocated"], payment["currency"])))
    if said:
        st.caption(plain(" · ".join(said)))


def _choose_invoice(payment: Row) -> None:
    """Let the reader find the invoice that a payment is for."""
    with st.popover(_("Find the invoice"), icon=":material/search:"):
        mark = f"{payment['vendor']}-{payment['id']}"
        text = st.text_input(_("Number, customer or amount"), key=f"find-{mark}", type="search")
        if not text:
            return
        rows = matching.open_invoices(session.data(), text, payment["currency"])
        if not rows:
            st.caption(_("No invoice in {currency} matches.").format(currency=payment["currency"]))
            return
        names = {
            i: f"{r['number']} · {r['customer']} · {money(r['open_amount'], r['currency'])}" for i, r in enumerate(rows)
        }
        at = st.radio(_("Invoice"), list(names), format_func=names.__getitem__, key=f"pick-{mark}")
        if st.button(_("Link"), key=f"link-{mark}", type="primary"):
            deciding.link(_pair("payments", payment, "invoices", rows[at]) | {
                "amount": min(payment["unallocated"], rows[at]["open_amount"] or payment["unallocated"]),
                "currency": rows[at]["currency"],
            }, "confirmed")  # fmt: skip


def _unlinked() -> None:
    text = bound(
        st.text_input, _("Search"), name="q", scope="match", type="search", width=320,
        placeholder=_("Number, customer or amount"),
    )  # fmt: skip
    found = matching.count_unlinked(session.data(), text or "")
    if not found:
        nothing(_("Every invoice has its deal"), _("Invoices made in billing by hand would be listed here."))
        return
    one = "{count} invoice was made in billing and belongs to no deal. It counts in all totals."
    many = "{count} invoices were made in billing and belong to no deal. They count in all totals."
    st.caption(several(one, many, found))
    for row in matching.unlinked(session.data(), text or "", _page(found, text)):
        with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            with st.container(width="content", gap="xsmall"):
                said = f"**{plain(row['number'] or _('Draft'))}** · {plain(money(row['amount'], row['currency']))}"
                st.markdown(f"{said} {badge(invoice_state(row['state']))}")
                st.caption(plain(f"{row['customer'] or DASH} · {day(row['issued_on'])}"))
            with st.container(horizontal=True, width="content"):
                mark = f"{row['vendor']}-{row['id']}"
                if st.button(_("Preview"), key=f"look-{mark}", type="tertiary", icon=":material/receipt_long:"):
                    invoice.preview(row["vendor"], row["id"])
                _choose_deal(row, mark)


def _choose_deal(row: Row, mark: str) -> None:
    with st.popover(_("Find the deal"), icon=":material/search:"):
        text = st.text_input(_("Title, customer or reference"), value=row["customer"] or "", key=f"deal-{mark}")
        found = deals.page(session.data(), text, "", 1, 15)
        if not found:
            st.caption(_("No deal matches."))
            return
        names = {
            i: f"{d['title']} · {d['customer']} · {money(d['amount'], d['currency'])}" for i, d in enumerate(found)
        }
        at = st.radio(_("Deal"), list(names), format_func=names.__getitem__, key=f"pick-{mark}")
        if st.button(_("Link"), key=f"link-{mark}", type="primary"):
            deciding.link(_pair("deals", found[at], "invoices", row) | {"currency": row["currency"]}, "confirmed")


def _by_hand() -> None:
    """Search invoices, tick them, add them to a deal; an invoice that has a deal already is pointed out."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**{_('1. The deal')}**")
        text = st.text_input(_("Title, customer or reference"), key="hand-deal", type="search")
        found = deals.page(session.data(), text or "", "", 1, 15)
        names = {
            i: f"{d['title']} · {d['customer']} · {money(d['amount'], d['currency'])}" for i, d in enumerate(found)
        }
        at = st.radio(
            _("Deal"), list(names), format_func=names.__getitem__, key="hand-pick", label_visibility="collapsed"
        )
    with right:
        st.markdown(f"**{_('2. Its invoices')}**")
        text = st.text_input(_("Number, customer or amount"), key="hand-invoice", type="search")
        rows = matching.open_invoices(session.data(), text or "")
        ticked = [row for row in rows if st.checkbox(_ticked(row), key=f"tick-{row['vendor']}-{row['id']}")]
    if twice := [row for row in ticked if row["deal_count"]]:
        numbers = ", ".join(str(row["number"]) for row in twice)
        said = _("Already on another deal: {numbers}. Linked again, the amount is shared between the deals.")
        st.warning(said.format(numbers=plain(numbers)), icon=":material/warning:")
    label = several("Add {count} invoice", "Add {count} invoices", len(ticked))
    if st.button(label, type="primary", icon=":material/link:", disabled=not (ticked and found)):
        deciding.links([_pair("deals", found[at], "invoices", row) | {"currency": row["currency"]} for row in ticked])


def _ticked(row: Row) -> str:
    text = f"{row['number']} · {row['customer']} · {money(row['amount'], row['currency'])}"
    return plain(text) + f" {badge(invoice_state(row['state']))}"


def _pair(left_table: str, left: Row, right_table: str, right: Row) -> Row:
    return {
        "left_table": left_table, "left_vendor": left["vendor"], "left_id": left["id"],
        "right_table": right_table, "right_vendor": right["vendor"], "right_id": right["id"],
    }  # fmt: skip
