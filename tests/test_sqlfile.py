"""A query file: header lines on top, then the SQL."""

from pathlib import Path

import pytest

from reconcile.sqlfile import queries, query


def test_header_is_read_until_the_first_line_of_sql(tmp_path: Path) -> None:
    """Keys and values come from the top; a line without a key goes on with the value before."""
    (tmp_path / "020_late.sql").write_text(
        "-- title: Late\n-- why:   It was due,\n--        and is not here.\nSELECT 1;\n"
    )
    found = query(tmp_path / "020_late.sql")
    assert found.name == "late"
    assert found.header == {"title": "Late", "why": "It was due, and is not here."}
    assert found.sql.endswith("SELECT 1")


def test_files_come_in_order_of_their_numbers(tmp_path: Path) -> None:
    """The number in front sets the order and is no part of the name."""
    for name in ("020_b.sql", "010_z.sql", "plain.sql"):
        (tmp_path / name).write_text("SELECT 1")
    assert [q.name for q in queries(tmp_path)] == ["z", "b", "plain"]


@pytest.mark.parametrize(("text", "says"), [("-- a: 1\n-- a: 2\nSELECT 1", "comes twice"), ("-- a: 1\n", "no SQL")])
def test_a_file_that_cannot_be_meant_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    """A header given twice or a file without SQL names the file."""
    (tmp_path / "x.sql").write_text(text)
    with pytest.raises(ValueError, match=f"x.sql.*{says}"):
        query(tmp_path / "x.sql")
