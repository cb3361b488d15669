"""A page whose ground is missing or damaged says what to do; nobody sees a traceback."""

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

Page = Callable[..., AppTest]


def told(app: AppTest) -> str:
    """Return what the page warns of."""
    return " ".join(box.value for box in [*app.error, *app.warning, *app.info])


@pytest.mark.parametrize("name", ["reconciliation", "week", "sales"])
def test_a_damaged_warehouse_is_said_with_what_to_do(data: Path, page: Page, name: str) -> None:
    """It can be made again from what was read: the page says so."""
    (data / "warehouse.duckdb").write_bytes(b"not a database" * 1000)
    app = page(name)
    assert "it is damaged" in told(app) and "Compare again" in [b.label for b in app.button]


def test_settings_that_are_wrong_are_said_with_key_and_value(data: Path, page: Page) -> None:
    """Not a page shows until they can be read: amounts would be judged by other settings than people chose."""
    (data / "settings.toml").write_text('[company]\ntime_zone = "Madrid"\n')
    said = told(page("reconciliation"))
    assert "time_zone" in said and "Europe/Madrid" in said
