"""A report in the reader's language: what tables, columns and codes are called, and values as text."""

from decimal import Decimal
from functools import cache
from typing import Any

from dashboard import labels
from dashboard.report.table import Column, Table
from dashboard.report.week import Look, Report
from dashboard.theme import invoice_state, severity, source_state
from dashboard.views import bridge
from dashboard.words import _, day, language, moment, money, number

SHORT = ("totals", "days", "counts")


def title(name: str) -> str:
    """Return what a table is called."""
    return {
        "totals": _("Money"), "days": _("Days"), "counts": _("Counts"),
        "differences": _("Differences"), "not_invoiced": _("Won and not invoiced"),
        "overdue": _("Overdue"), "ageing": _("Open invoices by days overdue"), "by_owner": _("By salesperson"),
        "forecast": _("Cash expected by week"), "opened": _("New problems"), "fixed": _("Problems gone"),
        "recovered": _("Recovered"), "done": _("What was done for you"),
        "worth": _("What that is worth (assumed)"), "sources": _("Where the figures come from"),
        "by_customer": _("By customer"), "behind": _("Records behind the differences"), "deals": _("Deals won"),
        "invoices": _("Invoices issued"), "payments": _("Payments received"), "flat": _("Data"),
    }[name]  # fmt: skip


def heading(column: Column) -> str:
    """Return what a column is called."""
    return {
        "figure": _("Figure"), "currency": _("Currency"), "amount": _("Amount"), "before": _("Before"),
        "change": _("Change"), "stale": _("Rests on old data of"), "days": _("Days"), "count": _("Count"),
        "half": _("Between"), "step": _("Reason"), "record": _("Record"), "customer": _("Customer"),
        "owner": _("Salesperson"), "won_on": _("Won on"), "due_on": _("Due"), "bucket": _("Days overdue"),
        "invoices": _("Invoices"), "won": _("Deals won"), "won_amount": _("Won"), "invoiced_amount": _("Invoiced"),
        "paid_amount": _("Paid"), "waiting_amount": _("Not invoiced"), "days_to_invoice": _("Days to invoice"),
        "when": _("When"), "week": _("Week of"), "deals": _("Deals"), "severity": _("Severity"),
        "problem": _("Problem"), "since_on": _("Since"), "how": _("How"), "action": _("What"), "vendor": _("Where"),
        "times": _("Times"), "completed_at": _("Read at (UTC)"), "state": _("State"), "items": _("Records"),
        "rejected": _("Not usable"), "error": _("Error"), "net": _("Without tax"), "gross": _("With tax"),
        "open": _("Open"), "on_day": _("Day"), "invoice": _("Invoice"), "sent_at": _("Sent at (UTC)"),
        "paid_on": _("Paid on"), "id": _("Id"), "method": _("Method"),
        "minutes_each": _("Minutes by hand (assumed)"), "hours": _("Hours saved"),
    }.get(column.name) or labels.field(column.name)  # fmt: skip


@cache
def _words(spoken: str) -> dict[str, dict[str, str]]:
    """Return what the codes of each column mean, in the language that is spoken; asked once for each."""
    return {
        "figure": {
            "won": _("Won"), "invoiced": _("Invoiced"), "collected": _("Collected"),
            "remaining_to_invoice": _("Won and not invoiced"), "receivables": _("Receivables"),
            "overdue": _("Overdue"), "dso": _("DSO"), "dso_count_back": _("DSO by count-back"),
            "days_won_to_invoiced": _("From won to invoiced"), "days_invoiced_to_paid": _("From invoiced to paid"),
            "deals_won": _("Deals won"), "invoices": _("Invoices issued"), "payments": _("Payments received"),
            "not_invoiced": _("Deals not invoiced"), "overdue_invoices": _("Invoices overdue"),
            "opened": _("Problems opened"), "fixed": _("Problems gone"), "open_findings": _("Problems open now"),
        },
        "half": {"billed": _("Won to invoiced"), "cashed": _("Invoiced to collected")},
        "step": {name: said[0] for name, said in bridge.names().items()},
        "bucket": {"not_due": _("Not due"), "1_30": "1–30", "31_60": "31–60", "61_90": "61–90", "90_plus": "90+"},
        "when": {"week": _("Week"), "later": _("Later"), "undated": _("No day to expect")},
        "how": {"billed": _("Invoiced"), "paid": _("Paid")},
    }  # fmt: skip


def word(table: str, column: str, code: str) -> str:
    """Return what a code means."""
    if column in (known := _words(language())):
        return known[column].get(code, labels.spelt(code))
    if column == "severity":
        return severity(code).word
    if column == "state":
        return source_state(code).word if table == "sources" else invoice_state(code).word
    if column == "method":
        return labels.method(code)
    if column == "action":
        return _("What this product cost") if code == "product_cost" else labels.fix(code)
    return _(code)


def plain(table: Table, column: Column, value: Any) -> Any:
    """Return a value as a spreadsheet takes it: codes as words, all else as it is."""
    return word(table.name, column.name, value) if column.sort == "word" and value is not None else value


def shown(table: Table, row: tuple[Any, ...], column: Column, value: Any) -> str:
    """Return a value as a person reads it."""
    if value is None:
        return ""
    if column.sort == "money":
        return money(value, row[table.place("currency")])
    if column.sort == "days":
        return number(value, 1)
    if column.sort == "count":
        return number(value)
    if column.sort == "date":
        return day(value)
    if column.sort == "moment":
        return moment(value)
    return str(plain(table, column, value))


def lines(table: Table, most: int | None = None) -> list[list[str]]:
    """Return the first rows as text, without the currency's own column: each amount has it."""
    at = [table.columns.index(c) for c in columns(table)]
    return [[shown(table, row, table.columns[i], row[i]) for i in at] for row in table.rows[:most]]


def columns(table: Table) -> list[Column]:
    """Return the columns that `lines` has."""
    return [c for c in table.columns if c.name != "id" and (c.name != "currency" or table.name == "days")]


def notes(report: Report | Look) -> list[str]:
    """Return what to know of the figures, in sentences."""
    said = {
        "not_over": _("The period is not over: the figures are up to {day}.").format(day=day(report.as_of)),
        "in_arrears": _(
            "Made afterwards from dated records: what was corrected since then is in it, names are today's."
        ),
        "no_forecast": _("Cash expected is only known of today, so it is not in a report of the past."),
        "source_stopped": _("A source stopped: the figures rest on its last good reading (see the last table)."),
    }
    return [said[code] for code in report.notes]


def headline(report: Report | Look) -> list[tuple[str, str, str, int]]:
    """Return the first figures in the first currency that has some: name, amount, change, its sign."""
    totals = report.table("totals").records()
    first = next((r["currency"] for r in totals if r["amount"] or r["before"]), None)
    return [
        (word("totals", "figure", r["figure"]), money(r["amount"], first, whole=True),
         _change(r["change"], first), (r["change"] > 0) - (r["change"] < 0))
        for r in totals if r["currency"] == first
    ]  # fmt: skip


def _change(change: Decimal, currency: str) -> str:
    return ("+" if change > 0 else "") + money(change, currency, whole=True)
