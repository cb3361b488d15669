"""The same money seen by two banks or books: payer's and payee's view of one transfer, or a record and its bank line.

Days pass, banks take fees, rates move, texts are cut off or added to. Lines whose text begins alike within days of
each other are candidates; a line is one transfer at most, so rivals push each other down (`shares`).
"""

import polars as pl
from rapidfuzz import fuzz, process

from reconcile import names
from reconcile.match import SURE
from reconcile.shares import settle

LATEST = 25  # days that money may be on its way
FARTHEST = 0.14  # fees and rates change an amount by no more than this
USUAL = 0.03  # and by about this, where they do
EXACT = 40.0  # odds that an equal amount is worth against one that is merely near
SAME_PAYER = 4000.0  # odds that two such lines are one transfer
WORDS = 2  # words at the beginning that must be the same: the payer


def same_money(sent: pl.DataFrame, received: pl.DataFrame) -> pl.DataFrame:
    """Return sent_n, received_n, sure of the pairs that are likely one transfer; sure is 0 to 1, each line once.

    sent, received: n, on_date, amount (in whatever unit, the same on both sides), text.
    """
    pairs = _near(_begun(sent), _begun(received))
    alike = process.cpdist(
        pairs["text"].to_list(), pairs["text_right"].to_list(), scorer=fuzz.token_sort_ratio, workers=2
    )
    days = pl.col("days")
    on_the_way = (
        pl.when(days == 0).then(0.3)
        .when(days <= 3).then(1.0)
        .when(days <= 6).then(0.25)
        .otherwise(0.1 * (-(days - 7) / 8).exp())
    )  # fmt: skip
    change = (pl.col("amount_right") / pl.col("amount")).log()
    amount = pl.when(change == 0).then(EXACT).otherwise((-((change / USUAL) ** 2) / 2).exp())
    pairs = pairs.with_columns(alike=pl.Series(alike, dtype=pl.Float64))
    pairs = pairs.with_columns(weight=SAME_PAYER * on_the_way * amount * ((pl.col("alike") - 85) / 9).exp())
    pairs = pairs.filter(pl.col("weight") > 0.001).sort("n", "n_right").with_row_index("e")
    uses = pairs.select("e", row="n_right", share=pl.lit(1.0))
    settled = settle(pairs.select("e", chooser="n", weight="weight"), uses)
    return pairs.with_columns(settled["sure"]).select(sent_n="n", received_n="n_right", sure="sure")


def sure(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs that need nobody's word: the best of both lines, and clearly so."""
    best = pairs.filter(pl.col("sure") >= SURE).sort("sent_n", "sure", "received_n", descending=[False, True, False])
    best = best.unique("sent_n", keep="first", maintain_order=True).sort("sure", "sent_n", descending=[True, False])
    return best.unique("received_n", keep="first", maintain_order=True).sort("sent_n")


def _begun(lines: pl.DataFrame) -> pl.DataFrame:
    text = names.plain(pl.col("text"))
    return lines.with_columns(text=text, begin=text.str.split(" ").list.head(WORDS).list.join(" ")).drop_nulls("begin")


def _near(sent: pl.DataFrame, received: pl.DataFrame) -> pl.DataFrame:
    """Return pairs with the same beginning, days apart, whose amounts a fee or a rate could explain."""
    pairs = sent.join(received, on="begin")
    pairs = pairs.with_columns(days=(pl.col("on_date_right") - pl.col("on_date")).dt.total_days())
    ratio = pl.col("amount_right") / pl.col("amount")
    return pairs.filter(pl.col("days").is_between(0, LATEST), (ratio - 1).abs() <= FARTHEST).sort("n", "n_right")
