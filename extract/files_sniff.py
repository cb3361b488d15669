"""Tells what a file is, from its content: format, dialect, headings, and what its columns seem to be.

What cannot be told is a question: asked once on the page, or named on the command line, and kept in a profile.
"""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from stdnum import iban

from extract import headings
from extract.files_errors import FileError
from extract.files_grid import Grid, grid
from extract.files_map import is_dated, is_money, is_numeric, is_strict
from extract.files_values import Evidence, Mark, Order, boolean
from extract.headings_words import WORDS
from extract.statements import FORMATS, movements
from extract.statements_movement import Row

SAMPLES = 10
SCAN = 100_000  # rows read at least, where there are so many, to tell date orders and decimal marks
HEAD = 4096
_CLEAR = 1.25  # how much better than the next a table must fit to be taken without asking

_UNDERSTOOD = 0.3  # of the filled columns, for a table to be taken without asking

# What each table cannot do without: one of each group.
NEEDS: dict[str, tuple[frozenset[str], ...]] = {
    "deals": (frozenset({"title", "id"}), frozenset({"amount", "amount_net", "amount_gross", "stage", "status"})),
    "quotes": (frozenset({"number", "id"}), frozenset({"gross", "net"}), frozenset({"status", "valid_until_on"})),
    "invoices": (
        frozenset({"number", "id"}),
        frozenset({"gross", "net", "amount_due"}),
        frozenset({"issued_on", "due_on", "status"}),
    ),
    "payments": (frozenset({"paid_on", "booked_on"}), frozenset({"amount", "credit", "debit"})),
    "customers": (frozenset({"name", "legal_name"}),),
    "products": (frozenset({"name", "sku"}), frozenset({"unit_price", "stock"})),
    "owners": (frozenset({"name", "email"}),),
    "lines": (frozenset({"document_id"}), frozenset({"quantity", "unit_price", "net"})),
}
_NAMES = {
    "xlsx": (".xlsx", ".xlsm", ".xls", ".ods"),
    "parquet": (".parquet", ".pq"),
    "csv": (".csv", ".txt", ".tsv", ".tab", ""),
    "camt053": (".xml", ".camt", ".053"),
    "mt940": (".sta", ".mt940", ".940", ".txt", ".swi"),
    "ofx": (".ofx", ".qfx"),
    "norma43": (".n43", ".q43", ".c43", ".txt", ".aeb"),
}
TITLES = {
    "csv": "CSV", "xlsx": "a workbook", "parquet": "Parquet", "camt053": "a CAMT.053 bank statement",
    "mt940": "an MT940 bank statement", "ofx": "an OFX bank statement", "norma43": "a Norma 43 bank statement",
}  # fmt: skip


class Candidate(NamedTuple):
    """A table that the file may be."""

    table: str
    confidence: float  # 0 to 1 against the next best
    columns: dict[str, str]  # our column -> heading
    unrecognised: tuple[str, ...]


@dataclass
class Sniffed:
    """What a file seems to be."""

    path: Path
    kind: str
    grid: Grid | None = None
    evidence: dict[str, Evidence] = field(default_factory=dict)
    samples: list[dict[str, str]] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    decimal: Mark | None = "."
    decimal_of: dict[str, Mark] = field(default_factory=dict)
    dates: Order | None = "ymd"
    dates_of: dict[str, Order] = field(default_factory=dict)
    unclear: dict[str, str] = field(default_factory=dict)  # heading -> "dates" or "decimal", left open by the values
    account: str = ""
    currency: str = ""
    notes: list[str] = field(default_factory=list)
    movements: list[Row] = field(default_factory=list)  # of a bank statement: the first ones, mapped

    @property
    def headings(self) -> list[str]:
        """Return the headings; none in a bank statement."""
        return self.grid.headings if self.grid else []

    @property
    def is_statement(self) -> bool:
        """Return whether this is a bank statement in a format that needs no profile."""
        return self.kind in FORMATS

    def candidate(self, table: str | None = None) -> Candidate | None:
        """Return the table asked for, or the best one where it is clear."""
        if table:
            return next((c for c in self.candidates if c.table == table), None) or _candidate(self, table, 1.0)
        if not self.candidates:
            return None
        best, *others = self.candidates
        filled = [h for h, e in self.evidence.items() if e.filled]
        if len(set(best.columns.values()) & set(filled)) < _UNDERSTOOD * len(filled):
            return None
        return best if not others or best.confidence >= _CLEAR / (1 + _CLEAR) else None


def sniff(path: Path | str, sheet: str | None = None) -> Sniffed:
    """Return what a file seems to be. Raises FileError where nothing can be made of it."""
    path = Path(path)
    kind = kind_of(path)
    found = Sniffed(path, kind)
    if path.suffix.lower() not in _NAMES[kind]:
        found.notes.append(f"It is named {path.suffix} but its content is {TITLES[kind]}; it is read as that.")
    if kind in FORMATS:
        found.movements = [row for _, row in islice(movements(path, kind), SAMPLES)]
        first = found.movements[0] if found.movements else {}
        found.account, found.currency = first.get("account") or "", first.get("currency") or ""
        return found
    found.grid = grid(path, kind, sheet)
    _weigh(found)
    _decide_dates(found)
    _decide_decimal(found)
    found.account, found.currency = above(found.grid)
    found.candidates = _candidates(found)
    return found


# The format


def kind_of(path: Path) -> str:
    """Return csv, xlsx, parquet or a statement format, from the content. Raises FileError saying what it is instead."""
    if not path.is_file():
        raise FileError(path, "is not there." if not path.exists() else "is no file. Name a file.")
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head.strip(b"\x00 \r\n\t\xef\xbb\xbf"):
        raise FileError(path, "is empty. Export it again.")
    return _binary(path, head) or _markup(path, head) or _lines(path, head)


def _binary(path: Path, head: bytes) -> str | None:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return _zipped(path)
    if head.startswith(bytes.fromhex("d0cf11e0a1b11ae1")):
        with path.open("rb") as file:
            start = file.read(1 << 20)
        if "EncryptedPackage".encode("utf-16-le") in start:
            raise FileError(path, "is protected by a password. Save it without one and import it again.")
        return "xlsx"
    for mark, what in _STRANGERS.items():
        if head.startswith(mark):
            raise FileError(path, f"is {what}, whatever its name says. Export the table itself, as CSV or XLSX.")
    if b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileError(path, "is no table or bank statement: its content is binary. Export it as CSV or XLSX.")
    return None


_STRANGERS = {
    b"%PDF": "a PDF", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture", b"GIF8": "a picture",
    b"\x1f\x8b": "a compressed file (unpack it first)", b"SQLite format 3": "a database", b"{\\rtf": "a text document",
}  # fmt: skip


def _zipped(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as book:
            names = set(book.namelist())
    except zipfile.BadZipFile as error:
        raise FileError(path, "is a damaged workbook or archive. Save or download it again.") from error
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names or "content.xml" in names:
        return "xlsx"
    what = "a text document" if "word/document.xml" in names else "an archive"
    raise FileError(path, f"is {what}, no workbook. Unpack it or export the table, and import the file inside.")


def _markup(path: Path, head: bytes) -> str | None:
    text = head.replace(b"\x00", b"").decode("latin-1").lstrip("\xef\xbb\xbf\xff\xfe \r\n\t")
    lowered = text[:2000].lower()
    if lowered.startswith("ofxheader") or "<ofx>" in lowered:
        return "ofx"
    if lowered.startswith(("<!doctype html", "<html", "<table", "<meta", "<style")):
        raise FileError(path, "is a web page, not a workbook. Open it in a spreadsheet program, save it as XLSX.")
    if not text.startswith("<"):
        return None
    for version in ("camt.053", "camt.052", "camt.054"):
        if f"xsd:{version}" in text:
            if version == "camt.053":
                return "camt053"
            raise FileError(path, f"is a {version} notice; its movements come again in the statement: import camt.053.")
    raise FileError(path, "is XML of a kind that is not read here. Bank statements are read as camt.053.")


def _lines(path: Path, head: bytes) -> str:
    text = head.decode("latin-1")
    rows = [line for line in text.splitlines() if line.strip()]
    if ":20:" in text and (":25:" in text or ":60F:" in text or ":60M:" in text):
        return "mt940"
    if rows and rows[0][:2] == "11" and rows[0][2:33].isdigit() and all(r[:2].isdigit() for r in rows[:3]):
        return "norma43"
    if rows and rows[0].lstrip("\xef\xbb\xbf")[:1] in "{[":
        raise FileError(path, "is JSON. Export it as CSV or XLSX.")
    return "csv"


# The values


def _weigh(found: Sniffed) -> None:
    """Read the columns until what they are is told, all of them where some stay open."""
    assert found.grid is not None
    names = found.grid.headings
    weights, places = [Evidence() for _ in names], list(range(len(names)))
    for count, (_, cells) in enumerate(found.grid.rows()):
        if count < SAMPLES:
            found.samples.append(dict(zip(names, cells, strict=False)))
        if len(cells) == len(names):  # a row with cells too many is a broken one
            for at in places:
                weights[at].add(cells[at])
        if count >= SCAN and count % SCAN == 0:
            places = [at for at in places if weights[at].dates and weights[at].order is None]
            if not places:
                break
    found.evidence = dict(zip(names, weights, strict=True))


def _decide_dates(found: Sniffed) -> None:
    dated = {h: e for h, e in found.evidence.items() if e.dates * 2 > e.filled and _may_hold(h, dates=True)}
    told = {h: e.order for h, e in dated.items() if e.order and (e.day_first or e.month_first)}
    orders = set(told.values())
    if len(orders) == 1:
        found.dates = orders.pop()
    elif orders:
        found.dates = max(orders, key=lambda o: sum(t == o for t in told.values()))
        found.dates_of = {h: o for h, o in told.items() if o and o != found.dates}
    elif any(e.same for e in dated.values()):
        found.dates = "dmy"
    for h, e in dated.items():
        mixed = e.day_first and e.month_first
        if e.order is None and (mixed or len(set(told.values())) != 1):
            found.unclear[h] = "dates"


def _may_hold(heading: str, dates: bool) -> bool:
    """Return whether a heading can stand over dates (or numbers): numbers of invoices look like both, and are neither.

    A heading that nobody knows can be anything.
    """
    meanings = [(t, m.column) for t in headings.tables() if (m := headings.meaning(t, heading))]
    wanted = is_dated if dates else is_numeric
    return not meanings or any(wanted(table, column) for table, column in meanings)


def _decide_decimal(found: Sniffed) -> None:
    numeric = {h: e for h, e in found.evidence.items() if e.numbers * 2 > e.filled and _may_hold(h, dates=False)}
    told = {h: e.mark for h, e in numeric.items() if e.mark and (e.commas or e.points)}
    marks = set(told.values())
    if marks:
        found.decimal = max(marks, key=lambda m: sum(t == m for t in told.values()))
        found.decimal_of = {h: m for h, m in told.items() if m and m != found.decimal}
    for h, e in numeric.items():
        mixed = e.commas and e.points
        if e.mark is None and (mixed or len(marks) != 1):
            found.unclear[h] = "decimal"


def above(table: Grid) -> tuple[str, str]:
    """Return the account and the currency that stand above the headings; blank where none does."""
    account = currency = ""
    for cell in (c.strip() for row in table.preamble for c in row if c.strip()):
        for word in (cell, cell.rsplit(":", 1)[-1].strip()):
            if iban.is_valid(word):
                account = account or iban.compact(word)
            elif word in headings.CURRENCIES:
                currency = currency or word
    return account, currency


# The tables


def _candidates(found: Sniffed) -> list[Candidate]:
    scored = []
    for table in headings.tables():
        made = fitting(found, table)
        if all(group & made.keys() for group in NEEDS[table]):
            scored.append((sum(1 / headings.share(h) for h in set(made.values())), table))
    told = fitting(found, "invoices")
    if {"issued_on", "customer_name"} <= told.keys() and any(t == "invoices" for _, t in scored):
        scored = [(score, t) for score, t in scored if t != "lines"]  # the lines come with their invoices
    scored.sort(reverse=True)
    answer = []
    for at, (score, table) in enumerate(scored):
        rival = scored[1][0] if at == 0 and len(scored) > 1 else scored[0][0] if at else 0.0
        answer.append(_candidate(found, table, score / (score + rival)))
    return answer


def _candidate(found: Sniffed, table: str, confidence: float) -> Candidate:
    made = fitting(found, table)
    rest = tuple(h for h in found.headings if h not in made.values())
    return Candidate(table, round(confidence, 3), made, rest)


def fitting(found: Sniffed, table: str) -> dict[str, str]:
    """Return our column -> heading, of those whose values are what the column holds."""
    made = headings.assigned(table, tuple(found.headings))
    return {column: h for column, h in made.items() if _holds(table, column, found.evidence[h])}


def _holds(table: str, column: str, evidence: Evidence) -> bool:
    """Return whether the values of a heading can be those of a column; a blank column can be any."""
    if not evidence.filled:
        return True
    if is_dated(table, column):
        return evidence.dates > 0
    if column in ("is_won", "is_closed", "is_sent", "is_active"):
        return all(_is_boolean(text) for text in list(evidence.distinct)[:20])
    return evidence.numbers > 0 if is_money(table, column) else True


def _is_boolean(text: str) -> bool:
    try:
        boolean(text)
    except ValueError:
        return False
    return True


def unknown_values(found: Sniffed, table: str, column: str, heading: str) -> Iterator[str]:
    """Yield the texts of a coded column that we have no word for and must understand."""
    if is_strict(table, column) and column in WORDS[table]:
        for text in list(found.evidence[heading].distinct)[: Evidence.DISTINCT]:
            if headings.choice(table, column, text) is None:
                yield text
