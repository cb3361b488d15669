"""Runs the checks: every file of checks/ is one question about the books, each row it returns becomes a finding.

A check returns subject (canonical table), vendor, id, amount and currency at stake, since, detail and evidence; where
one record can answer badly in several ways also `part`, which tells them apart. It may return its own severity or
action, and, when it rests on something being absent, changed_at: the instant after which its source must have been
read.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import duckdb

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
    "reason": ("VARCHAR", "why it is not open: the person's words, or which source was not read"),
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
_OPTIONAL = {"part": "''", "severity": "NULL", "action": "NULL", "changed_at": "NULL"}

# A source counts as read when its last complete reading ended after the subject changed. A change later than this run
# is a clock that disagrees, and cannot be compared.
_TAKE = """
INSERT INTO findings BY NAME
WITH asked AS (
    SELECT
        f.*,
        c.title AS check_title,
        c.severity AS check_severity,
        c.action AS check_action,
        c.absent_from,
        md5(concat_ws('|', c.name, f.subject, f.vendor, f.id, NULLIF(f.part, ''))) AS finding_id
    FROM found AS f
    JOIN checks AS c ON c.name = ?
),
stale AS (
    SELECT
        a.finding_id,
        COUNT(s.vendor) AS sources,
        string_agg(s.vendor, ', ' ORDER BY s.vendor) FILTER (
            WHERE s.completed_at IS NULL OR (s.completed_at < a.changed_at AND a.changed_at <= o.now_at)
        ) AS unread
    FROM asked AS a
    CROSS JOIN settings AS o
    LEFT JOIN sources AS s ON s.table_name = a.absent_from
    WHERE a.absent_from <> ''
    GROUP BY a.finding_id
)
SELECT
    a.finding_id AS id,
    ? AS "check",
    a.subject AS subject_table,
    a.vendor AS subject_vendor,
    a.id AS subject_id,
    a.part,
    a.amount AS amount_at_stake,
    a.currency,
    a.since AS since_on,
    COALESCE(a.severity, a.check_severity) AS severity,
    a.check_title AS title,
    a.detail,
    CAST(to_json(a.evidence) AS VARCHAR) AS evidence,
    COALESCE(a.action, a.check_action) AS action,
    CASE WHEN s.sources = 0 OR s.unread IS NOT NULL THEN 'unchecked' ELSE 'open' END AS state,
    CASE
        WHEN s.sources = 0 THEN 'no source of ' || a.absent_from
        WHEN s.unread IS NOT NULL THEN 'not read since: ' || s.unread
    END AS reason
FROM asked AS a
LEFT JOIN stale AS s USING (finding_id)
"""

_OWNERS = """
WITH owned AS (
    SELECT 'deals' AS subject, vendor, id, owner_id FROM deals
    UNION ALL
    SELECT 'customers', vendor, id, owner_id FROM customers
    UNION ALL
    SELECT 'invoices', b.invoice_vendor, b.invoice_id, MIN(d.owner_id)
    FROM deal_invoices AS b JOIN deals AS d ON d.vendor = b.deal_vendor AND d.id = b.deal_id
    GROUP BY b.invoice_vendor, b.invoice_id
)
UPDATE findings SET owner_id = o.owner_id
FROM owned AS o
WHERE o.subject = findings.subject_table AND o.vendor = findings.subject_vendor AND o.id = findings.subject_id
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
) -> None:
    """Create tables `checks` and `findings` by asking every check that is switched on.

    `first_seen` says when a finding (by id) was seen first; one that is not in it is new now.
    """
    create(db, "checks", "The questions that were asked, and how long each took.", CHECKS)
    create(db, "findings", "What does not add up.", FINDINGS)
    off = set(db.execute("SELECT unnest(checks_off) FROM settings").fetchall())
    for query in queries(folder):
        is_on = (query.name,) not in off
        announce(db, query, is_on)
        if is_on:
            if progress:
                progress(query.name)
            ask(db, query)
    db.execute(_OWNERS)
    db.execute(_DECIDED)
    _remember(db, first_seen or {})


def ask(db: duckdb.DuckDBPyConnection, query: Query) -> None:
    """Add the findings of one check."""
    started = datetime.now()
    db.execute(f"CREATE OR REPLACE TEMP TABLE found AS {query.sql}")
    has = {row[0] for row in db.execute("DESCRIBE found").fetchall()}
    for column, otherwise in _OPTIONAL.items():
        if column not in has:
            kind = "TIMESTAMP" if column == "changed_at" else "VARCHAR"
            db.execute(f"ALTER TABLE found ADD COLUMN {column} {kind} DEFAULT {otherwise}")
    db.execute(_TAKE, [query.name, query.name])
    seconds = (datetime.now() - started).total_seconds()
    db.execute("UPDATE checks SET seconds = ? WHERE name = ?", [str(round(seconds, 3)), query.name])


def announce(db: duckdb.DuckDBPyConnection, query: Query, is_on: bool) -> None:
    """Enter a check in table `checks`."""
    said = [query.header.get(key, "") for key in ("title", "severity", "reads", "absent_from", "action", "why")]
    db.execute("INSERT INTO checks VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)", [query.name, *said, is_on])


def _remember(db: duckdb.DuckDBPyConnection, first_seen: Mapping[str, datetime]) -> None:
    db.execute("UPDATE findings SET first_seen_at = s.now_at FROM settings AS s")
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
