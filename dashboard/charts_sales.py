"""Charts of sales: what became of each salesperson's deals, and how soon the sales of a month are invoiced and paid."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from dashboard.charts import briefly, calm, money_axis, shortened
from dashboard.theme import palette
from dashboard.words import money, number, percent

ROW = 34  # pixels of a salesperson, or a month


def funnels(
    names: Sequence[str], steps: Mapping[str, Sequence[Decimal]], counts: Mapping[str, Sequence[int]], currency: str
) -> go.Figure:
    """Return a row for each name and a column for each step of the way, all bars in one measure.

    `counts` are the deals behind each amount, of the same steps.
    """
    colours = palette()
    figure = make_subplots(rows=1, cols=len(steps), shared_yaxes=True, horizontal_spacing=0.02)
    most = float(max((a for amounts in steps.values() for a in amounts), default=Decimal(0))) or 1.0
    rows = list(range(len(names)))  # two people may have one name
    for at, (step, paint) in enumerate(zip(steps, ("muted", "accent", "accent", "good"), strict=True), 1):
        said = [money(a, currency, whole=True) for a in steps[step]]
        bar = go.Bar(
            y=rows,
            x=[float(a) for a in steps[step]],
            orientation="h",
            text=[briefly(a) if a else "" for a in steps[step]],
            textposition="outside",
            textfont={"size": 10.5, "color": colours.text},
            customdata=[[n, s, number(c)] for n, s, c in zip(names, said, counts[step], strict=True)],
            marker={"color": getattr(colours, paint), "cornerradius": 3, "opacity": 0.65 if at == 3 else 1},
            hovertemplate="%{customdata[0]} · " + step + ": %{customdata[1]} (%{customdata[2]})<extra></extra>",
            cliponaxis=False,
        )
        figure.add_trace(bar, row=1, col=at)
        # room for the amount beside the longest bar, on a phone too
        figure.update_xaxes(
            range=[0, most * 2.5], showgrid=False, zeroline=False, showticklabels=False, ticks="", side="top",
            title={"text": f"<b>{step}</b>", "font": {"size": 12}, "standoff": 4}, row=1, col=at,
        )  # fmt: skip
    figure = calm(figure, colours, ROW * len(names) + 40)
    figure.update_yaxes(showgrid=False, zeroline=False, ticks="", range=[len(names) - 0.5, -0.5], tickvals=rows,
                        ticktext=[f"{shortened(n, 18)}  " for n in names])  # fmt: skip
    figure.update_yaxes(automargin=True, col=1)
    figure.update_layout(margin={"t": 34}, bargap=0.3)
    return figure


def rows(
    names: Sequence[str], parts: Mapping[str, Sequence[Decimal]], currency: str, paint: Sequence[str]
) -> go.Figure:
    """Return a row for each name, of several parts one after the other; `paint` names a colour for each part.

    The rows are as high as those of `funnels`, so that both read across.
    """
    colours, places = palette(), list(range(len(names)))
    figure = go.Figure(
        [
            go.Bar(
                name=part,
                y=places,
                x=[float(a) for a in amounts],
                orientation="h",
                customdata=[[n, money(a, currency, whole=True)] for n, a in zip(names, amounts, strict=True)],
                marker={"color": getattr(colours, colour), "line": {"width": 0}},
                hovertemplate="%{customdata[0]} · " + part + ": %{customdata[1]}<extra></extra>",
            )
            for (part, amounts), colour in zip(parts.items(), paint, strict=True)
        ]
    )
    figure = calm(figure, colours, ROW * len(names) + 62)
    most = max((sum(column, Decimal(0)) for column in zip(*parts.values(), strict=True)), default=Decimal(0))
    money_axis(figure, Decimal(0), most, currency, "x")
    figure.update_xaxes(gridcolor=colours.line, zerolinecolor=colours.line, ticks="", rangemode="tozero")
    figure.update_yaxes(showgrid=False, zeroline=False, ticks="", range=[len(names) - 0.5, -0.5], tickvals=places,
                        ticktext=[f"{shortened(n, 18)}  " for n in names], automargin=True)  # fmt: skip
    legend = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "traceorder": "normal", "font": {"size": 12}}
    figure.update_layout(barmode="stack", bargap=0.3, showlegend=True, legend=legend, margin={"t": 34, "b": 28})
    return figure


def cohorts(names: Sequence[str], shares: Sequence[Sequence[Decimal | None]], says: str) -> go.Figure:
    """Return a field for each month of sales (a row, named) and each month after it, darker for a larger share.

    A share is of what was won, None where the month is still to come; `says` is what the share is of, for the pointer.
    """
    colours = palette()
    wide = max((len(row) for row in shares), default=0)
    steps = [fill for fill, _ink in colours.shades]
    fills, inks, texts, told, base, across = [], [], [], [], [], []
    for y, (name, row) in enumerate(zip(names, shares, strict=True)):
        for x, share in enumerate(row):
            if share is None:
                continue
            step = min(len(steps) - 1, int(4 * share))
            fills.append(steps[step] if share else colours.ground)
            inks.append(colours.shades[step][1] if share else colours.muted)
            texts.append(percent(share))
            told.append(f"{name} · +{x} · {says}: {percent(share)}")
            base.append(y + 0.04)
            across.append(x)
    figure = go.Figure(
        go.Bar(
            x=across,
            y=[0.92] * len(across),
            base=base,
            width=0.96,
            text=texts,
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            constraintext="none",
            textfont={"size": 11, "color": inks},
            customdata=told,
            marker={"color": fills, "cornerradius": 3, "line": {"width": 0}},
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    figure = calm(figure, colours, ROW * len(names) + 30)
    figure.update_xaxes(tickvals=list(range(wide)), ticktext=[str(n) for n in range(wide)], side="top", showgrid=False,
                        zeroline=False, ticks="", range=[-0.5, max(wide, 1) - 0.5])  # fmt: skip
    figure.update_yaxes(tickvals=[n + 0.5 for n in range(len(names))], ticktext=[f"{n}  " for n in names],
                        range=[len(names), 0], showgrid=False, zeroline=False, ticks="", automargin=True)  # fmt: skip
    figure.update_layout(barmode="overlay", bargap=0, margin={"t": 26, "r": 0})
    return figure
