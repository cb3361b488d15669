"""The two vendors against the sandbox over HTTP: what they read is what the company has; what they write, it has."""

import datetime as dt
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import specs
import tapes

from extract import store
from extract.bulk import Columns, typed
from extract.model import (
    CustomerDraft,
    InvoiceDraft,
    LineDraft,
    NoteDraft,
    ProductDraft,
    QuoteDraft,
    QuoteLineDraft,
    TaskDraft,
)
from extract.sandbox.server import Running, serve
from extract.vendor import MissingRight, Refused, Unauthorised, Unreachable, Unsure, Vendor
from extract.vendors.hubspot import HubSpot
from extract.vendors.stripe import Stripe

Rows = dict[str, dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def box() -> Iterator[Running]:
    with serve(smtp_port=None) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def described() -> Iterator[None]:
    """Every request of these tests, and a sample of the replies, is as the vendors' descriptions say."""
    yield
    assert not WRONG, "\n".join(WRONG[:20])


WRONG: list[str] = []
SAMPLED: Counter[Any] = Counter()
SAMPLE = 3  # replies checked of each operation and status: they are all made alike


def described_by(name: str) -> Callable[[httpx.Response], None] | None:
    """Return what checks an answer and its request against the vendor's description; None without ../shared."""
    path = Path(__file__).parents[3] / "shared" / "vendors" / "specs" / f"{name}.openapi.json"
    if not path.exists():
        return None
    book, beyond = specs.spec(path), tuple(tapes.Tape(name).said.get("unspecified", []))

    def check(reply: httpx.Response) -> None:
        request = reply.request
        if request.url.path.startswith(beyond) or f"{request.method} {request.url.path}".startswith(beyond):
            return
        request.read()
        wrong = book.request_errors(request)
        operation = (book.operation(request), reply.status_code)
        SAMPLED[operation] += 1
        if SAMPLED[operation] <= SAMPLE and "json" in reply.headers.get("content-type", ""):
            reply.read()
            wrong += book.reply_errors(request, reply)
        WRONG.extend(f"{request.method} {request.url.path}: {e}" for e in wrong)

    return check


@pytest.fixture
def hubspot(box: Running) -> HubSpot:
    return connected(HubSpot, box)


@pytest.fixture
def stripe(box: Running) -> Stripe:
    return connected(Stripe, box)


@pytest.fixture(autouse=True)
def _no_faults(box: Running) -> Iterator[None]:
    yield
    tell(box, "faults", [])


def connected(kind: type[Vendor], box: Running, credential: str = "") -> Any:
    """Return a vendor that speaks to the sandbox, unpaced, on the sandbox's clock."""
    keys = {HubSpot: ("HUBSPOT_TOKEN", "pat-eu1-sandbox"), Stripe: ("STRIPE_KEY", "sk_test_sandbox")}
    name, key = keys[kind]
    made = kind(
        {name: credential or key},
        base_url=box.url,
        currency="EUR",
        time_zone="Europe/Madrid",
    )
    made.now = box.sandbox.clock.now  # type: ignore[method-assign]
    made.pace = lambda path: nullcontext()  # type: ignore[method-assign]
    if check := described_by(made.name):
        made.client.event_hooks["response"] = [check]
    return made


def tell(box: Running, what: str, body: Any) -> Any:
    reply = httpx.post(f"{box.url}/sandbox/{what}", json=body)
    assert reply.is_success, reply.text
    return reply.json()


def calls(box: Running) -> list[dict[str, Any]]:
    return list(httpx.get(f"{box.url}/sandbox/calls").json())


def read(vendor: Vendor, since: dt.datetime | None = None) -> tuple[Counter[str], Rows]:
    """Return how many items of each kind came, and the typed rows by table and id."""
    items: Counter[str] = Counter()
    raw: dict[str, list[dict[str, Any]]] = {}
    for kind, item in vendor.fetch(since):
        items[kind] += 1
        for table, row in vendor.rows(kind, item):
            raw.setdefault(table, []).append(row | {"vendor": vendor.name})
    rows: Rows = {}
    for table, found in raw.items():
        frame, misfits = typed(Columns(table, found), "Europe/Madrid")
        assert not misfits
        rows[table] = {row["id"]: row for row in frame.to_dicts()}
        assert len(rows[table]) == len(found), f"{table} came twice"
    return items, rows


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


@pytest.mark.capability("ERR-3")
@pytest.mark.parametrize("kind", [HubSpot, Stripe])
def test_a_wrong_credential_through_the_store(box: Running, kind: type[Vendor], tmp_path: Path) -> None:
    """A wrong credential stops the reading with its reason and leaves the last good one; the right one resumes."""
    good = connected(kind, box)
    assert not store.sync(good, tmp_path).error
    stopped = store.sync(connected(kind, box, "pat-eu1-wrong" if kind is HubSpot else "sk_test_wrong"), tmp_path)
    assert (stopped.items, "credential was refused" in stopped.error) == (0, True)
    assert not store.sync(good, tmp_path).error


def invoice_draft(customer: str, key: str, **more: Any) -> InvoiceDraft:
    line = LineDraft(
        description="Support hours", quantity=Decimal(3), unit_price=Decimal("33.33"), tax_rate=Decimal(21)
    )
    today = dt.date.today()
    said = {"customer_id": customer, "currency": "EUR", "issued_on": today, "due_on": today + dt.timedelta(days=30)}
    return InvoiceDraft(key=f"test:{key}", **(said | {"lines": (line,)} | more))


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


# Writing


def test_invoice_from_draft_to_paid(box: Running, stripe: Stripe) -> None:
    """Customer, draft with tax and discount, number, mail, PDF, paid elsewhere: each step once, each as it answers."""
    wish = CustomerDraft(
        key="create_customer:hubspot:1", name="Prueba", legal_name="Prueba S.L.", tax_id="ES B-12345674",
        tax_id_country="ES", email="facturas@prueba.example", street="Calle Mayor 1", city="Madrid", postcode="28001",
        country="ES", language="es", other_id="hs-1",
    )  # fmt: skip
    assert stripe.find_customer(wish) is None
    made = stripe.create_customer(wish)
    assert stripe.find_customer(wish) == made == stripe.create_customer(wish)
    same = wish.model_copy(update={"key": "other", "other_id": None, "tax_id": "b12345674"})
    assert stripe.find_customer(same) == made, "the same tax id, written otherwise"
    row = stripe.customer(made.id)
    assert (row["name"], row["tax_id"], row["city"], row["other_id"]) == ("Prueba S.L.", "B12345674", "Madrid", "hs-1")

    draft = invoice_draft(made.id, "whole", deal_id="D-1", deal_reference="PO-1", message="Gracias", lines=(
        LineDraft(description="Hours", quantity=Decimal("1.5"), unit_price=Decimal(100), tax_rate=Decimal(21),
                  sku="H-1"),
        LineDraft(description="Seats", quantity=Decimal(2), unit_price=Decimal("49.99"), tax_rate=Decimal(21),
                  discount_rate=Decimal(10)),
    ))  # fmt: skip
    assert stripe.find_invoice(draft) is None
    begun = stripe.create_invoice(draft)
    assert stripe.find_invoice(draft) == begun == stripe.create_invoice(draft)
    assert begun.amount == Decimal("290.38")  # 150.00 + 89.98 net; 31.50 + 18.90 tax
    row = stripe.invoice(begun.id)
    assert (row["status"], row["net"], row["tax"]) == ("draft", Decimal("239.98"), Decimal("50.40"))
    assert (row["deal_id"], row["deal_reference"], row["description"]) == ("D-1", "PO-1", "Gracias")
    assert row["due_on"] == draft.due_on

    with pytest.raises(Refused, match="draft"):
        stripe.invoice_pdf(begun.id)
    issued = stripe.issue_invoice(begun.id)
    assert issued.number and issued.status == "issued"
    assert stripe.invoice_pdf(begun.id).startswith(b"%PDF")
    sent = stripe.send_invoice(begun.id, "send:1")
    assert (sent.status, sent.recipient) == ("sent", "facturas@prueba.example")
    assert stripe.invoice(begun.id)["sent_at"] is not None
    paid = stripe.record_payment(begun.id)
    assert paid.status == "paid"
    _, rows = read(stripe, box.sandbox.clock.now() - dt.timedelta(minutes=1))
    (payment,) = [p for p in rows["payments"].values() if p["invoice_id"] == begun.id]
    assert (payment["method"], payment["amount"]) == ("recorded", Decimal("290.38"))
    lines = {r["description"]: r for r in rows["lines"].values() if r["document_id"] == begun.id}
    assert (lines["Hours"]["quantity"], lines["Hours"]["sku"]) == (Decimal("1.5"), "H-1")
    assert (lines["Seats"]["unit_price"], lines["Seats"]["net"]) == (Decimal("49.99"), Decimal("89.98"))


def test_void_and_credit(box: Running, stripe: Stripe) -> None:
    """A void invoice can be made anew under the same wish; an issued one is corrected by a credit note, once."""
    customer = next(iter(box.sandbox.stripe.books.objects["customers"]))
    draft = invoice_draft(customer, "void")
    first = stripe.create_invoice(draft)
    stripe.issue_invoice(first.id)
    assert stripe.void_invoice(first.id).status == "void"
    assert stripe.find_invoice(draft) is None
    second = stripe.create_invoice(draft)
    assert second.id != first.id and second.amount == first.amount
    stripe.issue_invoice(second.id)
    credit = invoice_draft(customer, "credit", kind="credit_note", corrects_id=second.id)
    note = stripe.create_credit_note(credit)
    assert note.amount == -second.amount
    assert stripe.create_credit_note(credit) == note


def test_a_deleted_draft_is_made_anew(box: Running, stripe: Stripe) -> None:
    """Stripe repeats its answer for a day: a draft deleted meanwhile is noticed and made again."""
    customer = next(iter(box.sandbox.stripe.books.objects["customers"]))
    draft = invoice_draft(customer, "again")
    first = stripe.create_invoice(draft)
    stripe.delete_draft(first.id)
    second = stripe.create_invoice(draft)
    assert second.id != first.id
    assert stripe.invoice(second.id)["status"] == "draft"


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


def test_customer_changes(box: Running, stripe: Stripe) -> None:
    """Address parts change without losing the others; a tax id is replaced, never missing."""
    made = stripe.create_customer(
        CustomerDraft(key="test:changes", name="Zmiana sp. z o.o.", tax_id="PL5260250274", country="PL", city="Łódź",
                      street="ul. Długa 1", email="biuro@zmiana.example")
    )  # fmt: skip
    stripe.update_customer(made.id, {"city": "Kraków", "tax_id": "7740001454", "email": None})
    row = stripe.customer(made.id)
    assert (row["street"], row["city"], row["tax_id"], row["email"]) == ("ul. Długa 1", "Kraków", "7740001454", None)


@pytest.mark.capability("WB-9")
def test_write_back_to_a_deal(box: Running, hubspot: HubSpot) -> None:
    """Invoice facts are written to the deal; the two properties this account lacks are made, once, and then read."""
    deal = next(d for d in box.company.deals if d.status == "won" and not d.archived)
    missing = {"cuadra_invoice_due_on", "cuadra_invoice_recipient"}
    assert not missing & box.sandbox.hubspot.books.properties["deals"].keys()
    facts = {
        "invoice_number": "FN-9", "invoice_status": "sent", "invoiced_amount": Decimal("1210.50"), "paid_on": None,
        "invoice_due_on": dt.date(2026, 12, 20), "invoice_recipient": "ana@acme.example",
    }  # fmt: skip
    assert hubspot.update_deal(deal.id, facts).number == "FN-9"
    assert missing <= box.sandbox.hubspot.books.properties["deals"].keys()
    row = hubspot.deal(deal.id)
    assert {f: row[f] for f in facts} == facts
    connected(HubSpot, box).update_deal(deal.id, {"invoice_due_on": None})
    assert hubspot.deal(deal.id)["invoice_due_on"] is None
    with pytest.raises(Refused, match="no field for colour"):
        hubspot.update_deal(deal.id, {"colour": "red"})
    with pytest.raises(Refused):
        hubspot.update_deal("1", {"invoice_status": "paid"})


def test_tasks_and_notes(box: Running, hubspot: HubSpot) -> None:
    """A task and a note with a file are made on the deal and found again by our key, not by the lagging search."""
    tell(box, "settings", {"hubspot_search_lag_s": 300})
    deal = next(d for d in box.company.deals if d.status == "won" and not d.archived)
    now = dt.datetime.now(dt.UTC)
    task = TaskDraft(
        key="task:1", subject="Late", body="Call.", due_at=now, deal_id=deal.id, customer_id=deal.customer.id
    )
    note = NoteDraft(key="note:1", body="Sent.", at=now, deal_id=deal.id, file_name="FN-9.pdf", file=b"%PDF-1.4")
    assert hubspot.find_task(task) is None and hubspot.find_note(note) is None
    assert hubspot.find_task(task) == hubspot.create_task(task) or hubspot.find_task(task)
    assert hubspot.create_note(note).id == hubspot.find_note(note).id  # type: ignore[union-attr]
    attached = box.sandbox.hubspot.books.objects["notes"][hubspot.find_note(note).id]  # type: ignore[union-attr]
    assert attached["properties"]["hs_attachment_ids"] in box.sandbox.hubspot.books.files
    tell(box, "settings", {"hubspot_search_lag_s": 0})


def test_customers_in_the_crm(box: Running, hubspot: HubSpot) -> None:
    """A company is made once, found by our key at once, and changed; the billing id is kept on it."""
    wish = CustomerDraft(
        key="create_customer:stripe:cus_9", name="Nueva S.L.", tax_id="B12345674", tax_id_country="ES", city="Soria",
        country="ES", other_id="cus_9",
    )  # fmt: skip
    assert hubspot.find_customer(wish) is None
    made = hubspot.create_customer(wish)
    assert hubspot.find_customer(wish) == made
    hubspot.update_customer(made.id, {"other_id": "cus_10", "postcode": "42001", "country": "PT"})
    row = hubspot.customer(made.id)
    assert (row["name"], row["tax_id"], row["other_id"], row["postcode"]) == (
        "Nueva S.L.",
        "B12345674",
        "cus_10",
        "42001",
    )
    assert row["country"] == "PT"
    person = CustomerDraft(key="person:1", kind="person", name="Ana María Ruiz", email="ana.ruiz@nueva.example")
    made = hubspot.create_customer(person)
    assert made.id.startswith("contact:") and hubspot.find_customer(person) == made
    assert hubspot.customer(made.id)["name"] == "Ana María Ruiz"


# Refusals and faults


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


@pytest.mark.parametrize("lost", range(2), ids=["first", "second"])
def test_quotes_on_both_sides(box: Running, stripe: Stripe, hubspot: HubSpot, lost: int) -> None:
    """Made whole, once, though an answer was lost; the lines say the same there; a state and a last day go over."""
    sku, deal = f"Q-{lost}", box.company.deals[0]
    article = ProductDraft(key=sku, sku=sku, name="Hour", unit_price=Decimal(60), currency="EUR")
    customer = stripe.create_customer(CustomerDraft(key=sku, name="Acme", country="ES")).id
    contact = f"contact:{deal.customer.contacts[0].id}"
    sides = (
        (stripe, {"customer_id": customer, "other_quote_id": sku, "due_days": 30}, ("/v1/quotes$", "/finalize$")[lost]),
        (hubspot, {"customer_id": deal.customer.id, "other_quote_id": sku, "contact_id": contact},
         ("/quotes$", "/line_items$")[lost]),
    )  # fmt: skip
    for vendor, who, path in sides:
        line = QuoteLineDraft(description="Hour", quantity=Decimal(3), unit_price=Decimal("60.5"), sku=sku,
                              tax_rate=Decimal(21), product_id=vendor.create_product(article).id)  # fmt: skip
        draft = QuoteDraft(key=f"quote {sku}", title="Offer", currency="EUR", valid_until_on=dt.date(2030, 1, 31),
                           deal_id=deal.id, lines=(line, line), **who)  # fmt: skip
        assert vendor.find_quote(draft) is None
        tell(box, "faults", [{"kind": "lost_answer", "match": path, "method": "POST", "times": 1}])
        with pytest.raises(Unsure):
            vendor.create_quote(draft)
        made = vendor.create_quote(draft)
        assert vendor.find_quote(draft).id == made.id == vendor.create_quote(draft).id
        said = vendor.quote(made.id)
        assert (said["net"], said["status"], said["deal_id"]) == (Decimal("363.0000"), "published", deal.id)
        assert said["lines"] == "; ".join([f"{sku}: 3.0000 × 60.5000 -0.0000 % +21.0000 %"] * 2)
        vendor.update_quote(made.id, {"valid_until_on": dt.date(2030, 2, 28), "status": "rejected"})
        now = vendor.quote(made.id)
        assert (now["valid_until_on"], now["status"]) == (dt.date(2030, 2, 28), "rejected")
        if vendor is stripe:
            with pytest.raises(Refused, match="cannot become accepted"):
                stripe.update_quote(made.id, {"status": "accepted"})
