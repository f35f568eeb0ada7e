"""Shapley values of shallow trees from tables: what a leaf gives the columns of its path, by which of them shut a row out.

All rows to compare with are met once, when the tables are made (Zern, Broelemann and Kasneci 2023; Nadel and Wettenstein 2026): a
row then costs one look at each leaf, however many they are. A path of m columns takes 2**m entries, so trees must be shallow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from automl_core.explaining.paths import Met
from automl_core.search.packed import Packed

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


class _Steps(NamedTuple):
    """The cuts on the ways to all leaves, one way after the other: whether the leaf is to the `right` of each, and the bit of its
    column on that way."""

    slot: Places
    cut: Floats
    right: NDArray[np.bool_]
    bit: Places


@dataclass(frozen=True, eq=False, slots=True)
class LeafTables:
    """Trees of one output with the mean parts of their leaves over all rows to compare with.

    `first` and `entry` (leaves + 1,) tell where a leaf's steps and entries of the `table` (entries, m) start, `width` (leaves,)
    how many columns its path has, `columns` (leaves, m) which.
    """

    met: Met
    first: Places
    entry: Places
    width: Places
    columns: Places
    steps: _Steps
    table: Floats

    def parts(self, rows: Floats) -> Floats:
        """(n, d) the Shapley values of encoded rows (n, p) against the rows to compare with, without chance."""
        from automl_core.explaining.leaf_kernel import add

        phi = np.zeros((len(rows), len(self.met.standing.model.sources)))
        for number, slots in enumerate(self.met.mine(rows)):
            add((self.first, self.entry, self.width), self.steps, self.columns, self.table, slots, phi[number])
        return phi


def leaf_tables(met: Met) -> LeafTables:
    """Made ready for trees of one output, whose features are each made from one column."""
    from automl_core.explaining.leaf_kernel import fill

    ways = _ways(met.wood.valued.trees)
    own = [list(dict.fromkeys(int(met.columns[slot, 0]) for slot, _, _ in way)) for way, _ in ways]
    every = [(slot, cut, right, 1 << found.index(int(met.columns[slot, 0])))
             for (way, _), found in zip(ways, own, strict=True) for slot, cut, right in way]
    laid = np.array(every, dtype=np.dtype([("slot", np.int64), ("cut", np.float64), ("right", np.bool_), ("bit", np.int64)]))
    steps = _Steps(*(np.ascontiguousarray(laid[name]) for name in _Steps._fields))
    first = np.cumsum([0, *(len(way) for way, _ in ways)], dtype=np.int64)
    width = np.array([len(one) for one in own], dtype=np.int64)
    columns = np.full((len(own), max(1, int(width.max(initial=0)))), -1, dtype=np.int64)
    for leaf, found in enumerate(own):
        columns[leaf, : len(found)] = found
    entry = np.concatenate([[0], np.cumsum(1 << width)])
    value = met.values[[leaf for _, leaf in ways], 0].astype(np.float64)
    table = np.zeros((int(entry[-1]), columns.shape[1]))
    fill((first, entry, width, value), steps, met.others, shapley_weights(columns.shape[1]), table)
    return LeafTables(met, first, entry, width, columns, steps, table)


def shapley_weights(most: int) -> Floats:
    """(most + 1, most + 1) the weight of Shapley by how many columns of a path are taken from the row and from the other."""
    return np.array([[math.factorial(a) * math.factorial(b) / math.factorial(a + b + 1) for b in range(most + 1)]
                     for a in range(most + 1)])


def _ways(trees: Packed) -> list[tuple[tuple[tuple[int, float, bool], ...], int]]:
    """The way to each leaf of trees with a cut, `(slot, cut, right)` at each step, and the leaf's number."""
    nodes: Any = trees.nodes
    found = []
    waiting: list[tuple[int, tuple[tuple[int, float, bool], ...]]] = [(root, ()) for root in range(trees.roots)]
    while waiting:
        node, way = waiting.pop()
        cut, slot, left = float(nodes["cut"][node]), int(nodes["slot"][node]), int(nodes["left"][node])
        if cut != np.inf:
            waiting += [(left, (*way, (slot, cut, False))), (left + 1, (*way, (slot, cut, True)))]
        elif way:
            found.append((way, slot))
    return found
