"""The curve of one column with its band, and what was seen and predicted along it."""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from automl_core.explaining.closer_look import Curve, CurvePoint
from pages.ui import words
from pages.ui.charts import amount
from pages.ui.explain_charts import SHOWN_BARS, unit_of
from pages.ui.figures import AXIS_ROOM, GIVEN, NUMBERS, Chart, Mark, amounts_gutter, base, dots
from pages.ui.theme import Palette

LEAST_SEEN = 10  # rows of a rare level: the mean of fewer is no finding, and one of them would set the scale of all


def curve(item: Curve, palette: Palette) -> Chart:
    """One column’s curve with its band, and below it what was observed and predicted, row counts as the size of dots."""
    if not item.points:
        return Chart(base(height=160), words.plain(item.sentence), "An empty chart.")
    figure = _levels(item, palette) if item.kind == "category" else _line(item, palette)
    said = "; ".join(f"{point.label}: {words.signed(point.effect)}" for point in item.points[:22])
    return Chart(figure, words.plain(item.sentence), f"Effect of {item.column} by value: {said}.")


def _hover(point: CurvePoint, in_points: bool) -> str:
    text = f"{words.label(point.label, 40)}: {words.signed(point.effect)}"
    if math.isfinite(point.low):
        text += f" ({words.signed(point.low)} to {words.signed(point.high)})"
    text += f"<br>{words.count(point.rows, 'row')}"
    if math.isfinite(point.observed):
        text += f"<br>seen {amount(point.observed, in_points)}, predicted {amount(point.predicted, in_points)}"
    return text + ("<br>few rows" if point.thin else "")


def _line(item: Curve, palette: Palette) -> Any:
    """Two panels over one axis: the curve with its band, and what was seen and predicted."""
    points = [point for point in item.points if math.isfinite(point.value)]
    place: Callable[[CurvePoint], Any] = _moment if item.kind == "date" else (lambda point: point.value)
    x = [place(point) for point in points]
    missing = [point for point in item.points if not math.isfinite(point.value)]
    quiet = {"fixedrange": True, "zeroline": False, **NUMBERS, **GIVEN}
    across = quiet | {"showgrid": False, "nticks": 8, "automargin": item.kind == "date"}  # days take two lines
    upper = [end for point in (*points, *missing) for end in (point.effect, point.low, point.high)]
    upper += [end for line in item.lines for end in line]
    lower = [end for point in (*points, *missing) for end in (point.observed, point.predicted)]
    beside = max(amounts_gutter(upper, 5), amounts_gutter(lower, 4))
    wide, aside = _domains(bool(points and missing), quiet)
    figure = base(height=430, more={
        "margin": {"l": beside, "r": 16, "t": 8, "b": AXIS_ROOM},
        "xaxis": across | wide | {"anchor": "y", "matches": "x2", "showticklabels": False},
        "xaxis2": across | wide | {"anchor": "y2", "title": {"text": words.label(item.column, 40), "standoff": 8}},
        "yaxis": quiet | {"anchor": "x", "domain": [0.43, 1], "nticks": 5, "title": {"text": _titled("Effect", item, "points")}},
        "yaxis2": quiet | {"anchor": "x2", "domain": [0, 0.35], "nticks": 4, "title": {"text": _titled("Seen", item, "%")}},
        "shapes": [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": 0, "y1": 0,
                    "line": {"color": palette.neutral, "width": 1, "dash": "dot"}}], **aside})
    figure.add_traces([*_effect(item, points, x, palette), *_seen(item, points, place, palette)])
    if aside:
        figure.add_traces(_apart(item, missing[0], palette))
    return figure


def _moment(point: CurvePoint) -> str:
    """Where a date lies: its moment, for its label may be that of the day alone."""
    return str(np.datetime64(round(86_400_000 * point.value), "ms"))


def _titled(name: str, item: Curve, unit: str) -> str:
    """The title of an upright axis, with the unit of shares; numbers are in units of the target."""
    return f"{name}, {unit}" if item.in_points else name


def _domains(apart: bool, quiet: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """How wide a curve is, and the axes of what has no place on its own: beside a number's last tick it looked like a value."""
    if not apart:
        return {}, {}
    own = quiet | {"domain": [0.85, 1], "range": [-1, 0.5], "tickvals": [0], "ticktext": ["missing"], "showgrid": False}
    return {"domain": [0, 0.8]}, {"xaxis3": own | {"anchor": "y", "showticklabels": False}, "xaxis4": own | {"anchor": "y2"}}


def _apart(item: Curve, point: CurvePoint, palette: Palette) -> list[Any]:
    """The rows where a number or date is missing, beside the curve in both panels: their effect with its band, what was predicted
    (a dash) and seen (a dot)."""
    import plotly.graph_objects as go

    said = {"text": [_hover(point, item.in_points)], "hovertemplate": "%{text}<extra></extra>"}
    colour = palette.neutral if point.thin else palette.accent
    traces = [
        go.Scatter(x=[0], y=[point.effect], mode="markers", xaxis="x3", marker={"size": 9, "symbol": "square", "color": colour},
                   error_y={"type": "data", "symmetric": False, "array": [point.high - point.effect],
                            "arrayminus": [point.effect - point.low], "color": colour, "width": 5}, **said),
        go.Scatter(x=[0], y=[point.predicted], mode="markers", xaxis="x4", yaxis="y2", hoverinfo="skip",
                   marker={"size": 12, "symbol": "line-ew", "line": {"color": palette.accent, "width": 1.5}})]
    if math.isfinite(point.observed):
        traces.append(go.Scatter(x=[0], y=[point.observed], mode="markers", xaxis="x4", yaxis="y2", **said,
                                 marker={"size": 10, "color": palette.up, "opacity": 0.35 if point.thin else 0.9}))
    return traces


def _effect(item: Curve, points: list[CurvePoint], x: list[Any], palette: Palette) -> list[Any]:
    """The curve with its band and, as one trace with gaps, the lines of single rows."""
    import plotly.graph_objects as go

    traces = []
    if item.lines:
        traces.append(go.Scatter(
            x=[value for _ in item.lines for value in [*x, None]], y=[value for line in item.lines for value in [*line, None]],
            mode="lines", line={"color": palette.neutral, "width": 0.7}, opacity=0.25, hoverinfo="skip"))
    traces.append(go.Scatter(x=x, y=[point.low for point in points], mode="lines", line={"width": 0}, hoverinfo="skip"))
    traces.append(go.Scatter(x=x, y=[point.high for point in points], mode="lines", line={"width": 0}, fill="tonexty",
                             fillcolor=_pale(palette.accent), hoverinfo="skip"))
    traces.append(go.Scatter(
        x=x, y=[point.effect for point in points], mode="lines+markers", line={"color": palette.accent, "width": 2.5},
        marker={"size": 6, "color": [palette.neutral if point.thin else palette.accent for point in points]},
        text=[_hover(point, item.in_points) for point in points], hovertemplate="%{text}<extra></extra>"))
    return traces


def _seen(item: Curve, points: list[CurvePoint], place: Callable[[CurvePoint], Any], palette: Palette) -> list[Any]:
    """What was predicted (dashes) and seen (dots, larger with more rows), in the lower panel."""
    import plotly.graph_objects as go

    seen = [point for point in points if math.isfinite(point.observed) and point.rows]
    most = max((point.rows for point in seen), default=1)
    x = [place(point) for point in seen]
    return [
        go.Scatter(x=x, y=[point.predicted for point in seen], mode="lines", hoverinfo="skip", xaxis="x2", yaxis="y2",
                   line={"color": palette.accent, "width": 1.5, "dash": "dash"}),
        go.Scatter(x=x, y=[point.observed for point in seen], mode="markers", xaxis="x2", yaxis="y2",
                   marker={"size": [5 + 9 * math.sqrt(point.rows / most) for point in seen], "color": palette.up,
                           "opacity": [0.35 if point.thin else 0.9 for point in seen]},
                   text=[_hover(point, item.in_points) for point in seen], hovertemplate="%{text}<extra></extra>")]


def _levels(item: Curve, palette: Palette) -> Any:
    import plotly.graph_objects as go

    shown = item.points[: SHOWN_BARS + 1]
    marks = [Mark(f"{words.cut(point.label, 18)} ({point.rows:,})", point.effect, f"{words.signed(point.effect)}", point.low,
                  point.high, not point.thin) for point in shown]
    figure = dots(marks, f"Effect, {unit_of(item)}", palette, zero=True)
    seen = [point for point in item.points if math.isfinite(point.observed) and point.rows]
    mean = sum(point.observed * point.rows for point in seen) / max(1, sum(point.rows for point in seen))
    known = [(name, point) for name, point in zip(figure.layout.yaxis.categoryarray or (), shown, strict=True)
             if math.isfinite(point.observed) and (point.rows >= LEAST_SEEN or not point.thin)]
    figure.add_trace(go.Scatter(
        x=[point.observed - mean for _, point in known], y=[name for name, _ in known], mode="markers",
        marker={"size": 10, "color": palette.up, "symbol": "diamond-open", "line": {"width": 2}},
        text=[_hover(point, item.in_points) for _, point in known], hovertemplate="%{text}<extra></extra>"))
    return figure


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"
