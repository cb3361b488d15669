"""Payments and invoices while they are matched: what is left of each, who names whom, and the links made on the way."""

from array import array
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from duckdb import DuckDBPyConnection
from numpy.typing import NDArray

from reconcile import allocate, match, references
from reconcile.rates import NEAR, Rates, rates

PAIR = "payments invoices"
ALIKE = 300  # parts of an invoice that differ by no more than three cents are equal parts
SMALL = 10_000  # less than one unit of currency left of a payment that found its invoices is a rounding

_PAYMENTS = """
SELECT p.n, p.amount, p.currency, p.paid_on, p.method, p.name_key, p.tax_key, p.iban, p.reference
FROM link_payments AS p
WHERE p.amount > 0 AND p.paid_on IS NOT NULL
  AND coalesce(p.status, '') <> 'failed' AND coalesce(p.method, '') <> 'recorded'
  AND p.n NOT IN (SELECT left_n FROM made WHERE pair = 'payments payouts' AND status <> 'suggested')
ORDER BY p.n
"""
_INVOICES = """
SELECT i.n AS n, i.party, i.currency, i.net, i.gross, i.issued_on, i.due_on FROM link_invoices AS i
WHERE i.gross > 0 AND i.issued_on IS NOT NULL
  AND coalesce(i.status, '') NOT IN ('void', 'draft') AND coalesce(i.kind, '') <> 'proforma'
ORDER BY i.n
"""
_NAMED = """
SELECT m.left_n, m.right_n, m.amount AS told, CAST(coalesce(i.net / nullif(i.gross, 0), 1) AS DOUBLE) AS net_share,
  p.amount, p.currency AS paid_in, i.currency, p.paid_on, coalesce(p.method, '') = 'recorded' AS recorded,
  count(*) OVER (PARTITION BY m.left_n) AS names, i.gross, p.method, count(*) OVER (PARTITION BY m.right_n) AS named_by
FROM made AS m
JOIN link_payments AS p ON p.n = m.left_n
JOIN link_invoices AS i ON i.n = m.right_n
WHERE m.pair = 'payments invoices'
ORDER BY m.status <> 'confirmed', m.amount IS NULL, p.paid_on, m.left_n, i.due_on, m.right_n
"""
_CREDITS = """
SELECT i.n AS right_n, c.issued_on AS credited_on, -c.gross AS credited
FROM link_invoices AS c JOIN link_invoices AS i ON i.vendor = c.vendor AND i.id = c.corrects_id
WHERE c.kind = 'credit_note' AND c.gross < 0 AND coalesce(c.status, '') NOT IN ('draft', 'void')
"""
_GIVEN = f"""
CREATE OR REPLACE TABLE work.made AS
SELECT m.* REPLACE (coalesce(g.amount, m.amount) AS amount, coalesce(g.kept, m.kept) AS kept)
FROM made AS m
LEFT JOIN given AS g ON m.pair = '{PAIR}' AND g.left_n = m.left_n AND g.right_n = m.right_n"""
# A text may hint at an invoice without naming it: an order that was billed, or a short form of several numbers. Or it
# names one that neither payer nor amount agree with.
_MENTIONED = """
WITH told AS (FROM payment_keys WHERE n IN (FROM still_free))
SELECT DISTINCT k.n, m.right_n AS n_right, i.party, 'order' AS said
FROM told AS k
JOIN deal_keys AS j ON j.key = k.key AND j.exactness = 3
JOIN made AS m ON m.pair = 'deals invoices' AND m.left_n = j.n AND m.status IN ('automatic', 'confirmed')
JOIN link_invoices AS i ON i.n = m.right_n
UNION
SELECT DISTINCT k.n, j.n AS n_right, i.party, CASE j.exactness WHEN 2 THEN 'digits' ELSE 'serial' END AS said
FROM told AS k
JOIN invoice_keys AS j ON j.key = k.key AND j.exactness IN (1, 2)
JOIN link_invoices AS i ON i.n = j.n
JOIN link_payments AS p ON p.n = k.n AND p.paid_on >= i.issued_on - 10
UNION
SELECT DISTINCT k.n, j.n AS n_right, i.party, 'whole' AS said
FROM told AS k
JOIN invoice_keys AS j ON j.key = k.key AND j.exactness = 3 AND regexp_matches(k.key, '[A-Z]') AND length(k.key) >= 4
JOIN link_invoices AS i ON i.n = j.n AND i.gross > 0 AND coalesce(i.status, '') <> 'void'
  AND coalesce(i.kind, '') <> 'proforma'
WHERE k.n NOT IN (SELECT left_n FROM made WHERE pair = 'payments invoices')
"""


class Read(NamedTuple):
    """What money there is, and for what: nothing of it is given yet."""

    payments: pl.DataFrame
    invoices: pl.DataFrame
    purse: allocate.Purse


def read(db: DuckDBPyConnection) -> Read:
    """Return it, once it is known which payments are payouts."""
    payments = db.sql(_PAYMENTS).pl().with_columns(further=references.further(pl.col("reference"))).drop("reference")
    purse = allocate.Purse(_by_number(db, "link_payments", "amount"), _by_number(db, "link_invoices", "gross"))
    return Read(payments, db.sql(_INVOICES).pl(), purse)


class Books:
    """The state of one run: what is left of each payment and invoice."""

    def __init__(self, db: DuckDBPyConnection, off: frozenset[str], read: "Read") -> None:
        self.db, self.off = db, off
        self.payments, self.invoices, self.purse = read
        self.begun = bytearray(len(self.purse.payments))  # 1: payments of which a part is given
        # 1: payments that name an invoice which takes no more: nobody else's money either
        self.spent = bytearray(len(self.purse.payments))
        self.units = array("q", bytes(8 * len(self.purse.invoices)))  # what each part was, 0 none yet, -1 they differ
        self.mentioned = pl.DataFrame(schema={"n": pl.Int64, "n_right": pl.Int64, "party": pl.Int64, "said": pl.String})
        self.rates, self.near = Rates({}, {}), NEAR
        self.kept_of_parts = pl.DataFrame(schema={"left_n": pl.Int64, "right_n": pl.Int64, "kept": pl.Int64})
        self.refused = db.sql(f"SELECT left_n AS n, right_n AS n_right FROM refused WHERE pair = '{PAIR}'").pl()

    def give_named(self) -> None:
        """Give the invoices that rules and persons name their money, and note how much on the links."""
        credits = self.db.sql(_CREDITS).pl()
        links = _less_credits(self.db.sql(_NAMED).pl(), credits)
        self.rates = rates(self.db, _examples(links))
        simple = _simple(links)
        self._take(simple)
        others = links.join(simple.select("left_n"), on="left_n", how="anti", maintain_order="left").drop("named_by")
        given = allocate.settle_named(others.iter_rows(), self.purse, self.rates)
        for each in given:
            self._note(each.payment, each.invoice, each.amount, each.kept)
        whole = simple.select("left_n", "right_n", "amount", kept=pl.lit(0, pl.Int64))
        self._write_down(pl.concat([whole, pl.DataFrame(given, schema=whole.schema, orient="row")]))
        for invoice, credited in credits.select("right_n", "credited").iter_rows():
            self.purse.invoices[invoice] = max(self.purse.invoices[invoice] - credited, 0)
        self._shrink()
        self.db.register("still_free", self.payments.select("n"))
        self.mentioned = self.db.sql(_MENTIONED).pl().filter(pl.col("party").is_not_null())
        self.db.unregister("still_free")

    def _take(self, simple: pl.DataFrame) -> None:
        """Give each payment of `simple` (left_n, right_n, amount) whole to its invoice, all at once."""
        payments = simple["left_n"].to_numpy()
        np.frombuffer(self.purse.payments, np.int64)[payments] -= simple["amount"].to_numpy()
        np.frombuffer(self.begun, np.bool_)[payments] = True
        alike = pl.col("amount").diff().abs().max().fill_null(0) <= ALIKE
        invoices = simple.group_by("right_n", maintain_order=True).agg(
            given=pl.col("amount").sum(), unit=pl.when(alike).then(pl.col("amount").last()).otherwise(-1)
        )
        rows = invoices["right_n"].to_numpy()
        np.frombuffer(self.purse.invoices, np.int64)[rows] -= invoices["given"].to_numpy()
        np.frombuffer(self.units, np.int64)[rows] = invoices["unit"].to_numpy()

    def _write_down(self, given: pl.DataFrame) -> None:
        """Fill in what the links made so far give. Writing the table anew is ten times faster than updating it."""
        self.db.register("given", given)
        self.db.execute(_GIVEN)
        self.db.unregister("given")

    def _shrink(self) -> None:
        """Forget what is used up: it only ever gets less."""
        self.payments = self._free(self.payments).select(self.payments.columns)
        self.invoices = self._owed(self.invoices).select(self.invoices.columns)

    def _note(self, payment: int, invoice: int, amount: int, kept: int) -> None:
        if amount <= 0:
            self.spent[payment] = 1
            self.units[invoice] = -1 if amount < 0 else self.units[invoice]  # what went back was no part
            return
        self.begun[payment] = 1
        part = amount + kept
        before = self.units[invoice]
        self.units[invoice] = part if not before or abs(before - part) <= ALIKE else -1

    def free(self) -> pl.DataFrame:
        """Return the payments that have something left to give: left, and begun where a part is already given."""
        return self._free(self.payments)

    def _free(self, payments: pl.DataFrame) -> pl.DataFrame:
        left = payments.with_columns(
            left=_taken(np.frombuffer(self.purse.payments, np.int64), payments),
            begun=_taken(np.frombuffer(self.begun, np.bool_), payments),
            spent=_taken(np.frombuffer(self.spent, np.bool_), payments),
        )
        enough = pl.col("left") > pl.when("begun").then(pl.max_horizontal(SMALL, pl.col("amount") // 50)).otherwise(0)
        return left.filter(enough, pl.col("begun") | ~pl.col("spent")).drop("spent")

    def owed(self) -> pl.DataFrame:
        """Return the invoices that are open: owed, and unit where earlier parts were all alike."""
        return self._owed(self.invoices).rename({"n": "n_right"})

    def _owed(self, invoices: pl.DataFrame) -> pl.DataFrame:
        unit = _taken(np.frombuffer(self.units, np.int64), invoices)
        owed = invoices.with_columns(
            unit=unit.set(unit <= 0, None), owed=_taken(np.frombuffer(self.purse.invoices, np.int64), invoices)
        )
        return owed.filter(pl.col("owed") > allocate.CENTS, pl.col("party").is_not_null())

    def keep(self, found: pl.DataFrame) -> int:
        """Keep links (left_n, right_n, rule, status, settles, sure, paid_on) and return how many.

        Sure ones use up payment and invoice.
        """
        if found.is_empty():
            return 0
        found = found.sort("paid_on", "left_n", "right_n")
        automatic = pl.col("status") == "automatic"
        alone = (pl.len().over("left_n") == 1) & (pl.len().over("right_n") == 1)  # most are: these go all at once
        given = pl.concat(
            [
                self._given_at_once(found.filter(automatic, alone)),
                self._given_in_turn(found.filter(automatic, ~alone)),
                self._offered(found.filter(~automatic)),
            ]
        )
        match.keep(self.db, PAIR, given.with_columns(confidence=pl.col("sure").clip(0, 0.99)))
        return len(found)

    def _given_at_once(self, found: pl.DataFrame) -> pl.DataFrame:
        """Give the payments of links that share neither payment nor invoice; return them with amount and kept."""
        left, right, settles = (found[column].to_numpy() for column in ("left_n", "right_n", "settles"))
        payments, invoices = np.frombuffer(self.purse.payments, np.int64), np.frombuffer(self.purse.invoices, np.int64)
        amount = np.minimum(np.maximum(np.minimum(payments[left], invoices[right]), 0), settles)
        payments[left] -= amount
        more = np.where(payments[left] == 0, np.maximum(settles - amount, 0), 0)
        kept = np.minimum(more, invoices[right] - amount)
        invoices[right] -= amount + kept
        some = amount > 0
        np.frombuffer(self.spent, np.bool_)[left[~some]] = True
        np.frombuffer(self.begun, np.bool_)[left[some]] = True
        units, part = np.frombuffer(self.units, np.int64), (amount + kept)[some]
        before = units[right[some]]
        units[right[some]] = np.where((before == 0) | (np.abs(before - part) <= ALIKE), part, -1)
        return found.with_columns(amount=pl.Series(amount), kept=pl.Series(kept))

    def _given_in_turn(self, found: pl.DataFrame) -> pl.DataFrame:
        """Give the payments of links one after the other; return them with amount and kept."""
        amounts, kept = [], []
        for payment, invoice, settles in found.select("left_n", "right_n", "settles").iter_rows():
            amount = self.purse.give(payment, invoice, settles)
            open_after = self.purse.invoices[invoice]
            rest = 0 if self.purse.payments[payment] else min(max(settles - amount, 0), open_after)
            self.purse.invoices[invoice] -= rest
            self._note(payment, invoice, amount, rest)
            amounts.append(amount)
            kept.append(rest)
        return found.with_columns(amount=pl.Series(amounts, dtype=pl.Int64), kept=pl.Series(kept, dtype=pl.Int64))

    def _offered(self, found: pl.DataFrame) -> pl.DataFrame:
        """Return suggestions with what they would give as amount, and nothing kept: they use up nothing."""
        left, right = found["left_n"].to_numpy(), found["right_n"].to_numpy()
        there = np.minimum(
            np.frombuffer(self.purse.payments, np.int64)[left], np.frombuffer(self.purse.invoices, np.int64)[right]
        )
        return found.with_columns(amount=pl.min_horizontal(pl.Series(there), "settles"), kept=pl.lit(0, dtype=pl.Int64))


def _taken(by_number: NDArray[Any], rows: pl.DataFrame) -> pl.Series:
    """Return what the rows' numbers point at; a copy, since it goes on changing."""
    return pl.Series(by_number[rows["n"].to_numpy()])


def _less_credits(links: pl.DataFrame, credits: pl.DataFrame) -> pl.DataFrame:
    """Return the links with `credited`: what credit notes had taken from the invoice by the day of the payment."""
    before = links.select("left_n", "right_n", "paid_on").join(credits, on="right_n")
    before = before.filter(pl.col("credited_on") <= pl.col("paid_on"))
    before = before.group_by("left_n", "right_n").agg(pl.col("credited").sum().cast(pl.Int64))
    links = links.join(before, on=["left_n", "right_n"], how="left", maintain_order="left")
    return links.with_columns(pl.col("credited").fill_null(0))


def _examples(links: pl.DataFrame) -> pl.DataFrame:
    """Return of, into, ratio of the payments in another currency that name one invoice."""
    foreign = links.filter((pl.col("names") == 1) & (pl.col("paid_in") != pl.col("currency")) & (pl.col("amount") > 0))
    return foreign.select(of="paid_in", into="currency", ratio=pl.col("gross") / pl.col("amount"))


def _simple(links: pl.DataFrame) -> pl.DataFrame:
    """Return the links of payments that go whole to the one invoice they name: most of all, and nothing to think about.

    An invoice is among them with all its payments or with none: together they are no more than it is, and what is left
    after each is nothing, or too much for a fee, a discount or withheld tax.
    """
    given = links.select(pl.col("amount").cum_sum().over("right_n")).to_series()
    after = pl.col("gross") - given
    begun = (after + pl.col("amount")) * allocate.MOST_KEPT + allocate.FEE
    fee = pl.col("method").fill_null("").is_in(allocate.WITH_FEE) & (pl.col("amount") != pl.col("gross"))
    simple = (
        (pl.col("names") == 1)
        & pl.col("told").is_null()
        & ~pl.col("recorded")
        & (pl.col("paid_in") == pl.col("currency"))
        & (pl.col("amount") > 10 * ALIKE)
        & (pl.col("credited") == 0)
        & ~fee
        & ((after == 0) | (after > begun))
    )
    other = links.filter(~simple.fill_null(False)).select("right_n")
    return links.join(other, on="right_n", how="anti", maintain_order="left")


def _by_number(db: DuckDBPyConnection, table: str, column: str) -> Iterable[int]:
    """Return the amounts of a working table by the rows' numbers, which begin at 1; nothing below 0."""
    amounts = db.sql(f"SELECT greatest(coalesce({column}, 0), 0) AS amount FROM {table} ORDER BY n").pl()["amount"]
    return [0, *amounts.to_list()]
