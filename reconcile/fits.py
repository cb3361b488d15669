"""The amounts that would settle an invoice: in full, in a usual part, or less what somebody keeps on the way."""

import polars as pl

from reconcile import allocate

PARTS = ((2, 0.5), (3, 1 / 3), (4, 0.25), (5, 0.2), (6, 1 / 6), (12, 1 / 12))  # equal parts: how many, share of each
SHARES = (0.1, 0.15, 0.3, 0.35, 0.4, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)  # unequal parts that people agree on
ROUGH_REST = 0.04  # the last part may be this much more than what is open
RULE = pl.Enum(["payment_amount", "part_payment", "withheld", "discount", "gateway_fee", "bank_fee"])
LIKELY_PART, LIKELY_UNIT, LIKELY_KEPT, LIKELY_FEE = 0.3, 0.3, 0.1, 0.03  # against 1 for the full amount


def exact(owed: pl.DataFrame) -> pl.DataFrame:
    """Return keys for the amounts that settle an invoice in full, in a usual part, or like its other parts.

    owed: at (a number of the row), account, net, gross, owed, unit (what each earlier part was, where they were equal).
    """
    gross, rest = pl.col("gross"), pl.col("owed")
    keys = [_key(owed, "payment_amount", rest, rest, 1.0, 1)]
    keys += [_key(owed, "part_payment", gross * share, gross * share, LIKELY_PART, of, 300) for of, share in PARTS]
    keys += [_key(owed, "part_payment", gross * s, gross * s, LIKELY_PART, round(s * 100), 200) for s in SHARES]
    begun = owed.drop_nulls("unit")
    keys.append(_key(begun, "part_payment", pl.col("unit"), pl.col("unit"), LIKELY_UNIT, 0, 300))
    fits = pl.concat(keys).join(owed.select("at", "owed"), on="at")
    # Fees and rates on earlier parts leave a little more or less than the last part.
    fits = fits.filter(pl.col("settles") <= pl.col("owed") * (1 + ROUGH_REST) + allocate.CENTS)
    return fits.with_columns(settles=pl.min_horizontal("settles", "owed")).drop("owed")


def short(owed: pl.DataFrame) -> pl.DataFrame:
    """Return keys for the amounts that settle an invoice less tax withheld, a discount or a fee."""
    begun = owed.filter(pl.col("unit").is_not_null(), pl.col("unit") < pl.col("owed"))
    return pl.concat([_less(owed, pl.col("owed"), 1.0), _less(begun, pl.col("unit"), LIKELY_UNIT)]).filter(
        pl.col("value") > 0
    )


def short_parts(owed: pl.DataFrame) -> pl.DataFrame:
    """Return keys for the first usual part of an invoice less tax withheld, a discount or a fee."""
    fresh = owed.filter(pl.col("owed") == pl.col("gross"))
    keys = [_less(fresh, pl.col("gross") * share, 0.05) for _, share in PARTS[:3]]
    return pl.concat(keys).filter(pl.col("value") > 0)


def before_fee(owed: pl.DataFrame) -> pl.DataFrame:
    """Return keys for what a payment settles where a bank kept a round fee: the fee is what is missing to the value."""
    begun = owed.filter(pl.col("unit").is_not_null(), pl.col("unit") < pl.col("owed"))
    dues = [(owed, pl.col("owed"), LIKELY_FEE), (begun, pl.col("unit"), LIKELY_FEE * LIKELY_UNIT)]
    return pl.concat([_key(rows, "bank_fee", due, due, prior, 3) for rows, due, prior in dues])


def _less(owed: pl.DataFrame, due: pl.Expr, prior: float) -> pl.DataFrame:
    net = due * pl.col("net") / pl.col("gross")
    kept = prior * LIKELY_KEPT
    keys = [_key(owed, "withheld", due - net * rate, due, kept, 1, 200) for rate in allocate.WITHHELD]
    keys += [_key(owed, "discount", due * (1 - rate), due, kept, 1, 200) for rate in allocate.DISCOUNT]
    keys += [_key(owed, "gateway_fee", due * (1 - rate) - fix, due, kept, 2, 200) for rate, fix in allocate.GATEWAY]
    return pl.concat(keys)


def _key(
    owed: pl.DataFrame, rule: str, value: pl.Expr, settles: pl.Expr, prior: float, of: int, off: int = allocate.CENTS
) -> pl.DataFrame:
    return owed.select(
        "at", "account", value=value.round().cast(pl.Int64), settles=settles.round().cast(pl.Int64),
        rule=pl.lit(rule, dtype=RULE), prior=pl.lit(prior), of=pl.lit(of, dtype=pl.Int16),
        off=pl.lit(off, dtype=pl.Int64),
    )  # fmt: skip
