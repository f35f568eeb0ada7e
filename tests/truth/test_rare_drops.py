"""What the score needs where one outcome is rare: eight frauds among 5,000 rows."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from automl_core.explaining import Past, explain, with_evidence
from automl_core.explaining.drops import MOST_ROWS, permutation_drops, pooled, some_rows
from automl_core.explaining.refits import MOST_ROWS as MOST_REFITTED
from automl_core.explaining.refits import _known
from automl_core.framing.score_interval import Counting
from automl_core.search.model import Model
from tests.truth.explaining_data import Made, fitted

ROWS, FRAUDS = 5_000, 8


def table(rows: int, frauds: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.zeros(rows)
    y[rng.choice(rows, frauds, replace=False)] = 1.0
    return pd.DataFrame({"amount": rng.normal(size=rows) + 1.5 * y, "idle": rng.normal(size=rows)}), y


def judged_by_area(made: Made) -> Model:
    return replace(made.model, problem=replace(made.model.problem, metric="roc_auc"))


@cache
def model() -> Model:
    return judged_by_area(fitted(*table(4000, 400), "binary", "linear"))


def test_a_rare_outcome_is_among_the_rows_that_are_looked_at() -> None:
    """Of 1,000 rows drawn from 5,000 with 8 frauds, one in six had none: the drop of every column was unknown then."""
    frame, y = table(ROWS, FRAUDS, 1)
    matrix, wanted = model().encoder.matrix(frame), [("amount",), ("idle",)]
    found = [permutation_drops(model(), matrix, y, wanted, seed) for seed in range(30)]
    drops = {name: np.array([one[(name,)][0] for one in found]) for name in ("amount", "idle")}
    assert np.isfinite(drops["amount"]).all()
    assert drops["amount"].mean() > 0.1
    assert abs(drops["idle"].mean()) < 0.02


def test_rows_of_a_rare_class_count_as_in_the_whole() -> None:
    _, y = table(ROWS, FRAUDS, 1)
    picked, (weights, groups) = some_rows(model().problem, y, Counting(), np.random.default_rng(0))
    assert len(picked) == MOST_ROWS
    assert weights is not None
    assert groups is None
    assert y[picked].sum() == FRAUDS
    assert np.isclose(np.average(y[picked], weights=weights), y.mean())
    assert some_rows(model().problem, np.arange(5000) % 2.0, Counting(), np.random.default_rng(0))[1].weights is None


def test_intervals_hold_the_drop_where_an_outcome_is_rare() -> None:
    """Eight frauds of each of 60 tables: the interval of one table's drop holds that of a large one."""
    frame, y = table(40_000, 4_000, 2)
    large = permutation_drops(model(), model().encoder.matrix(frame), y, [("amount",)], 0)[("amount",)][0]
    held = []
    for seed in range(60):
        frame, y = table(ROWS, 20, 100 + seed)
        _, low, high = pooled([permutation_drops(model(), model().encoder.matrix(frame), y, [("amount",)], seed)[("amount",)]])
        held.append(low <= large <= high)
    assert np.mean(held) >= 0.95 - 2 * np.sqrt(0.95 * 0.05 / 60)


def test_a_refit_that_cannot_tell_is_left_out_and_one_row_of_an_outcome_tells_nothing() -> None:
    told = pooled([(0.2, 0.001), (float("nan"), float("nan")), (0.3, 0.001)])
    assert told == pooled([(0.2, 0.001), (0.3, 0.001)])
    assert np.isnan(pooled([(float("nan"), float("nan"))])).all()
    frame, y = table(500, 1, 3)
    assert np.isnan(permutation_drops(model(), model().encoder.matrix(frame), y, [("amount",)], 0)[("amount",)]).all()


def test_what_the_score_needs_is_known_or_said_to_be_unknown() -> None:
    frame, y = table(12_000, 24, 4)
    past = Past(frame, y, model().cleaned)
    assert y[_known(past)].sum() in (19, 20, 21)
    assert len(set(_known(past))) == MOST_REFITTED
    made = judged_by_area(fitted(frame, y, "binary", "linear"))
    told = with_evidence(explain(made, frame, y), made, past, 2.0, 2)
    assert told.refits == 2
    assert all(np.isfinite(item.drop) for item in told.importance)
    few = np.zeros(len(y))
    few[:2] = 1.0
    unknown = with_evidence(explain(made, frame, few), made, replace(past, y=few), 2.0, 2)
    assert not unknown.refits or "one outcome is too rare to tell the score" in unknown.measured
