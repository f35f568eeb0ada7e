"""The simple answer of the verdict as a ranking: what a table of averages or a small tree says of rows it has not seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.data.table import Column
from automl_core.framing.problem import Problem

FOLDS = 5


def rule_predictions(
    frame: pd.DataFrame, y: NDArray[np.generic], columns: tuple[Column, ...], problem: Problem, seed: int = 0
) -> NDArray[np.float64]:
    """Out-of-fold answers of the simple rule for aligned rows, shaped as the model's: NaN for rows that no fold tests."""
    from automl_core.framing.ladder import make_material
    from automl_core.framing.rungs import rule
    from automl_core.framing.validation import make_folds

    material = make_material(frame, columns, problem, y, seed)
    shape = (len(y), len(problem.classes)) if problem.task == "multiclass" else (len(y),)
    out = np.full(shape, np.nan)
    for train, valid in make_folds(y, problem, frame, columns, FOLDS, seed):
        out[valid] = rule(material, train, valid)
    return out
