"""The adjusted effect of moving a lever, comparing like with like.

Categories: cross-fitted augmented inverse propensity weighting (AIPW) of the effect on those at the old value (ATT; Robins,
Rotnitzky and Zhao 1994; Chernozhukov et al. 2018). Numbers: the partially linear model, residual on residual. Both with the
robustness value of Chernozhukov, Cinelli et al. (2022): how strong a hidden factor must be to cancel the estimate.
No method can see a hidden factor; only a randomised pilot can.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.covariates import Covariates
from automl_core.acting.nuisance import FOLDS, cross_fit, fold_of, gains

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
LEAST_CHANCE = 0.03  # rows with a smaller chance of having the new value have nobody to be compared with
LEAST_ROWS = 30


@dataclass(frozen=True, eq=False, slots=True)
class Comparison:
    """What is compared: `y` and the covariates of all rows, who has the `old` and who the `new` value, and groups that go
    together (None when rows are independent). `binary` says that `y` is 0 or 1."""

    y: Floats
    old: Mask
    new: Mask
    covariates: Covariates
    binary: bool
    groups: NDArray[np.generic] | None = None
    seed: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class Effect:
    """The adjusted change of the mean outcome with its 95 % interval and two-sided p.

    `raw_gap` compares the groups as they are. `support` is the share of old rows that have comparable new ones; `supported`
    marks them among all rows. `same_sign` counts the folds (of 5) that agree. `residual` and `weight` are the mean squared
    outcome residual and Riesz weight that the robustness value rests on.
    """

    estimate: float
    low: float
    high: float
    p: float
    raw_gap: float
    support: float
    supported: Mask
    same_sign: int
    residual: float
    weight: float

    @property
    def robustness(self) -> float:
        """The robustness value, 0 to 1."""
        return robustness_value(self.estimate, self.residual, self.weight)


def estimate_effect(case: Comparison) -> Effect | None:
    """The effect on the old rows of having the new value instead; None with fewer than 30 rows on a side to compare."""
    picked = case.old | case.new
    if min(int(case.old.sum()), int(case.new.sum())) < LEAST_ROWS:
        return None
    y, new, covariates = case.y[picked], case.new[picked], case.covariates.rows(picked)
    groups = None if case.groups is None else case.groups[picked]
    folds = fold_of(len(y), groups, case.seed)
    everyone = np.ones(len(y), dtype=bool)
    chance = cross_fit(covariates, new.astype(np.float64), everyone, folds, True).clip(1e-6, 1 - 1e-6)
    comparable = chance >= LEAST_CHANCE
    if min(int((comparable & ~new).sum()), int((comparable & new).sum())) < LEAST_ROWS:
        return None
    expected_new = cross_fit(covariates, y, new, folds, case.binary)
    expected_old = cross_fit(covariates, y, ~new, folds, case.binary)
    weight = _weights(chance, new, comparable)
    part = (comparable & ~new) / float((comparable & ~new).mean())
    psi = part * (expected_new - y) + np.where(new, weight * (y - expected_new), 0.0)
    estimate = float(psi.mean())
    error = _standard_error(psi - estimate * part, groups)
    residual = float(np.mean((y - np.where(new, expected_new, expected_old))[comparable] ** 2))
    supported = np.zeros(len(case.y), dtype=bool)
    supported[np.flatnonzero(picked)[comparable & ~new]] = True
    signs = [psi[folds == fold].mean() * estimate > 0 for fold in range(FOLDS) if (folds == fold).any()]
    low, high, p = _bounds(estimate, error)
    return Effect(
        estimate=estimate,
        low=low,
        high=high,
        p=p,
        raw_gap=float(y[new].mean() - y[~new].mean()),
        supported=supported,
        support=float(comparable[~new].mean()),
        same_sign=sum(map(bool, signs)),
        residual=residual,
        weight=float(np.mean(weight**2)),
    )


def _weights(chance: Floats, new: Mask, comparable: Mask) -> Floats:
    """The Riesz representer of the ATT: odds weights on new rows, minus one on old ones, per share of comparable old rows."""
    share = float((comparable & ~new).mean())
    weight = np.where(new, (1 - chance) / chance, -1.0) * comparable / share
    return np.asarray(weight, dtype=np.float64)


def estimate_slope(
    y: Floats, lever: Floats, covariates: Covariates, binary: bool, groups: NDArray[np.generic] | None = None
) -> Effect | None:
    """The change of the mean outcome per unit of a numeric lever (partially linear model); None when the lever does not vary
    once the covariates are known."""
    known = np.isfinite(lever) & np.isfinite(y)
    if int(known.sum()) < 4 * LEAST_ROWS or np.ptp(lever[known]) == 0:
        return None
    values, dose, given = y[known], lever[known], covariates.rows(known)
    picked = None if groups is None else groups[known]
    folds = fold_of(len(values), picked, 0)
    everyone = np.ones(len(values), dtype=bool)
    left_y = values - cross_fit(given, values, everyone, folds, binary)
    left_dose = dose - cross_fit(given, dose, everyone, folds, False)
    variance = float(np.mean(left_dose**2))
    if variance <= 1e-9 * float(dose.var()):
        return None
    slope = float(np.mean(left_dose * left_y)) / variance
    residual = left_y - slope * left_dose
    error = _standard_error(left_dose * residual / variance, picked)
    centred = dose - dose.mean()
    raw = float(np.mean(centred * values)) / float(np.mean(centred**2))
    signs = [float(np.sum(left_dose[folds == fold] * left_y[folds == fold])) * slope > 0 for fold in range(FOLDS)]
    low, high, p = _bounds(slope, error)
    return Effect(
        estimate=slope,
        low=low,
        high=high,
        p=p,
        raw_gap=raw,
        supported=known,
        support=1.0,
        same_sign=sum(signs),
        residual=float(np.mean(residual**2)),
        weight=1 / variance,
    )


def _bounds(estimate: float, error: float) -> tuple[float, float, float]:
    """95 % interval and two-sided p of a normal estimate; p is 1 when nothing varies."""
    from scipy import stats

    reach = 1.959964 * error
    p = float(2 * stats.norm.sf(abs(estimate) / error)) if error > 0 else 1.0
    return estimate - reach, estimate + reach, p


def _standard_error(influence: Floats, groups: NDArray[np.generic] | None) -> float:
    """Standard error of the mean influence; rows of one group are summed first."""
    rows = len(influence)
    if groups is None:
        return float(influence.std(ddof=1)) / math.sqrt(rows)
    sums = np.bincount(pd.factorize(groups)[0] + 1, weights=influence)
    return float(np.sqrt(np.sum(sums**2))) / rows


def robustness_value(estimate: float, residual: float, weight: float) -> float:
    """How much of what is left of both lever and outcome a hidden factor must explain to cancel the estimate (0 to 1)."""
    bound = residual * weight
    if bound <= 0:
        return 1.0 if estimate else 0.0
    ratio = estimate**2 / bound
    return (math.sqrt(ratio**2 + 4 * ratio) - ratio) / 2


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A hidden factor as strong as the observed `column` would have the robustness value `strength`."""

    column: str
    strength: float


def strongest_observed(case: Comparison, effect: Effect, most: int = 2) -> Benchmark | None:
    """The strongest observed covariate; None when there is nothing to leave out.

    Its strength is the largest of: the shift of the estimate when it is left out, the bias its own explanatory gains allow, and
    what adjusting for it alone takes off the raw gap (correlated columns make up for one that is left out, so leaving it out
    alone would flatter the estimate).
    """
    picked = case.old | case.new
    given = case.covariates.rows(picked)
    if len(given.names) < 2:
        return None
    weights = gains(given, case.new[picked].astype(np.float64), True) + gains(given, case.y[picked], case.binary)
    best: Benchmark | None = None
    for place in np.argsort(-weights)[:most]:
        name = given.names[int(place)]
        short = estimate_effect(_with(case, case.covariates.without(name)))
        if short is None:
            continue
        told_y = max(0.0, 1 - effect.residual / short.residual)
        told_lever = max(0.0, 1 - short.weight / effect.weight)
        bias = math.sqrt(told_y * told_lever / max(1e-9, 1 - told_lever) * effect.residual * effect.weight)
        alone = estimate_effect(_with(case, case.covariates.only(name)))
        taken_away = abs(alone.raw_gap - alone.estimate) if alone is not None else 0.0
        shift = max(bias, abs(short.estimate - effect.estimate), taken_away)
        strength = robustness_value(shift, effect.residual, effect.weight)
        if best is None or strength > best.strength:
            best = Benchmark(name, strength)
    return best


def _with(case: Comparison, covariates: Covariates) -> Comparison:
    return Comparison(case.y, case.old, case.new, covariates, case.binary, case.groups, case.seed)


def placebo_passes(case: Comparison) -> bool:
    """Whether a lever shuffled among rows of equal propensity shows no effect, as it must (p of 0.01 or more)."""
    picked = np.flatnonzero(case.old | case.new)
    new = case.new[picked]
    given = case.covariates.rows(picked)
    folds = fold_of(len(picked), None, case.seed)
    chance = cross_fit(given, new.astype(np.float64), np.ones(len(picked), dtype=bool), folds, True)
    generator = np.random.default_rng(case.seed + 1)
    shuffled = new.copy()
    for stratum in np.array_split(np.argsort(chance), 20):
        shuffled[stratum] = generator.permutation(new[stratum])
    fake = np.zeros(len(case.y), dtype=bool)
    fake[picked[shuffled]] = True
    old = np.zeros(len(case.y), dtype=bool)
    old[picked[~shuffled]] = True
    effect = estimate_effect(Comparison(case.y, old, fake, case.covariates, case.binary, case.groups, case.seed))
    return effect is None or effect.p >= 0.01
