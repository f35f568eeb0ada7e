"""Every allowed move of one lever, estimated: doubly robust scores, the groups that a policy tree picks, and their effects."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Change, Condition, Lever
from automl_core.acting.conditions import all_hold, any_hold, holds
from automl_core.acting.costs import move_costs
from automl_core.acting.covariates import Covariates
from automl_core.acting.crossing import PARTS, crossed_policy
from automl_core.acting.effects import Comparison, Effect, estimate
from automl_core.acting.group_shares import with_shares
from automl_core.acting.moves import MOST_VALUES, Move, category_moves, is_numeric, movable, numeric_moves, steps_of
from automl_core.acting.not_compared import number_not_drawn
from automl_core.acting.nuisance import Learner, fold_of
from automl_core.acting.overlap import alike_parts, comparable, with_more
from automl_core.acting.policy import Leaf, Objective, fit_policy
from automl_core.acting.randomised import check_experiment
from automl_core.acting.scores import Level, Scores, Setting, category_scores, level
from automl_core.acting.shift import Shift, dose_of, shift_scores
from automl_core.acting.sources import worth_moving
from automl_core.acting.spelling import texts
from automl_core.acting.splits import LEAST_LEAF_SHARE, Splits
from automl_core.acting.support import plausibility
from automl_core.errors import BadInput
from automl_core.explaining.words import quote

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
LEAST_LEAF = 100
SMOOTHED = 0.5  # of the gains that groups are picked by is what the outcome models tell


@dataclass(frozen=True, eq=False, slots=True)
class Stage:
    """What all levers share: the rows, the outcome as numbers (n,), folds, six `parts` (n,) that groups are picked and measured
    by in turn, candidate splits, and what an outcome is worth: `worth` is money (or 1) per unit of the wanted direction, negative
    when less is wanted. Where a column says it of each row, `values` (n,) do; `compared`: rows are compared on it, too. `group`
    is the column of the `groups`, `once` (n,) one row of each copy among them (None: there are none)."""

    frame: pd.DataFrame
    y: Floats
    binary: bool
    folds: NDArray[np.int64]
    blocks: NDArray[np.int64]
    parts: NDArray[np.int64]
    groups: NDArray[np.generic] | None
    splits: Splits
    worth: float
    priced: bool
    seed: int
    experiment: str = ""
    values: Floats | None = None
    compared: bool = False
    group: str = ""
    once: Mask | None = None

    def worths(self, able: Mask) -> Floats | float:
        """What an outcome is worth where the rows `able` can be moved: of each row (n,) where rows are compared on it. A score
        asks rows at the new value, too, in place of those like them: where these may be worth other than they are, it is the
        mean of those that can be moved."""
        if self.values is None or not able.any():
            return self.worth
        return math.copysign(1.0, self.worth) * (self.values if self.compared else float(self.values[able].mean()))

    def valued(self, scores: Scores) -> Scores:
        """The scores with what each row's outcome is worth, where rows are compared on it."""
        return scores.valued(self.values) if self.compared and self.values is not None else scores

    def mean_worth(self, able: Mask) -> float:
        """What a unit of the outcome is worth in the mean of the rows that can be moved, negative where less is wanted."""
        return float(np.mean(np.broadcast_to(self.worths(able), able.shape)[able])) if able.any() else self.worth

    @property
    def first(self) -> Mask:
        """The half that looks, where groups are picked on one and measured on the other."""
        return np.asarray(self.parts < PARTS // 2, dtype=bool)


@dataclass(frozen=True, eq=False, slots=True)
class Trial:
    """One move in one group, estimated on rows that did not choose the group. `chosen` is False when what looks for groups
    would move nobody: then it can only be a pattern. `case` is what was compared;
    for `alike` see `alike_parts`. The group is the best of so many `rules`, one more than the conditions that were looked for: a
    cut that chance favours is favoured in nearly all folds at once. `undrawn` says why a lever named as an experiment was
    not read as one, `everyone` that the effect speaks of all rows of the group that can be moved, also of those few without
    comparable ones."""

    move: Move
    conditions: tuple[Condition, ...]
    scores: Scores
    effect: Effect
    rows: Mask
    chosen: bool
    case: Comparison
    root: Effect
    also: tuple[Change, ...] = ()
    alike: tuple[Leaf, ...] = ()
    rules: int = 1
    undrawn: str = ""
    everyone: bool = False

    def share_meant(self, frame: pd.DataFrame) -> float:
        """Of the rows of the group in the `frame` it was measured on that can be moved, the share that the effect speaks of."""
        if self.everyone or self.scores.numeric:
            return 1.0
        able = self.scores.eligible & all_hold(self.conditions, frame)
        return float(self.rows.sum() / max(1, int(able.sum())))


def work_of(lever: Lever, values: pd.Series) -> int:
    """How long the trials of a lever take beside those of another, by how many models they need."""
    if not is_numeric(lever, values):
        return min(MOST_VALUES, int(values.nunique()))
    return 6 if math.isnan(lever.step) and not lever.direction else 4


def lever_trials(lever: Lever, stage: Stage, covariates: Covariates) -> tuple[Trial, ...]:
    """All trials of one lever; `covariates` leave the lever itself out."""
    setting = Setting(stage.y, stage.binary, Learner(covariates, seed=stage.seed), stage.folds, stage.blocks, stage.groups)
    if is_numeric(lever, stage.frame[lever.column]):
        return _numeric_trials(lever, stage, setting)
    return _category_trials(lever, stage, setting)


def _category_trials(lever: Lever, stage: Stage, setting: Setting) -> tuple[Trial, ...]:
    values = texts(stage.frame[lever.column])
    moves = category_moves(lever, stage.frame[lever.column], lever.column == stage.experiment)
    needed = list(dict.fromkeys(value for move in moves for value in (move.to, *move.from_values)))
    masks = {value: np.asarray(values == value, dtype=bool) for value in needed}
    if len(needed) < 2:
        return ()
    among, given = np.any(list(masks.values()), axis=0), setting.learner.covariates
    told = [masks[value].astype(np.float64) for value in needed[: 1 if len(needed) == 2 else None]]
    setting = _by_groups(setting, told, among, stage)
    levels: dict[str, Level] = {}
    for place, value in enumerate(needed):
        other = levels[needed[0]] if len(needed) == 2 and place == 1 else None
        levels[value] = level(setting, masks[value], among, other)
    order = values.value_counts().index
    codes = pd.Categorical(values, categories=list(order)).codes.astype(np.float64)
    looks = plausibility(setting.learner.covariates, np.where(codes < 0, np.nan, codes), stage.seed)
    trials: list[Trial] = []
    drawn_between: dict[frozenset[str], tuple[bool, str]] = {}
    for asked in moves:
        sources = worth_moving(asked, partial(_scored, setting, levels), stage)
        move = sources.move
        old, new = tuple(levels[value] for value in move.from_values), levels[move.to]
        drawn, undrawn = False, ""
        if lever.column == stage.experiment:
            sides = frozenset((*move.from_values, move.to))
            if sides not in drawn_between:
                drawn_between[sides] = _drawn_by_chance(move, old[0].rows, new.rows, given, stage)
            drawn, undrawn = drawn_between[sides]
        scores = category_scores(setting, old, new, drawn)
        if scores is None:
            continue
        scores = sources.told_apart(scores)
        if not drawn:
            code = float(list(order).index(move.to))
            scores = scores.limited(looks.holds(np.full(len(codes), code), scores.region, scores.new))
        case = Comparison(
            stage.y, scores.eligible, scores.new, setting.learner.covariates, stage.binary, stage.groups, stage.seed
        )
        made = move_trials(move, stage, scores, case)
        trials.extend(replace(trial, rules=trial.rules + sources.picked, undrawn=undrawn) for trial in made)
    return tuple(trials)


def _scored(setting: Setting, levels: dict[str, Level], move: Move) -> Scores | None:
    return category_scores(setting, tuple(levels[value] for value in move.from_values), levels[move.to])


def _by_groups(setting: Setting, levers: list[Floats], among: Mask, stage: Stage) -> Setting:
    """The same setting, where groups tell who got the levers with how common these are in a row's group."""
    return replace(setting, learner=with_shares(setting.learner, levers, among, setting.groups, setting.folds, stage.group))


def _drawn_by_chance(move: Move, old: Mask, new: Mask, given: Covariates, stage: Stage) -> tuple[bool, str]:
    """Whether chance decided who got the new value, by the verdict that the experiment itself gets, and rows are enough to see
    it if chance did not; and why it is not read as such, where that verdict refuses it or rows are too few."""
    among = np.flatnonzero(old | new if stage.once is None else (old | new) & stage.once)
    groups = None if stage.groups is None else stage.groups[among]
    folds = fold_of(len(among), groups, stage.seed)
    try:
        balance = check_experiment(given.rows(among), new[among], folds, groups, stage.group)
        if not balance.few:
            return True, ""
        why = balance.sentence
    except BadInput as refused:
        why = refused.message
    between = f"{quote(move.from_values[0])} and {quote(move.to)}"
    return False, f"{quote(move.lever.column)} is not read as an experiment between {between}. {why}"


def _numeric_trials(lever: Lever, stage: Stage, setting: Setting) -> tuple[Trial, ...]:
    dose = pd.to_numeric(stage.frame[lever.column], errors="coerce").to_numpy(dtype=np.float64, na_value=math.nan)
    if np.isfinite(dose).any():
        setting = _by_groups(setting, [dose], np.isfinite(dose), stage)
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
        like = looks.holds(shift.ends(dose), shift.moved)
        shifts.append(replace(shift, near=like if shift.near is None else like & shift.near))
    undrawn = number_not_drawn(lever.column) if lever.column == stage.experiment else ""
    trials: list[Trial] = []
    for move, shift, scores in zip(moves, shifts, shift_scores(setting, made, shifts) if moves else (), strict=True):
        if scores is not None:
            case = Comparison(stage.y, shift.moved, made.known, setting.learner.covariates, stage.binary, stage.groups,
                              stage.seed, dose, shift.step)
            made_of = move_trials(replace(move, lever=kept_to), stage, scores, case)
            trials.extend(replace(trial, undrawn=undrawn) for trial in made_of)
    return tuple(trials)


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
    """The groups that all rows pick, each fold of them measured where the others would have put it. A group is no surer than
    what either half picks is on the other half; one of two is no surer than that in the group itself: beside a group that pays,
    chance finds a second one."""
    scores = whole.scores
    objective = Objective(gains(scores, stage, cost), scores.eligible, scores.region, _least(scores))
    found = crossed_policy(stage.splits, objective, gains(scores, stage, cost, 0.0), stage.parts)
    in_all, trials = _held(scores, stage, found.halves), []
    for group in found.groups:
        p = in_all if group.leaf else 0.0
        if len(found.groups) > 1:
            p = max(p, _held(scores, stage, found.halves & all_hold(group.leaf, stage.frame)))
        for trial in _measured(whole, stage, group.leaf, group.told, p):
            trials.append(replace(trial, rules=1 + len(group.leaf)))
    return trials


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


def _measured(whole: Trial, stage: Stage, leaf: Leaf, told: Mask | None, p: float = 0.0) -> list[Trial]:
    """The trial of a group whose effect the rows `told` tell (None: all of its rows), its p value `p` or more; none when there
    are too few."""
    scores, least = whole.scores, int(_least(whole.scores) / 2)
    more = comparable(leaf, scores, stage, least)
    if more is not None:
        leaf, told = with_more(leaf, more), None if told is None else told & holds(more, stage.frame)
    alike = alike_parts(leaf, scores, stage, least)
    effect = measured(scores, leaf, alike, stage.frame, told)
    if effect is None:
        return []
    effect = replace(effect, p=max(effect.p, p))
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
    charge = np.where(scores.eligible, cost if stage.priced else 0.0, 0.0)
    told = (1 - smooth) * scores.psi + smooth * scores.told
    return np.asarray(stage.worths(scores.eligible) * told - charge, dtype=np.float64)
