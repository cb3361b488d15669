"""Recognises headings and coded values of exports in English, Spanish, French and Polish.

A heading is compared folded: no case, accents, blanks or punctuation ("Nº de factura" is `nodefactura`). The words of a
column stand in order of preference: of two headings that mean the same column, the earlier word wins. Words come from
the export screens of HubSpot, Pipedrive, Salesforce, Xero, QuickBooks, Stripe, Holded, Pennylane, Fakturownia and
Facturama, and from the bank dialects named in the tests.

Some columns here are not canonical; `extract.files_map` resolves them: `close_on`, `is_won`, `is_closed`,
`amount_net`, `amount_gross` (deals), `amount_due`, `is_sent` (invoices), `debit`, `credit`, `direction`, `booked_on`
(payments).
"""

import re
import unicodedata
from functools import cache, lru_cache
from typing import NamedTuple

from babel.numbers import list_currencies
from rapidfuzz import fuzz, process

from extract.headings_values import CHOICES
from extract.headings_words import PREFIXES, WORDS
from extract.model import TABLES, columns

CURRENCY_SIGNS = {"€": "EUR", "£": "GBP", "zł": "PLN", "zl": "PLN", "¥": "JPY", "₴": "UAH", "₹": "INR"}
CURRENCIES = frozenset(list_currencies("en"))
_NOT_DECOMPOSED = str.maketrans({"ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "ß": "ss", "œ": "oe", "æ": "ae", "đ": "d"})
_SMALL = frozenset({"", "de", "del", "la", "el", "los", "las", "le", "les", "du", "des", "d", "l", "of", "the"})
_NUMBER_WORD = dict.fromkeys(("no", "nr", "num", "n", "number", "numero", "numer"), "no")
_UNIT = re.compile(r"[\s_(\[]+(?P<unit>[A-Z]{3}|€|£|zł|UTC|utc|GMT)[)\]]?\s*$|[\s(\[](?P<sign>\$)[)\]]?\s*$")


class Meaning(NamedTuple):
    """What a heading means in a table."""

    column: str
    rank: int  # place among the words of the column; -1: the canonical name itself


@lru_cache(maxsize=50_000)  # texts of cells come here too: bounded
def fold(text: str) -> str:
    """Return text without case, accents, blanks and punctuation, for comparing."""
    plain = unicodedata.normalize("NFKD", text.translate(_NOT_DECOMPOSED))
    return "".join(c for c in plain.lower() if c.isalnum() and c.isascii())


@lru_cache(maxsize=50_000)
def loose(text: str) -> str:
    """Return folded text without small words, "number" in one spelling: "Nº de la factura" is "Número factura"."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    words = (fold(w) for w in re.split(r"[^\w#º°]+|_", split))
    return "".join(_NUMBER_WORD.get(w, w) for w in words if w not in _SMALL)


def unit(heading: str) -> str | None:
    """Return the currency or `UTC` that a heading ends with: "Importe EUR", "Kwota [PLN]", "Created (UTC)"."""
    found = _UNIT.search(heading)
    mark = found and found["unit"]
    if not mark:
        return None
    mark = CURRENCY_SIGNS.get(mark, mark).upper().replace("GMT", "UTC")
    return mark if mark == "UTC" or mark in CURRENCIES else None


@cache
def _vocabulary(table: str) -> dict[str, Meaning]:
    found: dict[str, Meaning] = {}
    for column, words in WORDS.get(table, {}).items():
        for rank, word in enumerate([*words.split("|"), column]):
            for form in (fold(word), loose(word)):
                found.setdefault(form, Meaning(column, rank))
    for c in columns(table):
        found[fold(c.name)] = Meaning(c.name, -1)
    return found


@cache
def meaning(table: str, heading: str) -> Meaning | None:
    """Return what a heading means in a table, or None where it is not known."""
    if heading in {c.name for c in columns(table)}:
        return Meaning(heading, -1)
    known = _vocabulary(table)
    forms = [fold(heading), loose(heading)]
    if _UNIT.search(heading):
        forms += [fold(_UNIT.sub("", heading)), loose(_UNIT.sub("", heading))]
    for form in list(forms):
        forms += [form.removeprefix(p) for p in PREFIXES.get(table, ()) if form.startswith(p) and form != p]
    return next((known[f] for f in forms if f in known), None)


def share(heading: str) -> int:
    """Return in how many tables a heading means something: the fewer, the more it tells."""
    return sum(meaning(table, heading) is not None for table in WORDS)


def assigned(table: str, headings: tuple[str, ...]) -> dict[str, str]:
    """Return column -> heading for a table, each column from its best heading, each heading used once."""
    best: dict[str, tuple[int, int, str]] = {}
    for at, heading in enumerate(headings):
        means = meaning(table, heading)
        if means and (means.column not in best or (means.rank, at) < best[means.column][:2]):
            best[means.column] = (means.rank, at, heading)
    return {column: heading for column, (_, _, heading) in best.items()}


def suggested(table: str, heading: str) -> str | None:
    """Return the column whose words look most like an unknown heading, to offer it; never taken without asking."""
    known = _vocabulary(table)
    found = process.extractOne(fold(heading), known.keys(), scorer=fuzz.ratio, score_cutoff=78)
    return known[found[0]].column if found else None


@cache
def _choices(table: str, column: str) -> dict[str, str]:
    ours = {fold(choice): choice for c in columns(table) if c.name == column for choice in c.choices}
    return {fold(w): m for m, ws in CHOICES.get((table, column), {}).items() for w in ws.split("|")} | ours


def choice(table: str, column: str, text: str) -> str | None:
    """Return our word for a coded value ("Pagada" -> paid), or None where it is not known."""
    return _choices(table, column).get(fold(text))


def tables() -> tuple[str, ...]:
    """Return the tables that a file can be recognised as."""
    return tuple(t for t in TABLES if t in WORDS)
