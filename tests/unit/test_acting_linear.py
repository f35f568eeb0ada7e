"""The logistic line of comparisons ends where the penalised likelihood does, whatever its columns are like."""
from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from automl_core.acting.linear import fit


def exact(matrix: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The maximum by fifty full Newton steps in double precision, and the standard errors of its coefficients."""
    ridge = np.ones(matrix.shape[1])
    ridge[0] = 0.0
    beta = np.zeros(matrix.shape[1])
    for _ in range(50):
        chance = expit(matrix @ beta)
        curvature = (matrix * (chance * (1 - chance))[:, None]).T @ matrix + np.diag(ridge)
        beta = beta + np.linalg.solve(curvature, matrix.T @ (target - chance) - ridge * beta)
    return beta, np.sqrt(np.diag(np.linalg.inv(curvature)))


@pytest.mark.parametrize(("columns", "effect"), [(40, 0.15), (100, 0.1), (40, 0.3), (3, 1.0)])
def test_many_weak_columns_are_not_stopped_short(columns: int, effect: float) -> None:
    random = np.random.default_rng(columns)
    x = random.normal(size=(8_000, columns))
    target = (random.random(len(x)) < expit(x @ np.full(columns, effect))).astype(float)
    matrix = np.column_stack([np.ones(len(x)), x])
    best, errors = exact(matrix, target)
    found = fit(matrix, target, True)
    assert float(np.abs((found - best) / errors).max()) < 0.1
    assert float(found[1:].sum() / best[1:].sum()) == pytest.approx(1.0, abs=0.005)
