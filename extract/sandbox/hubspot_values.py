"""What HubSpot accepts as a property's value, and how it keeps it."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from extract.sandbox.hubspot_search import instant

DAY_MS = 86_400_000
Problem = tuple[str, str, str]  # property, code, message
NEEDED = {"tasks": ("hs_timestamp",), "notes": ("hs_timestamp",), "quotes": ("hs_title", "hs_expiration_date")}


def accepted(
    values: dict[str, Any], known: dict[str, dict[str, Any]], kind: str, is_new: bool
) -> tuple[dict[str, str | None], list[Problem]]:
    """Return the values as HubSpot keeps them, and what is wrong with the others."""
    kept: dict[str, str | None] = {}
    problems: list[Problem] = []
    for name, value in values.items():
        definition = known.get(name)
        if definition is None:
            problems.append((name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
            continue
        if definition["modificationMetadata"]["readOnlyValue"]:
            problems.append((name, "READ_ONLY_VALUE", f'"{name}" is a read only property; its value cannot be set'))
            continue
        try:
            kept[name] = kept_as(value, definition)
        except ValueError as error:
            problems.append((name, str(error).partition(": ")[0], str(error).partition(": ")[2]))
    if is_new:
        for name in NEEDED.get(kind, ()):
            if not kept.get(name):
                problems.append((name, "REQUIRED_FIELD", f"Required properties were not set: {name}"))
    return kept, problems


def kept_as(value: Any, definition: dict[str, Any]) -> str | None:
    """Return a value as it is kept; "" and null clear it. Raises ValueError("CODE: message")."""
    if value is None or value == "":
        return None
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    name, kind = definition["name"], definition["type"]
    if kind == "number":
        try:
            Decimal(text)
        except InvalidOperation:
            raise ValueError(f"INVALID_NUMBER: {text} was not a valid number.") from None
    if kind == "date":
        return _date(text, name)
    if kind == "datetime":
        moment = instant(text)
        if moment is None:
            raise ValueError(f"INVALID_DATE: {text} was not a valid date.")
        return _iso(moment)
    if kind in ("enumeration", "bool") and definition["options"]:
        options = [o["value"] for o in definition["options"]]
        for part in text.split(";") if definition["fieldType"] == "checkbox" else [text]:
            if part not in options:
                raise ValueError(f"INVALID_OPTION: {part} was not one of the allowed options: {options}")
    return text


def _date(text: str, name: str) -> str:
    moment = instant(text)
    is_day = len(text) == 10 and text[4] == "-"
    if moment is None or (not is_day and moment % DAY_MS):
        raise ValueError(
            f"INVALID_DATE: {text} is at a time of day that is not midnight UTC; {name} is a date property."
        )
    return _iso(moment)[:10]


def _iso(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"
