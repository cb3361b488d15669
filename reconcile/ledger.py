"""What was sent to vendors: one row for each wish, claimed before the call and settled after it.

The row's key is the lock that keeps two tabs, workers or machines from sending the same. A claim is held by a process
and a lease that is renewed while it lives; a claim whose process died is taken over, and if a request may have gone out
under it, the new holder has to look before it sends.
"""

import datetime as dt
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping
from sqlalchemy.dialects.postgresql import insert

from reconcile import process, schema
from reconcile.state import Entry, State, now

LEASE = dt.timedelta(seconds=60)
BEAT = 10.0  # seconds between renewals; several may fail before a lease ends

Stand = Literal["planned", "sending", "done", "refused", "doubt"]
_table = schema.ledger


class Busy(Exception):
    """Somebody else is sending the same right now."""


class Lost(Exception):
    """The claim was taken over meanwhile: whoever holds it now settles it, we must not."""


class Claim(NamedTuple):
    """The right to send one wish. `look`: a request may have gone out unanswered, so look first."""

    key: str
    turn: int
    look: bool
    answer: dict[str, Any] | None  # set when it is done already: there is nothing to send
    tried: bool = False  # sending was begun before, and may have got half-way


class Ledger:
    """The ledger table, through the moves a wish can make."""

    def __init__(self, store: State) -> None:
        self.store = store

    def claim(
        self, key: str, *, action: str, vendor: str, request: Mapping[str, Any], who: str, repeats: bool = False
    ) -> Claim:
        """Return the claim of a wish, made now or taken over. Busy while somebody alive holds it.

        `repeats`: the wish may be granted again after it was done, since doing it twice changes nothing.
        """
        values = {"action": action, "vendor": vendor, "request": dict(request), "who": who}
        with self.store.write() as db:
            moment = _moment(db)
            held = {"owner": process.me(), **_lease(moment)}
            row = db.execute(sa.select(_table).where(_table.c.key == key).with_for_update()).mappings().first()
            if row is None:
                made = _insert(db, key=key, state="planned", planned_at=moment, **values, **held)
                if not made:
                    raise Busy(key)
                return Claim(key, 1, look=False, answer=None)
            if row["state"] == "done" and not repeats:
                return Claim(key, row["turn"], look=False, answer=row["answer"] or {})
            if _held(row, moment):
                raise Busy(key)
            look = row["state"] in ("sending", "doubt")
            turn = row["turn"] + 1
            state = "doubt" if look else "planned"
            db.execute(_table.update().where(_table.c.key == key).values(state=state, turn=turn, **values, **held))
            return Claim(key, turn, look, answer=None, tried=row["tries"] > 0)

    def sending(self, claim: Claim) -> None:
        """Say that the request goes out now. Lost if the claim was taken over: then it must not."""
        with self.store.write() as db:
            moment = _moment(db)
            values = {"state": "sending", "sent_at": moment, "tries": _table.c.tries + 1}
            self._move(db, claim, **values, **_lease(moment))

    def settle(self, claim: Claim, state: Stand, entry: Entry, error: str | None = None) -> None:
        """Say how it ended and add the line to the audit log, both or neither. Lost if the claim was taken over.

        Where everything was so already, nothing was done and nothing is logged.
        """
        with self.store.write() as db:
            values: dict[str, Any] = {"state": state, "error": error, "owner": None, "ended_at": _moment(db)}
            if state == "done":
                values["answer"] = entry.answer
            self._move(db, claim, **values)
            if entry.outcome != "nothing":
                db.execute(schema.audit.insert().values(**entry.model_dump(), at=now()))

    def resolve(self, key: str, was_done: bool, who: str) -> None:
        """Say, as a person who looked, whether a doubtful wish was done. ValueError if it is not in doubt."""
        with self.store.write() as db:
            doubtful = sa.and_(_table.c.key == key, _table.c.state == "doubt", _table.c.owner.is_(None))
            values = {"state": "done", "answer": {}} if was_done else {"state": "planned", "error": None}
            row = db.execute(sa.select(_table).where(doubtful)).mappings().first()
            if row is None:
                raise ValueError(f"{key} is not in doubt")
            db.execute(_table.update().where(doubtful).values(turn=_table.c.turn + 1, **values))
            entry = Entry(who=who, action="resolve", outcome="done" if was_done else "planned", key=key,
                          vendor=row["vendor"], says="A person looked whether it was done.")  # fmt: skip
            db.execute(schema.audit.insert().values(**entry.model_dump(), at=now()))

    def row(self, key: str) -> dict[str, Any] | None:
        """Return the row of a wish."""
        with self.store.read() as db:
            found = db.execute(sa.select(_table).where(_table.c.key == key)).mappings().first()
        return dict(found) if found else None

    def rows(self, state: str | None = None, limit: int = 200) -> list[dict[str, Any]]:
        """Return wishes, newest first, of one state or of all."""
        query = sa.select(_table).order_by(_table.c.planned_at.desc(), _table.c.key).limit(limit)
        with self.store.read() as db:
            found = db.execute(query.where(_table.c.state == state) if state else query).mappings()
            return [dict(row) for row in found]

    @contextmanager
    def beating(self, claim: Claim) -> Iterator[None]:
        """Renew the lease of a claim as long as the block runs."""
        stop = threading.Event()

        def beat() -> None:
            while not stop.wait(BEAT):
                try:
                    with self.store.write() as db:
                        self._move(db, claim, **_lease(_moment(db)))
                except Lost:
                    return
                except sa.exc.SQLAlchemyError:
                    continue  # the next beat may reach the database; the lease outlasts several

        thread = threading.Thread(target=beat, daemon=True, name=f"lease of {claim.key}")
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _move(self, db: Connection, claim: Claim, **values: Any) -> None:
        mine = sa.and_(_table.c.key == claim.key, _table.c.turn == claim.turn, _table.c.owner.is_not(None))
        if db.execute(_table.update().where(mine).values(**values)).rowcount != 1:
            raise Lost(claim.key)


def _insert(db: Connection, **values: Any) -> bool:
    """Insert the row of a wish; return False if another process was first."""
    if db.dialect.name == "sqlite":  # we hold the write lock: nobody can be first
        db.execute(_table.insert().values(values))
        return True
    made = insert(_table).values(values).on_conflict_do_nothing().returning(_table.c.key)
    return db.execute(made).first() is not None


def _held(row: RowMapping, moment: dt.datetime) -> bool:
    """Return whether somebody alive holds the claim of a row."""
    if row["owner"] is None:
        return False
    alive = process.lives(row["owner"])
    if alive is None:
        return bool(row["lease_until"] > moment)
    # The ticks are the same for all processes since the machine started, whatever happens to the clock on the wall.
    return alive and row["lease_ticks"] > time.monotonic()


def _lease(moment: dt.datetime) -> dict[str, Any]:
    return {"lease_until": moment + LEASE, "lease_ticks": time.monotonic() + LEASE.total_seconds()}


def _moment(db: Connection) -> dt.datetime:
    """Return this instant by the database's clock, which all machines that share it share too."""
    if db.dialect.name == "sqlite":
        return now()
    found: dt.datetime = db.execute(sa.text("SELECT clock_timestamp()")).scalar_one()
    return found.astimezone(dt.UTC)
