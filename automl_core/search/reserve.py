"""What a search keeps back of its time: for fitting again on all rows what an ensemble would have now."""
from __future__ import annotations

import math
from itertools import takewhile

import numpy as np

from automl_core.search.carried import common_folds, through
from automl_core.search.contest import Contest, find_candidate
from automl_core.search.ensemble import Electorate, greedy_weights, members_for
from automl_core.search.families import families
from automl_core.search.plan import Plan
from automl_core.search.schedule import MANY_ROWS
from automl_core.search.worker import ALL_ROWS

MOST_SHARE = 0.4  # of the budget, for all that comes after the race
MORE_SHARE = 0.6  # the same of time that was added: little of it is asked for, and refits take as long as before
AFTER_SHARE = 0.04  # of the budget, for what comes after the refits: measuring the ladder
HURRIED_SHARE = 0.25  # of the budget, for the longest refit where time is short for the rows
LATE = 2.0  # seconds after its end in which the last fits of the race are stopped
TEAM_ROWS, TEAM_VOTERS = 20_000, 5_000  # drawn, and of these the ones that decide: it is asked whenever a candidate is through


def most_share(plan: Plan) -> float:
    """The most of its own time that a search keeps for what comes after the race."""
    return MORE_SHARE if plan.spent_seconds else MOST_SHARE


def likely_team(contest: Contest) -> tuple[str, ...]:
    """Keys of the candidates that an ensemble of those that are through would have, the heaviest first, by the first fold."""
    keys = through(contest)
    if not keys:
        return ()
    rows = contest.prepared.folds[0][1]
    some = np.arange(len(rows))
    if len(rows) > TEAM_ROWS:
        some = np.sort(np.random.default_rng(contest.plan.seed).choice(len(rows), TEAM_ROWS, replace=False))
    said = {key: contest.results[key, 0].prediction[some] * contest.scale(key, (0,)) for key in keys}
    voters = Electorate(contest.prepared.judge, contest.prepared.y[rows[some]], contest.prepared.weights_of(rows[some]),
                        contest.plan.seed)
    weights = greedy_weights(voters, said, members_for(len(contest.prepared.y)), TEAM_VOTERS)
    return tuple(sorted(weights, key=lambda key: -weights[key]))


def refit_seconds(contest: Contest, team: tuple[str, ...]) -> float:
    """What fitting the `team` (keys, the best first) on all rows should take with the workers there are.

    On many rows two: there the model of a fold, which has seen nearly all rows, stands in for what is not fitted again in time.
    So it does everywhere for what would take more than the most time that is kept for this, and for all that is worse than that;
    it is less where time is short for the rows: another candidate is worth more there. What an earlier search has fitted takes
    nothing.
    """
    folds = common_folds(contest)
    team = tuple(key for key in team
                 if key not in contest.refitted or contest.refitted[key] != refit_rounds(contest, key, folds))
    if not team:
        return 0.0
    rows, budget = len(contest.prepared.y), contest.plan.new_seconds
    best = [find_candidate(contest.candidates, key) for key in team[: 2 if rows > MANY_ROWS else None]]
    most = HURRIED_SHARE * budget if contest.prepared.hurried else (most_share(contest.plan) - AFTER_SHARE) * budget - LATE
    best = list(takewhile(lambda candidate: contest.refit_seconds(candidate) <= most, best))
    seconds = [contest.refit_seconds(candidate) for candidate in best]
    kinds = {kind for candidate in best for kind in contest.wanted_extras(candidate)}
    kinds -= {kind for kind, fold in contest.extras if fold == ALL_ROWS}
    learning = sum(extras.seconds for (kind, fold), extras in contest.extras.items() if fold == 0 and kind in kinds)
    growth = rows / max(len(contest.prepared.folds[0][0]), 1)
    return growth * learning + max([*seconds, sum(seconds) / max(1, contest.plan.jobs)])


def refit_rounds(contest: Contest, key: str, folds: tuple[int, ...]) -> int:
    """The best rounds of the folds together; a boosting on more rows wants a few more."""
    mean = float(contest.best_rounds(key, folds))
    if families().get(find_candidate(contest.candidates, key).family).grows:
        mean *= math.sqrt(contest.growth(folds))
    return max(1, round(mean))
