"""Linking by hand: search, tick several, and say how much of a payment is for which invoice."""

import datetime as dt
from decimal import Decimal, InvalidOperation

import streamlit as st

from dashboard import deciding, session
from dashboard.address import bound
from dashboard.parts import badge, nothing, plain
from dashboard.read import Row, deals, likely, matching
from dashboard.theme import invoice_state
from dashboard.views import pairs
from dashboard.views.invoice import sides
from dashboard.words import DASH, _, day, money, several
from reconcile.state import Decision

MOST = 15  # records offered by a search
OFFERED = 8  # invoices beside which amounts are typed


def show() -> None:
    """Lay out what is to be linked with what."""
    named = st.query_params.get("payment")
    what = bound(
        st.segmented_control, _("What to link"), ["deal", "payment"], name="what", scope="hand", required=True,
        default="payment" if named else "deal", label_visibility="collapsed",
        format_func={"deal": _("Invoices to a deal"), "payment": _("A payment to invoices")}.__getitem__,
    )  # fmt: skip
    if what == "payment":
        _payment(named)
    else:
        _deal()


def _deal() -> None:
    """Search invoices, tick them, add them to a deal; an invoice that has a deal already is pointed out."""
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(f"**{_('1. The deal')}**")
        text = st.text_input(_("Title, customer or reference"), key="hand-deal", type="search", placeholder=_("Search"))
        deal = choose_deal(text or "", "hand-pick")
    with right:
        st.markdown(f"**{_('2. Its invoices')}**")
        text = st.text_input(
            _("Number, customer or amount"), key="hand-invoice", type="search", placeholder=_("Search")
        )
        rows = _likely(_wanted("deals", deal, deal["won_on"]), MOST) if deal and not text else []
        rows = rows or matching.open_invoices(session.data(), text or "", most=MOST)
        so_far = len(st.session_state.get(deciding.DONE, []))  # what was linked is not ticked for the next deal
        ticked = [row for row in rows if st.checkbox(_ticked(row), key=f"tick-{so_far}-{row['vendor']}-{row['id']}")]
        if not rows:
            st.caption(_("No invoice matches."))
    if twice := [row for row in ticked if row["deal_count"]]:
        numbers = ", ".join(str(row["number"]) for row in twice)
        said = _("Already on another deal: {numbers}. Linked again, the amount is shared between the deals.")
        st.warning(said.format(numbers=plain(numbers)), icon=":material/warning:")
    label = several("Add {count} invoice", "Add {count} invoices", len(ticked))
    if st.button(label, type="primary", icon=":material/link:", disabled=not (ticked and deal)) and deal:
        deciding.links([sides("deals", deal, "invoices", row) for row in ticked])


def _wanted(table: str, row: Row, day: dt.date | None) -> likely.Wanted:
    return likely.Wanted(table, row["customer"], row["amount"], row["currency"], day)


def _likely(wanted: likely.Wanted, most: int) -> list[Row]:
    """Return what is offered before anything is searched: invoices of the customer, or of the amount."""
    rows = likely.invoices(session.data(), wanted, most)
    if rows:
        st.caption(_("Of this customer or of this amount, not linked yet:"))
    return rows


def choose_deal(text: str, key: str) -> Row | None:
    """Let the reader choose one of the deals that a text matches; None where none does."""
    found = deals.page(session.data(), text, "", 1, MOST)
    if not found:
        st.caption(_("No deal matches."))
        return None
    names = [plain(d["title"] or d["id"]) for d in found]
    told = [plain(f"{money(d['amount'], d['currency'])} · {d['customer'] or DASH}") for d in found]
    at = st.radio(_("Deal"), range(len(found)), format_func=names.__getitem__, key=key, captions=told,
                  label_visibility="collapsed")  # fmt: skip
    return found[at] if at is not None and at < len(found) else None


def _ticked(row: Row) -> str:
    text = f"{row['number'] or _('Draft')} · {row['customer'] or DASH} · {money(row['amount'], row['currency'])}"
    return plain(text) + f" {badge(invoice_state(row['state']))}"


def _payment(named: str | None) -> None:
    """Choose a payment, then its invoices."""
    if named:
        key = f"payments:{named}"
    else:
        text = st.text_input(
            _("Payer, text, account or amount"), key="hand-payment", type="search", placeholder=_("Search")
        )
        found = matching.payments(session.data(), text or "", MOST)
        if not found:
            nothing(_("No payment matches"), _("Search by payer, text, account or amount."), ":material/search_off:")
            return
        names = [_named(p) for p in found]
        at = st.radio(_("Payment"), range(len(found)), format_func=names.__getitem__, key="hand-money",
                      label_visibility="collapsed")  # fmt: skip
        chosen = found[at or 0] if (at or 0) < len(found) else found[0]
        key = f"payments:{chosen['vendor']}:{chosen['id']}"
    payment = matching.records(session.data(), (key,)).get(key)
    if payment is None:
        nothing(_("There is no such payment"), _("It may have been deleted at the bank."), ":material/search_off:")
        return
    with st.container(border=True):
        st.markdown(pairs.line(payment, key))
        allocate(payment, key)


def _named(payment: Row) -> str:
    said = [money(payment["amount"], payment["currency"]), day(payment["paid_on"]), payment["payer_name"] or DASH,
            payment["reference"] or ""]  # fmt: skip
    if payment["unallocated"]:
        said.append(_("{amount} free").format(amount=money(payment["unallocated"], payment["currency"])))
    return " · ".join(s for s in said if s)


def allocate(payment: Row, key: str) -> None:
    """Let the reader say how much of a payment is for which invoice: never more than either of them."""
    now = [row for row in matching.links_of(session.data(), (key,), standing=True).get(key, [])
           if row["right_table"] == "invoices"]  # fmt: skip
    basket: list[str] = st.session_state.setdefault(f"basket:{key}", [row["answer"] for row in now])
    left, right = st.columns([3, 2], gap="medium")
    with left:
        text = st.text_input(_("Number, customer or amount"), key=f"find-{key}", type="search", placeholder=_("Search"))
        _offer(text, payment, key, basket)
    with right:
        _split(payment, key, basket, now)


def _split(payment: Row, key: str, basket: list[str], now: list[Row]) -> None:
    """Show how much goes to which of the ticked invoices, and keep it when that is wished."""
    if not basket and not now:
        st.caption(_("Search the invoices that this payment is for, and tick them."))
        return
    given = _grid(payment, key, basket, {row["answer"]: row for row in now})
    if given is None:
        return
    out = [row for row in now if row["answer"] not in basket]
    label = _("Keep this split") if len(given) > 1 or out else _("Link")
    if st.button(label, key=f"link-{key}", type="primary", icon=":material/link:", disabled=not (given or out)):
        st.session_state.pop(f"basket:{key}")
        told = several("{count} invoice linked.", "{count} invoices linked.", len(given))
        deciding.keep([*given, *(deciding.pair(row, "rejected") for row in out)], told)


def _offer(text: str | None, payment: Row, key: str, basket: list[str]) -> None:
    """Show the invoices that a text matches, or that are likely, to be ticked."""
    if text:
        rows = matching.open_invoices(session.data(), text, payment["currency"], OFFERED)
        if not rows:
            st.caption(_("No invoice in {currency} matches.").format(currency=payment["currency"]))
    else:
        rows = _likely(_wanted("payments", payment, payment["on_day"]), OFFERED)
    for row in rows:
        one = f"invoices:{row['vendor']}:{row['id']}"
        st.checkbox(_ticked(row), one in basket, key=f"add-{key}-{one}", on_change=_turn, args=(basket, one))


def _turn(basket: list[str], one: str, tick: str = "") -> None:
    """Put an invoice in or take it out; `tick` is the key of its box, where another button did it."""
    if one in basket:
        basket.remove(one)
    else:
        basket.append(one)
    if tick and tick in st.session_state:
        st.session_state[tick] = one in basket


def _grid(payment: Row, key: str, basket: list[str], now: dict[str, Row]) -> list[Decision] | None:
    """Show a line per invoice with its amount; return the decisions, None where an amount cannot stand."""
    invoices = matching.records(session.data(), tuple(basket))
    left, good, given = payment["amount"], True, []
    for one in list(basket):
        row = invoices.get(one)
        if row is None:
            basket.remove(one)
            continue
        mine = now[one]["amount"] if one in now else Decimal(0)
        room = max(min(row["amount"], (row["room"] or Decimal(0)) + mine), Decimal(0))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            told = _("{number} · {open} open").format(number=row["title"], open=money(room, row["currency"]))
            first = mine or max(min(left, room), Decimal(0))
            typed = st.text_input(plain(told), f"{first:.2f}", key=f"give-{key}-{one}", width=220)
            st.button(_("Take out"), key=f"out-{key}-{one}", icon=":material/close:", type="tertiary", on_click=_turn,
                      args=(basket, one, f"add-{key}-{one}"))  # fmt: skip
        amount = _amount(typed)
        if amount == 0:
            good = False
            st.warning(_("Nothing is given to {number}: lower another amount, or take it out.").format(
                number=plain(row["title"])))  # fmt: skip
            continue
        if amount is None or amount < 0:
            good = False
            st.error(_('"{text}" is not an amount above 0; write it like 1250.50').format(text=plain(typed)))
            continue
        if amount > room:
            good = False
            st.error(_("Only {open} of {number} is open: lower the amount.").format(
                open=money(room, row["currency"]), number=plain(row["title"])))  # fmt: skip
        left -= amount
        given.append(deciding.pair(sides("payments", payment, "invoices", row), "confirmed", amount))
    st.markdown(plain(_("{given} of {amount} is allocated, {left} is left.").format(
        given=money(payment["amount"] - left, payment["currency"]), left=money(left, payment["currency"]),
        amount=money(payment["amount"], payment["currency"]))))  # fmt: skip
    if left < 0:
        st.error(_("That is more than the payment: lower an amount."), icon=":material/error:")
    return given if good and left >= 0 else None


def _amount(text: str | None) -> Decimal | None:
    try:
        return Decimal((text or "").strip().replace(" ", "").replace(",", "."))
    except InvalidOperation:
        return None
