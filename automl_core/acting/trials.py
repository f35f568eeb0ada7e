"""Every allowed move of one lever, estimated: doubly robust scores, the groups that a policy tree picks, and their effects."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Change, Condition, Lever
from automl_core.acting.conditions import all_hold, any_hold
from automl_core.acting.covariates import Covariates
from automl_core.acting.effects import Comparison, Effect, estimate
from automl_core.acting.levers import texts
from automl_core.acting.moves import Move, category_moves, is_numeric, movable, numeric_moves, steps_of
from automl_core.acting.nuisance import Learner
from automl_core.acting.policy import Field, Leaf, Splits, fit_policy, joined
from automl_core.acting.scores import Level, Scores, Setting, category_scores, level
from automl_core.acting.shift import Shift, dose_of, shift_scores
from automl_core.acting.support import plausibility

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
LEAST_LEAF = 100
LEAST_SUPPORT = 0.5
LEAST_LEAF_SHARE = 0.03
MANY_LOOK = 20_000  # rows, of which either half finds nearly the same groups
ALIKE = 0.75  # of a group: with that many comparable rows the outcome models speak for the rest, the interval for both
FAR = 3.0  # a row without comparable ones weighs as much as three with them
KEPT = 0.6  # a condition that names comparable rows must keep this share of them


@dataclass(frozen=True, eq=False, slots=True)
class Stage:
    """What all levers share: the rows, the outcome as numbers (n,), folds, the half that looks (`first`), candidate splits,
    and what an outcome is worth: `worth` is money (or 1) per unit of the wanted direction, negative when less is wanted."""

    frame: pd.DataFrame
    y: Floats
    binary: bool
    folds: NDArray[np.int64]
    blocks: NDArray[np.int64]
    first: Mask
    groups: NDArray[np.generic] | None
    splits: Splits
    worth: float
    priced: bool
    seed: int
    experiment: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class Trial:
    """One move in one group, estimated on rows that did not choose the group. `chosen` is False when the half that looks for
    groups would move nobody: then it can only be a pattern. `case` is what was compared (None for numbers);
    for `alike` see `alike_parts`."""

    move: Move
    conditions: tuple[Condition, ...]
    scores: Scores
    effect: Effect
    rows: Mask
    chosen: bool
    case: Comparison | None
    root: Effect
    also: tuple[Change, ...] = ()
    alike: tuple[Leaf, ...] = ()


def lever_trials(lever: Lever, stage: Stage, covariates: Covariates) -> tuple[Trial, ...]:
    """All trials of one lever; `covariates` leave the lever itself out."""
    setting = Setting(stage.y, stage.binary, Learner(covariates, seed=stage.seed), stage.folds, stage.blocks, stage.groups)
    if is_numeric(lever, stage.frame[lever.column]):
        return _numeric_trials(lever, stage, setting)
    return _category_trials(lever, stage, setting)


def _category_trials(lever: Lever, stage: Stage, setting: Setting) -> tuple[Trial, ...]:
    values = texts(stage.frame[lever.column])
    moves = category_moves(lever, stage.frame[lever.column])
    needed = list(dict.fromkeys(value for move in moves for value in (move.to, *move.from_values)))
    masks = {value: np.asarray(values == value, dtype=bool) for value in needed}
    if len(needed) < 2:
        return ()
    among = np.any(list(masks.values()), axis=0)
    levels: dict[str, Level] = {}
    for place, value in enumerate(needed):
        other = levels[needed[0]] if len(needed) == 2 and place == 1 else None
        levels[value] = level(setting, masks[value], among, other)
    order = values.value_counts().index
    codes = pd.Categorical(values, categories=list(order)).codes.astype(np.float64)
    looks = plausibility(setting.learner.covariates, np.where(codes < 0, np.nan, codes), stage.seed)
    trials: list[Trial] = []
    for move in moves:
        old, new = tuple(levels[value] for value in move.from_values), levels[move.to]
        drawn = lever.column == stage.experiment and len(old) == 1 and _drawn_by_chance(old[0], new)
        scores = category_scores(setting, old, new, drawn)
        if scores is None:
            continue
        if not drawn:
            code = float(list(order).index(move.to))
            scores = scores.limited(looks.holds(np.full(len(codes), code), scores.region))
        case = Comparison(
            stage.y, scores.eligible, scores.new, setting.learner.covariates, stage.binary, stage.groups, stage.seed
        )
        trials.extend(move_trials(move, stage, scores, case))
    return tuple(trials)


def _drawn_by_chance(old: Level, new: Level) -> bool:
    """Whether the known columns cannot tell who got the new value, as it must be when chance decided.

    The cross-fitted chance may go together with what happened by no more than 0.05 or three standard errors.
    """
    among = old.rows | new.rows
    told, got = new.chance[among], new.rows[among].astype(np.float64)
    if told.std() == 0 or got.std() == 0:
        return True
    return float(np.corrcoef(told, got)[0, 1]) <= max(0.05, 3 / math.sqrt(len(got)))


def _numeric_trials(lever: Lever, stage: Stage, setting: Setting) -> tuple[Trial, ...]:
    dose = pd.to_numeric(stage.frame[lever.column], errors="coerce").to_numpy(dtype=np.float64, na_value=math.nan)
    made = dose_of(setting, dose)
    if made is None:
        return ()
    spread = float(np.nanstd(made.dose - made.expected))
    looks = plausibility(setting.learner.covariates, dose, stage.seed)
    moves = numeric_moves(lever, dose, spread)
    kept_to = replace(lever, low=float(np.fmax(lever.low, made.low)), high=float(np.fmin(lever.high, made.high)))
    shifts = []
    for move in moves:
        shift = Shift(steps_of(move, dose), movable(move, dose)).within(made)
        like = looks.holds(dose + shift.step, shift.moved)
        shifts.append(replace(shift, near=like if shift.near is None else like & shift.near))
    trials: list[Trial] = []
    for move, scores in zip(moves, shift_scores(setting, made, shifts) if moves else (), strict=True):
        if scores is not None:
            trials.extend(move_trials(replace(move, lever=kept_to), stage, scores, None))
    return tuple(trials)


def move_trials(
    move: Move, stage: Stage, scores: Scores, case: Comparison | None, cost: float | None = None, also: tuple[Change, ...] = ()
) -> list[Trial]:
    """The groups that one half picks for a move, each with its effect on the other half; everybody, on all rows, when groups do
    no better. Both halves look (of many rows the second only where the first finds nothing that pays), and the groups that pay
    and bring more over all rows are taken; what was found the other way, or failed, stays among what was tested. A move that
    would move nobody stays as one trial that was not chosen."""
    root = estimate(scores, np.ones(len(stage.y), dtype=bool))
    if root is None:
        return []
    whole = Trial(move, (), scores, root, root.moved, False, case, root, also)
    charge = move.lever.cost if cost is None else cost
    made = _grown(whole, stage, charge)
    if not also and (len(stage.y) < MANY_LOOK or not any(_pays(trial, stage, charge) for trial in made)):
        again = [trial for trial in _grown(whole, replace(stage, first=~stage.first), charge) if trial.conditions]
        better, other = (again, made) if _brought(again, stage, charge) > _brought(made, stage, charge) else (made, again)
        made = [*better, *(replace(trial, chosen=trial.chosen and not _pays(trial, stage, charge)) for trial in other)]
    return made or [whole]


def _brought(trials: list[Trial], stage: Stage, cost: float) -> float:
    """What the groups that pay bring over all rows, the ones that chose them among them, so that neither half is flattered."""
    paying = [all_hold(trial.conditions, stage.frame) for trial in trials if _pays(trial, stage, cost)]
    return sum(float(gains(trials[0].scores, stage, cost)[group].sum()) for group in paying)


def _pays(trial: Trial, stage: Stage, cost: float) -> bool:
    """Whether the weak end of the effect is worth more than it costs."""
    weak = min(stage.worth * trial.effect.low, stage.worth * trial.effect.high)
    return weak > (cost if stage.priced else 0.0)


def _grown(whole: Trial, stage: Stage, cost: float) -> list[Trial]:
    """The groups that the half `first` picks, measured on the other half."""
    scores, gain = whole.scores, gains(whole.scores, stage, cost)
    least = max(LEAST_LEAF, LEAST_LEAF_SHARE * float(scores.eligible.sum())) / 2
    held = scores.region & ~stage.first
    leaves = fit_policy(stage.splits, Field(gain, scores.eligible, scores.region & stage.first, held, int(least)))
    trials = []
    for leaf in leaves:
        told = comparable(leaf, scores, stage, int(least))
        alike = alike_parts(told, scores, stage, int(least))
        effect = measured(scores, told, alike, stage, bool(leaf))
        if effect is not None:
            trials.append(replace(whole, conditions=told, effect=effect, rows=effect.moved, chosen=True, alike=alike or ()))
    return trials


def comparable(leaf: Leaf, scores: Scores, stage: Stage, least: int) -> Leaf:
    """The leaf, with one more condition when most of its rows have no comparable ones and a condition tells where the others are.
    The outcome has no say in it."""
    group = all_hold(leaf, stage.frame)
    able, near = (scores.eligible & group), (scores.near & group)
    if not stage.splits.sides or near.sum() >= LEAST_SUPPORT * able.sum():
        return leaf
    ables, nears = (stage.splits.masks[rows].sum(axis=0, dtype=np.float64) for rows in (able, near))
    good = (nears >= ALIKE * ables) & (nears >= max(2 * least, KEPT * float(near.sum())))
    if not good.any():
        return leaf
    side = stage.splits.sides[int(np.argmax(np.where(good, nears, -1.0)))]
    for place, condition in enumerate(leaf):
        if condition.column == side.column:
            return (*leaf[:place], *joined(condition, side), *leaf[place + 1 :])
    return (*leaf, side)


def alike_parts(leaf: Leaf, scores: Scores, stage: Stage, least: int) -> tuple[Leaf, ...] | None:
    """Where in a group the rows are that have comparable ones, as parts of one or two conditions (overlap in words, Oberst et al.
    2020): () when that is nearly everywhere, None when no words tell. The outcome has no say in it."""
    group = all_hold(leaf, stage.frame)
    able, near = (scores.eligible & group), (scores.near & group)
    if scores.numeric or near.sum() >= ALIKE * able.sum():
        return ()
    gain = np.where(near, 1.0, np.where(able, -FAR, 0.0))
    parts = fit_policy(stage.splits, Field(gain, able, able, able, max(least // 2, 1)))
    return None if not parts else () if parts == ((),) else parts


def measured(scores: Scores, leaf: Leaf, alike: tuple[Leaf, ...] | None, stage: Stage, held: bool) -> Effect | None:
    """The effect on the rows of a group that words can tell to be comparable (see `alike_parts`): on the half that did not choose
    the group when it was `held` back. Which rows it is for, its stability, raw gap and support are those of the whole group."""
    asked = all_hold(leaf, stage.frame)
    group = asked & any_hold(alike, stage.frame) if alike else asked
    effect = estimate(scores, group & ~stage.first if held else group, alike is not None)
    whole, root = estimate(scores, group, alike is not None), estimate(scores, asked & ~stage.first if held else asked)
    if effect is None or whole is None or root is None:
        return None
    support = float((scores.near & asked).sum() / max(1, int((scores.eligible & asked).sum())))
    return replace(effect, moved=whole.moved, support=support, same_sign=whole.same_sign, raw_gap=root.raw_gap)


def gains(scores: Scores, stage: Stage, cost: float) -> Floats:
    """The net gain of each row, (n,): its sum over a group is what moving the group's eligible rows brings.

    Half the doubly robust score, which is right on average and noisy in a row, and half what the outcome models tell, which is
    calm and shrunk: groups are found more often by the mean of both, and they are measured by the first alone.
    """
    charge = np.where(scores.eligible, cost if stage.priced else 0.0, 0.0)
    return np.asarray(stage.worth * (scores.psi + scores.told) / 2 - charge, dtype=np.float64)
