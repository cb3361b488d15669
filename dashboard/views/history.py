"""A customer's history taken along as a file, and written into the CRM's own timeline."""

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard import act, labels, session
from dashboard.read import Row
from dashboard.report.book import Tab
from dashboard.report.table import Sort, Table, table
from dashboard.report.xlsx import csv_text, workbook
from dashboard.words import _, language, several, speaking
from reconcile import notes
from reconcile.action import Subject
from reconcile.archive.paths import part
from reconcile.facts import opened

COLUMNS: dict[str, Sort] = {"on_day": "date", "kind": "text", "record": "text", "currency": "text", "amount": "money",
                            "state": "text", "vendor": "text", "id": "text"}  # fmt: skip


def exported(events: Sequence[Row]) -> Table:
    """Return a customer's events as a table: a line each, in their order, with stable codes for kinds and states."""
    return table("timeline", COLUMNS, [event | {"record": event["name"]} for event in events])


def downloads(events: Sequence[Row], customer: str) -> None:
    """Offer the events as Excel and CSV."""
    found, stem, spoken = exported(events), part(customer), language()

    def excel() -> bytes:
        with speaking(spoken):
            head = {"on_day": _("Day"), "kind": _("What"), "record": _("Record"), "currency": _("Currency"),
                    "amount": _("Amount"), "state": _("State"), "vendor": _("Where"), "id": _("Id")}  # fmt: skip
            rows = [[(head[c.name], "head") for c in found.columns]]
            rows += [[(v, c.sort) for c, v in zip(found.columns, row, strict=True)] for row in found.rows]
            return workbook([Tab("timeline", _("Timeline"), rows)], customer, session.settings().company.name)

    offers: tuple[tuple[str, Callable[[], bytes], str, str], ...] = (
        ("Excel", excel, "xlsx", "table"), ("CSV", lambda: csv_text(found).encode(), "csv", "csv"),
    )  # fmt: skip
    with st.container(horizontal=True):
        for title, content, ending, icon in offers:
            st.download_button(title, content, f"{stem}.{ending}", icon=f":material/{icon}:", on_click="ignore",
                               key=f"timeline-{ending}")  # fmt: skip


def in_crm(vendor: str, key: str) -> None:
    """Say how much of what billing and bank know stands in the CRM's timeline, and offer to write the rest."""
    with opened(session.data(), session.settings(), session.day()) as facts:
        crm = notes.crm_of(facts)
        if not crm:
            return
        found = notes.events(facts, crm, vendor, key)
        lacking = len(notes.missing(facts, found, crm))
        homeless = sum(1 for event in found if not (event["deals"] or event["crm_id"]))
    if not found:
        return
    where = labels.vendor(crm)
    told = _("{there} of {all} invoices and payments stand in {crm}'s timeline.")
    st.caption(told.format(there=len(found) - lacking - homeless, all=len(found), crm=where))
    if homeless:
        st.caption(
            several("{count} has no deal or customer there.", "{count} have no deal or customer there.", homeless)
        )
    if lacking:
        label = several("Write {count} note into the CRM …", "Write {count} notes into the CRM …", lacking)
        if st.button(label, key="notes", icon=":material/edit_note:"):
            act.offered("create_note", Subject(table="customers", vendor=vendor, id=key))
