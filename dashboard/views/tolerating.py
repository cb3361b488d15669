"""Settings of single customers of whom more is tolerated than of all."""

from decimal import Decimal, InvalidOperation
from typing import Any

import streamlit as st
from pydantic import ValidationError

from dashboard import said, session
from dashboard.choosing import keep
from dashboard.parts import plain
from dashboard.words import _
from reconcile.settings import Tolerance


def show() -> None:
    """Lay out the customers that have a tolerance of their own, to be changed, added to and taken out."""
    st.subheader(_("Single customers"), anchor=False)
    st.caption(_("Name a customer by tax id, name or connection:id. What is left empty is as for all."))
    held = session.settings().tolerances
    with st.form("tolerances"):
        rows = st.data_editor(
            [{"customer": who, "amount": _text(t.amount), "share": _text(t.rate and t.rate * 100), "days": t.days}
             for who, t in held.items()] or [{"customer": "", "amount": "", "share": "", "days": 0}],
            column_config={
                "customer": st.column_config.TextColumn(_("Customer"), width=280),
                "amount": st.column_config.TextColumn(_("Difference that never matters"), width=200),
                "share": st.column_config.TextColumn(_("Difference that never matters") + " (%)", width=220),
                "days": st.column_config.NumberColumn(_("Days late that do not matter"), min_value=0, max_value=365,
                                                      default=0, width=200),
            },
            num_rows="dynamic", hide_index=True, key="tolerances-rows",
        )  # fmt: skip
        if st.form_submit_button(_("Save"), type="primary", icon=":material/save:"):
            _save(rows)


def _save(rows: list[dict[str, Any]]) -> None:
    made: dict[str, Tolerance] = {}
    for row in rows:
        who = str(row.get("customer") or "").strip()
        if not who:
            continue
        try:
            made[who] = tolerance(row)
        except (InvalidOperation, ValidationError):
            told = _("“{customer}”: amounts and shares are numbers above 0, shares up to 100. Nothing was saved.")
            st.error(told.format(customer=plain(who)), icon=":material/error:")
            return
    changed = keep(session.data(), {"": {"tolerances": made}}, session.who())
    said.say("success" if changed else "info", _("Saved.") if changed else _("Nothing was changed."))
    st.rerun()


def tolerance(row: dict[str, Any]) -> Tolerance:
    """Return what a row of the table says. InvalidOperation or ValidationError where it cannot be so."""
    amount, share = (str(row.get(name) or "").strip().replace(",", ".") for name in ("amount", "share"))
    values: dict[str, Any] = {"days": int(row.get("days") or 0)}
    if amount:
        values["amount"] = Decimal(amount)
    if share:
        values["rate"] = Decimal(share) / 100
    return Tolerance(**values)


def _text(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"
