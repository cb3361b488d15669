"""Questions about where the data came from: how fresh each source is, and what could not be read."""

import datetime as dt
from typing import NamedTuple

from dashboard.read.warehouse import Db, Row, question

OLD_AFTER = dt.timedelta(hours=26)  # a day and the time a nightly run may take


class Source(NamedTuple):
    """How a connection is doing. Instants are UTC without zone."""

    vendor: str
    completed_at: dt.datetime | None
    items: int
    rejected: int
    error: str
    tables: tuple[str, ...]

    def state(self, now: dt.datetime) -> str:
        """Return failed, never, old or fresh."""
        if self.error:
            return "failed"
        if self.completed_at is None:
            return "never"
        age = now.replace(tzinfo=None) - self.completed_at
        return "old" if age > OLD_AFTER else "fresh"


@question
def sources(db: Db) -> list[Source]:
    """Return every source, the least healthy first."""
    rows = db.rows(
        """
        SELECT
            vendor,
            MIN(completed_at) AS completed_at,
            SUM(items) AS items,
            MAX(rejected) AS rejected,
            COALESCE(MAX(NULLIF(error, '')), '') AS error,
            list(kind ORDER BY kind) FILTER (WHERE items > 0) AS tables
        FROM freshness
        GROUP BY vendor
        ORDER BY MAX(COALESCE(error, '') = ''), MIN(completed_at) NULLS FIRST, vendor
        """
    )
    return [
        Source(r["vendor"], r["completed_at"], int(r["items"] or 0), int(r["rejected"] or 0), r["error"],
               tuple(r["tables"] or ()))
        for r in rows
    ]  # fmt: skip


@question
def holdings(db: Db, vendor: str) -> dict[str, int]:
    """Return how many records of a source there are, by canonical table, those it has."""
    rows = db.rows(
        """
        SELECT 'deals' AS name, COUNT(*) AS found FROM deals WHERE vendor = $vendor
        UNION ALL SELECT 'customers', COUNT(*) FROM customers WHERE vendor = $vendor
        UNION ALL SELECT 'quotes', COUNT(*) FROM quotes WHERE vendor = $vendor
        UNION ALL SELECT 'invoices', COUNT(*) FROM invoices WHERE vendor = $vendor
        UNION ALL SELECT 'payments', COUNT(*) FROM payments WHERE vendor = $vendor
        UNION ALL SELECT 'payouts', COUNT(*) FROM payouts WHERE vendor = $vendor
        UNION ALL SELECT 'products', COUNT(*) FROM products WHERE vendor = $vendor
        UNION ALL SELECT 'owners', COUNT(*) FROM owners WHERE vendor = $vendor
        """,
        vendor=vendor,
    )
    return {row["name"]: row["found"] for row in rows if row["found"]}


@question
def rejects(db: Db, vendor: str, most: int = 200) -> list[Row]:
    """Return what could not be mapped from a source, with field, value and reason."""
    return db.rows(
        'SELECT kind, id, field, "value", reason FROM rejects WHERE vendor = $vendor ORDER BY kind, id LIMIT $most',
        vendor=vendor,
        most=most,
    )
