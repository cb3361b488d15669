"""QuickBooks against a server that speaks its protocol: reading, writing once, tokens that change."""

import datetime as dt
from collections.abc import Iterator
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from quickbooks_server import LOGIN, QuickBooksServer

from extract import store
from extract.bulk import Columns, typed
from extract.model import CustomerDraft, InvoiceDraft, LineDraft
from extract.vendor import Refused, Unauthorised, Unsure
from extract.vendors.quickbooks import QuickBooks
from reconcile import access
from reconcile.access import Person
from reconcile.keyring import Kept
from reconcile.state import State, engine
from reconcile.vault import Vault

Rows = dict[str, dict[str, dict[str, Any]]]
ACME = CustomerDraft(
    key="create_customer:quickbooks:hubspot:901", name="Acme SL", tax_id="ES B-12345674", tax_id_country="ES",
    email="ana@acme.example", phone="+34 600 000 000", street="Calle Mayor 1", city="Madrid", postcode="28001",
    country="ES", payment_terms_days=30, other_id="901",
)  # fmt: skip


@pytest.fixture
def server() -> Iterator[QuickBooksServer]:
    made = QuickBooksServer()
    yield made
    made.stop()


@pytest.fixture
def vendor(server: QuickBooksServer) -> QuickBooks:
    return connected(server)


def connected(server: QuickBooksServer, **more: Any) -> QuickBooks:
    """Return a connection to the server, unpaced."""
    made = QuickBooks(
        LOGIN, base_url=server.url, options={"default_item": "Services"}, time_zone="Europe/Madrid", **more
    )
    made.pace = lambda path: nullcontext()  # type: ignore[method-assign]
    return made


def draft(customer: str, **more: Any) -> InvoiceDraft:
    lines = (
        LineDraft(description="Support hours", quantity=Decimal("1.5"), unit_price=Decimal(100), tax_rate=Decimal(21)),
        LineDraft(description="Seats", quantity=Decimal(2), unit_price=Decimal("49.99"), discount_rate=Decimal(10),
                  tax_rate=Decimal(21)),
    )  # fmt: skip
    said = {"key": "create_invoice:quickbooks:hubspot:501:whole", "customer_id": customer, "deal_id": "501",
            "deal_reference": "PO-7", "currency": "EUR", "issued_on": dt.date(2026, 11, 20),
            "due_on": dt.date(2026, 12, 20), "lines": lines, "message": "Gracias"}  # fmt: skip
    return InvoiceDraft.model_validate(said | more)


def read(vendor: QuickBooks, since: dt.datetime | None = None) -> Rows:
    """Return the typed rows of a reading by table and id."""
    rows: Rows = {}
    for kind, item in vendor.fetch(since):
        for table, row in vendor.rows(kind, item):
            frame, misfits = typed(Columns(table, [row | {"vendor": vendor.name}]), "Europe/Madrid")
            assert not misfits
            rows.setdefault(table, {})[row["id"]] = frame.row(0, named=True)
    return rows


def test_from_a_customer_to_a_paid_invoice(server: QuickBooksServer, vendor: QuickBooks) -> None:
    """Customer, invoice with discount and tax, e-mail, PDF, paid elsewhere: each once, to the cent."""
    assert vendor.find_customer(ACME) is None
    made = vendor.create_customer(ACME)
    assert vendor.find_customer(ACME) == made == vendor.create_customer(ACME)
    same = ACME.model_copy(update={"key": "other", "other_id": None, "tax_id": "b12345674"})
    assert vendor.find_customer(same) == made, "the same tax id, written otherwise, though it comes back masked"
    row = vendor.customer(made.id)
    assert (row["tax_id"], row["country"], row["payment_terms_days"]) == ("B12345674", "ES", 30)
    assert (row["other_id"], row["email"]) == ("901", "ana@acme.example")
    server.books.objects["Customer"][made.id]["PrimaryTaxIdentifier"] = "XXXXXX99999"  # somebody changed it there
    assert vendor.customer(made.id)["tax_id"] is None, "our copy is no longer theirs, and what is masked nobody knows"

    wish = draft(made.id)
    assert vendor.find_invoice(wish) is None
    begun = vendor.create_invoice(wish)
    assert (begun.number, begun.status, begun.amount) == ("1001", "issued", Decimal("290.38"))
    assert vendor.find_invoice(wish) == begun == vendor.create_invoice(wish) and len(server.books.of("Invoice")) == 1
    row = vendor.invoice(begun.id)
    assert (row["net"], row["tax"], row["deal_id"]) == (Decimal("239.98"), Decimal("50.40"), "501")
    assert (row["deal_reference"], row["due_on"], row["currency"]) == ("PO-7", dt.date(2026, 12, 20), "EUR")

    sent = vendor.send_invoice(begun.id, "send:1")
    assert (sent.status, sent.recipient) == ("sent", "ana@acme.example")
    assert vendor.send_invoice(begun.id, "send:1").status == "sent" and len(server.books.mails) == 1
    assert vendor.invoice_pdf(begun.id).startswith(b"%PDF")
    with pytest.raises(Refused, match="no page of its own"):
        vendor.online_invoice(begun.id)
    assert vendor.record_payment(begun.id).status == vendor.record_payment(begun.id).status == "paid"
    rows = read(vendor)
    (payment,), (applied,) = rows["payments"].values(), rows["allocations"].values()
    assert (payment["amount"], payment["method"], payment["invoice_id"]) == (Decimal("290.38"), "recorded", begun.id)
    assert (applied["amount"], applied["invoice_id"]) == (Decimal("290.38"), begun.id)
    lines = [(line["description"], line["net"], line["tax_rate"]) for line in rows["lines"].values()]
    assert lines == [("Support hours", Decimal(150), Decimal(21)), ("Seats", Decimal("99.98"), Decimal(21)),
                     ("−10 %: Seats", Decimal("-10.00"), Decimal(21))]  # fmt: skip


@pytest.mark.parametrize("fault", ["lost", "500"])
def test_an_answer_that_nobody_heard(server: QuickBooksServer, vendor: QuickBooks, fault: str) -> None:
    """A doubt, not a second invoice: whether it was made or not, the next try makes or finds the only one."""
    customer = vendor.create_customer(ACME)
    server.books.faults = [fault]
    with pytest.raises(Unsure):
        vendor.create_invoice(draft(customer.id))
    made = vendor.create_invoice(draft(customer.id))
    assert [i["Id"] for i in server.books.of("Invoice")] == [made.id]


def test_void_deleted_and_credited(server: QuickBooksServer, vendor: QuickBooks) -> None:
    """What was voided or deleted there is made anew; a credit note is taken off its invoice, once."""
    customer = vendor.create_customer(ACME)
    first = vendor.create_invoice(draft(customer.id))
    assert vendor.void_invoice(first.id).status == vendor.void_invoice(first.id).status == "void"
    second = vendor.create_invoice(draft(customer.id))
    server.books.delete("Invoice", second.id)
    third = vendor.create_invoice(draft(customer.id))
    assert len({first.id, second.id, third.id}) == 3 and third.amount == first.amount
    part = (LineDraft(description="Seats", unit_price=Decimal(100), tax_rate=Decimal(21)),)
    credit = draft(customer.id, key="credit:1", kind="credit_note", corrects_id=third.id, lines=part)
    server.books.faults = ["", "lost"]  # made, and whether it was applied nobody knows
    with pytest.raises(Unsure):
        vendor.create_credit_note(credit)
    note = vendor.create_credit_note(credit)
    assert note.amount == Decimal(-121) and vendor.find_credit_note(credit) == note
    assert vendor.invoice(third.id)["paid"] == Decimal(121) and vendor.invoice(third.id)["status"] == "partly_paid"
    rows = read(vendor)
    (applied,) = rows["allocations"].values()
    assert (applied["payment_id"], applied["invoice_id"], applied["amount"]) == (note.id, third.id, Decimal(121))
    assert (rows["invoices"][note.id]["gross"], rows["invoices"][note.id]["corrects_id"]) == (Decimal(-121), third.id)
    assert "payments" not in rows, "no money came"
    assert vendor.invoice_pdf(note.id).startswith(b"%PDF")


def test_changes_to_a_customer(server: QuickBooksServer, vendor: QuickBooks) -> None:
    """A part of an address leaves the rest, people's own notes stay, terms must exist; who is there keeps the name."""
    made = vendor.create_customer(ACME)
    held = server.books.objects["Customer"][made.id]
    held["Notes"] = "Calls on Mondays\n" + held["Notes"]
    vendor.update_customer(made.id, {"city": "Soria", "other_id": "902", "email": None})
    row = vendor.customer(made.id)
    assert (row["street"], row["city"], row["other_id"], row["email"]) == ("Calle Mayor 1", "Soria", "902", None)
    assert held["Notes"].startswith("Calls on Mondays\n") and row["tax_id"] == "B12345674"
    with pytest.raises(Refused, match="no terms of 45 days"):
        vendor.update_customer(made.id, {"payment_terms_days": 45})
    with pytest.raises(Refused, match="names are unique"):
        vendor.create_customer(ACME.model_copy(update={"key": "another", "other_id": "7"}))
    vendor.retire_customer(made.id, "mark")
    assert vendor.is_retired_customer(made.id, "mark")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"lines": (LineDraft(description="Odd", unit_price=Decimal(1), tax_rate=Decimal(7)),)}, "tax_code"),
        ({"currency": "USD"}, "currency"),
        ({"series": "A"}, "series"),
        ({"kind": "proforma"}, "pro_forma"),
    ],
    ids=["no such tax", "another currency", "a series of ours", "a pro-forma"],
)  # fmt: skip
def test_what_stands_in_the_way(vendor: QuickBooks, server: QuickBooksServer, change: Any, code: str) -> None:
    """It is told when asked, and refused before anything is sent."""
    customer = vendor.create_customer(ACME)
    wish, before = draft(customer.id, **change), server.books.writes()
    assert [h.code for h in vendor.hindrances(wish)] == [code]
    with pytest.raises(Refused):
        vendor.create_invoice(wish)
    assert server.books.writes() == before


def test_products_and_tax_codes_are_not_guessed(server: QuickBooksServer, vendor: QuickBooks) -> None:
    """A SKU is looked up; without one and without a product for all, or with two codes of a rate, a person is asked."""
    customer = vendor.create_customer(ACME)
    desk = server.books.add("Item", {"Name": "Desk", "Sku": "D-1", "Type": "NonInventory", "Active": True})
    line = LineDraft(description="Desk", unit_price=Decimal(10), tax_rate=Decimal(21), sku="D-1")
    made = vendor.create_invoice(draft(customer.id, lines=(line,)))
    (sold,) = server.books.objects["Invoice"][made.id]["Line"]
    assert sold["SalesItemLineDetail"]["ItemRef"]["value"] == desk["Id"]
    vendor.chosen["default_item"] = ""
    other = draft(customer.id, key="other", deal_id="7", lines=(line.model_copy(update={"sku": "D-2"}),))
    assert [h.code for h in vendor.hindrances(other)] == ["product"]
    code = server.books.objects["TaxCode"]["3"]
    server.books.add("TaxCode", {k: code[k] for k in ("Active", "SalesTaxRateList")} | {"Name": "IVA 21 % S"}, "33")
    (asked,) = vendor.hindrances(draft(customer.id, key="third", deal_id="8", lines=(line,)))
    assert (asked.code, asked.values["codes"]) == ("tax_codes", "IVA 21 %, IVA 21 % S")
    picked = draft(customer.id, key="third", deal_id="8", lines=(line.model_copy(update={"tax_code": "33"}),))
    assert not vendor.hindrances(picked) and vendor.create_invoice(picked).amount == Decimal("12.10")


def test_a_name_that_is_taken_and_a_tax_that_quickbooks_works_out(server: QuickBooksServer, vendor: QuickBooks) -> None:
    """A supplier's name, or another customer's, is told in the preview; sales tax of the US is a word of caution."""
    assert vendor.hindrances(ACME) == ()
    made = vendor.create_customer(ACME)
    assert vendor.hindrances(ACME) == (), "it is the same one, and will be found"
    (told,) = vendor.hindrances(ACME.model_copy(update={"payment_terms_days": 45}))
    assert (told.code, told.stops) == ("no_terms", False)
    stranger = ACME.model_copy(update={"key": "another", "other_id": "7", "tax_id": "B85674215"})
    assert [h.code for h in vendor.hindrances(stranger)] == ["name_taken"]
    server.books.add("Vendor", {"DisplayName": "O'Neill: Ltd", "Active": True})
    assert [h.code for h in vendor.hindrances(stranger.model_copy(update={"name": "O'Neill: Ltd"}))] == ["name_taken"]
    server.books.company["Country"] = "US"
    (told,) = connected(server).hindrances(draft(made.id))
    assert (told.code, told.stops) == ("sales_tax", False)


def test_a_foreign_currency_takes_its_rate_along(server: QuickBooksServer, vendor: QuickBooks) -> None:
    """Without a rate QuickBooks would take 1: it is asked for before, and what is paid goes by the invoice's."""
    server.books.preferences["CurrencyPrefs"]["MultiCurrencyEnabled"] = True
    customer = vendor.create_customer(ACME)
    server.books.objects["Customer"][customer.id]["CurrencyRef"] = {"value": "EUR"}
    assert [h.code for h in vendor.hindrances(draft(customer.id, currency="USD"))] == ["customer_currency"]
    server.books.objects["Customer"][customer.id]["CurrencyRef"] = {"value": "USD"}
    other = {"currency": "USD", "fx_rate": "0.9", "fx_into": "GBP"}
    for wish in (draft(customer.id, currency="USD"), draft(customer.id, **other)):
        assert [h.code for h in vendor.hindrances(wish)] == ["fx"]
    made = vendor.create_invoice(draft(customer.id, **other | {"fx_into": "EUR"}))
    vendor.record_payment(made.id)
    (paid,), (sold,) = server.books.of("Payment"), server.books.of("Invoice")
    assert paid["ExchangeRate"] == sold["ExchangeRate"] == 0.9
    assert paid["CurrencyRef"] == {"value": "USD"} and made.currency == "USD"


def test_what_changed(server: QuickBooksServer, vendor: QuickBooks, tmp_path: Path) -> None:
    """Full once, then what changed: an invoice that a payment closed without touching it, one that was deleted."""
    customer = vendor.create_customer(ACME)
    paid, gone = (
        vendor.create_invoice(draft(customer.id)),
        vendor.create_invoice(draft(customer.id, key="b", deal_id="b")),
    )
    for item in [i for kind in server.books.objects.values() for i in kind.values()]:
        item["MetaData"]["LastUpdatedTime"] = "2026-11-01T00:00:00-07:00"
    first = store.sync(vendor, tmp_path, zone="Europe/Madrid")
    assert (first.mode, first.rejected, first.error) == ("full", 0, "")
    vendor.record_payment(paid.id)
    server.books.delete("Invoice", gone.id)
    vendor.overlap = dt.timedelta(0)  # type: ignore[misc]
    second = store.sync(vendor, tmp_path, zone="Europe/Madrid")
    assert (second.mode, second.error, second.new, second.changed) == ("modified", "", 2, 1), "payment, its part"
    with store.opened(tmp_path) as db:
        left = db.execute("SELECT id, status FROM invoices").fetchall()
    assert left == [(paid.id, "paid")]
    assert not vendor.can_modify(vendor.now() - dt.timedelta(days=31)), "older than what QuickBooks still tells"


def test_too_many_changes_are_read_in_full(server: QuickBooksServer, vendor: QuickBooks) -> None:
    """QuickBooks tells 1,000 changes at most and says nothing of the rest: then all is read."""
    for at in range(1000):
        server.books.add("Item", {"Name": f"Item {at}", "Type": "Service", "Active": True})
    assert not vendor.can_modify(vendor.now() - dt.timedelta(hours=1))
    assert len(read(vendor)["products"]) == 1001, "two pages"


def test_a_refresh_token_that_changes_is_kept_for_all(server: QuickBooksServer, tmp_path: Path) -> None:
    """Each renewal may void the token before it: processes that renew in turn use the newest; it is encrypted."""
    server.books.rotates = True
    kept = State(engine(f"sqlite:///{tmp_path / 'state.sqlite'}"), Vault(Fernet.generate_key().decode()))
    kept.keep_credentials("quickbooks", LOGIN, "ana")
    one, other = (connected(server, keyring=Kept(kept, "quickbooks")) for _ in range(2))
    for process in (one, other, one):
        server.books.access.clear()  # the access token ended
        with access.acting_as(Person("ana", "viewer")):  # who may see and no more, and looks at a page just then
            assert process.check().account == LOGIN["QUICKBOOKS_REALM_ID"]
    assert kept.credentials("quickbooks")["QUICKBOOKS_REFRESH_TOKEN"] == server.books.refresh == "refresh-4"
    assert "refresh-4" not in (tmp_path / "state.sqlite").read_bytes().decode("latin-1")
    server.books.refresh = "taken back"
    server.books.access.clear()
    with pytest.raises(Unauthorised, match="Sign in there once more"):
        one.check()


@pytest.mark.parametrize(
    ("host", "tokens", "screen", "is_test"),
    [
        ("https://quickbooks.api.intuit.com", "https://oauth.platform.intuit.com", "app.qbo.intuit.com", False),
        ("https://sandbox-quickbooks.api.intuit.com", "https://oauth.platform.intuit.com", "app.sandbox.qbo.intuit.com",
         True),
    ],
    ids=["a company", "a sandbox"],
)  # fmt: skip
def test_hosts(host: str, tokens: str, screen: str, is_test: bool) -> None:
    """The address tells a sandbox company, which may always be written to; tokens come from Intuit's own host."""
    vendor = QuickBooks(LOGIN, base_url=host)
    assert vendor.token_request({}, "id", "secret")["url"] == f"{tokens}/oauth2/v1/tokens/bearer"
    assert vendor.is_test is is_test and f"//{screen}/app/invoice?txnId=7" in vendor._screen(
        "invoice?txnId", {"Id": "7"}
    )
