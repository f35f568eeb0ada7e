"""What a change costs a row: so much for the change, and so much more for each unit that a number goes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import ActionCard, Goal, Lever
from automl_core.acting.moves import Move
from automl_core.acting.spelling import holds_numbers, number_of

Floats = NDArray[np.float64]


def cost_of(lever: Lever, distance: float, steps: int = 1) -> float:
    """Money for one row whose number goes so far. Where each unit has its price, the rest is paid once; else at each step."""
    return lever.cost + lever.unit_cost * distance if lever.unit_cost else lever.cost * steps


def distances(values: pd.Series, to: str, step: float = math.nan, relative: bool = False) -> Floats:
    """(n,) how far the number of each row goes by a step, or to a value where there is no step; NaN where there is no number."""
    if not holds_numbers(values):
        return np.full(len(values), math.nan)
    now = values.to_numpy(dtype=np.float64, na_value=math.nan)
    if math.isnan(step):
        return np.abs(number_of(to) - now)
    return np.abs(step * now) if relative else np.where(np.isfinite(now), abs(step), math.nan)


def mean_distance(move: Move, values: pd.Series) -> float:
    """How far the numbers go in the mean; NaN where there is none."""
    far = distances(values, move.to, move.step, move.relative)
    far = far[np.isfinite(far)]
    if not len(far):
        return math.nan
    return float(far[0]) if np.ptp(far) == 0 else float(far.mean())  # a mean of ten times 0.1 is not 0.1


def mean_cost(move: Move, values: pd.Series) -> float:
    """Money per row for making the move on rows with these values of its lever."""
    return cost_of(move.lever, float(np.nan_to_num(mean_distance(move, values)))) if move.lever.unit_cost else move.lever.cost


def move_costs(move: Move, values: pd.Series) -> Floats:
    """(n,) money for making the move on rows with these values of its lever."""
    lever = move.lever
    if not lever.unit_cost:
        return np.full(len(values), lever.cost)
    far = np.nan_to_num(distances(values, move.to, move.step, move.relative))
    return np.asarray(lever.cost + lever.unit_cost * far, dtype=np.float64)


def row_costs(card: ActionCard, goal: Goal, frame: pd.DataFrame) -> Floats:
    """(n,) money for the card's change of each row: what it costs in the mean, and by the goal's price of a unit more or less
    where the row's number goes farther or less far than in the mean."""
    return _own_costs(card, {lever.column: lever.unit_cost for lever in goal.levers}, frame)


def own_costs(card: ActionCard, frame: pd.DataFrame) -> Floats:
    """(n,) the same by the price of a unit that the card itself was made with."""
    return _own_costs(card, {card.lever: card.unit_cost, **{one.lever: one.unit_cost for one in card.also}}, frame)


def _own_costs(card: ActionCard, prices: dict[str, float], frame: pd.DataFrame) -> Floats:
    """(n,) money for the card's change of each row, where a unit of a column's number costs its `prices`."""
    costs = np.full(len(frame), card.whole_cost)
    changes = [(card.lever, card.to_value, card.step, card.distance)]
    for name, to, step, mean in (*changes, *((one.lever, one.to_value, math.nan, one.distance) for one in card.also)):
        if prices.get(name):
            costs += prices[name] * np.nan_to_num(distances(frame[name], to, step, card.relative) - mean)
    return np.asarray(np.maximum(costs, 0.0), dtype=np.float64)
