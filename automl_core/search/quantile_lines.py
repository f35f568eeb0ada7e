"""Linear quantile regression with a ridge penalty, by majorising and minimising (Hunter and Lange 2000)."""
from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from automl_core.search.family import Array

STEPS = 60
NEARNESS = 1e-4  # of the spread: residuals below it count as nothing left
ENOUGH = 1e-6


def quantile_solver(
    x: Array, y: Array, weights: Array, alpha: float, over: Callable[[], bool]
) -> Callable[[float], tuple[Array, Array]]:
    """What solves for an inverse penalty: coefficients (d, 1) and intercept (1,) of the quantile `alpha` of y (n,) by x (n, d).

    Each penalty starts from the solution of the one before. A step past the deadline ends it.
    """
    middle = float(np.median(y))
    spread = float(np.average(np.abs(y - middle), weights=weights)) or 1.0
    target = (y - middle) / spread
    design = np.column_stack([x, np.ones(len(x))])
    push = (2.0 * alpha - 1.0) * (weights @ design)
    state = np.zeros(design.shape[1])
    state[-1] = float(np.quantile(target, alpha))

    def loss(beta: Array, penalty: Array) -> float:
        left = target - design @ beta
        return float(weights @ (np.maximum(alpha * left, (alpha - 1.0) * left)) + 0.25 * penalty @ np.square(beta))

    def solve(strength: float) -> tuple[Array, Array]:
        nonlocal state
        penalty = np.append(np.full(x.shape[1], 1.0 / strength), 1e-9)
        value = math.inf
        for _ in range(STEPS):
            found = loss(state, penalty)
            if value - found < ENOUGH * abs(found) or over():
                break
            value = found
            pull = weights / (NEARNESS + np.abs(target - design @ state))
            curved = design.T @ (design * pull[:, None]) + np.diag(penalty)
            state = np.linalg.solve(curved, design.T @ (pull * target) + push)
        return (state[:-1] * spread)[:, None], np.array([middle + spread * state[-1]])

    return solve
