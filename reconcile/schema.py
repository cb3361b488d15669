"""The tables of the state store: what people decided and what we did. It cannot be rebuilt, so it only moves forward.

The same in SQLite and PostgreSQL. A change of a table is a new step in `STEPS`, never an edit of an old one.
"""

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Date, Integer, MetaData, Table, Text, TypeDecorator, UniqueConstraint


class Instant(TypeDecorator[dt.datetime]):
    """An instant in UTC, stored without a zone; aware on the way in and on the way out."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Refuse a naive instant: nobody would know which hour it means."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return None if value is None else value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        """Return it aware."""
        return None if value is None else value.replace(tzinfo=dt.UTC)


class Exact(TypeDecorator[Decimal]):
    """Money as text: SQLite would make it a float."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> str | None:
        """Store the digits."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Decimal | None:
        """Return the digits as a number."""
        return None if value is None else Decimal(value)


class Json(TypeDecorator[Any]):
    """Anything of dicts, lists, text and numbers, as JSON text; decimals and dates become text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        """Store it as text with sorted keys, so that equal values are equal text."""
        return None if value is None else json.dumps(value, default=str, sort_keys=True, ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Any:
        """Return it decoded."""
        return None if value is None else json.loads(value)


def text(value: Any) -> str:
    """Return a stored value as one text, for people and spreadsheets."""
    if isinstance(value, dict | list):
        return json.dumps(value, default=str, sort_keys=True, ensure_ascii=False)
    return "" if value is None else str(value)


metadata = MetaData()

decisions = Table(
    "decisions",
    metadata,
    Column("subject", Text, primary_key=True),  # what it is about: one decision stands for each
    Column("kind", Text, nullable=False),  # link | finding
    Column("verdict", Text, nullable=False),  # confirmed | rejected | agreed | snoozed
    *(Column(f"{side}_{part}", Text) for side in ("left", "right") for part in ("table", "vendor", "id")),
    Column("amount", Exact),
    Column("currency", Text),
    Column("finding_id", Text),
    Column("until_on", Date),
    Column("reason", Text, nullable=False, default=""),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", Instant, nullable=False),
    Column("approved_by", Text, nullable=False, server_default=""),  # who agreed to an exception
    Column("rule", Text, nullable=False, server_default=""),  # what had proposed the pair; empty: nothing had
    Column("was", Text, nullable=False, server_default=""),  # automatic | suggested, before the person spoke
    Column("evidence", Text, nullable=False, server_default=""),  # what had agreed then, JSON as in links
)

assignments = Table(
    "assignments",
    metadata,
    Column("finding_id", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("assigned_by", Text, nullable=False),
    Column("assigned_at", Instant, nullable=False),
)

ledger = Table(
    "ledger",
    metadata,
    Column("key", Text, primary_key=True),  # from the content: the same wish is the same row from any tab or week
    Column("action", Text, nullable=False),
    Column("vendor", Text, nullable=False),
    Column("state", Text, nullable=False),  # planned | sending | done | refused | doubt
    Column("owner", Text),  # the process that holds the claim
    Column("turn", Integer, nullable=False, default=1),  # goes up with each claim: a claim that was lost cannot write
    Column("lease_until", Instant),  # by the database's clock, for processes of other machines
    Column("lease_ticks", sa.Float),  # by the machine's monotonic clock, for processes of the same one
    Column("tries", Integer, nullable=False, default=0),  # requests sent
    Column("request", Json),
    Column("answer", Json),
    Column("error", Text),
    Column("who", Text, nullable=False),
    Column("planned_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("ended_at", Instant),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False, index=True),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("outcome", Text, nullable=False),  # done | found | nothing | refused | doubt | decided …
    Column("vendor", Text, nullable=False, default=""),
    Column("subject", Text, nullable=False, default="", index=True),  # table:vendor:id
    Column("key", Text, nullable=False, default=""),
    Column("says", Text, nullable=False, default=""),
    Column("before", Json),  # field → value
    Column("after", Json),
    Column("answer", Json),
)

credentials = Table(
    "credentials",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("locked", Text, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

finding_history = Table(
    "finding_history",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("finding_id", Text, nullable=False, index=True),
    Column("check", Text, nullable=False),
    Column("event", Text, nullable=False),  # opened | fixed | reopened
    Column("at", Instant, nullable=False, index=True),
    Column("amount", Exact),
    Column("currency", Text),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),  # the durable workflow
    Column("chain", Text, nullable=False, index=True),
    Column("who", Text, nullable=False),
    Column("plans", Json, nullable=False),
    Column("state", Text, nullable=False),  # running | done | refused | doubt | waiting
    Column("steps", Json),
    Column("started_at", Instant, nullable=False),
    Column("ended_at", Instant),
)

reminders = Table(
    "reminders",
    metadata,
    Column("vendor", Text, nullable=False),
    Column("invoice_id", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("sent_at", Instant, nullable=False),
    UniqueConstraint("vendor", "invoice_id", "level"),
)

archive = Table(
    "archive",
    metadata,
    Column("vendor", Text, primary_key=True),
    Column("invoice_id", Text, primary_key=True),
    Column("place", Text, primary_key=True),  # files | crm | mail
    Column("path", Text, nullable=False),  # of the file; of a copy, the note's id or the address it went to
    Column("taken", Text, nullable=False),  # the path as file systems compare it that know no capitals
    Column("checksum", Text, nullable=False, default=""),  # SHA-256 of what was stored
    Column("size", Integer, nullable=False, default=0),
    Column("stored_at", Instant),  # empty: the path is kept free for it, and it is not there yet
    UniqueConstraint("place", "taken"),
)

events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True),  # from the content: what happened once is one event
    Column("type", Text, nullable=False),
    Column("at", Instant, nullable=False, index=True),
    Column("owner_id", Text, nullable=False, default=""),  # salesperson whose deal it is about
    Column("data", Json, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("target", Text, primary_key=True),  # hook:NAME | channel:NAME
    Column("event_id", Text, primary_key=True),
    Column("batch", Text),  # events that go out as one message; empty before that is known
    Column("state", Text, nullable=False, index=True),  # waiting | done | refused | doubt
    Column("tries", Integer, nullable=False, default=0),
    Column("next_at", Instant, nullable=False),
    Column("says", Text, nullable=False, default=""),  # what came of the last try
    Column("ended_at", Instant),
)

heard = Table("heard", metadata, Column("fact", Text, primary_key=True))  # facts of which the event was made already

schedules = Table(
    "schedules",
    metadata,
    Column("name", Text, primary_key=True),
    Column("last_at", Instant),
    Column("cursor", Text),
)

saved_views = Table(
    "saved_views",
    metadata,
    Column("name", Text, primary_key=True),
    Column("page", Text, nullable=False),
    Column("query", Json, nullable=False),  # what stands in the page's address: name → values
    Column("made_by", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
)

billing_plans = Table(
    "billing_plans",
    metadata,
    Column("subject", Text, primary_key=True),  # table:vendor:id of the deal
    Column("content", Json, nullable=False),  # as reconcile.plans.BillingPlan
    Column("made_by", Text, nullable=False),
    Column("made_at", Instant, nullable=False),
)

baselines = Table(
    "baselines",  # what the CRM and billing said of a field when nothing was left to write: what differs since, changed
    metadata,
    Column("entity", Text, primary_key=True),  # customers | products
    *(Column(f"{side}_{part}", Text, primary_key=True) for side in ("crm", "billing") for part in ("vendor", "id")),
    Column("field", Text, primary_key=True),
    Column("crm_value", Text),
    Column("billing_value", Text),
    Column("at", Instant, nullable=False),
)

series_numbers = Table(
    "series_numbers",
    metadata,
    Column("vendor", Text, primary_key=True),
    Column("prefix", Text, primary_key=True),
    Column("number", Integer, primary_key=True),  # each is one invoice's, for good
    Column("invoice_id", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("taken_at", Instant, nullable=False),
    UniqueConstraint("vendor", "prefix", "invoice_id"),
)

COUNT = -1  # the slot whose `turn` counts how many turns were given under a name
places = Table(
    "places",
    metadata,
    Column("name", Text, primary_key=True),
    Column("slot", Integer, primary_key=True),
    Column("turn", Integer, nullable=False),  # the last one taken here
    Column("at", sa.Double, nullable=False),  # when it may go: seconds by the clock of whoever keeps the table
    Column("answered", Integer, nullable=False),  # the last turn whose call was answered
    Column("answered_at", sa.Double, nullable=False),
)

approvals = Table(
    "approvals",
    metadata,
    Column("vendor", Text, primary_key=True),
    Column("invoice_id", Text, primary_key=True),
    Column("content", Text, primary_key=True),  # digest of what the draft says: another one is asked for anew
    Column("state", Text, nullable=False),  # waiting | approved | rejected
    Column("amount", Exact, nullable=False),
    Column("currency", Text, nullable=False),
    Column("says", Text, nullable=False),  # customer and reference, for whoever decides
    Column("run_id", Text, nullable=False),  # the chain that waits
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("decided_by", Text, nullable=False, default=""),
    Column("decided_at", Instant),
    Column("comment", Text, nullable=False, default=""),
)

kv = Table("kv", metadata, Column("name", Text, primary_key=True), Column("value", Json))

version = Table("schema_version", metadata, Column("version", Integer, nullable=False))

Step = Callable[[Connection], None]


def _exceptions_and_proposals(db: Connection) -> None:
    """Say who approved an exception, what had proposed a pair, and who looks after a finding."""
    for column in ("approved_by", "rule", "was", "evidence"):
        db.execute(sa.text(f"ALTER TABLE decisions ADD COLUMN {column} TEXT DEFAULT '' NOT NULL"))
    db.execute(sa.text("CREATE INDEX ix_audit_subject ON audit (subject)"))
    db.execute(
        sa.text(
            "CREATE TABLE assignments (finding_id TEXT NOT NULL PRIMARY KEY, person TEXT NOT NULL, "
            "assigned_by TEXT NOT NULL, assigned_at TIMESTAMP NOT NULL)"
        )
    )


def _tables(db: Connection) -> None:
    """Create the tables that came since; those that stand are left as they are."""
    metadata.create_all(db)


def _places(db: Connection) -> None:
    """Remember of each place when the vendor answered, too; the older table is worth nothing after a few seconds."""
    db.execute(sa.text("DROP TABLE IF EXISTS paces"))
    metadata.create_all(db)


# Step n brings a database of version n to version n + 1. A fresh database starts at the newest.
STEPS: tuple[Step, ...] = (_exceptions_and_proposals, _tables, _places)
_LOCK = 7_203_171  # advisory lock that lets one process at a time set up a PostgreSQL database


def newest(steps: tuple[Step, ...] = STEPS) -> int:
    """Return the version this program knows."""
    return 1 + len(steps)


def prepare(db: Connection, steps: tuple[Step, ...] = STEPS) -> None:
    """Bring the database of `db`, which is inside a transaction, to the newest version. ValueError if it is newer."""
    if db.dialect.name == "postgresql":
        db.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if not sa.inspect(db).has_table(version.name):
        metadata.create_all(db)
        _guard(db)
        db.execute(version.insert().values(version=newest(steps)))
        return
    at = db.execute(sa.select(version.c.version)).scalar_one()
    if at > newest(steps):
        raise ValueError(f"the state store has version {at}; this program knows {newest(steps)}: install the newer one")
    for step in steps[at - 1 :]:
        step(db)
    if at < newest(steps):
        db.execute(version.update().values(version=newest(steps)))


def _guard(db: Connection) -> None:
    """Make the database itself refuse to change or delete what the audit log says."""
    if db.dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            db.execute(
                sa.text(
                    f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
                    "BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
                )
            )
        return
    db.execute(
        sa.text(
            "CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$"
        )
    )
    db.execute(
        sa.text(
            "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()"
        )
    )
