"""A query with its header: one SQL file that says in `-- key: value` lines what it is for.

Link rules, checks, summaries and figures are all such files; a folder of them is read in file order.
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple


class Query(NamedTuple):
    """One SQL file: its name without number and suffix, its header, and the text as it is run."""

    name: str
    header: dict[str, str]
    sql: str

    @property
    def needs(self) -> list[str]:
        """Tables without whose rows it has none, as far as its header names them."""
        return [name.strip() for name in self.header.get("needs", "").split(",") if name.strip()]


def query(path: Path) -> Query:
    """Return the query of one file. ValueError where a header line comes twice or the file holds no SQL.

    The header is the run of `-- key: value` lines at the top; a `--` line without a key continues the one before.
    """
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=1_000)
def _read(path: Path, changed: int) -> Query:
    header: dict[str, str] = {}
    text, key = path.read_text(encoding="utf-8"), ""
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        head, colon, value = line[2:].partition(":")
        if colon and head.strip().isidentifier():
            key = head.strip()
            if key in header:
                raise ValueError(f"{path.name}: header {key} comes twice")
            header[key] = value.strip()
        elif key:
            header[key] = f"{header[key]} {line[2:].strip()}".strip()
    if not any(line.strip() and not line.startswith("--") for line in text.splitlines()):
        raise ValueError(f"{path.name}: holds no SQL")
    return Query(_name(path), header, text.strip().removesuffix(";"))


def queries(folder: Path) -> list[Query]:
    """Return the queries of a folder in file order; a leading number (`010_`) sets the order, not the name."""
    return [query(path) for path in sorted(folder.glob("*.sql"))]


def _name(path: Path) -> str:
    number, _, rest = path.stem.partition("_")
    return rest if number.isdigit() and rest else path.stem
