"""What is missing of invoices paid in parts: tax, a discount or a fee that somebody kept of one part, or of each.

Only where nothing else is missing: every part came, and what is open is to the cent what is usually kept of the parts
that are smaller than the others. A part in another currency may lack what rates differ by.
"""

import itertools
import math

import polars as pl
from duckdb import DuckDBPyConnection

from reconcile import allocate, fits
from reconcile.books import ALIKE, PAIR, Books
from reconcile.rates import NEAR

# Of invoices that a person decided on, or that money went back of, nothing is concluded.
_PARTS = f"""
WITH given AS (
  SELECT left_n, right_n, amount, kept FROM made WHERE pair = '{PAIR}' AND status = 'automatic'
),
decided AS (
  SELECT right_n FROM made WHERE pair = '{PAIR}' AND (status = 'confirmed' OR (status = 'automatic' AND amount <= 0))
),
wanted AS (SELECT n_right FROM lacking EXCEPT SELECT right_n FROM decided),
counted AS (
  SELECT *, count(*) OVER (PARTITION BY right_n) AS parts, count(*) OVER (PARTITION BY left_n) AS pays
  FROM given WHERE left_n IN (SELECT left_n FROM given WHERE right_n IN (FROM wanted))
)
SELECT c.*, p.method, p.paid_on, p.amount AS paid, p.currency <> i.currency AS is_foreign
FROM counted AS c
JOIN link_payments AS p ON p.n = c.left_n
JOIN link_invoices AS i ON i.n = c.right_n
WHERE (c.parts > 1 OR c.pays > 1) AND c.right_n IN (FROM wanted) AND coalesce(p.method, '') <> 'recorded'"""
_NOTE = """
UPDATE links SET kept = coalesce(links.kept, 0) + CAST(f.kept / CAST(10000 AS DECIMAL(18, 4)) AS DECIMAL(18, 4))
FROM kept_of_parts AS f
JOIN link_payments AS p ON p.n = f.left_n
JOIN link_invoices AS i ON i.n = f.right_n
WHERE links.left_table = 'payments' AND links.right_table = 'invoices' AND links.status = 'automatic'
  AND links.left_vendor = p.vendor AND links.left_id = p.id
  AND links.right_vendor = i.vendor AND links.right_id = i.id"""
KEPT = {"left_n": pl.Int64, "right_n": pl.Int64, "kept": pl.Int64}
MOST_TRIES = 500  # ways in which what is open may be made up of what each payment lacks
SHARES = sorted({share for _, share in fits.PARTS} | set(fits.SHARES))


def explain(books: Books) -> pl.DataFrame:
    """Return left_n, right_n, kept (ten-thousandths) of parts that came less something; nothing is owed then."""
    lacking = books.owed().filter(
        pl.col("owed") <= pl.col("gross") * allocate.MOST_KEPT + allocate.FEE, pl.col("owed") < pl.col("gross")
    )
    books.db.register("lacking", lacking.select("n_right"))
    paid = books.db.sql(_PARTS).pl()
    books.db.unregister("lacking")
    paid = paid.join(lacking.select(right_n="n_right", owed="owed", gross="gross", net="net"), on="right_n")
    whole, rest = _of_one(_plausible(paid.filter(pl.col("parts") > 1)))
    found = pl.concat([whole, _of_several(rest), _of_bundles(books, paid)]).sort("left_n", "right_n")
    for invoice in found["right_n"].unique():
        books.purse.invoices[invoice] = 0
    return found


def _of_one(usual: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what was kept where one payment lacks all that is open, and the payments of the other invoices."""
    whole = usual.filter((pl.col("missing") - pl.col("owed")).abs() <= allocate.CENTS)
    whole = whole.sort("right_n", "paid_on", "left_n").unique("right_n", keep="last", maintain_order=True)
    return whole.select("left_n", "right_n", kept="owed"), usual.join(whole, on="right_n", how="anti")


def _of_several(usual: pl.DataFrame) -> pl.DataFrame:
    """Return what was kept where several payments of an invoice each lack a part of what is open."""
    lacks = usual.select("right_n", "owed", "left_n", "missing").unique().sort("right_n", "left_n", "missing")
    each = lacks.group_by("right_n", "owed", "left_n", maintain_order=True).agg("missing")
    invoices = each.group_by("right_n", "owed", maintain_order=True).agg("left_n", "missing")
    found = []
    for invoice, owed, payments, options in invoices.iter_rows():
        if len(payments) < 2 or math.prod(len(some) + 1 for some in options) > MOST_TRIES:
            continue
        fitting = (
            tried for tried in itertools.product(*([0, *some] for some in options))
            if abs(sum(tried) - owed) <= allocate.CENTS
        )  # fmt: skip
        best = min(fitting, key=lambda tried: (sum(map(bool, tried)), tried), default=None)
        if best:
            found += [(payment, invoice, kept) for payment, kept in zip(payments, best, strict=True) if kept]
    return pl.DataFrame(found, schema=KEPT, orient="row")


def _of_bundles(books: Books, paid: pl.DataFrame) -> pl.DataFrame:
    """Return what a bank kept of payments for several invoices: a round fee is all that lacks to one of these."""
    some = paid.filter(pl.col("pays") > 1, pl.col("parts") == 1, pl.col("kept") == 0, ~pl.col("is_foreign"))
    some = some.with_columns(left=pl.Series([books.purse.payments[n] for n in some["left_n"]], dtype=pl.Int64))
    lacks = some.filter(pl.col("left") == 0, pl.len().over("left_n") == 1)
    fee = (pl.col("owed") % allocate.FEE_STEP == 0) & (pl.col("owed") <= allocate.FEE)
    return lacks.filter(fee, pl.col("owed") <= pl.col("paid") * allocate.FEE_SHARE).select(
        "left_n", "right_n", kept="owed"
    )


def _plausible(parts: pl.DataFrame) -> pl.DataFrame:
    """Return the payments with `missing`: what lacks to a part as large as another one, or to a usual share."""
    alone = parts.filter(pl.col("kept") == 0)
    others = parts.select("right_n", other="left_n", part=pl.col("amount") + pl.col("kept"))
    like = alone.join(others, on="right_n").filter(pl.col("left_n") != pl.col("other")).drop("other")
    shares = alone.join(pl.DataFrame({"share": SHARES}), how="cross")
    shares = shares.with_columns(part=(pl.col("gross") * pl.col("share")).round().cast(pl.Int64)).drop("share")
    found = pl.concat([like, shares]).with_columns(missing=pl.col("part") - pl.col("amount"))
    found = found.filter(pl.col("missing") > allocate.CENTS, pl.col("missing") <= pl.col("owed") + allocate.CENTS)
    return found.filter(usually_kept()).drop("part")


def usually_kept(step: int = allocate.FEE_STEP) -> pl.Expr:
    """Return whether somebody usually keeps `missing` of `part`, of an invoice of `gross` and `net`.

    step: what a bank's round fee is a multiple of. method: how it was paid. is_foreign: in another currency.
    """
    missing, part = pl.col("missing"), pl.col("part")
    kept = [part * pl.col("net") / pl.col("gross") * rate for rate in allocate.WITHHELD]
    kept += [part * rate for rate in allocate.DISCOUNT]
    usual = pl.any_horizontal([(missing - each).abs() <= ALIKE for each in kept])
    round_fee = (missing % step == 0) & (missing <= allocate.FEE) & (missing <= pl.col("gross") * allocate.FEE_SHARE)
    by_card = pl.col("method").fill_null("").is_in(allocate.WITH_FEE)
    gateway = pl.any_horizontal([(missing - part * rate - fix).abs() <= ALIKE for rate, fix in allocate.GATEWAY])
    exchanged = pl.col("is_foreign") & (missing <= part * NEAR)
    return usual | round_fee | (by_card & gateway) | exchanged


def note(db: DuckDBPyConnection, found: pl.DataFrame) -> None:
    """Write on the links what was kept."""
    if found.is_empty():
        return
    db.register("kept_of_parts", found)
    db.execute(_NOTE)
    db.unregister("kept_of_parts")
