"""What the score needs: how much it falls on rows not learned from when the values of a column are dealt out at random."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.dependent import Codes, codes_of, resampled, widening
from automl_core.framing.metric_rows import Cut
from automl_core.framing.metrics import Decision, Metric, decision_of, judging_threshold, metric_of
from automl_core.framing.problem import Problem
from automl_core.framing.score_interval import Counting
from automl_core.framing.shares import Z
from automl_core.search.model import Model

Floats = NDArray[np.float64]
REPEATS = 10
DRAWS = 200
MOST_ROWS = 1_000
RARE = 200  # rows of a class: where there are fewer, all are looked at
LEAST_EACH = 2  # rows of a class that an area needs: one has no influence of its own
CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Drop:
    """The fall of the score when the columns are dealt out anew together, with its 95 % interval; positive is worse."""

    columns: tuple[str, ...]
    drop: float
    low: float
    high: float


def permutation_drops(
    model: Model, matrix: Floats, y: Floats, wanted: list[tuple[str, ...]], seed: int, counting: Floats | Counting | None = None
) -> dict[tuple[str, ...], tuple[float, float]]:
    """For each set of columns the fall of the problem's score and its variance (Breiman 2001; Fisher et al. 2019).

    `matrix` (n, p) and `y` (n,) are rows the model has not learned from, at most 1,000 of them are used, dealt out ten times.
    The variance is that of other rows: the paired change of each row's part of the score, averaged over the ten deals; of rows
    that belong together, it is that of other groups of them. `counting` says how much each row counts, in the score and as a
    giver of values, and which belong together. NaN where an area has fewer than two rows of each outcome.
    """
    generator = np.random.default_rng(seed)
    counting = counting if isinstance(counting, Counting) else Counting(counting)
    picked, (weights, groups) = some_rows(model.problem, y, counting, generator)
    matrix, y = matrix[picked], y[picked]
    judge = _judge(model.problem, y, model.predict_matrix(matrix), weights, model.read_at)
    out = {}
    for columns in wanted:
        places = [place for place, feature in enumerate(model.encoder.features) if set(feature.sources) <= set(columns)]
        deals = [_deal(generator, len(y), weights) for _ in range(REPEATS)]
        out[columns] = judge.fall(_dealt(model, matrix, places, deals), groups)
    return out


def some_rows(
    problem: Problem, y: Floats, counting: Counting, generator: np.random.Generator
) -> tuple[NDArray[np.int64], Counting]:
    """Positions of 1,000 of the rows (n,) at most, and how these count. All rows of a rare class are among them, and
    count less instead: drawn like the others, there often was none, and of no score it cannot be said what it needs."""
    if len(y) <= MOST_ROWS:
        return np.arange(len(y)), counting
    given, groups = counting
    weights, picked = given, np.zeros(0, dtype=np.int64)
    classes, sizes = np.unique(y, return_counts=True) if problem.task != "regression" else (np.zeros(0), np.zeros(0))
    rare = np.isin(y, classes[sizes <= min(RARE, MOST_ROWS // (2 * max(1, len(classes))))])
    if rare.any():
        picked, others = np.flatnonzero(rare), np.flatnonzero(~rare)
        drawn = min(len(others), MOST_ROWS - len(picked))
        share = np.where(rare, drawn / max(1, len(others)), 1.0)
        weights = share if given is None else given * share
        picked = np.concatenate([picked, generator.choice(others, drawn, replace=False)])
    else:
        picked = generator.choice(len(y), MOST_ROWS, replace=False)
    return picked, Counting(None if weights is None else weights[picked], None if groups is None else codes_of(groups[picked]))


def compare(
    problem: Problem, y: Floats, before: Floats, after: Floats, counting: Floats | Counting | None = None,
    cut: Cut | None = None,
) -> tuple[float, float]:
    """The fall of the problem's score from one set of predictions of the same rows to another, and its variance, rows counted as
    in `permutation_drops`. Labels are made as `cut` has it."""
    weights, groups = counting if isinstance(counting, Counting) else Counting(counting)
    return _judge(problem, y, before, weights, cut).fall([after], groups)


def _deal(generator: np.random.Generator, rows: int, weights: Floats | None) -> NDArray[np.int64]:
    """Whose value each row gets: everyone's once, or by their weights."""
    return generator.permutation(rows) if weights is None else generator.choice(rows, rows, p=weights / weights.sum())


def _judge(problem: Problem, y: Floats, before: Floats, weights: Floats | None, cut: Cut | None) -> _Judge:
    """Labels are cut where the model cuts them: where one class has 97 % of the rows, it is the largest probability of every row,
    and by that alone no column would be missed. A cut tuned on these rows would be the best for them as they are, and each column
    that moves a prediction, noise as well, would be missed; it is the last resort, where no cut is known."""
    metric = metric_of(problem)
    truth: NDArray[np.generic] = y.astype(np.int64) if problem.task != "regression" else y
    if problem.task == "binary":
        given = judging_threshold(truth, before, problem, weights) if cut is None else cut
        cut = given if metric.labels else None
    return _Judge(metric, (truth, weights), decision_of(problem, cut), before)


def _dealt(model: Model, matrix: Floats, places: list[int], deals: list[NDArray[np.int64]]) -> list[Floats]:
    """The predictions after each deal; several deals are predicted at once."""
    most = max(1, CELLS // max(matrix.size, 1))
    found: list[Floats] = []
    for start in range(0, len(deals), most):
        several = deals[start : start + most]
        stack = np.tile(matrix, (len(several), 1))
        for number, deal in enumerate(several):
            stack[number * len(matrix) : (number + 1) * len(matrix), places] = matrix[deal][:, places]
        found += np.split(model.predict_matrix(stack), len(several))
    return found


class _Judge:
    """Compares predictions with those before, in the problem's metric."""

    def __init__(
        self, metric: Metric, rows: tuple[NDArray[np.generic], Floats | None], decision: Decision, before: Floats
    ) -> None:
        self.metric, self.decision = metric, decision
        self.y, self.weights = rows
        self.score = metric.score(self.y, before, decision, self.weights)
        self.rows = self._rows(before)

    def _rows(self, prediction: Floats) -> Floats:
        """(n, q) each row's part of the score, or (n, 1) its influence on an area."""
        if self.metric.influence is not None:
            return np.asarray(self.metric.influence(self.y, prediction, self.weights), dtype=np.float64).reshape(len(self.y), -1)
        assert self.metric.statistics is not None
        found = np.asarray(self.metric.statistics(self.y, prediction, self.decision), dtype=np.float64)
        return found.reshape(len(self.y), -1)

    @property
    def _lone(self) -> bool:
        """Whether there are too few rows of an outcome to tell an area and its spread."""
        sizes = np.unique(self.y, return_counts=True)[1]
        return len(sizes) < 2 or (len(sizes) == 2 and int(sizes.min()) < LEAST_EACH)

    def fall(self, after: list[Floats], together: Codes | None = None) -> tuple[float, float]:
        """The mean fall of the score, and its variance over rows, or over groups of rows that belong together: infinite for one
        group, which tells nothing of others."""
        if self.metric.influence is not None and self._lone:
            return math.nan, math.nan
        scores = [self.metric.score(self.y, prediction, self.decision, self.weights) for prediction in after]
        drop = self.metric.sign * (self.score - float(np.mean(scores)))
        rows = np.mean([self._rows(prediction) for prediction in after], axis=0)
        wider = 1.0 if together is None else widening(together)
        if self.metric.influence is not None:
            gap = (self.rows - rows).ravel()
            if together is None:
                return drop, float(gap.var(ddof=1)) / len(self.y)
            return drop, wider * float((np.bincount(together, gap - gap.mean()) ** 2).sum()) / len(gap) ** 2
        assert self.metric.combine is not None
        weights = resampled(len(self.y), together, DRAWS, np.random.default_rng(0))
        weights = weights if self.weights is None else weights * self.weights
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
        falls = np.asarray(self.metric.combine(weights @ self.rows)) - np.asarray(self.metric.combine(weights @ rows))
        return drop, wider * float(np.nanvar(falls))


def pooled(parts: list[tuple[float, float]]) -> tuple[float, float, float]:
    """One drop with its 95 % interval from those of several refits; those that could not tell it (NaN) are left out.

    Refits share rows and differ by chance, so the variance is the mean one over rows, of a pair's two halves together, plus what
    refits differ by beyond it.
    """
    parts = [part for part in parts if not (math.isnan(part[0]) or math.isnan(part[1]))]
    if not parts:
        return math.nan, math.nan, math.nan
    drops = np.array([drop for drop, _ in parts])
    within = float(np.mean([variance for _, variance in parts])) / min(2, len(parts))
    between = float(drops.var(ddof=1)) / len(drops) if len(drops) > 1 else 0.0
    reach = Z * float(np.sqrt(max(within, 0.0) + between))
    mean = float(drops.mean())
    return (mean, mean - reach, mean + reach) if np.isfinite(reach) else (mean, math.nan, math.nan)
