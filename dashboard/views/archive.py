"""Archive: the PDF of every issued document, where it is kept since when, what is missing, and where copies go."""

import datetime as dt
from typing import Any

import streamlit as st

from dashboard import jobs, said, session, working
from dashboard.address import bound, page
from dashboard.parts import heading, nothing, plain, tall
from dashboard.read import documents
from dashboard.theme import invoice_state
from dashboard.views import archive_place, archived, invoice
from dashboard.words import DASH, _, day, moment, number, several
from extract.vendor import VendorError
from reconcile import access
from reconcile.action import Plan
from reconcile.archive import check, kept, run
from reconcile.archive.work import PLACES, Work, chosen, printed, work
from reconcile.settings import SettingsError
from reconcile.state import state

SHOWN = 20  # lines of a preview
SHORT = 12  # characters of a checksum in the list


def show() -> None:
    """Lay out how much is archived, what can be done, the documents, and the places."""
    heading(_("Archive"), _("The PDF of every issued invoice, kept once, with its checksum and its day."))
    if not access.acting().sees_all:
        nothing(_("Not for your role"), _("The archive holds everybody's invoices; yours open from their deals."),
                ":material/lock:")  # fmt: skip
        return
    _told()
    _last()
    _buttons()
    _list()
    st.subheader(_("Where copies go"), anchor=False)
    archive_place.show()


def _told() -> None:
    issued, on, store = documents.issued(session.data()), chosen(session.settings()), state(session.data())
    able = printed(session.data())
    with st.grid(4, min_column_width=150):
        st.metric(_("Issued documents"), number(sum(issued.values())), border=True)
        for where in on:
            there = number(kept.count(store, where, able))
            title = _("Kept in: {place}").format(place=archived.places()[where])
            st.metric(title, there, border=True, help=_("Documents that are there"))
    if without := sum(count for vendor, count in issued.items() if vendor not in able):
        told = several("{count} document came from a file: no connected system has its PDF.",
                       "{count} documents came from files: no connected system has their PDFs.", without)  # fmt: skip
        st.caption(told)
    if not on:
        st.warning(_("No place is switched on: choose one below."), icon=":material/warning:")


def _last() -> None:
    """Say how the last run ended."""
    last: dict[str, Any] | None = state(session.data()).value(run.LAST)
    if last is None:
        return
    at = moment(dt.datetime.fromisoformat(last["at"]), session.zone())
    st.caption(_("Last run: {moment}").format(moment=plain(at)))
    for one in last["failed"][:3]:
        where = archived.places().get(one["place"], one["place"])
        st.error(plain(" ".join(filter(None, [f"{where}:", one["says"], one["error"]]))), icon=":material/error:")
    if (more := last["failures"] + last["left"] - min(3, len(last["failed"]))) > 0:
        st.caption(several("{count} more did not get there; the next run tries again.",
                           "{count} more did not get there; the next run tries again.", more))  # fmt: skip


def _buttons() -> None:
    on = bool(chosen(session.settings()))
    with st.container(horizontal=True):
        if st.button(_("Archive what is missing …"), key="archive", type="primary", icon=":material/inventory_2:",
                     disabled=not on):  # fmt: skip
            _preview()
        if st.button(_("Check all files"), key="archive-check", icon=":material/verified:",
                     disabled=not session.settings().archive.files):  # fmt: skip
            _check()


def _preview() -> None:
    @st.dialog(_("What would be archived"), width="large", icon=":material/inventory_2:")
    def opened() -> None:
        _ask(work(session.data()))

    opened()


def _ask(found: Work) -> None:
    """Show what would go where, and ask."""
    for where, error in (found.problems or {}).items():
        st.error(plain(f"{archived.places()[where]}: {error}"), icon=":material/error:")
    if found.homeless:
        told = several("{count} document has neither a deal nor a customer in the CRM: link it first.",
                       "{count} documents have neither a deal nor a customer in the CRM: link them first.",
                       len(found.homeless))  # fmt: skip
        st.warning(f"{told} {plain(', '.join(found.homeless[:SHOWN]))}", icon=":material/link_off:")
    if not found.plans:
        st.success(_("Everything is where it belongs."), icon=":material/done_all:")
        return
    for where, name in archived.places().items():
        plans = [plan for plan in found.plans if PLACES[plan.action] == where]
        if plans:
            _lines(name, plans)
    st.caption(_("Confirming does exactly what stands above. Pressed twice, it happens once."))
    if st.button(_("Archive now"), key="archive-go", type="primary", icon=":material/check:", width="stretch"):
        _go(found.plans)


def _lines(name: str, plans: list[Plan]) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(name)}** · {several('{count} document', '{count} documents', len(plans))}")
        lines = [f"- {plain(_(p.says.text).format(**p.says.values))}" for p in plans[:SHOWN]]
        if len(plans) > SHOWN:
            lines.append(f"- {_('… and {count} more').format(count=number(len(plans) - SHOWN))}")
        st.markdown("\n".join(lines))
        if missing := {need.name: need for plan in plans for need in plan.needs}:
            for need in missing.values():
                st.error(plain(_(need.says.text).format(**need.says.values)), icon=":material/edit:")


def _go(plans: tuple[Plan, ...]) -> None:
    data, who = session.data(), session.who()
    done = working.run(_("Archiving"), lambda told: jobs.archive(data, who, plans, progress=told))
    stored = sum(done.stored.values())
    if stored:
        said.say("success", several("{count} copy was stored.", "{count} copies were stored.", stored))
    if not done.is_well:
        bad = len(done.failed) + done.left
        left = several("{count} copy did not get to its place: see below.",
                       "{count} copies did not get to their places: see below.", bad)  # fmt: skip
        said.say("error", left)
    st.rerun()


def _check() -> None:
    try:
        read, harmed = working.run(_("Reading every file"), lambda told: check.check(session.data()))
    except (VendorError, SettingsError) as error:
        st.error(plain(error), icon=":material/error:")
        return
    words = {"gone": _("is gone; archive again and it is stored anew"),
             "changed": _("was changed since it was stored; put it aside, then archive again")}  # fmt: skip
    for one in harmed[:SHOWN]:
        st.error(plain(f"{one.path} {words[one.what]}"), icon=":material/error:")
    if not harmed:
        st.success(several("{count} file was read: it is as it was stored.",
                           "{count} files were read: all are as they were stored.", read),
                   icon=":material/verified:")  # fmt: skip


def _list() -> None:
    data, store = session.data(), state(session.data())
    text = bound(st.text_input, _("Search"), name="q", scope="archive", type="search", width=320,
                 placeholder=_("Number, customer or path"), label_visibility="collapsed")  # fmt: skip
    wanted = (text or "").strip()
    others = tuple(f"{vendor}:{id}" for vendor, id in kept.under(store, wanted)) if wanted else ()
    found = documents.found(data, wanted, others)
    if not found:
        nothing(_("No document"), _("An invoice stands here as soon as it is issued."), ":material/inventory_2:")
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{several('{count} document', '{count} documents', found)}**", width="content")
        at = page(-(-found // documents.PAGE), "archive", text)
    part = documents.page(data, wanted, others, at)
    held = kept.of_many(store, [(row["vendor"], row["id"]) for row in part])
    part = [row | dict.fromkeys(PLACES.values()) | held[row["vendor"], row["id"]] for row in part]
    shown = {
        "number": [row["number"] for row in part],
        "customer": [row["customer"] or "" for row in part],
        "issued": [day(row["issued_on"]) for row in part],
        "state": [invoice_state(row["state"]).word for row in part],
        "sent": [day(row["sent_at"].date()) if row["sent_at"] else DASH for row in part],
        "stored": [moment(row["files"]["stored_at"], session.zone()) if row["files"] else DASH for row in part],
        "path": [row["files"]["path"] if row["files"] else "" for row in part],
        "checksum": [row["files"]["checksum"][:SHORT] if row["files"] else "" for row in part],
        "copies": [", ".join(archived.places()[w] for w in ("crm", "mail") if row[w]) for row in part],
    }
    config = {
        "number": st.column_config.TextColumn(_("Number"), width=130),
        "customer": st.column_config.TextColumn(_("Customer"), width=190),
        "issued": st.column_config.TextColumn(_("Issued"), width=95),
        "state": st.column_config.TextColumn(_("Invoice state"), width=140),
        "sent": st.column_config.TextColumn(_("Sent"), width=95),
        "stored": st.column_config.TextColumn(_("Archived"), width=130),
        "path": st.column_config.TextColumn(_("Path"), width=270),
        "checksum": st.column_config.TextColumn("SHA-256", width=110),
        "copies": st.column_config.TextColumn(_("Copies"), width=110),
    }
    picked = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row",
        key="archive-list", height=tall(len(part), 640), alt=_("Archive"),
    )  # fmt: skip
    for i in picked.selection.rows[:1]:
        if i < len(part):
            invoice.preview(part[i]["vendor"], part[i]["id"])
