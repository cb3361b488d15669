"""What charts say of themselves: money on their axes, and bars that stand beside the rows of their table."""

from decimal import Decimal

import pytest

from dashboard import charts
from dashboard.parts import tall
from dashboard.read.findings import Total


@pytest.mark.parametrize(
    ("amounts", "lines"),
    [
        ((5, 85_000), ["€0", "€25K", "€50K", "€75K", "€100K"]),
        ((0, 1_900), ["€0", "€500", "€1K", "€1.5K", "€2K"]),
        ((-3, 7), ["€-5", "€-2.5", "€0", "€2.5", "€5", "€7.5"]),
    ],
    ids=["thousands", "steps between thousands", "a credit note"],
)
def test_the_lines_of_a_grid_are_money(amounts: tuple[int, int], lines: list[str]) -> None:
    """In the currency of the chart; they begin below the smallest bar and end above the largest."""
    figure = charts.stacked(["a", "b"], {"open": [Decimal(a) for a in amounts]}, "EUR", ("accent",))
    assert [str(t).replace("-€", "€-") for t in figure.layout.yaxis.ticktext] == lines


def test_bars_beside_each_other_are_measured_alone() -> None:
    """What was expected and what came are not piled up, so the axis ends at the larger of them."""
    figure = charts.beside(["a"], {"then": [Decimal(60)], "came": [Decimal(90)]}, "PLN")
    assert figure.layout.yaxis.tickvals[-1] == 100


def test_a_bar_of_the_bridge_stands_beside_its_row() -> None:
    """As many pixels as the table of the same rows, heading included."""
    names = ["Booked", "Tax", "Billed"]
    figure = charts.waterfall(names, [Decimal(5), Decimal(1), Decimal(6)], [True, False, True], "EUR")
    assert figure.layout.height == tall(3)
    bars = figure.layout.height - figure.layout.margin.t - figure.layout.margin.b
    assert bars / len(names) == 33


def test_weeks_are_named_every_other_time() -> None:
    """Thirteen names would be turned on end; ten people keep theirs."""
    weeks, people = [f"w{n}" for n in range(13)], [f"p{n}" for n in range(10)]
    for across, named in ((weeks, tuple(weeks[::2])), (people, None)):
        figure = charts.stacked(across, {"paid": [Decimal(1)] * len(across)}, "EUR", ("good",))
        assert figure.layout.xaxis.tickvals == named


def test_no_amount_is_cut_beside_a_bar_by_problem() -> None:
    """The longest bar leaves room for an amount; each title stands whole above its bar, from its start."""
    long = "Contact details differ between billing and CRM, and much more"
    totals = [
        Total(str(n), title, "", "high", 1, (("EUR", Decimal(n)),)) for n, title in ((5, long), (9, long), (7, "B"))
    ]
    figure = charts.by_check(totals, "EUR")
    assert figure.layout.xaxis.range[1] >= 1.5 * 9
    assert list(figure.data[0].customdata) == [long, "B", long] and list(figure.data[0].text) == ["€5", "€7", "€9"]
    assert [(said.y, said.text, said.xanchor) for said in figure.layout.annotations] == [
        (0, long, "left"), (1, "B", "left"), (2, long, "left"),
    ]  # fmt: skip
