"""Stripe's form bodies: brackets un-nested, values checked against what a call knows."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl

from extract.sandbox.stripe_errors import invalid, required, unknown

PART = re.compile(r"\[([^\]]*)\]")


def unnested(body: bytes) -> dict[str, Any]:
    """Return the nested values of a form: `a[0][b]=1&c[]=2` is `{"a": [{"b": "1"}], "c": ["2"]}`."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        head, *_ = name.split("[", 1)
        path = [head, *PART.findall(name)]
        node = tree
        for position, part in enumerate(path):
            key = part if part else str(len(node))
            if position == len(path) - 1:
                node[key] = value
            else:
                if not isinstance(node.get(key), dict):
                    node[key] = {}
                node = node[key]
    return {k: _lists(v) for k, v in tree.items()}


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(k.isdigit() for k in node):
        return [_lists(node[k]) for k in sorted(node, key=int)]
    return {k: _lists(v) for k, v in node.items()}


class Form:
    """The values of one call. Asking for one checks it; `Refused` names the parameter."""

    def __init__(self, body: bytes, known: str, needed: str = "") -> None:
        self.values = unnested(body)
        allowed = {*known.split(), *needed.split(), "expand"}
        for name in self.values:
            if name not in allowed:
                raise unknown(name)
        for name in needed.split():
            if self.values.get(name) in (None, ""):
                raise required(name)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str | None:
        """Return a text; None when absent or unset by an empty string."""
        value = self.values.get(name)
        if isinstance(value, dict | list):
            raise invalid(name, f"Invalid string: {value}", "parameter_invalid_string_empty")
        return value or None

    def whole(self, name: str) -> int | None:
        """Return a whole number."""
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(r"-?\d+", value):
            raise invalid(name, f"Invalid integer: {value}", "parameter_invalid_integer")
        return int(value)

    def number(self, name: str) -> Decimal | None:
        """Return a decimal number."""
        value = self.text(name)
        try:
            return None if value is None else Decimal(value)
        except InvalidOperation:
            raise invalid(name, f"Invalid decimal: {value}", "parameter_invalid_decimal") from None

    def flag(self, name: str, default: bool | None = None) -> bool | None:
        """Return true or false."""
        value = self.text(name)
        if value is None:
            return default
        if value not in ("true", "false"):
            raise invalid(name, f"Invalid boolean: {value}", "parameter_invalid_boolean")
        return value == "true"

    def choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        """Return one of `choices`."""
        value = self.text(name)
        if value is not None and value not in choices:
            raise invalid(name, f"Invalid {name}: must be one of {', '.join(choices)}")
        return value

    def rows(self, name: str) -> list[Any]:
        """Return a list; empty when absent or unset."""
        value = self.values.get(name) or []
        if not isinstance(value, list):
            raise invalid(name, "Invalid array", "parameter_invalid_array")
        return value

    def table(self, name: str) -> dict[str, Any]:
        """Return nested values; empty when absent or unset."""
        value = self.values.get(name) or {}
        if not isinstance(value, dict):
            raise invalid(name, "Invalid object", "parameter_invalid_object")
        return value

    def metadata(self, before: dict[str, str]) -> dict[str, str]:
        """Return metadata after the change asked for: empty values take keys away, an empty text takes all."""
        if self.values.get("metadata") == "":
            return {}
        changed = self.values.get("metadata") or {}
        if isinstance(changed, list):  # keys that are all numbers
            changed = {str(n): v for n, v in enumerate(changed)}
        merged = {k: v for k, v in {**before, **changed}.items() if v != ""}
        if len(merged) > 50:
            raise invalid("metadata", "You can specify up to 50 keys.")
        for key, value in merged.items():
            if len(key) > 40:
                raise invalid(
                    f"metadata[{key}]", f"Metadata keys can have up to 40 characters, but you passed in {len(key)}."
                )
            if len(value) > 500:
                raise invalid(
                    f"metadata[{key}]",
                    f"Metadata values can have up to 500 characters, but you passed in {len(value)}.",
                )
        return merged

    def expansions(self) -> tuple[str, ...]:
        """Return the fields to expand."""
        return tuple(self.rows("expand"))
