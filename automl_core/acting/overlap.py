"""Where in a group the rows are that have comparable ones, in words; the outcome has no say in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.action import Condition
from automl_core.acting.conditions import all_hold
from automl_core.acting.effects import Effect, estimate
from automl_core.acting.policy import Leaf, Objective, fit_policy, joined
from automl_core.acting.scores import Scores
from automl_core.acting.stage import Stage

Mask = NDArray[np.bool_]
LEAST_SUPPORT = 0.5
ALIKE = 0.75  # of a group: with that many comparable rows the outcome models speak for the rest, the interval for both
FAR = 3.0  # a row without comparable ones weighs as much as three with them
KEPT = 0.6  # a condition that names comparable rows must keep this share of them


def comparable(leaf: Leaf, scores: Scores, stage: Stage, least: int) -> Condition | None:
    """One more condition, when most rows of a leaf have no comparable ones and it tells where the others are; else None. The
    outcome has no say in it."""
    group = all_hold(leaf, stage.frame)
    able, near = (scores.eligible & group), (scores.near & group)
    if not stage.splits.sides or near.sum() >= LEAST_SUPPORT * able.sum():
        return None
    ables, nears = stage.splits.sums(np.column_stack([able, near])).T
    good = (nears >= ALIKE * ables) & (nears >= max(2 * least, KEPT * float(near.sum())))
    return stage.splits.sides[int(np.argmax(np.where(good, nears, -1.0)))] if good.any() else None


def with_more(leaf: Leaf, more: Condition) -> Leaf:
    """A leaf with one more condition."""
    for place, condition in enumerate(leaf):
        if condition.column == more.column:
            return (*leaf[:place], *joined(condition, more), *leaf[place + 1 :])
    return (*leaf, more)


def mostly_near(scores: Scores, group: Mask) -> bool:
    """Whether so many rows of a group have comparable ones that the figures of it are for all of them; of numbers always."""
    return scores.numeric or bool((scores.near & group).sum() >= ALIKE * (scores.eligible & group).sum())


def of_everybody(scores: Scores) -> tuple[Effect | None, bool]:
    """The effect on everybody whom a move is for, by the rule of a card without conditions, and whether it is `limited` to those
    who have comparable rows."""
    everybody = np.ones(len(scores.y), dtype=bool)
    told = mostly_near(scores, everybody)
    return estimate(scores, everybody, told), not told


def alike_parts(leaf: Leaf, scores: Scores, stage: Stage, least: int) -> tuple[Leaf, ...] | None:
    """Where in a group the rows are that have comparable ones, as parts of one or two conditions (overlap in words, Oberst et al.
    2020): () when that is nearly everywhere, None when no words tell. The outcome has no say in it."""
    group = all_hold(leaf, stage.frame)
    if mostly_near(scores, group):
        return ()
    able, near = (scores.eligible & group), (scores.near & group)
    gain = np.where(near, 1.0, np.where(able, -FAR, 0.0))
    parts = fit_policy(stage.splits, Objective(gain, able, able, max(least // 2, 1)))
    return None if not parts else () if parts == ((),) else parts
