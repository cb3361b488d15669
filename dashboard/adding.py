"""Adding products of billing to an invoice in its preview: found by name or SKU, with their price and tax."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import streamlit as st
from pydantic import ValidationError

from dashboard import labels, session
from dashboard.parts import plain
from dashboard.words import _, money
from extract.model import InvoiceDraft
from reconcile.action import Plan
from reconcile.catalogue import ADDED, Added, products
from reconcile.facts import opened
from reconcile.tax import usual

Given = dict[str, str]


def offer(parts: Sequence[Plan], given: Given) -> None:
    """Offer the catalogue where a chain makes an invoice; what is added is in the next preview."""
    made = next((p for p in parts if p.action == "create_invoice" and isinstance(p.draft, InvoiceDraft)), None)
    if made is None or not isinstance(made.draft, InvoiceDraft):
        return
    draft = made.draft
    with opened(session.data(), session.settings(), session.day()) as facts:
        known = {row["id"]: row for row in products(facts.billed_in(made.vendor))}
    wishes: list[dict[str, Any]] = json.loads(given.get(ADDED) or "[]")
    if not known and not wishes:
        return
    with st.expander(_("Add a product"), icon=":material/add_shopping_cart:", expanded=bool(wishes)):
        for at, wish in enumerate(wishes):
            _added(at, wish, known.get(wish["id"]), wishes, given)
        _pick(known, draft, wishes, given)


def _added(
    at: int, wish: dict[str, Any], product: Mapping[str, Any] | None, wishes: list[dict[str, Any]], given: Given
) -> None:
    """Show a product that was added, and let it be taken away."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        name = product["name"] if product else wish["id"]
        st.markdown(f"{plain(wish['quantity'])} × {plain(name)}", width="content")
        if st.button(_("Take away"), key=f"product-away-{at}", icon=":material/remove:", type="tertiary"):
            _keep([w for place, w in enumerate(wishes) if place != at], given)


def _pick(known: dict[str, Any], draft: InvoiceDraft, wishes: list[dict[str, Any]], given: Given) -> None:
    """Let a product be found by typing a part of its name or SKU; price and tax stand there already."""
    id = st.selectbox(
        _("Product"), list(known), None, format_func=lambda id: _called(known[id]), key=f"product-pick-{len(wishes)}",
        placeholder=_("Type a part of its name or SKU"),
    )  # fmt: skip
    if not id:
        return
    product = known[id]
    price = product["unit_price"] if product["currency"] == draft.currency else None
    tax = product["tax_rate"] if product["tax_rate"] is not None else usual(draft.lines, None)
    many, each, rate = st.columns(3)
    quantity = many.text_input(_("Quantity"), "1", key=f"product-many-{id}")
    unit = each.text_input(_("Price of one in {currency}").format(currency=draft.currency), _text(price),
                           key=f"product-price-{id}")  # fmt: skip
    percent = rate.text_input(labels.field("tax_rate"), _text(tax), key=f"product-tax-{id}")
    if st.button(_("Add"), key="product-add", icon=":material/add:"):
        typed = {"quantity": quantity, "unit_price": unit, "tax_rate": percent}
        said = {name: text.replace(",", ".").strip() or None for name, text in typed.items()}
        try:
            Added.model_validate({"id": id} | said)
        except ValidationError:
            st.error(_("Quantity, price and tax are numbers, like 1250.50."), icon=":material/error:")
            return
        _keep([*wishes, {"id": id} | said], given)


def _keep(wishes: list[dict[str, Any]], given: Given) -> None:
    given.pop(ADDED, None)
    given.update({ADDED: json.dumps(wishes)} if wishes else {})
    st.rerun(scope="fragment")


def _called(product: Mapping[str, Any]) -> str:
    price = money(product["unit_price"], product["currency"]) if product["unit_price"] is not None else ""
    return " · ".join(part for part in (product["name"], product["sku"], price) if part)


def _text(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"
