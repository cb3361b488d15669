"""Charts over time: receivables by age, the parts of the DSO, and a calendar of the money that is expected."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal

import plotly.graph_objects as go

from dashboard.charts import ages, axes, brief, calm, money_axis
from dashboard.theme import Palette, palette
from dashboard.words import day, money, number, short_day, weekdays

ZERO = Decimal(0)
WEEK = 46  # pixels of a week in the calendar: two lines of small text


def aged(weeks: Sequence[dt.date], parts: Mapping[str, Sequence[Decimal]], currency: str) -> go.Figure:
    """Return what was owed at the end of each week, by age (of charts.BUCKETS), what is not due at the bottom."""
    colours, across = palette(), [short_day(week) for week in weeks]
    figure = go.Figure(
        [
            go.Bar(
                name=name,
                x=across,
                y=[float(a) for a in amounts],
                customdata=[money(a, currency, whole=True) for a in amounts],
                marker={"color": colour, "line": {"width": 0}},
                hovertemplate="%{x} · " + name + ": %{customdata}<extra></extra>",
            )
            for name, amounts, colour in zip(ages(), parts.values(), colours.ages, strict=True)
        ]
    )
    figure = axes(figure, colours, across)
    if len(across) > 12:
        figure.update_xaxes(tickvals=across[::-1][::4][::-1])  # four weeks apart, the last one named
    sums = [sum(column, ZERO) for column in zip(*parts.values(), strict=True)]
    money_axis(figure, min([ZERO, *sums]), max([ZERO, *sums]), currency)
    figure.update_layout(barmode="relative", bargap=0.15, height=300, legend={"traceorder": "normal"})
    return figure


def days_of(
    across: Sequence[str], parts: Mapping[str, Sequence[Decimal | None]], line: tuple[str, Sequence[Decimal | None]]
) -> go.Figure:
    """Return days in two parts, one on the other, and beside them another measure of the same as a dotted line."""
    colours = palette()
    paint = (colours.ages[0], colours.warn)
    figure = go.Figure(
        [
            go.Bar(
                name=name,
                x=list(across),
                y=[None if v is None else float(v) for v in values],
                customdata=[number(v, 1) for v in values],
                marker={"color": colour, "line": {"width": 0}},
                hovertemplate="%{x} · " + name + ": %{customdata}<extra></extra>",
            )
            for (name, values), colour in zip(parts.items(), paint, strict=True)
        ]
    )
    name, values = line
    figure.add_trace(
        go.Scatter(
            name=name,
            x=list(across),
            y=[None if v is None else float(v) for v in values],
            mode="lines+markers",
            line={"color": colours.text, "dash": "dot", "width": 2},
            customdata=[number(v, 1) for v in values],
            hovertemplate="%{x} · " + name + ": %{customdata}<extra></extra>",
        )
    )
    figure = axes(figure, colours, across)
    figure.update_layout(barmode="relative", bargap=0.25)
    return figure


def calendar(
    monday: dt.date, today: dt.date, amounts: Mapping[dt.date, Decimal], currency: str, weeks: int
) -> go.Figure:
    """Return weeks from a Monday, a row each and a field a day: its number and what is expected, darker for more.

    Point n of the figure is the nth day.
    """
    colours = palette()
    days = [monday + dt.timedelta(days=n) for n in range(7 * weeks)]
    most = max(amounts.values(), default=ZERO)
    looks = [_look(amounts.get(d, ZERO), most, d, today, colours) for d in days]
    figure = go.Figure(
        go.Bar(
            x=[n % 7 for n in range(len(days))],
            y=[0.92] * len(days),
            base=[n // 7 + 0.04 for n in range(len(days))],
            width=0.96,
            text=[_field(d, monday, amounts.get(d, ZERO), today, currency) for d in days],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            constraintext="none",
            textfont={"size": 11, "color": [ink for _fill, ink in looks]},
            customdata=[f"{day(d)}: {money(amounts.get(d, ZERO), currency)}" for d in days],
            marker={
                "color": [fill for fill, _ink in looks],
                "line": {"width": [2 if d == today else 0 for d in days], "color": colours.accent},
                "cornerradius": 3,
            },
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    figure = calm(figure, colours, WEEK * weeks + 30)
    figure.update_xaxes(
        tickvals=list(range(7)), ticktext=weekdays(), side="top", showgrid=False, zeroline=False, range=[-0.5, 6.5],
        ticks="", fixedrange=True,
    )  # fmt: skip
    figure.update_yaxes(visible=False, range=[weeks, 0], fixedrange=True)
    figure.update_layout(barmode="overlay", bargap=0, margin={"t": 26, "l": 0, "r": 0, "b": 0})
    return figure


def _look(amount: Decimal, most: Decimal, on: dt.date, today: dt.date, colours: Palette) -> tuple[str, str]:
    """Return fill and ink of a day: four shades for a quarter each of the largest amount."""
    if amount <= 0 or not most:
        return (colours.ground if on >= today else "rgba(0,0,0,0)", colours.muted)
    return colours.shades[min(3, int(4 * amount / most))]


def _field(on: dt.date, monday: dt.date, amount: Decimal, today: dt.date, currency: str) -> str:
    name = short_day(on) if on in (monday, today) or on.day == 1 else str(on.day)
    return f"{name}<br><b>{brief(amount, currency)}</b>" if amount else f"{name}<br> "
