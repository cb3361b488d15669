"""Words, money and dates in the reader's language: gettext catalogues and Babel's formats.

The language is the session's on a page, else the one that `speaking` set (reports, command line), else English. The
`.po` files are read as they are: one source of truth, no compiled copy to forget.
"""

import datetime as dt
import gettext
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Literal

from babel import Locale, UnknownLocaleError, dates, numbers
from babel.messages import mofile, pofile

LANGUAGES = {"en": "English", "es": "Español", "fr": "Français", "pl": "Polski"}
FOLDER = Path(__file__).with_name("locale")
DASH = "–"  # what stands where nothing is known
_spoken: ContextVar[str] = ContextVar("language", default="")
_chooser: Callable[[], str] = str


def choose_by(chooser: Callable[[], str]) -> None:
    """Let `chooser` say the language of whoever asks; empty for none. The pages set their session's."""
    global _chooser
    _chooser = chooser


def language() -> str:
    """Return the language to speak now: one of LANGUAGES."""
    said = _spoken.get() or _chooser()
    return said if said in LANGUAGES else "en"


def speak(code: str) -> None:
    """Let this thread speak a language from now on, so that not every text asks again which it is."""
    _spoken.set(code)


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Speak a language within the block."""
    token = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(token)


def nearest(tag: str | None) -> str:
    """Return which of our languages a browser's tag such as fr-CA means, else empty."""
    code = (tag or "").replace("_", "-").split("-")[0].lower()
    return code if code in LANGUAGES else ""


def offered() -> list[str]:
    """Return the languages that pages can be read in: those with a catalogue, and English."""
    return _offered(FOLDER)


@cache
def _offered(folder: Path) -> list[str]:
    return [code for code in LANGUAGES if code == "en" or _path(code).exists()]


def _path(code: str) -> Path:
    return FOLDER / code / "LC_MESSAGES" / "cuadra.po"


@cache
def catalogue(code: str) -> gettext.NullTranslations:
    """Return the translations of a language; what is missing stays English."""
    path = _path(code)
    if not path.exists():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        mofile.write_mo(compiled, pofile.read_po(file, locale=code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _(text: str) -> str:
    """Return a text in the language spoken now."""
    return catalogue(language()).gettext(text) if text else ""


def said_of(what: str, text: str) -> str:
    """Return a text said of something (an invoice): languages with genders say "sent" of it in a form of its own."""
    return catalogue(language()).pgettext(what, text)


def several(one: str, many: str, count: int) -> str:
    """Return the form of a text that fits a count, with {count} filled in; one less is "-1 day"."""
    return catalogue(language()).ngettext(one, many, abs(count)).format(count=number(count))


def locale() -> Locale:
    """Return Babel's locale of the language spoken now."""
    return _locale(language())


@cache
def _locale(code: str) -> Locale:
    try:
        return Locale.parse({"en": "en_GB", "es": "es_ES", "fr": "fr_FR", "pl": "pl_PL"}.get(code, code))
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")


def money(amount: Decimal | int | None, currency: str | None, *, whole: bool = False) -> str:
    """Return an amount beside its currency, e.g. "1.200,00 €"; `whole` leaves the cents out, for headlines.

    Nothing, and zero of no currency, is a dash: no money hangs on it.
    """
    if amount is None or not (amount or currency):
        return DASH
    if not currency:
        return f"{number(amount, 2)} ?"
    amount, pattern = Decimal(amount), locale().currency_formats["standard"].pattern
    if whole:
        amount, pattern = amount.to_integral_value(), pattern.replace(".00", "")
    if sign(currency)[-1:].isalpha():
        pattern = pattern.replace("¤#", "¤\N{NO-BREAK SPACE}#")  # "PLN 1,200", not "PLN1,200"
    return numbers.format_currency(amount, currency, pattern, locale=locale(), currency_digits=not whole)


def country(code: str) -> str:
    """Return the name of a country by its two letters, or what stands there where they are none's."""
    return str(locale().territories.get(code.upper(), code))


def sign(currency: str) -> str:
    """Return a currency as it stands beside its amounts: "€", "US$", "PLN"."""
    return str(numbers.get_currency_symbol(currency, locale=locale()))


def short_money(amount: Decimal, currency: str) -> str:
    """Return an amount as the axis of a chart says it: "€80K", "1,5 mln zł"."""
    return numbers.format_compact_currency(amount, currency, locale=locale(), fraction_digits=1)


def short_number(amount: Decimal, decimals: int = 1) -> str:
    """Return a number as a small place has room for it: "80K", "1,5 mln"."""
    return numbers.format_compact_decimal(amount, locale=locale(), fraction_digits=decimals)


def number(value: Decimal | int | None, decimals: int = 0) -> str:
    """Return a number with its thousands apart."""
    if value is None:
        return DASH
    return numbers.format_decimal(
        round(Decimal(value), decimals), "#,##0" + ("." + "0" * decimals if decimals else ""), locale=locale()
    )


def typed(value: Decimal) -> str:
    """Return a number as people type it: all its decimals, no thousands apart."""
    return str(numbers.format_decimal(value, "0.##########", locale=locale()))


def percent(share: Decimal | None) -> str:
    """Return a share such as 0.31 as per cent."""
    return DASH if share is None else numbers.format_percent(share, locale=locale())


def day(value: dt.date | None) -> str:
    """Return a day, e.g. "20 Nov 2026"."""
    return DASH if value is None else dates.format_date(value, "medium", locale=locale())


def day_typed() -> str:
    """Return how a day is typed, in the letters of Streamlit's date field; in English so that no month is a day."""
    return {"es": "DD/MM/YYYY", "fr": "DD/MM/YYYY", "pl": "DD.MM.YYYY"}.get(language(), "YYYY-MM-DD")


def short_day(value: dt.date | None) -> str:
    """Return a day without its year, e.g. "20 Nov"."""
    return DASH if value is None else dates.format_skeleton("MMMd", value, locale=locale())


def month(value: dt.date | None) -> str:
    """Return a month, e.g. "Nov 2026"."""
    return DASH if value is None else dates.format_skeleton("yMMM", value, locale=locale())


def weekdays(width: Literal["abbreviated", "wide"] = "abbreviated") -> list[str]:
    """Return the names of the days of a week, Monday first, e.g. "Mon", or "Monday"."""
    names = dates.get_day_names(width, locale=locale())
    return [names[n] for n in range(7)]


def moment(value: dt.datetime | None, zone: dt.tzinfo = dt.UTC) -> str:
    """Return an instant (UTC where it is naive) as day and time in a zone."""
    if value is None:
        return DASH
    aware = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    return dates.format_datetime(aware.astimezone(zone), "d MMM yyyy, HH:mm", locale=locale())


def ago(value: dt.datetime | None, now: dt.datetime) -> str:
    """Return how long before `now` an instant was, e.g. "2 hours ago"."""
    if value is None:
        return _("never")
    value, now = (v if v.tzinfo else v.replace(tzinfo=dt.UTC) for v in (value, now))
    if abs((now - value).total_seconds()) < 60:
        return _("just now")
    return dates.format_timedelta(value - now, add_direction=True, threshold=1.2, locale=locale())
