"""The noise floor: how much a model uses columns that are known to say nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.refits import Past
from automl_core.search.families import families
from automl_core.search.family import FitRequest
from automl_core.search.feature import Feature
from automl_core.search.model import Model
from automl_core.search.worker import FAILURES

Floats = NDArray[np.float64]
SHADOWS = 3
MOST_ROWS = 4_000
LEAST_ROWS = 80
ROUNDS = 300


def noise_floor(model: Model, past: Past) -> float:
    """The largest share of all |SHAP| that one of three shuffled columns gets in a boosting fitted with them (Kursa and Rudnicki
    2010). 0 when there are too few rows to tell. The boosting is stopped early on a fifth of at most 4,000 rows."""
    known = np.flatnonzero(np.isfinite(past.y))
    generator = np.random.default_rng(past.seed)
    if len(known) < LEAST_ROWS:
        return 0.0
    picked = generator.permutation(known)[:MOST_ROWS]
    encoder = model.encoder
    matrix = encoder.matrix(past.frame.iloc[picked])[:, : encoder.plain]
    shadows = [matrix[generator.permutation(len(matrix)), place] for place in generator.integers(0, matrix.shape[1], SHADOWS)]
    # shuffled codes of levels are numbers like any other: a boosting that takes them for levels would overfit them more
    features = (*encoder.features[: encoder.plain], *(Feature(f"shadow {n}", (f"shadow {n}",), "number") for n in range(SHADOWS)))
    whole = np.column_stack([matrix, *shadows])
    y, cut = past.y[picked], max(10, len(picked) // 5)
    problem = model.problem
    family = families().get("lightgbm")
    request = FitRequest(whole[cut:], y[cut:], features, problem.task, max(2, len(problem.classes)), {"rounds": ROUNDS},
                         valid_matrix=whole[:cut], valid_y=y[:cut], seed=past.seed)
    try:
        fitted = family.fit(request)
    except FAILURES:
        return 0.0
    assert family.contributions is not None
    phi, _ = family.contributions(fitted.native, whole[:1_000])
    size = np.abs(phi).mean(axis=0)
    size = size.sum(axis=1) if size.ndim == 2 else size
    total = float(size.sum())
    return float(size[-SHADOWS:].max()) / total if total > 0 else 0.0
