"""What a model is worth on a batch: estimated without outcomes, measured with them, and held against what it promised."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.framing.metric_rows import Cut, Truth, Weights
from automl_core.framing.metrics import Metric, best_number, decision_of, drawn_labels, get_metric
from automl_core.framing.problem import Problem
from automl_core.framing.score_interval import Counting, paired_difference, score_with_interval
from automl_core.framing.validation import encode_target, usable_weights
from automl_core.production.alike import going_together
from automl_core.production.contract import Estimate
from automl_core.production.drift._test import LEAST_ROWS
from automl_core.search.plan import Score

Floats = NDArray[np.float64]
DRAWS = 100
LEAST_KNOWN = 5  # rows, or groups of rows, with an outcome: one shop tells nothing of the others
ESTIMATE_ROWS = 5_000
WRONG = "What was estimated without outcomes was wrong."


@dataclass(frozen=True, slots=True)
class Measured:
    """The metric on rows whose outcome is known; whether it is `worse` than what the model reached in its search, and
    `useless`: worse, and not surely better than the best that one answer for all rows reaches."""

    realised: Estimate | None = None
    worse: bool = False
    useless: bool = False
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """What rows are judged by: the problem, where its metric cuts probabilities, and the score the model reached in its search
    (None: not known, or these rows do not judge it). Rows that are the same in the columns `copied` are copies that go together
    (no columns: they are rows as others are)."""

    problem: Problem
    threshold: Cut
    reached: Score | None
    copied: tuple[str, ...] = ()


def measure(predictions: Floats, outcomes: pd.Series[Any], frame: pd.DataFrame, by: JudgedBy) -> Measured:
    """The metric on the rows of a typed frame that have an outcome, with its 95 % interval, against what the model reached;
    nothing where it is undefined on them, and no verdict where fewer than five rows, or groups, tell it. Rows count by the
    weights of the problem and go together by its group, as far as the frame has them, and as copies."""
    problem, reached = by.problem, by.reached
    truth, keep = encode_target(outcomes.reset_index(drop=True), problem)
    if len(truth) < 2 or (problem.task != "regression" and len(np.unique(truth)) < 2):
        return Measured()
    metric = replace(get_metric(problem.metric), decision=decision_of(problem, by.threshold))
    said, counting = predictions[keep], _counting(frame[keep], by)
    made = score_with_interval(metric, truth, said, 0, weights=counting)
    if not all(map(math.isfinite, made)):
        return Measured()
    realised = Estimate(problem.metric, float(made.mean), float(made.low), float(made.high), trusted=True)
    known = len(truth) if counting.groups is None else len(np.unique(counting.groups))
    if known < LEAST_KNOWN or reached is None or not _worse(realised, reached, metric.greater_is_better):
        return Measured(realised)
    constant = _one_answer(metric, truth, said, problem, counting.weights)
    useless = not paired_difference(metric, truth, said, constant, 0, counting).low > 0
    figures = f"{metric.title} {Score(realised.value, realised.low, realised.high).words}, there {reached.words}"
    tail = ", and not surely better than the same answer for every row" if useless else ""
    return Measured(realised, True, useless, f"Measured on this batch, the model is worse than in its search: {figures}{tail}.")


def _counting(frame: pd.DataFrame, by: JudgedBy) -> Counting:
    """How rows count, as in the search: all alike where a weight is missing, each alone where no group is given and it has no
    copies."""
    weights = usable_weights(frame, by.problem)
    return Counting(None if weights is None else weights / weights.mean(), going_together(frame, by.problem.group, by.copied))


def _worse(realised: Estimate, reached: Score, greater_is_better: bool) -> bool:
    """Whether the measured interval lies wholly on the worse side of the promised one; False where that has no ends."""
    return realised.high < reached.low if greater_is_better else realised.low > reached.high


def _one_answer(metric: Metric, truth: Truth, said: Floats, problem: Problem, weights: Weights) -> Floats:
    """One and the same prediction for all rows, the best that there is for these: the number, the shares, or one label."""
    rows = len(truth)
    if problem.task == "regression":
        return np.full(rows, best_number(problem, truth, weights))
    codes = truth.astype(np.int64)
    answers = [np.eye(said.shape[1])[code] for code in np.unique(codes)] if said.ndim == 2 else [np.array(0.0), np.array(1.0)]
    shares = np.bincount(codes, weights, minlength=said.shape[1] if said.ndim == 2 else 2)
    answers.append(shares / shares.sum() if said.ndim == 2 else shares[1] / shares.sum())
    tiled = [np.tile(answer, (rows, 1)) if said.ndim == 2 else np.full(rows, answer) for answer in answers]
    if metric.name == "f1_macro":  # likes labels that are drawn better than one for all rows: so does the search's baseline
        tiled.append(drawn_labels(tiled[-1], 0))
    scores = [metric.sign * metric.score(truth, one, weights=weights) for one in tiled]
    return tiled[int(np.argmax(np.nan_to_num(scores, nan=-np.inf)))]


def held_against(estimate: Estimate | None, realised: Estimate | None) -> tuple[Estimate | None, str]:
    """The estimate, trusted where its interval and a trusted measured one overlap; with what there is to say where they do
    not."""
    if estimate is None or realised is None or not realised.trusted:
        return estimate, ""
    agreed = estimate.low <= realised.high and realised.low <= estimate.high
    return replace(estimate, trusted=agreed), "" if agreed else WRONG


def estimate_metric(predictions: Floats, problem: Problem, threshold: Cut = 0.5) -> Estimate | None:
    """The metric expected if the predicted probabilities are right: outcomes are drawn from them 100 times (confidence-based
    estimation). It sees changes in who is scored, not in how the world answers, so it is not trusted until outcomes agree.
    None for numbers and below 100 rows."""
    if problem.task == "regression" or len(predictions) < LEAST_ROWS:
        return None
    metric, generator = get_metric(problem.metric), np.random.default_rng(0)
    picked = predictions[generator.permutation(len(predictions))[:ESTIMATE_ROWS]]
    scores = []
    for _ in range(DRAWS):
        if picked.ndim == 1:
            drawn = (generator.random(len(picked)) < picked).astype(np.int64)
        else:
            steps = np.cumsum(picked, axis=1)
            drawn = (generator.random((len(picked), 1)) * steps[:, -1:] > steps).sum(axis=1).clip(max=picked.shape[1] - 1)
        scores.append(metric.score(drawn, picked, decision_of(problem, threshold)))
    known = [score for score in scores if math.isfinite(score)]
    if not known:
        return None
    low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(metric.name, float(np.mean(known)), float(low), float(high))
