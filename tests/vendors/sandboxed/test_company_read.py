"""What HubSpot and Stripe read over HTTP is what the company has."""

import datetime as dt
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from speaking import calls, connected, invoice_draft, read, tell

from extract import store
from extract.sandbox.server import Running
from extract.vendor import Vendor
from extract.vendors.hubspot import HubSpot
from extract.vendors.stripe import Stripe


@pytest.mark.capability("SYNC-8")
def test_hubspot_in_full(box: Running, hubspot: HubSpot) -> None:
    """A full reading brings every record of the CRM, and each means what the company knows of it."""
    items, rows = read(hubspot)
    held = box.sandbox.hubspot.books.objects
    for kind in ("deals", "companies", "contacts", "line_items", "products", "quotes"):
        assert items[kind] == sum(not r["archived"] for r in held[kind].values()), kind
    assert items["owners"] == len(box.sandbox.hubspot.books.owners)
    known = [d for d in box.company.deals if not d.archived]
    for deal in known:
        row = rows["deals"][deal.id]
        assert (row["status"], row["won_on"], row["currency"]) == (deal.status, deal.won, deal.currency), deal.id
        assert row["amount"] == (None if deal.amount is None else Decimal(deal.amount).scaleb(-2))
        assert row["customer_id"] == (deal.company_id or deal.customer.id)
        assert row["reference"] == deal.reference
    lines = Counter(r["document_id"] for r in rows["lines"].values() if r["document"] == "deal")
    assert all(lines[d.id] == len(d.lines) for d in known)
    assert len(rows["merged"]) == sum(map(len, box.sandbox.hubspot.books.merged.values()))
    customer = next(c for c in box.company.customers if c.parent)
    row = rows["customers"][customer.id]
    assert (row["parent_id"], row["country"]) == (customer.parent.id, customer.country.code)


@pytest.mark.capability("SYNC-8")
def test_stripe_in_full(box: Running, stripe: Stripe) -> None:
    """A full reading brings every invoice, line and payment, to the cent."""
    items, rows = read(stripe)
    held = box.sandbox.stripe.books.objects
    for kind in ("customers", "products", "invoices", "credit_notes", "quotes", "charges", "refunds", "payouts"):
        assert items[kind] == len(held[kind]), kind
    for invoice in box.company.invoices:
        row = rows["invoices"][invoice.id]
        assert row["gross"] == Decimal(invoice.gross).scaleb(-2), invoice.id
        assert (row["net"], row["currency"]) == (Decimal(invoice.net).scaleb(-2), invoice.currency)
        assert row["issued_on"] == (invoice.issued if invoice.number else None)
        assert row["due_on"] == (invoice.due if invoice.number else None)
    lines = Counter(r["document_id"] for r in rows["lines"].values())
    assert all(lines[i.id] == len(i.lines) for i in box.company.invoices)
    unsent = {i.id for i in box.company.invoices if not i.is_sent and i.status == "open"}
    assert {
        r["id"] for r in rows["invoices"].values() if r["status"] == "issued" and r["kind"] != "credit_note"
    } == unsent
    card = [p for p in box.company.payments if p.method == "stripe"]
    for payment in card:
        row = rows["payments"][payment.id]
        assert (row["amount"], row["fee"]) == (Decimal(payment.amount).scaleb(-2), Decimal(payment.fee).scaleb(-2))
        assert row["payout_id"] == payment.payout_id
        assert row["paid_on"] == payment.on
    told = [p for p in box.company.payments if p.method == "bank" and p.told]
    assert sum(r["method"] == "recorded" for r in rows["payments"].values()) == sum(len(p.parts) for p in told)
    applied = sum((r["amount"] for r in rows["allocations"].values() if r["payment_id"].startswith("pi_")), Decimal(0))
    assert applied == sum(Decimal(sum(p.parts.values())).scaleb(-2) for p in card)


@pytest.mark.capability("SYNC-9")
@pytest.mark.parametrize("lag", [0, 300], ids=["index up to date", "index five minutes behind"])
def test_hubspot_modified(box: Running, hubspot: HubSpot, lag: int) -> None:
    """After a full reading three deals change: the next brings those, and only those; a late index only delays it."""
    hubspot.chosen["reread_won_days"] = "0"
    start = box.sandbox.clock.now()
    ids = [d.id for d in box.company.deals if not d.archived][10 + lag : 13 + lag]
    tell(box, "settings", {"hubspot_search_lag_s": lag})
    try:
        for at, key in enumerate(ids):
            tell(box, f"deals/{key}", {"dealname": f"Renamed {at} with lag {lag}"})
        items, rows = read(hubspot, start)
        assert set(items) <= {"deals"}
        assert {i for i, r in rows.get("deals", {}).items() if r["title"].endswith(f"lag {lag}")} == (
            set() if lag else set(ids)
        )
        assert set(rows.get("deals", {})) <= set(ids)
    finally:
        tell(box, "settings", {"hubspot_search_lag_s": 0})
    assert set(read(hubspot, start - hubspot.overlap)[1]["deals"]) >= set(ids), "the overlap of the next run finds them"


def test_a_price_list_of_one_page_is_looked_through_a_longer_one_searched(box: Running, hubspot: HubSpot) -> None:
    """Either way only what changed comes; the search that is spared is one of five a second."""
    path = f"{box.url}/crm/objects/2026-03/products"
    asked = {"headers": {"Authorization": "Bearer pat-eu1-sandbox"}, "timeout": 30}
    for more, searched in ((1, False), (100, True)):
        for number in range(more):
            made = httpx.post(path, json={"properties": {"name": f"Part {number}", "price": "1"}}, **asked).json()["id"]
        start = box.sandbox.clock.now()
        httpx.patch(f"{path}/{made}", json={"properties": {"price": "2"}}, **asked).raise_for_status()
        before = len(calls(box))
        assert set(read(hubspot, start)[1]["products"]) == {made}
        assert any(c["path"].endswith("/products/search") for c in calls(box)[before:]) is searched


@pytest.mark.capability("SYNC-9")
def test_stripe_modified(box: Running, stripe: Stripe) -> None:
    """What changed since is read again, by the events; what was deleted is taken away."""
    start = box.sandbox.clock.now()
    customer = next(iter(box.sandbox.stripe.books.objects["customers"]))
    stripe.update_customer(customer, {"phone": "+34 600 000 000"})
    draft = stripe.create_invoice(invoice_draft(customer, "modified"))
    gone = stripe.create_invoice(invoice_draft(customer, "gone"))
    stripe.delete_draft(gone.id)
    items, rows = read(stripe, start)
    assert dict(items) == {"customers": 1, "invoices": 2}
    assert set(rows["invoices"]) == {draft.id}
    assert rows["customers"][customer]["phone"] == "+34 600 000 000"
    stripe.delete_draft(draft.id)


@pytest.mark.capability("SYNC-8", "SYNC-9")
@pytest.mark.parametrize("kind", [HubSpot, Stripe])
def test_through_the_store(box: Running, kind: type[Vendor], tmp_path: Path) -> None:
    """Full once; after three changes the next reading brings exactly those three; with nothing changed, nothing."""
    vendor = connected(kind, box)
    time.sleep(1.1)  # Stripe tells by the second: what a test did just before would come again
    first = store.sync(vendor, tmp_path, zone="Europe/Madrid")
    assert (first.mode, first.rejected, first.error) == ("full", 0, "")
    vendor.overlap = dt.timedelta(0)  # type: ignore[misc]
    if kind is HubSpot:
        for deal in [d for d in box.company.deals if not d.archived][40:43]:
            tell(box, f"deals/{deal.id}", {"amount": "12345.67"})
    else:
        for key in list(box.sandbox.stripe.books.objects["customers"])[40:43]:
            vendor.update_customer(key, {"phone": "+34 611 000 000"})  # type: ignore[attr-defined]
    second = store.sync(vendor, tmp_path, zone="Europe/Madrid")
    assert (second.mode, second.items, second.new, second.changed) == ("modified", 3, 0, 3)
    third = store.sync(vendor, tmp_path, zone="Europe/Madrid")
    assert (third.mode, third.new, third.changed) == ("modified", 0, 0)


def test_one_record_again(box: Running) -> None:
    """One record read by itself, by a connection that read nothing before, means what a full reading made of it."""
    for kind, cls, keys in (
        ("deals", HubSpot, [d.id for d in box.company.deals if d.status == "won"][:2]),
        ("line_items", HubSpot, list(box.sandbox.hubspot.books.objects["line_items"])[:1]),
        ("invoices", Stripe, [i.id for i in box.company.invoices if i.status == "paid"][:2]),
        ("charges", Stripe, [p.charge_id for p in box.company.payments if p.payout_id][:2]),
    ):
        reader = connected(cls, box)
        full = {(k, reader.key(k, i)): i for k, i in reader.fetch(None)}
        for key in keys:
            vendor = connected(cls, box)
            ((found_kind, item),) = vendor.fetch_one(kind, str(key))
            assert found_kind == kind
            assert list(vendor.rows(kind, item)) == list(vendor.rows(kind, full[kind, str(key)]))
    assert list(connected(HubSpot, box).fetch_one("deals", "1")) == []
    ((_, gone),) = connected(Stripe, box).fetch_one("invoices", "in_gone")
    assert list(connected(Stripe, box).rows("invoices", gone)) == []


def test_stripe_older_than_its_events(stripe: Stripe) -> None:
    """Where the events no longer tell what changed, a full reading is due."""
    assert stripe.can_modify(stripe.now() - dt.timedelta(days=28))
    assert not stripe.can_modify(stripe.now() - dt.timedelta(days=31))
