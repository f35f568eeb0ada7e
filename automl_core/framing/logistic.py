"""L2 logistic regression for two or more classes, quick enough to be fitted on every fold with its penalty chosen inside.

Minimised by L-BFGS in coordinates whitened by the features' second moments, where the loss is nearly round: about fifteen
steps instead of hundreds, whatever the columns' correlation.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.metric_rows import Floats

PENALTIES = (3.0, 50.0)
STEPS = 40


def fit_predict(features: Floats, y: NDArray[np.int64], classes: int, new: Floats, weights: Floats | None = None) -> Floats:
    """(len(new), classes) probabilities; the penalty of the two that does better on every fourth training row.

    `weights` (n,) say how much each row counts.
    """
    held, counts = np.arange(len(y)) % 4 == 0, np.ones(len(y)) if weights is None else weights
    mean = np.average(features, axis=0, weights=weights)
    left = features - mean
    root = np.linalg.cholesky(left.T @ left / len(left) + 1e-3 * np.eye(left.shape[1]))
    white = np.column_stack([np.linalg.solve(root, left.T).T, np.ones(len(left))])
    inverse = np.linalg.inv(root)
    metric = np.zeros((white.shape[1], white.shape[1]))
    metric[:-1, :-1] = inverse @ inverse.T  # |weights|² in the whitened coordinates; the constant is free
    truth = np.eye(classes)[y] * counts[:, None]  # each row of it adds up to what the row counts
    best, penalty, start = np.inf, PENALTIES[0], np.zeros((white.shape[1], classes))
    for candidate in PENALTIES:
        start = _minimise(white[~held], truth[~held], metric * candidate, start)
        said = np.log(np.clip(_softmax(white[held] @ start)[np.arange(held.sum()), y[held]], 1e-6, 1))
        loss = -float(counts[held] @ said)
        if loss < best:
            best, penalty = loss, candidate
    found = _minimise(white, truth, metric * penalty, start)
    moved = np.column_stack([np.linalg.solve(root, (new - mean).T).T, np.ones(len(new))])
    return _softmax(moved @ found)


def _minimise(features: Floats, truth: Floats, metric: Floats, start: Floats) -> Floats:
    from scipy.optimize import minimize

    shape, counts = start.shape, truth.sum(axis=1)

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(shape)
        raw = features @ weights
        raw -= raw.max(axis=1, keepdims=True)
        exponent = np.exp(raw)
        total = exponent.sum(axis=1, keepdims=True)
        pulled = metric @ weights
        value = float((np.log(total)[:, 0] @ counts) - (raw * truth).sum() + 0.5 * (weights * pulled).sum())
        slope = features.T @ (exponent / total * counts[:, None] - truth) + pulled
        return value / len(truth), slope.ravel() / len(truth)

    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "gtol": 1e-4, "ftol": 1e-7})
    weights: Floats = found.x.reshape(shape)
    return weights


def _softmax(raw: Floats) -> Floats:
    exponent = np.exp(raw - raw.max(axis=1, keepdims=True))
    shares: Floats = exponent / exponent.sum(axis=1, keepdims=True)
    return shares
