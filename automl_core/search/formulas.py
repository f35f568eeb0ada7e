"""Formulas: readable columns computed from others, such as a price by an area, kept only where they pay."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from automl_core.framing.problem import Task
from automl_core.search.feature import Array, Feature

MOST = 30
FormulaKind = Literal["ratio", "product", "difference", "sum", "group_ratio", "group_difference", "cross_mean"]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """One computed column.

    `inputs` are places in the encoder's matrix: two numbers for arithmetic, a number and a category for a comparison with its
    group, categories for a cross. `table` holds the group's means by level, missing and unknown last, or the cross' target means
    in the shape of its levels with k at the end.
    """

    kind: FormulaKind
    inputs: tuple[int, ...]
    feature: Feature
    table: Array | None = None
    column: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Formulas:
    """Formulas over one encoder's matrix."""

    items: tuple[Formula, ...] = ()

    @property
    def features(self) -> tuple[Feature, ...]:
        """One feature a formula."""
        return tuple(item.feature for item in self.items)

    def columns(self, matrix: Array) -> Array:
        """(n, formulas) of an encoder's matrix (n, p)."""
        raise NotImplementedError

    def cells(self, row: Sequence[float]) -> list[float]:
        """The same of one row (p,)."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, eq=False)
class FormulaSource:
    """What formulas are chosen from: the matrix (n, p) with its features and the target (n,)."""

    matrix: Array
    features: tuple[Feature, ...]
    y: Array
    task: Task
    classes: int = 2


@dataclass(frozen=True, slots=True, eq=False)
class Formed:
    """Formulas chosen on some rows, and their `values` (n, r): what uses the target is cross-fitted for those rows."""

    formulas: Formulas
    values: Array


def fit_formulas(source: FormulaSource, train: Places, seed: int = 0, until: float = float("inf")) -> Formed:
    """Choose at most 30 formulas on the rows `train` alone. `until` is a moment of `time.monotonic`: what is found by then counts."""
    return Formed(Formulas(), np.zeros((len(source.y), 0)))
