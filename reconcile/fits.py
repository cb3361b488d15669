"""The amounts that would settle an invoice: in full, in a usual part, or less what somebody keeps on the way."""

from collections.abc import Iterator

import polars as pl

from reconcile import allocate

PARTS = ((2, 0.5), (3, 1 / 3), (4, 0.25), (5, 0.2), (6, 1 / 6), (12, 1 / 12))  # equal parts: how many, share of each
SHARES = (0.1, 0.15, 0.3, 0.35, 0.4, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)  # unequal parts that people agree on
ROUGH_REST = 0.04  # the last part may be this much more than what is open
RULE = pl.Enum(["payment_amount", "part_payment", "withheld", "discount", "gateway_fee", "bank_fee"])
LIKELY_PART, LIKELY_UNIT, LIKELY_KEPT, LIKELY_FEE = 0.3, 0.3, 0.1, 0.03  # against 1 for the full amount


def exact(owed: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield keys for the amounts that settle an invoice in full, in a usual part, or like its other parts.

    owed: at (a number of the row), account, net, gross, owed, unit (what each earlier part was, where they were equal).
    One sort of amount at a time, so that the caller may drop at once what no payment meets.
    """
    gross, rest = pl.col("gross"), pl.col("owed")
    yield _key(owed, "payment_amount", rest, rest, 1.0, 1)
    for of, share in PARTS:
        yield _part(owed, gross * share, LIKELY_PART, of, 300)
    for share in SHARES:
        yield _part(owed, gross * share, LIKELY_PART, round(share * 100), 200)
    yield _part(owed.drop_nulls("unit"), pl.col("unit"), LIKELY_UNIT, 0, 300)


def _part(owed: pl.DataFrame, part: pl.Expr, prior: float, of: int, off: int) -> pl.DataFrame:
    # Fees and rates on earlier parts leave a little more or less than the last part.
    there = owed.filter(part <= pl.col("owed") * (1 + ROUGH_REST) + allocate.CENTS)
    return _key(there, "part_payment", part, pl.min_horizontal(part, pl.col("owed")), prior, of, off)


def short(owed: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield keys for the amounts that settle an invoice less tax withheld, a discount or a fee."""
    begun = owed.filter(pl.col("unit").is_not_null(), pl.col("unit") < pl.col("owed"))
    yield from _less(owed, pl.col("owed"), 1.0)
    yield from _less(begun, pl.col("unit"), LIKELY_UNIT)


def any_of(owed: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield keys for all ways at once."""
    yield from exact(owed)
    yield from short(owed)


def short_parts(owed: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield keys for the first usual part of an invoice less tax withheld, a discount or a fee."""
    fresh = owed.filter(pl.col("owed") == pl.col("gross"))
    for _, share in PARTS[:3]:
        yield from _less(fresh, pl.col("gross") * share, 0.05)


def before_fee(owed: pl.DataFrame) -> pl.DataFrame:
    """Return keys for what a payment settles where a bank kept a round fee: the fee is what is missing to the value."""
    begun = owed.filter(pl.col("unit").is_not_null(), pl.col("unit") < pl.col("owed"))
    dues = [(owed, pl.col("owed"), LIKELY_FEE), (begun, pl.col("unit"), LIKELY_FEE * LIKELY_UNIT)]
    return pl.concat([_key(rows, "bank_fee", due, due, prior, 3) for rows, due, prior in dues])


def _less(owed: pl.DataFrame, due: pl.Expr, prior: float) -> Iterator[pl.DataFrame]:
    net = due * pl.col("net") / pl.col("gross")
    kept = prior * LIKELY_KEPT
    for rate in allocate.WITHHELD:
        yield _key(owed, "withheld", due - net * rate, due, kept, 1, 200)
    for rate in allocate.DISCOUNT:
        yield _key(owed, "discount", due * (1 - rate), due, kept, 1, 200)
    for rate, fix in allocate.GATEWAY:
        yield _key(owed, "gateway_fee", due * (1 - rate) - fix, due, kept, 2, 200)


def _key(
    owed: pl.DataFrame, rule: str, value: pl.Expr, settles: pl.Expr, prior: float, of: int, off: int = allocate.CENTS
) -> pl.DataFrame:
    return owed.select(
        "at", "account", value=value.round().cast(pl.Int64), settles=settles.round().cast(pl.Int64),
        rule=pl.lit(rule, dtype=RULE), prior=pl.lit(prior), of=pl.lit(of, dtype=pl.Int16),
        off=pl.lit(off, dtype=pl.Int64),
    ).filter(pl.col("value") > 0)  # fmt: skip
