"""Formulas: readable columns computed from others, such as a price by an area."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from automl_core.search.feature import Array, Feature

FormulaKind = Literal["ratio", "product", "difference", "sum", "group_ratio", "group_difference", "cross_mean"]
LARGEST = 3.0e38  # some libraries keep 32-bit floats


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """One computed column.

    `inputs` are places in the encoder's matrix: two numbers for arithmetic, a number and a category for a comparison with its
    group, two categories for a cross. `table` holds the group's means (levels + 1,), missing and unknown last, or the cross'
    target means (levels + 1, levels + 1). `label` is the class whose share a cross tells, where they are several; -1: the target
    itself. It is needed while the table is learned only.
    """

    kind: FormulaKind
    inputs: tuple[int, int]
    feature: Feature
    table: Array | None = None
    label: int = -1

    def column(self, matrix: Array) -> Array:
        """(n,) values of an encoder's matrix; NaN where they cannot be computed."""
        first, second = matrix[:, self.inputs[0]], matrix[:, self.inputs[1]]
        if self.kind == "cross_mean":
            assert self.table is not None
            crossed: Array = self.table[places(first, len(self.table)), places(second, self.table.shape[1])]
            return crossed
        if self.kind in ("group_ratio", "group_difference"):
            assert self.table is not None
            second = self.table[places(second, len(self.table))]
        return arithmetic(self.kind, first, second)

    def cell(self, row: Sequence[float]) -> float:
        """The value of one row."""
        first, second = row[self.inputs[0]], row[self.inputs[1]]
        if self.kind == "cross_mean":
            assert self.table is not None
            return float(self.table[int(first) if first == first else -1, int(second) if second == second else -1])
        if self.kind in ("group_ratio", "group_difference"):
            assert self.table is not None
            second = float(self.table[int(second) if second == second else -1])
        return _computed(self.kind, first, second)


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
        return np.column_stack([item.column(matrix) for item in self.items]) if self.items else np.zeros((len(matrix), 0))

    def cells(self, row: Sequence[float]) -> list[float]:
        """The same of one row (p,)."""
        return [item.cell(row) for item in self.items]


def places(codes: Array, size: int) -> NDArray[np.int64]:
    """Codes of levels as places of a table whose last entry is for missing ones."""
    out: NDArray[np.int64] = np.where(np.isnan(codes), size - 1, codes).astype(np.int64)
    return out


def arithmetic(kind: FormulaKind, first: Array, second: Array) -> Array:
    """Two columns put together."""
    with np.errstate(all="ignore"):
        if kind in ("ratio", "group_ratio"):
            out = np.where(second == 0, math.nan, first / np.where(second == 0, 1.0, second))
        elif kind == "product":
            out = first * second
        elif kind == "sum":
            out = first + second
        else:
            out = first - second
    kept: Array = np.where(np.abs(out) <= LARGEST, out, math.nan)
    return kept


def _computed(kind: FormulaKind, first: float, second: float) -> float:
    if kind in ("ratio", "group_ratio"):
        out = first / second if second else math.nan
    elif kind == "product":
        out = first * second
    elif kind == "sum":
        out = first + second
    else:
        out = first - second
    return out if abs(out) <= LARGEST else math.nan
