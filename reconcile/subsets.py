"""Which of several open amounts add up to one payment: bounded search that says when it gave up.

The amounts are halved into two groups; the sums of one half are looked up among the sums of the other, so that twenty
open invoices cost a thousand sums a side and not a million.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FEW = 8  # amounts whose sums are written out: that many cost less than looking them up
MOST_AMOUNTS = 20  # open amounts searched at once; more are cut to the likeliest, by the caller
MOST_PARTS = 12  # amounts in one sum
MOST_ANSWERS = 40  # sums that fit; more of them mean that nothing is told


class Sums(NamedTuple):
    """The sets of positions that add up, and whether some were left out."""

    sets: list[tuple[int, ...]]
    gave_up: bool


def adding_up(amounts: list[int], low: int, high: int, fewest: int = 2) -> Sums:
    """Return every set of at least `fewest` positions whose amounts add up to between low and high, both included.

    All in the same unit, all amounts over 0. ValueError for more than `MOST_AMOUNTS` amounts.
    """
    if len(amounts) > MOST_AMOUNTS:
        raise ValueError(f"{len(amounts)} amounts; at most {MOST_AMOUNTS} can be searched")
    if len(amounts) <= FEW and (few := _of_few(amounts, low, high, fewest)) is not None:
        return few
    half = len(amounts) // 2
    left, right = _sums(amounts[:half]), _sums(amounts[half:])
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    first = np.searchsorted(ordered, low - left, side="left")
    last = np.searchsorted(ordered, high - left, side="right")
    sets, gave_up = [], False
    for a in np.flatnonzero(last > first):
        for at in range(int(first[a]), int(last[a])):
            found = _positions(int(a), 0) + _positions(int(order[at]), half)
            if fewest <= len(found) <= MOST_PARTS:
                sets.append(found)
            if len(sets) >= MOST_ANSWERS:
                return Sums(sorted(sets), True)
    return Sums(sorted(sets), gave_up)


def _of_few(amounts: list[int], low: int, high: int, fewest: int) -> Sums | None:
    """Return the same for few amounts; None where too many sets fit."""
    sums = [0]
    for amount in amounts:
        sums += [each + amount for each in sums]
    fitting = [bits for bits, each in enumerate(sums) if low <= each <= high and bits.bit_count() >= fewest]
    if len(fitting) >= MOST_ANSWERS:
        return None
    return Sums(sorted(_positions(bits, 0) for bits in fitting), False)


def _sums(amounts: list[int]) -> NDArray[np.int64]:
    """Return the sum of each of the 2^n sets; the bits of the position say which amounts are in."""
    sums = np.zeros(1, dtype=np.int64)
    for amount in amounts:
        sums = np.concatenate([sums, sums + amount])
    return sums


@cache  # as many as there are sets of half of the amounts
def _positions(bits: int, offset: int) -> tuple[int, ...]:
    return tuple(offset + at for at in range(bits.bit_length()) if bits >> at & 1)
