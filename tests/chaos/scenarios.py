"""What may be killed: chains by a click, a flow by itself, records kept equal on both sides, the archive.

Each scenario says what is changed in the company before it is read, what one press does in a process of its own, and
what of the data folder counts beside the company's books. A press that is repeated goes on where the last one died.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import httpx

from reconcile import guided, settings, workflows
from reconcile.action import Plan
from reconcile.archive import kept
from reconcile.archive import run as archives
from reconcile.archive.work import work
from reconcile.automations.switch import switch, switched
from reconcile.automations.turn import turn
from reconcile.fieldmap import FieldChoice, Sync, Syncs
from reconcile.settings import Automation
from reconcile.state import state

FLOW, CAP = "deal_to_invoice", 2  # what the flow does by itself, and how many of it
PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
PHONES = {"crm": "+34 600 000 001", "billing": "+34 600 000 002"}
PAIRS, PLANS = "pairs.json", "plans.json"  # kept beside the data: who is changed, and what is pressed
CLICKED = ("won_not_invoiced", "paid_not_in_crm", "overdue")


class Pressed(NamedTuple):
    """How a press ended."""

    done: bool
    states: list[str]


class Scenario(NamedTuple):
    """One of them. `press` gets the data folder and the plans, `kept` says what counts in the folder."""

    press: Callable[[Path, list[Plan]], Pressed]
    plans: Callable[[Path], list[Plan]]
    kept: Callable[[Path], Any]
    is_ordered: bool = True  # whether chains take numbers in one order only


def prepare(data: Path, url: str, smtp: int) -> None:
    """Make the data folder that every run begins with: read, changed on both sides, read again."""
    guided.prepare(data, url, smtp)
    known = settings.load(data)
    sync = Syncs(customers=Sync(fields={"phone": FieldChoice(owner="either")}))
    archive = known.archive.model_copy(update={"crm": True, "accounting": "books@example.com"})
    settings.save(known.model_copy(update={"sync": sync, "archive": archive}), data)
    guided.look_again(data)
    (data / PAIRS).write_text(json.dumps(_pairs(data)))
    change(data, url)
    guided.look_again(data)
    plans = {name: [p.model_dump(mode="json") for p in one.plans(data)] for name, one in SCENARIOS.items()}
    (data / PLANS).write_text(json.dumps(plans))
    workflows.launch(data)  # makes the engine's database, which every run takes over
    workflows.shutdown()


def change(data: Path, url: str) -> None:
    """Change a telephone number in the CRM and another one in billing: each is to go to the other side."""
    (company, _), (_, customer) = json.loads((data / PAIRS).read_text())
    answers = (
        httpx.post(f"{url}/sandbox/companies/{company}", json={"phone": PHONES["crm"]}, timeout=60),
        httpx.post(f"{url}/v1/customers/{customer}", data={"phone": PHONES["billing"]}, timeout=60,
                   auth=(guided.TOKENS["stripe"]["STRIPE_KEY"], "")),
    )  # fmt: skip
    for answer in answers:
        answer.raise_for_status()


def _pairs(data: Path) -> list[tuple[str, str]]:
    """Return two customers that both sides have and say the same of."""
    query = (
        "SELECT p.crm_id, p.billing_id FROM record_pairs AS p JOIN record_fields AS f USING (entity, crm_id) "
        "WHERE p.entity = 'customers' GROUP BY ALL "
        "HAVING COUNT(*) FILTER (f.verdict <> 'same' AND f.field <> 'email') = 0 ORDER BY 1 LIMIT 2"
    )
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as db:
        return db.execute(query).fetchall()


def _mending(data: Path, checks: tuple[str, ...], every: bool) -> list[Plan]:
    """Return the plans for findings of each check: for all of them, or for the first that is simple enough."""
    plans: list[Plan] = []
    for check in checks:
        with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as db:
            found = db.execute(
                "SELECT id FROM findings WHERE \"check\" = ? AND state = 'open' ORDER BY id", [check]
            ).fetchall()
        for (id,) in found:
            made = workflows.fix(data, [id])
            if made and all(plan.is_ready for plan in made) and (every or len(made) in (1, 2, 6)):
                plans += made
                if not every:
                    break
    return plans


def _settled(data: Path, plans: list[Plan]) -> Pressed:
    outcomes = workflows.settle(data, plans, "chaos", timeout=60)
    return Pressed(len(outcomes) == len(plans) and all(o.is_done for o in outcomes), [o.state for o in outcomes])


def _turned(data: Path, _: list[Plan]) -> Pressed:
    """Let an automatic flow take a turn, switched on by a person."""
    if not switched(state(data), FLOW):
        switch(data, FLOW, Automation(mode="automatic", daily_cap=CAP), "ana")
    turn(data, 60.0, PAUSES)
    states = [run.state for run in workflows.runs(data)]
    return Pressed(states == ["done"] * CAP, states)


def _archived(data: Path, plans: list[Plan]) -> Pressed:
    """Archive until all is well: what is in doubt is looked for by the next look, as the next reading does."""
    for _ in PAUSES:
        done = archives.archive(data, "chaos", plans)
        if done.is_well:
            break
    return Pressed(done.is_well, [one.error for one in done.failed])


def _documents(data: Path) -> list[Plan]:
    """Return what two documents need in all three places."""
    plans = work(data).plans
    own = {str(p.subject): [q for q in plans if q.subject == p.subject] for p in plans}
    whole = [made for made in own.values() if len(made) == 3]
    return [plan for made in whole[:2] for plan in made]


def _shelf(data: Path) -> Any:
    """Return the archived files, whether each is what was kept of it, and what is written down about them."""
    root = data / "archive"
    files = {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in root.rglob("*.pdf")
        if ".part" not in p.parts
    }
    rows = [row for row in kept.rows(state(data)) if row["stored_at"]]
    told = {row["path"]: row["checksum"] for row in rows if row["place"] == "files"}
    listed = (root / "index.csv").read_text("utf-8-sig").splitlines() if (root / "index.csv").exists() else []
    return {"files": sorted(files), "whole": files == told, "rows": sorted((r["place"], r["invoice_id"]) for r in rows),
            "index": len(listed)}  # fmt: skip


def _nothing(data: Path) -> None:
    return None


SCENARIOS: dict[str, Scenario] = {
    "click": Scenario(_settled, lambda data: _mending(data, CLICKED, False), _nothing),
    "flow": Scenario(_turned, lambda data: [], _nothing, is_ordered=False),
    "equal": Scenario(_settled, lambda data: _mending(data, ("record_changed",), True), _nothing),
    "archive": Scenario(_archived, _documents, _shelf),
}
