"""Every allowed move of one lever, estimated: doubly robust scores, and what `move_groups` finds by them."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Lever
from automl_core.acting.covariates import Covariates
from automl_core.acting.effects import Comparison
from automl_core.acting.group_shares import with_shares
from automl_core.acting.move_groups import move_trials
from automl_core.acting.moves import MOST_VALUES, Move, category_moves, is_numeric, movable, numeric_moves, steps_of
from automl_core.acting.not_compared import number_not_drawn
from automl_core.acting.nuisance import Learner, fold_of
from automl_core.acting.randomised import check_experiment
from automl_core.acting.scores import Level, Scores, Setting, category_scores, level
from automl_core.acting.shift import Shift, dose_of, shift_scores
from automl_core.acting.sources import worth_moving
from automl_core.acting.spelling import texts
from automl_core.acting.stage import Stage, Trial
from automl_core.acting.support import plausibility
from automl_core.errors import BadInput
from automl_core.explaining.words import quote

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


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
