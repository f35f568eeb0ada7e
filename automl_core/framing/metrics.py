"""The metrics by name, what each applies to, and the threshold a decision needs.

Predictions: binary `(n,)` probability of the positive class; multiclass `(n, k)` probabilities in the order of
`Problem.classes`; regression `(n,)`. Truth: int codes into `Problem.classes` (binary: 1 is positive) or floats.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from automl_core.errors import BadInput
from automl_core.framing import areas
from automl_core.framing import metric_rows as rows
from automl_core.framing.metric_rows import (
    DEFAULT_DECISION,
    Cut,
    Decision,
    Floats,
    MiddleStep,
    Statistics,
    Truth,
    Weights,
    predicted_codes,
)
from automl_core.framing.problem import Money, Problem, Task

__all__ = ["DEFAULT_DECISION", "METRICS", "Decision", "Metric", "bayes_threshold", "best_number", "decision_of", "default_metric",
           "drawn_labels", "get_metric", "judged_apart", "judging_of", "judging_threshold", "metric_of", "metrics_for",
           "predicted_codes", "tune_threshold"]

CLASSES: tuple[Task, ...] = ("binary", "multiclass")
NUMBER: tuple[Task, ...] = ("regression",)

SHARE = (0.0, 1.0)
ROWS_OF_GROUP = 10  # with one answer: a model of many hardly gives it as often


@dataclass(frozen=True, slots=True)
class Metric:
    """One way to judge predictions.

    `statistics` gives `(n,)` or `(n, q)` row statistics and `combine` turns their means `(..., q)` into scores `(...)`. An
    ordering metric has `area` (its score) and `influence` (each row's influence `(n,)` on it) instead. `loss_rows` is the
    loss of each row (lower is better; its mean orders models as the score does) or None when there is no such thing.
    `labels` says that a binary probability is cut at `Decision.threshold` first. `decision` is what it is read at unless another
    is given; scores lie within `bounds`.
    """

    name: str
    title: str
    tasks: tuple[Task, ...]
    greater_is_better: bool
    statistics: Statistics | None = None
    combine: Callable[[Floats], Floats] | None = None
    loss_rows: Statistics | None = None
    area: Callable[[Truth, Floats, Weights], float] | None = None
    influence: Callable[[Truth, Floats, Weights], Floats] | None = None
    labels: bool = False
    decision: Decision = DEFAULT_DECISION
    bounds: tuple[float, float] = (-math.inf, math.inf)

    @property
    def sign(self) -> float:
        """+1 when greater is better, else -1: `sign * score` always grows with quality."""
        return 1.0 if self.greater_is_better else -1.0

    def score(self, y: Truth, prediction: Floats, decision: Decision | None = None, weights: Weights = None) -> float:
        """The score; NaN when it is undefined (no rows, or one class for the areas). `weights` (n,) say how much rows count."""
        if len(y) == 0:
            return math.nan
        decision = decision or self.decision
        if self.area is not None:
            return self.area(y, prediction, weights)
        assert self.statistics is not None
        assert self.combine is not None
        means = np.average(self.statistics(y, prediction, decision).reshape(len(y), -1), axis=0, weights=weights)
        return float(self.combine(means))


def _mean(name: str, title: str, tasks: tuple[Task, ...], loss: Statistics, combine: Callable[[Floats], Floats]) -> Metric:
    """A metric that is a function of the mean loss; greater is better when the combination turns the loss around."""
    greater = combine in (rows.negative, rows.one_minus)
    labels = loss in (rows.wrong_rows, rows.money_rows)
    bounds = SHARE if loss is rows.wrong_rows else (0.0, math.inf) if not greater else (-math.inf, math.inf)
    return Metric(name, title, tasks, greater, loss, combine, loss, labels=labels, bounds=bounds)


_ALL = (
    Metric("roc_auc", "ROC AUC", CLASSES, True, area=areas.auc, influence=areas.auc_influence, bounds=SHARE),
    Metric("average_precision", "Average precision", CLASSES, True, area=areas.average_precision,
           influence=areas.average_precision_influence, bounds=SHARE),
    _mean("log_loss", "Log loss", CLASSES, rows.log_rows, rows.first),
    _mean("accuracy", "Accuracy", CLASSES, rows.wrong_rows, rows.one_minus),
    Metric("balanced_accuracy", "Balanced accuracy", CLASSES, True, rows.confusion_rows, rows.balanced, labels=True,
           bounds=SHARE),
    Metric("f1", "F1 of the positive class", ("binary",), True, rows.confusion_rows, rows.f1_positive, labels=True, bounds=SHARE),
    Metric("f1_macro", "Macro F1", CLASSES, True, rows.confusion_rows, rows.f1_macro, labels=True, bounds=SHARE),
    Metric("mcc", "Matthews correlation", CLASSES, True, rows.confusion_rows, rows.mcc, labels=True, bounds=(-1.0, 1.0)),
    _mean("rmse", "RMSE", NUMBER, rows.square_rows, rows.root),
    _mean("mae", "Mean absolute error", NUMBER, rows.absolute_rows, rows.first),
    Metric("r2", "R²", NUMBER, True, rows.r2_rows, rows.r2, loss_rows=rows.square_rows, bounds=(-math.inf, 1.0)),
    _mean("mape", "Mean absolute percentage error", NUMBER, rows.percentage_rows, rows.first),
    _mean("rmsle", "RMSLE", NUMBER, rows.log_square_rows, rows.root),
    _mean("ranked_probability", "Ranked probability score", ("multiclass",), rows.ranked_rows, rows.first),
    _mean("pinball", "Pinball loss", NUMBER, rows.pinball_rows, rows.first),
    _mean("money", "Money per row", ("binary", "regression"), rows.money_rows, rows.negative),
)
METRICS: dict[str, Metric] = {metric.name: metric for metric in _ALL}


def get_metric(name: str) -> Metric:
    """The metric of that name; BadInput naming the known ones otherwise."""
    try:
        return METRICS[name]
    except KeyError:
        raise BadInput(f"There is no metric called “{name[:80]}”.", f"Choose one of: {', '.join(METRICS)}.") from None


def metric_of(problem: Problem) -> Metric:
    """The problem's metric, read at what the problem says of money and quantile."""
    return replace(get_metric(problem.metric), decision=judging_of(problem))


def metrics_for(task: Task) -> tuple[Metric, ...]:
    """The metrics that can judge this task, the usual ones first."""
    return tuple(metric for metric in _ALL if task in metric.tasks)


def default_metric(task: Task) -> str:
    """The name of the metric used unless the user chooses: ROC AUC, log loss or RMSE."""
    return {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}[task]


def bayes_threshold(money: Money) -> float:
    """The probability from which acting earns more than not acting (Elkan 2001), in [0, 1]; 0.5 when acting changes nothing."""
    right = money.true_positive - money.false_negative
    wrong = money.true_negative - money.false_positive
    if right + wrong <= 0:
        return 0.5
    return float(np.clip(wrong / (right + wrong), 0.0, 1.0))


def decision_of(problem: Problem, threshold: Cut | None = None) -> Decision:
    """The decision a problem implies: the given threshold, else the one its money says, else 0.5. Of several classes their
    factors can be given; steps of a scale are called by their middle unless something else is."""
    if threshold is None and problem.ordered and problem.task == "multiclass":
        threshold = MiddleStep()
    if isinstance(threshold, MiddleStep):
        return Decision(0.5, problem.money, problem.quantile, threshold.factors, True)
    if isinstance(threshold, tuple):
        return Decision(0.5, problem.money, problem.quantile, threshold)
    if threshold is None:
        threshold = bayes_threshold(problem.money) if problem.money is not None and _priced(problem) else 0.5
    return Decision(threshold, problem.money, problem.quantile)


def judging_of(problem: Problem) -> Decision:
    """The decision that the problem's metric is read at before a threshold is tuned to it: of two classes the one that money
    says where it is judged by money alone. To act on whoever may be worth it is no attempt to be right about most rows."""
    return decision_of(problem, 0.5 if problem.task == "binary" and problem.metric != "money" else None)


def best_number(problem: Problem, y: Truth, weights: Weights = None) -> float:
    """The one number that a metric of numbers judges best where all rows get the same, each counting by its weight (n,).

    RMSLE judges logarithms, so the mean of those; a percentage error is an absolute one that counts by the inverse of its truth.
    """
    values = y.astype(float)
    if problem.metric == "rmsle":
        return float(np.expm1(np.average(np.log1p(np.clip(values, 0, None)), weights=weights)))
    if problem.level is None:
        return float(np.average(values, weights=weights))
    if problem.metric == "mape":
        weights = (1.0 if weights is None else weights) / np.maximum(np.abs(values), np.finfo(float).eps)
    return float(np.quantile(values, problem.level, weights=weights, method="inverted_cdf"))


def drawn_labels(p: Floats, seed: int) -> Floats:
    """(n,) or (n, k) labels drawn by these shares: of answers that look at no column macro F1 likes them better than one label
    for all rows, and what only calls rare classes now and then must not seem to know something. Balanced accuracy and the
    Matthews correlation expect the same of both, so there one label, which chance does not move, is enough."""
    random = np.random.default_rng(seed)
    if p.ndim == 1:
        return np.asarray(random.random(len(p)) < p, dtype=float)
    codes = (random.random(len(p))[:, None] > np.cumsum(p, axis=1)[:, :-1]).sum(axis=1)
    return np.asarray(np.eye(p.shape[1])[codes], dtype=float)


def _priced(problem: Problem) -> bool:
    """Whether money says which rows of a yes/no target to act on: any of its amounts is set."""
    return problem.money is not None and problem.task == "binary" and problem.money.of_decisions


def judged_apart(problem: Problem) -> bool:
    """Whether rows of two classes are called by amounts of money, and judged by another metric of labels at a cut of its own."""
    return _priced(problem) and problem.metric != "money" and get_metric(problem.metric).labels


def tune_threshold(y: Truth, p: Floats, problem: Problem, weights: Weights = None) -> float:
    """The threshold a model calls rows positive from: with amounts of money the one the money says (no tuning), else
    `judging_threshold`, with the same arguments."""
    return decision_of(problem).threshold if _priced(problem) else judging_threshold(y, p, problem, weights)


def judging_threshold(y: Truth, p: Floats, problem: Problem, weights: Weights = None) -> float:
    """The threshold for binary labels that suits the metric, from out-of-fold probabilities `(n,)`; `weights` (n,) say how much
    rows count.

    Judged by money, the one the money says (no tuning). For another metric of labels, the best of some hundred cuts, whatever
    amounts there are. For every other metric the cut that calls as many rows positive as there are. 0.5 when there is nothing to
    learn from (fewer than 50 rows).
    """
    if problem.metric == "money":
        return decision_of(problem).threshold
    seen = np.isfinite(p)
    truth, probability, mass = y[seen], p[seen], None if weights is None else weights[seen]
    if problem.task != "binary" or len(truth) < 50:
        return 0.5
    metric = get_metric(problem.metric)
    mass = np.ones(len(truth)) if mass is None else mass
    if not metric.labels:
        share = 1 - float(np.average(truth == 1, weights=mass))
        cut = float(np.quantile(probability, share, weights=mass, method="inverted_cdf"))
        return float(np.clip(_between_groups(probability, cut), 1e-6, 1 - 1e-6))
    cuts = _cuts(probability)
    return float(np.clip(cuts[int(np.argmax(_at_cuts(metric, truth, probability, mass, cuts)))], 1e-6, 1 - 1e-6))


def _between_groups(probability: Floats, cut: float) -> float:
    """The cut itself, or where many rows have this answer the middle of a wide gap between answers that is near.

    What a model with few answers says of a group differs a little from fold to fold, and the one that is handed over says their
    mean: with a cut at one of them it is chance whether all of the group are called or none.
    """
    values, rows = np.unique(probability, return_counts=True)
    if rows[np.searchsorted(values, cut)] < ROWS_OF_GROUP:
        return cut
    gaps = np.diff(values, prepend=values[0])
    away = np.maximum(np.maximum(cut - values, values - gaps - cut), 0.0)  # from the cut to the nearer end of each gap
    wide = np.where(values > cut, 0.8, 1.0) * gaps  # alike ones: the answer at the cut is called
    best = int(np.argmax(wide - 2 * away))
    return float(values[best] - gaps[best] / 2)


def _cuts(probability: Floats) -> Floats:
    """Where labels may change: 200 quantiles, more at both ends, where rare classes are, and beyond the highest: nobody."""
    n = len(probability)
    ends = np.unique(np.geomspace(1, max(n // 100, 1), 100).astype(np.int64))
    nobody = np.nextafter(max(float(probability.max()), 0.5), 1.0)
    inner = np.quantile(probability, np.linspace(0.005, 0.995, 200))
    ranks = np.concatenate([ends - 1, n - ends])
    return np.unique(np.concatenate([np.sort(probability)[ranks], inner, [nobody]]))


def _at_cuts(metric: Metric, truth: Truth, probability: Floats, mass: Floats, cuts: Floats) -> Floats:
    """(cuts,) scores of a metric of labels at each threshold, from one sort of the rows."""
    assert metric.combine is not None
    order = np.argsort(probability, kind="stable")
    yes = np.append(0.0, np.cumsum((mass * (truth == 1))[order]))
    every = np.append(0.0, np.cumsum(mass[order]))
    below = np.searchsorted(probability[order], cuts, side="left")
    hits, called = yes[-1] - yes[below], every[-1] - every[below]
    right_no = every[below] - yes[below]
    columns = (np.full(len(cuts), every[-1] - yes[-1]), np.full(len(cuts), yes[-1]), every[-1] - called, called, right_no, hits)
    means = np.column_stack(columns) / every[-1]
    if metric.statistics is rows.wrong_rows:
        return metric.combine(1.0 - (means[:, 4] + means[:, 5])[:, None])
    return metric.combine(means)
