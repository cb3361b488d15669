"""The small curves: what is seen are the values, in order and to scale."""

import re
from decimal import Decimal as D
from urllib.parse import unquote

import pytest

from dashboard.curves import curve


def drawn(values: list[D], bars: bool) -> str:
    return unquote(curve(values, "#123456", bars=bars))


def test_a_line_goes_from_the_top_for_the_most_to_the_bottom_for_the_least() -> None:
    """Three values: left, middle, right; the middle one is the least."""
    assert 'points="0.0,0.0 50.0,30.0 100.0,15.0"' in drawn([D(10), D(0), D(5)], bars=False)


def test_bars_stand_on_zero_and_hang_from_it() -> None:
    """What is below zero hangs under the ground line, and nothing is a hair."""
    rects = re.findall(r'y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', drawn([D(20), D(-10), D(0)], bars=True))
    assert rects == [("0.0", "20.0"), ("20.0", "10.0"), ("20.0", "0.4")]


@pytest.mark.parametrize("bars", [True, False])
def test_values_that_are_all_alike_are_drawn_too(bars: bool) -> None:
    """Nothing is divided by their difference."""
    assert "15.0" in drawn([D(7), D(7)], bars=False)
    assert drawn([D(0), D(0)], bars=bars)
