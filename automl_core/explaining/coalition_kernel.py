"""The loop over trees of `coalitions`, compiled when it is first used and kept on disk where that can be written.

Imported only where a row is explained: the compiler is heavy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from automl_core.explaining.walk_kernel import compiled


def _add(
    trees: tuple[Any, int], said: tuple[Any, int, Any], slots: tuple[Any, Any], others: tuple[int, int], out: Any
) -> None:
    """Adds to `out` (b, outputs, 2**d) what trees say of a row's mixtures with each of the others from `others[0]` to
    `others[1]`: as Moebius coefficients, so that a set of columns taken from the row gets the sum over its subsets.

    `trees` are packed nodes and how many roots there are, `said` the values of leaves (nodes, c), how many classes trees take
    turns in, and 1 or -1 for each set of columns (2**d,), by whether it holds an even number of them.
    `slots` are what stands in each (b, slots, 2**m) by which of its columns (slots, m; -1: none) are taken from the row.
    """
    nodes, roots = trees
    value, classes, signs = said
    states, columns = slots
    width, most = value.shape[1], columns.shape[1]
    room = 65  # more than there are columns: each that waits has settled one
    node_at = np.zeros(room, np.int64)
    taken_at = np.zeros(room, np.int64)
    kept_at = np.zeros(room, np.int64)
    for other in range(others[0], others[1]):  # what stands in its slots, and its sums, stay in the processor's cache
        for root in range(roots):
            first = (root % classes) * width
            node_at[0], taken_at[0], kept_at[0], waiting = root, 0, 0, 1
            while waiting > 0:
                waiting -= 1
                node, taken, kept = node_at[waiting], taken_at[waiting], kept_at[waiting]
                while nodes[node].cut != np.inf:
                    where, edge = nodes[node].slot, nodes[node].cut
                    state, free, column = 0, 0, -1
                    for place in range(most):
                        one = columns[where, place]
                        if one < 0:
                            break
                        if taken >> one & 1:
                            state |= 1 << place
                        elif not kept >> one & 1:
                            free |= 1 << place
                            column = one
                    right = states[other, where, state] > edge
                    apart, some = False, free
                    while some > 0 and not apart:
                        apart = (states[other, where, state | some] > edge) != right
                        some = (some - 1) & free
                    if apart:  # the way hangs on a column that is not settled: the other's value waits, the row's goes on
                        node_at[waiting], taken_at[waiting], kept_at[waiting] = node, taken, kept | (1 << column)
                        waiting += 1
                        taken |= 1 << column
                    else:
                        node = nodes[node].left + (1 if right else 0)
                leaf = nodes[node].slot
                part = kept
                while True:
                    for output in range(width):
                        out[other, first + output, taken | part] += signs[part] * value[leaf, output]
                    if part == 0:
                        break
                    part = (part - 1) & kept


add: Any = compiled(_add)
