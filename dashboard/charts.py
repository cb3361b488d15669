"""Charts that show one thing each: quiet axes, money on the marks, colours that colour-blind people tell apart."""

from collections.abc import Sequence
from decimal import Decimal

import plotly.graph_objects as go

from dashboard.read.findings import Total
from dashboard.theme import Palette, palette
from dashboard.words import _, money

QUIET = {"displayModeBar": False, "responsive": True}
FONT = "Source Sans, sans-serif"


def by_check(totals: Sequence[Total], currency: str) -> go.Figure:
    """Return bars of the money at stake in one currency by problem, most on top."""
    colours = palette()
    paint = {"high": colours.bad, "medium": colours.warn, "low": colours.accent}
    worth = [(t, dict(t.amounts).get(currency, Decimal(0))) for t in totals]
    shown = sorted((pair for pair in worth if pair[1]), key=lambda pair: pair[1])[-8:]
    figure = go.Figure(
        go.Bar(
            x=[float(amount) for _t, amount in shown],  # pixels, not money: the label says the amount
            y=[_(t.title) for t, _amount in shown],
            text=[money(amount, currency, whole=True) for _t, amount in shown],
            marker={"color": [paint[t.severity] for t, _amount in shown], "cornerradius": 3},
            orientation="h",
            textposition="auto",
            hovertemplate="%{y}: %{text}<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(automargin=True, showgrid=False, ticksuffix="  ")
    return _calm(figure, colours, 34 * len(shown) + 20)


def _calm(figure: go.Figure, colours: Palette, height: int) -> go.Figure:
    figure.update_layout(
        height=max(height, 80),
        margin={"l": 0, "r": 8, "t": 4, "b": 4},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 13, "color": colours.text},
        bargap=0.35,
        showlegend=False,
        hoverlabel={"font": {"family": FONT}},
        dragmode=False,
    )
    return figure
