"""Views that people saved by name: which page, narrowed how. Everybody who opens this dashboard sees them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from reconcile import access, schema
from reconcile.state import Entry, State, now

LONGEST = 80  # characters of a name


class Taken(ValueError):
    """There is a view of this name; it is replaced only by who says so."""


class View(NamedTuple):
    """One saved view: the page and what stands in its address, by name."""

    name: str
    page: str
    query: dict[str, list[str]]
    made_by: str
    made_at: dt.datetime


def views(store: State, page: str = "") -> list[View]:
    """Return the saved views, of one page or of all, by name."""
    table = schema.saved_views
    query = sa.select(table).order_by(sa.func.lower(table.c.name), table.c.name)
    with store.read() as db:
        found = [View(**row) for row in db.execute(query).mappings()]
    return [view for view in found if page in ("", view.page)]


def keep(
    store: State, name: str, page: str, query: Mapping[str, Sequence[str]], who: str, *, replace: bool = False
) -> View:  # fmt: skip
    """Keep a view under its name. Taken where there is one of that name; ValueError where the name is none."""
    access.need_for("save_view")
    called = " ".join(name.split())
    if not called or len(called) > LONGEST:
        raise ValueError(f"a name has 1 to {LONGEST} characters")
    made = View(called, page, {key: list(values) for key, values in query.items()}, who, now())
    table = schema.saved_views
    try:
        with store.write() as db:
            held = db.execute(sa.select(table).where(table.c.name == called)).mappings().first()
            if held is not None and not replace:
                raise Taken(called)
            db.execute(table.delete().where(table.c.name == called))
            db.execute(table.insert().values(made._asdict()))
            before = {"page": held["page"], **held["query"]} if held else None
            entry = Entry(who=who, action="save_view", outcome="decided", subject=f"view:{called}", says=called,
                          before=before, after={"page": page, **made.query})  # fmt: skip
            db.execute(schema.audit.insert().values(**entry.model_dump(), at=made.made_at))
    except sa.exc.IntegrityError as error:  # another was first, in the moment between
        raise Taken(called) from error
    return made


def drop(store: State, name: str, who: str) -> bool:
    """Forget a view; return whether there was one."""
    access.need_for("delete_view")
    table = schema.saved_views
    with store.write() as db:
        held = db.execute(sa.select(table).where(table.c.name == name)).mappings().first()
        if held is None:
            return False
        db.execute(table.delete().where(table.c.name == name))
        entry = Entry(who=who, action="delete_view", outcome="decided", subject=f"view:{name}", says=name,
                      before={"page": held["page"], **held["query"]})  # fmt: skip
        db.execute(schema.audit.insert().values(**entry.model_dump(), at=now()))
    return True
