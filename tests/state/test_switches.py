"""A switch turned in the settings is turned in the file, and the words beside it stay."""

from pathlib import Path

import pytest

from reconcile import settings


@pytest.mark.parametrize(
    ("written", "change", "expected"),
    [
        ("[writes]\nstripe = false # ask Eva", {"writes": {"stripe": True}}, "stripe = true # ask Eva"),
        ("[invoicing]\nsend = true # by mail", {"invoicing": settings.Invoicing(send=False)}, "send = false # by mail"),
        ("[mail]\nport = 25 # old", {"mail": settings.Mail(port=587)}, "port = 587 # old"),
    ],
    ids=["write switch", "sending", "a number"],
)
def test_a_switch_is_turned_and_its_comment_stays(
    tmp_path: Path, written: str, change: dict[str, object], expected: str
) -> None:
    """True, false and numbers alike."""
    (tmp_path / "settings.toml").write_text(written + "\n")
    settings.save(settings.load(tmp_path).model_copy(update=change), tmp_path)
    assert expected in (tmp_path / "settings.toml").read_text()
    assert settings.load(tmp_path)
