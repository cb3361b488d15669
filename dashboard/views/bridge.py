"""Bridge: from what was booked over what was billed to what was cashed, in named steps that leave no cent over."""

from decimal import Decimal

import streamlit as st

from dashboard import charts, labels, narrow, session
from dashboard.address import page
from dashboard.parts import go, heading, link, nothing, plain, tall
from dashboard.read import Row, bridge
from dashboard.read.bridge import Bridge
from dashboard.words import _, day, money, several

BASE = ("won", "invoiced", "collected")


def show() -> None:
    """Lay out the bridge of a period, or the records behind one of its steps."""
    heading(
        _("Bridge"), _("Why what was sold is not what came in: every step, to the cent. Click a step for its records.")
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen, period = narrow.currency("bridge"), narrow.period("bridge")
    st.caption(str(period))
    built = bridge.bridge(session.data(), period.start, period.until, chosen.asked)
    if not (built.booked or built.billed or built.cashed):
        nothing(_("Nothing in this period"), _("Nothing was won, invoiced or collected. Choose a longer period."),
                ":material/water_drop:")  # fmt: skip
        narrow.note(chosen, *BASE, left_out=built.left_out)
        return
    half, _colon, step = st.query_params.get("step", "").partition(":")
    if step in names():
        _records(half, step, period, chosen)
        return
    listed = _listed(built)
    left, right = st.columns([3, 4], gap="small")
    with left:
        told, amounts, totals = zip(*((called, amount, not step) for called, amount, step, _why in listed), strict=True)
        charts.draw(charts.waterfall, told, amounts, totals, chosen.currency, key="bridge",
                    alt=_("From booked over billed to cashed"))  # fmt: skip
    with right:
        _steps(listed, chosen.currency)
    narrow.note(chosen, *BASE, left_out=built.left_out)


def names() -> dict[str, tuple[str, str]]:
    """Return what each step is called, and what it means."""
    return {
        "timing": (_("Timing"), _("Sold or invoiced in another period than it was invoiced or paid")),
        "not_invoiced": (_("Not invoiced"), _("Won, and no invoice")),
        "partly_invoiced": (_("Part not invoiced"), _("Won, and only a part invoiced")),
        "unmatched": (_("Without a match"), _("Invoices of no deal; money for no invoice")),
        "not_won": (_("Deal not won"), _("Invoiced on a deal that is open or lost")),
        "over": (_("More than sold"), _("Invoiced beyond the deal's amount")),
        "duplicate": (_("Invoiced twice"), _("The same invoice a second time")),
        "recurring": (_("Recurring"), _("Later invoices of a deal that is invoiced again and again")),
        "discount": (_("Discount"), _("Invoiced or paid a little less, and taken for settled")),
        "credit_note": (_("Credit notes"), _("Taken back, or taken back and invoiced anew")),
        "refund": (_("Refunds"), _("Money that went back")),
        "vat": (_("Tax"), _("Invoices bear tax, deals do not")),
        "withheld": (_("Withheld tax"), _("What the customer pays to the tax office instead of us")),
        "fee": (_("Fees"), _("What banks and gateways kept")),
        "not_due": (_("Not due yet"), _("Invoiced, not paid, and there is still time")),
        "overdue": (_("Overdue"), _("Invoiced, nothing paid, and the due date is past")),
        "partial": (_("Part paid"), _("What is open of invoices that were paid in part")),
        "told": (_("Paid, money not seen"), _("Billing says it was paid; no bank line or card payment shows it")),
        "overpaid": (_("Paid too much"), _("More came than was owed, or a credit is still the customer's")),
        "written_off": (_("Written off"), _("Not expected any more")),
        "agreed": (_("Agreed"), _("Somebody said that it stays as it is")),
        "currency": (_("Currency"), _("Sold, invoiced or paid in different currencies")),
        "rounding": (_("Rounding"), _("Rounded deals, and what is too small to matter")),
    }


def _listed(built: Bridge) -> list[tuple[str, Decimal, str, str]]:
    """Return the bridge from top to bottom: what it is called, amount, step as half:name (empty for a sum), meaning."""
    called = names()

    def steps(half: str, found: tuple[tuple[str, Decimal], ...]) -> list[tuple[str, Decimal, str, str]]:
        return [(called[name][0], amount, f"{half}:{name}", called[name][1]) for name, amount in found]

    return [
        (_("Booked"), built.booked, "", _("Won deals, as the CRM has them")),
        *steps("billed", built.to_billed),
        (_("Billed"), built.billed, "", _("Invoices and credit notes, with tax")),
        *steps("cashed", built.to_cashed),
        (_("Cashed"), built.cashed, "", _("Money that came, less refunds")),
    ]


def _steps(listed: list[tuple[str, Decimal, str, str]], currency: str) -> None:
    """Show the table behind the chart, row by row beside its bars; a click on a step opens its records."""
    shown = {
        "step": [called if step else called.upper() for called, _amount, step, _why in listed],
        "amount": [money(amount, currency) for _called, amount, _step, _why in listed],
        "why": [why for _called, _amount, _step, why in listed],
    }
    config = {
        "step": st.column_config.TextColumn(_("Step"), width=130),
        "amount": st.column_config.TextColumn(_("Amount"), width=110, alignment="right"),
        "why": st.column_config.TextColumn(_("What it is"), width=345),
    }
    state = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row", key="steps",
        height=tall(len(listed)), alt=_("Steps of the bridge"),
    )  # fmt: skip
    for at in state.selection.rows:
        if step := listed[at][2]:
            st.query_params["step"] = step
            st.rerun()


def _records(half: str, step: str, period: narrow.Period, chosen: narrow.Chosen) -> None:
    kept = {name: value for name, value in st.query_params.items() if name not in ("step", "page")}
    link("bridge", _("The whole bridge"), ":material/arrow_back:", **kept)
    title, why = names()[step]
    st.subheader(title, anchor=False)
    st.caption(why)
    asked = (period.start, period.until, chosen.asked, half, step)
    found, _first = bridge.rows(session.data(), *asked)
    if not found:
        nothing(_("No record"), _("In this period and currency the step is nothing."), ":material/done_all:")
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{several('{count} record', '{count} records', found)}**", width="content")
        at = page(-(-found // bridge.PAGE), "bridge", asked)
    _found, rows = bridge.rows(session.data(), *asked, at)
    shown = {
        "record": [str(r["record"]) for r in rows],
        "amount": [money(r["amount"], r["currency"]) for r in rows],
        "customer": [r["customer"] or "" for r in rows],
        "kind": [labels.table(r["subject"]) for r in rows],
        "day": [day(r["on_day"]) for r in rows],
    }
    config = {
        "record": st.column_config.TextColumn(_("Record"), width=200),
        "amount": st.column_config.TextColumn(_("Amount"), width=120, alignment="right"),
        "customer": st.column_config.TextColumn(_("Customer"), width=200),
        "kind": st.column_config.TextColumn(_("What"), width=90),
        "day": st.column_config.TextColumn(_("Day"), width=100),
    }
    state = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row",
        key="bridge-records", height=tall(len(rows), 640), alt=plain(title),
    )  # fmt: skip
    for i in state.selection.rows[:1]:
        if i < len(rows):
            open_record(rows[i])


def open_record(row: Row) -> None:
    """Open the page of a deal, invoice or payment."""
    named = f"{row['vendor']}:{row['id']}"
    if row["subject"] == "deals":
        go("deals", deal=named)
    elif row["subject"] == "invoices":
        go("deals", invoice=named)
    else:
        go("reconciliation", q=str(row.get("record") or row["id"]))
