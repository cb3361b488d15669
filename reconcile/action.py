"""A fix: what exactly would be sent (plan), whether it was done already (find), doing it (send), and doing it once.

An action is one file in `reconcile/actions/`, named like the action. `plan` reads the warehouse and changes nothing;
the page shows exactly what it returned, and exactly that is performed.
"""

import datetime as dt
import importlib
import pkgutil
import string
import time
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, ClassVar, Literal
from urllib.parse import quote, unquote

from pydantic import BaseModel, ConfigDict, SerializeAsAny

from extract.model import CustomerDraft, InvoiceDraft, NoteDraft, OrderDraft, ProductDraft, QuoteDraft, TaskDraft
from extract.vendor import Refused, VendorError
from reconcile.ledger import Busy, Claim, Ledger, Lost, Stand
from reconcile.mail import MailDraft
from reconcile.state import Entry, State

OutcomeState = Literal["done", "found", "nothing", "refused", "later", "doubt", "busy", "waiting"]
Others = Callable[[str], Any]  # a connection's vendor or the mailer by its name; None where it is not connected
_KEPT = string.punctuation.replace("%", "")  # characters of an id that a list shows as they are
_POLL = 0.2  # seconds between looks at a claim that somebody else holds


class Part(BaseModel):
    """A part of a plan: plain data that a page can show and a workflow can keep."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Sentence(Part):
    """Words for people: a text that can be translated, and the values that go into it."""

    text: str
    values: dict[str, str] = {}

    def __str__(self) -> str:
        return self.text.format(**self.values)


class Subject(Part):
    """A row of a canonical table."""

    table: str
    vendor: str
    id: str

    def __str__(self) -> str:
        return f"{self.table}:{self.vendor}:{self.id}"


class Change(Part):
    """One field of what is sent: its value now (None: not there, or not known before the fix) and after."""

    field: str
    before: str | None = None
    after: str | None = None


class Caution(Part):
    """Something a person should know before confirming; it does not stop them."""

    code: str
    says: Sentence


class Need(Part):
    """A value without which nothing may be sent; `name` is the keyword to give it to `plan` under."""

    name: str
    says: Sentence
    value: str | None = None  # what is there now, when it is there and wrong
    options: dict[str, str] = {}  # value → what it is called, where one of a few has to be picked


class Choice(Part):
    """Another way that a person may pick, by giving `value` under `name`, best first."""

    name: str
    value: str
    says: Sentence


class Plan(Part):
    """What one action would send, as data. Its key comes from the content: the same wish is the same key, always."""

    key: str
    chain: str  # plans of one chain run in order; the first that is refused ends it
    action: str
    says: Sentence
    vendor: str  # connection that is written to
    subject: Subject
    draft: (
        SerializeAsAny[
            CustomerDraft | ProductDraft | QuoteDraft | OrderDraft | InvoiceDraft | TaskDraft | NoteDraft | MailDraft
        ]
        | None
    ) = None
    data: dict[str, str] = {}
    # data or draft field → (key of an earlier plan of the chain, field of its answer): known only once that is done
    takes: dict[str, tuple[str, str]] = {}
    preview: tuple[Change, ...] = ()
    findings: tuple[str, ...] = ()
    cautions: tuple[Caution, ...] = ()
    needs: tuple[Need, ...] = ()
    choices: tuple[Choice, ...] = ()
    offers: tuple[Need, ...] = ()  # what a person may give in place of what is planned; nothing waits for it

    @property
    def is_ready(self) -> bool:
        """Whether nothing is missing."""
        return not self.needs

    @property
    def does(self) -> tuple[str, ...]:
        """The actions that it takes the rights of: making an invoice where there are no drafts issues it too."""
        return (self.action, "issue_invoice") if self.data.get("issues") else (self.action,)


def listed(names: Iterable[str]) -> str:
    """Return names as one value of a plan's data; ids of files may hold spaces."""
    return " ".join(quote(name, safe=_KEPT) for name in names)


def unlisted(text: str) -> list[str]:
    """Return the names that `listed` made a text of."""
    return [unquote(name) for name in text.split()]


class Answer(Part):
    """What came of a plan: what the vendor said, and the fields it changed."""

    data: dict[str, Any] = {}
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    nothing: bool = False  # everything was so already: no request was sent


class Outcome(Part):
    """How performing a plan ended.

    done · found: it had been done before · nothing: all was so already · refused: a no, mend it and send again · later:
    nothing was sent since the vendor was out of reach · doubt: nobody knows yet · busy: somebody else is at it ·
    waiting: nothing was sent, somebody has to agree first.
    """

    key: str
    action: str
    state: OutcomeState
    data: dict[str, Any] = {}
    error: str = ""

    @property
    def is_done(self) -> bool:
        """Whether the world is now as the plan wanted it."""
        return self.state in ("done", "found", "nothing")

    @property
    def may_pass(self) -> bool:
        """Whether the same may go well in a while, with nothing mended."""
        return self.state in ("later", "doubt", "busy")


class Action:
    """The base of all fixes. `vendor` is the connection's Vendor, or the mailer."""

    title: ClassVar[str] = ""
    looks_first: ClassVar[bool] = True  # ask the vendor before the first sending too: it may have been done by hand
    repeats: ClassVar[bool] = False  # sending twice changes nothing: a wish granted once may be granted again
    settles: ClassVar[float] = 0.0  # seconds after a doubt before "it is not there" can be believed

    def key(self, plan: Plan) -> str:
        """Return the key of a plan whose `takes` are filled in."""
        return plan.key

    def marks(self, plan: Plan) -> tuple[str, ...]:
        """Return what may happen once, whichever wish it is part of: of two wishes that share one, one is refused."""
        return ()

    def prepared(self, plan: Plan, vendor: Any, store: State, other: Others) -> Plan:
        """Return the plan with what is known only at the moment of sending, such as the next number of a series.

        `other` gives a second connection to read from. Called before `find`, again at each try.
        """
        return plan

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return what is there already, or None. Reads only."""
        return None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Do it, once. Raises Refused on a no, Unsure on a doubt."""
        raise AttributeError(f"{type(self).__name__} cannot be sent")

    def complete(self, plan: Plan, vendor: Any) -> None:
        """Do what a sending that broke off may have left undone, after it was found. May run twice."""

    def finish(self, plan: Plan, answer: Answer, store: State) -> None:
        """Remember in the state store what others ask for, e.g. that a reminder was sent. May run twice."""


@cache
def registry() -> dict[str, Any]:
    """Return one instance of each action, by the name of its file. Each has a `plan` of its own making."""
    import reconcile.actions

    found = {}
    for module in pkgutil.iter_modules(reconcile.actions.__path__):
        loaded = importlib.import_module(f"reconcile.actions.{module.name}")
        made = [c for c in vars(loaded).values() if isinstance(c, type) and issubclass(c, Action)]
        found[module.name] = next(c for c in made if c.__module__ == loaded.__name__)()
    return found


def _action(plan: Plan) -> Action:
    found: Action = registry()[plan.action]
    return found


def filled(plan: Plan, answers: Mapping[str, Mapping[str, Any]]) -> Plan:
    """Return the plan with what earlier plans of its chain answered filled in. LookupError where that is not known."""
    given: dict[str, str] = {}
    for name, (key, field) in plan.takes.items():
        value = answers.get(key, {}).get(field)
        if not value:
            raise LookupError(f"{plan.action}: {name} is not known, since {key} gave no {field}")
        given[name] = str(value)
    if not given:
        return plan
    draft = plan.draft
    if draft is not None:
        draft = draft.model_copy(update={k: v for k, v in given.items() if k in type(draft).model_fields})
    made = plan.model_copy(update={"draft": draft, "data": plan.data | given})
    return made.model_copy(update={"key": _action(plan).key(made)})


def perform(
    plan: Plan, vendor: Any, store: State, who: str, wait: float = 0.0, other: Others = lambda name: None
) -> Outcome:
    """Do what a plan says, once, whoever else tries the same, and say how it ended.

    `wait`: seconds to wait for somebody else who is sending the same; `other`: connections that are read from beside
    `vendor`. A vendor's no or doubt is an outcome, not an error; our own mistakes raise and leave the wish in doubt if
    a request may have gone out.
    """
    if plan.needs:
        missing = ", ".join(need.name for need in plan.needs)
        return _outcome(plan, "refused", error=f"{plan.action}: missing or invalid: {missing}; nothing was sent")
    ledger, action = Ledger(store), _action(plan)
    deadline = time.monotonic() + wait
    while True:
        try:
            claim = _claim(ledger, plan, action, who)
            break
        except Busy:
            if time.monotonic() >= deadline:
                return _outcome(plan, "busy", error="somebody else is doing the same right now")
            time.sleep(_POLL)
    if claim.answer is not None:
        return _outcome(plan, "found", data=claim.answer)
    with ledger.beating(claim):
        try:
            return _once(plan, action, vendor, store, ledger, claim, who, other)
        except Lost:
            return _outcome(plan, "busy", error="somebody else took this over while we were held up")


def _claim(ledger: Ledger, plan: Plan, action: Action, who: str) -> Claim:
    request = plan.model_dump(mode="json", include={"action", "vendor", "subject", "draft", "data"})
    return ledger.claim(
        plan.key, action=plan.action, vendor=plan.vendor, request=request, who=who, repeats=action.repeats
    )


def _once(
    plan: Plan, action: Action, vendor: Any, store: State, ledger: Ledger, claim: Claim, who: str, other: Others
) -> Outcome:
    """Look where that is due, send if it is not there, and settle the claim whatever happens."""
    look, sent = claim.look, False  # look: an earlier request may have gone out; sent: ours may have
    ends: dict[OutcomeState, Stand] = {"done": "done", "found": "done", "nothing": "done", "refused": "refused",
                                        "later": "planned", "doubt": "doubt"}  # fmt: skip

    def settled(state: OutcomeState, answer: Answer | None = None, error: str = "") -> Outcome:
        if state == "refused":
            store.release(plan.key)
        done, data = answer or Answer(), (answer.data if answer else {})
        if answer is not None:
            action.finish(plan, answer, store)
        entry = Entry(
            who=who, action=plan.action, outcome=state, vendor=plan.vendor, subject=str(plan.subject), key=plan.key,
            says=str(plan.says), before=done.before or None, after=done.after or None,
            answer=data or ({"error": error} if error else None),
        )  # fmt: skip
        ledger.settle(claim, ends[state], entry, error or None)
        return _outcome(plan, state, data=data, error=error)

    try:
        plan = action.prepared(plan, vendor, store, other)
        if claim.look or action.looks_first:
            found = action.find(plan, vendor)
            if found is not None:
                if claim.tried:
                    action.complete(plan, vendor)
                return settled("found", found)
        if claim.look and (left := _unsettled(action, vendor, ledger, plan.key)) > 0:
            return settled("doubt", error=f"not there yet; it is too early to be sure: look again in {left:.0f} s")
        if not store.reserve(action.marks(plan), plan.key):
            return settled("refused", error="part of this was sent already with something else; make the preview anew")
        ledger.sending(claim)
        look, sent = False, True
        answer = action.send(plan, vendor)
        return settled("nothing" if answer.nothing else "done", answer)
    except Refused as no:
        if look:  # a no to looking says nothing about the request that nobody answered
            return settled("doubt", error=str(no))
        return settled("later" if _passes(no) else "refused", error=str(no))
    except VendorError as error:
        return settled("doubt" if look or sent else "later", error=str(error))
    except Lost:
        raise
    except BaseException as mistake:
        entry = Entry(who=who, action=plan.action, outcome="mistake", vendor=plan.vendor, subject=str(plan.subject),
                      key=plan.key, says=str(plan.says), answer={"error": repr(mistake)})  # fmt: skip
        ledger.settle(claim, "doubt" if look or sent else "planned", entry, repr(mistake))
        raise


def _passes(no: Refused) -> bool:
    """Return whether a no is of the moment: nothing was sent, too many requests, or the object was locked."""
    return no.status in (None, 409, 423, 429)


def _unsettled(action: Action, vendor: Any, ledger: Ledger, key: str) -> float:
    """Return the seconds until the vendor's silence about a doubtful request means that it was not done."""
    row = ledger.row(key)
    if not row or row["sent_at"] is None:
        return 0.0
    gone = (dt.datetime.now(dt.UTC) - row["sent_at"]).total_seconds()
    return max(action.settles, getattr(vendor, "settles", 0.0)) - max(
        0.0, gone
    )  # less than none: the clock was put back since


def _outcome(plan: Plan, state: OutcomeState, data: Mapping[str, Any] | None = None, error: str = "") -> Outcome:
    return Outcome(key=plan.key, action=plan.action, state=state, data=dict(data or {}), error=error)
