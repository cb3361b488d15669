"""Payments and invoices of one customer whose amounts agree: to the cent, in parts, less a fee, several at once.

Works on what the rules left over, after giving the named invoices their money. A payment chooses one explanation or
none; an invoice takes no more than is open.
"""

import polars as pl
from duckdb import DuckDBPyConnection

from reconcile import allocate, match, parties
from reconcile.shares import settle

PAIR = "payments invoices"
RULES = (
    ("amount", "Same customer, same amount", "The payment is what is open on one invoice of that customer."),
    ("part", "Same customer, a usual part", "The payment is a usual part of an invoice: a half, a third, 30 %."),
    ("withheld", "Same customer, tax withheld", "The payment is what is open less tax that the customer withholds."),
    ("discount", "Same customer, cash discount", "The payment is what is open less a usual discount."),
    ("gateway_fee", "Same customer, gateway fee", "The payment is what is open less what a card gateway keeps."),
    ("bank_fee", "Same customer, bank fee", "The payment is what is open less a round fee of a bank."),
)
EARLY = 10  # days that money may come before the invoice's date
BACK = 200  # days that a payment looks back for its invoice
PARTS = ((2, 0.5), (3, 1 / 3), (4, 0.25), (6, 1 / 6), (12, 1 / 12))  # equal parts: how many, share of each
SHARES = (0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.75, 0.8, 0.9)  # unequal parts that people agree on

_NAMED = """
SELECT m.left_n, m.right_n, m.amount AS told, coalesce(i.net / nullif(i.gross, 0), 1) AS net_share,
  p.currency = i.currency AS same_currency, m.rule
FROM made AS m
JOIN link_payments AS p ON p.n = m.left_n
JOIN link_invoices AS i ON i.n = m.right_n
WHERE m.pair = 'payments invoices'
ORDER BY m.amount IS NULL, p.paid_on, m.left_n, i.due_on, m.right_n
"""
_PAYMENTS = """
SELECT p.n, p.amount, p.currency, p.paid_on, p.method, p.name_key, p.tax_key, p.iban, p.vendor, p.customer_id
FROM link_payments AS p
WHERE p.amount > 0 AND coalesce(p.status, '') <> 'failed' AND coalesce(p.method, '') <> 'recorded'
ORDER BY p.n
"""
_INVOICES = """
SELECT i.n, i.party, i.currency, i.net, i.gross, i.issued_on, i.due_on FROM link_invoices AS i
WHERE i.gross > 0 AND i.issued_on IS NOT NULL
  AND coalesce(i.status, '') NOT IN ('void', 'draft') AND coalesce(i.kind, '') <> 'proforma'
ORDER BY i.n
"""
_LEARNT = """
SELECT p.iban, p.name_key, i.party, count(*) AS times FROM made AS m
JOIN link_payments AS p ON p.n = m.left_n JOIN link_invoices AS i ON i.n = m.right_n
WHERE m.pair = 'payments invoices' AND i.party IS NOT NULL
GROUP BY p.iban, p.name_key, i.party ORDER BY p.iban, p.name_key, i.party
"""


def run(db: DuckDBPyConnection, off: frozenset[str]) -> list[str]:
    """Give the named invoices their money and link the payments that are still free; return what was given up."""
    payments, invoices = db.sql(_PAYMENTS).pl(), db.sql(_INVOICES).pl()
    purse = allocate.Purse(
        dict(db.execute("SELECT n, greatest(amount, 0) FROM link_payments").fetchall()),
        dict(db.execute("SELECT n, greatest(gross, 0) FROM link_invoices").fetchall()),
    )
    _give_named(db, purse)
    payers = _payers(db, payments, invoices)
    notes: list[str] = []
    for step in (_exact_keys, _short_keys):
        free = _free(db, payments, purse)
        owed = _owed(invoices, purse)
        pairs, cut = _pairs(free.join(payers, on="n"), step(owed.join(payers.select("party").unique(), on="party", how="semi")))
        pairs = pairs.filter(~pl.col("rule").is_in(list(off)))
        _keep(db, purse, _settled(_weighed(pairs)))
        if cut:
            notes.append(f"payments: {cut} payments have more open invoices of one amount than are compared")
    return notes


def _give_named(db: DuckDBPyConnection, purse: allocate.Purse) -> None:
    """Fill in how much each payment gives to the invoices that rules say it is for."""
    links = db.sql(_NAMED).pl()
    same = links.filter("same_currency").select("left_n", "right_n", "net_share")
    given = allocate.settle_named(same.iter_rows(), purse)
    rows = pl.DataFrame(given, schema=["left_n", "right_n", "amount", "kept"], orient="row")
    db.register("given", rows)
    db.execute(
        "UPDATE made SET amount = g.amount, kept = g.kept FROM given AS g"
        " WHERE made.pair = 'payments invoices' AND made.left_n = g.left_n AND made.right_n = g.right_n"
    )
    db.unregister("given")


def _payers(db: DuckDBPyConnection, payments: pl.DataFrame, invoices: pl.DataFrame) -> pl.DataFrame:
    """Return n, party, trust: the billing customers that may stand behind each payment."""
    billing = db.sql("SELECT party, name_key, tax_key FROM link_invoices WHERE party IS NOT NULL").pl()
    learnt = db.sql(_LEARNT).pl()
    crm = db.sql(
        "SELECT DISTINCT s.billing AS party, d.name_key FROM same_customer AS s JOIN link_deals AS d ON d.party = s.crm"
        " WHERE s.trust >= 0.85 AND d.name_key IS NOT NULL"
    ).pl()
    names = billing.select("party", "name_key").drop_nulls().unique()
    ways = [
        payments.join(billing.select("party", "tax_key").drop_nulls().unique(), on="tax_key").select("n", "party", trust=pl.lit(0.98)),
        payments.join(_few(learnt, "iban"), on="iban").select("n", "party", trust=pl.lit(0.97)),
        payments.join(_few(names, "name_key"), on="name_key").select("n", "party", trust=pl.lit(0.93)),
        payments.join(_few(learnt, "name_key"), on="name_key").select("n", "party", trust=pl.lit(0.9)),
        payments.join(_few(crm, "name_key"), on="name_key").select("n", "party", trust=pl.lit(0.85)),
    ]
    known = pl.concat(ways)
    unknown = payments.join(known.select("n").unique(), on="n", how="anti").drop_nulls("name_key")
    spelled = unknown.select("name_key").unique().sort("name_key").with_row_index("party").select(pl.col("party").cast(pl.Int64), value="name_key")
    like = parties.alike(spelled, names.select("party", value="name_key"))
    like = like.join(spelled.select(left="party", name_key="value"), on="left")
    near = unknown.join(like, on="name_key").select("n", party="right", trust=0.8 * pl.col("likeness") / 100)
    both = pl.concat([known, near]).group_by("n", "party").agg(pl.col("trust").max())
    return both.sort("n", "party")


def _few(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Return party and column for the values that lead to few parties."""
    pairs = rows.select("party", column).drop_nulls().unique()
    return pairs.filter(pl.len().over(column) <= parties.MOST)


def _free(db: DuckDBPyConnection, payments: pl.DataFrame, purse: allocate.Purse) -> pl.DataFrame:
    """Return the payments that have something left to give."""
    left = payments.with_columns(left=pl.Series([purse.payments[n] for n in payments["n"]], dtype=pl.Int64))
    linked = set(db.sql("SELECT DISTINCT left_n FROM made WHERE pair = 'payments invoices' AND status = 'automatic'").pl()["left_n"])
    left = left.with_columns(begun=pl.col("n").is_in(list(linked)))
    return left.filter(pl.col("left") > pl.when("begun").then(10_000).otherwise(0))


def _owed(invoices: pl.DataFrame, purse: allocate.Purse) -> pl.DataFrame:
    owed = invoices.with_columns(owed=pl.Series([purse.invoices[n] for n in invoices["n"]], dtype=pl.Int64))
    return owed.filter(pl.col("owed") > allocate.CENTS)


def _key(owed: pl.DataFrame, rule: str, value: pl.Expr, settles: pl.Expr, prior: float, of: int, off: int = allocate.CENTS) -> pl.DataFrame:
    return owed.select(
        "party", "currency", "due_on", "gross", "owed", n_right="n", day="issued_on", value=value.round().cast(pl.Int64),
        settles=settles.round().cast(pl.Int64), rule=pl.lit(rule), prior=pl.lit(prior), of=pl.lit(of), off=pl.lit(off),
    )


def _exact_keys(owed: pl.DataFrame) -> pl.DataFrame:
    """Return the amounts that settle an invoice in full or in a usual part."""
    gross, rest = pl.col("gross"), pl.col("owed")
    keys = [_key(owed, "amount", rest, rest, 1.0, 1)]
    whole = owed
    for of, share in PARTS:
        keys.append(_key(whole, "part", gross * share, gross * share, 0.3, of, 300))
    for share in SHARES:
        keys.append(_key(whole, "part", gross * share, gross * share, 0.3, round(share * 100), 200))
    return pl.concat(keys).filter(pl.col("settles") <= pl.col("owed") + allocate.CENTS)


def _short_keys(owed: pl.DataFrame) -> pl.DataFrame:
    """Return the amounts that settle an invoice in full less what somebody kept."""
    rest = pl.col("owed")
    net = rest * pl.col("net") / pl.col("gross")
    keys = [_key(owed, "amount", rest, rest, 1.0, 1)]
    keys += [_key(owed, "withheld", rest - net * rate, rest, 0.1, 1, 200) for rate in allocate.WITHHELD]
    keys += [_key(owed, "discount", rest * (1 - rate), rest, 0.1, 1, 200) for rate in allocate.DISCOUNT]
    keys += [_key(owed, "gateway_fee", rest * (1 - rate) - fix, rest, 0.1, 2, 200) for rate, fix in allocate.GATEWAY]
    keys += [_key(owed, "bank_fee", rest - fee, rest, 0.05, 3, 100) for fee in range(10_000, allocate.FEE + 1, 5_000)]
    return pl.concat(keys).filter(pl.col("value") > 0)


def _pairs(free: pl.DataFrame, keys: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return payments with the keys of their customers' invoices that they meet."""
    by = ["party", "currency", "slot"]
    left = free.select("n", "party", "currency", "trust", "paid_on", "method", "left", "begun", on=pl.col("paid_on") - pl.duration(days=BACK), slot=pl.col("left") // match.SLOT)
    right = match.slots(keys).join(left.select(by).unique(), on=by, how="semi")
    pairs, cut = match.near(left, right, by)
    fits = ((pl.col("left") - pl.col("value")).abs() <= pl.col("off")) & (pl.col("day") <= pl.col("paid_on") + pl.duration(days=EARLY))
    return pairs.filter(fits), cut


def _weighed(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the best explanation of each payment and invoice, with its odds."""
    lag = (pl.col("paid_on") - pl.col("day")).dt.total_days()
    late = (pl.col("paid_on") - pl.col("due_on")).dt.total_days().cast(pl.Float64)
    timely = (
        pl.when(lag < 0).then(0.02)
        .when(late < -10).then(((late + 10) / 10).exp().clip(0.02, 1))
        .when(late > 5).then((-(late - 5) / 20).exp().clip(0.001, 1))
        .otherwise(1.0)
    )
    mates = pl.col("n").n_unique().over("n_right", "rule", "of")
    pairs = pairs.with_columns(mates=mates)
    other = pairs.filter(pl.col("rule") == "part").select("n_right", of=100 - pl.col("of")).unique()
    pairs = pairs.join(other.with_columns(completed=pl.lit(True)), on=["n_right", "of"], how="left")
    backed = (
        pl.when((pl.col("rule") == "part") & (pl.col("of") <= 12)).then(pl.min_horizontal(pl.col("mates") / pl.col("of"), 1.0) ** 2)
        .when(pl.col("rule") == "part").then(pl.when(pl.col("completed").fill_null(False)).then(1.0).otherwise(0.1))
        .otherwise(1.0)
    )
    card = pl.when((pl.col("rule") == "gateway_fee") & ~pl.col("method").is_in(["card", "gateway"])).then(0.02).otherwise(1.0)
    weight = pl.col("prior") * match.specific(pl.col("left")) * timely * backed * card * pl.col("trust") ** 2
    pairs = pairs.with_columns(weight=weight).filter(pl.col("weight") > 0.02)
    best = pairs.sort("n", "n_right", "weight", "rule", "of", descending=[False, False, True, False, False])
    return best.unique(["n", "n_right"], keep="first", maintain_order=True)


def _settled(pairs: pl.DataFrame) -> pl.DataFrame:
    pairs = pairs.with_row_index("e")
    uses = pairs.select("e", row="n_right", share=pl.col("settles") / (pl.col("owed") + allocate.CENTS))
    settled = settle(pairs.select("e", chooser="n", weight="weight"), uses)
    found = pairs.with_columns(sure=settled["sure"]).rename({"n": "left_n", "n_right": "right_n"})
    return match.judged(found, "left_n")


def _keep(db: DuckDBPyConnection, purse: allocate.Purse, found: pl.DataFrame) -> None:
    """Keep the links with what each payment gives; sure ones use up payment and invoice."""
    rows = []
    order = ["status", "paid_on", "left_n", "right_n"]
    for payment, invoice, settles, status in found.sort(order).select("left_n", "right_n", "settles", "status").iter_rows():
        if status == "automatic":
            amount = purse.give(payment, invoice)
            kept = min(max(settles - amount, 0), purse.invoices[invoice])
            purse.invoices[invoice] -= kept
        else:
            amount, kept = min(purse.payments[payment], purse.invoices[invoice]), 0
        rows.append((amount, kept))
    given = pl.DataFrame(rows, schema={"amount": pl.Int64, "kept": pl.Int64}, orient="row")
    found = found.sort(order).with_columns(given["amount"], given["kept"], confidence=pl.col("sure").clip(0, 0.99))
    match.keep(db, PAIR, found)
