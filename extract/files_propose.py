"""Makes a profile of what a file seems to be, and asks what cannot be told.

A question's key is stable, so that a page can ask it and a command can be given it: `table`, `currency`, `dates:Date`,
`decimal:Amount`, `value:status:Engaging`, `column:Colour`, `account`. What is not required has an answer of its own.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from extract import headings
from extract.files_errors import FileError
from extract.files_map import is_dated, is_money, is_numeric
from extract.files_sniff import NEEDS, Sniffed, unknown_values
from extract.model import TABLES, columns
from extract.profiles import Profile, Target

LEAVE_OUT = "-"
# Rows of files without a name of their own: the same system's next file replaces them, whatever it is called.
VENDORS = {"deals": "crm", "quotes": "crm", "owners": "crm", "customers": "crm", "products": "crm",
           "invoices": "billing", "lines": "billing", "bills": "billing", "payments": "bank"}  # fmt: skip
# Without an id column: what tells rows apart. The first set of which the file has all.
_ID_BY: dict[str, tuple[tuple[str, ...], ...]] = {
    "deals": (("reference",), ("title", "customer_name"), ("title",)),
    "quotes": (("number",),),
    "invoices": (("series", "number"), ("number",)),
    "customers": (("name",), ("legal_name",)),
    "products": (("sku",), ("name",)),
    "owners": (("name",), ("email",)),
    "lines": (("document_id",),),
}
_SHARED = frozenset({"lines", "deals"})  # several rows may have the same of these ids: they are numbered
_NAMED = ("deals", "quotes", "invoices")
_CONTACT = ("tax_id", "email", "phone", "street", "city", "region", "postcode", "country", "iban")
_MONEY = frozenset({"deals", "quotes", "invoices", "payments", "products"})  # lines have their document's currency


class Question(NamedTuple):
    """What only a person knows."""

    key: str
    text: str
    choices: tuple[str, ...] = ()
    suggestion: str = ""
    required: bool = True


def propose(
    found: Sniffed, answers: Mapping[str, str] | None = None, *, name: str = "", table: str | None = None
) -> tuple[Profile | None, tuple[Question, ...]]:
    """Return the profile that reads a file, and what is still open; None while a required answer is missing.

    Raises FileError where an answer cannot be.
    """
    given = dict(answers or {})
    table = table or given.get("table")
    if table and table not in TABLES:
        raise FileError(found.path, f"there is no table {table!r}; there are {', '.join(TABLES)}.")
    candidate = found.candidate(table)
    if candidate is None:
        likely = tuple(c.table for c in found.candidates) or tuple(NEEDS)
        return None, (Question("table", "What does a row of this file stand for?", likely, likely[0]),)
    chosen = _chosen(found, candidate.table, dict(candidate.columns), given)
    questions = _questions(found, candidate.table, chosen, given)
    missing = _missing(candidate.table, chosen)
    if missing:
        raise FileError(found.path, f"cannot be read as {candidate.table}: no column for {missing}. {_seen(found)}")
    if any(q.required for q in questions):
        return None, questions
    return _profile(found, candidate.table, chosen, given, name), questions


def _seen(found: Sniffed) -> str:
    return f"Its headings: {', '.join(found.headings[:30])}."


def _chosen(found: Sniffed, table: str, made: dict[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return our column -> heading after the answers."""
    for key, column in given.items():
        heading = key.removeprefix("column:")
        if heading == key:
            continue
        if heading not in found.headings:
            raise FileError(found.path, f"has no heading {heading!r}. {_seen(found)}")
        made = {c: h for c, h in made.items() if h != heading}
        if column != LEAVE_OUT:
            made[column] = heading
    if table in _NAMED and "customer_id" not in made and "customer_name" in made:
        made["customer_id"] = made["customer_name"]
    if table == "deals" and "status" not in made and "stage" in made and "is_won" not in made:
        made["status"] = made["stage"]
    return made


def _missing(table: str, made: Mapping[str, str]) -> str:
    return next((" or ".join(sorted(g)) for g in NEEDS.get(table, ()) if not g & made.keys()), "")


# Questions


def _questions(found: Sniffed, table: str, made: dict[str, str], given: Mapping[str, str]) -> tuple[Question, ...]:
    asked: list[Question] = []
    used = set(made.values())
    for heading, what in found.unclear.items():
        wanted = is_dated if what == "dates" else is_numeric
        if any(h == heading and wanted(table, column) for column, h in made.items()):
            asked.append(_dialect(found, heading, what))
    if table in _MONEY and not _currency(found, table, made):
        text = "Which currency are the amounts in? The file does not say."
        asked.append(Question("currency", text, ("EUR", "USD", "GBP", "PLN", "MXN")))
    for column, heading in made.items():
        for text in unknown_values(found, table, column, heading):
            known = next((c.choices for c in columns(table) if c.name == column), ())
            likely = "open" if table == "deals" else ""
            ask = f"What does {text!r} in {heading!r} mean?"
            asked.append(Question(f"value:{column}:{text}", ask, (*known, "drop"), likely))
    if table == "payments" and "account" not in made and "id" not in made and not found.account:
        text = "Which account is this the statement of? Then other files of it are not counted twice."
        asked.append(Question("account", text, required=False))
    for heading in found.headings:
        if heading not in used and found.evidence[heading].filled:
            near = headings.suggested(table, heading) or LEAVE_OUT
            text = f"{heading!r} is not recognised. Which column is it? It is left out otherwise."
            asked.append(Question(f"column:{heading}", text, (LEAVE_OUT,), near, required=False))
    return tuple(q for q in asked if q.key not in given)


def _dialect(found: Sniffed, heading: str, what: str) -> Question:
    examples = ", ".join(list(found.evidence[heading].distinct)[:3])
    if what == "dates":
        text = f"Are the dates in {heading!r} ({examples}) day first or month first?"
        return Question(f"dates:{heading}", text, ("dmy", "mdy"))
    return Question(
        f"decimal:{heading}", f"Is the decimal mark in {heading!r} ({examples}) a comma or a point?", (",", ".")
    )


def _currency(found: Sniffed, table: str, made: Mapping[str, str]) -> str | None:
    """Return the one currency of the file; `each` where the rows say it; None where nothing does."""
    if "currency" in made:
        return "each"
    told = {u for h in made.values() if (u := headings.unit(h)) and u != "UTC"}
    if len(told) == 1:
        return told.pop()
    if any(found.evidence[h].currencies for c, h in made.items() if is_money(table, c)):
        return "each"
    return found.currency or None


# The profile


def _profile(found: Sniffed, table: str, made: dict[str, str], given: Mapping[str, str], name: str) -> Profile:
    vendor = given.get("vendor") or (
        "payments" if table == "payments" and "id" in made else VENDORS.get(table, "files")
    )
    dates_of = found.dates_of | {k.removeprefix("dates:"): v for k, v in given.items() if k.startswith("dates:")}
    decimal_of = found.decimal_of | {
        k.removeprefix("decimal:"): v for k, v in given.items() if k.startswith("decimal:")
    }
    told: dict[str, Any] = {
        "name": name or f"{vendor}-{table}",
        "vendor": vendor,
        "headings": found.headings,
        "sheet": found.grid.sheet if found.grid and len(found.grid.sheets) > 1 else "",
        "decimal": given.get("decimal") or found.decimal,
        "decimal_of": decimal_of,
        "dates": given.get("dates") or found.dates,
        "dates_of": dates_of,
    }
    try:
        return Profile(**told, tables=tuple(_targets(found, table, made, given)))
    except ValidationError as error:
        raise FileError(found.path, error.errors()[0]["msg"].removeprefix("Value error, ") + ".") from error


def _targets(found: Sniffed, table: str, made: dict[str, str], given: Mapping[str, str]) -> list[Target]:
    constants = {}
    currency = given.get("currency") or _currency(found, table, made)
    if table in _MONEY and currency and currency != "each":
        constants["currency"] = currency
    account = given.get("account") or found.account
    if table == "payments" and "account" not in made and account:
        constants["account"] = account
    own = {c: h for c, h in made.items() if c not in ("id", "product")}
    main = Target(
        table=table, columns=own, constants=constants, values=_values(given), id=(ids := _ids(table, made)),
        numbered=table in _SHARED and "id" not in made,
    )  # fmt: skip
    return [main, *_side_targets(found, main, made, ids, constants)]


def _values(given: Mapping[str, str]) -> dict[str, dict[str, str]]:
    answer: dict[str, dict[str, str]] = {}
    for key, value in given.items():
        if found := re.fullmatch(r"value:(\w+):(.*)", key, re.S):
            answer.setdefault(found[1], {})[found[2]] = value
    return answer


def _ids(table: str, made: Mapping[str, str]) -> tuple[str, ...]:
    if "id" in made:
        return (made["id"],)
    for columns_ in _ID_BY.get(table, ()):
        if all(c in made for c in columns_):
            return tuple(made[c] for c in columns_)
    return ()


def _side_targets(
    found: Sniffed, main: Target, made: dict[str, str], ids: tuple[str, ...], constants: dict[str, str]
) -> list[Target]:
    """Return what else the rows say: the customer's data, the lines of the document."""
    sides = []
    if main.table in _NAMED and "customer_name" in made:
        known = headings.assigned("customers", tuple(found.headings))
        contact = {c: made.get(f"customer_{c}") or known.get(c) for c in _CONTACT}
        kept = {c: h for c, h in contact.items() if h and h not in _spoken_for(made)}
        if kept:
            sides.append(
                Target(table="customers", columns={"name": made["customer_name"]} | kept, id=(made["customer_id"],))
            )
    lines = headings.assigned("lines", tuple(h for h in found.headings if h not in _spoken_for(made)))
    if main.table == "invoices" and "quantity" in lines and {"unit_price", "net"} & lines.keys():
        kept = {c: h for c, h in lines.items() if c not in ("id", "document_id", "document", "currency")}
        if "description" in made:
            kept.setdefault("description", made["description"])
        if "currency" in made:
            kept["currency"] = made["currency"]
        kept["document_id"] = ids[0]
        sides.append(
            Target(table="lines", columns=kept, constants=constants | {"document": "invoice"}, id=ids, numbered=True)
        )
    if main.table == "deals" and "product" in made and len(ids) == 1 and not main.numbered:
        kept = {"document_id": ids[0], "product_id": made["product"], "description": made["product"]}
        kept |= {c: h for c, h in lines.items() if c in ("quantity", "unit_price", "discount_rate")}
        kept |= {"currency": made["currency"]} if "currency" in made else {}
        sides.append(Target(table="lines", columns=kept, constants=constants | {"document": "deal"}, id=ids))
    return sides


def _spoken_for(made: Mapping[str, str]) -> set[str]:
    shared = {"customer_name", "customer_tax_id", "customer_email", "customer_id", "description"}
    return {h for c, h in made.items() if c not in shared}


def free_name(wanted: str, folder: Path) -> str:
    """Return a profile name that is not taken: the one wanted, else with a number behind it."""
    taken = {p.stem for p in folder.glob("*.toml")} if folder.is_dir() else set()
    return next(n for n in (wanted, *(f"{wanted}-{i}" for i in range(2, 1000))) if n not in taken)
