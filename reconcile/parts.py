"""Payments that together are all of one invoice: usual parts of it, some less tax, a discount or a fee.

Alone, a part that lacks something says little. That all parts of an invoice came from its customer, each as large as it
should be but for what is usually kept, is no chance.
"""

import itertools
import math
from typing import NamedTuple

import polars as pl

from reconcile import allocate, shortfalls
from reconcile.books import ALIKE, PAIR, Books

BACK, EARLY = 200, 10  # days
TRUST = 0.75  # the payer is the customer by a stored fact, an account or a name
MOST_BEGUN = 30  # invoices of one customer that are paid in part; of more nothing is concluded
MOST_LOOSE = 6  # payments that may be parts of one invoice; more of them mean that nothing is told
STEP = 50_000  # round fees of a bank are multiples of five here: many parts make many chances

_LINKED = f"""
SELECT m.right_n, m.left_n, m.amount, m.kept FROM made AS m
WHERE m.pair = '{PAIR}' AND m.status IN ('automatic', 'confirmed') AND m.right_n IN (SELECT n_right FROM wanted)"""


class _Part(NamedTuple):
    payment: int
    settles: int


def complete(books: Books, who: pl.DataFrame) -> pl.DataFrame:
    """Return left_n, right_n, settles, paid_on, rule, sure of payments that with those it has complete an invoice."""
    loose = _loose(books, who)
    if loose.is_empty():
        return loose.select("left_n", "right_n", "settles", "paid_on", rule=pl.lit(""), sure=pl.lit(0.0))
    found: list[tuple[int, int, int]] = []
    wanted = loose.select(n_right="right_n").unique()
    books.db.register("wanted", wanted)
    linked = books.db.sql(_LINKED).pl()
    books.db.unregister("wanted")
    lacks = _lacking(linked, loose)
    each = (
        loose.sort("right_n", "left_n", "settles")
        .group_by("right_n", "left_n", "owed", maintain_order=True)
        .agg("settles")
    )
    each = each.group_by("right_n", "owed", maintain_order=True).agg("left_n", "settles")
    for invoice, owed, payments, options in each.iter_rows():
        parts = _together(owed, payments, options, lacks.get(invoice, []))
        found += [(part.payment, invoice, part.settles) for part in parts]
    rows = pl.DataFrame(found, schema={"left_n": pl.Int64, "right_n": pl.Int64, "settles": pl.Int64}, orient="row")
    shared = rows.filter(pl.len().over("left_n") > 1)  # what could be a part of two is of neither
    rows = rows.join(shared.select("right_n").unique(), on="right_n", how="anti")
    days = loose.select("left_n", "paid_on").unique("left_n")
    return rows.join(days, on="left_n").with_columns(rule=pl.lit("part_payment"), sure=pl.lit(0.9))


def _loose(books: Books, who: pl.DataFrame) -> pl.DataFrame:
    """Return the free payments beside the begun invoices of their payer that they may be a part of, `settles`."""
    free = books.free().filter(~pl.col("begun")).join(who.filter(pl.col("trust") >= TRUST), on="n")
    owed = books.owed()
    whole = free.join(owed.select("party", "currency", left="owed"), on=["party", "currency", "left"], how="semi")
    free = free.join(whole.select("n").unique(), on="n", how="anti")  # all of an invoice is no part
    begun = owed.filter(pl.col("owed") < pl.col("gross") - allocate.CENTS)
    begun = begun.filter(pl.len().over("party", "currency") <= MOST_BEGUN)
    pairs = free.join(begun, on=["party", "currency"]).filter(
        pl.col("issued_on") <= pl.col("paid_on") + pl.duration(days=EARLY),
        pl.col("issued_on") >= pl.col("paid_on") - pl.duration(days=BACK),
        pl.col("left") <= pl.col("owed") + allocate.CENTS,
    ).join(books.refused, on=["n", "n_right"], how="anti")  # fmt: skip
    pairs = pairs.filter(pl.col("n").n_unique().over("n_right") <= MOST_LOOSE)
    shares = pl.DataFrame({"share": shortfalls.SHARES})
    pairs = pairs.join(shares, how="cross").with_columns(
        settles=(pl.col("gross") * pl.col("share")).round().cast(pl.Int64)
    )
    pairs = pairs.with_columns(missing=pl.col("settles") - pl.col("left"), part="settles", is_foreign=pl.lit(False))
    exact = pl.col("missing").abs() <= ALIKE
    kept = (pl.col("missing") > ALIKE) & shortfalls.usually_kept(STEP)
    pairs = pairs.filter((exact | kept) & (pl.col("settles") <= pl.col("owed") + allocate.CENTS))
    settles = pl.when(exact).then("left").otherwise("settles")
    return pairs.select(
        left_n="n", right_n="n_right", owed="owed", gross="gross", net="net", paid_on="paid_on", settles=settles
    ).unique()


def _lacking(linked: pl.DataFrame, loose: pl.DataFrame) -> dict[int, list[list[int]]]:
    """Return by invoice what each payment that it has may lack: nothing, or what is usually kept of a usual part."""
    invoices = loose.select("right_n", "gross", "net").unique()
    rows = linked.filter(pl.col("kept") == 0, pl.col("amount") > 0).join(invoices, on="right_n")
    rows = rows.join(pl.DataFrame({"share": shortfalls.SHARES}), how="cross")
    rows = rows.with_columns(part=(pl.col("gross") * pl.col("share")).round().cast(pl.Int64))
    rows = rows.with_columns(missing=pl.col("part") - pl.col("amount"), method=pl.lit(""), is_foreign=pl.lit(False))
    rows = rows.filter(pl.col("missing") > ALIKE, shortfalls.usually_kept(STEP))
    some = rows.select("right_n", "left_n", "missing").unique().sort("right_n", "left_n", "missing")
    each = some.group_by("right_n", "left_n", maintain_order=True).agg("missing")
    found: dict[int, list[list[int]]] = {}
    for invoice, _, missing in each.iter_rows():
        found.setdefault(invoice, []).append(missing)
    return found


def _together(owed: int, payments: list[int], options: list[list[int]], lacks: list[list[int]]) -> list[_Part]:
    """Return the parts that with what the others lack are all that is owed; none where several sets are."""
    choices = [[0, *some] for some in (*options, *lacks)]
    if math.prod(map(len, choices)) > 4 * shortfalls.MOST_TRIES:
        return []
    sets = {
        tuple(_Part(payment, settles) for payment, settles in zip(payments, tried, strict=False) if settles)
        for tried in itertools.product(*choices)
        if abs(sum(tried) - owed) <= allocate.CENTS
    }
    if len({tuple(part.payment for part in parts) for parts in sets}) != 1:
        return []
    return list(min(sets))
