"""Questions about findings: the worklist, its totals, one finding with its record."""

import datetime as dt
import itertools
import json
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from dashboard.read import named
from dashboard.read.billed import ANY, Billed, values, within
from dashboard.read.warehouse import Db, Row, matches, pattern, question

PAGE = 50  # findings shown at a time

SEVERITIES = ("high", "medium", "low")
SORTS = ("urgent", "amount", "oldest", "newest", "customer")


class Wanted(NamedTuple):
    """Which findings: empty means all. Amounts are in the finding's own currency.

    `ids` are the only ones wanted, none but these; `without` are left out: what the state store knows of them.
    """

    checks: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    currency: str = ""
    least: Decimal | None = None
    most: Decimal | None = None
    text: str = ""
    states: tuple[str, ...] = ("open",)
    sort: str = "urgent"
    ids: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    billed: Billed = ANY


Amounts = tuple[tuple[str, Decimal], ...]  # per currency


class Total(NamedTuple):
    """How many findings of a check, and the money per currency, largest first."""

    check: str
    title: str
    why: str
    severity: str
    found: int
    amounts: Amounts


# The order of the list needs one measure for all currencies: `currency_units`. It is never shown. What is long, such as
# evidence, is fetched for the findings that are shown.
_NARROWED = """
WITH {found}narrowed AS (
    SELECT f.rowid AS row, f.id, f.subject_table, f.subject_vendor, f.subject_id, f.severity, f.currency,
        f.amount_at_stake, f.since_on,
        CAST(f.amount_at_stake AS DOUBLE) / COALESCE(m.unit, 1) AS weight
    FROM findings AS f
    LEFT JOIN currency_units AS m ON m.currency = f.currency
    WHERE list_contains(CAST($states AS VARCHAR[]), f.state)
    AND (len(CAST($checks AS VARCHAR[])) = 0 OR list_contains(CAST($checks AS VARCHAR[]), f."check"))
    AND (len(CAST($severities AS VARCHAR[])) = 0 OR list_contains(CAST($severities AS VARCHAR[]), f.severity))
    AND (len(CAST($owners AS VARCHAR[])) = 0 OR list_contains(CAST($owners AS VARCHAR[]), f.owner_id))
    AND ($currency = '' OR f.currency = $currency)
    AND ($ids IS NULL OR list_contains(CAST($ids AS VARCHAR[]), f.id))
    AND NOT list_contains(CAST($without AS VARCHAR[]), f.id)
    AND ($least IS NULL OR abs(f.amount_at_stake) >= CAST($least AS DECIMAL(18, 4)))
    AND ($most IS NULL OR abs(f.amount_at_stake) <= CAST($most AS DECIMAL(18, 4)))
    AND {billed}
    AND {matched}
)
"""
_WHOLE = "(SELECT f.*, n.row, n.weight FROM narrowed AS n JOIN findings AS f ON f.rowid = n.row)"


# The records whose words hold the text.
_FOUND = """
found AS MATERIALIZED (
    SELECT 'deals' AS of_table, d.vendor, d.id FROM deals AS d
    LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
    WHERE {deal}
    UNION ALL SELECT 'invoices', i.vendor, i.id FROM invoices AS i WHERE {invoice}
    UNION ALL SELECT 'payments', p.vendor, p.id FROM payments AS p WHERE {payment}
    UNION ALL SELECT 'customers', c.vendor, c.id FROM customers AS c WHERE {customer}
    UNION ALL SELECT 'payouts', o.vendor, o.id FROM payouts AS o WHERE {payout}
    UNION ALL SELECT 'quotes', q.vendor, q.id FROM quotes AS q
    LEFT JOIN deals AS d ON d.vendor = q.vendor AND d.id = q.deal_id
    LEFT JOIN customers AS c ON c.vendor = q.vendor AND c.id = COALESCE(q.customer_id, d.customer_id)
    WHERE {quote}
),
hits AS MATERIALIZED (
    SELECT f.rowid AS row FROM findings AS f WHERE {self}
    UNION SELECT f.rowid FROM findings AS f JOIN owners AS o ON o.id = f.owner_id WHERE {owner}
    UNION SELECT f.rowid FROM findings AS f
    SEMI JOIN found AS r ON r.of_table = f.subject_table AND r.vendor = f.subject_vendor AND r.id = f.subject_id
),
""".format(
    self=matches("concat_ws(' ', f.detail, f.subject_id, f.owner_id)"),
    owner=matches("o.name"),
    deal=matches("concat_ws(' ', d.title, COALESCE(c.name, d.customer_name))"),
    invoice=matches("concat_ws(' ', i.number, i.customer_name)"),
    payment=matches("concat_ws(' ', p.reference, p.payer_name)"),
    customer=matches("c.name"),
    payout=matches("o.reference"),
    quote=matches("concat_ws(' ', COALESCE(q.number, q.title), c.name)"),
)
_ORDER = """
ORDER BY
    CASE WHEN $sort = 'urgent' THEN CASE severity WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END END,
    CASE WHEN $sort = 'amount' THEN abs(weight) END DESC NULLS LAST,
    CASE WHEN $sort = 'oldest' THEN since_on END NULLS LAST,
    CASE WHEN $sort = 'newest' THEN since_on END DESC NULLS LAST,
    {customer}
    abs(weight) DESC NULLS LAST,
    id
"""
_BY_CUSTOMER = "CASE WHEN $sort = 'customer' THEN lower(strip_accents(customer)) END NULLS LAST,"
_PART = "LIMIT $limit OFFSET $offset"
_SUMMED = "n.currency, COUNT(*) AS found, COALESCE(SUM(abs(n.amount_at_stake)), 0) AS amount"


def _narrowed(wanted: Wanted) -> str:
    """Return the findings that are wanted as `narrowed`, without the names of their records.

    Naming them is most of the work where there are many: it is left for those that are shown.
    """
    billed = within(wanted.billed, "f.subject_table", "f.subject_vendor", "f.subject_id")
    found, matched = (_FOUND, "f.rowid IN (SELECT h.row FROM hits AS h)") if wanted.text else ("", "TRUE")
    return _NARROWED.replace("{billed}", billed).replace("{found}", found).replace("{matched}", matched)


def _wanted(wanted: Wanted) -> str:
    """Return the findings that are wanted as `wanted`, with record, customer and owner."""
    return f"{_narrowed(wanted)}, wanted AS ({named.joined(_WHOLE)})\n"


def relation(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    """Return a query for the records of the findings, and its values: a row a finding, `note` is what is wrong."""
    return (
        _wanted(wanted)
        + """
        SELECT w.subject_table AS of_table, w.subject_vendor AS vendor, w.subject_id AS id, w.record AS title,
            w.customer, w.owner, w.since_on AS on_day, w.currency, abs(w.amount_at_stake) AS amount, c.title AS note
        FROM wanted AS w
        LEFT JOIN checks AS c ON c.name = w."check"
        """,
        _values(wanted),
    )


def _values(wanted: Wanted) -> dict[str, Any]:
    asked = {name: v for name, v in wanted._asdict().items() if name not in ("sort", "text", "billed")}
    said = {name: list(v) if isinstance(v, tuple) else v for name, v in asked.items()}
    for bound in ("least", "most"):
        said[bound] = None if said[bound] is None else str(said[bound])
    return said | ({"text": pattern(wanted.text)} if wanted.text else {}) | values(wanted.billed)


def first(data: Path, wanted: Wanted) -> tuple[int, Amounts, list[Row]]:
    """Return how many findings there are, the money at stake per currency (most findings first), and the first page.

    Asked in parts, each remembered by itself: of one more severity, or one less, mostly everything is known.
    """
    if wanted.text or not wanted.billed.is_any:
        return _searched(data, wanted)
    chosen = wanted.severities or SEVERITIES
    every = _sums(data, wanted._replace(severities=(), sort=SORTS[0]))
    count, amounts = _added([sums for severity, sums in every if severity in chosen])
    if wanted.sort != "urgent":
        return count, amounts, page(data, wanted) if count else []
    rows: list[Row] = []
    for severity in (each for each, _ in every if each in chosen):
        if len(rows) < PAGE:
            rows += page(data, wanted._replace(severities=(severity,)))
    return count, amounts, rows[:PAGE]


@question
def _sums(db: Db, wanted: Wanted) -> list[tuple[str, list[Row]]]:
    """Return each severity that has findings, gravest first, with currency, found and amount of its findings."""
    rows = db.rows(
        f"{_narrowed(wanted)} SELECT severity, {_SUMMED} FROM narrowed AS n GROUP BY severity, n.currency",
        **_values(wanted),
    )
    return [(each, mine) for each in SEVERITIES if (mine := [r for r in rows if r["severity"] == each])]


def _added(parts: list[list[Row]]) -> tuple[int, Amounts]:
    """Return how many findings there are and the money at stake per currency, most findings first."""
    found, money = Counter[str](), defaultdict[str, Decimal](Decimal)
    for row in itertools.chain.from_iterable(parts):
        found[row["currency"] or ""] += row["found"]
        money[row["currency"] or ""] += row["amount"]
    ranked = sorted(found, key=lambda currency: (-found[currency], currency))
    return found.total(), tuple((c, money[c]) for c in ranked if c and money[c])


@question
def _searched(db: Db, wanted: Wanted) -> tuple[int, Amounts, list[Row]]:
    """Return what `first` does in one look: what is searched for is searched for once."""
    found = db.rows(
        _narrowed(wanted).replace("narrowed AS (", "narrowed AS MATERIALIZED (")
        + f""",
        top AS ({_top(wanted)})
        SELECT {_SUMMED}, NULL AS row FROM narrowed AS n GROUP BY n.currency
        UNION ALL SELECT NULL, NULL, NULL, t.row FROM top AS t
        """,
        **_values(wanted),
        sort=wanted.sort,
        limit=PAGE,
        offset=0,
    )
    count, amounts = _added([[r for r in found if r["row"] is None]])
    return count, amounts, _shown(db, [r["row"] for r in found if r["row"] is not None])


@question
def page(db: Db, wanted: Wanted, number: int = 1, size: int = PAGE) -> list[Row]:
    """Return one page (from 1) of the findings, with record, customer and owner beside them."""
    asked = {**_values(wanted), "sort": wanted.sort, "limit": size, "offset": (number - 1) * size}
    if size > PAGE:
        return db.rows(f"{_wanted(wanted)} SELECT * FROM wanted {_order(wanted)} {_PART}", **asked)
    return _shown(db, [row["row"] for row in db.rows(_narrowed(wanted) + _top(wanted), **asked)])


def _shown(db: Db, rows: list[int]) -> list[Row]:
    """Return the findings in these rows of their table, in this order, named."""
    found = db.rows(
        """
        SELECT f.*, f.rowid AS row FROM findings AS f
        SEMI JOIN (SELECT unnest(CAST($rows AS BIGINT[])) AS row) AS p ON p.row = f.rowid
        """,
        rows=rows,
    )
    at = {row["row"]: row for row in found}
    return named.one_by_one(db, (at[row] for row in rows))


def _order(wanted: Wanted) -> str:
    return _ORDER.replace("{customer}", _BY_CUSTOMER if wanted.sort == "customer" else "")


def _top(wanted: Wanted) -> str:
    """Return the query for the rows of one page of `narrowed`; only sorted by customer each needs its name."""
    found = "narrowed" if wanted.sort != "customer" else f"({named.customers('narrowed')})"
    return f"SELECT row, weight FROM {found} {_order(wanted)} {_PART}"


@question
def total(db: Db, wanted: Wanted) -> tuple[int, Amounts]:
    """Return how many findings there are and the money at stake per currency, most findings first."""
    asked = f"{_narrowed(wanted)} SELECT {_SUMMED} FROM narrowed AS n GROUP BY n.currency"
    return _added([db.rows(asked, **_values(wanted))])


@question
def by_check(db: Db, states: tuple[str, ...] = ("open",)) -> list[Total]:
    """Return the totals of each check that found something, gravest and most first."""
    rows = db.rows(
        """
        SELECT
            f."check" AS name, any_value(c.title) AS title, any_value(c.why) AS why, f.currency,
            min(CASE f.severity WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END) AS rank,
            COUNT(*) AS found, COALESCE(SUM(abs(f.amount_at_stake)), 0) AS amount
        FROM findings AS f
        LEFT JOIN checks AS c ON c.name = f."check"
        WHERE list_contains(CAST($states AS VARCHAR[]), f.state)
        GROUP BY f."check", f.currency
        ORDER BY found DESC, f."check", f.currency
        """,
        states=list(states),
    )
    gathered: dict[str, list[Row]] = {}
    for row in rows:
        gathered.setdefault(row["name"], []).append(row)
    totals = [_gather(name, parts) for name, parts in gathered.items()]
    return sorted(totals, key=lambda t: (SEVERITIES.index(t.severity), -t.found, t.check))


def _gather(name: str, parts: list[Row]) -> Total:
    amounts = tuple((p["currency"], p["amount"]) for p in parts if p["currency"] and p["amount"])
    severity = SEVERITIES[min(p["rank"] for p in parts) - 1]
    first = parts[0]
    return Total(name, first["title"] or name, first["why"] or "", severity, sum(p["found"] for p in parts), amounts)


@question
def owners(db: Db) -> dict[str, str]:
    """Return the names of the salespeople who have open findings, by id."""
    rows = db.rows(
        """
        SELECT DISTINCT f.owner_id AS id, COALESCE(o.name, f.owner_id) AS name
        FROM findings AS f
        LEFT JOIN owners AS o ON o.id = f.owner_id
        WHERE f.owner_id IS NOT NULL
        AND f.state = 'open'
        ORDER BY name
        """
    )
    return {row["id"]: row["name"] for row in rows}


@question
def people(db: Db) -> list[str]:
    """Return the names of all salespeople."""
    return [row["name"] for row in db.rows("SELECT DISTINCT name FROM owners WHERE name IS NOT NULL ORDER BY name")]


@question
def by_ids(db: Db, ids: tuple[str, ...]) -> list[Row]:
    """Return the findings of these ids, in whatever state, with record, customer and owner; largest first."""
    everything = Wanted(states=("open", "unchecked", "agreed", "snoozed", "fixed"), ids=ids)
    asked = _narrowed(everything) + "SELECT row FROM narrowed ORDER BY abs(weight) DESC, id"
    return _shown(db, [row["row"] for row in db.rows(asked, **_values(everything))])


@question
def about(db: Db, table: str, vendor: str, key: str) -> list[Row]:
    """Return the findings about one record that are not fixed, gravest first."""
    return db.rows(
        """
        SELECT f.*, c.title AS check_title, c.why
        FROM findings AS f
        LEFT JOIN checks AS c ON c.name = f."check"
        WHERE f.subject_table = $table
        AND f.subject_vendor = $vendor
        AND f.subject_id = $key
        AND f.state <> 'fixed'
        ORDER BY CASE f.severity WHEN 'high' THEN 1 WHEN 'medium' THEN 2 ELSE 3 END, f."check"
        """,
        table=table,
        vendor=vendor,
        key=key,
    )


@question
def counts(db: Db, since: dt.datetime) -> Row:
    """Return how many findings are open, new since an instant (UTC), fixed since then, silent,
    not checked (`unread`), and waiting for an answer to a suggestion (`unsure`)."""
    return (
        db.row(
            """
            SELECT
                COUNT(*) FILTER (WHERE state = 'open') AS open,
                COUNT(*) FILTER (WHERE state = 'open' AND first_seen_at >= $since) AS new,
                COUNT(*) FILTER (WHERE state = 'fixed' AND fixed_at >= $since) AS fixed,
                COUNT(*) FILTER (WHERE state IN ('agreed', 'snoozed')) AS silent,
                COUNT(*) FILTER (WHERE state = 'unchecked' AND NOT starts_with(reason, 'suggested')) AS unread,
                COUNT(*) FILTER (WHERE state = 'unchecked' AND starts_with(reason, 'suggested')) AS unsure
            FROM findings
            """,
            since=since.replace(tzinfo=None),
        )
        or {}
    )


@question
def unsure(db: Db) -> int:
    """Return how many findings are only certain once a suggestion is answered."""
    asked = "SELECT COUNT(*) AS count FROM findings WHERE state = 'unchecked' AND starts_with(reason, 'suggested')"
    return int((db.row(asked) or {"count": 0})["count"])


def evidence(finding: Row) -> list[Row]:
    """Return the evidence of a finding or link: dictionaries of code, agrees, left and right."""
    return json.loads(finding.get("evidence") or "[]")


@question
def finding_rows(db: Db, check: str = "", severity: str = "", state: str = "") -> list[Row]:
    """Return all columns of the findings of a check, severity and state (empty or "all": any), most money first."""
    return db.rows(
        """
        SELECT *
        FROM findings
        WHERE $check IN ('', "check")
        AND $severity IN ('', severity)
        AND $state IN ('', 'all', state)
        ORDER BY abs(amount_at_stake) DESC NULLS LAST, id
        """,
        check=check,
        severity=severity,
        state=state,
    )
