"""What the rows do not hold: the table of tax rates is whole, and tolerances reach the customer's records."""

import datetime as dt
from decimal import Decimal

import duckdb
import pytest
from ledger_books import books

from reconcile import reference


@pytest.fixture
def rates() -> duckdb.DuckDBPyConnection:
    db = duckdb.connect()
    reference.lay(db)
    return db


def on(db: duckdb.DuckDBPyConnection, country: str, day: str) -> set[Decimal]:
    """The rates of a country on a day."""
    found = db.execute(
        "SELECT rate FROM tax_rates WHERE country = ? AND COALESCE(since_on <= CAST(? AS DATE), TRUE) "
        "AND COALESCE(until_on >= CAST(? AS DATE), TRUE)",
        [country, day, day],
    )
    return {rate for (rate,) in found.fetchall()}


def test_every_member_of_the_union_has_rates_with_their_source(rates: duckdb.DuckDBPyConnection) -> None:
    """27 members; every rate is plausible, says who publishes it, and does not end before it begins."""
    members = rates.execute("SELECT COUNT(DISTINCT country) FROM tax_rates WHERE is_eu").fetchall()
    assert members == [(27,)]
    wrong = """SELECT * FROM tax_rates
        WHERE rate NOT BETWEEN 0.5 AND 27 OR COALESCE(source, '') = '' OR until_on < since_on"""
    assert rates.execute(wrong).fetchall() == []
    assert (
        rates.execute("SELECT country, rate, since_on FROM tax_rates GROUP BY ALL HAVING COUNT(*) > 1").fetchall() == []
    )


@pytest.mark.parametrize(
    ("country", "before", "after", "old", "new"),
    [
        ("SK", "2024-12-31", "2025-01-01", 20, 23),
        ("EE", "2025-06-30", "2025-07-01", 22, 24),
        ("RO", "2025-07-31", "2025-08-01", 19, 21),
    ],
)
def test_a_rate_holds_from_its_day(
    rates: duckdb.DuckDBPyConnection, country: str, before: str, after: str, old: int, new: int
) -> None:
    """The old standard rate until the day before, the new one from the day it changed."""
    assert old in on(rates, country, before) and new not in on(rates, country, before)
    assert new in on(rates, country, after) and old not in on(rates, country, after)


def test_no_country_is_without_rates_today(rates: duckdb.DuckDBPyConnection) -> None:
    """Nothing that ended is the last word on a country."""
    countries = [row[0] for row in rates.execute("SELECT DISTINCT country FROM tax_rates").fetchall()]
    assert [c for c in countries if not on(rates, c, str(dt.date(2026, 11, 20)))] == []


def test_what_is_tolerated_of_a_customer_holds_for_both_its_records() -> None:
    """Named by the tax id it has in the CRM, it holds for the record in billing that is linked, which has none."""
    db = books(
        {
            "customers": [
                {"id": "k1", "name": "Acme", "tax_id": "ESB83591172", "tax_id_country": "ES"},
                {"id": "c1", "vendor": "billing", "name": "Acme Group"},
                {"id": "c2", "vendor": "billing", "name": "Beta"},
            ],
            "links": ["customers:k1>customers:c1"],
            "tolerances": [{"customer": "B83591172", "amount": "5"}, {"customer": "Acme", "amount": "9", "days": 3}],
        }
    )
    kept = db.execute("SELECT vendor, id, amount, days FROM customer_tolerances ORDER BY id").fetchall()
    assert kept == [("billing", "c1", Decimal(9), 3), ("crm", "k1", Decimal(9), 3)]
