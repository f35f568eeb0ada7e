"""Probabilities made to mean what they say: one slope (and for two classes one shift) on the log-odds scale.

Platt (1999) for two classes, temperature scaling (Guo et al. 2017) for several: too few numbers to overfit on thousands of rows.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.dependent import effective, sum_error
from automl_core.framing.metric_rows import true_probability
from automl_core.framing.problem import Task
from automl_core.search.feature import Array

LEAST_ROWS = {"binary": 3_000, "multiclass": 500}  # below, the correction costs more than it mends (as AutoGluon has it)
SMALL = 1e-12
SLOPES = (0.2, 5.0)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Raw scores are multiplied by `slope`; `shift` is added to the log-odds of two classes."""

    slope: float = 1.0
    shift: float = 0.0

    def apply(self, prediction: Array) -> Array:
        """Calibrated probabilities (n,) of class 1, or (n, k)."""
        if prediction.ndim == 1:
            clipped = np.clip(prediction, SMALL, 1 - SMALL)
            odds = self.slope * np.log(clipped / (1 - clipped)) + self.shift
            return np.asarray(0.5 * (1.0 + np.tanh(0.5 * odds)))
        powered = np.exp(self.slope * np.log(np.clip(prediction, SMALL, None)))
        return np.asarray(powered / powered.sum(axis=1, keepdims=True))

    def apply_row(self, prediction: Any) -> Any:
        """The same for one row: a float or (k,)."""
        if isinstance(prediction, np.ndarray):
            return self.apply(prediction[None, :])[0]
        clipped = min(max(prediction, SMALL), 1 - SMALL)
        return 0.5 * (1.0 + math.tanh(0.5 * (self.slope * math.log(clipped / (1 - clipped)) + self.shift)))


def calibrate(
    task: Task, y: Array, prediction: Array, fold_of: NDArray[np.int64], weights: Array | None = None,
    groups: NDArray[np.int64] | None = None,
) -> tuple[Calibration | None, Array]:
    """A calibration learned from out-of-fold predictions, and these as calibrated without the fold they are for.

    `y` (n,) codes, `prediction` (n,) or (n, k), `fold_of` (n,) the fold of each row, `weights` (n,) how much it counts, `groups`
    (n,) which belong together (None: each stands alone); of one fold two halves are made. None, and the predictions as they are,
    for numbers, on few rows (by what weighted ones are worth), and when the log loss does not fall by more than its standard
    error.
    """
    mass = np.ones(len(y)) if weights is None else weights
    if task == "regression" or effective(mass) < LEAST_ROWS[task]:
        return None, prediction
    part_of = parts_of(fold_of, groups)
    mended = prediction.copy()
    for part in np.unique(part_of):
        inside = part_of == part
        others = None if weights is None else weights[~inside]
        mended[inside] = fit_calibration(y[~inside], prediction[~inside], others).apply(prediction[inside])
    gain, shares = np.log(true_probability(y, mended)) - np.log(true_probability(y, prediction)), mass / mass.sum()
    mean = float(shares @ gain)
    parts = shares * (gain - mean)
    error = sum_error(parts, None, shares)
    if groups is not None:
        error = max(error, sum_error(parts, groups, shares))
    return (fit_calibration(y, prediction, weights), mended) if mean > error else (None, prediction)


def parts_of(fold_of: NDArray[np.int64], groups: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """(n,) the folds, or random halves where all rows are of one: what is chosen or fitted on some is judged by the others.

    Rows of one of the `groups` (n,) are in the same half: what they have in common would be in both.
    """
    if len(np.unique(fold_of)) > 1:
        return fold_of
    random = np.random.default_rng(0)
    if groups is not None:
        named, of = np.unique(groups, return_inverse=True)
        if len(named) > 1:
            return (random.permutation(len(named)) % 2)[of]
    return random.permutation(len(fold_of)) % 2


def fit_calibration(y: Array, prediction: Array, weights: Array | None = None) -> Calibration:
    """The calibration with the least log loss on these rows, which count by their weights (n,)."""
    mass = None if weights is None else weights / weights.mean()
    return _fit_two(y, prediction, mass) if prediction.ndim == 1 else _fit_slope(y, prediction, mass)


def _fit_two(y: Array, prediction: Array, mass: Array | None) -> Calibration:
    """Newton's steps for slope and shift, and for the shift alone where the slope goes beyond its limits."""
    clipped = np.clip(prediction, SMALL, 1 - SMALL)
    design = np.column_stack([np.log(clipped / (1 - clipped)), np.ones(len(y))])
    slope, shift = _newton(design, np.array([1.0, 0.0]), slice(0, 2), y, mass)
    within = float(np.clip(slope, *SLOPES))
    if within != slope:  # the shift of another slope would move the mean
        _, shift = _newton(design, np.array([within, shift]), slice(1, 2), y, mass)
    return Calibration(within, float(shift))


def _newton(design: Array, start: Array, free: slice, y: Array, mass: Array | None) -> Array:
    """(2,) slope and shift with the least log loss, of which those that are `free` move."""
    found, moved = start.copy(), design[:, free]
    counted = moved if mass is None else moved * mass[:, None]
    for _ in range(30):
        p = 0.5 * (1.0 + np.tanh(0.5 * design @ found))
        curvature = (counted * (p * (1 - p))[:, None]).T @ moved + 1e-9 * np.eye(moved.shape[1])
        step = np.linalg.solve(curvature, counted.T @ (p - y))
        found[free] -= np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-9:
            break
    return found


def _fit_slope(y: Array, prediction: Array, mass: Array | None) -> Calibration:
    """Golden-section search of the one slope: the log loss is convex in it."""
    logs = np.log(np.clip(prediction, SMALL, None))
    codes = y.astype(np.int64)
    rows = np.arange(len(y))

    def loss(slope: float) -> float:
        raw = slope * logs
        top = raw.max(axis=1)
        lost = np.log(np.exp(raw - top[:, None]).sum(axis=1)) + top - raw[rows, codes]
        return float(np.mean(lost if mass is None else mass * lost))

    low, high = SLOPES
    ratio = (math.sqrt(5) - 1) / 2
    while high - low > 1e-4:
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return Calibration((low + high) / 2)
