"""Runs the checks: every file of checks/ is one question about the books, each row it returns becomes a finding.

A check returns subject (canonical table), vendor, id, amount and currency at stake, since, detail and evidence; where
one record can answer badly in several ways also `part`, which tells them apart. It may return its own severity or
action, and, when it rests on something being absent, changed_at: the instant after which its source must have been
read, and suggested: how many likely partners wait for somebody's word. A finding is certain once neither is in doubt.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from reconcile.build import Filled, is_idle
from reconcile.sqlfile import Query, queries
from reconcile.warehouse import create, fill

FOLDER = Path(__file__).parent / "checks"
KEEP_FIXED_DAYS = 400  # a year of weekly reports, and a little

FINDINGS = {
    "id": ("VARCHAR", "the same for the same problem of the same record in every run"),
    "check": ("VARCHAR", "name of the check"),
    "subject_table": ("VARCHAR", "canonical table of the record"),
    "subject_vendor": ("VARCHAR", "its vendor"),
    "subject_id": ("VARCHAR", "its id"),
    "part": ("VARCHAR", "which of several problems of the same check and record; empty if there is one"),
    "amount_at_stake": ("DECIMAL(18,4)", "money that depends on it, in currency"),
    "currency": ("VARCHAR", "ISO 4217 currency of amount_at_stake"),
    "since_on": ("DATE", "day from which it has been wrong"),
    "owner_id": ("VARCHAR", "salesperson in charge, in the CRM"),
    "severity": ("VARCHAR", "high, medium or low"),
    "title": ("VARCHAR", "the check in a few words"),
    "detail": ("VARCHAR", "which record, in the words that people use for it"),
    "evidence": ("VARCHAR", "JSON list of {code, agrees, left, right}"),
    "action": ("VARCHAR", "fix that can be sent; empty if only a person can mend it"),
    "state": ("VARCHAR", "open, agreed, snoozed, unchecked or fixed"),
    "reason": (
        "VARCHAR",
        "why it is not open: the person's words, the source not read, or how many are suggested",
    ),
    "first_seen_at": ("TIMESTAMP", "when a run found it first, UTC"),
    "fixed_at": ("TIMESTAMP", "when a run no longer found it, UTC"),
}
CHECKS = {
    "name": ("VARCHAR", "name of the check"),
    "title": ("VARCHAR", "the check in a few words"),
    "severity": ("VARCHAR", "high, medium or low"),
    "reads": ("VARCHAR", "tables it reads"),
    "absent_from": ("VARCHAR", "canonical table whose completeness it rests on; empty if none"),
    "action": ("VARCHAR", "fix that can be sent"),
    "why": ("VARCHAR", "why it matters"),
    "is_on": ("BOOLEAN", "switched on"),
    "seconds": ("DECIMAL(10,3)", "time it took"),
}
_SEEN = {"id": ("VARCHAR", "finding"), "at": ("TIMESTAMP", "UTC")}
# What the checks return, before it is known whether their sources were read.
_FOUND = """
CREATE OR REPLACE TEMP TABLE found (
    "check" VARCHAR, subject VARCHAR, vendor VARCHAR, id VARCHAR, part VARCHAR DEFAULT '', amount DECIMAL(18, 4),
    currency VARCHAR, since DATE, severity VARCHAR, detail VARCHAR,
    evidence STRUCT(code VARCHAR, agrees BOOLEAN, "left" VARCHAR, "right" VARCHAR)[], action VARCHAR,
    changed_at TIMESTAMP, suggested BIGINT
)"""

# Whose an invoice or a quote is: the salesperson of its deal; whose a payment is: of the deal of an invoice it settles.
# Only what was found is looked up: of a million records most are in order.
_OWNED = """
CREATE OR REPLACE TEMP TABLE owned AS
WITH asked AS MATERIALIZED (SELECT DISTINCT subject, vendor, id FROM found)
SELECT a.subject, a.vendor, a.id, d.owner_id
FROM asked AS a JOIN deals AS d ON d.vendor = a.vendor AND d.id = a.id
WHERE a.subject = 'deals' AND d.owner_id IS NOT NULL
UNION ALL
SELECT a.subject, a.vendor, a.id, c.owner_id
FROM asked AS a JOIN customers AS c ON c.vendor = a.vendor AND c.id = a.id
WHERE a.subject = 'customers' AND c.owner_id IS NOT NULL
UNION ALL
SELECT a.subject, a.vendor, a.id, d.owner_id
FROM asked AS a
JOIN quotes AS q ON q.vendor = a.vendor AND q.id = a.id
JOIN deals AS d ON d.vendor = q.vendor AND d.id = q.deal_id
WHERE a.subject = 'quotes' AND d.owner_id IS NOT NULL
UNION ALL
SELECT a.subject, a.vendor, a.id, MIN(d.owner_id)
FROM asked AS a
JOIN deal_invoices AS b ON b.invoice_vendor = a.vendor AND b.invoice_id = a.id
JOIN deals AS d ON d.vendor = b.deal_vendor AND d.id = b.deal_id
WHERE a.subject = 'invoices' AND d.owner_id IS NOT NULL
GROUP BY a.subject, a.vendor, a.id
UNION ALL
SELECT a.subject, a.vendor, a.id, MIN(d.owner_id)
FROM asked AS a
JOIN payment_excess AS x ON x.vendor = a.vendor AND x.id = a.id
JOIN deal_invoices AS b ON b.invoice_vendor = x.invoice_vendor AND b.invoice_id = x.invoice_id
JOIN deals AS d ON d.vendor = b.deal_vendor AND d.id = b.deal_id
WHERE a.subject = 'payments' AND d.owner_id IS NOT NULL
GROUP BY a.subject, a.vendor, a.id
"""

# A source counts as read when its last complete reading ended after the subject changed. A change later than this run
# is a clock that disagrees, and cannot be compared.
_TAKE = """
INSERT INTO findings BY NAME
WITH grounds AS (
    SELECT c.name, s.vendor, s.completed_at
    FROM checks AS c
    JOIN sources AS s ON s.table_name = c.absent_from
),
reading AS (
    SELECT c.name, COUNT(g.vendor) AS sources, COUNT(g.completed_at) AS read, MIN(g.completed_at) AS oldest
    FROM checks AS c
    LEFT JOIN grounds AS g ON g.name = c.name
    GROUP BY c.name
),
late AS (
    SELECT g.name, string_agg(g.vendor, ', ' ORDER BY g.vendor) AS vendors
    FROM grounds AS g
    JOIN reading AS r ON r.name = g.name
    WHERE g.completed_at IS NULL OR (r.read = r.sources AND g.completed_at <= r.oldest)
    GROUP BY g.name
)
SELECT
    md5(concat_ws('|', c.name, f.subject, f.vendor, f.id, NULLIF(f.part, ''))) AS id,
    c.name AS "check",
    f.subject AS subject_table,
    f.vendor AS subject_vendor,
    f.id AS subject_id,
    f.part,
    f.amount AS amount_at_stake,
    f.currency,
    f.since AS since_on,
    o.owner_id,
    COALESCE(f.severity, c.severity) AS severity,
    c.title,
    f.detail,
    CAST(to_json(f.evidence) AS VARCHAR) AS evidence,
    COALESCE(f.action, c.action) AS action,
    CASE
        WHEN c.absent_from <> '' AND r.sources = 0 THEN 'no source of ' || c.absent_from
        WHEN c.absent_from <> '' AND (r.read < r.sources OR (r.oldest < f.changed_at AND f.changed_at <= s.now_at))
            THEN 'not read since: ' || l.vendors
        WHEN f.suggested > 0 THEN 'suggested: ' || f.suggested
    END AS reason,
    CASE WHEN reason IS NULL THEN 'open' ELSE 'unchecked' END AS state,
    s.now_at AS first_seen_at
FROM found AS f
JOIN checks AS c ON c.name = f."check"
JOIN reading AS r ON r.name = c.name
LEFT JOIN late AS l ON l.name = c.name
CROSS JOIN settings AS s
LEFT JOIN owned AS o ON o.subject = f.subject AND o.vendor = f.vendor AND o.id = f.id
"""

# An agreement about a finding holds until its day, and as long as the amount is the one that was agreed.
_DECIDED = """
WITH last AS (
    SELECT finding_id, verdict, amount, currency, until_on, reason
    FROM decisions
    WHERE kind = 'finding'
    QUALIFY row_number() OVER (PARTITION BY finding_id ORDER BY decided_at DESC) = 1
)
UPDATE findings SET state = l.verdict, reason = l.reason
FROM last AS l, settings AS s
WHERE l.finding_id = findings.id
AND l.verdict IN ('agreed', 'snoozed')
AND (l.until_on IS NULL OR s.today <= l.until_on)
AND (l.amount IS NULL OR (l.amount = findings.amount_at_stake AND l.currency IS NOT DISTINCT FROM findings.currency))
"""


def check(
    db: duckdb.DuckDBPyConnection,
    first_seen: Mapping[str, datetime] | None = None,
    progress: Callable[[str], None] | None = None,
    folder: Path = FOLDER,
    filled: Filled | None = None,
) -> None:
    """Create tables `checks` and `findings` by asking every check that is switched on.

    `first_seen` says when a finding (by id) was seen first; one that is not in it is new now. `filled`: see `is_idle`.
    """
    filled = {} if filled is None else filled
    prepare(db)
    off = set(db.execute("SELECT unnest(checks_off) FROM settings").fetchall())
    asked: list[tuple[Query, float | None]] = []
    for query in queries(folder):
        is_on = (query.name,) not in off
        if is_on and progress:
            progress(query.name)
        asked.append((query, ask(db, query, filled) if is_on else None))
    take(db, asked)
    db.execute(_DECIDED)
    _remember(db, first_seen or {})


def prepare(db: duckdb.DuckDBPyConnection) -> None:
    """Create the empty tables `checks` and `findings`."""
    create(db, "checks", "The questions that were asked, and how long each took.", CHECKS)
    create(db, "findings", "What does not add up.", FINDINGS)
    db.execute(_FOUND)


def ask(db: duckdb.DuckDBPyConnection, query: Query, filled: Filled | None = None) -> float:
    """Note what one check finds, and return the seconds that it took."""
    started = time.perf_counter()
    if not is_idle(db, query, filled):
        db.execute(
            f'INSERT INTO found BY NAME SELECT $name AS "check", q.* FROM ({query.sql}) AS q', {"name": query.name}
        )
    return time.perf_counter() - started


def take(db: duckdb.DuckDBPyConnection, asked: Iterable[tuple[Query, float | None]]) -> None:
    """Enter the checks in table `checks`, and turn what they found into findings.

    asked: each check with the seconds that it took; None where it is switched off.
    """
    keys = ("title", "severity", "reads", "absent_from", "action", "why")
    rows = (
        {"name": query.name, **{key: query.header.get(key, "") for key in keys}, "is_on": seconds is not None,
         "seconds": None if seconds is None else f"{seconds:.3f}"}
        for query, seconds in asked
    )  # fmt: skip
    fill(db, "checks", CHECKS, rows)
    db.execute(_OWNED)
    db.execute(_TAKE)
    db.execute("DROP TABLE found; DROP TABLE owned")


def _remember(db: duckdb.DuckDBPyConnection, first_seen: Mapping[str, datetime]) -> None:
    if not first_seen:
        return
    create(db, "seen", "When each finding was seen first.", _SEEN)
    fill(db, "seen", _SEEN, ({"id": key, "at": at.replace(tzinfo=None)} for key, at in first_seen.items()))
    db.execute("UPDATE findings SET first_seen_at = s.at FROM seen AS s WHERE s.id = findings.id")
    db.execute("DROP TABLE seen")


def carry_over(db: duckdb.DuckDBPyConnection, before: str) -> None:
    """Keep from the findings of the last run, in the attached database `before`, when each was seen and which are gone.

    A finding that is no longer found is `fixed`; it stays for a year.
    """
    db.execute(
        f"""UPDATE findings SET first_seen_at = LEAST(findings.first_seen_at, b.first_seen_at)
        FROM {before}.findings AS b WHERE b.id = findings.id"""
    )
    db.execute(
        f"""INSERT INTO findings BY NAME
        SELECT b.* REPLACE ('fixed' AS state, COALESCE(b.fixed_at, s.now_at) AS fixed_at)
        FROM {before}.findings AS b CROSS JOIN settings AS s
        WHERE b.id NOT IN (SELECT id FROM findings)
        AND COALESCE(b.fixed_at, s.now_at) > s.now_at - INTERVAL ({KEEP_FIXED_DAYS}) DAY"""
    )
