"""Boosters packed to score one row at a time with the very sums their library gives."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.search.family import Array
from automl_core.search.packed import Packed

LOW, HIGH, ZERO = range(3)  # what stands in for a missing value: below all cuts, above all cuts, nought

Marks = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class PackedBoosters:
    """Boosters whose raw scores are averaged, `classes` trees a round; `values` of their leaves are as wide as the library adds.

    A row becomes slots: its `features` values with each of the three stand-ins, then one a question about a category. `questions`
    has for each such feature the marks (codes + 1, questions): 0 where the code goes left; the last is for all other codes.
    """

    trees: Packed
    values: NDArray[Any]
    rounds: tuple[int, ...]
    classes: int
    features: int
    questions: tuple[tuple[int, Marks], ...]

    def raw(self, row: Array) -> Array:
        """(classes,) raw scores of a row (features,)."""
        leaves = self.values.take(self.trees.leaves(self.slots(row)))
        total = np.zeros(self.classes)
        start = 0
        for rounds in self.rounds:  # tree by tree, as the library adds
            end = start + rounds * self.classes
            total += np.cumsum(leaves[start:end].reshape(rounds, self.classes), axis=0)[-1]
            start = end
        return total / len(self.rounds)

    def slots(self, row: Array) -> Array:
        """(slots,) what the cuts of the trees are compared with, of a row (features,)."""
        missing = np.isnan(row)
        parts: list[Array | Marks] = [np.where(missing, instead, row) for instead in (-np.inf, np.inf, 0.0)]
        for feature, marks in self.questions:
            code = row[feature]
            known = 0 <= code < len(marks) - 1  # never for a missing one
            parts.append(marks[int(code) if known else -1])
        return np.concatenate(parts)
