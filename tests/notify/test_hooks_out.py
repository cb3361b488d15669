"""Web hooks out: signed, once, tried again under the same id, never to an address inside unless that is meant."""

import contextlib
import datetime as dt
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from company import Shop
from listening import Server
from small_company import ROWS, keep
from typer.testing import CliRunner

from dashboard import jobs
from dashboard.cli import app
from dashboard.notify import events, post, webhook
from extract.hooks import Call, judge
from reconcile import settings
from reconcile.settings import WebHook
from reconcile.state import Entry, now, state

RUN = CliRunner()
Told = Callable[..., Path]


def hook(server: Server, *names: str, **other: Any) -> dict[str, Any]:
    return {"n8n": {"url": f"{server.url}/in", "events": list(names), "private": True, **other}}


def secret(data: Path, name: str = "n8n") -> str:
    made = webhook.secret()
    state(data).keep_credentials(f"hook:{name}", {webhook.SECRET: made}, "ana")
    return made


def paid(id: str = "b9", **other: str) -> list[dict[str, Any]]:
    """The company's payments and one that has just come."""
    fresh = {"vendor": "bank", "id": id, "paid_on": "2026-11-19", "amount": "77.50", "currency": "EUR",
             "method": "transfer", "status": "booked", "payer_name": "Nueva SL"} | other  # fmt: skip
    return [*ROWS["payments"], fresh]


def look(data: Path, payments: list[dict[str, Any]]) -> None:
    keep(data, ROWS | {"payments": payments})
    jobs.reconcile(data)


def test_what_happened_is_called_out_once_and_signed(told: Told, server: Server) -> None:
    """The other side checks it with the specification's own way; the same books read again call nobody."""
    data = told(hooks=hook(server, "payment.received", "finding.opened"))
    key = secret(data)
    assert post.bring(data) == 0 and server.got == []  # the past is not told
    look(data, paid())
    post.bring(data)
    types = [got.json["type"] for got in server.got]
    assert types.count("payment.received") == 1 and set(types) == {"payment.received", "finding.opened"}
    received = next(got for got in server.got if got.json["type"] == "payment.received")
    call = Call("POST", (), received.headers, received.body)
    assert judge("standard", call, key, time.time()) == "signed"
    assert judge("standard", call, webhook.secret(), time.time()) == "forged"
    assert received.json["data"]["payment"]["amount"] == "77.50"
    assert received.json["data"]["customer"] == {"name": "Nueva SL"}
    assert received.headers["webhook-id"].startswith("msg_") and received.headers["content-type"] == "application/json"
    # tools take the JSON apart and put it together again before they check the signature
    assert json.dumps(received.json, ensure_ascii=False, separators=(",", ":")).encode() == received.body
    count = len(server.got)
    look(data, paid())
    threads = [threading.Thread(target=lambda: (events.collect(data), post.bring(data))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.got) == count and len({got.headers["webhook-id"] for got in server.got}) == count
    told_of = post.history(state(data), "hook:n8n")
    assert {row["state"] for row in told_of} == {"done"} and len(told_of) == count


def test_what_fails_is_tried_again_under_the_same_id(told: Told, server: Server) -> None:
    """500, no answer, then well: three calls, one id, and nobody else waits; 410 is asked no more."""
    data = told(hooks=hook(server, "payment.received"))
    secret(data)
    server.answers = [500, "lost"]
    look(data, paid())
    at = now()
    for after in (0, 1, 6, 10, 80, 90):
        post.bring(data, at + dt.timedelta(seconds=after))
    assert len(server.got) == 3 and len({got.headers["webhook-id"] for got in server.got}) == 1
    assert len({got.headers["webhook-signature"] for got in server.got}) >= 1
    (row,) = post.history(state(data), "hook:n8n")
    assert (row["state"], row["tries"]) == ("done", 3)
    tries = state(data).entries(action="tell")
    assert [e["outcome"] for e in tries] == ["done", "doubt", "later"]
    server.answers = [410]
    look(data, paid("b10"))
    post.bring(data)
    post.bring(data, at + dt.timedelta(days=3))
    (gone, _) = post.history(state(data), "hook:n8n")
    assert len(server.got) == 4 and gone["state"] == "refused" and "wants no more" in gone["says"]
    post.again(state(data), "hook:n8n", [gone["event_id"]], "eva")
    assert post.bring(data) == 1 and server.got[-1].headers["webhook-id"] == server.got[-2].headers["webhook-id"]


def test_one_that_is_away_does_not_keep_the_others_waiting(told: Told, server: Server) -> None:
    """A server that nobody listens at is asked once a pass; the other hook has had everything by then."""
    with_away = hook(server, "payment.received") | {
        "away": {"url": "http://127.0.0.1:9/", "events": ["payment.received"], "private": True}
    }
    data = told(hooks=with_away)
    secret(data)
    secret(data, "away")
    look(data, [*paid("b9"), *paid("b10")[-1:], *paid("b11", amount="12")[-1:]])
    assert post.bring(data) == 3 and len(server.got) == 3
    away = post.history(state(data), "hook:away")
    assert [row["tries"] for row in away].count(0) == 2 and all(row["state"] == "waiting" for row in away)
    assert all(row["next_at"] > now() for row in away)


def test_a_process_that_died_in_the_middle_is_taken_up(told: Told, server: Server) -> None:
    """Killed after the call and before the answer was kept: called again with the same id, which tells it is known."""
    data = told(hooks=hook(server, "payment.received"))
    secret(data)
    look(data, paid())
    (row,) = post.history(state(data), "hook:n8n")
    from reconcile.ledger import Ledger

    ledger = Ledger(state(data))
    claim = ledger.claim(f"tell:hook:n8n:{row['event_id']}", action="tell", vendor="hook:n8n", request={}, who="x")
    ledger.sending(claim)
    assert post.bring(data) == 0 and server.got == []  # somebody alive is at it
    with state(data).write() as db:
        from reconcile import schema

        db.execute(schema.ledger.update().values(owner=None))
    assert post.bring(data) == 1 and server.got[0].headers["webhook-id"] == row["event_id"]
    assert post.bring(data) == 0


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://127.0.0.1/x", "inside this network"), ("https://localhost/x", "inside this network"),
        ("https://[::1]/x", "inside this network"), ("https://169.254.169.254/latest", "inside this network"),
        ("https://10.1.2.3/x", "inside this network"), ("https://[::ffff:10.0.0.1]/x", "inside this network"),
        ("https://0.0.0.0/x", "inside this network"), ("https://2130706433/x", "inside this network"),
        ("https://[64:ff9b::a01:203]/x", "inside this network"),
        ("http://example.com/x", "only https"), ("https://ana:pw@example.com/", "name and password"),
        ("file:///etc/passwd", "begins with https"), ("ftp://example.com", "begins with https"),
        ("https://n8n.example.com:5678hook/x", "no address"), ("https://[::1/x", "no address"),
    ],
)  # fmt: skip
def test_addresses_inside_are_refused(url: str, why: str) -> None:
    """This machine, its network, a cloud's own address, in all spellings; and what is no safe address."""
    with pytest.raises(webhook.Blocked, match=why):
        webhook.checked(url, private=False)


def test_a_name_that_points_inside_is_not_called_and_no_redirect_is_followed(told: Told, server: Server) -> None:
    """What the name says is looked up once and checked; a redirect is an answer like any other that is not well."""
    data = told(hooks=hook(server, "payment.received", private=False) | {
        "b": {"url": f"http://localhost:{server.port}", "events": ["payment.received"], "private": True}})  # fmt: skip
    secret(data)
    secret(data, "b")
    server.answers, server.headers = [302], {"location": "http://127.0.0.1:9/"}
    look(data, paid())
    post.bring(data)
    (blocked,) = post.history(state(data), "hook:n8n")
    assert blocked["state"] == "refused" and "https" in blocked["says"]
    (redirected,) = post.history(state(data), "hook:b")
    assert redirected["state"] == "waiting" and "302" in redirected["says"]
    assert [got.headers["host"] for got in server.got] == [f"localhost:{server.port}"]


def test_who_drips_an_answer_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The status counts; what is said beside it is read for so long and no longer."""
    monkeypatch.setattr(webhook, "TIMEOUT", 1.0)
    listening = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def drip() -> None:
        there, _ = listening.accept()
        there.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 290\r\n\r\n")
        with contextlib.suppress(OSError):
            while not over.wait(0.2):
                there.sendall(b".")

    threading.Thread(target=drip, daemon=True).start()
    begun = time.monotonic()
    found = webhook.post(f"http://127.0.0.1:{listening.getsockname()[1]}/", b"{}", {}, private=True)
    over.set()
    listening.close()
    assert found.sort == "done" and time.monotonic() - begun < 10


def test_actions_and_reports_are_told_from_the_log(told: Told, server: Server) -> None:
    """Each done action is one event, whoever did it; what was refused is none; events that were not chosen neither."""
    data = told(hooks=hook(server, "invoice.created", "invoice.sent", "report.delivered"))
    secret(data)
    store = state(data)
    deal = ROWS["deals"][0]
    subject = f"deals:{deal['vendor']}:{deal['id']}"
    answer = {"id": "in_9", "number": "F-9", "gross": "121.00", "currency": "EUR", "secret": "x"}
    for outcome, key in (("refused", "create_invoice:1"), ("done", "create_invoice:1"), ("found", "create_invoice:1")):
        store.record(Entry(who="ana", action="create_invoice", outcome=outcome, vendor="stripe", subject=subject,
                           key=key, says="Invoice", answer=answer))  # fmt: skip
    store.record(
        Entry(who="ana", action="issue_invoice", outcome="done", key="issue:1", subject="invoices:stripe:in_9")
    )
    store.record(
        Entry(who="schedule", action="report_email", outcome="done", key="report:week:x", subject="report:week")
    )
    events.collect(data)
    post.bring(data)
    assert sorted(got.json["type"] for got in server.got) == ["invoice.created", "report.delivered"]
    made = next(got.json["data"] for got in server.got if got.json["type"] == "invoice.created")
    assert made["result"] == {"id": "in_9", "number": "F-9", "gross": "121.00", "currency": "EUR"}
    assert made["deals"][0]["id"] == deal["id"] and made["done"]["who"] == "ana"


@pytest.mark.slow
@pytest.mark.capability("ROLL-2")
def test_a_payment_on_a_deal_calls_the_onboarding_once(shop: Shop, server: Server) -> None:
    """Paid in two parts, read three times: one call, with the deal's id, customer and salesperson."""
    shop.set(hooks={"onboarding": WebHook(url=f"{server.url}/start", events=["deal.first_payment"], private=True)})
    key = secret(shop.data, "onboarding")
    events.collect(shop.data)
    invoice, deal = shop.rows("""SELECT i.id, d.id FROM deal_invoices AS b
        JOIN deal_summary AS s ON s.vendor = b.deal_vendor AND s.id = b.deal_id
        JOIN deals AS d ON d.vendor = s.vendor AND d.id = s.id
        JOIN invoices AS i ON i.vendor = b.invoice_vendor AND i.id = b.invoice_id
        WHERE s.paid = 0 AND s.invoices = 1 AND i.status IN ('issued', 'sent') AND i.gross > 100 AND d.owner_id <> ''
        AND b.is_counted ORDER BY i.id""")[0]  # fmt: skip
    for amount in ("5000", ""):
        shop.post(f"invoices/{invoice}/pay", {"method": "card"} | ({"amount": int(amount)} if amount else {}))
        done = RUN.invoke(app, ["--data", str(shop.data), "sync"])
        assert done.exit_code == 0, done.output
    RUN.invoke(app, ["--data", str(shop.data), "sync"])
    (got,) = server.got
    assert got.path == "/start" and got.json["type"] == "deal.first_payment"
    assert got.json["data"]["deals"][0]["id"] == deal and got.json["data"]["owner"]["id"]
    assert judge("standard", Call("POST", (), got.headers, got.body), key, time.time()) == "signed"
    assert settings.load(shop.data).hooks["onboarding"].events == ["deal.first_payment"]
