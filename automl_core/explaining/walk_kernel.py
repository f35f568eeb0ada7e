"""The loop over trees that arrays are too slow for, compiled when it is first used and kept on disk where that can be
written.

Imported only where trees are explained: the compiler is heavy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


def compiled(function: Any) -> Any:
    """The function as machine code, kept on disk where that can be written. It lets go of the interpreter."""
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder for what is compiled can be written
        return njit(nogil=True)(function)


def _meet(
    tree: tuple[Any, int], leaves: tuple[Any, int], slots: tuple[Any, Any, Any], weights: Any, room: Any, sums: Any
) -> None:
    """Adds to `sums` (d, k) what the columns of one row bring against another in one tree.

    A path splits only where row and other part at a column whose side is not settled yet, so each leaf that a mixture of the two
    can reach is met once. `tree` are packed nodes and the root, `leaves` the values (nodes, c) and the output of the first,
    `slots` what cuts are compared with for other and row (slots,), and the column of each slot; `room` is empty and is left so.
    """
    nodes, node = tree
    value, first = leaves
    at, mine, column_of = slots
    side, settled, open_node, open_depth = room  # side 1: the row's value is taken, 2: the other's, 0: both alike so far
    depth, taken, waiting = 0, 0, 0
    while True:
        while nodes[node].cut != np.inf:
            slot, cut, left = nodes[node].slot, nodes[node].cut, nodes[node].left
            column = column_of[slot]
            if side[column] == 2:
                right = at[slot] > cut
            else:
                right = mine[slot] > cut
                if side[column] == 0 and right != (at[slot] > cut):
                    open_node[waiting] = left if right else left + 1
                    open_depth[waiting] = depth
                    waiting += 1
                    side[column] = 1
                    settled[depth] = column
                    depth += 1
                    taken += 1
            node = left + 1 if right else left
        rest, leaf = depth - taken, nodes[node].slot
        plus = weights[taken - 1, rest] if taken else 0.0
        minus = weights[taken, rest - 1] if rest else 0.0
        for place in range(depth):
            factor = plus if side[settled[place]] == 1 else -minus
            for output in range(value.shape[1]):
                sums[settled[place], first + output] += factor * value[leaf, output]
        if waiting == 0:
            break
        waiting -= 1
        node, back = open_node[waiting], open_depth[waiting]
        for place in range(back + 1, depth):
            if side[settled[place]] == 1:
                taken -= 1
            side[settled[place]] = 0
        side[settled[back]] = 2
        taken -= 1
        depth = back + 1
    for place in range(depth):
        side[settled[place]] = 0


meet: Any = compiled(_meet)


def _walk(
    trees: tuple[Any, int, int], said: tuple[Any, int], slots: tuple[Any, Any, Any], weights: Any, design: tuple[int, float],
    phi: Any,
) -> None:
    """Adds to `phi` (2, d, k) the interventional Shapley values of one row, summed over trees and some of the others.

    `trees` are packed nodes and the first and last root, `said` the values of leaves (nodes, c) and how many classes trees take
    turns in; `slots` what cuts are compared with of others (b, slots) and row (slots,), and the column of each slot; `weights`
    those of Shapley by how many columns were taken from the row and from the other; `design` how many others each tree meets, and
    where they start (0 to 1). Meetings go to two places in turn, which tell the error.
    """
    nodes, begin, end = trees
    value, classes = said
    at, mine, column_of = slots
    meetings, starts = design
    others, d = at.shape[0], phi.shape[1]
    room = (np.zeros(d, np.int8), np.zeros(d + 1, np.int64), np.zeros(d + 1, np.int64), np.zeros(d + 1, np.int64))
    for root in range(begin, end):
        shift = (starts + 0.6180339887498949 * root) % 1.0
        leaves = value, (root % classes) * value.shape[1]
        for meeting in range(meetings):
            other = min(int((meeting + shift) * others / meetings), others - 1)
            meet((nodes, root), leaves, (at[other], mine, column_of), weights, room, phi[(meeting + root) % 2])


walk: Any = compiled(_walk)
