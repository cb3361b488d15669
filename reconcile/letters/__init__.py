"""Letters to customers, one text file per letter and language: the first line is the subject, the rest the text."""

import string
from collections.abc import Mapping
from importlib.resources import files

LANGUAGES = ("en", "es", "fr", "pl")


def letter(name: str, language: str, values: Mapping[str, str]) -> tuple[str, str]:
    """Return the subject and the text of a letter, in English where it is not written in the language.

    ValueError if the letter has a placeholder that `values` lacks.
    """
    chosen = language if language in LANGUAGES else "en"
    written = (files(__package__) / f"{name}.{chosen}.txt").read_text("utf-8")
    lacking = {part for _, part, _, _ in string.Formatter().parse(written) if part} - set(values)
    if lacking:
        raise ValueError(f"letter {name}.{chosen}: nothing to put in for {', '.join(sorted(lacking))}")
    subject, _, text = written.format_map(values).partition("\n")
    return subject.strip(), text.strip() + "\n"
