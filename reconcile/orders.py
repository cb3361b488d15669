"""The amounts of invoices that would bill a deal, and how natural each is: by its day, its mates and its amount."""

from typing import NamedTuple

import polars as pl

from reconcile import match
from reconcile.rates import NEAR, Rates

MOST_INSTALMENTS = 12
DEPOSITS = (5, 10, 15, 20, 25, 30, 33, 35, 40, 50, 60, 65, 67, 70, 75, 80, 85, 90, 95)  # usual percentages
EARLY = 10  # days that an invoice may come before the deal is marked won
SOON = 150  # days in which an invoice comes that is not one of many parts
LONGEST = 31 * MOST_INSTALMENTS + 30  # days in which the last of the parts comes
ROUNDED = 0.025  # people round a deal's amount by no more than this
ROUND = 100_000  # a rounded amount is a multiple of ten
LOOSE = 0.3  # a deal whose amount is this far off may still be the only one


class Way(NamedTuple):
    """One way in which an invoice bills a deal: whole, the rest, one of equal parts, a percentage."""

    rule: str
    basis: str
    of: int
    value: pl.Expr
    off: int
    when: pl.Expr


def ways() -> list[Way]:
    """Return all ways; `of` says into how many parts, or which percentage."""
    amount, unit = pl.col("amount"), pl.col("unit")
    fresh, begun = pl.col("links") == 0, pl.col("links") > 0
    same = pl.col("currency") == pl.col("deal_currency")
    found = []
    for basis, off in (("net", 100), ("gross", 300)):
        rest = amount - pl.col(f"linked_{basis}")
        found.append(Way("deal_amount", basis, 1, amount, 100, fresh))
        found.append(Way("rest_of_deal", basis, 1, rest, 200, begun & same))
        for k in range(2, MOST_INSTALMENTS + 1):
            each = (amount / k / 100).round().cast(pl.Int64) * 100
            last = amount - each * (k - 1)
            found.append(Way("instalment", basis, k, each, off, fresh))
            found.append(Way("instalment", basis, k, last, off, fresh & ((last - each).abs() > off)))
        for percent in DEPOSITS:
            value = (amount * percent / 10_000).round().cast(pl.Int64) * 100
            found.append(Way("deposit", basis, percent, value, off, fresh))
    last = amount - unit * ((amount / unit).round().cast(pl.Int64) - 1)
    found.append(Way("instalment", "net", 0, unit, 300, unit.is_not_null()))
    found.append(Way("instalment", "net", 0, last, 200, unit.is_not_null() & same & ((last - unit).abs() > 300)))
    return found


def pairs(deals: pl.DataFrame, invoices: pl.DataFrame, off: frozenset[str]) -> tuple[pl.DataFrame, int]:
    """Return deals with the invoices whose net or gross is an amount that would fit, and how many saw only the nearest.

    deals: n, party (of billing), currency (of billing), deal_currency, amount, on_date, trust, status, links,
    linked_net, linked_gross, unit. invoices: n, party, currency, net, gross, issued_on, is_deposit.
    """
    account = match.accounts(deals, invoices)
    deals = deals.join(account, on=["party", "currency"]).with_row_index("at")
    bills = invoices.join(account, on=["party", "currency"])
    listed = [way for way in ways() if way.rule not in off]
    found = []
    cut = 0
    for basis, odd in (("net", 0), ("gross", 1)):
        right = bills.select(
            n_right="n",
            day="issued_on",
            sum=pl.col(basis),
            is_deposit="is_deposit",
            place=match.place(pl.col("account") * 2 + odd, pl.col(basis)),
        )
        there = right.select("place").unique()
        keys = [
            deals.lazy().filter(way.when).select(
                "at", account=pl.col("account") * 2 + odd, value=way.value, off=pl.lit(way.off),
                code=pl.lit(code, dtype=pl.Int32),
            ).filter(pl.col("value") > 0)
            for code, way in enumerate(listed) if way.basis == basis
        ]  # fmt: skip
        met = [match.places(some).join(there, on="place", how="semi") for some in match.bundled(keys, len(deals))]
        wanted = pl.concat(met).select("at", "place", "value", "code")
        first_day = deals.select("at", "n", on=pl.col("on_date") - pl.duration(days=EARLY))
        some, more = match.near(wanted.join(first_day, on="at"), right)
        found.append(some)
        cut += more
    told = pl.DataFrame(
        [(c, w.rule, w.basis, w.of, w.off) for c, w in enumerate(listed)],
        schema={"code": pl.Int32, "rule": pl.String, "basis": pl.String, "of": pl.Int32, "off": pl.Int64}, orient="row",
    )  # fmt: skip
    both = pl.concat(found).join(told, on="code").drop("n").join(deals, on="at")
    both = both.filter((pl.col("sum") - pl.col("value")).abs() <= pl.col("off"), pl.col("day") >= pl.col("on"))
    part = pl.when(pl.col("rule") == "instalment").then(pl.col("value") / pl.col("amount")).otherwise(pl.lit(1.0))
    part = pl.when(pl.col("rule") == "deposit").then(pl.col("of") / 100).otherwise(part)
    part = pl.when(pl.col("rule") == "rest_of_deal").then(pl.col("value") / pl.col("amount")).otherwise(part)
    return both.with_columns(part=part), cut


def weighed(found: pl.DataFrame) -> pl.DataFrame:
    """Return the best explanation of each pair of deal and invoice, with its odds."""
    lag = (pl.col("day") - pl.col("on_date")).dt.total_days()
    late = pl.max_horizontal(lag, -4 * lag).cast(pl.Float64)
    rule, of = pl.col("rule"), pl.col("of")
    found = found.with_columns(mates=pl.col("n_right").n_unique().over("n", "rule", "of", "basis"))
    other = found.filter(rule == "deposit").select("n", "basis", of=100 - of).unique()
    found = found.join(other.with_columns(completed=pl.lit(True)), on=["n", "basis", "of"], how="left")
    # One half completes another, not itself.
    completed = pl.col("completed").fill_null(False) & ((of != 50) | (pl.col("mates") > 1))
    series = pl.min_horizontal(pl.col("mates") / pl.max_horizontal(of, 2), 1.0)
    odds = (
        pl.when(rule == "deal_amount").then((-late / 15).exp().clip(0.001, 1))
        .when(rule == "rest_of_deal").then((-late / 45).exp())
        .when((rule == "instalment") & (pl.col("links") > 0)).then(0.5 * (-late / 400).exp())
        .when((rule == "instalment") & (pl.col("mates") >= 2)).then(0.3 * series**2 * (-late / (15 + 31 * of)).exp())
        .when(rule == "instalment").then(0.002)
        .when(completed).then(0.3 * (-late / 60).exp())
        # billing says that it is a deposit: then the percentage has only to be usual
        .when(pl.col("is_deposit")).then(0.1 * (-late / 60).exp())
        .when(of == 50).then(0.06 * (-late / 60).exp())  # the most usual deposit
        .otherwise(0.003 * (-late / 40).exp())
    )  # fmt: skip
    by_status = pl.when(pl.col("status") == "won").then(1.0).otherwise(0.05)
    # Of equal invoices for one deal the first bills it; the next is another deal's, or a duplicate.
    first = (pl.col("day") == pl.col("day").min().over("n", "rule", "basis")) | (rule != "deal_amount")
    # That an invoice is 1,210.00 with tax says no more for one deal than that it is 1,000.00 without says for another.
    told = match.specific(pl.col("sum"))
    told = pl.when(rule == "deal_amount").then(told.min().over("n_right", "rule")).otherwise(told)
    found = found.with_columns(weight=odds * told * pl.col("trust") ** 2 * by_status)
    found = found.with_columns(pl.col("weight") * pl.when(first).then(1.0).otherwise(0.2))
    return _best(found.filter(pl.col("weight") > 0.02), "of")


def roughly(found: pl.DataFrame, worth: Rates) -> pl.DataFrame:
    """Return explanations of pairs of deal and invoice whose amounts agree only nearly, with their odds.

    found: n, amount, currency, linked_net, linked_gross, unit, links, on_date, trust; n_right, net, gross, billed, day.
    """
    years = found.filter((pl.col("day") - pl.col("on_date")).dt.total_days().is_between(-EARLY, LONGEST))
    found = years.filter((pl.col("day") - pl.col("on_date")).dt.total_days() <= SOON)
    foreign = pl.col("currency") != pl.col("billed")
    found = pl.concat([found.filter(~foreign).with_columns(rate=pl.lit(1.0)), _exchanged(found.filter(foreign), worth)])
    amount = pl.col("amount") * pl.col("rate")
    lag = (pl.col("day") - pl.col("on_date")).dt.total_days()
    late = pl.max_horizontal(lag, -10 * lag).cast(pl.Float64)
    # Who rounds gives a round amount: odd cents that nearly agree are two different amounts.
    rounded = ~foreign & (pl.col("amount") % ROUND == 0)
    ways = []
    for basis in ("net", "gross"):
        rest = amount - pl.col(f"linked_{basis}")
        off = (pl.col(basis) / rest - 1).abs()
        near = found.with_columns(off=off, part=(rest / amount).clip(0.01, 1), rule=pl.lit("nearly"), of=pl.lit(1))
        close = (foreign & (pl.col("off") <= NEAR)) | (rounded & (pl.col("off") <= ROUNDED))
        ways.append(near.filter(close).with_columns(weight=40 * (-late / 40).exp()))
    ways += _rounded_parts(years.filter(rounded, pl.col("links") == 0).with_columns(rate=pl.lit(1.0)), late)
    alone = found.filter(pl.len().over("n") == 1, pl.len().over("n_right") == 1, pl.col("links") == 0)
    off = (pl.col("net") / amount - 1).abs()
    alone = alone.with_columns(off=off, part=pl.lit(1.0), rule=pl.lit("only_one"), of=pl.lit(1))
    ways.append(alone.filter(off <= LOOSE).with_columns(weight=4 * (-late / 40).exp()))
    some = found.filter(
        pl.col("net") <= amount * (1 + LOOSE) - pl.col("linked_net"), lag <= 100, pl.col("trust") >= 0.7
    )
    some = some.with_columns(off=pl.lit(1.0), part=pl.lit(0.1), rule=pl.lit("same_customer"), of=pl.lit(1))
    ways.append(some.with_columns(weight=0.25 * (-late / 60).exp()))
    both = pl.concat(ways).with_columns(weight=pl.col("weight") * pl.col("trust") ** 2)
    return _best(both.filter(pl.col("weight") > 0.02), "off")


def _exchanged(found: pl.DataFrame, worth: Rates) -> pl.DataFrame:
    rate = [worth.rate(of, into, day) for of, into, day in found.select("currency", "billed", "day").iter_rows()]
    return found.with_columns(rate=pl.Series(rate, dtype=pl.Float64)).drop_nulls("rate")


def _rounded_parts(found: pl.DataFrame, late: pl.Expr) -> list[pl.DataFrame]:
    """Return deals billed in parts whose amount was rounded: equal parts that nearly add up, or two that do."""
    few = found.filter(pl.len().over("n") <= MOST_INSTALMENTS + 4)
    same = pl.col("net") // match.SLOT
    soon = (pl.col("day") - pl.col("on_date")).dt.total_days() <= SOON
    mates = few.with_columns(mates=pl.len().over("n", same)).filter(
        (pl.col("mates") >= 3) | (soon & (pl.col("mates") == 2))
    )
    off = (pl.col("net") * pl.col("mates") / pl.col("amount") - 1).abs()
    series = mates.with_columns(
        off=off, part=1 / pl.col("mates"), rule=pl.lit("nearly"), of=pl.col("mates").cast(pl.Int32)
    )
    series = series.filter(pl.col("off") <= ROUNDED).with_columns(weight=30 * (-late / (40 + 31 * pl.col("of"))).exp())
    other = few.filter(soon).select("n", other="n_right", other_net="net")
    two = few.filter(soon).join(other, on="n").filter(pl.col("n_right") != pl.col("other"))
    off = ((pl.col("net") + pl.col("other_net")) / pl.col("amount") - 1).abs()
    two = two.with_columns(off=off, part=pl.col("net") / pl.col("amount"), rule=pl.lit("nearly"), of=pl.lit(2))
    two = two.filter(pl.col("off") <= ROUNDED).with_columns(weight=8 * (-late / 60).exp()).drop("other", "other_net")
    return [series.drop("mates"), two]


def _best(found: pl.DataFrame, last: str) -> pl.DataFrame:
    best = found.sort("n_right", "n", "weight", "rule", last, descending=[False, False, True, False, False])
    return best.unique(["n_right", "n"], keep="first", maintain_order=True)
