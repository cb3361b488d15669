"""What of the figures is looked at: period and currency, chosen on the page and kept in its address; and what to know
of them: the rates used, what they leave out, the sources that are stale.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from dashboard import labels, session
from dashboard.address import bound
from dashboard.parts import plain, sums
from dashboard.read import Row, figures
from dashboard.read.figures import CONVERTED, MONEY
from dashboard.read.sources import OLD_AFTER
from dashboard.words import _, ago, day, day_typed, money, number
from reconcile.settings import Settings

ALL = "all"  # every currency, converted
PERIODS = ("month", "last_month", "quarter", "last_quarter", "year", "last_year", "12_months", "own")


class Period(NamedTuple):
    """First and last day, both included."""

    start: dt.date
    until: dt.date

    def __str__(self) -> str:
        return f"{day(self.start)} – {day(self.until)}"


class Chosen(NamedTuple):
    """A currency and the unit of its figures; `asked` is what row questions want: empty for all, converted."""

    currency: str
    unit: str

    @property
    def asked(self) -> str:
        """Return the currency as questions about rows take it."""
        return "" if self.unit == CONVERTED else self.currency


def currency(scope: str) -> Chosen:
    """Let the reader choose a currency, or all converted where rates are known; shows nothing where there is one."""
    options, ours = _currencies(session.data()), session.settings().company.reporting_currency
    chosen = options[0] if options else ours
    if len(options) > 1:
        total = _("All in {currency}").format(currency=ours)
        chosen = bound(
            st.segmented_control, _("Currency"), options, name="currency", scope=scope, default=options[0],
            required=True, label_visibility="collapsed", format_func=lambda code: total if code == ALL else code,
        )  # fmt: skip
    return _chosen(chosen, ours)


def chosen_of(query: Mapping[str, Sequence[str]], data: Path, settings: Settings) -> Chosen:
    """Return the currency that the address of a page asks for, the first one where it asks for none."""
    options, ours = _currencies(data), settings.company.reporting_currency
    said = next(iter(query.get("currency", ())), "")
    return _chosen(said if said in options else (options[0] if options else ours), ours)


def _currencies(data: Path) -> list[str]:
    known = figures.currencies(data)
    return ([ALL] if known and figures.has_total(data) else []) + known


def _chosen(code: str, ours: str) -> Chosen:
    return Chosen(ours, CONVERTED) if code == ALL else Chosen(code, MONEY)


def period(scope: str, default: str = "12_months") -> Period:
    """Let the reader choose a period."""
    told = {"month": _("This month"), "last_month": _("Last month"), "quarter": _("This quarter"),
            "last_quarter": _("Last quarter"), "year": _("This year"), "last_year": _("Last year"),
            "12_months": _("Last 12 months"), "own": _("From … to …")}  # fmt: skip
    name = bound(
        st.selectbox, _("Period"), PERIODS, name="period", scope=scope, default=default, format_func=told.__getitem__,
        label_visibility="collapsed", width=170, filter_mode=None,
    )  # fmt: skip
    return _own(scope) if name == "own" else named(name or default, session.day())


def period_of(query: Mapping[str, Sequence[str]], today: dt.date, default: str = "12_months") -> Period:
    """Return the period that the address of a page asks for today."""
    name = next(iter(query.get("period", ())), default)
    if name != "own":
        return named(name if name in PERIODS else default, today)
    usual = named("12_months", today)
    days = []
    for part, otherwise in (("from", usual.start), ("to", usual.until)):
        try:
            days.append(dt.date.fromisoformat(next(iter(query.get(part, ())), "")))
        except ValueError:
            days.append(otherwise)
    return Period(min(days), max(days))


def named(name: str, today: dt.date) -> Period:
    """Return the period of a name as of a day."""
    month, quarter = today.replace(day=1), today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    year, one = today.replace(month=1, day=1), dt.timedelta(days=1)
    return {
        "month": Period(month, today),
        "last_month": Period((month - one).replace(day=1), month - one),
        "quarter": Period(quarter, today),
        "last_quarter": Period(_months_before(quarter, 3), quarter - one),
        "year": Period(year, today),
        "last_year": Period(year.replace(year=year.year - 1), year - one),
        "12_months": Period(_months_before(month, 11), today),
    }[name]


def _months_before(first: dt.date, count: int) -> dt.date:
    months = first.year * 12 + first.month - 1 - count
    return dt.date(months // 12, months % 12 + 1, 1)


def _own(scope: str) -> Period:
    usual = named("12_months", session.day())
    start = _day(_("From"), "from", scope, usual.start)
    until = _day(_("To"), "to", scope, usual.until)
    if start > until:
        st.warning(_("The first day is after the last: they are taken the other way round."), icon=":material/info:")
    return Period(min(start, until), max(start, until))


def _day(label: str, name: str, scope: str, usual: dt.date) -> dt.date:
    try:
        first = dt.date.fromisoformat(st.query_params.get(name, ""))
    except ValueError:
        first = usual
    chosen = st.date_input(label, first, key=f"{scope}:{name}", width=140, format=day_typed())
    picked = chosen if isinstance(chosen, dt.date) else usual
    st.query_params[name] = str(picked)
    return picked


def note(chosen: Chosen, *names: str, left_out: tuple[tuple[str, object], ...] = ()) -> None:
    """Say under figures (by name) what is stale, at which rates they were converted, and what has none."""
    lines = [line for line in (stale(*names), rates_said() if chosen.unit == CONVERTED else "") if line]
    if chosen.unit == CONVERTED and left_out:
        told = _("Not in these totals, since no exchange rate is known for their days: {amounts}.")
        lines.append(f":orange[{told.format(amounts=plain(sums(left_out, most=6)))}]")  # type: ignore[arg-type]
    if lines:
        st.caption("  \n".join(lines))


def rates_said() -> str:
    """Return at which rates totals are converted, with day and source; and the currencies without one."""
    known, missing, source = [], [], ""
    for row in figures.rates(session.data()):
        if row["rate"]:
            known.append(f"1 {row['currency']} = {number(row['rate'], 4)} {row['reporting_currency']} "
                         f"({day(row['published_on'])})")  # fmt: skip
            source = row["source"]
        else:
            missing.append(row["currency"])
    lines = []
    if known:
        said = _("Converted at the rate of each day; the last ones: {rates}. Source: {source}.")
        lines.append(said.format(rates=" · ".join(known), source=source))
    if missing:
        said = _("No rate is known for {currencies}: its amounts are left out. `cuadra rates --fetch` gets them.")
        lines.append(said.format(currencies=", ".join(missing)))
    return "  \n".join(lines)


def stale(*names: str) -> str:
    """Return which stale sources the figures rest on and how old they are; empty if all are fresh."""
    grounds, now, found = figures.grounds(session.data()), session.now(), {}
    for name in names:
        for row in grounds.get(name, []):
            if row["error"] or row["completed_at"] is None or _age(row, now) > OLD_AFTER:
                found[row["vendor"]] = row
    if not found:
        return ""
    told = [f"{plain(labels.vendor(v))} ({_('read {ago}').format(ago=ago(r['completed_at'], now))})"
            for v, r in sorted(found.items())]  # fmt: skip
    return ":orange[:material/history: " + _("Rests on stale sources: {sources}").format(sources=", ".join(told)) + "]"


def _age(row: Row, now: dt.datetime) -> dt.timedelta:
    return now.replace(tzinfo=None) - row["completed_at"]


def spelt(amount: object, chosen: Chosen) -> str:
    """Return an amount in the chosen currency, without cents, as Markdown shows it."""
    return plain(money(amount, chosen.currency, whole=True))  # type: ignore[arg-type]
