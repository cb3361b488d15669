"""Weigh rival explanations against each other: nothing can be used more than once.

An explanation (one payment for these two invoices, say) has a weight: how much likelier it is than no link at all. It
uses a share of each of its rows. Explanations that compete for one row push each other down, round after round, until
no row is used more than whole; two that are equally good end near one half each, and nobody picks between them.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

ROUNDS = 24


def settle(explanations: pl.DataFrame, uses: pl.DataFrame) -> pl.DataFrame:
    """Return `explanations` with the column `sure`, 0 to 1: how sure each is once all rivals are heard.

    explanations: e (0, 1, 2 … in order), chooser (the row that takes one explanation or none), weight (odds against no
    link). uses: e, row (any integer, of either table), share (part of the row that the explanation uses, over 0).
    """
    e = uses["e"].to_numpy()
    row = _dense(uses["row"])
    share = uses["share"].to_numpy().astype(float)
    chooser = _dense(explanations["chooser"])
    weight = explanations["weight"].to_numpy().astype(float)
    count, rows, choosers = len(weight), int(row.max(initial=-1)) + 1, int(chooser.max(initial=-1)) + 1
    pressure = np.zeros(rows)  # logarithm of how much a row is wanted beyond what there is of it
    sure = np.zeros(count)
    for _ in range(ROUNDS):
        push = np.bincount(e, weights=pressure[row], minlength=count)
        odds = weight * np.exp(-push)
        sure = odds / (1.0 + np.bincount(chooser, weights=odds, minlength=choosers)[chooser])
        load = np.bincount(row, weights=sure[e] * share, minlength=rows)
        pressure = np.maximum(pressure + 1.5 * np.log(np.maximum(load, 1e-9)), 0.0)
    return explanations.with_columns(sure=pl.Series(sure))


def _dense(values: pl.Series) -> NDArray[np.int64]:
    """Return the values renumbered 0, 1, 2 … in their order."""
    return (values.rank("dense").cast(pl.Int64) - 1).to_numpy()
