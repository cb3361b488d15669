"""Whatever is in a file, it is read or refused in words: nothing else comes out."""

import random

import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extract.files import FileError, FileVendor, RowError, propose, sniff

ANSWERS = {"currency": "EUR"}


def read_or_refused(path):
    """Take a file as far as it goes; return whether rows came out. Any other exception fails the test."""
    try:
        found = sniff(path)
        profile = None
        if not found.is_statement:
            profile, _ = propose(found, ANSWERS)
            if profile is None:
                return False
        source = FileVendor.of(path, profile)
        for kind, item in source.fetch():
            source.key(kind, item)
            try:
                list(source.rows(kind, item))
            except RowError:
                continue
    except FileError:
        return False
    return True


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400) | st.text(max_size=400).map(lambda t: t.encode()))
def test_any_bytes_are_read_or_refused(tmp_path, content):
    """Arbitrary bytes never crash the import."""
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    read_or_refused(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return good files made here, by format."""
    folder = tmp_path_factory.mktemp("whole")
    rows = {
        "Number": ["A-1", "A-2"],
        "Date": ["2026-01-02", "2026-01-03"],
        "Total": ["1.50", "2.50"],
        "Currency": ["EUR"] * 2,
    }
    pl.DataFrame(rows).write_csv(folder / "a.csv")
    pl.DataFrame(rows).write_parquet(folder / "a.parquet")
    book = xlsxwriter.Workbook(folder / "a.xlsx")
    sheet = book.add_worksheet()
    for at, (heading, cells) in enumerate(rows.items()):
        sheet.write_column(0, at, [heading, *cells])
    book.close()
    return folder


DEV = ("camt053.001.02.xml", "camt053.001.08.xml", "sta", "ofx", "n43", "es.csv", "fr.csv", "pl.csv")


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.xlsx", *(f"dev.{d}" for d in DEV)])
def test_a_damaged_file_is_read_or_refused(whole, shared, tmp_path, name):
    """Bytes changed, cut out or doubled anywhere: rows, rejects or a message, never a crash."""
    good = whole / name if name.startswith("a.") else shared(f"compliance/bank/{name}")
    assert read_or_refused(good)
    content, chance = good.read_bytes(), random.Random(name)
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(damaged))
            kind = chance.randrange(4)
            if kind == 0:
                damaged[at] = chance.randrange(256)
            elif kind == 1:
                del damaged[at : at + chance.randint(1, 40)]
            elif kind == 2:
                damaged[at:at] = damaged[at : at + 30]
            else:
                damaged[at:at] = chance.choice([b"\x00", b"\xff\xfe", b'"', b";", b"\n", b"<", b"&#0;", "é".encode()])
            if not damaged:
                break
        path = tmp_path / f"damaged.{name.rsplit('.', 1)[-1]}"
        path.write_bytes(bytes(damaged))
        read_or_refused(path)
