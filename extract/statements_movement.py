"""What makes a movement on a bank account the same movement, in whatever format it comes.

The id is made of account, value date, amount and words, so that one movement in two formats, or in statements whose
periods overlap, is one row; equal movements of a statement are told apart by their number. Banks cut their own
reference at 10, 16 or 20 characters depending on the format, or leave it out: it cannot be the id.
"""

import hashlib
import re
from decimal import Decimal
from typing import Any

from extract.headings import fold

Row = dict[str, Any]
Item = dict[str, Any]
# Marks of formats and words for "nothing": they differ between formats of one movement.
_NOISE = frozenset({"notprovided", "nonref", "eref", "svwz", "kref", "mref", "null"})
_WORD = re.compile(r"[^\W_]+(?:[-./][^\W_]+)*")


def movement_id(row: Row, nth: int) -> str:
    """Return the id of a movement: the same for the same account, day, amount and words, whatever the format."""
    text = " ".join(str(row.get(c) or "") for c in ("payer_name", "reference", "invoice_reference"))
    words = sorted({fold(word) for word in _WORD.findall(text)} - _NOISE - {""})
    told = (row.get("account") or "", str(row.get("paid_on")), _exact(row.get("amount")), row.get("currency") or "")
    digest = hashlib.sha1("|".join([*told, *words]).encode(), usedforsecurity=False).hexdigest()[:20]
    return digest if nth == 1 else f"{digest}:{nth}"


def _exact(amount: Any) -> str:
    return format(Decimal(amount).normalize(), "f") if amount is not None else ""
