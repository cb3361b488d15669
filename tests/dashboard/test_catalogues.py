"""Every text of the pages exists in every language that is offered, with the same placeholders."""

import re
from functools import cache

import pytest
from babel.messages import pofile
from babel.messages.catalog import Catalog, Message

from dashboard import labels
from dashboard.texts import HOUSE, Text, texts
from dashboard.theme import invoice_state
from dashboard.words import FOLDER, LANGUAGES, _, speaking
from reconcile.sqlfile import queries

LETTERS = 38  # of a title in the first column of the page To fix
OTHERS = [code for code in LANGUAGES if code != "en"]


@cache
def catalogue(code: str) -> Catalog:
    with (FOLDER / code / "LC_MESSAGES" / "cuadra.po").open("rb") as file:
        return pofile.read_po(file, locale=code)


def forms(message: Message) -> tuple[str, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)


def fields(said: Text) -> set[str]:
    return {field for text in said for field in re.findall(r"\{[^}]*\}", text)}


@pytest.mark.capability("PLUS-13")
@pytest.mark.parametrize("code", OTHERS)
def test_no_text_is_missing(code: str) -> None:
    """`make words` adds what is new to the catalogues; then somebody translates it."""
    there = catalogue(code)
    missing = [key for key in texts() if not ((said := there.get(*key)) and all(forms(said)))]
    assert missing == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_fills_in_what_the_text_does(code: str) -> None:
    """A placeholder lost in translation would lose a number; one too many would break the page."""
    for (text, of), source in texts().items():
        message = catalogue(code).get(text, of)
        assert fields(forms(message)) <= fields(source), text
        if len(source) == 1:
            assert fields(forms(message)) == fields(source), text
        assert forms(message)[0].count("**") == text.count("**"), text


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_title_of_a_problem_fits_its_column(code: str) -> None:
    """The worklist is read down its first column: no title is cut there in any language."""
    titles = [query.header["title"] for query in queries(HOUSE / "checks")]
    with speaking(code):
        assert [_(title) for title in titles if len(_(title)) > LETTERS] == []


@pytest.mark.parametrize("code", OTHERS)
def test_nothing_is_left_of_texts_that_went(code: str) -> None:
    """A catalogue holds what the pages say, nothing else."""
    there = {(message.id if isinstance(message.id, str) else message.id[0], message.context)
             for message in catalogue(code)}  # fmt: skip
    assert there - {("", None)} == set(texts())


@pytest.mark.parametrize(
    ("code", "invoice", "quote"),
    [("es", "Enviada", "Enviado"), ("fr", "Envoyée", "Envoyé"), ("pl", "Wysłana", "Wysłane")],
)
def test_what_is_said_of_an_invoice_has_its_gender(code: str, invoice: str, quote: str) -> None:
    """An invoice is feminine where a quote is not: one English word, two of theirs."""
    with speaking(code):
        assert invoice_state("sent").word == labels.state_word("sent") == invoice
        assert labels.quote_status("published") == quote
