"""Questions about what a person should decide: suggested links, invoices without a deal, money without an invoice.

Records are named by key: "table:vendor:id". No question returns more than a page.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

from dashboard.read.few import Key, few, look_up
from dashboard.read.reasons import spelt
from dashboard.read.warehouse import Db, Row, matches, pattern, question
from reconcile import decisions

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

# Who waits for a person to decide, and who still does after what was heard: not those that were answered, nor those all
# of whose candidates were declined.
_ASKED = """
asked AS NOT MATERIALIZED (
    SELECT a.*, concat_ws(':', a.asker_table, a.asker_vendor, a.asker_id) AS asker
    FROM askers AS a
    WHERE ($left = '' OR a.left_table = $left)
    AND ($right = '' OR a.right_table = $right)
)
"""
_STILL_ASKED = f"""
declined AS (
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
{_ASKED.replace("asked AS", "waiting AS", 1).strip()},
asked AS MATERIALIZED (
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
    "deals": """t.title, t.customer_id, t.customer_name AS customer, t.amount, t.currency,
        COALESCE(t.won_on, t.expected_close_on) AS on_day, t.reference AS says, t.url, t.status AS state""",
    "invoices": """COALESCE(t.number, t.id) AS title, t.customer_name AS customer, t.gross AS amount, t.currency,
        t.issued_on AS on_day, t.deal_reference AS says, t.url""",
    "payments": """COALESCE(t.reference, t.invoice_reference) AS title, t.payer_name AS customer, t.amount, t.currency,
        t.paid_on AS on_day, t.payer_iban AS says""",
    "customers": "t.name AS title, t.tax_id AS customer, t.email AS says, t.url",
    "payouts": "t.reference AS title, t.amount, t.currency, t.arrives_on AS on_day",
}
_EMPTY: Row = dict.fromkeys(
    ("title", "customer", "amount", "currency", "on_day", "says", "url", "state", "partners", "room")
)


@question
def waiting(db: Db, heard: Heard = NOTHING) -> dict[tuple[str, str], int]:
    """Return how many records wait for a person to decide, by (left table, right table)."""
    asked, said = _asked("", "", heard)
    rows = db.rows(
        f"WITH {asked} SELECT left_table, right_table, COUNT(*) AS found FROM asked GROUP BY left_table, right_table",
        **said,
    )
    return {(r["left_table"], r["right_table"]): r["found"] for r in rows}


@question
def suggested(
    db: Db, left: str = "", right: str = "", number: int = 1, size: int = PAGE, heard: Heard = NOTHING
) -> list[list[Row]]:
    """Return one page (from 1) of records that ask, each as its candidates, best first; most money first.

    A candidate is its link with `asker` and `answer`, the keys of both sides as people see them; see `records`.
    """
    asked, said = _asked(left, right, heard)
    askers = db.rows(
        f"""WITH {asked},
        places AS MATERIALIZED (SELECT DISTINCT place FROM asked ORDER BY place LIMIT $limit OFFSET $offset)
        SELECT DISTINCT a.place, a.asker FROM asked AS a SEMI JOIN places AS p ON p.place = a.place ORDER BY a.place
        """,
        **said,
        limit=size,
        offset=(number - 1) * size,
    )
    declined = set(heard.declined)
    groups: dict[str, list[Row]] = {row["asker"]: [] for row in askers}
    for row in _links(db, list(groups)):
        # A deal never asks: what it may be linked to does.
        asks = row["asker"] == _side(row, "right" if row["left_table"] == "deals" else "left")
        meant = left in ("", row["left_table"]) and right in ("", row["right_table"])
        if asks and meant and f"{_side(row, 'left')}>{_side(row, 'right')}" not in declined:
            groups[row["asker"]].append(row)
    return [rows for rows in groups.values() if rows]


def _side(row: Row, side: str) -> str:
    return ":".join(row[f"{side}_{part}"] for part in ("table", "vendor", "id"))


def _asked(left: str, right: str, heard: Heard) -> tuple[str, dict[str, Any]]:
    """Return the query of who asks, as `asked`, and its values; what was heard costs a look only where there is any."""
    sides = {"left": left, "right": right}
    if heard == NOTHING:
        return _ASKED, sides
    return _STILL_ASKED, sides | {"answered": list(heard.answered), "declined": list(heard.declined)}


@question
def records(db: Db, keys: tuple[str, ...]) -> dict[str, Row]:
    """Return records by key: title, customer, amount, currency, on_day, says, url, state, partners, room.

    partners: deals that an invoice belongs to already. room: what of an invoice no money that we saw has settled;
    billing may have been told of it already.
    """
    named: dict[str, list[Key]] = {}
    for key in keys:
        table, vendor, id = key.split(":", 2)
        named.setdefault(table, []).append((vendor, id))
    found: dict[str, Row] = {}
    for table, wanted in named.items():
        rows = look_up(db, table, _RECORDS[table], wanted)
        beside = _beside(db, table, rows)
        found |= {
            f"{table}:{vendor}:{id}": _EMPTY | row | beside.get((vendor, id), {}) | {"table": table}
            for (vendor, id), row in rows.items()
        }
    return found


def _beside(db: Db, table: str, rows: dict[Key, Row]) -> dict[Key, Row]:
    """Return what is known of records beyond their own table, by key: a deal's customer, how an invoice stands."""
    if table == "invoices":
        return look_up(db, "invoice_summary", "t.state, t.deal_count AS partners, t.owed - t.arrived AS room", rows)
    if table != "deals":
        return {}
    of = {key: (row["vendor"], row["customer_id"]) for key, row in rows.items() if row["customer_id"]}
    names = look_up(db, "customers", "t.name AS customer", of.values())
    return {key: {"customer": names[one]["customer"]} for key, one in of.items() if names.get(one, {}).get("customer")}


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
def links_of(db: Db, keys: tuple[str, ...], standing: bool = False) -> dict[str, list[Row]]:
    """Return the links of these records on either side, by the record's key; `answer` is the key of the other side.

    Those that are suggested, or those that stand. Best first.
    """
    found: dict[str, list[Row]] = {}
    for row in _links(db, keys, _STANDING if standing else _SUGGESTED):
        found.setdefault(row["asker"], []).append(row)
    return found


def pair(row: Row) -> str:
    """Return the key of a link, as `Heard` lists those that were declined."""
    return f"{_side(row, 'left')}>{_side(row, 'right')}"


_SUGGESTED, _STANDING = "u.status = 'suggested'", "u.status IN ('automatic', 'confirmed')"


def _links(db: Db, keys: Sequence[str], only: str = _SUGGESTED) -> list[Row]:
    """Return the links on either side of which one of these records is, with `asker` and `answer`; best first."""
    ids: dict[str, list[str]] = {}
    for key in keys:
        table, _vendor, id = key.split(":", 2)
        ids.setdefault(table, []).append(id)
    found = []
    for table, asked in ids.items():
        for side, other in (("left", "right"), ("right", "left")):
            if not any(table == (left if side == "left" else right) for left, right in decisions.PAIRS):
                continue
            these = few("links", f"{side}_id", f"u.{side}_table = $table AND {only}")
            for row in db.rows(f"SELECT * FROM {these}", ids=asked, table=table):
                asker = _side(row, side)
                if asker in keys:
                    found.append(row | {"asker": asker, "answer": _side(row, other)})
    return spelt(db, sorted(found, key=lambda row: (-row["confidence"], row["answer"])))


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
