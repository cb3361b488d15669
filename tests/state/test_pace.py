"""Several processes keep a vendor's limit together, whatever one of them does."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from extract.pacing import window
from extract.sandbox.server import Running, serve
from reconcile import settings as choices
from reconcile.guided import TOKENS
from reconcile.pace import Shared, shared
from reconcile.settings import Connection, Settings
from reconcile.state import VARIABLE, state

LIMIT, CALLS = 10, 18  # requests in a second, and those of each of two workers
REFUSED = (
    15  # from so many in a second the vendor refuses: two limits kept apart would be 20; a busy machine is no fault
)
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
    """Each alone would be let through faster; the vendor, who counts them together, refuses none."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    if url.startswith("postgresql"):
        monkeypatch.setenv(VARIABLE, url)
    said = {"vendor": "stripe", "base_url": company.url, "requests_per_second": str(LIMIT)}
    choices.save(Settings(connections={"stripe": Connection.model_validate(said)}), tmp_path)
    state(tmp_path).keep_credentials("stripe", TOKENS["stripe"], "test")
    httpx.post(f"{company.url}/sandbox/settings", json={"stripe_per_s": REFUSED}).raise_for_status()
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


def test_places_come_a_window_apart_and_a_clock_that_was_put_back_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once, the third a window after the first, the fifth a window later still; each name for itself."""
    clock = 1_000_000.0
    monkeypatch.setattr("time.monotonic", lambda: clock)
    pace = shared(tmp_path)
    assert isinstance(pace, Shared)
    assert [pace.place("stripe", 2, 1.0).delay for _ in range(5)] == [0, 0, 1, 1, 2]
    assert pace.place("hubspot", 2, 1.0).delay == 0
    clock += 1.5
    assert pace.place("stripe", 2, 1.0).delay == 0.5
    clock = 10.0  # the machine was started again: its clock too
    assert pace.place("stripe", 2, 1.0).delay == 0
    assert window(10.0) == 10.1 and window(1.0) == 1.1


def test_a_call_that_went_out_late_holds_up_the_one_a_round_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Woken half a second late, a process sends late; the vendor counts from then, and so do we."""
    clock = 0.0

    def sleep(seconds: float) -> None:
        nonlocal clock
        clock += seconds + 0.5

    monkeypatch.setattr("time.monotonic", lambda: clock)
    monkeypatch.setattr("time.sleep", sleep)
    pace = shared(tmp_path)
    sent = []
    for _ in range(3):
        pace("stripe", 1, 1.0)
        sent.append(clock)
    assert sent == [pytest.approx(at) for at in (0, window(1.0) + 0.5, 2 * window(1.0) + 1.0)]
