"""A pair of records as a person judges it: both sides, why, what agrees and what does not, yes or no."""

import streamlit as st

from dashboard import deciding, labels, session
from dashboard.parts import badge, plain
from dashboard.read import Row, findings, matching
from dashboard.theme import invoice_state
from dashboard.views import evidence, invoice
from dashboard.words import DASH, _, day, money


def line(record: Row | None, key: str) -> str:
    """Return a record as one line of Markdown: what it is, its name, customer, amount, day and where it is."""
    table, vendor, id = key.split(":", 2)
    if record is None:
        return f"**{labels.table(table)}** {plain(id)}"
    said = [record["title"] or id, record["customer"]]
    if record["amount"] is not None:
        said.append(money(record["amount"], record["currency"]))
    if record["on_day"]:
        said.append(day(record["on_day"]))
    said += [record["says"], labels.vendor(vendor)]
    mark = f" {badge(invoice_state(record['state']))}" if table == "invoices" and record["state"] else ""
    return f"**{labels.table(table)}** " + plain(" · ".join(str(s) for s in said if s)) + mark


def candidate(
    row: Row, records: dict[str, Row], keys: bool = False, chosen: bool = False, narrow: bool = False
) -> None:
    """Show one candidate (a link with `answer`) with its evidence and let the reader decide.

    `keys`: Y and N decide it, and the page goes on without comparing again; `chosen` marks it. `narrow`: the
    buttons stand below.
    """
    mark = f"{row['left_vendor']}-{row['left_id']}-{row['right_vendor']}-{row['right_id']}"
    with st.container(border=True):
        # A long line wraps, the buttons stay in place.
        said, buttons = (st.container(), st.container()) if narrow else st.columns([5, 3], vertical_alignment="center")
        sign = ":material/arrow_right: " if chosen else ""
        said.markdown(sign + line(records.get(row["answer"]), row["answer"]))
        with buttons, st.container(horizontal=True, horizontal_alignment="right"):
            if row["right_table"] == "invoices" and st.button(
                _("Preview"), key=f"look-{mark}", type="tertiary", icon=":material/receipt_long:"
            ):
                invoice.preview(row["right_vendor"], row["right_id"])
            if st.button(_("Yes, link"), key=f"yes-{mark}", icon=":material/link:",
                         shortcut="Y" if chosen and keys else None):  # fmt: skip
                deciding.link(row, "confirmed", later=keys)
            if st.button(_("No"), key=f"no-{mark}", icon=":material/close:",
                         shortcut="N" if chosen and keys else None):  # fmt: skip
                deciding.link(row, "rejected", later=keys)
        why(row)
        _caution(row, records)


def why(row: Row) -> None:
    """Say which rule found a link, how much it would give, what agrees and what does not, in words."""
    told = [labels.rule(row["rule"])]
    if row["right_table"] == "invoices" and row["left_table"] == "payments" and row["amount"] is not None:
        told.append(_("{amount} of it").format(amount=money(row["amount"], row["currency"])))
    st.caption(plain(" · ".join(told)))
    sides = (labels.table(row["left_table"]), labels.table(row["right_table"]))
    if sides[0] == sides[1]:
        sides = (labels.vendor(row["left_vendor"]), labels.vendor(row["right_vendor"]))
    evidence.show(findings.evidence(row), sides=sides)


def _caution(row: Row, records: dict[str, Row]) -> None:
    """Warn before an invoice gets a second deal."""
    there = records.get(f"invoices:{row['right_vendor']}:{row['right_id']}")
    if row["left_table"] == "deals" and there and there["partners"]:
        said = _("Already on another deal: {numbers}. Linked again, the amount is shared between the deals.")
        st.warning(said.format(numbers=plain(there["title"] or DASH)), icon=":material/warning:")


def group(rows: list[Row]) -> dict[str, Row]:
    """Return the records of a group of candidates, by key."""
    keys = {row["asker"] for row in rows} | {row["answer"] for row in rows}
    return matching.records(session.data(), tuple(sorted(keys)))
