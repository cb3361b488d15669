"""Credentials that change while they are used: one process renews them at a time, and all see the newest."""

import threading

from reconcile.keyring import Kept
from reconcile.state import State


def test_one_renews_at_a_time_and_the_other_sees_what_it_brought(store: State) -> None:
    """Who comes second waits, and then finds the new secret; another connection is not held up."""
    store.keep_credentials("books", {"TOKEN": "old"}, "ana")
    seen: list[str] = []
    entered = threading.Event()

    def second() -> None:
        other = Kept(store, "books")
        with other.alone():
            seen.append(other.now()["TOKEN"])
            entered.set()

    waiting, first = threading.Thread(target=second), Kept(store, "books")
    with first.alone():
        waiting.start()
        with Kept(store, "bank").alone():
            assert not entered.wait(0.3), "it went in while another renewed"
        first.keep({"TOKEN": "new"})
    assert entered.wait(10)
    waiting.join()
    assert seen == ["new"]
