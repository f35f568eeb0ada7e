"""The house’s kinds of figure: one template, dots with intervals, bars from zero."""
from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from pages.ui import words
from pages.ui.theme import Palette

if TYPE_CHECKING:
    import plotly.graph_objects as go

LABEL = 28
SPARE = 6  # signs that a first line may have more, where the label is whole then
LEAST_HEIGHT = 132  # below it the title of an axis lies on its numbers
ROOM_PER_SIGN = 0.055  # of the bars' width, for the words beside the longest one: as much as they take on a phone
GIVEN = {"automargin": False}  # with the margin of `gutter`
AXIS_ROOM, TITLE_ROOM = 46, 24  # of the numbers of a horizontal axis and its title; of the title of a vertical one
NUMBERS = {"exponentformat": "B", "minexponent": 6}  # 20,000 as in the words beside it, 2M, never 20k; years as they are
AMOUNTS = {"separatethousands": True}  # of an axis that cannot hold years: 5,000, too


@dataclass(frozen=True)
class Chart:
    """A figure with the (Markdown-safe) sentence above it and its text for screen readers."""

    figure: go.Figure
    sentence: str
    alt: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of a chart: a label, a value, its interval, the words beside it, and whether it is the one spoken of."""

    label: str
    value: float
    text: str
    low: float = math.nan
    high: float = math.nan
    strong: bool = False


def base(
    rows: int = 0, height: int = 320, tall: bool = False, more: dict[str, Any] | None = None,
    axes: tuple[dict[str, Any], dict[str, Any]] = ({}, {}), traces: tuple[Any, ...] = (),
) -> go.Figure:
    """A figure in the house template: no background, light grid, no legend, small margins.

    `more` are further parts of the layout, `axes` of its x and y axis: given here, as `traces`, they cost a tenth of what they
    cost later.
    """
    import plotly.graph_objects as go

    return go.Figure(list(traces), layout={
        "height": max(LEAST_HEIGHT, 64 + (44 if tall else 34) * rows) if rows else height,
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8}, "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "showlegend": False, "hovermode": "closest", "dragmode": False, "bargap": 0.35, "font": {"size": 13},
        "xaxis": {"fixedrange": True, "zeroline": False, "automargin": True, "title": {"standoff": 8}, **NUMBERS} | axes[0],
        "yaxis": {"fixedrange": True, "zeroline": False, "automargin": True, **NUMBERS} | axes[1],
    } | (more or {}))


def titled(text: str, signs: int = 60) -> dict[str, Any]:
    """The title of a horizontal axis."""
    return {"title": {"text": words.label(text, signs), "standoff": 8}}


def upright(x: float, palette: Palette) -> dict[str, Any]:
    """The part of a layout that draws a dotted line from bottom to top at `x`."""
    line = {"color": palette.neutral, "width": 1, "dash": "dot"}
    return {"shapes": [{"type": "line", "x0": x, "x1": x, "yref": "y domain", "y0": 0, "y1": 1, "line": line}]}


def dots(marks: list[Mark], title: str, palette: Palette, zero: bool = False) -> go.Figure:
    """One dot a line with its interval, first on top. `zero` draws a line at zero. Dots of one colour are one trace."""
    names = unique([two_lines(mark.label) for mark in marks])
    sides = [([(name, mark) for name, mark in zip(names, marks, strict=True) if mark.strong == strong], colour)
             for strong, colour in ((False, palette.neutral), (True, palette.accent))]
    return base(
        rows=len(marks), tall=any(len(mark.label) > LABEL for mark in marks), more=upright(0, palette) if zero else {},
        traces=tuple(_dots(lines, colour) for lines, colour in sides if lines), axes=(
            titled(title) | {"nticks": 6} | (AMOUNTS if zero else {}),  # about zero are no years
            {"autorange": "reversed", "showgrid": False, "type": "category", "categoryorder": "array", "categoryarray": names}))


def _dots(lines: list[tuple[str, Mark]], colour: str) -> go.Scatter:
    import plotly.graph_objects as go

    known = [math.isfinite(mark.low) and math.isfinite(mark.high) for _, mark in lines]
    spans = {
        "type": "data", "symmetric": False, "thickness": 2.5, "width": 5, "color": colour,
        "array": [mark.high - mark.value if drawn else 0 for drawn, (_, mark) in zip(known, lines, strict=True)],
        "arrayminus": [mark.value - mark.low if drawn else 0 for drawn, (_, mark) in zip(known, lines, strict=True)]}
    return go.Scatter(
        x=[mark.value for _, mark in lines], y=[name for name, _ in lines], mode="markers",
        marker={"size": 11, "color": colour}, error_x=spans if any(known) else None, cliponaxis=False,
        text=[words.label(mark.text, 90) for _, mark in lines], hovertemplate="%{y}<br>%{text}<extra></extra>")


def bars(marks: list[Mark], title: str, palette: Palette, signs: bool = False) -> go.Figure:
    """Horizontal bars from zero, first on top. With `signs`, blue lowers and orange raises, and the text carries the sign."""
    import plotly.graph_objects as go

    names = unique([two_lines(mark.label) for mark in marks])
    if signs:
        colours = [palette.up if mark.value > 0 else palette.down for mark in marks]
    else:
        colours = [palette.accent if mark.strong else palette.neutral for mark in marks]
    values = [mark.value for mark in marks if math.isfinite(mark.value)] or [0.0]
    low, high = min(0.0, *values), max(0.0, *values)
    room = max(0.3, ROOM_PER_SIGN * max((len(mark.text) for mark in marks), default=0)) * ((high - low) or 1.0)
    return base(
        rows=len(marks), tall=any(len(mark.label) > LABEL for mark in marks),
        traces=(go.Bar(
            x=[mark.value for mark in marks], y=names, orientation="h", marker={"color": colours},
            text=[words.label(mark.text, 24) for mark in marks], textposition="outside", cliponaxis=False,
            constraintext="none", hovertemplate="%{y}: %{text}<extra></extra>"),),
        axes=(titled(title) | {"range": [low - (room if low < 0 else 0), high + room], "nticks": 6},
              {"autorange": "reversed", "showgrid": False}))


def two_lines(text: str) -> str:
    """A long label on two lines, broken at a comma or a space, each cut to fit a phone."""
    if len(text) <= LABEL:
        return words.label(text, LABEL)
    place = text.rfind(", ", 0, LABEL + 2) + 1
    comma = text.find(", ") + 1
    if not place and 0 < comma <= LABEL + SPARE and len(text) - comma <= LABEL:
        place = comma  # somewhat longer, but nothing is cut off: “TotalCharges under 404” was “under 4…”
    place = place or text.rfind(" ", 0, LABEL + 1)
    place = place if place > 0 else LABEL
    return words.label(text[:place], max(place, LABEL + 1)) + "<br>" + words.label(text[place:].lstrip(), LABEL)


def gutter(names: list[str]) -> int:
    """How many pixels the longest of these labels takes beside an axis. A figure whose margins are given is drawn once: Plotly
    finds out its own (`automargin`) by drawing, and draws all of it again."""
    return 12 + math.ceil(max((sum(_width(sign) for sign in name) for name in names), default=0))


def amounts_gutter(values: Iterable[float], ticks: int) -> int:
    """The same for an axis of numbers with a title, that has about as many ticks."""
    known = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    step = (high - low) / ticks or abs(high) or 1.0
    decimals = max(0, -math.floor(math.log10(step)))
    return TITLE_ROOM + gutter([f"{end:,.{min(decimals, 6)}f}" for end in (low - step, high + step)])


def _width(sign: str) -> float:
    """Of one sign of a label, in pixels as Streamlit draws it, rather too much than too little."""
    if sign == "\u200b":
        return 0
    if east_asian_width(sign) in "FW":
        return 12
    if sign in "WM@%—…mw":
        return 10 if sign in "WM" else 9
    return 7.5 if sign.isupper() else 3.4 if sign in "ijlt.,:;|'’ " else 5.9


def unique(names: list[str]) -> list[str]:
    """Plotly merges equal labels of one axis: later ones get spaces."""
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name + "\u200b" * (seen[name] - 1))
    return unique
