"""The nouns of an audit: what is audited, the figures of a group, and all groups together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.fairness_counts import LEAST_EACH, Rate, Spread

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Audit:
    """What is audited: out-of-fold `prediction` (n,) (probability of the class spoken of, or a number), `y` (n,) (1 for that
    class and 0 otherwise, or the number; NaN when unknown), `group` (n,) labels, and `selected` (n,), who is predicted to be of
    the class (None for numbers). `column` is the protected column, `label` the class in words ("" for numbers).
    `together` (n,) says which rows go together, such as those of one customer (None: each stands alone); `level` is the quantile
    that numbers are predicted at (NaN: the mean)."""

    prediction: Floats
    y: Floats
    group: NDArray[np.object_]
    selected: Mask | None
    column: str
    label: str
    seed: int = 0
    together: NDArray[np.int64] | None = None
    level: float = math.nan

    @property
    def by_share(self) -> bool:
        """Whether predictions are quantiles, to be held against the share of outcomes below them."""
        return math.isfinite(self.level)


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """One bin of a group's predictions: the mean prediction and what came true."""

    predicted: float
    observed: Rate


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """One group. For classes: who is selected, of those who are of the class (`found`) and of those who are not (`false_alarms`),
    and how often the class occurs. For numbers: `selected`, `found` and `false_alarms` rest on no rows. `residual` is observed
    minus predicted, or the share of outcomes below a predicted quantile, `error` the mean absolute error of numbers, or the
    pinball loss of a quantile. `small` groups, of too few rows or of rows that too few others stand for, are shown but not
    compared; nor are the errors of `lumped` ones, in which that is so of those who are of the class or of those who are not."""

    group: str
    rows: int
    small: bool
    selected: Rate
    found: Rate
    false_alarms: Rate
    observed: Rate
    predicted: float
    residual: Rate
    error: Rate
    calibration: tuple[CalibrationPoint, ...]
    lumped: bool = False

    @property
    def rich(self) -> bool:
        """Whether there are enough of both outcomes to compare its errors with another group's."""
        return min(self.found.rows, self.false_alarms.rows) >= LEAST_EACH and not self.lumped


@dataclass(frozen=True, slots=True)
class Fairness:
    """All groups, largest first, and the widest gaps between those that are not small.

    `parity` is demographic parity, `odds` equalised odds (the wider of `found` and `false_alarms`), `residual` calibration in the
    large, `error` of numbers only. `sentences` say it in words. `level` is the quantile that numbers are predicted
    at (NaN: the mean), `note` the one of the sentences that is about all columns alike.
    """

    column: str
    label: str
    is_class: bool
    groups: tuple[GroupFigures, ...]
    parity: Spread
    found: Spread
    false_alarms: Spread
    odds: Spread
    residual: Spread
    error: Spread
    rows: int
    sentences: tuple[str, ...] = ()
    level: float = math.nan
    note: str = ""

    @property
    def compared(self) -> tuple[GroupFigures, ...]:
        """The groups that are large enough to be compared."""
        return tuple(group for group in self.groups if not group.small)

    @property
    def error_name(self) -> str:
        """What the error of numbers is: an absolute one, or that of a quantile."""
        return "mean error" if math.isnan(self.level) or self.level == 0.5 else "mean pinball loss"
