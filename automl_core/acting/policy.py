"""Whom to move: an exact policy tree of depth two on given columns, over doubly robust gains (Zhou, Athey and Wager 2023).

All pairs of splits are weighed at once: sums of gains over the intersections of their sides are one matrix product.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.action import Condition
from automl_core.acting.splits import Cut, Floats, Splits, candidates

Mask = NDArray[np.bool_]
EXCLUDE_AT = 1.0  # a part is left out only when it loses by one standard error
EVERYBODY, NOBODY = -1, -2
Leaf = tuple[Condition, ...]
Places = tuple[tuple[int, ...], ...]  # of each group the sides that must hold: () nobody, ((),) everybody


@dataclass(frozen=True, eq=False, slots=True)
class Objective:
    """What the tree maximises: the `gain` of moving each row (its sum is the doubly robust net gain), over the rows `looked`. A
    group needs `least` of the rows marked by `counted`."""

    gain: Floats
    counted: Mask
    looked: Mask
    least: float


@dataclass(frozen=True, eq=False, slots=True)
class Sums:
    """Sums of gains, of their squares and of counted rows over every two columns of a basis, (z, z) each."""

    gain: Floats
    square: Floats
    count: Floats

    def less(self, other: Sums) -> Sums:
        """What is left without the rows of `other`."""
        return Sums(self.gain - other.gain, self.square - other.square, self.count - other.count)

    def on(self, mixed: Floats) -> Sides:
        """The sums over sides that are `mixed` (z, m) from the basis, whose first column holds every row."""
        single = [mixed.T @ sums[0] for sums in (self.gain, self.square, self.count)]
        pairs = [mixed.T @ sums @ mixed for sums in (self.gain, self.square, self.count)]
        return Sides(*single, *pairs)


@dataclass(frozen=True, eq=False, slots=True)
class Sides:
    """Sums over every side (m,) and every two sides (m, m): of gains, their squares, and rows."""

    gain: Floats
    square: Floats
    count: Floats
    pair_gain: Floats
    pair_square: Floats
    pair_count: Floats


def sums_over(basis: NDArray[np.float32], objective: Objective, rows: NDArray[np.intp]) -> Sums:
    """The sums over some rows of a basis (n, z); squares of the same matrix take half the time of a product of two."""
    picked, gain = basis[rows], objective.gain[rows].astype(np.float32)
    lifted, counted = picked * np.abs(gain)[:, None], picked[objective.counted[rows]]
    made = picked.T @ (picked * gain[:, None]), lifted.T @ lifted, counted.T @ counted
    return Sums(*(part.astype(np.float64) for part in made))


def fit_policy(splits: Splits, objective: Objective) -> tuple[Leaf, ...]:
    """The groups to move: () nobody, ((),) everybody, else up to two leaves of one or two conditions each."""
    gain, rows = np.where(objective.looked, objective.gain, 0.0), np.flatnonzero(objective.looked)
    everybody = float(gain.sum())
    stay: tuple[Leaf, ...] = (((),) if everybody > 0 else ())
    if not splits.sides:
        return stay
    told = splits.sums(np.column_stack([gain, objective.looked & objective.counted]))
    cuts = candidates(splits, told[:, 0], told[:, 1])
    mixed = splits.mixed(cuts)
    used = used_columns(mixed)
    sides = sums_over(splits.basis[:, used], objective, rows).on(mixed[used])
    found = best_pair(sides, objective.least, everybody)
    return stay if found is None else tuple(leaf_of(splits, cuts, places) for places in found)


def used_columns(*mixed: Floats) -> NDArray[np.intp]:
    """The columns of a basis that sides are mixed from; always the first, of all rows."""
    needed = np.any([np.any(one != 0, axis=1) for one in mixed], axis=0)
    needed[0] = True
    return np.flatnonzero(needed)


def best_side(sides: Sides, least: float) -> Places | None:
    """The best single side to move, when the other loses by one standard error; None when there is none."""
    other = np.arange(len(sides.gain)) ^ 1
    lost = _lost(sides.gain, sides.square)[other] >= EXCLUDE_AT
    big = (sides.count >= least) & (sides.count[other] >= least)
    worth = np.where(big & lost & (sides.gain > 0), sides.gain, -np.inf)
    best = int(np.argmax(worth))
    return ((best,),) if worth[best] > 0 else None


def surest_side(sides: Sides, least: float) -> Places | None:
    """The single side of at most half of the rows whose gain is the most standard errors from nothing; None when none brings
    anything. Of many parts one always brings less than the rest by chance: what is left without it is surer, and no better."""
    small = (sides.count >= least) & (sides.count <= sides.count[np.arange(len(sides.count)) ^ 1])
    sure = np.where(small & (sides.gain > 0), -_lost(sides.gain, sides.square), -np.inf)
    best = int(np.argmax(sure))
    return ((best,),) if sure[best] > 0 else None


def best_pair(sides: Sides, least: float, more_than: float = 0.0) -> Places | None:
    """The best tree of two levels that brings `more_than` and more than nothing; None when there is none. On each side of its
    first split everybody is moved, nobody, or one side of a second split."""
    other = np.arange(len(sides.gain)) ^ 1
    all_of = _lost(sides.gain, sides.square) < EXCLUDE_AT
    big = (sides.pair_count >= least) & (sides.pair_count[:, other] >= least)
    lost = _lost(sides.pair_gain[:, other], sides.pair_square[:, other]) >= EXCLUDE_AT
    worth = np.where(big & lost & (sides.pair_gain > 0), sides.pair_gain, -np.inf)
    second, whole = worth.argmax(axis=1), np.where(all_of, sides.gain, 0.0)
    places = np.arange(len(second))
    part = worth[places, second] > whole
    value = np.where(part, worth[places, second], whole)
    square = np.where(part, sides.pair_square[places, second], sides.square)
    choice = np.where(part, second, np.where(all_of, EVERYBODY, NOBODY))
    one, two = choice[::2], choice[1::2]
    told_apart = (one != NOBODY) & (two != NOBODY) & (one != two)
    # a second group must be worth being told apart: one standard error of the smaller one
    doubt = np.where(told_apart, np.sqrt(np.minimum(square[::2], square[1::2]).clip(min=0)), 0.0)
    total = np.where((sides.count[::2] >= least) & (sides.count[1::2] >= least), value[::2] + value[1::2] - doubt, -np.inf)
    best = int(np.argmax(total))
    floor = max(0.0, more_than)
    if not total[best] > floor + 1e-6 * floor:
        return None
    first, rest = int(one[best]), int(two[best])
    if first == rest:
        return ((),) if first == EVERYBODY else ((first,),)
    made = ((2 * best, first), (2 * best + 1, rest))
    return tuple((side,) if moved == EVERYBODY else (side, moved) for side, moved in made if moved != NOBODY)


def _lost(gain: Floats, square: Floats) -> Floats:
    """Losses in standard errors."""
    return np.asarray(-gain / np.sqrt(np.maximum(square, 1e-9)), dtype=np.float64)


def leaf_of(splits: Splits, cuts: list[Cut], places: tuple[int, ...]) -> Leaf:
    """A group of one or two sides in words."""
    told = [splits.sides_of(cuts[side // 2])[side % 2] for side in places]
    return joined(*told) if len(told) == 2 else tuple(told)


def joined(first: Condition, second: Condition) -> Leaf:
    """Both conditions, as one when they speak of the same column."""
    if first.column != second.column:
        return (first, second)
    if first.values:
        return (Condition(first.column, tuple(value for value in first.values if value in second.values)),)
    lows = [low for low in (first.low, second.low) if not math.isnan(low)]
    highs = [high for high in (first.high, second.high) if not math.isnan(high)]
    return (Condition(first.column, (), max(lows, default=math.nan), min(highs, default=math.nan)),)
