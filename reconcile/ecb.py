"""Exchange rates of the European Central Bank: the daily and the historical file, from disk or over HTTP.

Source: ecb.europa.eu, "Euro foreign exchange reference rates", read 2026-11-21. Units of a currency for one euro, set
on working days about 16:00 CET. The files: eurofxref-daily.xml, eurofxref-hist-90d.xml, eurofxref-hist.xml; and, with
one CSV inside, eurofxref.zip and eurofxref-hist.zip.
Quirks: a CSV line ends with a comma; a rate that was not set is N/A; the daily CSV spells its date "20 November 2026".
"""

import csv
import datetime as dt
import glob
import io
import zipfile
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import duckdb
import httpx
import polars as pl
import structlog
from lxml import etree

from extract import store
from reconcile.settings import Settings
from reconcile.state import State, now

SOURCE = "European Central Bank"
URL = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip"
KEPT = Path("rates")  # in the data folder: from these, rows.duckdb can be made again
TIMEOUT = 30
LARGEST = 50_000_000  # bytes unpacked; the file of 27 years has 2 million
ASKED = "rates:asked"  # in the state store: when the bank was asked, and what went wrong
DAY, AGAIN = dt.timedelta(hours=20), dt.timedelta(hours=1)
log = structlog.get_logger("cuadra.rates")


class RatesError(Exception):
    """A file of rates cannot be read or had. The text says which and what to do."""


class Rate(NamedTuple):
    """Units of a currency for one euro on a day."""

    currency: str
    on_date: dt.date
    rate: Decimal


class Kept(NamedTuple):
    """What a file of rates brought."""

    rates: int
    new: int
    currencies: int
    first_on: dt.date
    last_on: dt.date


def take(data: Path, content: bytes, name: str) -> Kept:
    """Keep the rates of a file's content in rows.duckdb; a day that is there already is replaced. RatesError."""
    rates = list(read(content, name))
    if not rates:
        raise RatesError(f"{name}: holds no rate; use the ECB's eurofxref-hist.zip, or its daily or historical XML")
    days = [r.on_date for r in rates]
    _keep_file(data / KEPT, content, min(days), max(days), Path(name).name)
    with store.opened(data) as db:
        return _keep(db, rates)


def _keep_file(folder: Path, content: bytes, first: dt.date, last: dt.date, name: str) -> None:
    """Keep a file under its days, in place of those of the same name whose days it has: a history comes every day."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob(f"*_{glob.escape(name)}"):
        begins, ends = (dt.date.fromisoformat(part) for part in path.name.split("_")[:2])
        if first <= begins and ends <= last:
            path.unlink()
    (folder / f"{first}_{last}_{name}").write_bytes(content)


def take_file(data: Path, path: Path) -> Kept:
    """Keep the rates of a file. RatesError where it cannot be read."""
    try:
        return take(data, path.read_bytes(), path.name)
    except OSError as error:
        raise RatesError(f"{path}: {error.strerror or error}; name the file that you downloaded from {URL}") from error


def fetch(data: Path, url: str = URL) -> Kept:
    """Keep the rates that a web address gives. RatesError where it does not answer with them."""
    try:
        reply = httpx.get(url, timeout=TIMEOUT, follow_redirects=True)
        reply.raise_for_status()
    except httpx.HTTPError as error:
        said = f"{url}: {error}"
        raise RatesError(f"{said}. Download the file with a browser and give it: cuadra rates FILE") from error
    return take(data, reply.content, url.rsplit("/", 1)[-1])


def daily(data: Path, settings: Settings, kept: State) -> bool:
    """Fetch the rates where that is chosen and not done today; return whether they came. A bank that is silent waits.

    What went wrong is kept for the page, and tried again after an hour.
    """
    asked, at = kept.value(ASKED) or {}, now()
    since = at - dt.datetime.fromisoformat(asked["at"]) if asked else dt.timedelta.max
    if not settings.rates.daily or since < (AGAIN if asked.get("error") else DAY):
        return False
    try:
        fetch(data, settings.rates.url)
    except RatesError as error:
        log.warning("rates", error=str(error))
        kept.keep(ASKED, {"at": at.isoformat(), "error": str(error)})
        return False
    kept.keep(ASKED, {"at": at.isoformat()})
    return True


def replay(data: Path) -> int:
    """Keep the rates of all files taken before, oldest first, and return how many files: rows.duckdb was made anew."""
    files = sorted((data / KEPT).glob("*"), key=_last_day) if (data / KEPT).is_dir() else []
    for path in files:
        with store.opened(data) as db:
            _keep(db, list(read(path.read_bytes(), path.name)))
    return len(files)


def _last_day(path: Path) -> str:
    return path.name.split("_")[1]


def read(content: bytes, name: str) -> Iterator[Rate]:
    """Yield the rates of a file's content: CSV, XML, or either in a ZIP. RatesError where it is none of these."""
    if content.startswith(b"PK"):
        content, name = _unpacked(content, name)
    if content.lstrip().startswith(b"<"):
        yield from _xml(content, name)
    else:
        yield from _csv(content, name)


def _unpacked(content: bytes, name: str) -> tuple[bytes, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            inside = next((i for i in packed.infolist() if i.filename.lower().endswith((".csv", ".xml"))), None)
            if inside is None or inside.file_size > LARGEST:
                raise RatesError(f"{name}: no CSV or XML of rates is inside; download it again from {URL}")
            return packed.read(inside), inside.filename
    except zipfile.BadZipFile as error:
        raise RatesError(f"{name}: the ZIP is damaged; download it again from {URL}") from error


def _xml(content: bytes, name: str) -> Iterator[Rate]:
    try:
        tree = etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise RatesError(f"{name}: not the ECB's XML: {error}") from error
    for of_day in tree.iterfind(".//{*}Cube[@time]"):
        day = _day(of_day.get("time", ""), name)
        for cube in of_day.iterfind("{*}Cube[@currency]"):
            yield from _rate(cube.get("currency", ""), day, cube.get("rate", ""), name)


def _csv(content: bytes, name: str) -> Iterator[Rate]:
    lines = csv.reader(io.StringIO(content.decode("utf-8-sig", "replace")))
    head = [cell.strip() for cell in next(lines, [])]
    if not head or head[0] != "Date" or not all(len(c) == 3 for c in head[1:] if c):
        raise RatesError(f'{name}: the first line is not "Date,USD,JPY,…"; use the ECB\'s file from {URL}')
    for line in lines:
        if line and line[0].strip():
            day = _day(line[0].strip(), name)
            for currency, told in zip(head[1:], line[1:], strict=False):
                yield from _rate(currency, day, told.strip(), name)


def _day(told: str, name: str) -> dt.date:
    for spelling in ("%Y-%m-%d", "%d %B %Y"):
        try:
            return dt.datetime.strptime(told, spelling).date()
        except ValueError:
            continue
    raise RatesError(f'{name}: "{told}" is not a date')


def _rate(currency: str, day: dt.date, told: str, name: str) -> Iterator[Rate]:
    if not currency or told in ("", "N/A"):
        return
    try:
        rate = Decimal(told)
    except InvalidOperation as error:
        raise RatesError(f'{name}: {currency} on {day}: "{told}" is not a rate') from error
    if not rate.is_finite() or rate <= 0:
        raise RatesError(f'{name}: {currency} on {day}: "{told}" is not a rate')
    yield Rate(currency, day, rate)


def _keep(db: duckdb.DuckDBPyConnection, rates: list[Rate]) -> Kept:
    db.execute("CREATE TABLE IF NOT EXISTS rates (currency VARCHAR, on_date DATE, rate DECIMAL(18,8), source VARCHAR)")
    told = pl.DataFrame(
        [(r.currency, r.on_date, str(r.rate)) for r in rates], schema=["currency", "on_date", "rate"], orient="row"
    )
    db.register("told", told)
    # the day's last word counts; two of one day are one
    db.execute(
        "CREATE OR REPLACE TEMP TABLE fresh AS "
        "SELECT currency, on_date, CAST(last(rate) AS DECIMAL(18,8)) AS rate FROM told GROUP BY currency, on_date"
    )
    db.execute("BEGIN")
    before = (
        "SELECT COUNT(*) FROM fresh AS f WHERE (f.currency, f.on_date) NOT IN (SELECT (currency, on_date) FROM rates)"
    )
    new = db.execute(before).fetchall()[0][0]
    db.execute("DELETE FROM rates USING fresh AS f WHERE f.currency = rates.currency AND f.on_date = rates.on_date")
    db.execute("INSERT INTO rates BY NAME SELECT f.*, ? AS source FROM fresh AS f", [SOURCE])
    db.execute("COMMIT")
    db.unregister("told")
    days = [r.on_date for r in rates]
    return Kept(len(rates), new, len({r.currency for r in rates}), min(days), max(days))
