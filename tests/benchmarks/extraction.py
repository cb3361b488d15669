"""Extraction measured: against the named peer, against a bare download, against the rate limit, and a rebuild.

`python extraction.py [--deals N] [--rebuild N] [--peer PYTHON]`. Ratios are of runs in this call.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from extract.raw import Raw, Run
from extract.store import _now

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


@contextmanager
def server(deals: int, delay: float = 0, limit: int = 0, window: float = 10) -> Iterator[str]:
    """Serve deals; yield the address."""
    command = [sys.executable, str(HERE / "deal_server.py"), str(deals), str(delay), str(limit), str(window)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        port = process.stdout.readline().strip()
        time.sleep(0.3)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def measured(what: str, url: str, folder: str, python: str = sys.executable, script: str = "reader.py") -> dict:
    """Return what one run in its own process says."""
    arguments = [what, url, folder] if script == "reader.py" else [url, folder]
    done = subprocess.run([python, str(HERE / script), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def speed(deals: int, peer: str | None, runs: int) -> None:
    """Records a second with no delay, beside dlt's."""
    ours, theirs, peak = [], [], 0.0
    with server(deals) as url:
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as folder:
                told = measured("sync", url, folder)
                ours.append(told["rows"] / told["seconds"])
                peak = max(peak, told["peak_mb"])
            if peer:
                with tempfile.TemporaryDirectory() as folder:
                    told = measured("", url, folder, peer, "peer_dlt.py")
                    assert told["rows"] == deals
                    theirs.append(told["rows"] / told["seconds"])
    mine = statistics.median(ours)
    line = f"{deals:,} deals, 0 ms a page: {mine:,.0f} records/s, peak {peak:.0f} MB"
    if theirs:
        peers = statistics.median(theirs)
        line += f"; dlt tuned {peers:,.0f}/s: {mine / peers:.1f} × as fast (wanted 2.5)"
    print(line)


def modified(deals: int) -> None:
    """Time of 100 changes among few and among many deals: it should follow the 100."""
    took = []
    for count in (deals // 100, deals):
        with server(count) as url, tempfile.TemporaryDirectory() as folder:
            measured("sync", url, folder)
            took.append(statistics.median(measured("modified", url, folder)["seconds"] for _ in range(3)))
    print(
        f"modified run, 100 changes: {took[0]:.2f} s among {deals // 100:,} deals, {took[1]:.2f} s among {deals:,}: "
        f"{took[1] / took[0]:.2f} × (7 searches at 5 a second are 1.2 s of both)"
    )


def latency(deals: int, runs: int) -> None:
    """Time at 50 ms a page, beside a bare sequential download."""
    ratios = []
    with server(deals, 50) as url:
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as folder:
                plain = measured("bare", url, folder)["seconds"]
                ratios.append(measured("sync", url, folder)["seconds"] / plain)
    print(f"{deals:,} deals, 50 ms a page: {statistics.median(ratios):.3f} × a bare download (wanted 1.05)")


def limited(deals: int) -> None:
    """Requests in the worst window and time, under 100 requests in 10 s."""
    with server(deals, 0, 100, 10) as url, tempfile.TemporaryDirectory() as folder:
        measured("paced", url, folder)
        told = httpx.get(f"{url}/stats").json()
    least = (told["requests"] - 1) // 100 * 10
    print(
        f"limit of 100 in 10 s: {told['requests']} requests, {told['refused']} refused, "
        f"at most {told['most']} in a window, "
        f"{told['took'] / least:.3f} × the least that the limit allows (wanted 1.05)"
    )


def rebuild(items: int) -> None:
    """Seconds and memory of a rebuild from raw."""
    from deal_server import deal

    with tempfile.TemporaryDirectory() as folder:
        kept = Raw(Path(folder), Run("hubspot", "full", _now()))
        for n in range(items):
            kept.keep([("deals", deal(n) | {"_": {"outcome": "won"}})])
        kept.complete()
        told = measured("rebuild", "http://127.0.0.1:9", folder)
    took, peak = told["seconds"], told["peak_mb"]
    print(f"rebuild of {items:,} raw items: {took:.1f} s (wanted 60), peak {peak:.0f} MB (wanted 1,536)")


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--deals", type=int, default=200_000)
    asked.add_argument("--rebuild", type=int, default=1_000_000)
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--peer", help="Python of an environment with dlt[duckdb,parquet]")
    given = asked.parse_args()
    speed(given.deals, given.peer, given.runs)
    if given.rebuild:
        rebuild(given.rebuild)
    modified(given.deals)
    latency(given.deals // 4, 1)
    limited(25_000)
