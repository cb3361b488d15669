"""Kills a real process at any point of a chain, lets another one go on, and compares the company's books with an
undisturbed run.

A point is each moment just before and just after a write over HTTP, and before and after each commit of the state
store or of the workflow engine. `python tests/chaos/harness.py --runs 200 --seed 1 [--postgres]` kills at random
points, once or several times a run, some calls answered by a lost answer, a 500 or a refusal for the moment; `--each`
visits every point once. Prints one line of JSON. The company answers in a process of its own.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # modules that tests share
FLOW, CAP = "deal_to_invoice", 2  # what --automatic lets run by itself, and how many of it
PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
_ID = re.compile(r"(?<![A-Za-z0-9])(cus|in)_[A-Za-z0-9]{14,}")
_NUMBER = re.compile(r"FN-\d+")
FAULTS = (
    [],
    [{"kind": "lost_answer", "match": "stripe", "method": "POST"}],
    [{"kind": "lost_answer", "match": "hubspot", "method": "PATCH"}],
    [{"kind": "status", "match": "stripe", "method": "POST", "status": 500}],
    [{"kind": "status", "match": "stripe", "method": "POST", "status": 429}],
    [{"kind": "dead", "match": "stripe", "method": "GET"}],
    [{"kind": "twice", "match": "stripe", "method": "POST"}],
    [{"kind": "cut", "match": "hubspot", "method": "PATCH"}],
)


class Bomb:
    """Counts points in this process and kills it at one of them; 0 never does."""

    def __init__(self, at: int) -> None:
        self.at, self.seen = at, 0

    def point(self, *_: Any) -> None:
        """Pass a point."""
        self.seen += 1
        if self.seen == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def arm(self) -> None:
        """Put points around every write and every commit of this process."""
        import sqlalchemy as sa
        from sqlalchemy.pool import Pool

        sa.event.listen(sa.Engine, "commit", self.point)
        sa.event.listen(Pool, "checkin", self.point)
        send = httpx.Client.request

        def request(client: httpx.Client, method: str, *args: Any, **rest: Any) -> httpx.Response:
            if method == "GET":
                return send(client, method, *args, **rest)
            self.point()
            reply = send(client, method, *args, **rest)
            self.point()
            return reply

        httpx.Client.request = request  # type: ignore[method-assign]


def press(data: Path, plans: list[dict[str, Any]], at: int, report: int) -> None:
    """Confirm the plans and wait, in this process; write the number of points passed to `report`."""
    from reconcile import workflows
    from reconcile.action import Plan, registry

    for action in registry().values():
        type(action).settles = 0.0
    bomb = Bomb(at)
    bomb.arm()
    workflows.launch(data, PAUSES)
    if plans:
        outcomes = workflows.settle(data, [Plan.model_validate(p) for p in plans], "chaos", timeout=60)
        states = [o.state for o in outcomes]
        done = len(outcomes) == len(plans) and all(o.is_done for o in outcomes)
    else:
        states = taken(data)
        done = states == ["done"] * CAP
    os.write(report, json.dumps({"done": done, "points": bomb.seen, "states": states}).encode())
    os._exit(0)


def taken(data: Path) -> list[str]:
    """Let an automatic flow take a turn, switched on by a person; return how all its runs ended."""
    from reconcile import workflows
    from reconcile.automations.switch import switch, switched
    from reconcile.automations.turn import turn
    from reconcile.settings import Automation
    from reconcile.state import state

    if not switched(state(data), FLOW):
        switch(data, FLOW, Automation(mode="automatic", daily_cap=CAP), "ana")
    turn(data, 60.0, PAUSES)
    return [run.state for run in workflows.runs(data)]


def forked(data: Path, plans: list[dict[str, Any]], at: int) -> dict[str, Any] | None:
    """Run `press` in a process of its own; return its report, or None if it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            press(data, plans, at, writing)
        except BaseException as error:  # noqa: BLE001 the parent must hear of it
            os.write(writing, json.dumps({"done": False, "points": 0, "states": [repr(error)]}).encode())
        os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return json.loads(said) if said else None


def planned(data: Path, checks: list[str]) -> list[dict[str, Any]]:
    """Return the plans for the first finding of each check, made in a process of its own (it opens threads)."""
    code = (
        "import sys, json, duckdb; from pathlib import Path; from reconcile import workflows\n"
        "data = Path(sys.argv[1]); found = []\n"
        "for check in sys.argv[2:]:\n"
        "    with duckdb.connect(str(data / 'warehouse.duckdb'), read_only=True) as db:\n"
        "        ids = db.execute('SELECT id FROM findings WHERE \"check\" = ? AND state = ? ORDER BY id', "
        "[check, 'open']).fetchall()\n"
        "    for (id,) in ids:\n"
        "        plans = workflows.fix(data, [id])\n"
        "        if plans and all(p.is_ready for p in plans) and len(plans) in (1, 2, 6): break\n"
        "    found += [p.model_dump(mode='json') for p in plans]\n"
        "print(json.dumps(found))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(data), *checks], capture_output=True, text=True, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def company(folder: Path) -> Iterator[tuple[str, Path]]:
    """Run the company in a process of its own; give its address and a data folder that has read it."""
    command = [sys.executable, "-m", "extract.sandbox", "--port", "0", "--deals", "300"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().split()
            url, smtp = line[1], int(line[-1].rsplit(":", 1)[1])
            code = (
                "import sys; from pathlib import Path; from reconcile import guided; "
                "guided.prepare(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])); guided.look_again(Path(sys.argv[1]))"
            )
            data = folder / "template"
            subprocess.run(
                [sys.executable, "-c", code, str(data), url, str(smtp)], check=True, stdout=subprocess.DEVNULL
            )
            yield url, data
        finally:
            process.terminate()


class Chaos:
    """The company, the plans to press, and what its books say after an undisturbed run."""

    def __init__(
        self, url: str, template: Path, folder: Path, fresh_database: Callable[[], str] | None, automatic: bool = False
    ) -> None:
        self.url, self.template, self.folder, self.fresh_database = url, template, folder, fresh_database
        checks = ["won_not_invoiced", "paid_not_in_crm", "overdue"]
        self.plans = [] if automatic else planned(template, checks)  # none: a flow finds its own
        self.count = 0
        calm = forked(self.begin([]), self.plans, 0)
        assert calm and calm["done"], calm
        self.points, self.right = calm["points"], self.books()

    def begin(self, faults: list[dict[str, Any]]) -> Path:
        """Put the company back, set its faults, and return a fresh data folder."""
        self.count += 1
        shutil.rmtree(self.folder / f"run{self.count - 1}", ignore_errors=True)
        data = self.folder / f"run{self.count}"
        shutil.copytree(
            self.template, data, ignore=shutil.ignore_patterns("raw", "*.lock", "rows.duckdb", "dbos.sqlite*")
        )
        if self.fresh_database:
            os.environ["CUADRA_STATE_URL"] = self.fresh_database()
            os.environ |= {"HUBSPOT_TOKEN": "pat-eu1-sandbox", "STRIPE_KEY": "sk_test_sandbox"}
        httpx.post(f"{self.url}/sandbox/reset", timeout=30)
        httpx.post(f"{self.url}/sandbox/faults", json=faults, timeout=30)
        return data

    def books(self) -> Any:
        """Return what was written at the company; an id is the same as any other of its kind."""
        written = httpx.get(f"{self.url}/sandbox/books", params={"changed": "1"}, timeout=30).text
        if self.plans:
            return json.loads(_ID.sub(r"\1_*", written))
        # Chains of a flow run side by side: which comes first, and so gets the lower number, is nobody's promise.
        return _unordered(json.loads(_NUMBER.sub("FN-*", _ID.sub(r"\1_*", written))))

    def run(self, kills: list[int], faults: list[dict[str, Any]]) -> dict[str, Any]:
        """Kill at these points, one process after another, then press once more and compare."""
        data = self.begin(faults)
        killed = 0
        for at in kills:
            killed += forked(data, self.plans, at) is None
        last = forked(data, self.plans, 0)
        found = self.books()
        bad = [] if found == self.right else _differences(self.right, found)
        if not last or not last["done"]:
            bad.append(f"not finished: {last}")
        return {"kills": kills, "killed": killed, "faults": faults, "bad": bad}

    def results(self, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
        """Yield the result of each run that is wanted: races first."""
        dice = random.Random(options.seed)
        for _ in range(options.races):
            yield self.race(3, dice.randint(1, self.points))
        for kills, faults in _wanted(options, self.points):
            yield self.run(kills, faults)

    def race(self, processes: int, kill: int) -> dict[str, Any]:
        """Press in several processes at once, the first of which is killed at a point, then once more; compare."""
        data = self.begin([])
        children = []
        for number in range(processes):
            child = os.fork()
            if child == 0:
                forked(data, self.plans, kill if number == 0 else 0)
                os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)
        last = forked(data, self.plans, 0)
        found = self.books()
        bad = [] if found == self.right else _differences(self.right, found)
        return {"processes": processes, "kills": [kill], "bad": bad if last and last["done"] else [*bad, f"{last}"]}


def _unordered(said: Any) -> Any:
    """Return books whose lists are in an order of their own."""
    if isinstance(said, dict):
        return {name: _unordered(value) for name, value in said.items()}
    if isinstance(said, list):
        return sorted((_unordered(value) for value in said), key=lambda value: json.dumps(value, sort_keys=True))
    return said


def _differences(right: Any, found: Any, where: str = "") -> list[str]:
    """Return where two books differ, in words."""
    if isinstance(right, dict) and isinstance(found, dict):
        keys = sorted(right.keys() | found.keys())
        return [d for k in keys for d in _differences(right.get(k), found.get(k), f"{where}/{k}")][:10]
    if isinstance(right, list) and isinstance(found, list) and len(right) == len(found):
        return [
            d for i, (r, f) in enumerate(zip(right, found, strict=True)) for d in _differences(r, f, f"{where}/{i}")
        ][:10]
    return [] if right == found else [f"{where}: {str(right)[:300]} became {str(found)[:300]}"]


def _wanted(options: argparse.Namespace, points: int) -> Iterator[tuple[list[int], list[dict[str, Any]]]]:
    """Yield (points to kill at, faults) of each run."""
    if options.each:
        yield from (([at], []) for at in range(1, points + 1, options.step))
    dice = random.Random(options.seed)
    for _ in range(options.runs):
        kills = [dice.randint(1, points) for _ in range(dice.choice((0, 1, 1, 1, 2, 3)))]
        faults = [f | {"times": 1, "after": dice.randint(0, 8)} for f in dice.choice(FAULTS)]
        yield kills, faults


def main() -> int:
    """Run and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=0, help="random runs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", action="store_true", help="kill at every point once")
    parser.add_argument("--step", type=int, default=1, help="with --each: only every n-th point")
    parser.add_argument("--races", type=int, default=0, help="runs in which three processes press at once")
    parser.add_argument("--seconds", type=float, default=1e9, help="start no more runs after so long")
    parser.add_argument("--automatic", action="store_true", help="a flow takes a turn by itself instead of a click")
    parser.add_argument("--postgres", action="store_true", help="keep the state in a PostgreSQL")
    options = parser.parse_args()
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    _imported()
    with tempfile.TemporaryDirectory(prefix="cuadra-chaos-") as name:
        folder = Path(name)
        with company(folder) as (url, template), _databases(options.postgres) as fresh:
            begun = time.monotonic()
            chaos = Chaos(url, template, folder, fresh, options.automatic)
            results: list[dict[str, Any]] = []
            for result in chaos.results(options):
                results.append(result)
                if result["bad"]:
                    print(json.dumps(result), file=sys.stderr, flush=True)
                if time.monotonic() - begun > options.seconds:
                    break
    bad = [r for r in results if r["bad"]]
    print(json.dumps({"points": chaos.points, "runs": len(results), "killed": sum(r.get("killed", 0) for r in results),
                      "bad": bad, "seconds": round(time.monotonic() - begun)}))  # fmt: skip
    return 1 if bad else 0


def _imported() -> None:
    """Import everything once, before processes are forked; nothing is opened yet."""
    import structlog

    from reconcile import action, workflows

    action.registry()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    assert workflows


@contextmanager
def _databases(wanted: bool) -> Iterator[Callable[[], str] | None]:
    """Give what makes an empty PostgreSQL database and returns its URL; None for SQLite."""
    if not wanted:
        yield None
        return
    import psycopg
    from postgres import server

    with server() as url:
        count = 0

        def fresh() -> str:
            nonlocal count
            count += 1
            with psycopg.connect(url, autocommit=True) as db:
                db.execute(f"CREATE DATABASE run{count}".encode())
            return url.replace("/postgres?", f"/run{count}?")

        yield fresh


if __name__ == "__main__":
    raise SystemExit(main())
