"""Findings and fixes as the command line starts them: findings by id, what would be sent, sending exactly that."""

from collections.abc import Sequence
from pathlib import Path

from dashboard.read import NoWarehouse, Row, findings
from reconcile import workflows
from reconcile.action import Outcome, Plan
from reconcile.facts import Ambiguous
from reconcile.settings import SettingsError


class NoFix(Exception):
    """A finding does not exist, or nothing can be sent for it; the text says which and why."""


STATES = ("open", "unchecked", "agreed", "snoozed", "fixed")
ALL = 10_000_000  # a program wants every finding, not a page of them


def listed(data: Path, check: str = "", severity: str = "", state: str = "open") -> list[Row]:
    """Return findings, largest first. NoFix where nothing was reconciled yet or the state is none."""
    if state not in (*STATES, "all"):
        raise NoFix(f"state {state!r}: say {', '.join(STATES)} or all")
    wanted = findings.Wanted(
        checks=(check,) if check else (),
        severities=(severity,) if severity else (),
        states=STATES if state == "all" else (state,),
    )
    try:
        return findings.page(data, wanted, 1, ALL)
    except NoWarehouse as error:
        raise NoFix("nothing was reconciled yet: `cuadra sync` or `cuadra import FILE` first") from error


def offers(data: Path, ids: Sequence[str], billing: str = "") -> list[Plan]:
    """Return what would be sent to mend these findings, in order. NoFix where there is nothing to send.

    `billing` is the account that invoices are made in, where several are connected.
    """
    wanted = []
    rows = listed(data)
    for given in ids:
        found = [r["id"] for r in rows if r["id"].startswith(given)]
        if len(found) != 1:
            raise NoFix(f"{given}: {'no open finding begins so' if not found else f'{len(found)} findings begin so'}")
        wanted += found
    try:
        plans = workflows.fix(data, wanted, {"billing": billing} if billing else {})
    except Ambiguous as error:
        said = " or ".join(f"--billing {name}" for name in error.among)
        raise NoFix(f"several billing accounts are connected: say {said}") from error
    except SettingsError as error:
        raise NoFix(str(error)) from error
    if not plans:
        raise NoFix("nothing can be sent for this: see the page of the deal for what a person can do")
    return plans


def send(data: Path, plans: Sequence[Plan], who: str) -> list[Outcome]:
    """Send exactly these plans and wait for their outcomes."""
    try:
        return workflows.settle(data, plans, who)
    finally:
        workflows.shutdown()
