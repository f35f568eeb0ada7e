"""Whom to move: an exact policy tree of depth two on given columns, over doubly robust gains (Zhou, Athey and Wager 2023).

All pairs of splits are weighed at once: sums of gains over the intersections of their sides are one matrix product.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Condition
from automl_core.acting.conditions import holds, short_number
from automl_core.data.table import Column

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
CUTS = 12
MOST_LEVELS = 30
TRIED_LEVELS = 8
MOST_SPLITS = 120
EXCLUDE_AT = 1.0  # a part is left out only when it loses by one standard error on the half that looks for it
EVERYBODY, NOBODY = -1, -2
Leaf = tuple[Condition, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Splits:
    """Candidate splits: `sides[2 j]` and `sides[2 j + 1]` are the two sides of one; `masks` (n, 2 k) are the rows of each."""

    sides: tuple[Condition, ...]
    masks: NDArray[np.float32]


def make_splits(frame: pd.DataFrame, columns: tuple[Column, ...]) -> Splits:
    """Numbers are cut at eleven quantiles, categories at each level that has 5 % of the rows or more."""
    sides: list[Condition] = []
    for column in columns:
        sides.extend(_column_sides(frame[column.name], column.name))
    masks = [holds(side, frame) for side in sides]
    return Splits(tuple(sides), _side_by_side(masks, len(frame)))


def _side_by_side(masks: Sequence[Mask], rows: int) -> NDArray[np.float32]:
    """One column after the other in memory, because splits are picked by column."""
    matrix = np.empty((rows, len(masks)), dtype=np.float32, order="F")
    for place, mask in enumerate(masks):
        matrix[:, place] = mask
    return matrix


def _column_sides(series: pd.Series, name: str) -> list[Condition]:
    if pd.api.types.is_numeric_dtype(series.dtype):
        values = series.dropna().to_numpy(dtype=np.float64)
        values = values[np.isfinite(values)]
        if not len(values):
            return []
        low, high = float(values.min()), float(values.max())
        found = np.unique(values)
        cuts = found[1:] if len(found) <= CUTS else np.quantile(values, np.arange(1, CUTS) / CUTS)
        edges = sorted({short_number(float(cut), high - low) for cut in cuts})
        inner = [edge for edge in edges if low < edge <= high]
        return [Condition(name, (), *bounds) for edge in inner for bounds in ((math.nan, edge), (edge, math.nan))]
    levels = series.dropna().astype("str").value_counts()
    if not 2 <= len(levels) <= MOST_LEVELS:
        return []
    names = [str(level) for level in levels.index]
    tried = [level for level in names if levels[level] >= 0.05 * len(series)][:TRIED_LEVELS]
    if len(names) == 2:
        tried = tried[:1]
    sides = []
    for level in tried:
        sides += [Condition(name, (level,)), Condition(name, tuple(other for other in names if other != level))]
    return sides


@dataclass(frozen=True, eq=False, slots=True)
class Field:
    """What the tree maximises: the `gain` of moving each row (its sum is the doubly robust net gain), over the rows `looked`;
    every part that is left out must lose on the rows `held`, too. A leaf needs `least` of the rows marked by `counted`."""

    gain: Floats
    counted: Mask
    looked: Mask
    held: Mask
    least: int


def fit_policy(splits: Splits, field: Field) -> tuple[Leaf, ...]:
    """The groups to move: () nobody, ((),) everybody, else up to four leaves of one or two conditions each."""
    gain = np.where(field.looked, field.gain, 0.0)
    everybody = float(gain.sum())
    stay: tuple[Leaf, ...] = (((),) if everybody > 0 else ())
    if not splits.sides:
        return stay
    splits = _candidates(splits, gain, field)
    rows = field.looked
    sums = _Sums(splits.masks[rows], gain[rows].astype(np.float32), field.counted[rows].astype(np.float32), field.least)
    best, chosen = max(0.0, everybody), -1
    sides = [sums.best_side(place) for place in range(len(splits.sides))]
    for first in range(0, len(sides), 2):
        value = sides[first][0] + sides[first + 1][0] - sums.doubt(first, sides[first][1], sides[first + 1][1])
        big = min(sums.count[first], sums.count[first + 1]) >= field.least
        if big and value > best + 1e-6 * abs(best):
            best, chosen = value, first
    if chosen < 0:
        return stay
    one, other = (_confirmed(splits, side, sides[side][1], field) for side in (chosen, chosen + 1))
    if one == other == EVERYBODY:
        return ((),)
    if one == other and one >= 0:
        return ((splits.sides[one],),)
    return _leaves(splits, chosen, one) + _leaves(splits, chosen + 1, other)


def _confirmed(splits: Splits, side: int, choice: int, field: Field) -> int:
    """The choice of one side, undone when what it leaves out would have gained on the rows that did not choose it."""
    if choice == EVERYBODY:
        return choice
    out = splits.masks[:, side] > 0
    if choice >= 0:
        out = out & (splits.masks[:, choice ^ 1] > 0)
    return choice if float(field.gain[out & field.held].sum()) < 0 else EVERYBODY


def _candidates(splits: Splits, gain: Floats, field: Field) -> Splits:
    """At most 120 splits, those whose sides differ most in gain per row: the given ones, and for each category the sets of its
    levels in the order of their gain, among which is the best cut of its levels in two (Fisher 1958; Breiman et al. 1984)."""
    counted = (field.counted & field.looked).astype(np.float32)
    sums, counts = splits.masks.T @ gain.astype(np.float32), splits.masks.T @ counted
    cuts = _cuts(splits, sums / np.maximum(counts, 1))
    if len(cuts) > MOST_SPLITS:
        contrasts = [_contrast(cut, sums, counts) for cut in cuts]
        cuts = [cuts[place] for place in np.sort(np.argsort(-np.array(contrasts))[:MOST_SPLITS])]
    elif 2 * len(cuts) == len(splits.sides):
        return splits
    sides = [side for cut in cuts for side in _sides_of(cut, splits)]
    masks = np.empty((len(gain), len(sides)), dtype=np.float32, order="F")
    for place, cut in enumerate(cuts):
        masks[:, 2 * place] = splits.masks[:, cut].sum(axis=1)
        masks[:, 2 * place + 1] = splits.masks[:, cut[0]] + splits.masks[:, cut[0] + 1] - masks[:, 2 * place]
    return Splits(tuple(sides), masks)


def _cuts(splits: Splits, means: NDArray[np.float32]) -> list[list[int]]:
    """Each candidate as the places of the sides that make up its first side; its second side is what is left of the column."""
    cuts = [[place] for place in range(0, len(splits.sides), 2)]
    single = [place for (place,) in cuts if len(splits.sides[place].values) == 1]
    for column in dict.fromkeys(splits.sides[place].column for place in single):
        places = [place for place in single if splits.sides[place].column == column]
        order = sorted(places, key=lambda place: -float(means[place]))
        most = min(len(places), len(splits.sides[places[0] + 1].values) - 1)
        cuts += [order[:size] for size in range(2, most + 1)]
    return cuts


def _contrast(cut: list[int], sums: NDArray[np.float32], counts: NDArray[np.float32]) -> float:
    gain, rows = float(sums[cut].sum()), float(counts[cut].sum())
    other_gain = float(sums[cut[0]] + sums[cut[0] + 1]) - gain
    other_rows = float(counts[cut[0]] + counts[cut[0] + 1]) - rows
    return abs(gain / max(1.0, rows) - other_gain / max(1.0, other_rows)) * math.sqrt(max(0.0, min(rows, other_rows)))


def _sides_of(cut: list[int], splits: Splits) -> tuple[Condition, Condition]:
    first, rest = splits.sides[cut[0]], splits.sides[cut[0] + 1]
    if len(cut) == 1:
        return first, rest
    names = tuple(splits.sides[place].values[0] for place in cut)
    return Condition(first.column, names), Condition(first.column, tuple(name for name in rest.values if name not in names))


class _Sums:
    """Sums of gains, of their squares and of rows on every side and on every pair of sides."""

    def __init__(self, masks: NDArray[np.float32], gain: NDArray[np.float32], counted: NDArray[np.float32], least: int) -> None:
        self.least = least
        self.gain = masks.T @ gain
        self.square = masks.T @ gain**2
        self.count = masks.T @ counted
        self.pair_gain = masks.T @ (masks * gain[:, None])
        self.pair_square = masks.T @ (masks * (gain**2)[:, None])
        self.pair_count = masks.T @ (masks * counted[:, None])

    def doubt(self, first: int, one: int, other: int) -> float:
        """One standard error of the smaller of two groups: a second group must be worth being told apart."""
        if NOBODY in (one, other) or one == other:
            return 0.0
        squares = [
            float(self.square[side] if choice == EVERYBODY else self.pair_square[side][choice])
            for side, choice in ((first, one), (first + 1, other))
        ]
        return math.sqrt(min(squares))

    def best_side(self, side: int) -> tuple[float, int]:
        """The best value of a side and whom to move there: EVERYBODY, NOBODY, or the second side that is moved."""
        lost = -self.gain[side] / max(1e-9, math.sqrt(float(self.square[side])))
        value, choice = (0.0, NOBODY) if lost >= EXCLUDE_AT else (float(self.gain[side]), EVERYBODY)
        other = np.arange(len(self.gain)) ^ 1
        gain, rest = self.pair_gain[side], self.pair_gain[side][other]
        big = (self.pair_count[side] >= self.least) & (self.pair_count[side][other] >= self.least)
        worse = -rest / np.sqrt(np.maximum(self.pair_square[side][other], 1e-9)) >= EXCLUDE_AT
        worth = np.where(big & worse & (gain > 0), gain, -np.inf)
        second = int(np.argmax(worth))
        if worth[second] > value:
            return float(worth[second]), second
        return value, choice


def _leaves(splits: Splits, side: int, choice: int) -> tuple[Leaf, ...]:
    if choice == NOBODY:
        return ()
    if choice == EVERYBODY:
        return ((splits.sides[side],),)
    return (joined(splits.sides[side], splits.sides[choice]),)


def joined(first: Condition, second: Condition) -> Leaf:
    """Both conditions, as one when they speak of the same column."""
    if first.column != second.column:
        return (first, second)
    if first.values:
        return (Condition(first.column, tuple(value for value in first.values if value in second.values)),)
    lows = [low for low in (first.low, second.low) if not math.isnan(low)]
    highs = [high for high in (first.high, second.high) if not math.isnan(high)]
    return (Condition(first.column, (), max(lows, default=math.nan), min(highs, default=math.nan)),)
