"""Writes the table `links`: each link with its amount and with what agrees and what does not.

What was compared is kept as bits, and said as codes: stable words that pages translate. What both sides say is read
from the rows themselves (`dashboard/read/reasons.py`) for the few links that somebody looks at.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from duckdb import DuckDBPyConnection

from reconcile.decided import PAIRS

_TARGET = """
CREATE OR REPLACE TABLE links (
  left_table VARCHAR, left_vendor VARCHAR, left_id VARCHAR, right_table VARCHAR, right_vendor VARCHAR, right_id VARCHAR,
  amount DECIMAL(18, 4), currency VARCHAR, rule VARCHAR, confidence DECIMAL(5, 4), status VARCHAR, kept DECIMAL(18, 4),
  facts INTEGER, evidence VARCHAR GENERATED ALWAYS AS ({evidence}) VIRTUAL
)"""
DIFFERS = 16  # the bit of a fact that does not agree, above that of the same fact where it does
# A deal's part of an invoice: the invoice where it has one deal, else by the deals' worth, the last takes the rest.
# Deals are written without tax or with it. Where the sum of all is neither the net nor the gross, and is one of these
# once one deal is read the other way, that deal is read so.
_SHARES = """
LEFT JOIN (
  SELECT left_n, right_n,
    coalesce(told, CASE WHEN last THEN gross - sum(share) OVER (PARTITION BY right_n) + share ELSE share END) AS amount
  FROM (
    SELECT left_n, right_n, told, gross, row_number() OVER (PARTITION BY right_n ORDER BY left_n DESC) = 1 AS last,
      CAST(
        CAST(gross AS HUGEINT) * CASE WHEN left_n = other THEN read_so ELSE worth END
        // nullif(sum(CASE WHEN left_n = other THEN read_so ELSE worth END) OVER (PARTITION BY right_n), 0)
        // 100 * 100 AS BIGINT
      ) AS share  -- in whole cents
    FROM (
      SELECT left_n, right_n, told, gross, worth,
        CASE WHEN abs(total - worth + untaxed - net) <= 500 THEN untaxed ELSE taxed END AS read_so,
        min(CASE
          WHEN least(abs(total - net), abs(total - gross)) > 500
            AND least(abs(total - worth + untaxed - net), abs(total - worth + taxed - gross)) <= 500 THEN left_n
        END) OVER (PARTITION BY right_n) AS other
      FROM (
        SELECT m.left_n, m.right_n, m.amount AS told, i.net, i.gross, abs(coalesce(d.amount, 0)) AS worth,
          sum(abs(coalesce(d.amount, 0))) OVER (PARTITION BY m.right_n) AS total,
          CAST(round(abs(d.amount) * (i.net / nullif(CAST(i.gross AS DOUBLE), 0))) AS BIGINT) AS untaxed,
          CAST(round(abs(d.amount) * (i.gross / nullif(CAST(i.net AS DOUBLE), 0))) AS BIGINT) AS taxed
        FROM made AS m
        JOIN link_deals AS d ON d.n = m.left_n
        JOIN link_invoices AS i ON i.n = m.right_n
        WHERE m.pair = 'deals invoices' AND m.status IN ('automatic', 'confirmed')
        QUALIFY count(*) OVER (PARTITION BY m.right_n) > 1
      )
    )
  )
) AS s ON s.left_n = m.left_n AND s.right_n = m.right_n AND m.status <> 'rejected'"""
_SHARE = "coalesce(s.amount, m.amount, CASE WHEN m.status <> 'rejected' THEN r.gross END)"


class Fact(NamedTuple):
    """What is compared of both rows of a link."""

    code: str
    when: str  # SQL of the working rows l and r: whether both sides say something
    agrees: str  # SQL: whether they say the same
    left: str  # what is shown of each side, as `dashboard/read/reasons.py` reads it
    right: str


def _fact(code: str, left: str, right: str, agrees: str, show: str, show_right: str = "", *, only: str = "") -> Fact:
    """Return a fact of the working columns `left` and `right`.

    only: "agrees" or "differs", where the opposite is no news (a text that names no number speaks neither for nor
    against; the amount shows the currency).
    """
    when = {"agrees": agrees, "differs": f"NOT ({agrees})"}.get(only, f"{left} IS NOT NULL AND {right} IS NOT NULL")
    return Fact(code, when, agrees, show, show_right or show)


_TAX_ID = _fact("tax_id", "l.tax_key", "r.tax_key", "l.tax_key = r.tax_key", "tax_id")
_EMAIL = _fact("email", "l.email_key", "r.email_key", "l.email_key = r.email_key", "email")
_NAME = _fact("name", "l.name_key", "r.name_key", "l.name_key = r.name_key", "name")
_CURRENCY = _fact("currency", "l.currency", "r.currency", "l.currency = r.currency", "currency", only="differs")
_SAME_AMOUNT = _fact("amount", "l.amount", "r.amount", "l.amount = r.amount", "amount")
FACTS = {
    "deals invoices": (
        _fact("reference", "l.reference_key", "r.reference_key", "l.reference_key = r.reference_key",
              "reference", "deal_reference"),
        _fact("number", "l.invoice_number", "r.number", "contains(l.invoice_number, r.number)",
              "invoice_number", "number", only="agrees"),
        _TAX_ID,
        _EMAIL,
        _NAME,
        _CURRENCY,
        _fact("amount", "l.amount", "r.net", "l.amount = r.net OR l.amount = r.gross", "amount", "net"),
        _fact("date", "l.on_date", "r.issued_on", "r.issued_on BETWEEN l.on_date - 10 AND l.on_date + 90",
              "on_date", "issued_on"),
    ),
    "payments invoices": (
        _fact("number_in_text", "coalesce(l.reference, l.invoice_reference)", "r.number", "k.n IS NOT NULL",
              "text", "number", only="agrees"),
        _TAX_ID,
        _fact("learnt_account", "l.iban", "r.name", "a.iban IS NOT NULL", "iban", "name", only="agrees"),
        _fact("learnt_name", "l.name", "r.name", "b.name_key IS NOT NULL", "name", only="agrees"),
        _NAME,
        _CURRENCY,
        _fact("amount", "l.amount", "r.gross", "abs(l.amount - r.gross) <= 500", "amount", "gross"),
        _fact("date", "l.paid_on", "r.issued_on", "l.paid_on BETWEEN r.issued_on AND r.due_on + 30",
              "paid_on", "due_on"),
    ),
    "payments payouts": (
        _SAME_AMOUNT,
        _fact("date", "l.paid_on", "r.arrives_on", "abs(date_diff('day', l.paid_on, r.arrives_on)) <= 3",
              "paid_on", "arrives_on"),
        _fact("text", "l.reference", "r.reference", "contains(upper(l.reference), upper(r.reference))", "reference"),
    ),
    "payments payments": (
        _SAME_AMOUNT,
        _fact("date", "l.paid_on", "r.paid_on", "abs(date_diff('day', l.paid_on, r.paid_on)) <= 3", "paid_on"),
    ),
    "payments deals": (
        _TAX_ID,
        _NAME,
        _SAME_AMOUNT,
        _fact("date", "l.paid_on", "r.on_date", "l.paid_on >= r.on_date - 10", "paid_on", "on_date"),
    ),
    "customers customers": (
        _fact("stored_id", "coalesce(l.other_id, r.other_id)", "r.id",
              "coalesce(l.other_id = r.id, FALSE) OR coalesce(r.other_id = l.id, FALSE)", "other_id", "id"),
        _TAX_ID,
        _EMAIL,
        _NAME,
    ),
}  # fmt: skip
_NAMED = """
LEFT JOIN mentions AS k ON k.n = m.left_n AND k.invoice = m.right_n
LEFT JOIN (SELECT DISTINCT iban, party FROM taught) AS a
  ON a.iban = l.iban AND a.party = r.party AND m.status <> 'confirmed'
LEFT JOIN (SELECT DISTINCT name_key, party FROM taught) AS b
  ON b.name_key = l.name_key AND b.party = r.party AND m.status <> 'confirmed' AND l.name_key <> r.name_key"""
# Which payments name which invoices in some way.
_MENTIONS = """
CREATE OR REPLACE TABLE work.mentions AS
SELECT DISTINCT k.n, j.n AS invoice FROM payment_keys AS k JOIN invoice_keys AS j ON j.key = k.key"""
# What persons taught by confirming: whose account it is, who pays under which name.
_TAUGHT = """
CREATE OR REPLACE TABLE work.taught AS
SELECT DISTINCT p.iban, p.name_key, i.party FROM made AS m
JOIN link_payments AS p ON p.n = m.left_n JOIN link_invoices AS i ON i.n = m.right_n
WHERE m.pair = 'payments invoices' AND m.status = 'confirmed' AND i.party IS NOT NULL"""
_WRITE = """
INSERT INTO links BY NAME
SELECT '{left}' AS left_table, l.vendor AS left_vendor, l.id AS left_id, '{right}' AS right_table,
  r.vendor AS right_vendor, r.id AS right_id, CAST({amount} AS DECIMAL(22, 4)) / 10000 AS amount, r.currency, m.rule,
  CAST(m.confidence AS DECIMAL(5, 4)) AS confidence, m.status, CAST(m.kept AS DECIMAL(22, 4)) / 10000 AS kept,
  {facts} AS facts
FROM (
  FROM made UNION ALL BY NAME
  SELECT *, 'decision' AS rule, 'rejected' AS status, 1 AS confidence, 0 AS kept FROM refused
) AS m
JOIN link_{left} AS l ON l.n = m.left_n
JOIN link_{right} AS r ON r.n = m.right_n {more}
WHERE m.pair = '{left} {right}' AND {only}
"""

_TOLD_OR_ALL = ("", "coalesce(m.amount, r.amount)")
_MORE = {  # what is joined further for a pair, and the amount that a link is about
    "deals invoices": (_SHARES, _SHARE),
    "payments invoices": (_NAMED, "m.amount"),
    "payments payouts": _TOLD_OR_ALL,
    "payments payments": _TOLD_OR_ALL,
}
OTHERS = tuple(pair for pair in PAIRS if pair not in ("deals invoices", "payments invoices"))


def begin(db: DuckDBPyConnection) -> None:
    """Create the table links on `db`, empty; what persons taught is known by then."""
    db.execute(_TAUGHT)
    db.execute(_MENTIONS)
    target(db)


def target(db: DuckDBPyConnection) -> None:
    """Create the table links on `db`, empty; its evidence is spelt from `facts` when it is asked for."""
    every = " ".join(
        f"WHEN '{pair}' THEN '[' || concat_ws(', ', {', '.join(_words(FACTS[pair]))}) || ']'" for pair in PAIRS
    )
    db.execute(_TARGET.format(evidence=f"CASE left_table || ' ' || right_table {every} END"))


def _words(facts: Iterable[Fact]) -> Iterator[str]:
    """Yield the SQL of the words of each fact, agreeing or not: null where it says nothing."""
    for at, fact in enumerate(facts):
        for bit, agrees in ((at, "true"), (at + DIFFERS, "false")):
            yield f"""CASE WHEN facts & {1 << bit} <> 0 THEN '{{"code":"{fact.code}","agrees":{agrees}}}' END"""


def _bits(facts: Iterable[Fact]) -> str:
    """Return the SQL of what agrees and what does not, a bit each."""
    return " + ".join(
        f"CASE WHEN {fact.when} THEN CASE WHEN {fact.agrees} THEN {1 << at} ELSE {1 << at + DIFFERS} END ELSE 0 END"
        for at, fact in enumerate(facts)
    )


def write(db: DuckDBPyConnection, *pairs: str, only: str = "TRUE") -> None:
    """Add to the table links on `db` what the working table made (as m) holds of these pairs, where `only` is so."""
    asked = "SELECT pair FROM made UNION SELECT pair FROM refused"
    found = {pair for (pair,) in db.execute(asked).fetchall()}
    for pair in (each for each in pairs if each in found):
        left, right = pair.split()
        more, amount = _MORE.get(pair, ("", "m.amount"))
        db.execute(_WRITE.format(left=left, right=right, facts=_bits(FACTS[pair]), more=more, amount=amount, only=only))
