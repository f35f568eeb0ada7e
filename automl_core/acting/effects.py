"""The adjusted effect of a move in a group of rows, comparing like with like, with its interval and its robustness value.

The robustness value (Chernozhukov, Cinelli, Newey, Sharma and Syrgkanis 2022) says how strong a hidden factor must be to cancel
the estimate. No method can see a hidden factor; only a randomised pilot can.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.covariates import Covariates
from automl_core.acting.nuisance import FOLDS, Learner, fold_of
from automl_core.acting.scores import LEAST_ROWS, Scores, Setting, category_scores, level
from automl_core.acting.shift import Shift, dose_of, shift_scores
from automl_core.acting.statistics import unseen_variance
from automl_core.framing.dependent import LEAST_WORTH, codes_of, effective, likeness, sum_error

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
UNFINISHED = 5.0  # of the last change: measured where what three numbers do together is behind lever and outcome, ten are left


@dataclass(frozen=True, eq=False, slots=True)
class Comparison:
    """What is compared: `y` and the covariates of all rows, who has the `old` and who the `new` value, and groups that go
    together (None when rows are independent). `binary` says that `y` is 0 or 1. A number has its `dose` and the `step` of each
    row, (n,): then `old` are the rows that are moved, `new` all whose number is known."""

    y: Floats
    old: Mask
    new: Mask
    covariates: Covariates
    binary: bool
    groups: NDArray[np.generic] | None = None
    seed: int = 0
    dose: Floats | None = None
    step: Floats | None = None

    @property
    def lever(self) -> Floats:
        """(n,) The number, or 1 for the rows that have the new value."""
        return self.new.astype(np.float64) if self.dose is None else self.dose

    def rows(self, picked: NDArray[np.intp], covariates: Covariates) -> Comparison:
        """Some rows only, by these covariates of them."""
        groups = None if self.groups is None else self.groups[picked]
        dose, step = (None if values is None else values[picked] for values in (self.dose, self.step))
        y, old, new = self.y[picked], self.old[picked], self.new[picked]
        return Comparison(y, old, new, covariates, self.binary, groups, self.seed, dose, step)


class Money(NamedTuple):
    """The change of what outcomes are worth, a moved row in the mean, with its 95 % interval and standard error."""

    estimate: float
    low: float
    high: float
    error: float


@dataclass(frozen=True, eq=False, slots=True)
class Effect:
    """The adjusted change of the mean outcome of the `moved` rows (a mask) with its 95 % interval, standard error and p.

    `raw_gap` compares the groups as they are; `support` is the share of the eligible rows that have comparable new ones.
    `clusters` counts the groups of rows on the smaller side (0: rows are independent). `same_sign` counts the folds that agree,
    of so many `blocks` as have rows: five, but for few clusters. `residual` and `weight` are the mean squared outcome residual
    and Riesz weight that the robustness value rests on. `rows` were used. `money` is the change of what the outcomes are worth,
    in the direction of the outcome, where the scores say what each row's is.
    """

    estimate: float
    low: float
    high: float
    p: float
    error: float
    raw_gap: float
    support: float
    moved: Mask
    same_sign: int
    residual: float
    weight: float
    rows: int
    clusters: int = 0
    money: Money | None = None
    blocks: int = FOLDS

    def in_money(self, worth: float) -> tuple[float, float]:
        """What the effect brings a row and its standard error, where a unit of the outcome is worth so much in the mean (below
        zero where less is wanted)."""
        if self.money is None:
            return worth * self.estimate, abs(worth) * self.error
        return math.copysign(1.0, worth) * self.money.estimate, self.money.error

    @property
    def robustness(self) -> float:
        """The robustness value, 0 to 1."""
        return robustness_value(self.estimate, self.residual, self.weight)

    @property
    def firm_robustness(self) -> float:
        """The robustness value of the interval's weak end: what cancels not the estimate but its being different from nothing."""
        weak = 0.0 if self.low * self.high <= 0 else min(self.low, self.high, key=abs)
        return robustness_value(weak, self.residual, self.weight)


def estimate(scores: Scores, group: Mask, everyone: bool = False) -> Effect | None:
    """The effect on the rows of a group; None with fewer than 30 rows on a side to compare, or where those of a side go together
    so much that they are worth fewer than two groups: the range of what these tell has no end.

    For categories it speaks of the rows that have comparable ones; with `everyone` of all eligible rows, the few others among
    them by the outcome model, and the interval then holds for both. Numbers always speak of all eligible rows. Where outcomes
    had a say in which values are moved, figures are those told `apart`; p is 1 where there is no such.
    """
    effect = _estimate(scores, group, everyone)
    if effect is None or scores.apart is None:
        return effect
    told = _estimate(scores.apart, group, everyone)
    if told is None:
        return replace(effect, p=1.0)
    return replace(told, moved=effect.moved, support=effect.support, raw_gap=effect.raw_gap)


def _estimate(scores: Scores, group: Mask, everyone: bool) -> Effect | None:
    """The same by these scores alone."""
    used, able, near = scores.region & group, scores.eligible & group, scores.near & group
    if min(int(near.sum()), int((scores.new & used).sum())) < LEAST_ROWS:
        return None
    clusters = _clusters(scores, used)
    if scores.groups is not None and clusters < LEAST_WORTH:
        return None
    told = _told(scores, group, clusters, everyone)
    used, moved, ratio = told.used, told.moved, told.mean.estimate
    priced = None if scores.priced is None else _told(scores.priced, group, clusters, everyone).mean
    psi, blocks = scores.psi[used], scores.blocks[used]
    signs = [psi[blocks == block].sum() * ratio > 0 for block in range(FOLDS) if (blocks == block).any()]
    share = float(moved[used].mean())
    return Effect(
        estimate=ratio,
        low=told.mean.low,
        high=told.mean.high,
        p=told.p,
        error=told.mean.error,
        raw_gap=_raw_gap(scores, group),
        support=float(near.sum() / able.sum()),
        moved=moved,
        same_sign=sum(map(bool, signs)),
        residual=float(scores.residual[used].mean()),
        weight=float(scores.weight[used].mean()) / share**2,
        rows=int(used.sum()),
        clusters=clusters,
        money=priced,
        blocks=len(signs),
    )


class _Told(NamedTuple):
    """The mean of scores on the `moved` rows, by the rows `used`, and its p."""

    mean: Money
    p: float
    used: Mask
    moved: Mask


def _told(scores: Scores, group: Mask, clusters: int, everyone: bool) -> _Told:
    """The mean of a group's scores, of those of its rows that `estimate` says."""
    used, able, near = scores.region & group, scores.eligible & group, scores.near & group
    alike, moved = (used, able) if scores.numeric else (used & ~(able & ~near), near)
    ratio, error = _mean(scores, alike, moved)
    low, high, p = _bounds(ratio, error, clusters)
    if everyone and not bool(moved[able].all()):
        alike, moved = used, able
        ratio, error = _mean(scores, alike, moved)
        wide = _bounds(ratio, error, clusters)
        low, high, p = min(low, wide[0]), max(high, wide[1]), max(p, wide[2])
    return _Told(Money(ratio, low, high, error), p, alike, moved)


def best_of(effect: Effect, rules: int, stop: float, cost: float = 0.0) -> Effect:
    """The same effect, told of the best of so many rules: one in a family is picked, so its interval is that of 95 % shared out
    among them (the false coverage rate of Benjamini and Yekutieli 2005).

    Where the plain interval lies beyond `stop` (what it takes to pay), the wider one ends there: what has been shown to be more
    needs no second correction (stepwise intervals, Hsu and Berger 1999). So with its money and what the change of a row must
    bring, its `cost` in the direction of the outcome.
    """
    wider = _reach(effect.clusters, 0.05 / rules) / _reach(effect.clusters)
    low, high = _widened((effect.low, effect.estimate, effect.high), wider, stop)
    if effect.money is None:
        return replace(effect, low=low, high=high)
    ends = _widened((effect.money.low, effect.money.estimate, effect.money.high), wider, cost)
    return replace(effect, low=low, high=high, money=effect.money._replace(low=ends[0], high=ends[1]))


def possible(effect: Effect, y: Floats, values: Floats | None = None) -> Effect:
    """The same effect on rows whose outcomes now are `y` (m,), each 0 or 1: its range ends where none or all have the outcome, or
    at the estimate, where that is further. So does that of its money, where outcomes are worth the `values` (m,)."""
    low, high = within((effect.low, effect.estimate, effect.high), -float(y.mean()), float(1 - y.mean()))
    if effect.money is None or values is None:
        return replace(effect, low=low, high=high)
    told = effect.money
    ends = within((told.low, told.estimate, told.high), -float((values * y).mean()), float((values * (1 - y)).mean()))
    return replace(effect, low=low, high=high, money=told._replace(low=ends[0], high=ends[1]))


def within(told: tuple[float, float, float], least: float, most: float) -> tuple[float, float]:
    """The ends of a range (low, middle, high) as far as they can be, but the middle is never left out."""
    low, middle, high = told
    return max(low, min(least, middle)), min(high, max(most, middle))


def _widened(told: tuple[float, float, float], wider: float, stop: float) -> tuple[float, float]:
    """The ends of a range (low, middle, high) so many times as far out, but not beyond `stop` where they were not."""
    low, high = (told[1] + wider * (end - told[1]) for end in (told[0], told[2]))
    return max(low, stop) if told[0] > stop else low, min(high, stop) if told[2] < stop else high


def _mean(scores: Scores, used: Mask, moved: Mask) -> tuple[float, float]:
    """The mean effect on the moved rows and its standard error, from the scores of the rows used.

    Where twice the rows still move the estimate, more of them would move it further than it was extrapolated: sharp corners of
    many columns are learned more slowly than theory asks for, and the error admits that. So it does where rows of a side hardly
    had the outcome, and do not show how it varies.
    """
    psi, part, total = scores.psi[used], moved[used].astype(np.float64), float(moved.sum())
    ratio = float(psi.sum()) / total
    error = _total_error(psi - ratio * part, None if scores.groups is None else scores.groups[used]) / total
    drift = 0.0 if scores.drift is None else float(scores.drift[used].sum()) / total
    return ratio, math.hypot(math.hypot(error, UNFINISHED * drift), math.sqrt(_unseen(scores, used, moved)) / total)


def _unseen(scores: Scores, used: Mask, moved: Mask) -> float:
    """The variance of the sum of the scores that sides with hardly any events do not show: none of 100 rows had the outcome, and
    it would seem certain that no row at that value ever has. Rows of a group add up as far as all rows show them to be alike."""
    if scores.numeric:
        return 0.0
    y, sides = scores.y[used], (scores.new & used, moved)
    if scores.groups is None:
        return sum(unseen_variance(y, side[used]) * float(scores.weight[side].sum()) for side in sides)
    codes = codes_of(scores.groups[used])
    weight, alike, total = scores.weight[used], likeness(y, codes), 0.0
    for side in (one[used] for one in sides):
        sums = np.bincount(codes[side], np.sqrt(weight[side]))
        mass = alike * float((sums**2).sum()) + (1 - alike) * float(weight[side].sum())
        total += unseen_variance(y, side, codes) * mass
    return total


def _clusters(scores: Scores, used: Mask) -> int:
    """How many groups of rows stand on the smaller side, by their effective number."""
    if scores.groups is None:
        return 0
    codes = codes_of(scores.groups)
    sides = (used,) if scores.numeric else (used & scores.new, used & scores.eligible)
    return int(min(effective(side.astype(np.float64), codes) for side in sides))


def _raw_gap(scores: Scores, group: Mask) -> float:
    if scores.dose is None or scores.step is None:
        return float(scores.y[scores.new & group].mean() - scores.y[scores.eligible & group].mean())
    known = scores.region & group
    dose, y = scores.dose[known], scores.y[known]
    spread = float(np.ptp(dose))
    if spread <= 1e-12 * float(np.abs(dose).max()):
        return 0.0  # one value, but for what arithmetic in decimals loses
    centred = (dose - dose.mean()) / spread  # in a unit of its own: squares of millionths are nought to any fixed floor
    slope = float(np.mean(centred * y)) / float(np.mean(centred**2))
    return slope * float(scores.step[scores.eligible & group].mean()) / spread


def _bounds(estimate: float, error: float, clusters: int = 0) -> tuple[float, float, float]:
    """95 % interval and two-sided p; p is 1 when nothing varies. With clusters by Student's t, so few of them give a wide one."""
    from scipy.special import ndtr, stdtr

    reach = _reach(clusters) * error
    below = -abs(estimate) / error if error > 0 else 0.0
    p = float(2 * (stdtr(max(1, clusters - 1), below) if clusters else ndtr(below)))
    return estimate - reach, estimate + reach, p


def _reach(clusters: int, missed: float = 0.05) -> float:
    """How many errors an interval reaches to either side when it may miss so often."""
    from scipy.special import ndtri, stdtrit

    return float(stdtrit(max(1, clusters - 1), 1 - missed / 2) if clusters else ndtri(1 - missed / 2))


def _total_error(influence: Floats, groups: NDArray[np.generic] | None) -> float:
    """Standard error of the sum of the influence, by the one rule for rows that go together: of so many groups as they are worth,
    and never less than for rows by themselves."""
    alone = sum_error(influence)
    return alone if groups is None else max(alone, sum_error(influence, codes_of(groups)))


def robustness_value(estimate: float, residual: float, weight: float) -> float:
    """How much of what is left of both lever and outcome a hidden factor must explain to cancel the estimate (0 to 1)."""
    bound = residual * weight
    if bound <= 0:
        return 1.0 if estimate else 0.0
    ratio = estimate**2 / bound
    return (math.sqrt(ratio**2 + 4 * ratio) - ratio) / 2


def estimate_of(robustness: float, residual: float, weight: float) -> float:
    """The size of the estimate that has this robustness value (0 to 1): the inverse of `robustness_value`."""
    return math.inf if robustness >= 1 else robustness * math.sqrt(residual * weight / (1 - robustness))


def setting_of(case: Comparison, learner: Learner | None = None, folds: int = FOLDS) -> Setting:
    """The folds and the learner of a comparison."""
    made = learner or Learner(case.covariates, seed=case.seed)
    parts = fold_of(len(case.y), case.groups, case.seed, folds)
    return Setting(case.y, case.binary, made, parts, parts, case.groups)


def comparison_scores(
    case: Comparison, learner: Learner | None = None, folds: int = FOLDS, middle: bool = True
) -> Scores | None:
    """Scores of moving the old rows to the new value, or a number by its steps; None when there is too little to compare. Of a
    number the `middle` is left out where no placebo is asked."""
    if min(int(case.old.sum()), int(case.new.sum())) < LEAST_ROWS:
        return None
    setting = setting_of(case, learner, folds)
    if case.dose is not None and case.step is not None:
        made = dose_of(setting, case.dose, middle)
        return None if made is None else shift_scores(setting, made, (Shift(case.step, case.old),))[0]
    new = level(setting, case.new, case.old | case.new)
    return category_scores(setting, (level(setting, case.old, case.old | case.new, new),), new)
