"""The loop over trees of `coalitions`, compiled when it is first used and kept on disk where that can be written.

Imported only where a row is explained: the compiler is heavy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from automl_core.explaining.walk_kernel import compiled


def _goes_right(value: float, slot: int, edge: float, asked: tuple[Any, Any, Any, Any]) -> bool:
    """Whether a value of the slot's feature is beyond a cut; of a category, whether its code is not among those that go left."""
    instead, start, length, marks = asked
    if length[slot] == 0:
        return bool((instead[slot] if np.isnan(value) else value) > edge)
    known = value >= 0 and value < length[slot] - 1  # never of a missing one
    return bool(marks[start[slot] + (int(value) if known else length[slot] - 1)] > edge)


goes_right: Any = compiled(_goes_right)


def _open_column(states: Any, columns: Any, cut: tuple[int, float], asked: Any, settled: tuple[int, int]) -> tuple[bool, int]:
    """Whether a cut sends the mixture to the right, and the column on which that still hangs (-1: on none).

    `states` (2**m,) are the values of the slot's feature by which of its `columns` (m,) are taken from the row; `settled` are the
    columns that are, and those that are kept, as bits.
    """
    slot, edge = cut
    taken, kept = settled
    state, free, column = 0, 0, -1
    for place in range(len(columns)):
        one = columns[place]
        if one < 0:
            break
        if taken >> one & 1:
            state |= 1 << place
        elif not kept >> one & 1:
            free |= 1 << place
            column = one
    right = goes_right(states[state], slot, edge, asked)
    some = free
    while some > 0:
        if goes_right(states[state | some], slot, edge, asked) != right:
            return right, column
        some = (some - 1) & free
    return right, -1


open_column: Any = compiled(_open_column)


def _add(
    trees: tuple[Any, int], said: tuple[Any, int, Any], slots: tuple[Any, Any, Any, Any], others: tuple[int, int], out: Any
) -> None:
    """Adds to `out` (b, outputs, 2**d) what trees say of a row's mixtures with each of the others from `others[0]` to
    `others[1]`: as Moebius coefficients, so that a set of columns taken from the row gets the sum over its subsets.

    `trees` are packed nodes and how many roots there are, `said` the values of leaves (nodes, c), how many classes trees take
    turns in, and 1 or -1 for each set of columns (2**d,), by whether it holds an even number of them. `slots` are the values
    (b, features, 2**m) and columns (features, m; -1: none) of features, the feature of each slot, and what it asks.
    """
    nodes, roots = trees
    value, classes, signs = said
    states, columns, feature, asked = slots
    room = 65  # more than there are columns: each that waits has settled one
    waiting_at = np.zeros((room, 3), np.int64)
    for other in range(others[0], others[1]):  # what stands in its features, and its sums, stay in the processor's cache
        for root in range(roots):
            first, waiting = (root % classes) * value.shape[1], 1
            waiting_at[0, 0], waiting_at[0, 1], waiting_at[0, 2] = root, 0, 0
            while waiting > 0:
                waiting -= 1
                node, taken, kept = waiting_at[waiting]
                while nodes[node].cut != np.inf:
                    slot = nodes[node].slot
                    seen = feature[slot]
                    cut = slot, nodes[node].cut
                    right, column = open_column(states[other, seen], columns[seen], cut, asked, (taken, kept))
                    if column < 0:
                        node = nodes[node].left + (1 if right else 0)
                        continue
                    waiting_at[waiting, 0], waiting_at[waiting, 1], waiting_at[waiting, 2] = node, taken, kept | (1 << column)
                    waiting += 1  # the other's value waits, the row's goes on
                    taken |= 1 << column
                part = kept
                while True:
                    for output in range(value.shape[1]):
                        out[other, first + output, taken | part] += signs[part] * value[nodes[node].slot, output]
                    if part == 0:
                        break
                    part = (part - 1) & kept


add: Any = compiled(_add)
