"""The sums of a report: money, days, counts, the steps between, ageing, salespeople, forecast, customers, worth."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from dashboard import worth
from dashboard.read import Row, bridge, figures, findings, sales
from dashboard.read import report as asked
from dashboard.read.report_sums import BUCKETS
from dashboard.read.sources import OLD_AFTER
from dashboard.report.facts import ZERO, Facts
from dashboard.report.table import Sort, Table, table
from reconcile.state import now, state

FIGURES = ("won", "invoiced", "collected", "remaining_to_invoice", "receivables", "overdue")
COUNTS = ("deals_won", "invoices", "payments", "not_invoiced", "overdue_invoices", "opened", "fixed")


def totals(facts: Facts) -> Table:
    """Money by figure and currency, with the change since the period before and the sources that are old."""
    stale = _stale(facts)
    rows = []
    for name in FIGURES:
        for currency in facts.currencies:
            value, was = (_cents(facts.sums[when].get(name, {}).get(currency, ZERO)) for when in ("now", "before"))
            rows.append({"figure": name, "currency": currency, "amount": value, "before": was, "change": value - was,
                         "stale": stale.get(name, "")})  # fmt: skip
    # the first currency is always told whole; of the others only what is, or was, something
    rows = [r for r in rows if r["amount"] or r["before"] or r["currency"] == facts.currencies[0]]
    columns: dict[str, Sort] = {"figure": "word", "currency": "text", "amount": "money", "before": "money",
                                "change": "money", "stale": "text"}  # fmt: skip
    return table("totals", columns, rows)


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _stale(facts: Facts) -> dict[str, str]:
    """Return by figure which of its sources are old or stopped, and since when."""
    made = now().replace(tzinfo=None)
    found = {}
    for name, grounds in figures.grounds(facts.data).items():
        old = [
            f"{g['vendor']} ({g['completed_at']:%Y-%m-%d %H:%M} UTC)" if g["completed_at"] else f"{g['vendor']} (–)"
            for g in grounds
            if g["error"] or g["completed_at"] is None or made - g["completed_at"] > OLD_AFTER
        ]
        found[name] = ", ".join(old)
    return found


def days(facts: Facts) -> Table:
    """Days by figure: DSO by currency, won to invoiced, invoiced to paid; with the change."""
    told = figures.weeks if facts.period.kind == "week" else figures.months
    rows = []
    asked_for = [(name, c) for name in ("dso", "dso_count_back") for c in facts.currencies]
    for name, currency in [*asked_for, ("days_won_to_invoiced", ""), ("days_invoiced_to_paid", "")]:
        by_end = {p.end: p.value for p in told(facts.data, name, currency, "days")}
        value, before = by_end.get(facts.as_of), by_end.get(facts.period.before.end)
        if value is not None:
            change = None if before is None else round(value, 1) - round(before, 1)
            rows.append({"figure": name, "currency": currency, "days": value, "before": before, "change": change})
    columns: dict[str, Sort] = {"figure": "word", "currency": "text", "days": "days", "before": "days",
                                "change": "days"}  # fmt: skip
    return table("days", columns, rows)


def counts(facts: Facts) -> Table:
    """How many there were of each, with the change since the period before."""
    now_, before = facts.counts["now"], facts.counts["before"]
    rows = [{"figure": n, "count": now_[n], "before": before[n], "change": now_[n] - before[n]} for n in COUNTS]
    if facts.is_latest:
        total, _amounts = findings.total(facts.data, findings.Wanted())
        rows.append({"figure": "open_findings", "count": total, "before": None, "change": None})
    columns: dict[str, Sort] = {"figure": "word", "count": "count", "before": "count", "change": "count"}
    return table("counts", columns, rows)


def differences(facts: Facts) -> Table:
    """The steps from won over invoiced to collected."""
    rows = []
    for currency in facts.currencies:
        built = bridge.bridge(facts.data, *facts.spans["now"], currency)
        for half, steps in (("billed", built.to_billed), ("cashed", built.to_cashed)):
            rows += [{"half": half, "step": s, "currency": currency, "amount": a} for s, a in steps]
    columns: dict[str, Sort] = {"half": "word", "step": "word", "currency": "text", "amount": "money"}
    return table("differences", columns, rows)


def ageing(facts: Facts) -> Table:
    """What was owed by days overdue."""
    place = {pair: at for at, pair in enumerate((c, b) for c in facts.currencies for b in BUCKETS)}
    last = len(place)
    rows = sorted(facts.owed, key=lambda r: (place.get((r["currency"], r["bucket"]), last), r["currency"] or ""))
    columns: dict[str, Sort] = {"bucket": "word", "currency": "text", "invoices": "count", "amount": "money"}
    return table("ageing", columns, rows)


def by_owner(facts: Facts) -> Table:
    """What became of the deals won, by salesperson."""
    rows = []
    for currency in facts.currencies:
        for row in sales.conversion(facts.data, *facts.spans["now"], currency, "owner"):
            if row["won"]:
                rows.append(row | {"owner": row["name"], "currency": currency})
    columns: dict[str, Sort] = {"owner": "text", "currency": "text", "won": "count", "won_amount": "money",
                                "invoiced_amount": "money", "paid_amount": "money", "waiting_amount": "money",
                                "days_to_invoice": "days"}  # fmt: skip
    return table("by_owner", columns, rows)


def forecast(facts: Facts) -> Table:
    """Cash expected by week, 13 weeks; then what comes later and what has no day."""
    rows: list[Row] = []
    for currency in facts.currencies if facts.is_latest else ():
        parts: dict[tuple[str, Any], dict[str, Decimal]] = {}
        for row in figures.series(facts.data, "cash_forecast", currency):
            when = parts.setdefault((row["dimension"], row["period_start"]), {})
            when[row["key"]] = when.get(row["key"], ZERO) + row["value"]
        for (when_, start), amounts in sorted(parts.items(), key=lambda p: (p[0][0] != "week", str(p[0][1]))):
            total = sum((a.quantize(Decimal("0.01")) for a in amounts.values()), ZERO)
            rows.append({"when": when_, "week": start, "currency": currency, "amount": total} | amounts)
    columns: dict[str, Sort] = {"when": "word", "week": "date", "currency": "text", "invoices": "money",
                                "deals": "money", "amount": "money"}  # fmt: skip
    return table("forecast", columns, rows)


def worth_of(facts: Facts) -> Table:
    """What that is worth by the minutes and prices that people set: assumed, and apart from what was measured."""
    since, until = facts.period.instants(facts.settings.company.time_zone)
    store, currency = state(facts.data), facts.settings.company.reporting_currency
    said, counted = worth.assumed(store), worth.measured(store, since, until)
    months = Decimal((facts.period.end - facts.period.start).days + 1) * 12 / 365
    rows = [
        {"action": name, "minutes_each": said[name], "hours": Decimal(one.minutes) / 60, "currency": currency,
         "amount": one.saved}
        for name in counted if (one := worth.worth({name: counted[name]}, said))
    ]  # fmt: skip
    total = worth.worth(counted, said, months)
    if rows and total.cost:
        rows.append({"action": "product_cost", "currency": currency, "amount": -total.cost})
    columns: dict[str, Sort] = {"action": "word", "minutes_each": "count", "hours": "days", "currency": "text",
                                "amount": "money"}  # fmt: skip
    return table("worth", columns, rows)


def by_customer(facts: Facts) -> Table:
    """What each customer was invoiced."""
    columns: dict[str, Sort] = {"customer": "text", "currency": "text", "invoices": "count", "net": "money",
                                "gross": "money", "open": "money"}  # fmt: skip
    rows = asked.customers_billed(facts.data, *facts.spans["now"])
    return table("by_customer", columns, rows)
