"""Settings changed from a page: checked as the file is, kept with its comments, and told in the audit log."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from reconcile import settings as choices
from reconcile.settings import Settings
from reconcile.state import Entry, state

Changes = Mapping[
    str, Mapping[str, Any]
]  # table of settings.toml → setting → value; "" is what stands above the tables


class Refusal(NamedTuple):
    """Why a setting cannot be so."""

    part: str
    name: str
    value: str
    why: str


class NotSo(Exception):
    """Settings cannot be as wanted; nothing was kept."""

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__("; ".join(f"{r.part}.{r.name}: “{r.value}”: {r.why}" for r in refusals))
        self.refusals = refusals


def keep(data: Path, changes: Changes, who: str) -> dict[str, tuple[Any, Any]]:
    """Keep settings and return what changed, by part.name: before and after. NotSo, keeping nothing, if one is wrong.

    What is not named stays as the file has it now, so that two people who change different things both win.
    """
    settings = choices.load(data)
    made, changed = made_of(settings, changes), dict[str, tuple[Any, Any]]()
    for part, wanted in changes.items():
        old, new = _part(settings, part), _part(made, part)
        for name in wanted:
            if getattr(old, name) != getattr(new, name):
                changed[f"{part}.{name}".lstrip(".")] = getattr(old, name), getattr(new, name)
    if changed:
        choices.save(made, data)
        state(data).record(
            Entry(who=who, action="change_settings", outcome="decided", subject="settings",
                  before={name: said(before) for name, (before, _after) in changed.items()},
                  after={name: said(after) for name, (_before, after) in changed.items()})
        )  # fmt: skip
    return changed


def made_of(settings: Settings, changes: Changes) -> Settings:
    """Return the settings as they would be. NotSo if one is wrong."""
    update: dict[str, Any] = {}
    for part, said_now in changes.items():
        held = _part(settings, part)
        wanted = {name: value for name, value in said_now.items() if getattr(held, name) != value}
        if not part:
            update |= wanted
        elif wanted:
            update[part] = _checked(type(held), part, held.model_dump(exclude_unset=True) | wanted)
    made = settings.model_copy(update=update)
    _checked(Settings, "", made.model_dump(exclude_unset=True))
    return made


def _part(settings: Settings, name: str) -> BaseModel:
    part: BaseModel = getattr(settings, name) if name else settings
    return part


def _checked(kind: type[BaseModel], part: str, values: Mapping[str, Any]) -> Any:
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        refusals = []
        for one in error.errors():
            where = [*filter(None, [part]), *map(str, one["loc"])]
            why = one["msg"].removeprefix("Value error, ")
            refusals.append(Refusal(where[0] if len(where) > 1 else "", where[-1], said(one["input"]), why))
        raise NotSo(refusals) from error


def said(value: Any) -> str:
    """Return a setting as people read it in the log."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, list | tuple):
        return ", ".join(map(said, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {said(inner)}" for name, inner in value.items())
    if isinstance(value, BaseModel):
        return said(value.model_dump(exclude_unset=True))
    return "" if value is None else str(value)
