"""Many trees packed for one row at a time: a node's cut, column and children side by side, all trees walked level by level.

A row meets each tree's nodes once and they are rarely in the processor's cache: one place a node instead of five is what counts.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl_core.search.family import Array

Places = NDArray[np.int64]
NODE = np.dtype([("cut", np.float64), ("slot", np.int32), ("left", np.int32)])  # 16 bytes, which numpy gathers fast
LEVELS = 4  # between two looks which trees are done


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Nodes of trees as they are grown: a row goes left where `values[slot] <= cut`, which is finite.

    `left` and `right` of a leaf are itself.
    """

    roots: NDArray[Any]
    slot: NDArray[Any]
    cut: NDArray[Any]
    left: NDArray[Any]
    right: NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """The roots first, then pairs of siblings, so that a right child is the place after its left one.

    A leaf points to itself, cuts nothing, and has in `slot` its number among the nodes it was packed from.
    """

    nodes: NDArray[Any]
    roots: int

    def leaves(self, values: Array) -> NDArray[np.int32]:
        """(trees,) the numbers of the leaves that a row reaches; its `values` (slots,) are never missing."""
        node = self.nodes[:self.roots]
        found = np.empty(self.roots, dtype=np.int32)
        active: NDArray[Any] = np.arange(self.roots)
        while len(active):
            for _ in range(LEVELS):
                node = self.nodes.take(node["left"] + (values.take(node["slot"], mode="clip") > node["cut"]))
            found[active] = node["slot"]
            going = np.flatnonzero(node["cut"] != np.inf)
            active, node = active[going], node[going]
        return found


def pack(trees: Trees) -> Packed:
    """Pack trees, in their order."""
    own = np.arange(len(trees.left))
    inner = np.flatnonzero(trees.left != own)
    roots = len(trees.roots)
    children = roots + 2 * np.arange(len(inner))
    place = np.zeros(len(own), dtype=np.int64)
    place[trees.roots] = np.arange(roots)
    place[trees.left[inner]] = children
    place[trees.right[inner]] = children + 1
    nodes = np.empty(len(own), dtype=NODE)
    nodes["cut"][place] = np.inf
    nodes["slot"][place] = own
    nodes["left"][place] = place
    for name, found in (("cut", trees.cut[inner]), ("slot", trees.slot[inner]), ("left", children)):
        nodes[name][place[inner]] = found
    return Packed(nodes, roots)
