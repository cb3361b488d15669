"""The amounts of invoices that would bill a deal, and how natural each is: by its day, its mates and the amount itself."""

import polars as pl

from reconcile import match
from reconcile.rates import NEAR, Rates

MOST_INSTALMENTS = 12
DEPOSITS = (5, 10, 15, 20, 25, 30, 33, 35, 40, 50, 60, 65, 67, 70, 75, 80, 85, 90, 95)  # usual percentages
EARLY = 10  # days that an invoice may come before the deal is marked won
ROUNDED = 0.025  # people round a deal's amount by no more than this
LOOSE = 0.3  # a deal whose amount is this far off may still be the only one


def keys(deals: pl.DataFrame) -> pl.DataFrame:
    """Return for each deal and billing customer the amounts that would fit: basis net or gross, value, rule, part, of.

    part: share of the deal that such an invoice bills; of: into how many parts, or which percentage.
    """
    base = deals.with_columns(on=pl.col("on_date") - pl.duration(days=EARLY))
    amount = pl.col("amount")
    found = []

    def add(rule: str, basis: str, value: pl.Expr, off: int, part: pl.Expr | float, of: int, when: pl.Expr) -> None:
        share = part if isinstance(part, pl.Expr) else pl.lit(part)
        found.append(
            base.filter(when).select(
                "n", "billing", pl.coalesce("billed_in", "currency").alias("currency"), "on", "on_date", "trust",
                "status", "amount", "links", "linked_net", basis=pl.lit(basis), value=value.cast(pl.Int64), rule=pl.lit(rule),
                off=pl.lit(off, dtype=pl.Int64), part=share.cast(pl.Float64), of=pl.lit(of),
            )
        )  # fmt: skip

    fresh, begun, same = pl.col("links") == 0, pl.col("links") > 0, pl.coalesce("billed_in", "currency") == pl.col("currency")
    for basis, off in (("net", 100), ("gross", 300)):
        rest = amount - pl.col(f"linked_{basis}")
        add("deal_amount", basis, amount, 100, 1.0, 1, fresh)
        add("rest_of_deal", basis, rest, 200, rest / amount, 1, begun & same)
        for k in range(2, MOST_INSTALMENTS + 1):
            each = (amount / k / 100).round() * 100
            last = amount - each * (k - 1)
            add("instalment", basis, each, off, 1 / k, k, fresh)
            add("instalment", basis, last, off, 1 / k, k, fresh & ((last - each).abs() > off))
        for percent in DEPOSITS:
            add("deposit", basis, (amount * percent / 10_000).round() * 100, off, percent / 100, percent, fresh)
    unit = pl.col("unit")
    last = amount - unit * ((amount / unit).round() - 1)
    add("instalment", "net", unit, 300, unit / amount, 0, unit.is_not_null())
    add("instalment", "net", last, 200, unit / amount, 0, unit.is_not_null() & same & ((last - unit).abs() > 300))
    return pl.concat(found).filter(pl.col("value") > 0)


def pairs(wanted: pl.DataFrame, invoices: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return keys with the invoices whose net or gross is such an amount, and how many deals saw only the nearest."""
    bases = [
        invoices.select(
            "currency", n_right="n", billing="party", day="issued_on", basis=pl.lit(basis), sum=pl.col(basis),
            slot=pl.col(basis) // match.SLOT,
        )
        for basis in ("net", "gross")
    ]  # fmt: skip
    right = pl.concat(bases)
    by = ["billing", "currency", "basis", "slot"]
    found, cut = match.near(match.slots(wanted).join(right.select(by).unique(), on=by, how="semi"), right, by)
    return found.filter((pl.col("sum") - pl.col("value")).abs() <= pl.col("off"), pl.col("day") >= pl.col("on")), cut


def weighed(found: pl.DataFrame) -> pl.DataFrame:
    """Return the best explanation of each pair of deal and invoice, with its odds."""
    lag = (pl.col("day") - pl.col("on_date")).dt.total_days()
    late = pl.max_horizontal(lag, -4 * lag).cast(pl.Float64)
    rule, of = pl.col("rule"), pl.col("of")
    found = found.with_columns(mates=pl.col("n_right").n_unique().over("n", "rule", "of", "basis"))
    other = found.filter(rule == "deposit").select("n", "basis", of=100 - of).unique()
    found = found.join(other.with_columns(completed=pl.lit(True)), on=["n", "basis", "of"], how="left")
    series = pl.min_horizontal(pl.col("mates") / pl.max_horizontal(of, 2), 1.0)
    odds = (
        pl.when(rule == "deal_amount").then((-late / 15).exp().clip(0.001, 1))
        .when(rule == "rest_of_deal").then((-late / 45).exp())
        .when((rule == "instalment") & (pl.col("links") > 0)).then(0.5 * (-late / 400).exp())
        .when((rule == "instalment") & (pl.col("mates") >= 2)).then(0.3 * series**2 * (-late / (15 + 31 * of)).exp())
        .when(rule == "instalment").then(0.002)
        .when(pl.col("completed").fill_null(False)).then(0.3 * (-late / 60).exp())
        .otherwise(0.003 * (-late / 40).exp())
    )  # fmt: skip
    by_status = pl.when(pl.col("status") == "won").then(1.0).otherwise(0.05)
    # Of equal invoices for one deal the first bills it; the next is another deal's, or a duplicate.
    first = (pl.col("day") == pl.col("day").min().over("n", "rule", "basis")) | (rule != "deal_amount")
    found = found.with_columns(weight=odds * match.specific(pl.col("sum")) * pl.col("trust") ** 2 * by_status)
    found = found.with_columns(pl.col("weight") * pl.when(first).then(1.0).otherwise(0.2))
    return _best(found.filter(pl.col("weight") > 0.02), "of")


def roughly(found: pl.DataFrame, worth: Rates) -> pl.DataFrame:
    """Return explanations of pairs of deal and invoice whose amounts agree only nearly, with their odds.

    found: n, amount, currency, linked_net, linked_gross, unit, links, on_date, trust; n_right, net, gross, billed, day.
    """
    found = found.filter((pl.col("day") - pl.col("on_date")).dt.total_days().is_between(-EARLY, 150))
    rate = [worth.rate(a, b, day) for a, b, day in found.select("currency", "billed", "day").iter_rows()]
    found = found.with_columns(rate=pl.Series(rate, dtype=pl.Float64)).drop_nulls("rate")
    foreign = pl.col("currency") != pl.col("billed")
    amount = pl.col("amount") * pl.col("rate")
    lag = (pl.col("day") - pl.col("on_date")).dt.total_days()
    late = pl.max_horizontal(lag, -4 * lag).cast(pl.Float64)
    tolerance = pl.when(foreign).then(NEAR).otherwise(ROUNDED)
    ways = []
    for basis in ("net", "gross"):
        rest = amount - pl.col(f"linked_{basis}")
        off = (pl.col(basis) / rest - 1).abs()
        near = found.with_columns(off=off, part=(rest / amount).clip(0.01, 1), rule=pl.lit("nearly"), of=pl.lit(1))
        near = near.filter(pl.col("off") <= tolerance).with_columns(weight=40 * (-late / 40).exp())
        ways.append(near)
    ways += _rounded_parts(found.filter(~foreign, pl.col("links") == 0), late)
    alone = found.filter(pl.len().over("n") == 1, pl.len().over("n_right") == 1, pl.col("links") == 0)
    off = (pl.col("net") / amount - 1).abs()
    alone = alone.with_columns(off=off, part=pl.lit(1.0), rule=pl.lit("only_one"), of=pl.lit(1))
    ways.append(alone.filter(off <= LOOSE).with_columns(weight=4 * (-late / 40).exp()))
    both = pl.concat(ways).with_columns(weight=pl.col("weight") * pl.col("trust") ** 2)
    return _best(both.filter(pl.col("weight") > 0.02), "off")


def _rounded_parts(found: pl.DataFrame, late: pl.Expr) -> list[pl.DataFrame]:
    """Return deals billed in parts whose amount was rounded: equal parts that nearly add up, or two that do."""
    few = found.filter(pl.len().over("n") <= MOST_INSTALMENTS + 4)
    same = pl.col("net") // match.SLOT
    mates = few.with_columns(mates=pl.len().over("n", same)).filter(pl.col("mates") >= 2)
    off = (pl.col("net") * pl.col("mates") / pl.col("amount") - 1).abs()
    series = mates.with_columns(off=off, part=1 / pl.col("mates"), rule=pl.lit("nearly"), of=pl.col("mates").cast(pl.Int32))
    series = series.filter(pl.col("off") <= ROUNDED).with_columns(weight=30 * (-late / (40 + 31 * pl.col("of"))).exp())
    other = few.select("n", other="n_right", other_net="net")
    two = few.join(other, on="n").filter(pl.col("n_right") != pl.col("other"))
    off = ((pl.col("net") + pl.col("other_net")) / pl.col("amount") - 1).abs()
    two = two.with_columns(off=off, part=pl.col("net") / pl.col("amount"), rule=pl.lit("nearly"), of=pl.lit(2))
    two = two.filter(pl.col("off") <= ROUNDED).with_columns(weight=8 * (-late / 60).exp()).drop("other", "other_net")
    return [series.drop("mates"), two]


def _best(found: pl.DataFrame, last: str) -> pl.DataFrame:
    best = found.sort("n_right", "n", "weight", "rule", last, descending=[False, False, True, False, False])
    return best.unique(["n_right", "n"], keep="first", maintain_order=True)
