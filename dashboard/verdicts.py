"""Decisions about pairs as the command line makes and counts them."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from dashboard.read import ready
from reconcile import decisions
from reconcile import quality as measures
from reconcile.state import state


class Wrong(Exception):
    """A pair was named wrongly, or may not be decided so; the text says what to do."""


def from_command(data: Path, left: str, right: str, verdict: str, amount: str = "") -> dict[str, Any]:
    """Keep what somebody said about a pair named as table:vendor:id, and return it. Wrong where that is none.

    verdict: confirmed, rejected, or undo to forget what was said.
    """
    if not ready(data):
        raise Wrong("nothing was reconciled yet: `cuadra sync` or `cuadra import FILE` first")
    try:
        said = decisions.pair(_key(left), _key(right), "rejected" if verdict == "undo" else verdict)
        if verdict == "undo":
            if not state(data).undecide(said.subject, "command line"):
                raise Wrong(f"{left} and {right}: nothing was decided about them")
            return {"subject": said.subject, "verdict": "undone"}
        if amount:
            room = decisions.room(data, said.left_vendor or "", said.left_id or "")
            said = said.model_copy(update={"amount": _amount(amount), "currency": room.currency})
        (kept,) = decisions.decide(data, [said], "command line")
    except decisions.NotAllowed as error:
        raise Wrong(str(error)) from error
    return {"subject": kept.subject} | kept.model_dump(mode="json", include={"verdict", "amount", "currency", "rule"})


def _key(named: str) -> decisions.Key:
    parts = named.split(":", 2)
    if len(parts) != 3 or not all(parts):
        raise Wrong(f"{named!r}: write it like invoices:stripe:in_1 (what it is, whose, its id)")
    return parts[0], parts[1], parts[2]


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Wrong(f"{text!r} is not an amount; write it like 1250.50") from error


def quality(data: Path) -> dict[str, Any]:
    """Return how often rules were right by pair of tables, from the decisions that stand. Keys never change."""
    return measures.own(state(data).decisions()) if data.is_dir() else {}


def table(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the same as rows: a line for automatic, with suggested, each rule and each class of evidence."""
    rows = []
    for pair, told in found.items():
        for how in ("automatic", "with_suggested"):
            one = told[how]
            right = round((one["precision"] or 0) * one["links"])
            rows.append({"pair": pair, "what": how, "judged": one["links"], "confirmed": right,
                         "declined": one["links"] - right, "precision": _share(one["precision"]),
                         "recall": _share(one["recall"])})  # fmt: skip
        for kind in ("rule", "evidence"):
            rows += [{"pair": pair, "what": f"{kind}: {one[kind]}"} | one | {"precision": _share(one["precision"])}
                     for one in told[f"by_{kind}"]]  # fmt: skip
        money = [f"{m['currency']} {_share(m['recall_automatic'])}" for m in told["money"]]
        rows.append({"pair": pair, "what": "money found", "judged": None, "recall": ", ".join(money)})
    return rows


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"
