"""Reconciliation: everything from offer to money, what waits for a person, linking by hand, decisions and rules."""

from collections.abc import Callable

import streamlit as st

from dashboard import deciding, session
from dashboard.address import bound, page
from dashboard.parts import badge, go, heading, link, nothing, plain
from dashboard.read import Row, matching
from dashboard.theme import invoice_state
from dashboard.views import by_hand, decided, everything, invoice, pairs, review, rules
from dashboard.words import DASH, _, day, money, number, several
from reconcile.state import state


def show() -> None:
    """Lay out the part that is chosen."""
    heading(
        _("Reconciliation"), _("What belongs together from offer to money, and why. What you decide stays decided.")
    )
    deciding.report()
    data, heard = session.data(), deciding.heard()
    waiting = matching.waiting(data, heard)
    parts: dict[str, tuple[str, int, Callable[[], None]]] = {
        "review": (_("To decide"), sum(waiting.values()), lambda: review.show(waiting, heard)),
        "bank": (_("Money without an invoice"), matching.count_loose(data), lambda: _bank(heard)),
        "invoices": (_("Invoices without a deal"), matching.count_unlinked(data), lambda: _unlinked(heard)),
        "all": (_("Everything"), 0, everything.show),
        "hand": (_("Link by hand"), 0, by_hand.show),
        "decided": (_("Decided"), state(data).count_decided("link"), decided.show),
        "rules": (_("Rules"), 0, rules.show),
    }
    first = next((key for key in ("review", "bank", "invoices") if parts[key][1]), "all")
    chosen = bound(
        st.segmented_control, _("What to decide"), list(parts), name="part", scope="match", default=first,
        required=True, label_visibility="collapsed", wrap=True,
        format_func=lambda key: parts[key][0] + (f" · {number(parts[key][1])}" if parts[key][1] else ""),
    )  # fmt: skip
    parts[chosen or first][2]()


def _page(found: int, of: object) -> int:
    return page(-(-found // matching.PAGE), "match", of)


def _candidates(keys: list[str], heard: matching.Heard) -> tuple[dict[str, list[Row]], dict[str, Row]]:
    """Return what is suggested for each of these records and not declined meanwhile, and the records it names."""
    found = {
        key: [row for row in rows if matching.pair(row) not in heard.declined]
        for key, rows in matching.links_of(session.data(), tuple(keys)).items()
    }
    named = {row["answer"] for rows in found.values() for row in rows}
    return found, matching.records(session.data(), tuple(sorted(named)))


def _bank(heard: matching.Heard) -> None:
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
    rows = matching.loose_money(session.data(), _page(found, "bank"))
    keys = [f"payments:{row['vendor']}:{row['id']}" for row in rows]
    suggested, records = _candidates(keys, heard)
    for payment, key in zip(rows, keys, strict=True):
        if key in heard.answered:
            continue
        with st.container(border=True):
            with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
                with st.container(width="content", gap="xsmall"):
                    _money(payment)
                if st.button(_("Find the invoice"), key=f"allocate-{key}", icon=":material/search:"):
                    go("reconciliation", part="hand", what="payment", payment=f"{payment['vendor']}:{payment['id']}")
            candidates = suggested.get(key, [])
            if len(candidates) > 1:
                told = _("{count} fit equally well or nearly so; which is it?")
                st.caption(told.format(count=number(len(candidates))))
            for row in candidates:
                pairs.candidate(row, records)


def _money(payment: Row) -> None:
    amount = plain(money(payment["amount"], payment["currency"]))
    who = plain(payment["payer_name"] or DASH)
    st.markdown(f":material/account_balance: **{amount}** · {day(payment['paid_on'])} · {who}")
    said = [f"“{payment['reference']}”"] if payment["reference"] else []
    if payment["unallocated"] != payment["amount"]:
        said.append(_("{amount} of it is free").format(amount=money(payment["unallocated"], payment["currency"])))
    if said:
        st.caption(plain(" · ".join(said)))


def _unlinked(heard: matching.Heard) -> None:
    text = bound(
        st.text_input, _("Search"), name="q", scope="match", type="search", width=320,
        placeholder=_("Number, customer or amount"),
    )  # fmt: skip
    found = matching.count_unlinked(session.data(), text or "")
    if not found:
        nothing(_("Every invoice has its deal"), _("Invoices made in billing by hand would be listed here."))
        return
    st.caption(
        several(
            "{count} invoice was made in billing and belongs to no deal. It counts in all totals.",
            "{count} invoices were made in billing and belong to no deal. They count in all totals.",
            found,
        )
    )
    rows = matching.unlinked(session.data(), text or "", _page(found, text))
    keys = [f"invoices:{row['vendor']}:{row['id']}" for row in rows]
    suggested, records = _candidates(keys, heard)
    for row, key in zip(rows, keys, strict=True):
        if key not in heard.answered:
            _lonely(row, [one for one in suggested.get(key, []) if one["left_table"] == "deals"], records)


def _lonely(row: Row, suggested: list[Row], records: dict[str, Row]) -> None:
    """Show an invoice without a deal, the deals that may be its own, and a way to find another."""
    mark = f"{row['vendor']}-{row['id']}"
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            with st.container(width="content", gap="xsmall"):
                said = f"**{plain(row['number'] or _('Draft'))}** · {plain(money(row['amount'], row['currency']))}"
                st.markdown(f"{said} {badge(invoice_state(row['state']))}")
                st.caption(plain(f"{row['customer'] or DASH} · {day(row['issued_on'])}"))
            with st.container(horizontal=True, width="content"):
                if st.button(_("Preview"), key=f"look-{mark}", type="tertiary", icon=":material/receipt_long:"):
                    invoice.preview(row["vendor"], row["id"])
                with st.popover(_("Find the deal"), icon=":material/search:"):
                    text = st.text_input(_("Title, customer or reference"), row["customer"] or "", key=f"deal-{mark}")
                    deal = by_hand.choose_deal(text or "", f"pick-{mark}")
                    if deal and st.button(_("Link"), key=f"link-{mark}", type="primary"):
                        deciding.link(invoice.sides("deals", deal, "invoices", row), "confirmed")
        for one in suggested:
            pairs.candidate(one, records)
