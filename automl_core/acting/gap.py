"""A gap between the mean outcomes of two groups, split into who the rows are and what happens to the same kind of rows.

The Kitagawa-Oaxaca-Blinder split (Kitagawa 1955; Oaxaca 1973; Blinder 1973) without a straight-line model: the mean that one
group would have with the other's behaviour is a doubly robust, cross-fitted estimate (Chernozhukov et al. 2018), both directions
are averaged so that neither group is the yardstick, and rows without a like in the other group are compared with nobody
(Nopo 2008). Intervals come from influence functions (the delta method). Two groups differ in more than is in the table: a split
describes, it does not say what brings the gap about.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.covariates import Covariates
from automl_core.acting.nuisance import Learner, fold_of
from automl_core.acting.rates import FEW, Range, Shares, newcombe, no_surer, unlike
from automl_core.framing.dependent import codes_of, effective, few, root_of_sums, rows_worth, student
from automl_core.framing.shares import Z

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
LEAST_ROWS = 50
LEAST_CLUSTERS = 2.5  # three a side, one of them perhaps somewhat larger than the others
LEAST_CHANCE = 0.02  # a row whose chance of being in the other group is smaller has nobody to be compared with


@dataclass(frozen=True, slots=True)
class Amount:
    """An estimate in the outcome's units (a share between 0 and 1, or the target's units) with 95 % interval and two-sided p."""

    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, eq=False, slots=True)
class TwoGroups:
    """What is compared: `y` (n,), who is in the `first` group (the others are in the second), the covariates, and rows that go
    together (None when rows are independent). `binary` says that `y` is 0 or 1."""

    y: Floats
    first: Mask
    covariates: Covariates
    binary: bool
    together: NDArray[np.generic] | None = None
    seed: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class GapSplit:
    """`gap` = first minus second = `composition` + `behaviour`.

    `scores` (n,) is each row's doubly robust estimate of what being in the first group goes with for a row like it (NaN where
    nobody is alike); `support` is the share of rows that have a like in the other group.
    """

    gap: Amount
    composition: Amount
    behaviour: Amount
    scores: Floats
    support: float


def split_gap(groups: TwoGroups) -> GapSplit | None:
    """Split the gap; None when either group has fewer than 50 rows (or 50 with a like in the other)."""
    y, first = groups.y, groups.first
    if min(int(first.sum()), int((~first).sum())) < LEAST_ROWS:
        return None
    folds = fold_of(len(y), groups.together, groups.seed)
    learner = Learner(groups.covariates)
    chance = learner.cross_fit(first.astype(np.float64), np.ones(len(y), dtype=bool), folds, True)
    alike = (chance >= LEAST_CHANCE) & (chance <= 1 - LEAST_CHANCE)
    if min(int((alike & first).sum()), int((alike & ~first).sum())) < LEAST_ROWS:
        return None
    chance = np.clip(chance, LEAST_CHANCE, 1 - LEAST_CHANCE)
    as_first = learner.cross_fit(y, first, folds, groups.binary)
    as_second = learner.cross_fit(y, ~first, folds, groups.binary)
    gap, gap_influence = _difference(y, first)
    on_first, influence_first = _contrast(y, first & alike, ~first & alike, as_second, chance / (1 - chance))
    on_second, influence_second = _contrast(y, ~first & alike, first & alike, as_first, (1 - chance) / chance)
    behaviour = (on_first - on_second) / 2
    influence = (influence_first - influence_second) / 2
    scores = as_first - as_second + np.where(first, (y - as_first) / chance, -(y - as_second) / (1 - chance))
    parts = _all_or_none(groups, alike) if groups.binary and not gap_influence.any() else (
        _no_surer(amount(gap, gap_influence, groups.together, first), groups, np.ones(len(y))),
        amount(gap - behaviour, gap_influence - influence, groups.together, first),
        _no_surer(amount(behaviour, influence, groups.together, first), groups, _counted(first, alike, chance)),
    )
    return GapSplit(*parts, scores=np.where(alike, scores, np.nan), support=float(alike.mean()))


def _counted(first: Mask, alike: Mask, chance: Floats) -> Floats:
    """(n,) how much each row counts in the behaviour: as one of its own group, and for those of the other that are like it."""
    odds = alike * np.where(first, (1 - chance) / chance, chance / (1 - chance))
    counts = np.zeros(len(first))
    for side in (first, ~first):
        counts[side] = alike[side] / alike[side].sum() + odds[side] / odds[side].sum()
    return counts


def _no_surer(told: Amount, groups: TwoGroups, counts: Floats) -> Amount:
    """A difference of shares, no surer than rows that count so much (n,) make it where few of a side differ from the others: the
    influence of a side that is all alike is nothing, which is not to say that its share is known."""
    sides = [(counts > 0) & side for side in (groups.first, ~groups.first)]
    if not groups.binary or math.isinf(told.low) or min(unlike(groups.y[side]) for side in sides) >= FEW:
        return told
    codes = None if groups.together is None else codes_of(groups.together)
    freedom = math.inf if codes is None else fewest_clusters(codes, groups.first) - 1
    shares = [float(np.average(groups.y[side], weights=counts[side])) for side in sides]
    worth = [rows_worth(groups.y[side], None if codes is None else codes[side], counts[side]) for side in sides]
    made = no_surer(Range(told.value, told.low, told.high, told.p), Shares(shares[0], shares[1], (worth[0], worth[1]), freedom))
    return Amount(made.value, max(-1.0, made.low), min(1.0, made.high), made.p)


def _all_or_none(groups: TwoGroups, alike: Mask) -> tuple[Amount, Amount, Amount]:
    """Gap, composition and behaviour of shares where all rows of a side have the outcome, or none: nothing varies, which is not
    to say that nothing is known. Who the rows are then changes nothing, within what the range of the others leaves open."""
    gap, behaviour = (_of_constants(groups, mask) for mask in (np.ones(len(alike), dtype=bool), alike))
    open_ = max(behaviour.high - behaviour.value, behaviour.value - behaviour.low)
    return gap, Amount(0.0, -open_, open_, 1.0), behaviour


def _of_constants(groups: TwoGroups, among: Mask) -> Amount:
    """The difference of two shares of which each is 0 or 1: Newcombe's range (1998) and Fisher's exact p, doubled. Groups of rows
    that go together count as one row each, as many a side as the smaller has, and by the sign test, for one may stand on both;
    their range is as much wider as that of few groups in `amount`."""
    one, other = (float(groups.y[side & among].mean()) for side in (groups.first, ~groups.first))
    sizes = [float((side & among).sum()) for side in (groups.first, ~groups.first)]
    wider = 1.0
    if groups.together is None:
        tables = math.lgamma(sum(sizes) + 1) - math.lgamma(sizes[0] + 1) - math.lgamma(sizes[1] + 1)
    else:
        clusters = fewest_clusters(codes_of(groups.together[among]), groups.first[among])
        if clusters < LEAST_CLUSTERS:
            return Amount(one - other, -math.inf, math.inf, 1.0)
        sizes, tables = [clusters, clusters], clusters * math.log(2)
        wider = few(clusters) * student(clusters) / Z
    p = min(1.0, 2 * math.exp(-tables)) if one != other else 1.0
    down, up = (wider * float(reach) for reach in newcombe(one, other, (sizes[0], sizes[1])))
    return Amount(one - other, max(-1.0, one - other - down), min(1.0, one - other + up), p)


def _difference(y: Floats, first: Mask) -> tuple[float, Floats]:
    """First mean minus second mean, and its influence function."""
    one, other = float(y[first].mean()), float(y[~first].mean())
    share = float(first.mean())
    return one - other, np.where(first, (y - one) / share, -(y - other) / (1 - share))


def _contrast(y: Floats, here: Mask, there: Mask, expected: Floats, odds: Floats) -> tuple[float, Floats]:
    """How much more the rows `here` have than rows like them have `there`, and its influence function.

    The odds weights are scaled to one row a row of `here`, which keeps a few large ones from running the estimate.
    """
    share = float(here.mean())
    weight = np.where(there, odds, 0.0)
    weight *= 1 / max(float(weight.mean()), 1e-12)
    part = here / share
    psi = part * (y - expected) - weight * (y - expected)
    estimate = float(psi.mean())
    return estimate, psi - estimate * part


def amount(
    value: float, influence: Floats, together: NDArray[np.generic] | None = None, first: Mask | None = None
) -> Amount:
    """An estimate with its interval from the influence of each row: a normal one where rows are independent.

    Rows that go together are summed first; with few of them on a side (`first`: who is on the one) the sums vary more than they
    show, so the error is that of so many and the interval Student's. Fewer than three on a side tell nothing.
    """
    from scipy.special import ndtr, stdtr

    rows = len(influence)
    if together is None:
        error = float(influence.std(ddof=1)) / math.sqrt(rows)
        p = float(2 * ndtr(-abs(value) / error)) if error > 0 else 1.0
        return Amount(value, value - Z * error, value + Z * error, p)
    codes = codes_of(together)
    clusters = fewest_clusters(codes, first)
    if clusters < LEAST_CLUSTERS:
        return Amount(value, -math.inf, math.inf, 1.0)
    error = few(clusters) * root_of_sums(influence, codes) / rows
    reach = student(clusters) * error
    p = float(2 * stdtr(clusters - 1, -abs(value) / error)) if error > 0 else 1.0
    return Amount(value, value - reach, value + reach, p)


def fewest_clusters(codes: NDArray[np.int64], first: Mask | None = None) -> float:
    """How many groups of rows that go together stand on the smaller side, by their effective number: one that has nearly all
    rows is nearly the only one (Carter, Schnepel and Steigerwald 2017)."""
    sides = [codes] if first is None else [codes[first], codes[~first]]
    return min(effective(np.ones(len(side)), side) for side in sides)
