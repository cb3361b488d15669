"""A small company of three deals, two invoices and two bank lines; and what a reader sees of a page."""

import functools
import tempfile
from pathlib import Path
from typing import Any

import duckdb
from lean import writing
from streamlit.testing.v1 import AppTest

from extract import model
from reconcile import warehouse

CRM = "https://crm.example"

CUSTOMERS = [
    {"vendor": "hubspot", "id": "c1", "name": "Łódź Print Sp. z o.o.", "kind": "company", "tax_id": "PL5252248481",
     "email": "old@lodz.example", "country": "PL", "street": "Piotrkowska 1", "city": "Łódź", "postcode": "90-001"},
    {"vendor": "hubspot", "id": "c2", "name": "Acme *S.L.* [Sur] $5", "kind": "company", "country": "ES",
     "street": "Calle 1", "city": "Sevilla", "postcode": "41001", "email": "a@acme.example", "tax_id": "B85674215"},
    {"vendor": "stripe", "id": "cus_1", "name": "Łódź Print Sp. z o.o.", "kind": "company", "other_id": "c1",
     "tax_id": "PL5252248481", "email": "new@lodz.example", "country": "PL", "street": "Piotrkowska 1", "city": "Łódź",
     "postcode": "90-001"},
]  # fmt: skip
DEALS = [
    {"vendor": "hubspot", "id": "1", "title": "Website", "status": "won", "amount": "1000", "amount_is": "net",
     "currency": "EUR", "won_on": "2026-10-01", "customer_id": "c2", "owner_id": "7", "url": f"{CRM}/1"},
    {"vendor": "hubspot", "id": "2", "title": "Rollout", "status": "won", "amount": "2000", "amount_is": "net",
     "currency": "PLN", "won_on": "2026-09-01", "customer_id": "c1", "owner_id": "7", "url": f"{CRM}/2",
     "reference": "PO-7"},
    {"vendor": "hubspot", "id": "3", "title": "Audit", "status": "open", "amount": "500", "currency": "EUR",
     "customer_id": "c2"},
]  # fmt: skip
INVOICES = [
    {"vendor": "stripe", "id": "in_1", "number": "FV-2026-101", "status": "sent", "kind": "invoice",
     "customer_id": "cus_1",
     "customer_name": "Łódź Print Sp. z o.o.", "customer_email": "new@lodz.example", "customer_tax_id": "PL5252248481",
     "deal_id": "2", "deal_reference": "PO-7", "issued_on": "2026-09-03", "due_on": "2026-10-03", "currency": "PLN",
     "net": "2000", "tax": "460", "gross": "2460", "paid": "0", "sent_at": "2026-09-03 10:00", "url": "https://b.example/1",
     "updated_at": "2026-09-03 10:00"},
    {"vendor": "stripe", "id": "in_2", "number": "FV-2026-102", "status": "sent", "kind": "invoice",
     "customer_id": "cus_1",
     "customer_name": "Łódź Print Sp. z o.o.", "issued_on": "2026-11-10", "due_on": "2026-12-10", "currency": "PLN",
     "net": "300", "tax": "69", "gross": "369", "paid": "0", "sent_at": "2026-11-10 10:00",
     "updated_at": "2026-11-10 10:00"},
]  # fmt: skip
PAYMENTS = [
    {"vendor": "bank", "id": "b1", "paid_on": "2026-10-20", "amount": "400", "currency": "PLN", "method": "transfer",
     "payer_name": "LODZ PRINT", "reference": "FRA FV-2026-101 part", "status": "booked"},
    {"vendor": "bank", "id": "b2", "paid_on": "2026-11-02", "amount": "77.50", "currency": "EUR", "method": "transfer",
     "payer_name": "SOMEBODY", "reference": "thanks", "status": "booked"},
]  # fmt: skip
LINES = [
    {"vendor": "stripe", "id": "l1", "document": "invoice", "document_id": "in_1", "position": "1", "quantity": "2",
     "description": "Licence | year", "unit_price": "1000", "tax_rate": "23", "net": "2000", "currency": "PLN"},
    {"vendor": "stripe", "id": "l2", "document": "invoice", "document_id": "in_2", "position": "1", "quantity": "1",
     "description": "Training", "unit_price": "300", "tax_rate": "23", "net": "300", "currency": "PLN"},
]  # fmt: skip
OWNERS = [{"vendor": "hubspot", "id": "7", "name": "Marta Ruiz", "email": "m@example.com"}]
QUOTES = [
    {"vendor": "hubspot", "id": "q1", "number": "Q-1", "deal_id": "2", "status": "accepted", "gross": "2460",
     "currency": "PLN", "valid_until_on": "2026-08-31"},
]  # fmt: skip
READ = [
    {"vendor": v, "kind": k, "mode": "full", "completed_at": "2026-11-20 07:05", "started_at": "2026-11-20 07:00",
     "items": "3", "rejected": "0", "error": ""}
    for v, k in (("hubspot", "deals"), ("hubspot", "customers"), ("stripe", "invoices"), ("stripe", "customers"),
                 ("bank", "payments"))
]  # fmt: skip
ROWS: dict[str, list[dict[str, Any]]] = {
    "customers": CUSTOMERS, "deals": DEALS, "invoices": INVOICES, "payments": PAYMENTS, "lines": LINES,
    "owners": OWNERS, "quotes": QUOTES, "freshness": READ,
}  # fmt: skip


_TABLES = {table: {c.name: (c.sql, "") for c in model.columns(table)} for table in model.TABLES}
_TABLES |= {"freshness": warehouse.FRESHNESS, "rejects": warehouse.REJECTS}


def keep(data: Path, rows: dict[str, list[dict[str, Any]]]) -> None:
    """Write rows.duckdb anew."""
    path = data / "rows.duckdb"
    path.write_bytes(_blank())
    with writing(path) as db:
        for table, described in _TABLES.items():
            warehouse.fill(db, table, described, rows.get(table, []))


@functools.cache
def _blank() -> bytes:
    """Return a database file of empty tables; the words on their columns are of no use here."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.duckdb"
        with duckdb.connect(str(path)) as db:
            for table in model.TABLES:
                db.execute(next(model.ddl(table)))
            for table in ("freshness", "rejects"):
                warehouse.create(db, table, "", _TABLES[table])
        return path.read_bytes()


def words(app: AppTest) -> str:
    """Return all text of a page, to look for what a reader would look for."""
    kinds = ("title", "subheader", "markdown", "caption", "metric", "button", "success", "warning", "error", "info")
    found = []
    for kind in kinds:
        for element in getattr(app, kind):
            found += [str(getattr(element, part, "") or "") for part in ("label", "value", "delta")]
    return "\n".join(found).replace("\N{NO-BREAK SPACE}", " ")


def frame(app: AppTest, at: int = 0) -> dict[str, list[Any]]:
    """Return the columns of a table of the page."""
    return app.dataframe[at].value.to_dict("list")
