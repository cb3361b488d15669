"""The amounts that would settle an invoice: in full, in a usual part, or less what somebody keeps on the way."""

from typing import NamedTuple

import polars as pl

from reconcile import allocate

PARTS = ((2, 0.5), (3, 1 / 3), (4, 0.25), (5, 0.2), (6, 1 / 6), (12, 1 / 12))  # equal parts: how many, share of each
SHARES = (0.1, 0.15, 0.3, 0.35, 0.4, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)  # unequal parts that people agree on
ROUGH_REST = 0.04  # the last part may be this much more than what is open
RULE = pl.Enum(["payment_amount", "part_payment", "withheld", "discount", "gateway_fee", "bank_fee"])
LIKELY_PART, LIKELY_UNIT, LIKELY_KEPT, LIKELY_FEE = 0.3, 0.3, 0.1, 0.03  # against 1 for the full amount


class Way(NamedTuple):
    """One amount that would settle an invoice: (basis x share) x left - net x rate - fix, as likely as `prior`."""

    basis: str  # owed: what is open; gross: the whole invoice; unit: what each earlier part was, where they were equal
    rule: str
    prior: float
    of: int  # of how many equal parts, or the percentage; else a number for the way
    off: int = allocate.CENTS  # how far the payment may differ, in ten-thousandths
    share: float = 1.0
    left: float = 1.0
    rate: float = 0.0
    fix: int = 0


def _less(basis: str, prior: float, share: float = 1.0) -> list[Way]:
    """Return the ways in which tax is withheld, a discount is taken or a gateway keeps its fee."""
    kept, of = prior * LIKELY_KEPT, 1
    return [
        *(Way(basis, "withheld", kept, of, 200, share, rate=rate) for rate in allocate.WITHHELD),
        *(Way(basis, "discount", kept, of, 200, share, left=1 - rate) for rate in allocate.DISCOUNT),
        *(Way(basis, "gateway_fee", kept, 2, 200, share, left=1 - rate, fix=fix) for rate, fix in allocate.GATEWAY),
    ]


EXACT = (
    Way("owed", "payment_amount", 1.0, 1),
    *(Way("gross", "part_payment", LIKELY_PART, of, 300, share) for of, share in PARTS),
    *(Way("gross", "part_payment", LIKELY_PART, round(share * 100), 200, share) for share in SHARES),
    Way("unit", "part_payment", LIKELY_UNIT, 0, 300),
)  # in full, in a usual part, or like the other parts
SHORT = (*_less("owed", 1.0), *_less("unit", LIKELY_UNIT))  # less tax withheld, a discount or a fee
SHORT_PARTS = tuple(way for _, share in PARTS[:3] for way in _less("gross", 0.05, share))  # so the first usual part
ANY = (*EXACT, *SHORT)


def keys(owed: pl.DataFrame, ways: tuple[Way, ...]) -> pl.DataFrame:
    """Return at, account, value, settles, rule, prior, of, off: each amount that would settle an invoice in these ways.

    owed: at (a number of the row), account, net, gross, owed, unit (what each earlier part was, where they were equal).
    """
    owed = owed.select("at", "account", "net", "gross", "owed", "unit")
    listed = pl.DataFrame(ways, schema={**Way.__annotations__, "rule": RULE, "of": pl.Int16}, orient="row")
    groups = listed.group_by("basis", "rule", maintain_order=True)
    return pl.concat([_alike(owed, str(basis), str(rule), some) for (basis, rule), some in groups]).collect()


def _alike(owed: pl.DataFrame, basis: str, rule: str, ways: pl.DataFrame) -> pl.LazyFrame:
    """Return the keys of ways that differ in their numbers only: what does not change their amount is not computed."""
    full, due = pl.col("owed"), pl.col(basis)
    # A unit says how much comes next only while more is open; a first part, only while all is open. Fees and rates on
    # earlier parts leave a little more or less than the last part.
    rows = owed.lazy().drop_nulls(basis)
    if rule != "part_payment" and basis != "owed":
        rows = rows.filter(pl.col("unit") < full if basis == "unit" else full == pl.col("gross"))
    found = rows.join(ways.lazy().drop("basis"), how="cross")
    if (ways["share"] != 1).any():
        due = due * pl.col("share")
    settles = due
    if rule == "part_payment":
        found = found.filter(due <= full * (1 + ROUGH_REST) + allocate.CENTS)
        settles = pl.min_horizontal(due, full)
    value = {
        "withheld": due - due * pl.col("net") / pl.col("gross") * pl.col("rate"),
        "discount": due * pl.col("left"),
        "gateway_fee": due * pl.col("left") - pl.col("fix"),
    }.get(rule, due)
    return found.select(
        "at", "account", value=value.round().cast(pl.Int64), settles=settles.round().cast(pl.Int64), rule="rule",
        prior="prior", of="of", off="off",
    ).filter(pl.col("value") > 0)  # fmt: skip


def before_fee(owed: pl.DataFrame) -> pl.DataFrame:
    """Return keys for what a payment settles where a bank kept a round fee: the fee is what is missing to the value."""
    whole, part = LIKELY_FEE, LIKELY_FEE * LIKELY_UNIT
    return keys(owed, (Way("owed", "bank_fee", whole, 3), Way("unit", "bank_fee", part, 3)))
