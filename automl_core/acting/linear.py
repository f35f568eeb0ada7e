"""Small linear learners in closed form: the smooth half of a blended nuisance fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.covariates import Covariates

Floats = NDArray[np.float64]
MOST_LEVELS = 20
LEAST_LEVEL_ROWS = 20
BENDS = ((0.1, 0.3, 0.5, 0.7, 0.9), (0.2, 0.5, 0.8))
FINE = (0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97)
LEAST_BENT = 5
LANDMARKS = 200
LEAST_VALUE = 1e-4  # of the largest eigenvalue: bumps below it tell only noise
STEPS, CLOSE = 12, 0.02


def design(covariates: Covariates) -> Floats:
    """The covariates as columns of a linear model, (n, q): an intercept, numbers standardised and cut at five deviations with a
    flag where they are missing, categories as one column a level (levels of 20 rows or more, the 20 most common)."""
    rows = len(covariates.matrix)
    parts = [np.ones(rows)]
    for place in range(covariates.matrix.shape[1]):
        values = covariates.matrix[:, place]
        missing = np.isnan(values)
        if place in covariates.categorical:
            codes, counts = np.unique(values[~missing], return_counts=True)
            common = codes[np.argsort(-counts)][:MOST_LEVELS]
            kept = [code for code in common if counts[codes == code][0] >= LEAST_LEVEL_ROWS]
            parts.extend((values == code).astype(np.float64) for code in kept)
        else:
            number = standard(values)
            if number.any():
                parts.append(number)
        if missing.any() and not missing.all():
            parts.append(missing.astype(np.float64))
    return np.column_stack(parts)


def curved(covariates: Covariates, plain: Floats, most: int) -> Floats | None:
    """The `plain` design with bends: for each number of five values or more the part above each of five of its quantiles, or of
    three when that makes more than `most` columns; None when that is still too many, or there is none."""
    for bends in BENDS:
        parts = [part for place in numbers(covariates) for part in _bends(covariates.matrix[:, place], bends)]
        if parts and plain.shape[1] + len(parts) <= most:
            return np.column_stack([plain, *parts])
    return None


def crossed(covariates: Covariates, start: Floats, places: Sequence[int]) -> Floats | None:
    """The `start` design with fine bends of the numbers at `places` and of the sum and the difference of every two of them,
    standardised; None when there are none. Bent sums and differences tell any smooth function of two numbers, their product,
    larger one and distance among them (projection pursuit, Friedman and Stuetzle 1981, along fixed directions)."""
    ready = [standard(covariates.matrix[:, place]) for place in places]
    pairs = [pair for one, other in combinations(ready, 2) for pair in (one + other, one - other)]
    parts = [part for values in (*ready, *pairs) for part in _bends(values, FINE)]
    return np.column_stack([start, *parts]) if parts else None


def smooth(covariates: Covariates, start: Floats, places: Sequence[int]) -> Floats | None:
    """The `start` design with bumps over the numbers at `places` together (a Gaussian kernel one standard deviation wide, by the
    method of Nyström: Williams and Seeger 2001); None with fewer than two. By ridge they tell any smooth function of those
    numbers, ratios and what only three of them do together among them."""
    if len(places) < 2:
        return None
    points = np.column_stack([standard(covariates.matrix[:, place]) for place in places])
    landmarks = points[np.random.default_rng(0).permutation(len(points))[:LANDMARKS]]
    values, vectors = np.linalg.eigh(_bump(landmarks, landmarks))
    kept = values > LEAST_VALUE * values[-1]
    return np.column_stack([start, _bump(points, landmarks) @ (vectors[:, kept] / np.sqrt(values[kept]))])


def _bump(points: Floats, centres: Floats) -> Floats:
    squares = (points**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1) - 2 * points @ centres.T
    return np.asarray(np.exp(-squares / 2), dtype=np.float64)


def standard(values: Floats) -> Floats:
    """Values from their median in standard deviations, cut at five; 0 where missing or where nothing varies."""
    missing = np.isnan(values)
    if missing.all():
        return np.zeros(len(values))
    middle, spread = float(np.nanmedian(values)), float(np.nanstd(values))
    if not (spread > 0 and math.isfinite(spread)):
        return np.zeros(len(values))
    return np.clip(np.where(missing, 0.0, (values - middle) / spread), -5, 5)


def numbers(covariates: Covariates) -> list[int]:
    """The places of columns that hold numbers."""
    return [place for place in range(covariates.matrix.shape[1]) if place not in covariates.categorical]


def _bends(values: Floats, at: tuple[float, ...]) -> list[Floats]:
    known = values[~np.isnan(values)]
    spread = float(known.std()) if len(known) else 0.0
    if not (spread > 0 and math.isfinite(spread)) or len(np.unique(known[:2_000])) < LEAST_BENT:
        return []
    above = [np.where(np.isnan(values), 0.0, (values - knot) / spread) for knot in np.unique(np.quantile(known, at))]
    return [np.clip(part, 0, 5) for part in above]


def fit(matrix: Floats, target: Floats, binary: bool, penalty: float = 1.0, start: Floats | None = None) -> Floats:
    """Coefficients of ridge regression, or of logistic regression by penalised Newton steps (from the coefficients `start`
    of nearly the same rows, if known) until one is below 0.02; the intercept is not penalised."""
    size = matrix.shape[1]
    ridge = np.full(size, penalty)
    ridge[0] = 1e-6
    if not binary:
        return np.asarray(np.linalg.solve(matrix.T @ matrix + np.diag(ridge), matrix.T @ target), dtype=np.float64)
    rate = float(np.clip(target.mean(), 1e-3, 1 - 1e-3))
    beta = np.zeros(size) if start is None else start
    if start is None:
        beta[0] = math.log(rate / (1 - rate))
    thin = matrix.astype(np.float32)  # of the curvature a step needs few digits: where it ends is told by the gradient
    weighted = np.empty_like(thin)
    for _ in range(STEPS):
        chance = expit(matrix @ beta)
        np.multiply(thin, np.sqrt(np.maximum(chance * (1 - chance), 1e-4)).astype(np.float32)[:, None], out=weighted)
        curvature = (weighted.T @ weighted).astype(np.float64) + np.diag(ridge)
        step = np.linalg.solve(curvature, matrix.T @ (target - chance) - ridge * beta)
        beta = beta + np.clip(step, -5, 5)
        if float(np.abs(step).max()) < CLOSE:
            break
    return beta


def predict(matrix: Floats, beta: Floats, binary: bool) -> Floats:
    """Probabilities or values of a fitted linear model."""
    return answer(matrix @ beta, binary)


def answer(raw: Floats, binary: bool) -> Floats:
    """Raw scores as probabilities, or as the values that they are."""
    return expit(raw) if binary else np.asarray(raw, dtype=np.float64)


def expit(values: Floats) -> Floats:
    """The logistic function."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -35, 35))), dtype=np.float64)
