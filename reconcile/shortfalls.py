"""What is missing of invoices paid in parts: tax, a discount or a fee that somebody kept of one part, or of each.

Only where nothing else is missing: every part came, and what is open is to the cent what is usually kept of the parts
that are smaller than the others.
"""

import polars as pl
from duckdb import DuckDBPyConnection

from reconcile import allocate, fits
from reconcile.books import ALIKE, PAIR, Books

# Of invoices that a person decided on, or that money went back of, nothing is concluded.
_PARTS = f"""
SELECT m.left_n, m.right_n, m.amount, m.kept, p.method, p.paid_on FROM made AS m
JOIN link_payments AS p ON p.n = m.left_n
JOIN lacking AS o ON o.n_right = m.right_n
WHERE m.pair = '{PAIR}' AND m.status = 'automatic' AND coalesce(p.method, '') <> 'recorded'
  AND m.right_n NOT IN (
    SELECT x.right_n FROM made AS x JOIN link_payments AS q ON q.n = x.left_n JOIN link_invoices AS i ON i.n = x.right_n
    WHERE x.pair = '{PAIR}' AND (x.status = 'confirmed' OR (x.status = 'automatic' AND x.amount <= 0)
      OR (x.status = 'automatic' AND q.currency <> i.currency))
  )
QUALIFY count(*) OVER (PARTITION BY m.right_n) > 1"""
_NOTE = """
UPDATE links SET kept = coalesce(links.kept, 0) + CAST(f.kept / CAST(10000 AS DECIMAL(18, 4)) AS DECIMAL(18, 4))
FROM kept_of_parts AS f
JOIN link_payments AS p ON p.n = f.left_n
JOIN link_invoices AS i ON i.n = f.right_n
WHERE links.left_table = 'payments' AND links.right_table = 'invoices' AND links.status = 'automatic'
  AND links.left_vendor = p.vendor AND links.left_id = p.id
  AND links.right_vendor = i.vendor AND links.right_id = i.id"""
SHARES = sorted({share for _, share in fits.PARTS} | set(fits.SHARES))


def explain(books: Books) -> pl.DataFrame:
    """Return left_n, right_n, kept (ten-thousandths) of parts that came less something; nothing is owed then."""
    lacking = books.owed().filter(
        pl.col("owed") <= pl.col("gross") * allocate.MOST_KEPT + allocate.FEE, pl.col("owed") < pl.col("gross")
    )
    books.db.register("lacking", lacking.select("n_right"))
    parts = (
        books.db.sql(_PARTS)
        .pl()
        .join(lacking.select(right_n="n_right", owed="owed", gross="gross", net="net"), on="right_n")
    )
    books.db.unregister("lacking")
    usual = _plausible(parts)
    whole = usual.filter((pl.col("missing") - pl.col("owed")).abs() <= allocate.CENTS)
    whole = whole.sort("right_n", "paid_on", "left_n").unique("right_n", keep="last", maintain_order=True)
    rest = usual.join(whole, on="right_n", how="anti").sort("left_n", "right_n", "missing")
    each = rest.unique(["left_n", "right_n"], keep="first", maintain_order=True)
    off = pl.col("owed") - pl.col("missing").sum().over("right_n")
    each = each.filter(off.abs() <= allocate.CENTS)
    last = pl.col("left_n") == pl.col("left_n").max().over("right_n")
    each = each.with_columns(kept=pl.col("missing") + pl.when(last).then(off).otherwise(0))
    found = pl.concat([whole.with_columns(kept="owed"), each]).select(
        "left_n", "right_n", pl.col("kept").cast(pl.Int64)
    )
    for invoice in found["right_n"].unique():
        books.purse.invoices[invoice] = 0
    return found.sort("left_n", "right_n")


def _plausible(parts: pl.DataFrame) -> pl.DataFrame:
    """Return the payments with `missing`: what lacks to a part as large as another one, or to a usual share."""
    alone = parts.filter(pl.col("kept") == 0)
    others = parts.select("right_n", other="left_n", part=pl.col("amount") + pl.col("kept"))
    like = alone.join(others, on="right_n").filter(pl.col("left_n") != pl.col("other")).drop("other")
    shares = alone.join(pl.DataFrame({"share": SHARES}), how="cross")
    shares = shares.with_columns(part=(pl.col("gross") * pl.col("share")).round().cast(pl.Int64)).drop("share")
    found = pl.concat([like, shares]).with_columns(missing=pl.col("part") - pl.col("amount"))
    found = found.filter(pl.col("missing") > allocate.CENTS, pl.col("missing") <= pl.col("owed") + allocate.CENTS)
    missing, part = pl.col("missing"), pl.col("part")
    kept = [part * pl.col("net") / pl.col("gross") * rate for rate in allocate.WITHHELD]
    kept += [part * rate for rate in allocate.DISCOUNT]
    usual = pl.any_horizontal([(missing - each).abs() <= ALIKE for each in kept])
    round_fee = (
        (missing % allocate.FEE_STEP == 0)
        & (missing <= allocate.FEE)
        & (missing <= pl.col("gross") * allocate.FEE_SHARE)
    )
    by_card = pl.col("method").fill_null("").is_in(allocate.WITH_FEE)
    gateway = pl.any_horizontal([(missing - part * rate - fix).abs() <= ALIKE for rate, fix in allocate.GATEWAY])
    return found.filter(usual | round_fee | (by_card & gateway)).drop("part")


def note(db: DuckDBPyConnection, found: pl.DataFrame) -> None:
    """Write on the links what was kept."""
    if found.is_empty():
        return
    db.register("kept_of_parts", found)
    db.execute(_NOTE)
    db.unregister("kept_of_parts")
