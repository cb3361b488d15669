"""The index beside the files: a CSV that says of each archived document where it is, its checksum, and what is paid.

It is made anew from the state store and the books, and written only when it would say something else.
"""

import csv
import datetime as dt
import hashlib
import io
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from reconcile.archive import kept
from reconcile.archive.place import Place
from reconcile.archive.work import row_of
from reconcile.facts import Record
from reconcile.fields import text
from reconcile.state import State

FILE = "index.csv"
COLUMNS = ("number", "kind", "customer", "issued_on", "due_on", "gross", "currency", "sent_on", "payment_state",
           "paid_on", "path", "sha256", "size", "stored_at", "crm_note", "accounting", "vendor", "id")  # fmt: skip
_KEPT = "archive:index"  # name in the state store of the checksum of the index as it was written last
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would calculate a cell that begins so


def write(shelf: Place, documents: Iterable[Record], store: State, zone: ZoneInfo) -> bool:
    """Write the index if it changed or is gone; return whether it was written. VendorError where that does not work."""
    content = made(documents, store, zone)
    mark = hashlib.sha256(content).hexdigest()
    if store.value(_KEPT) == mark and shelf.has(FILE):
        return False
    shelf.put(FILE, content)
    store.keep(_KEPT, mark)
    return True


def made(documents: Iterable[Record], store: State, zone: ZoneInfo) -> bytes:
    """Return the index: a line for each document that stands in the archive; UTF-8 with a mark, for Excel."""
    rows = {where: {(r["vendor"], r["invoice_id"]): r for r in kept.rows(store, where)} for where in
            ("files", "crm", "mail")}  # fmt: skip
    file = io.StringIO(newline="")
    out = csv.writer(file)
    out.writerow(COLUMNS)
    for one in documents:
        if row := row_of(one, rows["files"]):
            note, mail = (row_of(one, rows[where]) for where in ("crm", "mail"))
            out.writerow([
                _safe(one["number"]), one["kind"], _safe(one["customer"]), one["issued_on"], text(one["due_on"]),
                text(one["gross"]), one["currency"], _day(one["sent_at"], zone), one["state"], text(one["paid_on"]),
                _safe(row["path"]), row["checksum"], row["size"], f"{row['stored_at']:%Y-%m-%dT%H:%M:%SZ}",
                note["path"] if note else "", _safe(mail["path"]) if mail else "", one["vendor"], _safe(one["id"]),
            ])  # fmt: skip
    return file.getvalue().encode("utf-8-sig")


def _day(at: dt.datetime | None, zone: ZoneInfo) -> str:
    """Return the company's day of an instant that the warehouse keeps in UTC without saying so."""
    return "" if at is None else str(at.replace(tzinfo=dt.UTC).astimezone(zone).date())


def _safe(said: str | None) -> str:
    shown = said or ""
    return "'" + shown if shown.startswith(_FORMULA) else shown
