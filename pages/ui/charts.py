"""The engine’s nouns to charts: pure functions, one meaning for each colour.

Every chart comes with the sentence that stands above it and a text for screen readers, both made from its data.
"""
from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from automl_core.acting.action import ActionList, SegmentSearch
from automl_core.explaining.explanation import Explanation, RowExplanation, Shape
from automl_core.framing.problem import Verdict
from automl_core.production.contract import ColumnDrift
from automl_core.search.plan import RungOffer, RunSummary
from pages.ui import words
from pages.ui.figures import Chart, Mark, bars, base, dots
from pages.ui.theme import Palette

SHOWN_BARS = 12


def ladder(verdict: Verdict, palette: Palette) -> Chart:
    """What each step up in complexity buys, on the same folds."""
    metric = words.metric_title(verdict.metric)
    winner = {"ml_pays": "boosted"}.get(verdict.verdict, verdict.verdict)
    marks = [
        Mark(words.RUNGS.get(rung.rung, rung.rung), rung.score,
             f"{words.score(rung.score)} ({words.interval(rung.low, rung.high)})", rung.low, rung.high, rung.rung == winner)
        for rung in verdict.ladder
    ]
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    sentence = f"Four ways to answer, tried on the same rows: {metric} with 95 % intervals."
    return Chart(dots(marks, metric, palette), sentence, f"{metric} of each rung with 95 % interval: {said}.")


def offers(summary: RunSummary, palette: Palette) -> Chart:
    """The models that could be handed over, the chosen one in colour."""
    metric = words.metric_title(summary.metric)
    marks = [Mark("Baseline", summary.baseline.mean, _score_words(summary.baseline), summary.baseline.low, summary.baseline.high)]
    marks += [Mark(offer_name(offer), offer.score.mean, _offer_words(offer), offer.score.low, offer.score.high, offer.chosen)
              for offer in summary.ladder]
    chosen = next((offer for offer in summary.ladder if offer.chosen), None)
    sentence = f"{metric} on rows the model had not seen, with 95 % intervals."
    if chosen:
        sentence += f" {words.plain(offer_name(chosen))} is handed over."
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    return Chart(dots(marks, metric, palette), sentence, f"{metric} of each model on offer: {said}.")


def importance(explanation: Explanation, palette: Palette) -> Chart:
    """The columns the model uses most, by their mean effect on a prediction."""
    top = explanation.importance[:SHOWN_BARS]
    unit = _unit(explanation.units)
    marks = [Mark(item.column, item.mean_abs, f"{words.number(item.mean_abs, 2)} ({words.percent(item.share)})", strong=index < 3)
             for index, item in enumerate(top)]
    rest = sum(item.share for item in explanation.importance[SHOWN_BARS:])
    sentence = f"How far each column moves a prediction on average, in {words.plain(unit)}."
    if rest > 0.005:
        sentence += f" The {words.count(len(explanation.importance) - SHOWN_BARS, 'other column')} share {words.percent(rest)}."
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    return Chart(bars(marks, f"Average effect, {unit}", palette), sentence, f"Columns by average effect: {said}.")


def shape(item: Shape, units: str, palette: Palette) -> Chart:
    """How the effect of one column goes with its value, over what was observed."""
    import plotly.graph_objects as go

    unit = _unit(units)
    points = [point for point in item.points if math.isfinite(point.contribution)]
    highest = max(points, key=lambda point: point.contribution, default=None)
    lowest = min(points, key=lambda point: point.contribution, default=None)
    if item.kind == "number":
        figure = base()
        figure.add_trace(go.Scatter(
            x=[point.value if math.isfinite(point.value) else None for point in points],
            y=[point.contribution for point in points],
            mode="lines+markers", line={"color": palette.accent, "width": 2.5, "shape": "spline", "smoothing": 0.4},
            marker={"size": [5 + 9 * math.sqrt(point.rows / max(p.rows for p in points)) for point in points]},
            text=[f"{words.label(point.label, 40)}: {words.signed(point.contribution)}<br>{words.count(point.rows, 'row')}"
                  for point in points],
            hovertemplate="%{text}<extra></extra>",
        ))
        figure.add_hline(y=0, line={"color": palette.neutral, "width": 1, "dash": "dot"})
        figure.update_xaxes(title_text=words.label(item.column, 40), showgrid=False, nticks=8)
        figure.update_yaxes(title_text=words.label(f"Effect, {unit}", 40), nticks=6)
    else:
        marks = [Mark(point.label, point.contribution, words.signed(point.contribution)) for point in points[:SHOWN_BARS]]
        figure = bars(marks, f"Effect, {unit}", palette, signs=True)
    if highest is None or lowest is None:
        return Chart(figure, "This column has no values to show.", "An empty chart.")
    points_word = " points" if units == "points" else ""
    sentence = (
        f"{words.quoted(item.column)} raises the prediction most at {words.quoted(highest.label, 40)} "
        f"({words.signed(highest.contribution)}{points_word}) and lowers it most at {words.quoted(lowest.label, 40)} "
        f"({words.signed(lowest.contribution)}{points_word})."
    )
    said = "; ".join(f"{point.label} {words.signed(point.contribution)}" for point in points[:20])
    return Chart(figure, sentence, f"Effect of {item.column} by value: {said}.")


def reasons(row: RowExplanation, palette: Palette, shown: int = 6) -> Chart:
    """Why one row got its prediction: the largest parts, the rest together."""
    unit = _unit(row.units)
    ordered = sorted(row.contributions, key=lambda part: -abs(part.amount))
    marks = [Mark(f"{part.column} = {words.cut(part.value, 14)}", part.amount, words.signed(part.amount))
             for part in ordered[:shown]]
    rest = sum(part.amount for part in ordered[shown:])
    if ordered[shown:]:
        marks.append(Mark(f"{words.count(len(ordered) - shown, 'other column')}", rest, words.signed(rest)))
    way = f"From the average of {amount(row.base, row.units)} to {amount(row.prediction, row.units)}"
    sentence = f"{way}, in {words.plain(unit)}."
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    return Chart(bars(marks, f"Effect, {unit}", palette, signs=True), sentence, f"Parts of this prediction: {said}.")


def segments(search: SegmentSearch, palette: Palette) -> Chart:
    """Confirmed groups by how much their outcome differs from the rest."""
    scale = 100 if search.units in ("points", "share of rows") else 1
    unit = "percentage points" if scale == 100 else _unit(search.units)
    marks = [
        Mark(condition_words(item), item.difference * scale,
             f"{words.signed(item.difference * scale)} {unit}, {words.count(item.rows, 'row')}",
             item.low * scale, item.high * scale, strong=index == 0)
        for index, item in enumerate(search.segments[:SHOWN_BARS])
    ]
    sentence = (
        f"Difference from all other rows in {words.plain(unit)}, measured on the half of the rows that was not used to find "
        "the groups, with 95 % intervals."
    )
    if len(search.segments) > SHOWN_BARS:
        sentence += f" The first {SHOWN_BARS} are drawn."
    said = "; ".join(f"{mark.label}: {mark.text}" for mark in marks)
    return Chart(dots(marks, f"Difference, {unit}", palette, zero=True), sentence, f"Groups whose outcome differs: {said}.")


def capacity(actions: ActionList, palette: Palette, currency: str) -> Chart:
    """What acting on more and more rows brings together, best first."""
    import plotly.graph_objects as go

    total, line = 0.0, []
    for row in actions.rows:
        total += row.expected_value if math.isfinite(row.expected_value) else 0.0
        line.append(total)
    step = max(1, len(line) // 300)
    picked = sorted({*range(0, len(line), step), len(line) - 1}) if line else []
    figure = base(height=280)
    figure.add_trace(go.Scatter(
        x=[index + 1 for index in picked], y=[line[index] for index in picked], mode="lines",
        line={"color": palette.accent, "width": 2.5},
        hovertemplate="%{x:,} rows: " + words.label(currency, 4) + "%{y:,.0f}<extra></extra>",
    ))
    figure.update_xaxes(title_text="Rows acted on, best first", showgrid=False)
    figure.update_yaxes(title_text=f"Expected value, {words.label(currency, 4)}", rangemode="tozero")
    text = words.money(total, currency)
    sentence = f"Together {words.count(len(line), 'row')} are expected to bring {words.plain(text)}; the first ones bring most."
    return Chart(figure, sentence, f"Expected value grows with the number of rows to {text} at {len(line)} rows.")


def drift(columns: tuple[ColumnDrift, ...], palette: Palette) -> Chart:
    """How far each column of a batch lies from training; drifted ones in colour."""
    ordered = sorted(columns, key=lambda item: (-item.drifted, -item.effect))
    ordered = [item for item in ordered if item.drifted or item.effect >= 0.005][:SHOWN_BARS] or ordered[:3]
    marks = [
        Mark(item.name, item.effect, words.number(item.effect, 2) + (" moved" if item.drifted else ""), strong=item.drifted)
        for item in ordered
    ]
    number = sum(item.drifted for item in columns)
    sentence = "No column has moved further from training than chance and size allow."
    if number:
        sentence = f"{words.count(number, 'column has', 'columns have')} moved away from training, farthest first."
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    figure = bars(marks, "Distance (may matter from 0.1)", palette)
    return Chart(figure, sentence, f"Drift by column: {said}.")


def distribution(labels: list[str], shares: list[float], name: str, palette: Palette) -> Chart:
    """How the values of one column are spread."""
    marks = [Mark(label, share, words.percent(share), strong=index == 0)
             for index, (label, share) in enumerate(zip(labels, shares, strict=True))][:SHOWN_BARS]
    sentence = f"{words.quoted(name)} is most often {words.quoted(marks[0].label, 40)} ({marks[0].text})." if marks else ""
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    figure = bars([Mark(m.label, 100 * m.value, m.text, strong=m.strong) for m in marks], "Share of rows, %", palette)
    return Chart(figure, sentence, f"Values of {name}: {said}.")


def histogram(counts: list[int], edges: list[float], name: str, palette: Palette) -> Chart:
    """How the numbers of one column are spread."""
    import plotly.graph_objects as go

    figure = base(height=240)
    bins = list(pairwise(edges))
    figure.add_trace(go.Bar(
        x=[(low + high) / 2 for low, high in bins], width=[high - low for low, high in bins], y=counts,
        marker={"color": palette.neutral},
        text=[f"{words.number(low)} to {words.number(high)}: {words.count(rows, 'row')}"
              for (low, high), rows in zip(bins, counts, strict=False)],
        textposition="none", hovertemplate="%{text}<extra></extra>",
    ))
    figure.update_layout(bargap=0.04)
    figure.update_xaxes(title_text=words.label(name, 40), showgrid=False)
    figure.update_yaxes(title_text="Rows", nticks=5)
    sentence = f"{words.quoted(name)} runs from {words.number(edges[0])} to {words.number(edges[-1])}."
    return Chart(figure, sentence, f"Histogram of {name} from {words.number(edges[0])} to {words.number(edges[-1])}.")


def amount(value: float, units: str) -> str:
    """A prediction in display units: 42 % for points, else a number."""
    return words.percent(value / 100, 3) if units == "points" else words.number(value)


def condition_words(segment: Any) -> str:
    """A segment’s conditions in words: Contract is Month-to-month, tenure under 12."""
    parts = []
    for condition in segment.conditions:
        if condition.values:
            parts.append(f"{condition.column} is {' or '.join(condition.values[:3])}")
        elif not math.isfinite(condition.low):
            parts.append(f"{condition.column} under {words.number(condition.high)}")
        elif not math.isfinite(condition.high):
            parts.append(f"{condition.column} from {words.number(condition.low)}")
        else:
            parts.append(f"{condition.column} {words.number(condition.low)} to {words.number(condition.high)}")
    return ", ".join(parts)


def _score_words(score: Any) -> str:
    return f"{words.score(score.mean)} ({words.interval(score.low, score.high)})"


def _offer_words(offer: RungOffer) -> str:
    return f"{_score_words(offer.score)}, {words.milliseconds(offer.row_ms_p50)} a row"


def offer_name(offer: RungOffer) -> str:
    """A rung of the hand-over by what it is made of: its only member, or how many are blended."""
    if len(offer.members) == 1:
        return offer.members[0]
    return f"Blend of {len(offer.members)}: {words.cut(', '.join(offer.members), 44)}"


def _unit(units: str) -> str:
    """The unit of an effect, not escaped: percentage points, or units of the target."""
    return "percentage points" if units == "points" else f"units of “{words.cut(units, 40)}”"
