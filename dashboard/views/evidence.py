"""Evidence in words: what was compared, what agreed, and both values where it did not."""

import streamlit as st

from dashboard import labels
from dashboard.parts import plain, value
from dashboard.read import Row
from dashboard.words import _


def show(reasons: list[Row]) -> None:
    """Show differences as a table with both values, then what agreed as one line."""
    differing = [r for r in reasons if r.get("agrees") is False]
    agreeing = [r for r in reasons if r.get("agrees")]
    if differing:
        lines = [
            f"| {labels.evidence(r['code'])} | {_shown(r.get('left'))} | {_shown(r.get('right'))} |" for r in differing
        ]
        st.markdown(f"| {_('Difference')} | {_('Here')} | {_('There')} |\n|:--|:--|:--|\n" + "\n".join(lines))
    if agreeing:
        st.caption(":green[:material/check:] " + " · ".join(sentence(r) for r in agreeing))


def sentence(reason: Row) -> str:
    """Return one reason as a few words, e.g. "Invoice number in the text: F-2026-0007"."""
    left, right = reason.get("left"), reason.get("right")
    said = labels.evidence(reason["code"])
    if left in (None, "") and right in (None, ""):
        return said
    if left == right or right in (None, ""):
        return f"{said}: {_shown(left)}"
    return (
        f"{said}: {_shown(left)} = {_shown(right)}"
        if reason.get("agrees")
        else f"{said}: {_shown(left)} ≠ {_shown(right)}"
    )


def _shown(said: object) -> str:
    return plain(value(said)) if said not in (None, "") else "–"
