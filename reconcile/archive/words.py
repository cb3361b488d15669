"""What a copy of a document says of itself, in the company's language: its title, one line, and the file's name."""

from typing import NamedTuple

from babel.dates import format_date
from babel.numbers import format_currency

from reconcile.archive.paths import part
from reconcile.facts import Record
from reconcile.letters import LANGUAGES, line

_TITLE, _TEXT, _INVOICE, _CREDIT_NOTE = range(4)  # lines of letters/archived.*.txt


class Said(NamedTuple):
    """Words about one document."""

    title: str
    text: str
    file: str
    language: str


def said(document: Record, language: str) -> Said:
    """Return the words for a document."""
    spoken = language if language in LANGUAGES else "en"
    sort = _CREDIT_NOTE if document["kind"] == "credit_note" else _INVOICE
    values = {
        "kind": line("archived", spoken, {}, sort), "number": " ".join(document["number"].split()),
        "customer": " ".join((document["customer"] or "—").split()),  # the title is a mail's subject: one line
        "amount": format_currency(document["gross"], document["currency"], locale=spoken),
        "issued_on": format_date(document["issued_on"], format="long", locale=spoken),
    }  # fmt: skip
    title, text = (line("archived", spoken, values, place) for place in (_TITLE, _TEXT))
    return Said(title, text, f"{part(document['number'])}.pdf", spoken)
