"""What SQL cannot pair: rows of one customer whose amounts agree in one of many ways, with rivals for each other.

Candidates come from joins on customer, currency and amount, so that the cost follows the number of rows, and each row
meets at most `NEAREST` rows of one amount: a customer with thousands of equal amounts costs no more than others.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import polars as pl
from duckdb import DuckDBPyConnection

NEAREST = 16  # rows of one customer and one amount that a row is compared with, nearest in time first
BUNDLE = 400_000  # rows of keys that are compared at once
SURE = 0.7  # from here on a link is made without asking: such links prove right more than nine times in ten
# What is explained by more than amounts that agree proves wrong more often: measured on labelled books of many and of
# few clues, alike.
SURER = {
    "nearly": 0.8, "consolidated": 0.8, "bank_fee": 0.8, "several_invoices": 0.75,
    "withheld": 0.9, "discount": 0.9, "gateway_fee": 0.9, "other_currency": 0.9,
}  # fmt: skip
WORTH_ASKING = 0.04  # below, a candidate is not even shown
# Odds where the text names another invoice in full: people are asked, however well the amount agrees.
CONTRADICTED = 0.0005
SHOWN = 5  # candidates of a tie that are shown
PLACES = 2**38  # slots of one account
SLOT = 1_000  # amounts are joined in slots of ten cents, then compared; none may be off by more than half of it

# Odds against coincidence that a customer has an equal amount by chance: a sum to the cent says more than 500.00.
SPECIFIC = ((1_000_000, 60.0), (100_000, 150.0), (10_000, 600.0))
SPECIFIC_TO_THE_CENT = 3000.0


# No explanation at all: in a small company most steps have nothing to look at, and say so before they compute.
NOTHING = pl.DataFrame(schema={"left_n": pl.Int64, "right_n": pl.Int64, "e": pl.UInt32, "rule": pl.String,
                               "settles": pl.Int64, "paid_on": pl.Date, "weight": pl.Float64,
                               "sure": pl.Float64})  # fmt: skip


def specific(amount: pl.Expr) -> pl.Expr:
    """Return how much an equal amount says, as odds: little for round amounts, much for odd cents."""
    odds = pl.lit(SPECIFIC_TO_THE_CENT)
    for unit, less in reversed(SPECIFIC):
        odds = pl.when(amount % unit == 0).then(less).otherwise(odds)
    return odds


def accounts(*sides: pl.DataFrame) -> pl.DataFrame:
    """Return party, currency, account: a number for each customer and currency that all sides have."""
    both = sides[0].select("party", "currency").unique()
    for side in sides[1:]:
        both = both.join(side.select("party", "currency").unique(), on=["party", "currency"], how="semi")
    return (
        both.drop_nulls()
        .sort("party", "currency")
        .with_row_index("account")
        .with_columns(pl.col("account").cast(pl.Int64))
    )


def place(account: pl.Expr, amount: pl.Expr, width: int = SLOT) -> pl.Expr:
    """Return one number for an account and the slot of an amount, so that joins compare a single column."""
    return account * PLACES + amount // width


def places(keys: pl.DataFrame) -> pl.DataFrame:
    """Return keys (columns account, value, off: how far it may differ) with column place, a row per slot in reach."""
    low, high = (place(pl.col("account"), pl.col("value") + sign * pl.col("off")) for sign in (-1, 1))
    first = keys.with_columns(place=low)
    return pl.concat([first, keys.with_columns(place=high).filter(pl.col("place") != low)])


def bundled(frames: Iterable[pl.LazyFrame], rows: int) -> Iterator[pl.DataFrame]:
    """Yield frames of at most `rows` each, computed together up to BUNDLE: many small ones cost more than rows."""
    each = iter(frames)
    while some := list(islice(each, max(1, BUNDLE // max(1, rows)))):
        yield pl.concat(some).collect()


def near(left: pl.DataFrame, right: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return left joined to right on `place`, and how many rows of `left` saw only their nearest of too many.

    left: `place`, `n`, `on` (a date, the first that may fit). right: `place`, `n_right`, `day`. Where more than
    `NEAREST` rows of right share a place, each row of left meets the `NEAREST` that follow its date.
    """
    right = right.join(left.select("place").unique(), on="place", how="semi")
    group = right.group_by("place").agg(members=pl.len()).filter(pl.col("members") > NEAREST).select("place")
    if group.is_empty():
        return left.join(right, on="place"), 0
    pairs = left.join(right.join(group, on="place", how="anti"), on="place")
    ranked = right.join(group, on="place").sort("place", "day", "n_right")
    ranked = ranked.with_columns(rank=pl.int_range(pl.len()).over("place"))
    starts = ranked.select("place", "day", first="rank").unique(["place", "day"], keep="first", maintain_order=True)
    wanting = left.join(group, on="place").sort("on").join_asof(
        starts.sort("day"), left_on="on", right_on="day", by="place", strategy="forward", check_sortedness=False
    )  # fmt: skip
    wanting = wanting.drop_nulls("first").drop("day")
    wanting = wanting.with_columns(rank=pl.int_ranges("first", pl.col("first") + NEAREST))
    wanting = wanting.explode("rank", empty_as_null=False, keep_nulls=False).drop("first")
    crowded = wanting.join(ranked, on=["place", "rank"]).drop("rank")
    return pl.concat([pairs, crowded.select(pairs.columns)]), wanting["n"].n_unique()


def keep(db: DuckDBPyConnection, pair: str, found: pl.DataFrame) -> None:
    """Add links to the working table made. found: left_n, right_n, rule, status, confidence, amount, kept."""
    if found.is_empty():
        return
    columns = ("left_n", "right_n", "rule", "status", "confidence", "amount", "kept")
    db.register("found_by_match", found.select(pl.lit(pair).alias("pair"), *columns))
    db.execute("INSERT INTO made BY NAME SELECT * FROM found_by_match")
    db.unregister("found_by_match")


def sure(settled: pl.DataFrame) -> pl.DataFrame:
    """Return the explanations that need nobody's word."""
    return settled.filter(is_sure()).with_columns(status=pl.lit("automatic"))


def is_sure() -> pl.Expr:
    """Return whether an explanation (rule, sure) needs nobody's word."""
    return pl.col("sure") >= pl.col("rule").replace_strict(SURER, default=SURE, return_dtype=pl.Float64)


def unsure(settled: pl.DataFrame, left: str = "left_n") -> pl.DataFrame:
    """Return what is worth asking about: a single candidate as it is, several as a tie with all its candidates."""
    rest = settled.filter(~is_sure(), pl.col("sure") >= WORTH_ASKING)
    rest = rest.sort(left, "sure", "e", descending=[False, True, False]).group_by(left, maintain_order=True).head(SHOWN)
    rule = pl.when(pl.len().over(left) > 1).then(pl.format("{}_tie", "rule")).otherwise(pl.col("rule"))
    return rest.with_columns(status=pl.lit("suggested"), rule=rule)
