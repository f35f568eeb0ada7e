"""The explain page's figures: made from values alone, with a sentence above and no tag from a user's string."""
from __future__ import annotations

import json
from dataclasses import replace

import pytest

from automl_core.codec import from_json, to_json
from automl_core.explaining.changes import TableWhatIf
from automl_core.explaining.closer_look import Curve, CurvePoint, Interaction, SpotCondition, WeakSpot, WeakSpots
from automl_core.explaining.explanation import ColumnGroup, Contribution, Explanation, Importance, RowExplanation, said_once
from pages.ui import curve_charts, explain_charts
from pages.ui.figures import Chart, amounts_gutter, gutter
from pages.ui.theme import DARK, LIGHT, Palette
from tests.unit.colours import contrast

HOSTILE = "<img src=x onerror=alert(1)> **b** [l](http://evil.example) ![i](http://evil.example/p.png) $x$"
IMPORTANCE = (Importance("Contract", 0.5, 18.0, 1, 1, True, "", 0.1, 0.05, 0.15),
              Importance("tenure", 0.3, 12.0, 2, 2, True, "higher lowers", 0.02, -0.01, 0.05),
              Importance("months", 0.15, 6.0, 3, 4, True, "", 0.0, -0.01, 0.01, replaceable=True),
              Importance("noise", 0.05, 2.0, 4, 4, True, "", -0.01, -0.02, 0.0, False))
GROUPS = (ColumnGroup(("tenure", "months"), 0.45, 17.0, 0.06, 0.03, 0.09),)
EXPLANATION = Explanation(IMPORTANCE, (), 27.0, "points", 400, "Yes", "They drive it.", GROUPS, 0.06, "roc_auc", 4, "Measured.")
POINTS = tuple(CurvePoint(str(n), n / 2 - 3, n / 2 - 4, n / 2 - 2, 40, 20.0 + n, 21.0 + n, float(n), n == 12) for n in range(13))
NUMBER = Curve("tenure", "number", "ale", POINTS, "points", "The prediction moves by 6 points.")
LINES = replace(NUMBER, method="pdp", lines=tuple(tuple(float(n) for n in range(13)) for _ in range(3)))
LEVELS = replace(NUMBER, column="Contract", kind="category", method="levels", points=POINTS[:4])
DATES = replace(NUMBER, kind="date", points=tuple(replace(point, label=f"2026-01-{n + 1:02d}") for n, point in enumerate(POINTS)))
PAIR = Interaction("a", "b", 0.2, 1.0, ("1", "2"), ("x", "y"), ((1.0, -1.0), (-1.0, 1.0)), "They depend on each other.")
ROW = RowExplanation(60.0, 20.0, tuple(Contribution(f"c{n}", "v", 4.0) for n in range(10)), "points", "Yes", "")
TABLE = TableWhatIf(10, 10, 20.0, 25.0, 4.0, 6.0, 2, 1, 0, (0.0, 50.0, 100.0), (6, 4), (5, 5), "points", "It moves.", "Beware.")
SPOT = WeakSpot((SpotCondition("a", ("x",)), SpotCondition("b", (), 1.0)), 60, 0.7, 0.4, 0.3, 0.2, 0.4, 0.001, 40.0, 50.0, "W.")


def every(palette: Palette) -> dict[str, Chart]:
    return {
        "importance": explain_charts.importance(EXPLANATION, palette), "drops": explain_charts.drops(EXPLANATION, palette),
        "number": curve_charts.curve(NUMBER, palette), "lines": curve_charts.curve(LINES, palette),
        "levels": curve_charts.curve(LEVELS, palette), "dates": curve_charts.curve(DATES, palette),
        "pair": explain_charts.interaction(PAIR, True, palette), "row": explain_charts.waterfall(ROW, palette),
        "table": explain_charts.table_what_if(TABLE, palette),
        "weak": explain_charts.weak_spots(WeakSpots((SPOT,), 100, 20, "log loss", "One."), palette)}


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda palette: palette.name)
def test_each_chart_has_a_sentence_an_alt_text_and_no_frills(palette: Palette) -> None:
    for name, chart in every(palette).items():
        assert chart.sentence.endswith((".", ").")), name
        assert len(chart.alt) > 20, name
        assert chart.figure.layout.title.text is None, name
        assert chart.figure.layout.showlegend is False, name
        assert chart.figure.layout.paper_bgcolor == "rgba(0,0,0,0)", name
        json.loads(chart.figure.to_json())


def test_groups_are_one_bar_and_noise_is_collapsed() -> None:
    chart = explain_charts.importance(EXPLANATION, LIGHT)
    names = list(chart.figure.data[0].y)
    assert names == ["Contract", "tenure + months", "1 column: no evidence"]
    assert "tenure + months" in explain_charts.drops(EXPLANATION, LIGHT).alt


def test_a_group_without_evidence_is_collapsed_with_its_columns() -> None:
    chart = explain_charts.importance(replace(EXPLANATION, groups=(replace(GROUPS[0], evidence=False),)), LIGHT)
    assert list(chart.figure.data[0].y) == ["Contract", "3 columns: no evidence"]
    assert chart.figure.data[0].x[1] == pytest.approx(12 + 6 + 2)
    assert [item.names for item in replace(EXPLANATION, groups=(replace(GROUPS[0], evidence=False),)).drivers] == [("Contract",)]
    assert [item.names for item in EXPLANATION.drivers] == [("Contract",), ("tenure", "months")]
    assert "evidence" in to_json(GROUPS[0])
    kept = to_json(GROUPS[0])
    del kept["evidence"]
    assert from_json(ColumnGroup, kept).evidence


def test_the_waterfall_ends_at_the_prediction() -> None:
    chart = explain_charts.waterfall(ROW, LIGHT)
    bars = chart.figure.data[1]
    assert bars.base[0] == 20.0
    assert bars.base[-1] + bars.x[-1] == pytest.approx(60.0)
    assert len(bars.x) == 9
    assert "2 other columns" in bars.y[-1]


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda palette: palette.name)
def test_the_ends_of_the_waterfall_are_seen_also_after_the_scheme_is_switched(palette: Palette) -> None:
    """A browser that changes to the other scheme gives text its colour, and leaves marks as they are."""
    drawn = explain_charts.waterfall(ROW, palette).figure.data[0].marker.color
    assert min(contrast(drawn, scheme.background) for scheme in (LIGHT, DARK)) >= 3


def test_what_is_asked_for_most_is_drawn_once_and_its_labels_have_room() -> None:
    """With margins that Plotly finds out itself it is drawn again for them: half of what a browser needs for a row."""
    long = Contribution("customer_since_the_start", "2023-12-30", 30.0)
    short = explain_charts.waterfall(ROW, LIGHT).figure.layout
    wide = explain_charts.waterfall(replace(ROW, contributions=(long, *ROW.contributions)), LIGHT).figure.layout
    table = explain_charts.table_what_if(replace(TABLE, before=(60_000, 4)), LIGHT).figure.layout
    assert table.margin.l >= 55  # “60,000” and the title beside it
    curve = curve_charts.curve(NUMBER, LIGHT).figure.layout
    assert amounts_gutter([-20_000.0, 60_000.0], 5) >= 75  # “−20,000” and the title beside it
    assert amounts_gutter([0.0, 0.03], 5) >= 55  # “0.015”
    assert curve.margin.l >= amounts_gutter([point.effect for point in NUMBER.points], 5)
    for axis in (wide.xaxis, wide.yaxis, table.xaxis, table.yaxis, curve.yaxis, curve.yaxis2):
        assert axis.automargin is False
    assert 80 <= short.margin.l <= 120  # “2 other columns” takes 80 with its distance from the axis
    assert 150 <= wide.margin.l <= 200
    assert gutter(["W" * 18]) >= 185
    assert gutter(["工作地点"]) >= 48


def test_the_words_of_the_ends_stand_towards_the_room() -> None:
    ends = explain_charts.waterfall(ROW, LIGHT).figure.data[0]
    assert tuple(ends.textposition) == ("middle right", "middle left")


def test_hostile_names_become_entities() -> None:
    importance = replace(EXPLANATION, importance=(replace(IMPORTANCE[0], column=HOSTILE),), groups=(), units=HOSTILE, label="")
    row = RowExplanation(60.0, 20.0, (Contribution(HOSTILE, HOSTILE, 40.0),), HOSTILE, "", HOSTILE)
    pair = replace(PAIR, first=HOSTILE, second=HOSTILE, first_labels=(HOSTILE, "2"), sentence=HOSTILE)
    spot = replace(SPOT, conditions=(SpotCondition(HOSTILE, (HOSTILE,)),))
    charts = [explain_charts.importance(importance, LIGHT), explain_charts.waterfall(row, LIGHT),
              explain_charts.interaction(pair, False, LIGHT),
              curve_charts.curve(replace(LEVELS, column=HOSTILE, sentence=HOSTILE), LIGHT),
              curve_charts.curve(replace(NUMBER, column=HOSTILE, units=HOSTILE), LIGHT),
              explain_charts.weak_spots(WeakSpots((spot,), 1, 1, HOSTILE, ""), LIGHT),
              explain_charts.table_what_if(replace(TABLE, units=HOSTILE, in_points=False), LIGHT)]
    for chart in charts:
        assert "<img" not in chart.figure.to_json().encode().decode("unicode_escape")
        assert "![" not in chart.sentence


def test_a_number_called_points_is_drawn_as_a_number() -> None:
    """“points” are the units of classes and may be the name of a target."""
    whole, row = replace(EXPLANATION, label=""), replace(ROW, label="")
    line, level = replace(NUMBER, of_class=False), replace(LEVELS, of_class=False)
    told = [explain_charts.importance(whole, LIGHT), explain_charts.waterfall(row, LIGHT), curve_charts.curve(level, LIGHT),
            explain_charts.table_what_if(replace(TABLE, in_points=False), LIGHT)]
    for chart in told:
        drawn = chart.figure.to_json().encode().decode("unicode_escape")
        assert "%" not in chart.sentence
        assert "Predicted, %" not in drawn
        assert "percentage" not in drawn
    assert "units of “points”" in told[0].sentence
    assert "From 20 where nothing is known of a row to 60 for this one" in told[1].sentence
    hovers = [trace.text for trace in curve_charts.curve(line, LIGHT).figure.data if trace.text]
    assert all("seen" not in text or "%" not in text for texts in hovers for text in texts)
    assert "From 20.0 % where nothing is known of a row to 60.0 % for this one" in explain_charts.waterfall(ROW, LIGHT).sentence


def test_nothing_to_show_is_said() -> None:
    assert curve_charts.curve(replace(NUMBER, points=()), LIGHT).sentence
    empty = replace(EXPLANATION, importance=(), groups=())
    assert explain_charts.importance(empty, LIGHT).figure is not None
    assert explain_charts.drops(empty, LIGHT).figure is not None


def test_a_group_of_many_columns_says_how_many_it_leaves_unnamed() -> None:
    many = replace(GROUPS[0], columns=("tenure", "months", "years", "since", "age"))
    assert explain_charts.name_of(many) == "tenure + months + years + 2 more"
    assert explain_charts.name_of(GROUPS[0]) == "tenure + months"


def test_what_the_model_does_not_use_is_no_bar_and_words_beside_bars_have_room() -> None:
    idle = ColumnGroup(("x", "y"), 0.0, 0.0)
    figure = explain_charts.importance(replace(EXPLANATION, groups=(*GROUPS, idle)), LIGHT).figure
    assert len(figure.data[0].y) == 3
    assert not any("x + y" in name for name in figure.data[0].y)
    longest = max(figure.data[0].x)
    assert figure.layout.xaxis.range[1] >= 1.45 * longest  # “18.0 (50 %)” beside a bar, on a plot of 160 px


def test_parts_that_were_sampled_say_how_far_they_may_be_off() -> None:
    assert replace(ROW, doubt=0.254).doubt_sentence == (
        "How the prediction is divided among the columns is an estimate: the parts are off by about 25 % of all their sizes "
        "together, small ones by more of their own.")
    assert "about 9 %" in replace(EXPLANATION, doubt=0.088).doubt_sentence
    assert ROW.doubt_sentence == EXPLANATION.doubt_sentence == ""


def test_what_an_earlier_version_said_of_sampling_is_said_once() -> None:
    before = replace(EXPLANATION, doubt=0.25, sentence="“a” drives it. The parts of a row are estimates: about 25.4 % of their "
                     "size may be off. A closer look found no evidence that the answers need “b”.")
    assert said_once(before).sentence == "“a” drives it. A closer look found no evidence that the answers need “b”."
    assert "about 25 %" in said_once(before).doubt_sentence
    assert said_once(EXPLANATION) is EXPLANATION


@pytest.mark.parametrize("item", [NUMBER, LINES, DATES], ids=["number", "lines", "dates"])
def test_rows_without_a_value_stand_beside_the_curve(item: Curve) -> None:
    missing = CurvePoint("missing", 50.0, 48.0, 52.0, 90, 60.0, 61.0)
    whole = curve_charts.curve(replace(item, points=(*item.points, missing)), LIGHT)
    before = curve_charts.curve(item, LIGHT)
    more = whole.figure.data[len(before.figure.data):]
    assert {50.0, 60.0, 61.0} <= {trace.y[0] for trace in more}
    assert {trace.xaxis for trace in more} == {"x3", "x4"}  # next to the curve's last tick, “120”, it looked like a value of 123
    layout = whole.figure.layout
    assert layout.xaxis4.ticktext == ("missing",)
    assert layout.xaxis2.domain[1] < layout.xaxis4.domain[0] == layout.xaxis3.domain[0]
    assert before.figure.layout.xaxis2.domain is None
    assert "missing: +50" in whole.alt


def test_cells_of_a_pair_with_like_labels_are_not_merged() -> None:
    long = ("a department of sales", "a department of costs", "b")
    grid = ((1.0, -1.0), (-1.0, 1.0), (0.5, -0.5))
    drawn = explain_charts.interaction(replace(PAIR, first_labels=long, second_labels=("1", "1"), grid=grid), True, LIGHT)
    cells = drawn.figure.data[0]
    assert list(cells.y) == ["a depa…f sales", "a depa…f costs", "b"]
    assert len(set(cells.x)) == 2


def test_one_row_of_a_rare_level_does_not_set_the_scale() -> None:
    rare = replace(POINTS[3], label="rare", rows=1, observed=99.0, thin=True)
    drawn = curve_charts.curve(replace(LEVELS, points=(*POINTS[:3], rare)), LIGHT).figure.data[-1]
    assert len(drawn.x) == 3
    small = replace(LEVELS, points=tuple(replace(point, rows=4) for point in POINTS[:4]))  # a small table: none of them is rare
    assert len(curve_charts.curve(small, LIGHT).figure.data[-1].x) == 4


@pytest.mark.parametrize("metric", ["rmse", "roc_auc"])
def test_what_the_score_needs_is_told_as_worse_and_not_as_a_fall(metric: str) -> None:
    """An error rises where a score falls: “Fall of RMSE: −0.10” said the opposite of what the bar shows."""
    chart = explain_charts.drops(replace(EXPLANATION, metric=metric), LIGHT)
    assert "Fall" not in f"{chart.alt} {chart.figure.layout.xaxis.title.text}"
    assert chart.figure.layout.xaxis.title.text == f"How much worse {'RMSE' if metric == 'rmse' else 'ROC AUC'} gets"
    assert "Contract 0.10 (0.05 to 0.15)" in chart.alt
