"""The simple answer of the verdict as a ranking: what a table of averages or a small tree says of rows it has not seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Column
from automl_core.errors import BadInput
from automl_core.framing.columns import usable_columns
from automl_core.framing.problem import Problem
from automl_core.framing.simple_matrix import simple_matrix
from automl_core.framing.validation import make_folds, row_weights

if TYPE_CHECKING:
    from automl_core.framing.rungs import Material

FOLDS = 5
MOST_TAUGHT = 20_000  # rows that a table of averages or a tree of two questions learns from: more hardly move either
MOST_ASKED = 100_000  # answered at once: their matrices take memory


def rule_predictions(
    frame: pd.DataFrame, y: NDArray[np.generic], columns: tuple[Column, ...], problem: Problem, seed: int = 0
) -> NDArray[np.float64]:
    """Answers of the simple rule for aligned rows that it had not seen, shaped as the model's: NaN for rows that no fold tests.

    Of more than `MOST_TAUGHT` rows it learns from as many, drawn at random: these are answered out of fold, and the others by
    the rule learned from all of those.
    """
    from automl_core.framing.rungs import rule

    shape = (len(y), len(problem.classes)) if problem.task == "multiclass" else (len(y),)
    out = np.full(shape, np.nan)
    taught = np.arange(len(y))
    if len(y) > MOST_TAUGHT:
        taught = np.sort(np.random.default_rng(seed).choice(len(y), MOST_TAUGHT, replace=False))
    rows = frame.iloc[taught].reset_index(drop=True)
    material = _material(rows, y[taught], columns, problem, seed)
    for train, valid in make_folds(y[taught], problem, rows, columns, FOLDS, seed):
        out[taught[valid]] = rule(material, train, valid)
    others = np.setdiff1d(np.arange(len(y)), taught)
    for start in range(0, len(others), MOST_ASKED):
        asked = others[start : start + MOST_ASKED]
        both = np.concatenate([taught, asked])
        material = _material(frame.iloc[both].reset_index(drop=True), y[both], columns, problem, seed)
        out[asked] = rule(material, np.arange(len(taught)), np.arange(len(taught), len(both)))
    return out


def rule_or_none(
    frame: pd.DataFrame, y: NDArray[np.generic], columns: tuple[Column, ...], problem: Problem, seed: int = 0
) -> NDArray[np.float64] | None:
    """The same for the rows that a list is judged by, in folds without regard to time: the oldest rows often have no prediction
    already, and folds in time would take more of them from the rule alone. None where rows are too few to learn it."""
    try:
        return rule_predictions(frame, y, columns, replace(problem, time=""), seed)
    except BadInput:
        return None


def _material(frame: pd.DataFrame, y: NDArray[np.generic], columns: tuple[Column, ...], problem: Problem, seed: int) -> Material:
    """What the rule needs, without what only the rungs above it do."""
    from automl_core.framing.partition import make_groupings
    from automl_core.framing.rungs import Material, lesson_weights, one_hot_targets, working_scale

    used = usable_columns(columns, problem)
    weights = row_weights(frame, problem)
    return Material(problem, simple_matrix(frame, used), make_groupings(frame, used), y, working_scale(y, problem),
                    one_hot_targets(y, problem), None, seed, weights=weights, lessons=lesson_weights(y, problem, weights))
