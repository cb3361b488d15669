"""The flows to import: complete as n8n and Make write theirs, and run with what Cuadra really sends and takes."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from listening import Got, Server

from dashboard.notify import events, post, webhook
from extract.hooks import Call, judge
from reconcile.state import state

ROOT = Path(__file__).resolve().parents[2]
FLOWS = ROOT / "data" / "flows"
RUNNER = Path(__file__).with_name("run_flow.mjs")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js to run the flow's expressions")


def ran(name: str, key: str, item: Any) -> dict[str, Any]:
    """Run a flow with its key and return what came out of each of its nodes."""
    command = ["node", str(RUNNER), str(FLOWS / f"{name}.json"), key]
    done = subprocess.run(command, input=json.dumps(item), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def sent(data: Path, server: Server, kind: str, **said: Any) -> tuple[Got, str]:
    """Have an event delivered to the server and return it with the secret."""
    key = webhook.secret()
    store = state(data)
    store.keep_credentials("hook:n8n", {webhook.SECRET: key}, "ana")
    made = events.Event(events.event_id(kind, "x"), kind, events.now(), "", said)
    events.add(store, made, {"hook:n8n": events.listeners(post.load(data))["hook:n8n"]})
    assert post.bring(data) == 1
    return server.got[-1], key


@needs_node
@pytest.mark.capability("CONN-4")
def test_n8n_takes_what_cuadra_sends_and_nothing_else(told: Callable[..., Path], server: Server) -> None:
    """The imported flow answers 204 and has the deal's id; with another key, or a body that was touched, 401."""
    data = told(hooks={"n8n": {"url": server.url, "events": ["deal.first_payment"], "private": True}})
    deal = {"vendor": "hubspot", "id": "501", "title": "Łódź “quoted” \\ 1,5 €"}
    got, key = sent(data, server, "deal.first_payment", deals=[deal], customer={"name": "Acme / Söhne"},
                    owner={"email": "m@example.com"}, paid={"paid": "100.10", "currency": "EUR"})  # fmt: skip
    item = {"headers": got.headers, "body": got.json, "raw": got.body.decode()}
    done = ran("n8n-from-cuadra", webhook.key_as_text(key), item)
    assert done["Thank you"]["status"] == 204 and "Not from Cuadra" not in done
    assert done["Start the onboarding"] == {
        "event_id": got.headers["webhook-id"], "event": "deal.first_payment", "deal_id": "501",
        "customer": "Acme / Söhne", "salesperson": "m@example.com"}  # fmt: skip
    touched = item | {"raw": got.body.decode().replace("501", "502")}
    old = item | {"headers": got.headers | {"webhook-timestamp": "1700000000"}}
    for bad in (touched, old, item | {"headers": {}}):
        refused = ran("n8n-from-cuadra", webhook.key_as_text(key), bad)
        assert refused["Not from Cuadra"]["status"] == 401 and "Start the onboarding" not in refused
    assert "Thank you" not in ran("n8n-from-cuadra", webhook.key_as_text(webhook.secret()), item)
    got, key = sent(data, server, "test", says="Nothing happened.")
    tested = {"headers": got.headers, "body": got.json, "raw": got.body.decode()}
    done = ran("n8n-from-cuadra", webhook.key_as_text(key), tested)
    assert done["Thank you"]["status"] == 204 and "Start the onboarding" not in done


@needs_node
@pytest.mark.capability("CONN-4")
def test_what_n8n_sends_is_signed_as_cuadra_wants_it() -> None:
    """The other flow's request is believed with the secret that the page showed, and with no other."""
    key = webhook.secret()
    request = ran("n8n-to-cuadra", webhook.key_as_text(key), {})["Call Cuadra"]
    assert request["method"] == "POST" and request["url"].endswith("/hooks/carrier")
    call = Call("POST", (), request["headers"], request["body"].encode())
    assert judge("standard", call, key, time.time()) == "signed"
    assert judge("standard", call, webhook.secret(), time.time()) == "forged"


@pytest.mark.parametrize("path", sorted(FLOWS.glob("*.json")), ids=lambda p: p.stem)
def test_a_flow_is_whole(path: Path) -> None:
    """Every node or module has what an import wants, connections name nodes, and no key or address of ours is in it."""
    flow, text = json.loads(path.read_text("utf-8")), path.read_text("utf-8")
    assert "whsec_" not in text and '"secret"' not in text and '"credentials"' not in text
    assert set(re.findall(r"https?://([^/\"]+)", text)) <= {"cuadra.example.com"}
    if path.stem.startswith("n8n"):
        assert (
            re.fullmatch("[A-Za-z0-9]{16}", flow["id"]) and flow["active"] is False
        )  # n8n import:workflow wants an id
        names = {node["name"] for node in flow["nodes"]}
        assert len(names) == len(flow["nodes"]) == len({node["id"] for node in flow["nodes"]})
        for node in flow["nodes"]:
            assert node["type"].startswith("n8n-nodes-base.") and node["typeVersion"] and len(node["position"]) == 2
        for name, out in flow["connections"].items():
            assert name in names and all(to["node"] in names for one in out["main"] for to in one)
        return
    assert "PUT THE KEY HERE" in text
    ids = [module["id"] for module in flow["flow"]]
    assert ids == sorted(set(ids)) and flow["metadata"]["version"] == 1
    for module in flow["flow"]:
        assert re.fullmatch(r"[a-z]+:[A-Za-z0-9]+", module["module"]) and module["version"]
        written = json.dumps([module["mapper"], module.get("filter")])
        used = {int(n) for n in re.findall(r"(?:\{\{|\()(\d+)\.", written)}
        assert all(n < module["id"] for n in used)
