"""Adding an invoice of billing to a customer's record by hand: search, tick several, add."""

import streamlit as st

from dashboard import deciding, session
from dashboard.parts import badge, plain
from dashboard.read import Row, customers, matching
from dashboard.theme import invoice_state
from dashboard.views.invoice import sides
from dashboard.words import DASH, _, money, several

MOST = 15  # invoices offered by a search


def offer(record: Row, head: tuple[str, str]) -> None:
    """Offer invoices to be added to `record`, a customer; one that is another customer's is pointed out first."""
    with st.expander(_("Add an invoice"), icon=":material/add_link:"):
        text = st.text_input(
            _("Number, customer or amount"), key="more-invoice", type="search", placeholder=_("Search")
        )
        if not text:
            st.caption(_("For an invoice that billing has under another name, or under nobody's."))
            return
        held = {(e["vendor"], e["id"]) for e in customers.timeline(session.data(), *head) if e["subject"] == "invoices"}
        rows = [
            r for r in matching.open_invoices(session.data(), text, most=MOST) if (r["vendor"], r["id"]) not in held
        ]
        if not rows:
            st.caption(_("No other invoice matches."))
        ticked = [row for row in rows if st.checkbox(_called(row), key=f"more-{row['vendor']}-{row['id']}")]
        if theirs := [row for row in ticked if row["customer_id"]]:
            said = _("Billing has these under another customer: {names}. They stay there, and stand here too.")
            names = ", ".join(f"{row['number']} ({row['customer'] or DASH})" for row in theirs)
            st.warning(said.format(names=plain(names)), icon=":material/warning:")
        label = several("Add {count} invoice", "Add {count} invoices", len(ticked))
        if st.button(label, key="more-add", type="primary", icon=":material/link:", disabled=not ticked):
            deciding.links([sides("customers", record, "invoices", row) for row in ticked])


def _called(row: Row) -> str:
    text = f"{row['number'] or _('Draft')} · {row['customer'] or DASH} · {money(row['amount'], row['currency'])}"
    return plain(text) + f" {badge(invoice_state(row['state']))}"
