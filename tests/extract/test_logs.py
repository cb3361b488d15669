"""Logs say what happened and never a secret."""

import json
import logging
from pathlib import Path

import pytest
import structlog

from extract import logs


@pytest.mark.parametrize(
    "event",
    [
        {"token": "abcdef123"},
        {"note": "sent with Bearer abcdefgh.ijkl"},
        {"note": "key sk_live_51Habc failed"},
        {"request": {"headers": {"Authorization": "Basic c2VjcmV0c2VjcmV0"}}},
        {"note": ["pat-eu1-00000000-1111"]},
        {"note": "the value hunter2hunter2 was typed"},
    ],
)
def test_no_secret_reaches_the_log(event: dict, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By field name, by shape, or because it is a credential in use; nested or not, structlog or plain logging."""
    logs.hide(["hunter2hunter2"])
    logs.configure(tmp_path)
    structlog.get_logger("test").warning("called", **event)
    logging.getLogger("other").warning("plain: %s", event)
    written = (tmp_path / "logs" / "cuadra.jsonl").read_text() + capsys.readouterr().err
    lines = [json.loads(x) for x in (tmp_path / "logs" / "cuadra.jsonl").read_text().splitlines()]
    assert [x["event"].split(":")[0] for x in lines] == ["called", "plain"]
    for secret in ("abcdefgh.ijkl", "51Habc", "c2VjcmV0", "0000-1111", "hunter2"):
        assert secret not in written
    assert "abcdef123" not in (tmp_path / "logs" / "cuadra.jsonl").read_text().splitlines()[0]
