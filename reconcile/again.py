"""Whether what was made for a deal is still there: a draft that somebody deleted in billing may be made again.

A wish that was granted is never granted twice, so what is made in place of something that is gone has to be another
wish: it counts how often that happened. What is gone has to be certain: billing was read completely since.
"""

import datetime as dt
from collections.abc import Iterable

from reconcile.facts import Facts, Record
from reconcile.ledger import Ledger
from reconcile.state import state

_MOST = 50  # invoices of one deal that were deleted one after the other


def gone(billing: str, deal: Record, earlier: Iterable[str], facts: Facts) -> int:
    """Return how many invoices after those with the ids `earlier` were voided, or deleted as drafts, of a deal."""
    count = voided = facts.voided(billing, deal["id"])
    while count - voided < _MOST and _is_gone(facts.marks.get(follows(deal, earlier, count)), billing, deal, facts):
        count += 1
    return count


def follows(deal: Record, earlier: Iterable[str], count: int) -> str:
    """Return the mark of the one invoice of a deal that comes after those with these ids, `count` of them gone."""
    return f"invoice:{deal['vendor']}:{deal['id']}:{'+'.join(sorted(earlier))}:{count}"


def _is_gone(key: str | None, billing: str, deal: Record, facts: Facts) -> bool:
    """Return whether what a wish made was read to be no longer there. Where nothing is deleted, nothing is gone."""
    if key is None or facts.data is None or not facts.drafts(billing):
        return False
    wish = Ledger(state(facts.data)).row(key)
    if not wish or wish["state"] != "done" or not wish["ended_at"] or not _read_since(wish["ended_at"], billing, facts):
        return False
    if wish["action"] == "create_invoice":
        made = str((wish["answer"] or {}).get("id") or "")
        return bool(made) and wish["vendor"] == billing and facts.invoice(billing, made) is None
    return wish["action"] == "sync_quote" and facts.one(  # accepting made billing draft one: it did not say which
        "SELECT i.id FROM invoices AS i LEFT JOIN deal_invoices AS b ON b.invoice_vendor = i.vendor "
        "AND b.invoice_id = i.id AND b.deal_vendor = ? AND b.deal_id = ? "
        "WHERE i.vendor = ? AND i.status <> 'void' AND i.kind NOT IN ('proforma', 'credit_note') "
        "AND (i.deal_id = ? OR b.deal_id IS NOT NULL) LIMIT 1",
        deal["vendor"], deal["id"], billing, deal["id"],
    ) is None  # fmt: skip


def _read_since(at: dt.datetime, billing: str, facts: Facts) -> bool:
    """Return whether a complete reading of billing's invoices began after an instant."""
    read = facts.one("SELECT started_at FROM freshness WHERE vendor = ? AND kind = 'invoices'", billing)
    utc = at.astimezone(dt.UTC).replace(tzinfo=None) if at.tzinfo else at
    return bool(read and read["started_at"] and read["started_at"] > utc)
