"""One payment for several invoices: the sets of open invoices of the payer that add up to what was paid."""

import datetime as dt
import math
from bisect import bisect_left
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

import polars as pl

from reconcile import allocate, match, subsets

BACK = 200  # days that a payment looks back
EARLY = 10
SHARP = 1.7  # how much more a natural set counts than one with gaps; measured on labelled books
BILLED_WITHIN = 100  # days after winning in which deals are billed together
LOOK = 50  # open invoices due before, and after, the day of payment that are looked at
MOST_FEES = 4  # open invoices up to which also a round bank fee may be missing: with more, anything adds up
ROUND = (1_000_000, 100_000, 10_000, 5_000, 100)  # units in which amounts may all be whole


def explained(free: pl.DataFrame, owed: pl.DataFrame, mentioned: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return a row per explanation and invoice: e, left_n, right_n, settles, share, weight, rule, paid_on.

    free: n, party, trust, currency, paid_on, left. owed: n_right, party, currency, owed, issued_on, due_on. The second
    value counts payments for which the search was cut.
    """
    listed = _by_payer(free, owed)
    asked = free.select("n", "party", "currency", paid_day=_day("paid_on"), left="left", trust="trust", begun="begun",
                        further="further").sort("n", "party")  # fmt: skip
    told = mentioned.join(asked, on="n", how="semi")
    hints = set(told.select("n", "n_right").iter_rows())
    contradicted = set(told.filter(pl.col("said") == "whole")["n"])
    rows, e, gave_up = [], 0, 0
    for n, party, currency, paid_day, left, trust, begun, further in asked.iter_rows():
        invoices = listed.get((party, currency))
        if not invoices:
            continue
        near, cut = _candidates(invoices, left, paid_day)
        if len(near) < 2:
            continue
        found, more = _sums(tuple([i.owed for i in near]), left)
        if further:  # the text says how many there are besides the one it names
            size = further if begun else further + 1
            found = [(positions, 3000.0) for positions, _ in found if len(positions) == size] or found
        gave_up += bool(cut and not found) or more
        for positions, prior in found:
            chosen = [near[at] for at in positions]
            weight = prior * trust**2 * _coherent(positions, [paid_day - i.due_day for i in near]) ** SHARP
            hinted = any((n, c.n) in hints for c in chosen)
            weight *= 20 if hinted else match.CONTRADICTED if n in contradicted else 1
            total = sum(c.owed for c in chosen)
            for c in chosen:
                rows.append((e, n, c.n, c.owed, c.owed / (c.owed + allocate.CENTS), weight, paid_day, total))
            e += 1
    schema = {"e": pl.UInt32, "left_n": pl.Int64, "right_n": pl.Int64, "settles": pl.Int64, "share": pl.Float64,
              "weight": pl.Float64, "paid_on": pl.Int32, "total": pl.Int64}  # fmt: skip
    found_rows = pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.col("paid_on").cast(pl.Date))
    return found_rows.with_columns(rule=pl.lit("several_invoices")), gave_up


class _Open(NamedTuple):
    """An open invoice; days are counted from 1970, since differences of dates cost ten times as much."""

    n: int
    owed: int
    issued_day: int
    due_day: int


def _day(column: str) -> pl.Expr:
    return pl.col(column).to_physical()


def _by_payer(free: pl.DataFrame, owed: pl.DataFrame) -> dict[tuple[int, str], list[_Open]]:
    """Return the open invoices by due date of each payer and currency with several."""
    wanted = owed.join(free.select("party", "currency").unique(), on=["party", "currency"], how="semi")
    wanted = wanted.filter(pl.len().over("party", "currency") > 1).sort("due_on", "n_right")
    invoices = wanted.select("party", "currency", "n_right", "owed", _day("issued_on"), _day("due_on"))
    listed: dict[tuple[int, str], list[_Open]] = {}
    for party, currency, *invoice in invoices.iter_rows():
        listed.setdefault((party, currency), []).append(_Open._make(invoice))
    return listed


def _candidates(invoices: list[_Open], left: int, paid_day: int) -> tuple[list[_Open], bool]:
    """Return the invoices that may be in the sum, the nearest due if too many, and whether any was cut."""
    around = bisect_left(invoices, paid_day, key=_due_day)
    most, first, last = left + allocate.CENTS, paid_day - BACK, paid_day + EARLY
    near = [
        i for i in invoices[max(around - LOOK, 0) : around + LOOK]
        if i.owed <= most and first <= i.issued_day <= last
    ]  # fmt: skip
    if len(near) <= subsets.MOST_AMOUNTS:
        return near, False
    near.sort(key=lambda i: (abs(paid_day - i.due_day - 15), i.n))
    return sorted(near[: subsets.MOST_AMOUNTS], key=lambda i: (i.due_day, i.n)), True


_due_day = attrgetter("due_day")


@lru_cache(maxsize=20_000)  # what is not linked is asked again in the next round, mostly with the same invoices
def _sums(
    amounts: tuple[int, ...], left: int, fewest: int = 2, fees: bool = True
) -> tuple[list[tuple[tuple[int, ...], float]], bool]:
    """Return the sets of positions that add up, with odds against chance, and whether any was left out."""
    if sum(amounts) < left - allocate.CENTS:
        return [], False
    found, gave_up = subsets.adding_up(list(amounts), left - allocate.CENTS, left + allocate.CENTS, fewest)
    spread = max(sum(amounts), 1)
    unit = next(u for u in (*ROUND, 1) if left % u == 0 and all(a % u == 0 for a in amounts))
    sets_there = 2 ** len(amounts)
    chance = max(sets_there * max(unit, 100) / spread, 1e-4)
    if found:
        return [
            (positions, min(1.0 / chance, 3000.0) * 0.5 ** (len(positions) - 2) + 0.5) for positions in found
        ], gave_up
    if not fees or len(amounts) > MOST_FEES:
        return [], gave_up
    found, gave_up = subsets.adding_up(list(amounts), left + allocate.FEE_STEP, left + allocate.FEE)
    fee = [(p, sum(amounts[at] for at in p) - left) for p in found]
    odds = min(0.1 / (chance * allocate.FEE / allocate.FEE_STEP), 300.0)
    return [(p, odds) for p, missing in fee if missing % allocate.FEE_STEP == 0], gave_up


def _coherent(positions: tuple[int, ...], ages: list[int]) -> float:
    """Return how natural the set is: paid when the last falls due, nothing older left out.

    ages: of all that might be in the set, the days from due to paid.
    """
    chosen = [ages[at] for at in positions]
    last, first = max(chosen), min(chosen)
    newest = 1.0 if -10 <= first <= 5 else 0.3 * math.exp(-max(abs(first) - 5, 0) / 25)
    skipped = sum(first <= age <= last for age in ages) - len(chosen)
    return max(newest, 0.01) * 0.6**skipped


def consolidated(bills: pl.DataFrame, deals: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return a row per explanation and deal: e, left_n (deal), right_n (invoice), share, weight, rule.

    bills: n, party, currency, net, gross, issued_on, worth (of the deals that are known to be in it; 0 where none is,
    then two at least are searched). deals: n, billing, currency, amount, on_date, trust. The second value counts
    invoices for which the search was cut.
    """
    wanted = deals.join(
        bills.select(billing="party", currency="currency").unique(), on=["billing", "currency"], how="semi"
    )
    listed: dict[tuple[int, str], list[tuple]] = {}
    for party, currency, *deal in (
        wanted.sort("on_date", "n").select("billing", "currency", "n", "amount", "on_date", "trust").iter_rows()
    ):
        listed.setdefault((party, currency), []).append(tuple(deal))
    rows, e, gave_up = [], 0, 0
    asked = bills.sort("n").select("n", "party", "currency", "net", "gross", "issued_on", "worth")
    for n, party, currency, net, gross, issued_on, worth in asked.iter_rows():
        mine = listed.get((party, currency), [])
        until = bisect_left(mine, issued_on + dt.timedelta(days=EARLY + 1), key=lambda d: d[2])
        near = [
            d
            for d in mine[max(until - 2 * LOOK, 0) : until]
            if d[1] <= gross + allocate.CENTS and -EARLY <= (issued_on - d[2]).days <= BILLED_WITHIN
        ]
        if len(near) < (1 if worth else 2):
            continue
        cut = len(near) > subsets.MOST_AMOUNTS
        near = near[-subsets.MOST_AMOUNTS :]
        found, more = _together(tuple(d[1] for d in near), net, gross, worth)
        gave_up += more or (cut and not found)
        for positions, odds in found:
            chosen = [near[at] for at in positions]
            trust = min(d[3] for d in chosen)
            slow = max((issued_on - d[2]).days for d in chosen)
            weight = odds * trust**2 * math.exp(-slow / 40)
            rows += [(e, d[0], n, 1 / 1.03, weight) for d in chosen]
            e += 1
    schema = {"e": pl.UInt32, "left_n": pl.Int64, "right_n": pl.Int64, "share": pl.Float64, "weight": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(rule=pl.lit("consolidated")), gave_up


MIXED = 0.3  # most companies write all their deals without tax, or all with it


def _together(
    amounts: tuple[int, ...], net: int, gross: int, worth: int
) -> tuple[list[tuple[tuple[int, ...], float]], int]:
    """Return the sets of deals that an invoice bills beside those worth `worth`, with odds, and searches given up.

    Deals are written without tax or with it. Where neither all without nor all with it add up, they may be mixed.
    """
    found, gave_up = [], 0
    fewest = 1 if worth else 2
    for total in sorted({net - worth, gross - worth}):
        if total > 0:
            sets, more = _sums(amounts, total, fewest, fees=False)
            found += sets
            gave_up += more
    if found or net >= gross:
        return found, gave_up
    taxed = gross / net
    if worth:
        for total in (round(net - worth / taxed), round(gross - worth * taxed)):
            if total > 0:
                sets, more = _sums(amounts, total, fewest, fees=False)
                found += [(positions, odds * MIXED) for positions, odds in sets]
                gave_up += more
        return found, gave_up
    mixed: dict[tuple[int, ...], float] = {}
    for at, amount in enumerate(amounts):  # this one is written the other way than the others of its invoice
        rest = amounts[:at] + amounts[at + 1 :]
        for total in (round(net - amount / taxed), round(gross - amount * taxed)):
            if total > 0:
                sets, more = _sums(rest, total, 1, fees=False)
                gave_up += more
                for positions, odds in sets:
                    chosen = tuple(sorted([at, *(p + (p >= at) for p in positions)]))
                    mixed[chosen] = max(odds * MIXED / len(amounts), mixed.get(chosen, 0))
    return list(mixed.items()), gave_up
