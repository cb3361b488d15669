"""The path of an archived invoice: Year/Month/Customer/number.pdf, safe on every file system."""

import datetime as dt
import unicodedata

from pathvalidate import sanitize_filename

LONGEST = 80  # characters of a customer or a number in a path
UNKNOWN = "No name"


def path_of(issued_on: dt.date, customer: str | None, number: str, apart: str = "") -> str:
    """Return the path of a document. `apart` tells it from another one that has the same path already."""
    name = part(number) + (f" ({part(apart)})" if apart else "")
    return f"{issued_on:%Y/%m}/{part(customer)}/{name}.pdf"


def part(text: str | None) -> str:
    """Return a text as one part of a path: no separators, nothing that Windows, a shell or a cloud takes amiss."""
    shown = "".join(
        " " if unicodedata.category(c).startswith("Z") else c
        for c in unicodedata.normalize("NFC", text or "")
        if not unicodedata.category(c).startswith("C")  # controls, marks that turn the direction of writing
    )
    clean = str(sanitize_filename(shown.replace("/", "-").replace("\\", "-"), platform="universal"))
    clean = " ".join(clean.split())[:LONGEST].strip(" .")  # Windows drops blanks and dots at the end
    return clean or UNKNOWN
