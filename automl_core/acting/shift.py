"""Row-level doubly robust scores of moving a number by a step, whatever the shape of its effect.

A modified treatment policy (Díaz and van der Laan 2012; Haneuse and Rotnitzky 2013): a model of the outcome at the number as it
is and as it would be, and the odds of a row being a moved one, learned by telling moved rows from real ones (Díaz, Williams,
Hoffman and Schenck 2023). Nothing is assumed to be a straight line: a number that helps up to a point is told as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.acting import linear
from automl_core.acting.covariates import Covariates
from automl_core.acting.nuisance import Learner
from automl_core.acting.scores import LEAST_CHANCE, LEAST_ROWS, Scores, Setting
from automl_core.explaining.steps import kept_within, stepped

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
RANGE = (0.05, 0.95)
LEAST_KNOWN = 4 * LEAST_ROWS  # of a number: what rows differ in is learned from the others
LIKE_RANGE = (0.01, 0.99)


@dataclass(frozen=True, eq=False, slots=True)
class Dose:
    """A numeric lever, (n,), with what the covariates expect of it and of the outcome; moved rows stay within [`low`, `high`]."""

    dose: Floats
    known: Mask
    expected: Floats
    outcome: Floats
    low: float
    high: float


def dose_of(setting: Setting, dose: Floats, middle: bool = True) -> Dose | None:
    """The cross-fitted expectations of a numeric lever; None when it does not vary once the covariates are known. The outcome is
    expected only where its `middle` is asked for (NaN elsewhere): a placebo needs it, an effect does not."""
    known = np.isfinite(dose)
    if int(known.sum()) < LEAST_KNOWN or np.ptp(dose[known]) == 0:
        return None
    expected = setting.learner.cross_fit(np.where(known, dose, 0.0), known, setting.folds, False)
    if float(np.mean((dose - expected)[known] ** 2)) <= 1e-9 * float(dose[known].var()):
        return None
    outcome = np.full(len(dose), np.nan)
    if middle:
        outcome = setting.learner.cross_fit(setting.y, known, setting.folds, setting.binary)
    low, high = (float(edge) for edge in np.quantile(dose[known], RANGE))
    return Dose(dose, known, expected, outcome, low, high)


@dataclass(frozen=True, eq=False, slots=True)
class Shift:
    """A `step` for each row (n,), the rows that are `moved` by it and, of these, those that have comparable rows (`near`)."""

    step: Floats
    moved: Mask
    near: Mask | None = None

    def ends(self, dose: Floats) -> Floats:
        """(n,) where the step leads from these numbers, moved or not."""
        return stepped(dose, self.step)

    def within(self, made: Dose) -> Shift:
        """Only rows whose new number stays within the 5-95 range of all rows are moved; those also within the 1-99 range of rows
        like them are near."""
        after = self.ends(made.dose)
        moved = made.known & self.moved & kept_within(after, made.low, made.high)
        low, high = np.quantile((made.dose - made.expected)[made.known], LIKE_RANGE)
        rest = after - made.expected
        return Shift(self.step, moved, moved & (rest >= low) & (rest <= high))


def shift_scores(setting: Setting, made: Dose, shifts: Sequence[Shift]) -> tuple[Scores | None, ...]:
    """Scores of each move; None for one with fewer than 30 moved rows."""
    rows, copies = len(made.dose), len(shifts) + 1
    doses = np.concatenate([made.dose, *(shift.ends(made.dose) for shift in shifts)])
    learner = _stacked(setting.learner, doses, np.tile(made.expected, copies))
    folds = np.tile(setting.folds, copies)
    own = np.arange(rows * copies) < rows
    learn = own & np.tile(made.known, copies)
    told = learner.cross_fit(np.tile(setting.y, copies), learn, folds, setting.binary).reshape(copies, rows)
    found: list[Scores | None] = []
    for place, shift in enumerate(shifts, start=1):
        if int(shift.moved.sum()) < LEAST_ROWS:
            found.append(None)
            continue
        moved = np.zeros(rows * copies, dtype=bool)
        moved[place * rows : (place + 1) * rows] = shift.moved
        chance = learner.cross_fit(moved.astype(np.float64), learn | moved, folds, True, own)[:rows]
        odds = np.where(made.known, chance / np.maximum(1 - chance, LEAST_CHANCE), 0.0)
        odds *= float(shift.moved.sum()) / max(1e-9, float(odds.sum()))
        found.append(_scores(setting, made, shift, (told[0], told[place]), odds))
    return tuple(found)


def _stacked(learner: Learner, doses: Floats, expected: Floats) -> Learner:
    """The covariates of every row, once as it is and once for each move, with the number, its square, and how far it is from what
    was expected (which moved rows and real ones differ most in)."""
    given = learner.covariates
    middle = float(np.nanmean(doses))
    copies = len(doses) // len(given.matrix)
    added = (doses, (doses - middle) ** 2, doses - expected)
    missing = np.isnan(doses)
    flag = [missing.astype(np.float64)] if missing.any() else []
    stacked = Covariates(_under(given.matrix, copies, added), given.categorical, (*given.names, "", "", ""))
    design = _under(learner.design, copies, (*(linear.standard(values) for values in added), *flag))
    return Learner(stacked, learner.most, learner.rounds, learner.seed, bends=False, ready=design)


def _under(matrix: Floats, copies: int, added: Sequence[Floats]) -> Floats:
    """Copies of a matrix (n, q) under each other, with more columns (n times copies,)."""
    rows, columns = matrix.shape
    made = np.empty((copies, rows, columns + len(added)))
    made[:, :, :columns] = matrix
    made = made.reshape(copies * rows, -1)
    for place, values in enumerate(added, start=columns):
        made[:, place] = values
    return made


def _scores(setting: Setting, made: Dose, shift: Shift, told: tuple[Floats, Floats], odds: Floats) -> Scores | None:
    now, then = told
    part = shift.moved.astype(np.float64)
    new = made.known & (odds >= LEAST_CHANCE)
    if int(new.sum()) < LEAST_ROWS:
        return None
    left = np.where(made.known, setting.y - now, 0.0)
    return Scores(
        y=setting.y,
        psi=part * (then - setting.y) + odds * left,
        part=part,
        eligible=shift.moved,
        near=shift.moved if shift.near is None else shift.near,
        region=made.known,
        new=new,
        residual=left**2,
        weight=(odds - part) ** 2,
        chance=made.expected,
        middle=made.outcome,
        told=part * (then - now),
        blocks=setting.blocks,
        groups=setting.groups,
        dose=made.dose,
        step=shift.step,
        riesz=odds - part,
    )
