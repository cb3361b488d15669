"""The worst customer: hundreds of deals, open invoices and payments, all of one amount. Bounded, and it says so."""

import duckdb
import pytest
from link_books import books

from reconcile import links

ROWS = 400
FILL = (
    f"""INSERT INTO deals BY NAME SELECT 'crm' AS vendor, 'd' || i AS id, 'won' AS status, 500 AS amount,
    'EUR' AS currency, DATE '2025-01-01' + CAST(i * 300 // {ROWS} AS INT) AS won_on, 'k' AS customer_id,
    'Acme' AS customer_name, 'B12345674' AS customer_tax_id FROM range({ROWS}) AS t(i)""",
    f"""INSERT INTO invoices BY NAME SELECT 'billing' AS vendor, 'i' || i AS id, 'F-' || (10000 + i) AS number,
    'invoice' AS kind, 'sent' AS status, 500 AS net, 605 AS gross, 'EUR' AS currency, 'c' AS customer_id,
    DATE '2025-01-03' + CAST(i * 300 // {ROWS} AS INT) AS issued_on, 'Acme' AS customer_name,
    DATE '2025-02-03' + CAST(i * 300 // {ROWS} AS INT) AS due_on FROM range({ROWS}) AS t(i)""",
    f"""INSERT INTO payments BY NAME SELECT 'bank' AS vendor, 'p' || i AS id, 605 * (1 + i % 3) AS amount,
    'EUR' AS currency, DATE '2025-02-03' + CAST(i * 300 // {ROWS} AS INT) AS paid_on, 'transfer' AS method,
    'booked' AS status, 'ACME' AS payer_name FROM range({ROWS}) AS t(i)""",
)


@pytest.fixture(scope="module")
def linked() -> tuple[duckdb.DuckDBPyConnection, links.Linked]:
    """The worst customer's books, linked."""
    db = books({})
    for statement in FILL:
        db.execute(statement)
    return db, links.link(db)


def test_it_says_what_it_gave_up(linked: tuple[duckdb.DuckDBPyConnection, links.Linked]) -> None:
    """Sets of invoices and equal amounts are cut short, and the run names how many rows that met."""
    notes = " ".join(linked[1].notes)
    assert "too many sets of invoices" in notes
    assert "more open invoices of one amount" in notes
    assert "more invoices of one amount" in notes


def test_nobody_guesses_and_nobody_gets_a_hundred_candidates(
    linked: tuple[duckdb.DuckDBPyConnection, links.Linked],
) -> None:
    """Rivals of one amount are suggested, a handful each; next to nothing is linked without asking."""
    db = linked[0]
    most = "SELECT max(n) FROM (SELECT count(*) AS n FROM links GROUP BY {}) AS per"
    assert db.execute(most.format("left_table, left_id")).fetchall()[0][0] <= 40
    assert db.execute("SELECT count(*) FROM links WHERE status = 'automatic'").fetchall()[0][0] <= ROWS // 20
