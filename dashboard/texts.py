"""Every text that pages say, for the catalogues: from the code, and titles that SQL files, rules and vendors bring.

`python -m dashboard.texts` brings the catalogues up to date: new texts come in empty, old ones go.
"""

import ast
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages import Catalog, pofile

from dashboard import catalogue
from dashboard.words import FOLDER, LANGUAGES
from extract.vendor import registry
from reconcile import fieldmap, links, mapping
from reconcile.sqlfile import queries

Text = tuple[str, ...]  # one form, or the singular and the plural


class Key(NamedTuple):
    """A text's place in a catalogue: its first form and, where it is said of something, of what."""

    first: str
    of: str | None = None


PAGES = Path(__file__).parent
HOUSE = PAGES.parent / "reconcile"
HEADERS = {"checks": ("title", "why"), "figures": ("title", "formula"), "links": ()}
_MARKED = {"_": 1, "several": 2}  # functions whose first so many arguments are texts
_SENTENCES = ("Sentence", "NotAllowed")


def texts() -> dict[Key, Text]:
    """Return all texts."""
    found = [*_of_pages(), *_of_sentences(), *_of_files()]
    return {Key(text[0]): text for text in found if text[0]} | {key: (key.first,) for key in _of_things()}


def _calls(folder: Path) -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield node.func.id, node


def _of_pages() -> Iterator[Text]:
    # Not Babel's own reader: before Python 3.12 it does not look into f-strings.
    for name, call in _calls(PAGES):
        said = call.args[: _MARKED.get(name, 0)]
        if said and all(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in said):
            yield tuple(str(part.value) for part in said if isinstance(part, ast.Constant))


def _of_things() -> Iterator[Key]:
    for name, call in _calls(PAGES):
        if name == "said_of":
            of, text = (str(part.value) for part in call.args if isinstance(part, ast.Constant))
            yield Key(text, of)


def _of_sentences() -> Iterator[Text]:
    """Yield what plans and refusals say: the texts of their calls, and the tables of texts beside them."""
    for name, call in _calls(HOUSE):
        if name in _SENTENCES:
            for part in (*call.args[:1], *(word.value for word in call.keywords if word.arg == "text")):
                if isinstance(part, ast.Constant):
                    yield (str(part.value),)
    for path in sorted((HOUSE / "actions").glob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
                table = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(table, ast.Name) and table.id in ("_ASKED", "_WRONG", "_SAYS"):
                    yield from ((str(v.value),) for v in node.value.values if isinstance(v, ast.Constant))


def _of_files() -> Iterator[Text]:
    for folder, names in HEADERS.items():
        for query in queries(HOUSE / folder):
            yield from ((query.header[name],) for name in names if query.header.get(name))
    yield from ((field.why,) for fields in fieldmap.FIELDS.values() for field in fields)
    yield from ((why,) for why in mapping.WHY.values())
    for _, title, why in links.rules_in_order():
        yield (title,)
        yield (why,)
    yield from ((entry.evidence,) for entry in catalogue.catalogue())
    yield from ((entry.title,) for entry in (*catalogue.CHANNELS, *catalogue.FILES))
    for vendor in registry().values():
        yield from ((option.says,) for option in vendor.options)
        yield from ((step,) for step in vendor.steps)
        yield from ((said,) for said in vendor.obstacles.values())


def update() -> dict[str, int]:
    """Bring the catalogues up to date; return how many texts of each language wait for a translation."""
    waiting = {}
    for code in LANGUAGES:
        if code == "en":
            continue
        path = FOLDER / code / "LC_MESSAGES" / "cuadra.po"
        path.parent.mkdir(parents=True, exist_ok=True)
        before = pofile.read_po(io.BytesIO(path.read_bytes()), locale=code) if path.exists() else Catalog(locale=code)
        after = Catalog(locale=code, fuzzy=False, header_comment="")
        for key, text in texts().items():
            known = before.get(key.first, key.of)
            after.add(text if len(text) > 1 else key.first, known.string if known else "", context=key.of)
        waiting[code] = sum(not all(_forms(message.string)) for message in after if message.id)
        path.write_bytes(_written(after, code))
    return waiting


def _forms(said: str | tuple[str, ...] | list[str] | None) -> Text:
    return (said or "",) if isinstance(said, str | None) else tuple(said)


def _written(catalogue: Catalog, code: str) -> bytes:
    """Return a catalogue as a file that changes only where a text does: no dates, no names of tools."""
    body = io.BytesIO()
    pofile.write_po(body, catalogue, width=0, omit_header=True)
    head = (
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Language: {code}\\n"\n"Plural-Forms: {catalogue.plural_forms};\\n"\n\n'
    )
    return head.encode() + body.getvalue()


if __name__ == "__main__":
    for code, count in update().items():
        print(f"{code}: {count} texts wait for a translation")
