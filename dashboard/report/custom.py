"""A saved view as a report: what its page shows, with the five properties of the invoices behind, as tables and files.

The same answers as on the page: what stands in the address is read by the same words.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dashboard import billed, labels, narrow
from dashboard.read import Row, custom, everything, findings, receivables, sales
from dashboard.read.custom import Asked, Owed, Records, Sold, ToFix
from dashboard.report.book import Tab
from dashboard.report.table import Sort, Table, table
from dashboard.words import _
from reconcile.saved import View
from reconcile.settings import Settings
from reconcile.state import state

NOBODY = "nobody"  # in the address of To fix: findings that nobody looks after
ROWS: dict[str, Sort] = {
    "what": "text", "record": "text", "note": "text", "customer": "text", "owner": "text", "on_day": "date",
    "currency": "text", "amount": "money", "number": "text", "recipient": "text", "invoice_state": "text",
    "due_on": "date", "invoice_currency": "text", "billed": "money", "open": "money",
}  # fmt: skip
SUMS: dict[str, Sort] = {"group": "text", "currency": "text", "records": "count", "invoices": "count",
                         "billed": "money", "open": "money"}  # fmt: skip


def asked(data: Path, view: View, settings: Settings, today: dt.date) -> Asked:
    """Return the question that a saved view asks today."""
    query, invoices = view.query, billed.read(view.query, today)
    match view.page:
        case "to-fix":
            return ToFix(_findings(data, query)._replace(billed=invoices))
        case "sales":
            period = narrow.period_of(query, today)
            by = _known(query, "by", (*sales.BY, "customer")) or sales.BY[0]
            return Sold(period.start, period.until, narrow.chosen_of(query, data, settings).asked, by, invoices)
        case "receivables":
            currency = narrow.chosen_of(query, data, settings).asked
            return Owed(currency, _known(query, "age", receivables.BUCKETS), invoices)
    return Records(_first(query, "q"), _known(query, "stage", everything.STAGES), invoices)


def _findings(data: Path, query: Mapping[str, Sequence[str]]) -> findings.Wanted:
    given = state(data).assignments()
    looks = query.get("who", ())
    ids: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    if NOBODY in looks:
        without = tuple(id for id, who in given.items() if who not in looks)
    elif looks:
        ids = tuple(id for id, who in given.items() if who in looks)
    return findings.Wanted(
        tuple(query.get("check", ())), tuple(query.get("severity", ())), tuple(query.get("owner", ())), "",
        billed.typed(_first(query, "from")), billed.typed(_first(query, "to")), _first(query, "q"),
        tuple(query.get("state", ())) or ("open",), "urgent", ids, without,
    )  # fmt: skip


def _first(query: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(query.get(name, ())), "")


def _known(query: Mapping[str, Sequence[str]], name: str, known: Sequence[str]) -> str:
    said = _first(query, name)
    return said if said in known else ""


def tables(data: Path, wanted: Asked, by: str) -> list[Table]:
    """Return the sums – by a property, else of all together – and the records, in words of the language spoken."""
    sums = [
        {"group": billed.group_word(by, r) if by or r["is_without"] else _("All"), "open": r["still_open"]} | r
        for r in custom.sums(data, wanted, by)
    ]
    rows = [_row(r) for r in custom.rows(data, wanted)]
    used = {c: sort for c, sort in ROWS.items() if c not in ("note", "owner") or any(r[c] for r in rows)}
    return [table("sums", SUMS, sums), table("rows", used, rows)]


def _row(row: Row) -> dict[str, Any]:
    has = row["invoice_id"] is not None
    return row | {
        "what": labels.table(row["of_table"]), "record": row["title"] or row["id"],
        "note": _(row["note"]) if row["note"] else None, "open": row["still_open"],
        "invoice_state": billed.state_word(row["invoice_state"]) if has else billed.state_word("none"),
    }  # fmt: skip


def heading(name: str, by: str) -> str:
    """Return what a column is called."""
    told = {
        "group": billed.properties()[by] if by else "", "what": _("What"), "record": _("Record"),
        "note": _("Problem"), "customer": _("Customer"), "owner": _("Salesperson"), "on_day": _("Day"),
        "currency": _("Currency"), "amount": _("Amount"), "number": _("Invoice number"), "recipient": _("Recipient"),
        "invoice_state": _("Invoice state"), "due_on": _("Due date"), "invoice_currency": _("Invoice currency"),
        "billed": _("Amount billed"), "open": _("Still open"), "records": _("Records"), "invoices": _("Invoices"),
    }  # fmt: skip
    return told[name]


def titles() -> dict[str, str]:
    """Return what the two tables are called."""
    return {"sums": _("Sums"), "rows": _("Records")}


def tabs(made: Sequence[Table], by: str) -> list[Tab]:
    """Return the tables as tabs of a workbook."""
    return [Tab(t.name, titles()[t.name], [_head(t, by), *(_cells(t, row) for row in t.rows)]) for t in made]


def _head(found: Table, by: str) -> list[tuple[Any, str]]:
    return [(heading(c.name, by), "head") for c in found.columns]


def _cells(found: Table, row: Sequence[Any]) -> list[tuple[Any, str]]:
    return [(value, c.sort) for c, value in zip(found.columns, row, strict=True)]
