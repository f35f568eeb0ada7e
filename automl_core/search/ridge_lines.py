"""Ridge regression for all penalties from one decomposition, or by steps where that would take long."""
from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from automl_core.search.family import Array

WIDEST = 1_500  # columns of a design that numbers may bend in, and that a decomposition is made of: it cannot be cut off
RIDGE_STEPS = 100


def ridge_solver(
    x: Array, y: Array, weights: Array, over: Callable[[], bool]
) -> Callable[[float], tuple[Array, Array]]:
    """Ridge regression for any penalty from one eigenvalue decomposition, of the smaller of both products of a matrix with
    itself; by steps that a deadline can end where both are large. The target is standardised first."""
    total = weights.sum()
    means, middle = weights @ x / total, float(weights @ y / total)
    spread = math.sqrt(float(weights @ np.square(y - middle)) / total) or 1.0
    centred, goal = (x - means) * np.sqrt(weights)[:, None], (y - middle) / spread * np.sqrt(weights)
    found = _conjugate_gradients(over, centred, goal) if min(centred.shape) > WIDEST else _decomposed(centred, goal)

    def solve(strength: float) -> tuple[Array, Array]:
        coefficients = found(strength) * spread
        return coefficients[:, None], np.array([middle - float(means @ coefficients)])

    return solve


def _decomposed(x: Array, y: Array) -> Callable[[float], Array]:
    """(d,) ridge coefficients of y (n,) on x (n, d) by strength."""
    dual = len(x) < x.shape[1]
    values, vectors = np.linalg.eigh(x @ x.T if dual else x.T @ x)
    target = vectors.T @ (y if dual else x.T @ y)

    def solve(strength: float) -> Array:
        found = vectors @ (target / (np.maximum(values, 0.0) + 1.0 / strength))
        return np.asarray(x.T @ found if dual else found)

    return solve


def _conjugate_gradients(over: Callable[[], bool], x: Array, y: Array) -> Callable[[float], Array]:
    """The same by conjugate gradients (Hestenes and Stiefel 1952), each strength from where the last one ended."""
    state, goal = np.zeros(x.shape[1]), x.T @ y

    def solve(strength: float) -> Array:
        nonlocal state
        left = goal - x.T @ (x @ state) - state / strength
        way, size = left.copy(), float(left @ left)
        for _ in range(RIDGE_STEPS):
            if size <= 1e-12 * float(goal @ goal) or over():
                break
            turned = x.T @ (x @ way) + way / strength
            step = size / float(way @ turned)
            state = state + step * way
            left = left - step * turned
            size, before = float(left @ left), size
            way = left + size / before * way
        return state

    return solve
