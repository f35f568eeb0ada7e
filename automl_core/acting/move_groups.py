"""The groups that pay to be moved by one move, each with its effect on rows that did not choose it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Change
from automl_core.acting.conditions import all_hold, any_hold, holds
from automl_core.acting.costs import move_costs
from automl_core.acting.crossing import PRICES, Crossed, crossed_policies
from automl_core.acting.effects import Comparison, Effect, estimate
from automl_core.acting.flips import MOST_ROWS, Turned, both, chances, lopsided
from automl_core.acting.grading import LEVEL
from automl_core.acting.moves import Move
from automl_core.acting.overlap import alike_parts, comparable, with_more
from automl_core.acting.policy import Leaf, Objective, fit_policy
from automl_core.acting.scores import Scores
from automl_core.acting.splits import LEAST_LEAF_SHARE
from automl_core.acting.stage import Stage, Trial
from automl_core.framing.dependent import codes_of

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
LEAST_LEAF = 100
CLEAR, NO_NEWS = 0.0005, 0.5  # a p value of halves beside which the second test is not asked, and stands as if it saw nothing
SMOOTHED = 0.5  # of the gains that groups are picked by is what the outcome models tell


def move_trials(
    move: Move, stage: Stage, scores: Scores, case: Comparison, cost: Floats | None = None, also: tuple[Change, ...] = ()
) -> list[Trial]:
    """The groups that pay to be moved, each with its effect on rows that did not choose it; everybody, on all rows, when groups
    do no better. A move that would move nobody stays as one trial that was not chosen. With `also` groups are picked on one half
    and measured on the other, so that the first can say whether both changes beat one."""
    scores = stage.valued(scores)
    root = estimate(scores, np.ones(len(stage.y), dtype=bool))
    if root is None:
        return []
    whole = Trial(move, (), scores, root, root.moved, False, case, root, also)
    charge = move_costs(move, stage.frame[move.lever.column]) if cost is None else cost
    return (_looked(whole, stage, charge) if also else _crossed(whole, stage, charge)) or [whole]


def _least(scores: Scores) -> float:
    """How many rows to move a group needs."""
    return max(LEAST_LEAF, LEAST_LEAF_SHARE * float(scores.eligible.sum()))


def _crossed(whole: Trial, stage: Stage, cost: Floats | float) -> list[Trial]:
    """The groups that all rows pick, each fold of them measured where the others would have put it; where none of them holds and
    pays, those of the second rule, at a higher price. Where neither does those of the first are only patterns."""
    scores = whole.scores
    policies = crossed_policies(stage.splits, _objective(scores, stage, cost), gains(scores, stage, cost, 0.0), stage.parts)
    first: list[Trial] = []
    for place, found in enumerate(policies):
        trials = _grouped(whole, stage, found, place, cost)
        if any(_holds(trial, stage, cost) for trial in trials):
            return trials
        first = first or trials
    return first


def _grouped(whole: Trial, stage: Stage, found: Crossed, before: int, cost: Floats | float) -> list[Trial]:
    """The trials of the groups of a rule, after so many others that were looked at. A group is no surer than what either half
    picks is on the other half; one of two is no surer than that in the group itself: beside a group that pays, chance finds a
    second one. Of not too many rows a search on turned signs has a say as well (`flips`)."""
    in_all = _held(whole.scores, stage, found.halves)
    made: list[tuple[Mask, float, Trial]] = []
    for group in found.groups:
        rows, p = all_hold(group.leaf, stage.frame), in_all if group.leaf else 0.0
        if len(found.groups) > 1:
            p = max(p, _held(whole.scores, stage, found.halves & rows))
        for trial in _measured(whole, stage, group.leaf, group.told):
            made.append((rows, p, replace(trial, rules=1 + before + len(group.leaf))))
    doubtful = any(p > CLEAR and _holds(_surer(trial, 0.0, before), stage, cost) for _, p, trial in made)
    turned = _turned(whole.scores, stage, cost)
    chance = [NO_NEWS] * len(made)
    if turned is not None and doubtful:
        objective = _objective(whole.scores, stage, cost)
        chance = chances(stage.splits, objective, turned, found.place, [rows for rows, _, _ in made], stage.seed)
    proofs = [p if turned is None or p == 0 else both(p, one) for (_, p, _), one in zip(made, chance, strict=True)]
    return [_surer(trial, p, before) for (_, _, trial), p in zip(made, proofs, strict=True)]


def _surer(trial: Trial, p: float, before: int) -> Trial:
    """A trial whose p value is at least `p`, at the price of so many rules before it."""
    return replace(trial, effect=replace(trial.effect, p=min(1.0, PRICES[before] * max(trial.effect.p, p))))


def _objective(scores: Scores, stage: Stage, cost: Floats | float) -> Objective:
    return Objective(gains(scores, stage, cost), scores.eligible, scores.region, _least(scores))


def _turned(scores: Scores, stage: Stage, cost: Floats | float) -> Turned | None:
    """What signs are turned of, as an effect without the rows that have no comparable ones; None for many rows, where outcomes
    had a say in which values are moved, and where scores are lopsided."""
    if len(stage.y) > MOST_ROWS or scores.apart is not None:
        return None
    told = scores.region if scores.numeric else scores.region & ~(scores.eligible & ~scores.near)
    psi = np.where(told, stage.worths(scores.eligible) * scores.psi, 0.0)
    if not told.any() or lopsided(psi[told]):
        return None
    return Turned(psi, _charge(scores, stage, cost), None if scores.groups is None else codes_of(scores.groups))


def _holds(trial: Trial, stage: Stage, cost: Floats | float) -> bool:
    """Whether the weak end of what a group brings is more than it costs, and chance would seldom show it."""
    effect, rows, worth = trial.effect, trial.rows, stage.mean_worth(trial.rows)
    charge = float(np.broadcast_to(cost, rows.shape)[rows].mean()) if stage.priced and rows.any() else 0.0
    ends = (effect.low, effect.high) if effect.money is None else (effect.money.low, effect.money.high)
    sign = worth if effect.money is None else math.copysign(1.0, worth)
    return effect.p < LEVEL and min(sign * end for end in ends) > charge


def _held(scores: Scores, stage: Stage, rows: Mask) -> float:
    """The p value of the effect on some rows; 1 when it goes the wrong way or cannot be told."""
    effect = estimate(scores, rows) if rows.any() else None
    return 1.0 if effect is None or stage.worth * effect.estimate <= 0 else effect.p


def _looked(whole: Trial, stage: Stage, cost: Floats | float) -> list[Trial]:
    """The groups that one half picks, measured on the other half."""
    scores = whole.scores
    objective = Objective(gains(scores, stage, cost, 0.0), scores.eligible, scores.region & stage.first, _least(scores) / 2)
    trials = []
    for leaf in fit_policy(stage.splits, objective):
        trials.extend(_measured(whole, stage, leaf, all_hold(leaf, stage.frame) & ~stage.first if leaf else None))
    return trials


def _measured(whole: Trial, stage: Stage, leaf: Leaf, told: Mask | None) -> list[Trial]:
    """The trial of a group whose effect the rows `told` tell (None: all of its rows); none when there are too few."""
    scores, least = whole.scores, int(_least(whole.scores) / 2)
    more = comparable(leaf, scores, stage, least)
    if more is not None:
        leaf, told = with_more(leaf, more), None if told is None else told & holds(more, stage.frame)
    alike = alike_parts(leaf, scores, stage, least)
    effect = measured(scores, leaf, alike, stage.frame, told)
    if effect is None:
        return []
    return [replace(whole, conditions=leaf, effect=effect, rows=effect.moved, chosen=True, alike=alike or (),
                    everyone=alike is not None)]


def measured(scores: Scores, leaf: Leaf, alike: tuple[Leaf, ...] | None, frame: pd.DataFrame, told: Mask | None) -> Effect | None:
    """The effect on the rows of a group that words can tell to be comparable (see `alike_parts`), by the rows `told` that did not
    choose the group (None: by all of it). Which rows it is for, its stability, support and raw gap are those of the whole group.
    The raw gap counts its rows without comparable ones, too: to leave those out on both sides is half of an adjustment."""
    asked = all_hold(leaf, frame)
    kind = any_hold(alike, frame) if alike else np.ones(len(asked), dtype=bool)
    held = asked if told is None else told
    effect = estimate(scores, held & kind, alike is not None)
    whole, root = estimate(scores, asked & kind, alike is not None), estimate(scores, asked)
    if effect is None or whole is None or root is None:
        return None
    support = float((scores.near & asked).sum() / max(1, int((scores.eligible & asked).sum())))
    return replace(effect, moved=whole.moved, support=support, same_sign=whole.same_sign, blocks=whole.blocks,
                   raw_gap=root.raw_gap)


def gains(scores: Scores, stage: Stage, cost: Floats | float, smooth: float = SMOOTHED) -> Floats:
    """The net gain of each row, (n,), that costs so much (n,): its sum over a group is what moving its eligible rows brings.

    By default half the doubly robust score, which is right on average and noisy in a row, and half (`smooth`) what the outcome
    models tell, which is calm and shrunk: groups are found more often by the mean of both. But those models have seen all rows'
    outcomes, also of rows that a group will be measured on; so what has to prove itself is picked by the first alone (with a
    quarter of the second a lever without effect passed half as often again), and all are measured by it alone.
    """
    told = (1 - smooth) * scores.psi + smooth * scores.told
    return np.asarray(stage.worths(scores.eligible) * told - _charge(scores, stage, cost), dtype=np.float64)


def _charge(scores: Scores, stage: Stage, cost: Floats | float) -> Floats:
    """(n,) what moving each row costs."""
    return np.where(scores.eligible, cost if stage.priced else 0.0, 0.0)
