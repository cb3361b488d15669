"""Web hooks over HTTP, beside the page: signed as the vendors' own libraries sign, replayed, disordered, forged."""

import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from company import Shop
from hubspot.utils.signature import Signature
from stripe import WebhookSignature

from dashboard import hooks
from extract.hooks import SECRET, TOLERANCE, Call, judge
from reconcile.automations.switch import switch
from reconcile.settings import Automation
from reconcile.state import state

WHSEC = "whsec_" + base64.b64encode(b"a secret that nobody knows, really").decode()
CLIENT = "11111111-2222-3333-4444-555555555555"
ADDRESS, CALLED = "https://cuadra.example/hooks/hubspot?a=%2Fb%20c", "https://cuadra.example/hooks/hubspot?a=/b%20c"
BODY = b'[{"eventId":1,"subscriptionType":"deal.propertyChange","objectId":501}]'
NOW = 1_790_000_000.0


def by_stripe(body: bytes, at: float, secret: str = WHSEC) -> dict[str, str]:
    """Return the header that Stripe's own library would have made."""
    made = WebhookSignature._compute_signature(f"{int(at)}.{body.decode()}", secret)
    return {"stripe-signature": f"t={int(at)},v1=0000,v1={made},v0=ignored"}


def by_hubspot(body: bytes, at: float, address: str = CALLED, secret: str = CLIENT) -> dict[str, str]:
    """Return the headers that HubSpot's own library expects."""
    made = Signature.get_signature(secret, body.decode(), "v3", http_uri=address, http_method="POST",
                                   timestamp=str(int(at * 1000)))  # fmt: skip
    return {"x-hubspot-signature-v3": made, "x-hubspot-request-timestamp": str(int(at * 1000))}


def by_standard(body: bytes, at: float, secret: str = WHSEC) -> dict[str, str]:
    """Return the headers that the specification of Standard Webhooks asks for."""
    text = f"msg_1.{int(at)}.".encode() + body
    made = hmac.new(base64.b64decode(secret[6:]), text, hashlib.sha256).digest()
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at)),
            "webhook-signature": f"v1a,zzz v1,{base64.b64encode(made).decode()}"}  # fmt: skip


SIGNED: dict[str, tuple[Callable[..., dict[str, str]], str]] = {
    "stripe": (by_stripe, WHSEC), "hubspot": (by_hubspot, CLIENT), "n8n": (by_standard, WHSEC),
}  # fmt: skip


@pytest.mark.parametrize("vendor", list(SIGNED))
def test_only_what_was_signed_with_our_secret_and_lately_is_believed(vendor: str) -> None:
    """Another body, another secret, no secret, an old or a future stamp: each is told apart."""
    sign, secret = SIGNED[vendor]

    def verdict(headers: dict[str, str], body: bytes = BODY, secret: str = secret) -> str:
        return judge(vendor, Call("POST", ("http://127.0.0.1/other", ADDRESS), headers, body), secret, NOW)

    assert verdict(sign(BODY, NOW)) == "signed"
    assert verdict(sign(BODY, NOW - TOLERANCE + 1)) == "signed"
    assert verdict(sign(BODY, NOW - TOLERANCE - 2)) == verdict(sign(BODY, NOW + TOLERANCE + 2)) == "old"
    assert verdict(sign(BODY, NOW), BODY + b" ") == "forged"
    assert verdict(sign(BODY, NOW), secret="whsec_b3RoZXI=") == verdict(sign(BODY, NOW), secret="") == "forged"
    late = {k: v.replace(str(int(NOW)), str(int(NOW) + 1)) for k, v in sign(BODY, NOW).items()}
    assert verdict(late) == "forged"  # the stamp is signed too
    assert verdict({}) == "unsigned"


def test_quickbooks_signs_the_body() -> None:
    """With the app's verifier token; without a time, so that a replayed one is a reason to read again and no more."""
    body = b'[{"specversion":"1.0","type":"qbo.invoice.updated.v1","intuitentityid":"130","intuitaccountid":"91"}]'
    made = base64.b64encode(hmac.new(b"verifier", body, hashlib.sha256).digest()).decode()

    def verdict(text: bytes, secret: str, **headers: str) -> str:
        return judge(
            "quickbooks", Call("POST", (), {k.replace("_", "-"): v for k, v in headers.items()}, text), secret, 0
        )

    assert verdict(body, "verifier", intuit_signature=made) == "signed"
    assert verdict(body + b" ", "verifier", intuit_signature=made) == "forged"
    assert verdict(body, "other", intuit_signature=made) == verdict(body, "", intuit_signature=made) == "forged"
    assert verdict(body, "verifier") == "unsigned"


def test_hubspot_signs_the_address_that_it_called() -> None:
    """Another host is another signature; what HubSpot decodes in it is decoded, and nothing else."""
    headers = by_hubspot(BODY, NOW)
    assert judge("hubspot", Call("POST", (ADDRESS,), headers, BODY), CLIENT, NOW) == "signed"
    other = Call("POST", ("https://evil.example/hooks/hubspot?a=/b%20c",), headers, BODY)
    assert judge("hubspot", other, CLIENT, NOW) == "forged"


class Bell(hooks.Doorbell):
    """A doorbell that writes down what it would read, and fails as often as wanted."""

    def __init__(self, data: Path, fails: int = 0) -> None:
        super().__init__(data, self.note)
        self.read_names: list[list[str]] = []
        self.fails = fails

    def note(self, data: Path, names: list[str]) -> None:
        self.read_names.append(names)
        if len(self.read_names) <= self.fails:
            raise ConnectionError("away")


def until(there: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait until something is there, and return it."""
    end = time.monotonic() + seconds
    while not (found := there()) and time.monotonic() < end:
        time.sleep(0.05)
    assert found
    return found


def test_many_calls_are_one_reading_and_none_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred calls: one reading of both; one that failed is done again; one from before a crash is done at start."""
    monkeypatch.setattr(hooks, "GATHER", 0.2)
    monkeypatch.setattr(hooks, "AGAIN", 0.1)
    before = Bell(tmp_path)
    before.ring("stripe", True)  # never started: the process died
    bell = Bell(tmp_path, fails=1)
    for _ in range(50):
        bell.ring("stripe", True)
        bell.ring("hubspot", True)
    bell.start()  # after the calls: on a slow machine they would last longer than GATHER, and be two readings
    until(lambda: not state(tmp_path).values("hook:"))
    assert bell.read_names == [["hubspot", "stripe"], ["hubspot", "stripe"]]
    bell.ring("stripe", False)  # nobody signed it, and stripe was read a moment ago
    time.sleep(0.5)
    assert len(bell.read_names) == 2 and not state(tmp_path).values("hook:")
    bell.ring("stripe", True)
    until(lambda: len(bell.read_names) == 3)
    bell.stop()


@pytest.fixture
def page(shop: Shop) -> Iterator[str]:
    """The page of the company, served as `cuadra serve` serves it; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for name, secret in (("stripe", WHSEC), ("hubspot", CLIENT)):
        command = [sys.executable, "-m", "dashboard.cli", "--data", str(shop.data), "hook", name]
        subprocess.run(command, input=secret, text=True, check=True, capture_output=True)
    command = [sys.executable, "-m", "dashboard.cli", "--data", str(shop.data), "serve", "--port", str(port)]
    with subprocess.Popen(command, env=os.environ | {"CUADRA_DATA": str(shop.data)}) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            until(lambda: answers(address), 60)
            yield address
        finally:
            process.terminate()


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/_stcore/health", timeout=5).is_success
    except httpx.HTTPError:
        return False


def reads(shop: Shop) -> int:
    """Return how many requests to read the vendors got."""
    return len([c for c in shop.get("calls") if not c["path"].startswith("/sandbox")])


@pytest.mark.slow
@pytest.mark.capability("INV-1", "INV-17")
def test_from_a_deal_won_to_the_mail_without_anybody(shop: Shop, page: str) -> None:
    """HubSpot tells of it, signed: customer, invoice and e-mail follow in seconds; replayed and out of order: once."""
    owner = shop.rows("SELECT id FROM owners ORDER BY id")[0][0]
    switch(shop.data, "deal_to_invoice", Automation(mode="automatic", owners=[owner]), "ana")
    deal = shop.post("deals", {
        "company": {"name": "Web Hook SL", "nif": "B35680669", "address": "Calle 1", "city": "Madrid", "zip": "28001",
                    "country": "Spain"},
        "contact": {"email": "ana@web-hook.example", "firstname": "Ana", "lastname": "Gancho"},
        "deal": {"dealname": "By web hook", "amount": "1440", "dealstage": "closedwon", "hubspot_owner_id": owner,
                 "hs_v2_date_entered_closedwon": "2026-10-01T10:00:00Z"},
        "lines": [{"name": "Design", "quantity": "1", "price": "1440", "hs_tax_rate": "21"}]})["deal_id"]  # fmt: skip
    address = f"{page}/hooks/hubspot"
    events = [json.dumps([{"eventId": n, "subscriptionType": "deal.propertyChange", "objectId": int(deal),
                           "propertyName": "dealstage", "occurredAt": 1_790_000_000_000 - n}]).encode()
              for n in range(3)]  # fmt: skip
    begun = time.monotonic()
    for body in (*events, *events):
        reply = httpx.post(address, content=body, headers=by_hubspot(body, time.time(), address), timeout=5)
        assert reply.status_code == 202 and reply.elapsed.total_seconds() < 5
    until(lambda: shop.get("mails", to="ana@web-hook.example"), 60)
    print(f"from the web hook to the e-mail: {time.monotonic() - begun:.1f} s")
    until(lambda: not state(shop.data).values("hook:"), 120)
    body = events[0]
    assert httpx.post(address, content=body, headers=by_hubspot(body, time.time(), address)).status_code == 202
    until(lambda: not state(shop.data).values("hook:"), 120)
    assert len(shop.get("mails", to="ana@web-hook.example")) == 1
    assert len([i for i in shop.changed()["invoices"] if "Web Hook" in json.dumps(i)]) == 1


@pytest.mark.slow
def test_a_forged_call_reads_nothing_and_an_unsigned_one_is_a_hint(shop: Shop, page: str) -> None:
    """401 for a wrong or old signature, 404 for nobody's hook, 413 for too much; unsigned: read once a minute."""
    begun = reads(shop)
    post = httpx.Client(base_url=page, timeout=60).post
    assert (
        post("/hooks/stripe", content=BODY, headers=by_stripe(BODY, time.time(), "whsec_b3RoZXI=")).status_code == 401
    )
    assert post("/hooks/stripe", content=BODY, headers=by_stripe(BODY, time.time() - 400)).status_code == 401
    assert post("/hooks/nobody", content=BODY).status_code == 404
    assert post("/hooks/stripe", content=b"x" * 1_000_001).status_code == 413
    time.sleep(2)
    assert reads(shop) == begun
    for _ in range(5):
        assert post("/hooks/stripe", content=BODY).status_code == 202
    until(lambda: not state(shop.data).values("hook:") and reads(shop) > begun, 60)
    once = reads(shop)
    assert post("/hooks/stripe", content=BODY).status_code == 202
    time.sleep(2)
    assert reads(shop) == once
    assert post("/hooks/stripe", content=BODY, headers=by_stripe(BODY, time.time())).status_code == 202
    until(lambda: reads(shop) > once, 30)


def test_the_secret_is_kept_locked(shop: Shop) -> None:
    """It comes over standard input, is nowhere in the clear, and the log has its name only."""
    command = [sys.executable, "-m", "dashboard.cli", "--data", str(shop.data), "hook"]
    done = subprocess.run([*command, "stripe"], input=WHSEC, text=True, capture_output=True, check=True)
    assert "/hooks/stripe" in done.stdout and state(shop.data).credentials("stripe")[SECRET] == WHSEC
    assert all(WHSEC.encode() not in path.read_bytes() for path in shop.data.rglob("*") if path.is_file())
    assert subprocess.run([*command, "nobody"], input="x", text=True, capture_output=True).returncode == 2
