"""Who may do what: the rights, the roles that have them, and who is acting now.

Whatever changes something asks `need` where it does it, so that no page can forget to. Commands, schedules and web
hooks act as the program, which may do everything; whoever looks at a page acts as the person who signed in there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

import structlog

if TYPE_CHECKING:  # saving settings asks here first
    from reconcile.settings import Access, Role

Right = Literal["comment", "decide", "refresh", "write", "approve", "administer"]
P = ParamSpec("P")
T = TypeVar("T")

_WORKS: frozenset[Right] = frozenset({"comment", "decide", "refresh", "write"})
RIGHTS: dict[Role | Literal[""], frozenset[Right]] = {
    "viewer": frozenset(),
    "salesperson": frozenset({"comment"}),  # and sees nothing but their own deals
    "operator": _WORKS,
    "approver": _WORKS | {"approve"},
    "admin": _WORKS | {"approve", "administer"},
}

# What an operator may write: drafts, and what our own people see. The rest leaves the house or cannot be taken back.
DRAFTS = frozenset({"create_customer", "create_invoice", "update_deal", "update_customer", "create_task",
                    "create_note", "sync_customer", "sync_product", "create_product", "update_line",
                    "create_quote", "update_quote", "sync_quote", "create_order"})  # fmt: skip

# The right that a line of the audit log takes, where a page may cause it; any other line takes `decide`.
LOGGED: dict[str, Right] = {
    "comment": "comment",
    "connect": "administer",
    "keep_credentials": "administer",
    "forget_credentials": "administer",
    "switch_rules": "administer",
    "switch_automation": "administer",
    "change_settings": "administer",
    "change_reminders": "administer",
    "change_letter": "administer",
    "change_access": "administer",
    "allow_writing": "administer",
    "change_assumptions": "administer",
}
log = structlog.get_logger("cuadra.access")


@dataclass(frozen=True)
class Person:
    """Who acts. `role` is empty for somebody who may not even look; `emails` are what the CRM may know them by."""

    name: str
    role: Role | Literal[""]
    emails: tuple[str, ...] = ()

    def may(self, right: Right) -> bool:
        """Return whether this person has a right."""
        return right in RIGHTS.get(self.role, ())

    @property
    def sees_all(self) -> bool:
        """Return whether this person sees more than what is their own."""
        return bool(self.role) and self.role != "salesperson"


PROGRAM = Person("", "admin")


class Forbidden(Exception):
    """Somebody tried what their role does not allow. Nothing was done."""

    def __init__(self, person: Person, right: Right) -> None:
        super().__init__(f"{person.name or 'nobody'} ({person.role or 'no role'}) has no right to {right}")
        self.person, self.right = person, right


def choose_by(chooser: Callable[[], Person | None]) -> None:
    """Let `chooser` say who looks at the page that the calling thread draws; None where it draws none."""
    global _chooser
    _chooser = chooser


def _no_page() -> Person | None:
    return None


_chooser: Callable[[], Person | None] = _no_page
_chosen: ContextVar[Person | None] = ContextVar("acting", default=None)


def acting() -> Person:
    """Return who acts in this thread."""
    return _chosen.get() or _chooser() or PROGRAM


@contextmanager
def acting_as(person: Person) -> Iterator[None]:
    """Let a person act in this thread for a while."""
    token = _chosen.set(person)
    try:
        yield
    finally:
        _chosen.reset(token)


def carried(job: Callable[P, T]) -> Callable[P, T]:
    """Return `job` as it may be run in another thread: there too whoever acts now is acting."""
    person = acting()

    @wraps(job)
    def run(*args: P.args, **named: P.kwargs) -> T:
        with acting_as(person):
            return job(*args, **named)

    return run


def as_program(right: Right) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a job be begun by whoever has a right, and do as the program what belongs to it."""

    def guarded(job: Callable[P, T]) -> Callable[P, T]:
        @wraps(job)
        def run(*args: P.args, **named: P.kwargs) -> T:
            need(right)
            with acting_as(PROGRAM):
                return job(*args, **named)

        return run

    return guarded


def need(right: Right) -> None:
    """Go on only if whoever acts has the right; Forbidden otherwise."""
    person = acting()
    if not person.may(right):
        log.warning("forbidden", who=person.name, role=person.role, right=right)
        raise Forbidden(person, right)


def need_for(action: str) -> None:
    """Go on only if whoever acts may cause such a line of the audit log."""
    need(LOGGED.get(action, "decide"))


def to_write(actions: Iterable[str]) -> tuple[Right, ...]:
    """Return the rights that it takes to have these actions carried out."""
    return ("write",) if DRAFTS.issuperset(actions) else ("write", "approve")


def need_to_write(actions: Iterable[str]) -> None:
    """Go on only if whoever acts may have these actions carried out."""
    for right in to_write(actions):
        need(right)


def role_of(access: Access, claims: Mapping[str, Any]) -> Role | Literal[""]:
    """Return the role of somebody by what the provider says of them; empty where nobody gave them one.

    What is said of the e-mail address goes before a claim, and a claim before the domain. Of several claims the one
    with most rights counts. An address that the provider calls unverified is none.
    """
    email = address(claims)
    if email in access.people:
        return access.people[email]
    held = [role for wanted, role in access.claims.items() if _says(claims, wanted)]
    if held:
        return max(held, key=lambda role: (len(RIGHTS[role]), role))
    return access.domains.get(email.rpartition("@")[2], "") if email else ""


def address(claims: Mapping[str, Any]) -> str:
    """Return the e-mail address that the provider vouches for, in lower case; empty where there is none."""
    if claims.get("email_verified") in (False, "false"):
        return ""
    return str(claims.get("email") or "").strip().lower()


def _says(claims: Mapping[str, Any], wanted: str) -> bool:
    name, _equal, value = wanted.partition("=")
    said = claims.get(name.strip())
    held = said if isinstance(said, list | tuple) else [said]
    return value.strip() in [str(one) for one in held if one is not None]
