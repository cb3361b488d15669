"""A customer's statement of account: from a day on, with what was brought forward; as table, workbook and on paper."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from dashboard.read.warehouse import Row
from dashboard.report import pdf, spoken
from dashboard.report.book import Tab
from dashboard.report.table import Sort, Table, table
from dashboard.report.xlsx import workbook
from dashboard.words import _, language, money

ZERO = Decimal(0)
COLUMNS: dict[str, Sort] = {
    "on_day": "date", "kind": "text", "record": "text", "about": "text", "due_on": "date", "currency": "text",
    "charged": "money", "credited": "money", "balance": "money",
}  # fmt: skip


class Account(NamedTuple):
    """What a customer was charged and credited in one currency since a day, and the balance before and after."""

    currency: str
    forward: Decimal
    lines: tuple[Row, ...]
    overdue: Decimal

    @property
    def balance(self) -> Decimal:
        """What the customer owes after the last line; negative where we owe."""
        return self.lines[-1]["balance"] if self.lines else self.forward


def accounts(lines: Sequence[Row], since: dt.date | None, overdue: dict[str, Decimal]) -> list[Account]:
    """Return an account for each currency of the lines of `read.statement`; `since` is the first day, None for all."""
    found = []
    for currency in dict.fromkeys(line["currency"] for line in lines):
        own = [line for line in lines if line["currency"] == currency]
        before = [line for line in own if since and line["on_day"] < since]
        shown = [_sided(line) for line in own[len(before) :]]
        forward = before[-1]["balance"] if before else ZERO
        found.append(Account(currency, forward, tuple(shown), overdue.get(currency, ZERO)))
    return found


def _sided(line: Row) -> Row:
    amount = line["amount"]
    return {**line, "charged": amount if amount > 0 else None, "credited": -amount if amount < 0 else None}


def kind(code: str) -> str:
    """Return what a line is called."""
    return {"invoice": _("Invoice"), "credit_note": _("Credit note"), "payment": _("Payment"), "refund": _("Refund"),
            "settled": _("Settled otherwise"), "forward": _("Brought forward")}[code]  # fmt: skip


def titles() -> dict[str, str]:
    """Return the headings of COLUMNS."""
    return {"on_day": _("Day"), "kind": _("What"), "record": _("Record"), "about": _("For"), "due_on": _("Due"),
            "currency": _("Currency"), "charged": _("Charged"), "credited": _("Credited"),
            "balance": _("Balance")}  # fmt: skip


def exported(found: Sequence[Account]) -> Table:
    """Return all accounts as one table, with stable codes for kinds; the first line of each is what was before."""
    rows = []
    for account in found:
        if account.forward:
            rows.append({"kind": "forward", "currency": account.currency, "balance": account.forward})
        rows += account.lines
    return table("statement", COLUMNS, rows)


def book(found: Sequence[Account], title: str, company: str) -> bytes:
    """Return a workbook with a tab for each currency."""
    named = titles()
    tabs = []
    for account in found:
        one = exported([account])
        at = one.place("kind")
        rows: list[list[tuple[Any, str]]] = [[(named[c.name], "head") for c in one.columns]]
        rows += [[(kind(v) if n == at else v, c.sort) for n, (c, v) in enumerate(zip(one.columns, row, strict=True))]
                 for row in one.rows]  # fmt: skip
        tabs.append(Tab(account.currency, account.currency, rows))
    return workbook(tabs, title, company)


def paper(
    found: Sequence[Account], customer: Sequence[str], company: str, made: dt.datetime, logo: Path | None
) -> bytes:
    """Return the statement as PDF/A; `customer` is name and address as lines. NoLogo if there is no such picture."""
    said = {
        "language": language(), "company": company or "Cuadra", "title": _("Statement of account"),
        "made": {"year": made.year, "month": made.month, "day": made.day}, "to": list(customer), "notes": [],
        "footer": _("As of {day}.").format(day=spoken.day(made.date())), "nothing": _("Nothing."), "charts": {},
        "headline": [
            {"name": _("Balance"), "says": money(a.balance, a.currency),
             "change": _("of it overdue: {amount}").format(amount=money(a.overdue, a.currency))}
            for a in found
        ],
        "sections": [_section(account) for account in found],
    }  # fmt: skip
    return pdf.paper(said, made, logo)


def _section(account: Account) -> dict[str, Any]:
    named = titles()
    names = [name for name in COLUMNS if name != "currency"]
    rows = [[_said(name, row, account.currency) for name in names] for row in exported([account]).records()]
    return {
        "title": account.currency, "chart": "", "more": "", "rows": rows,
        "columns": [
            {"title": named[n], "right": COLUMNS[n] == "money", "grows": n in ("record", "about")} for n in names
        ],
    }  # fmt: skip


def _said(name: str, row: Row, currency: str) -> str:
    value = row[name]
    if value is None:
        return ""
    if name == "kind":
        return kind(value)
    if COLUMNS[name] == "date":
        return spoken.day(value)
    return money(value, currency) if COLUMNS[name] == "money" else str(value)
