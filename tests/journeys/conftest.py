"""The invented company over HTTP, read into a data folder once for all journeys that only look at it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from dashboard import demo, imports, jobs
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
