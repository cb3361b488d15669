"""What the tests of vendors share: the modules beside them, and reads that are repeated without waiting."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from extract import vendor

sys.path.insert(0, str(Path(__file__).parent.parent))  # modules that tests share


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Repeat reads at once: how long a vendor asks to wait is tested by itself."""
    stamina.set_testing(True, attempts=vendor.ATTEMPTS)
    yield
    stamina.set_testing(False)
