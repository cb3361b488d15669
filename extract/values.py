"""What vendors write in many ways, in ours: countries, tax ids, properties of choices, minor units, nested forms.

Pure functions, shared by the vendors; nothing here knows any of them.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any, Literal

from babel import Locale
from stdnum.eu import vat

LANGUAGES = ("en", "es", "fr", "pl", "de")
OTHER_NAMES = {  # how people and old forms write them
    "usa": "US", "u.s.a.": "US", "united states of america": "US", "estados unidos de américa": "US", "uk": "GB",
    "england": "GB", "scotland": "GB", "wales": "GB", "great britain": "GB", "holland": "NL", "méjico": "MX",
    "czech republic": "CZ", "república checa": "CZ", "el": "GR",
}  # fmt: skip
EVERYBODYS = ("XAXX010101000", "XEXX010101000")  # RFCs of the general public and of foreigners: many customers' at once
_PREFIXES = {"EL" if code == "gr" else code.upper() for code in vat.MEMBER_STATES} | {"GB"}
_COUNTRY_OF_PREFIX = {"EL": "GR", "XI": "GB"}
_WITHOUT_DECIMALS = (
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "JPY",
    "KMF",
    "KRW",
    "MGA",
    "PYG",
    "RWF",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
)
_THREE_DECIMALS = ("BHD", "JOD", "KWD", "OMR", "TND")
_DAYS = re.compile(r"(?:net|neto|netto)?[\s_-]*(\d{1,3})(?:\.0+)?[\s_-]*(?:d|days?|días?|dias?|jours?|dni|tage?)?\.?")
_PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d+)?)\s*%?")
_DIGITS = dict.fromkeys(_WITHOUT_DECIMALS, 0) | dict.fromkeys(_THREE_DECIMALS, 3)


@cache
def _countries() -> dict[str, str]:
    names: dict[str, str] = {}
    for language in LANGUAGES:
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in ("EU", "EZ", "UN", "ZZ", "XA", "XB"):
                names.setdefault(_folded(name), code)
                names[_folded(code)] = code
    return names | {_folded(name): code for name, code in OTHER_NAMES.items()}


def _folded(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(c for c in letters if not unicodedata.combining(c))


def country_code(text: str | None) -> str | None:
    """Return the ISO 3166-1 alpha-2 code of a country's code or name (en, es, fr, pl, de); None if it is none."""
    return _countries().get(_folded(text)) if text else None


def country_name(code: str | None, language: str = "en") -> str | None:
    """Return the name of a country by its code, the code itself where it has none."""
    return Locale(language).territories.get(code, code) if code else None


def tax_id(text: str | None, country: str | None = None) -> tuple[str | None, str | None]:
    """Return a tax id in compact form (upper case, no separators, no country prefix) and its ISO country.

    Says nothing of whether it is valid. The prefix tells the country where none is given, or corrects it.
    """
    number = re.sub(r"[^0-9A-ZÑ&]", "", (text or "").upper())
    prefix, rest = number[:2], number[2:]
    home = _COUNTRY_OF_PREFIX.get(prefix, prefix)
    if prefix in _PREFIXES and sum(c.isdigit() for c in rest) >= 5 and (country == home or vat.is_valid(number)):
        return rest, home
    return (number, country) if number else (None, None)


def party_kind(number: str | None, country: str | None) -> Literal["person", "company"] | None:
    """Return whether a tax id is a person's or a company's, where its shape tells: a Mexican RFC of 13 or of 12."""
    if country != "MX" or not number or number in EVERYBODYS:
        return None
    return {13: "person", 12: "company"}.get(len(number))  # type: ignore[return-value]


def with_prefix(number: str, country: str | None) -> str:
    """Return a compact tax id with the prefix by which it goes in the EU's VAT system."""
    prefix = "EL" if country == "GR" else country or ""
    return number if number.startswith(prefix) else prefix + number


def plain(value: Any) -> str:
    """Return a value as text for a form or a property: no exponent, ISO dates and instants, "" for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else str(value)


def days_of(text: str | None) -> str | None:
    """Return the days that terms of payment say: "30 d", "Net 30", "30 días" are 30; what says no one number stays."""
    return _one_number(text, _DAYS)


def percent_of(text: str | None) -> str | None:
    """Return the percent that a text says: "5 %" and "5,5" are 5 and 5.5; what says no one number stays."""
    return _one_number(text, _PERCENT)


def _one_number(text: str | None, form: re.Pattern[str]) -> str | None:
    found = form.fullmatch((text or "").strip().lower())
    return found[1].replace(",", ".") if found else text or None


def minor_digits(currency: str) -> int:
    """Return the decimals of a currency's minor unit, as payment gateways count them."""
    return _DIGITS.get(currency.upper(), 2)


def major(amount: int | str | Decimal | None, currency: str | None) -> Decimal | None:
    """Return an amount of minor units (cents) in major ones; None stays None."""
    if amount is None or currency is None:
        return None
    return Decimal(amount).scaleb(-minor_digits(currency))


def minor(amount: Decimal, currency: str) -> Decimal:
    """Return an amount in minor units, with what decimals it has."""
    return amount.scaleb(minor_digits(currency))


def coins(amount: Decimal, currency: str | None) -> Decimal:
    """Return an amount in whole coins of its currency (cents), half a coin away from zero, as billing systems do."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency or "")), ROUND_HALF_UP)


def lines_said(lines: Iterable[Mapping[str, Any]]) -> str:
    """Return what the lines of a quote say as one text, in no order of theirs, to tell whether two quotes say the same.

    The same as table `record_fields` makes of them: SKU, quantity, price of one, discount and tax, four decimals each.
    """

    def four(value: Any) -> str:
        return str(Decimal(str(value or 0)).quantize(Decimal("0.0001"), ROUND_HALF_UP))

    return "; ".join(sorted(
        f"{(row.get('sku') or '').strip().upper()}: {four(row.get('quantity'))} × {four(row.get('unit_price'))} "
        f"-{four(row.get('discount_rate'))} % +{four(row.get('tax_rate'))} %" for row in lines
    ))  # fmt: skip


def form(values: Mapping[str, Any]) -> dict[str, str]:
    """Return nested values as the flat fields of a form: `{"a": {"b": [1]}}` is `a[b][0]=1`. None is left out."""
    return dict(_fields(values))


def _fields(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _fields(inner, f"{name}[{key}]" if name else str(key))
    elif isinstance(value, (list, tuple)):
        for at, inner in enumerate(value):
            yield from _fields(inner, f"{name}[{at}]")
    elif value is not None:
        yield name, plain(value)
