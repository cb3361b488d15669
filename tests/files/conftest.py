"""Where real files are, and how a file is read from end to end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from extract.files import FileVendor, Profile, RowError, propose, sniff

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """Return a file of the shared folder, or skip by its name."""

    def find(name: str) -> Path:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"../shared/{name} is not here")
        return path

    return find


class Taken:
    """What reading a file brought: rows by table, and the rows that could not be mapped."""

    def __init__(self, path: Path, profile: Profile | None) -> None:
        source = FileVendor.of(path, profile)
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self.rejects: list[RowError] = []
        self.keys: list[str] = []
        self.profile = profile
        for kind, item in source.fetch():
            self.keys.append(source.key(kind, item))
            try:
                found = list(source.rows(kind, item))
            except RowError as error:
                self.rejects.append(error)
                continue
            for table, row in found:
                self.tables.setdefault(table, []).append(row)

    def __getitem__(self, table: str) -> list[dict[str, Any]]:
        return self.tables.get(table, [])


@pytest.fixture
def taken() -> Callable[..., Taken]:
    """Read a file as the command would: sniff, propose with answers, map every row."""

    def take(path: Path, **answers: str) -> Taken:
        found = sniff(path)
        if found.is_statement:
            return Taken(path, None)
        profile, questions = propose(found, answers)
        assert profile, questions
        return Taken(path, profile)

    return take


@pytest.fixture
def mapped() -> Callable[..., Taken]:
    """Read a file under a given profile."""
    return Taken


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write a text file and return its path."""

    def write(text: str, name: str = "file.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write
