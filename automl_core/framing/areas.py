"""Area under the ROC curve and average precision: they depend on the order of all rows, so each row has an influence on them
(DeLong et al. 1988 for the ROC), where other metrics have statistics of rows."""
from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.metric_rows import SMALL, Floats, Truth, Weights

AreaOf = Callable[[NDArray[np.bool_], Floats, Floats], tuple[float, Floats]]


def _placements(positive: NDArray[np.bool_], p: Floats, weights: Floats) -> tuple[float, Floats]:
    """Area under the ROC curve and each row's influence on it (DeLong; Sun & Xu 2014 by midranks). NaN with one class."""
    mass1 = float(weights[positive].sum())
    mass0 = float(weights[~positive].sum())
    if mass1 <= 0 or mass0 <= 0:
        return math.nan, np.zeros(len(positive))
    overall = _midranks(p, weights)
    own = np.empty(len(p))
    own[positive] = _midranks(p[positive], weights[positive])
    own[~positive] = _midranks(p[~positive], weights[~positive])
    share = np.where(positive, (overall - own) / mass0, 1 - (overall - own) / mass1)
    area = float(np.average(share[positive], weights=weights[positive]))
    scale = np.where(positive, len(p) / mass1, len(p) / mass0)
    return area, (share - area) * scale * weights


def _midranks(values: Floats, weights: Floats) -> Floats:
    """(n,) mass below each value and half of the mass at it."""
    _, inverse = np.unique(values, return_inverse=True)
    masses = np.bincount(inverse, weights=weights)
    middle: Floats = (np.cumsum(masses) - masses / 2.0)[inverse]
    return middle


def _area_alone(positive: NDArray[np.bool_], p: Floats, weights: Floats) -> tuple[float, Floats]:
    """The area of `_placements`, to the last bit and several times as fast where all rows count the same; no influence."""
    mass1, mass0 = int(np.count_nonzero(positive)), int(len(positive) - np.count_nonzero(positive))
    if not (mass1 and mass0 and (weights == 1).all()):
        return _placements(positive, p, weights)[0], p[:0]
    hits, others = p[positive], np.sort(p[~positive])
    below = np.searchsorted(others, hits)
    share = below / mass0
    if not (others[np.minimum(below, mass0 - 1)] > hits)[below < mass0].all():  # some are tied
        share = (below + np.searchsorted(others, hits, "right")) / 2.0 / mass0
    return float(share.sum() / mass1), p[:0]


def _each_class(y: Truth, p: Floats, one: AreaOf, weights: Weights) -> tuple[float, Floats]:
    """Binary as it is; multiclass the plain mean over one-against-rest of the classes present."""
    codes = y.astype(np.int64)
    mass = np.ones(len(codes)) if weights is None else weights
    if p.ndim == 1:
        return one(codes == 1, p, mass)
    found = [one(codes == k, p[:, k], mass) for k in range(p.shape[1]) if 0 < int((codes == k).sum()) < len(codes)]
    if not found:
        return math.nan, np.zeros(len(codes))
    return float(np.mean([area for area, _ in found])), np.mean([rows for _, rows in found], axis=0)


def auc(y: Truth, p: Floats, weights: Weights = None) -> float:
    """Area under the ROC curve; multiclass: plain mean of one against rest."""
    return _each_class(y, p, _area_alone, weights)[0]


def auc_influence(y: Truth, p: Floats, weights: Weights = None) -> Floats:
    """(n,) influence of each row on the area."""
    return _each_class(y, p, _placements, weights)[1]


def _precision_area(positive: NDArray[np.bool_], p: Floats, weights: Floats) -> tuple[float, Floats]:
    """Average precision (as scikit-learn defines it) and each row's influence on it.

    With the true-positive mass A(t) and the called mass B(t) at or above a threshold t, AP is the mean over positives of
    A/B at their own score; differentiating in the weight of a row gives its influence.
    """
    n, mass1 = len(positive), float(weights[positive].sum())
    if mass1 <= 0:
        return math.nan, np.zeros(n)
    levels, inverse = np.unique(-p, return_inverse=True)
    hits = np.bincount(inverse, weights=positive * weights, minlength=len(levels))
    called = np.cumsum(np.bincount(inverse, weights=weights, minlength=len(levels)))
    above = np.cumsum(hits)
    called = np.maximum(called, SMALL)  # rows of no weight at the top
    precision = above / called
    area = float((hits * precision).sum() / mass1)
    # a row adds to A and B of every positive at or below it: suffix sums over the levels from its own down
    by_hit = np.cumsum((hits / called)[::-1])[::-1]
    by_call = np.cumsum((hits * above / called**2)[::-1])[::-1]
    direct = precision[inverse] + by_hit[inverse] - by_call[inverse] - area
    return area, np.where(positive, direct, -by_call[inverse]) * weights * n / mass1


def average_precision(y: Truth, p: Floats, weights: Weights = None) -> float:
    """Average precision; multiclass: plain mean of one against rest."""
    return _each_class(y, p, _precision_area, weights)[0]


def average_precision_influence(y: Truth, p: Floats, weights: Weights = None) -> Floats:
    """(n,) influence of each row on the average precision."""
    return _each_class(y, p, _precision_area, weights)[1]
