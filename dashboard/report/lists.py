"""The lists of a report: what waits and is late, problems, what was done, and the records behind every sum."""

import datetime as dt

import sqlalchemy as sa

from dashboard.read import Row, bridge, sources
from dashboard.report.facts import Facts
from dashboard.report.sums import differences
from dashboard.report.table import Sort, Table, table
from reconcile import schema
from reconcile.state import State, now, state

STEP_ROWS = 50  # records shown behind each difference
RECOVERED = ("won_not_invoiced", "partly_invoiced", "overdue", "partly_paid")


def waiting(facts: Facts) -> Table:
    """Deals won and not invoiced."""
    columns: dict[str, Sort] = {"record": "text", "customer": "text", "owner": "text", "won_on": "date",
                                "days": "count", "currency": "text", "amount": "money"}  # fmt: skip
    return table("not_invoiced", columns, facts.waiting)


def overdue(facts: Facts) -> Table:
    """Invoices past their due date."""
    columns: dict[str, Sort] = {"record": "text", "customer": "text", "owner": "text", "due_on": "date",
                                "days": "count", "currency": "text", "amount": "money"}  # fmt: skip
    return table("overdue", columns, facts.late)


def opened(facts: Facts) -> Table:
    """Findings first seen, the gravest first."""
    return _findings("opened", facts.opened)


def fixed(facts: Facts) -> Table:
    """Findings gone, the gravest first."""
    return _findings("fixed", facts.fixed)


def _findings(name: str, rows: list[Row]) -> Table:
    columns: dict[str, Sort] = {"id": "text", "severity": "word", "problem": "word", "record": "text",
                                "customer": "text", "owner": "text", "since_on": "date", "currency": "text",
                                "amount": "money"}  # fmt: skip
    return table(name, columns, rows)


def recovered(facts: Facts) -> Table:
    """Money at stake of findings gone: sales that were invoiced, invoices that were paid, each record once."""
    once: dict[tuple[str, ...], Row] = {}
    for row in facts.fixed:
        if row["check"] in RECOVERED and row["amount"] and row["amount"] > 0:
            key = (row["subject_table"], row["vendor"], row["subject_id"], row["currency"])
            if key not in once or once[key]["amount"] < row["amount"]:
                once[key] = row | {"how": "billed" if row["subject_table"] == "deals" else "paid"}
    columns: dict[str, Sort] = {"how": "word", "record": "text", "customer": "text", "owner": "text",
                                "currency": "text", "amount": "money"}  # fmt: skip
    return table("recovered", columns, list(once.values()))


def actions(facts: Facts) -> Table:
    """What was written into connected systems, by action and system, from the log."""
    since, until = facts.period.instants(facts.settings.company.time_zone)
    columns: dict[str, Sort] = {"action": "word", "vendor": "text", "times": "count"}
    return table("done", columns, done(state(facts.data), since, until))


def sources_read(facts: Facts) -> Table:
    """Where the figures come from, and how old that is."""
    moment = now()
    rows = [
        {"vendor": s.vendor, "completed_at": s.completed_at, "state": s.state(moment), "items": s.items,
         "rejected": s.rejected, "error": s.error}
        for s in sources.sources(facts.data)
    ]  # fmt: skip
    columns: dict[str, Sort] = {"vendor": "text", "completed_at": "moment", "state": "word", "items": "count",
                                "rejected": "count", "error": "text"}  # fmt: skip
    return table("sources", columns, rows)


def behind(facts: Facts) -> Table:
    """The records behind each difference, the largest of each."""
    rows = []
    for half, step, currency, _amount in differences(facts).rows:
        _found, told = bridge.rows(facts.data, *facts.spans["now"], currency, half, step)
        rows += [r | {"half": half, "step": step} for r in told[:STEP_ROWS]]
    columns: dict[str, Sort] = {"half": "word", "step": "word", "record": "text", "customer": "text",
                                "on_day": "date", "currency": "text", "amount": "money"}  # fmt: skip
    return table("behind", columns, rows)


_COMMON: dict[str, Sort] = {"on_day": "date", "record": "text", "customer": "text"}
_MONEY: dict[str, Sort] = {"currency": "text", "amount": "money"}


def deals(facts: Facts) -> Table:
    """The deals that the total won is the sum of."""
    return table("deals", {**_COMMON, "owner": "text", "invoice": "text", **_MONEY}, facts.deals)


def invoices(facts: Facts) -> Table:
    """The invoices that the total invoiced is the sum of."""
    sent: dict[str, Sort] = {"owner": "text", "state": "word", "sent_at": "moment", "due_on": "date",
                             "paid_on": "date"}  # fmt: skip
    more: dict[str, Sort] = {"net": "money", "open": "money"}
    return table("invoices", {**_COMMON, **sent, **_MONEY, **more}, facts.invoices)


def payments(facts: Facts) -> Table:
    """The money that the total collected is the sum of."""
    return table("payments", {**_COMMON, "invoice": "text", "method": "word", **_MONEY}, facts.payments)


def done(store: State, since: dt.datetime, before: dt.datetime) -> list[Row]:
    """Return how often each action was done in each system between two instants, from the log."""
    log = schema.audit
    query = (
        sa.select(log.c.action, log.c.vendor, sa.func.count().label("times"))
        .where(log.c.at >= since, log.c.at < before, log.c.outcome == "done", log.c.key != "")
        .where(log.c.action.not_like("report%"))
        .group_by(log.c.action, log.c.vendor)
        .order_by(log.c.action, log.c.vendor)
    )
    with store.read() as db:
        return [dict(row) for row in db.execute(query).mappings()]
