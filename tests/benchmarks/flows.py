"""How fast the flows are, from outside: deals are won in the invented CRM, the vendors' web hook calls the server, and
the mails with their invoices are counted where they arrive.

`python tests/benchmarks/flows.py` measures one deal at a time, and many at once. The company answers at the vendors'
own pace and refuses what is faster; a refusal is counted. Server and company run in processes of their own.
"""

import argparse
import base64
import contextlib
import hashlib
import hmac
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import structlog

from dashboard import jobs
from dashboard.serve import free_port
from extract.hooks import SECRET
from reconcile import settings as choices
from reconcile import workflows
from reconcile.automations.switch import switch
from reconcile.guided import TOKENS, look_again
from reconcile.settings import Automation, Company, Connection, Invoicing, Mail, Settings
from reconcile.state import state

FLOW = "deal_to_invoice"
CLIENT = "11111111-2222-3333-4444-555555555555"  # the secret by which HubSpot signs
PACE = {"hubspot_per_10s": 100, "hubspot_search_per_s": 5, "stripe_per_s": 25}  # what the vendors allow an account
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
ROW = "{:<52} {:>12} {:>10}"


class Server:
    """A running server on a data folder connected to the company at `url`."""

    def __init__(self, data: Path, url: str, port: int) -> None:
        self.data, self.url, self.port = data, url, port
        self.peak = 0.0
        command = [sys.executable, "-m", "dashboard.cli", "--data", str(data), "serve", "--port", str(port)]
        self.process = subprocess.Popen(
            command, env={**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
        )
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()
        for _ in range(600):
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
                return
            time.sleep(0.1)
        raise RuntimeError("the server did not come up")

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            with contextlib.suppress(OSError):
                self.peak = max(self.peak, self.memory())

    def memory(self) -> float:
        """Return the megabytes that the server holds."""
        said = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(said.partition("VmRSS:")[2].split()[0]) / 1024

    def used(self) -> float:
        """Return the seconds of processor time that the server has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rest(self) -> None:
        """Return once it has nothing more to do: it reads again what it wrote, which is not the next deal's."""
        before = -1.0
        while (used := self.used()) - before > 0.5:
            before = used
            time.sleep(3)

    def ring(self) -> None:
        """Call the web hook as HubSpot does."""
        address, body = f"http://127.0.0.1:{self.port}/hooks/hubspot", b'[{"subscriptionType":"deal.propertyChange"}]'
        stamp = str(int(time.time() * 1000))
        text = b"POST" + address.encode() + body + stamp.encode()
        made = base64.b64encode(hmac.new(CLIENT.encode(), text, hashlib.sha256).digest()).decode()
        headers = {"x-hubspot-signature-v3": made, "x-hubspot-request-timestamp": stamp}
        assert httpx.post(address, content=body, headers=headers, timeout=30).status_code == 202

    def stop(self) -> None:
        """End it."""
        self._over.set()
        self.process.terminate()
        self.process.wait(30)


@contextlib.contextmanager
def company(deals: int) -> Iterator[tuple[str, int]]:
    """Run the company; give its address and the port of its mail server."""
    command = [sys.executable, "-m", "extract.sandbox", "--port", "0", "--deals", str(deals)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().split()
            yield line[1], int(line[-1].rsplit(":", 1)[1])
        finally:
            process.terminate()


def prepare(data: Path, url: str, smtp: int) -> None:
    """Make a data folder whose deals are invoiced by themselves the moment they are won."""
    data.mkdir(parents=True)
    made = {name: Connection.model_validate({"vendor": name, "base_url": url}) for name in TOKENS}
    choices.save(
        Settings(
            company=Company(name="Benchmark SL"),
            connections=made,
            mail=Mail(host="127.0.0.1", port=smtp, security="none", sender="billing@benchmark.example"),
            invoicing=Invoicing(send=True, send_by="mail", triggers=["won"]),
            writes={"mail": True, **dict.fromkeys(TOKENS, True)},
        ),
        data,
    )
    for name, secrets in TOKENS.items():
        state(data).keep_credentials(name, secrets, "benchmark")
    state(data).keep_credentials("hubspot", TOKENS["hubspot"] | {SECRET: CLIENT}, "benchmark")
    look_again(data)


def sell(url: str, name: str) -> str:
    """Make an open deal with two lines and a customer of its own; return its id."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    number, called = int(digest, 16) % 10**7, digest[:28].translate(_LETTERS)  # a name that is like no other
    made = httpx.post(f"{url}/sandbox/deals", timeout=60, json={
        "company": {"name": f"{called.title()} SL", "nif": _nif(number), "address": "Calle Prueba 1", "city": "Madrid",
                    "zip": "28001", "country": "Spain"},
        "contact": {"email": f"{name}@buyer.example", "firstname": "Ana", "lastname": name},
        "deal": {"dealname": name, "amount": "1440"},
        "lines": [{"name": "Design", "quantity": "2", "price": "600", "hs_tax_rate": "21"},
                  {"name": "Hosting, year", "quantity": "1", "price": "240", "hs_tax_rate": "21"}],
    }).raise_for_status().json()  # fmt: skip
    return str(made["deal_id"])


def _nif(number: int) -> str:
    """Return the tax id of a Spanish company with a right check digit."""
    digits = f"{number:07d}"
    odd = sum(sum(divmod(2 * int(d), 10)) for d in digits[::2])
    return f"B{digits}{-(odd + sum(map(int, digits[1::2]))) % 10}"


def win(url: str, deal: str) -> None:
    """Have the deal won."""
    httpx.post(f"{url}/sandbox/deals/{deal}/win", json={}, timeout=60).raise_for_status()


class Mailed:
    """How many mails each buyer of ours got since this was made; asking tells the company's mails only once."""

    def __init__(self, url: str) -> None:
        self.url, self.seen, self.buyers = url, 0, Counter[str]()
        self.look()
        self.buyers.clear()

    def look(self) -> Counter[str]:
        """Return it, as of now."""
        mails = httpx.get(f"{self.url}/sandbox/mails", params={"after": str(self.seen)}, timeout=60).json()
        self.seen += len(mails)
        self.buyers.update(to for mail in mails for to in mail["to"] if to.endswith("@buyer.example"))
        return self.buyers


def calls(url: str) -> list[dict[str, Any]]:
    """Return the calls that the vendors answered or refused."""
    found: list[dict[str, Any]] = httpx.get(f"{url}/sandbox/calls", timeout=60).json()
    return found


def one_by_one(server: Server, times: int) -> list[tuple[float, float]]:
    """Return the seconds from won to mailed of deals won one after another, and the processor time in them."""
    found = []
    for turn in range(times):
        name = f"single-{turn}"
        deal = sell(server.url, name)
        begun, used = time.perf_counter(), server.used()
        win(server.url, deal)
        server.ring()
        while not httpx.get(f"{server.url}/sandbox/mails", params={"to": f"{name}@buyer.example"}).json():
            if time.perf_counter() - begun > 300:
                raise TimeoutError(f"no mail for {name}; see {server.data}")
            time.sleep(0.02)
        found.append((time.perf_counter() - begun, server.used() - used))
        print(
            "  {:.1f} s, processor {:.1f} s".format(*found[-1]), f"while the machine's load is {os.getloadavg()[0]:.1f}"
        )
        _until_told(server.data, 0)
        server.rest()
    return found


def at_once(server: Server, count: int) -> dict[str, Any]:
    """Have so many deals won in one moment; return what came of it once every buyer has mail, or nothing moves."""
    deals = [sell(server.url, f"many-{number}") for number in range(count)]
    mailed, used, memory = Mailed(server.url), server.used(), server.memory()
    httpx.delete(f"{server.url}/sandbox/calls", timeout=60)
    begun = time.monotonic()
    for deal in deals:
        win(server.url, deal)
    server.ring()
    seen, moved, tenths = 0, time.monotonic(), list[float]()
    while seen < count and time.monotonic() - moved < 300:
        time.sleep(5)
        now = mailed.look().total()
        seen, moved = now, time.monotonic() if now != seen else moved
        tenths += [server.memory()] * (10 * seen // count - len(tenths))
    took = time.monotonic() - begun
    _until_told(server.data, count)
    mails, made = mailed.look(), calls(server.url)
    spent = {vendor: sum(c["vendor"] == vendor for c in made if c["at"]) for vendor in TOKENS}
    least = max(spent["hubspot"] / PACE["hubspot_per_10s"] * 10, spent["stripe"] / PACE["stripe_per_s"])
    return {"mailed": len(mails), "twice": sum(n > 1 for n in mails.values()), "invoices": invoices(server.url),
            "refused": sum(c["status"] == 429 for c in made), "calls": spent, "took": took, "least": least,
            "used": server.used() - used, "memory": (memory, *tenths, server.peak)}  # fmt: skip


def invoices(url: str) -> Counter[str]:
    """Return how many invoices each of the buyers has in billing, drafts too."""
    books = httpx.get(f"{url}/sandbox/books", params={"changed": "1"}, timeout=120).json()
    return Counter(i["customer_email"] for i in books["invoices"] if (i["customer_email"] or "").startswith("many-"))


def _until_told(data: Path, count: int) -> None:
    """Wait until all runs have ended: the last writes the number into its deal after its mail is gone."""
    for _ in range(300):
        if len(workflows.runs(data, count + 100, "running")) == 0:
            return
        time.sleep(1)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deals", type=int, default=1000, help="won at once; 0: none")
    parser.add_argument("--company", type=int, default=1500, help="deals that the company has already")
    parser.add_argument("--single", type=int, default=5, help="deals won one after another")
    parser.add_argument("--port", type=int, default=0, help="of the server; else any free one")
    options = parser.parse_args()
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with tempfile.TemporaryDirectory(prefix="cuadra-flows-") as made, company(options.company) as (url, smtp):
        data = Path(made) / "data"
        prepare(data, url, smtp)
        switch(data, FLOW, Automation(mode="automatic", daily_cap=100_000), "benchmark")
        jobs.automate(data)  # what the company had won before
        workflows.shutdown()
        httpx.post(f"{url}/sandbox/settings", json=PACE).raise_for_status()
        server = Server(data, url, options.port or free_port(8640))
        try:
            print(ROW.format("won → mailed", "measured", "wanted"))
            if options.single:
                found = one_by_one(server, options.single)
                print(
                    ROW.format("one deal by web hook, median", f"{statistics.median(s for s, _ in found):.1f} s", "5 s")
                )
                print(ROW.format("  processor time of it", f"{statistics.median(p for _, p in found):.1f} s", ""))
                print(ROW.format("  memory at most", f"{server.peak:.0f} MB", ""))
            if options.deals:
                _told(at_once(server, options.deals), options.deals)
        finally:
            server.stop()


def _told(said: dict[str, Any], count: int) -> None:
    made, (before, *tenths, peak) = said["invoices"], said["memory"]
    rows = (
        (f"{count:,} deals at once: buyers with a mail", f"{said['mailed']:,}", f"{count:,}"),
        ("  buyers with two mails", f"{said['twice']}", "0"),
        ("  invoices in billing", f"{sum(made.values()):,}", f"{count:,}"),
        ("  deals with two invoices", f"{sum(n > 1 for n in made.values())}", "0"),
        ("  calls", " + ".join(f"{n:,} {vendor}" for vendor, n in said["calls"].items()), ""),
        ("  calls refused for their pace", f"{said['refused']}", "0"),
        ("  time", f"{said['took']:.0f} s", ""),
        ("  time beside what the pace alone costs", f"{said['took'] / said['least']:.2f} x", "1.30 x"),
        ("  processor time of the server", f"{said['used']:.0f} s", ""),
        ("  memory before, at most", f"{before:.0f}, {peak:.0f} MB", ""),
        ("  memory with each tenth of the mails out, MB", " ".join(f"{held:.0f}" for held in tenths), "flat"),
    )
    for row in rows:
        print(ROW.format(*row), flush=True)


if __name__ == "__main__":
    main()
