"""The engine’s nouns to charts: pure functions, one meaning for each colour.

Every chart comes with the sentence that stands above it and a text for screen readers, both made from its data.
"""
from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from automl_core.acting.action import SegmentSearch
from automl_core.acting.action_list import ActionList
from automl_core.data.words import first_few
from automl_core.framing.problem import Verdict
from automl_core.production.contract import ColumnDrift
from automl_core.search.plan import RungOffer, RunSummary
from pages.ui import words
from pages.ui.figures import AMOUNTS, AXIS_ROOM, GIVEN, Chart, Mark, amounts_gutter, bars, base, dots, titled
from pages.ui.theme import Palette

SHOWN_BARS = 12
STEEP = 1.2  # times what a row of the rest brings, in the first half of a list: less cannot be seen in the line


def ladder(verdict: Verdict, palette: Palette) -> Chart:
    """What each step up in complexity buys, on the same folds."""
    metric = words.metric_title(verdict.metric)
    winner = {"ml_pays": "boosted"}.get(verdict.verdict, verdict.verdict)
    marks = [
        Mark(words.RUNGS.get(rung.rung, rung.rung), rung.score,
             words.estimate(rung.score, rung.low, rung.high), rung.low, rung.high, rung.rung == winner)
        for rung in verdict.ladder
    ]
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    sentence = f"Four ways to answer, tried on the same rows: {metric} with 95 % intervals."
    return Chart(dots(marks, metric, palette), sentence, f"{metric} of each rung with 95 % interval: {said}.")


def offers(summary: RunSummary, palette: Palette) -> Chart:
    """The models that could be handed over, the chosen one in colour."""
    metric, better = words.metric_title(summary.metric), "" if summary.greater_is_better else ", lower is better"
    marks = [Mark("Baseline", summary.baseline.mean, _score_words(summary.baseline), summary.baseline.low, summary.baseline.high)]
    marks += [Mark(offer_name(offer), offer.score.mean, _offer_words(offer), offer.score.low, offer.score.high, offer.chosen)
              for offer in summary.ladder]
    chosen = next((offer for offer in summary.ladder if offer.chosen), None)
    sentence = f"{metric} on rows the model had not seen{better}, with 95 % intervals."
    if chosen:
        sentence += f" {words.plain(offer_name(chosen))} is handed over."
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    return Chart(dots(marks, metric + better, palette), sentence, f"{metric} of each model on offer: {said}.")


def segments(search: SegmentSearch, palette: Palette) -> Chart:
    """Confirmed groups by how much their outcome differs from the rest."""
    scale = 100 if search.in_points else 1
    unit = "percentage points" if search.in_points else f"units of “{words.cut(search.units, 40)}”"
    marks = [
        Mark(condition_words(item.conditions), item.difference * scale,
             f"{words.signed(item.difference * scale)} {unit}, {words.count(item.rows, 'checked row')}",
             item.low * scale, item.high * scale, strong=index == 0)
        for index, item in enumerate(search.segments[:SHOWN_BARS])
    ]
    of = f"{'The share of rows with' if search.in_points else 'The mean of'} {words.plain(search.outcome, 90)}"
    sentence = (f"{of}: how far it lies from that of all other rows, in {words.plain(unit)}, measured on the half of the rows "
                "that was not used to find the groups, with 95 % intervals.")
    if len(search.segments) > SHOWN_BARS:
        sentence += f" The first {SHOWN_BARS} are drawn."
    said = "; ".join(f"{mark.label}: {mark.text}" for mark in marks)
    return Chart(dots(marks, f"Difference, {unit}", palette, zero=True), sentence, f"Groups whose outcome differs: {said}.")


def capacity(actions: ActionList, palette: Palette, currency: str) -> Chart:
    """What acting on more and more rows brings together, in the order of the list; each counts as in the list’s own sum."""
    import plotly.graph_objects as go

    total, line = 0.0, []
    for row in actions.rows:
        total += row.counts * row.expected_value if math.isfinite(row.expected_value) else 0.0
        line.append(total)
    step = max(1, len(line) // 300)
    picked = sorted({*range(0, len(line), step), len(line) - 1}) if line else []
    curve = go.Scatter(
        x=[index + 1 for index in picked], y=[line[index] for index in picked], mode="lines",
        line={"color": palette.accent, "width": 2.5},
        hovertemplate="%{x:,} rows: " + words.label(currency, 4) + "%{y:,.0f}<extra></extra>")
    figure = base(
        height=280, traces=(curve,),
        more={"margin": {"l": amounts_gutter([0.0, *line], 6), "r": 16, "t": 8, "b": AXIS_ROOM}},
        axes=(titled(f"Rows acted on, {'as listed' if actions.mixed else 'best first'}") | {"showgrid": False} | AMOUNTS | GIVEN,
              {"title": {"text": f"Expected value, {words.label(currency, 4)}"}, "rangemode": "tozero", "nticks": 6}
              | AMOUNTS | GIVEN))
    text = words.money(total, currency)
    whole = f"Together {words.count(len(line), 'row')} are expected to bring {words.plain(text)}"
    half = len(line) // 2
    steep = half > 0 and line[half - 1] / half > STEEP * (total - line[half - 1]) / (len(line) - half)
    sentence = f"{whole}; the first ones bring most." if steep else f"{whole}, each about as much."
    if len(line) == 1:
        sentence = f"The row is expected to bring {words.plain(text)}."
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


def _ending(value: float) -> str:
    return words.edge(value) if float(value).is_integer() else words.number(value)


def histogram(
    counts: list[int], edges: list[float], name: str, palette: Palette, ends: tuple[float, float] | None = None
) -> Chart:
    """How the numbers of one column are spread. `ends` are the least and the largest; they lie inside bins that are centred on
    whole numbers, one for each."""
    import plotly.graph_objects as go

    figure = base(height=240)
    bins = list(pairwise(edges))
    least, largest = ends or (edges[0], edges[-1])
    centred = least > edges[0]
    figure.add_trace(go.Bar(
        x=[(low + high) / 2 for low, high in bins], width=[high - low for low, high in bins], y=counts,
        marker={"color": palette.neutral},
        text=[f"{_ending((low + high) / 2) if centred else f'{_ending(low)} to {_ending(high)}'}: {words.count(rows, 'row')}"
              for (low, high), rows in zip(bins, counts, strict=False)],
        textposition="none", hovertemplate="%{text}<extra></extra>",
    ))
    figure.update_layout(bargap=0.04)
    figure.update_xaxes(title_text=words.label(name, 40), showgrid=False)
    figure.update_yaxes(title_text="Rows", nticks=5, **AMOUNTS)
    sentence = f"{words.quoted(name)} runs from {_ending(least)} to {_ending(largest)}."
    return Chart(figure, sentence, f"Histogram of {name} from {_ending(least)} to {_ending(largest)}.")


def amount(value: float, in_points: bool) -> str:
    """A prediction in display units: 42 % for points, else a number."""
    return words.percent(value / 100, 3) if in_points else words.number(value)


def condition_words(conditions: tuple[Any, ...]) -> str:
    """A segment’s conditions in few words, as a chart has room for: Contract is Month-to-month, tenure under 12."""
    parts = []
    for condition in conditions:
        if condition.values:
            parts.append(f"{condition.column} is {' or '.join(first_few(condition.values, 3))}")
        elif condition.only:
            parts.append(f"{condition.column} is {condition.only}")
        elif not math.isfinite(condition.low):
            parts.append(f"{condition.column} under {words.edge(condition.high)}")
        elif not math.isfinite(condition.high):
            parts.append(f"{condition.column} from {words.edge(condition.low)}")
        else:
            parts.append(f"{condition.column} {words.edge(condition.low)} to {words.edge(condition.high)}")
    return ", ".join(parts)


def _score_words(score: Any) -> str:
    return words.estimate(score.mean, score.low, score.high)


def _offer_words(offer: RungOffer) -> str:
    return f"{_score_words(offer.score)}, {words.milliseconds(offer.row_ms_p50)} a row"


def offer_name(offer: RungOffer) -> str:
    """A rung of the hand-over by what it is made of: its only member, or how many are blended."""
    if len(offer.members) == 1:
        return offer.members[0]
    return f"Blend of {len(offer.members)}: {words.cut(' + '.join(offer.members), 44)}"
