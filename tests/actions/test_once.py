"""A wish is granted once: refused, answer lost, pressed twice, two processes at once, killed."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from till import Till, TillVendor, a_plan, press

from reconcile import process
from reconcile.action import Outcome, Plan, perform, registry
from reconcile.ledger import Busy, Ledger, Lost
from reconcile.state import Entry, State


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setattr(type(registry()["create_task"]), "settles", 0.0)
    monkeypatch.setattr(type(registry()["create_task"]), "looks_first", False)
    return a_plan()


def test_sent_once(plan: Plan, vendor: TillVendor, till: Till, store: State) -> None:
    """The second press finds the first one's result and sends nothing."""
    first, second = (perform(plan, vendor, store, "ana") for _ in range(2))
    assert (first.state, second.state) == ("done", "found")
    assert first.data == second.data and len(till.made) == 1 and till.calls.count("POST") == 1
    (line,) = store.entries()
    assert (line["who"], line["subject"], line["outcome"]) == ("ana", "deals:hubspot:501", "done")
    assert line["after"]["subject"] == "Call"


def test_refused_and_sent_again_once_mended(plan: Plan, vendor: TillVendor, till: Till, store: State) -> None:
    """A 4xx is a no: nothing happened, and the next press sends again without looking."""
    till.faults = ["400"]
    assert perform(plan, vendor, store, "ana").state == "refused"
    assert perform(plan, vendor, store, "ana").state == "done"
    assert till.calls == ["POST", "POST"] and len(till.made) == 1
    assert [e["outcome"] for e in store.entries()] == ["done", "refused"]


def test_too_many_requests_is_no_for_now(plan: Plan, vendor: TillVendor, till: Till, store: State) -> None:
    """429 did nothing and may pass by itself."""
    till.faults = ["429"]
    outcome = perform(plan, vendor, store, "ana")
    assert outcome.state == "later" and outcome.may_pass
    assert perform(plan, vendor, store, "ana").is_done and len(till.made) == 1


def test_after_a_doubt_we_look_before_we_send(plan: Plan, vendor: TillVendor, till: Till, store: State) -> None:
    """The vendor did it but the answer was lost: the second click finds it."""
    till.faults = ["lost"]
    assert perform(plan, vendor, store, "ana").state == "doubt"
    assert perform(plan, vendor, store, "ana").state == "found"
    assert till.calls == ["POST", "GET"] and len(till.made) == 1


def test_after_a_doubt_that_did_nothing_it_is_sent(plan: Plan, vendor: TillVendor, till: Till, store: State) -> None:
    """A 500 that did nothing: we look, it is not there, we send."""
    till.faults = ["500"]
    assert perform(plan, vendor, store, "ana").state == "doubt"
    assert perform(plan, vendor, store, "ana").state == "done"
    assert till.calls == ["POST", "GET", "POST"] and len(till.made) == 1


def test_a_doubt_that_cannot_be_looked_at_stays_one(plan: Plan, vendor: TillVendor, till: Till, store: State) -> None:
    """As long as the vendor cannot be asked, nothing is sent again."""
    till.faults = ["lost"]
    assert perform(plan, vendor, store, "ana").state == "doubt"
    away = TillVendor(name="till", base_url=till.url, client=httpx.Client(transport=httpx.MockTransport(no)))
    assert perform(plan, away, store, "ana").state == "doubt"
    assert len(till.made) == 1
    assert perform(plan, vendor, store, "ana").state == "found"


def test_silence_is_not_believed_too_early(
    plan: Plan, vendor: TillVendor, till: Till, store: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vendor may still be at work when the line breaks: "not there" counts only after a while."""
    monkeypatch.setattr(type(registry()["create_task"]), "settles", 60.0)
    till.faults = ["500"]
    assert perform(plan, vendor, store, "ana").state == "doubt"
    assert perform(plan, vendor, store, "ana").state == "doubt"
    assert till.calls == ["POST", "GET"] and till.made == []


def test_a_person_settles_a_doubt(plan: Plan, vendor: TillVendor, till: Till, store: State) -> None:
    """Whoever looked says whether it was done; both ways are logged, and only a doubt can be settled so."""
    till.faults = ["500"]
    perform(plan, vendor, store, "ana")
    Ledger(store).resolve(plan.key, was_done=True, who="eva")
    assert perform(plan, vendor, store, "ana").state == "found" and till.made == []
    assert store.entries()[0]["who"] == "eva"
    with pytest.raises(ValueError, match="not in doubt"):
        Ledger(store).resolve(plan.key, was_done=False, who="eva")


def test_what_is_missing_is_named_and_nothing_is_called(
    plan: Plan, vendor: TillVendor, till: Till, store: State
) -> None:
    """A plan with a need makes no call at all."""
    needy = Plan.model_validate(plan.model_dump() | {"needs": [{"name": "tax_id", "says": {"text": "no tax id"}}]})
    outcome = perform(needy, vendor, store, "ana")
    assert outcome.state == "refused" and "tax_id" in outcome.error
    assert till.calls == [] and Ledger(store).row(plan.key) is None


def test_our_own_mistake_is_recorded_and_raised(
    plan: Plan, vendor: TillVendor, till: Till, store: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug after the request may have gone out leaves a doubt, not a lock."""
    with monkeypatch.context() as broken, pytest.raises(IndexError):
        broken.setattr(vendor, "create_task", lambda draft: [][0])
        perform(plan, vendor, store, "ana")
    assert Ledger(store).row(plan.key)["state"] == "doubt" and store.entries()[0]["outcome"] == "mistake"
    assert perform(plan, vendor, store, "ana").is_done


def test_pressed_in_two_tabs_at_once(plan: Plan, vendor: TillVendor, till: Till, store: State) -> None:
    """While one is sending, the other waits and gets the same answer."""
    till.faults = ["slow"]
    outcomes: list[Outcome] = []
    tabs = [
        threading.Thread(target=lambda: outcomes.append(perform(plan, vendor, store, "ana", wait=10))) for _ in "ab"
    ]
    for tab in tabs:
        tab.start()
    while "POST" not in till.calls:
        time.sleep(0.01)
    assert perform(plan, vendor, store, "eva").state == "busy"
    till.hold.set()
    for tab in tabs:
        tab.join()
    assert sorted(o.state for o in outcomes) == ["done", "found"] and len(till.made) == 1


def test_two_processes_at_once(till: Till, store: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six processes press the same: one record."""
    # A page that was tested here before leaves itself as the main module, and each new process would run it.
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(6) as pool:
        states = pool.starmap(press, [(till.url, f"sqlite:///{tmp_path / 'state.sqlite'}")] * 6)
    assert sorted(states) == ["done"] + ["found"] * 5 and len(till.made) == 1


def test_killed_inside_the_call(plan: Plan, vendor: TillVendor, till: Till, store: State, tmp_path: Path) -> None:
    """kill -9 while the vendor is at work: the next press takes the claim over at once, looks, and finds it."""
    till.faults, database = ["slow"], f"sqlite:///{tmp_path / 'state.sqlite'}"
    here = str(Path(__file__).parent)
    command = f"import sys; sys.path[:0] = [{here!r}]; import till; till.press({till.url!r}, {database!r})"
    child = subprocess.Popen([sys.executable, "-c", command])
    while "POST" not in till.calls:
        time.sleep(0.01)
        assert child.poll() is None
    assert perform(plan, vendor, store, "eva").state == "busy"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    till.hold.set()
    while not till.made:
        time.sleep(0.01)
    assert perform(plan, vendor, store, "eva").state == "found" and len(till.made) == 1


def test_a_claim_that_was_taken_over_can_write_nothing(store: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wakes up after its lease ended neither sends nor settles."""
    ledger, said = Ledger(store), {"action": "a", "vendor": "v", "request": {}, "who": "ana"}
    old = ledger.claim("k", **said)
    with pytest.raises(Busy):
        ledger.claim("k", **said)
    ledger.sending(old)
    monkeypatch.setattr(process, "lives", lambda owner: False)
    new = ledger.claim("k", **said)
    assert new.look and new.turn == 2
    for move in (lambda: ledger.sending(old), lambda: ledger.settle(old, "done", Entry(who="", action="", outcome=""))):
        with pytest.raises(Lost):
            move()
    ledger.sending(new)


def test_a_process_is_told_from_a_later_one_of_its_number() -> None:
    """Our own process lives; the same number with another start does not; of another machine nobody knows."""
    machine, number, _ = process.me().split("|")
    assert process.lives(process.me()) is True
    assert process.lives(f"{machine}|{number}|1") is False
    assert process.lives("elsewhere|1|1") is None


def no(request: httpx.Request) -> httpx.Response:
    return httpx.Response(403, json={"error": "not now"})
