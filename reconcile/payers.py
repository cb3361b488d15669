"""Who may stand behind a payment: customers of billing by tax id, account, name and what earlier links taught."""

from typing import NamedTuple

import polars as pl
from duckdb import DuckDBPyConnection

from reconcile import parties

_LEARNT = """
SELECT p.iban, p.name_key, i.party FROM made AS m
JOIN link_payments AS p ON p.n = m.left_n JOIN link_invoices AS i ON i.n = m.right_n
WHERE m.pair = 'payments invoices' AND m.status IN ('automatic', 'confirmed') AND i.party IS NOT NULL
  AND m.rowid >= $since
GROUP BY p.iban, p.name_key, i.party
"""
_NAMED = """
SELECT DISTINCT m.left_n AS n, i.party, CAST(0.98 AS DOUBLE) AS trust
FROM made AS m JOIN link_invoices AS i ON i.n = m.right_n
WHERE m.pair = 'payments invoices' AND i.party IS NOT NULL
"""
_TRADING_NAMES = """
SELECT DISTINCT s.billing AS party, d.name_key FROM same_customer AS s JOIN link_deals AS d ON d.party = s.crm
WHERE s.trust >= 0.85 AND d.name_key IS NOT NULL
"""
_STORED = """
SELECT p.n, q.party, CAST(0.99 AS DOUBLE) AS trust FROM link_payments AS p
JOIN parties AS q ON q.side = 'billing' AND q.vendor = p.vendor AND q.customer_id = p.customer_id
"""
_ACCOUNTS = """
SELECT upper(replace(c.iban, ' ', '')) AS iban, q.party FROM customers AS c
JOIN parties AS q ON q.side = 'billing' AND q.vendor = c.vendor AND q.customer_id = c.id
WHERE c.iban IS NOT NULL
"""
_PARENTS = """
SELECT p.name_key, q.party FROM customers AS c
JOIN link_customers AS p ON p.vendor = c.vendor AND p.id = c.parent_id
JOIN link_customers AS o ON o.vendor = c.vendor AND o.id = c.id
JOIN made AS m ON m.pair = 'customers customers' AND m.left_n = o.n
JOIN link_customers AS b ON b.n = m.right_n
JOIN parties AS q ON q.side = 'billing' AND q.vendor = b.vendor AND q.customer_id = b.id
WHERE p.name_key IS NOT NULL
"""


class Stored(NamedTuple):
    """What is stored of who pays: by payment (n, party, trust), and by tax id, account or name (party and that)."""

    named: pl.DataFrame
    stated: pl.DataFrame
    tax_ids: pl.DataFrame
    accounts: pl.DataFrame
    names: pl.DataFrame
    trading_names: pl.DataFrame
    parents: pl.DataFrame


def stored(db: DuckDBPyConnection) -> Stored:
    """Return what is stored, once payments that name invoices and customers that are the same are linked."""
    billing = db.sql("SELECT DISTINCT party, name_key, tax_key FROM link_invoices WHERE party IS NOT NULL").pl()
    return Stored(
        db.sql(_NAMED).pl(),
        db.sql(_STORED).pl(),
        billing.select("party", "tax_key").drop_nulls().unique(),
        _few(db.sql(_ACCOUNTS).pl(), "iban"),
        billing.select("party", "name_key").drop_nulls().unique(),
        _few(db.sql(_TRADING_NAMES).pl(), "name_key"),
        _few(db.sql(_PARENTS).pl(), "name_key"),
    )


def payers(there: Stored, payments: pl.DataFrame) -> pl.DataFrame:
    """Return n, party, trust: the billing customers that may stand behind each of these payments, by stored facts."""
    ways = [
        payments.select("n").join(there.named, on="n"),
        payments.select("n").join(there.stated, on="n"),
        payments.join(there.tax_ids, on="tax_key").select("n", "party", trust=pl.lit(0.98)),
        payments.join(there.accounts, on="iban").select("n", "party", trust=pl.lit(0.98)),
        payments.join(_few(there.names, "name_key"), on="name_key").select("n", "party", trust=pl.lit(0.93)),
        payments.join(there.trading_names, on="name_key").select("n", "party", trust=pl.lit(0.85)),
        payments.join(there.parents, on="name_key").select("n", "party", trust=pl.lit(0.85)),
    ]
    known = pl.concat([way.select("n", "party", "trust") for way in ways])
    return best(pl.concat([known, _spelled_alike(payments, there.names, known)]))


class Lessons:
    """What links teach, the further the more: whose account it is, and who pays under which name."""

    def __init__(self, db: DuckDBPyConnection) -> None:
        self.db, self.seen = db, 0  # links of the working table made, which from now on only grows
        self.taught = pl.DataFrame(schema={"iban": pl.String, "name_key": pl.String, "party": pl.Int64})

    def learnt(self, payments: pl.DataFrame) -> pl.DataFrame:
        """Return n, party, trust as the links made so far teach. Pairs repeat."""
        fresh = self.db.sql(_LEARNT, params={"since": self.seen}).pl()
        self.seen = self.db.execute("SELECT coalesce(max(rowid) + 1, 0) FROM made").fetchall()[0][0]
        self.taught = pl.concat([self.taught, fresh.cast(dict(self.taught.schema))]).unique()
        by_account = payments.join(_few(self.taught, "iban"), on="iban").select("n", "party", trust=pl.lit(0.97))
        by_name = payments.join(_few(self.taught, "name_key"), on="name_key").select("n", "party", trust=pl.lit(0.9))
        return pl.concat([by_account, by_name])


def best(found: pl.DataFrame) -> pl.DataFrame:
    """Return each pair once, with the highest trust that any way gave it."""
    return found.group_by("n", "party").agg(pl.col("trust").max()).sort("n", "party")


def _few(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return party and column for the values that lead to few parties."""
    pairs = rows.select("party", column).drop_nulls().unique()
    return pairs.filter(pl.len().over(column) <= parties.MOST)


def _spelled_alike(payments: pl.DataFrame, names: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return n, party, trust of payers whose name is nearly that of a customer, where nothing better is known."""
    unknown = payments.select("n", "name_key").drop_nulls().join(known.select("n").unique(), on="n", how="anti")
    if unknown.is_empty():
        return known.head(0)
    spelled = unknown.select(value="name_key").unique().sort("value").with_row_index("party")
    spelled = spelled.with_columns(pl.col("party").cast(pl.Int64))
    like = parties.alike(spelled, names.select("party", value="name_key"))
    like = like.join(spelled.select(left="party", name_key="value"), on="left")
    return unknown.join(like, on="name_key").select("n", party="right", trust=0.8 * pl.col("likeness") / 100)
