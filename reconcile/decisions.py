"""Decisions about pairs as pages and commands make them: what may be allocated, and what the rules had proposed.

A decision keeps the rule, the status and the evidence that the pair had when the person spoke: how often the product is
right is counted from that (`quality.own`). Amounts never exceed the payment nor the invoice.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from reconcile.action import Sentence
from reconcile.run import WAREHOUSE
from reconcile.state import Decision, State, state

# The pairs that a person can make: what stands on the left, what on the right.
PAIRS = (
    ("deals", "invoices"), ("payments", "invoices"), ("payments", "deals"), ("payments", "payouts"),
    ("payments", "payments"), ("customers", "customers"), ("customers", "invoices"),
)  # fmt: skip
ALLOCATED = ("payments", "invoices")  # the pair whose amounts must add up
Key = tuple[str, str, str]  # table, vendor, id


class NotAllowed(Exception):
    """A pair cannot be decided so. `says` tells a person why and what to do."""

    def __init__(self, text: str, **values: str) -> None:
        self.says = Sentence(text=text, values=values)
        super().__init__(text.format(**values))


class Room(NamedTuple):
    """What of a payment or an invoice no person has allocated yet, in `currency`."""

    called: str
    whole: Decimal
    left: Decimal
    currency: str


def pair(left: Key, right: Key, verdict: str, amount: Decimal | None = None, currency: str | None = None) -> Decision:
    """Return a decision about two rows. NotAllowed where rows of these tables cannot be linked."""
    if (left[0], right[0]) not in PAIRS:
        raise NotAllowed("{left} and {right} cannot be linked: choose a deal or a payment and its invoice.",
                         left=left[0], right=right[0])  # fmt: skip
    sides = {
        f"{side}_{part}": value
        for side, key in (("left", left), ("right", right))
        for part, value in zip(("table", "vendor", "id"), key, strict=True)
    }
    said = {"kind": "link", "verdict": verdict, "amount": amount, "currency": currency}
    return Decision.model_validate(said | sides)


def decide(data: Path, decisions: Sequence[Decision], who: str) -> list[Decision]:
    """Keep decisions about pairs, all or none, and return them with what had been proposed.

    NotAllowed where a row does not exist, or where more would be allocated than a payment or an invoice holds.
    """
    store = state(data)
    with duckdb.connect(str(data / WAREHOUSE), read_only=True) as db:
        full = [_with_proposal(db, store, decision) for decision in decisions]
        _refuse(db, store, full)
    store.decide_all(full, who)
    return full


def room(data: Path, vendor: str, id: str) -> Room:
    """Return what persons left of a payment. NotAllowed where there is no such payment."""
    with duckdb.connect(str(data / WAREHOUSE), read_only=True) as db:
        return _room(db, ("payments", vendor, id), state(data).decisions(), frozenset())


def _with_proposal(db: duckdb.DuckDBPyConnection, store: State, decision: Decision) -> Decision:
    """Return the decision with what the rules say of the pair, or said before a person spoke first."""
    said = store.decision(decision.subject)
    if said and said["rule"]:
        proposed = {name: said[name] for name in ("rule", "was", "evidence")}
        return decision.model_copy(update=proposed)
    found = db.execute(
        "SELECT rule, status, evidence FROM links WHERE left_table = ? AND left_vendor = ? AND left_id = ? "
        "AND right_table = ? AND right_vendor = ? AND right_id = ? AND status IN ('automatic', 'suggested')",
        [*_left(decision), *_right(decision)],
    ).fetchone()
    return decision.model_copy(update=dict(zip(("rule", "was", "evidence"), found, strict=True))) if found else decision


def _refuse(db: duckdb.DuckDBPyConnection, store: State, decisions: Sequence[Decision]) -> None:
    """Raise NotAllowed where the decisions cannot stand together with what was decided before."""
    for key in {key for d in decisions for key in (_left(d), _right(d))}:
        if not db.execute(f"SELECT 1 FROM {key[0]} WHERE vendor = ? AND id = ?", key[1:]).fetchone():
            raise NotAllowed("There is no record {id} of {vendor}: it may have been deleted.", id=key[2], vendor=key[1])
    given = [d for d in decisions if _allocates(d)]
    if any(d.amount is not None and d.amount == 0 for d in given):
        raise NotAllowed("An amount of 0 links nothing: leave the line out.")
    said, ours = store.decisions(), frozenset(d.subject for d in decisions)
    for key in {_left(d) for d in given}:
        _fits(_room(db, key, said, ours), [d for d in given if _left(d) == key])
    seen = [d for d in given if not _recorded(db, d)]
    for key in {_right(d) for d in seen}:
        _fits(_room(db, key, said, ours), [d for d in seen if _right(d) == key])


def _fits(room: Room, decisions: Sequence[Decision]) -> None:
    """Raise NotAllowed where decisions take more than there is room for. Other currencies cannot be compared."""
    wanted = sum((d.amount for d in decisions if d.amount is not None and d.currency == room.currency), Decimal(0))
    way = -1 if room.whole < 0 else 1  # money going back is below 0 on both sides
    if way * wanted > max(way * room.left, Decimal(0)):
        raise NotAllowed("{called}: only {left} is left to allocate, not {wanted}. Lower an amount or undo a decision.",
                         called=room.called, left=f"{room.left:.2f} {room.currency}",
                         wanted=f"{wanted:.2f} {room.currency}")  # fmt: skip


def _room(db: duckdb.DuckDBPyConnection, key: Key, said: Iterable[Mapping[str, Any]], without: frozenset[str]) -> Room:
    """Return what is left of a payment or an invoice by what persons said, leaving out the subjects `without`.

    What billing recorded and the bank line of it are one money seen twice: each view may fill the invoice once.
    """
    table, vendor, id = key
    whole, called = ("amount", "coalesce(reference, payer_name, id)") if table == "payments" else ("gross", "number")
    found = db.execute(
        f"SELECT {called}, {whole}, currency FROM {table} WHERE vendor = ? AND id = ?", [vendor, id]
    ).fetchone()
    if found is None:
        raise NotAllowed("There is no record {id} of {vendor}: it may have been deleted.", id=id, vendor=vendor)
    side = "left" if table == "payments" else "right"
    taken = Decimal(0)
    for one in said:
        mine = (one[f"{side}_table"], one[f"{side}_vendor"], one[f"{side}_id"]) == key
        if mine and one["verdict"] == "confirmed" and one["amount"] and one["currency"] == found[2]:
            decision = Decision.model_validate({n: one[n] for n in Decision.model_fields})
            seen = table == "payments" or not _recorded(db, decision)
            if _allocates(decision) and decision.subject not in without and seen:
                taken += one["amount"]
    return Room(str(found[0] or id), found[1], found[1] - taken, found[2])


def _recorded(db: duckdb.DuckDBPyConnection, decision: Decision) -> bool:
    found = db.execute("SELECT method FROM payments WHERE vendor = ? AND id = ?", _left(decision)[1:]).fetchone()
    return bool(found and found[0] == "recorded")


def _allocates(decision: Decision) -> bool:
    return decision.verdict == "confirmed" and (decision.left_table, decision.right_table) == ALLOCATED


def _left(decision: Decision) -> Key:
    return decision.left_table or "", decision.left_vendor or "", decision.left_id or ""


def _right(decision: Decision) -> Key:
    return decision.right_table or "", decision.right_vendor or "", decision.right_id or ""
