"""What follows when somebody agrees to an invoice, or does not: the chain that waited goes on, or comes back."""

from pathlib import Path

from reconcile import approvals, workflows
from reconcile.state import state


def approve(data: Path, vendor: str, invoice_id: str, content: str, who: str) -> str:
    """Agree to a draft that waits; return the id of the run that goes on. As `approvals.decide` raises."""
    run_id = approvals.decide(state(data), vendor, invoice_id, content, True, who)
    asked_by = workflows.status(data, run_id).who.partition(", approved by ")[0]
    return workflows.retry(data, run_id, f"{asked_by}, approved by {who}")


def reject(data: Path, vendor: str, invoice_id: str, content: str, who: str, comment: str) -> None:
    """Send a draft back with a comment; it stays a draft. As `approvals.decide` raises."""
    approvals.decide(state(data), vendor, invoice_id, content, False, who, comment)
