"""The tab of web hooks and channels: made, tried, seen, removed; what is a secret is shown once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from listening import Server
from small_company import words
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboard.notify import chat, events, post, webhook
from dashboard.views import outgoing
from reconcile import settings
from reconcile.state import state

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"


def tabs_at(app: AppTest) -> int:
    """Return the place of the tabs on the page."""
    return next(at for at, block in app.main.children.items() if block.type == "tab_container")


def test_a_hook_and_a_channel_are_made_tried_and_removed(
    told: Callable[..., Path], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address inside is refused until it is allowed; the test arrives signed; what was given up is sent again."""
    data = told()
    monkeypatch.setenv("CUADRA_DATA", str(data))
    app = AppTest.from_file(str(FRAME), default_timeout=120)
    app._page_hash = calc_hash("automations")
    app.run()
    assert not app.exception and "Make a secret" in words(app)
    before = tabs_at(app)
    app.text_input(key="hook-name").set_value("n8n")
    app.text_input(key="hook-url").set_value(f"{server.url}/in")
    app.multiselect(key="events-hook:").select("report.delivered")
    app.button(key="hook-add").click().run()
    assert "only https" in words(app) and not settings.load(data).hooks
    app.checkbox(key="private-hook:").set_value(True)
    app.button(key="hook-add").click().run()
    assert "Saved" in words(app) and tabs_at(app) == before  # elsewhere they would open at the first
    made = settings.load(data).hooks["n8n"]
    assert (made.url, made.events, made.private) == (f"{server.url}/in", ["report.delivered"], True)
    secret = state(data).credentials("hook:n8n")[webhook.SECRET]
    shown = [code.value for code in app.code]
    assert shown[:2] == [secret, webhook.key_as_text(secret)]
    app.button(key="test-hook:n8n").click().run()
    assert "The test arrived" in words(app) and server.got[0].json["type"] == "test"
    app.text_input(key="channel-name").set_value("sales")
    app.text_input(key="channel-address").set_value("https://evil.example/x")
    app.button(key="channel-add").click().run()
    assert "hooks.slack.com" in words(app).replace("\\", "") and not settings.load(data).channels
    app.text_input(key="channel-address").set_value(f"{server.url}/services/T/B/hidden")
    app.checkbox(key="private-channel:").set_value(True)
    app.multiselect(key="events-channel:").select("report.delivered")
    app.button(key="channel-add").click().run()
    assert state(data).credentials("channel:sales")[chat.ADDRESS].endswith("hidden")
    assert "hidden" not in (data / "settings.toml").read_text() + str(state(data).entries())
    server.answers = [410]
    event = events.Event(events.event_id("report.delivered", "x"), "report.delivered", events.now(), "", {})
    events.add(state(data), event, {"hook:n8n": made})
    post.bring(data)
    app.run()
    app.button(key="again-hook:n8n").click().run()
    assert not app.exception and [row["state"] for row in post.history(state(data), "hook:n8n")] == ["done"]
    app.button(key="remove-hook:n8n").click().run()
    assert "n8n" not in settings.load(data).hooks and state(data).credentials("hook:n8n") == {}
    kept = [entry["subject"] for entry in state(data).entries(action="change_listener")]
    assert kept == ["hook:n8n", "channel:sales", "hook:n8n"]


def test_a_flow_to_import_knows_where_cuadra_is() -> None:
    """Both flows that call Cuadra are handed out with its address, once the settings know it; nothing else changes."""
    for path in outgoing.FLOWS.glob("*-to-cuadra.json"):
        made = outgoing.flow_for(path, "https://billing.example.org/")
        assert b'"https://billing.example.org/hooks/carrier"' in made and b"cuadra.example" not in made
        assert outgoing.flow_for(path, "") == path.read_bytes()
        assert made.replace(b"https://billing.example.org", outgoing.NOWHERE.encode()) == path.read_bytes()
