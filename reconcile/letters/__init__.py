"""Letters to customers, one text file per letter and language: the first line is the subject, the rest the text.

People may write their own in place of each. A text in which something that must be said is missing is refused.
"""

import datetime as dt
import string
from collections.abc import Mapping
from decimal import Decimal
from importlib.resources import files
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency

LANGUAGES = ("en", "es", "fr", "pl")
LEVELS = 3
KEPT = "letter:"  # people's own texts, in the state store, by letter.language
_MUST = frozenset({"customer", "statement", "total", "company"})
_MAY = frozenset({"number"})
PLACES: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {  # what a letter must and may have filled in
    "notice": (_MUST, _MAY),
    "bills": (frozenset({"statement"}), frozenset({"total", "company"})),
    "reminder_1": (_MUST, _MAY),
    "reminder_2": (_MUST, _MAY),
    "reminder_3": (_MUST | {"rights"}, _MAY),
    "invoice": (
        frozenset({"customer", "number", "total", "document", "signature"}),
        frozenset({"company", "issued_on", "due_on"}),
    ),
}


_SPOKEN = {"ES": "es", "MX": "es", "AR": "es", "CO": "es", "CL": "es", "PE": "es", "FR": "fr", "PL": "pl"}


class LetterError(ValueError):
    """A text cannot be used; the message says which placeholder is missing or unknown."""


def original(name: str, language: str) -> str:
    """Return the text of a letter as it comes with the program, in English where it is not written in the language."""
    chosen = _written_in(language)
    return (files(__package__) / f"{name}.{chosen}.txt").read_text("utf-8")


def checked(name: str, text: str) -> str:
    """Return a text if it can be sent as this letter. LetterError where it lacks a placeholder or has a strange one."""
    must, may = PLACES[name]
    try:
        parts = [(part, form, turn) for _, part, form, turn in string.Formatter().parse(text) if part is not None]
    except ValueError as error:
        raise LetterError(f"a brace stands alone ({error}); write {{{{ for a brace itself") from error
    if shaped := sorted(part for part, form, turn in parts if form or turn):
        raise LetterError(f"write {', '.join(f'{{{n}}}' for n in shaped)} with nothing but the name in the braces")
    found = {part for part, _, _ in parts}
    if lacking := sorted(must - found):
        raise LetterError("missing: " + ", ".join(f"{{{n}}}" for n in lacking))
    if strange := sorted(found - must - may):
        raise LetterError(f"unknown: {', '.join(f'{{{n}}}' for n in strange)}; there are "
                          + ", ".join(f"{{{n}}}" for n in sorted(must | may)))  # fmt: skip
    subject, _, rest = text.partition("\n")
    if not subject.strip() or not rest.strip():
        raise LetterError("the first line is the subject, the rest is the text: neither may be empty")
    return text


def letter(
    name: str, language: str, values: Mapping[str, str], own: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """Return the subject and the text of a letter, in people's own words where `own` has them (by letter.language).

    LetterError if the letter has a placeholder that `values` lacks.
    """
    return filled(template(name, language, own), values)


def template(name: str, language: str, own: Mapping[str, str] | None = None) -> str:
    """Return the text of a letter with its placeholders: people's own where there is one."""
    chosen = _written_in(language)
    return (own or {}).get(f"{name}.{chosen}") or original(name, chosen)


def filled(written: str, values: Mapping[str, str]) -> tuple[str, str]:
    """Return subject and text of a letter with `values` in place. LetterError where one is lacking."""
    lacking = {part for _, part, _, _ in string.Formatter().parse(written) if part} - set(values)
    if lacking:
        raise LetterError(f"the letter “{written.partition(chr(10))[0]}”: nothing to put in for "
                          + ", ".join(sorted(lacking)))  # fmt: skip
    subject, _, text = written.partition("\n")
    lines = text.format_map(values).strip().replace("\n\n\n", "\n\n")
    return " ".join(subject.format_map(values).split()), lines + "\n"


def spoken(customer: Mapping[str, Any]) -> str:
    """Return the language to write to a customer in: theirs, else their country's, else English."""
    language = (customer.get("language") or "")[:2].lower()
    return language if language in LANGUAGES else _SPOKEN.get(customer.get("country") or "", "en")


def line(name: str, language: str, values: Mapping[str, str], place: int = 0) -> str:
    """Return one line of a file of lines, filled in."""
    return original(name, language).splitlines()[place].format_map(values)


def said_day(value: dt.date | None, language: str) -> str:
    """Return a day as a sentence in this language says it; a dash for none."""
    return format_date(value, format="long", locale=_written_in(language)) if value else "—"


def said_money(amount: Decimal, currency: str, language: str) -> str:
    """Return an amount with its currency as this language writes it."""
    return str(format_currency(amount, currency, locale=_written_in(language)))


def _written_in(language: str) -> str:
    return language if language in LANGUAGES else "en"
