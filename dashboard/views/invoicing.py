"""How invoices look and go out: issuing and sending, by whom, with what; series, approval, the mail's words."""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st
from pydantic import ValidationError

from dashboard import said, session
from dashboard.parts import plain
from dashboard.read import ready, scope
from dashboard.views import letters
from dashboard.words import _, day, speaking
from reconcile import access, settings
from reconcile.actions.mail_invoice import LETTER, sample
from reconcile.facts import opened
from reconcile.settings import Approval, Invoicing, Series, Settings, SettingsError
from reconcile.state import Entry, state

_AMOUNT = re.compile(r"(\d+(?:\.\d{1,2})?)\s*([A-Z]{3})")


def show() -> None:
    """Lay out the choices, then the mail."""
    known = session.settings()
    with st.form("invoicing"):
        chosen = _choices(known)
        rows = _series(known)
        if st.form_submit_button(_("Save"), type="primary", icon=":material/save:", key="invoicing-save"):
            _save(chosen, rows)
    st.subheader(_("What the mail with an invoice says"), anchor=False)
    if known.invoicing.send_by == "billing":
        st.caption(_("Now billing sends its own mail. This one is used when our own mail server sends."))
    letters.write([LETTER], _sample, LETTER)


def _choices(known: Settings) -> dict[str, Any]:
    """Show the choices; return what stands in them."""
    now, found = known.invoicing, dict[str, Any]()
    left, right = st.columns(2)
    found["issue"] = left.toggle(_("Issue the draft at once"), now.issue or now.send, key="inv-issue",
                                 help=_("Off: a draft waits in billing until somebody issues it."))  # fmt: skip
    found["send"] = right.toggle(_("Send on issue"), now.send, key="inv-send",
                                 help=_("The customer gets the invoice by e-mail as soon as it is issued. "
                                        "Off: it stays “to be sent”."))  # fmt: skip
    left, right = st.columns(2)
    by = {"billing": _("The billing system"), "mail": _("Our own mail server")}
    found["send_by"] = left.selectbox(_("Who sends the e-mail"), list(by), list(by).index(now.send_by),
                                      format_func=by.__getitem__, key="inv-by")  # fmt: skip
    how = {"pdf": _("The PDF, attached"), "link": _("A link to the invoice online")}
    found["attach"] = right.selectbox(_("What our mail carries"), list(how), list(how).index(now.attach),
                                      format_func=how.__getitem__, key="inv-attach")  # fmt: skip
    left, right = st.columns(2)
    found["signature"] = left.text_area(_("Signature"), known.mail.signature, key="inv-signature", height=80,
                                        placeholder=known.company.name)  # fmt: skip
    found["message"] = right.text_area(_("Message on every invoice"), now.message, key="inv-message", height=80)
    limits = ", ".join(f"{limit:f} {currency}" for currency, limit in known.approval.above.items())
    found["above"] = st.text_input(_("Somebody else has to approve invoices above"), limits, key="inv-above",
                                   placeholder="10000 EUR, 40000 PLN",
                                   help=_("Empty: nobody has to. Where an amount is set, invoices in other currencies "
                                          "always wait for approval."))  # fmt: skip
    return found


def _series(known: Settings) -> list[dict[str, Any]]:
    """Show the numbering series as rows that can be added and taken away; return what stands in them."""
    st.markdown(f"**{plain(_('Numbering series'))}**")
    told = _("None: billing numbers by itself. Of several that fit a deal the most exact one is taken; where none "
             "fits, you are asked. {year} stands for the year of issue.")  # fmt: skip
    st.caption(told.replace("{year}", "`{year}`"))
    pipelines = scope.pipelines(session.data()) if ready(session.data()) else {}
    rows = [s.model_dump() for s in known.invoicing.series]
    config = {
        "name": st.column_config.TextColumn(_("Begins with"), help="F{year}-"),
        "pipeline": st.column_config.SelectboxColumn(_("Pipeline"), options=["", *pipelines],
                                                     format_func=lambda id: pipelines.get(str(id)) or _("Any")),
        "country": st.column_config.TextColumn(_("Customer's country"), max_chars=2),
        "digits": st.column_config.NumberColumn(_("Digits"), min_value=1, max_value=9, default=4),
        "first": st.column_config.NumberColumn(_("First number"), min_value=1, default=1),
    }  # fmt: skip
    kinds = {name: pl.Int64 if name in ("digits", "first") else pl.String for name in config}
    edited = st.data_editor(pl.DataFrame(rows, schema=kinds), column_config=config, num_rows="dynamic",
                            key="inv-series", hide_index=True)  # fmt: skip
    return edited.to_dicts()


def _save(chosen: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    access.need("administer")
    data, known = session.data(), settings.load(session.data())
    above = _limits(chosen.pop("above"))
    if above is None:
        said.say("error", _("Nothing was saved: write amounts like 10000 EUR, apart by commas."))
        st.rerun()
    try:
        series = [Series.model_validate(_filled(row)).model_dump() for row in rows if row.get("name")]
        mail = known.mail.model_copy(update={"signature": chosen.pop("signature").strip()})
        made = Invoicing.model_validate(known.invoicing.model_dump() | chosen | {"series": series})
        approval = Approval(above=above)
    except ValidationError as error:
        reason = error.errors()[0]
        told = _("Nothing was saved: {reason}")
        said.say(
            "error",
            told.format(reason=plain(f"{reason['loc'][-1]}: {reason['msg']}" if reason["loc"] else reason["msg"])),
        )
        st.rerun()
    settings.save(known.model_copy(update={"invoicing": made, "mail": mail, "approval": approval}), data)
    before = {"invoicing": known.invoicing.model_dump(mode="json"), "above": known.approval.model_dump(mode="json")}
    after = {"invoicing": made.model_dump(mode="json"), "above": approval.model_dump(mode="json")}
    state(data).record(Entry(who=session.who(), action="change_invoicing", outcome="decided",
                             subject="settings:invoicing", before=before, after=after))  # fmt: skip
    said.say("success", _("Saved."))
    st.rerun()


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    said_ = {name: value for name, value in row.items() if value not in (None, "")}
    return said_ | ({"country": str(said_["country"]).upper()} if "country" in said_ else {})


def _limits(text: str) -> dict[str, Decimal] | None:
    """Return amounts by currency as typed in; None where one is none."""
    found = {}
    for part in filter(None, (part.strip().upper() for part in text.split(","))):
        amount = _AMOUNT.fullmatch(part)
        if amount is None:
            return None
        found[amount[2]] = Decimal(amount[1])
    return found


def _sample(language: str) -> Mapping[str, str]:
    """Return the newest invoice as the mail would tell of it; an invented one where there is none yet."""
    if ready(session.data()):
        try:
            with opened(session.data(), session.settings(), session.day()) as facts:
                if found := sample(facts, language):
                    return found
        except SettingsError:  # no billing system is connected yet
            pass
    company = session.settings().company.name
    with speaking(language):
        days = {"issued_on": day(dt.date(2026, 11, 20)), "due_on": day(dt.date(2026, 12, 20))}
    signature = session.settings().mail.signature or company
    return letters.sample(language) | days | {"signature": signature, "document": "…"}
