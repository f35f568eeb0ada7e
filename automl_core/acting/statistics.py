"""Small statistics that several findings share."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.comparison import holm
from automl_core.framing.dependent import LEAST_TOGETHER, codes_of, effective, few, root_of_sums, student, two_means, unvaried
from automl_core.framing.shares import Z

Floats = NDArray[np.float64]
CHANCE = 4.0  # three errors of a correlation: rows train the models that score each other, which makes each a third larger
LEAST_TOLD = 0.05
LEAST_EVENTS = 5  # of the rarer ending: rows of a side that have fewer do not show how it varies
MUCH_TOLD = 0.1  # a correlation that has to be seen where rows are said to have been as good as drawn


@dataclass(frozen=True, slots=True)
class Gap:
    """The difference of two means (first minus second) with its 95 % interval and two-sided p (Welch)."""

    first: float
    second: float
    difference: float
    low: float
    high: float
    p: float


def welch(first: Floats, second: Floats) -> Gap:
    """Welch's test for unequal variances, as `two_means` tells the means; each group needs two values or more."""
    from scipy.special import stdtr, stdtrit


    told = two_means(first, second)
    difference = told.first - told.second
    reach = float(stdtrit(told.freedom, 0.975)) * told.error
    p = float(2 * stdtr(told.freedom, -abs(difference) / told.tested))
    return Gap(told.first, told.second, difference, difference - reach, difference + reach, p)


def gap_between(values: Floats, inside: NDArray[np.bool_], groups: NDArray[np.generic] | None = None) -> Gap:
    """The difference of the mean of `values` (n,) inside and outside, by Welch; rows of one of `groups` (n,) count as dependent.

    Clustered, the error sums each group's influence before it is squared (Liang and Zeger 1986), never below Welch's, and the
    degrees of freedom are those of the effective number of groups (Carter, Schnepel and Steigerwald 2017): a few large customers
    are few observations, however many rows they have. The p value takes the larger of two errors, about each side's own mean and
    about the mean of all (the null's own): the few groups of a small side that happen to agree would otherwise seem sure. A
    side that does not vary has half a group of each kind added to its variance. Rows whose group is missing stand alone.
    """
    from scipy.special import stdtr


    plain = welch(values[inside], values[~inside])
    if groups is None:
        return plain
    rows = np.where(inside, 1 / inside.sum(), -1 / (~inside).sum())
    codes = codes_of(groups)
    influence = rows * np.where(inside, values - plain.first, values - plain.second)
    weights = np.square(np.bincount(codes, np.abs(rows)), dtype=np.float64)
    worth = effective(weights)  # as of groups whose rows are all alike, for a side may have few
    if worth < LEAST_TOGETHER:
        return Gap(plain.first, plain.second, plain.difference, -math.inf, math.inf, 1.0)
    error = unvaried(few(worth) * root_of_sums(influence, codes), values, [rows.clip(0), (-rows).clip(0)], codes)
    reach = student(worth) * error
    null = few(worth) * root_of_sums(rows * (values - values.mean()), codes)
    p = float(2 * stdtr(worth - 1, -abs(plain.difference) / max(error, null))) if error > 0 else plain.p
    return Gap(plain.first, plain.second, plain.difference, min(plain.low, plain.difference - reach),
               max(plain.high, plain.difference + reach), max(p, plain.p))


def told_beyond_chance(told: Floats, got: Floats, times: float = 1.0) -> bool:
    """Whether models could tell who `got` something (n,), by their cross-fitted chance of it `told` (n,), as they could not if it
    was drawn by lot: a correlation above 0.05 and beyond three of its errors. Of few rows that takes more, for an honest draw of
    a hundred rows often shows 0.1. `times` asks for so many times as much."""
    if not len(got) or told.std() == 0 or got.std() == 0:
        return False
    return float(np.corrcoef(told, got)[0, 1]) > times * max(LEAST_TOLD, CHANCE / math.sqrt(len(got)))


def too_few_to_tell(rows: int) -> bool:
    """Whether `told_beyond_chance` would miss a correlation of a tenth in so many rows."""
    return CHANCE / math.sqrt(max(rows, 1)) > MUCH_TOLD


def unseen_variance(y: Floats, side: NDArray[np.bool_], codes: NDArray[np.int64] | None = None) -> float:
    """What is to be added to the variance of an outcome on the rows of a `side` (n,) that hardly vary: that of all rows `y` (n,),
    where fewer than five of the side (or of its groups, by the `codes` (n,) of these) differ from its median; else 0.

    The rows of a side that all ended alike have no variance of their own, and a range by it leaves out whatever they could not
    show: it held the truth in 63 to 89 % for outcomes of 1 to 3 % on 100 rows. That of all rows is what there were if the sides
    did not differ (as in a score test); added, not put in its place, it does for a side with more events than the other, too.
    """
    own = y[side]
    if not len(own):
        return 0.0
    unlike = own != np.median(own)
    events = int(unlike.sum()) if codes is None else len(np.unique(codes[side][unlike]))
    return float(y.var()) if events < LEAST_EVENTS else 0.0


def benjamini_hochberg(p: list[float]) -> list[float]:
    """Adjusted p values (false discovery rate), in the order given (Benjamini and Hochberg 1995)."""
    if not p:
        return []
    order = np.argsort(p)
    ranked = np.asarray(p, dtype=np.float64)[order] * len(p) / np.arange(1, len(p) + 1)
    adjusted = np.minimum.accumulate(ranked[::-1])[::-1].clip(max=1.0)
    out = np.empty(len(p))
    out[order] = adjusted
    return [float(value) for value in out]


def held_by_family(p: list[float], families: Sequence[Hashable]) -> list[float]:
    """Adjusted p values, in the order given, by which a family without any effect is shown at all in 5 % of tables or less,
    whatever the others are like.

    Corrected over all alone, a true finding lets others in: where half of what was tried holds, twice as much may pass as where
    nothing does. So a finding must hold in its own family, too (Simes 1986), and the family among families (Holm 1979), which
    costs what is clearly there nothing. None is smaller than that of Benjamini and Hochberg over all.
    """
    adjusted, members = np.array(benjamini_hochberg(p)), dict[Hashable, list[int]]()
    for place, family in enumerate(families):
        members.setdefault(family, []).append(place)
    within = [benjamini_hochberg([p[place] for place in places]) for places in members.values()]
    among = holm({str(number): min(own) for number, own in enumerate(within)})
    for number, (places, own) in enumerate(zip(members.values(), within, strict=True)):
        adjusted[places] = np.maximum(adjusted[places], np.maximum(own, among[str(number)]))
    return [float(value) for value in adjusted]


def rows_per_arm(now: float, then: float, spread: float = math.nan) -> int:
    """Rows each arm of a pilot needs to see the change with 80 % chance at 5 % error.

    Two proportions, or two means when the standard deviation `spread` is given. Zero change gives 0 (no pilot can see it).
    """
    change = abs(then - now)
    if change == 0 or not math.isfinite(change):
        return 0
    if math.isfinite(spread):
        return math.ceil(2 * (Z + 0.841621) ** 2 * spread**2 / change**2)
    now, then = min(max(now, 0.0), 1.0), min(max(then, 0.0), 1.0)
    if now == then:
        return 0
    pooled = (now + then) / 2
    root = Z * math.sqrt(2 * pooled * (1 - pooled)) + 0.841621 * math.sqrt(now * (1 - now) + then * (1 - then))
    return math.ceil(root**2 / (now - then) ** 2)
