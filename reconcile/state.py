"""What must not be lost: decisions of people, what was sent, the audit log, credentials, cursors.

SQLite in the data folder by default, any PostgreSQL by CUADRA_STATE_URL. Everything else can be rebuilt from raw files.
"""

import csv
import datetime as dt
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal, TextIO

import sqlalchemy as sa
import stamina
from pydantic import BaseModel, ConfigDict, model_validator
from sqlalchemy import Connection, Engine, event

from reconcile import access, schema
from reconcile.vault import Vault, vault

VARIABLE = "CUADRA_STATE_URL"
FILE = "state.sqlite"
_BUSY_MS = 30_000  # how long a writer waits for another before it gives up
_MARKS = 500  # values in one question; SQLite takes no more than a thousand
_MARK = "mark:"  # names of things that may happen once, whichever wish they are part of
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would calculate a cell that begins so


class Decision(BaseModel):
    """What a person said about a link or a finding. `subject` tells which: the newest decision about it stands."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["link", "finding"]
    verdict: Literal["confirmed", "rejected", "agreed", "snoozed"]
    left_table: str | None = None
    left_vendor: str | None = None
    left_id: str | None = None
    right_table: str | None = None
    right_vendor: str | None = None
    right_id: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    finding_id: str | None = None
    until_on: dt.date | None = None
    reason: str = ""
    approved_by: str = ""
    rule: str = ""
    was: Literal["", "automatic", "suggested"] = ""
    evidence: str = ""

    @model_validator(mode="after")
    def _whole(self) -> "Decision":
        if self.kind == "finding" and not self.finding_id:
            raise ValueError("a decision about a finding names it")
        if self.kind == "link" and not (self.left_id and self.right_id):
            raise ValueError("a decision about a link names both sides")
        if self.verdict == "snoozed" and self.until_on is None:
            raise ValueError("a snoozed finding needs the day it comes back")
        return self

    @property
    def subject(self) -> str:
        """What it is about, as one text."""
        if self.kind == "finding":
            return f"finding:{self.finding_id}"
        left = f"{self.left_table}:{self.left_vendor}:{self.left_id}"
        return f"link:{left}>{self.right_table}:{self.right_vendor}:{self.right_id}"


class Entry(BaseModel):
    """One line of the audit log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    who: str
    action: str
    outcome: str
    vendor: str = ""
    subject: str = ""
    key: str = ""
    says: str = ""
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    answer: dict[str, Any] | None = None


class State:
    """The state store. Safe to use from several threads and processes."""

    def __init__(self, engine: Engine, locks: Vault) -> None:
        self.engine, self._vault = engine, locks
        with self.write() as db:
            schema.prepare(db)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection inside a transaction that commits at the end."""
        with self.engine.begin() as db:
            yield db

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one moment and holds no writer up."""
        with self.engine.connect().execution_options(reads=True) as db:
            yield db

    # Decisions

    def decide(self, decision: Decision, who: str, at: dt.datetime | None = None) -> None:
        """Keep what `who` said, in place of what was said about the same before."""
        self.decide_all([decision], who, at)

    def decide_all(self, decisions: Iterable[Decision], who: str, at: dt.datetime | None = None) -> None:
        """Keep several decisions, all or none of them."""
        when = at or now()
        with self.write() as db:
            for decision in decisions:
                access.need("approve" if decision.verdict == "agreed" else "decide")
                before = _drop(db, decision.subject)
                said = {"subject": decision.subject, "decided_by": who, "decided_at": when}
                db.execute(schema.decisions.insert().values(decision.model_dump() | said))
                after = decision.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
                _record(db, Entry(who=who, action="decide", outcome="decided", subject=decision.subject, before=before,
                                  after=after))  # fmt: skip

    def undecide(self, subject: str, who: str) -> bool:
        """Forget the decision about a subject; return whether there was one."""
        with self.write() as db:
            before = _drop(db, subject)
            if before is not None:
                _record(db, Entry(who=who, action="undecide", outcome="decided", subject=subject, before=before))
            return before is not None

    def decisions(self) -> list[dict[str, Any]]:
        """Return the decisions that stand, with the columns of the warehouse's table, oldest first."""
        table = schema.decisions
        columns = [c for c in table.c if c.name != "subject"]
        return self._all(sa.select(*columns).order_by(table.c.decided_at, table.c.subject))

    def decision(self, subject: str) -> dict[str, Any] | None:
        """Return the decision that stands about a subject, None where there is none."""
        return self.standing([subject]).get(subject)

    def standing(self, subjects: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the decisions that stand about these subjects, by subject."""
        table = schema.decisions
        found: dict[str, dict[str, Any]] = {}
        for at in range(0, len(subjects), _MARKS):
            asked = sa.select(table).where(table.c.subject.in_(subjects[at : at + _MARKS]))
            found |= {row["subject"]: row for row in self._all(asked)}
        return found

    def decided(self, kind: str, text: str = "", limit: int = 50, offset: int = 0) -> list[dict[str, Any]]:
        """Return decisions of a kind with their `subject`, newest first; `text` looks in ids, reason and person."""
        table = schema.decisions
        query = _decided(sa.select(table), kind, text).order_by(table.c.decided_at.desc(), table.c.subject)
        return self._all(query.limit(limit).offset(offset))

    def count_decided(self, kind: str, text: str = "") -> int:
        """Return how many decisions of a kind there are."""
        with self.read() as db:
            asked = sa.select(sa.func.count()).select_from(schema.decisions)
            return int(db.execute(_decided(asked, kind, text)).scalar_one())

    def said_since(self, at: dt.datetime) -> list[str]:
        """Return the subjects that somebody decided on, or took a decision back about, after an instant."""
        table = schema.audit
        query = sa.select(table.c.subject).where(table.c.at > at, table.c.action.in_(("decide", "undecide")))
        return [row["subject"] for row in self._all(query.distinct().order_by(table.c.subject))]

    # Who looks after a finding, and what was said about it

    def assign(self, finding_ids: Iterable[str], person: str, who: str) -> None:
        """Let a person look after findings; nobody where `person` is empty."""
        table = schema.assignments
        with self.write() as db:
            for finding_id in finding_ids:
                here = table.c.finding_id == finding_id
                before = db.execute(sa.select(table.c.person).where(here)).scalar()
                db.execute(table.delete().where(here))
                if person:
                    row = {"finding_id": finding_id, "person": person, "assigned_by": who, "assigned_at": now()}
                    db.execute(table.insert().values(row))
                _record(db, Entry(who=who, action="assign", outcome="decided", subject=f"finding:{finding_id}",
                                  before={"person": before} if before else None,
                                  after={"person": person} if person else None))  # fmt: skip

    def assignments(self) -> dict[str, str]:
        """Return who looks after which finding, by its id."""
        table = schema.assignments
        rows = self._all(sa.select(table.c.finding_id, table.c.person).order_by(table.c.finding_id))
        return {row["finding_id"]: row["person"] for row in rows}

    def comment(self, finding_id: str, text: str, who: str) -> None:
        """Say something about a finding. It stands in the audit log and cannot be changed."""
        self.record(Entry(who=who, action="comment", outcome="decided", subject=f"finding:{finding_id}", says=text))

    def comments(self, finding_id: str) -> list[dict[str, Any]]:
        """Return what was said about a finding, oldest first: at, who, says."""
        return self.entries(subject=f"finding:{finding_id}", action="comment")[::-1]

    # Audit

    def record(self, entry: Entry) -> None:
        """Add a line to the audit log. Nobody can change or delete it, we included."""
        with self.write() as db:
            _record(db, entry)

    def entries(self, limit: int = 200, offset: int = 0, **equal: str) -> list[dict[str, Any]]:
        """Return lines of the audit log, newest first, of which the columns named have these values."""
        table = schema.audit
        query = sa.select(table).where(*(table.c[name] == value for name, value in equal.items()))
        return self._all(query.order_by(table.c.id.desc()).limit(limit).offset(offset))

    def count_entries(self, **equal: str) -> int:
        """Return how many lines of the audit log have these values in the columns named."""
        table = schema.audit
        asked = sa.select(sa.func.count()).where(*(table.c[name] == value for name, value in equal.items()))
        with self.read() as db:
            return int(db.execute(asked.select_from(table)).scalar_one())

    def export_audit(self, file: TextIO) -> int:
        """Write the whole audit log as CSV, oldest first; return how many lines. No cell can become a formula."""
        rows = self._all(sa.select(schema.audit).order_by(schema.audit.c.id))
        out = csv.writer(file)
        out.writerow([c.name for c in schema.audit.c])
        out.writerows([_cell(row[c.name]) for c in schema.audit.c] for row in rows)
        return len(rows)

    # Credentials

    def keep_credentials(self, connection: str, secrets: Mapping[str, str], who: str) -> None:
        """Keep secrets of a connection, encrypted; they are used, and never shown again."""
        table = schema.credentials
        with self.write() as db:
            for name, secret in secrets.items():
                db.execute(table.delete().where(table.c.connection == connection, table.c.name == name))
                values = {"connection": connection, "name": name, "locked": self._vault.lock(secret)}
                db.execute(table.insert().values(**values, updated_at=now()))
            after = dict.fromkeys(secrets, "kept")
            _record(db, Entry(who=who, action="keep_credentials", outcome="done", vendor=connection, after=after))

    def forget_credentials(self, connection: str, who: str) -> None:
        """Delete the secrets of a connection."""
        with self.write() as db:
            db.execute(schema.credentials.delete().where(schema.credentials.c.connection == connection))
            _record(db, Entry(who=who, action="forget_credentials", outcome="done", vendor=connection))

    def credentials(self, connection: str) -> dict[str, str]:
        """Return the secrets of a connection in the clear, by name. VaultError if the key is another one."""
        table = schema.credentials
        rows = self._all(sa.select(table.c.name, table.c.locked).where(table.c.connection == connection))
        return {row["name"]: self._vault.unlock(row["locked"]) for row in rows}

    def credentials_stamp(self) -> str:
        """Return a text that changes whenever a secret does."""
        with self.read() as db:
            return str(db.execute(sa.select(sa.func.max(schema.credentials.c.updated_at))).scalar())

    # Findings over time

    def saw(self, findings: Iterable[Mapping[str, Any]], at: dt.datetime | None = None) -> dict[str, int]:
        """Remember which findings a complete run made; return how many were opened, reopened and fixed since.

        Each finding has id, check, amount_at_stake and currency, as in the warehouse.
        """
        table, when = schema.finding_history, at or now()
        present = {f["id"]: f for f in findings}
        with self.write() as db:
            last = sa.select(sa.func.max(table.c.id)).group_by(table.c.finding_id)
            known = {r.finding_id: r for r in db.execute(sa.select(table).where(table.c.id.in_(last)))}
            new = [_event(i, f, "opened", when) for i, f in present.items() if i not in known]
            again = [
                _event(i, f, "reopened", when) for i, f in present.items() if i in known and known[i].event == "fixed"
            ]
            gone = [
                {"finding_id": i, "check": r.check, "event": "fixed", "at": when, "amount": r.amount,
                 "currency": r.currency}
                for i, r in known.items() if i not in present and r.event != "fixed"
            ]  # fmt: skip
            if events := new + again + gone:
                db.execute(table.insert(), events)
        return {"opened": len(new), "reopened": len(again), "fixed": len(gone)}

    def first_seen(self) -> dict[str, dt.datetime]:
        """Return when each finding was seen first, by its id."""
        table = schema.finding_history
        query = sa.select(table.c.finding_id, sa.func.min(table.c.at, type_=schema.Instant).label("at"))
        return {r["finding_id"]: r["at"] for r in self._all(query.group_by(table.c.finding_id))}

    def history(self, since: dt.datetime) -> list[dict[str, Any]]:
        """Return what was opened, fixed and reopened since an instant, oldest first."""
        table = schema.finding_history
        return self._all(sa.select(table).where(table.c.at >= since).order_by(table.c.id))

    # Small things that are remembered by name

    def value(self, name: str, default: Any = None) -> Any:
        """Return what is kept under a name."""
        rows = self._all(sa.select(schema.kv.c.value).where(schema.kv.c.name == name))
        return rows[0]["value"] if rows else default

    def keep(self, name: str, value: Any) -> None:
        """Keep a value (of dicts, lists, text, numbers) under a name."""
        with self.write() as db:
            db.execute(schema.kv.delete().where(schema.kv.c.name == name))
            db.execute(schema.kv.insert().values(name=name, value=value))

    def values(self, prefix: str) -> dict[str, Any]:
        """Return what is kept under names that begin so."""
        query = sa.select(schema.kv.c.name, schema.kv.c.value).where(
            schema.kv.c.name.startswith(prefix, autoescape=True)
        )
        return {row["name"]: row["value"] for row in self._all(query)}

    def drop(self, names: Iterable[str]) -> None:
        """Forget what is kept under these names."""
        with self.write() as db:
            db.execute(schema.kv.delete().where(schema.kv.c.name.in_(list(names))))

    def reserve(self, marks: Iterable[str], key: str) -> bool:
        """Let a wish have these marks, all or none; return False where another wish has one of them."""
        names = [f"{_MARK}{mark}" for mark in marks]
        try:
            with self.write() as db:
                table = schema.kv
                rows = db.execute(sa.select(table).where(table.c.name.in_(names))).mappings()
                known = {row["name"]: row["value"] for row in rows}
                if any(owner != key for owner in known.values()):
                    return False
                if fresh := [{"name": name, "value": key} for name in names if name not in known]:
                    db.execute(table.insert(), fresh)
            return True
        except sa.exc.IntegrityError:  # another was first, in the moment between
            return False

    def release(self, key: str) -> None:
        """Give back the marks of a wish that was refused."""
        mine = [mark for mark, owner in self.marks().items() if owner == key]
        self.drop(f"{_MARK}{mark}" for mark in mine)

    def marks(self) -> dict[str, str]:
        """Return which wish has which mark."""
        return {name.removeprefix(_MARK): owner for name, owner in self.values(_MARK).items()}

    def schedule(self, name: str) -> dict[str, Any]:
        """Return when a schedule ran last and how far it got; empty if it never ran."""
        rows = self._all(sa.select(schema.schedules).where(schema.schedules.c.name == name))
        return rows[0] if rows else {}

    def ran(self, name: str, at: dt.datetime, cursor: str | None = None) -> None:
        """Remember that a schedule ran, and how far it got."""
        with self.write() as db:
            db.execute(schema.schedules.delete().where(schema.schedules.c.name == name))
            db.execute(schema.schedules.insert().values(name=name, last_at=at, cursor=cursor))

    def reminded(self, vendor: str, invoice_id: str, level: int, recipient: str, key: str, at: dt.datetime) -> bool:
        """Remember a reminder; return False if this level of this invoice was reminded already."""
        row = {"vendor": vendor, "invoice_id": invoice_id, "level": level, "recipient": recipient, "key": key}
        try:
            with self.write() as db:
                db.execute(schema.reminders.insert().values(**row, sent_at=at))
            return True
        except sa.exc.IntegrityError:
            return False

    def reminders(self, vendor: str | None = None, invoice_id: str | None = None) -> list[dict[str, Any]]:
        """Return the reminders sent, all or those of one invoice, oldest first."""
        table = schema.reminders
        query = sa.select(table).order_by(table.c.sent_at)
        if invoice_id is not None:
            query = query.where(table.c.vendor == vendor, table.c.invoice_id == invoice_id)
        return self._all(query)

    def _all(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self.read() as db:
            return [dict(row) for row in db.execute(query).mappings()]


def now() -> dt.datetime:
    """Return this instant, aware, in UTC."""
    return dt.datetime.now(dt.UTC)


def state(data: Path) -> State:
    """Return the state store of a data folder, or the one that CUADRA_STATE_URL names."""
    return _opened(os.environ.get(VARIABLE) or f"sqlite:///{(data / FILE).resolve()}", data.resolve())


@cache
def _opened(url: str, data: Path) -> State:
    data.mkdir(parents=True, exist_ok=True)
    return State(engine(url), vault(data))


def engine(url: str) -> Engine:
    """Return the engine of a SQLite or PostgreSQL URL, set so that a commit is on the disk and writers take turns."""
    url = url.replace("postgres://", "postgresql://", 1).replace("postgresql://", "postgresql+psycopg://", 1)
    if not url.startswith("sqlite"):
        return sa.create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=15)
    made = sa.create_engine(url, connect_args={"timeout": _BUSY_MS / 1000}, pool_size=5, max_overflow=15)

    @event.listens_for(made, "connect")
    def _settings(raw: Any, record: Any) -> None:
        raw.isolation_level = None  # the driver would begin transactions behind our back, too late to take turns
        raw.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        _write_ahead(raw)
        for line in ("synchronous=FULL", "foreign_keys=ON"):
            raw.execute(f"PRAGMA {line}")

    @event.listens_for(made, "begin")
    def _begin(db: Connection) -> None:
        db.exec_driver_sql("BEGIN" if db.get_execution_options().get("reads") else "BEGIN IMMEDIATE")

    return made


@stamina.retry(on=sqlite3.OperationalError, attempts=20, timeout=_BUSY_MS / 1000, wait_initial=0.01, wait_max=0.5)
def _write_ahead(raw: Any) -> None:
    """Of several that turn it on at once SQLite refuses some without waiting."""
    raw.execute("PRAGMA journal_mode=WAL")


def _decided(query: sa.Select[Any], kind: str, text: str) -> sa.Select[Any]:
    table = schema.decisions
    query = query.where(table.c.kind == kind)
    if text := text.strip():
        looked = (table.c.subject, table.c.reason, table.c.decided_by, table.c.approved_by)
        query = query.where(sa.or_(*(column.icontains(text, autoescape=True) for column in looked)))
    return query


def _drop(db: Connection, subject: str) -> dict[str, Any] | None:
    table = schema.decisions
    found = db.execute(sa.select(table).where(table.c.subject == subject)).mappings().first()
    if found is None:
        return None
    db.execute(table.delete().where(table.c.subject == subject))
    return {k: str(v) for k, v in found.items() if v not in (None, "") and k != "subject"}


def _record(db: Connection, entry: Entry) -> None:
    """Add a line to the audit log, or refuse the whole transaction: who may not cause it has done nothing."""
    access.need_for(entry.action)
    db.execute(schema.audit.insert().values(**entry.model_dump(), at=now()))


def _event(finding_id: str, finding: Mapping[str, Any], what: str, at: dt.datetime) -> dict[str, Any]:
    amount, currency = finding.get("amount_at_stake"), finding.get("currency")
    known = {"finding_id": finding_id, "check": finding["check"], "event": what, "at": at}
    return known | {"amount": amount, "currency": currency}


def _cell(value: Any) -> str:
    text = value.isoformat() if isinstance(value, dt.datetime) else schema.text(value)
    return "'" + text if text.startswith(_FORMULA) else text
