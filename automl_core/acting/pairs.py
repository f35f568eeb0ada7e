"""Two levers moved together: tried only among the three best levers, and kept only when both together beat the better one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.action import Change
from automl_core.acting.conditions import all_hold
from automl_core.acting.costs import mean_cost, mean_distance, move_costs
from automl_core.acting.covariates import Covariates
from automl_core.acting.effects import Comparison, comparison_scores, estimate
from automl_core.acting.group_shares import with_shares
from automl_core.acting.move_groups import measured, move_trials
from automl_core.acting.moves import Move
from automl_core.acting.nuisance import Learner, folds_for
from automl_core.acting.stage import Stage, Trial
from automl_core.data.words import join_words
from automl_core.explaining.words import quote

MOST_LEVERS = 3
LEAST_TOGETHER = 100
SURE = 1.645  # one-sided 5 %
LEVEL = 0.05
Mask = NDArray[np.bool_]


def best_pairs(trials: list[Trial], rank: Callable[[Trial], float]) -> list[tuple[Trial, Trial]]:
    """Every two of the three best levers, each by its best trial; `rank` orders trials by their worth. A lever must hold by
    itself, however many of its moves were tried: the best of the twelve of an idle one rode along in one table of seven."""
    best: dict[str, Trial] = {}
    moves: dict[str, set[int]] = {}
    for trial in trials:
        moves.setdefault(trial.move.lever.column, set()).add(id(trial.root))
    for trial in sorted(trials, key=rank, reverse=True):
        name = trial.move.lever.column
        whole = trial.chosen and not trial.scores.numeric and not trial.scores.randomised
        holds = trial.effect.p * len(moves[name]) < LEVEL
        if whole and holds and rank(trial) > 0 and name not in best and len(best) < MOST_LEVERS:
            best[name] = trial
    return list(combinations(best.values(), 2))


def not_together_notes(trials: list[Trial]) -> tuple[str, ...]:
    """That levers which have a trial are not tried together with others: numbers, and what was drawn by chance."""
    found = {trial.move.lever.column: trial.scores for trial in trials}
    said = []
    if numbers := [quote(name) for name, scores in found.items() if scores.numeric]:
        said.append(f"{join_words(numbers)} {'is' if len(numbers) == 1 else 'are'} not tried together with other changes, as "
                    "numbers are moved alone.")
    if drawn := [quote(name) for name, scores in found.items() if scores.randomised and not scores.numeric]:
        said.append(f"{join_words(drawn)} {'was' if len(drawn) == 1 else 'were'} drawn by chance, and an experiment is not tried "
                    "together with other changes.")
    return tuple(said) if len(found) > 1 else ()


def pair_trials(one: Trial, other: Trial, stage: Stage, covariates: Covariates) -> list[Trial]:
    """Trials of two changes at once; `covariates` leave both levers out."""
    old = one.scores.eligible & other.scores.eligible
    new = one.scores.new & other.scores.new
    if min(int(old.sum()), int(new.sum())) < LEAST_TOGETHER:
        return []
    learner = Learner(covariates, seed=stage.seed)
    learner = with_shares(learner, [new.astype(np.float64)], old | new, stage.groups, stage.folds, stage.group)
    case = Comparison(stage.y, old, new, learner.covariates, stage.binary, stage.groups, stage.seed)
    scores = comparison_scores(case, learner, folds_for(len(stage.y)))
    if scores is None:
        return []
    scores = replace(scores, blocks=stage.blocks)
    costs = [move_costs(trial.move, stage.frame[trial.move.lever.column]) for trial in (one, other)]
    found = []
    for trial in move_trials(one.move, stage, scores, case, costs[0] + costs[1], (_second(other.move, stage, old),)):
        group = all_hold(trial.conditions, stage.frame)
        alike = trial.alike if trial.everyone else None
        effect = measured(trial.scores, trial.conditions, alike, stage.frame, group & ~stage.first)
        if effect is not None and _beats(trial, group, (one, other), stage):
            found.append(replace(trial, effect=effect, rows=effect.moved, also=(_second(other.move, stage, effect.moved),)))
    return found


def _second(move: Move, stage: Stage, rows: Mask) -> Change:
    """The second change, with what it costs these rows in the mean."""
    values = stage.frame.loc[rows, move.lever.column]
    return Change(move.lever.column, move.from_values, move.to, mean_cost(move, values), mean_distance(move, values),
                  move.lever.unit_cost)


def _beats(both: Trial, group: Mask, single: tuple[Trial, Trial], stage: Stage) -> bool:
    """Whether both changes together bring clearly more a row, after costs, than the better of the two alone.

    Asked on the half that looks, because what is picked for being large must be measured on other rows.
    """
    looked = group & stage.first
    ours, theirs = estimate(both.scores, looked), [estimate(trial.scores, looked) for trial in single]
    known = [effect for effect in theirs if effect is not None]
    if ours is None or len(known) < len(theirs):
        return False
    able = group & both.scores.eligible
    worth = stage.mean_worth(able)
    if stage.priced and worth == 0:
        return False  # nothing that these rows do brings money, and two changes cost it
    costs = [mean_cost(trial.move, stage.frame.loc[able, trial.move.lever.column]) if stage.priced else 0.0 for trial in single]
    alone, (together, error) = [effect.in_money(worth) for effect in known], ours.in_money(worth)
    best = max(gain - charge for (gain, _), charge in zip(alone, costs, strict=True))
    error = float(np.hypot(error, min(doubt for _, doubt in alone)))
    return both.chosen and together - sum(costs) - best > SURE * error
