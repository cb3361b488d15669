"""The bar under a page's own filters: which invoices, and by which of their five properties they are summed.

All of it stands in the page's address, under the same names on every page: a link shows what its sender saw.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import streamlit as st

from dashboard import narrow, session
from dashboard.address import bound
from dashboard.parts import plain, sums, tall
from dashboard.read import custom, figures
from dashboard.read.billed import PROPERTIES, STATES, WITHOUT, Billed
from dashboard.read.custom import Asked
from dashboard.theme import invoice_state
from dashboard.words import DASH, _, locale, money, number, several

Query = Mapping[str, Sequence[str]]
DUE = ("overdue", "7_days", "30_days", "month", "last_month", "undated", "own")
BANDS = (None, 0, 100, 1_000, 10_000, 100_000, None)  # bounds of the groups by amount


def read(query: Query, today: dt.date) -> Billed:
    """Return which invoices the address of a page asks for; what cannot be read there asks for nothing."""
    start, until = due(query, today)
    return Billed(
        typed(_first(query, "inv_from")), typed(_first(query, "inv_to")), _first(query, "inv_currency"),
        _first(query, "inv_recipient"), _first(query, "inv_number"),
        tuple(s for s in query.get("inv_state", ()) if s in (*STATES, WITHOUT)), start, until,
        _first(query, "inv_due") == "undated",
    )  # fmt: skip


def grouping(query: Query) -> str:
    """Return the property that the address of a page groups by; empty for none."""
    said = _first(query, "group")
    return said if said in PROPERTIES else ""


def due(query: Query, today: dt.date) -> tuple[dt.date | None, dt.date | None]:
    """Return between which days, both included, the address of a page wants invoices to be due."""
    one = dt.timedelta(days=1)
    match _first(query, "inv_due"):
        case "overdue":
            return None, today - one
        case "7_days":
            return today, today + 7 * one
        case "30_days":
            return today, today + 30 * one
        case "month":
            first = today.replace(day=1)
            return first, (first + 32 * one).replace(day=1) - one
        case "last_month":
            found = narrow.named("last_month", today)
            return found.start, found.until
        case "own":
            return _day(_first(query, "inv_due_from")), _day(_first(query, "inv_due_to"))
    return None, None


def typed(text: str | None) -> Decimal | None:
    """Return an amount that somebody typed, e.g. 1250,50; None where it is none."""
    try:
        found = Decimal((text or "").replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace(",", "."))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _first(query: Query, name: str) -> str:
    return next(iter(query.get(name, ())), "")


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def here() -> dict[str, list[str]]:
    """Return what stands in the address of the page."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def choose(scope: str) -> tuple[Billed, str]:
    """Let the reader say which invoices, and by what they are grouped; return both."""
    told = properties()
    with st.popover(_("Invoice"), icon=":material/receipt_long:", key=f"{scope}-invoice"):
        _fields(scope)
    chosen = read(here(), session.day())
    if chosen.asks:
        st.badge(several("{count} filter", "{count} filters", chosen.asks), icon=":material/filter_alt:", color="blue")
    bound(
        st.selectbox, _("Group by"), list(PROPERTIES), name="group", scope=scope, format_func=told.__getitem__,
        placeholder=_("Nothing"), width=170, index=None, filter_mode=None,
    )  # fmt: skip
    return chosen, grouping(here())


def _fields(scope: str) -> None:
    with st.container(horizontal=True):
        for name, label in (("inv_from", _("Amount billed from")), ("inv_to", _("Amount billed to"))):
            said = bound(st.text_input, label, name=name, scope=scope, placeholder="1000", width=150)
            if said and typed(said) is None:
                st.warning(_('"{text}" is not an amount; write it like 1250.50').format(text=plain(said)))
        known = figures.currencies(session.data())
        bound(st.selectbox, _("Currency"), known, name="inv_currency", scope=scope, placeholder=_("Any"), width=110,
              index=None)  # fmt: skip
    exact = _('Part of it, or all of it in "quotes"')
    bound(st.text_input, _("Recipient"), name="inv_recipient", scope=scope, help=exact)
    bound(st.text_input, _("Invoice number"), name="inv_number", scope=scope, help=exact)
    bound(
        st.multiselect, _("Invoice state"), [*STATES, WITHOUT], name="inv_state", scope=scope, default=[],
        format_func=state_word, placeholder=_("Any"),
    )  # fmt: skip
    words = {
        "overdue": _("Before today"), "7_days": _("In the next 7 days"), "30_days": _("In the next 30 days"),
        "month": _("This month"), "last_month": _("Last month"), "undated": _("No due date"), "own": _("From … to …"),
    }  # fmt: skip
    chosen = bound(
        st.selectbox, _("Due date"), list(DUE), name="inv_due", scope=scope, format_func=words.__getitem__,
        placeholder=_("Any"), index=None, filter_mode=None,
    )  # fmt: skip
    if chosen == "own":
        with st.container(horizontal=True):
            for name, label in (("inv_due_from", _("Due from")), ("inv_due_to", _("Due to"))):
                said = bound(st.text_input, label, name=name, scope=scope, placeholder="2026-11-30", width=150)
                if said and _day(said) is None:
                    st.warning(_("“{text}” is not a day; write it like 2026-11-30").format(text=plain(said)))


def properties() -> dict[str, str]:
    """Return what the five properties are called."""
    return {"amount": _("Amount billed"), "recipient": _("Recipient"), "number": _("Invoice number"),
            "state": _("Invoice state"), "due": _("Due date")}  # fmt: skip


def state_word(value: str | None) -> str:
    """Return what a state of an invoice is called, or having none."""
    special = {WITHOUT: _("No invoice"), "credit_note": _("Credit note"), "proforma": _("Pro-forma")}
    return special.get(value or "") or invoice_state(value).word


def group_word(by: str, row: Mapping[str, Any]) -> str:
    """Return what a group is called."""
    key = row["key"]
    if row["is_without"]:
        return _("No invoice")
    if key is None:
        return _("No due date") if by == "due" else DASH
    if by == "state":
        return state_word(key)
    if by == "due":
        from babel.dates import format_skeleton

        return format_skeleton("yMMMM", dt.date.fromisoformat(f"{key}-01"), locale=locale())
    if by == "amount":
        low, high = BANDS[int(key)], BANDS[int(key) + 1]
        if low is None:
            return _("Below {amount}").format(amount=number(high))
        if high is None:
            return _("{amount} and more").format(amount=number(low))
        return _("{low} to {high}").format(low=number(low), high=f"{number(Decimal(high) - Decimal('0.01'), 2)}")
    return str(key)


def narrowed(by: str, row: Mapping[str, Any]) -> dict[str, str]:
    """Return what, in the address of a page, asks for one group alone."""
    key, said = row["key"], {"inv_currency": row["currency"] or ""}
    if row["is_without"]:
        return {"inv_state": WITHOUT}
    if by in ("recipient", "number"):
        return said | {f"inv_{by}": f'"{key}"'} if key else {}
    if by == "state":
        return said | {"inv_state": key}
    if by == "due" and key is None:
        return said | {"inv_due": "undated"}
    if by == "due":
        first = dt.date.fromisoformat(f"{key}-01")
        last = (first + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)
        return said | {"inv_due": "own", "inv_due_from": str(first), "inv_due_to": str(last)}
    low, high = BANDS[int(key)], BANDS[int(key) + 1]
    below = "" if high is None else str(Decimal(high) - Decimal("0.01"))
    return said | {"inv_from": "" if low is None else str(low), "inv_to": below}


def _all(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    """Return the sums of a column by currency."""
    amounts: dict[str, Decimal] = {}
    for row in rows:
        amounts[row["currency"]] = amounts.get(row["currency"], Decimal(0)) + row[name]
    return sums([(c, a) for c, a in amounts.items() if a and c], whole=False)


def groups(asked: Asked, by: str) -> None:
    """Show the sums by a property, a row for each currency; a click asks for that group alone."""
    rows = custom.sums(session.data(), asked, by)
    told = [f"**{title}: {plain(_all(rows, name))}**"
            for name, title in (("billed", _("Billed")), ("still_open", _("Still open")))]  # fmt: skip
    st.markdown(" · ".join(told))
    title = properties()[by]
    config = {
        "group": st.column_config.TextColumn(title, width=150),
        "billed": st.column_config.TextColumn(_("Amount billed"), width=130, alignment="right"),
        "open": st.column_config.TextColumn(_("Still open"), width=130, alignment="right"),
        "invoices": st.column_config.NumberColumn(_("Invoices"), width=80),
        "records": st.column_config.NumberColumn(_("Records"), width=80),
    }
    state = st.dataframe(
        {
            "group": [group_word(by, r) for r in rows],
            "billed": [money(r["billed"], r["currency"]) for r in rows],
            "open": [money(r["still_open"], r["currency"]) for r in rows],
            "invoices": [r["invoices"] for r in rows],
            "records": [r["records"] for r in rows],
        },
        column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row", key=f"groups-{by}",
        height=tall(len(rows), 560), alt=title,
    )  # fmt: skip
    st.caption(_("Each invoice counts once, drafts and void ones not at all. Click a row to see what is in it."))
    for i in state.selection.rows[:1]:
        if i < len(rows) and (said := narrowed(by, rows[i])):
            for name, value in (said | {"group": ""}).items():
                if value:
                    st.query_params[name] = value
                else:
                    st.query_params.pop(name, None)
            st.rerun()
