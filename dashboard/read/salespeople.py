"""Salespeople, as flows are switched on for them."""

from dashboard.read.warehouse import Db, Row, question


@question
def salespeople(db: Db) -> list[Row]:
    """Return the CRM's owners: id, name, email, is_active; those who left come last."""
    return db.rows("""
        SELECT id, any_value(name) AS name, any_value(email) AS email, bool_or(COALESCE(is_active, TRUE)) AS is_active
        FROM owners
        GROUP BY id
        ORDER BY is_active DESC, name, id
    """)
