"""The five properties of what was billed – amount, recipient, number, state, due date – as a filter for any records.

The invoices of a record are: itself, those that bill a deal, those that a payment settles, those that a customer got.
"""

import datetime as dt
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from dashboard.read.warehouse import pattern

PROPERTIES = ("amount", "recipient", "number", "state", "due")
WITHOUT = "none"  # as state: records that have no invoice
STATES = ("waiting", "sent", "partly_paid", "paid", "overdue", "credit_note", "proforma", "uncollectible", "void")


@dataclass(frozen=True)
class Billed:
    """Which invoices; empty means any. Amounts with tax, in the invoice's own currency; both days of `due` belong."""

    least: Decimal | None = None
    most: Decimal | None = None
    currency: str = ""
    recipient: str = ""  # part of it; in "quotes" all of it
    number: str = ""
    states: tuple[str, ...] = ()
    due_from: dt.date | None = None
    due_until: dt.date | None = None
    is_undated: bool = False

    @property
    def is_any(self) -> bool:
        """Whether nothing is asked for."""
        return self == ANY

    @property
    def asks(self) -> int:
        """How many things it asks for; a range is one."""
        ranges = ((self.least, self.most), (self.due_from, self.due_until))
        asked = (self.currency, self.recipient, self.number, self.states, self.is_undated)
        return sum(map(bool, asked)) + sum(part != (None, None) for part in ranges)


ANY = Billed()

# Record and invoice, with the five properties of the invoice. A record without one has no row.
PAIRS = """
SELECT
    p.of_table, p.vendor, p.id, i.vendor AS invoice_vendor, i.id AS invoice_id, i.currency AS invoice_currency,
    i.gross AS billed, i.open_amount AS still_open, i.is_counted, i.number,
    COALESCE(i.customer_name, c.name, i.customer_email) AS recipient, i.state AS invoice_state, i.due_on
FROM (
    SELECT 'invoices' AS of_table, vendor, id, vendor AS invoice_vendor, id AS invoice_id FROM invoice_summary
    UNION ALL
    SELECT 'deals', deal_vendor, deal_id, invoice_vendor, invoice_id FROM deal_invoices
    UNION ALL
    SELECT DISTINCT 'payments', payment_vendor, payment_id, invoice_vendor, invoice_id FROM allocated_money
    UNION ALL
    SELECT 'customers', vendor, customer_id, vendor, id FROM invoice_summary WHERE customer_id IS NOT NULL
) AS p
JOIN invoice_summary AS i ON i.vendor = p.invoice_vendor AND i.id = p.invoice_id
LEFT JOIN customers AS c ON c.vendor = i.vendor AND c.id = i.customer_id
"""
_FITS = """
($billed_least IS NULL OR billed >= CAST($billed_least AS DECIMAL(18, 4)))
AND ($billed_most IS NULL OR billed <= CAST($billed_most AS DECIMAL(18, 4)))
AND $billed_currency IN ('', invoice_currency)
AND ($billed_recipient = '' OR regexp_matches(COALESCE(recipient, ''), $billed_recipient))
AND ($billed_number = '' OR regexp_matches(COALESCE(number, ''), $billed_number))
AND (len(CAST($billed_states AS VARCHAR[])) = 0 OR list_contains(CAST($billed_states AS VARCHAR[]), invoice_state))
AND ($billed_due_from IS NULL OR due_on >= CAST($billed_due_from AS DATE))
AND ($billed_due_until IS NULL OR due_on <= CAST($billed_due_until AS DATE))
AND (NOT $billed_is_undated OR due_on IS NULL)
"""


def within(billed: Billed, table: str, vendor: str, id: str) -> str:
    """Return the SQL condition that a record has an invoice which `billed` asks for, or has none if that is asked for.

    `table`, `vendor` and `id` are SQL expressions; `values` are what the condition needs.
    """
    if billed.is_any:
        return "TRUE"
    record = f"({table}, {vendor}, {id})"
    return f"""(
        {record} IN (SELECT (of_table, vendor, id) FROM ({PAIRS}) WHERE {_FITS})
        OR ($billed_without AND {record} NOT IN (SELECT (of_table, vendor, id) FROM ({PAIRS})))
    )"""


def fits(billed: Billed) -> str:
    """Return the SQL condition that a record's row of PAIRS, left-joined, is one which `billed` asks for."""
    if billed.is_any:
        return "TRUE"
    return f"((invoice_id IS NULL AND $billed_without) OR (invoice_id IS NOT NULL AND {_FITS}))"


def values(billed: Billed) -> dict[str, Any]:
    """Return what the conditions need; nothing where nothing is asked for."""
    if billed.is_any:
        return {}
    said = asdict(billed) | {
        "least": None if billed.least is None else str(billed.least),
        "most": None if billed.most is None else str(billed.most),
        "recipient": _pattern(billed.recipient),
        "number": _pattern(billed.number),
        "states": [s for s in billed.states if s != WITHOUT] or (["-"] if billed.states else []),
        # who asks for an amount or a name asks for an invoice
        "without": WITHOUT in billed.states and billed.asks == 1,
    }
    return {f"billed_{name}": value for name, value in said.items()}


def _pattern(text: str) -> str:
    """Return the expression for a part of a name, or for the whole of it where it stands in quotes."""
    said = text.strip()
    if len(said) > 2 and said[0] == said[-1] == '"':
        return pattern(said[1:-1]).replace("(?i)", "(?i)^", 1) + "$"
    return pattern(said)
