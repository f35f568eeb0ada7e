"""The two sides of a pilot compared inside strata, as surely as chance allows: also where few rows, or none, have the outcome."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.pilot_groups import correction, freedom, model_freedom
from automl_core.acting.rates import FEW, Range, Shares, as_wide_as, chance_beyond, no_surer, reach_of, tested_by, unlike
from automl_core.framing.dependent import design, likeness, rows_of_group

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Difference:
    """Treated minus held: means of both sides, their stratum-adjusted difference, 95 % interval and two-sided p."""

    treated: float
    held: float
    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, eq=False, slots=True)
class _Sides:
    """Outcomes, who was treated, strata that each have both sides, and groups (codes from 0), all (n,)."""

    values: Floats
    treated: Mask
    strata: Codes
    groups: Codes

    @property
    def is_rate(self) -> bool:
        return bool(np.isin(self.values, (0.0, 1.0)).all())


def compare_sides(values: Floats, treated: Mask, strata: Codes, groups: Codes) -> Difference:
    """The stratum-adjusted difference of means, all arguments (n,). Errors are clustered by `groups`, corrected for few of them
    and for their sizes (Bell and McCaffrey 2002). Where few rows differ on a side, both sides together tell the error.

    Strata that lack two groups on a side are pooled with their neighbours, for they tell nothing alone. Both sides need a row.
    """
    codes = np.unique(groups, return_inverse=True)[1]
    sides = _Sides(values, treated, _pooled(strata, treated, codes), codes)
    parts, n = np.unique(sides.strata), len(values)
    influence, adjusted = np.zeros(n), {True: 0.0, False: 0.0}
    pulls: dict[bool, list[tuple[float, Floats]]] = {True: [], False: []}
    for part in parts:
        inside = sides.strata == part
        share = float(inside.sum()) / n
        for side in (True, False):
            rows = inside & (treated == side)
            size = int(rows.sum())
            mean = float(values[rows].mean())
            pull = np.bincount(codes[rows]) / size  # a group pulls the mean of its side towards itself
            lost = np.sqrt(correction(pull))[codes[rows]]
            influence[rows] = (1 if side else -1) * share * lost * (values[rows] - mean) / size
            pulls[side].append((share, pull[pull > 0]))
            adjusted[side] += share * mean
    each = [float((np.bincount(codes, influence * (treated == side)) ** 2).sum()) for side in (True, False)]
    clusters = [len(np.unique(codes[treated == side])) - len(parts) for side in (True, False)]
    worth = [min(most, model_freedom(pulls[side])) for most, side in zip(clusters, (True, False), strict=True)]
    degrees, error = max(1.0, freedom((each[0], each[1]), (worth[0], worth[1]), 0)), math.sqrt(sum(each))
    gap, reach = adjusted[True] - adjusted[False], reach_of(degrees) * error
    p = chance_beyond(gap / error, degrees) if error > 0 else 1.0 if gap == 0 else 0.0
    alone = bool(len(np.unique(codes)) == n)
    shared = math.inf if alone else max(1.0, freedom((1 / max(1, clusters[0]), 1 / max(1, clusters[1])), (worth[0], worth[1]), 0))
    told = _no_surer(Range(gap, gap - reach, gap + reach, p), sides, (adjusted[True], adjusted[False]), shared)
    return Difference(float(values[treated].mean()), float(values[~treated].mean()), gap, told.low, told.high, told.p)


def _no_surer(told: Range, sides: _Sides, means: tuple[float, float], degrees: float) -> Range:
    """The range by the error of both sides together where that is larger, and of shares at least as wide as Newcombe's, whose
    rows are worth as many more as strata tell, and as many fewer as rows of a group are alike."""
    treated, values = sides.treated, sides.values
    few = min(unlike(values[treated]), unlike(values[~treated])) < FEW
    if not few and len(np.unique(sides.groups)) < len(values):
        return told  # groups show how they vary, and their own error holds by itself
    counts, design = (float(treated.sum()), float((~treated).sum())), _design(sides)
    together = _together(sides) * design
    if sides.is_rate:
        whole = float(values.mean())
        apart = whole * (1 - whole) * (1 / counts[0] + 1 / counts[1])
        more = apart / together if apart > 0 else 1 / design
        return no_surer(told, Shares(min(1.0, max(0.0, means[0])), min(1.0, max(0.0, means[1])),
                                     (counts[0] * more, counts[1] * more), degrees))
    error = math.sqrt(together)
    return as_wide_as(told, error, degrees) if few else tested_by(told, error, degrees)


def _together(sides: _Sides) -> float:
    """The variance of the difference as both sides together tell it, of rows that stand alone: of shares as if both sides had the
    same. At least that of half a row of each kind."""
    variance, n, rate = 0.0, len(sides.values), 0.5 / (len(sides.values) + 1)
    for part in np.unique(sides.strata):
        inside = sides.strata == part
        both = [sides.values[inside & (sides.treated == side)] for side in (True, False)]
        kinds = [sides.values[inside]] if sides.is_rate else both
        squares = sum(float(((kind - kind.mean()) ** 2).sum()) for kind in kinds)
        spread = squares / max(1, int(inside.sum()) - len(kinds))
        variance += (float(inside.sum()) / n) ** 2 * spread * (1 / len(both[0]) + 1 / len(both[1]))
    least = rate * (1 - rate) * (1 / sides.treated.sum() + 1 / (~sides.treated).sum())
    return max(variance, float(least) * (1.0 if sides.is_rate else max(1.0, float(np.ptp(sides.values)))) ** 2)


def _design(sides: _Sides) -> float:
    """How many times the rows are needed of rows that stand alone (Donner and Klar 2000); where nothing differs on either side,
    rows of a group may all be alike."""
    left = sides.values.astype(np.float64, copy=True)
    for side in (True, False):
        left[sides.treated == side] -= left[sides.treated == side].mean()
    return design(likeness(left, sides.groups) if left.any() else 1.0, rows_of_group(sides.groups))


def _pooled(strata: Codes, treated: Mask, codes: Codes) -> Codes:
    """Strata from low to high risk, a thin one joined to the one before it (the first to the next)."""
    made, current = np.zeros(len(strata), dtype=np.int64), 0
    waiting = np.zeros(len(strata), dtype=bool)
    for part in np.unique(strata):
        waiting |= strata == part
        if min(len(np.unique(codes[waiting & treated])), len(np.unique(codes[waiting & ~treated]))) >= 2:
            made[waiting] = current
            current += 1
            waiting[:] = False
    made[waiting] = max(0, current - 1)
    return made
