"""A customer's statement: every invoice, credit note and payment with the balance after it, to look at and to send."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from dashboard import narrow, session
from dashboard.address import bound
from dashboard.parts import go, nothing, plain, tall
from dashboard.read import Row, customers
from dashboard.read import statement as account
from dashboard.report import statement
from dashboard.report.pdf import NoLogo
from dashboard.report.statement import Account
from dashboard.report.xlsx import csv_text
from dashboard.words import _, country, day, language, money, speaking
from reconcile.archive.paths import part

SINCE = ("all", "year", "quarter", "12_months")


def show(head: tuple[str, str], customer: Row) -> None:
    """Lay out the account of each currency, and the files to take along."""
    lines = account.lines(session.data(), *head)
    if not lines:
        nothing(
            _("No invoice or payment yet"), _("The statement begins with the first one."), ":material/receipt_long:"
        )
        return
    told = {"all": _("From the beginning"), "year": _("This year"), "quarter": _("This quarter"),
            "12_months": _("Last 12 months")}  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="bottom"):
        since = bound(st.selectbox, _("Since"), SINCE, name="since", scope="statement", default="all", width=180,
                      format_func=told.__getitem__, label_visibility="collapsed", filter_mode=None)  # fmt: skip
        start = None if since == "all" else narrow.named(since, session.day()).start
        overdue = {m["currency"]: m["overdue"] for m in customers.money(session.data(), *head)}
        found = statement.accounts(lines, start, overdue)
        _files(found, customer)
    for one in found:
        _account(one, several=len(found) > 1)
    st.caption(_("Settled otherwise: fees, discounts, withheld tax, what was written off, or what billing says was "
                 "paid and we have not seen. Money for no invoice yet lowers the balance."))  # fmt: skip


def _account(one: Account, several: bool) -> None:
    if several:
        st.markdown(f"**{one.currency}**")
    rows = [_cells(line, one.currency) for line in one.lines]
    if one.forward:
        rows.insert(0, {"day": "", "what": statement.kind("forward"), "record": "", "charged": "", "credited": "",
                        "balance": money(one.forward, one.currency)})  # fmt: skip
    named = statement.titles()
    config = {  # day, what and balance fit on a phone; the rest is a swipe away
        "day": st.column_config.TextColumn(named["on_day"], width=88),
        "what": st.column_config.TextColumn(named["kind"], width=104),
    } | {
        name: st.column_config.TextColumn(named[name], width=width, alignment="right")
        for name, width in (("balance", 116), ("charged", 100), ("credited", 100))
    }
    config["record"] = st.column_config.TextColumn(named["record"], width=180)
    chosen = st.dataframe(
        {name: [row[name] for row in rows] for name in config}, column_config=config, hide_index=True,
        on_select="rerun", selection_mode="single-row", key=f"account-{one.currency}", height=tall(len(rows), 620),
        alt=_("Statement of account"),
    )  # fmt: skip
    shift = 1 if one.forward else 0
    for i in chosen.selection.rows[:1]:
        if 0 <= i - shift < len(one.lines):
            line = one.lines[i - shift]
            if line["kind"] in ("invoice", "credit_note", "settled"):
                go("deals", invoice=f"{line['vendor']}:{line['id']}")
            else:
                st.caption(f"{plain(line['record'])} · {plain(line['about'] or _('for no invoice yet'))}")
    said = _("Balance {amount}, of it overdue {late}.")
    st.markdown(said.format(amount=f"**{plain(money(one.balance, one.currency))}**",
                            late=plain(money(one.overdue, one.currency))))  # fmt: skip


def _cells(line: Row, currency: str) -> dict[str, str]:
    about = line["about"] if line["kind"] in ("payment", "refund") and line["about"] else line["record"]
    return {
        "day": day(line["on_day"]), "what": statement.kind(line["kind"]),
        "record": f"→ {about}" if about != line["record"] else about,
        "charged": "" if line["charged"] is None else money(line["charged"], currency),
        "credited": "" if line["credited"] is None else money(line["credited"], currency),
        "balance": money(line["balance"], currency),
    }  # fmt: skip


def _files(found: list[Account], customer: Row) -> None:
    name, company = customer["name"] or customer["id"], session.settings().company
    made = dt.datetime.combine(session.day(), dt.time(12), dt.UTC)
    spoken, stem = language(), f"{part(name)} {session.day()}"
    place = [customer["street"], " ".join(filter(None, (customer["postcode"], customer["city"]))),
             country(customer["country"] or ""), customer["tax_id"]]  # fmt: skip
    to = [name, *(line for line in place if line)]
    said = session.settings().reports.logo

    def in_words(content: Callable[[], bytes]) -> Callable[[], bytes]:
        def made_now() -> bytes:
            with speaking(spoken):
                return content()

        return made_now

    def on_paper() -> bytes:
        try:
            return statement.paper(found, to, company.name, made, Path(said) if said else None)
        except NoLogo:  # said on Reports; a statement goes out without it
            return statement.paper(found, to, company.name, made, None)

    offers: tuple[tuple[str, Callable[[], bytes], str, str], ...] = (
        ("PDF", on_paper, "pdf", "picture_as_pdf"),
        ("Excel", lambda: statement.book(found, name, company.name), "xlsx", "table"),
        ("CSV", lambda: csv_text(statement.exported(found)).encode(), "csv", "csv"),
    )  # fmt: skip
    for title, content, ending, icon in offers:
        st.download_button(title, in_words(content), f"{stem}.{ending}", icon=f":material/{icon}:", on_click="ignore",
                           key=f"statement-{ending}")  # fmt: skip
