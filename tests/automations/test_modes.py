"""Off, suggest, automatic: for whom, how often, switched by whom; a turn does what a click would have done."""

import datetime as dt
import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from company import PAUSES, Shop
from typer.testing import CliRunner

from dashboard.cli import app
from reconcile import gate, schema, settings, workflows
from reconcile.automations import turn as turns
from reconcile.automations.due import due
from reconcile.automations.flows import ACTIONS
from reconcile.automations.switch import CLEAN_DAYS, Locked, switch, switched
from reconcile.automations.turn import turn
from reconcile.settings import FLOWS, Automation
from reconcile.state import now

RUN = CliRunner()
FLOW = "deal_to_invoice"


def on(shop: Shop, flow: str = FLOW, who: str = "ana", reason: str = "tried in the demo", **chosen: object) -> None:
    """Let a flow run by itself."""
    switch(shop.data, flow, Automation.model_validate({"mode": "automatic", **chosen}), who, reason)


def command(shop: Shop, *words: str, code: int = 0) -> str:
    """Run `cuadra automations` and return what it printed."""
    done = RUN.invoke(app, ["--data", str(shop.data), "automations", *words])
    assert done.exit_code == code, done.output
    return done.output


def owners(shop: Shop) -> list[tuple[str, int]]:
    """Return salespeople with how many deals of theirs can be invoiced by themselves, most first."""
    ready = [d for d in due(shop.data, [FLOW]) if d.held and "click" in d.held.text]
    ids = [f for d in ready for f in d.plans[0].findings]
    return shop.rows(
        "SELECT owner_id, COUNT(*) FROM findings WHERE LIST_CONTAINS(?, id) GROUP BY owner_id ORDER BY 2 DESC, 1", ids
    )


@pytest.mark.capability("ROLL-4")
def test_nothing_runs_by_itself_before_somebody_switched_it_on(shop: Shop) -> None:
    """At first every fix waits for a click; a line in the settings file alone changes nothing."""
    assert turn(shop.data).runs == () and shop.writes() == []
    shop.set(automations={flow: Automation(mode="automatic") for flow in FLOWS})
    assert turn(shop.data).runs == () and shop.writes() == []
    command(shop, FLOW, "--mode", "automatic", "--cap", "2")
    told = {row["flow"]: row for row in json.loads(command(shop, "--json"))}
    assert told[FLOW]["switched_by"] == "command line" and told[FLOW]["is_automatic"]
    assert not told["payment_to_crm"]["is_automatic"]
    entry = shop.store.entries(action="switch_automation")[0]
    assert (entry["who"], entry["before"]["mode"], entry["after"]["mode"]) == ("command line", "automatic", "automatic")
    apart = [sys.executable, "-c", "from dashboard.cli import app; app()", "--data", str(shop.data), "automations"]
    subprocess.run([*apart, "--run"], check=True, capture_output=True)
    assert len(shop.get("books", changed="1")["invoices"]) == 2
    written = [e for e in shop.store.entries() if e["action"] == "create_invoice"]
    assert written and all(e["who"] == f"automatic {FLOW}, switched on by command line" for e in written)


def test_a_turn_does_what_a_click_does(shop: Shop) -> None:
    """The company's books are the same, whether somebody confirmed each preview or the flow ran."""
    ready = [d for d in due(shop.data, [FLOW]) if d.held and "click" in d.held.text][:2]
    assert shop.mend([plan for d in ready for plan in d.plans])
    clicked = shop.changed()
    shop.post("reset")
    with shop.store.write() as db:
        for table in (schema.ledger, schema.runs):
            db.execute(table.delete())
    from reconcile import workflows

    workflows.shutdown()
    for path in shop.data.glob("dbos.sqlite*"):
        path.unlink()
    on(shop, daily_cap=2)
    assert [r.state for r in turn(shop.data, pauses=PAUSES).runs] == ["done", "done"]
    assert without_ids(shop.changed()) == without_ids(clicked)


def without_ids(books: object) -> str:
    """Return books in which an id is like any other of its kind."""
    import re

    return re.sub(r"(cus|in|il|ii)_[A-Za-z0-9]{8,}", r"\1_*", json.dumps(books, sort_keys=True))


@pytest.mark.capability("ROLL-3")
def test_for_one_salesperson_first(shop: Shop) -> None:
    """Only deals of those in scope are offered, by click and by itself; then all are."""
    (one, count), (other, _) = owners(shop)[:2]
    command(shop, FLOW, "--mode", "automatic", "--owner", one)
    deal = "SELECT f.id FROM findings AS f WHERE f.\"check\" = 'won_not_invoiced' AND f.owner_id = ? ORDER BY f.id"
    theirs, outside = shop.rows(deal, one)[0][0], shop.rows(deal, other)[0][0]
    assert shop.plans(theirs) and not shop.plans(outside)
    runs = turn(shop.data, pauses=PAUSES).runs
    assert len(runs) == count and all(r.state == "done" for r in runs)
    found = {f for r in runs for f in r.plans[0].findings}
    assert {o for (o,) in shop.rows("SELECT owner_id FROM findings WHERE LIST_CONTAINS(?, id)", list(found))} == {one}
    command(shop, FLOW, "--everybody")
    assert shop.plans(outside)
    assert "no salesperson" in command(shop, FLOW, "--owner", "nobody", code=2).replace("\n", " ")


def test_off_offers_nothing(shop: Shop) -> None:
    """A flow that is off neither runs nor is there to click; the others are untouched."""
    finding, other = shop.finding("won_not_invoiced"), shop.finding("paid_not_in_crm")
    command(shop, FLOW, "--mode", "off")
    assert not shop.plans(finding) and shop.plans(other)
    assert [d for d in due(shop.data) if d.flow == FLOW] == []


def test_a_day_has_room_for_so_many(shop: Shop) -> None:
    """The cap holds over all turns of a day, also where two processes take one at the same time."""
    on(shop, daily_cap=3)
    threads = [threading.Thread(target=turn, args=(shop.data, 60.0, PAUSES)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shop.get("books", changed="1")["invoices"]) == 3
    again = turn(shop.data, pauses=PAUSES)
    assert again.runs == () and again.capped > 0


def test_what_a_person_should_know_is_not_done_without_one(shop: Shop) -> None:
    """A caution, a question or a choice in the preview leaves the chain to a click."""
    asked = [d for d in due(shop.data) if any(p.needs or p.cautions or p.choices for p in d.plans)]
    assert asked and all(d.held for d in asked)
    for flow in FLOWS:
        on(shop, flow)
    started = {r.chain for r in turn(shop.data, pauses=PAUSES).runs}
    assert started and started.isdisjoint(d.plans[0].chain for d in asked)


def test_the_red_switch_stops_flows_too(shop: Shop) -> None:
    """While all writing is stopped nothing starts, and the page would say why."""
    on(shop)
    gate.stop(shop.store, "eva", "audit")
    done = turn(shop.data)
    assert done.runs == () and shop.writes() == []
    assert len([d for d in done.held if "eva stopped" in str(d.held)]) > len(done.held) / 3  # the rest waits anyway


def test_what_was_refused_is_not_asked_for_again_each_quarter_of_an_hour(shop: Shop) -> None:
    """The same wish is left alone until something changed; a vendor that is down for a moment is no refusal."""
    on(shop, daily_cap=1)
    faults = [{"kind": "status", "match": "stripe", "method": "POST", "status": 402, "times": 50}]
    httpx.post(f"{shop.url}/sandbox/faults", json=faults, timeout=30)
    first = turn(shop.data, pauses=PAUSES).runs
    assert [r.state for r in first] == ["refused"]
    on(shop, daily_cap=2)
    second = turn(shop.data, pauses=PAUSES)
    assert {r.chain for r in second.runs}.isdisjoint({first[0].chain})
    held = next(d for d in second.held if d.plans[0].chain == first[0].chain)
    assert "did not end well" in str(held.held)


@pytest.mark.capability("ROLL-5")
def test_flows_unlock_in_order(shop: Shop) -> None:
    """Invoices, then payments, then reminders: each after so many clean days, or with a reason that is kept."""
    chosen = Automation(mode="automatic")
    with pytest.raises(Locked, match="deal_to_invoice"):
        switch(shop.data, "payment_to_crm", chosen, "ana")
    assert "deal_to_invoice" in command(shop, "payment_to_crm", "--mode", "automatic", code=2)
    switch(shop.data, FLOW, chosen, "ana")  # the first waits for none
    with pytest.raises(Locked):
        switch(shop.data, "payment_to_crm", chosen, "ana")  # it has run for no day yet
    long_ago = now() - dt.timedelta(days=CLEAN_DAYS, minutes=1)
    shop.store.keep(f"automation:{FLOW}", switched(shop.store, FLOW) | {"at": long_ago.isoformat()})
    refused = {"id": "x", "chain": "x", "who": f"automatic {FLOW}, switched on by ana", "plans": [], "state": "refused",
               "steps": [], "started_at": now()}  # fmt: skip
    with shop.store.write() as db:
        db.execute(schema.runs.insert().values(refused))
    with pytest.raises(Locked):
        switch(shop.data, "payment_to_crm", chosen, "ana")  # one run of these days was refused
    with shop.store.write() as db:
        db.execute(sa.update(schema.runs).values(state="done"))
    switch(shop.data, "payment_to_crm", chosen, "ana")
    with pytest.raises(Locked, match="payment_to_crm"):
        switch(shop.data, "overdue_to_reminder", chosen, "ana")
    command(shop, "overdue_to_reminder", "--mode", "automatic", "--reason", "agreed with finance")
    assert shop.store.entries(action="switch_automation")[0]["says"] == "agreed with finance"


def test_every_fix_of_a_check_belongs_to_a_flow(shop: Shop) -> None:
    """No finding that can be mended is outside all flows, and a flow name that is none is refused."""
    actions = {a for (a,) in shop.rows("SELECT DISTINCT action FROM findings WHERE action <> ''")}
    assert actions <= {a for some in ACTIONS.values() for a in some}
    with pytest.raises(settings.SettingsError, match="no flow"):
        settings.read('[automations.everything]\nmode = "off"')
    assert "no flow" in command(shop, "everything", "--mode", "off", code=2).replace("\n", " ")


def test_what_a_dead_turn_left_is_ended_not_begun_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its run ends while the next turn still looks at what is due: that run is the answer, and takes one place only."""
    on(shop, daily_cap=2)
    with monkeypatch.context() as dying:
        dying.setattr(workflows, "_enqueue", lambda run_id: None)  # written down, and dead before it was handed on
        first = next(d for d in due(shop.data, [FLOW]) if d.held is None)
        workflows.confirm(shop.data, first.plans, f"{turns.name(FLOW)}, switched on by ana")
    workflows.shutdown()
    launch = workflows.launch

    def launched(data: Path, pauses: Sequence[float] = PAUSES) -> None:
        launch(data, pauses)
        workflows.wait(data, [run.id for run in workflows.runs(data)], 30)

    monkeypatch.setattr(workflows, "launch", launched)
    assert [run.state for run in turn(shop.data, 30.0, PAUSES).runs] == ["done", "done"]
    runs = workflows.runs(shop.data)
    assert len(runs) == len({run.chain for run in runs}) == 2
