"""The two flows for n8n in a real n8n, both ways with the invented company.

Wants n8n (`npm install n8n`) on the path, or its command in CUADRA_N8N; what a test without it can prove is in
test_flows.py. Tried with n8n 2.41.1 on Node.js 24.
"""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from company import Shop
from listening import Server
from real_n8n import BINARY, N8n, free_port, until

from dashboard import hooks, unattended
from dashboard.notify import events, post, webhook
from reconcile.settings import WebHook

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not BINARY, reason="needs n8n on the path, or its command in CUADRA_N8N"),
    pytest.mark.capability("CONN-4"),
]
FLOWS = Path(__file__).resolve().parents[2] / "data" / "flows"
TOLD, TELL = (json.loads((FLOWS / f"n8n-{way}-cuadra.json").read_text("utf-8"))["id"] for way in ("from", "to"))


@pytest.fixture(scope="module")
def n8n(tmp_path_factory: pytest.TempPathFactory) -> Iterator[N8n]:
    """n8n, in which both files were imported as they are."""
    flows = tmp_path_factory.mktemp("flows")
    for path in FLOWS.glob("n8n-*.json"):
        shutil.copy(path, flows)
    running = N8n(tmp_path_factory.mktemp("n8n"), flows)
    yield running
    running.stop()


@pytest.fixture
def address(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where Cuadra answers web hooks of the company's data folder."""
    monkeypatch.setenv("CUADRA_DATA", str(shop.data))
    from dashboard.app import hooks_only

    port = free_port()
    served = uvicorn.Server(uvicorn.Config(hooks_only, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=served.run, daemon=True)
    thread.start()
    until(lambda: served.started)
    yield f"http://127.0.0.1:{port}/hooks/carrier"
    served.should_exit = True
    thread.join(30)
    hooks.bell(shop.data).stop()


def own_step(workflow: dict[str, Any], url: str) -> None:
    """Put a step of the user's behind the last one: it sends what it was given to `url`."""
    workflow["nodes"].append({
        "id": "own", "name": "Our own step", "type": "n8n-nodes-base.httpRequest", "typeVersion": 4.2,
        "position": [1800, -100], "parameters": {
            "method": "POST", "url": url, "sendBody": True, "specifyBody": "json",
            "jsonBody": "={{ JSON.stringify($json) }}", "options": {}}})  # fmt: skip
    workflow["connections"]["Start the onboarding"] = {"main": [[{"node": "Our own step", "type": "main", "index": 0}]]}


def test_cuadra_tells_n8n_which_goes_on_once(n8n: N8n, shop: Shop, server: Server) -> None:
    """Without a key it cannot be published; a test arrives and starts nothing; an event starts it once; forged: 401."""
    without = n8n.publish(TOLD)
    assert without.status_code == 400 and "Missing required credential" in without.text
    key = webhook.secret()
    shop.store.keep_credentials("hook:n8n", {webhook.SECRET: key}, "ana")
    n8n.key(TOLD, webhook.key_as_text(key))
    workflow = n8n.workflow(TOLD)
    own_step(workflow, server.url)
    n8n.save(workflow)
    assert n8n.publish(TOLD).is_success

    def call(body: bytes, headers: dict[str, str]) -> int:
        return n8n.web.post("/webhook/cuadra", content=body, headers=headers).status_code

    until(lambda: call(b"{}", {}) == 401)  # n8n begins to listen a moment after it said so; unsigned: refused
    told_of = ["deal.first_payment", "deal.paid"]
    shop.set(hooks={"n8n": WebHook(url=f"{n8n.address}/webhook/cuadra", events=told_of, private=True)})
    listeners = events.listeners(post.load(shop.data))

    def bring(kind: str, name: str, **data: Any) -> str:
        id = events.event_id(kind, name)
        events.add(shop.store, events.Event(id, kind, events.now(), "", data), listeners)
        assert post.bring(shop.data) == 1
        return id

    tried = post.test(shop.data, "hook:n8n", "ana")
    assert tried.sort == "done", tried.says
    deal = {"vendor": "hubspot", "id": "501", "title": "Łódź “quoted” \\ 1,5 €"}
    who = {"customer": {"name": "Acme / Söhne"}, "owner": {"email": "m@example.com"}}
    bring("deal.paid", "x", deals=[deal], **who)
    first = bring("deal.first_payment", "x", deals=[deal], **who)
    until(lambda: server.got)
    body = json.dumps({"type": "deal.first_payment", "data": {"deals": [{"id": "502"}], "share": 1.0}}).encode()

    signed = webhook.signed("msg_spaced", body, key, time.time())
    assert call(body.replace(b"502", b"503"), signed) == 401
    assert call(body, webhook.signed("msg_old", body, key, 1_700_000_000)) == 401
    assert call(body, webhook.signed("msg_forged", body, webhook.secret(), time.time())) == 401
    assert call(body, {"content-type": "application/json"}) == 401
    again = webhook.signed(first, body, key, time.time())  # a second try after an answer that was lost
    assert (call(body, again), call(body, signed)) == (204, 204)
    until(lambda: len(server.got) > 1)
    assert [(got.json["event_id"], got.json["deal_id"]) for got in server.got] == [
        (first, "501"),
        ("msg_spaced", "502"),
    ]
    assert server.got[0].json == {"event_id": first, "event": "deal.first_payment", "deal_id": "501",
                                  "customer": "Acme / Söhne", "salesperson": "m@example.com"}  # fmt: skip
    assert {row["state"] for row in post.history(shop.store, "hook:n8n")} == {"done"}


def test_n8n_has_cuadra_read_again(n8n: N8n, shop: Shop, address: str) -> None:
    """With the secret of the page: read at once, and what was new is there. With another: an error, no reading."""
    key = webhook.secret()
    shop.store.keep_credentials(hooks.CARRIER_SECRETS, {webhook.SECRET: key}, "ana")
    workflow = n8n.workflow(TELL)
    for node in workflow["nodes"]:
        if node["name"] == "Call Cuadra":
            node["parameters"]["url"] = address
    n8n.save(workflow)
    id = shop.post("deals", {
        "company": {"name": "Told SL", "nif": "B35680669", "country": "Spain"},
        "deal": {"dealname": "Told by n8n", "amount": "1440.50", "deal_currency_code": "EUR", "dealstage": "closedwon",
                 "closedate": "2026-10-01T10:00:00Z"}})["deal_id"]  # fmt: skip
    n8n.key(TELL, webhook.key_as_text(webhook.secret()))
    status, kept = n8n.execute(TELL)
    assert status == "error" and "401" in kept and "the signature is not ours" in kept
    assert not shop.store.values("hook:") and not unattended.last(shop.store)
    n8n.key(TELL, webhook.key_as_text(key))
    status, kept = n8n.execute(TELL)
    assert status == "success" and '"reading"' in kept
    query = "SELECT title FROM deals WHERE id = ?"
    until(lambda: shop.rows(query, id) == [("Told by n8n",)] and not shop.store.values("hook:"))
    reading = unattended.last(shop.store)
    assert reading["why"] == "hook" and not reading["error"]
