"""The invented company over HTTP, read into a data folder once for all journeys that only look at it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from dashboard import cli, demo, imports, jobs
from extract.sandbox import server


@pytest.fixture(scope="session")
def company() -> Iterator[Any]:
    """The running company."""
    running = server.serve()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def read_once(company: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with both vendors and the bank statements read and reconciled. Look, do not write."""
    data = tmp_path_factory.mktemp("company") / "data"
    demo.prepare(data, company.url, company.smtp_port)
    for reading in jobs.sync(data):
        assert not reading.error and not reading.rejected, reading
    statement = data / "bank.xml"
    statement.write_bytes(httpx.get(f"{company.url}/sandbox/bank.xml", timeout=30).content)
    imports.take(data, statement)
    jobs.reconcile(data)
    return data


@pytest.fixture
def data(read_once: Path, tmp_path: Path) -> Path:
    """A copy of it to write in."""
    shutil.copytree(read_once, tmp_path / "data")
    return tmp_path / "data"


class Cuadra:
    """The command line on a data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(self, *words: str, code: int = 0, text: str | None = None) -> str:
        """Run `cuadra WORDS`; it must end with `code`. Return what it printed."""
        done = self._run(list(words), text)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stdout + done.stderr

    def json(self, *words: str, code: int = 0) -> Any:
        """Run it with --json and return the document."""
        done = self._run([*words, "--json"])
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def _run(self, words: list[str], text: str | None = None) -> "subprocess.CompletedProcess[str]":
        words = ["--data", str(self.data), *words]
        if "--yes" in words:  # chains run in threads that end with their process
            command = [sys.executable, "-m", "dashboard.cli", *words]
            return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=120)
        done = CliRunner().invoke(cli.app, words, input=text, catch_exceptions=False)
        return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)

    def finding(self, check: str, wanted: Callable[[dict[str, Any]], bool] = lambda f: True) -> dict[str, Any]:
        """Return the first open finding of a check that is wanted."""
        return next(f for f in self.json("findings", "--check", check) if wanted(f))


@pytest.fixture
def cuadra(data: Path) -> Cuadra:
    """The command line on a copy of the company's data."""
    return Cuadra(data)


@pytest.fixture
def books(company: Any) -> Callable[[], dict[str, Any]]:
    """What stands in the company's books now."""
    return lambda: httpx.get(f"{company.url}/sandbox/books", timeout=30).json()
