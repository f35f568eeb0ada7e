"""The loop over a forest's trees that arrays are too slow for, compiled when it is first used and kept on disk where that can be
written.

Imported only where trees are explained: the compiler is heavy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit


def compiled(function: Any) -> Any:
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder for what is compiled can be written
        return njit(nogil=True)(function)


def _meet(
    trees: tuple[Any, Any, Any, Any, Any], root: int, pair: tuple[Any, Any], columns: tuple[Any, Any],
    room: tuple[Any, Any, Any, Any], sums: Any,
) -> None:
    """Adds to `sums` (d, k) what the columns of one row bring against another in one tree.

    A path splits only where row and other part at a column whose side is not settled yet, so each leaf that a mixture of the two
    can reach is met once.
    """
    feature, threshold, left, right, value = trees
    row, other = pair
    source, weights = columns
    side, settled, open_node, open_depth = room  # side 1: the row's value is taken, 2: the other's, 0: both alike so far
    depth, taken, waiting, node = 0, 0, 0, root
    while True:
        while left[node] != node:
            where = feature[node]
            column, cut = source[where], threshold[node]
            if side[column] == 2:
                goes = other[where] <= cut
            else:
                goes = row[where] <= cut
                if side[column] == 0 and goes != (other[where] <= cut):
                    open_node[waiting] = right[node] if goes else left[node]
                    open_depth[waiting] = depth
                    waiting += 1
                    side[column] = 1
                    settled[depth] = column
                    depth += 1
                    taken += 1
            node = left[node] if goes else right[node]
        rest = depth - taken
        plus = weights[taken - 1, rest] if taken else 0.0
        minus = weights[taken, rest - 1] if rest else 0.0
        for place in range(depth):
            column = settled[place]
            factor = plus if side[column] == 1 else -minus
            for output in range(value.shape[1]):
                sums[column, output] += factor * value[node, output]
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
    trees: tuple[Any, Any, Any, Any, Any, Any], rows: Any, others: Any, columns: tuple[Any, Any],
    design: tuple[int, int, Any], phi: Any,
) -> None:
    """Adds to `phi` (n, 2, d, k) the interventional Shapley values of rows (n, p), summed over trees and some of `others` (b, p).

    `trees` are roots, feature, threshold, left, right, value as in a forest; `columns` the source of each feature (p,) and the
    Shapley weights by how many columns were taken from the row and from the other (d + 1, d + 1); `design` the first tree's
    number, how many others each tree meets, and where they start for each row (n,) (0 to 1). Meetings go to two places in turn,
    which tell the error.
    """
    roots, feature, threshold, left, right, value = trees
    first, meetings, starts = design
    d = phi.shape[2]
    room = (np.zeros(d, np.int8), np.zeros(d + 1, np.int64), np.zeros(d + 1, np.int64), np.zeros(d + 1, np.int64))
    for tree in range(len(roots)):
        for number in range(rows.shape[0]):
            shift = (starts[number] + 0.6180339887498949 * (first + tree)) % 1.0
            for meeting in range(meetings):
                other = others[min(int((meeting + shift) * others.shape[0] / meetings), others.shape[0] - 1)]
                sums = phi[number, (meeting + first + tree) % 2]
                meet((feature, threshold, left, right, value), roots[tree], (rows[number], other), columns, room, sums)


walk: Any = compiled(_walk)
