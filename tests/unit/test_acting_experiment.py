"""An experiment as the goal declares it: measured with money, or refused in one sentence; and the report's sections of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from automl_core.acting import ExperimentInputs, experiment_frame, measure_experiment
from automl_core.acting.action import Goal, Lever
from automl_core.data.infer import table_from_frame
from automl_core.framing.problem import Problem
from automl_core.reporting.sections import SectionInputs, make_sections
from tests.truth.test_uplift import experiment

PROBLEM = Problem("stayed", "binary", "roc_auc", ("no", "yes"), "yes")
GOAL = Goal("stayed", "yes", value=100.0, levers=(Lever("offer", ("treat",), cost=5.0),), experiment="offer")


def inputs(chance: str, rows: int = 3000) -> ExperimentInputs:
    table = table_from_frame(experiment(3, rows, chance, 0.6)[0], "t")
    return ExperimentInputs(table.frame, table.columns, PROBLEM, GOAL)


def test_measured_with_money_and_rows() -> None:
    asked = inputs("random")
    made, scores = measure_experiment(asked)
    assert not made.refused
    assert made.low < 0.12 < made.high  # the mean of 0.6 * (use - 0.3)
    assert made.ordered
    assert 0.4 < made.treat < 0.9  # worth it where 0.6 * (use - 0.3) > 0.05, that is for 62 % of the rows
    assert made.net_low < made.net < made.net_high
    assert made.net > made.net_all
    assert any("use" in line for line in made.who)
    assert "Your limits" not in made.advice
    poor, _ = measure_experiment(replace(asked, goal=replace(GOAL, capacity=900, budget=500.0)))
    assert poor.advice == f"{made.advice} Your limits reach 100 of these rows: begin with those ranked first."
    table = experiment_frame(scores, asked.frame, made)
    assert (table["treat"] == "yes").sum() == made.rows
    assert table["expected_gain"].is_monotonic_decreasing
    sections = make_sections(SectionInputs(experiment=made))
    assert [section.title for section in sections] == ["What the experiment showed"]


def test_refused_where_chance_did_not_decide_or_rows_are_few() -> None:
    for asked, words in ((inputs("chosen", 1000), "not left to chance"), (inputs("random", 150), "untreated rows")):
        made, scores = measure_experiment(asked)
        assert words in made.refused
        assert np.isnan(scores).all()
        assert make_sections(SectionInputs(experiment=made))[0].lines[0].startswith("“offer” cannot be read")
    assert make_sections(SectionInputs()) == ()


def test_a_number_that_should_be_low_is_told_to_fall() -> None:
    """Costs fall by 8, and most where `use` is high: words and figures say so, gains and money are above zero."""
    rng = np.random.default_rng(0)
    use, offer = rng.random(2000), rng.integers(0, 2, 2000)
    cost = 100 + 5 * rng.normal(size=2000) - 16 * use * offer
    table = table_from_frame(pd.DataFrame({"use": use, "offer": offer, "cost": cost}), "t")
    goal = Goal("cost", "low", value=2.0, levers=(Lever("offer", cost=1.0),), experiment="offer")
    made, _ = measure_experiment(ExperimentInputs(table.frame, table.columns, Problem("cost", "regression", "rmse"), goal))
    assert made.low < -8 < made.high < 0
    first = next(part for part in made.parts if part.share >= 0.3)
    assert first.low < first.effect < first.high < made.effect
    assert f"moved “cost” by −{abs(made.effect):.3g} on average" in made.sentence
    assert f"among the 30 % ranked first the effect is −{abs(first.effect):.3g}" in made.sentence
    assert made.qini_low > 0
    assert made.net > 0
