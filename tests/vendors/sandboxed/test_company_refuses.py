"""A wrong credential, a missing right, a dead or slow vendor, an answer that was lost: each is told as what it is."""

import datetime as dt
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from speaking import calls, connected, invoice_draft, read, tell

from extract import store
from extract.model import (
    LineDraft,
)
from extract.sandbox.server import Running
from extract.vendor import MissingRight, Refused, Unauthorised, Unreachable, Unsure, Vendor
from extract.vendors.hubspot import HubSpot
from extract.vendors.stripe import Stripe


@pytest.mark.capability("ERR-3")
@pytest.mark.parametrize("kind", [HubSpot, Stripe])
def test_a_wrong_credential_through_the_store(box: Running, kind: type[Vendor], tmp_path: Path) -> None:
    """A wrong credential stops the reading with its reason and leaves the last good one; the right one resumes."""
    good = connected(kind, box)
    assert not store.sync(good, tmp_path).error
    stopped = store.sync(connected(kind, box, "pat-eu1-wrong" if kind is HubSpot else "sk_test_wrong"), tmp_path)
    assert (stopped.items, "credential was refused" in stopped.error) == (0, True)
    assert not store.sync(good, tmp_path).error


@pytest.mark.capability("CONN-8", "ERR-3")
@pytest.mark.parametrize("kind", [HubSpot, Stripe])
def test_wrong_credential(box: Running, kind: type[Vendor]) -> None:
    """A wrong credential is refused in the vendor's own words, without being shown, and nothing is written."""
    secret = "pat-eu1-wrongwrongwrong" if kind is HubSpot else "sk_test_wrongwrongwrong"
    wrong = connected(kind, box, secret)
    before = httpx.get(f"{box.url}/sandbox/books").json()
    for attempt in (wrong.check, lambda: list(wrong.fetch(None))):
        with pytest.raises(Unauthorised) as error:
            attempt()
        assert secret not in str(error.value)
    assert httpx.get(f"{box.url}/sandbox/books").json() == before
    assert connected(kind, box).check().is_test


@pytest.mark.capability("CONN-8")
def test_missing_right_is_named(box: Running) -> None:
    """A key that may only read is refused at the first write, and the message names the right."""
    deal = next(d for d in box.company.deals if not d.archived)
    with pytest.raises(MissingRight, match=r"crm\.objects\.deals\.write"):
        connected(HubSpot, box, "pat-eu1-readonly").update_deal(deal.id, {"invoice_number": "FN-1"})
    customer = next(iter(box.sandbox.stripe.books.objects["customers"]))
    with pytest.raises(MissingRight, match="permission"):
        connected(Stripe, box, "rk_test_readonly").update_customer(customer, {"phone": "1"})


FAULTS: dict[str, dict[str, Any]] = {
    "429": {"kind": "status", "status": 429},
    "429 that says how long": {"kind": "status", "status": 429, "retry_after": 0.01},
    "503": {"kind": "status", "status": 503},
    "dead": {"kind": "dead"},
    "cut": {"kind": "cut"},
}


@pytest.mark.parametrize("kind", [HubSpot, Stripe])
@pytest.mark.parametrize("fault", FAULTS)
def test_reads_survive(box: Running, kind: type[Vendor], fault: str) -> None:
    """Reads that fail now and then bring the same in the end."""
    vendor = connected(kind, box)
    since = box.sandbox.clock.now() - dt.timedelta(days=2)
    straight = read(vendor, since)
    match = "hubspot" if kind is HubSpot else "stripe"
    tell(box, "faults", [FAULTS[fault] | {"match": match, "times": 3, "after": 2}])
    assert read(vendor, since) == straight


@pytest.mark.parametrize("kind", [HubSpot, Stripe])
def test_a_dead_vendor_is_given_up(box: Running, kind: type[Vendor]) -> None:
    """A vendor that stays dead ends the reading after its attempts, in words."""
    tell(box, "faults", [{"kind": "dead", "match": "hubspot" if kind is HubSpot else "stripe"}])
    with pytest.raises(Unreachable, match="tried 6 times"):
        read(connected(kind, box))


def test_a_slow_vendor_is_a_doubt(box: Running, hubspot: HubSpot) -> None:
    """A write that gets no answer in time is a doubt, and is sent once."""
    deal = next(d for d in box.company.deals if not d.archived)
    hubspot.client.timeout = httpx.Timeout(0.3)
    tell(box, "faults", [{"kind": "slow", "match": "/deals/", "method": "PATCH", "seconds": 0.8, "times": 1}])
    hubspot.deal(deal.id)
    before = len([c for c in calls(box) if c["method"] == "PATCH"])
    with pytest.raises(Unsure):
        hubspot.update_deal(deal.id, {"invoice_number": "FN-2"})
    deadline = time.monotonic() + 5
    while len([c for c in calls(box) if c["method"] == "PATCH"]) == before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len([c for c in calls(box) if c["method"] == "PATCH"]) == before + 1


def test_a_refused_field_is_named(box: Running, hubspot: HubSpot) -> None:
    """A field that HubSpot does not take is a no that names it."""
    deal = next(d for d in box.company.deals if not d.archived)
    tell(box, "faults", [{"kind": "refuse_field", "match": "/deals/", "field": "cuadra_invoice_status"}])
    with pytest.raises(Refused, match="cuadra_invoice_status"):
        hubspot.update_deal(deal.id, {"invoice_status": "sent"})


@pytest.mark.capability("INV-5")
@pytest.mark.parametrize("after", range(3), ids=["invoice", "first line", "second line"])
def test_an_answer_lost_on_the_way(box: Running, stripe: Stripe, after: int) -> None:
    """The answer to one of the requests is lost: a doubt; the second call completes the same draft."""
    customer = next(iter(box.sandbox.stripe.books.objects["customers"]))
    lines = tuple(LineDraft(description=f"Line {n}", unit_price=Decimal(50)) for n in range(2))
    draft = invoice_draft(customer, f"lost {after}", lines=lines)
    where = "/v1/invoices$" if after == 0 else "/v1/invoiceitems$"
    tell(
        box,
        "faults",
        [{"kind": "lost_answer", "match": where, "method": "POST", "after": max(0, after - 1), "times": 1}],
    )
    with pytest.raises(Unsure):
        stripe.create_invoice(draft)
    assert (stripe.find_invoice(draft) is not None) == (after == 2)
    made = stripe.create_invoice(draft)
    ours = [
        i for i in box.sandbox.stripe.books.objects["invoices"].values() if i["metadata"].get("cuadra_key") == draft.key
    ]
    assert [i["id"] for i in ours] == [made.id]
    assert made.amount == Decimal(100)


def test_a_failure_that_is_repeated(box: Running, stripe: Stripe) -> None:
    """Stripe keeps a 500 under its idempotency key: the next try, having looked, asks under another."""
    customer = next(iter(box.sandbox.stripe.books.objects["customers"]))
    draft = invoice_draft(customer, "kept 500")
    tell(box, "faults", [{"kind": "status", "match": "/v1/invoices$", "method": "POST", "status": 500, "times": 1}])
    with pytest.raises(Unsure):
        stripe.create_invoice(draft)
    assert stripe.find_invoice(draft) is None
    assert stripe.create_invoice(draft).amount == Decimal("120.99")  # 99.99 and 21 % of it
