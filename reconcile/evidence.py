"""Writes the table `links`: each link with its amount and with what agrees and what does not.

Evidence is a JSON list of {"code", "agrees", "left", "right"}; the codes are stable words that pages translate.
"""

from duckdb import DuckDBPyConnection

from reconcile.decided import PAIRS

_TARGET = """
CREATE OR REPLACE TABLE links (
  left_table VARCHAR, left_vendor VARCHAR, left_id VARCHAR, right_table VARCHAR, right_vendor VARCHAR, right_id VARCHAR,
  amount DECIMAL(18, 4), currency VARCHAR, rule VARCHAR, confidence DECIMAL(5, 4), status VARCHAR, kept DECIMAL(18, 4),
  facts STRUCT(code VARCHAR, agrees BOOLEAN, "left" VARCHAR, "right" VARCHAR)[],
  evidence VARCHAR GENERATED ALWAYS AS ({evidence}) VIRTUAL
)"""
MOST_FACTS = 9  # of one pair of rows
# A deal's part of an invoice: the invoice where it has one deal, else by the deals' worth, the last takes the rest.
_SHARES = """
LEFT JOIN (
  SELECT left_n, right_n,
    coalesce(told, CASE WHEN last THEN gross - sum(share) OVER (PARTITION BY right_n) + share ELSE share END) AS amount
  FROM (
    SELECT m.left_n, m.right_n, m.amount AS told, i.gross,
      row_number() OVER (PARTITION BY m.right_n ORDER BY m.left_n DESC) = 1 AS last,
      CAST(
        CAST(i.gross AS HUGEINT) * abs(coalesce(d.amount, 0))
        // nullif(sum(abs(coalesce(d.amount, 0))) OVER (PARTITION BY m.right_n), 0) // 100 * 100 AS BIGINT
      ) AS share  -- in whole cents
    FROM made AS m
    JOIN link_deals AS d ON d.n = m.left_n
    JOIN link_invoices AS i ON i.n = m.right_n
    WHERE m.pair = 'deals invoices' AND m.status IN ('automatic', 'confirmed')
  )
) AS s ON s.left_n = m.left_n AND s.right_n = m.right_n AND m.status <> 'rejected'"""
_SHARE = "coalesce(s.amount, m.amount, CASE WHEN m.status <> 'rejected' THEN r.gross END)"

# Kept as it is and turned into JSON when somebody looks: most links nobody ever asks about.
_SAID = "CASE WHEN {when} THEN {{'code': '{code}', 'agrees': {agrees}, 'left': {left}, 'right': {right}}} END"
_JSON = "CASE WHEN facts[{at}] IS NOT NULL THEN to_json(facts[{at}]) END"


def _said(
    code: str, left: str, right: str, agrees: str, show_left: str = "", show_right: str = "", *, only: str = ""
) -> str:
    """Return the SQL of one fact, where both sides are there.

    only: "agrees" or "differs", where the opposite is no news (a text that names no number speaks neither for nor
    against; the amount shows the currency).
    """
    when = {"agrees": f"{agrees}", "differs": f"NOT ({agrees})"}.get(
        only, f"{left} IS NOT NULL AND {right} IS NOT NULL"
    )
    shown = [f"CAST({text} AS VARCHAR)" for text in (show_left or left, show_right or right)]
    return _SAID.format(code=code, when=when, agrees=agrees, left=shown[0], right=shown[1])


def _money(side: str, column: str = "amount") -> str:
    return f"CAST({side}.{column} / 10000 AS DECIMAL(18, 2)) || ' ' || {side}.currency"


_FACTS = {
    "deals invoices": (
        _said("reference", "l.reference_key", "r.reference_key", "l.reference_key = r.reference_key",
              "l.reference", "r.deal_reference"),
        _said("number", "l.invoice_number", "r.number", "contains(l.invoice_number, r.number)", only="agrees"),
        _said("tax_id", "l.tax_key", "r.tax_key", "l.tax_key = r.tax_key", "l.tax_id", "r.tax_id"),
        _said("email", "l.email_key", "r.email_key", "l.email_key = r.email_key", "l.email", "r.email"),
        _said("name", "l.name_key", "r.name_key", "l.name_key = r.name_key", "l.name", "r.name"),
        _said("currency", "l.currency", "r.currency", "l.currency = r.currency", only="differs"),
        _said("amount", "l.amount", "r.net", "l.amount = r.net OR l.amount = r.gross",
              _money("l"), _money("r", "net")),
        _said("date", "l.on_date", "r.issued_on", "r.issued_on BETWEEN l.on_date - 10 AND l.on_date + 90"),
    ),
    "payments invoices": (
        _said(
            "number_in_text", "coalesce(l.reference, l.invoice_reference)", "r.number",
            "k.n IS NOT NULL", "concat_ws(' ', l.invoice_reference, l.reference)",
            only="agrees",
        ),
        _said("tax_id", "l.tax_key", "r.tax_key", "l.tax_key = r.tax_key", "l.tax_id", "r.tax_id"),
        _said("learnt_account", "l.iban", "r.name", "a.iban IS NOT NULL", only="agrees"),
        _said("learnt_name", "l.name", "r.name", "b.name_key IS NOT NULL", only="agrees"),
        _said("name", "l.name_key", "r.name_key", "l.name_key = r.name_key", "l.name", "r.name"),
        _said("currency", "l.currency", "r.currency", "l.currency = r.currency", only="differs"),
        _said("amount", "l.amount", "r.gross", "abs(l.amount - r.gross) <= 500",
              _money("l"), _money("r", "gross")),
        _said("date", "l.paid_on", "r.due_on", "l.paid_on BETWEEN r.issued_on AND r.due_on + 30"),
    ),
    "payments payouts": (
        _said("amount", "l.amount", "r.amount", "l.amount = r.amount", _money("l"), _money("r")),
        _said("date", "l.paid_on", "r.arrives_on", "abs(date_diff('day', l.paid_on, r.arrives_on)) <= 3"),
        _said("text", "l.reference", "r.reference", "contains(upper(l.reference), upper(r.reference))"),
    ),
    "payments payments": (
        _said("amount", "l.amount", "r.amount", "l.amount = r.amount", _money("l"), _money("r")),
        _said("date", "l.paid_on", "r.paid_on", "abs(date_diff('day', l.paid_on, r.paid_on)) <= 3"),
    ),
    "payments deals": (
        _said("tax_id", "l.tax_key", "r.tax_key", "l.tax_key = r.tax_key", "l.tax_id", "r.tax_id"),
        _said("name", "l.name_key", "r.name_key", "l.name_key = r.name_key", "l.name", "r.name"),
        _said("amount", "l.amount", "r.amount", "l.amount = r.amount", _money("l"), _money("r")),
        _said("date", "l.paid_on", "r.on_date", "l.paid_on >= r.on_date - 10"),
    ),
    "customers customers": (
        _said("stored_id", "coalesce(l.other_id, r.other_id)", "r.id",
              "coalesce(l.other_id = r.id, FALSE) OR coalesce(r.other_id = l.id, FALSE)"),
        _said("tax_id", "l.tax_key", "r.tax_key", "l.tax_key = r.tax_key", "l.tax_id", "r.tax_id"),
        _said("email", "l.email_key", "r.email_key", "l.email_key = r.email_key"),
        _said("name", "l.name_key", "r.name_key", "l.name_key = r.name_key", "l.name", "r.name"),
    ),
}  # fmt: skip
_NAMED = """
LEFT JOIN (
  SELECT DISTINCT k.n, j.n AS invoice FROM payment_keys AS k JOIN invoice_keys AS j ON j.key = k.key
) AS k ON k.n = m.left_n AND k.invoice = m.right_n
LEFT JOIN (SELECT DISTINCT iban, party FROM taught) AS a
  ON a.iban = l.iban AND a.party = r.party AND m.status <> 'confirmed'
LEFT JOIN (SELECT DISTINCT name_key, party FROM taught) AS b
  ON b.name_key = l.name_key AND b.party = r.party AND m.status <> 'confirmed' AND l.name_key <> r.name_key"""
# What persons taught by confirming: whose account it is, who pays under which name.
_TAUGHT = """
CREATE OR REPLACE TABLE work.taught AS
SELECT DISTINCT p.iban, p.name_key, i.party FROM made AS m
JOIN link_payments AS p ON p.n = m.left_n JOIN link_invoices AS i ON i.n = m.right_n
WHERE m.pair = 'payments invoices' AND m.status = 'confirmed' AND i.party IS NOT NULL"""
_WRITE = """
INSERT INTO links BY NAME
SELECT '{left}' AS left_table, l.vendor AS left_vendor, l.id AS left_id, '{right}' AS right_table,
  r.vendor AS right_vendor, r.id AS right_id, CAST({amount} AS DECIMAL(18, 4)) / 10000 AS amount, r.currency, m.rule,
  CAST(m.confidence AS DECIMAL(5, 4)) AS confidence, m.status, CAST(m.kept AS DECIMAL(18, 4)) / 10000 AS kept,
  [{facts}] AS facts
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
    target(db)


def target(db: DuckDBPyConnection) -> None:
    """Create the table links on `db`, empty; its evidence is spelt from `facts` when it is asked for."""
    every = ", ".join(_JSON.format(at=at) for at in range(1, MOST_FACTS + 1))
    db.execute(_TARGET.format(evidence=f"'[' || concat_ws(', ', {every}) || ']'"))


def write(db: DuckDBPyConnection, *pairs: str, only: str = "TRUE") -> None:
    """Add to the table links on `db` what the working table made (as m) holds of these pairs, where `only` is so."""
    asked = "SELECT pair FROM made UNION SELECT pair FROM refused"
    found = {pair for (pair,) in db.execute(asked).fetchall()}
    for pair in (each for each in pairs if each in found):
        left, right = pair.split()
        more, amount = _MORE.get(pair, ("", "m.amount"))
        db.execute(
            _WRITE.format(left=left, right=right, facts=", ".join(_FACTS[pair]), more=more, amount=amount, only=only)
        )
