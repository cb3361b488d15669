"""A form of settings: each is asked by the widget that its type wants, explained, and read back as its value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import streamlit as st
from pydantic.fields import FieldInfo

from dashboard import said, session, words
from dashboard.choosing import Changes, NotSo, Refusal, keep
from dashboard.parts import plain
from dashboard.words import _
from reconcile.settings import Settings

MOST = 100_000  # of a whole number that says no limit of its own


@dataclass(frozen=True, eq=False)
class Ask:
    """One setting as a person is asked for it."""

    part: str  # table of settings.toml, "" for what stands above the tables
    name: str
    label: str
    help: str = ""
    options: Mapping[str, str] | None = None  # what may be chosen, with its words
    is_share: bool = False  # kept as 0.005, asked as 0.5 %
    is_long: bool = False


def fields(asks: Sequence[Ask], columns: int = 2) -> dict[Ask, Any]:
    """Show the settings as they stand, side by side; return what stands in the widgets."""
    settings, typed = session.settings(), dict[Ask, Any]()
    for at in range(0, len(asks), columns):
        for column, ask in zip(st.columns(columns, vertical_alignment="top"), asks[at : at + columns], strict=False):
            with column:
                typed[ask] = _field(ask, settings)
    return typed


def key(ask: Ask) -> str:
    """Return the key of a setting's widget."""
    return f"set-{ask.part}-{ask.name}"


def _field(ask: Ask, settings: Settings) -> Any:
    held = getattr(settings, ask.part) if ask.part else settings
    value, known = getattr(held, ask.name), type(held).model_fields[ask.name]
    more: dict[str, Any] = {"key": key(ask), "help": ask.help or None}
    if ask.options is not None:
        options = dict(ask.options) if value in ask.options else {value: str(value), **ask.options}
        return st.selectbox(
            ask.label, list(options), list(options).index(value), format_func=options.__getitem__, **more
        )
    if isinstance(value, bool):
        return st.toggle(ask.label, value, **more)
    if isinstance(value, int):
        return int(st.number_input(ask.label, _bound(known, "ge", 0), _bound(known, "le", MOST), value, **more))
    if isinstance(value, Decimal):
        shown = value * 100 if ask.is_share else value
        return st.text_input(ask.label + (" (%)" if ask.is_share else ""), words.typed(shown), **more)
    if isinstance(value, list):
        return st.text_area(ask.label, "\n".join(value), **more)
    if isinstance(value, Mapping):
        return st.text_area(ask.label, "\n".join(f"{name} = {_plain(inner)}" for name, inner in value.items()), **more)
    return (st.text_area if ask.is_long else st.text_input)(ask.label, value, **more)


def _bound(known: FieldInfo, name: str, otherwise: int) -> int:
    return next((int(getattr(m, name)) for m in known.metadata if getattr(m, name, None) is not None), otherwise)


def changes(typed: Mapping[Ask, Any]) -> Changes:
    """Return what was typed as settings. NotSo where a text is no amount or no pair."""
    made: dict[str, dict[str, Any]] = {}
    settings = session.settings()
    for ask, value in typed.items():
        held = getattr(getattr(settings, ask.part) if ask.part else settings, ask.name)
        made.setdefault(ask.part, {})[ask.name] = _read(ask, held, value)
    return made


def _read(ask: Ask, held: Any, typed: Any) -> Any:
    if isinstance(held, Decimal):
        return _amount(ask, typed) / (100 if ask.is_share else 1)
    if isinstance(held, list):
        return [line.strip() for line in typed.splitlines() if line.strip()]
    if isinstance(held, Mapping):
        pairs = [line.partition("=") for line in typed.splitlines() if line.strip()]
        return {name.strip(): _amount(ask, value) for name, _equal, value in pairs}
    return typed.strip() if isinstance(typed, str) else typed


def _amount(ask: Ask, text: str) -> Decimal:
    try:
        return Decimal(text.strip().replace(",", "."))
    except InvalidOperation as error:
        refusal = Refusal(ask.part, ask.name, text, _("not an amount; write it like 1250.50"))
        raise NotSo([refusal]) from error


def save(typed: Mapping[Ask, Any]) -> None:
    """Keep what was typed, say so, and draw the page anew; what is wrong is said in place and nothing is kept."""
    try:
        changed = keep(session.data(), changes(typed), session.who())
    except NotSo as error:
        refused(error, list(typed))
        return
    said.say("success" if changed else "info", _("Saved.") if changed else _("Nothing was changed."))
    st.rerun()


def refused(error: NotSo, asks: Sequence[Ask]) -> None:
    """Say which setting cannot be as it was typed, and why."""
    labels = {ask.name: ask.label for ask in asks}
    for one in error.refusals:
        told = _("“{setting}” cannot be “{value}”: {why}. Nothing was saved.")
        label = labels.get(one.name, one.name)
        st.error(told.format(setting=plain(label), value=plain(one.value), why=plain(one.why)), icon=":material/error:")


def _plain(value: Any) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
