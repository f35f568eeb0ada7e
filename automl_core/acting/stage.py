"""What all trials of an analysis share, and what one of them is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from automl_core.acting.action import Change, Condition
from automl_core.acting.conditions import all_hold
from automl_core.acting.crossing import PARTS
from automl_core.acting.effects import Comparison, Effect
from automl_core.acting.moves import Move
from automl_core.acting.policy import Leaf
from automl_core.acting.scores import Scores
from automl_core.acting.splits import Splits

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Stage:
    """What all levers share: the rows, the outcome as numbers (n,), folds, six `parts` (n,) that groups are picked and measured
    by in turn, candidate splits, and what an outcome is worth: `worth` is money (or 1) per unit of the wanted direction, negative
    when less is wanted. Where a column says it of each row, `values` (n,) do; `compared`: rows are compared on it, too. `group`
    is the column of the `groups`, `once` (n,) one row of each copy among them (None: there are none)."""

    frame: pd.DataFrame
    y: Floats
    binary: bool
    folds: NDArray[np.int64]
    blocks: NDArray[np.int64]
    parts: NDArray[np.int64]
    groups: NDArray[np.generic] | None
    splits: Splits
    worth: float
    priced: bool
    seed: int
    experiment: str = ""
    values: Floats | None = None
    compared: bool = False
    group: str = ""
    once: Mask | None = None

    def worths(self, able: Mask) -> Floats | float:
        """What an outcome is worth where the rows `able` can be moved: of each row (n,) where rows are compared on it. A score
        asks rows at the new value, too, in place of those like them: where these may be worth other than they are, it is the
        mean of those that can be moved."""
        if self.values is None or not able.any():
            return self.worth
        return math.copysign(1.0, self.worth) * (self.values if self.compared else float(self.values[able].mean()))

    def valued(self, scores: Scores) -> Scores:
        """The scores with what each row's outcome is worth, where rows are compared on it."""
        return scores.valued(self.values) if self.compared and self.values is not None else scores

    def mean_worth(self, able: Mask) -> float:
        """What a unit of the outcome is worth in the mean of the rows that can be moved, negative where less is wanted."""
        return float(np.mean(np.broadcast_to(self.worths(able), able.shape)[able])) if able.any() else self.worth

    @property
    def first(self) -> Mask:
        """The half that looks, where groups are picked on one and measured on the other."""
        return np.asarray(self.parts < PARTS // 2, dtype=bool)


@dataclass(frozen=True, eq=False, slots=True)
class Trial:
    """One move in one group, estimated on rows that did not choose the group. `chosen` is False when what looks for groups would
    move nobody: then it can only be a pattern. `case` is what was compared; for `alike` see `alike_parts`. The group is the best
    of so many `rules`, one more than the conditions that were looked for, and one for a rule before it: a cut that chance favours
    is favoured in nearly all folds at once. `undrawn` says why a lever named as an experiment was not read as one, `everyone`
    that the effect speaks of all rows of the group that can be moved, also of those few without comparable ones."""

    move: Move
    conditions: tuple[Condition, ...]
    scores: Scores
    effect: Effect
    rows: Mask
    chosen: bool
    case: Comparison
    root: Effect
    also: tuple[Change, ...] = ()
    alike: tuple[Leaf, ...] = ()
    rules: int = 1
    undrawn: str = ""
    everyone: bool = False

    def share_meant(self, frame: pd.DataFrame) -> float:
        """Of the rows of the group in the `frame` it was measured on that can be moved, the share that the effect speaks of."""
        if self.everyone or self.scores.numeric:
            return 1.0
        able = self.scores.eligible & all_hold(self.conditions, frame)
        return float(self.rows.sum() / max(1, int(able.sum())))
