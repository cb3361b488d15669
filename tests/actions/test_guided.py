"""The guided test passes on a company that works, names the step that fails, and leaves nothing behind."""

import tempfile
from pathlib import Path

import httpx
import pytest

from extract.sandbox.server import serve
from reconcile import guided

STEPS = ["test customer", "test quote", "mark won", "confirm the invoice", "check the data", "check the sending"]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.mark.capability("ROLL-6")
def test_six_steps_pass_and_leave_nothing_behind(tmp_path: Path) -> None:
    """Customer, quote, won, invoice, data, sending: each says what it saw."""
    steps = guided.guided()
    assert [s.step for s in steps] == STEPS
    assert all(s.passed for s in steps), steps
    assert list(tmp_path.iterdir()) == []


@pytest.mark.capability("ROLL-6")
def test_a_step_that_fails_is_named_and_the_rest_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A billing system that refuses to send fails the fourth step."""

    def broken(*args: object, **kwargs: object) -> object:
        company = serve(*args, **kwargs)  # type: ignore[arg-type]
        fault = {"kind": "status", "match": "/send$", "status": 400}
        httpx.post(f"{company.url}/sandbox/faults", json=[fault])
        return company

    monkeypatch.setattr(guided, "serve", broken)
    steps = guided.guided()
    assert [s.passed for s in steps] == [True, True, True, False, False, False]
    assert "send_invoice: refused" in steps[3].says
