"""The explaining step’s nouns to charts: importance with what it rests on, pairs, one row, what if, weak spots."""
from __future__ import annotations

import math
from html import unescape
from typing import Any

from automl_core.data.words import first_few
from automl_core.explaining.changes import TableWhatIf
from automl_core.explaining.closer_look import Curve, Interaction, WeakSpots
from automl_core.explaining.explanation import ColumnGroup, Explanation, Importance, RowExplanation
from pages.ui import words
from pages.ui.charts import SHOWN_BARS, amount
from pages.ui.figures import AMOUNTS, AXIS_ROOM, GIVEN, TITLE_ROOM, Chart, Mark, bars, base, dots, gutter, titled, unique
from pages.ui.theme import Palette

WATERFALL = 8


def unit_of(item: Explanation | Curve | RowExplanation) -> str:
    """The unit of an effect, not escaped: percentage points, or units of the target."""
    return "percentage points" if item.in_points else f"units of “{words.cut(item.units, 40)}”"


def lines_of(explanation: Explanation) -> list[Importance | ColumnGroup]:
    """Columns and groups of columns as they are shown, the largest first: a column of a group is shown in its group only.

    What the model does not use at all is left out, unless it uses nothing.
    """
    inside = {name for group in explanation.groups for name in group.columns}
    alone = [item for item in explanation.importance if item.column not in inside and item.evidence]
    shown: list[Importance | ColumnGroup] = [*alone, *(group for group in explanation.groups if group.evidence)]
    used = [item for item in shown if item.mean_abs > 0]
    return sorted(used or shown, key=lambda item: -item.mean_abs)


def name_of(item: Importance | ColumnGroup) -> str:
    """A column’s name, or the names of a group together."""
    if isinstance(item, Importance):
        return item.column
    return " + ".join(first_few([words.cut(name, 24) for name in item.columns], 3))


def unused(explanation: Explanation) -> list[Importance]:
    """Columns without evidence of use; those in groups are judged by their group."""
    with_group = {name: group.evidence for group in explanation.groups for name in group.columns}
    return [item for item in explanation.importance if not with_group.get(item.column, item.evidence)]


def importance(explanation: Explanation, palette: Palette) -> Chart:
    """What the model uses: columns that say the same are one bar, and those that do no better than shuffled ones are together."""
    lines, without = lines_of(explanation), unused(explanation)
    marks = [Mark(name_of(item), item.mean_abs, _sized(item.mean_abs, item.share), strong=place < 3)
             for place, item in enumerate(lines[:SHOWN_BARS])]
    sentence = f"How far each column moves a prediction on average, in {words.plain(unit_of(explanation))}."
    if explanation.groups:
        sentence += " Columns that say much the same are one bar."
    rest = lines[SHOWN_BARS:]
    if rest:
        share = words.percent(sum(item.share for item in rest))
        sentence += f" The other one has {share}." if len(rest) == 1 else f" The {words.count(len(rest))} others share {share}."
    if without:
        share = sum(item.share for item in without)
        size = sum(item.mean_abs for item in without)
        marks.append(Mark(f"{words.count(len(without), 'column')}: no evidence", size, _sized(size, share)))
        sentence += f" {words.count(len(without), 'column is', 'columns are')} used no more than shuffled values would be."
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    figure = bars(marks, f"Average effect, {unit_of(explanation)}", palette)
    return Chart(figure, sentence, f"Columns by average effect: {said}.")


def _sized(size: float, share: float) -> str:
    return f"{words.number(size, 2)} ({words.percent(share)})"


def drops(explanation: Explanation, palette: Palette) -> Chart:
    """What the score needs: how much worse it gets when a column is shuffled on rows not learned from, with intervals."""
    metric = words.metric_title(explanation.metric)
    lines = [item for item in lines_of(explanation)[:SHOWN_BARS] if math.isfinite(item.drop)]
    marks = [Mark(name_of(item), item.drop, words.estimate(item.drop, item.drop_low, item.drop_high),
                  item.drop_low, item.drop_high, item.drop_low > 0) for item in lines]
    sure = sum(item.drop_low > 0 for item in lines)
    sentence = (f"How much worse {words.plain(metric)} gets when a column is shuffled, on rows not learned from, with 95 % "
                f"intervals: the score clearly needs {sure} of {len(lines)}.")
    said = "; ".join(f"{mark.label} {mark.text}" for mark in marks)
    title = f"How much worse {metric} gets"  # no fall: of errors, less is better
    return Chart(dots(marks, title, palette, zero=True), sentence, f"How much worse the score gets, by column: {said}.")


def interaction(item: Interaction, in_points: bool, palette: Palette) -> Chart:
    """What two columns do together beyond their two effects: blue lowers, orange raises."""
    import plotly.graph_objects as go

    limit = max((abs(value) for row in item.grid for value in row), default=1.0) or 1.0
    figure = base(height=96 + 34 * len(item.first_labels))
    figure.add_trace(go.Heatmap(
        z=[list(row) for row in item.grid], x=_places(item.second_labels, 12), y=_places(item.first_labels, 14),
        zmin=-limit, zmax=limit,
        colorscale=[[0, palette.down], [0.5, palette.surface], [1, palette.up]], xgap=2, ygap=2, showscale=False,
        text=[[words.signed(value, 2) if abs(value) >= 0.05 * limit else "" for value in row] for row in item.grid],
        texttemplate="%{text}", textfont={"size": 11, "color": palette.text},
        hovertemplate="%{y} with %{x}: %{z:.2f}<extra></extra>"))
    figure.update_xaxes(title_text=words.label(item.second, 40), type="category", showgrid=False)
    figure.update_yaxes(title_text=words.label(item.first, 28), type="category", showgrid=False)
    unit = " points" if in_points else ""
    return Chart(figure, words.plain(item.sentence),
                 f"{item.first} with {item.second}: from {words.signed(-limit)} to {words.signed(limit)}{unit} beyond adding up.")


def _places(labels: tuple[str, ...], limit: int) -> list[str]:
    """Labels of an axis, each its own: Plotly merges equal ones. Long ones that begin alike show how they end, too."""
    short = [words.label(text, limit) for text in labels]
    short = [words.label(f"{text[: limit // 2 - 1]}…{text[-(limit // 2):]}", limit) if short.count(name) > 1 else name
             for text, name in zip(labels, short, strict=True)]
    return unique(short)


def waterfall(row: RowExplanation, palette: Palette) -> Chart:
    """From what is said where nothing is known of a row to this row’s prediction, one column a step: the eight largest, the
    others together."""
    import plotly.graph_objects as go

    ordered = sorted(row.contributions, key=lambda part: -abs(part.amount))
    steps = [(f"{words.cut(part.column, 18)} = {words.cut(part.value, 10)}", part.amount) for part in ordered[:WATERFALL]]
    if ordered[WATERFALL:]:
        steps.append((words.count(len(ordered) - WATERFALL, "other column"), sum(part.amount for part in ordered[WATERFALL:])))
    level, starts = row.base, []
    for _, size in steps:
        starts.append(level)
        level += size
    names = ["Nothing known", *(words.label(name, 32) for name, _ in steps), "This row"]
    names = [name + "\u200b" * names[:place].count(name) for place, name in enumerate(names)]
    ends = (row.base, row.prediction)
    mark = {"size": 11, "color": palette.neutral, "symbol": "diamond"}  # seen on either background: a browser may change it later
    every = [*starts, *(start + size for start, (_, size) in zip(starts, steps, strict=True)), *ends]
    middle = (min(every) + max(every)) / 2
    outer = go.Scatter(
        x=ends, y=[names[0], names[-1]], mode="markers+text", marker=mark, cliponaxis=False,
        text=[words.label(amount(end, row.in_points), 24) for end in ends], hovertemplate="%{y}: %{text}<extra></extra>",
        textposition=["middle left" if end > middle else "middle right" for end in ends])  # towards the room
    bars = go.Bar(
        x=[size for _, size in steps], base=starts, y=names[1:-1], orientation="h",
        marker={"color": [palette.up if size > 0 else palette.down for _, size in steps]},
        text=[words.signed(size) for _, size in steps], textposition="outside", cliponaxis=False, constraintext="none",
        hovertemplate="%{y}: %{text}<extra></extra>")
    room = 0.22 * ((max(every) - min(every)) or 1.0)
    title = "Predicted, %" if row.in_points else f"Predicted, {unit_of(row)}"
    figure = base(rows=len(names), traces=(outer, bars), axes=(
        titled(title) | {"nticks": 6, "range": [min(every) - room, max(every) + room], **GIVEN},
        {"autorange": "reversed", "showgrid": False, "type": "category", "categoryorder": "array", "categoryarray": names,
         **GIVEN}), more={"margin": {"l": gutter([unescape(name) for name in names]), "r": 16, "t": 8, "b": AXIS_ROOM}})
    sentence = (f"From {amount(row.base, row.in_points)} where nothing is known of a row to "
                f"{amount(row.prediction, row.in_points)} for this one, in {words.plain(unit_of(row))}: orange raises, blue "
                "lowers.")
    said = "; ".join(f"{name} {words.signed(size)}" for name, size in steps)
    return Chart(figure, sentence, f"Parts of this prediction: {said}.")


def table_what_if(found: TableWhatIf, palette: Palette) -> Chart:
    """How predictions are spread before (grey) and after (blue) the change."""
    import plotly.graph_objects as go

    most = max((*found.before, *found.after), default=0)
    middles = [(low + high) / 2 for low, high in zip(found.edges, found.edges[1:], strict=False)]
    before = go.Bar(x=middles, y=found.before, marker={"color": palette.neutral}, opacity=0.55, name="before",
                    hovertemplate="before: %{y:,} rows<extra></extra>")
    whole = [found.edges[0], *middles, found.edges[-1]], [found.after[0], *found.after, found.after[-1]]  # to the outer edges
    after = go.Scatter(x=whole[0], y=whole[1], mode="lines", line={"color": palette.accent, "width": 2.5, "shape": "hvh"},
                       hovertemplate="after: %{y:,} rows<extra></extra>")
    title = "Predicted, %" if found.in_points else f"Predicted “{words.cut(found.units, 40)}”"
    marked = AMOUNTS if found.edges[-1] >= 10_000 else {}  # so large are no years: 5,000 beside 10,000
    figure = base(
        height=280, traces=(before, after), axes=(
            titled(title) | {"showgrid": False} | marked | GIVEN,
            {"title": {"text": "Rows"}, "nticks": 5} | AMOUNTS | GIVEN),
        more={"margin": {"l": gutter([f"{2 * most:,}"]) + TITLE_ROOM, "r": 16, "t": 8, "b": AXIS_ROOM}, "bargap": 0.05})
    sentence = "How the predictions are spread: as it is (grey bars) and with the change (line)."
    return Chart(figure, sentence, f"Predictions before and after: mean {found.means[0]} and {found.means[1]}.")


def weak_spots(found: WeakSpots, palette: Palette) -> Chart:
    """Confirmed weak spots by how much larger the loss is than elsewhere."""
    marks = [Mark(spot_words(spot.conditions), spot.gap, f"+{words.number(spot.gap, 2)}, {words.count(spot.rows, 'row')}",
                  spot.low, spot.high, place == 0) for place, spot in enumerate(found.spots[:SHOWN_BARS])]
    sentence = (f"How much larger the {words.plain(found.loss)} is in each group than elsewhere, measured on rows that were not "
                "used to find the group, with 95 % intervals.")
    said = "; ".join(f"{mark.label}: {mark.text}" for mark in marks)
    return Chart(dots(marks, f"Larger {found.loss}", palette, zero=True), sentence, f"Groups the model predicts worse: {said}.")


def spot_words(conditions: tuple[Any, ...]) -> str:
    """The conditions of a weak spot in a few words, not escaped."""
    parts = []
    for condition in conditions:
        low, high = condition.low, condition.high
        if condition.values:
            parts.append(f"{condition.column} is {' or '.join(condition.values)}")
        elif not math.isfinite(low):
            parts.append(f"{condition.column} under {words.edge(high)}")
        elif not math.isfinite(high):
            parts.append(f"{condition.column} from {words.edge(low)}")
        else:
            parts.append(f"{condition.column} {words.edge(low)} to {words.edge(high)}")
    return ", ".join(parts)
