"""Bank statements of any format that needs no profile: items as the bank wrote them, and the payments they mean.

Money in is positive, money out negative with method `other`: it never counts as collected.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from extract import statements_camt, statements_text
from extract.files_errors import FileError
from extract.files_grid import encoding_of
from extract.statements_movement import Item, Row, movement_id

FORMATS = {"camt053": "CAMT.053", "mt940": "MT940", "ofx": "OFX", "norma43": "Norma 43"}
TEXT_LIMIT = 100 * 1024 * 1024  # bytes; formats of lines are read whole, CAMT.053 is streamed

_ITEMS = {"mt940": statements_text.mt940_items, "ofx": statements_text.ofx_items, "norma43": statements_text.n43_items}
_ROWS = {
    "camt053": statements_camt.row,
    "mt940": statements_text.mt940_row,
    "ofx": statements_text.ofx_row,
    "norma43": statements_text.n43_row,
}


def movements(path: Path, kind: str) -> Iterator[tuple[Item, Row]]:
    """Yield the items of a statement with their payments; `nth` tells equal movements apart.

    Raises FileError where the file is cut, does not add up or has nothing in it.
    """
    seen: Counter[str] = Counter()
    for item in statements_camt.items(path) if kind == "camt053" else _ITEMS[kind](path, _text_of(path, kind)):
        try:
            row = _ROWS[kind](item)
        except (KeyError, ValueError, ArithmeticError, IndexError, AttributeError, etree.XMLSyntaxError) as error:
            what = f"movement {sum(seen.values()) + 1} cannot be understood ({type(error).__name__}: {error})"
            raise FileError(path, f"{what}: the file is damaged. Download it again.") from error
        if row is None:
            continue
        base = movement_id(row, 1)
        seen[base] += 1
        yield {**item, "nth": seen[base]}, {"id": movement_id(row, seen[base]), **row}
    if not seen:
        raise FileError(path, f"is a {FORMATS[kind]} statement without movements: there is nothing to take in.")


def row(item: Item) -> Row | None:
    """Return the payment that an item means, with its id; None where it is only information."""
    found = _ROWS[item["format"]](item)
    return {"id": movement_id(found, item["nth"]), **found} if found else None


def _text_of(path: Path, kind: str) -> str:
    """Return the text of a statement of lines, decoded as its format and its letters say."""
    if path.stat().st_size > TEXT_LIMIT:
        raise FileError(path, f"is over {TEXT_LIMIT >> 20} MB. Ask the bank for shorter periods, or for CAMT.053.")
    data = path.read_bytes()
    if kind == "norma43" and any(0x80 <= b <= 0xA5 for b in data) and not any(b >= 0xE0 for b in data):
        return data.decode("cp850")
    if kind == "ofx" and b"CHARSET:1252" in data[:400] and b"ENCODING:UTF-8" not in data[:400]:
        return data.decode("cp1252", "replace")
    return data.decode(encoding_of(path))
