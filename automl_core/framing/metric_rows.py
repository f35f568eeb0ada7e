"""Row statistics behind the metrics: what each row adds to a score, and how the means of these become the score.

Almost every metric is `combine(mean over rows of statistics)`: the mean of a row's log loss, or the means of a row's entries
in the confusion table. Resampling rows then only reweights the statistics. The two that depend on the order of all rows are in
`areas`.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.problem import Money

Floats = NDArray[np.float64]
Truth = NDArray[np.generic]
SMALL = 1e-15


@dataclass(frozen=True, slots=True)
class MiddleStep:
    """Of steps of a scale, in their order, the one with as much below as above it is called: none is off by fewer steps in the
    mean. Each probability counts times its factor where there are any."""

    factors: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """How a probability becomes a decision and what it is worth; `quantile` is the pinball loss's.

    Of several classes the one with the largest probability is called, each times its factor where there are any; where they are
    steps of a scale and `middle` says so, the step in the middle.
    """

    threshold: float = 0.5
    money: Money | None = None
    quantile: float = 0.5
    factors: tuple[float, ...] = ()
    middle: bool = False

    @property
    def cut(self) -> Cut:
        """What labels are made by."""
        return MiddleStep(self.factors) if self.middle else self.factors or self.threshold


DEFAULT_DECISION = Decision()
Statistics = Callable[[Truth, Floats, Decision], Floats]
Weights = Floats | None
Cut = float | tuple[float, ...] | MiddleStep  # the threshold of two classes, the factors of several, or how steps are called
TIE = 1e-9  # of the shares: what is even but for rounding is even


def true_probability(y: Truth, p: Floats) -> Floats:
    """(n,) probability given to what happened, clipped away from 0 and, for multiclass, normalised to sum 1."""
    codes = y.astype(np.int64)
    if p.ndim == 1:
        clipped = np.clip(p, SMALL, 1 - SMALL)
        return np.where(codes == 1, clipped, 1 - clipped)
    clipped = np.clip(p, SMALL, None)
    truth: Floats = clipped[np.arange(len(codes)), codes] / clipped.sum(axis=1)
    return truth


def with_absent(shares: NDArray[Any], y: Truth) -> NDArray[Any]:
    """Probabilities (..., k) with one row's worth among the n of `y` for a class that none of them has, whatever the family.

    A row of such a class would else cost what a family happens to leave for the impossible, from 8 to 34 in log loss, and decide
    between them; one guess for all rows would look worse than noise. The model that is handed over has learned from all classes.
    """
    absent = np.bincount(y.astype(np.int64), minlength=shares.shape[-1]) == 0
    if not absent.any():
        return shares
    least = 1 / (len(y) + shares.shape[-1])
    found = np.where(absent, 0.0, shares)
    found *= (1 - least * absent.sum()) / np.maximum(found.sum(axis=-1, keepdims=True), 1e-300)
    out: NDArray[Any] = np.where(absent, least, found).astype(shares.dtype)
    return out


def predicted_codes(p: Floats, cut: Cut = 0.5) -> NDArray[np.int64]:
    """(n,) class codes: binary cut at a threshold (at or above is positive), multiclass the most probable, times its factor, or
    the middle step, the lower of two."""
    if isinstance(cut, MiddleStep):
        below = np.cumsum(p * cut.factors if cut.factors else p, axis=1)
        return np.asarray((below < (0.5 - TIE) * below[:, -1:]).sum(axis=1), dtype=np.int64)
    if p.ndim == 1:
        return (p >= cut).astype(np.int64)
    codes: NDArray[np.int64] = np.argmax(p * cut if isinstance(cut, tuple) else p, axis=1).astype(np.int64)
    return codes


def _class_count(y: Truth, p: Floats) -> int:
    return 2 if p.ndim == 1 else int(p.shape[1])


def confusion_rows(y: Truth, p: Floats, decision: Decision) -> Floats:
    """(n, 3k): for each class, is it the truth, is it predicted, are both."""
    k = _class_count(y, p)
    truth = np.eye(k)[y.astype(np.int64)]
    guess = np.eye(k)[predicted_codes(p, decision.cut)]
    return np.hstack([truth, guess, truth * guess])


def _parts(means: Floats) -> tuple[Floats, Floats, Floats]:
    truth, guess, both = np.split(means, 3, axis=-1)
    return truth, guess, both


def balanced(means: Floats) -> Floats:
    """Mean recall over the classes present."""
    truth, _, both = _parts(means)
    seen = truth > 0
    recall = np.divide(both, truth, out=np.zeros_like(both), where=seen)
    result: Floats = recall.sum(axis=-1) / np.maximum(seen.sum(axis=-1), 1)
    return result


def _f1_each(means: Floats) -> Floats:
    truth, guess, both = _parts(means)
    total = truth + guess
    return np.divide(2 * both, total, out=np.zeros_like(both), where=total > 0)


def f1_macro(means: Floats) -> Floats:
    """Mean F1 over the classes that occur or are predicted."""
    truth, guess, _ = _parts(means)
    present = (truth + guess) > 0
    result: Floats = _f1_each(means).sum(axis=-1) / np.maximum(present.sum(axis=-1), 1)
    return result


def mcc(means: Floats) -> Floats:
    """Matthews correlation for any number of classes (Gorodkin 2004); 0 when undefined."""
    truth, guess, both = _parts(means)
    top = both.sum(axis=-1) - (truth * guess).sum(axis=-1)
    bottom = np.sqrt(np.clip((1 - (guess**2).sum(axis=-1)) * (1 - (truth**2).sum(axis=-1)), 0, None))
    return np.asarray(np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 1e-12))


def r2(means: Floats) -> Floats:
    """Share of the variance explained; 0 for a constant truth."""
    spread = means[..., 2] - means[..., 1] ** 2
    result: Floats = 1 - np.divide(means[..., 0], spread, out=np.ones_like(spread), where=spread > 0)
    return result


def r2_rows(y: Truth, p: Floats, decision: Decision) -> Floats:
    """(n, 3): squared error, centred truth, its square."""
    centred = y.astype(float) - y.astype(float).mean()
    return np.column_stack([(y.astype(float) - p) ** 2, centred, centred**2])


def first(means: Floats) -> Floats:
    """The mean loss itself."""
    return means[..., 0]


def root(means: Floats) -> Floats:
    """Square root of the mean loss."""
    return np.sqrt(np.clip(means[..., 0], 0, None))


def one_minus(means: Floats) -> Floats:
    """1 minus the mean loss."""
    return 1 - means[..., 0]


def f1_positive(means: Floats) -> Floats:
    """F1 of class 1."""
    return _f1_each(means)[..., 1]


def negative(means: Floats) -> Floats:
    """Minus the mean loss."""
    return -means[..., 0]


def log_rows(y: Truth, p: Floats, decision: Decision) -> Floats:
    """(n,) minus the log of the probability given to what happened."""
    return np.asarray(-np.log(true_probability(y, p)))


def wrong_rows(y: Truth, p: Floats, decision: Decision) -> Floats:
    """(n,) 1 where the label is wrong."""
    return np.asarray(predicted_codes(p, decision.cut) != y.astype(np.int64), dtype=float)


def square_rows(y: Truth, p: Floats, decision: Decision) -> Floats:
    """(n,) squared errors."""
    rows: Floats = (y.astype(float) - p) ** 2
    return rows


def absolute_rows(y: Truth, p: Floats, decision: Decision) -> Floats:
    """(n,) absolute errors."""
    return np.asarray(np.abs(y.astype(float) - p))


def percentage_rows(y: Truth, p: Floats, decision: Decision) -> Floats:
    """(n,) absolute errors as shares of the truth."""
    truth = y.astype(float)
    return np.asarray(np.abs(truth - p) / np.maximum(np.abs(truth), np.finfo(float).eps))


def inverse_size(y: Truth) -> Floats:
    """(n,) how much rows count, 1 on average, while learning what is judged by errors as shares of the truth."""
    size = np.abs(y.astype(float))
    least = max(float(np.quantile(size, 0.01)), 1e-3 * float(size.mean()), 1e-12)  # a truth of nearly nothing must not rule
    inverse = 1.0 / np.maximum(size, least)
    found: Floats = inverse / inverse.mean()
    return found


def log_square_rows(y: Truth, p: Floats, decision: Decision) -> Floats:
    """(n,) squared errors of log(1 + value)."""
    rows: Floats = (np.log1p(np.clip(y.astype(float), 0, None)) - np.log1p(np.clip(p, 0, None))) ** 2
    return rows


def pinball_rows(y: Truth, p: Floats, decision: Decision) -> Floats:
    """(n,) pinball losses at the decision's quantile."""
    gap = y.astype(float) - p
    return np.maximum(decision.quantile * gap, (decision.quantile - 1) * gap)


def ranked_rows(y: Truth, p: Floats, decision: Decision) -> Floats:
    """(n,) squared distances of the cumulative shares from the truth over the steps of an ordered scale (Epstein 1969).

    A miss by two steps costs more than one by one. Divided by the number of steps, so in [0, 1].
    """
    shares = np.clip(p, 0, None)
    below = np.cumsum(shares / np.maximum(shares.sum(axis=1, keepdims=True), SMALL), axis=1)[:, :-1]
    happened = y.astype(np.int64)[:, None] <= np.arange(below.shape[1])
    return np.asarray(np.square(below - happened).mean(axis=1))


def money_rows(y: Truth, p: Floats, decision: Decision) -> Floats:
    """(n,) money lost per row against zero: minus the value of the decision, or the cost of the miss of a number.

    NaN without amounts: nothing is worth anything that nobody has said.
    """
    money = decision.money or Money()
    if not money.of_decisions:
        gap = y.astype(float) - p
        return np.where(gap > 0, money.under * gap, -money.over * gap) if money.of_units else np.full(len(y), np.nan)
    act = p >= decision.threshold
    gain = np.where(act, money.true_positive, money.false_negative)
    loss = np.where(act, money.false_positive, money.true_negative)
    return -np.where(y.astype(np.int64) == 1, gain, loss)
