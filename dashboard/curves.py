"""The small curve under a figure, as a picture: what a library takes to draw six of them is felt at each click."""

from collections.abc import Sequence
from decimal import Decimal
from urllib.parse import quote

WIDE, HIGH = 100.0, 30.0  # units of the picture, which is stretched to its place
THIN = 0.4  # share of its room that a bar takes


def curve(values: Sequence[Decimal], colour: str, *, bars: bool) -> str:
    """Return the HTML of some values in order, as bars from zero or as a line; at least two values.

    It is decoration: whoever cannot see it misses no number, so it is hidden from screen readers.
    """
    low, high = min(values), max(values)
    if bars:
        low, high = min(low, Decimal(0)), max(high, Decimal(0))
    step = WIDE / (len(values) if bars else len(values) - 1)
    heights = [_height(value, low, high) for value in values]  # pixels, not money
    if bars:
        drawn = _bars(heights, _height(Decimal(0), low, high), step, colour)
    else:
        points = " ".join(f"{at * step:.1f},{y:.1f}" for at, y in enumerate(heights))
        drawn = (
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" '
            'stroke-linejoin="round" vector-effect="non-scaling-stroke"/>'
        )
    size = f'viewBox="0 -1 {WIDE:.0f} {HIGH + 2:.0f}" preserveAspectRatio="none"'
    svg = quote(
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{drawn}</svg>'
    )  # as a picture: Streamlit drops the tag
    style = f"height: 3.2rem; background: url('data:image/svg+xml,{svg}') 0 0 / 100% 100% no-repeat"
    return f'<div aria-hidden="true" style="{style}"></div>'


def _height(value: Decimal, low: Decimal, high: Decimal) -> float:
    """Return how far below the top of the picture a value stands."""
    return HIGH / 2 if high == low else float((high - value) / (high - low)) * HIGH


def _bars(heights: Sequence[float], ground: float, step: float, colour: str) -> str:
    parts = []
    for at, y in enumerate(heights):
        x, top = (at + (1 - THIN) / 2) * step, min(y, ground)
        tall = max(abs(ground - y), 0.4)  # nothing is a hair, so that its week is seen
        parts.append(f'<rect x="{x:.1f}" y="{top:.1f}" width="{THIN * step:.1f}" height="{tall:.1f}"/>')
    return f'<g fill="{colour}">{"".join(parts)}</g>'
