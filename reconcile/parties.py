"""Who is the same customer: the CRM's company, billing's customer, and the payer that the bank names.

Stored ids and tax ids tell; e-mail, name and likeness suggest, and amounts must then agree. `trust` is how sure the
pair is from 0 to 1; what contradicts (two different tax ids) lowers it.
"""

import polars as pl
from duckdb import DuckDBPyConnection
from rapidfuzz import process
from rapidfuzz.distance import OSA

from reconcile import linkable, names

MOST = 8  # candidates kept per party: more of one name tell nothing
SHARED = 3  # an e-mail of more parties than this belongs to none of them
RARE = 40  # a word in more names than this does not help to find a name
ALIKE = 84  # likeness from which two names may be one
CLEARLY_ALIKE = 92


def same_customers(deals: pl.DataFrame, invoices: pl.DataFrame, parties: pl.DataFrame) -> pl.DataFrame:
    """Return crm, billing, trust, by: pairs of parties that may be one customer, best first per CRM party."""
    crm, billing = _facts(deals), _facts(invoices)
    stored = _stored(parties)
    pairs = [stored]
    for fact, most in (("tax_key", MOST), ("email_key", SHARED), ("name_key", MOST)):
        left, right = _few(crm, fact, most), _few(billing, fact, most)
        pairs.append(left.join(right, on="value").select(crm="party", billing="party_right"))
    found = pl.concat(pairs).unique()
    found = _compared(found, crm, billing, stored)
    lonely = crm.filter(pl.col("fact") == "name_key").join(
        found.filter(pl.col("trust") >= 0.8), left_on="party", right_on="crm", how="anti"
    )
    near = alike(lonely.select("party", "value"), _of(billing, "name_key"))
    near = near.select(crm="left", billing="right").join(found, on=["crm", "billing"], how="anti")
    if not near.is_empty():
        found = pl.concat([found, _compared(near, crm, billing, stored)])
    best = found.sort("crm", "trust", "billing", descending=[False, True, False])
    return best.group_by("crm", maintain_order=True).head(MOST)


def _facts(rows: pl.DataFrame) -> pl.DataFrame:
    """Return party, fact, value for every tax id, e-mail and name under which a party appears."""
    known = rows.drop_nulls("party").select("party", "tax_key", "email_key", "name_key", "legal_key").unique()
    long = known.unpivot(index="party", variable_name="fact", value_name="value").drop_nulls()
    return long.with_columns(pl.col("fact").replace("legal_key", "name_key")).unique().sort("party", "fact", "value")


def _of(facts: pl.DataFrame, fact: str) -> pl.DataFrame:
    return facts.filter(pl.col("fact") == fact).select("party", "value")


def _few(facts: pl.DataFrame, fact: str, most: int) -> pl.DataFrame:
    return _of(facts, fact).filter(pl.len().over("value") <= most)


def _stored(parties: pl.DataFrame) -> pl.DataFrame:
    """Return pairs where one vendor keeps the other's id."""
    known = parties.drop_nulls("customer_id")
    crm, billing = known.filter(pl.col("side") == "crm"), known.filter(pl.col("side") == "billing")
    there = crm.join(billing, left_on="other_id", right_on="customer_id")
    back = crm.join(billing, left_on="customer_id", right_on="other_id")
    own = crm.join(billing, on=["vendor", "customer_id"])  # one vendor may be CRM and billing at once
    return pl.concat([x.select(crm="party", billing="party_right") for x in (there, back, own)]).unique()


def _compared(pairs: pl.DataFrame, crm: pl.DataFrame, billing: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs with trust and by."""
    for fact in ("tax_key", "email_key", "name_key"):
        short = fact.removesuffix("_key")
        left = _of(crm, fact).group_by("party").agg(pl.col("value").sort().alias(f"{short}_left"))
        right = _of(billing, fact).group_by("party").agg(pl.col("value").sort().alias(f"{short}_right"))
        pairs = pairs.join(left, left_on="crm", right_on="party", how="left")
        pairs = pairs.join(right, left_on="billing", right_on="party", how="left")
    pairs = pairs.join(stored.with_columns(is_stored=pl.lit(True)), on=["crm", "billing"], how="left")

    def equal(short: str) -> pl.Expr:
        return pl.col(f"{short}_left").list.set_intersection(f"{short}_right").list.len() > 0

    def both(short: str) -> pl.Expr:
        return pl.col(f"{short}_left").is_not_null() & pl.col(f"{short}_right").is_not_null()

    pairs = pairs.sort("crm", "billing").with_row_index("at")
    pairs = pairs.with_columns(
        tax=equal("tax").fill_null(False),
        email=equal("email").fill_null(False),
        name=equal("name").fill_null(False),
        tax_differs=(both("tax") & ~equal("tax")).fill_null(False),
        email_differs=(both("email") & ~equal("email")).fill_null(False),
    )
    # Where an id says it, nobody looks at the spelling.
    open_ones = pairs.filter(~pl.col("is_stored").fill_null(False) & ~pl.col("tax"))
    name_is = names.likeness(open_ones["name_left"].list.first(), open_ones["name_right"].list.first())
    spelt = open_ones.select("at", name_is=name_is, slips=_slips(open_ones))
    pairs = pairs.join(spelt, on="at", how="left", maintain_order="left").with_columns(
        pl.col("name_is").fill_null(0), pl.col("slips").fill_null(0)
    )
    alike_enough = pl.col("name") | (pl.col("name_is") >= CLEARLY_ALIKE)
    typed_wrong = pl.col("tax_differs") & (pl.col("slips") <= 2)
    trust = (
        pl.when(pl.col("is_stored").fill_null(False))
        .then(1.0)
        .when(pl.col("tax"))
        .then(0.99)
        .when(pl.col("tax_differs") & pl.col("email") & alike_enough)
        .then(0.9)
        .when(typed_wrong & alike_enough)
        .then(0.9)
        .when(pl.col("tax_differs") & pl.col("email"))
        .then(0.4)
        .when(pl.col("tax_differs"))
        .then(0.02)
        .when(pl.col("email") & (pl.col("name_is") >= 40))
        .then(0.97)
        .when(pl.col("email"))
        .then(0.9)
        .when(pl.col("name") & pl.col("email_differs"))
        .then(0.75)
        .when(pl.col("name"))
        .then(0.85)
        .when((pl.col("name_is") >= CLEARLY_ALIKE) & ~pl.col("email_differs"))
        .then(0.75)
        .when(pl.col("name_is") >= ALIKE)
        .then(0.6)
        .otherwise(0.2)
    )
    by = (
        pl.when(pl.col("is_stored").fill_null(False))
        .then(pl.lit("stored_id"))
        .when(pl.col("tax"))
        .then(pl.lit("tax_id"))
        .when(pl.col("email"))
        .then(pl.lit("email"))
        .when(pl.col("name"))
        .then(pl.lit("name"))
        .otherwise(pl.lit("name_like"))
    )
    return pairs.select("crm", "billing", trust=trust, by=by)


def _slips(pairs: pl.DataFrame) -> pl.Series:
    """Return by how many typing slips the tax ids differ."""
    left, right = (pairs[f"tax_{side}"].list.first().fill_null("").to_list() for side in ("left", "right"))
    return pl.Series(process.cpdist(left, right, scorer=OSA.distance, workers=2)).cast(pl.Int64)


def alike(wanted: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return left, right, likeness of parties whose name keys (columns party, value) are alike, best `MOST` per left.

    Only names that share a rare word, or its beginning or end, are compared; where nothing is found so, those that
    share two common words which rarely stand together. The cost follows the number of names.
    """
    left, right = wanted.select("value").unique(), known.select("value").unique()
    scored = _scored(_pieces(left), _pieces(right))
    words = _words(right).filter(pl.len().over("word") > RARE)
    rest = _words(left.join(scored, on="value", how="anti")).join(words.select("word").unique(), on="word", how="semi")
    words = words.join(rest.select("word").unique(), on="word", how="semi")
    scored = pl.concat([scored, _scored(_couples(rest), _couples(words))])
    return (
        wanted.rename({"party": "left"})
        .join(scored, on="value")
        .join(known.select(right="party", value_right="value"), on="value_right")
        .select("left", "right", "likeness")
        .unique()
        .sort("left", "likeness", "right", descending=[False, True, False])
    )


def _scored(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Return value, value_right, likeness of names that share a piece which few have, best `MOST` per value."""
    right = right.join(left.select("piece").unique(), on="piece", how="semi").filter(pl.len().over("piece") <= RARE)
    pairs = (
        left.join(right, on="piece", suffix="_right")
        .select("value", "value_right")
        .unique()
        .sort("value", "value_right")
    )
    scored = pairs.with_columns(likeness=names.likeness(pairs["value"], pairs["value_right"]))
    scored = scored.filter(pl.col("likeness") >= ALIKE).sort(
        "value", "likeness", "value_right", descending=[False, True, False]
    )
    return scored.group_by("value", maintain_order=True).head(MOST)


def _couples(words: pl.DataFrame) -> pl.DataFrame:
    """Return value, piece: every two of the words of a name, in the order of the alphabet."""
    few = words.filter(pl.len().over("value") <= MOST)
    both = few.join(few, on="value", suffix="_right").filter(pl.col("word") < pl.col("word_right"))
    return both.select("value", piece=pl.format("{} {}", "word", "word_right"))


def _words(named: pl.DataFrame) -> pl.DataFrame:
    """Return value, word: the words of each name that have three letters at least."""
    words = named.with_columns(word=pl.col("value").str.split(" ")).explode(
        "word", empty_as_null=False, keep_nulls=False
    )
    return words.filter(pl.col("word").str.len_chars() >= 3)


def _pieces(named: pl.DataFrame) -> pl.DataFrame:
    """Return value, piece: the words of a name, and the beginnings and ends of its long words."""
    words = _words(named)
    long = words.filter(pl.col("word").str.len_chars() >= 6)
    return pl.concat(
        [
            words.select("value", piece="word"),
            long.select("value", piece=pl.format("{}*", pl.col("word").str.head(5))),
            long.select("value", piece=pl.format("*{}", pl.col("word").str.tail(5))),
        ]
    ).unique()


def find(db: DuckDBPyConnection) -> None:
    """Make the working table same_customer: crm, billing, trust, by."""
    facts = "SELECT DISTINCT party, tax_key, email_key, name_key, legal_key FROM {0} WHERE party IS NOT NULL"
    deals, invoices = (db.sql(facts.format(table)).pl() for table in ("link_deals", "link_invoices"))
    linkable.keep(db, "same_customer", same_customers(deals, invoices, db.sql("FROM parties").pl()))
