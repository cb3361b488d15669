"""Every text of the pages exists in every language that is offered, with the same placeholders."""

import re
from functools import cache

import pytest
from babel.messages import pofile
from babel.messages.catalog import Catalog, Message

from dashboard.texts import Text, texts
from dashboard.words import FOLDER, LANGUAGES

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
    missing = [text for text in texts() if not (there.get(text) and all(forms(there[text])))]
    assert missing == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_fills_in_what_the_text_does(code: str) -> None:
    """A placeholder lost in translation would lose a number; one too many would break the page."""
    for text, source in texts().items():
        message = catalogue(code)[text]
        assert fields(forms(message)) <= fields(source), text
        if len(source) == 1:
            assert fields(forms(message)) == fields(source), text
        assert forms(message)[0].count("**") == text.count("**"), text


@pytest.mark.parametrize("code", OTHERS)
def test_nothing_is_left_of_texts_that_went(code: str) -> None:
    """A catalogue holds what the pages say, nothing else."""
    assert {message.id if isinstance(message.id, str) else message.id[0] for message in catalogue(code)} - {""} == set(
        texts()
    )
