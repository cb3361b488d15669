"""What HubSpot and Stripe write over HTTP, the company has, once."""

import datetime as dt
from decimal import Decimal

import pytest
from speaking import connected, invoice_draft, read, tell

from extract.model import (
    CustomerDraft,
    LineDraft,
    NoteDraft,
    ProductDraft,
    QuoteDraft,
    QuoteLineDraft,
    TaskDraft,
)
from extract.sandbox.server import Running
from extract.vendor import Refused, Unsure
from extract.vendors.hubspot import HubSpot
from extract.vendors.stripe import Stripe


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
