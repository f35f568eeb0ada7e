"""Charts of what happened and of fairness: pure functions from values, each with the sentence above it."""
from __future__ import annotations

import math
from dataclasses import replace

from automl_core.acting import GapStory, SegmentStory
from automl_core.explaining import CalibrationPoint, Fairness, GroupFigures
from pages.ui import words
from pages.ui.charts import condition_words
from pages.ui.figures import Chart, Mark, bars, base, dots
from pages.ui.theme import Palette

SHOWN = 8
MOST_LINES = 4
LEAST_DRAWN = 10


def waterfall(story: SegmentStory, unit: str, scale: float, palette: Palette) -> Chart:
    """From elsewhere to the group: each column’s part, the other columns, and what is not explained."""
    parts = [(reason.column, reason.part * scale) for reason in story.reasons]
    if story.others:
        parts.append(("Other columns", story.others * scale))
    parts.append(("Not explained", story.not_explained * scale))
    marks = [Mark(name, value, words.signed(value)) for name, value in parts]
    total = words.signed(story.segment.difference * scale)
    name = words.quoted(condition_words(story.segment.conditions))
    sentence = f"Where the difference of {words.plain(f'{total} {unit}'.strip())} in {name} comes from, column by column."
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    figure = bars(marks, f"Part of the difference{_of(unit)}", palette, signs=True)
    colours = [*figure.data[0].marker.color][:-1]
    figure.update_traces(marker={"color": [*colours, palette.neutral]})  # not explained: nobody's part
    return Chart(figure, sentence, f"Parts of the difference: {said}.")


def split(story: GapStory, unit: str, scale: float, palette: Palette) -> Chart:
    """The gap, and its two parts, with intervals."""
    whole = "Change" if story.over_time else "Gap"
    rows = (("gap", f"{whole} in all", story.gap), ("composition", "Which rows there are", story.composition),
            ("behaviour", "Rows that are alike", story.behaviour))
    marks = [Mark(name, part.value * scale, _span(part.value, part.low, part.high, scale), part.low * scale, part.high * scale,
                  strong=key in story.confirmed) for key, name, part in rows]
    sentence = (f"The {whole.lower()} and its two parts with 95 % intervals; what is more than chance is in colour. "
                "The parts add up to the whole.")
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    return Chart(dots(marks, f"{whole}{_of(unit)}", palette, zero=True), sentence, f"{whole} split in two: {said}.")


def mix(story: GapStory, unit: str, scale: float, palette: Palette) -> Chart:
    """Which columns the difference in rows comes from."""
    shown = story.columns[:SHOWN]
    marks = [Mark(item.label, item.part.value * scale, _span(item.part.value, item.part.low, item.part.high, scale),
                  item.part.low * scale, item.part.high * scale, strong=item.part.low * item.part.high > 0) for item in shown]
    sentence = "Which columns the part of “which rows there are” comes from, with 95 % intervals."
    left = story.unassigned + sum(item.part.value for item in story.columns[SHOWN:])
    if math.isfinite(left):
        sentence += f" Other columns, and columns acting together, make {words.plain(f'{words.signed(left * scale)} {unit}')}."
        if abs(left) > abs(story.composition.value):
            sentence += " The columns overlap: take them one by one, not as a sum."
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    return Chart(dots(marks, f"Part{_of(unit)}", palette, zero=True), sentence, f"Columns by their part: {said}.")


def drawn(audit: Fairness) -> Fairness:
    """With the groups to draw: one of a few rows has an interval so wide that it would press all others together."""
    return replace(audit, groups=tuple(group for group in audit.groups if group.rows >= LEAST_DRAWN) or audit.groups)


def rates(audit: Fairness, which: str, sentence: str, palette: Palette) -> Chart:
    """One rate (selected, found, false_alarms) of every group with its interval; groups that are not compared are grey and
    named as such: small ones, and those whose errors rest on too few rows or customers."""
    marks = []
    for group in drawn(audit).groups:
        rate = getattr(group, which)
        if rate.rows:
            share = words.estimate(100 * rate.value, 100 * rate.low, 100 * rate.high, unit=" %")
            text = f"{share}, {words.count(rate.rows, 'row')}"
            apart = not group.rich and not group.small and which != "selected"
            name = f"{words.cut(group.group, 20)} (not compared)" if apart else _group(group.group, group.small)
            marks.append(Mark(name, 100 * rate.value, text, 100 * rate.low, 100 * rate.high, strong=not (group.small or apart)))
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    figure = dots(marks, "Share, %", palette)
    figure.update_xaxes(range=[0.0, min(100.0, 1.06 * max((mark.high for mark in marks), default=100.0)) + 0.5])
    return Chart(figure, sentence, f"{which.replace('_', ' ').capitalize()} by group: {said}.")


def off(audit: Fairness, palette: Palette) -> Chart:
    """How far the predictions are off on average in every group."""
    if math.isfinite(audit.level):
        return _below(audit, palette)
    scale, unit = (100.0, "points") if audit.is_class else (1.0, "")
    marks = [Mark(_group(group.group, group.small), group.residual.value * scale,
                  _span(group.residual.value, group.residual.low, group.residual.high, scale), group.residual.low * scale,
                  group.residual.high * scale, strong=not group.small)
             for group in drawn(audit).groups if math.isfinite(group.residual.value)]
    sentence = "What came true less what was predicted, on average, with 95 % intervals: above zero the model said too little."
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    figure = dots(marks, f"Observed less predicted{_of(unit)}", palette, zero=True)
    return Chart(figure, sentence, f"Mean residual by group: {said}.")


def _below(audit: Fairness, palette: Palette) -> Chart:
    """How many outcomes are below the quantile that was predicted, in every group."""
    marks = [Mark(_group(group.group, group.small), 100 * group.residual.value,
                  words.estimate(100 * group.residual.value, 100 * group.residual.low, 100 * group.residual.high, unit=" %"),
                  100 * group.residual.low, 100 * group.residual.high, strong=not group.small)
             for group in drawn(audit).groups if math.isfinite(group.residual.value)]
    aim = f"{words.number(100 * audit.level)} % should be"
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    return Chart(dots(marks, "Outcomes below what was predicted, %", palette),
                 f"How many of the outcomes are below what was predicted, with 95 % intervals: {aim}.",
                 f"Outcomes below what was predicted, by group: {said}.")


def errors(audit: Fairness, palette: Palette) -> Chart:
    """The mean error of every group: absolute, or the pinball loss of a quantile."""
    marks = [Mark(_group(group.group, group.small), group.error.value,
                  words.estimate(group.error.value, group.error.low, group.error.high), group.error.low, group.error.high,
                  strong=not group.small) for group in drawn(audit).groups if math.isfinite(group.error.value)]
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    name = audit.error_name
    return Chart(dots(marks, name.capitalize(), palette),
                 f"How large the {name.removeprefix('mean ')} is on average, with 95 % intervals.",
                 f"{name.capitalize()} by group: {said}.")


def calibration(audit: Fairness, palette: Palette) -> Chart:
    """What came true against what was predicted, a line for each of the largest groups, with the interval of each point."""
    import plotly.graph_objects as go

    scale = 100.0 if audit.is_class else 1.0
    shown = [group for group in audit.compared if group.calibration][:MOST_LINES]
    figure = base(height=320)
    spread = [point.predicted * scale for group in shown for point in group.calibration]
    ends = [min(spread, default=0.0), max(spread, default=1.0)]
    figure.add_trace(go.Scatter(x=ends, y=ends, mode="lines", line={"color": palette.neutral, "dash": "dot", "width": 1.5},
                                hoverinfo="skip", showlegend=False))
    for colour, group in zip(palette.series, shown, strict=False):
        figure.add_trace(_line(group, scale, colour))
    unit = ", %" if audit.is_class else ""
    figure.update_xaxes(title_text=f"Predicted{unit}", showgrid=False, nticks=6)
    figure.update_yaxes(title_text=f"Came true{unit}", nticks=6)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0})
    sentence = ("What came true at each level of the prediction, with 95 % intervals: where these hold the dotted line, "
                "predictions can be taken as they are said.")
    said = "; ".join(f"{group.group}: " + ", ".join(
        f"{words.number(p.predicted * scale)} said, {_true(p, scale)} true" for p in group.calibration) for group in shown)
    return Chart(figure, sentence, f"Calibration by group: {said}.")


def _line(group: GroupFigures, scale: float, colour: str) -> object:
    import plotly.graph_objects as go

    shown, points = words.label(group.group, 24), group.calibration
    rates = [point.observed for point in points]
    spans = {"type": "data", "symmetric": False, "color": colour, "thickness": 1.5, "width": 4,
             "array": [scale * (rate.high - rate.value) if math.isfinite(rate.high) else 0 for rate in rates],
             "arrayminus": [scale * (rate.value - rate.low) if math.isfinite(rate.low) else 0 for rate in rates]}
    return go.Scatter(x=[point.predicted * scale for point in points], y=[rate.value * scale for rate in rates], name=shown,
                      mode="lines+markers", line={"color": colour, "width": 2.5}, marker={"size": 8}, error_y=spans,
                      text=[f"{_true(point, scale)} true, {words.count(point.observed.rows, 'row')}" for point in points],
                      hovertemplate=f"{shown}: %{{x:.3~g}} said, %{{text}}<extra></extra>")


def _true(point: CalibrationPoint, scale: float) -> str:
    """How often it came true, with its interval."""
    return words.estimate(point.observed.value * scale, point.observed.low * scale, point.observed.high * scale)


def _group(name: str, small: bool) -> str:
    return f"{words.cut(name, 20)} (few rows)" if small else name


def _span(value: float, low: float, high: float, scale: float) -> str:
    return words.estimate(value * scale, low * scale, high * scale, sign=True)


def _of(unit: str) -> str:
    return f", {unit}" if unit else ""
