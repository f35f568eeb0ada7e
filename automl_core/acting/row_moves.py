"""What a goal lets one row change: allowed values and steps, and whether rows like it have them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Goal, Lever
from automl_core.acting.costs import cost_of
from automl_core.acting.levers import spelled_alike
from automl_core.acting.moves import is_numeric
from automl_core.acting.spelling import number_of, spelled, texts
from automl_core.data.table import Row
from automl_core.explaining.similar import PastRows, level_seen, number_seen
from automl_core.explaining.single import value_text
from automl_core.explaining.steps import MOST_STEPS, kept_within, steps_from
from automl_core.search.model import Model

SEEN = (0.01, 0.99)  # see `supported`


@dataclass(frozen=True, slots=True)
class Move:
    """One allowed change of one lever: the value to set (a text, or a number), its cost and how many steps it is."""

    column: str
    from_text: str
    to_text: str
    value: str | float
    cost: float
    steps: int = 1


def moves_of(lever: Lever, row: Row, near: pd.DataFrame) -> tuple[Move, ...]:
    """Every change of one lever that the goal allows for this row: allowed values, or steps in the allowed direction and range.

    A numeric lever may go 40 steps, as far as its limits and the numbers of similar rows reach, each at the lever's cost or by
    what its units cost; without a direction it goes the way of its step. A lever that names neither values nor a step allows
    every value that similar rows have; of more than 40 numbers as many, evenly spread (see `is_cut`).
    """
    value = row.get(lever.column)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ()
    numeric = pd.api.types.is_numeric_dtype(near[lever.column].dtype)
    lever = spelled_alike(lever, numeric)
    now = spelled(float(str(value))) if numeric else str(texts(pd.Series([value], dtype=near[lever.column].dtype)).iloc[0])
    here = (number_of(text) == float(str(value)) if numeric else text == now for text in lever.from_values)
    if lever.from_values and not any(here):
        return ()
    if not math.isnan(lever.step):
        return _steps(lever, float(str(value)), near[lever.column]) if numeric else ()
    if not lever.to and is_numeric(lever, near[lever.column]):
        return _seen(lever, float(str(value)), near[lever.column])
    moves = []
    for to in dict.fromkeys(lever.to or map(str, texts(near[lever.column]).dropna().value_counts().index)):
        if to == now or not _allowed(lever, now, to) or (numeric and math.isnan(number_of(to))):
            continue
        far = abs(float(to) - float(now)) if numeric else 0.0
        moves.append(Move(lever.column, now, to, float(to) if numeric else to, cost_of(lever, far)))
    return tuple(moves)


def spread(lever: Lever, moves: tuple[Move, ...]) -> tuple[Move, ...]:
    """The moves in the order that they are tried in where there is no room for all. Of numbers that similar rows have any first
    part is spread evenly: far ones are tried, too, and those that the row is raised to beside those that it is lowered to."""
    if not math.isnan(lever.step) or lever.to or not all(isinstance(move.value, float) for move in moves):
        return moves
    moves = tuple(sorted(moves, key=lambda move: float(move.value)))
    bits = len(moves).bit_length()
    order = sorted(range(len(moves)), key=lambda place: f"{place:0{bits}b}"[::-1])  # van der Corput's sequence
    return tuple(moves[place] for place in order)


def is_cut(lever: Lever, row: Row, near: pd.DataFrame, moves: tuple[Move, ...]) -> bool:
    """Whether a number of the row may go farther, or to more values, than the `moves` of it that are tried."""
    if not moves or not isinstance(moves[0].value, float) or lever.to:
        return False
    if not math.isnan(lever.step):
        farther = _steps(lever, float(str(row[lever.column])), near[lever.column], MOST_STEPS + 1)
        return any(move.steps > MOST_STEPS and supported(move, near) for move in farther)
    return len(_open_to(lever, float(str(row[lever.column])), near[lever.column])) > MOST_STEPS


def _steps(lever: Lever, value: float, near: pd.Series, most: int = MOST_STEPS) -> tuple[Move, ...]:
    moves = []
    made = steps_from(lever, value, near.to_numpy(dtype=np.float64, na_value=math.nan), most)
    inside = kept_within(made, lever.low, lever.high)  # the next one may be: a number may start outside of its limits
    for count, (after, kept) in enumerate(zip(made.tolist(), inside.tolist(), strict=True), start=1):
        if not kept or _forbidden(lever, spelled(value), spelled(after)):
            continue
        cost = cost_of(lever, abs(after - value), count)
        moves.append(Move(lever.column, value_text(value), value_text(after), after, cost, count))
    return tuple(moves)


def _seen(lever: Lever, value: float, near: pd.Series) -> tuple[Move, ...]:
    """Numbers that similar rows have, the nearest first, each way."""
    found = _open_to(lever, value, near)
    if len(found) > MOST_STEPS:
        found = found[np.linspace(0, len(found) - 1, MOST_STEPS).round().astype(np.int64)]
    moves = []
    for side in (found[found < value][::-1], found[found > value]):
        kept = [after for after in side.tolist() if not _forbidden(lever, spelled(value), spelled(after))]
        moves += [Move(lever.column, value_text(value), value_text(after), after, cost_of(lever, abs(after - value)), place)
                  for place, after in enumerate(kept, start=1)]
    return tuple(moves)


def _open_to(lever: Lever, value: float, near: pd.Series) -> NDArray[np.float64]:
    """The numbers of similar rows, but for the outermost ones, that the lever's limits and direction let a number go to."""
    known = near.dropna().to_numpy(dtype=np.float64)
    if not len(known):
        return known
    low, high = np.quantile(known, SEEN)
    found = np.unique(known)
    keep = (found >= low) & (found <= high) & ~(found < lever.low) & ~(found > lever.high) & (found != value)
    if lever.direction:
        keep &= (found > value) if lever.direction == "up" else (found < value)
    return np.asarray(found[keep], dtype=np.float64)


def _allowed(lever: Lever, now: str, to: str) -> bool:
    """Whether a move is not forbidden, and numbers written as values keep the lever's range and direction."""
    if _forbidden(lever, now, to):
        return False
    try:
        after, before = float(to), float(now)
    except ValueError:
        return True
    if after < lever.low or after > lever.high:
        return False
    return not ((lever.direction == "up" and after < before) or (lever.direction == "down" and after > before))


def _forbidden(lever: Lever, now: str, to: str) -> bool:
    """Whether the goal forbids the move; numbers however they are spelled."""
    return any(_same(now, before) and _same(to, after) for before, after in lever.forbidden)


def _same(one: str, other: str) -> bool:
    return one == other or number_of(one) == number_of(other)


def similar_rows(model: Model, row: Row, goal: Goal, past: PastRows, without: int = -1) -> pd.DataFrame:
    """What can be changed of the 300 past rows most like this one in what cannot; all of them when there are fewer. The past row
    `without` is left out."""
    levers = dict.fromkeys(lever.column for lever in goal.levers if lever.column in past.frame)
    return past.frame[list(levers)].iloc[past.nearest(model, row, levers, without)]


def supported(move: Move, near: pd.DataFrame) -> bool:
    """Whether similar rows have the value: 1 % of them and three at least; for numbers, inside their middle 98 %."""
    series = near[move.column]
    if isinstance(move.value, float):
        return number_seen(series.to_numpy(dtype=np.float64, na_value=np.nan), move.value)
    return level_seen(int((texts(series) == move.value).sum()), len(series))
