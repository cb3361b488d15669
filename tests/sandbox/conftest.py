"""What the tests of the sandbox share: one company, a server to read from, and one to write to."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from extract.sandbox.books import Company
from extract.sandbox.company import company
from extract.sandbox.server import Running, serve

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]  # modules that tests share

from desk import HUBSPOT, STRIPE, TODAY  # noqa: E402 - it lies beside this file


@pytest.fixture(scope="session")
def books() -> Company:
    """The company of the sample."""
    return company(TODAY)


@pytest.fixture(scope="session")
def _server() -> Iterator[Running]:
    with serve(today=TODAY, deals=400) as running:
        yield running


@pytest.fixture
def box(_server: Running) -> Running:
    """A running sandbox whose books are as they begin."""
    httpx.post(f"{_server.url}/sandbox/reset").raise_for_status()
    return _server


@pytest.fixture
def crm(box: Running) -> Iterator[httpx.Client]:
    """A client with HubSpot's token."""
    with httpx.Client(base_url=box.url, headers=HUBSPOT) as client:
        yield client


@pytest.fixture
def billing(box: Running) -> Iterator[httpx.Client]:
    """A client with Stripe's key."""
    with httpx.Client(base_url=box.url, headers=STRIPE) as client:
        yield client
