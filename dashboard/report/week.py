"""The figures of a report, once: what every channel shows of a week or a month, from the questions that pages ask.

A report is kept when it goes out, so that the same one can be opened again. One that was never kept is computed from
what has a date; what a day of the past cannot tell any more is left out and said in `notes`.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from dashboard import worth
from dashboard.read import NoWarehouse, Row, bridge, figures, findings, ready, sales, sources
from dashboard.read import report as asked
from dashboard.read.sources import OLD_AFTER
from dashboard.report.period import Kind, Period, around
from dashboard.report.table import Sort, Table, read, table, written
from reconcile import schema
from reconcile.settings import Settings
from reconcile.state import State, now, state

TOP = 10  # rows of a list that a mail shows
STEP_ROWS = 50  # records shown behind each difference
BUCKETS = ("not_due", "1_30", "31_60", "61_90", "90_plus")
RECOVERED = ("won_not_invoiced", "partly_invoiced", "overdue", "partly_paid")
ZERO = Decimal(0)


class NoReport(Exception):
    """There is nothing to report; the text says why and what to do."""


class Report(NamedTuple):
    """A week or a month in figures. `as_of` is its last day, or the day of the books while it is not over."""

    period: Period
    as_of: dt.date
    made_at: dt.datetime
    company: str
    time_zone: str
    currencies: tuple[str, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()

    def table(self, name: str) -> Table:
        """Return a table by its name. KeyError if there is none."""
        return next((t for t in self.tables if t.name == name), None) or _missing(name)

    @property
    def is_over(self) -> bool:
        """Whether the period was over when this was made."""
        return self.as_of == self.period.end


def _missing(name: str) -> Table:
    raise KeyError(name)


def kept(data: Path, period: Period) -> Report | None:
    """Return the report as it went out, None where it never did."""
    found = state(data).value(f"report:{period.key}")
    return _read(found) if found else None


def keep(data: Path, report: Report) -> None:
    """Keep a report that is over, unless it is kept already: it stays as it was."""
    store, name = state(data), f"report:{report.period.key}"
    if report.is_over and store.value(name) is None:
        store.keep(name, _written(report))


def known(data: Path) -> list[Period]:
    """Return the periods whose reports are kept, newest first."""
    names = sa.select(schema.kv.c.name).where(schema.kv.c.name.startswith("report:"))  # not the reports: they are long
    with state(data).read() as db:
        keys = [name.split(":")[1:] for name in db.execute(names).scalars()]
    found = [around("month" if kind == "month" else "week", dt.date.fromisoformat(day)) for kind, day in keys]
    return sorted(found, key=lambda p: (p.start, p.kind), reverse=True)


def report(data: Path, period: Period, settings: Settings, *, fresh: bool = False) -> Report:
    """Return the report of a period: the kept one, else made now. NoReport where there is nothing to say."""
    if not fresh and (found := kept(data, period)):
        return found
    return make(data, period, settings)


def make(data: Path, period: Period, settings: Settings) -> Report:
    """Compute the report of a period. NoReport where the books have nothing of it."""
    if not ready(data):
        raise NoReport("Nothing was read yet. Connect a system or import a file, then compare: `cuadra sync`.")
    books = asked.span(data)
    if not books.get("first_day"):
        raise NoReport("No deal, invoice or payment was read yet. Look at Connections, then read all again.")
    if period.start > books["today"]:
        raise NoReport(f"{period.start} is still to come: the books are of {books['today']}. Choose an earlier day.")
    if period.end < books["first_day"]:
        raise NoReport(f"The first record is of {books['first_day']}. Choose that day or a later one.")
    as_of = min(period.end, books["today"])
    known_currencies = tuple(figures.currencies(data))
    made = _Maker(data, period, as_of, books["today"], known_currencies, settings)
    return Report(period, as_of, now().replace(microsecond=0), settings.company.name, settings.company.time_zone,
                  known_currencies, tuple(made.tables()), tuple(made.notes()))  # fmt: skip


class _Maker:
    """Asks for the parts of one report."""

    def __init__(
        self,
        data: Path,
        period: Period,
        as_of: dt.date,
        today: dt.date,
        currencies: tuple[str, ...],
        settings: Settings,
    ) -> None:
        self.data, self.period, self.as_of, self.today = data, period, as_of, today
        self.currencies, self.settings = currencies, settings
        before = period.before
        self.spans = {"now": (period.start, as_of), "before": (before.start, before.end)}
        self.owed = {name: asked.receivables(data, until) for name, (_start, until) in self.spans.items()}
        self.waiting = {name: asked.not_invoiced(data, until) for name, (_start, until) in self.spans.items()}
        zone = settings.company.time_zone
        since, until = period.instants(zone)
        since_before, until_before = before.instants(zone)
        self.opened = {
            "now": asked.opened(data, since, until),
            "before": asked.opened(data, since_before, until_before),
        }
        self.fixed = {"now": asked.fixed(data, since, until), "before": asked.fixed(data, since_before, until_before)}
        self.deals = asked.deals_won(data, period.start, as_of)
        self.invoices = asked.invoices_issued(data, period.start, as_of)
        self.payments = asked.payments_received(data, period.start, as_of)

    @property
    def is_latest(self) -> bool:
        """Whether today is in the period or in the one after it: what is only known of today may stand in it."""
        return self.today <= around(self.period.kind, self.period.end + dt.timedelta(days=1)).end

    def tables(self) -> Iterable[Table]:
        """Yield the tables in the order in which they are read."""
        yield self._totals()
        yield self._days()
        yield self._counts()
        yield self._differences()
        yield self._waiting()
        yield self._overdue()
        yield self._ageing()
        yield self._by_owner()
        yield self._forecast()
        yield self._findings("opened", self.opened["now"])
        yield self._findings("fixed", self.fixed["now"])
        yield self._recovered()
        yield self._done()
        yield self._worth()
        yield self._sources()
        if self.period.kind == "month":
            yield self._by_customer()
        yield self._behind()
        yield from self._lists()

    def notes(self) -> Iterable[str]:
        """Yield what the reader has to know of this report, as stable codes."""
        if self.as_of < self.period.end:
            yield "not_over"
        if self.as_of < self.today and not self.is_latest:
            yield "in_arrears"
        if not self.is_latest:
            yield "no_forecast"
        if any(s.error for s in sources.sources(self.data)):
            yield "source_stopped"

    # the first page

    def _totals(self) -> Table:
        """Money by figure and currency, with the change since the period before and the sources that are old."""
        stale = self._stale()
        rows = []
        for currency in self.currencies:
            now_, before = (bridge.bridge(self.data, *self.spans[name], currency) for name in ("now", "before"))
            found = {
                "won": (now_.booked, before.booked),
                "invoiced": (now_.billed, before.billed),
                "collected": (now_.cashed, before.cashed),
                "remaining_to_invoice": self._both(self.waiting, currency),
                "receivables": self._both(self.owed, currency),
                "overdue": self._both(_late(self.owed), currency),
            }
            rows += [
                {"figure": name, "currency": currency, "amount": value, "before": was, "change": value - was,
                 "stale": stale.get(name, "")}
                for name, (value, was) in found.items()
            ]  # fmt: skip
        order = list(dict.fromkeys(r["figure"] for r in rows))
        rows.sort(key=lambda r: order.index(r["figure"]))
        columns: dict[str, Sort] = {"figure": "word", "currency": "text", "amount": "money", "before": "money",
                                    "change": "money", "stale": "text"}  # fmt: skip
        return table("totals", columns, rows)

    def _both(self, rows: Mapping[str, list[Row]], currency: str) -> tuple[Decimal, Decimal]:
        now_, before = (
            sum((r["amount"] for r in rows[name] if r["currency"] == currency), ZERO) for name in ("now", "before")
        )
        return now_, before

    def _stale(self) -> dict[str, str]:
        """Return by figure which of its sources are old or stopped, and since when."""
        made = now().replace(tzinfo=None)
        found = {}
        for name, grounds in figures.grounds(self.data).items():
            old = [
                f"{g['vendor']} ({g['completed_at']:%Y-%m-%d %H:%M} UTC)" if g["completed_at"] else f"{g['vendor']} (–)"
                for g in grounds
                if g["error"] or g["completed_at"] is None or made - g["completed_at"] > OLD_AFTER
            ]
            found[name] = ", ".join(old)
        return found

    def _days(self) -> Table:
        """Days by figure: DSO by currency, won to invoiced, invoiced to paid; with the change."""
        told = figures.weeks if self.period.kind == "week" else figures.months
        rows = []
        asked_for = [(name, c) for name in ("dso", "dso_count_back") for c in self.currencies]
        for name, currency in [*asked_for, ("days_won_to_invoiced", ""), ("days_invoiced_to_paid", "")]:
            by_end = {p.end: p.value for p in told(self.data, name, currency, "days")}
            value, before = by_end.get(self.as_of), by_end.get(self.period.before.end)
            if value is not None:
                change = None if before is None else round(value, 1) - round(before, 1)
                rows.append({"figure": name, "currency": currency, "days": value, "before": before, "change": change})
        columns: dict[str, Sort] = {"figure": "word", "currency": "text", "days": "days", "before": "days",
                                    "change": "days"}  # fmt: skip
        return table("days", columns, rows)

    def _counts(self) -> Table:
        before = self.spans["before"]
        late = _late(self.owed)
        found = {
            "deals_won": (len(self.deals), len(asked.deals_won(self.data, *before))),
            "invoices": (_standing(self.invoices), _standing(asked.invoices_issued(self.data, *before))),
            "payments": (len(self.payments), len(asked.payments_received(self.data, *before))),
            "not_invoiced": (len(self.waiting["now"]), len(self.waiting["before"])),
            "overdue_invoices": (len(late["now"]), len(late["before"])),
            "opened": (len(self.opened["now"]), len(self.opened["before"])),
            "fixed": (len(self.fixed["now"]), len(self.fixed["before"])),
        }
        rows = [{"figure": n, "count": v, "before": w, "change": v - w} for n, (v, w) in found.items()]
        if self.is_latest:
            total, _amounts = findings.total(self.data, findings.Wanted())
            rows.append({"figure": "open_findings", "count": total, "before": None, "change": None})
        columns: dict[str, Sort] = {"figure": "word", "count": "count", "before": "count", "change": "count"}
        return table("counts", columns, rows)

    def _differences(self) -> Table:
        """The steps from won over invoiced to collected."""
        rows = []
        for currency in self.currencies:
            built = bridge.bridge(self.data, *self.spans["now"], currency)
            for half, steps in (("billed", built.to_billed), ("cashed", built.to_cashed)):
                rows += [{"half": half, "step": s, "currency": currency, "amount": a} for s, a in steps]
        columns: dict[str, Sort] = {"half": "word", "step": "word", "currency": "text", "amount": "money"}
        return table("differences", columns, rows)

    # lists

    def _waiting(self) -> Table:
        columns: dict[str, Sort] = {"record": "text", "customer": "text", "owner": "text", "won_on": "date",
                                    "days": "count", "currency": "text", "amount": "money"}  # fmt: skip
        return table("not_invoiced", columns, self._largest(self.waiting["now"]))

    def _overdue(self) -> Table:
        columns: dict[str, Sort] = {"record": "text", "customer": "text", "owner": "text", "due_on": "date",
                                    "days": "count", "currency": "text", "amount": "money"}  # fmt: skip
        return table("overdue", columns, self._largest(_late(self.owed)["now"]))

    def _largest(self, rows: list[Row]) -> list[Row]:
        """Return the rows, the reporting currency's first, each currency's largest first: no two are compared."""
        rank = {code: at for at, code in enumerate(self.currencies)}
        return sorted(rows, key=lambda r: (rank.get(r["currency"], len(rank)), -r["amount"]))

    def _ageing(self) -> Table:
        sums: dict[tuple[str, str], Decimal] = {(b, c): ZERO for c in self.currencies for b in BUCKETS}
        counted: Counter[tuple[str, str]] = Counter()
        for row in self.owed["now"]:
            key = (_bucket(row["days"]), row["currency"])
            sums[key] = sums.get(key, ZERO) + row["amount"]
            counted[key] += 1
        rows = [
            {"bucket": bucket, "currency": currency, "invoices": counted[bucket, currency], "amount": amount}
            for (bucket, currency), amount in sums.items()
        ]
        columns: dict[str, Sort] = {"bucket": "word", "currency": "text", "invoices": "count", "amount": "money"}
        return table("ageing", columns, [r for r in rows if r["invoices"]])

    def _by_owner(self) -> Table:
        rows = []
        for currency in self.currencies:
            for row in sales.conversion(self.data, *self.spans["now"], currency, "owner"):
                if row["won"]:
                    rows.append(row | {"owner": row["name"], "currency": currency})
        columns: dict[str, Sort] = {"owner": "text", "currency": "text", "won": "count", "won_amount": "money",
                                    "invoiced_amount": "money", "paid_amount": "money", "waiting_amount": "money",
                                    "days_to_invoice": "days"}  # fmt: skip
        return table("by_owner", columns, rows)

    def _forecast(self) -> Table:
        """Cash expected by week, 13 weeks; then what comes later and what has no day."""
        rows: list[Row] = []
        for currency in self.currencies if self.is_latest else ():
            parts: dict[tuple[str, Any], dict[str, Decimal]] = {}
            for row in figures.series(self.data, "cash_forecast", currency):
                when = parts.setdefault((row["dimension"], row["period_start"]), {})
                when[row["key"]] = when.get(row["key"], ZERO) + row["value"]
            for (when_, start), amounts in sorted(parts.items(), key=lambda p: (p[0][0] != "week", str(p[0][1]))):
                total = sum((a.quantize(Decimal("0.01")) for a in amounts.values()), ZERO)
                rows.append({"when": when_, "week": start, "currency": currency, "amount": total} | amounts)
        columns: dict[str, Sort] = {"when": "word", "week": "date", "currency": "text", "invoices": "money",
                                    "deals": "money", "amount": "money"}  # fmt: skip
        return table("forecast", columns, rows)

    def _findings(self, name: str, rows: list[Row]) -> Table:
        columns: dict[str, Sort] = {"id": "text", "severity": "word", "problem": "word", "record": "text",
                                    "customer": "text", "owner": "text", "since_on": "date", "currency": "text",
                                    "amount": "money"}  # fmt: skip
        return table(name, columns, rows)

    def _recovered(self) -> Table:
        """Money at stake of findings gone: sales that were invoiced, invoices that were paid, each record once."""
        once: dict[tuple[str, ...], Row] = {}
        for row in self.fixed["now"]:
            if row["check"] in RECOVERED and row["amount"] and row["amount"] > 0:
                key = (row["subject_table"], row["vendor"], row["subject_id"], row["currency"])
                if key not in once or once[key]["amount"] < row["amount"]:
                    once[key] = row | {"how": "billed" if row["subject_table"] == "deals" else "paid"}
        columns: dict[str, Sort] = {"how": "word", "record": "text", "customer": "text", "owner": "text",
                                    "currency": "text", "amount": "money"}  # fmt: skip
        return table("recovered", columns, list(once.values()))

    def _done(self) -> Table:
        """What was written into connected systems, by action and system, from the log."""
        since, until = self.period.instants(self.settings.company.time_zone)
        columns: dict[str, Sort] = {"action": "word", "vendor": "text", "times": "count"}
        return table("done", columns, done(state(self.data), since, until))

    def _worth(self) -> Table:
        """What that is worth by the minutes and prices that people set: assumed, and apart from what was measured."""
        since, until = self.period.instants(self.settings.company.time_zone)
        store, currency = state(self.data), self.settings.company.reporting_currency
        said, counted = worth.assumed(store), worth.measured(store, since, until)
        months = Decimal((self.period.end - self.period.start).days + 1) * 12 / 365
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

    def _sources(self) -> Table:
        moment = now()
        rows = [
            {"vendor": s.vendor, "completed_at": s.completed_at, "state": s.state(moment), "items": s.items,
             "rejected": s.rejected, "error": s.error}
            for s in sources.sources(self.data)
        ]  # fmt: skip
        columns: dict[str, Sort] = {"vendor": "text", "completed_at": "moment", "state": "word", "items": "count",
                                    "rejected": "count", "error": "text"}  # fmt: skip
        return table("sources", columns, rows)

    def _by_customer(self) -> Table:
        columns: dict[str, Sort] = {"customer": "text", "currency": "text", "invoices": "count", "net": "money",
                                    "gross": "money", "open": "money"}  # fmt: skip
        rows = asked.customers_billed(self.data, *self.spans["now"])
        return table("by_customer", columns, rows)

    def _behind(self) -> Table:
        """The records behind each difference, the largest of each."""
        rows = []
        for half, step, currency, _amount in self._differences().rows:
            _found, told = bridge.rows(self.data, *self.spans["now"], currency, half, step)
            rows += [r | {"half": half, "step": step} for r in told[:STEP_ROWS]]
        columns: dict[str, Sort] = {"half": "word", "step": "word", "record": "text", "customer": "text",
                                    "on_day": "date", "currency": "text", "amount": "money"}  # fmt: skip
        return table("behind", columns, rows)

    def _lists(self) -> Iterable[Table]:
        """The records that the three totals are sums of."""
        common: dict[str, Sort] = {"on_day": "date", "record": "text", "customer": "text"}
        money: dict[str, Sort] = {"currency": "text", "amount": "money"}
        yield table("deals", {**common, "owner": "text", "invoice": "text", **money}, self.deals)
        sent: dict[str, Sort] = {"owner": "text", "state": "word", "sent_at": "moment", "due_on": "date",
                                 "paid_on": "date"}  # fmt: skip
        more: dict[str, Sort] = {"net": "money", "open": "money"}
        yield table("invoices", {**common, **sent, **money, **more}, self.invoices)
        paid: dict[str, Sort] = {"invoice": "text", "method": "word"}
        yield table("payments", {**common, **paid, **money}, self.payments)


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


def _late(owed: Mapping[str, list[Row]]) -> dict[str, list[Row]]:
    return {name: [r for r in rows if r["due_on"] is not None and r["days"] > 0] for name, rows in owed.items()}


def _standing(invoices: list[Row]) -> int:
    return sum(r["amount"] > 0 for r in invoices)


def _bucket(days: int) -> str:
    bounds = ((0, "not_due"), (30, "1_30"), (60, "31_60"), (90, "61_90"))
    return next((name for most, name in bounds if days <= most), "90_plus")


def _written(made: Report) -> dict[str, Any]:
    plain = made._asdict() | {"tables": [written(t) for t in made.tables], "made_at": made.made_at.isoformat()}
    return plain | {"period": [str(v) for v in made.period], "as_of": str(made.as_of)}


def _read(plain: Mapping[str, Any]) -> Report:
    kind: Kind = "month" if plain["period"][0] == "month" else "week"
    period = Period(kind, *(dt.date.fromisoformat(d) for d in plain["period"][1:]))
    return Report(period, dt.date.fromisoformat(plain["as_of"]), dt.datetime.fromisoformat(plain["made_at"]),
                  plain["company"], plain["time_zone"], tuple(plain["currencies"]),
                  tuple(read(t) for t in plain["tables"]), tuple(plain["notes"]))  # fmt: skip


def as_json(made: Report) -> dict[str, Any]:
    """Return a report as a program reads it; amounts as text."""
    return _written(made)


__all__ = ["NoReport", "NoWarehouse", "Report", "as_json", "done", "keep", "kept", "known", "make", "report"]
