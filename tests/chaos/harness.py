"""Kills a real process at any point, lets another one go on, and compares the company's books with an undisturbed run.

A point is each moment just before and just after a write over HTTP, and before and after each commit of the state
store or of the workflow engine. `python tests/chaos/harness.py --runs 200 --seed 1 [--postgres]` kills at random
points, once or several times a run, some calls answered by a lost answer, a 500 or a refusal for the moment, with the
clock put forward or back between two processes; `--each` visits every point once, `--sent` the moments just after a
note, a task or a mail, which nobody but we keeps from being made twice. Prints one line of JSON. What may be killed:
`scenarios.py`.

A run costs about a second: the company and the data folder are made once and put back, and processes are forked from
this one, which has imported everything and opened nothing.
"""

import argparse
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent)]
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
_SUMMER_ENDS = datetime(2026, 10, 25, 0, 59, 58, tzinfo=UTC)  # in Madrid two seconds later it is two o'clock again
JUMPS = (0.0, 0.0, 3600.0, -3600.0, 40 * 86400.0, (_SUMMER_ENDS - datetime.now(UTC)).total_seconds())


BARE = ("/notes", "/tasks")  # where HubSpot makes what it is asked for, however often


def _always(*_: Any, **__: Any) -> bool:
    return True


class Bomb:
    """Counts points in this process and kills it at one of them; 0 never does.

    -n kills just after the n-th write that nobody but we keeps from being done twice: a note, a task, a mail.
    """

    def __init__(self, at: int) -> None:
        self.at, self.seen, self.bare = at, 0, 0

    def point(self, *_: Any) -> None:
        """Pass a point."""
        self.seen += 1
        if self.seen == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def arm(self) -> None:
        """Put points around every write and every commit of this process."""
        import sqlalchemy as sa
        from sqlalchemy.pool import Pool

        from reconcile.archive.place import Place
        from reconcile.mail import Mailer

        sa.event.listen(sa.Engine, "commit", self.point)
        sa.event.listen(Pool, "checkin", self.point)
        self.around(
            httpx.Client,
            "request",
            lambda *args, **rest: "GET" not in (*args[:1], rest.get("method")),
            lambda *args, **rest: any(str(said).endswith(BARE) for said in (*args, rest.get("url"))),
        )
        self.around(Place, "put", is_bare=lambda *_, **__: False)
        self.around(Mailer, "send")

    def around(self, owner: type, name: str, is_write: Any = _always, is_bare: Any = _always) -> None:
        """Put a point before and after each call of a method that writes."""
        real = getattr(owner, name)

        def method(self_: Any, *args: Any, **rest: Any) -> Any:
            if not is_write(*args, **rest):
                return real(self_, *args, **rest)
            self.point()
            answer = real(self_, *args, **rest)
            self.point()
            if is_bare(*args, **rest):
                self.bare += 1
                if self.bare == -self.at:
                    os.kill(os.getpid(), signal.SIGKILL)
            return answer

        setattr(owner, name, method)


def jump(seconds: float) -> None:
    """Put this process's clock forward or back; what counts ticks goes on as before."""
    from reconcile import state

    real, told = time.time, state.now
    time.time = lambda: real() + seconds
    for module in list(sys.modules.values()):
        if getattr(module, "now", None) is told:
            module.now = lambda: told() + timedelta(seconds=seconds)  # type: ignore[attr-defined]


def press(name: str, data: Path, plans: list[dict[str, Any]], at: int, seconds: float, report: int) -> None:
    """Press and wait, in this process; write how it ended and the number of points passed to `report`."""
    from scenarios import PAUSES, SCENARIOS

    from reconcile import workflows
    from reconcile.action import Plan, registry

    for action in registry().values():
        type(action).settles = 0.0
    if seconds:
        jump(seconds)
    bomb = Bomb(at)
    bomb.arm()
    workflows.launch(data, PAUSES)
    scenario = SCENARIOS[name]
    pressed = scenario.press(data, [Plan.model_validate(p) for p in plans])
    said = pressed._asdict() | {"points": bomb.seen, "bare": bomb.bare, "kept": scenario.kept(data)}
    os.write(report, json.dumps(said).encode())
    os._exit(0)


def forked(do: Callable[[int], None]) -> dict[str, Any] | None:
    """Run `do` in a process of its own with a pipe to report to; return the report, or None if it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            do(writing)
        except BaseException as error:  # noqa: BLE001 the parent must hear of it
            os.write(writing, json.dumps({"done": False, "points": 0, "states": [repr(error)]}).encode())
        os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return json.loads(said) if said else None


@contextmanager
def company(folder: Path) -> Iterator[tuple[str, Path]]:
    """Run the company in a process of its own; give its address and a data folder that has read it."""
    from scenarios import prepare

    command = [sys.executable, "-m", "extract.sandbox", "--port", "0", "--deals", "300"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().split()
            url, smtp, data = line[1], int(line[-1].rsplit(":", 1)[1]), folder / "template"

            def made(report: int) -> None:
                prepare(data, url, smtp)
                os.write(report, b'{"done": true}')
                os._exit(0)

            said = forked(made)
            assert said and said["done"], said
            yield url, data
        finally:
            process.terminate()


class Chaos:
    """One scenario: its plans, and what the books say after an undisturbed run."""

    def __init__(
        self, name: str, url: str, template: Path, folder: Path, fresh_database: Callable[[], str] | None
    ) -> None:
        from scenarios import PLANS, SCENARIOS

        self.name, self.url, self.template, self.fresh_database = name, url, template, fresh_database
        self.folder, self.count, self.is_ordered = folder / name, 0, SCENARIOS[name].is_ordered
        self.plans = json.loads((template / PLANS).read_text())[name]
        calm = self.pressed(self.begin([]))
        assert calm and calm["done"] and (self.plans or name == "flow"), calm
        self.points, self.bare, self.right = calm["points"], calm["bare"], (self.books(), calm["kept"])

    def begin(self, faults: list[dict[str, Any]]) -> Path:
        """Put the company back, set its faults, and return a fresh data folder."""
        from scenarios import change

        shutil.rmtree(self.folder / f"run{self.count}", ignore_errors=True)
        self.count += 1
        data = self.folder / f"run{self.count}"
        shutil.copytree(self.template, data, ignore=shutil.ignore_patterns("raw", "*.lock", "rows.duckdb"))
        if self.fresh_database:
            os.environ["CUADRA_STATE_URL"] = self.fresh_database()
            os.environ |= {"HUBSPOT_TOKEN": "pat-eu1-sandbox", "STRIPE_KEY": "sk_test_sandbox"}
        httpx.post(f"{self.url}/sandbox/reset", timeout=30)
        change(data, self.url)
        httpx.post(f"{self.url}/sandbox/faults", json=faults, timeout=30)
        return data

    def pressed(self, data: Path, at: int = 0, seconds: float = 0.0) -> dict[str, Any] | None:
        """Press in a process of its own that dies at a point."""
        return forked(lambda report: press(self.name, data, self.plans, at, seconds, report))

    def books(self) -> Any:
        """Return what was written at the company; an id is the same as any other of its kind."""
        written = httpx.get(f"{self.url}/sandbox/books", params={"changed": "1"}, timeout=30).text
        if self.is_ordered:
            return json.loads(_ID.sub(r"\1_*", written))
        # Chains of a flow run side by side: which comes first, and so gets the lower number, is nobody's promise.
        return _unordered(json.loads(_NUMBER.sub("FN-*", _ID.sub(r"\1_*", written))))

    def run(self, kills: list[int], faults: list[dict[str, Any]], jumps: list[float]) -> dict[str, Any]:
        """Kill at these points, one process after another, each with its clock, then press once more and compare."""
        data = self.begin(faults)
        killed = sum(self.pressed(data, at, by) is None for at, by in zip(kills, jumps, strict=False))
        said = {"scenario": self.name, "kills": kills, "killed": killed, "faults": faults, "jumps": jumps}
        return said | {"bad": self.compared(self.pressed(data, 0, jumps[-1]))}

    def race(self, processes: int, kill: int) -> dict[str, Any]:
        """Press in several processes at once, the first of which is killed at a point, then once more; compare."""
        data = self.begin([])
        children = []
        for number in range(processes):
            child = os.fork()
            if child == 0:
                self.pressed(data, kill if number == 0 else 0)
                os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)
        said = {"scenario": self.name, "processes": processes, "kills": [kill], "killed": 1}
        return said | {"bad": self.compared(self.pressed(data))}

    def compared(self, last: dict[str, Any] | None) -> list[str]:
        """Return how the end differs from that of an undisturbed run, in words; empty where it does not."""
        bad = _differences(self.right, (self.books(), (last or {}).get("kept")))
        return bad if last and last["done"] else [*bad, f"not finished: {last}"]

    def results(self, options: argparse.Namespace, dice: random.Random) -> Iterator[dict[str, Any]]:
        """Yield the result of each run that is wanted: races first."""
        for _ in range(options.races):
            yield self.race(3, dice.randint(1, self.points))
        for at in range(1, 1 + min(options.sent, self.bare)):
            yield self.run([-at], [], [0.0, 0.0])
        for at in range(1, self.points + 1, options.step) if options.each else ():
            yield self.run([at], [], [0.0, 0.0])
        for _ in range(options.runs):
            kills = [dice.randint(1, self.points) for _ in range(dice.choice((0, 1, 1, 1, 2, 3)))]
            faults = [f | {"times": 1, "after": dice.randint(0, 8)} for f in dice.choice(FAULTS)]
            jumps = [dice.choice(JUMPS) if self.name != "flow" else 0.0 for _ in [*kills, 0]]  # a flow counts its days
            yield self.run(kills, faults, jumps)


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
    if isinstance(right, list | tuple) and isinstance(found, list | tuple) and len(right) == len(found):
        return [
            d for i, (r, f) in enumerate(zip(right, found, strict=True)) for d in _differences(r, f, f"{where}/{i}")
        ][:10]
    return [] if right == found else [f"{where}: {str(right)[:300]} became {str(found)[:300]}"]


def main() -> int:
    """Run and report."""
    _imported()
    from scenarios import SCENARIOS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", action="append", choices=[*SCENARIOS], help="which; else all")
    parser.add_argument("--runs", type=int, default=0, help="random runs of each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", action="store_true", help="kill at every point once")
    parser.add_argument("--step", type=int, default=1, help="with --each: only every n-th point")
    parser.add_argument(
        "--sent", type=int, default=0, help="kill just after each of the first so many writes that only we keep single"
    )
    parser.add_argument("--races", type=int, default=0, help="runs in which three processes press at once")
    parser.add_argument("--postgres", action="store_true", help="keep the state in a PostgreSQL")
    parser.add_argument("--log", action="store_true", help="say each run on a line of its own")
    options = parser.parse_args()
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="cuadra-chaos-") as name:
        folder = Path(name)
        with company(folder) as (url, template), _databases(options.postgres) as fresh:
            begun, points, dice = time.monotonic(), {}, random.Random(options.seed)
            for scenario in options.scenario or SCENARIOS:
                chaos = Chaos(scenario, url, template, folder, fresh)
                points[scenario] = chaos.points
                for result in chaos.results(options, dice):
                    results.append(result)
                    if result["bad"] or options.log:
                        print(json.dumps(result), file=sys.stderr, flush=True)
    bad, spent = [r for r in results if r["bad"]], resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({
        "points": points, "runs": len(results), "each": Counter(r["scenario"] for r in results),
        "killed": sum(r["killed"] for r in results), "bad": bad, "seconds": round(time.monotonic() - begun),
        "processor": round(spent.ru_utime + spent.ru_stime),
    }))  # fmt: skip
    return 1 if bad else 0


def _imported() -> None:
    """Import everything once, before processes are forked; nothing is opened yet."""
    import scenarios
    import structlog

    from reconcile import action

    action.registry()
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    assert scenarios


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
