"""A small company whose report can be computed with a pencil, and the sample company of data/sample, reconciled."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_company import keep

from dashboard import imports, words
from reconcile import run

ROOT = Path(__file__).resolve().parents[2]
TODAY = "2026-11-23"  # a Monday

CUSTOMERS = [
    {"vendor": "crm", "id": "c1", "name": "Łódź Print Sp. z o.o.", "kind": "company", "country": "PL"},
    {"vendor": "crm", "id": "c2", "name": "=Acme & <b>Señales</b>", "kind": "company", "country": "ES"},
]
OWNERS = [{"vendor": "crm", "id": "7", "name": "Marta Ruiz"}, {"vendor": "crm", "id": "8", "name": "Zoë Ng"}]
DEALS = [
    # last week: 1,000 and 500 EUR; the first is invoiced two days later, the second never
    {"vendor": "crm", "id": "1", "title": "Website", "amount": "1000", "won_on": "2026-11-16", "owner_id": "7"},
    {"vendor": "crm", "id": "2", "title": "Audit", "amount": "500", "won_on": "2026-11-17", "owner_id": "8"},
    # the week before: 300 EUR, invoiced only last week; and PLN, never invoiced
    {"vendor": "crm", "id": "3", "title": "Training", "amount": "300", "won_on": "2026-11-10", "owner_id": "7"},
    {"vendor": "crm", "id": "4", "title": "Druk", "amount": "2000", "won_on": "2026-10-05", "owner_id": "8",
     "currency": "PLN", "customer_id": "c1"},
]  # fmt: skip
INVOICES = [
    {"id": "a", "number": "FV-2026-101", "deal_id": "1", "issued_on": "2026-11-18", "due_on": "2026-12-18",
     "net": "1000", "tax": "210", "gross": "1210"},
    {"id": "b", "number": "FV-2026-102", "deal_id": "3", "issued_on": "2026-11-19", "due_on": "2026-12-19",
     "net": "300", "tax": "63", "gross": "363"},
    # in October: one paid after 20 days, one never, and due on the 31st
    {"id": "c", "number": "FV-2026-103", "issued_on": "2026-10-01", "due_on": "2026-10-31", "net": "100", "tax": "21",
     "gross": "121"},
    {"id": "d", "number": "FV-2026-104", "issued_on": "2026-10-12", "due_on": "2026-11-11", "net": "400", "tax": "84",
     "gross": "484"},
]  # fmt: skip
PAYMENTS = [
    {"id": "p1", "paid_on": "2026-10-21", "amount": "121", "reference": "FV-2026-103", "payer_name": "ACME"},
    {"id": "p2", "paid_on": "2026-11-20", "amount": "210", "reference": "FV-2026-101", "payer_name": "ACME"},
]
ROWS = {
    "customers": CUSTOMERS,
    "owners": OWNERS,
    "deals": [{"status": "won", "currency": "EUR", "amount_is": "net", "customer_id": "c2"} | d for d in DEALS],
    "invoices": [
        {"vendor": "billing", "status": "sent", "kind": "invoice", "currency": "EUR", "sent_at": "2026-11-01 10:00",
         "customer_name": "=Acme & <b>Señales</b>"} | i for i in INVOICES
    ],
    "payments": [{"vendor": "bank", "currency": "EUR", "method": "transfer", "status": "booked"} | p for p in PAYMENTS],
    "freshness": [
        {"vendor": v, "kind": k, "mode": "full", "started_at": f"{day} 06:00", "completed_at": f"{day} 06:05",
         "items": "3", "rejected": "0", "error": ""}
        for v, k, day in (("crm", "deals", TODAY), ("crm", "customers", TODAY), ("billing", "invoices", TODAY),
                          ("bank", "payments", "2026-11-20"))
    ],
}  # fmt: skip


@pytest.fixture(autouse=True)
def _monday(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CUADRA_TODAY", TODAY)
    words.choose_by(lambda: "en")
    yield


@pytest.fixture(scope="session")
def small_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    keep(folder, ROWS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUADRA_TODAY", TODAY)
        run.reconcile(folder)
    return folder


@pytest.fixture(scope="session")
def sample_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUADRA_TODAY", TODAY)
        for name in ("deals.csv", "invoices.csv", "bank.xml"):
            imports.take(folder, ROOT / "data" / "sample" / name)
        run.reconcile(folder)
    return folder


@pytest.fixture
def small(small_once: Path, tmp_path: Path) -> Path:
    """The small company's data folder, to write in."""
    return _copy(small_once, tmp_path)


@pytest.fixture
def sample(sample_once: Path, tmp_path: Path) -> Path:
    """The sample company's data folder, to write in."""
    return _copy(sample_once, tmp_path)


def _copy(folder: Path, to: Path) -> Path:
    (to / "data").mkdir()
    for name in ("rows.duckdb", "warehouse.duckdb"):
        shutil.copy(folder / name, to / "data" / name)
    return to / "data"
