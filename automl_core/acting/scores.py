"""Row-level doubly robust scores of a move: their sums give the effect in any group of rows.

Categories: the efficient score of the effect on those at the old value (ATT; Robins, Rotnitzky and Zhao 1994; Chernozhukov et
al. 2018). Numbers: the partially linear model, residual on residual (Robinson 1988). Nuisances are cross-fitted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from automl_core.acting.nuisance import Folds, Learner

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
LEAST_CHANCE = 0.03  # rows with a smaller chance of having the new value have nobody to be compared with
LEAST_ROWS = 30


@dataclass(frozen=True, eq=False, slots=True)
class Scores:
    """Scores of one move, all (n,): the effect in a group is unit * sum(psi) / sum(part) over its rows.

    `eligible` rows are at an old value, `supported` ones can be compared and moved, `region` are all rows the estimate rests on.
    `new` are the rows at the new value (all rows for a number). `unit` is the size of the move of each row (1 for categories).
    `residual` and `weight` are squared outcome residuals and squared Riesz weights before they are divided by the share of
    `part`; `chance` is the propensity (NaN for numbers), `middle` the outcome expected without knowing the lever.
    """

    y: Floats
    psi: Floats
    part: Floats
    unit: Floats
    eligible: Mask
    supported: Mask
    region: Mask
    new: Mask
    residual: Floats
    weight: Floats
    chance: Floats
    middle: Floats
    blocks: Folds
    groups: NDArray[np.generic] | None
    numeric: bool = False
    dose: Floats | None = None
    randomised: bool = False

    def limited(self, plausible: Mask) -> Scores:
        """The same move on fewer rows: those where the changed row is `plausible` (a function of the covariates)."""
        region = self.region & plausible
        return replace(
            self,
            psi=np.where(region, self.psi, 0.0) if not self.numeric else self.psi,
            part=np.where(region, self.part, 0.0) if not self.numeric else self.part,
            supported=self.supported & plausible,
            region=region if not self.numeric else self.region,
        )


@dataclass(frozen=True, eq=False, slots=True)
class Level:
    """One value of a lever: its rows, each row's chance of having it, and the outcome expected at it."""

    rows: Mask
    chance: Floats
    expected: Floats


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
    """The cross-fitted chance and outcome of one value among the rows `among`; with `others`, both chances sum to 1."""
    chance = (
        1 - others.chance
        if others is not None
        else setting.learner.cross_fit(rows.astype(np.float64), among, setting.folds, True)
    )
    expected = setting.learner.cross_fit(setting.y, rows, setting.folds, setting.binary)
    return Level(rows, chance.clip(1e-6, 1 - 1e-6), expected)


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
    region = among & (chance >= LEAST_CHANCE)
    if min(int((region & at_old).sum()), int((region & new.rows).sum())) < LEAST_ROWS:
        return None
    odds = (1 - chance) / chance
    part = (region & at_old).astype(np.float64)
    psi = part * (new.expected - setting.y) + np.where(region & new.rows, odds * (setting.y - new.expected), 0.0)
    return Scores(
        y=setting.y,
        psi=psi,
        part=part,
        unit=np.ones(len(psi)),
        eligible=at_old,
        supported=region & at_old,
        region=region,
        new=new.rows,
        residual=np.where(region, (setting.y - np.where(new.rows, new.expected, expected_old)) ** 2, 0.0),
        weight=np.where(region & new.rows, odds**2, part),
        chance=chance,
        middle=chance * new.expected + (1 - chance) * expected_old,
        blocks=setting.blocks,
        groups=setting.groups,
        randomised=randomised,
    )


@dataclass(frozen=True, eq=False, slots=True)
class Dose:
    """A numeric lever with the outcome and the lever that the covariates expect, all (n,)."""

    dose: Floats
    expected: Floats
    outcome: Floats


def dose_of(setting: Setting, dose: Floats) -> Dose | None:
    """The cross-fitted expectations of a numeric lever; None when it does not vary once the covariates are known."""
    known = np.isfinite(dose)
    if int(known.sum()) < 4 * LEAST_ROWS or np.ptp(dose[known]) == 0:
        return None
    filled = np.where(known, dose, 0.0)
    expected = setting.learner.cross_fit(filled, known, setting.folds, False)
    outcome = setting.learner.cross_fit(setting.y, known, setting.folds, setting.binary)
    if float(np.mean((dose - expected)[known] ** 2)) <= 1e-9 * float(dose[known].var()):
        return None
    return Dose(dose, expected, outcome)


def numeric_scores(setting: Setting, made: Dose, step: Floats, movable: Mask) -> Scores | None:
    """Scores of moving a number by `step` (n,) on the `movable` rows; None when fewer than 30 can be moved.

    A row can be moved when the new value stays within the 5-95 range of all rows and of rows like it.
    """
    known = np.isfinite(made.dose)
    left_dose = np.where(known, made.dose - made.expected, 0.0)
    left_y = np.where(known, setting.y - made.outcome, 0.0)
    variance = float(np.mean(left_dose[known] ** 2))
    slope = float(np.mean((left_dose * left_y)[known])) / variance
    after = made.dose + step
    low, high = np.nanquantile(made.dose, [0.05, 0.95])
    near, far = np.quantile(left_dose[known], [0.05, 0.95])
    rest = after - made.expected
    supported = known & movable & (after >= low) & (after <= high) & (rest >= near) & (rest <= far)
    if int(supported.sum()) < LEAST_ROWS:
        return None
    return Scores(
        y=setting.y,
        psi=left_dose * left_y,
        part=left_dose**2,
        unit=np.where(known, step, 0.0),
        eligible=known & movable,
        supported=supported,
        region=known,
        new=known,
        residual=np.where(known, (left_y - slope * left_dose) ** 2, 0.0),
        weight=left_dose**2,
        chance=np.full(len(step), np.nan),
        middle=made.outcome,
        blocks=setting.blocks,
        groups=setting.groups,
        numeric=True,
        dose=made.dose,
    )
