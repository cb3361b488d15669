"""Two salespeople of one company: what is Sam's beside Marta's, and who signs in with which role."""

from collections.abc import Callable
from typing import Any

from small_company import DEALS, INVOICES, OWNERS, PAYMENTS, QUOTES, ROWS
from streamlit.testing.v1 import AppTest

from reconcile.settings import Access

Seen = Callable[..., AppTest]

# Sam's: a deal of a customer of Marta's, billed and part paid; one of nobody else, not billed; a quote.
SAMS: dict[str, list[dict[str, Any]]] = {
    "owners": [{"vendor": "hubspot", "id": "8", "name": "Sam Stone", "email": " Sam@Example.com"}],
    "customers": [
        {"vendor": "hubspot", "id": "c9", "name": "Quarry Ltd", "kind": "company", "country": "IE",
         "tax_id": "IE6388047V", "email": "q@quarry.example", "street": "Main St 1", "city": "Cork", "postcode": "T12"},
    ],
    "deals": [
        {"vendor": "hubspot", "id": "81", "title": "Printers", "status": "won", "amount": "800", "amount_is": "net",
         "currency": "PLN", "won_on": "2026-09-10", "customer_id": "c1", "owner_id": "8", "reference": "PO-81"},
        {"vendor": "hubspot", "id": "82", "title": "Gravel", "status": "won", "amount": "5000", "amount_is": "net",
         "currency": "EUR", "won_on": "2026-10-05", "customer_id": "c9", "owner_id": "8"},
    ],
    "invoices": [
        {"vendor": "stripe", "id": "in_81", "number": "FV-2026-181", "status": "sent", "kind": "invoice",
         "customer_id": "cus_1", "customer_name": "Łódź Print Sp. z o.o.", "deal_id": "81", "deal_reference": "PO-81",
         "issued_on": "2026-09-12", "due_on": "2026-10-12", "currency": "PLN", "net": "800", "tax": "184",
         "gross": "984", "paid": "0", "sent_at": "2026-09-12 10:00", "updated_at": "2026-09-12 10:00"},
    ],
    "payments": [
        {"vendor": "bank", "id": "b81", "paid_on": "2026-10-21", "amount": "184", "currency": "PLN",
         "method": "transfer", "payer_name": "PRINTER PAYER", "reference": "FV-2026-181 part", "status": "booked"},
    ],
    "quotes": [
        {"vendor": "hubspot", "id": "q81", "number": "Q-81", "deal_id": "82", "status": "accepted", "gross": "6150",
         "currency": "EUR", "valid_until_on": "2026-09-30"},
    ],
}  # fmt: skip
ALL = ROWS | {name: [*ROWS[name], *rows] for name, rows in SAMS.items()}
MARTAS_WORDS = (*(d["title"] for d in DEALS), *(i["number"] for i in INVOICES), *(q["number"] for q in QUOTES),
                *(p["payer_name"] for p in PAYMENTS), *(o["name"] for o in OWNERS), "Acme")  # fmt: skip
SAMS_WORDS = ("Printers", "Gravel", "FV-2026-181", "Q-81", "PRINTER PAYER", "Sam Stone", "Quarry")
PEOPLE = Access(
    issuer="https://id.example", client_id="cuadra", administrator="Ana López",
    people={"ana@example.com": "admin", "vera@example.com": "viewer", "oleg@example.com": "operator",
            "april@example.com": "approver",
            "new@example.com": "salesperson", "sam@example.com": "salesperson", "marta@home.example": "salesperson"},
    crm_emails={"marta@home.example": "m@example.com"},
)  # fmt: skip
