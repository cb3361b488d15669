"""Stripe's own Python client, unchanged, against the sandbox."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
import stripe

from extract.sandbox.server import Running


@pytest.fixture
def client(box: Running) -> stripe.StripeClient:
    """The vendor's client, pointed here."""
    return stripe.StripeClient("sk_test_sandbox", base_addresses={"api": box.url}, max_network_retries=0)


@pytest.fixture
def customer(client: stripe.StripeClient) -> stripe.Customer:
    """A new customer with a tax id."""
    return client.v1.customers.create({
        "name": "Talleres Ñuñez S.L.", "email": "ana@talleres-nunez.example", "address": {"city": "Madrid",
            "country": "ES"},
        "tax_id_data": [{"type": "es_cif", "value": "B83591170"}], "metadata": {"crm_company_id": "C-9"},
    })  # fmt: skip


def draft(client: stripe.StripeClient, customer: stripe.Customer, **more: Any) -> stripe.Invoice:
    """A draft of one line, ten hours at 75.55 plus 21 %."""
    rate = client.v1.tax_rates.create({"display_name": "IVA", "percentage": 21, "inclusive": False})
    invoice = client.v1.invoices.create({
        "customer": customer.id, "collection_method": "send_invoice", "days_until_due": 30, "currency": "eur",
        "metadata": {"crm_deal_id": "D-17"}, **more,
    })  # fmt: skip
    client.v1.invoice_items.create({
        "customer": customer.id, "invoice": invoice.id, "description": "Support", "quantity": 10,
        "unit_amount_decimal": Decimal("7555.5"), "currency": "eur", "tax_rates": [rate.id],
    })  # fmt: skip
    return client.v1.invoices.retrieve(invoice.id)


def test_lists_page_both_ways_and_filter(client: stripe.StripeClient, box: Running) -> None:
    """Every invoice once, newest first; backwards the same; by status and by time."""
    every = list(client.v1.invoices.list({"limit": 100}).auto_paging_iter())
    assert {i.id for i in every} == {i.id for i in box.company.invoices}
    assert [i.created for i in every] == sorted((i.created for i in every), reverse=True)
    page = client.v1.invoices.list({"limit": 5, "starting_after": every[9].id})
    back = client.v1.invoices.list({"limit": 5, "ending_before": every[15].id})
    assert [i.id for i in page.data] == [i.id for i in every[10:15]] == [i.id for i in back.data]
    assert page.has_more
    drafts = list(client.v1.invoices.list({"status": "draft"}).auto_paging_iter())
    assert {i.id for i in drafts} == {i.id for i in every if i.status == "draft"}
    since = every[30].created
    recent = list(client.v1.invoices.list({"created": {"gte": since}, "limit": 50}).auto_paging_iter())
    assert [i.id for i in recent] == [i.id for i in every if i.created >= since]


def test_an_invoice_from_draft_to_paid(client: stripe.StripeClient, customer: stripe.Customer, box: Running) -> None:
    """Totals to the cent; a number when issued; the mail with its PDF when sent; whole when paid outside."""
    invoice = draft(client, customer)
    assert (invoice.status, invoice.number, invoice.subtotal, invoice.total) == ("draft", None, 75555, 91422)
    issued = client.v1.invoices.finalize_invoice(invoice.id)
    assert issued.number.startswith("FN-")
    assert issued.customer_tax_ids[0].value == "B83591170"
    assert (issued.due_date - issued.effective_at) == 30 * 86_400
    client.v1.invoices.send_invoice(invoice.id)
    mail = httpx.get(f"{box.url}/sandbox/mails", params={"to": customer.email}).json()
    assert [m["attachments"] for m in mail] == [[f"{issued.number}.pdf"]]
    assert issued.number in mail[0]["subject"]
    assert "914.22 EUR to pay" in httpx.get(issued.hosted_invoice_url).text
    assert httpx.get(issued.invoice_pdf).content.startswith(b"%PDF-1.4")
    paid = client.v1.invoices.pay(invoice.id, {"paid_out_of_band": True}, {"idempotency_key": "pay"})
    assert (paid.status, paid.amount_remaining, paid.amount_paid_off_stripe) == ("paid", 0, 91422)
    shown = client.v1.invoices.retrieve(invoice.id, {"expand": ["payments", "customer"]})
    assert shown.payments.data[0].payment.type == "payment_record"
    assert shown.customer.name == customer.name
    types = [e.type for e in client.v1.events.list({"types": ["invoice.sent", "invoice.paid"], "limit": 2}).data]
    assert types == ["invoice.paid", "invoice.sent"]


def test_what_cannot_be_done_to_an_invoice_is_refused(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """An issued one is not edited, deleted or issued again; a void one is not sent or paid; an empty one not issued."""
    invoice = draft(client, customer)
    with pytest.raises(stripe.InvalidRequestError, match="open or uncollectible"):
        client.v1.invoices.void_invoice(invoice.id)
    client.v1.invoices.finalize_invoice(invoice.id)
    for refused in (
        lambda: client.v1.invoices.finalize_invoice(invoice.id),
        lambda: client.v1.invoices.delete(invoice.id),
        lambda: client.v1.invoices.update(invoice.id, {"description": "late"}),
        lambda: client.v1.invoice_items.create(
            {"customer": customer.id, "invoice": invoice.id, "amount": 1, "currency": "eur"}
        ),
    ):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            refused()
        assert caught.value.http_status == 400
    assert client.v1.invoices.void_invoice(invoice.id).status == "void"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.send_invoice(invoice.id)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    empty = client.v1.invoices.create(
        {"customer": customer.id, "collection_method": "send_invoice", "days_until_due": 5}
    )
    with pytest.raises(stripe.InvalidRequestError, match="no lines"):
        client.v1.invoices.finalize_invoice(empty.id)
    assert client.v1.invoices.delete(empty.id).deleted


def test_the_same_key_gets_the_same_answer(
    client: stripe.StripeClient, customer: stripe.Customer, box: Running
) -> None:
    """Replayed with the same parameters, refused with others; a first 500 is replayed too and does nothing."""
    one = client.v1.customers.create({"name": "Once"}, {"idempotency_key": "k1"})
    two = client.v1.customers.create({"name": "Once"}, {"idempotency_key": "k1"})
    assert one.id == two.id
    assert two.last_response.headers["idempotent-replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create({"name": "Other"}, {"idempotency_key": "k1"})
    httpx.post(f"{box.url}/sandbox/faults", json=[{"kind": "status", "match": "stripe", "status": 500, "times": 1}])
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.customers.create({"name": "Never"}, {"idempotency_key": "k2"})
    assert client.v1.customers.create({"name": "Never"}, {"idempotency_key": "k3"}).name == "Never"
    names = [c.name for c in client.v1.customers.list({"limit": 100}).auto_paging_iter()]
    assert (names.count("Once"), names.count("Never"), names.count("Other")) == (1, 1, 0)


def test_the_client_retries_until_the_answer_comes(box: Running) -> None:
    """The answer is lost after the work was done: the retry, by its key, finds the one that was made."""
    httpx.post(
        f"{box.url}/sandbox/faults", json=[{"kind": "lost_answer", "match": "stripe", "method": "POST", "times": 1}]
    )
    client = stripe.StripeClient("sk_test_sandbox", base_addresses={"api": box.url}, max_network_retries=2)
    made = client.v1.customers.create({"name": "Lost and found", "email": "lost@found.example"})
    same = client.v1.customers.list({"email": "lost@found.example"}).data
    assert [c.id for c in same] == [made.id]


@pytest.mark.parametrize(
    ("call", "status", "param", "code"),
    [
        (lambda c: c.v1.invoices.retrieve("in_none"), 404, "id", "resource_missing"),
        (lambda c: c.v1.invoices.create({"customer": "cus_none"}), 400, "customer", "resource_missing"),
        (lambda c: c.v1.customers.create({"nmae": "x"}), 400, "nmae", "parameter_unknown"),
        (lambda c: c.v1.customers.create({"email": "nobody"}), 400, "email", "email_invalid"),
        (
            lambda c: c.v1.tax_rates.create({"display_name": "x", "inclusive": False}),
            400,
            "percentage",
            "parameter_missing",
        ),
        (lambda c: c.v1.invoices.list({"limit": 101}), 400, "limit", "parameter_invalid_integer"),
    ],
    ids=["absent", "absent customer", "unknown parameter", "bad mail", "missing parameter", "page too long"],
)
def test_mistakes_name_their_parameter(
    client: stripe.StripeClient, call: Any, status: int, param: str, code: str
) -> None:
    """The error says which parameter and why."""
    with pytest.raises(stripe.InvalidRequestError) as caught:
        call(client)
    assert (caught.value.http_status, caught.value.param, caught.value.code) == (status, param, code)
    assert caught.value.request_id


def test_discounts_and_inclusive_tax_are_exact(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """5 % off 100.01 is 5.00; an inclusive 21 % of 121.00 is 21.00; half a cent goes up."""
    coupon = client.v1.coupons.create({"percent_off": 5, "duration": "once"})
    added = client.v1.tax_rates.create({"display_name": "IVA", "percentage": 21, "inclusive": False})
    inside = client.v1.tax_rates.create({"display_name": "IVA", "percentage": 21, "inclusive": True})
    invoice = client.v1.invoices.create(
        {"customer": customer.id, "collection_method": "send_invoice", "days_until_due": 0}
    )
    for line in (
        {"amount": 10001, "tax_rates": [added.id], "discounts": [{"coupon": coupon.id}]},
        {"amount": 12100, "tax_rates": [inside.id]},
    ):
        client.v1.invoice_items.create({"customer": customer.id, "invoice": invoice.id, "currency": "eur", **line})
    row = client.v1.invoices.retrieve(invoice.id)
    assert row.subtotal == 22101
    assert [d.amount for d in row.total_discount_amounts] == [500]
    assert {t.tax_behavior: (t.amount, t.taxable_amount) for t in row.total_taxes} == {
        "exclusive": (1995, 9501), "inclusive": (2100, 10000),
    }  # fmt: skip
    assert row.total == 22101 - 500 + 1995
    assert row.total_excluding_tax == 9501 + 10000


def test_credit_notes_lower_what_is_owed_or_refund(
    client: stripe.StripeClient, customer: stripe.Customer, box: Running
) -> None:
    """Before payment what remains goes down to paid; afterwards a refund goes with it."""
    invoice = draft(client, customer)
    client.v1.invoices.finalize_invoice(invoice.id)
    note = client.v1.credit_notes.create({"invoice": invoice.id, "amount": 12100, "reason": "order_change"})
    assert (note.type, note.total, note.subtotal) == ("pre_payment", 12100, 10000)
    assert client.v1.invoices.retrieve(invoice.id).amount_remaining == 91422 - 12100
    client.v1.credit_notes.create({"invoice": invoice.id, "amount": 91422 - 12100})
    assert client.v1.invoices.retrieve(invoice.id).status == "paid"
    other = draft(client, customer)
    client.v1.invoices.finalize_invoice(other.id)
    httpx.post(f"{box.url}/sandbox/invoices/{other.id}/pay", json={"method": "card"}).raise_for_status()
    note = client.v1.credit_notes.create({"invoice": other.id, "amount": 1210, "refund_amount": 1210})
    assert note.type == "post_payment"
    refund = client.v1.refunds.retrieve(note.refunds[0].refund)
    assert client.v1.charges.retrieve(refund.charge).amount_refunded == 1210


def test_search_finds_by_metadata_after_its_lag(
    client: stripe.StripeClient, customer: stripe.Customer, box: Running
) -> None:
    """Not right after the write; exactly once later."""
    httpx.post(f"{box.url}/sandbox/settings", json={"stripe_search_lag_s": 60})
    invoice = draft(client, customer)
    query = {"query": "metadata['crm_deal_id']:'D-17' AND status:'draft'"}
    assert client.v1.invoices.search(query).data == []
    httpx.post(f"{box.url}/sandbox/clock", json={"seconds": 61})
    assert [i.id for i in client.v1.invoices.search(query).data] == [invoice.id]


def test_a_customer_is_changed_and_deleted(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """Tax ids are replaced one by one; metadata is merged; a deleted customer says so."""
    held = client.v1.customers.tax_ids.list(customer.id).data
    client.v1.customers.tax_ids.delete(customer.id, held[0].id)
    client.v1.customers.tax_ids.create(customer.id, {"type": "eu_vat", "value": "ESB83591170"})
    changed = client.v1.customers.update(
        customer.id, {"email": "new@talleres-nunez.example", "metadata": {"crm_company_id": "", "x": "1"}}, {}
    )
    assert changed.metadata.to_dict() == {"x": "1"}
    shown = client.v1.customers.retrieve(customer.id, {"expand": ["tax_ids"]})
    assert [t.value for t in shown.tax_ids.data] == ["ESB83591170"]
    assert client.v1.customers.delete(customer.id).deleted
    assert client.v1.customers.retrieve(customer.id).deleted


def test_keys_open_what_they_may(box: Running) -> None:
    """401 for a strange key; a read-only key reads, and is told which right it lacks to write."""
    strange = stripe.StripeClient("sk_test_strange", base_addresses={"api": box.url})
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key"):
        strange.v1.customers.list()
    reader = stripe.StripeClient("rk_test_readonly", base_addresses={"api": box.url})
    assert reader.v1.customers.list({"limit": 1}).data
    with pytest.raises(stripe.PermissionError, match="rak_customer_write"):
        reader.v1.customers.create({"name": "x"})


def test_a_quote_from_draft_to_invoice(client: stripe.StripeClient, customer: stripe.Customer) -> None:
    """Only a draft changes; final it has a number and another last day at most; accepted it drafts the invoice."""
    rate = client.v1.tax_rates.create({"display_name": "IVA", "percentage": 21, "inclusive": False})
    product = client.v1.products.create({"name": "Hour", "metadata": {"sku": "HOUR"}})
    line = {"quantity": 3, "tax_rates": [rate.id], "price_data": {
        "currency": "eur", "product": product.id, "unit_amount_decimal": Decimal("3333.5")}}  # fmt: skip
    made = client.v1.quotes.create({"customer": customer.id, "collection_method": "send_invoice", "line_items": [line],
                                    "metadata": {"crm_deal_id": "D-17"}})  # fmt: skip
    assert (made.status, made.number, made.amount_subtotal, made.amount_total) == ("draft", None, 10001, 12101)
    with pytest.raises(stripe.InvalidRequestError, match="days_until_due"):
        client.v1.quotes.finalize_quote(made.id)
    client.v1.quotes.update(made.id, {"invoice_settings": {"days_until_due": 15}, "description": "Three hours"})
    final = client.v1.quotes.finalize_quote(made.id)
    assert final.status == "open" and final.number.startswith("QT-")
    later = client.v1.quotes.update(made.id, {"expires_at": final.expires_at + 86_400})
    assert later.expires_at == final.expires_at + 86_400
    with pytest.raises(stripe.InvalidRequestError, match="can't be changed"):
        client.v1.quotes.update(made.id, {"description": "Other"})
    with pytest.raises(stripe.InvalidRequestError, match="must be in the future"):
        client.v1.quotes.update(made.id, {"expires_at": 1})
    accepted = client.v1.quotes.accept(made.id)
    invoice = client.v1.invoices.retrieve(accepted.invoice)
    assert (accepted.status, invoice.status, invoice.total) == ("accepted", "draft", 12101)
    for again in (client.v1.quotes.accept, client.v1.quotes.cancel, client.v1.quotes.finalize_quote):
        with pytest.raises(stripe.InvalidRequestError, match="is accepted"):
            again(made.id)
    other = client.v1.quotes.create({"customer": customer.id, "line_items": [line]})
    assert client.v1.quotes.cancel(other.id).status == "canceled"
    half = line | {"quantity": "1.5"}
    for wrong in (half, line | {"price_data": line["price_data"] | {"product": "prod_none"}}):
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.quotes.create({"customer": customer.id, "line_items": [wrong]})
    (item,) = client.v1.quotes.line_items.list(made.id, {"expand": ["data.taxes"]}).data
    assert (item.quantity, item.amount_tax, item.taxes[0].rate.percentage) == (3, 2100, 21.0)
