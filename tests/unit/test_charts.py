"""Figures are made from values alone, say what they show, and take no tag from a user’s string."""
from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl_core.acting.action import Condition, Goal, Segment, SegmentSearch
from automl_core.acting.action_list import ActionList, ActionRow
from automl_core.acting.decisions import rank_rows
from automl_core.framing.problem import Problem, Rung, Verdict
from automl_core.production.contract import ColumnDrift
from automl_core.search.plan import RungOffer, RunSummary, Score
from pages.ui import charts
from pages.ui.figures import Chart, Mark, bars, dots, two_lines
from pages.ui.theme import DARK, LIGHT, Palette

HOSTILE = "<img src=x onerror=alert(1)> **b** [l](http://evil.example) ![i](http://evil.example/p.png) :material/bolt: $x$"
RUNGS = (Rung("average", 0.5, 0.488, 0.512), Rung("rule", 0.72, 0.708, 0.732), Rung("linear", 0.84, 0.828, 0.852),
         Rung("boosted", 0.861, 0.849, 0.873))
VERDICT = Verdict("ml_pays", "binary", "roc_auc", RUNGS, (), "Boosted trees beat the linear model by 0.021.", 4.2, 400)
BEST = Score(0.861, 0.850, 0.872)
OFFERS = (RungOffer("Linear model", ("Linear model",), Score(0.846, 0.835, 0.857), 0.2, 0.4, 0.1),
          RungOffer("One model", ("LightGBM",), Score(0.860, 0.849, 0.871), 0.6, 0.9, 1.2, True, "It is not worse."))
SUMMARY = RunSummary("binary", "roc_auc", True, BEST, Score(0.5, 0.5, 0.5), BEST, "lightgbm", ("lightgbm",), (), OFFERS, 400, 5,
                     58.0, 1.2, 0.6, 0.9)
GROUP = Segment((Condition("Contract", ("Monthly",)),), 90, 0.43, 0.2, 0.23, 0.15, 0.31, 0.001, "They leave more.")
ACTIONS = ActionList(tuple(ActionRow(n + 1, n, f"C{n}", 0.9, 120.0 - n) for n in range(40)), 40, 4020.0, 3100.0, 4900.0, 1100.0,
                     -300.0, 30.0, "Act on the best 40 rows.")
DRIFT = tuple(ColumnDrift(name, "ks", effect, 0.001, effect > 0.1, 0.2, f"{name} moved.", "27 %", "41 %")
              for name, effect in (("tenure", 0.32), ("Contract", 0.02)))


def every(palette: Palette) -> dict[str, Chart]:
    """One chart of each kind."""
    return {
        "ladder": charts.ladder(VERDICT, palette),
        "offers": charts.offers(SUMMARY, palette),
        "segments": charts.segments(SegmentSearch((GROUP,), 214, 12, "Churn", "points"), palette),
        "capacity": charts.capacity(ACTIONS, palette, "€"),
        "drift": charts.drift(DRIFT, palette),
        "distribution": charts.distribution(["No", "Yes"], [0.73, 0.27], "Churn", palette),
        "histogram": charts.histogram([1, 2, 3], [0.0, 1.0, 2.0, 3.0], "age", palette),
    }


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda palette: palette.name)
def test_each_chart_has_a_sentence_an_alt_text_and_no_frills(palette: Palette) -> None:
    for name, chart in every(palette).items():
        assert chart.sentence.endswith((".", ").")), name
        assert len(chart.alt) > 20, name
        layout = chart.figure.layout
        assert layout.title.text is None, name
        assert layout.showlegend is False, name
        assert layout.paper_bgcolor == "rgba(0,0,0,0)", name
        assert len(chart.figure.data) >= 1, name
        json.loads(chart.figure.to_json())


def test_bars_start_at_zero() -> None:
    for name in ("drift", "distribution"):
        low, high = every(LIGHT)[name].figure.layout.xaxis.range
        assert low <= 0 <= high, name


def test_axes_write_numbers_as_the_words_do() -> None:
    # counts of rows, money, and differences
    never_years = {("capacity", "xaxis"), ("capacity", "yaxis"), ("histogram", "yaxis"), ("segments", "xaxis")}
    for name, chart in every(LIGHT).items():
        for place in ("xaxis", "yaxis"):
            axis = chart.figure.layout[place]
            # unasked, five digits are marked (20,000) and four are not, which may be years
            marked = True if (name, place) in never_years else None
            assert (axis.separatethousands, axis.exponentformat, axis.minexponent) == (marked, "B", 6), name


def test_intervals_are_drawn() -> None:
    trace = next(one for one in every(LIGHT)["ladder"].figure.data if one.marker.color == LIGHT.accent)
    assert trace.x[0] + trace.error_x.array[0] == pytest.approx(0.873)
    assert trace.x[0] - trace.error_x.arrayminus[0] == pytest.approx(0.849)
    assert trace.marker.color == LIGHT.accent


@pytest.mark.parametrize("name", ["points", "share of rows"])
def test_a_number_that_is_called_as_shares_are_is_drawn_as_a_number(name: str) -> None:
    kept = SegmentSearch((GROUP,), 214, 12, name, name)  # of before it was told apart: the units are all there is
    assert charts.segments(kept, LIGHT).figure.data[-1].x[0] == pytest.approx(23.0)
    number = charts.segments(replace(kept, is_rate=False), LIGHT)
    assert number.figure.data[-1].x[0] == pytest.approx(0.23)
    assert f"units of “{name}”" in number.sentence
    assert number.sentence.startswith(f"The mean of {name}: how far it lies from that of all other rows")
    named = replace(kept, outcome="“plan” = “A”", is_rate=True)
    assert charts.segments(named, LIGHT).sentence.startswith("The share of rows with “plan” \\= “A”")


def test_hostile_names_become_entities() -> None:
    chart = charts.distribution([HOSTILE], [1.0], HOSTILE, LIGHT)
    assert "<img" not in chart.figure.to_json().encode().decode("unicode_escape")
    assert "![" not in chart.sentence


def test_equal_labels_stay_apart() -> None:
    figure = bars([Mark("same", 1, "1"), Mark("same", 2, "2")], "x", LIGHT)
    assert len(set(figure.data[0].y)) == 2


def test_empty_values_do_not_break() -> None:
    assert charts.distribution([], [], "x", LIGHT).figure is not None


def test_plotly_is_not_imported_with_the_module() -> None:
    code = "import sys; import pages.ui.charts; raise SystemExit('plotly.graph_objects' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0


def test_a_chart_of_one_line_leaves_room_for_its_axis() -> None:
    assert dots([Mark("one", 1.0, "1")], "Larger log loss", LIGHT).layout.height >= 132


def test_a_list_says_that_its_first_rows_bring_most_only_where_they_do() -> None:
    nan = float("nan")

    def told(worth: list[float]) -> str:
        rows = tuple(ActionRow(place, place, str(place), 0.5, value) for place, value in enumerate(worth))
        return charts.capacity(ActionList(rows, 0, sum(worth), nan, nan, nan, nan, nan, ""), LIGHT, "€").sentence

    assert told([100.0, 50.0, 20.0, 10.0]).endswith("the first ones bring most.")
    assert told([18.98] * 400).endswith("each about as much.")
    assert told([18.0] * 3).endswith("each about as much.")
    assert told([10.0, 6.0, 4.0]).endswith("the first ones bring most.")
    assert told([60.0, 50.0, 40.0, 30.0, 20.0]).endswith("the first ones bring most.")
    assert told([20.0]).startswith("The row is expected to bring")


def test_the_line_of_a_list_ends_at_the_amount_that_stands_above_it() -> None:
    """Where rows have weights both go by them: the line once summed each row once."""
    frame = pd.DataFrame({"w": [1.0, 9.0, 1.0, 5.0]})
    problem = Problem("Churn", "binary", "roc_auc", ("No", "Yes"), "Yes", weights="w")
    made = rank_rows(frame, np.array([0.9, 0.5, 0.4, 0.1]), (), problem, Goal("Churn", "No", value=1_000.0, capacity=3))
    chart = charts.capacity(made, LIGHT, "€")
    assert chart.figure.data[0].y[-1] == pytest.approx(made.expected_value)
    assert chart.figure.layout.xaxis.title.text == "Rows acted on, best first"
    mixed = charts.capacity(replace(made, unknown=2), LIGHT, "€")
    assert mixed.figure.layout.xaxis.title.text == "Rows acted on, as listed"


def test_two_conditions_are_broken_between_them_rather_than_cut_off() -> None:
    """A long first one broke within, and the second lost the digits of its bound: “TotalCharges under 4…” was under 404."""
    told = "InternetService is Fiber optic, TotalCharges under 404"
    assert two_lines(told) == "InternetService is Fiber optic,<br>TotalCharges under 404"
    assert two_lines("tenure under 9, PaymentMethod is Electronic check").startswith("tenure under 9,<br>PaymentMethod is")


def test_models_on_offer_say_where_lower_is_better() -> None:
    """The dots lay further left the better they were, and nothing on the page said so."""
    assert "lower is better" not in charts.offers(SUMMARY, LIGHT).sentence
    chart = charts.offers(replace(SUMMARY, metric="rmse", greater_is_better=False), LIGHT)
    assert chart.sentence.startswith("RMSE on rows the model had not seen, lower is better, with 95 % intervals.")
    assert chart.figure.layout.xaxis.title.text == "RMSE, lower is better"
