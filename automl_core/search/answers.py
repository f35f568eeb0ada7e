"""The questions of a booster's trees, each asked once, and what a block of rows answers: what batches are predicted by."""
from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.search.boosted_rows import Marks, PackedBoosters
from automl_core.search.family import Array
from automl_core.search.packed import Places

Asked = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """A question is answered yes where `values[slot] > cut`. Slots are those of `PackedBoosters`, but that `categories` ask
    nothing twice."""

    slots: tuple[int, ...]
    cuts: tuple[float, ...]
    categories: tuple[tuple[int, Marks], ...]

    def answers(self, block: Array, kind: Any) -> NDArray[Any]:
        """(questions, n) numbers of a kind, one where a row of the block (n, features) answers yes, else nought."""
        columns = np.ascontiguousarray(block.T)
        missing = np.isnan(columns)
        parts: list[Any] = [np.where(missing, instead, columns) for instead in (-np.inf, np.inf, 0.0)]
        for feature, marks in self.categories:
            code, others = columns[feature], len(marks) - 1
            known = (code >= 0) & (code < others)  # never for a missing one
            parts.append(marks[np.where(known, code, others).astype(np.intp)].T)
        values = [line for part in parts for line in part]
        found = np.empty((len(self.cuts), len(block)), dtype=kind)
        for line, slot, cut in zip(found, self.slots, self.cuts, strict=True):
            np.greater(values[slot], cut, out=line)
        return found


def in_blocks(matrix: Array, rows: int, classes: int, sums: Callable[[Array], Array]) -> Array:
    """(n, classes) of a matrix (n, features): `sums` gives (classes, m) of each block of so many rows."""
    total = np.empty((len(matrix), classes))
    for start in range(0, len(matrix), rows):
        total[start:start + rows] = sums(matrix[start:start + rows]).T
    return total


def library_ns(leaves: float) -> float:
    """What a row costs in a library's tree of so many leaves, in nanoseconds."""
    return 10.0 + 5.0 * math.log2(leaves)


def questions_of(boosters: PackedBoosters) -> tuple[Questions, Asked]:
    """The questions, and (nodes,) the number of the one that each node asks; -1 for a leaf."""
    nodes = boosters.trees.nodes
    inner = np.isfinite(nodes["cut"])
    categories, slot = _asked_once(boosters)
    asked = np.empty(int(inner.sum()), dtype=[("slot", np.int64), ("cut", np.float64)])
    asked["slot"], asked["cut"] = slot[nodes["slot"][inner]], nodes["cut"][inner]
    known, number = np.unique(asked, return_inverse=True)
    question = np.full(len(inner), -1)
    question[inner] = number
    return Questions(tuple(known["slot"].tolist()), tuple(known["cut"].tolist()), categories), question


def _asked_once(boosters: PackedBoosters) -> tuple[tuple[tuple[int, Marks], ...], Places]:
    """Questions about categories without those asked before, and the new slot of each old one."""
    start = 3 * boosters.features
    slots = [np.arange(start)]
    categories = []
    for feature, marks in boosters.questions:
        once, place = np.unique(marks, axis=1, return_inverse=True)
        slots.append(start + place.reshape(-1))
        start += once.shape[1]
        categories.append((feature, np.ascontiguousarray(once)))
    return tuple(categories), np.concatenate(slots)
