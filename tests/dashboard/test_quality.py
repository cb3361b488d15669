"""Data quality: duplicates and missing data, counted and exported, before anything is written."""

import csv
import io
from pathlib import Path

import pytest
from small_company import CUSTOMERS, DEALS, ROWS, keep, words

from dashboard.read import quality
from dashboard.views.quality import MINUTES
from dashboard.views.quality import words as said
from reconcile import run

SOUND = CUSTOMERS[1] | {"tax_id": "B58378431"}
TWIN = SOUND | {"id": "c3"}
GAPS = SOUND | {
    "id": "c4", "name": "Bare SL", "tax_id": None, "email": None, "street": None, "city": None, "postcode": None
}  # fmt: skip
TYPO = SOUND | {"id": "c5", "name": "=Typo SL", "tax_id": "B85674219", "email": "t@typo.example"}
BY = {"vendor": "hubspot", "status": "won", "currency": "EUR", "amount": "10", "won_on": "2026-11-19", "owner_id": "7"}


@pytest.fixture
def gaps(empty: Path) -> Path:
    """The small company with one record of each problem."""
    deals = [BY | {"id": f"d{i}", "title": f"Deal {i}", "customer_id": f"c{i}"} for i in (3, 4, 5)]
    deals.append(BY | {"id": "d6", "title": "Nobody's", "amount": None, "owner_id": None})
    keep(empty, ROWS | {"customers": [CUSTOMERS[0], SOUND, CUSTOMERS[2], TWIN, GAPS, TYPO], "deals": [*DEALS, *deals]})
    run.reconcile(empty)
    return empty


@pytest.mark.capability("CHECK-2")
def test_each_problem_is_counted(gaps: Path) -> None:
    """Duplicates, missing tax id, e-mail, address, amount, customer, owner, and an impossible tax id."""
    found = quality.counts(gaps)
    assert found["duplicate_customer"] >= 1
    for problem in ("no_tax_id", "wrong_tax_id", "no_email", "no_address"):
        assert found[problem] == 1, problem
    for problem in ("deal_no_amount", "deal_no_customer", "deal_no_owner"):
        assert found[problem] == 1, problem


@pytest.mark.capability("CHECK-2", "PLUS-9")
def test_the_page_shows_counts_and_exports_every_record(gaps: Path, page) -> None:
    """Counts with what they stop, records of the chosen one, and a CSV in which no cell is a formula."""
    app = page("quality", problem="wrong_tax_id")
    assert "Writing stays closed" in words(app) and "takes about 1 hour" in words(app)
    assert "=Typo SL" in app.dataframe[1].value["name"].tolist()
    assert "B85674219" in app.dataframe[1].value["value"].tolist()
    from dashboard.views.quality import _export

    rows = list(csv.reader(io.StringIO(_export())))
    assert len(rows) - 1 == sum(quality.counts(gaps).values())
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_every_problem_has_words_and_an_effort() -> None:
    """A problem without words would be a code on the page."""
    assert set(said()) == set(MINUTES) == set(quality.PROBLEMS)
