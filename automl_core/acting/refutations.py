"""Attempts to break an estimate: a placebo lever, a random common cause, and the strongest known column left out."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.acting import linear
from automl_core.acting.covariates import Covariates
from automl_core.acting.effects import Comparison, Effect, comparison_scores, estimate, robustness_value
from automl_core.acting.nuisance import MOST_BENT, Learner
from automl_core.acting.scores import Mask, Scores, given_to_groups
from automl_core.acting.statistics import told_beyond_chance
from automl_core.explaining.words import quote
from automl_core.framing.dependent import codes_of
from automl_core.framing.shares import Z

STRATA = 20
LEAST_STRATUM = 20
SHUFFLES = 20
FAILED_MOST = 4  # of 20 shuffles at 5 %: a sound estimate has more than 4 in 0.3 % of cases
SMALL_FIT_ROWS = 4_000
SMALL_ROUNDS = 60
SMALL_FOLDS = 2  # on 600 to 3,000 rows strengths came out as with five, and a random column shifted nothing by half an error
LARGE = 10_000
TOGETHER_Z = 3.3
TOGETHER_LEAST = 0.03


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A hidden factor as strong as the observed `column` (empty: all of them together) would have the robustness value
    `strength`."""

    column: str
    strength: float

    @property
    def words(self) -> str:
        """The column in quotes, or that all are meant."""
        return quote(self.column) if self.column else "all known columns together"


def placebo_passes(scores: Scores, group: Mask, seed: int = 0) -> bool:
    """Whether the lever, shuffled among rows of equal propensity, shows no effect, as it must.

    Twenty shuffles; the outcome expected at the shuffled lever is that of both values together, because chance alone decides.
    """
    rows = np.flatnonzero(scores.region & group)
    if scores.riesz is not None:
        return _dose_placebo(scores, scores.riesz[rows], rows, seed)
    chance, y, middle = scores.chance[rows], scores.y[rows], scores.middle[rows]
    new = scores.new[rows]
    odds = (1 - chance) / chance
    groups = None if scores.groups is None else codes_of(scores.groups[rows])
    units = np.arange(len(rows))
    if groups is not None and given_to_groups(new, np.ones(len(rows), dtype=bool), groups):
        units = groups  # what whole groups have is shuffled among groups
    first = np.unique(units, return_index=True)[1]
    generator = np.random.default_rng(seed + 1)
    strata = np.array_split(np.argsort(chance[first], kind="stable"), min(STRATA, max(1, len(first) // LEAST_STRATUM)))
    failed = 0
    for _ in range(SHUFFLES):
        fake = new[first]
        for stratum in strata:
            fake[stratum] = generator.permutation(fake[stratum])
        failed += _differs(np.where(fake[units], odds, -1.0) * (y - middle), groups)
    return failed <= FAILED_MOST


def _dose_placebo(scores: Scores, leans: np.ndarray, rows: np.ndarray, seed: int) -> bool:
    left_y = scores.y[rows] - scores.middle[rows]
    generator = np.random.default_rng(seed + 1)
    strata = np.array_split(np.argsort(scores.middle[rows], kind="stable"), min(STRATA, max(1, len(rows) // 50)))
    failed = 0
    groups = None if scores.groups is None else codes_of(scores.groups[rows])
    for _ in range(SHUFFLES):
        fake = leans.copy()
        for stratum in strata:
            fake[stratum] = generator.permutation(leans[stratum])
        failed += _differs((fake - fake.mean()) * left_y, groups)
    return failed <= FAILED_MOST


def _differs(psi: np.ndarray, groups: np.ndarray | None) -> bool:
    """Whether the mean differs from nothing at 5 %; rows of one group are summed first."""
    error, limit = float(psi.std(ddof=1)) / math.sqrt(len(psi)), Z
    if groups is not None:
        from scipy.special import stdtrit

        error = float(np.sqrt(np.sum(np.bincount(groups, weights=psi - psi.mean()) ** 2))) / len(psi)
        limit = float(stdtrit(max(1, len(np.unique(groups)) // 2), 0.975))
    return error > 0 and abs(float(psi.mean())) > limit * error


def small_learner(covariates: Covariates, seed: int = 0) -> Learner:
    """A learner for refutations: fewer rows and rounds, because only a shift of the estimate matters."""
    return Learner(covariates, SMALL_FIT_ROWS, SMALL_ROUNDS, seed, bends=False)


def small_effect(case: Comparison) -> Effect | None:
    """The effect by the small models of the refutations, which each of them is compared with; None when they cannot tell it."""
    return _again(case, case.covariates)


def random_cause_passes(case: Comparison, before: Effect, small: Effect | None) -> bool:
    """Whether one more column, drawn by chance, leaves the estimate of the same small models where it was: within one standard
    error of the estimate `before`, or of their own where they see a sample only."""
    noise = np.random.default_rng(case.seed + 2).normal(size=(len(case.y), 1))
    names = (*case.covariates.names, "")
    with_noise = _again(case, Covariates(np.hstack([case.covariates.matrix, noise]), case.covariates.categorical, names))
    if with_noise is None or small is None:
        return True
    return abs(with_noise.estimate - small.estimate) <= (before.error if len(case.y) <= LARGE else small.error)


def strongest_observed(case: Comparison, effect: Effect, small: Effect | None, most: int = 2) -> Benchmark | None:
    """The strongest observed covariate; None when there is nothing to leave out.

    Its strength is the largest of: the shift of the estimate when it is left out, the bias its own explanatory gains allow, and
    what adjusting for it alone takes off the raw gap (correlated columns make up for one that is left out, so leaving it out
    alone would flatter the estimate). When all known columns together take off clearly more than the strongest one, they are
    the benchmark, and its `column` is empty. What is left out is compared with the same `small` models that have it. The raw gap
    of a number is a straight line, which would count a bend as taken off: the same models without any column stand for it.
    """
    given = case.covariates
    columns = given.columns
    if len(columns) < 2:
        return None
    picked = _sample(np.flatnonzero(case.old | case.new), case.seed, SMALL_FIT_ROWS)
    learner = small_learner(given.rows(picked), case.seed)
    weights = learner.gains(case.lever[picked], case.dose is None) + learner.gains(case.y[picked], case.binary)
    shares = np.bincount([columns.index(name) for name in given.names], weights)  # the parts of a date are one column
    bare = None if case.dose is None else _again(case, given.none())
    if case.dose is not None and (small is None or bare is None):
        return None
    whole = effect if bare is None or small is None else small
    best = Benchmark("", robustness_value(_taken_off(whole, bare), effect.residual, effect.weight))
    if small is None:
        return best
    for place in np.argsort(-shares)[:most]:
        name = columns[int(place)]
        short = _again(case, given.without(name))
        if short is None:
            continue
        told_y = max(0.0, 1 - small.residual / short.residual)
        told_lever = max(0.0, 1 - short.weight / small.weight)
        bias = math.sqrt(told_y * told_lever / max(1e-9, 1 - told_lever) * effect.residual * effect.weight)
        alone = _again(case, given.only(name))
        taken_away = 0.0 if alone is None else _taken_off(alone, bare)
        shift = max(bias, abs(short.estimate - small.estimate), taken_away)
        strength = robustness_value(shift, effect.residual, effect.weight)
        if strength >= 0.9 * best.strength:
            best = Benchmark(name, max(strength, best.strength))
    return best


def _taken_off(adjusted: Effect, bare: Effect | None) -> float:
    """What comparing like with like takes off the gap as it is, or off the effect of a number without any column (`bare`)."""
    return abs((adjusted.raw_gap if bare is None else bare.estimate) - adjusted.estimate)


def is_steered(scores: Scores, clearly: bool = False) -> bool:
    """Whether known columns tell who has the new value, or how high a number is, beyond what chance makes of it; `clearly`:
    more than a hint."""
    lever = scores.new.astype(np.float64) if scores.dose is None else scores.dose
    return told_beyond_chance(scores.chance[scores.region], lever[scores.region], 2.0 if clearly else 1.0)


def levers_go_together(case: Comparison, others: tuple[str, ...]) -> str:
    """The name of another lever that goes together with this one beyond what the known columns tell; empty when none does.

    Two things that people decide apart, and that still move together, have something in common that is not in the table. A Wald
    test in a logistic model of who has the new value, or in a bent line of how high a number is, on 10,000 rows at most, rows of
    one group counted as dependent; small associations (below 0.03) do not count.
    """
    picked = _sample(np.flatnonzero(case.old | case.new), case.seed)
    given, binary = case.covariates.rows(picked), case.dose is None
    named = [name for name in others if name in given.names]
    known = given
    for name in named:
        known = known.without(name)
    target = case.lever[picked] if binary else linear.standard(case.lever[picked])
    start = linear.design(known)
    bent = None if binary else linear.curved(known, start, MOST_BENT)
    start = start if bent is None else bent
    near = linear.fit(start, target, True) if named and binary else None
    codes = None if case.groups is None else codes_of(case.groups[picked])
    for name in named:
        added = linear.design(given.only(name))[:, 1:]
        matrix = np.hstack([start, added[:, :-1] if given.only(name).categorical and added.shape[1] > 1 else added])
        beta = linear.fit(matrix, target, binary, start=None if near is None else np.pad(near, (0, matrix.shape[1] - len(near))))
        z = np.abs(beta / _errors(matrix, target - linear.predict(matrix, beta, binary), binary, codes))[start.shape[1] :]
        if len(z) and z.max() > TOGETHER_Z and z.max() / math.sqrt(len(target)) > TOGETHER_LEAST:
            return name
    return ""


def _errors(matrix: np.ndarray, left: np.ndarray, binary: bool, codes: NDArray[np.int64] | None) -> np.ndarray:
    """The standard errors of the coefficients of a line, or of a logistic one, that leaves `left` (n,) of its target; rows of one
    group, by their `codes`, are summed first."""
    # of a logistic line |left| is 1 - chance or chance, whichever way the target fell: both make the same spread
    weights = np.maximum(np.abs(left) * (1 - np.abs(left)), 1e-4) if binary else np.ones(len(left))
    spread = np.linalg.inv((matrix * weights[:, None]).T @ matrix + np.eye(matrix.shape[1]))
    variances = np.diag(spread) * (1.0 if binary else float(left.var()))
    if codes is not None:
        pulls = matrix * left[:, None]
        sums = np.column_stack([np.bincount(codes, pull) for pull in pulls.T]) @ spread
        variances = np.maximum(variances, (sums**2).sum(axis=0))
    return np.asarray(np.sqrt(variances), dtype=np.float64)


def _again(case: Comparison, covariates: Covariates) -> Effect | None:
    """The effect on everybody again with small models, on 10,000 rows drawn by chance (always the same) when there are more, and
    all of a side of few."""
    few = next((side for side in (case.old, case.new) if side.sum() <= LARGE // 20), np.zeros(len(case.y), dtype=bool))
    either = np.flatnonzero((case.old | case.new) & ~few)
    picked = np.sort(np.concatenate([_sample(either, case.seed), np.flatnonzero(few)]))
    if len(picked) < len(case.y):
        covariates = covariates.rows(picked)
    other = case.rows(picked, covariates)
    scores = comparison_scores(other, small_learner(covariates, case.seed), SMALL_FOLDS, middle=False)
    return None if scores is None else estimate(scores, np.ones(len(picked), dtype=bool))


def _sample(rows: NDArray[np.intp], seed: int, most: int = LARGE) -> NDArray[np.intp]:
    """At `most` so many of the rows, always the same, when there are more."""
    return rows if len(rows) <= most else np.sort(np.random.default_rng(seed + 3).choice(rows, most, replace=False))
