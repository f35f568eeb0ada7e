"""What there is to tell about a candidate of a race: its scores over all its folds and on each, with their interval."""
from __future__ import annotations

import math

import numpy as np

from automl_core.framing.class_factors import TUNED
from automl_core.framing.metrics import get_metric, judged_apart
from automl_core.framing.problem import Problem
from automl_core.framing.score_interval import Counting, ScoreInterval, score_with_interval
from automl_core.search.carried import catching_up, common_folds
from automl_core.search.contest import Contest
from automl_core.search.family import Array
from automl_core.search.plan import Candidate, Trial, TrialState


def compared_sentence(problem: Problem) -> str:
    """Why models are compared by another score than the one they are judged by, and what makes labels then; empty where they are
    not."""
    metric = get_metric(problem.metric)
    if problem.task == "regression" or not metric.labels:
        return ""
    if problem.task == "binary":
        priced = problem.money is not None and problem.money.of_decisions
        then = f"the threshold is the best one for {metric.title}"
        if priced:
            own = f", and {metric.title} is read at the one that is best for it" if judged_apart(problem) else ""
            then = f"the threshold is the one that your amounts say{own}"
    elif metric.name in TUNED:
        then = f"how much each class counts is chosen for {metric.title}"
    else:
        then = f"each row is called {'the middle step' if problem.ordered else 'its likeliest class'}"
    return ("Models are compared by log loss: whether labels are right says too little to tell close ones apart, how sure a "
            f"model is of them says more. Of the model that is handed over, {then}.")


def tell(contest: Contest, candidate: Candidate) -> Trial:
    """What there is to tell about a candidate."""
    good = contest.good(candidate.key)
    reason, failed = contest.out.get(candidate.key, ""), contest.failure(candidate.key)
    if catching_up(contest) and set(common_folds(contest)) <= set(good):
        good = {fold: good[fold] for fold in common_folds(contest)}
        reason = failed = ""  # that was on folds that are not compared
    folds = tuple(sorted(good))
    truncated = any(result.truncated for result in good.values())
    found: TrialState = "failed" if failed else "dropped" if reason else "truncated" if truncated else "finished"
    mean = low = high = math.nan
    scores: tuple[float, ...] = ()
    if folds:
        (mean, low, high), scores = _judged(contest, candidate.key, folds)
    first = good.get(0)
    return Trial(
        candidate.key, candidate.family, candidate.label, candidate.options, found, mean, low, high,
        scores, tuple(good[fold].rounds for fold in folds),
        sum(result.seconds for result in good.values()), first.row_ms if first else math.nan,
        first.size / 1e6 if first else math.nan,
        reason or ("It was cut off by the time; its best rounds count." if truncated else ""))


def _judged(contest: Contest, key: str, folds: tuple[int, ...]) -> tuple[ScoreInterval, tuple[float, ...]]:
    """The candidate's score over these folds with its interval, and on each of them; found once for the same fits."""
    prepared = contest.prepared
    if (key, folds) not in contest.told:
        rows = contest.positions(folds)
        y, counting = prepared.y[rows], prepared.counting(rows)
        said, decision = prepared.judged(y, contest.out_of_fold(key, folds), counting, contest.fold_of(folds))
        found = score_with_interval(prepared.metric, y, said, contest.plan.seed, decision, counting)
        contest.told[key, folds] = found, _scores_by_fold(contest, key, folds, y, said)
    return contest.told[key, folds]


def _scores_by_fold(contest: Contest, key: str, folds: tuple[int, ...], y: Array, said: Array) -> tuple[float, ...]:
    """The score on each fold in the problem's own metric. Labels of several classes are those that were made for all folds:
    to make them anew from each fold's own rows takes long."""
    prepared = contest.prepared
    if said.ndim == 1 or prepared.metric.name not in TUNED:
        return tuple(_metric_score(contest, key, fold) for fold in folds)
    fold_of, found = contest.fold_of(folds), []
    for fold in folds:
        mine = fold_of == fold
        weights = prepared.weights_of(contest.positions(folds)[mine])
        found.append(prepared.metric.score(y[mine], said[mine], weights=weights))
    return tuple(found)


def _metric_score(contest: Contest, key: str, fold: int) -> float:
    """The score on one fold in the problem's own metric."""
    prepared = contest.prepared
    valid = prepared.folds[fold][1]
    y, weights = prepared.y[valid], prepared.weights_of(valid)
    prediction = contest.results[key, fold].prediction * contest.scale(key, (fold,))
    said, decision = prepared.judged(y, prediction, Counting(weights), np.zeros(len(y), dtype=np.int64))
    return prepared.metric.score(y, said, decision, weights)
