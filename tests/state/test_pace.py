"""Several processes keep a vendor's limit together, whatever one of them does."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from extract.sandbox.server import Running, serve
from reconcile import settings as choices
from reconcile.guided import TOKENS
from reconcile.pace import LOOK, PATIENCE, Shared, shared
from reconcile.settings import Connection, Settings
from reconcile.state import VARIABLE, state

LIMIT, CALLS = 10, 18  # requests in a second, from which on the vendor refuses, and those of each of two workers
WORKER = (
    "import sys; from pathlib import Path; from concurrent.futures import ThreadPoolExecutor\n"
    "from reconcile.connections import connections\n"
    "vendor = connections(Path(sys.argv[1]))['stripe']; print('ready', flush=True); sys.stdin.readline()\n"
    "with ThreadPoolExecutor(6) as pool: list(pool.map(lambda _: vendor.get('/v1/account'), range(int(sys.argv[2]))))"
)


@pytest.fixture(scope="module")
def company() -> Iterator[Running]:
    with serve(smtp_port=None, deals=300) as running:
        yield running


@pytest.mark.slow
@pytest.mark.capability("PLUS-15")
def test_two_workers_together_keep_a_vendors_limit(
    company: Running, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each alone would be let through faster; the vendor, who counts them together, refuses none, slow or not."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    if url.startswith("postgresql"):
        monkeypatch.setenv(VARIABLE, url)
    said = {"vendor": "stripe", "base_url": company.url, "requests_per_second": str(LIMIT)}
    choices.save(Settings(connections={"stripe": Connection.model_validate(said)}), tmp_path)
    state(tmp_path).keep_credentials("stripe", TOKENS["stripe"], "test")
    httpx.post(f"{company.url}/sandbox/settings", json={"stripe_per_s": LIMIT}).raise_for_status()
    httpx.delete(f"{company.url}/sandbox/calls")
    command = [sys.executable, "-c", WORKER, str(tmp_path), str(CALLS)]
    workers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for worker in workers:
        assert worker.stdout is not None and worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.communicate("go\n", timeout=60)
    assert [worker.returncode for worker in workers] == [0, 0]
    calls = httpx.get(f"{company.url}/sandbox/calls").json()
    assert [call["status"] for call in calls] == [200] * 2 * CALLS
    assert calls[-1]["at"] - calls[0]["at"] >= (2 * CALLS - 1) // LIMIT - 0.2


def test_turns_come_round_and_a_clock_that_was_put_back_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once, the third a second after the first, the fifth a second later still; each name for itself."""
    clock = 1_000_000.0
    monkeypatch.setattr("time.monotonic", lambda: clock)
    pace = shared(tmp_path)
    assert isinstance(pace, Shared)
    assert [pace.take("stripe", 2, 1.0).delay for _ in range(5)] == [0, 0, 1, 1, 2]
    assert pace.take("hubspot", 2, 1.0).delay == 0
    clock += 1.5
    assert pace.take("stripe", 2, 1.0).delay == 0.5
    clock = 10.0  # the machine was started again: its clock too
    assert pace.take("stripe", 2, 1.0).delay == 0


class Clock:
    """A clock that runs on when somebody sleeps; who is woken is `late`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, late: float = 0.0) -> None:
        self.now, self.late = 0.0, late
        monkeypatch.setattr("time.monotonic", lambda: self.now)
        monkeypatch.setattr("time.sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.now += seconds + self.late


@pytest.mark.parametrize(("late", "answer"), [(0.0, 0.25), (0.5, 0.0), (0.5, 2.0)])
def test_a_call_goes_a_window_after_the_answer_to_the_one_a_round_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: float, answer: float
) -> None:
    """The vendor counts a call some time between its going and its answer; whichever that is, two are apart."""
    clock = Clock(monkeypatch, late)
    pace = shared(tmp_path)
    sent, answered = [], []
    for _ in range(4):
        with pace("stripe", 1, 1.0):
            sent.append(clock.now)
            clock.now += answer
        answered.append(clock.now)
    apart = [after - before for before, after in zip(answered, sent[1:], strict=False)]
    assert all(1.0 <= each <= 1.01 + late for each in apart)


def test_turns_taken_before_an_answer_wait_for_it_and_not_for_the_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who queued while the vendor was slow counts from its answer; a process that was killed never answers."""
    clock = Clock(monkeypatch)
    pace = shared(tmp_path)
    assert isinstance(pace, Shared)
    slow, second, third = (pace.take("stripe", 1, 1.0) for _ in range(3))
    assert [turn.delay for turn in (slow, second, third)] == [0, 1, 2]
    clock.now = 1.0
    assert pace.wait(second) == LOOK
    clock.now = 1.75
    pace.answered(slow)
    assert pace.wait(second) == 1.0
    assert pace.take("stripe", 1, 1.0).delay == 3.0
    clock.now = 2.0  # its own time: it is told to wait for one more round
    assert pace.wait(third) == 1.75
    clock.now = third.at + PATIENCE  # the second's process was killed
    assert pace.wait(third) == 0
