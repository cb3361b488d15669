"""How often matching is right on labelled books: what the product promises about its links."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from benchmarks import books, poorer

from reconcile import links, quality, run

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "bench" / "10k"


@pytest.fixture(scope="module")
def folder() -> Path:
    """The small labelled books."""
    if not FOLDER.exists():
        pytest.skip("needs ../shared, which a fresh clone does not have")
    return FOLDER


@pytest.fixture(scope="module")
def measures(folder: Path) -> dict[str, Any]:
    """The measures of their links."""
    db = duckdb.connect()
    quality.load(db, folder)
    links.link(db)
    return quality.score(db, folder)


def test_deals_and_invoices(measures: dict[str, Any]) -> None:
    """Automatic links: 99.8 % right, 97 % found; with suggestions 98.5 %."""
    deals = measures["deal_invoice"]
    assert deals["automatic"]["precision"] >= 0.998
    assert deals["automatic"]["recall"] >= 0.97
    assert deals["with_suggested"]["recall"] >= 0.985


@pytest.mark.capability("LINK-8")
def test_payments_and_invoices(measures: dict[str, Any]) -> None:
    """Automatic links: 99 % right, 93 % found, 95 % to the right amount, strangers left alone; 96 % if asked."""
    payments = measures["payment_invoice"]
    assert payments["automatic"]["precision"] >= 0.99
    assert payments["automatic"]["recall"] >= 0.93
    assert payments["automatic"]["amount"] >= 0.95
    assert payments["automatic"]["stray"] <= 0.005
    assert payments["with_suggested"]["recall"] >= 0.96


@pytest.mark.parametrize(
    ("worsen", "deals", "payments"),
    [
        (lambda *folders: poorer.without(*folders, 0.5), 0.93, 0.8),
        (lambda *folders: poorer.with_slips(*folders, 0.25), 0.95, 0.87),
    ],
    ids=["half of the clues", "slips in a quarter"],
)
def test_poorer_clues_cost_links_and_not_their_truth(
    folder: Path, tmp_path: Path, worsen: Callable[[Path, Path], Path], deals: float, payments: float
) -> None:
    """Where less is written, or wrongly, less is linked, and what is linked is as right as ever."""
    worse = worsen(folder, tmp_path / "worse")
    db = duckdb.connect()
    quality.load(db, worse)
    links.link(db)
    measures = quality.score(db, worse)
    assert measures["deal_invoice"]["automatic"]["precision"] >= 0.998
    assert measures["deal_invoice"]["automatic"]["recall"] >= deals
    assert measures["payment_invoice"]["automatic"]["precision"] >= 0.988
    assert measures["payment_invoice"]["automatic"]["recall"] >= payments
    assert measures["payment_invoice"]["automatic"]["stray"] <= 0.005


def test_a_measure_counts_what_is_wrong_missing_and_optional() -> None:
    """Two of three true links given, one wrong, one optional that counts neither way."""
    truth = pl.DataFrame(
        {"deal_id": ["1", "1", "2", "3"], "invoice_id": ["a", "b", "c", "d"], "optional": [False, False, False, True],
         "kind": ["x"] * 4, "evidence": ["name"] * 4}
    )  # fmt: skip
    given = pl.DataFrame({"deal_id": ["1", "2", "3", "4"], "invoice_id": ["a", "c", "d", "e"]})
    found = quality.compare(truth, given, "deal_id", pl.Series("deal_id", ["1", "2", "3", "4", "5"]))
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["whole"] == pytest.approx(1 / 2)
    assert found["stray"] == pytest.approx(1 / 2)


def test_findings(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said to be missing mostly is, and hardly anything true is left out: the rest waits for an answer."""
    monkeypatch.setenv("CUADRA_TODAY", "2025-12-31")
    books.make(folder, tmp_path / "data")
    with duckdb.connect(str(tmp_path / "data" / run.WAREHOUSE), read_only=True) as db:
        told = quality.findings(db, folder)
    least = {  # precision, recall
        "won_uninvoiced": (0.7, 0.95), "invoice_without_deal": (0.75, 0.95), "invoiced_not_won": (0.97, 0.8),
        "currency_mismatch": (0.98, 0.85), "tax_id_drift": (0.98, 0.95), "duplicate_invoice": (0.9, 0.75),
        "overdue": (0.87, 0.94), "part_paid": (0.8, 0.9), "unmatched_payment": (0.55, 0.95),
        "double_payment": (0.9, 0.6), "paid_crm_not_updated": (0.97, 0.9), "crm_paid_but_open": (0.1, 0.8),
    }  # fmt: skip
    for code, (precision, recall) in least.items():
        assert told[code]["precision"] >= precision, code
        assert told[code]["recall"] >= recall, code
        assert told[code]["waiting_right"] <= told[code]["waiting"] / 2, code
