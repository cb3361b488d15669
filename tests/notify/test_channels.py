"""Slack, Teams and others: one message for each event, in the owner's channel, one for many, none twice."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from listening import Server
from small_company import ROWS, keep

from dashboard import jobs
from dashboard.notify import chat, post
from dashboard.words import money
from reconcile import settings
from reconcile.settings import Channel
from reconcile.state import now, state

Told = Callable[..., Path]


def slack(server: Server, *names: str, **other: Any) -> dict[str, Any]:
    return {"kind": "slack", "events": list(names), "private": True, **other}


def address(data: Path, name: str, url: str) -> None:
    state(data).keep_credentials(f"channel:{name}", {chat.ADDRESS: url}, "ana")


def pay(data: Path, *payments: dict[str, Any]) -> None:
    """Let money come, read it, and tell."""
    keep(data, ROWS | {"payments": [*ROWS["payments"], *payments]})
    jobs.reconcile(data)
    jobs.tell(data)


def money_for(id: str, amount: str, reference: str, **other: str) -> dict[str, Any]:
    made = {"vendor": "bank", "id": id, "paid_on": "2026-11-19", "amount": amount, "currency": "EUR",
            "method": "transfer", "status": "booked", "payer_name": "Acme SL", "reference": reference}  # fmt: skip
    return made | other


@pytest.mark.capability("NOTIF-1", "NOTIF-4")
def test_the_owners_channel_and_finance_hear_of_a_payment_once(told: Told, server: Server) -> None:
    """Customer, amount, invoice and deal link in one message each; read again or told twice: no second one."""
    data = told(channels={
        "marta": slack(server, "payment.matched", owners=["7"]),
        "somebody": slack(server, "payment.matched", owners=["8"]),
        "finance": slack(server, "payment.received"),
    })  # fmt: skip
    known = settings.load(data)
    for name in known.channels:
        address(data, name, f"{server.url}/services/{name}")
    coming = money_for("b9", "100.00", "FV-2026-101", currency="PLN", payer_name="LODZ PRINT")
    for _ in range(3):
        pay(data, coming)
    said = {got.path.rpartition("/")[2]: got.json["text"] for got in server.got}
    assert len(server.got) == 2 and set(said) == {"marta", "finance"}
    for text in said.values():
        assert money(100, "PLN") in text and "FV-2026-101" in text and "Łódź Print" in text
        assert "Marta Ruiz" in text and "https://crm.example/2" in text
    pay(data, coming, money_for("b10", "12.34", "no idea", payer_name="A & B <GmbH>"))
    assert len(server.got) == 3 and "for no known invoice yet" in server.got[-1].json["text"]
    assert "A &amp; B &lt;GmbH&gt;" in server.got[-1].json["text"]


def test_many_at_once_are_one_message_and_a_digest_waits_for_its_hour(told: Told, server: Server) -> None:
    """Thirty payments: one message that counts them; with a digest: one when the hour is over, nothing before."""
    data = told(channels={"all": slack(server, "payment.received"),
                          "hourly": slack(server, "payment.received", digest="hour")})  # fmt: skip
    address(data, "all", f"{server.url}/all")
    address(data, "hourly", f"{server.url}/hourly")
    pay(data, *(money_for(f"m{n}", f"{n + 1}.00", "", payer_name=f"P{n}") for n in range(30)))
    assert [got.path for got in server.got] == ["/all"]
    text = server.got[0].json["text"]
    assert "30 things happened" in text and "… and 20 more" in text and text.count("•") == 10
    soon = now().replace(minute=59, second=59)
    post.bring(data, soon)
    later = (soon + dt.timedelta(seconds=2)).replace(microsecond=0)
    post.bring(data, later)
    post.bring(data, later + dt.timedelta(minutes=5))
    assert [got.path for got in server.got] == ["/all", "/hourly"]
    assert "30 things happened" in server.got[1].json["text"]


def test_what_may_have_arrived_is_not_posted_again_by_itself(told: Told, server: Server) -> None:
    """No answer: a person looks and says so; refused for now: tried again; gone: given up with what to do."""
    data = told(channels={"sales": slack(server, "payment.received")})
    address(data, "sales", f"{server.url}/services/T0/B0/secret")
    server.answers = ["lost", 503, 200, 404]
    at = now()
    pay(data, money_for("b9", "9.00", ""))
    (lost,) = post.history(state(data), "channel:sales")
    assert lost["state"] == "doubt"
    for after in (10, 400, 4000):
        post.bring(data, at + dt.timedelta(seconds=after))
    assert len(server.got) == 1
    pay(data, money_for("b9", "9.00", ""), money_for("b10", "10.00", ""))
    post.bring(data, now() + dt.timedelta(seconds=400))
    assert len(server.got) == 3 and post.history(state(data), "channel:sales", 1)[0]["says"] == "200 ok"
    pay(data, money_for("b11", "11.00", ""))
    gone = next(r for r in post.history(state(data), "channel:sales") if r["state"] == "refused")
    assert "make a new one" in gone["says"] and "secret" not in str(state(data).entries())
    post.again(state(data), "channel:sales", [lost["event_id"]], "eva")
    assert post.bring(data, now() + dt.timedelta(seconds=400)) == 1 and "9.00" in server.got[-1].json["text"]


def test_others_are_reached_by_apprise(told: Told, server: Server) -> None:
    """Teams and the like by an address of Apprise; what it cannot say is asked for in words."""
    data = told(channels={"teams": {"kind": "apprise", "events": ["payment.received"], "private": True}})
    address(data, "teams", f"json://127.0.0.1:{server.port}/hook?rto=2")
    pay(data, money_for("b9", "9.00", ""))
    assert len(server.got) == 1 and "€9.00" in server.got[0].json["message"]
    assert post.bring(data) == 0
    server.answers = [500]
    pay(data, money_for("b9", "9.00", ""), money_for("b10", "10.00", ""))
    failed = next(r for r in post.history(state(data), "channel:teams") if r["state"] != "done")
    assert failed["state"] == "waiting" and "500" in failed["says"]
    server.answers = ["lost"]
    post.bring(data, now() + dt.timedelta(seconds=400))
    assert {r["state"] for r in post.history(state(data), "channel:teams")} == {"done", "doubt"}
    assert chat.checked("apprise", "workflows://host:443/workflow/signature/", False)
    for wrong, private in (("nothing://x", True), ("just text", False), ("json://intranet/x", False)):
        with pytest.raises(chat.NoChannel):
            chat.checked("apprise", wrong, private)
    with pytest.raises(chat.NoChannel, match=r"hooks\.slack\.com"):
        chat.checked("slack", "https://evil.example/services/x", False)


def test_a_name_of_an_event_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="no event"):
        Channel(events=["payment.lost"])
