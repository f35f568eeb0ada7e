"""The loop over trees of `paths`, compiled when it is first used and kept on disk where that can be written.

Imported only where a row is explained: the compiler is heavy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from automl_core.explaining.walk_kernel import compiled


def _answers(stands: Any, feature: Any, asked: tuple[Any, Any, Any, Any], out: Any) -> None:
    """Fills `out` (b, slots, states) with what the cuts of each slot are compared with, of what stands in features (b, f,
    states): a missing number is replaced, and of a category it is 1 where its code does not go left."""
    instead, start, length, marks = asked
    for other in range(stands.shape[0]):
        for slot in range(len(feature)):
            for state in range(stands.shape[2]):
                value = stands[other, feature[slot], state]
                if length[slot] == 0:
                    out[other, slot, state] = instead[slot] if np.isnan(value) else value
                else:
                    known = value >= 0 and value < length[slot] - 1  # never of a missing one
                    out[other, slot, state] = marks[start[slot] + (int(value) if known else length[slot] - 1)]


answers: Any = compiled(_answers)


def _stretch(standing: Any, columns: Any, rank: Any, cut: float, low: int, high: int) -> tuple[bool, int]:
    """Whether a cut on a feature of several columns (m,) sends the step `low` to the right, and the last step up to `high` that
    goes with it. `standing` (2**m,) are its values; a column is the row's beyond its rank."""
    state = 0
    for place in range(len(columns)):
        if columns[place] >= 0 and rank[columns[place]] < low:
            state |= 1 << place
    right = standing[state] > cut
    while True:
        end, moving = high, -1
        for place in range(len(columns)):
            one = columns[place]
            if one >= 0 and not state >> place & 1 and rank[one] < end:
                end, moving = rank[one], place
        if moving < 0:
            return right, high
        state |= 1 << moving
        if (standing[state] > cut) != right:
            return right, end


stretch: Any = compiled(_stretch)


def _meet(
    trees: tuple[Any, int], leaves: tuple[Any, int], slots: tuple[Any, Any, Any, Any, Any], rank: Any, room: Any, out: Any
) -> None:
    """Adds to `out` (outputs, d + 2) the leaves of one tree that a way reaches: at the first of the steps that do, and off after
    the last. `room` (d + 2, 3) holds the stretches that wait."""
    nodes, root = trees
    value, first = leaves
    at, mine, between, joint, columns = slots
    room[0, 0], room[0, 1], room[0, 2] = root, 0, out.shape[1] - 2
    waiting = 1
    while waiting > 0:
        waiting -= 1
        node, low, high = room[waiting, 0], room[waiting, 1], room[waiting, 2]
        while nodes[node].cut != np.inf:
            slot, cut, left = nodes[node].slot, nodes[node].cut, nodes[node].left
            if joint[slot] >= 0:
                right, end = stretch(between[joint[slot]], columns[slot], rank, cut, low, high)
            else:
                right, end = at[slot] > cut, high
                if right != (mine[slot] > cut):
                    turn = rank[columns[slot, 0]]
                    if low > turn:
                        right = not right
                    elif turn < high:
                        end = turn
            if end < high:  # the rest of the stretch comes to this node again
                room[waiting, 0], room[waiting, 1], room[waiting, 2] = node, end + 1, high
                waiting += 1
                high = end
            node = left + 1 if right else left
        place = nodes[node].slot
        for output in range(value.shape[1]):
            out[first + output, low] += value[place, output]
            out[first + output, high + 1] -= value[place, output]


meet: Any = compiled(_meet)


def _along(
    trees: tuple[Any, int], said: tuple[Any, int], slots: tuple[Any, Any, Any, Any, Any], walks: tuple[Any, Any], out: Any
) -> None:
    """Fills `out` (w, outputs, d + 2), which is 0, with the sums over trees on the d + 1 steps of each walk.

    `trees` are packed nodes and how many roots there are, `said` the values of leaves (nodes, c) and how many classes trees take
    turns in, `slots` what cuts are compared with of others (b, slots), of the row (slots,) and between (see `paths.Met`);
    `walks` the number of the other (w,) and the rank of each column (w, d).
    """
    nodes, roots = trees
    value, classes = said
    at, mine, between, joint, columns = slots
    other, rank = walks
    room = np.zeros((out.shape[2] + 1, 3), np.int64)
    for root in range(roots):  # a tree's nodes stay in the processor's cache
        leaves = value, (root % classes) * value.shape[1]
        for walk in range(len(other)):
            one = at[other[walk]], mine, between[other[walk]], joint, columns
            meet((nodes, root), leaves, one, rank[walk], room, out[walk])
    for walk in range(len(other)):
        for output in range(out.shape[1]):
            for step in range(1, out.shape[2] - 1):
                out[walk, output, step] += out[walk, output, step - 1]


along: Any = compiled(_along)
