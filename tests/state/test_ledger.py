"""A wish is claimed by one at a time, on SQLite and on PostgreSQL."""

import threading
from typing import Any

import pytest

from reconcile import process
from reconcile.ledger import Busy, Claim, Ledger, Lost
from reconcile.state import Entry, State

SAID: dict[str, Any] = {"action": "create_task", "vendor": "till", "request": {"a": "1"}, "who": "ana"}
DONE = Entry(who="ana", action="create_task", outcome="done", answer={"id": "7"})


def test_a_wish_goes_from_claimed_to_sent_to_done(store: State) -> None:
    """Its row says what was asked, how often, and what came of it; then it is never claimed again."""
    ledger = Ledger(store)
    claim = ledger.claim("k", **SAID)
    assert claim == Claim("k", 1, look=False, answer=None)
    ledger.sending(claim)
    ledger.settle(claim, "done", DONE)
    row = ledger.row("k")
    assert row is not None
    assert (row["state"], row["tries"], row["answer"], row["request"]) == ("done", 1, {"id": "7"}, {"a": "1"})
    assert ledger.claim("k", **SAID).answer == {"id": "7"}
    assert store.entries()[0]["answer"] == {"id": "7"} and [r["key"] for r in ledger.rows("done")] == ["k"]


def test_of_many_that_claim_at_once_one_gets_it(store: State) -> None:
    """The row's key is the lock."""
    claims: list[Claim] = []
    busy: list[str] = []

    def claim() -> None:
        try:
            claims.append(Ledger(store).claim("k", **SAID))
        except Busy as error:
            busy.append(str(error))

    threads = [threading.Thread(target=claim) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claims) == 1 and len(busy) == 11


@pytest.mark.parametrize(("sent", "look"), [(False, False), (True, True)], ids=["before sending", "while sending"])
def test_a_dead_claim_is_taken_over(store: State, monkeypatch: pytest.MonkeyPatch, sent: bool, look: bool) -> None:
    """If a request may have gone out, the next holder has to look; the dead one can write no more."""
    ledger = Ledger(store)
    old = ledger.claim("k", **SAID)
    if sent:
        ledger.sending(old)
    with pytest.raises(Busy):
        ledger.claim("k", **SAID)
    monkeypatch.setattr(process, "lives", lambda owner: False)
    new = ledger.claim("k", **SAID)
    assert (new.turn, new.look) == (2, look)
    for move in (lambda: ledger.sending(old), lambda: ledger.settle(old, "done", DONE)):
        with pytest.raises(Lost):
            move()


def test_of_another_machine_the_lease_decides(store: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether its process lives nobody here knows: its claim holds as long as it is renewed."""
    monkeypatch.setattr(process, "lives", lambda owner: None)
    ledger = Ledger(store)
    claim = ledger.claim("k", **SAID)
    with pytest.raises(Busy):
        ledger.claim("k", **SAID)
    monkeypatch.setattr("reconcile.ledger.LEASE", -ledger_lease())
    ledger.sending(claim)  # the last renewal before it went away
    assert ledger.claim("k", **SAID).look


def test_a_claim_given_back_is_free_and_a_repeatable_wish_comes_again(store: State) -> None:
    """Nothing was sent: no looking. What changes nothing when repeated may be granted again."""
    ledger = Ledger(store)
    ledger.settle(ledger.claim("k", **SAID), "planned", DONE)
    claim = ledger.claim("k", **SAID)
    assert not claim.look
    ledger.settle(claim, "done", DONE)
    assert ledger.claim("k", **SAID, repeats=True).answer is None


def ledger_lease() -> Any:
    from reconcile.ledger import LEASE

    return LEASE
