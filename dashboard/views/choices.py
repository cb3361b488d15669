"""Settings: the company, what counts as a difference, checks, mail, writing, invoicing and when things run."""

from functools import cache
from zoneinfo import available_timezones

import streamlit as st
from babel.numbers import list_currencies

from dashboard import asking, rights, said, session
from dashboard.address import bound
from dashboard.asking import Ask
from dashboard.choosing import keep
from dashboard.parts import heading, link, plain
from dashboard.views import mailing, people, stopping, tolerating
from dashboard.words import LANGUAGES, _, locale
from reconcile import checks, ecb
from reconcile.sqlfile import queries
from reconcile.state import state


def show() -> None:
    """Lay out the part that the address names."""
    heading(_("Settings"), _("How your company works. Every change is checked, and stands in the activity log."))
    parts = {
        "company": (_("Company"), _company), "counts": (_("What counts"), _counts), "checks": (_("Checks"), _checks),
        "mail": (_("E-mail"), mailing.show), "writing": (_("Write access"), stopping.show),
        "invoicing": (_("Invoicing"), _invoicing), "when": (_("When"), _when), "people": (_("People"), people.show),
    }  # fmt: skip
    chosen = bound(st.segmented_control, _("Part"), list(parts), name="part", scope="settings", default="company",
                   format_func=lambda name: parts[name][0], required=True, label_visibility="collapsed")  # fmt: skip
    rights.offered("administer")
    parts[chosen or "company"][1]()


def company() -> list[Ask]:
    """Return what is asked about the company."""
    return [
        Ask("company", "name", _("Company"), _("As it stands on reports and in reminders.")),
        Ask("company", "tax_id", _("Tax id"), _("Yours: an invoice that does not say it is incomplete.")),
        Ask("company", "address", _("Postal address"), _("Yours: an invoice that does not say it is incomplete.")),
        Ask("company", "country", _("Country"), _("Holidays, tax ids and interest go by it."), _countries()),
        Ask("company", "time_zone", _("Time zone"), _("A payment at midnight belongs to the day it was here."),
            _zones()),
        Ask("company", "reporting_currency", _("Currency of totals"),
            _("Sums of several currencies are converted to it at each day's rate; the originals stay visible."),
            _currencies()),
        Ask("rates", "daily", _("Get the day's exchange rates"),
            _("From the European Central Bank, with the first reading of a day. Else take its file in: cuadra rates.")),
        Ask("company", "language", _("Language"),
            _("Of reports and of people whose browser speaks none of ours."), LANGUAGES),
        Ask("company", "contact", _("Whom people ask"),
            _("Name, e-mail or phone of whoever looks after this. It stands on Help and where a right is missing.")),
    ]  # fmt: skip


def _company() -> None:
    with st.form("company"):
        typed = asking.fields(company())
        if st.form_submit_button(_("Save"), type="primary", icon=":material/save:"):
            asking.save(typed)
    if error := (state(session.data()).value(ecb.ASKED) or {}).get("error"):
        st.warning(
            _("The exchange rates did not come: {error}").format(error=plain(error)),
            icon=":material/currency_exchange:",
        )


def _counts() -> None:
    days = [
        Ask("choices", "grace_days", _("Won, nothing invoiced: after days"),
            _("Days after winning before a missing invoice is a problem.")),
        Ask("choices", "unsent_days", _("Invoice not sent: after days"), _("Days after issue, or of a draft.")),
        Ask("choices", "told_days", _("CRM not told of a payment: after days"), _("Days after the money came.")),
        Ask("choices", "payment_days", _("Money without an invoice: after days"), _("Days after it arrived.")),
        Ask("choices", "banked_days", _("Recorded, not at the bank: after days"),
            _("Days until money that billing recorded must show on a bank statement.")),
        Ask("choices", "stale_days", _("Source is old: after days"),
            _("Days without a complete reading; figures that rest on it then say so.")),
        Ask("choices", "duplicate_days", _("Same invoice twice: within days"),
            _("Equal invoices to one customer this close together are suspect.")),
        Ask("choices", "repeat_days", _("Same part twice: within days"),
            _("An equal part of one deal this soon after is a repetition.")),
        Ask("choices", "terms_tolerance_days", _("Due date off by days"),
            _("A due date this close to the customer's terms is right: weekends, holidays.")),
        Ask("choices", "missed_periods", _("Missed periods asked for"),
            _("How many periods after the last one a regular invoice is asked for.")),
        Ask("choices", "dso_days", _("Days behind the simple DSO"), _("Days of sales that it looks back on.")),
    ]  # fmt: skip
    amounts = [
        Ask("choices", "amount_tolerance", _("Difference that never matters"), _("In the document's currency.")),
        Ask("choices", "amount_tolerance_rate", _("Difference that never matters"), _("Of the amount."), is_share=True),
        Ask("choices", "fee_tolerance", _("Most that a bank keeps of a transfer"), _("In the invoice's currency.")),
        Ask("choices", "fee_tolerance_rate", _("Most that a bank keeps of a transfer"), _("Of the invoice."),
            is_share=True),
        Ask("choices", "part_rate", _("A wrong amount, not a part: within"),
            _("One invoice this close to its deal is a wrong amount; further off it is a part of it."), is_share=True),
        Ask("choices", "rounded_to", _("Deals are rounded to"),
            _("A deal of 2100 with invoices of 2140 was rounded to hundreds. 0: deals are exact.")),
    ]  # fmt: skip
    with st.form("counts"):
        st.subheader(_("Days"), anchor=False)
        typed = asking.fields(days, 3)
        st.subheader(_("Amounts"), anchor=False)
        typed |= asking.fields(amounts, 2)
        st.caption(_("It counts from the next comparison on."))
        if st.form_submit_button(_("Save"), type="primary", icon=":material/save:"):
            asking.save(typed)
    tolerating.show()


def _checks() -> None:
    st.caption(_("A check that is off finds nothing from the next comparison on."))
    link("reconciliation", _("Rules that link records have their switches on Reconciliation"), ":material/join_inner:")
    off = set(session.settings().choices.checks_off)
    with st.form("checks"):
        on = {}
        for query in sorted(queries(checks.FOLDER), key=lambda q: q.header["title"]):
            shown = st.container(gap="xxsmall")
            title = plain(_(query.header["title"]))
            on[query.name] = shown.toggle(title, query.name not in off, key=f"check-{query.name}")
            shown.caption(plain(_(query.header.get("why", ""))))
        if st.form_submit_button(_("Save"), type="primary", icon=":material/save:"):
            left = sorted((off - set(on)) | {name for name, is_on in on.items() if not is_on})
            changed = keep(session.data(), {"choices": {"checks_off": left}}, session.who())
            said.say("success" if changed else "info", _("Saved.") if changed else _("Nothing was changed."))
            st.rerun()


def _invoicing() -> None:
    known = session.settings().connections
    names = {"": _("The only one that can")} | {name: name for name in known}
    asks = [
        Ask("invoicing", "write_back", _("Tell the deal in the CRM"),
            _("Number, state, amount, due date and recipient are written to the deal.")),
        Ask("invoicing", "terms_days", _("Days to pay"), _("Where neither the deal nor the customer says.")),
        Ask("invoicing", "billing", _("Invoices are made in"),
            _("With several billing accounts and none chosen, the preview asks."), names),
        Ask("invoicing", "crm", _("Deals are told in"), "", names),
        Ask("invoicing", "tax_rates", _("Tax in percent, by country"),
            _("One a line, like ES = 21; * stands for all others. Where nothing is said, the preview asks.")),
    ]  # fmt: skip
    link("automations", _("When a deal is due, what is issued and sent, series, approval and the mail's words"),
         ":material/autoplay:")  # fmt: skip
    with st.form("invoicing"):
        typed = asking.fields(asks)
        if st.form_submit_button(_("Save"), type="primary", icon=":material/save:"):
            asking.save(typed)


def _when() -> None:
    with st.form("when"):
        typed = asking.fields([
            Ask("", "keep_raw_days", _("Keep what systems said for days"),
                _("The evidence behind every figure. The latest full reading always stays.")),
        ])  # fmt: skip
        if st.form_submit_button(_("Save"), type="primary", icon=":material/save:"):
            asking.save(typed)
    st.caption(_("What runs by itself has its own pages:"))
    link("reports", _("When the weekly and the monthly report go out, and to whom"), ":material/summarize:")
    link("automations", _("What happens after each reading"), ":material/autoplay:")


@cache
def _zone_names() -> tuple[str, ...]:
    return tuple(sorted(z for z in available_timezones() if "/" in z or z == "UTC"))


def _zones() -> dict[str, str]:
    return {zone: zone.replace("_", " ") for zone in _zone_names()}


def _countries() -> dict[str, str]:
    named = {code: str(name) for code, name in locale().territories.items() if len(code) == 2 and code.isalpha()}
    left_out = {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}  # regions and test codes, not countries
    return dict(sorted(((c, n) for c, n in named.items() if c not in left_out), key=lambda pair: pair[1]))


def _currencies() -> dict[str, str]:
    names = locale().currencies
    return {code: f"{code} · {names[code]}" for code in sorted(list_currencies()) if code in names}
