"""One company for the tests of a file, and the two vendors connected to it."""

from collections.abc import Iterator

import pytest
from speaking import WRONG, connected, tell

from extract.sandbox.server import Running, serve
from extract.vendors.hubspot import HubSpot
from extract.vendors.stripe import Stripe


@pytest.fixture(scope="module")
def box() -> Iterator[Running]:
    with serve(smtp_port=None) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def described() -> Iterator[None]:
    """Every request of these tests, and a sample of the replies, is as the vendors' descriptions say."""
    yield
    assert not WRONG, "\n".join(WRONG[:20])


@pytest.fixture
def hubspot(box: Running) -> HubSpot:
    return connected(HubSpot, box)


@pytest.fixture
def stripe(box: Running) -> Stripe:
    return connected(Stripe, box)


@pytest.fixture(autouse=True)
def _no_faults(box: Running) -> Iterator[None]:
    yield
    tell(box, "faults", [])
