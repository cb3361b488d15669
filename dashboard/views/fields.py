"""Fields: which of customers, products and quotes are kept equal, where each side has them, who decides, how it is."""

from collections.abc import Iterable
from typing import get_args

import streamlit as st

from dashboard import choosing, labels, rights, said, session
from dashboard.parts import badge, heading, nothing, plain
from dashboard.theme import Mark
from dashboard.words import _, ago, several
from reconcile import mapping, settings
from reconcile.connections import connections
from reconcile.fieldmap import ENTITIES, Does, FieldChoice, OnDelete, Owner, Sync
from reconcile.mapping import DOCUMENTS, Row
from reconcile.settings import Connection
from reconcile.state import state

OWNERS: tuple[Owner, ...] = get_args(Owner)
DOES: tuple[Does, ...] = get_args(Does)
DELETES: tuple[OnDelete, ...] = get_args(OnDelete)


def show() -> None:
    """Lay out a tab for each sort of record."""
    heading(
        _("Fields"),
        _("What is kept equal in the CRM and in billing, and which side decides. A change of the side that decides is "
          "written to the other; what both changed is shown, never overwritten."),
    )  # fmt: skip
    vendors = connections(session.data())
    pairs = mapping.pairs(vendors)
    if not pairs:
        nothing(_("Nothing to keep equal yet"), _("Connect a CRM and a billing system first."), ":material/cable:")
        return
    for crm, billing in pairs:
        if len(pairs) > 1:
            st.subheader(f"{labels.vendor(crm)} ↔ {labels.vendor(billing)}", anchor=False)
        rows = mapping.rows(session.settings(), vendors[crm], vendors[billing], state(session.data()))
        _lacking(rows)
        names = {
            "customers": _("Customers"),
            "products": _("Products"),
            "quotes": _("Quotes"),
            DOCUMENTS: _("Invoices"),
        }
        for tab, entity in zip(st.tabs(list(names.values())), names, strict=True):
            with tab:
                of = [row for row in rows if row.entity == entity]
                if entity in ENTITIES and not any(row.billing_place for row in of):
                    told = _("{vendor} keeps none of these: there is nothing to keep equal.")
                    st.caption(told.format(vendor=labels.vendor(billing)))
                elif entity in ENTITIES:
                    _sync(entity, of, crm, billing)
                    _places(entity, of, crm)
                else:
                    _documents(of, crm, billing)


def _lacking(rows: Iterable[Row]) -> None:
    """Name the mandatory fields that have no place, without which no automation is switched on."""
    for row in rows:
        if row.is_mandatory and row.is_on and not row.is_mapped:
            told = _("“{field}” has no place on one side: say where it is before an automation is switched on.")
            st.error(told.format(field=plain(labels.field(row.field))), icon=":material/error:")


def _sync(entity: str, rows: list[Row], crm: str, billing: str) -> None:
    chosen = session.settings().sync.of(entity)
    with st.form(f"sync-{entity}", border=False):
        off = _("Off: none is touched. How far it goes by itself is said on Automations.")
        is_on = st.toggle(_("Keep them equal"), chosen.on, key=f"on-{entity}", help=off)
        left, right = st.columns(2)
        does = left.radio(_("What is written"), DOES, DOES.index(chosen.does), format_func=_does().__getitem__,
                          key=f"does-{entity}")  # fmt: skip
        how: OnDelete = "keep"
        if entity != "quotes":  # of which none is taken away because the other is gone
            how = right.radio(_("When one side deletes it"), DELETES, DELETES.index(chosen.on_delete),
                              format_func=_deletes().__getitem__, key=f"delete-{entity}")  # fmt: skip
        only_new = left.checkbox(_("Only what is made after the connection"), chosen.only_new, key=f"new-{entity}")
        backfill = right.checkbox(_("Also what was there before"), chosen.backfill, key=f"backfill-{entity}",
                                  help=_("What is missing is made, what differs gets the value of the side that "
                                         "decides. Where either may decide, you are asked."))  # fmt: skip
        st.divider()
        fields = {row.field: _field(entity, row, crm, billing) for row in rows}
        if st.form_submit_button(_("Save"), type="primary", icon=":material/save:", key=f"save-{entity}",
                                 disabled=not rights.may("administer")):  # fmt: skip
            made = Sync(on=is_on, does=does, on_delete=how, only_new=only_new, backfill=backfill, fields=fields)
            _save(entity, made)


def _field(entity: str, row: Row, crm: str, billing: str) -> FieldChoice:
    """Show one field: ticked or not, who decides, where it is, what for, and how it is doing."""
    tick, owner, state_ = st.columns([3, 3, 6], vertical_alignment="center")
    usual = {c.name: c.is_on for c in session.settings().sync.chosen(entity)}
    is_fixed = not row.is_mapped and not usual[row.field]  # nothing could be written
    is_on = tick.checkbox(
        labels.field(row.field), usual[row.field], key=f"tick-{entity}-{row.field}", disabled=is_fixed
    )
    decides = owner.selectbox(
        _("Decides: {field}").format(field=labels.field(row.field)), OWNERS, OWNERS.index(row.owner),
        format_func=_owners().__getitem__, key=f"owner-{entity}-{row.field}", label_visibility="collapsed",
    )  # fmt: skip
    state_.markdown(_told(row, crm, billing))
    return FieldChoice(on=is_on, owner=decides)


def _told(row: Row, crm: str, billing: str) -> str:
    """Return where a field is, which way it goes, what for, when it was last equal and what went wrong, as Markdown."""
    arrow = {"to_billing": "→", "to_crm": "←", "both": "↔"}.get(row.direction, "–")
    places = f"{_place(crm, row.crm_place)} **{arrow}** {_place(billing, row.billing_place)}"
    when = _("Last equal {ago}").format(ago=ago(row.last_at, session.now())) if row.last_at else _("Not compared yet")
    how = badge(Mark("red", ":material/error:", "▲", several("{count} error", "{count} errors", row.errors)))
    doing = f"{when} · {how if row.errors else _('no errors')}"
    return f"{places}  \n:small[:gray[{plain(_(row.why))} {doing}]]"


def _place(vendor: str, place: str) -> str:
    return (
        f"{plain(labels.vendor(vendor))} `{place}`" if place else f":red[{plain(labels.vendor(vendor))}: {_('none')}]"
    )


def _places(entity: str, rows: list[Row], crm: str) -> None:
    """Let it be said where the CRM keeps what has no place of its own there."""
    asked = [row for row in rows if row.option]
    if not asked or not rights.may("administer"):
        return
    title = _("Where {vendor} keeps them").format(vendor=labels.vendor(crm))
    with st.expander(title, icon=":material/tune:"), st.form(f"places-{entity}", border=False):
        typed = {
            row.option: st.text_input(labels.field(row.field), row.crm_place, key=f"place-{row.option}",
                                      help=_("Name of the property; empty: it has none."))
            for row in asked
        }  # fmt: skip
        if st.form_submit_button(_("Save"), icon=":material/save:", key=f"save-places-{entity}"):
            known = settings.load(session.data()).connections
            held = known[crm]
            made = Connection.model_validate({"vendor": held.vendor, **held.options, **typed})
            _keep({"": {"connections": known | {crm: made}}}, _("The properties were kept; read everything again."))


def _documents(rows: list[Row], crm: str, billing: str) -> None:
    st.caption(_("What a deal gives to its invoice. The CRM decides; an issued invoice is never changed."))
    for row in rows:
        name, told = st.columns([3, 9], vertical_alignment="center")
        name.markdown(f"**{plain(labels.field(row.field))}**")
        told.markdown(f"{_place(crm, row.crm_place)} **→** {_place(billing, row.billing_place)}  \n"
                      f":small[:gray[{plain(_(row.why))}]]")  # fmt: skip


def _save(entity: str, made: Sync) -> None:
    _keep({"sync": {entity: made}}, _("Kept. It holds from the next reading on."))


def _keep(changes: choosing.Changes, told: str) -> None:
    try:
        choosing.keep(session.data(), changes, session.who())
    except choosing.NotSo as no:
        for refusal in no.refusals:
            said.say("error", plain(f"{refusal.name}: {refusal.why}"))
    else:
        said.say("success", told)
    st.rerun()


def _owners() -> dict[str, str]:
    return {"crm": _("The CRM decides"), "billing": _("Billing decides"), "either": _("The side that changed it")}


def _does() -> dict[str, str]:
    return {"create_and_update": _("New ones and changes"), "update": _("Changes only"), "create": _("New ones only")}


def _deletes() -> dict[str, str]:
    return {"keep": _("Keep the other"), "inactive": _("Mark the other inactive"), "delete": _("Delete the other")}
