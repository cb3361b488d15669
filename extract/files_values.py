"""Reads numbers, dates and codes as exports write them; decides decimal mark and date order from a whole column.

Nothing here is ever a float: a number stays text with a decimal point ("1.234,56" becomes "1234.56").
"""

import datetime as dt
import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, Literal

from babel import Locale
from stdnum import iban

from extract.headings import CURRENCIES, CURRENCY_SIGNS, fold

Mark = Literal[".", ","]
Order = Literal["ymd", "dmy", "mdy"]
Convert = Callable[[str], Any]

SPACES = dict.fromkeys(map(ord, " \u00a0\u202f\u2009'’`"), None)
_SIGNS = {ord("−"): "-", ord("–"): "-", ord("＋"): "+"}
_COMMA = re.compile(r"-?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?", re.ASCII)
_PLAIN = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_MARKS = frozenset({"$", "%", "US$", "R$", "MX$", "kr", "kr.", "Kč", "Ft", "lei", "Fr"})
_CODE = re.compile(
    r"^([A-Za-z]{2,3}|[^\d\s.,+\-()]{1,3})?([+-]?[\d.,]+-?)([A-Za-z]{2,3}|[^\d\s.,+\-()]{1,3})?$", re.ASCII
)
_GROUPED = {
    ".": re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+|)(\.\d*)?", re.ASCII),
    ",": re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+|)(,\d*)?", re.ASCII),
}
_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d+)?[eE][+-]?\d+", re.ASCII)
_NUMBER = re.compile(
    r"[(+\-−]?\s*(?:[A-Z]{3}\s?|[€$£¥]\s?|zł\s?)?[+-]?\d[\d.,'’ \u00a0\u202f]*(?:\s?(?:[A-Z]{3}|[€$£¥]|zł))?[-)]?"
)
_NUMERIC_DATE = re.compile(r"(\d{1,4})[./\-](\d{1,2})[./\-](\d{1,4})(?:[T ,]+(.*))?$", re.ASCII)
_COMPACT_DATE = re.compile(r"(19|20)\d{6}$", re.ASCII)
_NAMED_DATE = re.compile(
    r"(?:[a-z]+\.?,? )?(?:(\d{1,2})(?:st|nd|rd|th|er|º|\.)?[ \-/](?:de )?([^\W\d_]{3,12})\.?,?"
    r"[ \-/](?:de |del )?(\d{4}|\d{2})"
    r"|([^\W\d_]{3,12})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4}))(?:[T ,]+(.*))?$",
)
_ZONED = re.compile(r"\d\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)$", re.ASCII)


# Numbers


def number(text: str, mark: Mark) -> str:
    """Return a number as text with a point. Raises ValueError where it is none under this decimal mark.

    Taken: group marks, blanks, a currency before or after, a minus before or after, brackets for minus.
    """
    if mark == "." and _PLAIN.fullmatch(text):
        return text
    if mark == "," and _COMMA.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    bare = text.translate(SPACES).translate(_SIGNS)
    negative = bare.startswith("(") and bare.endswith(")")
    found = _CODE.match(bare.strip("()")) or _CODE.match(bare.removeprefix("-").removeprefix("+"))
    if not found:
        if mark == "." and _SCIENTIFIC.fullmatch(bare):
            return expanded(bare)
        raise ValueError("is not a number")
    if not all(_is_mark(m) for m in (found[1], found[3]) if m):
        raise ValueError("is not a number")
    digits = found[2]
    if digits.endswith("-"):
        negative, digits = not negative, digits[:-1]
    if bare.startswith("-") and not digits.startswith("-"):
        negative = not negative
    if not _GROUPED[mark].fullmatch(digits) or not any(c.isdigit() for c in digits):
        raise ValueError(f"is not a number with decimal {'point' if mark == '.' else 'comma'}")
    plain = digits.replace("," if mark == "." else ".", "").replace(mark, ".").lstrip("+")
    plain = plain.rstrip(".") if plain.endswith(".") else plain
    if plain.startswith(("-.", ".")):
        plain = plain.replace(".", "0.", 1)
    if negative:
        plain = plain[1:] if plain.startswith("-") else "-" + plain
    return plain


def _is_mark(text: str) -> bool:
    """Return whether text beside a number says what it counts: a currency or a percentage."""
    return text in CURRENCY_SIGNS or text.upper() in CURRENCIES or text in _MARKS


def expanded(text: str) -> str:
    """Return a number without an exponent: 1E-07 is 0.0000001."""
    return format(Decimal(text), "f")


def currency_in(text: str) -> str | None:
    """Return the currency that an amount carries itself: "12,50 €", "USD 10". A bare `$` says nothing certain."""
    found = _CODE.match(text.translate(SPACES).strip("()-"))
    for mark in (found[1], found[3]) if found else ():
        code = CURRENCY_SIGNS.get(mark or "", (mark or "").upper())
        if code in CURRENCIES:
            return code
    return None


def is_number(text: str) -> bool:
    """Return whether text looks like an amount, whatever its decimal mark."""
    if not _NUMBER.fullmatch(text.strip()):
        return False
    return not any(c.isalpha() for c in text) or currency_in(text) is not None


# Dates

_MONTHS = (
    "jan january ene enero janv janvier stycznia styczen sty styczeń|"
    "feb february febrero fev fevr fevrier lutego luty lut|mar march marzo mars marca marzec|"
    "apr april abr abril avr avril kwietnia kwiecien kwi|may mayo mai maja maj|"
    "jun june junio juin czerwca czerwiec cze|"
    "jul july julio juil juillet lipca lipiec lip|aug august ago agosto aout sierpnia sierpien sie|"
    "sep sept september septiembre setiembre septembre wrzesnia wrzesien wrz|"
    "oct october octubre octobre pazdziernika pazdziernik paz|nov november noviembre novembre listopada listopad lis|"
    "dec december dic diciembre decembre grudnia grudzien gru"
)
MONTHS = {fold(word): at for at, words in enumerate(_MONTHS.split("|"), 1) for word in words.split()}


def _year(text: str) -> int:
    value = int(text)
    return value if len(text) == 4 else value + (2000 if value < 70 else 1900)


def _parts(text: str, order: Order) -> tuple[dt.date, str]:
    """Return the date and what follows it (a time of day)."""
    found = _NUMERIC_DATE.match(text)
    if found:
        first, second, third, rest = found.groups()
        if len(first) == 4:
            return dt.date(int(first), int(second), int(third)), rest or ""
        if order == "ymd" and len(first) == 2 and len(third) == 2:
            return dt.date(_year(first), int(second), int(third)), rest or ""
        if order == "ymd" or len(third) not in (2, 4):
            raise ValueError("is not a date written year first")
        day, month = (first, second) if order == "dmy" else (second, first)
        return dt.date(_year(third), int(month), int(day)), rest or ""
    if _COMPACT_DATE.match(text):
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:])), ""
    found = _NAMED_DATE.match(text.lower())
    if found:
        day, name, year = (found[1], found[2], found[3]) if found[1] else (found[5], found[4], found[6])
        month = MONTHS.get(fold(name))
        if month:
            return dt.date(_year(year), month, int(day)), found[7] or ""
    raise ValueError("is not a date")


def date(text: str, order: Order, in_utc: bool = False) -> dt.date | str:
    """Return a date; or, of an instant that says its zone, ISO text, for the store to date it where the company is.

    A time of day without a zone is the clock of whoever exported it: the date stands. `in_utc`: the heading says UTC.
    """
    day, rest = _parts_of(text, order)
    if not rest or not (in_utc or _ZONED.search(text)):
        return day
    return instant(text, order)


def instant(text: str, order: Order) -> str:
    """Return ISO text of an instant; without a zone it is UTC."""
    day, rest = _parts_of(text, order)
    if not rest:
        return f"{day}T00:00:00+00:00"
    clock = rest.strip().upper().replace("UTC", "+00:00").replace("GMT", "+00:00").replace("Z", "+00:00")
    clock = re.sub(r"\s+(?=[+-])", "", clock)
    half = re.fullmatch(r"(\d{1,2}):(\d\d)(?::(\d\d))?\s*([AP])\.?\s?M\.?", clock)
    if half:
        clock = f"{int(half[1]) % 12 + 12 * (half[4] == 'P'):02d}:{half[2]}:{half[3] or '00'}"
    clock = re.sub(r"^(\d):", r"0\1:", clock)
    clock = re.sub(r"(\.\d{6})\d+", r"\1", clock)
    try:
        moment = dt.datetime.combine(day, dt.time.fromisoformat(clock))
    except ValueError:
        raise ValueError("has no time of day we can read") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC).isoformat()


def _parts_of(text: str, order: Order) -> tuple[dt.date, str]:
    try:
        return _parts(text.strip(), order)
    except ValueError as error:
        told = str(error) if str(error).startswith("is ") else f"is not a date ({error}), read as {order}"
        raise ValueError(told) from None


def is_date(text: str) -> bool:
    """Return whether text looks like a date, whatever its order."""
    stripped = text.strip()
    if _NUMERIC_DATE.match(stripped) or _COMPACT_DATE.match(stripped):
        return True
    found = _NAMED_DATE.match(stripped.lower())
    return bool(found and fold(found[2] or found[4]) in MONTHS)


# Other values

_BOOLEANS = {
    "true": True, "yes": True, "y": True, "1": True, "si": True, "s": True, "oui": True, "o": True, "tak": True,
    "t": True, "x": True, "verdadero": True, "vrai": True, "prawda": True, "sent": True, "enviada": True,
    "false": False, "no": False, "n": False, "0": False, "non": False, "nie": False, "falso": False, "faux": False,
    "falsz": False, "notsent": False, "unsent": False,
}  # fmt: skip


def boolean(text: str) -> bool:
    """Return yes or no. Raises ValueError where it is neither."""
    found = _BOOLEANS.get(fold(text))
    if found is None:
        raise ValueError("is neither yes nor no")
    return found


def compact(text: str) -> str:
    """Return a tax id or account number without separators, upper case."""
    return "".join(c for c in text.upper() if c.isalnum())


def account_number(text: str) -> str:
    """Return a bank account compact; a Polish number of 26 digits as the IBAN it is."""
    bare = compact(text)
    return f"PL{bare}" if len(bare) == 26 and bare.isdigit() and iban.is_valid(f"PL{bare}") else bare


def currency(text: str) -> str:
    """Return an ISO 4217 code. Raises ValueError where it is none."""
    code = CURRENCY_SIGNS.get(text.strip(), text.strip().upper())
    if code not in CURRENCIES:
        raise ValueError("is not a currency")
    return code


@cache
def _countries() -> dict[str, str]:
    names: dict[str, str] = {"uk": "GB", "usa": "US", "us": "US", "unitedstatesofamerica": "US", "england": "GB"}
    for language in ("en", "es", "fr", "pl"):
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha():
                names.setdefault(fold(name), code)
                names.setdefault(code.lower(), code)
    return names


def country(text: str) -> str | None:
    """Return the ISO code of a country named in one of our languages; None where it is not known."""
    return _countries().get(fold(text))


class Evidence:
    """What the values of one column say about it: read as many as there are, then ask."""

    DISTINCT = 60

    def __init__(self) -> None:
        self.filled = self.numbers = self.dates = 0
        self.commas = self.points = self.unclear = 0  # values that only a decimal comma, a point, or either explains
        self.day_first = self.month_first = self.either = self.same = 0
        self.currencies: set[str] = set()
        self.distinct: dict[str, int] = {}
        self._seen: set[str] = set()

    def add(self, text: str) -> None:
        """Take one value; blanks say nothing."""
        if not text or text in self._seen:
            return
        if len(self._seen) > 20_000:
            self._seen.clear()
        self._seen.add(text)
        self.filled += 1
        if len(self.distinct) <= self.DISTINCT:
            self.distinct.setdefault(text, len(self.distinct))
        if is_date(text):
            self.dates += 1
            self._weigh_date(text)
        elif is_number(text):
            self.numbers += 1
            self._weigh_number(text)

    def _weigh_date(self, text: str) -> None:
        found = _NUMERIC_DATE.match(text.strip())
        if not found or len(found[1]) > 2:
            return
        first, second = int(found[1]), int(found[2])
        if first > 12 >= second:
            self.day_first += 1
        elif second > 12 >= first:
            self.month_first += 1
        elif first != second:
            self.either += 1
        else:
            self.same += 1

    def _weigh_number(self, text: str) -> None:
        code = currency_in(text)
        if code:
            self.currencies.add(code)
        digits = "".join(c for c in text.translate(SPACES) if c in "0123456789.,")
        comma, point = digits.rfind(","), digits.rfind(".")
        if comma < 0 and point < 0:
            return
        last, other = (",", ".") if comma > point else (".", ",")
        tail = len(digits) - max(comma, point) - 1
        if other in digits:
            votes = last
        elif digits.count(last) > 1:
            votes = other  # 1.234.567: the mark groups
        elif tail == 3 and not digits.startswith("0" + last) and len(digits) <= 7:
            self.unclear += 1  # 1.234 or 1,234
            return
        else:
            votes = last
        if votes == ",":
            self.commas += 1
        else:
            self.points += 1

    @property
    def order(self) -> Order | None:
        """Return the order of dates; None where the values leave it open or contradict each other."""
        if (self.day_first and self.month_first) or (self.either and not self.day_first and not self.month_first):
            return None
        if self.month_first:
            return "mdy"
        return "dmy" if self.day_first or self.same else "ymd"

    @property
    def mark(self) -> Mark | None:
        """Return the decimal mark; None where the values leave it open or contradict each other."""
        if (self.commas and self.points) or (self.unclear and not self.commas and not self.points):
            return None
        return "," if self.commas else "."
