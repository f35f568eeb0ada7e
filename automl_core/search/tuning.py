"""Tuning: when the portfolio is through and time is left, new configurations of the best families near what worked.

Tree-structured Parzen estimator (Bergstra et al. 2011), several options at once (Falkner et al. 2018), by optuna. It has no state
of its own: each proposal is made anew from the finished candidates, so an interrupted search goes on as if it had not been.
"""
from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from automl_core.search.contest import Contest
from automl_core.search.families import families
from automl_core.search.family import Range
from automl_core.search.log_target import is_log
from automl_core.search.plan import Candidate
from automl_core.search.portfolio import candidate_cap, candidate_key

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

LEAST_ROWS = 500
PATIENCE = 15  # proposals in a row that do not become the best of all, after which tuning ends
SECOND_BEST = 3  # every third proposal is for the second best family


def propose(contest: Contest) -> Candidate | None:
    """One more candidate near the best ones, or None when nothing more is worth a try."""
    tuned = [candidate for candidate in contest.candidates if candidate.tuned]
    if not _worth_it(contest, tuned):
        return None
    bases = _bases(contest)
    if not bases:
        return None
    base = bases[1] if len(bases) > 1 and len(tuned) % SECOND_BEST == SECOND_BEST - 1 else bases[0]
    options = base.options | _ask(contest, base, len(tuned))
    key = candidate_key(base.family, options, base.view, base.coded)
    if any(candidate.key == key for candidate in contest.candidates):
        return None
    number = sum(candidate.family == base.family for candidate in tuned) + 1
    title = families().get(base.family).title
    of = ", of the logarithm" if is_log(base.options) else ""
    return replace(base, key=key, label=f"{title}, tuned {number}{of}", options=options, tuned=True)


def _worth_it(contest: Contest, tuned: list[Candidate]) -> bool:
    rows = len(contest.prepared.y)
    most = contest.plan.max_trials or candidate_cap(rows)
    if rows < LEAST_ROWS or len(contest.candidates) >= most:
        return False
    late = tuned[-PATIENCE:]
    if len(late) < PATIENCE:
        return True
    names = {candidate.key for candidate in late}
    done = [candidate for candidate in contest.candidates if contest.complete(candidate.key)]
    return not done or max(done, key=lambda candidate: contest.mean_score(candidate.key)).key in names


def _bases(contest: Contest) -> list[Candidate]:
    """The best candidate of each family that can be tuned, the best family first. Formulas have their own judgement."""
    best: dict[str, Candidate] = {}
    for candidate in contest.candidates:
        tunable = families().get(candidate.family).space and not (candidate.twin or candidate.teachers)
        if not tunable or not contest.complete(candidate.key):
            continue
        known = best.get(candidate.family)
        if known is None or contest.mean_score(candidate.key) > contest.mean_score(known.key):
            best[candidate.family] = candidate
    return sorted(best.values(), key=lambda candidate: -contest.mean_score(candidate.key))


def _ask(contest: Contest, base: Candidate, number: int) -> dict[str, Any]:
    """The options that the estimator proposes, rounded so that they can be read."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = families().get(base.family).space
    known = {name: _distribution(area) for name, area in space.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # options named experimental there are what this rests on, at one version
        sampler = optuna.samplers.TPESampler(seed=(contest.plan.seed + number) % 2**32, multivariate=True, n_startup_trials=4,
                                             constant_liar=True)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        seen = [_seen(contest, candidate, known) for candidate in contest.candidates
                if candidate.family == base.family and not (candidate.twin or candidate.teachers) and contest.good(candidate.key)]
        study.add_trials([trial for trial in seen if trial is not None])
        asked = study.ask(known)
    return {name: round(value) if space[name].whole else float(f"{value:.3g}") for name, value in asked.params.items()}


def _distribution(area: Range) -> BaseDistribution:
    """The range as optuna names it."""
    from optuna.distributions import FloatDistribution, IntDistribution

    if area.whole:
        return IntDistribution(round(area.low), round(area.high), log=area.log)
    return FloatDistribution(area.low, area.high, log=area.log)


def _seen(contest: Contest, candidate: Candidate, known: Mapping[str, BaseDistribution]) -> FrozenTrial | None:
    """What optuna is told of a candidate; None when no fold of its can be judged."""
    from optuna.trial import create_trial

    value = _estimate(contest, candidate)
    if not math.isfinite(value):
        return None
    space = families().get(candidate.family).space
    middle = {name: (area.low * area.high) ** 0.5 if area.log else (area.low + area.high) / 2 for name, area in space.items()}
    params: dict[str, Any] = {}
    for name, area in space.items():
        option = float(np.clip(float(candidate.options.get(name, middle[name])), area.low, area.high))
        params[name] = round(option) if area.whole else option
    return create_trial(params=params, distributions=dict(known), value=value)


def _estimate(contest: Contest, candidate: Candidate) -> float:
    """The mean score over the folds; of one given up early, what it lacked on the folds it had, taken from the best one's."""
    if contest.complete(candidate.key):
        return contest.mean_score(candidate.key)
    done = [other for other in contest.candidates if contest.complete(other.key)]
    best = max(done, key=lambda other: contest.mean_score(other.key))
    folds = sorted(contest.good(candidate.key))
    lacks = [contest.fold_score(candidate.key, fold) - contest.fold_score(best.key, fold) for fold in folds]
    known = [lack for lack in lacks if math.isfinite(lack)]
    return contest.mean_score(best.key) + float(np.mean(known)) if known else math.nan
