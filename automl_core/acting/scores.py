"""Row-level doubly robust scores of a move: their sums give the effect in any group of rows.

Categories: the efficient score of the effect on those at the old value (ATT; Robins, Rotnitzky and Zhao 1994; Chernozhukov et
al. 2018). Nuisances are cross-fitted; where they are no straight line, a score is extrapolated from what models of half the rows
and of all rows tell (Richardson), as if its bias, a product of two errors, fell with the number of rows. Numbers have their own:
`shift`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.nuisance import CrossFit, Folds, Learner
from automl_core.framing.dependent import codes_of

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
LEAST_CHANCE = 0.03  # rows with a smaller chance of having the new value have nobody to be compared with
LEAST_OF_SHARE = 0.3  # of the value's own share, where that is smaller: of a value that few have all have a small chance
LEAST_ROWS = 30


@dataclass(frozen=True, eq=False, slots=True)
class Scores:
    """Scores of one move, all (n,): the effect in a group is sum(psi) / sum(part) over its rows.

    `eligible` rows are those the move is for; `near` ones have comparable new rows, for the others only the outcome model speaks.
    `region` are all rows the estimate rests on, `new` the rows at the new value
    (for a number, those that tell about it).
    `residual` and `weight` are squared outcome residuals and squared Riesz weights before they are divided by the share of
    `part`; `chance` is the propensity (of a number: what it is expected to be), `middle` the outcome expected without knowing
    the lever, `told` the effect on each eligible row by the outcome models alone (0 elsewhere).
    `drift` is how the scores change when the models behind them learn from half the rows (None where a line tells all).
    Numbers have their `dose`, the `step` of each row and the `riesz` weights with their sign. `values` say what an outcome of
    each row is worth, where rows are compared on it (None: their money is not asked). Where outcomes had a say in which values
    are moved, `apart` are the scores that figures come from: each half of the rows scored for the values that the other picked.
    `least` is the smallest chance of having the new value with which a row has comparable ones.
    """

    y: Floats
    psi: Floats
    part: Floats
    eligible: Mask
    near: Mask
    region: Mask
    new: Mask
    residual: Floats
    weight: Floats
    chance: Floats
    middle: Floats
    told: Floats
    blocks: Folds
    groups: NDArray[np.generic] | None
    dose: Floats | None = None
    step: Floats | None = None
    riesz: Floats | None = None
    randomised: bool = False
    drift: Floats | None = None
    values: Floats | None = None
    apart: Scores | None = None
    least: float = LEAST_CHANCE

    @property
    def priced(self) -> Scores | None:
        """Scores of what the outcomes are worth: a row's own score times its value, which is right where rows are compared on
        that; None where money is not asked."""
        if self.values is None:
            return None
        drift = None if self.drift is None else self.drift * self.values
        return replace(self, psi=self.psi * self.values, weight=self.weight * self.values**2, drift=drift, values=None)

    @property
    def numeric(self) -> bool:
        """Whether a number is moved by a step."""
        return self.dose is not None

    def limited(self, plausible: Mask) -> Scores:
        """The same move of a category, resting on fewer rows: those whose changed row is `plausible` (by its covariates)."""
        region = (self.region & plausible) | self.eligible
        drift = None if self.drift is None else np.where(region, self.drift, 0.0)
        apart = None if self.apart is None else self.apart.limited(plausible)
        return replace(self, psi=np.where(region, self.psi, 0.0), near=self.near & plausible, region=region, drift=drift,
                       apart=apart)

    def valued(self, values: Floats) -> Scores:
        """The same where an outcome of each row is worth so much, (n,)."""
        return replace(self, values=values, apart=None if self.apart is None else self.apart.valued(values))


@dataclass(frozen=True, eq=False, slots=True)
class Level:
    """One value of a lever: its rows, each row's chance of having it, and the outcome expected at it; both as models of half the
    rows tell them, too, where neither is a straight line (see `CrossFit`)."""

    rows: Mask
    chance: Floats
    expected: Floats
    half_chances: tuple[Floats, ...] = ()
    half_expected: tuple[Floats, ...] = ()


def least_chance(rows: Mask, among: Mask) -> float:
    """With which chance of being one of the marked `rows` a row `among` them has comparable ones, at least."""
    return min(LEAST_CHANCE, LEAST_OF_SHARE * float(rows.sum()) / max(1, int(among.sum())))


def given_to_groups(rows: Mask, among: Mask, groups: NDArray[np.generic]) -> bool:
    """Whether the marked `rows` are (but for one in fifty) whole groups of those `among`, and groups have several rows."""
    codes = codes_of(groups)[among]
    return bool(len(codes) >= 2 * np.count_nonzero(np.bincount(codes))) and mostly_whole(rows[among], codes)


def mostly_whole(rows: Mask, codes: Folds) -> bool:
    """Whether groups, by the `codes` (n,), have the marked `rows` (n,) as a whole, but for one in fifty of the rows whose group
    has another. Where few rows are marked at all, at most half of these stray: drawn one by one nearly all would."""
    sizes, marked = np.bincount(codes), np.bincount(codes, weights=rows)
    several = sizes > 1
    sizes, marked = sizes[several], marked[several]
    odd = float(np.minimum(marked, sizes - marked).sum())
    return odd <= min(0.02 * float(sizes.sum()), 0.5 * float(min(marked.sum(), (sizes - marked).sum())))


@dataclass(frozen=True, eq=False, slots=True)
class Setting:
    """What all moves of one lever share: outcome, learner and folds."""

    y: Floats
    binary: bool
    learner: Learner
    folds: Folds
    blocks: Folds
    groups: NDArray[np.generic] | None = None


def level(setting: Setting, rows: Mask, among: Mask, others: Level | None = None) -> Level:
    """The cross-fitted chance and outcome of one value among the rows `among`; with `others`, both chances sum to 1.

    Where whole groups have the value or not, a group is one observation of who has it, however many rows it has.
    """
    learner = setting.learner
    halves: tuple[Floats, ...] = ()
    if others is not None:
        chance, halves = 1 - others.chance, tuple(1 - half for half in others.half_chances)
    elif setting.groups is not None and given_to_groups(rows, among, setting.groups):
        chance = learner.group_chance(rows, among, setting.folds, codes_of(setting.groups))
    else:
        told = learner.cross_fits(rows.astype(np.float64), among, setting.folds, True)
        chance, halves = told.whole, tuple(half.clip(1e-6, 1 - 1e-6) for half in learner.halves(told, setting.groups))
    expected = learner.cross_fits(setting.y, rows, setting.folds, setting.binary)
    known = chance.clip(1e-6, 1 - 1e-6)
    if not (halves and expected.bent):
        return Level(rows, known, expected.whole, halves)
    odds = 1 / chance.clip(least_chance(rows, among), 1) - 1
    outcome, half_outcomes = _by_all(setting, rows, among, expected, odds[rows])
    return Level(rows, known, outcome, halves, half_outcomes)


def _by_all(setting: Setting, rows: Mask, among: Mask, alone: CrossFit, odds: Floats) -> tuple[Floats, tuple[Floats, ...]]:
    """The outcome expected at one value, told by models of all rows `among` and of what is left on the `rows` at the value, where
    that loses less than the value's own models `alone` where the rows to move are (by the `odds` of being one): what is hard to
    learn is learned from twice the rows or more. With what models of either half of the rows expect.

    As in stacking, what is left on a row comes from models that may have seen the rows it helps to tell: a second-order matter.
    """
    learner = setting.learner
    told = learner.cross_fits(setting.y, among, setting.folds, setting.binary)
    rest = learner.cross_fit(setting.y - told.whole, rows, setting.folds, False)
    losses = [float(np.mean(odds * (setting.y - one)[rows] ** 2)) for one in (told.whole + rest, alone.whole)]
    if losses[1] <= losses[0] or not told.bent:
        return alone.whole, learner.halves(alone, setting.groups)
    return told.whole + rest, tuple(half + rest for half in learner.halves(told, setting.groups))


def category_scores(setting: Setting, old: tuple[Level, ...], new: Level, randomised: bool = False) -> Scores | None:
    """Scores of moving rows at one of the `old` values to the `new` one; None with fewer than 30 rows on a side to compare.

    When the lever was `randomised`, the chance of the new value is its share: nobody needs a model of who has it.
    """
    at_old = np.any([one.rows for one in old], axis=0)
    among = at_old | new.rows
    if min(int(at_old.sum()), int(new.rows.sum())) < LEAST_ROWS:
        return None
    old_chance = np.sum([one.chance for one in old], axis=0)
    expected_old = np.sum([one.chance * one.expected for one in old], axis=0) / old_chance
    chance = (new.chance / (new.chance + old_chance)).clip(1e-6, 1 - 1e-6)
    if randomised:
        chance = np.full(len(chance), float(new.rows.sum() / among.sum()))
    least = least_chance(new.rows, among)
    alike = among if randomised else among & (chance >= least)  # where chance decided, all have comparable rows
    if min(int((alike & at_old).sum()), int((alike & new.rows).sum())) < LEAST_ROWS:
        return None
    region = alike | at_old
    odds = (1 - chance) / chance
    part = at_old.astype(np.float64)

    def scored(expected: Floats, odds: Floats) -> Floats:
        told = part * (expected - setting.y) + np.where(region & new.rows, odds * (setting.y - expected), 0.0)
        return np.asarray(told, dtype=np.float64)

    psi = scored(new.expected, odds)
    halves = []
    for side in range(0 if randomised else min(map(len, (new.half_chances, new.half_expected)))):
        others = sum(one.half_chances[side] if one.half_chances else one.chance for one in old)
        halves.append(scored(new.half_expected[side], np.minimum(others / new.half_chances[side], 1 / least)))
    drift = np.mean(halves, axis=0) - psi if halves else None
    if drift is not None:
        psi = psi - drift
    return Scores(
        y=setting.y,
        psi=psi,
        part=part,
        eligible=at_old,
        near=alike & at_old,
        region=region,
        new=new.rows,
        residual=np.where(region, (setting.y - np.where(new.rows, new.expected, expected_old)) ** 2, 0.0),
        weight=np.where(region & new.rows, odds**2, part),
        chance=chance,
        middle=chance * new.expected + (1 - chance) * expected_old,
        told=part * (new.expected - expected_old),
        blocks=setting.blocks,
        groups=setting.groups,
        randomised=randomised,
        drift=drift,
        least=least,
    )
