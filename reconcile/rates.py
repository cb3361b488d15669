"""What one currency is worth in another: by the day's published rate, else as payments in the books show."""

import datetime as dt
from bisect import bisect_right

import polars as pl
from duckdb import DuckDBPyConnection

from reconcile import linkable

NEAR = 0.035  # rates move, and banks take a little: amounts within this are the same in another currency
FEWEST = 5  # examples that must agree before the books themselves tell a rate
OLDEST = 10  # days that a published rate stays good

_PUBLISHED = "SELECT currency, on_date, CAST(rate AS DOUBLE) FROM rates WHERE rate > 0 ORDER BY currency, on_date"


class Rates:
    """Published rates against the euro, and rates observed between two currencies."""

    def __init__(
        self, published: dict[str, list[tuple[dt.date, float]]], observed: dict[tuple[str, str], float]
    ) -> None:
        self.published = published
        self.observed = observed

    def rate(self, of: str, into: str, day: dt.date) -> float | None:
        """Return how much of `into` one unit of `of` is worth on `day`; None where nobody says."""
        if of == into:
            return 1.0
        euro_of, euro_into = self._per_euro(of, day), self._per_euro(into, day)
        if euro_of and euro_into:
            return euro_into / euro_of
        return self.observed.get((of, into))

    def pairs(self) -> set[tuple[str, str]]:
        """Return the pairs of currencies between which an amount can be converted."""
        known = sorted({*self.published, "EUR"}) if self.published else []
        return {(a, b) for a in known for b in known if a != b} | set(self.observed)

    def _per_euro(self, currency: str, day: dt.date) -> float | None:
        if currency == "EUR":
            return 1.0
        series = self.published.get(currency, [])
        at = bisect_right(series, day, key=lambda entry: entry[0]) - 1
        return series[at][1] if at >= 0 and (day - series[at][0]).days <= OLDEST else None


def rates(db: DuckDBPyConnection, examples: pl.DataFrame) -> Rates:
    """Return the rates of table `rates` where there is one, and those that the examples agree on.

    examples: of, into (currencies), ratio (amount in `into` for one unit of `of`): pairs of amounts known to belong
    together, one of which may be only a part of the other.
    """
    published: dict[str, list[tuple[dt.date, float]]] = {}
    if linkable.has(db, "rates", "on_date"):
        for currency, day, rate in db.execute(_PUBLISHED).fetchall():
            published.setdefault(currency, []).append((day, rate))
    observed = {}
    for (of, into), group in (
        examples.filter(pl.col("ratio") > 0).sort("of", "into", "ratio").group_by("of", "into", maintain_order=True)
    ):
        middle = _densest(group["ratio"].to_list())
        if middle:
            observed[(str(of), str(into))] = middle
    return Rates(published, observed)


def _densest(ratios: list[float]) -> float | None:
    """Return the middle of the narrow band that holds most of the sorted ratios; None where too few agree.

    Part payments give ratios of a half or a third; full ones are the most, so the densest band is the rate.
    """
    most, start, found = 0, 0, None
    for end, ratio in enumerate(ratios):
        while ratios[start] < ratio / (1 + 2 * NEAR):
            start += 1
        if end - start + 1 > most:
            most, found = end - start + 1, ratios[(start + end) // 2]
    return found if most >= max(FEWEST, len(ratios) // 5) else None
