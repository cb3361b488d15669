"""`cuadra demo`: the whole job on a small invented company that answers over HTTP. No account is needed.

The company runs in a process of its own, is read, imported and reconciled like a real one, and its page opens.
"""

import contextlib
import datetime as dt
import shutil
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from dashboard import imports, jobs
from dashboard.serve import free_port, serve
from reconcile import settings as choices
from reconcile.guided import TOKENS, connected
from reconcile.settings import Company, Invoicing, Mail, Schedule, Settings, today
from reconcile.state import state

NAME = "Cuadra Demo SL"


def run(data: Path, port: int, *, browser: bool, say: Callable[[str], None]) -> None:
    """Start the company, run the main job, serve the page until stopped."""
    begun = time.monotonic()
    with company() as (url, smtp):
        prepare(data, url, smtp)
        say(f"An invented company answers at {url} like HubSpot and Stripe; its mails stay on this machine.")
        summary = fill(data, url, say)
        say(f"Reconciled in {time.monotonic() - begun:.0f} s: {summary}")
        port = free_port(port)
        address = f"http://127.0.0.1:{port}"
        say(f"[bold]Open {address}[/]   (Ctrl+C ends it)")
        if browser:
            threading.Thread(target=_open, args=(address,), daemon=True).start()
        serve(data, port=port)


@contextlib.contextmanager
def company(on: dt.date | None = None) -> Iterator[tuple[str, int]]:
    """Run the invented company in a process of its own; yield its address and the port of its mail server."""
    port, smtp = free_port(8700), free_port(8760)
    day = on or today(Settings())
    command = [
        sys.executable,
        "-m",
        "extract.sandbox",
        "--port",
        str(port),
        "--smtp-port",
        str(smtp),
        "--today",
        str(day),
    ]
    with subprocess.Popen(command) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(url, process)
            yield url, smtp
        finally:
            process.terminate()


def prepare(data: Path, url: str, smtp: int) -> None:
    """Make a data folder that is connected to the company."""
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    made = Settings(
        company=Company(name=NAME, tax_id="B85674216", address="Calle Mayor 1, 28013 Madrid"),
        connections=connected(url),
        invoicing=Invoicing(issue=True),
        schedules={"sync": Schedule(cron="*/15 * * * *")},
        mail=Mail(
            host="127.0.0.1",
            port=smtp,
            security="none",
            sender="invoices@cuadra-demo.example",
            outbox=f"{url}/sandbox/mails",
        ),
    )
    choices.save(made, data)
    store = state(data)
    for name, secrets in TOKENS.items():
        store.keep_credentials(name, secrets, "demo")


def fill(data: Path, url: str, say: Callable[[str], None]) -> str:
    """Read both vendors and the bank statements, reconcile, and return what was found in a sentence."""
    readings = jobs.sync(data)
    for reading in readings:
        told = ", ".join(f"{count:,} {table}" for table, count in reading.rows.items())
        say(f"  {reading.vendor}: {reading.error or told}")
    statement = data / "bank.xml"
    statement.write_bytes(httpx.get(f"{url}/sandbox/bank.xml", timeout=30).content)
    taken = imports.take(data, statement)
    say(f"  bank statement: {taken.rows:,} lines")
    summary = jobs.reconcile(data)
    return f"{summary.links.get('automatic', 0):,} links made, {summary.findings.get('open', 0):,} findings to look at."


def _wait(url: str, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the invented company ended with {process.returncode}")
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"{url}/sandbox", timeout=5)
            return
        time.sleep(0.1)
    raise TimeoutError("the invented company did not answer")


def _open(address: str) -> None:
    with contextlib.suppress(webbrowser.Error):
        _wait_page(address)
        webbrowser.get().open(address)


def _wait_page(address: str) -> None:
    for _ in range(100):
        with contextlib.suppress(httpx.HTTPError):
            httpx.get(f"{address}/_stcore/health", timeout=1)
            return
        time.sleep(0.2)
