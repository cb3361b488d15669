"""Questions about what a person should decide: suggested links, invoices without a deal, money without an invoice.

Records are named by key: "table:vendor:id". No question returns more than a page.
"""

import datetime as dt
from typing import NamedTuple

from dashboard.read.warehouse import Db, Row, matches, pattern, question

PAGE = 20
NEWEST = 300  # of what a search by hand matches: those that are open come first of them

_INVOICE = """concat_ws(' ', i.number, i.customer_name, i.customer_tax_id, i.deal_reference,
    CAST(CAST(i.gross AS DECIMAL(18, 2)) AS VARCHAR))"""
_PAYMENT = """concat_ws(' ', p.payer_name, p.reference, p.invoice_reference, p.payer_iban, p.id,
    CAST(CAST(p.amount AS DECIMAL(18, 2)) AS VARCHAR))"""


class Heard(NamedTuple):
    """What was decided since the warehouse was made: askers that have their answer, and pairs that were declined."""

    answered: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()


NOTHING = Heard()

# Who still waits: not those that were answered, nor those all of whose candidates were declined.
_WAITING = """
WITH declined AS (
    SELECT l[1] AS left_table, l[2] AS left_vendor, array_to_string(l[3:], ':') AS left_id,
        r[1] AS right_table, r[2] AS right_vendor, array_to_string(r[3:], ':') AS right_id
    FROM (
        SELECT string_split(split_part(pair, '>', 1), ':') AS l, string_split(split_part(pair, '>', 2), ':') AS r
        FROM (SELECT unnest(CAST($declined AS VARCHAR[])) AS pair)
    )
),
gone AS (
    SELECT left_table, right_table,
        CASE WHEN left_table = 'deals' THEN concat_ws(':', right_table, right_vendor, right_id)
            ELSE concat_ws(':', left_table, left_vendor, left_id) END AS asker,
        COUNT(*) AS candidates
    FROM links
    SEMI JOIN declined USING (left_table, left_vendor, left_id, right_table, right_vendor, right_id)
    WHERE status = 'suggested'
    GROUP BY ALL
),
waiting AS (
    SELECT a.*, concat_ws(':', a.asker_table, a.asker_vendor, a.asker_id) AS asker
    FROM askers AS a
    WHERE ($left = '' OR a.left_table = $left)
    AND ($right = '' OR a.right_table = $right)
),
asked AS (
    SELECT w.*
    FROM waiting AS w
    LEFT JOIN gone AS g
        ON g.left_table = w.left_table AND g.right_table = w.right_table AND g.asker = w.asker
    WHERE NOT list_contains(CAST($answered AS VARCHAR[]), w.asker)
    AND COALESCE(g.candidates, 0) < w.candidates
)
"""

# Any record in the same few columns, to show both sides of a pair alike.
_RECORDS = {
    "deals": """
        SELECT d.vendor, d.id, d.title, COALESCE(c.name, d.customer_name) AS customer, d.amount, d.currency,
            COALESCE(d.won_on, d.expected_close_on) AS on_day, d.reference AS says, d.url, d.status AS state,
            b.remaining AS open_amount, b.invoices AS partners, NULL AS room
        FROM deals AS d
        SEMI JOIN wanted AS w ON w.vendor = d.vendor AND w.id = d.id
        LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
        LEFT JOIN deal_summary AS b ON b.vendor = d.vendor AND b.id = d.id
    """,
    "invoices": """
        SELECT i.vendor, i.id, COALESCE(i.number, i.id) AS title, i.customer_name AS customer, i.gross AS amount,
            i.currency, i.issued_on AS on_day, i.deal_reference AS says, i.url, s.state, s.open_amount,
            s.deal_count AS partners, s.owed - s.arrived AS room
        FROM invoices AS i
        SEMI JOIN wanted AS w ON w.vendor = i.vendor AND w.id = i.id
        LEFT JOIN invoice_summary AS s ON s.vendor = i.vendor AND s.id = i.id
    """,
    "payments": """
        SELECT p.vendor, p.id, COALESCE(p.reference, p.invoice_reference) AS title, p.payer_name AS customer, p.amount,
            p.currency, p.paid_on AS on_day, p.payer_iban AS says, NULL AS url, s.role AS state,
            s.unallocated AS open_amount, s.invoices AS partners, NULL AS room
        FROM payments AS p
        SEMI JOIN wanted AS w ON w.vendor = p.vendor AND w.id = p.id
        LEFT JOIN payment_summary AS s ON s.vendor = p.vendor AND s.id = p.id
    """,
    "customers": """
        SELECT c.vendor, c.id, c.name AS title, c.tax_id AS customer, NULL AS amount, NULL AS currency, NULL AS on_day,
            c.email AS says, c.url, NULL AS state, NULL AS open_amount, NULL AS partners,
            NULL AS room
        FROM customers AS c
        SEMI JOIN wanted AS w ON w.vendor = c.vendor AND w.id = c.id
    """,
    "payouts": """
        SELECT y.vendor, y.id, y.reference AS title, NULL AS customer, y.amount, y.currency, y.arrives_on AS on_day,
            NULL AS says, NULL AS url, NULL AS state, NULL AS open_amount, NULL AS partners,
            NULL AS room
        FROM payouts AS y
        SEMI JOIN wanted AS w ON w.vendor = y.vendor AND w.id = y.id
    """,
}


@question
def waiting(db: Db, heard: Heard = NOTHING) -> dict[tuple[str, str], int]:
    """Return how many records wait for a person to decide, by (left table, right table)."""
    rows = db.rows(
        _WAITING + "SELECT left_table, right_table, COUNT(*) AS found FROM asked GROUP BY left_table, right_table",
        left="",
        right="",
        **_said(heard),
    )
    return {(r["left_table"], r["right_table"]): r["found"] for r in rows}


@question
def suggested(
    db: Db, left: str = "", right: str = "", number: int = 1, size: int = PAGE, heard: Heard = NOTHING
) -> list[list[Row]]:
    """Return one page (from 1) of records that ask, each as its candidates, best first; most money first.

    A candidate is its link with `asker` and `answer`, the keys of both sides as people see them; see `records`.
    """
    rows = db.rows(
        _WAITING
        + """,
        page AS MATERIALIZED (
            SELECT place, asker_table, asker_vendor, asker_id, asker, worth
            FROM (SELECT DISTINCT place, asker_table, asker_vendor, asker_id, asker, worth FROM asked)
            ORDER BY place LIMIT $limit OFFSET $offset
        ),
        suggested AS (
            SELECT l.*, p.place, p.asker, p.worth, concat_ws(':', l.left_table, l.left_vendor, l.left_id) AS answer
            FROM page AS p
            JOIN links AS l
                ON l.right_table = p.asker_table AND l.right_vendor = p.asker_vendor AND l.right_id = p.asker_id
            WHERE l.status = 'suggested' AND l.left_table = 'deals'
            UNION ALL
            SELECT l.*, p.place, p.asker, p.worth, concat_ws(':', l.right_table, l.right_vendor, l.right_id)
            FROM page AS p
            JOIN links AS l
                ON l.left_table = p.asker_table AND l.left_vendor = p.asker_vendor AND l.left_id = p.asker_id
            WHERE l.status = 'suggested' AND l.left_table <> 'deals'
        )
        SELECT * EXCLUDE (place) FROM suggested
        WHERE ($left = '' OR left_table = $left)
        AND ($right = '' OR right_table = $right)
        AND NOT list_contains(
            CAST($declined AS VARCHAR[]),
            concat_ws(':', left_table, left_vendor, left_id) || '>'
                || concat_ws(':', right_table, right_vendor, right_id)
        )
        ORDER BY place, confidence DESC, answer
        """,
        left=left,
        right=right,
        limit=size,
        offset=(number - 1) * size,
        **_said(heard),
    )
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["asker"], []).append(row)
    return list(groups.values())


def _said(heard: Heard) -> dict[str, list[str]]:
    return {"answered": list(heard.answered), "declined": list(heard.declined)}


@question
def records(db: Db, keys: tuple[str, ...]) -> dict[str, Row]:
    """Return records by key: title, customer, amount, currency, on_day, says, url, state, open_amount, partners, room.

    room: what of an invoice no money that we saw has settled; billing may have been told of it already.
    """
    named: dict[str, list[tuple[str, str]]] = {}
    for key in keys:
        table, vendor, id = key.split(":", 2)
        named.setdefault(table, []).append((vendor, id))
    found: dict[str, Row] = {}
    for table, wanted in named.items():
        rows = db.rows(
            "WITH wanted AS (SELECT unnest(CAST($vendors AS VARCHAR[])) AS vendor, "
            "unnest(CAST($ids AS VARCHAR[])) AS id)" + _RECORDS[table],
            vendors=[vendor for vendor, _ in wanted],
            ids=[id for _, id in wanted],
        )
        found |= {f"{table}:{row['vendor']}:{row['id']}": row | {"table": table} for row in rows}
    return found


_UNLINKED = f"""
FROM invoice_summary AS s
JOIN invoices AS i ON i.vendor = s.vendor AND i.id = s.id
WHERE s.is_counted
AND s.deal_count = 0
AND s.kind <> 'credit_note'
AND {matches(_INVOICE)}
"""


@question
def unlinked(db: Db, text: str = "", number: int = 1, size: int = PAGE) -> list[Row]:
    """Return invoices that belong to no deal, newest first."""
    return db.rows(
        """
        SELECT i.vendor, i.id, i.number, i.customer_name AS customer, i.gross AS amount, i.currency, i.issued_on,
            s.state, s.open_amount, i.url
        """
        + _UNLINKED
        + "ORDER BY i.issued_on DESC NULLS LAST, i.id LIMIT $limit OFFSET $offset",
        text=pattern(text),
        limit=size,
        offset=(number - 1) * size,
    )


@question
def count_unlinked(db: Db, text: str = "") -> int:
    """Return how many invoices belong to no deal."""
    if not text:  # nothing of the invoice itself is asked for
        counted = "SELECT COUNT(*) FROM invoice_summary AS s WHERE s.is_counted AND s.deal_count = 0"
        return int(db.one(counted + " AND s.kind <> 'credit_note'"))
    return int(db.one("SELECT COUNT(*) " + _UNLINKED, text=pattern(text)))


@question
def loose_money(db: Db, number: int = 1, size: int = PAGE) -> list[Row]:
    """Return money that came and is not, or not wholly, for an invoice; what has candidates first, then most first."""
    return db.rows(
        """
        SELECT p.vendor, p.id, p.paid_on, p.amount, p.currency, p.payer_name, p.reference, s.unallocated, s.candidates
        FROM payment_summary AS s
        JOIN payments AS p ON p.vendor = s.vendor AND p.id = s.id
        WHERE s.role = 'money'
        AND s.unallocated > 0
        AND p.amount > 0
        ORDER BY s.candidates > 0 DESC, s.unallocated DESC, p.vendor, p.id
        LIMIT $limit OFFSET $offset
        """,
        limit=size,
        offset=(number - 1) * size,
    )


@question
def count_loose(db: Db) -> int:
    """Return how much money waits, in payments."""
    return int(db.one("SELECT COUNT(*) FROM payment_summary WHERE role = 'money' AND unallocated > 0 AND amount > 0"))


@question
def links_of(db: Db, keys: tuple[str, ...], statuses: tuple[str, ...] = ("suggested",)) -> dict[str, list[Row]]:
    """Return the links of these records on either side, by the record's key; `answer` is the key of the other side."""
    rows = db.rows(
        """
        WITH wanted AS (SELECT unnest(CAST($keys AS VARCHAR[])) AS asker),
        named AS (
            SELECT asker, split_part(asker, ':', 1) AS of_table, split_part(asker, ':', 2) AS vendor,
                substring(asker, length(of_table) + length(vendor) + 3) AS id
            FROM wanted
        )
        SELECT l.*, n.asker, concat_ws(':', l.right_table, l.right_vendor, l.right_id) AS answer
        FROM links AS l
        JOIN named AS n ON n.of_table = l.left_table AND n.vendor = l.left_vendor AND n.id = l.left_id
        WHERE list_contains(CAST($statuses AS VARCHAR[]), l.status)
        UNION ALL
        SELECT l.*, n.asker, concat_ws(':', l.left_table, l.left_vendor, l.left_id) AS answer
        FROM links AS l
        JOIN named AS n ON n.of_table = l.right_table AND n.vendor = l.right_vendor AND n.id = l.right_id
        WHERE list_contains(CAST($statuses AS VARCHAR[]), l.status)
        ORDER BY confidence DESC, answer
        """,
        keys=list(keys),
        statuses=list(statuses),
    )
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["asker"], []).append(row)
    return found


@question
def open_invoices(db: Db, text: str, currency: str = "", most: int = 25) -> list[Row]:
    """Return invoices by number, customer or amount, open ones first; where `currency` is given, only in it."""
    return db.rows(
        f"""
        WITH matched AS (
            SELECT i.vendor, i.id, i.number, i.customer_id, i.customer_name AS customer, i.gross AS amount, i.currency,
                i.issued_on, i.due_on
            FROM invoices AS i
            WHERE COALESCE(i.status, '') <> 'void' AND COALESCE(i.kind, '') NOT IN ('credit_note', 'proforma')
            AND $currency IN ('', i.currency)
            AND {matches(_INVOICE)}
            ORDER BY i.issued_on DESC NULLS LAST, i.id
            LIMIT {NEWEST}
        )
        SELECT m.*, s.state, s.open_amount, s.deal_count
        FROM matched AS m
        JOIN invoice_summary AS s ON s.vendor = m.vendor AND s.id = m.id
        WHERE s.is_counted
        ORDER BY s.open_amount = 0, m.issued_on DESC NULLS LAST, m.id
        LIMIT $most
        """,
        text=pattern(text),
        currency=currency,
        most=most,
    )


@question
def payments(db: Db, text: str, most: int = 25) -> list[Row]:
    """Return money that came in by payer, text, account or amount; what is for no invoice yet comes first."""
    return db.rows(
        f"""
        WITH matched AS (
            SELECT p.vendor, p.id, p.paid_on, p.amount, p.currency, p.payer_name, p.reference
            FROM payments AS p
            WHERE p.amount > 0 AND COALESCE(p.status, '') NOT IN ('failed', 'pending')
            AND {matches(_PAYMENT)}
            ORDER BY p.paid_on DESC NULLS LAST, p.id
            LIMIT {NEWEST}
        )
        SELECT m.*, s.unallocated, s.invoices
        FROM matched AS m
        JOIN payment_summary AS s ON s.vendor = m.vendor AND s.id = m.id
        ORDER BY s.unallocated = 0, m.paid_on DESC NULLS LAST, m.id
        LIMIT $most
        """,
        text=pattern(text),
        most=most,
    )


@question
def made_at(db: Db) -> dt.datetime:
    """Return when the run that made this warehouse began, aware, in UTC."""
    at: dt.datetime = db.one("SELECT now_at FROM settings")
    return at.replace(tzinfo=dt.UTC)


@question
def counted_in(db: Db, subjects: tuple[str, ...]) -> set[str]:
    """Return which of these pairs (link:table:vendor:id>table:vendor:id) the last comparison had a decision about."""
    rows = db.rows(
        """
        WITH told AS (
            SELECT 'link:' || concat_ws(':', left_table, left_vendor, left_id) || '>'
                || concat_ws(':', right_table, right_vendor, right_id) AS subject
            FROM decisions WHERE kind = 'link'
        )
        SELECT DISTINCT subject FROM told WHERE list_contains(CAST($subjects AS VARCHAR[]), subject)
        """,
        subjects=list(subjects),
    )
    return {row["subject"] for row in rows}


@question
def size(db: Db) -> int:
    """Return how many links there are: how long comparing again takes follows it."""
    return int(db.one("SELECT COUNT(*) FROM links"))


@question
def by_rule(db: Db) -> dict[str, Row]:
    """Return by rule how many links it made (`made`) and how many wait (`waiting`); ties count with their rule."""
    rows = db.rows(
        """
        SELECT regexp_replace(rule, '_tie$', '') AS name, COUNT(*) FILTER (WHERE status = 'automatic') AS made,
            COUNT(*) FILTER (WHERE status = 'suggested') AS waiting
        FROM links GROUP BY name ORDER BY name
        """
    )
    return {row["name"]: row for row in rows}
