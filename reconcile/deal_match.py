"""Deals and invoices of one customer whose amounts agree: whole, in instalments, as deposit and final, or nearly.

Works on what the rules left over, in passes from exact to rough: sure links of one pass leave fewer rivals to the next.
Each free invoice belongs to one deal (or, consolidated, to several); a deal takes no more than it is worth.
"""

import polars as pl
from duckdb import DuckDBPyConnection

from reconcile import match, orders, sets
from reconcile.rates import Rates, rates
from reconcile.shares import settle

PAIR = "deals invoices"
LIKELY = 0.2  # how sure a rival must be to be heard in further looks
ASKED = match.SURE - 0.01  # how sure at most what is only shown
RULES = (
    (
        "deal_amount",
        "Same customer, same amount",
        "The invoice's net or gross is the deal's amount and no rival comes near.",
    ),
    ("rest_of_deal", "Same customer, the rest of the deal", "The invoice is for what the deal's other invoices left."),
    ("instalment", "Same customer, equal instalments", "Equal invoices of one customer add up to the deal."),
    (
        "deposit",
        "Same customer, deposit or final",
        "The invoice is a usual percentage of the deal and another is the rest.",
    ),
    ("consolidated", "Same customer, several deals", "Deals of that customer add up to the invoice."),
    ("nearly", "Same customer, nearly the amount", "The deal's amount was rounded, or is in another currency."),
    (
        "only_one",
        "Same customer, nothing else open",
        "One deal and one invoice of that customer are left in that time.",
    ),
    ("same_customer", "Same customer", "A deal of that customer in that time, not billed yet. Only suggested."),
)

_DEALS = """
SELECT d.n, d.party, d.currency, d.amount, d.on_date, d.status,
  CAST(coalesce(m.net, 0) AS BIGINT) AS linked_net, CAST(coalesce(m.gross, 0) AS BIGINT) AS linked_gross,
  coalesce(m.links, 0) AS links, CASE WHEN m.most - m.least <= 1500 THEN m.unit END AS unit, m.currency AS billed_in
FROM link_deals AS d
LEFT JOIN (
  SELECT m.left_n, sum(i.net) AS net, sum(i.gross) AS gross, count(*) AS links, min(i.net) AS least, max(i.net) AS most,
    mode(i.net ORDER BY i.net) AS unit,
    min(i.currency) AS currency
  FROM made AS m JOIN link_invoices AS i ON i.n = m.right_n
  WHERE m.pair = 'deals invoices' AND m.status <> 'suggested' AND i.gross > 0
    AND coalesce(i.status, '') <> 'void' AND coalesce(i.kind, '') <> 'proforma'
  GROUP BY m.left_n
) AS m ON m.left_n = d.n
WHERE d.amount > 0 AND d.party IS NOT NULL AND d.on_date IS NOT NULL
ORDER BY d.n
"""
# An invoice that names another customer's deal is for none of these; one that names several of this customer's may be,
# and so may one whose reference is a slip of the pen away from that of a deal of this customer and of this amount.
_STRANGERS = """
CREATE OR REPLACE TABLE work.strangers AS
WITH named AS (
  SELECT t.n FROM invoice_text_keys AS t JOIN deal_keys AS k ON k.key = t.key AND k.exactness = 3
  JOIN link_invoices AS b ON b.n = t.n JOIN link_deals AS d ON d.n = k.n
  LEFT JOIN same_customer AS s ON s.crm = d.party AND s.billing = b.party
  GROUP BY t.n HAVING coalesce(max(s.trust), 0) < 0.2
),
asked AS (
  SELECT b.n, b.party, b.currency, b.reference_key, unnest([b.net, b.gross]) AS amount
  FROM named AS t JOIN link_invoices AS b ON b.n = t.n WHERE length(b.reference_key) >= 6
),
mistyped AS (
  SELECT a.n FROM asked AS a
  JOIN same_customer AS s ON s.billing = a.party AND s.trust >= 0.5
  JOIN link_deals AS d ON d.party = s.crm AND d.amount = a.amount AND d.currency = a.currency
  WHERE damerau_levenshtein(d.reference_key, a.reference_key) = 1
)
SELECT t.n FROM named AS t WHERE t.n NOT IN (SELECT m.n FROM mistyped AS m)
"""
_INVOICES = """
SELECT i.n, i.party, i.currency, i.net, i.gross, i.issued_on, coalesce(i.kind, '') = 'deposit' AS is_deposit
FROM link_invoices AS i
WHERE i.gross > 0 AND i.net > 0 AND i.party IS NOT NULL AND i.issued_on IS NOT NULL AND i.deal_id IS NULL
  AND coalesce(i.status, '') <> 'void' AND coalesce(i.kind, '') <> 'proforma'
  AND i.n NOT IN (SELECT right_n FROM made WHERE pair = 'deals invoices')
  AND i.n NOT IN (SELECT n FROM strangers)
ORDER BY i.n
"""
# Invoices that name a deal smaller than they are: perhaps they bill further deals too.
_LARGER = """
SELECT i.n, i.party, i.currency, i.net, i.gross, i.issued_on, m.worth
FROM link_invoices AS i
JOIN (
  SELECT m.right_n, CAST(sum(d.amount) AS BIGINT) AS worth, min(d.currency) AS currency
  FROM made AS m JOIN link_deals AS d ON d.n = m.left_n
  WHERE m.pair = 'deals invoices' AND m.status <> 'suggested' GROUP BY m.right_n
) AS m ON m.right_n = i.n AND m.currency = i.currency
WHERE (i.net > m.worth * 1.01 OR m.worth BETWEEN i.net * 1.02 AND i.gross * 0.98)
  AND i.net > 0 AND i.party IS NOT NULL AND i.issued_on IS NOT NULL AND i.deal_id IS NULL
ORDER BY i.n
"""
_LEARNT = """
SELECT DISTINCT d.party AS crm, i.party AS billing FROM made AS m
JOIN link_deals AS d ON d.n = m.left_n JOIN link_invoices AS i ON i.n = m.right_n
WHERE m.pair = 'deals invoices' AND m.status <> 'suggested' AND d.party IS NOT NULL AND i.party IS NOT NULL
"""
_REFUSED = f"SELECT left_n AS n, right_n AS n_right FROM refused WHERE pair = '{PAIR}'"
_EXAMPLES = """
SELECT d.currency AS of, i.currency AS into, i.net / CAST(d.amount AS DOUBLE) AS ratio FROM made AS m
JOIN link_deals AS d ON d.n = m.left_n JOIN link_invoices AS i ON i.n = m.right_n
WHERE m.pair = 'deals invoices' AND d.amount > 0 AND d.currency <> i.currency
"""


def run(db: DuckDBPyConnection, off: frozenset[str]) -> list[str]:
    """Add the links of deals to the invoices that are still free; return what was given up."""
    notes: set[str] = set()
    worth = rates(db, db.sql(_EXAMPLES).pl())
    db.execute(_STRANGERS)
    unsure = []
    tied: list[int] = []
    for look in (_exact, _consolidated, _roughly):
        deals, invoices = db.sql(_DEALS).pl(), db.sql(_INVOICES).pl()
        settled = look(db, _candidates(db, deals, invoices), invoices, off, worth, notes)
        held = pl.col("right_n").is_in(tied)
        settled = settled.with_columns(sure=pl.when(held).then(pl.col("sure").clip(0, ASKED)).otherwise("sure"))
        _keep(db, match.sure(settled))
        if look is _exact:
            tied = _tied(settled)
        unsure.append(settled.select("left_n", "right_n", "e", "rule", "sure"))
    taken = db.sql(f"SELECT right_n FROM made WHERE pair = '{PAIR}'").pl()
    rest = pl.concat(unsure, how="vertical_relaxed").join(taken, on="right_n", how="anti")
    weak = pl.col("rule") == "same_customer"  # any other reason says more
    rest = rest.sort("left_n", "right_n", weak, "sure", "rule", descending=[False, False, False, True, False])
    _keep(db, match.unsure(rest.unique(["left_n", "right_n"], keep="first", maintain_order=True), "right_n"))
    return sorted(notes)


def _tied(settled: pl.DataFrame) -> list[int]:
    """Return the invoices that two deals explain to the cent: no rougher look picks one of them."""
    close = settled.filter(pl.col("rule") == "deal_amount", pl.col("sure").is_between(LIKELY, match.SURE))
    rivals = close.group_by("right_n", maintain_order=True).agg(deals=pl.col("left_n").n_unique())
    return rivals.filter(pl.col("deals") > 1)["right_n"].to_list()


def _keep(db: DuckDBPyConnection, found: pl.DataFrame) -> None:
    found = found.sort("left_n", "right_n")
    blank = pl.lit(None, dtype=pl.Int64)
    match.keep(db, PAIR, found.with_columns(confidence=pl.col("sure").clip(0, 0.99), amount=blank, kept=pl.lit(0)))


def _candidates(db: DuckDBPyConnection, deals: pl.DataFrame, invoices: pl.DataFrame) -> pl.DataFrame:
    """Return deals that still want an invoice, once for each billing customer that may be theirs, with trust."""
    learnt = db.sql(_LEARNT).pl().with_columns(trust=pl.lit(0.95))
    same = pl.concat([db.sql("SELECT crm, billing, trust FROM same_customer").pl(), learnt])
    same = same.group_by("crm", "billing").agg(pl.col("trust").max()).sort("crm", "billing")
    same = same.filter(pl.col("trust") >= 0.2)
    in_full = (pl.col("links") == 1) & (pl.col("linked_gross") == pl.col("amount"))
    covered = in_full | (pl.col("linked_net") >= pl.col("amount") * 0.995)
    return deals.filter(~covered).join(same, left_on="party", right_on="crm").sort("n", "billing")


def _exact(db, deals, invoices, off, worth, notes) -> pl.DataFrame:
    billed = deals.rename({"party": "crm", "billing": "party", "currency": "deal_currency"})
    billed = billed.with_columns(currency=pl.coalesce("billed_in", "deal_currency"))
    if match.accounts(billed, invoices).is_empty():
        return match.NOTHING
    pairs, cut = orders.pairs(billed, invoices, off)
    if cut:
        notes.add(f"deals: {cut} deals have more invoices of one amount than are compared")
    return _settled(orders.weighed(_allowed(db, pairs)))


def _allowed(db: DuckDBPyConnection, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs (n, n_right) that nobody rejected."""
    return pairs.join(db.sql(_REFUSED).pl(), on=["n", "n_right"], how="anti")


def _settled(pairs: pl.DataFrame) -> pl.DataFrame:
    pairs = pairs.with_row_index("e")
    room = 1.03 - pl.col("linked_net") / pl.col("amount")
    uses = pairs.select("e", row="n", share=(pl.col("part") / room).clip(0.01, 1))
    settled = settle(pairs.select("e", chooser="n_right", weight="weight"), uses)
    return pairs.with_columns(sure=settled["sure"]).rename({"n": "left_n", "n_right": "right_n"})


def _consolidated(db, deals, invoices, off, worth, notes) -> pl.DataFrame:
    """Return explanations of one invoice by several deals, or of the rest of an invoice by one further deal."""
    fresh = deals.filter(pl.col("links") == 0, pl.col("status") == "won")
    whole = invoices.drop("is_deposit").with_columns(worth=pl.lit(0, pl.Int64))
    bills = pl.concat([whole, db.sql(_LARGER).pl()])
    if fresh.is_empty() or bills.is_empty():
        return match.NOTHING
    found, gave_up = sets.consolidated(bills, fresh)
    if gave_up:
        notes.add(f"deals: {gave_up} invoices could be for too many sets of deals to search them all")
    wrong = found.join(db.sql(_REFUSED).pl(), left_on=["left_n", "right_n"], right_on=["n", "n_right"], how="semi")
    found = found.join(wrong.select("e").unique(), on="e", how="anti") if "consolidated" not in off else found.clear()
    found = found.with_columns((pl.col("e").rank("dense") - 1).cast(pl.UInt32))
    whole = found.unique("e", keep="first", maintain_order=True).sort("e")
    settled = settle(
        whole.select("e", chooser="right_n", weight="weight"), found.select("e", row="left_n", share="share")
    )
    return found.join(whole.select("e").with_columns(settled["sure"]), on="e")


def _roughly(db, deals, invoices, off, worth: Rates, notes) -> pl.DataFrame:
    """Return explanations by amounts that nearly agree: rounded, in another currency, or alone in their time."""
    keys = deals.filter(pl.col("status") == "won").with_columns(on=pl.col("on_date") - pl.duration(days=orders.EARLY))
    right = invoices.rename({"n": "n_right", "party": "billing", "issued_on": "day", "currency": "billed"})
    pairs, _ = match.near(keys.with_columns(place="billing"), right.with_columns(place="billing").drop("billing"))
    if pairs.is_empty():
        return match.NOTHING
    pairs = orders.roughly(_allowed(db, pairs), worth).filter(~pl.col("rule").is_in(list(off)))
    return _settled(pairs)
