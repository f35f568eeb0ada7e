"""Action cards: for each lever who could change what, worth how much and how sure, with three numbers side by side.

The raw gap of the groups, what the model predicts when the value is changed, and the adjusted estimate that compares like with
like. Observed data earn B at best; grade D is a pattern and not advice, listed after the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard, Goal, Grade, Lever
from automl_core.acting.covariates import Covariates, make_covariates
from automl_core.acting.effects import (
    Benchmark,
    Comparison,
    Effect,
    estimate_effect,
    estimate_slope,
    placebo_passes,
    strongest_observed,
)
from automl_core.acting.levers import texts
from automl_core.acting.outcome import Outcome, make_outcome
from automl_core.acting.statistics import benjamini_hochberg
from automl_core.acting.wording import Move, Worth, card_sentence, overturn_sentence, pilot_sentence
from automl_core.data.table import Column, find_column
from automl_core.explaining.words import number, percent
from automl_core.framing.problem import Problem
from automl_core.search.model import Model

MOST_ROWS = 20_000
MOST_CARDS = 7
WHAT_IF_ROWS = 2_000
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class CardInputs:
    """`frame` is typed and cleaned, aligned with `y` (see `make_outcome`); `columns` are its columns."""

    model: Model
    frame: pd.DataFrame
    y: NDArray[np.generic]
    columns: tuple[Column, ...]
    problem: Problem
    goal: Goal
    seed: int = 0
    progress: Callable[[float, str], None] | None = None


@dataclass(frozen=True, eq=False, slots=True)
class _Try:
    """One move that was estimated, before the correction for how many were tried."""

    move: Move
    lever: Lever
    effect: Effect
    now: float
    what_if: float
    case: Comparison | None


def make_cards(inputs: CardInputs) -> tuple[ActionCard, ...]:
    """Cards best first: by grade, then by the low end of their net worth; at most 7. Empty when no lever was declared."""
    inputs = _sampled(inputs)
    outcome = make_outcome(inputs.y, inputs.problem, "" if inputs.problem.task == "regression" else inputs.goal.good)
    tries: list[_Try] = []
    for place, lever in enumerate(inputs.goal.levers):
        if inputs.progress is not None:
            inputs.progress(place / len(inputs.goal.levers), f"Comparing like with like on “{lever.column[:80]}”.")
        tries.extend(_tries(lever, inputs, outcome))
    adjusted = benjamini_hochberg([one.effect.p for one in tries])
    cards = [_card(one, p, inputs.goal, outcome) for one, p in zip(tries, adjusted, strict=True)]
    cards.sort(key=lambda card: (card.grade, -_rank(card, inputs.goal)))
    return tuple(cards[:MOST_CARDS])


def _rank(card: ActionCard, goal: Goal) -> float:
    if not math.isnan(card.net_low):
        return card.net_low
    return min((card.low, card.high), key=abs) * _direction(goal) * card.rows


def _direction(goal: Goal) -> float:
    """+1 when more of the outcome is wanted."""
    return -1.0 if goal.good == "low" else 1.0


def _sampled(inputs: CardInputs) -> CardInputs:
    known = np.flatnonzero(np.isfinite(np.asarray(inputs.y, dtype=np.float64)))
    if len(known) > MOST_ROWS:
        known = np.sort(np.random.default_rng(inputs.seed).choice(known, MOST_ROWS, replace=False))
    return replace(inputs, frame=inputs.frame.iloc[known].reset_index(drop=True), y=np.asarray(inputs.y)[known])


def _tries(lever: Lever, inputs: CardInputs, outcome: Outcome) -> list[_Try]:
    column = find_column(inputs.columns, lever.column)
    leave_out = (*inputs.goal.never, lever.column)
    covariates = make_covariates(inputs.frame, inputs.columns, inputs.problem, leave_out)
    if not math.isnan(lever.step):
        made = _numeric_try(lever, column, inputs, outcome, covariates)
        return [made] if made is not None else []
    found = []
    for to in lever.to:
        made = _category_try(lever, to, inputs, outcome, covariates)
        if made is not None:
            found.append(made)
    return found


def _groups(inputs: CardInputs) -> NDArray[np.generic] | None:
    group = inputs.problem.group
    return pd.factorize(inputs.frame[group])[0] if group and group in inputs.frame else None


def _category_try(lever: Lever, to: str, inputs: CardInputs, outcome: Outcome, covariates: Covariates) -> _Try | None:
    now = texts(inputs.frame[lever.column])
    sources = lever.from_values or tuple(sorted(set(now.dropna().unique()) - {to}))
    allowed = tuple(value for value in sources if value != to and (value, to) not in lever.forbidden)
    old = np.asarray(now.isin(allowed), dtype=bool)
    new = np.asarray(now == to, dtype=bool)
    case = Comparison(outcome.values, old, new, covariates, outcome.is_rate, _groups(inputs), inputs.seed)
    effect = estimate_effect(case)
    if effect is None:
        return None
    changed = inputs.frame[effect.supported].head(WHAT_IF_ROWS)
    value = float(to) if pd.api.types.is_numeric_dtype(changed[lever.column].dtype) else to
    move = Move(lever.column, " or ".join(allowed), to)
    return _Try(
        move,
        lever,
        effect,
        float(outcome.values[effect.supported].mean()),
        _what_if(inputs, changed, changed.assign(**{lever.column: value}), outcome),
        case,
    )


def _numeric_try(lever: Lever, column: Column, inputs: CardInputs, outcome: Outcome, covariates: Covariates) -> _Try | None:
    dose = pd.to_numeric(inputs.frame[lever.column], errors="coerce").to_numpy(dtype=np.float64)
    slope = estimate_slope(outcome.values, dose, covariates, outcome.is_rate, _groups(inputs))
    if slope is None:
        return None
    after = dose + (dose * lever.step if lever.relative else lever.step)
    low, high = np.nanquantile(dose, [0.05, 0.95])
    supported = slope.supported & (after >= low) & (after <= high)
    if not supported.any():
        return None
    step = lever.step * float(dose[supported].mean()) if lever.relative else lever.step
    if step == 0:
        return None
    ends = sorted((slope.low * step, slope.high * step))
    effect = replace(
        slope,
        estimate=slope.estimate * step,
        low=ends[0],
        high=ends[1],
        raw_gap=slope.raw_gap * step,
        supported=supported,
        support=float(supported.sum() / slope.supported.sum()),
        weight=slope.weight * step**2,
    )
    amount = percent(abs(lever.step)) if lever.relative else number(abs(lever.step))
    move = Move(lever.column, "as it is", f"{amount} {'higher' if lever.step > 0 else 'lower'}", numeric=True)
    picked = np.flatnonzero(supported)[:WHAT_IF_ROWS]
    before = inputs.frame.iloc[picked]
    moved = before.assign(**{column.name: after[picked]})
    return _Try(move, lever, effect, float(outcome.values[supported].mean()), _what_if(inputs, before, moved, outcome), None)


def _what_if(inputs: CardInputs, before: pd.DataFrame, after: pd.DataFrame, outcome: Outcome) -> float:
    """The mean change of the model's prediction of the wanted outcome."""
    difference = inputs.model.predict_frame(after) - inputs.model.predict_frame(before)
    if difference.ndim == 2:
        return float(difference[:, inputs.problem.classes.index(inputs.goal.good)].mean())
    turned = outcome.is_rate and inputs.goal.good != inputs.problem.positive
    return float(-difference.mean() if turned else difference.mean())


def _card(one: _Try, p: float, goal: Goal, outcome: Outcome) -> ActionCard:
    effect, rows = one.effect, int(one.effect.supported.sum())
    gains = [_direction(goal) * value for value in (effect.estimate, effect.low, effect.high)]
    worth = None
    if goal.value > 0:
        net = [rows * (goal.value * gain - one.lever.cost) for gain in (gains[0], min(gains), max(gains))]
        worth = Worth(net[0], net[1], net[2], goal.currency)
    grade, benchmark = _grade(one, p, gains[0], worth)
    nan = math.nan
    return ActionCard(
        who=one.move.who,
        lever=one.lever.column,
        from_value=one.move.from_value,
        to_value=one.move.to_value,
        rows=rows,
        raw_gap=effect.raw_gap,
        what_if=one.what_if,
        adjusted=effect.estimate,
        low=effect.low,
        high=effect.high,
        net_value=worth.net if worth else nan,
        net_low=worth.low if worth else nan,
        net_high=worth.high if worth else nan,
        grade=grade,
        support=effect.support,
        robustness=effect.robustness,
        sentence=card_sentence(one.move, effect, outcome, one.now, grade, worth),
        overturn=overturn_sentence(effect, benchmark),
        next_step="" if grade == "D" else pilot_sentence(effect, outcome, one.now),
    )


def _grade(one: _Try, p: float, gain: float, worth: Worth | None) -> tuple[Grade, Benchmark | None]:
    """B only when every check passes; C when something hidden could explain it; D when it is not advice at all."""
    effect = one.effect
    advice = gain > 0 and p < 0.05 and effect.same_sign == 5 and effect.support >= 0.5 and (worth is None or worth.low > 0)
    if not advice:
        return "D", None
    if one.case is None:  # a numeric lever has neither an overlap check nor a placebo here, so it cannot earn more than C
        return "C", None
    if not placebo_passes(one.case):
        return "D", None
    benchmark = strongest_observed(one.case, effect)
    firm = effect.support >= 0.8 and benchmark is not None and effect.robustness >= benchmark.strength
    return ("B" if firm else "C"), benchmark
