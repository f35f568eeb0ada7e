"""Pilots and decisions to charts: pure functions, as in `charts`."""
from __future__ import annotations

import math
from typing import Any

from automl_core.acting import Decision, Experiment, Pilot, ProfitCurve, RecourseSummary, TrackRecord
from automl_core.explaining.words import points, signed
from automl_core.workspace.decision_words import best_words, lift_words, threshold_words
from pages.ui import words
from pages.ui.figures import AMOUNTS, AXIS_ROOM, GIVEN, Chart, Mark, amounts_gutter, bars, base, dots, titled, upright
from pages.ui.theme import Palette


def promised(pilot: Pilot, palette: Palette) -> Chart:
    """The effect that the card promised beside the one that the pilot measured."""
    result, promise = pilot.result, pilot.promise
    scale = 100 if pilot.is_rate else 1
    unit = "percentage points" if pilot.is_rate else words.cut(pilot.goal.outcome, 40)
    span = _span(*promise, scale)
    marks = [Mark("Promised", scale * promise.effect, span, scale * promise.low, scale * promise.high)]
    if result is not None and math.isfinite(result.difference):
        low, high = pilot.possible(result.low), pilot.possible(result.high)
        marks.append(Mark("Measured", scale * result.difference, _span(result.difference, low, high, scale),
                          scale * low, scale * high, strong=True))
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    sentence = f"The change of {_outcome(pilot)} in {words.plain(unit)}, with 95 % intervals: {words.plain(said)}."
    return Chart(dots(marks, f"Change, {unit}", palette, zero=True), sentence, f"Promised and measured effect: {said}.")


def record(found: TrackRecord, palette: Palette) -> Chart:
    """What each measured card promised and delivered."""
    marks = []
    for item in found.items[:6]:
        name = words.cut(item.what, 24)
        marks.append(Mark(f"{name}, promised", item.promised, _amount(item.promised, found), item.promised_low,
                          item.promised_high))
        marks.append(Mark(f"{name}, delivered", item.delivered, _amount(item.delivered, found), item.low, item.high, strong=True))
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    unit = words.cut(found.currency, 4) if found.currency else words.cut(found.unit, 24) or "outcomes"
    figure = dots(marks, f"Worth of the treated rows, {unit}", palette, zero=True)
    figure.update_xaxes(nticks=4)  # amounts are long, and a phone is narrow
    return Chart(figure, words.plain(found.sentence),
                 f"Promised and delivered: {said}.")


def profit(curve: ProfitCurve, currency: str, palette: Palette) -> Chart:
    """Money by the number of rows acted on, most at risk or at stake first, with its band."""
    import plotly.graph_objects as go

    points = curve.points
    rows, ends = [point.rows for point in points], ([point.low for point in points], [point.high for point in points])
    line = go.Scatter(
        x=rows, y=[point.profit for point in points], mode="lines", line={"color": palette.accent, "width": 2.5},
        text=[f"{words.count(point.rows, 'row')} at {threshold_words(curve, point.threshold, currency)} or more<br>"
              f"{_money(point.profit, currency)}" for point in points],
        hovertemplate="%{text}<extra></extra>")
    first = "stake" if curve.in_money else "risk"
    figure = base(
        height=300, traces=(*_band(rows, ends, palette), line),
        more={"margin": {"l": amounts_gutter([*ends[0], *ends[1]], 6), "r": 16, "t": 8, "b": AXIS_ROOM}}
        | upright(curve.best.rows, palette),
        axes=(titled(f"Rows acted on, most at {first} first") | {"showgrid": False} | AMOUNTS | GIVEN,
              {"title": {"text": f"Money, {words.label(currency, 4)}"}, "nticks": 6} | AMOUNTS | GIVEN))
    sentence = best_words(curve, currency)
    return Chart(figure, words.plain(sentence, 600), f"Money by rows acted on, with its 95 % band: {sentence}")


def lift(decision: Decision, palette: Palette) -> Chart:
    """How many of the bad outcomes the first tenths of the ranking hold."""
    marks = [Mark(f"First {words.percent(part.share)}", 100 * part.gain, f"{words.percent(part.gain)} of them", strong=place == 0)
             for place, part in enumerate(decision.lift) if math.isfinite(part.gain)]
    sentence = lift_words(decision)
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    return Chart(bars(marks, "Share of all bad outcomes, %", palette), words.plain(sentence), f"Gains by tenths: {said}.")


def recourse(found: RecourseSummary, currency: str, palette: Palette) -> Chart:
    """The share of rows that a change brings to the goal, by what it may cost a row: it rises at each cost that occurs."""
    import plotly.graph_objects as go

    points = found.curve
    line = go.Scatter(
        x=[0.0, *(point.cost for point in points)], y=[0.0, *(100 * point.share for point in points)], mode="lines",
        line={"color": palette.accent, "width": 2.5, "shape": "hv"},
        text=["", *(f"{words.percent(point.share)} of rows for {_money(point.cost, currency)} or less each" for point in points)],
        hovertemplate="%{text}<extra></extra>")
    figure = base(
        height=220, traces=(line,), more={"margin": {"l": amounts_gutter([0, 100], 5), "r": 16, "t": 8, "b": AXIS_ROOM}},
        axes=(titled(f"Money for one row at most, {words.label(currency, 4)}")
              | {"rangemode": "tozero", "showgrid": False, "nticks": 6} | AMOUNTS | GIVEN,
              {"title": {"text": "Rows, %"}, "range": [0, 104], "nticks": 5} | GIVEN))
    steps = points[:: max(1, len(points) // 6)]
    said = "; ".join(f"{words.percent(point.share)} for {_money(point.cost, currency)} or less" for point in steps)
    sentence = "How many of these rows a change brings there by the model, by what one row may cost at most."
    return Chart(figure, sentence, f"Share of rows brought to the goal by cost: {said}.")


def experiment(found: Experiment, palette: Palette) -> Chart:
    """Gain when more and more rows are treated, those that gain most first (in the outcome, not in money), against a random
    share."""
    import plotly.graph_objects as go

    first = "largest effect" if found.priced_by else "those that gain most"
    scale, points = (100 if found.is_rate else 1), found.curve
    x = [100 * point.share for point in points]
    random = go.Scatter(x=x, y=[scale * point.random for point in points], mode="lines", hoverinfo="skip",
                        line={"color": palette.neutral, "width": 1.5, "dash": "dot"})
    line = go.Scatter(x=x, y=[scale * point.gain for point in points], mode="lines",
                      line={"color": palette.accent, "width": 2.5}, hovertemplate="%{x:.0f} % treated: %{y:.2f}<extra></extra>")
    band = _band(x, ([scale * point.low for point in points], [scale * point.high for point in points]), palette)
    figure = base(height=300, traces=(*band, random, line), axes=(
        titled(f"Rows treated, {first} first, %") | {"showgrid": False},
        {"title": {"text": "Gain, points of all rows" if found.is_rate else "Gain per row"}, "nticks": 6}))
    sentence = f"The line against the dotted one of a random choice, on rows the ranking had not seen: {found.areas}."
    if math.isfinite(found.auuc):
        sentence += " Qini is the area between the two, AUUC all that is under the line."
    return Chart(figure, words.plain(sentence), f"Uplift curve. {sentence}")


def _outcome(pilot: Pilot) -> str:
    name = words.quoted(pilot.goal.outcome)
    return f"{name} = {words.quoted(pilot.goal.good)}" if pilot.is_rate else f"mean {name}"


def _span(value: float, low: float, high: float, scale: int) -> str:
    if scale == 100:  # to the digit of the sentences about it, which say +24.5 points
        ends = [signed(end, points).removesuffix(" points") if math.isfinite(end) else "no end" for end in (value, low, high)]
        return f"{ends[0]} ({ends[1]} to {ends[2]})"
    return words.estimate(scale * value, scale * low, scale * high, sign=True)


def _amount(value: float, found: TrackRecord) -> str:
    if found.currency:
        return words.money(value, found.currency)
    if found.unit:
        return words.number(value)
    whole = round(value)
    return f"{'−' if whole < 0 else ''}{words.count(abs(whole), 'outcome')}"


def _money(value: float, currency: str) -> str:
    return words.money(value, words.cut(currency, 4))


def _band(x: list[Any], ends: tuple[list[float], list[float]], palette: Palette) -> list[Any]:
    """The 95 % band behind a line."""
    import plotly.graph_objects as go

    return [go.Scatter(x=x, y=values, mode="lines", line={"width": 0}, hoverinfo="skip", fill=fill,
                       fillcolor=_faint(palette.accent)) for values, fill in ((ends[1], None), (ends[0], "tonexty"))]


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"
