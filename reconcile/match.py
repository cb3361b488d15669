"""What SQL cannot pair: rows of one customer whose amounts agree in one of many ways, with rivals for each other.

Candidates come from joins on customer, currency and amount, so that the cost follows the number of rows, and each row
meets at most `NEAREST` rows of one amount: a customer with thousands of equal amounts costs no more than others.
"""

import polars as pl
from duckdb import DuckDBPyConnection

NEAREST = 16  # rows of one customer and one amount that a row is compared with, nearest in time first
SURE = 0.7  # from here on a link is made without asking: such links prove right more than nine times in ten
WORTH_ASKING = 0.04  # below, a candidate is not even shown
SHOWN = 5  # candidates of a tie that are shown
SLOT = 1_000  # amounts are joined in slots of ten cents, then compared; none may be off by more than half of it

# Odds against coincidence that a customer has an equal amount by chance: a sum to the cent says more than 500.00.
SPECIFIC = ((1_000_000, 60.0), (100_000, 150.0), (10_000, 600.0))
SPECIFIC_TO_THE_CENT = 3000.0


def specific(amount: pl.Expr) -> pl.Expr:
    """Return how much an equal amount says, as odds: little for round amounts, much for odd cents."""
    odds = pl.lit(SPECIFIC_TO_THE_CENT)
    for unit, less in reversed(SPECIFIC):
        odds = pl.when(amount % unit == 0).then(less).otherwise(odds)
    return odds


def slots(keys: pl.DataFrame) -> pl.DataFrame:
    """Return keys (columns value, off: how far it may differ) with the column slot, a row for each slot within reach."""
    low = keys.with_columns(slot=(pl.col("value") - pl.col("off")) // SLOT)
    high = keys.with_columns(slot=(pl.col("value") + pl.col("off")) // SLOT)
    return pl.concat([low, high.filter(pl.col("slot") != (pl.col("value") - pl.col("off")) // SLOT)])


def near(left: pl.DataFrame, right: pl.DataFrame, by: list[str]) -> tuple[pl.DataFrame, int]:
    """Return left joined to right on `by`, and how many rows of `left` saw only their nearest of too many.

    left: `on` (a date, the first that may fit) and any columns. right: `day` (a date). In a group of more than
    `NEAREST` rows of right, each row of left meets the `NEAREST` that follow its date.
    """
    group = right.group_by(by).agg(members=pl.len())
    small = right.join(group.filter(pl.col("members") <= NEAREST), on=by, how="semi")
    pairs = left.join(small, on=by)
    large = group.filter(pl.col("members") > NEAREST).with_row_index("crowd").drop("members")
    if large.is_empty():
        return pairs, 0
    ranked = right.join(large, on=by).sort("crowd", "day", "n_right")
    ranked = ranked.with_columns(rank=pl.int_range(pl.len()).over("crowd"))
    wanting = left.join(large, on=by).sort("crowd", "on")
    starts = ranked.select("crowd", "day", first="rank").unique(["crowd", "day"], keep="first", maintain_order=True)
    wanting = wanting.sort("on").join_asof(
        starts.sort("day"), left_on="on", right_on="day", by="crowd", strategy="forward", check_sortedness=False
    )
    wanting = wanting.drop_nulls("first").drop("day")
    wanting = wanting.with_columns(rank=pl.int_ranges("first", pl.col("first") + NEAREST)).explode("rank", empty_as_null=False, keep_nulls=False)
    crowded = wanting.join(ranked.drop(by), on=["crowd", "rank"]).drop("crowd", "rank", "first")
    return pl.concat([pairs, crowded.select(pairs.columns)]), wanting["n"].n_unique()


def keep(db: DuckDBPyConnection, pair: str, found: pl.DataFrame) -> None:
    """Add links to the working table made. found: left_n, right_n, rule, status, confidence, amount, kept."""
    columns = ("left_n", "right_n", "rule", "status", "confidence", "amount", "kept")
    db.register("found_by_match", found.select(pl.lit(pair).alias("pair"), *columns))
    db.execute("INSERT INTO made BY NAME SELECT * FROM found_by_match")
    db.unregister("found_by_match")


def sure(settled: pl.DataFrame) -> pl.DataFrame:
    """Return the explanations that need nobody's word."""
    return settled.filter(pl.col("sure") >= SURE).with_columns(status=pl.lit("automatic"))


def unsure(settled: pl.DataFrame, left: str = "left_n") -> pl.DataFrame:
    """Return what is worth asking about: a single candidate as it is, several as a tie with all its candidates."""
    rest = settled.filter(pl.col("sure") < SURE, pl.col("sure") >= WORTH_ASKING)
    rest = rest.sort(left, "sure", "e", descending=[False, True, False]).group_by(left, maintain_order=True).head(SHOWN)
    rule = pl.when(pl.len().over(left) > 1).then(pl.format("{}_tie", "rule")).otherwise(pl.col("rule"))
    return rest.with_columns(status=pl.lit("suggested"), rule=rule)
