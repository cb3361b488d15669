"""What the tests of vendors share: the modules beside them, and reads that are repeated without waiting."""

from collections.abc import Iterator

import pytest
import stamina

from extract import vendor
from extract.auth import RenewedAuth


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Repeat reads at once: how long a vendor asks to wait is tested by itself."""
    RenewedAuth._live.clear()  # each vendor of a test signs in by itself
    stamina.set_testing(True, attempts=vendor.ATTEMPTS)
    yield
    stamina.set_testing(False)
