"""The moves that a lever allows: from which values to which, or by which step. Nothing forbidden ever becomes a move."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Lever
from automl_core.acting.levers import forbidden_moves, spelled_alike
from automl_core.acting.spelling import holds_numbers, number_of, spelled, texts
from automl_core.explaining.steps import kept_within, neat, stepped

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
MOST_VALUES = 8
MOST_PAIRS = 12
MOST_DRAWN = 20  # of an experiment, whose values are never put together: all pairs of five
LEAST_ROWS = 30


@dataclass(frozen=True, slots=True)
class Move:
    """One change of one lever: rows at one of `from_values` get `to`, or every row's number changes by `step`."""

    lever: Lever
    from_values: tuple[str, ...] = ()
    to: str = ""
    step: float = math.nan
    relative: bool = False

    @property
    def numeric(self) -> bool:
        """Whether a number is moved by a step."""
        return not math.isnan(self.step)

    @property
    def upwards(self) -> bool:
        """Whether a numeric move raises the number."""
        return self.step > 0


def is_numeric(lever: Lever, values: pd.Series) -> bool:
    """Whether the lever is moved by steps: a step is given, or the column holds more than eight numbers and no value is named."""
    if not math.isnan(lever.step):
        return True
    return not lever.to and pd.api.types.is_numeric_dtype(values.dtype) and values.nunique() > MOST_VALUES


def category_moves(lever: Lever, values: pd.Series, drawn: bool = False) -> tuple[Move, ...]:
    """Moves between values that occur often enough; one move a pair, or all sources of a target together when there are many. Of
    values that were `drawn` by chance each move stays a pair, for only two of them are an experiment: there the moves are those
    from the commonest values."""
    lever, common = spelled_alike(lever, holds_numbers(values)), common_values(values)
    targets = ends_of(lever, common)[:MOST_VALUES]
    sources = {to: tuple(value for value in common if _may(lever, value, to)) for to in targets}
    if sum(map(len, sources.values())) <= MOST_PAIRS:
        return tuple(Move(lever, (source,), to) for to in targets for source in sources[to])
    if drawn:
        return _apart(lever, sources, common)
    return tuple(Move(lever, sources[to], to) for to in targets)


def common_values(values: pd.Series) -> list[str]:
    """The values that rows enough have to be compared, the commonest first; of equally common ones by their spelling."""
    counts = {str(value): int(rows) for value, rows in texts(values).dropna().value_counts().items()}
    return sorted((value for value, rows in counts.items() if rows >= LEAST_ROWS), key=lambda value: (-counts[value], value))


def ends_of(lever: Lever, common: list[str], known: list[str] | None = None) -> list[str]:
    """Of the `common` values (or of all that are `known`) those that rows at another common one may be moved to, in the order of
    the lever's `to`, or in theirs where it names none. The first eight common ones are tried."""
    ends = common if known is None else known
    return [to for to in dict.fromkeys(lever.to or ends) if to in ends and any(_may(lever, value, to) for value in common)]


def _apart(lever: Lever, sources: dict[str, tuple[str, ...]], common: list[str]) -> tuple[Move, ...]:
    """One move a pair, from as many of the `common` values as there is room for, the commonest first."""
    moves: list[Move] = []
    for source in common:
        more = [Move(lever, (source,), to) for to, those in sources.items() if source in those]
        if moves and len(moves) + len(more) > MOST_DRAWN:
            break
        moves.extend(more)
    return tuple(moves)


def _may(lever: Lever, source: str, to: str) -> bool:
    if source == to or (source, to) in lever.forbidden or (lever.from_values and source not in lever.from_values):
        return False
    here, there = number_of(source), number_of(to)
    if not math.isnan(there) and (there < lever.low or there > lever.high):
        return False
    if lever.direction and not (math.isnan(here) or math.isnan(there)):
        return there > here if lever.direction == "up" else there < here
    return True


def numeric_moves(lever: Lever, dose: Floats, spread: float) -> tuple[Move, ...]:
    """The step of the lever, or half and whole of the `spread` that is left once the other columns are known, both ways."""
    from_values = tuple(spelled(number_of(value)) for value in lever.from_values if not math.isnan(number_of(value)))
    if not math.isnan(lever.step):
        against = (lever.step > 0 and lever.direction == "down") or (lever.step < 0 and lever.direction == "up")
        return () if lever.step == 0 or against else (Move(lever, from_values, step=lever.step, relative=lever.relative),)
    whole = bool(np.all(np.mod(dose[np.isfinite(dose)], 1) == 0))
    sizes = sorted({_nice(part * spread, whole) for part in (0.5, 1.0)} - {0.0})
    signs = {"up": (1.0,), "down": (-1.0,)}.get(lever.direction, (1.0, -1.0))
    return tuple(Move(lever, from_values, step=sign * size) for sign in signs for size in sizes)


def _nice(size: float, whole: bool) -> float:
    """One significant digit, and no fraction where the column has none."""
    if size <= 0 or not math.isfinite(size):
        return 0.0
    rounded = round(size, -math.floor(math.log10(size)))
    return float(max(1, round(rounded))) if whole else rounded


def steps_of(move: Move, dose: Floats) -> Floats:
    """The change of each row, (n,): the step, or that share of the row's own value."""
    return np.asarray(dose * move.step if move.relative else np.full(len(dose), move.step), dtype=np.float64)


def movable(move: Move, dose: Floats) -> Mask:
    """Rows whose number may be moved: at an allowed value, the new one within the lever's limits and direction, and the move not
    forbidden."""
    step = steps_of(move, dose)
    after = stepped(dose, step)
    mask = np.isfinite(dose) & kept_within(after, move.lever.low, move.lever.high) & (step != 0)
    if move.relative:  # a share of a number below zero would go the other way
        mask &= dose > 0
    if move.lever.direction:
        mask &= (step > 0) if move.lever.direction == "up" else (step < 0)
    if move.lever.from_values:
        wanted = {number_of(value) for value in move.lever.from_values}
        mask &= np.isin(neat(dose), neat(np.array([value for value in wanted if not math.isnan(value)], dtype=np.float64)))
    return np.asarray(mask & ~forbidden_moves(move.lever.forbidden, dose, after), dtype=bool)
