"""Cross-fitted helpers of an effect estimate: each row's value comes from a model that has not seen the row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.covariates import Covariates

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
FOLDS = 5
ROUNDS = 100
GAIN_ROUNDS = 40


def fold_of(rows: int, groups: NDArray[np.generic] | None, seed: int) -> NDArray[np.int64]:
    """A fold number for each row; all rows of one group share it."""
    generator = np.random.default_rng(seed)
    if groups is None:
        return np.asarray(generator.permutation(rows) % FOLDS, dtype=np.int64)
    codes, found = pd.factorize(groups)
    return np.asarray((generator.permutation(len(found) + 1) % FOLDS)[codes], dtype=np.int64)


def cross_fit(covariates: Covariates, target: Floats, learn_from: Mask, folds: NDArray[np.int64], binary: bool) -> Floats:
    """Predictions for every row of `target` given the covariates, learned on the rows `learn_from` of the other folds."""
    out = np.empty(len(target))
    for fold in range(FOLDS):
        inside = folds == fold
        train = learn_from & ~inside
        if not inside.any():
            continue
        out[inside] = _fit_predict(covariates, target, train, inside, binary)
    return out


def _fit_predict(covariates: Covariates, target: Floats, train: Mask, score: Mask, binary: bool) -> Floats:
    values = target[train]
    mean = float(values.mean()) if len(values) else 0.0
    if len(values) < 2 or np.ptp(values) == 0 or covariates.matrix.shape[1] == 0:
        return np.full(int(score.sum()), mean)
    booster = _boosted(covariates.rows(train), values, binary, 0.06, ROUNDS)
    return np.asarray(booster.predict(covariates.matrix[score], num_threads=1), dtype=np.float64)


def gains(covariates: Covariates, target: Floats, binary: bool) -> Floats:
    """How much each covariate helps to tell `target`, as shares that sum to 1 (all zero when none does)."""
    if np.ptp(target) == 0 or covariates.matrix.shape[1] == 0:
        return np.zeros(covariates.matrix.shape[1])
    booster = _boosted(covariates, target, binary, 0.1, GAIN_ROUNDS)
    found = np.asarray(booster.feature_importance("gain"), dtype=np.float64)
    return found / found.sum() if found.sum() > 0 else found


def _boosted(covariates: Covariates, target: Floats, binary: bool, rate: float, rounds: int) -> Any:
    """A small boosted model of `target`: shallow and slow, so that it smooths rather than remembers."""
    import lightgbm

    options = {
        "objective": "binary" if binary else "regression",
        "learning_rate": rate,
        "num_leaves": 8,
        "min_data_in_leaf": 40,
        "num_threads": 1,
        "verbose": -1,
        "seed": 0,
        "deterministic": True,
        "force_row_wise": True,
        "max_bin": 127,
    }
    data = lightgbm.Dataset(covariates.matrix, target, categorical_feature=list(covariates.categorical))
    return lightgbm.train(options, data, rounds)
