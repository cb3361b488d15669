"""Which invoices a deal or a payment may be linked to by hand: what is offered before anything is searched."""

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

import polars as pl

from dashboard.read.warehouse import Db, Row, pattern, question
from reconcile import names

_PLAIN = "trim(regexp_replace(translate(lower(strip_accents({0})), 'łøđ', 'lod'), '[^a-z0-9]+', ' ', 'g'))"
_THEIRS, _NAME = _PLAIN.format("i.customer_name"), _PLAIN.format("$name")
# Banks leave legal forms out or cut names off, so one may be the beginning of the other.
_ALIKE = f"""(
    jaro_similarity({_THEIRS}, {_NAME}) >= 0.9
    OR (length({_NAME}) >= 5 AND starts_with({_THEIRS}, {_NAME}))
    OR (length({_THEIRS}) >= 5 AND starts_with({_NAME}, {_THEIRS}))
)"""
# A deal is billed by what has no deal yet, without tax or with it; a payment settles what is open.
_FITS = {
    "deals": ("s.deal_count = 0", "$amount IN (i.net, i.gross)"),
    "payments": ("s.open_amount > 0", "$amount IN (s.open_amount, i.gross)"),
}


class Wanted(NamedTuple):
    """What a deal or a payment says of its invoice; `amount` in `currency`, with or without tax."""

    table: str  # deals or payments
    name: str | None
    amount: Decimal | None
    currency: str | None
    day: dt.date | None


@question
def invoices(db: Db, wanted: Wanted, most: int) -> list[Row]:
    """Return the invoices of its customer or of its amount, those of both first, then the nearest in time.

    The columns of `matching.open_invoices`.
    """
    free, equal = _FITS[wanted.table]
    return db.rows(
        f"""
        WITH found AS (
            SELECT vendor, id FROM invoices
            WHERE $amount IN (net, gross) OR ($word <> '' AND regexp_matches(customer_name, $word))
            UNION
            SELECT vendor, id FROM invoice_summary WHERE open_amount = $amount
        ),
        -- Kept apart, else names are compared before the few are picked.
        measured AS MATERIALIZED (
            SELECT i.vendor, i.id, i.number, i.customer_id, i.customer_name AS customer, i.gross AS amount, i.currency,
                i.issued_on, i.due_on, s.state, s.open_amount, s.deal_count,
                COALESCE({_ALIKE}, FALSE) AS is_theirs, COALESCE({equal}, FALSE) AS is_equal
            FROM found AS f
            JOIN invoices AS i ON i.vendor = f.vendor AND i.id = f.id
            JOIN invoice_summary AS s ON s.vendor = f.vendor AND s.id = f.id
            WHERE s.is_counted AND {free} AND i.currency = $currency
            AND COALESCE(i.status, '') <> 'void' AND COALESCE(i.kind, '') NOT IN ('credit_note', 'proforma')
        )
        SELECT * EXCLUDE (is_theirs, is_equal)
        FROM measured
        WHERE is_theirs OR is_equal
        ORDER BY is_theirs AND is_equal DESC, is_theirs DESC, abs(date_diff('day', issued_on, $day)), vendor, id
        LIMIT $most
        """,
        name=wanted.name,
        word=pattern(_telling(wanted.name)),
        amount=wanted.amount,
        currency=wanted.currency,
        day=wanted.day,
        most=most,
    )


def _telling(name: str | None) -> str:
    """Return the longest word of a name but for its legal form; empty where none has four letters."""
    keys = names.keyed(pl.Series([name], dtype=pl.String))["name_key"].to_list()
    words = [word for key in keys for word in key.split() if len(word) >= 4]
    return max(words, key=len, default="")
