"""Keeps text that came from outside from becoming a formula in a spreadsheet that we write."""

import re
from typing import Any

# A spreadsheet reads a cell that begins with one of these as a formula; the wide forms are read like the narrow ones.
_FORMULA = re.compile(r"^[\s\x00\ufeff]*[=+\-@＝＋－＠]|^[\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*", re.ASCII)


def safe_cell(value: Any) -> Any:
    """Return a value as it may be written to CSV or XLSX: text that would be a formula gets an apostrophe before it.

    Numbers, dates and text that is only a number stay as they are.
    """
    if not isinstance(value, str) or not _FORMULA.match(value) or _NUMBER.fullmatch(value):
        return value
    return "'" + value
