"""How sure a score and a difference of two scores are: 95 % intervals over rows, fast enough for every trial of a search."""
from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.dependent import LEAST_WORTH, effective, few, root_of_sums, student
from automl_core.framing.metric_rows import Decision, Floats, Truth, Weights
from automl_core.framing.metrics import Metric

DRAWS = 500
FEW_ROWS = 3_000
Z95 = 1.959963984540054
Groups = NDArray[np.int64] | None


class Counting(NamedTuple):
    """How rows count: `weights` (n,) say how much each does, `groups` (n,) which belong together (None: each stands alone).

    What rows of one group have in common is in all of them: twenty shops of a hundred rows each tell as much as twenty rows
    where shops are all that differs. So groups are drawn, and not rows, and their number says how much is known.
    """

    weights: Weights = None
    groups: NDArray[np.int64] | None = None


class ScoreInterval(NamedTuple):
    """A score with its 95 % interval."""

    mean: float
    low: float
    high: float


class Difference(NamedTuple):
    """How much better the first prediction is than the second, in the metric's unit: positive is better, always."""

    difference: float
    standard_error: float
    low: float
    high: float


def score_with_interval(
    metric: Metric, y: Truth, oof: Floats, seed: int, decision: Decision | None = None, weights: Weights | Counting = None
) -> ScoreInterval:
    """Score and 95 % interval of out-of-fold predictions; rows without a prediction (NaN) are left out.

    `weights` (n,) say how much each row counts, as `Counting` also which belong together.

    Areas: DeLong's variance on the logit scale. All others: bootstrap of the row statistics' means (500 draws; above 3,000
    rows drawn from their normal approximation, which is the same to the eye and does not grow with the rows). Where rows belong
    together, their influences are summed, or their statistics drawn, by group, and Student's t stands for how few groups are.
    """
    decision = decision or metric.decision
    seen = _predicted(oof)
    truth, prediction, (mass, groups) = y[seen], oof[seen], _counted(weights, seen)
    score = metric.score(truth, prediction, decision, mass)
    if not math.isfinite(score) or len(truth) < 2:
        return ScoreInterval(score, score, score)
    if metric.influence is not None:
        error = _error(metric.influence(truth, prediction, mass), mass, groups)
        return ScoreInterval(score, *_area_interval(score, error, _rarest(truth, mass, groups)))
    assert metric.statistics is not None
    assert metric.combine is not None
    statistics = metric.statistics(truth, prediction, decision).reshape(len(truth), -1)
    draws = metric.combine(_group_draws(statistics, seed, mass, groups))
    wider = _widening(mass, groups)
    low, high = (score + wider * (end - score) for end in np.quantile(draws, [0.025, 0.975]))
    floor, ceiling = metric.bounds
    return ScoreInterval(score, float(max(min(low, score), floor)), float(min(max(high, score), ceiling)))


def differences(
    metric: Metric, y: Truth, a: Floats, others: Sequence[Floats], seed: int, weights: Weights | Counting = None
) -> tuple[Difference, ...]:
    """`paired_difference` of `a` to each of the others; an area and each row's influence on it take several sorts, those of `a`
    are found once."""
    whole = metric.influence is not None and all(_predicted(one).all() for one in (a, *others))
    if not whole or len(y) < 2:
        return tuple(paired_difference(metric, y, a, other, seed, weights) for other in others)
    assert metric.influence is not None
    mass, groups = _counted(weights, np.ones(len(y), dtype=np.bool_))
    score, influence = metric.score(y, a, metric.decision, mass), metric.influence(y, a, mass)
    found = []
    for other in others:
        difference = metric.sign * (score - metric.score(y, other, metric.decision, mass))
        found.append(_by_influence(difference, influence - metric.influence(y, other, mass), mass, groups))
    return tuple(found)


def _by_influence(difference: float, gap: Floats, mass: Weights, groups: Groups) -> Difference:
    """With the error that the rows' influences on a difference (n,) tell."""
    if not math.isfinite(difference):
        return Difference(difference, math.nan, difference, difference)
    error = _error(gap, mass, groups)
    reach = Z95 * error if groups is None else student(_worth(mass, groups)) * error
    return Difference(difference, error, difference - reach, difference + reach)


def paired_difference(
    metric: Metric, y: Truth, a: Floats, b: Floats, seed: int, weights: Weights | Counting = None
) -> Difference:
    """How much better `a` is than `b` on the same rows (positive: `a` is better), with its standard error and 95 % interval.

    Only rows that both predict count. The rows are resampled together, so what both find hard cancels out.
    """
    decision = metric.decision
    seen = _predicted(a) & _predicted(b)
    truth, first, second, (mass, groups) = y[seen], a[seen], b[seen], _counted(weights, seen)
    difference = metric.sign * (metric.score(truth, first, decision, mass) - metric.score(truth, second, decision, mass))
    if not math.isfinite(difference) or len(truth) < 2:
        return Difference(difference, math.nan, difference, difference)
    if metric.influence is not None:
        gap = metric.influence(truth, first, mass) - metric.influence(truth, second, mass)
        return _by_influence(difference, gap, mass, groups)
    assert metric.statistics is not None
    assert metric.combine is not None
    one = metric.statistics(truth, first, decision).reshape(len(truth), -1)
    two = metric.statistics(truth, second, decision).reshape(len(truth), -1)
    means = _group_draws(np.hstack([one, two]), seed, mass, groups)
    draws = metric.sign * (metric.combine(means[:, : one.shape[1]]) - metric.combine(means[:, one.shape[1]:]))
    wider = _widening(mass, groups)
    low, high = (difference + wider * (end - difference) for end in np.quantile(draws, [0.025, 0.975]))
    return Difference(difference, _small(mass, groups) * float(np.std(draws, ddof=1)), float(low), float(high))


def _predicted(prediction: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(prediction.reshape(len(prediction), -1)).all(axis=1))


def _counted(given: Weights | Counting, seen: NDArray[np.bool_]) -> tuple[Weights, Groups]:
    """Weights and groups of the rows that are `seen`; no groups where each row is its own, or all are of one."""
    counting = given if isinstance(given, Counting) else Counting(given)
    mass = None if counting.weights is None else counting.weights[seen]
    if counting.groups is None:
        return mass, None
    codes = np.unique(counting.groups[seen], return_inverse=True)[1]
    return mass, codes if len(codes) and 1 < int(codes.max()) + 1 < len(codes) else None


def _error(influence: Floats, mass: Weights, groups: Groups) -> float:
    """The standard error of a mean of influences (n,), those of one group summed."""
    if groups is None:
        return float(np.std(influence, ddof=1)) / math.sqrt(len(influence))
    return _small(mass, groups) * root_of_sums(influence - influence.mean(), groups) / len(influence)


def _worth(mass: Weights, groups: NDArray[np.int64]) -> float:
    """How many groups these are worth; no fewer than two, so that a score has a range, if one of eighteen errors a side."""
    return max(LEAST_WORTH, effective(np.ones(len(groups)) if mass is None else mass, groups))


def _small(mass: Weights, groups: Groups) -> float:
    """What the error of drawn groups is too small by; 1 for rows, which are many."""
    return 1.0 if groups is None else few(_worth(mass, groups))


def _widening(mass: Weights, groups: Groups) -> float:
    """What the quantiles of drawn groups are too near by."""
    return 1.0 if groups is None else few(_worth(mass, groups)) * student(_worth(mass, groups)) / Z95


def _rarest(truth: Truth, mass: Weights, groups: Groups) -> float:
    """How many rows the rarest class that occurs has, or how many groups those are worth."""
    if groups is None:
        return float(np.unique(truth, return_counts=True)[1].min())
    weights = np.ones(len(truth)) if mass is None else mass
    return min(effective(np.where(truth == label, weights, 0.0), groups) for label in np.unique(truth))


def _area_interval(score: float, error: float, rarest: float) -> tuple[float, float]:
    """Interval of an area in (0, 1): symmetric in log-odds, so it never leaves the range.

    The rarest class decides how sure it is: its few rows stand for degrees of freedom (Student's t), a single one says nothing,
    and an area of 0 or 1, which has no variance of its own, is as unsure as a share of so many rows.
    """
    if rarest < 2:
        return 0.0, 1.0
    reach = student(rarest) * few(rarest) * error
    centred = min(max(score, 0.5 / rarest), 1 - 0.5 / rarest)
    if not 0 < score < 1:
        reach = max(reach, student(rarest) * math.sqrt(centred * (1 - centred) / rarest))
        low, high = _on_logit_scale(centred, reach)
        return min(low, score), max(high, score)
    return _on_logit_scale(score, reach)


def _on_logit_scale(score: float, reach: float) -> tuple[float, float]:
    """The interval score +- reach, carried over to log-odds."""
    centre, half = math.log(score / (1 - score)), reach / (score * (1 - score))
    return 1 / (1 + math.exp(min(700.0, half - centre))), 1 / (1 + math.exp(max(-700.0, -centre - half)))


def _group_draws(statistics: Floats, seed: int, weights: Weights, groups: Groups) -> Floats:
    """(draws, q) means of resampled groups of rows, or of rows."""
    if groups is None:
        return _mean_draws(statistics, seed, weights)
    mass = np.ones(len(statistics)) if weights is None else weights
    summed = [np.bincount(groups, weights=column * mass) for column in statistics.T]
    drawn = _mean_draws(np.column_stack([*summed, np.bincount(groups, weights=mass)]), seed, None)
    return drawn[:, :-1] / np.maximum(drawn[:, -1:], 1e-12)


def _mean_draws(statistics: Floats, seed: int, weights: Weights) -> Floats:
    """(draws, q) means of resampled rows; several columns are resampled together, and with weights their mass with them."""
    if weights is not None:
        drawn = _mean_draws(np.column_stack([statistics * weights[:, None], weights]), seed, None)
        return drawn[:, :-1] / np.maximum(drawn[:, -1:], 1e-12)
    n, q = statistics.shape
    if n <= FEW_ROWS:
        means: Floats = _resampled(n, seed).astype(float) @ statistics / n
        return means
    mean = statistics.mean(axis=0)
    covariance = np.atleast_2d(np.cov(statistics, rowvar=False)) / n
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    normal: Floats = mean + np.random.default_rng(seed).standard_normal((DRAWS * 2, q)) @ root.T
    return normal


@lru_cache(maxsize=8)
def _resampled(rows: int, seed: int) -> NDArray[np.uint8]:
    """(draws, rows) how often each row was drawn: the same for all that is compared on these rows."""
    return np.random.default_rng(seed).multinomial(rows, np.full(rows, 1 / rows), size=DRAWS).astype(np.uint8)
