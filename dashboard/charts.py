"""Charts that show one thing each: quiet axes, money on the marks, colours that colour-blind people tell apart."""

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import lru_cache
from typing import Any, Literal

import plotly.graph_objects as go
import streamlit as st

from dashboard.parts import ROW
from dashboard.read.findings import Total
from dashboard.theme import Palette, palette
from dashboard.words import _, language, money, number, short_money, short_number

# What Plotly offers over a chart is one button, which saves it as a picture.
QUIET = {
    "displaylogo": False, "responsive": True, "modeBarButtons": [["toImage"]],
    "toImageButtonOptions": {"format": "png", "scale": 2, "filename": "cuadra"},
}  # fmt: skip
FONT = "Source Sans, sans-serif"
STEPS = (
    Decimal(1),
    Decimal(2),
    Decimal("2.5"),
    Decimal(5),
    Decimal(10),
)  # between lines of a grid, times a power of ten
MOST_TICKS = 10  # names under bars that stand beside each other without being turned
SOME_TICKS = 7  # as many of more names, so that a phone has room for them


class _Asked:
    """What a figure is made of; the same if it is written the same, in the same language and colours."""

    def __init__(self, make: Callable[..., go.Figure], values: tuple[Any, ...]) -> None:
        self.make, self.values = make, values
        self.key = make, repr(values), language(), palette()

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and other.key == self.key


@lru_cache(maxsize=128)
def _made(asked: _Asked) -> go.Figure:
    return asked.make(*asked.values)


def draw(make: Callable[..., go.Figure], *values: Any, key: str, alt: str) -> None:
    """Show the figure that `make` makes of `values`. It is kept, since making one takes long."""
    st.plotly_chart(_made(_Asked(make, values)), config=QUIET, key=key, alt=alt)


def by_check(totals: Sequence[Total], currency: str) -> go.Figure:
    """Return bars of the money at stake in one currency by problem, most on top."""
    colours = palette()
    paint = {"high": colours.bad, "medium": colours.warn, "low": colours.accent}
    worth = [(t, dict(t.amounts).get(currency, Decimal(0))) for t in totals]
    shown = sorted((pair for pair in worth if pair[1]), key=lambda pair: pair[1])[-8:]
    rows = list(range(len(shown)))
    figure = go.Figure(
        go.Bar(
            x=[float(amount) for _t, amount in shown],  # pixels, not money: the label says the amount
            y=rows,
            customdata=[_(t.title) for t, _amount in shown],
            text=[money(amount, currency, whole=True) for _t, amount in shown],
            marker={"color": [paint[t.severity] for t, _amount in shown], "cornerradius": 3},
            orientation="h",
            textposition="auto",
            hovertemplate="%{customdata}: %{text}<extra></extra>",
            cliponaxis=False,
        )
    )
    # room for the amount beside a bar that is too short for it
    figure.update_xaxes(visible=False, range=[0, 1.6 * max((float(amount) for _t, amount in shown), default=1.0)])
    figure.update_yaxes(visible=False)
    for row, (total, _amount) in zip(rows, shown, strict=True):  # above its bar: beside it, long titles were cut
        figure.add_annotation(x=0, y=row, yshift=18, text=_(total.title), showarrow=False, xanchor="left",
                              font={"size": 12, "color": colours.muted})  # fmt: skip
    return calm(figure, colours, 46 * len(shown) + 20).update_layout(bargap=0.55)


def calm(figure: go.Figure, colours: Palette, height: int) -> go.Figure:
    """Take everything off a figure that says nothing; `height` is in pixels."""
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
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": colours.muted, "activecolor": colours.accent},
    )
    return figure


def flow_names() -> dict[str, str]:
    """Return what the parts of the flow are called."""
    return {"won": _("Won"), "not_invoiced": _("Not invoiced"), "invoiced": _("Invoiced"), "paid": _("Paid"),
            "not_due": _("Not due yet"), "overdue": _("Overdue")}  # fmt: skip


def flow(parts: Mapping[str, Decimal], currency: str) -> go.Figure:
    """Return where the money of won deals is: won → invoiced or not → paid, not due or overdue."""
    colours, told = palette(), flow_names()
    paint = {"won": colours.accent, "not_invoiced": colours.bad, "invoiced": colours.accent, "paid": colours.good,
             "not_due": colours.muted, "overdue": colours.warn}  # fmt: skip
    soft = {"not_invoiced": colours.bad_soft, "invoiced": colours.accent_soft, "paid": colours.good_soft,
            "not_due": colours.line, "overdue": colours.warn_soft}  # fmt: skip
    keys = [key for key in told if parts.get(key)]
    ways = [("won", "not_invoiced"), ("won", "invoiced"), ("invoiced", "paid"), ("invoiced", "not_due"),
            ("invoiced", "overdue")]  # fmt: skip
    ways = [(a, b) for a, b in ways if a in keys and b in keys]
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            node={
                "label": [f"<b>{told[k]}</b><br>{money(parts[k], currency, whole=True)}" for k in keys],
                "color": [paint[k] for k in keys],
                "pad": 26,
                "thickness": 12,
                "line": {"width": 0},
                "hovertemplate": "%{label}<extra></extra>",
            },
            link={
                "source": [keys.index(a) for a, _b in ways],
                "target": [keys.index(b) for _a, b in ways],
                "value": [float(parts[b]) for _a, b in ways],
                "color": [soft[b] for _a, b in ways],
                "hovertemplate": "%{source.label} → %{target.label}<extra></extra>",
            },
            textfont={"family": FONT, "size": 13, "color": colours.text, "shadow": "none"},
        )
    )
    figure = calm(figure, colours, 300)
    figure.update_layout(margin={"t": 28, "b": 12, "l": 4, "r": 4})
    return figure


BUCKETS = ("not_due", "1_30", "31_60", "61_90", "90_plus")


def ages() -> tuple[str, ...]:
    """Return the names of BUCKETS."""
    return (_("Not due"), "1–30", "31–60", "61–90", "90+")


def ageing(parts: Mapping[str, Decimal], currency: str) -> go.Figure:
    """Return bars of open invoices by days past their due date."""
    colours = palette()
    told = ages()
    amounts = [parts.get(bucket, Decimal(0)) for bucket in BUCKETS]
    figure = go.Figure(
        go.Bar(
            x=list(told),
            y=[float(a) for a in amounts],
            text=[money(a, currency, whole=True) for a in amounts],
            textposition="outside",
            marker={"color": list(colours.ages), "cornerradius": 4, "line": {"width": 0}},
            hovertemplate="%{x}: %{text}<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.update_yaxes(visible=False, rangemode="tozero")
    figure.update_xaxes(showgrid=False, type="category", ticks="")
    figure = calm(figure, colours, 340)
    figure.update_layout(margin={"t": 24})
    return figure


def waterfall(names: Sequence[str], amounts: Sequence[Decimal], totals: Sequence[bool], currency: str) -> go.Figure:
    """Return the steps from one sum to another, from top to bottom: each bar begins where the one before ended."""
    colours = palette()
    rows = list(range(len(names)))  # a step may come twice, so the names cannot be the places
    figure = go.Figure(
        go.Waterfall(
            y=rows,
            x=[float(a) for a in amounts],
            orientation="h",
            measure=["absolute" if total else "relative" for total in totals],
            text=[money(a, currency, whole=True) for a in amounts],
            textposition="auto",
            textfont={"size": 12},
            constraintext="none",
            customdata=list(names),
            increasing={"marker": {"color": colours.good}},
            decreasing={"marker": {"color": colours.bad}},
            totals={"marker": {"color": colours.accent}},
            connector={"line": {"color": colours.line, "width": 1}},
            hovertemplate="%{customdata}: %{text}<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(
        showgrid=False, zeroline=False, automargin=True, tickvals=rows, ticktext=[f"{name}  " for name in names],
        range=[len(names) - 0.5, -0.5], ticks="",
    )  # fmt: skip
    figure = calm(figure, colours, ROW * (len(names) + 1) + 2)  # as high as its table: each bar beside its row
    figure.update_layout(margin={"t": ROW + 1, "b": 1, "l": 0, "r": 60})
    return figure


def stacked(
    across: Sequence[str], parts: Mapping[str, Sequence[Decimal]], currency: str, paint: Sequence[str]
) -> go.Figure:
    """Return bars of several parts, one on the other; `paint` names a colour of the palette for each part."""
    colours = palette()
    figure = go.Figure(
        [
            go.Bar(
                name=name,
                x=list(across),
                y=[float(a) for a in amounts],
                customdata=[money(a, currency, whole=True) for a in amounts],
                marker={"color": getattr(colours, colour), "line": {"width": 0}},
                hovertemplate="%{x} · " + name + ": %{customdata}<extra></extra>",
            )
            for (name, amounts), colour in zip(parts.items(), paint, strict=True)
        ]
    )
    figure = axes(figure, colours, across)
    piled = [sum((v for v in column if v > 0), Decimal(0)) for column in zip(*parts.values(), strict=True)]
    sunk = [sum((v for v in column if v < 0), Decimal(0)) for column in zip(*parts.values(), strict=True)]
    money_axis(figure, min(sunk, default=Decimal(0)), max(piled, default=Decimal(0)), currency)
    figure.update_layout(barmode="stack")
    return figure


def money_axis(figure: go.Figure, low: Decimal, high: Decimal, currency: str, along: Literal["x", "y"] = "y") -> None:
    """Write the lines of the grid as money: a bare "80k" says of nothing how much."""
    if high <= low:
        return
    rough = (high - low) / 4
    power = Decimal(10) ** rough.adjusted()
    step = next(s * power for s in STEPS if s * power >= rough)
    first = int((low / step).to_integral_value(ROUND_FLOOR))
    last = int((high / step).to_integral_value(ROUND_CEILING))
    ticks = [step * n for n in range(first, last + 1)]
    told = {"tickvals": [float(t) for t in ticks], "ticktext": [short_money(t, currency) for t in ticks]}
    (figure.update_xaxes if along == "x" else figure.update_yaxes)(**told)


def brief(amount: Decimal, currency: str) -> str:
    """Return an amount that has to fit into a small place: "€34.3K", and below a thousand "€292"."""
    return money(amount, currency, whole=True) if abs(amount) < 1000 else short_money(amount, currency)


def briefly(amount: Decimal) -> str:
    """Return an amount without its currency, where that stands beside the chart: "34.3K", from a hundred on "287K"."""
    if abs(amount) < 1000:
        return number(amount)
    return short_number(amount, 0 if abs(amount) >= 100_000 else 1)


def beside(across: Sequence[str], parts: Mapping[str, Sequence[Decimal]], currency: str) -> go.Figure:
    """Return pairs of bars: what was expected beside what came."""
    figure = stacked(across, parts, currency, ("accent", "good"))
    every = [amount for amounts in parts.values() for amount in amounts]
    money_axis(figure, min([Decimal(0), *every]), max([Decimal(0), *every]), currency)
    figure.update_layout(barmode="group", bargap=0.25)
    return figure


def counted(across: Sequence[str], parts: Mapping[str, Sequence[Decimal]]) -> go.Figure:
    """Return pairs of bars that count things."""
    colours = palette()
    figure = go.Figure(
        [
            go.Bar(
                name=name,
                x=list(across),
                y=[int(v) for v in values],
                marker={"color": colour, "line": {"width": 0}},
                hovertemplate="%{x} · " + name + ": %{y}<extra></extra>",
            )
            for (name, values), colour in zip(parts.items(), (colours.warn, colours.good), strict=True)
        ]
    )
    figure = axes(figure, colours, across)
    figure.update_layout(barmode="group", bargap=0.25)
    return figure


def spread(across: Sequence[str], counts: Sequence[int]) -> go.Figure:
    """Return bars of how many fall into each class, the number on each; the first class is the good one."""
    colours = palette()
    figure = go.Figure(
        go.Bar(
            x=list(across),
            y=list(counts),
            text=[number(count) for count in counts],
            textposition="outside",
            marker={"color": [colours.good] + [colours.warn] * (len(across) - 1), "cornerradius": 4},
            hovertemplate="%{x}: %{text}<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.update_yaxes(visible=False, rangemode="tozero")
    figure.update_xaxes(showgrid=False, type="category", ticks="")
    figure = calm(figure, colours, 240)
    figure.update_layout(margin={"t": 24})
    return figure


def axes(figure: go.Figure, colours: Palette, across: Sequence[str]) -> go.Figure:
    """Give a figure quiet axes, what is `across` as the names under it, and a legend above."""
    figure = calm(figure, colours, 280)
    figure.update_xaxes(showgrid=False, type="category", ticks="", automargin=True)
    if len(across) > MOST_TICKS:  # weeks or months: some of them, level, are read faster than all of them on end
        figure.update_xaxes(tickvals=list(across)[:: -(-len(across) // SOME_TICKS)])
    figure.update_yaxes(gridcolor=colours.line, zerolinecolor=colours.line, rangemode="tozero", nticks=5)
    # hung from its lower edge: on a phone its entries stand one above the other, and push the bars down
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "xanchor": "left", "font": {"size": 12}}
    figure.update_layout(showlegend=True, legend=legend, margin={"t": 10, "l": 8})
    return figure


def ranked(names: Sequence[str], amounts: Sequence[Decimal], currency: str) -> go.Figure:
    """Return bars of the largest, most on top."""
    colours = palette()
    figure = go.Figure(
        go.Bar(
            x=[float(a) for a in amounts][::-1],
            y=[shortened(n) for n in names][::-1],
            text=[money(a, currency, whole=True) for a in amounts][::-1],
            marker={"color": colours.accent, "cornerradius": 3},
            orientation="h",
            textposition="auto",
            hovertemplate="%{y}: %{text}<extra></extra>",
            cliponaxis=False,
        )
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(automargin=True, showgrid=False, ticksuffix="  ", type="category")
    return calm(figure, colours, 30 * len(names) + 20)


def shortened(name: str, most: int = 26) -> str:
    """Return a name of at most so many letters, for the margin of a chart."""
    return name if len(name) <= most else name[: most - 1] + "…"
