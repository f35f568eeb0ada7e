"""What to try next: the fit that promises most for its time, and how much time it may take."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from automl_core.search.carried import waits
from automl_core.search.contest import Contest
from automl_core.search.families import families
from automl_core.search.lean import FIRST
from automl_core.search.log_target import is_log
from automl_core.search.plan import Candidate

ANCHORS = 2  # candidates whose first fold shows what a fold costs here
PATIENCE_IN_ORDER = 0.93  # each later place of the portfolio promises that much of the one before
MANY_ROWS, ENOUGH_FOLDS, LONG_SECONDS = 100_000, 3, 480.0
LEAST_EFFORT = 0.4  # of a boosting's rounds that are worth having
FOLDS_SHARE = 0.2  # of the time left, in which the anchors must get through all folds: ten candidates are worth more than a fold
FAST_FIT = 0.05  # seconds below which one fit's cost does not matter
LOADING = 1.5  # seconds until a worker has loaded the library of a family that is new to it


class Place(NamedTuple):
    """One fit of the race: a candidate and the fold left out."""

    candidate: Candidate
    fold: int


@dataclass(frozen=True, slots=True)
class Moment:
    """Now and the end of the race in seconds of the search, and the fits that run."""

    now: float
    end: float
    busy: frozenset[tuple[str, int]]


def next_place(contest: Contest, moment: Moment) -> Place | None:
    """The next fit: of a candidate that has begun, else of the one that promises most a second. None when nothing is left.

    With a number of trials instead of a time the order is that of the portfolio, so that the same seed gives the same result.
    """
    begun, fresh, partial = [], [], []
    for place, candidate in enumerate(contest.candidates):
        waiting = waits(contest, candidate.key)
        if candidate.teachers or candidate.key in contest.out or (contest.complete(candidate.key) and not waiting):
            continue
        folds = open_folds(contest, candidate, moment)
        if not folds:
            continue
        tried = contest.tried(candidate.key) and (not waiting or candidate.key in contest.renewed)
        started = tried or any(key == candidate.key for key, _ in moment.busy)
        if started:
            begun.append(Place(candidate, folds[0]))
        elif not contest.plan.timed:
            return begun[0] if begun else Place(candidate, folds[0])
        elif fits(contest, candidate, len(folds), moment):
            fresh.append((promise(contest, candidate, place), Place(candidate, folds[0])))
        elif fits_in_part(contest, candidate, moment):
            partial.append((promise(contest, candidate, place), Place(candidate, folds[0])))
    begun.sort(key=lambda item: contest.carried.place(item.candidate.key))  # the best of an earlier search first
    for place_ in begun:
        if not contest.plan.timed or moment.now + 0.5 * contest.fold_seconds(place_.candidate) <= moment.end:
            return place_
    return max(fresh or partial, key=lambda item: item[0])[1] if fresh or partial else None


def open_folds(contest: Contest, candidate: Candidate, moment: Moment) -> list[int]:
    """The folds in use that the candidate has not been fitted on, or not to the end, and is not being fitted on."""
    places = [(candidate.key, fold) for fold in range(contest.folds)]
    return [fold for key, fold in places
            if ((key, fold) not in contest.results or (key, fold) in contest.spoilt) and (key, fold) not in moment.busy]


def fits(contest: Contest, candidate: Candidate, folds: int, moment: Moment) -> bool:
    """Whether the candidate can get through all its folds before the end."""
    seconds = contest.fold_seconds(candidate)
    return moment.now + loading(contest, candidate) + max(seconds, seconds * folds / max(1, contest.plan.jobs)) <= moment.end


def loading(contest: Contest, candidate: Candidate) -> float:
    """Seconds until a worker has loaded what the candidate's family needs, if no fit has needed it before."""
    tried = {other.family for other in contest.candidates if contest.tried(other.key)}
    loaded = {module for family in tried for module in families().get(family).fit_modules}
    return 0.0 if set(families().get(candidate.family).fit_modules) <= loaded.union(FIRST) else LOADING


def fits_in_part(contest: Contest, candidate: Candidate, moment: Moment) -> bool:
    """Whether a boosting gets far enough before the end that the best of its rounds is a model too.

    Only with one fold: no other one waits for the same effort.
    """
    enough = loading(contest, candidate) + LEAST_EFFORT * contest.fold_seconds(candidate)
    return contest.folds == 1 and families().get(candidate.family).grows and moment.now + enough <= moment.end


def promise(contest: Contest, candidate: Candidate, place: int) -> float:
    """Expected improvement over the best so far a second of work.

    A candidate's score is taken to be normal around its family's best, as widely as candidates of a family differ here; a family
    not tried yet may be as good as the best (as the estimated cost for improvement of Wang et al. 2021 has it). Formulas are
    judged by their twin.
    """
    gap, spread = _standing(contest, candidate)
    z = -gap / spread
    density = math.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    improvement = spread * (density + z * 0.5 * math.erfc(-z / math.sqrt(2)))
    cost = max(FAST_FIT, contest.fold_seconds(candidate)) * contest.folds
    return max(improvement, 1e-12 * spread) * PATIENCE_IN_ORDER ** place / cost


def _standing(contest: Contest, candidate: Candidate) -> tuple[float, float]:
    """How far the best of the candidate's kind is behind the best, and how much candidates may differ: both on the first fold.

    A kind is a family that learns the number, or its logarithm. Candidates of one kind differ as much as those of the kinds tried
    do; a kind not tried yet as much as kinds do.
    """
    kinds = {other.key: (other.family, is_log(other.options)) for other in contest.candidates}
    firsts = (key for (key, fold), result in contest.results.items() if fold == 0 and not result.error)
    scores = {key: score for key in firsts if key in kinds and math.isfinite(score := contest.fold_score(key, 0))}
    if not scores:
        return 0.0, 1.0
    best = max(scores.values())
    groups: dict[tuple[str, bool], list[float]] = {}
    for key, score in scores.items():
        groups.setdefault(kinds[key], []).append(score)
    spreads = [float(np.std(group)) for group in groups.values() if len(group) > 1]
    # where a kind's candidates score the same and the best is nought, how kinds differ: a least number would have a unit
    least = 1e-3 * abs(best) or float(np.std(list(scores.values()))) or 1.0
    spread = max(float(np.mean(spreads)) if spreads else 0.0, least)
    tops = {kind: max(group) for kind, group in groups.items()}
    mine = kinds[candidate.key]
    if mine not in groups:
        mine = families().get(mine[0]).like or mine[0], mine[1]
    if mine not in groups:
        return _gap_of_new(mine, tops), max(spread, float(np.std(list(tops.values()))))
    return best - (scores[candidate.twin] if candidate.twin in scores else tops[mine]), spread


def _gap_of_new(kind: tuple[str, bool], tops: dict[tuple[str, bool], float]) -> float:
    """How far a kind not tried yet should be behind the best: not at all, but for what logarithms (or doing without) have cost
    the families that tried both."""
    family, logs = kind
    both = [tops[name, logs] - tops[name, not logs] for name, logged in tops if logged == logs and (name, not logs) in tops]
    gain = float(np.mean(both)) if both else 0.0
    if both and (family, not logs) in tops:
        return max(tops.values()) - tops[family, not logs] - gain
    return max(0.0, -gain)


def fold_count(contest: Contest, anchors: tuple[Candidate, ...], room: float) -> int:
    """As many folds as let the anchors finish in a part of the `room` seconds: a candidate stopped before its last is wasted.

    On many rows a part of the folds says enough, and time is better spent on other candidates, unless the plan names a number.
    """
    plan, most = contest.plan, len(contest.prepared.folds)
    if not plan.timed:
        return most
    if len(contest.prepared.y) > MANY_ROWS and not plan.folds and (plan.first_seconds or plan.budget_seconds) < LONG_SECONDS:
        most = min(most, ENOUGH_FOLDS)
    first = [contest.results[candidate.key, 0] for candidate in anchors if (candidate.key, 0) in contest.results]
    # one that was late or lost counts as the other: its seconds are not known. One that failed by itself told what that takes
    known = [result.seconds for result in first if not result.error] or [result.seconds for result in first if result.seconds]
    if not known:
        return max(1, contest.folds)
    cost = len(anchors) * sum(known) / len(known)
    return min(most, max(1, int(FOLDS_SHARE * room * max(1, plan.jobs) / max(cost, 1e-3))))

