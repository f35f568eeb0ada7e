"""What small models that have not seen a row say of it, where a caller has no predictions of rows that were not learned from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.covariates import make_covariates
from automl_core.acting.nuisance import Learner, fold_of
from automl_core.acting.opened import Opened
from automl_core.acting.outcome import make_outcome
from automl_core.framing.dependent import codes_of

Floats = NDArray[np.float64]


def told_unseen(one: Opened, good: str, seed: int) -> Floats:
    """(n,) the chance of the class `good`, or the number, of each row of an opened table by models of other rows; rows of one
    group are never on both sides. Rows without an outcome teach nothing."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    problem = one.problem
    counted = make_outcome(one.y, problem, "" if problem.task == "regression" else good)
    known = np.isfinite(one.y)
    groups = codes_of(one.frame[problem.group].to_numpy()) if problem.group else None
    with threadpool_limits(1):
        learner = Learner(make_covariates(one.frame, one.columns, problem, ()), seed=seed, bends=False)
        folds = fold_of(len(known), groups, seed)
        told: Floats = learner.cross_fit(np.where(known, counted.values, 0.0), known, folds, counted.is_rate)
    return told
