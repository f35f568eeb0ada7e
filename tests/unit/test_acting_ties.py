"""Rows that a ranking cannot tell apart: the order of the file does not decide between them, for it may be that of outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from automl_core.acting.action import Goal
from automl_core.acting.decide import DecisionInputs, decide
from automl_core.acting.decisions import rank_rows
from automl_core.acting.experiment import Experiment, experiment_frame
from automl_core.acting.profit import gains
from automl_core.acting.qini import judge_ranking
from automl_core.acting.simple_rule import rule_predictions
from automl_core.data.infer import table_from_frame
from automl_core.framing.problem import Problem

PROBLEM = Problem("Churn", "binary", "roc_auc", ("No", "Yes"), "Yes")
GOAL = Goal("Churn", "No", value=700.0, contact_cost=20.0, capacity=100)


def two_leaves() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """A rule of two answers on a file that is sorted by its outcomes: 150 of 300 rows at 50 %, 70 of 700 at 10 %."""
    y = np.concatenate([np.ones(150), np.ones(70), np.zeros(150), np.zeros(630)]).astype(np.int64)
    risky = np.concatenate([np.ones(150), np.zeros(70), np.ones(150), np.zeros(630)]).astype(bool)
    return pd.DataFrame({"risky": risky, "Churn": np.where(y == 1, "Yes", "No")}), np.where(risky, 0.5, 0.1), y


def test_a_list_of_a_rule_on_a_sorted_file_brings_no_more_than_the_rule() -> None:
    """The first of the file were taken: 100 bad of 100 where half are, worth 12,000 in place of 5,000."""
    frame, p, y = two_leaves()
    actions = rank_rows(frame, p, table_from_frame(frame, "t").columns, PROBLEM, GOAL)
    assert all(p[row.row] == 0.5 for row in actions.rows)
    made = decide(DecisionInputs(p, y, PROBLEM, GOAL, p), actions)
    rule = next(rival for rival in made.rivals if rival.name == "The simple rule")
    assert rule.value == pytest.approx(5_000)
    assert made.low < 5_000 < made.high
    assert rule.low < 0 < rule.high
    again = rank_rows(frame, p, table_from_frame(frame, "t").columns, PROBLEM, GOAL)
    assert [row.row for row in again.rows] == [row.row for row in actions.rows]


def test_lift_of_a_rule_on_a_sorted_file_is_that_of_its_leaf() -> None:
    _, p, y = two_leaves()
    first = gains(p, y)[0]
    assert first.low < 0.5 < first.high
    assert first.lift == pytest.approx(0.5 / 0.22, rel=0.25)
    assert gains(p, y)[2].rate == pytest.approx(0.5)  # all of the leaf


def test_the_rival_rule_learns_by_the_weights_as_the_verdict_does() -> None:
    """Rows of x = 1 with a bad end were thinned to a tenth and weigh ten."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, 8_000)
    y = (rng.random(8_000) < np.where(x == 1, 0.5, 0.3)).astype(np.int64)
    kept = (x == 0) | (y == 0) | (rng.random(8_000) < 0.1)
    frame = pd.DataFrame({"x": x, "w": np.where((x == 1) & (y == 1), 10.0, 1.0), "Churn": np.where(y == 1, "Yes", "No")})[kept]
    frame, y = frame.reset_index(drop=True), y[kept]
    table = table_from_frame(frame, "t")
    problem = Problem("Churn", "binary", "roc_auc", ("No", "Yes"), "Yes", weights="w")
    rule = rule_predictions(table.frame, y, table.columns, problem)
    assert rule[frame["x"] == 1].mean() == pytest.approx(0.5, abs=0.05)
    assert rule[frame["x"] == 0].mean() == pytest.approx(0.3, abs=0.05)


def one_effect_for_all(first: int) -> tuple[np.ndarray, np.ndarray]:
    """Doubly robust effects of an experiment that raises a share from 10 to 30 % for everybody, and outcomes: 4,000 rows, sorted
    by the outcome, those of `first` first."""
    rng = np.random.default_rng(0)
    treated = rng.permutation(4_000) < 2_000
    y = (rng.random(4_000) < np.where(treated, 0.3, 0.1)).astype(int)
    order = np.argsort(y != first, kind="stable")
    treated, y = treated[order], y[order]
    return 0.2 + np.where(treated, y - 0.3, 0.1 - y) / 0.5, y


@pytest.mark.parametrize("first", [0, 1])
def test_an_order_that_knows_nothing_is_worth_nothing_on_a_sorted_file(first: int) -> None:
    """One score for all: sorted with those that stayed first, the first 30 % gained 55 points and the Qini was +0.06."""
    psi, _ = one_effect_for_all(first)
    found = judge_ranking(np.full(4_000, 0.2), psi, np.random.default_rng(1).permutation(4_000) % 5)
    assert found.qini == pytest.approx(0.0, abs=1e-4)
    assert found.qini_low <= 0 <= found.qini_high
    assert [part.effect for part in found.parts] == pytest.approx([psi.mean()] * len(found.parts), abs=0.005)
    assert found.parts[2].low < psi.mean() < found.parts[2].high


def test_the_area_under_the_curve_is_that_of_a_drawing() -> None:
    """Half gains 30 points, ranked first, and half 10: the line rises to 15 points at half of the rows and to 20 at all."""
    effect = np.repeat([0.3, 0.1], 2_000)
    found = judge_ranking(effect, effect, np.arange(4_000) % 5)
    assert found.auuc == pytest.approx(0.5 * 0.15 / 2 + 0.5 * (0.15 + 0.20) / 2)
    assert found.qini == pytest.approx(found.auuc - 0.2 / 2)
    assert [part.effect for part in found.parts] == pytest.approx([0.3] * 4)
    turned = judge_ranking(-effect, effect, np.arange(4_000) % 5)
    assert turned.auuc == pytest.approx(0.5 * 0.05 / 2 + 0.5 * (0.05 + 0.20) / 2)


def test_an_order_of_two_levels_is_judged_by_its_levels_and_not_by_the_file() -> None:
    """Half gains 30 points and half 10; the range is that of the file as it was shuffled."""
    rng = np.random.default_rng(0)
    level, treated = rng.random(4_000) < 0.5, rng.random(4_000) < 0.5
    y = rng.random(4_000) < 0.2 + np.where(level, 0.3, 0.1) * treated
    psi = np.where(level, 0.3, 0.1) + np.where(treated, y - np.where(level, 0.5, 0.3), 0.2 - y) / 0.5
    folds, order = rng.integers(0, 5, 4_000), np.argsort(~y, kind="stable")
    shuffled, sorted_ = (judge_ranking(level[at] * 1.0, psi[at], folds[at]) for at in (np.arange(4_000), order))
    assert sorted_.qini == pytest.approx(shuffled.qini, abs=5e-4)
    assert sorted_.qini_high - sorted_.qini_low == pytest.approx(shuffled.qini_high - shuffled.qini_low, rel=0.2)
    assert sorted_.qini_low < 0.025 < sorted_.qini_high  # a quarter of 20 points, of which half lies above random


def test_rows_of_one_gain_are_handed_over_as_chance_has_them() -> None:
    """The first hundred of a sorted file had all stayed."""
    _, y = one_effect_for_all(1)
    table = experiment_frame(np.full(4_000, 0.2), pd.DataFrame({"stayed": y}), Experiment("offer", rows=100))
    assert table["stayed"][:500].mean() == pytest.approx(0.2, abs=0.06)
