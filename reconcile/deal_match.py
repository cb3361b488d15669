"""Deals and invoices of one customer whose amounts agree: whole, in instalments, as deposit and final, or nearly.

Works on what the rules left over. Each free invoice may belong to one deal; a deal takes no more than it is worth.
"""

import polars as pl
from duckdb import DuckDBPyConnection

from reconcile import match
from reconcile.shares import settle

PAIR = "deals invoices"
MOST_INSTALMENTS = 12
DEPOSITS = (5, 10, 15, 20, 25, 30, 33, 35, 40, 50, 60, 65, 67, 70, 75, 80, 85, 90, 95)  # usual percentages
EARLY = 10  # days that an invoice may come before the deal is marked won
RULES = (
    ("deal_amount", "Same customer, same amount", "The invoice's net or gross is the deal's amount and no rival comes near."),
    ("rest_of_deal", "Same customer, the rest of the deal", "The invoice is for what the deal's other invoices left."),
    ("instalment", "Same customer, equal instalments", "Equal invoices of one customer add up to the deal."),
    ("deposit", "Same customer, deposit or final", "The invoice is a usual percentage of the deal and another is the rest."),
)
NEARLY = 0.025  # a deal's amount may be rounded by this much

_DEALS = """
SELECT d.n, d.party, d.currency, d.amount, d.on_date, d.status,
  CAST(coalesce(m.net, 0) AS BIGINT) AS linked_net,
  CAST(coalesce(m.gross, 0) AS BIGINT) AS linked_gross, coalesce(m.links, 0) AS links,
  CASE WHEN m.least = m.most THEN m.least END AS unit
FROM link_deals AS d
LEFT JOIN (
  SELECT m.left_n, sum(i.net) AS net, sum(i.gross) AS gross, count(*) AS links, min(i.net) AS least, max(i.net) AS most
  FROM made AS m JOIN link_invoices AS i ON i.n = m.right_n
  WHERE m.pair = 'deals invoices' AND i.gross > 0 GROUP BY m.left_n
) AS m ON m.left_n = d.n
WHERE d.amount > 0 AND d.party IS NOT NULL AND d.on_date IS NOT NULL
ORDER BY d.n
"""
_INVOICES = """
SELECT i.n, i.party, i.currency, i.net, i.gross, i.issued_on, i.reference_key FROM link_invoices AS i
WHERE i.gross > 0 AND i.party IS NOT NULL AND i.issued_on IS NOT NULL AND i.deal_id IS NULL
  AND coalesce(i.status, '') <> 'void' AND coalesce(i.kind, '') <> 'proforma'
  AND i.n NOT IN (SELECT right_n FROM made WHERE pair = 'deals invoices')
  AND i.n NOT IN (
    SELECT t.n FROM invoice_text_keys AS t JOIN deal_keys AS k ON k.key = t.key WHERE k.exactness = 3
  )
ORDER BY i.n
"""
_LEARNT = """
SELECT DISTINCT d.party AS crm, i.party AS billing FROM made AS m
JOIN link_deals AS d ON d.n = m.left_n JOIN link_invoices AS i ON i.n = m.right_n
WHERE m.pair = 'deals invoices' AND d.party IS NOT NULL AND i.party IS NOT NULL
"""


def run(db: DuckDBPyConnection, off: frozenset[str]) -> list[str]:
    """Add the links of deals to the invoices that are still free; return what was given up."""
    deals, invoices = db.sql(_DEALS).pl(), db.sql(_INVOICES).pl()
    candidates = _candidates(db, deals, invoices)
    keys = _keys(candidates).filter(~pl.col("rule").is_in(list(off)))
    pairs, cut = _pairs(keys, invoices)
    pairs = _weighed(pairs)
    settled = _settled(pairs)
    found = pl.concat([match.sure(settled), match.unsure(settled, "right_n")], how="diagonal_relaxed").with_columns(
        confidence=pl.col("sure").clip(0, 0.99), amount=pl.lit(None, dtype=pl.Int64), kept=pl.lit(0)
    )
    match.keep(db, PAIR, found)
    return [f"deals: {cut} deals have more invoices of one amount than are compared"] if cut else []


def _candidates(db: DuckDBPyConnection, deals: pl.DataFrame, invoices: pl.DataFrame) -> pl.DataFrame:
    """Return deals that still want an invoice, once for each billing customer that may be theirs, with trust."""
    learnt = db.sql(_LEARNT).pl().with_columns(trust=pl.lit(0.95))
    same = pl.concat([db.sql("SELECT crm, billing, trust FROM same_customer").pl(), learnt])
    same = same.group_by("crm", "billing").agg(pl.col("trust").max()).sort("crm", "billing")
    same = same.filter(pl.col("trust") >= 0.2)
    waiting = invoices.select(billing="party").unique()
    covered = (pl.col("linked_net") >= pl.col("amount") * 0.995) | (pl.col("linked_gross") == pl.col("amount"))
    return (
        deals.filter(~covered)
        .join(same.join(waiting, on="billing", how="semi"), left_on="party", right_on="crm")
        .sort("n", "billing")
    )


def _keys(deals: pl.DataFrame) -> pl.DataFrame:
    """Return n, billing, currency, on_date, trust, basis, value, off, rule, part, of: the amounts that would fit."""
    base = deals.with_columns(on=pl.col("on_date") - pl.duration(days=EARLY))
    amount = pl.col("amount")
    keys = []

    def add(rule: str, basis: str, value: pl.Expr, off: int, share: pl.Expr | float, of: int, when: pl.Expr) -> None:
        part = share if isinstance(share, pl.Expr) else pl.lit(share)
        keys.append(
            base.filter(when).select(
                "n", "billing", "currency", "on", "on_date", "trust", "status", "amount", "links",
                basis=pl.lit(basis), value=value.cast(pl.Int64), off=pl.lit(off, dtype=pl.Int64), rule=pl.lit(rule),
                part=part.cast(pl.Float64), of=pl.lit(of),
            )
        )

    fresh, begun = pl.col("links") == 0, pl.col("links") > 0
    for basis in ("net", "gross"):
        rest = amount - pl.col(f"linked_{basis}")
        add("deal_amount", basis, amount, 100, 1.0, 1, fresh)
        add("rest_of_deal", basis, rest, 200, rest / amount, 1, begun)
        for k in range(2, MOST_INSTALMENTS + 1):
            each = (amount / k / 100).round() * 100
            off = 100 if basis == "net" else 300
            add("instalment", basis, each, off, 1 / k, k, fresh)
            add("instalment", basis, amount - each * (k - 1), off, 1 / k, k, fresh & ((amount - each * (k - 1) - each).abs() > off))
        for percent in DEPOSITS:
            add("deposit", basis, (amount * percent / 10_000).round() * 100, 100 if basis == "net" else 300, percent / 100, percent, fresh)
    unit = pl.col("unit")
    add("instalment", "net", unit, 300, unit / amount, 0, unit.is_not_null())
    last = amount - unit * ((amount / unit).round() - 1)
    add("instalment", "net", last, 200, unit / amount, 0, unit.is_not_null() & ((last - unit).abs() > 300))
    return pl.concat(keys).filter(pl.col("value") > 0)


def _pairs(keys: pl.DataFrame, invoices: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return keys with the invoices whose net or gross is such an amount."""
    bases = [
        invoices.select(
            n_right="n", billing="party", currency="currency", day="issued_on", basis=pl.lit(basis), sum=pl.col(basis),
            slot=pl.col(basis) // match.SLOT,
        )
        for basis in ("net", "gross")
    ]
    right = pl.concat(bases)
    by = ["billing", "currency", "basis", "slot"]
    pairs, cut = match.near(match.slots(keys).join(right.select(by).unique(), on=by, how="semi"), right, by)
    return pairs.filter((pl.col("sum") - pl.col("value")).abs() <= pl.col("off"), pl.col("day") >= pl.col("on")), cut


def _weighed(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the best explanation of each pair of deal and invoice, with its odds."""
    lag = (pl.col("day") - pl.col("on_date")).dt.total_days()
    late = pl.max_horizontal(lag, -4 * lag).cast(pl.Float64)
    mates = pl.col("n_right").n_unique().over("n", "rule", "of", "basis")
    pairs = pairs.with_columns(mates=mates, lag=lag)
    complement = pairs.filter(pl.col("rule") == "deposit").select("n", "basis", of=100 - pl.col("of")).unique()
    pairs = pairs.join(complement.with_columns(completed=pl.lit(True)), on=["n", "basis", "of"], how="left")
    series = pl.min_horizontal(pl.col("mates") / pl.max_horizontal("of", 2), 1.0)
    odds = (
        pl.when(pl.col("rule") == "deal_amount").then(1.0 * (-late / 15).exp())
        .when(pl.col("rule") == "rest_of_deal").then(1.0 * (-late / 45).exp())
        .when((pl.col("rule") == "instalment") & (pl.col("links") > 0)).then(0.5 * (-late / 400).exp())
        .when((pl.col("rule") == "instalment") & (pl.col("mates") >= 2)).then(0.3 * series**2 * (-late / (15 + 31 * pl.col("of"))).exp())
        .when(pl.col("rule") == "instalment").then(0.002)
        .when(pl.col("completed").fill_null(False)).then(0.3 * (-late / 60).exp())
        .otherwise(0.003 * (-late / 40).exp())
    )
    by_status = pl.when(pl.col("status") == "won").then(1.0).otherwise(0.05)
    pairs = pairs.with_columns(weight=odds * match.specific(pl.col("sum")) * pl.col("trust") ** 2 * by_status)
    pairs = pairs.filter(pl.col("weight") > 0.02)
    best = pairs.sort("n_right", "n", "weight", "rule", "of", descending=[False, False, True, False, False])
    return best.unique(["n_right", "n"], keep="first", maintain_order=True)


def _settled(pairs: pl.DataFrame) -> pl.DataFrame:
    pairs = pairs.with_row_index("e")
    uses = pairs.select("e", row="n", share=(pl.col("part") / 1.03))
    settled = settle(pairs.select("e", chooser="n_right", weight="weight"), uses)
    return pairs.with_columns(sure=settled["sure"]).rename({"n": "left_n", "n_right": "right_n"})
