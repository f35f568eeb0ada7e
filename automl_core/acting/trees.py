"""Small boosted trees on bins that are made once: the half of a blended nuisance fit that finds thresholds and interactions."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.covariates import Covariates

Floats = NDArray[np.float64]
RATE = 0.06
ONE_BY_ONE = 20  # levels that are split one by one, as a line tells them: sets of so few are noise more often than not
LEAST_SEEN = 20  # columns that each tree sees at least; of more it sees half, in half the time (random subspaces: Ho 1998)
ONE_AT_A_TIME = Lock()  # the library's number of threads is one for the whole process: fits side by side can crash it
BINNED_BY = 20_000  # rows tell the edges of 127 bins well enough
THREADS = 1  # a second one spins while it waits: twice the processor time where cores are busy


def binned(covariates: Covariates) -> Any:
    """The covariates as bins for `grown`; None when there are no columns."""
    import lightgbm

    if covariates.matrix.shape[1] == 0:
        return None
    options = {"max_bin": 127, "verbose": -1, "force_col_wise": True, "num_threads": THREADS, "feature_pre_filter": False,
               "bin_construct_sample_cnt": BINNED_BY}
    data = lightgbm.Dataset(
        covariates.matrix, categorical_feature=list(covariates.categorical), params=options, free_raw_data=False
    )
    with ONE_AT_A_TIME:
        return data.construct()


def grown(bins: Any, train: NDArray[np.intp], values: Floats, binary: bool, rounds: int, start: Floats | None = None) -> Any:
    """A small boosted model of the `values` of the rows `train`: shallow and slow, so that it smooths rather than remembers; from
    the raw scores `start` on."""
    share = max(0.5, min(1.0, LEAST_SEEN / bins.num_feature()))
    return _trained(bins, train, values, _options(values, binary) | {"feature_fraction": share}, rounds, start)


def gains_of(bins: Any, train: NDArray[np.intp], values: Floats, binary: bool, rounds: int) -> Floats:
    """(p,) what each column brings to such a model whose trees see all columns: what tells most shares it with nothing then."""
    booster = _trained(bins, train, values, _options(values, binary), rounds, None)
    return np.asarray(booster.feature_importance("gain"), dtype=np.float64)


def _options(values: Floats, binary: bool) -> dict[str, Any]:
    return {
        "objective": "binary" if binary else "regression",
        "learning_rate": RATE,
        "num_leaves": 8,
        "min_data_in_leaf": int(np.clip(len(values) // 20, 10, 40)),
        "num_threads": THREADS,
        "verbose": -1,
        "seed": 0,
        "deterministic": True,
        "force_col_wise": True,
        "max_bin": 127,
        "max_cat_to_onehot": ONE_BY_ONE,
    }


def _trained(
    bins: Any, train: NDArray[np.intp], values: Floats, options: dict[str, Any], rounds: int, start: Floats | None
) -> Any:
    import lightgbm

    with ONE_AT_A_TIME:
        data = bins.subset(train).construct()
        data.set_label(values)  # a label set before the subset is constructed is lost, and the model learns nothing
        if start is not None:
            data.set_init_score(start)
        return lightgbm.train(options, data, rounds, keep_training_booster=True)  # it need not go through text and back


def raw_scores(booster: Any, matrix: Floats) -> Floats:
    """(n,) raw scores of a grown model."""
    with ONE_AT_A_TIME:
        return np.asarray(booster.predict(matrix, num_threads=THREADS, raw_score=True), dtype=np.float64)
