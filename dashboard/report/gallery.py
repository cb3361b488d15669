"""Which reports there are, what each needs, and what a connected plan adds: what is not there says why, and what to do.

Ours need records, whoever they came from. Those of a vendor are asked for there: its plan and the key's rights decide.
"""

import datetime as dt
from pathlib import Path
from typing import NamedTuple

from dashboard import labels
from dashboard.read import sources
from dashboard.words import _
from extract.vendor import Vendor, VendorError, registry
from reconcile.connections import connections
from reconcile.state import State, now, state

KEPT = "gallery:"  # name in the state store, before that of the connection


class Entry(NamedTuple):
    """One report. `page` and `query` are where it opens here, `url` where it opens at the vendor's."""

    name: str
    title: str
    says: str
    needs: str
    is_there: bool
    why_not: str = ""
    items: tuple[str, ...] = ()
    page: str = ""
    query: dict[str, str] | None = None
    url: str = ""
    asked_at: dt.datetime | None = None


def ours(data: Path) -> list[Entry]:
    """Return our own reports, in the order in which money flows; there are those whose records were read."""
    held: set[str] = set()
    for source in sources.sources(data):
        held |= {table for table, count in sources.holdings(data, source.vendor).items() if count}
    found = []
    for name, title, says, needs, page, query in _ours():
        missing = [labels.tables(table) for table in needs if table not in held]
        why = _("Nothing was read yet of: {tables}. Connect a system that has them, or import a file.")
        found.append(
            Entry(name, title, says, ", ".join(labels.tables(table) for table in needs), not missing,
                  why.format(tables=", ".join(missing)) if missing else "", page=page, query=query)
        )  # fmt: skip
    return found


def _ours() -> list[tuple[str, str, str, tuple[str, ...], str, dict[str, str]]]:
    sold, owed, paid = ("deals", "invoices"), ("invoices",), ("invoices", "payments")
    return [
        ("week", _("Weekly report"), _("Won, invoiced and collected last week, what is stuck, what was done"), sold,
         "reports", {"kind": "week"}),
        ("month", _("Monthly report"), _("The same of a month, with invoices, payment time and each customer"), sold,
         "reports", {"kind": "month"}),
        ("waiting", _("Won and not invoiced"), _("What can be billed today, the most urgent first"), sold, "to-fix",
         {"check": "won_not_invoiced"}),
        ("sales", _("Sales by salesperson, stage and month"), _("What became of the deals, and how long it took"),
         sold, "sales", {}),
        ("bridge", _("From booked to cashed"), _("Each step between sold, invoiced and collected, with its records"),
         ("deals", "invoices", "payments"), "bridge", {}),
        ("ageing", _("Receivables by age"), _("What customers owe and how late they are"), owed, "receivables", {}),
        ("forecast", _("Cash of the next 13 weeks"), _("From each customer's own delay"), paid, "receivables",
         {"view": "forecast"}),
        ("behaviour", _("How customers pay"), _("Days late, spread, share of late payments"), paid, "receivables",
         {"view": "behaviour"}),
        ("quotes", _("Accepted quotes without an invoice"), _("What the customer signed and nobody billed"),
         ("quotes", "invoices"), "to-fix", {"check": "quote_not_invoiced"}),
        ("bank", _("Money without an invoice"), _("What came in and belongs to nobody yet"), ("payments",),
         "reconciliation", {"part": "bank"}),
        ("value", _("Proof of value"), _("Days, money and minutes saved, measured and assumed apart"), owed, "value",
         {}),
    ]  # fmt: skip


def theirs(data: Path) -> list[Entry]:
    """Return the reports that plans of billing systems add: of each that is connected, else of each that could be."""
    store, known, found = state(data), connections(data), []
    for name, vendor in known.items():
        found += [_extra(store, name, vendor, code) for code in vendor.adds]
    connected = {type(vendor) for vendor in known.values()}
    for vendor_name, kind in sorted(registry().items()):
        if kind not in connected:
            why = _("{vendor} is not connected.").format(vendor=kind.title)
            found += [_described(vendor_name, code, code, False, why) for code in kind.adds]
    return found


def _extra(store: State, name: str, vendor: Vendor, code: str) -> Entry:
    told = store.value(KEPT + name) or {}
    vendor_name = type(vendor).__module__.rsplit(".", 1)[-1]
    at = dt.datetime.fromisoformat(told["at"]) if told else None
    if not told:
        why = _("{vendor} was not asked yet whether your plan has it.").format(vendor=vendor.title)
        return _described(vendor_name, f"{name}:{code}", code, False, why)
    if told["error"]:
        return _described(vendor_name, f"{name}:{code}", code, False, told["error"], at=at)
    said = told["extras"][code]
    why = "" if said["is_there"] else _("Your plan or key does not have it: {error}").format(error=said["says"])
    return _described(vendor_name, f"{name}:{code}", code, said["is_there"], why, tuple(said["items"]), at)


def _described(
    vendor: str, name: str, code: str, is_there: bool, why: str, items: tuple[str, ...] = (),
    at: dt.datetime | None = None,
) -> Entry:  # fmt: skip
    texts = {
        ("stripe", "reports"): (
            _("Stripe's own reports"), _("Balance, payouts, fees and tax as Stripe books them; they open in Stripe"),
            _("A key with the right to read reports"), "https://dashboard.stripe.com/reports",
        ),
        ("stripe", "sigma"): (
            _("Your queries in Stripe Sigma"), _("What your team asks by SQL and has sent regularly"),
            _("A Stripe plan with Sigma, and a key with the right to it"), "https://dashboard.stripe.com/sigma/queries",
        ),
    }  # fmt: skip
    title, says, needs, url = texts.get((vendor, code), (labels.spelt(code), "", labels.vendor(vendor), ""))
    return Entry(name, title, says, needs, is_there, why, items, url=url, asked_at=at)


def ask(data: Path) -> None:
    """Ask each connected system what its plan adds, and remember the answers; what fails is remembered as such."""
    store = state(data)
    for name, vendor in connections(data).items():
        if not vendor.adds:
            continue
        told: dict[str, object] = {"at": now().isoformat(), "error": "", "extras": {}}
        try:
            told["extras"] = {e.name: e._asdict() for e in vendor.extras()}
        except VendorError as error:
            told["error"] = str(error)
        store.keep(KEPT + name, told)
