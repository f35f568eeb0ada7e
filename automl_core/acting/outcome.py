"""The outcome as one number a row: a 0/1 rate for classes, the value itself for numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.classes import no_such_class
from automl_core.explaining.words import number, percent, points, quote, told_apart
from automl_core.framing.problem import Problem

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Outcome:
    """`values` are one number a row; `label` names the outcome in sentences; `is_rate` tells shares from amounts;
    `chosen` is the class that is counted."""

    values: Floats
    label: str
    is_rate: bool
    unit: str
    chosen: str = ""

    def level(self, value: float) -> str:
        """A mean outcome in words: “26 %” or “1,230”; a share that is estimated beyond none or all is said to be just that."""
        return percent(min(max(value, 0.0), 1.0)) if self.is_rate else number(value)

    def levels(self, first: float, second: float) -> tuple[str, str]:
        """Two of them, with as many digits as tell them apart."""
        if not self.is_rate:
            return told_apart(first, second, number)
        return told_apart(min(max(first, 0.0), 1.0), min(max(second, 0.0), 1.0))

    def gap(self, value: float) -> str:
        """A difference of mean outcomes in words, without its sign."""
        return points(value) if self.is_rate else number(abs(value))


def make_outcome(y: NDArray[np.generic], problem: Problem, label: str = "") -> Outcome:
    """The outcome that findings speak of.

    `y` holds codes into `problem.classes` (in binary tasks 1 is the positive class) or numbers. For classes `label` chooses
    which one is counted; without it the positive one (see `explaining.classes.counting`, by which the doors and the pages choose
    it of several), or the rarest when no class is positive. What is NaN stays unknown.
    """
    if problem.task == "regression":
        return Outcome(np.asarray(y, dtype=np.float64), quote(problem.target), False, problem.target)
    if problem.task == "binary":
        chosen = label or problem.positive or problem.classes[-1]
        values = np.asarray(y, dtype=np.float64)
        if problem.positive and chosen != problem.positive:
            values = 1.0 - values
    else:
        codes = np.asarray(y, dtype=np.float64)
        known = np.isfinite(codes)
        counts = np.bincount(codes[known].astype(np.int64), minlength=len(problem.classes))
        present = np.where(counts > 0, counts, counts.max() + 1)
        chosen = label or problem.positive or problem.classes[int(present.argmin())]
        if chosen not in problem.classes:
            raise no_such_class(problem, chosen)
        values = np.where(known, codes == problem.classes.index(chosen), np.nan)
    return Outcome(values, f"{quote(problem.target)} = {quote(chosen)}", True, "share of rows", chosen)
