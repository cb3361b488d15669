"""Opens tables of cells, whatever they are kept in: CSV of any dialect, XLSX (XLS, ODS), Parquet. Cells are text.

A grid knows its headings and yields its rows as often as asked, streamed for CSV and Parquet, so that memory stays
bounded whatever the size. What a file is, is told from its content, never from its name.
"""

import codecs
import csv
import datetime as dt
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, Any

import fastexcel
import pyarrow
import pyarrow.parquet

from extract import headings
from extract.files_errors import FileError
from extract.files_values import is_date, is_number

SAMPLE = 256 * 1024  # bytes looked at to tell what a text file is
LOOK = 60  # rows among which the headings are sought
BLOCK = 1 << 20
SHEET_LIMIT = 150 * 1024 * 1024  # bytes of a workbook: it is read whole
_CELL = re.compile(rb'<c r="([A-Z]+\d+)"((?:[^>/]|/(?!>))*)>(.*?)</c>', re.S)
csv.field_size_limit(4 * 1024 * 1024)

# Letters that tell code pages apart; a wrong code page shows symbols in their place.
_WEST, _EAST = "áéíóúüñçàèùâêîôûëïöäœºª¿¡€ß", "ąćęłńóśźżáéíúüöäčšžřěů€"
_LETTERS = {"cp1252": _WEST, "cp1250": _EAST, "iso8859-2": _EAST}
# One byte is ñ in the West and ń in the East: ñ stands before a vowel, ń never; œ before u, i, n; ê not at the end.
_UNLIKELY = {
    "cp1252": re.compile(r"ñ(?![aeiouáéíóú])|œ(?![uin])|ê\b"),
    "cp1250": re.compile(r"ń[aeiouó]|ś[uin]"),
    "iso8859-2": re.compile(r"ń[aeiouó]"),
}
_POLISH = re.compile(r"\b(data|kwota|faktur|numer|nabywca|przelew|konto|rachun|klient|nadawca|waluta|zap|wystaw)", re.I)


@dataclass
class Grid:
    """A table of cells in a file. `rows` yields (row number in the file, cells), blank rows left out."""

    path: Path
    kind: str  # csv, xlsx or parquet
    headings: list[str] = field(default_factory=list)
    preamble: list[list[str]] = field(default_factory=list)
    header_row: int = 1
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)  # places of the headings among the cells

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the row number and the cells under the headings; further cells that hold something come after them."""
        width = max(self.columns, default=-1) + 1
        straight = self.columns == list(range(width))
        for number, cells in self._cells():
            if number <= self.header_row or not any(cells):
                continue
            if len(cells) < width:
                cells = cells + [""] * (width - len(cells))
            over = [c for c in cells[width:] if c.strip()] if len(cells) > width else []
            yield number, (cells[:width] if straight else [cells[i] for i in self.columns]) + over

    def _cells(self) -> Iterator[tuple[int, list[str]]]:
        if self.kind == "csv":
            return csv_cells(self.path, self.encoding, self.delimiter)
        if self.kind == "parquet":
            return _parquet_cells(self.path)
        return _sheet_cells(self.path, self.sheet)


def grid(path: Path, kind: str, sheet: str | None = None) -> Grid:
    """Return the table in a file of a kind. Raises FileError where there is none that can be used."""
    if kind == "csv":
        return _csv(path)
    if kind == "parquet":
        return _parquet(path)
    return _workbook(path, sheet)


# CSV


def encoding_of(path: Path) -> str:
    """Return the encoding of a text file: by its mark, else UTF-8 where all of it is that, else by its letters."""
    with path.open("rb") as file:
        start = file.read(SAMPLE)
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if start.startswith(mark):
            return name
    if _decodes(path, "utf-8"):
        return "utf-8"
    scores = {}
    for name, letters in _LETTERS.items():
        text = start.decode(name, "replace")
        odd = [c for c in text.lower() if ord(c) > 127 and c not in "\u00a0\u202f–—’“”„"]
        scores[name] = sum(1 if c in letters else -2 for c in odd) - 2 * len(_UNLIKELY[name].findall(text.lower()))
        scores[name] += 3 * (name == "cp1250" and bool(_POLISH.search(text)))
    best = max(scores, key=lambda name: scores[name])
    return best if _decodes(path, best) else "latin-1"


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def csv_cells(path: Path, encoding: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, cells) of all rows; the number counts rows, as a spreadsheet shows them."""
    with path.open(encoding=encoding, newline="") as file:
        try:
            yield from enumerate(csv.reader(file, delimiter=delimiter), 1)
        except (csv.Error, UnicodeDecodeError) as error:
            raise FileError(path, f"cannot be read as a table ({error}). Export it again as CSV or XLSX.") from error


def delimiter_of(sample: str) -> str:
    """Return the mark that splits most rows into the same number of cells."""
    if found := re.match(r'"?sep=(.)', sample):
        return found[1]
    scores = {}
    for mark in ";,\t|^":
        widths = Counter(len(row) for row in csv.reader(io.StringIO(sample, newline=""), delimiter=mark) if any(row))
        width, times = max(widths.items(), key=lambda pair: (pair[1] * (pair[0] > 1), pair[0]), default=(0, 0))
        scores[mark] = times * min(width, 8) if width > 1 else 0
    best = max(scores, key=lambda mark: scores[mark])
    return best if scores[best] else ","


def _delimiter(path: Path, sample: str) -> str:
    try:
        return delimiter_of(sample)
    except csv.Error as error:
        raise FileError(path, f"cannot be read as a table ({error}). Export it again as CSV or XLSX.") from error


def _csv(path: Path) -> Grid:
    encoding = encoding_of(path)
    with path.open(encoding=encoding, newline="") as file:
        sample = file.read(SAMPLE)
    if len(sample) == SAMPLE:
        sample = sample[: sample.rfind("\n") + 1] or sample
    delimiter = _delimiter(path, "".join(sample.splitlines(keepends=True)[: LOOK * 4]))
    first = list(islice(csv_cells(path, encoding, delimiter), LOOK))
    return _with_headings(Grid(path, "csv", encoding=encoding, delimiter=delimiter), first)


# Workbooks


def _workbook(path: Path, sheet: str | None) -> Grid:
    if path.stat().st_size > SHEET_LIMIT:
        raise FileError(path, f"is a workbook of over {SHEET_LIMIT >> 20} MB. Save the sheet as CSV and import that.")
    try:
        book = fastexcel.read_excel(path)
    except Exception as error:
        raise FileError(path, f"is no workbook that can be opened ({_first_line(error)}).") from error
    if sheet and sheet not in book.sheet_names:
        raise FileError(path, f"has no sheet {sheet!r}; it has {', '.join(book.sheet_names)}.")
    best: Grid | None = None
    problem: FileError | None = None
    for name in [sheet] if sheet else book.sheet_names[:30]:
        made = Grid(path, "xlsx", sheet=name, sheets=list(book.sheet_names))
        try:
            found = _with_headings(made, [(n, c) for n, c in _sheet_cells(path, name, LOOK)])
        except FileError as error:
            problem = problem or error
            continue
        if best is None or _known(found.headings) > _known(best.headings):
            best = found
    if best is None:
        raise problem or FileError(path, "has no sheets.")
    _refuse_unsaved_formulas(best)
    return best


def _sheet_cells(path: Path, sheet: str, limit: int | None = None) -> Iterator[tuple[int, list[str]]]:
    book = fastexcel.read_excel(path)
    try:
        table = book.load_sheet(sheet, header_row=None, dtypes="string", skip_rows=0, n_rows=limit).to_polars()
    except fastexcel.FastExcelError as error:
        raise FileError(path, f"sheet {sheet!r} cannot be read ({_first_line(error)}).") from error
    for number, cells in enumerate(table.iter_rows(), 1):
        yield number, [_cell(c) for c in cells]


def _cell(text: str | None) -> str:
    # A date cell comes as an instant at midnight.
    return text.removesuffix(" 00:00:00") if text else ""


def _refuse_unsaved_formulas(made: Grid) -> None:
    """Raise FileError where a formula has no saved value: its cell would be read as blank."""
    if not zipfile.is_zipfile(made.path):
        return
    with zipfile.ZipFile(made.path) as book:
        for name in book.namelist():
            if not re.fullmatch(r"xl/worksheets/[^/]+\.xml", name):
                continue
            with book.open(name) as sheet:
                found = _unsaved_formula(sheet)
            if found:
                where = f"cell {found} holds a formula without a saved value"
                raise FileError(made.path, f"{where}. Open it in a spreadsheet program, save it, import it again.")


def _unsaved_formula(sheet: IO[bytes]) -> str | None:
    """Return the place of the first formula without a value in the XML of a sheet; a saved blank text is a value."""
    left = b""
    while block := sheet.read(BLOCK):
        text = left + block
        if b"<f" in text:
            for place, attributes, inside in _CELL.findall(text):
                if b"<f" in inside and b't="str"' not in attributes and not re.search(rb"<v[^>/]*>[^<]|<is>", inside):
                    return str(place.decode())
        left = text[text.rfind(b"<c ") :] if b"<c " in text else b""
    return None


# Parquet


def _parquet(path: Path) -> Grid:
    try:
        names = pyarrow.parquet.ParquetFile(path).schema_arrow.names
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FileError(path, f"is a damaged Parquet file ({_first_line(error)}). Export it again.") from error
    return _checked(Grid(path, "parquet", headings=list(names), columns=list(range(len(names))), header_row=0))


def _parquet_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    number = 0
    try:
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=20_000):
            for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                yield number, [plain(c) for c in cells]
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FileError(path, f"is a damaged Parquet file ({_first_line(error)}). Export it again.") from error


def plain(value: Any) -> str:
    """Return a typed value as exact text: a binary float by its shortest form, without an exponent."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f").removesuffix(".0") if value == value else ""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat(" ") if isinstance(value, dt.datetime) else str(value)


# Headings


def _with_headings(made: Grid, first: list[tuple[int, list[str]]]) -> Grid:
    """Find the row of headings among the first rows: the one with most known words, else the first full one of text."""
    filled = [(n, [c.strip() for c in cells]) for n, cells in first]
    filled = [(n, cells) for n, cells in filled if any(cells) and not cells[0].lower().startswith("sep=")]
    if not filled:
        raise FileError(made.path, f"{_where(made)}is empty.")
    widths = Counter(sum(1 for c in cells if c) for _, cells in filled)
    usual = max(widths, key=lambda width: (widths[width], width))
    full = [(n, cells) for n, cells in filled if sum(1 for c in cells if c) >= min(usual, max(widths)) * 0.6]
    worth = {n: _known(cells) for n, cells in full if _is_text(cells)}
    if not worth:
        raise FileError(
            made.path, f"{_where(made)}has no row of headings. Add one that says what each column is, and import again."
        )
    number = max(worth, key=lambda n: (worth[n], -n))
    cells = next(cells for n, cells in filled if n == number)
    made.preamble = [cells for n, cells in filled if n < number]
    made.header_row = number
    below = [cells for n, cells in filled if n > number]
    if not below:
        raise FileError(made.path, f"{_where(made)}has headings ({', '.join(filter(None, cells))}) but no rows.")
    made.columns = [i for i, c in enumerate(cells) if c or any(i < len(row) and row[i] for row in below)]
    made.headings = [cells[i] or f"column {i + 1}" for i in made.columns]
    return _checked(made)


def _checked(made: Grid) -> Grid:
    repeated = [h for h, times in Counter(made.headings).items() if times > 1]
    if repeated:
        places = ", ".join(str(i) for i, h in enumerate(made.headings, 1) if h == repeated[0])
        where = f"{_where(made)}has the heading {repeated[0]!r} more than once (columns {places})"
        raise FileError(made.path, f"{where}. Rename or remove all but one, and import again.")
    return made


def _is_text(cells: list[str]) -> bool:
    """Return whether cells could be headings: most are words, none is an amount or a date."""
    given = [c for c in cells if c]
    return (
        len(given) > 0
        and not any(is_date(c) or (is_number(c) and not c.isdigit()) for c in given)
        and (sum(not is_number(c) for c in given) >= len(given) * 0.7)
    )


def _known(cells: list[str]) -> int:
    """Return how many of the cells mean something in the one table where most do."""
    return max(sum(1 for c in cells if c and headings.meaning(t, c)) for t in headings.tables())


def _where(made: Grid) -> str:
    return f"sheet {made.sheet!r} " if made.sheet else ""


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
